package web_test

import (
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	networkweb "github.com/samverk/samverk/network/web"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

var ctx = context.Background()

// house is two tenants behind pages, and people of each kind.
type house struct {
	t       testing.TB
	table   *route.Table
	network *network.Registry
	account *account.Accounts
	db      *storage.DB
	root    network.ID // Sweden
	as      map[string]network.PersonID
	body    network.BodyID // the steering group
	hidden  network.BodyID
	seats   []network.Held
	ids     map[string]string // what {id} stands for in a pattern
}

const canary = "canarymustnotshow"

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newHouse(t testing.TB, dsn string) *house {
	t.Helper()
	clock := new(testkit.Clock)
	db := must(storage.Open(ctx, dsn, storage.Options{Migrations: []fs.FS{network.Migrations, notice.Migrations, account.Migrations}, Now: clock.Now}))(t)
	t.Cleanup(func() { _ = db.Close() })
	n := must(network.Open(ctx, db))(t)
	told := must(notice.Open(ctx, db, notice.Options{URL: "http://localhost"}))(t)
	n.Through(told)
	accounts := must(account.Open(ctx, db, n, told, account.Options{URL: "http://localhost"}))(t)
	t.Cleanup(func() { _ = accounts.Close() })
	h := &house{t: t, network: n, account: accounts, db: db, as: map[string]network.PersonID{}, ids: map[string]string{}}
	site := must(web.New(web.Options{Demo: true}))(t)
	h.table = route.NewTable(route.Options{
		SignedIn: web.SignedIn, SignIn: site.SignIn,
		Wrap: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if p := h.as[r.Header.Get("X-As")]; p != "" {
					r = web.WithViewer(r, web.Viewer{Person: string(p), Name: r.Header.Get("X-As")})
				}
				next.ServeHTTP(w, r)
			})
		},
	})
	site.Register(h.table)
	o := networkweb.Options{
		Meetings: func(context.Context, network.Actor, network.BodyID) ([]networkweb.Meeting, error) {
			return []networkweb.Meeting{{At: time.Date(2026, 12, 2, 9, 30, 0, 0, time.UTC), Title: "Möte", Link: "/n/se/meetings/1"}}, nil
		},
		Feeds: func(*http.Request, network.BodyID) []web.Feed {
			return []web.Feed{{Type: "text/calendar", Title: "Kalender", Href: "/x.ics"}}
		},
	}
	if err := networkweb.Register(h.table, site, n, accounts, o); err != nil {
		t.Fatal(err)
	}
	h.fill()
	return h
}

