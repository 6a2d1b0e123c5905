package web

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
	"github.com/samverk/samverk/web/webtest"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func migrations() []fs.FS { return []fs.FS{federation.Migrations} }

// nodes is a node that others can call.
func nodes(t testing.TB, name, title string, o federation.Options) *federation.Nodes {
	t.Helper()
	dir := t.TempDir()
	db := must(storage.Open(t.Context(), filepath.Join(dir, "samverk.db"), storage.Options{Migrations: migrations()}))(t)
	n := must(federation.Open(t.Context(), db, dir, o))(t)
	server := httptest.NewServer(n)
	t.Cleanup(func() { server.Close(); n.Close(); db.Close() })
	if name != "" {
		must(0, n.Init(t.Context(), federation.Identity{Name: name, Title: title, URL: server.URL}))(t)
	}
	return n
}

// meets makes other a peer of n; unless, it stops before the approval.
func meets(t testing.TB, n, other *federation.Nodes, approve bool) {
	t.Helper()
	p := must(other.Join(t.Context(), must(n.Invite(t.Context()))(t)))(t)
	if !approve {
		return
	}
	i, _ := other.Self()
	must(0, n.Approve(t.Context(), i.Name, i.Fingerprint()))(t)
	other.Announce(t.Context())
	if p, _ = other.Peer(p.Name); p.State != federation.Approved {
		t.Fatalf("%+v", p)
	}
	n.Announce(t.Context())
}

// anew is what was asked for with the last approval.
var anew bool

// table serves the pages; who is signed in stands in a header.
func table(t testing.TB, n *federation.Nodes) *route.Table {
	t.Helper()
	frame := must(web.New(web.Options{Log: slog.New(slog.DiscardHandler)}))(t)
	at := route.NewTable(route.Options{SignedIn: web.SignedIn, SignIn: frame.SignIn, Wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if who := r.Header.Get("Test-Person"); who != "" {
				r = web.WithViewer(r, web.Viewer{Person: who, Name: who})
			}
			next.ServeHTTP(w, r)
		})
	}})
	frame.Register(at)
	must(0, Register(at, frame, Options{Nodes: n, Steward: func(r *http.Request) (string, bool) {
		who := web.ViewerOf(r).Person
		return who, who == "stina"
	}, Approve: func(ctx context.Context, name, key string, a bool) error {
		anew = a
		return n.Approve(ctx, name, key)
	}, Witnessed: func(context.Context, string) (uint64, time.Time) {
		return 17, time.Date(2026, 12, 3, 10, 0, 0, 0, time.UTC)
	}}))(t)
	return at
}

