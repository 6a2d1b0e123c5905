package web_test

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/internal/testnode"
	"github.com/samverk/samverk/ledger"
	ledgerweb "github.com/samverk/samverk/ledger/web"
	"github.com/samverk/samverk/policy/attack"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
	"github.com/samverk/samverk/web/webtest"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// clock is moved by a test.
type clock struct {
	sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.Lock()
	defer c.Unlock()
	c.now = c.now.Add(time.Microsecond)
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.Lock()
	defer c.Unlock()
	c.now = c.now.Add(d)
}

// site is a node that serves these pages.
type site struct {
	*clock
	t      testing.TB
	node   *testnode.Node
	table  *route.Table
	powers *attack.Memory
	url    string
	known  []string // witnesses' keys
	as     string   // who asks when nobody is named, for a browser
}

// Those who see to the node's data; everybody else doesn't.
var stewards = map[string]bool{"stina": true, "sten": true}

func open(t testing.TB, witnesses ...string) *site {
	t.Helper()
	s := &site{t: t, clock: &clock{now: time.Date(2026, 12, 3, 10, 0, 0, 0, time.UTC)}, powers: new(attack.Memory), known: witnesses}
	s.node = testnode.OpenIn(t, t.TempDir(), storage.Options{Now: s.Now}, nil)
	frame := must(web.New(web.Options{Log: slog.New(slog.DiscardHandler)}))(t)
	s.table = route.NewTable(route.Options{SignedIn: web.SignedIn, SignIn: frame.SignIn, Refused: frame.CrossOrigin(), Wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // who is signed in stands in a header
			if who := r.Header.Get("Test-Person"); who != "" {
				r = web.WithViewer(r, web.Viewer{Person: who, Name: who})
			}
			next.ServeHTTP(w, r)
		})
	}})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.as != "" {
			r.Header.Set("Test-Person", s.as)
		}
		s.table.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	frame.Register(s.table)
	index := ledger.NewIndex(s.node.DB, s.node.Ledger)
	err := ledgerweb.Register(s.table, frame, ledgerweb.Options{Ledger: s.node.Ledger, Index: index, Policies: s.node.Policies, Powers: s.powers, URL: server.URL, Now: s.Now, Witnesses: must(ledger.NewWitnesses(s.node.DB, s.node.Ledger, s.known))(t),
		Reviews: ledger.NewReviews(s.node.DB, s.node.Ledger, index, s.node.Accesses, rand.Reader),
		Steward: func(r *http.Request) (ledger.Reviewer, bool) {
			who := web.ViewerOf(r).Person
			return ledger.Reviewer{Person: who, Organisation: "North", Role: "steward"}, stewards[who]
		},
		Organisation: func(_ context.Context, _, id string) string { return "Org " + id },
		Person:       func(_ context.Context, id string) string { return "Person " + id },
		Individual:   func(n individual.Number) (string, bool) { i, ok := s.node.People.Get(n); return i.ID, ok },
		Policy: func(_, line, id string) ledgerweb.Named {
			return ledgerweb.Named{Name: id, Link: "/n/se/policies/" + strings.ReplaceAll(line, "/", "-")}
		},
		Newcomers: func(context.Context) ([]ledgerweb.Newcomers, error) {
			return []ledgerweb.Newcomers{{Purpose: "research", Conditions: "country=NO", Dataset: "north", Batch: 10, In: 28, Waiting: 4}, {Purpose: "matching", Batch: 5, In: 0, Waiting: 6}}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// looks appends a look at a named individual, as pages of staff do.
func (s *site) looks(person, id, why string) {
	s.t.Helper()
	i, ok := s.node.People.Lookup(id)
	if !ok {
		s.t.Fatal("nobody:", id)
	}
	must(s.node.Accesses.Append(s.t.Context(), ledger.Leaf{Kind: ledger.Access, Organisation: "North", Role: "steward"},
		ledger.AccessRecord{Person: person, Organisation: "North", Individual: &i.Number, Question: "consents", Why: why}))(s.t)
}

// ask sends a request as somebody, in a language; a form is posted.
func (s *site) ask(who, lang, path string, form url.Values) *httptest.ResponseRecorder {
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, path, body)
	r.Host = "localhost:8080"
	r.Header.Set("Accept-Language", lang)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if who != "" {
		r.Header.Set("Test-Person", who)
	}
	w := httptest.NewRecorder()
	s.table.ServeHTTP(w, r)
	return w
}

// page asks for a page in all three languages, looks for what no reader should see, and gives the English one.
func (s *site) page(who, path string, status int) (page string) {
	s.t.Helper()
	for _, lang := range []string{"nb", "sv", "en"} {
		w := s.ask(who, lang, path, nil)
		if page = w.Body.String(); w.Code != status {
			s.t.Fatalf("%s in %s: %d\n%s", path, lang, w.Code, webtest.Visible(page))
		}
		if found := append(webtest.Leftovers(webtest.Visible(page)), webtest.Misnamed(page)...); strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") && len(found) > 0 {
			s.t.Errorf("%s in %s: %q", path, lang, found)
		}
	}
	return page
}

// post sends a form and gives where it leads, or the page it answered with.
func (s *site) post(who, path string, status int, form url.Values) string {
	s.t.Helper()
	w := s.ask(who, "en", path, form)
	if w.Code != status {
		s.t.Fatalf("POST %s %v: %d\n%s", path, form["do"], w.Code, webtest.Visible(w.Body.String()))
	}
	if status == http.StatusSeeOther {
		return w.Header().Get("Location")
	}
	return w.Body.String()
}

// has fails unless a page says all of these.
func (s *site) has(page string, texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			s.t.Errorf("the page lacks %q:\n%s", text, webtest.Visible(page))
		}
	}
}

// lacks fails if a page says any of these.
func (s *site) lacks(page string, texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if strings.Contains(page, text) {
			s.t.Errorf("the page says %q:\n%s", text, webtest.Visible(page))
		}
	}
}
