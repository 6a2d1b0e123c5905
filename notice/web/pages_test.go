package web_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	noticeweb "github.com/samverk/samverk/notice/web"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

var ctx = context.Background()

const canary = "canarymustnotshow"

// house is two tenants with mail to people of both.
type house struct {
	t     testing.TB
	table *route.Table
	db    *storage.DB
	told  *notice.Notices
	as    map[string]network.PersonID
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

func newHouse(t testing.TB, dsn, server string) *house {
	t.Helper()
	clock := new(testkit.Clock)
	db := must(storage.Open(ctx, dsn, storage.Options{Migrations: []fs.FS{network.Migrations, notice.Migrations}, Now: clock.Now}))(t)
	t.Cleanup(func() { _ = db.Close() })
	n := must(network.Open(ctx, db))(t)
	told := must(notice.Open(ctx, db, notice.Options{URL: "http://localhost", Server: server, From: "samverk@example.org"}))(t)
	n.Through(told)
	h := &house{t: t, db: db, told: told, as: map[string]network.PersonID{}}
	site := must(web.New(web.Options{}))(t)
	h.table = route.NewTable(route.Options{SignedIn: web.SignedIn, SignIn: site.SignIn, Wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if p := h.as[r.Header.Get("X-As")]; p != "" {
				r = web.WithViewer(r, web.Viewer{Person: string(p), Name: "reader"})
			}
			next.ServeHTTP(w, r)
		})
	}})
	site.Register(h.table)
	if err := noticeweb.Register(h.table, site, told, n); err != nil {
		t.Fatal(err)
	}
	for as, name := range map[string]string{"coordinator": "Karin Ek", "stranger": "Ola Nordmann"} {
		h.as[as] = must(n.AddOperator(ctx, name, "sv"))(t)
	}
	coordinator, stranger := network.Actor{Person: h.as["coordinator"]}, network.Actor{Person: h.as["stranger"]}
	se := must(n.Setup(ctx, coordinator, network.SetUp{Template: "se"}))(t)
	no := must(n.Setup(ctx, stranger, network.SetUp{Template: "no"}))(t)
	h.as["member"] = must(n.AddPerson(ctx, coordinator, network.NewPerson{Name: "Nils Ahl", Network: se}))(t)
	h.as["norwegian"] = must(n.AddPerson(ctx, stranger, network.NewPerson{Name: canary + " person", Network: no}))(t)
	return h
}

// mail puts one to somebody in the outbox, and gives its id.
func (h *house) mail(as, address string, what notice.Notice) (id string) {
	h.t.Helper()
	h.write(func(tx *storage.Tx) error {
		what.Key, what.Args, what.Urgent = "notice.account.invitation", []string{canary + " title"}, true
		if err := h.told.TellAddress(ctx, tx, notice.Recipient{Person: string(h.as[as]), Mail: address, Lang: "sv"}, what); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `SELECT id FROM notice_mail ORDER BY id DESC LIMIT 1`).Scan(&id)
	})
	return id
}