func (h *house) fill() {
	t, n := h.t, h.network
	coord := network.Actor{Person: must(n.AddOperator(ctx, "Karin Ek", "sv"))(t)}
	h.as["coordinator"] = coord.Person
	h.root = must(n.Setup(ctx, coord, network.SetUp{Template: "se"}))(t)
	other := network.Actor{Person: must(n.AddOperator(ctx, "Ola Nordmann", "nb"))(t)}
	h.as["stranger"] = other.Person
	no := must(n.Setup(ctx, other, network.SetUp{Template: "no"}))(t)
	add := func(as, name string) network.Actor {
		h.as[as] = must(n.AddPerson(ctx, coord, network.NewPerson{Name: name, Network: h.root}))(t)
		return network.Actor{Person: h.as[as]}
	}
	chair, member, seated, second := add("chair", "Ida Ståhl"), add("member", "Nils Ahl"), add("seated", "Maj Lund"), add("second", "Per Öberg")
	h.look(func(tx *storage.Tx, a network.Access) error {
		all, err := n.Bodies(ctx, tx, a, h.root, h.root)
		h.body = all[0].ID
		return err
	})
	h.hidden = must(n.AddBody(ctx, coord, network.Body{Network: h.root, Kind: network.WorkingGroup, Name: network.Text{SV: canary + " body"}, Mandate: network.Advises, Visibility: network.BodyOnly}))(t)
	hiddenSeat := must(n.AddSeat(ctx, coord, network.Seat{Body: h.hidden, Role: network.Member, Sector: network.Care}))(t)
	must(n.Give(ctx, coord, network.Term{Seat: hiddenSeat, Person: second.Person}))(t)
	h.look(func(tx *storage.Tx, _ network.Access) (err error) {
		h.seats, err = n.SeatsAt(ctx, tx, h.body, storage.Micros(n.Now()))
		return err
	})
	must(n.Give(ctx, coord, network.Term{Seat: h.seats[0].ID, Person: chair.Person, To: n.Now().AddDate(2, 0, 0)}))(t)
	term := must(n.Give(ctx, coord, network.Term{Seat: h.seats[1].ID, Person: seated.Person, To: n.Now().AddDate(1, 0, 0)}))(t)
	vacancy := must(n.Advertise(ctx, coord, h.seats[17].ID, network.Vacancy{Text: network.Text{SV: "Patientplats"}, Takes: network.Text{SV: "Två dagar"}, Paid: true, LastDay: n.Now().AddDate(0, 1, 0)}))(t)
	candidate := must(n.ComeForward(ctx, member, vacancy, network.Candidate{Text: canary + " candidate", Lang: "sv"}))(t)
	h.ok(n.SaveProfile(ctx, seated, []network.ProfilePart{
		{Part: network.About, Value: canary + " about", Lang: "sv", Visibility: network.Mine},
		{Part: network.Genes, Value: "BRCA1", Lang: "sv", Visibility: network.NetworkOnly},
		{Part: network.Languages, Value: "sv\nsgn", Lang: "sv", Visibility: network.Public},
		{Part: network.RegionPart, Value: "SE-24", Lang: "sv", Visibility: network.Public},
	}))
	org := must(n.AddOrganisation(ctx, coord, network.Organisation{Root: h.root, Kind: network.Company, Sector: network.Industry, Name: network.Text{SV: "Bolaget", EN: "The company"}}))(t)
	must(n.DeclareInterest(ctx, seated, network.Interest{Root: h.root, Kind: "fee", Organisation: org}))(t)
	tie := must(n.DeclareInterest(ctx, member, network.Interest{Root: h.root, Kind: "fee", Named: "Läkemedlet"}))(t)
	agreement := must(n.AddAgreement(ctx, coord, network.Agreement{Network: h.root, Kind: network.Engagement, Title: "Avtalet", Text: "Villkor", Lang: "sv", Parties: []network.OrganisationID{org}, Person: seated.Person,
		Visibility: network.NetworkOnly, Review: n.Now().AddDate(0, 1, 0)}))(t)
	h.ok(n.SetRate(ctx, coord, h.root, network.Rate{Code: "hour", Amount: 50000, Currency: "SEK"}))
	// The other tenant holds nothing that may show here.
	must(n.AddOrganisation(ctx, other, network.Organisation{Root: no, Kind: network.Company, Sector: network.Industry, Name: network.Text{NB: canary + " organisation"}}))(t)
	must(n.AddPerson(ctx, other, network.NewPerson{Name: canary + " person", Network: no}))(t)
	h.ids = map[string]string{"bodies": string(h.body), "seats": string(h.seats[0].ID), "terms": string(term), "vacancies": vacancy, "organisations": string(org), "networks": string(n.Tree().Children(h.root)[0].ID),
		"people": string(seated.Person), "agreements": agreement, "candidates": candidate, "interests": tie}
}

func (h *house) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) look(do func(*storage.Tx, network.Access) error) {
	h.t.Helper()
	h.ok(h.network.Look(ctx, network.Actor{Person: h.as["coordinator"]}, do))
}

// ask sends a request as somebody and gives status, head and body.
func (h *house) ask(method, path, as string, form url.Values) (int, http.Header, string) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, "http://localhost"+path, body)
	r.Header.Set("X-As", as)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	h.table.ServeHTTP(w, r)
	return w.Code, w.Header(), w.Body.String()
}

var id = regexp.MustCompile(`/([a-z]+)/\{id\}`)

// path fills a pattern with what is there.
func (h *house) path(pattern string) string {
	p := strings.ReplaceAll(pattern, "{network}", "se")
	return id.ReplaceAllStringFunc(p, func(s string) string {
		return "/" + id.FindStringSubmatch(s)[1] + "/" + h.ids[id.FindStringSubmatch(s)[1]]
	})
}

// unwritten finds a message that nobody wrote, or a text formatted wrongly.
var unwritten = regexp.MustCompile(`\[[a-z]+(\.[a-z0-9-]+)+\]|%!|&lt;nil&gt;|ZgotmplZ`)

func (h *house) mine() (out []route.Route) {
	for _, r := range h.table.Routes() {
		if strings.HasPrefix(r.Pattern, "/n/") || strings.HasPrefix(r.Pattern, "/me") || r.Pattern == "/setup" {
			out = append(out, r)
		}
	}
	return out
}

// want is what a kind of person gets of a page.
func want(r route.Route, as string) int {
	owner := r.Who == route.Owner || r.Who == route.Anyone
	switch {
	case as == "" && r.Who != route.Anyone:
		return http.StatusSeeOther // to the page for signing in
	case owner || as == "coordinator" && r.Who != route.Chair:
		return http.StatusOK
	case r.Who == route.Chair && (as == "chair" || as == "coordinator"):
		return http.StatusOK
	case r.Who == route.Seated && as == "seated":
		return http.StatusOK
	case r.Who == route.Member && as != "stranger":
		return http.StatusOK
	}
	return 0 // refused: 403, or 404 where it is not theirs to know of
}

