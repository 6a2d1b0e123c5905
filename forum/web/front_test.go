package web

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"html"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
	"github.com/samverk/samverk/web/webtest"
)

// songbird is in the title and text of everything that is not everybody's.
const songbird = "KANARIEFÅGEL"

// frontSite is two tenants on one site, one of them full of things.
type frontSite struct {
	t        testing.TB
	mu       sync.Mutex
	now      time.Time
	forum    *forum.Forum
	network  *network.Registry
	accounts *account.Accounts
	table    *route.Table
	site     *web.Site
	drafts   []Draft // texts of other rooms that a decision may name

	root                                       network.ID
	steering, closed                           network.BodyID // public; its seats' only
	coord, chair, patient, member, plain, away network.Actor
	leaving                                    network.Actor // sits in the closed body
	seats                                      map[network.PersonID]network.SeatID
	terms                                      map[network.PersonID]network.HoldingID
	topic, asked, later, hidden                forum.TopicID
	meeting, secret                            forum.MeetingID
	decision                                   forum.DecisionID
	names                                      map[network.PersonID]string
}

func (s *frontSite) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *frontSite) forward(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (s *frontSite) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// emptySite is a site without any network.
func emptySite(t testing.TB) *frontSite {
	t.Helper()
	ctx := context.Background()
	s := &frontSite{t: t, now: time.Date(2026, 11, 24, 7, 30, 0, 0, time.UTC), names: map[network.PersonID]string{}, seats: map[network.PersonID]network.SeatID{}, terms: map[network.PersonID]network.HoldingID{}}
	db := must(storage.Open(ctx, testkit.SQLite(t), storage.Options{Now: s.Now, Migrations: []fs.FS{network.Migrations, notice.Migrations, account.Migrations, forum.Migrations}}))(t)
	t.Cleanup(func() { _ = db.Close() })
	s.network = must(network.Open(ctx, db))(t)
	told := must(notice.Open(ctx, db, notice.Options{URL: "https://samverk.example"}))(t)
	s.accounts = must(account.Open(ctx, db, s.network, told, account.Options{URL: "https://samverk.example", Demo: true}))(t)
	t.Cleanup(func() { _ = s.accounts.Close() })
	s.forum = must(forum.Open(ctx, db, s.network, told, forum.Options{Files: t.TempDir(), URL: "https://samverk.example"}))(t)
	s.site = must(web.New(web.Options{Demo: true}))(t)
	s.table = route.NewTable(route.Options{SignIn: s.site.SignIn, SignedIn: web.SignedIn, Public: true, Hosts: []string{"example.com"}, Wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c, err := r.Cookie("test-person"); err == nil {
				r = web.WithViewer(r, web.Viewer{Person: c.Value, Name: s.names[network.PersonID(c.Value)]})
			}
			next.ServeHTTP(w, r)
		})
	}})
	s.site.Register(s.table)
	s.ok(Register(s.table, s.site, s.forum, s.network, s.accounts, Options{Drafts: func(*http.Request, *network.Network, forum.TopicID) ([]Draft, error) { return s.drafts, nil }}))
	return s
}

func (s *frontSite) person(by network.Actor, n network.ID, name string) network.Actor {
	s.t.Helper()
	p := must(s.network.AddPerson(s.t.Context(), by, network.NewPerson{Name: name, Lang: "sv", Network: n}))(s.t)
	s.names[p] = name
	return network.Actor{Person: p}
}

func (s *frontSite) seat(b network.BodyID, role network.Role, sector network.Sector, name string) network.Actor {
	s.t.Helper()
	seat := must(s.network.AddSeat(s.t.Context(), s.coord, network.Seat{Body: b, Role: role, Sector: sector}))(s.t)
	if name == "" {
		return network.Actor{}
	}
	who := s.person(s.coord, s.root, name)
	s.terms[who.Person] = must(s.network.Give(s.t.Context(), s.coord, network.Term{Seat: seat, Person: who.Person}))(s.t)
	s.seats[who.Person] = seat
	return who
}

func (s *frontSite) tenant(slug, name string) (network.ID, network.Actor) {
	s.t.Helper()
	p := must(s.network.AddOperator(s.t.Context(), "Karin Kansli", "sv"))(s.t)
	s.names[p] = "Karin Kansli"
	who := network.Actor{Person: p}
	return must(s.network.Setup(s.t.Context(), who, network.SetUp{Template: "empty", Slug: slug, Name: network.Text{SV: name, EN: name + " (en)"}, Lang: "sv", Zone: "Europe/Stockholm", Country: "SE"}))(s.t), who
}

