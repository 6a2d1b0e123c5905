package web

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/samverk/samverk/action/procedure"
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

// songbird is in every draft, which is for the network only.
const songbird = "KANARIEFÅGEL"

type world struct {
	t       testing.TB
	mu      sync.Mutex
	now     time.Time
	db      *storage.DB
	room    *procedure.Room
	forum   *forum.Forum
	network *network.Registry
	table   *route.Table
	pages   *Pages
	root    network.ID
	body    network.BodyID
	region  map[string]network.ID

	coord, member, plain, norr, syd, away network.Actor
	decided                               int
}

func (w *world) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) forward(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
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

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func open(t testing.TB, table *route.Table, site *web.Site) *world {
	t.Helper()
	ctx := t.Context()
	w := &world{t: t, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), region: map[string]network.ID{}, table: table}
	w.db = must(storage.Open(ctx, testkit.SQLite(t), storage.Options{Now: w.Now, Migrations: []fs.FS{network.Migrations, notice.Migrations, forum.Migrations, procedure.Migrations}}))(t)
	t.Cleanup(func() { _ = w.db.Close() })
	w.network = must(network.Open(ctx, w.db))(t)
	told := must(notice.Open(ctx, w.db, notice.Options{URL: "https://samverk.example"}))(t)
	w.forum = must(forum.Open(ctx, w.db, w.network, told, forum.Options{Files: t.TempDir(), URL: "https://samverk.example"}))(t)
	w.room = must(procedure.Open(ctx, w.db, w.network, w.forum, told, procedure.Options{URL: "https://samverk.example"}))(t)
	w.pages = must(Register(table, site, w.room, w.forum, w.network))(t)
	w.coord, w.root = w.tenant("se", "sv")
	w.away, _ = w.tenant("no", "nb")
	w.body = must(w.network.AddBody(ctx, w.coord, network.Body{Network: w.root, Kind: network.SteeringGroup, Name: network.Text{SV: "Styrgruppen"}, Mandate: network.Decides, Visibility: network.Public, AnswerDays: 30}))(t)
	w.member = w.seat(w.body, w.root, "Måns Medlem")
	w.plain = w.person(w.root, "Pia Plan")
	for slug, who := range map[string]*network.Actor{"norr": &w.norr, "syd": &w.syd, "okand": nil} {
		id := must(w.network.AddNetwork(ctx, w.coord, network.Network{Parent: w.root, Slug: slug, Kind: network.Regional, Name: network.Text{SV: "Nätverk " + slug}}))(t)
		w.region[slug] = id
		if who != nil {
			b := must(w.network.AddBody(ctx, w.coord, network.Body{Network: id, Kind: network.Secretariat, Name: network.Text{SV: "Kansli"}, Mandate: network.Advises, Visibility: network.Public}))(t)
			*who = w.seat(b, id, "Rut "+slug)
		}
	}
	return w
}

func (w *world) tenant(slug, lang string) (network.Actor, network.ID) {
	who := network.Actor{Person: must(w.network.AddOperator(w.t.Context(), "Karin Kansli", lang))(w.t)}
	return who, must(w.network.Setup(w.t.Context(), who, network.SetUp{Template: "empty", Slug: slug, Name: network.Text{SV: "Nätverket", NB: "Nettverket"}, Lang: lang, Zone: "Europe/Stockholm", Country: strings.ToUpper(slug)}))(w.t)
}

func (w *world) person(n network.ID, name string) network.Actor {
	return network.Actor{Person: must(w.network.AddPerson(w.t.Context(), w.coord, network.NewPerson{Name: name, Network: n}))(w.t)}
}

func (w *world) seat(b network.BodyID, n network.ID, name string) network.Actor {
	s := must(w.network.AddSeat(w.t.Context(), w.coord, network.Seat{Body: b, Role: network.Member, Sector: network.Care}))(w.t)
	who := w.person(n, name)
	must(w.network.Give(w.t.Context(), w.coord, network.Term{Seat: s, Person: who.Person}))(w.t)
	return who
}

