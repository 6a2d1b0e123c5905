package web

import (
	"context"
	"fmt"
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

	"github.com/samverk/samverk/action/toolbox"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
	"github.com/samverk/samverk/web/webtest"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

// site serves the toolbox's pages over a tenant "no" with a group of six.
type site struct {
	*toolbox.Toolbox
	t       testing.TB
	ctx     context.Context
	now     time.Time
	network *network.Registry
	forum   *forum.Forum
	room    *Room
	table   *route.Table
	root    network.ID
	coord   network.Actor
	second  network.Actor
	plain   network.Actor
	other   network.Actor
	body    network.BodyID
	seated  []network.Actor
}

func open(t testing.TB) *site {
	t.Helper()
	s := &site{t: t, ctx: context.Background(), now: time.Date(2026, 1, 7, 12, 0, 0, 0, time.UTC)}
	db := got(storage.Open(s.ctx, testkit.SQLite(t), storage.Options{Now: func() time.Time { return s.now }, Migrations: []fs.FS{network.Migrations, notice.Migrations, forum.Migrations, toolbox.Migrations}}))(t)
	t.Cleanup(func() { _ = db.Close() })
	s.network = got(network.Open(s.ctx, db))(t)
	told := got(notice.Open(s.ctx, db, notice.Options{URL: "https://samverk.example"}))(t)
	s.forum = got(forum.Open(s.ctx, db, s.network, told, forum.Options{Files: t.TempDir()}))(t)
	s.Toolbox = got(toolbox.Open(s.ctx, db, s.network, s.forum, told, toolbox.Options{URL: "https://samverk.example"}))(t)
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
	s.room = got(Register(s.table, frame, s.Toolbox, s.network))(t)
	s.people()
	return s
}

func (s *site) people() {
	tenant := func(slug string) (network.ID, network.Actor) {
		who := network.Actor{Person: got(s.network.AddOperator(s.ctx, "Kari Koordinator", "nb"))(s.t)}
		return got(s.network.Setup(s.ctx, who, network.SetUp{Template: "empty", Slug: slug, Name: network.Text{NB: "Nettverket " + slug}, Lang: "nb", Zone: "Europe/Oslo", Country: "NO"}))(s.t), who
	}
	s.root, s.coord = tenant("no")
	_, s.other = tenant("se")
	s.plain, s.second = s.person("Pia Plain"), s.person("Siri Sekretær")
	s.ok(s.network.Look(s.ctx, s.coord, func(tx *storage.Tx, a network.Access) error {
		all, err := s.network.Bodies(s.ctx, tx, a, s.root, s.root)
		s.body = all[0].ID // the secretariat
		return err
	}))
	s.seat(network.Member, s.second)
	got(s.network.AddOrganisation(s.ctx, s.coord, network.Organisation{Root: s.root, Kind: network.PatientOrganisation, Sector: network.Patient, Name: network.Text{NB: "Foreningen"}}))(s.t)
	s.body = got(s.network.AddBody(s.ctx, s.coord, network.Body{Network: s.root, Kind: network.WorkingGroup, Name: network.Text{NB: "Prosedyregruppen"}, Mandate: network.Recommends, Visibility: network.Public}))(s.t)
	for i := range 6 {
		who := s.person(fmt.Sprint("Medlem ", i))
		s.seat(map[bool]network.Role{true: network.Chair, false: network.Member}[i == 0], who)
		s.seated = append(s.seated, who)
	}
}

func (s *site) seat(role network.Role, who network.Actor) {
	id := got(s.network.AddSeat(s.ctx, s.coord, network.Seat{Body: s.body, Role: role, Sector: network.Patient}))(s.t)
	got(s.network.Give(s.ctx, s.coord, network.Term{Seat: id, Person: who.Person}))(s.t)
}

func (s *site) person(name string) network.Actor {
	return network.Actor{Person: got(s.network.AddPerson(s.ctx, s.coord, network.NewPerson{Name: name, Lang: "nb", Network: s.root}))(s.t)}
}

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

// ask sends a request as somebody, in a language; a form is posted.
func (s *site) ask(who network.Actor, lang, path string, form url.Values) *httptest.ResponseRecorder {
	method, body := "GET", io.Reader(nil)
	if form != nil {
		method, body = "POST", strings.NewReader(form.Encode())
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

// page asks for a page in all three languages, looks for what no reader should see, and gives the Norwegian one.
func (s *site) page(who network.Actor, path string, status int) string {
	s.t.Helper()
	var page string
	for _, lang := range []string{"en", "sv", "nb"} {
		w := s.ask(who, lang, path, nil)
		page = w.Body.String()
		if w.Code != status {
			s.t.Fatalf("%s in %s: %d\n%s", path, lang, w.Code, webtest.Visible(page))
		}
		if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			if found := append(webtest.Leftovers(webtest.Visible(page)), webtest.Misnamed(page)...); len(found) > 0 {
				s.t.Errorf("%s in %s: %q", path, lang, found)
			}
		}
	}
	return page
}

// post sends a form and gives where it leads, or the page it answered with.
func (s *site) post(who network.Actor, path string, status int, pairs ...string) string {
	s.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	w := s.ask(who, "nb", path, form)
	if w.Code != status {
		s.t.Fatalf("POST %s: %d\n%s", path, w.Code, webtest.Visible(w.Body.String()))
	}
	if status == http.StatusSeeOther {
		return w.Header().Get("Location")
	}
	return w.Body.String()
}

var tokenField = regexp.MustCompile(`name="token" value="([a-z0-9]+)"`)