// fullSite has a steering group that has decided, and a group that only its own seats see.
func fullSite(t testing.TB) *frontSite {
	t.Helper()
	s, ctx := emptySite(t), context.Background()
	s.root, s.coord = s.tenant("se", "Nätverket för precisionsmedicin")
	_, s.away = s.tenant("no", songbird+" Nettverket")
	body := func(name string, kind network.BodyKind, v network.Visibility) network.BodyID {
		return must(s.network.AddBody(ctx, s.coord, network.Body{Network: s.root, Kind: kind, Name: network.Text{SV: name}, Mandate: network.Decides, Visibility: v, InputDays: 14, AnswerDays: 60, PaperDays: 7}))(t)
	}
	s.steering, s.closed = body("Styrgruppen", network.SteeringGroup, network.Public), body(songbird+" arbetsgrupp", network.WorkingGroup, network.BodyOnly)
	s.ok(s.network.SetRules(ctx, s.coord, s.steering, 1, []network.Rule{{Kind: network.AtLeast, N: 2}, {Kind: network.OfSector, N: 1, Sector: network.Patient}}))
	s.chair = s.seat(s.steering, network.Chair, network.Care, "Sara Lund")
	s.patient = s.seat(s.steering, network.Member, network.Patient, "Maja Lindqvist")
	s.seat(s.steering, network.Member, network.Academia, "")
	s.member = s.seat(s.closed, network.Chair, network.Care, "Hemlig Medlem")
	s.leaving = s.seat(s.closed, network.Member, network.Care, "Leo Lund")
	s.plain = s.person(s.coord, s.root, "Pia Plain")
	s.topics()
	s.meetings()
	return s
}

func (s *frontSite) topics() {
	ctx := s.t.Context()
	raise := func(who network.Actor, b network.BodyID, v network.Visibility, title string) forum.TopicID {
		return must(s.forum.Raise(ctx, who, forum.Raising{Body: b, Title: title, Text: title + " därför att.", Visibility: v, Lang: "sv"}))(s.t).ID
	}
	s.topic = raise(s.plain, s.steering, network.Public, "Ska DPYD testas före behandling?")
	s.asked = raise(s.plain, s.steering, network.Public, "Hur får vuxna veta vad som gäller?")
	s.later = raise(s.plain, s.steering, network.Public, "Tolk i hela landet")
	s.hidden = raise(s.member, s.closed, network.BodyOnly, songbird+" dold fråga")
	raise(s.chair, s.steering, network.BodyOnly, songbird+" i styrgruppen")
	s.ok(s.forum.AskInput(ctx, s.chair, s.asked, forum.Asking{}))
}

func (s *frontSite) meetings() {
	ctx := s.t.Context()
	plan := func(who network.Actor, b network.BodyID, days int, v network.Visibility, title string) forum.MeetingID {
		id := must(s.forum.Plan(ctx, who, forum.Meeting{Body: b, Starts: s.Now().AddDate(0, 0, days), Minutes: 120, Place: "Digitalt", Visibility: v, Title: title}))(s.t)
		s.ok(s.forum.Convene(ctx, who, id, 1))
		return id
	}
	in := must(s.forum.GiveInput(ctx, s.patient, s.topic, forum.Giving{Text: "Säg inte antal när gruppen är liten.", Name: "Maja", Lang: "sv"}))(s.t)
	s.forward(time.Second)
	no := must(s.forum.GiveInput(ctx, s.patient, s.topic, forum.Giving{Text: "Ge ersättning för restid.", Name: "Maja", Lang: "sv"}))(s.t)
	s.ok(s.forum.WaiveInput(ctx, s.chair, s.topic, "Svar finns."))
	s.ok(s.forum.Prepare(ctx, s.chair, s.topic))
	held := plan(s.chair, s.steering, 0, network.Public, "")
	item := must(s.forum.AddItem(ctx, s.chair, forum.Item{Meeting: held, Kind: forum.AboutTopic, Topic: s.topic, Minutes: 30}))(s.t)
	s.ok(s.forum.SetApprovers(ctx, s.coord, held, s.version(held), []network.PersonID{s.chair.Person, s.patient.Person}))
	s.ok(s.forum.Start(ctx, s.chair, held, s.version(held)))
	for _, who := range []network.Actor{s.chair, s.patient} {
		s.forward(time.Second)
		s.ok(s.forum.Arrive(ctx, s.chair, forum.Arrival{Meeting: held, Seat: s.seats[who.Person]}))
	}
	s.forward(time.Second)
	s.ok(s.forum.Reach(ctx, s.chair, item, 1))
	d := must(s.forum.Record(ctx, s.chair, forum.DecisionDraft{Item: item, Title: "DPYD testas före behandling", Text: "Alla regioner testar före behandling. Det gäller från nyår.", Method: forum.ByConsensus, Lang: "sv",
		Dispositions: []forum.Disposed{{Input: in, Version: 1, Disposition: forum.Adopted, Reason: "Vi visar 1–4."}, {Input: no, Version: 1, Disposition: forum.Declined, Reason: "Det är en annan fråga."}}}))(s.t)
	s.decision = d.ID
	s.forward(time.Hour)
	must(s.forum.Close(ctx, s.chair, held, s.version(held)))(s.t)
	s.forward(20 * 24 * time.Hour)
	s.ok(s.forum.AskInput(ctx, s.chair, s.later, forum.Asking{}))
	s.meeting = plan(s.chair, s.steering, 8, network.Public, "")
	plan(s.chair, s.steering, 9, network.BodyOnly, songbird+" möte")
	s.secret = plan(s.member, s.closed, 10, network.BodyOnly, songbird+" hemligt möte")
}

