package web_test

import (
	"bytes"
	"context"
	"html"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/account/openid"
	accountweb "github.com/samverk/samverk/account/web"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

const good = "blå lampor över sjön"

// house is a site over HTTP, on a new database with one network, that an operator has set up in its pages. People are invented.
type house struct {
	*account.Accounts
	db       *storage.DB
	people   *network.Registry
	url      string
	table    *route.Table
	log      *bytes.Buffer
	operator network.Actor
	root     network.ID

	mu  sync.Mutex
	now time.Time
}

func (h *house) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// syncLog is a buffer for many goroutines.
type syncLog struct {
	mu sync.Mutex
	b  *bytes.Buffer
}

func (s *syncLog) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func open(t testing.TB, o account.Options) *house { t.Helper(); return openOn(t, nil, o) }

// openOn is open where the address must be known before.
func openOn(t testing.TB, l net.Listener, o account.Options) *house {
	t.Helper()
	ctx := context.Background()
	h := &house{now: time.Now().UTC().Truncate(time.Microsecond), log: &bytes.Buffer{}} // a real provider lives in the present
	var err error
	h.db, err = storage.Open(ctx, testkit.SQLite(t), storage.Options{Migrations: []fs.FS{network.Migrations, notice.Migrations, account.Migrations}, Now: h.Now})
	ok(t, err)
	t.Cleanup(func() { _ = h.db.Close() })
	h.people, err = network.Open(ctx, h.db)
	ok(t, err)
	server := httptest.NewUnstartedServer(nil)
	if l != nil {
		ok(t, server.Listener.Close())
		server.Listener = l
	}
	h.url = "http://" + server.Listener.Addr().String()
	notices, err := notice.Open(ctx, h.db, notice.Options{URL: h.url, From: "samverk@example.org", Server: "smtp://127.0.0.1:1", Key: testkit.OutboxKey})
	ok(t, err)
	o.URL, o.Hashing = h.url, account.Hashing{Memory: 64, Passes: 1, Threads: 1, AtOnce: 2}
	h.Accounts, err = account.Open(ctx, h.db, h.people, notices, o)
	ok(t, err)
	t.Cleanup(func() { _ = h.Accounts.Close() })
	site, err := web.New(web.Options{Demo: o.Demo, Log: slog.New(slog.NewTextHandler(&syncLog{b: h.log}, nil))})
	ok(t, err)
	as := accountweb.Options{Programs: map[string]func(http.ResponseWriter, *http.Request, int, error){
		"/api/": func(w http.ResponseWriter, _ *http.Request, status int, _ error) { w.WriteHeader(status) }}}
	if o.Demo {
		as.As = []accountweb.Persona{{Person: "x", Name: "Ivar Iversen", Is: network.Text{SV: "Ordförande", EN: "Chair"}}}
	}
	pages, err := accountweb.New(site, h.Accounts, as)
	ok(t, err)
	h.table = route.NewTable(route.Options{Refused: site.CrossOrigin(), Wrap: pages.Wrap, SignedIn: web.SignedIn, SignIn: site.SignIn})
	site.Register(h.table)
	pages.Register(h.table)
	h.table.Add(route.Route{Method: "GET", Pattern: "/{$}", Who: route.Anyone, Does: "Says who is signed in.", Serve: func(w http.ResponseWriter, r *http.Request) int {
		_, _ = io.WriteString(w, "first page of "+web.ViewerOf(r).Name)
		return 200
	}})
	h.table.Add(route.Route{Method: "GET", Pattern: "/api/who", Who: route.Anyone, Does: "Says who asks.", Serve: func(w http.ResponseWriter, r *http.Request) int {
		_, _ = io.WriteString(w, web.ViewerOf(r).Name)
		for dataset := range openid.Granted(accountweb.Visas(r), "https://samverk.example.org/beacon/v2/datasets/") {
			_, _ = io.WriteString(w, ", granted "+dataset)
		}
		return 200
	}})
	server.Config.Handler = h.table
	server.Start()
	t.Cleanup(server.Close)
	return h
}

// browser follows redirects within the site and keeps cookies.
type browser struct {
	*http.Client
	t    testing.TB
	h    *house
	last *http.Response
}

func (h *house) browser(t testing.TB) *browser {
	jar, err := cookiejar.New(nil)
	ok(t, err)
	return &browser{t: t, h: h, Client: &http.Client{Jar: jar}}
}

func (b *browser) do(r *http.Request, err error) string {
	b.t.Helper()
	ok(b.t, err)
	r.Header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36 Edg/150.0")
	b.last, err = b.Do(r)
	ok(b.t, err)
	body, err := io.ReadAll(b.last.Body)
	ok(b.t, err)
	ok(b.t, b.last.Body.Close())
	return string(body)
}

func (b *browser) address(path string) string {
	if strings.HasPrefix(path, "http") {
		return path
	}
	return b.h.url + path
}

func (b *browser) get(path string) string {
	b.t.Helper()
	return b.do(http.NewRequest("GET", b.address(path), nil))
}

func (b *browser) post(path string, pairs ...string) string {
	b.t.Helper()
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequest("POST", b.address(path), strings.NewReader(q.Encode()))
	if err == nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return b.do(r, err)
}

// at fails the test unless the last page is at this path with this status.
func (b *browser) at(path string, status int) {
	b.t.Helper()
	if got := b.last.Request.URL; got.Path != path || b.last.StatusCode != status {
		b.t.Fatalf("at %s with %d, not at %s with %d", got, b.last.StatusCode, path, status)
	}
}

// started makes the first account and a network, and gives the browser that is signed in.
func (h *house) started(t testing.TB) *browser {
	t.Helper()
	link, err := h.FirstOperator(t.Context())
	ok(t, err)
	b := h.browser(t)
	b.get(link)
	b.at("/sign-in/first", 200)
	if page := b.post("/sign-in/first", "name", "Olga Operatör", "mail", "olga@example.org", "password", good, "lang", "sv"); !strings.Contains(page, "first page of Olga") {
		t.Fatal(page)
	}
	ok(t, h.db.Read(t.Context(), func(tx *storage.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT person FROM account`).Scan((*string)(&h.operator.Person))
	}))
	h.root, err = h.people.Setup(t.Context(), h.operator, network.SetUp{Template: "empty", Slug: "se", Name: network.Text{SV: "Nätverket"}, Country: "SE", Lang: "sv", Zone: "Europe/Stockholm"})
	ok(t, err)
	return b
}

// invite adds a person and gives the invitation's link.
func (h *house) invite(t testing.TB, name, mail string) (network.PersonID, string) {
	t.Helper()
	id, err := h.people.AddPerson(t.Context(), h.operator, network.NewPerson{Name: name, Network: h.root})
	ok(t, err)
	link, err := h.Invite(t.Context(), h.operator, id, mail, "sv")
	ok(t, err)
	return id, link
}

// secretMail is the latest mail with a secret link to an address.
func (h *house) secretMail(t testing.TB, to string) string {
	t.Helper()
	var id, body string
	ok(t, h.db.Read(t.Context(), func(tx *storage.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT id, body FROM notice_mail WHERE address = $1 AND secret = 1 ORDER BY id DESC LIMIT 1`, to).Scan(&id, &body)
	}))
	return testkit.Reveal(id, body)
}

var (
	invitationField = regexp.MustCompile(`name="invitation" value="([^"]*)"`)
	onwardLink      = regexp.MustCompile(`rel="noreferrer" href="([^"]*)"`)
)

// invitation gives the field of the invitation's form, as the page has it.
func (b *browser) invitation() string {
	b.t.Helper()
	m := invitationField.FindStringSubmatch(b.get("/invitation"))
	if m == nil {
		b.t.Fatal("no invitation is shown")
	}
	return m[1]
}

// with begins a sign-in at a provider and follows the page that leads there.
func (b *browser) with(provider string, pairs ...string) string {
	b.t.Helper()
	page := b.post("/sign-in/with/"+provider, pairs...)
	m := onwardLink.FindStringSubmatch(page)
	if m == nil {
		return page
	}
	if to := "0; url=" + html.UnescapeString(m[1]); b.last.Header.Get("Refresh") != to {
		b.t.Errorf("led to %q", b.last.Header.Get("Refresh"))
	}
	return b.get(html.UnescapeString(m[1]))
}
