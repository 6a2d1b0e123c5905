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

	"github.com/samverk/samverk/action/learning"
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

// site is a node that serves learning's pages over a tenant "no" with a region.
type siteUnderTest struct {
	*learning.Room
	t       testing.TB
	ctx     context.Context
	now     time.Time
	network *network.Registry
	table   *route.Table
	root    network.ID
	coord   network.Actor
	chair   network.Actor
	plain   network.Actor // registered, without a seat
	other   network.Actor // of another tenant
}

func open(t testing.TB) *siteUnderTest {
	t.Helper()
	s := &siteUnderTest{t: t, ctx: t.Context(), now: time.Date(2026, 1, 7, 12, 0, 0, 0, time.UTC)}
	db := got(storage.Open(s.ctx, testkit.SQLite(t), storage.Options{Now: func() time.Time { return s.now }, Migrations: []fs.FS{network.Migrations, notice.Migrations, forum.Migrations, learning.Migrations}}))(t)
	t.Cleanup(func() { _ = db.Close() })
	s.network = got(network.Open(s.ctx, db))(t)
	told := got(notice.Open(s.ctx, db, notice.Options{URL: "https://samverk.example"}))(t)
	f := got(forum.Open(s.ctx, db, s.network, told, forum.Options{Files: t.TempDir()}))(t)
	s.Room = got(learning.Open(s.ctx, db, s.network, f, told, learning.Options{URL: "https://samverk.example", Demo: true}))(t)
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
	got(Register(s.table, frame, s.Room, s.network, f))(t)
	s.root, s.coord = s.tenant("no")
	region := got(s.network.AddNetwork(s.ctx, s.coord, network.Network{Parent: s.root, Slug: "vest", Kind: network.Regional, Name: network.Text{NB: "Helse Vest"}}))(t)
	body := got(s.network.AddBody(s.ctx, s.coord, network.Body{Network: region, Kind: network.WorkingGroup, Name: network.Text{NB: "Gruppen"}, Mandate: network.Decides, Visibility: network.Public, InputDays: 14, AnswerDays: 60, PaperDays: 7}))(t)
	s.chair = s.seat(body, network.Chair, network.Care, "Lise Leder")
	for i := range 6 {
		p := s.seat(body, network.Member, network.Patient, fmt.Sprint("Per ", i))
		s.ok(s.SetCounted(s.ctx, p, s.root, true))
	}
	s.plain = s.person("Pia Plain")
	_, s.other = s.tenant("se")
	return s
}

func (s *siteUnderTest) seat(b network.BodyID, role network.Role, sector network.Sector, name string) network.Actor {
	s.t.Helper()
	id := got(s.network.AddSeat(s.ctx, s.coord, network.Seat{Body: b, Role: role, Sector: sector}))(s.t)
	who := s.person(name)
	got(s.network.Give(s.ctx, s.coord, network.Term{Seat: id, Person: who.Person}))(s.t)
	return who
}

func (s *siteUnderTest) person(name string) network.Actor {
	s.t.Helper()
	return network.Actor{Person: got(s.network.AddPerson(s.ctx, s.coord, network.NewPerson{Name: name, Lang: "nb", Network: s.root}))(s.t)}
}

func (s *siteUnderTest) tenant(slug string) (network.ID, network.Actor) {
	s.t.Helper()
	who := network.Actor{Person: got(s.network.AddOperator(s.ctx, "Kari Koordinator", "nb"))(s.t)}
	return got(s.network.Setup(s.ctx, who, network.SetUp{Template: "empty", Slug: slug, Name: network.Text{NB: "Nettverket " + slug}, Lang: "nb", Zone: "Europe/Oslo", Country: "NO"}))(s.t), who
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

func (s *siteUnderTest) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *siteUnderTest) send(who network.Actor, method, lang, path, kind string, body io.Reader) *httptest.ResponseRecorder {
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
func (s *siteUnderTest) page(who network.Actor, path string, status int) string {
	s.t.Helper()
	var page string
	for _, lang := range []string{"en", "sv", "nb"} {
		w := s.send(who, "GET", lang, path, "", nil)
		page = w.Body.String()
		if w.Code != status {
			s.t.Fatalf("%s in %s: %d\n%s", path, lang, w.Code, webtest.Visible(page))
		}
		if strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") && status != http.StatusSeeOther {
			if found := append(webtest.Leftovers(webtest.Visible(page)), webtest.Misnamed(page)...); len(found) > 0 {
				s.t.Errorf("%s in %s: %q", path, lang, found)
			}
		}
	}
	return page
}