func (s *frontSite) version(id forum.MeetingID) int64 {
	s.t.Helper()
	all := must(s.forum.Meetings(s.t.Context(), network.Clock(), forum.MeetingFilter{Root: s.root}))(s.t)
	i := slices.IndexFunc(all, func(m forum.Meeting) bool { return m.ID == id })
	return all[i].Version
}

// ask is a request by somebody; the zero Actor is nobody.
func (s *frontSite) ask(who network.Actor, method, path string, form url.Values, head ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if who.Person != "" {
		r.AddCookie(&http.Cookie{Name: "test-person", Value: string(who.Person)})
	}
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	w := httptest.NewRecorder()
	s.table.ServeHTTP(w, r)
	return w
}

func (s *frontSite) page(who network.Actor, path string) string {
	s.t.Helper()
	w := s.ask(who, "GET", path, nil)
	if w.Code != http.StatusOK {
		s.t.Fatalf("%s answers %d: %s", path, w.Code, webtest.Visible(w.Body.String()))
	}
	return w.Body.String()
}

// ours are the pages of this part of the room, without {…} in them.
func (s *frontSite) ours() (public []string) {
	for _, path := range []string{"", "about", "accessibility", "privacy", "contact", "data", "calendar", "inputs", "search", "search?q=DPYD", "search?q=" + songbird, "calendar?from=2026-11",
		"bodies/" + string(s.steering) + "/calendar", "inputs?fate=adopted", "inputs?fate=declined", "search?q=nonsens"} {
		public = append(public, "/n/se/"+path)
	}
	return public
}

func TestEveryPageInEveryLanguageShowsNothingHidden(t *testing.T) {
	s := fullSite(t)
	public := s.ours()
	files := []string{"/n/se/calendar.ics", "/n/se/bodies/" + string(s.steering) + "/calendar.ics", "/n/se/decisions.atom", "/n/se/bodies/" + string(s.steering) + "/decisions.atom",
		"/n/se/meetings?format=csv", "/n/se/inputs?format=csv", "/n/se/inputs?format=json"}
	for _, who := range []network.Actor{{}, s.plain, s.away} {
		for _, path := range append(slices.Clone(public), files...) {
			for _, lang := range []string{"sv", "nb", "en"} {
				mark := "?"
				if strings.Contains(path, "?") {
					mark = "&"
				}
				w := s.ask(who, "GET", path+mark+"lang="+lang, nil)
				if w.Code != http.StatusOK {
					t.Errorf("%s in %s answers %d", path, lang, w.Code)
				}
				text := strings.ReplaceAll(w.Body.String(), url.QueryEscape(songbird), "")
				if strings.Contains(path, songbird) { // the page repeats what was looked for
					text = strings.NewReplacer(`value="`+songbird+`"`, "", "”"+songbird+"”", "", "«"+songbird+"»", "", "“"+songbird+"”", "").Replace(text)
				}
				if strings.Contains(text, songbird) {
					t.Errorf("%s in %s shows %q what is hidden", path, lang, s.names[who.Person])
				}
				if left := append(webtest.Leftovers(webtest.Visible(w.Body.String())), webtest.Misnamed(w.Body.String())...); len(left) > 0 {
					t.Errorf("%s in %s: %v", path, lang, left)
				}
			}
		}
	}
	for _, who := range []network.Actor{s.coord, s.chair, s.patient, s.member, s.plain, s.away} {
		for _, lang := range []string{"sv", "nb", "en"} {
			page := s.page(who, "/n/se/waiting?lang="+lang)
			if left := append(webtest.Leftovers(webtest.Visible(page)), webtest.Misnamed(page)...); len(left) > 0 {
				t.Errorf("waiting in %s: %v", lang, left)
			}
			if hidden := strings.Contains(page, songbird); hidden != (who == s.member || who == s.chair || who == s.coord) {
				t.Errorf("what waits for %s shows something of others' bodies, or not of their own: %v", s.names[who.Person], hidden)
			}
		}
	}
}

