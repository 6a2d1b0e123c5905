package app

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	accountweb "github.com/samverk/samverk/account/web"
	"github.com/samverk/samverk/app/demo/living"
	consentweb "github.com/samverk/samverk/consent/web"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web/route"
	"github.com/samverk/samverk/web/webtest"
)

// house is a node with two living networks, served to people of every kind.
type house struct {
	t     *testing.T
	node  *Node
	site  *site
	kinds []kind
	long  bool
	turn  int
	wrong func(format string, args ...any) // is told what an answer should not have been
}

// kind is a kind of person, with the cookies of somebody of that kind.
type kind struct {
	name    string
	called  string // the person's own name
	tenant  string
	person  network.PersonID // "": nobody of the network
	about   string           // the individual whom data are about, signed in as that
	steward bool             // of the node
	cookies []*http.Cookie
}

const base = "http://127.0.0.1:8080"

func newHouse(t *testing.T) *house {
	t.Helper()
	ctx := t.Context()
	dir := filepath.Join(t.TempDir(), "node")
	if err := makeDir(dir); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(filepath.Join(dir, settingsName), []byte(`{"version":1,"country":"SE","organisation":"North"}`)); err != nil {
		t.Fatal(err)
	}
	lived, err := living.Build(ctx, living.Options{
		Seed: 1, Now: time.Now(), DSN: Settings{}.dsn(dir), Migrations: migrations(), Files: filepath.Join(dir, attachmentsName),
	})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, kinds: []kind{{name: "nobody"}}}
	if h.node, err = Open(ctx, dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.node.Close() })
	as := make([]accountweb.Persona, len(lived.People))
	for i, p := range lived.People {
		as[i] = accountweb.Persona{Person: p.ID, Name: p.Name, Is: p.Is}
		h.kinds = append(h.kinds, kind{name: p.As, called: p.Name, tenant: p.Slug, person: p.ID})
	}
	for _, role := range []string{policy.Steward, policy.Clinician} {
		k := h.assign(lived.People[0].Slug, role)
		h.kinds = append(h.kinds, k)
		as = append(as, accountweb.Persona{Person: k.person, Name: k.called})
	}
	err = h.node.db.Write(ctx, func(tx *storage.Tx) error {
		_, err := h.node.people.Enrol(ctx, tx, []individual.New{{ID: "1990-01"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	h.kinds = append(h.kinds, kind{name: "whom data are about", called: "Alva Lind", about: "1990-01"})
	h.serve(as...)
	return h
}

// assign gives an assignment to somebody who is registered in a tenant, sits nowhere, and is none of the kinds yet: two kinds of one person
// would end each other's sessions.
func (h *house) assign(slug, role string) kind {
	h.t.Helper()
	k := kind{name: role, called: "Ingen Annan", tenant: slug, steward: role == policy.Steward}
	for nth := 0; k.person == "" || slices.ContainsFunc(h.kinds, func(o kind) bool { return o.person == k.person }); nth++ {
		h.read(func(tx *storage.Tx) error {
			return tx.QueryRow(h.t.Context(), `SELECT m.person FROM membership m JOIN network n ON n.id = m.network WHERE n.slug = $1 AND NOT EXISTS (SELECT 1 FROM holding h WHERE h.person = m.person)
				ORDER BY m.person LIMIT 1 OFFSET $2`, slug, nth).Scan(&k.person)
		})
	}
	_, err := h.node.policies.Assign(h.t.Context(), policy.Actor{Operator: true},
		policy.Assignment{Person: string(k.person), Organisation: "North", Sector: "care", Role: role, Ground: "a test"})
	if err != nil {
		h.t.Fatal(err)
	}
	return k
}

// serve opens the site, where anybody may sign in as some people, and does so as each of the house's kinds.
func (h *house) serve(as ...accountweb.Persona) {
	h.t.Helper()
	h.wrong = h.t.Errorf
	var err error
	o := SiteOptions{As: as}
	for _, k := range h.kinds {
		if k.about != "" {
			o.Patients = append(o.Patients, consentweb.Persona{Individual: k.about, Name: k.called})
		}
	}
	if h.site, err = h.node.site(h.t.Context(), ServeOptions{Addr: "127.0.0.1:0", Site: o}, base); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = h.site.close() })
	for i := range h.kinds {
		if k := &h.kinds[i]; k.person != "" || k.about != "" {
			at, as := "/sign-in/as", url.Values{"person": {string(k.person)}}
			if k.about != "" {
				at, as = "/my/sign-in/as", url.Values{"individual": {k.about}}
			}
			w := h.do(*k, http.MethodPost, at, as)
			if w.Code != http.StatusSeeOther || len(w.Result().Cookies()) == 0 {
				h.t.Fatalf("signing in as %s: %d", k.name, w.Code)
			}
			k.cookies = w.Result().Cookies()
		}
	}
}

// kind finds a kind of person of a tenant.
func (h *house) kind(name, tenant string) kind {
	h.t.Helper()
	i := slices.IndexFunc(h.kinds, func(k kind) bool { return k.name == name && k.tenant == tenant })
	if i < 0 {
		h.t.Fatalf("nobody is %s of %s", name, tenant)
	}
	return h.kinds[i]
}

// do sends one request, as a browser on our own pages would.
func (h *house) do(k kind, method, path string, form url.Values) *httptest.ResponseRecorder {
	var r *http.Request
	if method == http.MethodGet {
		r = httptest.NewRequest(method, path, http.NoBody)
	} else {
		r = httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	r.Host = "127.0.0.1:8080"
	for _, c := range k.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	h.site.table.ServeHTTP(w, r)
	return w
}

// thing is something a route's address can name.
type thing struct {
	id, slug      string
	scope         network.Scope
	scoped        bool // scope says who may see it
	absent, other bool // absent: there is none; other: it is another tenant's than the address says
}

// things gives examples of what a segment of an address names: some of each visibility in each tenant.
func (h *house) things(segment string) (out []thing) {
	table := map[string]string{
		"topics": "topic", "meetings": "meeting", "decisions": "decision", "bodies": "body", "posts": "post", "involvement": "body", "needs": "need", "surveys": "need_survey", "procedures": "procedure", "learning": "learning_activity",
	}[segment]
	if table == "" {
		return nil
	}
	each := 1
	if h.long {
		each = 3
	}
	h.read(func(tx *storage.Tx) error {
		body := "COALESCE(body, '')"
		where := ""
		switch table {
		case "learning_activity":
			where = " AND state <> 'draft'" // a draft is for those who arrange it
		case "body":
			body = "id"
		case "meeting":
			where = " AND state <> 'draft'" // a draft is for those who run the body, whatever its visibility will be
		}
		for _, root := range h.site.commons.Networks.Tree().Roots() {
			for _, v := range []network.Visibility{network.Public, network.NetworkOnly, network.BodyOnly} {
				rows, err := tx.Query(h.t.Context(), `SELECT id, network, `+body+` FROM `+table+` WHERE root = $1 AND visibility = $2`+where+` ORDER BY id DESC LIMIT $3`, root.ID, v, each)
				if err != nil {
					return err
				}
				for rows.Next() {
					x := thing{slug: root.Slug, scope: network.Scope{Visibility: v}, scoped: true}
					if err := rows.Scan(&x.id, &x.scope.Network, &x.scope.Body); err != nil {
						return err
					}
					out = append(out, x)
				}
				if err := rows.Close(); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return out
}

func (h *house) read(f func(*storage.Tx) error) {
	h.t.Helper()
	if err := h.node.db.Read(h.t.Context(), f); err != nil {
		h.t.Fatal(err)
	}
}

// sees is who may see what, said a second time in the plainest way: from the rows of today, one question each.
func (h *house) sees(k kind, s network.Scope) (yes bool) {
	now := storage.Micros(h.node.db.Now())
	ask := func(tx *storage.Tx, query string, args ...any) bool {
		var n int
		if err := tx.QueryRow(h.t.Context(), query, args...).Scan(&n); err != nil {
			h.t.Fatal(err)
		}
		return n > 0
	}
	const sits = `SELECT count(*) FROM holding h JOIN seat s ON s.id = h.seat JOIN body b ON b.id = s.body
		WHERE h.person = $1 AND h.starts <= $2 AND (h.ends = 0 OR h.ends > $2) AND s.closed = 0 AND b.closed = 0 AND `
	h.read(func(tx *storage.Tx) error {
		leads := func(n network.ID) bool {
			for {
				if ask(tx, sits+`b.kind = 'secretariat' AND b.network = $3`, k.person, now, n) {
					return true
				}
				staffed := ask(tx, `SELECT count(*) FROM holding h JOIN seat s ON s.id = h.seat JOIN body b ON b.id = s.body
					WHERE b.kind = 'secretariat' AND b.network = $1 AND h.starts <= $2 AND (h.ends = 0 OR h.ends > $2) AND s.closed = 0 AND b.closed = 0`, n, now)
				at, ok := h.site.commons.Networks.Tree().Network(n)
				if staffed || !ok || at.Parent == "" {
					return false
				}
				n = at.Parent
			}
		}
		switch s.Visibility {
		case network.Public:
			yes = true
		case network.NetworkOnly:
			for _, n := range h.site.commons.Networks.Tree().Down(s.Network) {
				yes = yes || ask(tx, `SELECT count(*) FROM membership WHERE person = $1 AND network = $2`, k.person, n.ID) ||
					ask(tx, sits+`b.network = $3`, k.person, now, n.ID) || leads(n.ID)
			}
		case network.BodyOnly:
			yes = ask(tx, sits+`b.id = $3`, k.person, now, s.Body) || leads(s.Network)
		}
		return nil
	})
	return yes
}

var param = regexp.MustCompile(`\{[^}]*\}`)

// addresses fills the parameters of a route's pattern: each thing that its first noun can be, and one that is not there.
func (h *house) addresses(pattern string) map[string]thing {
	pattern = strings.ReplaceAll(pattern, "{$}", "")
	out := map[string]thing{}
	parts := strings.Split(pattern, "/")
	first := slices.IndexFunc(parts, func(s string) bool { return strings.HasPrefix(s, "{") && s != "{network}" })
	fill := func(slug, id string, x thing) {
		path := strings.ReplaceAll(pattern, "{network}", slug)
		if first >= 0 {
			path = strings.Replace(path, parts[first], id, 1)
		}
		out[param.ReplaceAllString(path, "absent")] = x
	}
	for _, n := range h.site.commons.Networks.Tree().Roots() {
		if first >= 0 {
			fill(n.Slug, "absent", thing{slug: n.Slug, absent: true})
			for _, x := range h.things(parts[first-1]) {
				if x.other = x.slug != n.Slug; x.other && !h.long && x.scope.Visibility != network.Public {
					continue
				}
				x.slug = n.Slug
				fill(n.Slug, x.id, x)
			}
			continue
		}
		fill(n.Slug, "", thing{slug: n.Slug})
	}
	return out
}

// canary is in the title and text of what only some may see.
const canary = "Kanariefågel"

// plant raises topics and writes posts that hold the canary, seen by one body or one network only.
func (h *house) plant() (planted map[string]network.Scope) {
	h.t.Helper()
	ctx, planted := h.t.Context(), map[string]network.Scope{}
	for _, k := range h.kinds {
		if k.name != "coordinator" {
			continue
		}
		root, _ := h.site.commons.Networks.Tree().Root(k.tenant)
		who := network.Actor{Person: k.person}
		var body network.Body
		h.read(func(tx *storage.Tx) (err error) {
			var id network.BodyID
			if err := tx.QueryRow(ctx, `SELECT id FROM body WHERE network = $1 AND kind = 'secretariat' AND closed = 0 LIMIT 1`, root.ID).Scan(&id); err != nil {
				return err
			}
			body, err = h.site.commons.Networks.Body(ctx, tx, id)
			return err
		})
		for _, v := range []network.Visibility{network.NetworkOnly, network.BodyOnly} {
			name := fmt.Sprintf("%s %s %s", canary, k.tenant, v)
			scope := network.Scope{Network: root.ID, Body: body.ID, Visibility: v}
			if _, err := h.site.commons.Forum.Raise(ctx, who, forum.Raising{Network: root.ID, Body: body.ID, Title: name, Text: name + " sjunger", Visibility: v}); err != nil {
				h.t.Fatal(err)
			}
			planted[name] = scope
		}
	}
	return planted
}

// Every page, in every language, as every kind of person, from the one table of routes: the right status, nothing untranslated,
// nothing that is somebody else's.
func TestEveryRouteAsEveryKindOfPerson(t *testing.T) {
	if testing.Short() {
		t.Skip("builds two living networks")
	}
	// By default each page is asked for in one language by each kind of person, in turn, and by a quarter of those from another network, to
	// whom it is all one; SAMVERK_LONG=1 asks in all, as all, for more things.
	long := os.Getenv("SAMVERK_LONG") == "1"
	was := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	defer slog.SetDefault(was)
	h := newHouse(t)
	planted := h.plant()
	h.long = long
	requests := 0
	for _, r := range h.site.table.Routes() {
		if r.Who == route.LocalOperator || strings.Contains(r.Pattern, "/static/") {
			continue // they have tests of their own
		}
		for path, x := range h.addresses(r.Pattern) {
			for i, k := range h.kinds {
				if stranger := k.tenant != "" && k.tenant != x.slug && strings.Contains(r.Pattern, "{network}"); stranger && !long && i%4 != requests%4 {
					continue
				}
				requests += h.walk(r, path, x, k, planted)
			}
		}
	}
	t.Logf("%d routes, %d requests", len(h.site.table.Routes()), requests)
	h.long = false
	for _, r := range h.site.table.Routes() {
		h.unwidened(r)
	}
}

// unwidened makes sure that the walk would see it if the table let in more than the rooms do. Of the desk nobody tells but asks: here,
// where nobody is signed in, it is the operator who asks.
func (h *house) unwidened(r route.Route) {
	if r.Who == route.Anyone || r.Who == route.LocalOperator || r.Who == route.Asker || r.Who == route.Peer || r.Method != http.MethodGet || slices.Contains(asks, r.Pattern) || strings.Contains(strings.ReplaceAll(r.Pattern, "{network}", ""), "{") {
		return
	}
	seen := 0
	h.wrong = func(string, ...any) { seen++ }
	defer func() { h.wrong = h.t.Errorf }()
	was := r.Who
	r.Who = route.Anyone
	for path, x := range h.addresses(r.Pattern) {
		h.walk(r, path, x, h.kinds[0], nil)
	}
	if seen == 0 {
		h.t.Errorf("%s is for %s, and nobody would see it if it were for anyone", r, was)
	}
}

// may tells what the table says of a kind of person at a tenant's address: they may, they may not, or it depends on the noun.
func (h *house) may(r route.Route, k kind, slug string) (yes, no bool) {
	root, _ := h.site.commons.Networks.Tree().Root(slug)
	belongs := h.sees(k, network.Scope{Network: root.ID, Visibility: network.NetworkOnly})
	switch r.Who {
	case route.Anyone:
		yes = true
	case route.Patient:
		yes = k.about != ""
	case route.Steward:
		yes = k.steward
	case route.SignedIn, route.Owner:
		yes = k.person != ""
	case route.Member:
		yes = belongs
	case route.Coordinator:
		for _, n := range h.site.commons.Networks.Tree().Down(root.ID) { // of a network below, for what is done there
			yes = yes || h.sees(k, network.Scope{Network: n.ID, Visibility: network.BodyOnly})
		}
	case route.Seated, route.Chair:
		return false, !belongs
	}
	return yes, !yes
}

// permitted holds an answer against the table. A page that names no noun is given to those who may have it, and to nobody else; and nobody changes
// anything who may not.
func (h *house) permitted(r route.Route, path string, x thing, k kind, w *httptest.ResponseRecorder) {
	yes, no := h.may(r, k, x.slug)
	led := w.Code == http.StatusSeeOther && !strings.HasSuffix(w.Header().Get("Location"), "sign-in") && !strings.Contains(w.Header().Get("Location"), "sign-in?")
	switch given := w.Code == http.StatusOK || led; {
	case no && given:
		h.wrong("%s %s (%s) as %s of %s: %d, and they may not", r.Method, path, r.Who, k.name, k.tenant, w.Code)
	case yes && !given && r.Method == http.MethodGet && !param.MatchString(strings.ReplaceAll(strings.ReplaceAll(r.Pattern, "{network}", ""), "{$}", "")) && !secret(r.Pattern) && !slices.Contains(asks, r.Pattern):
		h.wrong("%s %s (%s) as %s of %s: %d, and they may", r.Method, path, r.Who, k.name, k.tenant, w.Code)
	}
}

func (h *house) walk(r route.Route, path string, x thing, k kind, planted map[string]network.Scope) (requests int) {
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	if r.Who == route.Asker {
		return h.asks(r, method, path, k)
	}
	if r.Who == route.Peer { // a person is none
		h.want(r, path, k, h.do(k, method, path, url.Values{}), http.StatusNotFound, http.StatusForbidden, http.StatusBadRequest)
		return 1
	}
	signs := r.Who != route.Anyone
	hidden := x.absent || x.other || x.scoped && !h.sees(k, x.scope)
	if method != http.MethodGet {
		if slices.Contains(endings, r.Pattern) {
			return 0
		}
		w := h.do(k, method, path, url.Values{})
		h.permitted(r, path, x, k, w)
		switch {
		case r.Who == route.Patient && k.about == "", signs && k.person == "" && r.Who != route.Patient:
			h.want(r, path, k, w, http.StatusUnauthorized)
		case x.absent && !x.scoped && (w.Code == http.StatusBadRequest || w.Code == http.StatusForbidden): // what was sent, and who asks, is looked at first
		case hidden && !secret(r.Pattern):
			h.want(r, path, k, w, http.StatusNotFound)
		case w.Code >= 500:
			h.t.Errorf("%s %s as %s of %s: %d\n%s", method, path, k.name, k.tenant, w.Code, webtest.Visible(w.Body.String()))
		}
		return 1
	}
	codes := lang.Codes
	if !h.long {
		h.turn++
		codes = codes[h.turn%len(codes):][:1]
	}
	for _, code := range codes {
		w := h.do(k, method, path+"?lang="+code, nil)
		requests++
		h.permitted(r, path, x, k, w)
		switch {
		case r.Who == route.Patient && k.about == "", signs && k.person == "" && r.Who != route.Patient:
			h.want(r, path, k, w, http.StatusSeeOther)
			continue
		case secret(r.Pattern):
			h.want(r, path, k, w, http.StatusSeeOther, http.StatusForbidden, http.StatusNotFound)
		case hidden:
			h.want(r, path, k, w, http.StatusNotFound)
		case r.Who == route.Anyone && x.scoped && !strings.Contains(path, "absent"):
			h.want(r, path, k, w, http.StatusOK, http.StatusSeeOther)
		default: // one sees it and may not do that with it, or not as it stands
			h.want(r, path, k, w, http.StatusOK, http.StatusSeeOther, http.StatusForbidden, http.StatusNotFound, http.StatusConflict)
		}
		h.readable(path, code, k, w)
		for name, scope := range planted {
			if strings.Contains(w.Body.String(), name) && !h.sees(k, scope) {
				h.t.Errorf("%s as %s of %s holds %q", path, k.name, k.tenant, name)
			}
		}
	}
	return requests
}

// asks sends a request to a route of the desk. Who is signed in without an assignment is told nothing there; nobody signed in is the operator.
func (h *house) asks(r route.Route, method, path string, k kind) (requests int) {
	assignments := 0
	h.read(func(tx *storage.Tx) error {
		return tx.QueryRow(h.t.Context(), `SELECT count(*) FROM policy_assignment WHERE person = $1`, k.person).Scan(&assignments)
	})
	may := []int{http.StatusForbidden, http.StatusNotFound, http.StatusBadRequest, http.StatusOK}
	asker := k.person == "" || assignments > 0
	if asker || method == http.MethodPost && r.Pattern == "/ask" { // a form is led on to its question's address, which judges
		may = append(may, http.StatusSeeOther)
	}
	codes := lang.Codes
	if !h.long {
		h.turn++
		codes = codes[h.turn%len(codes):][:1]
	}
	for _, code := range codes {
		w := h.do(k, method, path+"?lang="+code, url.Values{})
		h.want(r, path, k, w, may...)
		h.readable(path, code, k, w)
		if !asker && w.Code == http.StatusOK && (strings.Contains(w.Body.String(), `name="purpose"`) || strings.HasPrefix(path, "/api/") || path == "/datasets") {
			h.t.Errorf("%s %s as %s of %s: there is more than who gives assignments", method, path, k.name, k.tenant)
		}
	}
	return len(codes)
}

// secret tells of addresses that hold a secret or lead away: whatever it is, they answer alike, and lead on.
func secret(pattern string) bool {
	return slices.ContainsFunc([]string{"/sign-in/", "/setup/{", "/recover/{", "/invitation/{"}, func(s string) bool { return strings.HasPrefix(pattern, s) })
}

// asks are pages for which one needs more than to be somebody: a secret in a cookie, to be the node's operator, or to coordinate the whole tenant; or
// that the node hears a network's own node, which this one doesn't.
var asks = []string{"/nation", "/setup", "/recover/new", "/invitation", "/n/{network}/feedback", "/n/{network}/forms/new"}

// endings are what ends the session that the walk is on.
var endings = []string{"/sign-out", "/sign-in/as", "/my/sign-out", "/my/sign-in/as", "/account/erase", "/me/erase", "/account/sessions/{id}/end"}

func (h *house) want(r route.Route, path string, k kind, w *httptest.ResponseRecorder, statuses ...int) {
	if !slices.Contains(statuses, w.Code) {
		h.wrong("%s %s (%s) as %s of %s: %d, want one of %v", r.Method, path, r.Who, k.name, k.tenant, w.Code, statuses)
	}
}

// readable looks for what no reader should see, and that the page is in the language asked for.
func (h *house) readable(path, code string, k kind, w *httptest.ResponseRecorder) {
	if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") || w.Code == http.StatusSeeOther {
		return
	}
	body := w.Body.String()
	if !strings.Contains(body, `<html lang="`+code+`"`) {
		h.t.Errorf("%s in %s as %s: another language", path, code, k.name)
	}
	if left := webtest.Leftovers(webtest.Visible(body)); len(left) > 0 {
		h.t.Errorf("%s in %s as %s: %q", path, code, k.name, left)
	}
	if wrong := webtest.Misnamed(body); len(wrong) > 0 {
		h.t.Errorf("%s in %s as %s: %q", path, code, k.name, wrong)
	}
	if !strings.Contains(body, "</html>") {
		h.t.Errorf("%s in %s as %s: half a page", path, code, k.name)
	}
}