// post sends a form and gives where it leads, or the page it answered with.
func (s *siteUnderTest) post(who network.Actor, path string, status int, pairs ...string) string {
	s.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	w := s.send(who, "POST", "nb", path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	if w.Code != status {
		s.t.Fatalf("POST %s: %d\n%s", path, w.Code, webtest.Visible(w.Body.String()))
	}
	if status == http.StatusSeeOther {
		return w.Header().Get("Location")
	}
	return w.Body.String()
}

func (s *siteUnderTest) shows(page string, all ...string) {
	s.t.Helper()
	for _, text := range all {
		if !strings.Contains(page, text) {
			s.t.Errorf("the page doesn't show %q:\n%s", text, webtest.Visible(page))
		}
	}
}

var course = []string{"kind", "course", "title", "Å sitte i en styringsgruppe", "text", "For deg som er ny.", "lang", "nb", "audience", "patients", "visibility", "public", "place", "Bergen", "link", "https://meet.example/abc",
	"seats", "1", "accept", "24", "anyone", "yes", "certificate", "yes", "needsdays", "14", "s-0-row", "yes", "s-0-day", "2026-02-03", "s-0-from", "17:00", "s-0-to", "19:00", "s-1-row", "yes", "s-1-day", "2026-02-10", "s-1-from", "17:00", "s-1-to", "19:00", "s-2-row", "yes"}

// TestPages walks every page as each kind of person, through a course's life.
func TestPages(t *testing.T) {
	s := open(t)
	const at = "/n/no/learning"
	nobody := network.Actor{}
	s.shows(s.page(nobody, at, http.StatusOK), "Ingenting her akkurat nå")
	for _, who := range []network.Actor{s.plain, s.other} {
		s.page(who, at+"/new", http.StatusForbidden)
	}
	s.page(s.chair, at+"/new", http.StatusOK)
	page := s.post(s.coord, at+"/new", http.StatusBadRequest, "title", "Bare tittel", "where", string(s.root), "s-0-row", "yes", "s-0-day", "2026-02-03")
	s.shows(page, "Bare tittel", "Fyll ut dag, fra og til")
	one := s.post(s.coord, at+"/new", http.StatusSeeOther, append([]string{"where", string(s.root)}, course...)...)
	s.page(nobody, one, http.StatusNotFound)
	s.page(s.plain, one, http.StatusNotFound)
	s.shows(s.page(s.coord, one, http.StatusOK), "Åpne for påmelding")
	s.shows(s.page(s.coord, at, http.StatusOK), "Utkast")
	s.post(s.coord, one+"/do", http.StatusSeeOther, "do", "publish")
	s.shows(s.page(nobody, at+"?audience=patients&kind=course&lang-of=nb&where=online&q=styr", http.StatusOK), "1 plass igjen", "Bergen")
	s.shows(s.page(nobody, at+"?format=csv", http.StatusOK), "styringsgruppe")
	s.shows(s.page(nobody, at+".ics", http.StatusOK), "SUMMARY:Å sitte i en styringsgruppe")
	s.page(nobody, one+"/calendar.ics", http.StatusOK)
	if strings.Contains(s.page(nobody, one, http.StatusOK), "meet.example") {
		t.Error("the link is shown to who has no seat")
	}
	s.registering(one)
	s.arranging(one)
	s.learning(one)
	s.page(s.other, at, http.StatusOK)
	for _, path := range []string{"/mine", "/01ABC", "/01ABC/register", "/01ABC/arrange", "/01ABC/quiz"} {
		s.page(s.other, at+path, http.StatusNotFound)
	}
	s.page(nobody, "/n/no/registrations/abc", http.StatusNotFound)
	s.post(s.coord, one+"/arrange/cancel", http.StatusConflict, "why", "x")
}

var link = regexp.MustCompile(`/n/no/registrations/[A-Za-z0-9_-]{43}`)

// registering: with an account and without, the last seat and the waiting list.
func (s *siteUnderTest) registering(one string) {
	s.t.Helper()
	nobody := network.Actor{}
	s.page(s.plain, one+"/register", http.StatusOK)
	s.shows(s.page(nobody, one+"/register", http.StatusOK), "Uten konto", "Logg inn")
	s.shows(s.post(nobody, one+"/register", http.StatusBadRequest, "name", "Mia Mail", "mail", "mia", "lang", "nb"), "Det er ingen e-postadresse", "Mia Mail")
	page := s.post(nobody, one+"/register", http.StatusOK, "name", "Mia Mail", "mail", "mia@example.org", "lang", "nb", "access", "Teleslynge")
	mine := link.FindString(page)
	if mine == "" {
		s.t.Fatal("the demonstration shows no link")
	}
	s.shows(s.page(nobody, mine, http.StatusOK), "Bekreft påmeldingen")
	s.post(s.plain, one+"/register", http.StatusSeeOther, "diet", "Uten nøtter")
	s.shows(s.page(s.plain, one, http.StatusOK), "meet.example", "Har en plass", "Uten nøtter")
	s.post(nobody, mine, http.StatusSeeOther, "do", "confirm")
	s.shows(s.page(nobody, mine, http.StatusOK), "Du står først på ventelisten")
	again := s.post(nobody, one+"/register", http.StatusOK, "name", "En annen", "mail", "mia@example.org", "lang", "nb") // answered as the first time
	if strip(again) != strip(page) {
		s.t.Error("the answer tells of the address")
	}
	s.shows(s.page(s.coord, one+"/arrange", http.StatusOK), "Pia Plain", "Uten nøtter", "Mia Mail", "mia@example.org")
	s.shows(s.page(s.coord, one+"/arrange?format=csv", http.StatusOK), "Uten nøtter")
	s.page(s.plain, one+"/arrange", http.StatusForbidden)
	s.post(s.plain, one+"/do", http.StatusSeeOther, "do", "withdraw")
	s.shows(s.page(nobody, mine, http.StatusOK), "Ta plassen")
	s.post(nobody, mine, http.StatusSeeOther, "do", "accept")
	s.post(nobody, mine, http.StatusSeeOther, "do", "needs", "access", "Plass til rullestol")
	s.shows(s.page(nobody, mine, http.StatusOK), "Har en plass", "Plass til rullestol", "meet.example")
	s.post(nobody, mine, http.StatusBadRequest, "do", "nothing")
	s.post(s.plain, one+"/register", http.StatusSeeOther)
	s.shows(s.page(s.plain, one, http.StatusOK), "På ventelisten")
	s.shows(s.page(s.plain, "/n/no/learning/mine", http.StatusOK), "På ventelisten", "styringsgruppe")
	s.page(nobody, mine+"/calendar.ics", http.StatusOK)
}

// strip leaves out what is another each time: the link.
func strip(page string) string { return link.ReplaceAllString(page, "") }

// arranging: changes, materials, questions, a message.
func (s *siteUnderTest) arranging(one string) {
	s.t.Helper()
	page := s.page(s.coord, one+"/edit", http.StatusOK)
	id := regexp.MustCompile(`name="s-[01]-id" value="([^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(id) != 2 {
		s.t.Fatal("the sessions aren't in the form")
	}
	form := append([]string{"version", "1", "s-0-id", id[0][1], "s-1-id", id[1][1]}, course...)
	s.shows(s.post(s.coord, one+"/edit", http.StatusConflict, form...), "Slik står det nå")
	version := regexp.MustCompile(`name="version" value="(\d+)"`).FindStringSubmatch(page)[1]
	form[1] = version
	for i := range form {
		if form[i] == "seats" {
			form[i+1] = "2"
		}
	}
	s.post(s.coord, one+"/edit", http.StatusSeeOther, form...)
	s.shows(s.page(s.plain, one, http.StatusOK), "Ta plassen")
	s.post(s.plain, one+"/do", http.StatusSeeOther, "do", "accept")
	for _, what := range []string{"material", "question", "message", "cancel"} {
		s.page(s.coord, one+"/arrange/"+what, http.StatusOK)
		s.page(s.plain, one+"/arrange/"+what, http.StatusForbidden)
		s.post(s.coord, one+"/arrange/"+what, http.StatusBadRequest)
	}
	s.page(s.coord, one+"/arrange/nothing", http.StatusNotFound)
	s.post(s.coord, one+"/arrange/message", http.StatusSeeOther, "title", "Ta med skrivesaker", "text", "Og godt humør.", "lang", "nb")
	s.post(s.coord, one+"/arrange/question", http.StatusSeeOther, "question", "Hvem setter dagsordenen?", "option-0", "Lederen", "option-1", "Ingen", "answer", "0")
	s.shows(s.page(s.coord, one+"/arrange/question", http.StatusOK), "Lederen")
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	s.ok(m.WriteField("title", "Lysark"))
	s.ok(m.WriteField("lang", "nb"))
	_, err := got(m.CreateFormFile("file", "lysark.txt"))(s.t).Write([]byte("innhold"))
	s.ok(err)
	s.ok(m.Close())
	if w := s.send(s.coord, "POST", "nb", one+"/arrange/material", m.FormDataContentType(), &b); w.Code != http.StatusSeeOther {
		s.t.Fatalf("%d %s", w.Code, webtest.Visible(w.Body.String()))
	}
	page = s.page(s.plain, one, http.StatusOK)
	s.shows(page, "Lysark", "Ta med skrivesaker", "Spørsmål om det du har lært")
	file := regexp.MustCompile(`href="(/n/no/learning/[^"]+/files/[^"]+)"`).FindStringSubmatch(page)[1]
	if got := s.page(s.plain, file, http.StatusOK); got != "innhold" {
		s.t.Errorf("%q", got)
	}
	s.page(network.Actor{}, file, http.StatusNotFound)
}

// learning: the quiz, attendance, the certificate, what one thought, one's own record, gaps.
func (s *siteUnderTest) learning(one string) {
	s.t.Helper()
	nobody := network.Actor{}
	page := s.page(s.plain, one+"/quiz", http.StatusOK)
	q := regexp.MustCompile(`name="(q-[^"]+)"`).FindStringSubmatch(page)[1]
	s.post(s.plain, one+"/quiz", http.StatusBadRequest)
	s.shows(s.post(s.plain, one+"/quiz", http.StatusOK, q, "1"), "0 % rett. Det kreves 80 %.")
	s.shows(s.post(s.plain, one+"/quiz", http.StatusOK, q, "0"), "100 % rett: bestått.")
	s.now = time.Date(2026, 2, 11, 12, 0, 0, 0, time.UTC)
	page = s.page(s.coord, one+"/arrange", http.StatusOK)
	sessions := regexp.MustCompile(`arrange\?session=([A-Z0-9]+)`).FindAllStringSubmatch(page, -1)
	shown := regexp.MustCompile(`name="shown" value="([^"]+)"`).FindStringSubmatch(page)[1]
	for _, x := range sessions {
		pairs := []string{"session", x[1], "shown", shown}
		for _, g := range strings.Fields(shown) {
			pairs = append(pairs, "there", g)
		}
		s.post(s.coord, one+"/arrange", http.StatusSeeOther, pairs...)
	}
	s.shows(s.page(s.coord, one+"/arrange?session="+sessions[0][1], http.StatusOK), "2/2")
	s.post(s.coord, one+"/do", http.StatusSeeOther, "do", "certify")
	page = s.page(s.plain, "/n/no/learning/mine", http.StatusOK)
	certificate := regexp.MustCompile(`/n/no/certificates/[A-Z0-9]{32}`).FindString(page)
	page = s.page(nobody, certificate, http.StatusOK)
	s.shows(page, "Pia Plain", "styringsgruppe", "4,0")
	if strings.Contains(page, "Bergen") || strings.Contains(page, string(s.plain.Person)) {
		s.t.Error("the certificate's page tells more than the certificate")
	}
	s.page(nobody, "/n/no/certificates", http.StatusOK)
	s.page(nobody, "/n/no/certificates?code=ABC", http.StatusSeeOther)
	s.page(nobody, "/n/se"+strings.TrimPrefix(certificate, "/n/no"), http.StatusNotFound)
	s.page(s.plain, one+"/evaluation", http.StatusOK)
	s.post(s.plain, one+"/evaluation", http.StatusBadRequest, "useful", "5")
	s.post(s.plain, one+"/evaluation", http.StatusSeeOther, "useful", "5", "level", "4", "voice", "3", "again", "5")
	s.page(s.plain, one, http.StatusOK)
	topic := s.post(s.coord, one+"/do", http.StatusSeeOther, "do", "raise")
	if again := s.post(s.coord, one+"/do", http.StatusSeeOther, "do", "raise"); again != topic {
		s.t.Errorf("%s, then %s", topic, again)
	}
	s.shows(s.page(s.coord, one, http.StatusOK), topic)
	s.post(s.plain, one+"/do", http.StatusForbidden, "do", "raise")
	s.record()
}