func TestWhatIsAbsentAndWhatIsNotYours(t *testing.T) {
	s := fullSite(t)
	absent := s.ask(network.Actor{}, "GET", "/n/se/bodies/NOSUCH/calendar", nil)
	for _, path := range []string{"/n/se/bodies/" + string(s.closed) + "/calendar", "/n/no/bodies/" + string(s.steering) + "/calendar", "/n/se/bodies/" + string(s.closed) + "/calendar.ics",
		"/n/no/bodies/" + string(s.steering) + "/calendar.ics", "/n/se/bodies/" + string(s.closed) + "/decisions.atom", "/n/xx/calendar", "/n/xx/", "/feeds/NOSUCH.ics", "/feeds/NOSUCH"} {
		w := s.ask(network.Actor{}, "GET", path, nil)
		if w.Code != http.StatusNotFound || heading1(w.Body.String()) != heading1(absent.Body.String()) {
			t.Errorf("%s answers %d %q", path, w.Code, heading1(w.Body.String()))
		}
	}
	for _, who := range []network.Actor{s.plain, s.away} {
		for _, path := range []string{"/n/se/feedback", "/n/se/feedback/NOSUCH"} {
			if w := s.ask(who, "GET", path, nil); w.Code != http.StatusNotFound {
				t.Errorf("%s answers %d to %s", path, w.Code, s.names[who.Person])
			}
		}
	}
	for _, path := range []string{"/n/se/waiting", "/n/se/feedback"} {
		if w := s.ask(network.Actor{}, "GET", path, nil); w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/sign-in") {
			t.Errorf("%s answers nobody %d %s", path, w.Code, w.Header().Get("Location"))
		}
	}
}

func heading1(page string) string {
	_, after, _ := strings.Cut(page, "<h1")
	_, after, _ = strings.Cut(after, ">")
	before, _, _ := strings.Cut(after, "<")
	return before
}

func TestWhereTheFirstPageLeads(t *testing.T) {
	s := emptySite(t)
	lead := func(who network.Actor) string { return s.ask(who, "GET", "/", nil).Header().Get("Location") }
	if to := lead(network.Actor{}); to != "/sign-in" {
		t.Errorf("without a network nobody is led to %q", to)
	}
	p := must(s.network.AddOperator(t.Context(), "Otto Operator", "sv"))(t)
	if to := lead(network.Actor{Person: p}); to != "/sign-in" { // there is no set-up in this table
		t.Errorf("an operator is led to %q", to)
	}
	s.table.Add(route.Route{Method: "GET", Pattern: "/setup", Who: route.SignedIn, Does: "Sets up.", Serve: func(http.ResponseWriter, *http.Request) int { return 200 }},
		route.Route{Method: "GET", Pattern: "/ask", Who: route.Anyone, Does: "Asks.", Serve: func(http.ResponseWriter, *http.Request) int { return 200 }})
	if to := lead(network.Actor{Person: p}); to != "/setup" {
		t.Errorf("an operator is led to %q", to)
	}
	if to := lead(network.Actor{}); to != "/ask" {
		t.Errorf("nobody is led to %q", to)
	}
	s.tenant("se", "Ett")
	if to := lead(network.Actor{}); to != "/n/se/" {
		t.Errorf("one network: %q", to)
	}
	if w := s.ask(network.Actor{}, "GET", "/n/se", nil); w.Header().Get("Location") != "/n/se/" {
		t.Errorf("%d %s", w.Code, w.Header().Get("Location"))
	}
	if to := lead(network.Actor{Person: p}); to != "/n/se/" {
		t.Errorf("somebody of no network is led to %q", to)
	}
	_, mine := s.tenant("no", "Två")
	if to := lead(mine); to != "/n/no/waiting" {
		t.Errorf("somebody of one network lands on %q", to)
	}
	page := s.page(network.Actor{}, "/?lang=sv")
	if !strings.Contains(page, `href="/n/se/"`) || !strings.Contains(page, `href="/n/no/"`) {
		t.Error("two networks are not both listed")
	}
	for _, path := range []string{"/n/se/", "/n/se/waiting", "/n/se/inputs", "/n/se/calendar", "/n/se/about", "/n/se/data", "/n/se/contact", "/n/se/search?q=x", "/n/se/feedback"} {
		_ = s.page(network.Actor{Person: p}, "/n/no/")
		if w := s.ask(network.Actor{Person: p}, "GET", path, nil); w.Code >= 500 {
			t.Errorf("%s of an empty network answers %d", path, w.Code)
		}
	}
}

