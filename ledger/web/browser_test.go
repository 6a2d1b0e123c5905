package web_test

import (
	"net/url"
	"testing"

	"github.com/samverk/samverk/web/webtest"
)

// Every page and state, judged in a real browser: light and dark, narrow and wide.
func TestPagesInABrowser(t *testing.T) {
	chromium := webtest.Open(t)
	s := asked(t)
	empty := open(t)
	judge := func(s *site, name, path string) {
		t.Helper()
		chromium.Go(t, s.url+path)
		chromium.Judge(t, name)
	}
	judge(s, "log", "/ledger?lang=sv")
	judge(empty, "log-empty", "/ledger?lang=nb")
	s.as, empty.as = "stina", "stina"
	for pending := true; pending; { // what there is to measure is measured before
		for _, a := range s.node.Policies.InForce() {
			_, pending = s.powers.Changes(a.Signed.Draft)
		}
	}
	judge(s, "steward", "/steward?lang=sv")
	judge(s, "steward-uses", "/steward/uses?lang=sv")
	judge(s, "steward-uses-none", "/steward/uses?lang=nb&purpose=matching")
	judge(s, "steward-denials", "/steward/denials?lang=nb")
	judge(s, "steward-budgets", "/steward/budgets?lang=sv")
	judge(empty, "steward-budgets-empty", "/steward/budgets?lang=en")
	judge(empty, "steward-reviews-empty", "/steward/reviews?lang=sv")
	chromium.Press(t, "main form button")
	chromium.Judge(t, "steward-draw-wrong")
	at := s.post("stina", "/steward/reviews", 303, url.Values{"from": {"2026-12-01"}, "to": {"2026-12-31"}, "n": {"6"}})
	judge(s, "steward-review", at+"?lang=sv")
	chromium.Press(t, "main form button[value=end]")
	chromium.Judge(t, "steward-review-wrong")
	judge(s, "steward-reviews", "/steward/reviews?lang=nb")
}
