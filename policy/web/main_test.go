package web

import (
	"context"
	"crypto/ed25519"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
	"github.com/samverk/samverk/web/webtest"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

// site is a node that serves these pages over a tenant "se".
type site struct {
	t        testing.TB
	now      time.Time
	db       *storage.DB
	network  *network.Registry
	policies *policy.Policies
	table    *route.Table
	root     network.ID
	coord    network.Actor
	plain    network.Actor
	stranger network.Actor
	clinic   network.OrganisationID
}

var private = ed25519.NewKeyFromSeed([]byte("0123456789abcdef0123456789abcdef"))

func got[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (s *site) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func open(t testing.TB) *site {
	t.Helper()
	ctx := t.Context()
	s := &site{t: t, now: time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)}
	s.db = got(storage.Open(ctx, testkit.SQLite(t), storage.Options{Now: func() time.Time { return s.now }, Migrations: []fs.FS{network.Migrations, policy.Migrations}}))(t)
	t.Cleanup(func() { _ = s.db.Close() })
	s.network = got(network.Open(ctx, s.db))(t)
	s.root, s.coord = s.tenant("se")
	_, s.stranger = s.tenant("no")
	s.clinic = got(s.network.AddOrganisation(ctx, s.coord, network.Organisation{Root: s.root, Kind: network.Hospital, Sector: network.Care, Name: network.Text{SV: "Norra sjukhuset"}}))(t)
	s.plain = network.Actor{Person: got(s.network.AddPerson(ctx, s.coord, network.NewPerson{Name: "Pia Plan", Lang: "sv", Network: s.root}))(t)}
	s.policies = got(policy.Open(ctx, s.db, policy.Options{Country: "SE", Organisation: string(s.clinic), Trusted: []policy.Key{{Network: string(s.root), Public: private.Public().(ed25519.PublicKey)}}}))(t)
	t.Cleanup(s.policies.Close)
	frame := got(web.New(web.Options{}))(t)
	s.table = route.NewTable(route.Options{SignedIn: web.SignedIn, SignIn: frame.SignIn, Wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // who is signed in stands in a header
			if who := r.Header.Get("Test-Person"); who != "" {
				r = web.WithViewer(r, web.Viewer{Person: who, Name: "Kari Nordmann"})
			}
			next.ServeHTTP(w, r)
		})
	}})
	frame.Register(s.table)
	got(Register(s.table, frame, s.policies, s.network, Options{Topic: s.topic}))(t)
	return s
}

// topic knows one topic, "t1", which people of the tenant see and the coordinator runs the body of.
func (s *site) topic(ctx context.Context, who network.Actor, root network.ID, id string) (t Topic, err error) {
	err = s.network.Look(ctx, who, func(_ *storage.Tx, a network.Access) error {
		if id != "t1" || root != s.root || !a.Registered(s.root) {
			return network.Absent()
		}
		runs := who == s.coord
		t = Topic{ID: id, Title: "Frekvenser i vården", Lang: "sv", Network: s.root, Runs: runs, Inside: runs}
		return nil
	})
	return t, err
}

func (s *site) tenant(slug string) (network.ID, network.Actor) {
	who := network.Actor{Person: got(s.network.AddOperator(s.t.Context(), "Kari Koordinator", "sv"))(s.t)}
	return got(s.network.Setup(s.t.Context(), who, network.SetUp{Template: "empty", Slug: slug, Name: network.Text{SV: "Nätverket " + slug}, Lang: "sv", Zone: "Europe/Stockholm", Country: strings.ToUpper(slug)}))(s.t), who
}

// steward makes somebody a steward of the node's own organisation.
func (s *site) steward(who network.Actor) {
	s.t.Helper()
	got(s.policies.Assign(s.t.Context(), policy.Actor{Operator: true}, policy.Assignment{Person: string(who.Person), Organisation: string(s.clinic), Sector: "care", Role: policy.Steward, Ground: "D-1"}))(s.t)
}

// enact keeps a draft as if a decision had been carried out.
func (s *site) enact(d policy.Draft) policy.Signed {
	s.t.Helper()
	digest := got(d.Digest())(s.t)
	m := mandate.Mandate{Decision: "01K" + d.ID(), Number: "2026-14", Body: "b1", BodyName: map[string]string{"sv": "Styrgruppen"}, Network: string(s.root),
		Approved: s.now.Add(-time.Hour), InForce: s.now.Add(-time.Hour), MinutesSeal: mandate.Digest{1}, Votes: mandate.Votes{Consensus: true},
		Quorum:  mandate.Quorum{Findings: []mandate.Finding{{Kind: "majority", Have: 5, Need: 4, Of: 7}}, Sectors: []mandate.Sector{{Sector: "care", Present: 3}, {Sector: "patient", Present: 2}}, Present: 5, Of: 7, Held: true},
		Effects: []mandate.Effect{{Kind: mandate.Policy, Ref: d.ID(), Digest: digest}}}
	signed := got(policy.Enact(m, d, policy.Signer{Network: string(s.root), Private: private}, s.now))(s.t)
	s.ok(s.db.Write(s.t.Context(), func(tx *storage.Tx) error { return s.policies.Keep(s.t.Context(), tx, signed) }))
	return signed
}

func (s *site) adopt(signed policy.Signed) {
	s.t.Helper()
	s.ok(s.policies.Adopt(s.t.Context(), signed, policy.Adoption{By: policy.Actor{Operator: true}, Ground: "D-2"}))
}

// asked notes a denied question as often as told.
func (s *site) asked(role string, purpose consent.Purpose, times int) {
	s.t.Helper()
	a := policy.Ask{Organisation: string(s.clinic), Sector: "care", Role: role, Person: "p", SignedIn: true, Use: consent.Use{Purpose: purpose}, Question: policy.Count}
	for range times {
		v := s.policies.Judge(a)
		if v.Allowed {
			s.ok(s.policies.Spend(s.t.Context(), a, v))
		} else {
			s.ok(s.policies.Note(s.t.Context(), a, v))
		}
	}
}

// ask sends a request as somebody, in a language; a form is posted.
func (s *site) ask(who network.Actor, lang, path string, form url.Values) *httptest.ResponseRecorder {
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, path, body)
	r.Host = "localhost:8080"
	r.Header.Set("Accept-Language", lang)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if who.Person != "" {
		r.Header.Set("Test-Person", string(who.Person))
	}
	w := httptest.NewRecorder()
	s.table.ServeHTTP(w, r)
	return w
}

// page asks for a page in all three languages, looks for what no reader should see, and gives the Swedish one.
func (s *site) page(who network.Actor, path string, status int) (page string) {
	s.t.Helper()
	for _, lang := range []string{"en", "nb", "sv"} {
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
func (s *site) post(who network.Actor, path string, status int, form url.Values) string {
	s.t.Helper()
	w := s.ask(who, "sv", path, form)
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