func TestTheFrontPageTellsTheTruth(t *testing.T) {
	s := fullSite(t)
	page := webtest.Visible(s.page(network.Actor{}, "/n/se/?lang=sv"))
	for _, says := range []string{"Nätverket för precisionsmedicin", "2 öppna frågor, 1 väntar på patienters synpunkter", "DPYD testas före behandling", "2026-01", "Väntar på justering",
		"2 synpunkter från patienter: 1 antagen, 1 avslagen", "1 ändrade beslutet", "Tiden för synpunkter är ute", "Hur får vuxna veta vad som gäller?", "Vilka som sitter i Styrgruppen", "3 platser", "1 ledig",
		"Beslut gäller bara om minst 2 är med och minst 1 är från patienterna.", "Ingen lyft fråga väntar på svar."} {
		if !strings.Contains(page, says) {
			t.Errorf("the front page doesn't say %q:\n%s", says, page)
		}
	}
	for _, link := range []string{`<link rel="alternate" type="text/calendar"`, `<link rel="alternate" type="application/atom+xml"`} {
		if !strings.Contains(html.UnescapeString(s.page(network.Actor{}, "/n/se/")), link) {
			t.Errorf("the front page has no %s", link)
		}
	}
}

func TestWhatWaits(t *testing.T) {
	s := fullSite(t)
	page := webtest.Visible(s.page(s.patient, "/n/se/waiting?lang=sv"))
	for _, says := range []string{"Maja", "Justera protokoll", "Din synpunkt önskas", "Möte", "Jag kommer", "Säg inte antal när gruppen är liten.", "Antagen", "Beslut 2026-01", "ledamot tills vidare", "dagar sent"} {
		if !strings.Contains(page, says) {
			t.Errorf("what waits for Maja doesn't say %q:\n%s", says, page)
		}
	}
	w := s.ask(s.patient, "POST", "/n/se/meetings/"+string(s.meeting), url.Values{"do": {"reply"}, "seat": {string(s.seats[s.patient.Person])}, "answer": {"coming"}, "back": {"/n/se/waiting"}})
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/n/se/waiting" {
		t.Errorf("a reply answers %d %s", w.Code, w.Header().Get("Location"))
	}
	if page := s.page(s.patient, "/n/se/waiting?lang=sv"); !strings.Contains(page, "Du har svarat att du kommer.") {
		t.Error("the reply isn't told")
	}
	for _, who := range []network.Actor{s.patient, s.chair, s.coord} {
		if n := strings.Count(s.page(who, "/n/se/waiting?lang=sv"), `<a class="ds-button" data-size="sm" href=`); n > 1 {
			t.Errorf("%s has %d main buttons", who.Person, n)
		}
	}
	if before := s.page(s.plain, "/n/se/waiting?lang=sv"); !strings.Contains(before, "Nytt för dig") {
		t.Error("nobody has told Pia anything")
	}
	for range 5 {
		page := s.page(s.plain, "/n/se/waiting?lang=sv")
		form := url.Values{}
		for _, part := range strings.Split(page, `name="notice" value="`)[1:] {
			id, _, _ := strings.Cut(part, `"`)
			form.Add("notice", id)
		}
		if w := s.ask(s.away, "POST", "/n/se/waiting", form); w.Code != http.StatusSeeOther { // others' notices: nothing happens
			t.Errorf("reading answers %d", w.Code)
		}
		if page != s.page(s.plain, "/n/se/waiting?lang=sv") {
			t.Error("somebody else read Pia's notices")
		}
		s.ask(s.plain, "POST", "/n/se/waiting", form)
	}
	if after := s.page(s.plain, "/n/se/waiting?lang=sv"); strings.Contains(after, "Nytt för dig") {
		t.Error("what was read is still new")
	}
	if page := webtest.Visible(s.page(s.away, "/n/se/waiting?lang=sv")); !strings.Contains(page, "Inget väntar på dig") {
		t.Error("somebody else's tenant has something for them")
	}
}

