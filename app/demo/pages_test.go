package demo

import (
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	consentweb "github.com/samverk/samverk/consent/web"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
	"github.com/samverk/samverk/web/webtest"
)

// walks are how far a walk in the browser may have come.
func walks() map[string]walkView {
	someone := who{"p1", "Karin Alm"}
	button := as{Person: "p1", To: "/n/se/meetings/m1", Text: "Karin Alm"}
	begun := walkView{Clinician: someone, Chair: someone, Representative: someone, Patient: someone, Researcher: someone, More: button, Variant: "chr22-50000774-G-A", Ask: button, Allowed: true, Number: "2026-06",
		Home: node{Title: "Umeå", URL: "http://127.0.0.1:40001"}, Far: node{Title: "Lund", URL: "http://127.0.0.1:40002"},
		Nodes:  []node{{Title: "Umeå", URL: "http://127.0.0.1:40001"}, {Title: "Lund", URL: "http://127.0.0.1:40002"}},
		Verify: "samverk ledger verify --data /tmp/samverk-demo-1000-1", Do: []as{button}, Meeting: "/n/se/meetings/m1", Read: button}
	closed := begun
	closed.Far.Cut = true
	closed.Allowed, closed.Decided, closed.Decision, closed.Minutes, closed.Do = false, "2026-07", "/n/se/decisions/d1", "/n/se/minutes/m1", []as{button, button}
	tight := closed
	tight.Approved, tight.Tight, tight.Number, tight.Do = true, true, "2026-07", nil
	none := begun
	none.Meeting, none.Read, none.Do, none.Number, none.Tight = "", as{}, nil, "", true
	return map[string]walkView{"begun": begun, "closed": closed, "tight": tight, "none": none}
}

// serveWalks serves the page in each of these states, at /walk/STATE.
func serveWalks(t *testing.T) string {
	t.Helper()
	site, err := web.New(web.Options{Name: "Demonstration", Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	p := &pages{}
	table := route.NewTable(route.Options{Refused: site.CrossOrigin()})
	site.Register(table)
	if err := p.register(table, site); err != nil {
		t.Fatal(err)
	}
	for name, v := range walks() {
		table.Add(route.Route{Method: "GET", Pattern: "/walk/" + name, Who: route.LocalOperator, Does: "Shows a walk.", Serve: func(w http.ResponseWriter, r *http.Request) int {
			return p.pages.Render(w, r, web.Page{Name: "walk", Title: p.pages.Words(r).Must("walk.title"), Station: "use", Data: v})
		}})
	}
	s := httptest.NewServer(table)
	t.Cleanup(s.Close)
	return s.URL
}

// The page is whole in each state and language: what is to be done next is a button, and what was done is told.
func TestWalkPage(t *testing.T) {
	url := serveWalks(t)
	for name, buttons := range map[string]int{"begun": 5, "closed": 7, "tight": 6, "none": 3} {
		for _, code := range lang.Codes {
			res, err := http.Get(url + "/walk/" + name + "?lang=" + code)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			page := string(b)
			if n := strings.Count(page, `action="/sign-in/as"`); res.StatusCode != http.StatusOK || n != buttons {
				t.Errorf("%s, %s: %s, %d buttons, not %d", name, code, res.Status, n, buttons)
			}
			if !strings.Contains(page, `action="/walk/again"`) || !strings.Contains(page, `href="http://127.0.0.1:40001/my/sign-in?lang=`+code) || strings.Contains(page, "[walk") {
				t.Errorf("%s, %s: no way on, or no patient", name, code)
			}
		}
	}
}

func TestWalkPageInABrowser(t *testing.T) {
	browser, url := webtest.Open(t), serveWalks(t)
	for i, name := range slices.Sorted(maps.Keys(walks())) {
		code := lang.Codes[i%len(lang.Codes)] // each state in one of the languages
		browser.Go(t, url+"/walk/"+name+"?lang="+code)
		browser.Judge(t, "walk-"+name+"-"+code)
	}
}

var quoted = regexp.MustCompile(`“([^”]+)”|”([^”]+)”|«([^»]+)»`)

// What the walk tells to press or look for is called so on the pages.
func TestTheWalkNamesWhatIsOnThePages(t *testing.T) {
	all, err := fs.Sub(walkFiles, "messages")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range lang.Codes {
		var there []string
		for _, pattern := range []string{"../../forum/web/messages/*" + code + ".txt", "../../consent/web/messages/*" + code + ".txt"} {
			files, err := filepath.Glob(pattern)
			if err != nil || len(files) == 0 {
				t.Fatal(pattern, err)
			}
			for _, name := range files {
				b, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				for line := range strings.Lines(string(b)) {
					if _, text, ok := strings.Cut(line, " = "); ok {
						there = append(there, strings.TrimSpace(text))
					}
				}
			}
		}
		form, ok := consentweb.Model(country)
		if !ok {
			t.Fatal("no form")
		}
		for _, q := range form.Questions {
			there = append(there, q.Text[code])
		}
		b, err := fs.ReadFile(all, code+".txt")
		if err != nil {
			t.Fatal(err)
		}
		found := quoted.FindAllStringSubmatch(string(b), -1)
		if len(found) < 5 {
			t.Errorf("%s: only %q", code, found)
		}
		for _, one := range found {
			if name := one[1] + one[2] + one[3]; !slices.Contains(there, name) {
				t.Errorf("%s: nothing is called %q", code, name)
			}
		}
	}
}
