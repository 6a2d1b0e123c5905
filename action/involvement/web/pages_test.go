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

	"github.com/samverk/samverk/action/involvement"
	involvementweb "github.com/samverk/samverk/action/involvement/web"
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

// house is a network as a country begins with, with somebody who leads it and somebody who has no seat.
type house struct {
	t     *testing.T
	table *route.Table
	as    map[string]network.PersonID
	body  network.BodyID // one with seats for patients
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
	db, err := storage.Open(ctx, testkit.SQLite(t), storage.Options{Migrations: []fs.FS{network.Migrations, notice.Migrations, forum.Migrations, involvement.Migrations}})
	must(err)
	t.Cleanup(func() { _ = db.Close() })
	n, err := network.Open(ctx, db)
	must(err)
	told, err := notice.Open(ctx, db, notice.Options{URL: "http://localhost"})
	must(err)
	f, err := forum.Open(ctx, db, n, told, forum.Options{Files: t.TempDir()})
	must(err)
	h := &house{t: t, as: map[string]network.PersonID{}}
	h.as["coordinator"], err = n.AddOperator(ctx, "Karin Ek", "sv")
	must(err)
	who := network.Actor{Person: h.as["coordinator"]}
	root, err := n.Setup(ctx, who, network.SetUp{Template: "se"})
	must(err)
	h.as["patient"], err = n.AddPerson(ctx, who, network.NewPerson{Name: "Nils Ahl", Network: root})
	must(err)
	must(db.Read(ctx, func(tx *storage.Tx) error {
		return tx.QueryRow(ctx, `SELECT MIN(b.id) FROM body b JOIN seat s ON s.body = b.id WHERE s.sector = 'patient' AND b.kind = 'steering' AND b.visibility = 'public'`).Scan(&h.body)
	}))
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
	must(involvementweb.Register(h.table, site, f, n, involvement.Open(db, n), involvementweb.Options{}))
	return h
}

func (h *house) do(as, method, path string, form url.Values) (int, string) {
	h.t.Helper()
	r := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	r.Header.Set("X-As", as)
	w := httptest.NewRecorder()
	h.table.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestInvolvementIsShownAndReported(t *testing.T) {
	h := newHouse(t)
	const all = "/n/se/involvement"
	one := all + "/" + string(h.body)
	for _, code := range lang.Codes {
		for _, path := range []string{all, one, one + "/report"} {
			status, body := h.do("coordinator", "GET", path+"?lang="+code, nil)
			if left := webtest.Leftovers(webtest.Visible(body)); status != http.StatusOK || len(left) > 0 {
				t.Errorf("%s in %s: %d, %v", path, code, status, left)
			}
		}
	}
	if status, body := h.do("", "GET", all+"?format=csv", nil); status != http.StatusOK || strings.Count(body, "\n") < 10 {
		t.Errorf("as a file: %d, %q", status, body)
	}
	for as, want := range map[string]int{"": http.StatusSeeOther, "patient": http.StatusNotFound, "coordinator": http.StatusOK} {
		if status, _ := h.do(as, "GET", one+"/report", nil); status != want {
			t.Errorf("the form for %q: %d, not %d", as, status, want)
		}
	}
	_, page := h.do("coordinator", "GET", one+"/report", nil)
	if !strings.Contains(page, "patientplatser") {
		t.Error("the report isn't begun from the records")
	}
	form := url.Values{"version": {"0"}, "lang": {"sv"}, "do": {"publish"}, "aim": {"Vi ville höra."}, "methods": {"Möten."}, "results": {"Kortare väntan."}, "discussion": {"Tiden."}}
	if status, body := h.do("coordinator", "POST", one+"/report", form); status != http.StatusBadRequest || !strings.Contains(body, "Kortare väntan.") {
		t.Errorf("without a heading: %d, or what was typed is lost", status)
	}
	form.Set("reflection", "Fråga tidigare.")
	form.Set("do", "keep")
	if status, _ := h.do("coordinator", "POST", one+"/report", form); status != http.StatusSeeOther {
		t.Errorf("a draft: %d", status)
	}
	if _, body := h.do("patient", "GET", one, nil); strings.Contains(body, "Fråga tidigare.") {
		t.Error("a draft is shown to others")
	}
	form.Set("do", "publish")
	if status, _ := h.do("coordinator", "POST", one+"/report", form); status != http.StatusConflict {
		t.Errorf("from an older version: %d", status)
	}
	form.Set("version", "1")
	if status, _ := h.do("coordinator", "POST", one+"/report", form); status != http.StatusSeeOther {
		t.Errorf("published: %d", status)
	}
	if _, body := h.do("", "GET", one, nil); !strings.Contains(body, "Fråga tidigare.") {
		t.Error("what was published isn't shown")
	}
}

func TestPagesInABrowser(t *testing.T) {
	browser := webtest.Open(t)
	h := newHouse(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("X-As", "coordinator")
		h.table.ServeHTTP(w, r)
	}))
	defer s.Close()
	for name, path := range map[string]string{"all": "", "body": "/" + string(h.body), "report": "/" + string(h.body) + "/report"} {
		browser.Go(t, s.URL+"/n/se/involvement"+path)
		browser.Judge(t, "involvement-"+name)
	}
}