func TestFeedsAreFollowed(t *testing.T) {
	s, ctx := fullSite(t), t.Context()
	calendarOf := func(path string) (names []string) {
		t.Helper()
		w := s.ask(network.Actor{}, "GET", path, nil)
		if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/calendar") {
			t.Fatalf("%s answers %d %s", path, w.Code, w.Header().Get("Content-Type"))
		}
		c := must(ics.ParseCalendar(w.Body))(t)
		for _, e := range c.Events() {
			names = append(names, e.GetProperty(ics.ComponentPropertySummary).Value)
			if e.GetProperty(ics.ComponentPropertyCategories) == nil {
				t.Errorf("%s: an event without categories", path)
			}
		}
		return names
	}
	if names := calendarOf("/n/se/calendar.ics"); len(names) != 2 {
		t.Errorf("public meetings %v", names)
	}
	token := must(s.accountsFeed(ctx, s.member, "person", ""))(t)
	if names := calendarOf("/feeds/" + token + ".ics"); len(names) != 1 || !strings.Contains(names[0], songbird) {
		t.Errorf("one's own meetings %v", names)
	}
	s.ok(s.network.End(ctx, s.coord, s.terms[s.patient.Person], s.now.AddDate(1, 0, 0), "ny plan"))
	due := must(s.accountsFeed(ctx, s.patient, "person", ""))(t)
	names := strings.Join(calendarOf("/feeds/"+due+".ics"), "\n")
	for _, want := range []string{"Synpunkt önskas: ", "Din plats i Styrgruppen går ut"} {
		if !strings.Contains(names, want) {
			t.Errorf("a patient's own calendar lacks %q:\n%s", want, names)
		}
	}
	if w := s.ask(network.Actor{}, "GET", "/feeds/"+due+".ics", nil); !strings.Contains(w.Body.String(), "DTSTART;VALUE=DATE:") {
		t.Error("days to answer by are no whole days")
	}
	ofBody := must(s.accountsFeed(ctx, s.chair, "body", string(s.steering)))(t)
	if names := calendarOf("/feeds/" + ofBody + ".ics"); len(names) != 3 {
		t.Errorf("a body's meetings, for its chair: %v", names)
	}
	left := must(s.accountsFeed(ctx, s.leaving, "body", string(s.closed)))(t)
	if names := calendarOf("/feeds/" + left + ".ics"); len(names) != 1 {
		t.Errorf("a hidden body's meetings, for who sits in it: %v", names)
	}
	s.forward(time.Minute)
	s.ok(s.network.End(ctx, s.coord, s.terms[s.leaving.Person], time.Time{}, "flyttar"))
	s.forward(time.Minute)
	if w := s.ask(network.Actor{}, "GET", "/feeds/"+left+".ics", nil); w.Code != http.StatusNotFound {
		t.Errorf("a body that is no longer one's to see answers %d", w.Code)
	}
	first := s.ask(network.Actor{}, "GET", "/feeds/"+token+".ics", nil)
	s.forward(time.Minute)
	again := s.ask(network.Actor{}, "GET", "/feeds/"+token+".ics", nil, "If-None-Match", first.Header().Get("ETag"))
	if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("an unchanged calendar answers %d", again.Code)
	}
	feeds := must(s.accounts.Feeds(ctx, s.member))(t)
	s.ok(s.accounts.RevokeFeed(ctx, s.member, feeds[0].ID))
	gone, never := s.ask(network.Actor{}, "GET", "/feeds/"+token+".ics", nil), s.ask(network.Actor{}, "GET", "/feeds/"+strings.Repeat("a", len(token))+".ics", nil)
	if gone.Code != http.StatusNotFound || gone.Code != never.Code || anonymous(gone.Body.String(), token) != anonymous(never.Body.String(), strings.Repeat("a", len(token))) {
		t.Errorf("a revoked calendar answers %d, one that never was %d", gone.Code, never.Code)
	}
	for _, path := range []string{"/n/se/decisions.atom", "/n/se/bodies/" + string(s.steering) + "/decisions.atom"} {
		w := s.ask(network.Actor{}, "GET", path, nil)
		var feed struct {
			XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
			ID      string   `xml:"id"`
			Entries []struct {
				ID    string `xml:"id"`
				Title string `xml:"title"`
			} `xml:"entry"`
		}
		if err := xml.Unmarshal(w.Body.Bytes(), &feed); err != nil || len(feed.Entries) != 1 || feed.Entries[0].Title != "2026-01 DPYD testas före behandling" || feed.ID == "" {
			t.Errorf("%s: %v %+v", path, err, feed)
		}
		if w := s.ask(network.Actor{}, "GET", path, nil, "If-None-Match", w.Header().Get("ETag")); w.Code != http.StatusNotModified {
			t.Errorf("%s unchanged answers %d", path, w.Code)
		}
	}
}