// bounce is what the outbox writes when a server refuses.
func (h *house) bounce(id, said string) {
	h.t.Helper()
	h.write(func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE notice_mail SET state = 'bounced', done = $2, attempts = 1, said = $3 WHERE id = $1`, id, h.db.Now(), said)
		return err
	})
}

func (h *house) write(do func(*storage.Tx) error) {
	h.t.Helper()
	if err := h.db.Write(ctx, do); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) ask(method, path, as string) (int, http.Header, string) {
	r := httptest.NewRequest(method, "http://localhost"+path, http.NoBody)
	r.Header.Set("X-As", as)
	w := httptest.NewRecorder()
	h.table.ServeHTTP(w, r)
	return w.Code, w.Header(), w.Body.String()
}

var unwritten = regexp.MustCompile(`\[[a-z]+(\.[a-z0-9-]+)+\]|%!|&lt;nil&gt;|ZgotmplZ`)

func TestMails(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		h := newHouse(t, dsn, "")
		refused := h.mail("member", "nils@example.org", notice.Notice{})
		h.bounce(refused, "550 5.1.1 nobody of that name")
		lost := h.mail("member", "lost@example.org", notice.Notice{})
		h.bounce(lost, "552 full")
		h.write(func(tx *storage.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE notice_mail SET body = '' WHERE id = $1`, lost)
			return err
		})
		h.mail("member", "later@example.org", notice.Notice{})
		theirs := h.mail("norwegian", canary+"@example.org", notice.Notice{})
		h.bounce(theirs, canary+" words")
		for _, lang := range []string{"sv", "nb", "en"} {
			for _, state := range []string{"", "bounced", "failed", "waiting", "sent", "odd"} {
				status, _, body := h.ask("GET", "/n/se/mail?lang="+lang+"&state="+state, "coordinator")
				if m := unwritten.FindString(body); status != http.StatusOK || m != "" || strings.Contains(body, canary) {
					t.Errorf("%s in %s: %d, %q, or what must not show", state, lang, status, m)
				}
			}
		}
		_, _, body := h.ask("GET", "/n/se/mail?lang=en", "coordinator")
		for _, want := range []string{"Nils Ahl", "nils@example.org", "550 5.1.1 nobody of that name", "No mail server is configured", "/n/se/mail/" + refused + "/retry", "held a secret link"} {
			if !strings.Contains(body, want) {
				t.Errorf("the page doesn't say %q", want)
			}
		}
		for _, want := range []string{"Came back (2)", "Waiting (1)", "Given up (0)"} {
			if !strings.Contains(body, want) {
				t.Errorf("the page doesn't count %q: %s", want, body)
			}
		}
		if strings.Contains(body, lost+"/retry") || strings.Contains(body, "later@example.org") {
			t.Error("the page offers to send what is gone, or lists what waits as what came back")
		}

		// Whoever else asks.
		for as, want := range map[string]int{"": http.StatusSeeOther, "member": http.StatusForbidden, "stranger": http.StatusNotFound, "norwegian": http.StatusNotFound} {
			if status, _, body := h.ask("GET", "/n/se/mail", as); status != want || strings.Contains(body, "example.org") {
				t.Errorf("the page as %q: %d, want %d, or it tells an address", as, status, want)
			}
		}

		// Sending again.
		for _, c := range []struct {
			id, as string
			want   int
		}{{theirs, "coordinator", 404}, {"01NOTHERE", "coordinator", 404}, {refused, "stranger", 404}, {refused, "member", 403}, {lost, "coordinator", 409}, {refused, "coordinator", 303}, {refused, "coordinator", 409}} {
			if status, _, _ := h.ask("POST", "/n/se/mail/"+c.id+"/retry", c.as); status != c.want {
				t.Errorf("sending %s again as %s: %d, want %d", c.id, c.as, status, c.want)
			}
		}
		if _, _, body := h.ask("GET", "/n/se/mail?state=waiting&again", "coordinator"); !strings.Contains(body, "nils@example.org") {
			t.Error("what is sent again doesn't wait")
		}
	})
}

func TestFiles(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t), "smtp://localhost:2525")
	h.bounce(h.mail("member", "nils@example.org", notice.Notice{}), "=550 no")
	h.bounce(h.mail("norwegian", canary+"@example.org", notice.Notice{}), "550 no")
	status, head, body := h.ask("GET", "/n/se/mail?format=csv", "coordinator")
	if status != 200 || !strings.HasPrefix(head.Get("Content-Type"), "text/csv") || strings.Contains(body, canary) || !strings.Contains(body, "nils@example.org") || !strings.Contains(body, "'=550") {
		t.Errorf("CSV: %d %s", status, body)
	}
	var rows []map[string]any
	_, _, body = h.ask("GET", "/n/se/mail?format=json&state=bounced", "coordinator")
	if err := json.Unmarshal([]byte(body), &rows); err != nil || len(rows) != 1 || rows[0]["name"] != "Nils Ahl" || strings.Contains(body, canary) {
		t.Errorf("JSON: %v %s", err, body)
	}
	for as, want := range map[string]int{"": 303, "member": 403, "stranger": 404} {
		if status, _, _ := h.ask("GET", "/n/se/mail?format=json", as); status != want {
			t.Errorf("JSON as %q: %d", as, status)
		}
	}
	if status, _, _ := h.ask("GET", "/n/se/mail?format=xml", "coordinator"); status != 400 {
		t.Errorf("XML: %d", status)
	}
	if _, _, body := h.ask("GET", "/n/se/mail?lang=en", "coordinator"); !strings.Contains(body, "localhost:2525") {
		t.Error("the page doesn't name the server")
	}
}

