package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/action/plan"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/sheet"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
	"github.com/samverk/samverk/web/webtest"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

// site serves the pages over a tenant "no" with a nation and a region, and another tenant beside it.
type site struct {
	*plan.Room
	t       testing.TB
	ctx     context.Context
	now     time.Time
	network *network.Registry
	table   *route.Table
	pages   *Pages
	root    network.ID
	coord   network.Actor
	owner   network.Actor
	plain   network.Actor // registered, and nothing else
	other   network.Actor // of another tenant
}

func open(t testing.TB) *site {
	t.Helper()
	s := &site{t: t, ctx: t.Context(), now: time.Date(2026, 1, 7, 12, 0, 0, 0, time.UTC)}
	db := got(storage.Open(s.ctx, testkit.SQLite(t), storage.Options{Now: func() time.Time { return s.now }, Migrations: []fs.FS{network.Migrations, notice.Migrations, forum.Migrations, plan.Migrations}}))(t)
	t.Cleanup(func() { _ = db.Close() })
	s.network = got(network.Open(s.ctx, db))(t)
	told := got(notice.Open(s.ctx, db, notice.Options{URL: "https://samverk.example"}))(t)
	f := got(forum.Open(s.ctx, db, s.network, told, forum.Options{Files: t.TempDir(), URL: "https://samverk.example"}))(t)
	s.Room = got(plan.Open(s.ctx, db, s.network, f, told))(t)
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
	s.pages = got(Register(s.table, frame, s.Room, s.network, f))(t)
	s.coord = network.Actor{Person: got(s.network.AddOperator(s.ctx, "Kari Koordinator", "nb"))(t)}
	s.root = got(s.network.Setup(s.ctx, s.coord, network.SetUp{Template: "empty", Slug: "no", Name: network.Text{NB: "Nettverket"}, Lang: "nb", Zone: "Europe/Oslo", Country: "NO"}))(t)
	got(s.network.AddNetwork(s.ctx, s.coord, network.Network{Parent: s.root, Slug: "vest", Kind: network.Regional, Name: network.Text{NB: "Helse Vest"}}))(t)
	got(s.network.AddOrganisation(s.ctx, s.coord, network.Organisation{Root: s.root, Kind: network.Hospital, Sector: network.Care, Name: network.Text{NB: "Sykehuset"}}))(t)
	s.owner, s.plain = s.person("Ola Eier"), s.person("Pia Plain")
	s.other = network.Actor{Person: got(s.network.AddOperator(s.ctx, "Siri Svensk", "sv"))(t)}
	got(s.network.Setup(s.ctx, s.other, network.SetUp{Template: "empty", Slug: "se", Name: network.Text{SV: "Nätverket"}, Lang: "sv", Zone: "Europe/Stockholm", Country: "SE"}))(t)
	return s
}

func (s *site) person(name string) network.Actor {
	s.t.Helper()
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

// ask sends a request as somebody, in a language.
func (s *site) ask(who network.Actor, lang, method, path, kind string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, body)
	r.Host = "localhost:8080"
	r.Header.Set("Accept-Language", lang)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
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
		w := s.ask(who, lang, "GET", path, "", http.NoBody)
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
	return s.answered(s.ask(who, "nb", "POST", path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode())), path, status)
}

func (s *site) answered(w *httptest.ResponseRecorder, path string, status int) string {
	s.t.Helper()
	if w.Code != status {
		s.t.Fatalf("POST %s: %d\n%s", path, w.Code, webtest.Visible(w.Body.String()))
	}
	if status == http.StatusSeeOther {
		return w.Header().Get("Location")
	}
	if found := webtest.Leftovers(webtest.Visible(w.Body.String())); len(found) > 0 {
		s.t.Errorf("POST %s: %q", path, found)
	}
	return w.Body.String()
}

// upload sends a file.
func (s *site) upload(who network.Actor, path string, status int, name string, data []byte) string {
	s.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	part := got(m.CreateFormFile("file", name))(s.t)
	_, _ = part.Write(data)
	_ = m.Close()
	return s.answered(s.ask(who, "nb", "POST", path, m.FormDataContentType(), &b), path, status)
}