// force puts the open draft of a procedure in force.
func (w *world) force(id procedure.ID, version int64) {
	w.t.Helper()
	v := must(w.room.View(w.t.Context(), w.coord, w.root, id, version))(w.t).Version
	w.decided++
	d := forum.Carried{}
	d.ID, d.Number, d.Root, d.Network, d.Body, d.Mandate, d.InForce = forum.DecisionID("d"+itoa(int64(w.decided))), "2026-"+itoa(int64(w.decided)), w.root, w.root, w.body, network.Decides, w.Now()
	w.ok(w.db.Write(w.t.Context(), func(tx *storage.Tx) error {
		return w.room.Carry(w.t.Context(), tx, d, procedure.Ref(id, version), v.Digest)
	}))
}

func (w *world) ask(who network.Actor, method, path string, form url.Values) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if who.Person != "" {
		r.AddCookie(&http.Cookie{Name: "test-person", Value: string(who.Person)})
	}
	out := httptest.NewRecorder()
	w.table.ServeHTTP(out, r)
	return out
}

func (w *world) page(who network.Actor, path string) string {
	w.t.Helper()
	out := w.ask(who, http.MethodGet, path, nil)
	if out.Code != http.StatusOK {
		w.t.Fatalf("%s answers %d: %s", path, out.Code, webtest.Visible(out.Body.String()))
	}
	return out.Body.String()
}

// post sends a form that is taken, and gives where it leads.
func (w *world) post(who network.Actor, path string, form ...string) string {
	w.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(form); i += 2 {
		v.Add(form[i], form[i+1])
	}
	out := w.ask(who, http.MethodPost, path, v)
	if out.Code != http.StatusSeeOther {
		w.t.Fatalf("%s answers %d: %s", path, out.Code, webtest.Visible(out.Body.String()))
	}
	return out.Header().Get("Location")
}

func (w *world) refused(who network.Actor, path string, status int, form ...string) string {
	w.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(form); i += 2 {
		v.Add(form[i], form[i+1])
	}
	out := w.ask(who, http.MethodPost, path, v)
	if out.Code != status {
		w.t.Fatalf("%s answers %d: %s", path, out.Code, webtest.Visible(out.Body.String()))
	}
	return out.Body.String()
}

func newWorld(t testing.TB) *world {
	site := must(web.New(web.Options{Demo: true}))(t)
	table := route.NewTable(route.Options{SignIn: site.SignIn, SignedIn: web.SignedIn, Public: true, Hosts: []string{"example.com"}, Wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c, err := r.Cookie("test-person"); err == nil {
				r = web.WithViewer(r, web.Viewer{Person: c.Value, Name: "Någon"})
			}
			next.ServeHTTP(w, r)
		})
	}})
	site.Register(table)
	return open(t, table, site)
}

var hidden = regexp.MustCompile(`name="([a-z]+)" value="([^"]*)"`)

// fields are a page's hidden fields.
func fields(page string) map[string]string {
	out := map[string]string{}
	for _, m := range hidden.FindAllStringSubmatch(page, -1) {
		out[m[1]] = m[2]
	}
	return out
}