func do(t testing.TB, h http.Handler, who, method, path string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Test-Person", who)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

var inForce = federation.Status{Holds: true, Software: "1.5", Policies: []federation.InForce{{Name: "care-frequency", Version: 3, Title: map[string]string{"en": "Frequency for care"}, Number: "2026-14",
	BodyName: map[string]string{"en": "Steering group"}, Expires: time.Date(2027, 12, 31, 0, 0, 0, 0, time.UTC)}}}

// A node that answers alone, one that knows nobody, and one that knows others in every state.
func TestPages(t *testing.T) {
	alone := table(t, nodes(t, "", "", federation.Options{}))
	for who, want := range map[string]string{"": "This node answers alone", "stina": "samverk node init"} {
		if w := do(t, alone, who, "GET", "/nodes?lang=en", nil); w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%q sees %d %s", who, w.Code, webtest.Visible(w.Body.String()))
		}
	}
	n := nodes(t, "nation", "The nation", federation.Options{})
	h := table(t, n)
	if w := do(t, h, "stina", "GET", "/nodes?lang=en", nil); !strings.Contains(w.Body.String(), "samverk node invite") {
		t.Errorf("without peers: %s", webtest.Visible(w.Body.String()))
	}
	north := nodes(t, "north", "Region North", federation.Options{Status: func(context.Context) federation.Status { return inForce }})
	south, west := nodes(t, "south", "Region South", federation.Options{}), nodes(t, "west", "Region West", federation.Options{})
	meets(t, n, north, true)
	meets(t, n, south, true)
	meets(t, n, west, false)
	must(0, south.Revoke(t.Context(), "nation", "a test"))(t)
	n.Announce(t.Context())
	see := func(who, path string, has, hasnt []string) {
		t.Helper()
		for _, lang := range []string{"en", "sv", "nb"} {
			w := do(t, h, who, "GET", path+"?lang="+lang, nil)
			text := webtest.Visible(w.Body.String())
			if left := webtest.Leftovers(text); w.Code != 200 || len(left) > 0 {
				t.Errorf("%s in %s: %d, %v", path, lang, w.Code, left)
			}
			for _, x := range has {
				if lang == "en" && !strings.Contains(text, x) {
					t.Errorf("%q sees no %q on %s: %s", who, x, path, text)
				}
			}
			for _, x := range hasnt {
				if strings.Contains(text, x) {
					t.Errorf("%q sees %q on %s", who, x, path)
				}
			}
		}
	}
	me, _ := n.Self()
	all := []string{"Region North", "Version 1.5", "Frequency for care", "2026-14", "Steering group", "17 lines", "It has revoked this node", me.Fingerprint(), "The nation"}
	see("", "/nodes", all, []string{"Region West"})
	see("stina", "/nodes", append(all, "Region West", "1 node asks to be let in"), nil)
	i, _ := west.Self()
	see("stina", "/nodes/west", []string{"Asks to be let in", "The fingerprint they read out"}, []string{i.Fingerprint()})
	if w := do(t, h, "", "GET", "/nodes?format=csv", nil); w.Code != 200 || !strings.Contains(w.Body.String(), "care-frequency-3 (2026-14)") || strings.Contains(w.Body.String(), "west") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, who := range []string{"", "pia"} {
		if w := do(t, h, who, "GET", "/nodes/west", nil); w.Code == 200 {
			t.Errorf("%q sees a steward's page", who)
		}
		if w := do(t, h, who, "POST", "/nodes/west", url.Values{"act": {"revoke"}, "why": {"x"}}); w.Code == 303 && !strings.Contains(w.Header().Get("Location"), "sign-in") {
			t.Errorf("%q revokes", who)
		}
	}
	if w := do(t, h, "stina", "POST", "/nodes/west", url.Values{"act": {"approve"}, "key": {me.Fingerprint()}}); w.Code < 400 || !strings.Contains(w.Body.String(), me.Fingerprint()) {
		t.Errorf("approved with another key: %d", w.Code)
	}
	if w := do(t, h, "stina", "POST", "/nodes/west", url.Values{"act": {"approve"}, "key": {strings.ToUpper(i.KeyID())}}); w.Code != 303 {
		t.Errorf("not approved: %d %s", w.Code, webtest.Visible(w.Body.String()))
	}
	if w := do(t, h, "stina", "POST", "/nodes/north", url.Values{"act": {"revoke"}, "why": {" "}}); w.Code != 400 {
		t.Errorf("revoked without a reason: %d", w.Code)
	}
	if w := do(t, h, "stina", "POST", "/nodes/north", url.Values{"act": {"revoke"}, "why": {"the machine is gone"}}); w.Code != 303 {
		t.Errorf("not revoked: %d", w.Code)
	}
	see("stina", "/nodes/north", []string{"Revoked", "the machine is gone"}, nil)
	see("", "/nodes", []string{"Region West"}, []string{"Region North", "the machine is gone"})
	must(0, n.Fork(t.Context(), "west", "its log of 7 leaves"))(t)
	see("", "/nodes", []string{"Its log was changed"}, nil)
	see("stina", "/nodes/west", []string{"Believe its log as it is now", "its log of 7 leaves"}, nil)
	if w := do(t, h, "stina", "POST", "/nodes/west", url.Values{"act": {"approve"}, "key": {i.Fingerprint()}, "anew": {"yes"}}); w.Code != 303 || !anew {
		t.Errorf("not approved anew: %d", w.Code)
	}
	events := must(n.Events(t.Context(), 3))(t)
	if e := events[2]; e.Who != "stina" || e.What != "revoked" || e.Peer != "north" {
		t.Errorf("recorded as %+v", e)
	}
}

func TestPagesInABrowser(t *testing.T) {
	browser := webtest.Open(t)
	n := nodes(t, "nation", "The nation", federation.Options{})
	meets(t, n, nodes(t, "north", "Region North", federation.Options{Status: func(context.Context) federation.Status { return inForce }}), true)
	meets(t, n, nodes(t, "west", "Region West", federation.Options{}), false)
	h := table(t, n)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Test-Person", "stina")
		h.ServeHTTP(w, r)
	}))
	defer server.Close()
	for name, path := range map[string]string{"nodes": "/nodes", "asks": "/nodes/west", "approved": "/nodes/north"} {
		t.Run(name, func(t *testing.T) {
			browser.Go(t, server.URL+path)
			browser.Judge(t, "federation-"+name)
		})
	}
}
