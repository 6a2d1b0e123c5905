package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/internal/testnode"
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
		{name: "annotate-wrong", url: full + "/annotate?", press: []string{`form[action="/annotate"] button`}},
		{name: "notfound", url: full + "/nothing-here?"},
		{name: "empty", url: empty + "/ask?"},
		{name: "empty-datasets", url: empty + "/datasets?"},
	}
	for i, code := range lang.Codes {
		for j, s := range states {
			if (i+j)%len(lang.Codes) != 0 && os.Getenv("SAMVERK_LONG") != "1" {
				continue // each state in one of the languages; the walk over all routes reads each page in each
			}
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

// Each kind of asker's pages, in a real browser.
func TestAskersInABrowser(t *testing.T) {
	browser := webtest.Open(t)
	n := testnode.Full(t)
	n.Adopt(t, testnode.Preset(t, "care"))
	n.Adopt(t, testnode.Preset(t, "research"))
	genes, err := variant.ReadGenes(strings.NewReader("chr22\t50000100\t50000200\tMADE2\n"), "genes.bed")
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]string{}
	for _, who := range []string{"", "linda", "both", "none"} {
		s := httptest.NewServer(as(who, publicTable(t, n, Options{Genes: genes})))
		t.Cleanup(s.Close)
		at[who] = s.URL
	}
	for i, s := range []struct {
		name, url string
		press     []string
	}{
		{name: "clinician", url: at["linda"] + "/ask?q=" + carried + "&purpose=care&"},
		{name: "clinician-few", url: at["linda"] + "/ask?q=" + assumed + "&purpose=care&"},
		{name: "clinician-denied", url: at["linda"] + "/ask?q=" + carried + "&purpose=research&"},
		{name: "choose", url: at["both"] + "/ask?q=" + carried + "&purpose=care&"},
		{name: "unassigned", url: at["none"] + "/ask?"},
		{name: "nobody-known", url: at[""] + "/ask?"},
		{name: "annotate-clinician", url: at["linda"] + "/annotate?"},
	} {
		code := lang.Codes[i%len(lang.Codes)]
		t.Run(s.name+"-"+code, func(t *testing.T) {
			browser.Go(t, s.url+"lang="+code)
			for _, button := range s.press {
				browser.Press(t, "main "+button)
			}
			browser.Judge(t, s.name+"-"+code)
		})
	}
}

// as sends everything as somebody.
func as(person string, to http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("X-Person", person)
		to.ServeHTTP(w, r)
	})
}

// The page of a file that waits, in a real browser.
func TestJobInABrowser(t *testing.T) {
	browser := webtest.Open(t)
	f := newDesk(t)
	table, room := newRoom(t, f.desk, demoOptions(f))
	for range atOnce {
		room.jobs.work <- struct{}{} // others are at work
	}
	s := httptest.NewServer(table)
	t.Cleanup(s.Close)
	browser.Go(t, s.URL+"/annotate?lang=nb")
	browser.Fill(t, `textarea[name="text"]`, pasted)
	browser.Press(t, `main form[action="/annotate"] button`)
	browser.Judge(t, "job-nb")
	// While the page renews itself what has the focus keeps it, and what is said aloud is said from the same place.
	browser.TabTo(t, "Avbryt")
	browser.Wait(t, `(window.said = document.getElementById("said")).textContent === "Filen venter på tur."`)
	room.jobs.renew(t)
	browser.Wait(t, `/7\sbyte av/.test(document.body.innerText)`)
	if on := browser.Focus(t); on.Name != "Avbryt" {
		t.Errorf("the focus went to %+v", on)
	}
	browser.Wait(t, `window.said === document.getElementById("said") && window.said.textContent === "Filen venter på tur."`)
	for range atOnce {
		<-room.jobs.work
	}
	browser.Wait(t, `window.said === document.getElementById("said") && window.said.textContent === "Filen er annotert"`)
}

// renew makes the pages of what waits show something new.
func (s *jobs) renew(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.all {
		j.read.Store(7)
	}
}