// TestPagesFromDraftToAdoption walks the whole way by forms, and then every page as each kind of person in every language.
func TestPagesFromDraftToAdoption(t *testing.T) {
	w := newWorld(t)
	const home = "/n/se/procedures"
	first := []string{"body", "body:" + string(w.body), "field", "cancer", "kind", "diagnostics", "lang", "sv", "visibility", "public", "title", "DPYD före fluoropyrimidin",
		"plain", "Ett blodprov visar om du tål medicinen.", "how", "Fyra varianter.", "fast", "Inom 72 timmar.", "evidence", "10.1000/182 En studie"}
	if page := w.refused(w.member, home+"/new", http.StatusBadRequest, append(first, "title", "", "evidence", "bara prat")[2:]...); !strings.Contains(page, "Fyra varianter.") {
		t.Error("what was typed is lost")
	}
	w.refused(w.plain, home+"/new", http.StatusForbidden, first...)
	at := w.post(w.member, home+"/new", first...)
	id := procedure.ID(at[strings.LastIndexByte(at, '/')+1:])
	draft := at + "/versions/1"

	// Edited twice from the same text: the second shows both.
	form := w.page(w.member, at+"/edit")
	from := fields(form)["edit"]
	w.post(w.member, at+"/edit", "edit", from, "title", "DPYD före behandling", "how", "Fyra varianter "+songbird)
	if page := w.refused(w.coord, at+"/edit", http.StatusConflict, "edit", from, "title", "DPYD", "how", "Sex varianter."); !strings.Contains(page, "Sex varianter.") || !strings.Contains(page, songbird) || fields(page)["edit"] != "2" {
		t.Error("a conflict doesn't show both texts")
	}
	w.post(w.member, at+"/do", "do", "ask", "version", "1", "person", string(w.norr.Person))
	page := w.page(w.norr, draft)
	w.refused(w.norr, at+"/do", http.StatusBadRequest, "do", "review", "version", "1", "edit", fields(page)["edit"], "verdict", "change", "text", "")
	w.post(w.norr, at+"/do", "do", "review", "version", "1", "edit", fields(page)["edit"], "verdict", "good", "text", "Bra "+songbird)
	topic := w.post(w.member, at+"/do", "do", "raise", "version", "1")
	if again := w.post(w.member, at+"/do", "do", "raise", "version", "1"); again != topic || !strings.Contains(topic, "/topics/") {
		t.Errorf("%s and then %s", topic, again)
	}
	for _, who := range []network.Actor{{}, w.away} {
		if code := w.ask(who, http.MethodGet, at, nil).Code; code != http.StatusNotFound {
			t.Errorf("a draft answers %d to others", code)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/n/se/x", nil)
	r = web.WithViewer(r, web.Viewer{Person: string(w.member.Person)})
	n, _ := w.network.Tree().Root("se")
	drafts := must(w.pages.Drafts(r, n, forum.TopicID(topic[strings.LastIndexByte(topic, '/')+1:])))(t)
	if len(drafts) != 1 || drafts[0].Ref != procedure.Ref(id, 1) || drafts[0].Digest == [32]byte{} {
		t.Fatalf("%+v", drafts)
	}
	w.post(w.member, at+"/edit", "edit", "2", "title", "DPYD före behandling", "plain", "Ett blodprov.", "how", "Fyra varianter.", "evidence", "10.1000/182 En studie")
	w.force(id, 1)

	// The regions answer: one by its own coordinator; nobody else.
	north, south := at+"/regions/norr", at+"/regions/syd"
	f := fields(w.page(w.norr, north))
	w.refused(w.coord, north, http.StatusForbidden, "version", f["version"], "after", f["after"], "state", "adopted")
	if page := w.refused(w.norr, north, http.StatusBadRequest, "version", f["version"], "after", f["after"], "state", "deviating", "reason", " "); !strings.Contains(page, `aria-invalid`) {
		t.Error("a deviation without a reason is not pointed at")
	}
	w.forward(5 * 24 * time.Hour)
	w.post(w.norr, north, "version", f["version"], "after", f["after"], "state", "deviating", "day", "2026-03-05", "reason", "Vi testar sex varianter.")
	w.refused(w.norr, north, http.StatusConflict, "version", f["version"], "after", f["after"], "state", "adopted")
	w.post(w.syd, south, "version", "1", "after", "0", "state", "declined", "reason", "Svaren dröjer.")
	raised := w.post(w.plain, south+"/raise")
	if again := w.post(w.coord, south+"/raise"); again != raised {
		t.Error("pressing twice raised two topics")
	}
	view := must(w.forum.View(t.Context(), w.coord, w.root, forum.TopicID(raised[strings.LastIndexByte(raised, '/')+1:])))(t)
	if !strings.Contains(view.Text, "> Svaren dröjer.") || len(view.Evidence) != 2 || view.Facets.Kind != "procedure" {
		t.Errorf("%+v", view.Topic)
	}
	// A second procedure is asked about, and the first has a draft of another version.
	second := w.post(w.coord, home+"/new", append([]string{"body", "network:" + string(w.root), "title", "Läkemedelsgenomgång"}, first[2:]...)...)
	w.force(procedure.ID(second[strings.LastIndexByte(second, '/')+1:]), 1)
	w.post(w.member, at+"/edit", "edit", "0", "title", "DPYD före behandling", "how", "Sex varianter, "+songbird, "changes", "Fler varianter.")
	w.forward(60 * 24 * time.Hour)

	public := []string{home, home + "?q=dpyd&field=cancer&kind=diagnostics&state=force", home + "?q=finnsinte", at, draft, at + "/compare?from=1&to=1", at + "/adoption", north, south, second, second + "/adoption", second + "/regions/okand",
		"/n/se/adoption", "/n/se/adoption/norr", "/n/se/adoption/syd?answer=unknown", "/n/se/adoption/okand?answer=adopted"}
	files := []string{home + "?format=csv", home + "?format=json", at + "/adoption?format=csv", at + "/adoption?format=json", "/n/se/adoption?format=csv", "/n/se/adoption/norr?format=json", draft + "/file"}
	inside := []string{at + "/versions/2", at + "/compare?from=1&to=2", at + "/versions/2/file"}
	for _, who := range []network.Actor{{}, w.away, w.plain, w.member, w.norr, w.coord} {
		within := who != network.Actor{} && who != w.away
		for _, path := range append(append(append([]string{}, public...), files...), inside...) {
			for _, lang := range []string{"sv", "nb", "en"} {
				mark := "?"
				if strings.Contains(path, "?") {
					mark = "&"
				}
				out := w.ask(who, http.MethodGet, path+mark+"lang="+lang, nil)
				want := http.StatusOK
				for _, one := range inside {
					if path == one && !within {
						want = http.StatusNotFound
					}
				}
				if out.Code != want {
					t.Errorf("%s in %s answers %d", path, lang, out.Code)
				}
				if !within && strings.Contains(out.Body.String(), songbird) {
					t.Errorf("%s in %s shows a draft", path, lang)
				}
				if strings.Contains(path, "/file") || strings.Contains(path, "format=") {
					continue
				}
				if left := append(webtest.Leftovers(webtest.Visible(out.Body.String())), webtest.Misnamed(out.Body.String())...); len(left) > 0 {
					t.Errorf("%s in %s: %v", path, lang, left)
				}
			}
		}
	}
	for path, wants := range map[string][]string{
		at + "?lang=sv":                 {"Ett blodprov.", "Infört med avvikelse", "Okänt", "Av 3 regioner har 1 infört den"},
		at + "/adoption?lang=sv":        {"Vi testar sex varianter.", "Svaren dröjer.", "Statistics Sweden", "smv-tile", "nätverk okand"},
		"/n/se/adoption/norr?lang=sv":   {"Vi testar sex varianter.", "Svar dröjer", "Läkemedelsgenomgång"},
		south + "?lang=en":              {"Declined", "The topic that was raised about this"},
		home + "?q=avvikelse&lang=sv":   {"Ingen rutin passar"},
		home + "?q=fyra+vari&lang=sv":   {"DPYD före behandling"},
		second + "/adoption?lang=nb":    {"Ukjent", "0 % av befolkningen"},
		"/n/se/adoption/okand?lang=sv":  {"0 införda"},
		draft + "/file":                 {"<style>", "Ett blodprov.", "10.1000/182"},
		at + "/adoption?format=csv":     {"unknown", "deviating", "2026-03-05", "Statistics Sweden"},
		home + "?state=draft&lang=sv":   {"Ingen rutin passar"},
		"/n/se/adoption/syd?format=csv": {"declined", "Svaren dröjer."},
	} {
		page := strings.ReplaceAll(w.page(network.Actor{}, path), "\u00a0", " ")
		for _, want := range wants {
			if !strings.Contains(strings.ToLower(page), strings.ToLower(want)) {
				t.Errorf("%s lacks %q", path, want)
			}
		}
	}
	if page := w.page(network.Actor{}, draft+"/file"); strings.Contains(page, "src=") || strings.Contains(page, "<script") || strings.Contains(page, "<link") {
		t.Error("the file isn't whole by itself")
	}
	if page := w.page(w.member, at+"/compare?from=1&to=2&lang=sv"); !strings.Contains(page, "<del>Fyra ") || !strings.Contains(page, "<ins>Sex ") {
		t.Error("the words that differ aren't marked")
	}
	r = web.WithViewer(httptest.NewRequest(http.MethodGet, "/n/se/waiting", nil), web.Viewer{Person: string(w.norr.Person)})
	if waits := must(w.pages.Waits(r, n))(t); len(waits) != 1 || waits[0].Due.IsZero() || waits[0].Href != second+"/regions/norr" {
		t.Errorf("%+v", waits)
	}
	if row := must(w.pages.Row(r, n))(t); len(row.Counts) != 1 {
		t.Errorf("%+v", row)
	}
	b := must(w.pages.Became(r, n, forum.EffectOf{Effect: forum.Effect{Kind: forum.Procedure, Ref: procedure.Ref(id, 1)}}, nil))(t)
	if b.Href != draft || b.State == "" {
		t.Errorf("%+v", b)
	}
}