// A list longer than a page goes on after it.
func TestPaging(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t), "")
	for range 60 {
		h.mail("member", "nils@example.org", notice.Notice{})
		h.mail("norwegian", canary+"@example.org", notice.Notice{})
	}
	_, _, body := h.ask("GET", "/n/se/mail?state=waiting", "coordinator")
	next := regexp.MustCompile(`href="(/n/se/mail[^"]*after=[^"]*)" rel="next"`).FindStringSubmatch(body)
	if strings.Count(body, "nils@example.org") != 50 || next == nil {
		t.Fatalf("%d of 60 on the first page, and a next one: %v", strings.Count(body, "nils@example.org"), next != nil)
	}
	_, _, body = h.ask("GET", strings.ReplaceAll(next[1], "&amp;", "&"), "coordinator")
	if strings.Count(body, "nils@example.org") != 10 || strings.Contains(body, canary) {
		t.Errorf("%d of 10 on the second page", strings.Count(body, "nils@example.org"))
	}
}

// One's own list: every notice with how it was told, in three languages and as files; nobody else's.
func TestTold(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		h := newHouse(t, dsn, "smtp://localhost:2525")
		tell := func(as, title string) {
			h.write(func(tx *storage.Tx) error {
				return h.told.Tell(ctx, tx, string(h.as[as]), notice.Notice{Key: "notice.post.new", Args: []string{title}, Link: "/n/se/posts/1"})
			})
		}
		for _, lang := range []string{"sv", "nb", "en"} {
			for _, path := range []string{"/notices?lang=", "/notices?show=unread&lang="} {
				if status, _, body := h.ask("GET", path+lang, "member"); status != 200 || unwritten.MatchString(body) || !strings.Contains(body, "smv-empty") {
					t.Errorf("empty, in %s: %d %s", lang, status, unwritten.FindString(body))
				}
			}
		}
		tell("member", "Only here")
		h.write(func(tx *storage.Tx) error {
			return h.told.SetRecipient(ctx, tx, notice.Recipient{Person: string(h.as["member"]), Mail: "nils@example.org", Lang: "sv", Frequency: notice.Immediate, Zone: "Europe/Oslo"})
		})
		for i := range 60 {
			tell("member", fmt.Sprintf("Number %d.", i))
		}
		tell("coordinator", canary)
		for _, lang := range []string{"sv", "nb", "en"} {
			if status, _, body := h.ask("GET", "/notices?lang="+lang, "member"); status != 200 || unwritten.MatchString(body) || strings.Contains(body, canary) {
				t.Errorf("in %s: %d %s", lang, status, unwritten.FindString(body))
			}
		}
		_, _, body := h.ask("GET", "/notices?lang=en", "member")
		next := regexp.MustCompile(`href="(/notices[^"]*after=[^"]*)" rel="next"`).FindStringSubmatch(body)
		if strings.Count(body, "Number ") != 50 || !strings.Contains(body, "in a mail") || next == nil {
			t.Fatalf("%d on the first page, and a next one: %v", strings.Count(body, "Number "), next != nil)
		}
		if _, _, body = h.ask("GET", strings.ReplaceAll(next[1], "&amp;", "&"), "member"); !strings.Contains(body, "Only here") || !strings.Contains(body, "only here") || !strings.Contains(body, ">New<") {
			t.Error(body)
		}
		if status, _, _ := h.ask("GET", "/notices", ""); status != http.StatusSeeOther {
			t.Errorf("nobody: %d", status)
		}
		var rows []map[string]any
		_, _, body = h.ask("GET", "/notices?format=json", "member")
		if err := json.Unmarshal([]byte(body), &rows); err != nil || len(rows) != 61 || rows[60]["mail"] != "none" || rows[0]["mail"] != "due" {
			t.Errorf("JSON: %v, %d", err, len(rows))
		}
		if status, _, body := h.ask("GET", "/notices?format=csv&show=unread", "member"); status != 200 || strings.Count(body, "\n") != 62 {
			t.Errorf("CSV: %d %d", status, strings.Count(body, "\n"))
		}
		if status, _, _ := h.form("/notices", "member", "all=yes"); status != http.StatusSeeOther {
			t.Errorf("reading: %d", status)
		}
		if _, _, body = h.ask("GET", "/notices?show=unread&lang=en", "member"); !strings.Contains(body, "You have read everything") {
			t.Error(body)
		}
		if _, _, body = h.ask("GET", "/notices?show=unread&lang=en", "coordinator"); !strings.Contains(body, canary) {
			t.Error("somebody else's were read")
		}
	})
}

func (h *house) form(path, as, body string) (int, http.Header, string) {
	r := httptest.NewRequest("POST", "http://localhost"+path, strings.NewReader(body))
	r.Header.Set("X-As", as)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.table.ServeHTTP(w, r)
	return w.Code, w.Header(), w.Body.String()
}
