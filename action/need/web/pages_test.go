package web_test

import (
	"context"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/action/need"
	needweb "github.com/samverk/samverk/action/need/web"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
	"github.com/samverk/samverk/web/webtest"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

// house is a network with people of whom one knows much about a gene.
type house struct {
	t     *testing.T
	table *route.Table
	as    map[string]network.PersonID
	now   time.Time
}

func newHouse(t *testing.T) *house {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	h := &house{t: t, as: map[string]network.PersonID{}, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	db, err := storage.Open(ctx, testkit.SQLite(t), storage.Options{Now: func() time.Time { return h.now }, Migrations: []fs.FS{network.Migrations, notice.Migrations, forum.Migrations, need.Migrations}})
	must(err)
	t.Cleanup(func() { _ = db.Close() })
	n, err := network.Open(ctx, db)
	must(err)
	told, err := notice.Open(ctx, db, notice.Options{URL: "http://localhost"})
	must(err)
	f, err := forum.Open(ctx, db, n, told, forum.Options{Files: t.TempDir()})
	must(err)
	h.as["coordinator"], err = n.AddOperator(ctx, "Karin Ek", "sv")
	must(err)
	who := network.Actor{Person: h.as["coordinator"]}
	root, err := n.Setup(ctx, who, network.SetUp{Template: "se"})
	must(err)
	for as, name := range map[string]string{"seeker": "Sara Ström", "helper": "Hugo Hjälpare", "third": "Tove Tredje", "p4": "Per Fyra", "p5": "Pia Fem"} {
		h.as[as], err = n.AddPerson(ctx, who, network.NewPerson{Name: name, Network: root})
		must(err)
	}
	must(n.SaveProfile(ctx, network.Actor{Person: h.as["helper"]}, []network.ProfilePart{{Part: network.Genes, Value: "BRCA1", Lang: "sv", Visibility: network.NetworkOnly}}))
	site, err := web.New(web.Options{})
	must(err)
	h.table = route.NewTable(route.Options{SignedIn: web.SignedIn, SignIn: site.SignIn, Wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if p := h.as[r.Header.Get("X-As")]; p != "" {
				r = web.WithViewer(r, web.Viewer{Person: string(p), Name: "reader"})
			}
			next.ServeHTTP(w, r)
		})
	}})
	site.Register(h.table)
	_, err = needweb.Register(h.table, site, n, need.Open(db, n, f, told))
	must(err)
	return h
}