func (s *site) has(page string, all ...string) {
	s.t.Helper()
	for _, one := range all {
		if !strings.Contains(webtest.Visible(page), one) {
			s.t.Errorf("the page lacks %q:\n%s", one, webtest.Visible(page))
		}
	}
}

// From an empty network to a second year's follow-up, through the pages alone: by who keeps the plan, by the owner, and as others see it.
func TestPages(t *testing.T) {
	s, nobody := open(t), network.Actor{}
	everybody := []network.Actor{nobody, s.plain, s.owner, s.coord, s.other}
	for _, who := range everybody {
		s.page(who, "/n/no/plans", 200)
		s.page(who, "/n/no/measures", 200)
	}
	s.page(s.plain, "/n/no/plans/new", 403)
	s.page(s.coord, "/n/no/plans/new", 200)
	if w := s.ask(s.coord, "nb", "GET", "/n/no/measures/new", "", http.NoBody); w.Code != http.StatusSeeOther {
		t.Errorf("without a plan: %d", w.Code)
	}
	s.post(s.coord, "/n/no/plans/new", 400, "title", "", "of", "network "+string(s.root), "from", "tull", "to", "2027-12-31", "visibility", "public", "lang", "nb")
	at := s.post(s.coord, "/n/no/plans/new", 303, "title", "Handlingsplan 2026", "of", "network "+string(s.root), "from", "2026-01-01", "to", "2028-12-31", "visibility", "public", "lang", "nb")
	s.page(s.plain, at+"/edit", 403)
	s.post(s.coord, at+"/edit", 303, "do", "goal", "title", "Likt tilbud", "parent", "")
	s.post(s.coord, at+"/edit", 303, "do", "area", "title", "Diagnostikk")
	s.post(s.coord, at+"/edit", 400, "do", "area", "title", "")
	s.post(s.coord, at+"/edit", 303, "title", "Handlingsplan 2026–2028", "text", "Hvorfor", "from", "2026-01-01", "to", "2028-12-31", "visibility", "public", "version", "1")
	s.has(s.page(s.coord, at+"/edit", 200), "Likt tilbud", "Diagnostikk", "Avslutt planen")
	s.page(s.coord, at, 200)

	// A measure.
	s.page(s.coord, "/n/no/measures/new", 200)
	id := at[strings.LastIndex(at, "/")+1:]
	s.has(s.post(s.coord, "/n/no/measures/new", 200, "plan", id, "do", "find", "q", "Ola"), "Ola Eier")
	s.post(s.coord, "/n/no/measures/new", 400, "plan", id, "what", "", "owner", string(s.owner.Person), "start", "2026-01-01", "due", "2026-06-30", "priority", "1", "visibility", "public")
	s.post(s.plain, "/n/no/measures/new", 404, "plan", id, "what", "x")
	m := s.post(s.coord, "/n/no/measures/new", 303, "plan", id, "what", "Innfør helgenom", "owner", string(s.owner.Person), "start", "2026-01-01", "due", "2026-06-30", "priority", "1", "visibility", "public", "target", "90 %", "why", "Fordi **alle** venter.")
	second := s.post(s.coord, "/n/no/measures/new", 303, "plan", id, "what", "Opplær alle", "owner", string(s.coord.Person), "start", "2026-02-01", "due", "2027-06-30", "priority", "2", "visibility", "network", "needs", m[strings.LastIndex(m, "/")+1:])
	for _, who := range everybody {
		s.page(who, m, 200)
		if page := s.page(who, at, 200); strings.Contains(page, "Opplær alle") != (who == s.plain || who == s.owner || who == s.coord) {
			t.Errorf("%v sees what is the network's", who)
		}
	}
	s.page(nobody, second, 404)
	s.page(s.other, second, 404)
	s.page(s.coord, m+"/edit", 200)
	s.page(s.owner, m+"/edit", 403)
	s.post(s.coord, m+"/edit", 409, "what", "Innfør", "owner", string(s.owner.Person), "start", "2026-01-01", "visibility", "public", "version", "9")
	s.post(s.coord, m+"/edit", 303, "what", "Innfør helgenom i alle regioner", "owner", string(s.owner.Person), "start", "2026-01-01", "visibility", "public", "priority", "1", "target", "90 %", "version", "1")

	// Its owner does it.
	for _, form := range []string{"/report", "/date", "/begin", "/finish"} {
		s.page(s.owner, m+form, 200)
		s.page(s.plain, m+form, 403)
	}
	s.page(s.owner, m+"/drop", 403)
	s.page(s.coord, m+"/drop", 200)
	s.post(s.owner, m+"/begin", 303, "version", "2")
	s.post(s.owner, m+"/date", 400, "due", "2026-06-30", "reason", "", "version", "3")
	s.post(s.owner, m+"/date", 303, "due", "2026-08-31", "reason", "Utstyret er forsinket", "version", "3")
	s.has(s.page(nobody, m, 200), "Utstyret er forsinket", "30. juni 2026", "31. august 2026", "Tiltaket begynte")
	s.now = s.now.AddDate(0, 3, 0)
	r := httptest.NewRequest("GET", "/n/no/waiting", http.NoBody)
	r = web.WithViewer(r, web.Viewer{Person: string(s.owner.Person)})
	n, _ := s.network.Tree().Root("no")
	if waits := got(s.pages.Waits(r, n))(t); len(waits) != 1 || !strings.HasSuffix(waits[0].Href, "/report") {
		t.Errorf("waits %+v", waits)
	}
	if row := got(s.pages.Row(r, n))(t); len(row.Counts) != 2 {
		t.Errorf("row %+v", row)
	}
	quarter := fmt.Sprint(2026 * 4)
	s.post(s.owner, m+"/report", 400, "quarter", quarter, "course", "on", "text", "", "lang", "nb")
	s.post(s.owner, m+"/report", 303, "quarter", quarter, "course", "risk", "text", "Det går sakte.", "value", "20 %", "lang", "nb")
	s.has(s.page(nobody, m, 200), "Det går sakte.", "usikkert")

	// It is late: one press raises a topic with the evidence, the second leads to the same.
	s.now = s.now.AddDate(0, 5, 20)
	s.has(s.page(s.plain, m, 200), "Reis en sak om forsinkelsen", "rapport uteble")
	if page := s.page(nobody, m, 200); strings.Contains(page, "/raise") {
		t.Error("nobody may raise")
	}
	topic := s.post(s.plain, m+"/raise", 303)
	if again := s.post(s.owner, m+"/raise", 303); again != topic || !strings.HasPrefix(topic, "/n/no/topics/") {
		t.Errorf("raised %s and %s", topic, again)
	}
	s.has(s.page(nobody, "/n/no/measures?status=late", 200), "Innfør helgenom i alle regioner")
	s.has(s.page(nobody, "/n/no/measures?status=done", 200), "Ingen tiltak passer")
	s.has(s.page(nobody, "/n/no/plans", 200), "1 forsinket")

	// Files out, and in again.
	for _, path := range []string{"/n/no/plans", "/n/no/measures", at + "/years"} {
		for _, format := range []string{"csv", "json", "xlsx"} {
			if w := s.ask(nobody, "nb", "GET", path+"?format="+format, "", http.NoBody); w.Code != 200 || w.Body.Len() == 0 {
				t.Errorf("%s as %s: %d", path, format, w.Code)
			}
		}
	}
	if w := s.ask(nobody, "nb", "GET", at+"/calendar.ics", "", http.NoBody); !strings.Contains(w.Body.String(), "DTSTART;VALUE=DATE:20260831") || strings.Contains(w.Body.String(), "Opplær") {
		t.Errorf("calendar %s", w.Body.String())
	}
	out := s.ask(s.coord, "nb", "GET", "/n/no/measures?format=xlsx&plan="+id, "", http.NoBody).Body.Bytes()
	table := got(sheet.Open(bytes.NewReader(out), sheet.Usual))(t)
	if len(table.Rows) != 2 || table.Rows[0].Cells[1] != "Innfør helgenom i alle regioner" {
		t.Errorf("sent %+v", table)
	}
	s.page(s.coord, at+"/import", 200)
	s.page(s.owner, at+"/import", 403)
	s.has(s.upload(s.coord, at+"/import", 200, "a.xlsx", out), "Filen har ikke noe nytt")
	s.upload(s.coord, at+"/import", 400, "a.xlsx", []byte("PK\x03\x04tull"))
	s.has(s.upload(s.coord, at+"/import", 400, "a.csv", []byte("Tiltak;Ansvarlig;Start;Frist\nEtt;Ola Eier;2026-10-01;2026-31-12\nTo;Ingen;2026-10-01;2026-12-31\n")), "2026-31-12 er ingen dato", "Ingen finnes ikke her", "D Frist", "Ingenting er tatt inn")
	draft := s.upload(s.coord, at+"/import", 303, "a.csv", []byte("Tiltak;Ansvarlig;Start;Frist;Område\nEtt;Ola Eier;2026-10-01;2026-12-31;diagnostikk\nTo;Ola Eier;2026-10-01;2026-12-31;\n"))
	s.has(s.page(s.coord, draft, 200), "2 tiltak i a.csv", "Ola Eier")
	s.post(s.coord, draft, 303)
	s.page(s.coord, draft, 404)
	s.has(s.page(nobody, at, 200), "Ett", "To")

	// Two years.
	s.now = time.Date(2027, 1, 5, 12, 0, 0, 0, time.UTC)
	s.page(nobody, at+"/years", 200)
	s.post(s.coord, at+"/years", 303, "year", "2026", "note", "Et godt år.")
	s.post(s.coord, at+"/years", 409, "year", "2026")
	s.post(s.plain, at+"/years", 403, "year", "2027")
	s.post(s.owner, m+"/finish", 303, "version", "4", "reason", "Innført overalt.")
	s.post(s.coord, second+"/drop", 303, "version", "1", "reason", "Tas i et annet tiltak.")
	s.post(s.coord, at+"/years", 303, "year", "2027")
	s.has(s.page(s.plain, at+"/years", 200), "Et godt år.", "Fra 2026 til 2027", "forsinket → ferdig", "Opplær alle")
	s.has(s.page(nobody, at+"/years?was=2026&is=2027", 200), "forsinket → ferdig")
	if page := s.page(nobody, at+"/years", 200); strings.Contains(page, "Opplær alle") {
		t.Error("a follow-up shows what is the network's")
	}
	s.page(s.owner, m+"/begin", 200)
	s.post(s.coord, at+"/edit", 409, "do", "close", "reason", "Over")
	s.has(s.page(nobody, m, 200), "Innført overalt.")
	s.page(s.other, "/n/se/measures/"+m[strings.LastIndex(m, "/")+1:], 404)
}

// A decision that named a measure leads who keeps a plan to its form, and then to the measure.
func TestBecame(t *testing.T) {
	s := open(t)
	r := httptest.NewRequest("GET", "/", http.NoBody)
	n, _ := s.network.Tree().Root("no")
	e := forum.EffectOf{Effect: forum.Effect{Kind: forum.Measure, Ref: "opplæring", Title: "Opplær alle"}, Decision: "D1", Named: true}
	if b := got(s.pages.Became(r, n, e))(t); b.Href != "" || b.State == "" {
		t.Errorf("nobody is led to %+v", b)
	}
	zone := s.network.Zone(s.root)
	got(s.Make(s.ctx, s.coord, plan.Draft{Network: s.root, Title: "Plan", From: time.Date(2026, 1, 1, 0, 0, 0, 0, zone), To: time.Date(2027, 1, 1, 0, 0, 0, 0, zone)}))(t)
	r = web.WithViewer(r, web.Viewer{Person: string(s.coord.Person)})
	b := got(s.pages.Became(r, n, e))(t)
	if page := s.page(s.coord, b.Href, 200); !regexp.MustCompile(`value="Opplær alle"`).MatchString(page) {
		t.Errorf("the form lacks what the decision called it: %+v", b)
	}
}
