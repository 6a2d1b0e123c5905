package web

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web/webtest"
)

func TestPagesInABrowser(t *testing.T) {
	browser := webtest.Open(t)
	s := open(t)
	s.adopt(s.enact(policy.Presets("SE")[0].Draft))
	s.enact(policy.Presets("SE")[1].Draft)
	s.asked(policy.Researcher, consent.Research, 2)
	s.steward(s.coord)
	draft := policy.Presets("SE")[2].Draft
	id := got(s.policies.NewDraft(t.Context(), string(s.coord.Person), policy.Place{Root: string(s.root), Network: string(s.root), Topic: "t1"}, draft))(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Test-Person", string(s.coord.Person))
		s.table.ServeHTTP(w, r)
	}))
	defer server.Close()
	for name, path := range map[string]string{
		"policies": policies, "policy": policies + "/care-frequency/1", "start": policies + "/new?topic=t1", "form": policies + "/new?topic=t1&from=preset.care",
		"draft": "/n/se/policy-drafts/" + id, "adopt": policies + "/adopt", "assignments": "/n/se/assignments?q=Pia",
	} {
		t.Run(name, func(t *testing.T) {
			browser.Go(t, server.URL+path)
			browser.Judge(t, "policy-"+name)
		})
	}
}