func (h *house) do(as, method, path string, form ...string) (int, string, string) {
	h.t.Helper()
	v := url.Values{}
	for i := 0; i < len(form); i += 2 {
		v.Set(form[i], form[i+1])
	}
	r := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(v.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	r.Header.Set("X-As", as)
	w := httptest.NewRecorder()
	h.table.ServeHTTP(w, r)
	return w.Code, w.Body.String(), w.Header().Get("Location")
}

// made posts a form that must be taken, and gives where it led.
func (h *house) made(as, path string, form ...string) string {
	h.t.Helper()
	status, body, to := h.do(as, "POST", path, form...)
	if status != http.StatusSeeOther {
		h.t.Fatalf("%s %v: %d %s", path, form, status, webtest.Visible(body))
	}
	return to
}

// reads asks for a page in each language.
func (h *house) reads(as, path string, holds ...string) {
	h.t.Helper()
	for _, code := range lang.Codes {
		status, body, _ := h.do(as, "GET", path+"?lang="+code)
		if left := webtest.Leftovers(webtest.Visible(body)); status != http.StatusOK || len(left) > 0 {
			h.t.Errorf("%s as %s in %s: %d, %v", path, as, code, status, left)
		}
		for _, x := range holds {
			if !strings.Contains(body, x) {
				h.t.Errorf("%s as %s in %s holds no %q", path, as, code, x)
			}
		}
	}
}

func (h *house) need() string {
	return h.made("seeker", "/n/se/needs/new", "kind", "partner", "title", "Patientpartner till en studie", "text", "Två möten.", "words", "BRCA1\nkommunikation", "until", "2026-04-30", "visibility", "network", "lang", "sv")
}

func TestANeedIsMetWhenBothSayYes(t *testing.T) {
	h := newHouse(t)
	h.reads("seeker", "/n/se/needs/new")
	if status, body, _ := h.do("seeker", "POST", "/n/se/needs/new", "kind", "partner", "text", "kvar", "until", "2026-04-30", "visibility", "network", "lang", "sv"); status != http.StatusBadRequest || !strings.Contains(body, "kvar") {
		t.Errorf("without a title: %d, or what was typed is lost", status)
	}
	at := h.need()
	h.reads("seeker", at, "Hugo Hjälpare", "BRCA1")
	h.reads("helper", at)
	h.reads("helper", "/n/se/needs", "Patientpartner till en studie")
	if status, _, _ := h.do("", "GET", at); status == http.StatusOK {
		t.Error("a need of the network's is shown to anybody")
	}
	if status, _, _ := h.do("seeker", "POST", at, "do", "yes", "person", string(h.as["third"]), "address", "ring"); status != http.StatusNotFound {
		t.Errorf("somebody who is no match is asked: %d", status)
	}
	h.made("seeker", at, "do", "yes", "person", string(h.as["helper"]), "address", "070-111 11 11")
	if _, body, _ := h.do("helper", "GET", at); strings.Contains(body, "070-111") {
		t.Error("the address is shown before both have said yes")
	}
	if status, _, _ := h.do("helper", "POST", at, "do", "yes"); status != http.StatusBadRequest {
		t.Errorf("a yes without an address: %d", status)
	}
	h.made("helper", at, "do", "yes", "address", "hugo@example.org")
	h.reads("helper", at, "070-111 11 11")
	h.reads("seeker", at, "hugo@example.org")
	if _, body, _ := h.do("third", "GET", at); strings.Contains(body, "070-111") || strings.Contains(body, "hugo@") {
		t.Error("a third sees how to reach them")
	}
	h.made("seeker", at, "do", "met", "version", "1")
	h.reads("seeker", at)
	if status, body, _ := h.do("seeker", "GET", "/n/se/needs?whose=mine&format=csv"); status != http.StatusOK || !strings.Contains(body, "Patientpartner") {
		t.Errorf("as a file: %d %s", status, body)
	}
}

func (h *house) survey() string {
	at := h.made("coordinator", "/n/se/surveys/new", "network", h.root(), "title", "Vad behövs mest?", "propose", "2026-03-10", "rank", "2026-03-20", "visibility", "public", "lang", "sv")
	h.made("third", at, "do", "propose", "title", "Kortare väntan")
	h.made("third", at, "do", "propose", "title", "Fler tolkar")
	return at
}

// root is the network's id, as the form of a survey names it.
func (h *house) root() string {
	_, body, _ := h.do("coordinator", "GET", "/n/se/surveys/new")
	_, rest, _ := strings.Cut(body, `<option value="`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

func TestASurveyInTheBrowser(t *testing.T) {
	h := newHouse(t)
	h.reads("coordinator", "/n/se/surveys/new")
	if status, _, _ := h.do("third", "GET", "/n/se/surveys/new"); status != http.StatusForbidden {
		t.Errorf("the form for a member: %d", status)
	}
	at := h.survey()
	h.reads("third", at, "Kortare väntan")
	h.reads("", at, "Fler tolkar")
	h.now = h.now.AddDate(0, 0, 10)
	h.reads("third", at)
	_, body, _ := h.do("third", "GET", at)
	_, rest, _ := strings.Cut(body, `Kortare väntan</h3>`)
	_, rest, _ = strings.Cut(rest, `name="place-1"`)
	var ids []string
	for _, part := range strings.Split(rest, `<option value="`)[2:4] {
		id, _, _ := strings.Cut(part, `"`)
		ids = append(ids, id)
	}
	for _, as := range []string{"coordinator", "seeker", "helper", "third", "p4", "p5"} {
		h.made(as, at, "do", "rank", "place-1", ids[0], "place-2", ids[1], "sector", "patient", "region", "")
	}
	if status, _, _ := h.do("third", "POST", at, "do", "rank", "place-1", ids[0], "place-2", ids[0], "sector", "patient"); status != http.StatusBadRequest {
		t.Errorf("ranked twice: %d", status)
	}
	h.now = h.now.AddDate(0, 0, 30)
	h.reads("", at, "Kortare väntan", "<svg")
	if status, body, _ := h.do("", "GET", at+"?format=csv"); status != http.StatusOK || !strings.Contains(body, "Kortare väntan,,en,12,6,6") {
		t.Errorf("as a file: %d %s", status, body)
	}
}

func TestPagesInABrowser(t *testing.T) {
	browser := webtest.Open(t)
	h := newHouse(t)
	pages := map[string]string{"needs": "/n/se/needs", "need": h.need(), "need-new": "/n/se/needs/new", "survey-new": "/n/se/surveys/new", "survey": h.survey()}
	h.now = h.now.AddDate(0, 0, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("X-As", "seeker")
		if strings.Contains(r.URL.Path, "surveys/new") {
			r.Header.Set("X-As", "coordinator")
		}
		h.table.ServeHTTP(w, r)
	}))
	defer s.Close()
	for name, path := range pages {
		browser.Go(t, s.URL+path)
		browser.Judge(t, name)
	}
}