// anonymous takes what a page repeats of its own address out of it.
func anonymous(page, token string) string { return strings.ReplaceAll(page, token, "") }

// accountsFeed makes a calendar link for somebody, with the account that a demonstration gives them.
func (s *frontSite) accountsFeed(ctx context.Context, who network.Actor, scope, subject string) (string, error) {
	if _, err := s.accounts.SignInAs(ctx, who.Person, account.From{}); err != nil {
		return "", err
	}
	return s.accounts.MakeFeed(ctx, who, scope, network.BodyID(subject))
}

func TestInputsAsFiles(t *testing.T) {
	s := fullSite(t)
	rows := must(csv.NewReader(s.ask(network.Actor{}, "GET", "/n/se/inputs?format=csv", nil).Body).ReadAll())(t)
	if len(rows) != 3 || rows[2][1] != "Säg inte antal när gruppen är liten." || rows[2][7] != "adopted" || rows[2][10] != "2026-01" {
		t.Errorf("rows %q", rows)
	}
	var list []map[string]any
	if err := json.Unmarshal(s.ask(network.Actor{}, "GET", "/n/se/inputs?format=json&fate=declined", nil).Body.Bytes(), &list); err != nil || len(list) != 1 || list[0]["reason"] != "Det är en annan fråga." {
		t.Errorf("%v %v", err, list)
	}
	page := webtest.Visible(s.page(network.Actor{}, "/n/se/inputs?lang=sv"))
	for _, says := range []string{"2 synpunkter är lämnade. 2 är besvarade: 1 antagen, 1 avslagen.", "Vi visar 1–4.", "Beslut 2026-01", "2026", "Av 2 besvarade synpunkter ändrade 1 beslutet"} {
		if !strings.Contains(page, says) {
			t.Errorf("the page doesn't say %q:\n%s", says, page)
		}
	}
}

func TestFeedbackByForm(t *testing.T) {
	s := fullSite(t)
	at := "/n/se/accessibility"
	if w := s.ask(network.Actor{}, "POST", at, url.Values{"text": {" "}, "page": {"/topics"}}); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `value="/topics"`) || !strings.Contains(w.Body.String(), "ds-error-summary") {
		t.Errorf("an empty report answers %d", w.Code)
	}
	w := s.ask(network.Actor{}, "POST", at, url.Values{"text": {songbird + ": knappen saknar text"}, "mail": {"anna@example.org"}})
	to := w.Header().Get("Location")
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(to, at+"?number=SE-2026-") {
		t.Fatalf("a report answers %d %s", w.Code, to)
	}
	if page := s.page(network.Actor{}, strings.TrimSuffix(to, "#reported")); !strings.Contains(page, "SE-2026-") || strings.Contains(page, songbird) {
		t.Error("the page doesn't thank, or shows what was written")
	}
	if w := s.ask(network.Actor{}, "POST", "/n/se/contact", url.Values{"text": {"När möts ni?"}}); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "När möts ni?") {
		t.Errorf("a question without an address answers %d", w.Code)
	}
	list := s.page(s.coord, "/n/se/feedback")
	_, link, _ := strings.Cut(list, `<h2 class="smv-rows__title"><a href="`)
	link, _, _ = strings.Cut(link, `"`)
	if page := s.page(s.coord, link); !strings.Contains(page, songbird) || !strings.Contains(page, "anna@example.org") {
		t.Errorf("%s shows the coordinator not all", link)
	}
	answer := url.Values{"version": {"1"}, "state": {"done"}, "answer": {"Knappen har text nu."}}
	if w := s.ask(s.plain, "POST", link, answer); w.Code != http.StatusNotFound {
		t.Errorf("somebody else's answer answers %d", w.Code)
	}
	if w := s.ask(s.coord, "POST", link, answer); w.Code != http.StatusSeeOther {
		t.Errorf("an answer answers %d", w.Code)
	}
	answer.Set("answer", "Min text som inte får försvinna")
	if w := s.ask(s.coord, "POST", link, answer); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "Min text som inte får försvinna") || !strings.Contains(w.Body.String(), "Knappen har text nu.") {
		t.Errorf("an answer from an old version answers %d", w.Code)
	}
	if page := s.page(network.Actor{}, at); !strings.Contains(page, "Knappen har text nu.") {
		t.Error("the answer isn't public")
	}
}