func TestEveryPage(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		h := newHouse(t, dsn)
		langs := []string{"sv", "nb", "en"}
		kinds := []string{"", "member", "seated", "chair", "coordinator", "stranger"}
		if strings.HasPrefix(dsn, "postgres") { // the words and the rules are the same
			langs, kinds = langs[:1], []string{"", "coordinator"}
		}
		for _, r := range h.mine() {
			if r.Method != "GET" || strings.HasSuffix(r.Pattern, "/export") {
				continue
			}
			path := h.path(r.Pattern)
			for _, as := range kinds {
				for _, lang := range langs {
					status, _, body := h.ask("GET", path+"?lang="+lang+"&q=ni&template=se&in=se", as, nil)
					w := want(r, as)
					if as == "stranger" && (strings.Contains(path, "/agreements/") || r.Pattern == "/setup") || r.Pattern == "/setup" && as != "" && as != "coordinator" || as == "" && strings.HasSuffix(r.Pattern, "agreements/{id}") {
						continue // judged below
					}
					if w != 0 && status != w || w == 0 && status != http.StatusForbidden && status != http.StatusNotFound {
						t.Errorf("%s as %q in %s: %d, want %d", path, as, lang, status, w)
					}
					if m := unwritten.FindString(body); m != "" {
						t.Errorf("%s as %q in %s says %s", path, as, lang, m)
					}
					leak := strings.Contains(body, canary)
					if own := strings.HasPrefix(path, "/me"); leak && as != "coordinator" && !own {
						_, from, _ := strings.Cut(body, canary)
						t.Errorf("%s as %q shows %s%.60q", path, as, canary, from)
					}
					if as == "coordinator" && (strings.Contains(body, canary+" about") || strings.Contains(body, canary+" organisation") || strings.Contains(body, canary+" person")) {
						t.Errorf("%s shows the coordinator what is hidden", path)
					}
				}
			}
		}
	})
}

func TestLists(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	for _, path := range []string{"bodies", "bodies/" + string(h.body), "bodies/" + string(h.body) + "/history", "organisations", "networks", "people", "vacancies", "agreements"} {
		for _, as := range []string{"", "member", "stranger"} {
			status, _, body := h.ask("GET", "/n/se/"+path+"?format=json", as, nil)
			var rows []map[string]any
			if err := json.Unmarshal([]byte(body), &rows); status != http.StatusOK || err != nil {
				t.Errorf("%s: %d %v", path, status, err)
			}
			if strings.Contains(body, canary) {
				t.Errorf("%s as %q shows what is hidden", path, as)
			}
			status, head, body := h.ask("GET", "/n/se/"+path+"?format=csv", as, nil)
			if status != http.StatusOK || !strings.HasPrefix(head.Get("Content-Type"), "text/csv") || strings.Contains(body, canary) {
				t.Errorf("%s as CSV: %d", path, status)
			}
		}
	}
	if status, _, _ := h.ask("GET", "/n/se/bodies?format=xml", "", nil); status != http.StatusBadRequest {
		t.Errorf("format=xml: %d", status)
	}
}

// Absent and not yours are the same page.
func TestAbsent(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	strip := regexp.MustCompile(`(?s)<head>.*?</head>|href="[^"]*"|value="[^"]*"`)
	for _, c := range [][2]string{{"/n/se/bodies/" + string(h.hidden), "/n/se/bodies/01NOTHERE"}, {"/n/no/bodies/" + string(h.body), "/n/no/bodies/01NOTHERE"}, {"/n/se/bodies/" + string(h.hidden) + "/edit", "/n/se/bodies/01NOTHERE/edit"},
		{"/n/no/people/" + h.ids["people"], "/n/no/people/01NOTHERE"}, {"/n/se/people/" + string(h.as["member"]), "/n/se/people/01NOTHERE"}, {"/n/se/agreements/" + h.ids["agreements"], "/n/se/agreements/01NOTHERE"},
		{"/n/no/vacancies/" + h.ids["vacancies"], "/n/no/vacancies/01NOTHERE"}, {"/n/no/organisations/" + h.ids["organisations"], "/n/no/organisations/01NOTHERE"}, {"/n/no/seats/" + h.ids["seats"], "/n/no/seats/01NOTHERE"}} {
		a, _, one := h.ask("GET", c[0], "stranger", nil)
		b, _, two := h.ask("GET", c[1], "stranger", nil)
		if a != http.StatusNotFound || a != b || strip.ReplaceAllString(one, "") != strip.ReplaceAllString(two, "") {
			t.Errorf("%s: %d, %s: %d, or another page", c[0], a, c[1], b)
		}
	}
}
