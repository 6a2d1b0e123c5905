package web

import (
	"net/url"
	"testing"

	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/web/webtest"
)

// Every page and state, in every language, judged in a real browser.
func TestPagesInABrowser(t *testing.T) {
	browser := webtest.Open(t)
	full, empty := newServer(t, newDesk(t)), newEmptyServer(t)
	ask := func(q, purpose, dataset string) string {
		return full + "/ask?" + url.Values{"q": {q}, "purpose": {purpose}, "dataset": {dataset}}.Encode() + "&"
	}
	states := []struct {
		name, url string
		press     []string
	}{
		{name: "first", url: full + "/ask?"},
		{name: "some", url: ask(carried, "care", "")},
		{name: "chosen", url: ask(carried, "care", "south")},
		{name: "assumed", url: ask(assumed, "research", "")},
		{name: "zero", url: ask(zero, "care", "")},
		{name: "nobody", url: ask(carried, "matching", "")},
		{name: "uncovered", url: ask(carried, "care", "panel")},
		{name: "unknown", url: ask(unread, "care", "")},
		{name: "region", url: ask(region, "care", "")},
		{name: "region-empty", url: ask("chr22:10000000-10001000", "care", "")},
		{name: "region-uncovered", url: ask("chr22:30000000-30000100", "care", "panel")},
		{name: "wrong", url: ask("rs123", "curiosity", "west")},
		{name: "datasets", url: full + "/datasets?"},
		{name: "annotate", url: full + "/annotate?"},
		{name: "annotate-wrong", url: full + "/annotate?", press: []string{`button[value="table"]`}},
		{name: "notfound", url: full + "/nothing-here?"},
		{name: "empty", url: empty + "/ask?"},
		{name: "empty-datasets", url: empty + "/datasets?"},
	}
	for _, code := range lang.Codes {
		for _, s := range states {
			t.Run(s.name+"-"+code, func(t *testing.T) {
				browser.Go(t, s.url+"lang="+code)
				for _, button := range s.press {
					browser.Press(t, "main "+button)
				}
				browser.Judge(t, s.name+"-"+code)
			})
		}
	}
}