func TestQuorumInWords(t *testing.T) {
	s := emptySite(t)
	pages := must(s.site.Room(files))(t)
	for lang, want := range map[string]string{
		"sv": "Beslut gäller bara om minst hälften av platserna är med, minst 2 är från patienterna, minst 3 av regionerna är med och ordföranden inte kommer från näringslivet.",
		"nb": "Vedtak gjelder bare hvis minst halvparten av plassene er med, minst 2 er fra pasientene, minst 3 av helseregionene er med og lederen ikke kommer fra næringslivet.",
		"en": "Decisions hold only if at least half of the seats take part, at least 2 are from the patients, at least 3 of the regions take part and the chair is not from industry.",
	} {
		l := pages.Words(httptest.NewRequest("GET", "/?lang="+lang, nil))
		have := quorumWords(l, []network.Rule{{Kind: network.Half}, {Kind: network.OfSector, N: 2, Sector: network.Patient}, {Kind: network.Organisations, N: 3, OrganisationKind: network.Region}, {Kind: network.ChairNot, Sector: network.Industry}})
		if have != want {
			t.Errorf("%s:\n%s\nnot\n%s", lang, have, want)
		}
	}
}

func TestHeading(t *testing.T) {
	long := strings.Repeat("mycket långt ", 12)
	for about, want := range map[string][2]string{
		"":                                  {"Nätverket", ""},
		"En rad":                            {"En rad", ""},
		"En rad\nOch mer.\nOch mer.":        {"En rad", "Och mer.\nOch mer."},
		"Det gäller alla. Regioner bidrar.": {"Det gäller alla", "Regioner bidrar."},
		long + ". Slut.":                    {"Nätverket", long + ". Slut."},
	} {
		s := emptyWords(t)
		head, lede := heading(s, &network.Network{Name: network.Text{SV: "Nätverket"}, About: network.Text{SV: about}})
		if want[1] == "" {
			want[1] = s.Must("front.lede")
		}
		if head.Text != want[0] || lede.Text != want[1] {
			t.Errorf("%q is headed %q, %q", about, head.Text, lede.Text)
		}
	}
}

// emptyWords are the room's words in Swedish.
func emptyWords(t testing.TB) *web.Words {
	t.Helper()
	pages := must(must(web.New(web.Options{}))(t).Room(sayings))(t)
	return pages.Words(httptest.NewRequest("GET", "/?lang=sv", nil))
}

func TestFirstSentence(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "En mening.": "En mening.", "# Rubrik\ntext": "Rubrik", "**Alla** regioner. Och mer.": "Alla regioner.", "- punkt": "punkt",
		strings.Repeat("ord ", 100): strings.TrimSpace(strings.Repeat("ord ", 45)) + " …",
	} {
		if have := firstSentence(in); have != want {
			t.Errorf("%q gives %q, not %q", in, have, want)
		}
	}
}

func TestTheFrontPageSaysWhoseSeatsThereAre(t *testing.T) {
	s := emptySite(t)
	s.root, s.coord = s.tenant("se", "Nätverket")
	if page := s.page(network.Actor{}, "/n/se/?lang=sv"); !strings.Contains(page, "Bara kansliet har platser än") || strings.Contains(page, "Ingen grupp har platser än") {
		t.Error("the secretariat's seats are forgotten")
	}
	must(s.network.AddBody(t.Context(), s.coord, network.Body{Network: s.root, Kind: network.SteeringGroup, Name: network.Text{SV: "Styrgruppen"}, Mandate: network.Decides, Visibility: network.Public, InputDays: 14, AnswerDays: 60, PaperDays: 7}))(t)
	s.forward(2 * time.Minute)
	if page := s.page(network.Actor{}, "/n/se/?lang=sv"); !strings.Contains(page, "Styrgruppen har inga platser än") {
		t.Error("the steering group without seats isn't named")
	}
}