func (s *siteUnderTest) record() {
	s.t.Helper()
	const mine, competences = "/n/no/learning/mine", "/n/no/learning/competences"
	s.shows(s.post(s.plain, mine, http.StatusBadRequest, "do", "add", "kind", "holds", "title", "", "lang", "nb"), "Fyll ut dette")
	s.post(s.plain, mine, http.StatusSeeOther, "do", "add", "kind", "holds", "title", "Tegnspråk", "lang", "nb", "since", "2020-01-01")
	page := s.page(s.plain, mine, http.StatusOK)
	id := regexp.MustCompile(`name="record" value="([^"]+)"`).FindStringSubmatch(page)[1]
	s.post(s.plain, mine, http.StatusSeeOther, "do", "list", "record", id, "to", "network")
	s.post(s.plain, mine, http.StatusSeeOther, "do", "count")
	s.shows(s.page(s.plain, mine+"?format=json", http.StatusOK), "Tegnspråk")
	s.post(s.coord, mine, http.StatusNotFound, "do", "drop", "record", id)
	s.post(s.plain, mine, http.StatusSeeOther, "do", "drop", "record", id)
	s.page(network.Actor{}, competences, http.StatusOK)
	s.post(s.plain, competences, http.StatusForbidden, "nb", "Taushetsplikt")
	s.post(s.coord, competences, http.StatusBadRequest)
	s.post(s.coord, competences, http.StatusSeeOther, "nb", "Taushetsplikt", "roles", "patient")
	page = s.page(network.Actor{}, competences, http.StatusOK)
	s.shows(page, "Taushetsplikt", "minst 5 av 5", "Helse Vest")
	edit := regexp.MustCompile(`competences\?edit=[A-Z0-9]+`).FindString(s.page(s.coord, competences, http.StatusOK))
	s.shows(s.page(s.coord, "/n/no/learning/"+edit, http.StatusOK), "Endre kompetansen")
}
