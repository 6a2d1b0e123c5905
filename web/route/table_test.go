package route

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func newTable() *Table {
	now := time.Unix(0, 0)
	t := NewTable(Options{Hosts: []string{"Node.example"}, Now: func() time.Time { now = now.Add(time.Millisecond); return now }})
	serve := func(w http.ResponseWriter, r *http.Request) int {
		w.WriteHeader(http.StatusTeapot)
		return http.StatusTeapot
	}
	t.Add(Route{"GET", "/a", LocalOperator, "Reads.", serve}, Route{"POST", "/a", LocalOperator, "Changes.", serve})
	return t
}

func TestHosts(t *testing.T) {
	for host, want := range map[string]int{
		"localhost": 418, "localhost:8080": 418, "127.0.0.1:8080": 418, "127.1.2.3": 418, "[::1]:8080": 418, "[::1]": 418,
		"node.example:80": 418, "evil.example": 421, "evil.example:8080": 421, "": 421, "127.0.0.1.evil.example": 421, "localhost.evil.example:1": 421,
	} {
		r := httptest.NewRequest("GET", "/a", nil)
		r.Host = host
		w := httptest.NewRecorder()
		newTable().ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("host %q: %d, want %d", host, w.Code, want)
		}
	}
}

func TestChangesComeFromOurOwnPages(t *testing.T) {
	for _, c := range []struct {
		site, origin string
		want         int
	}{
		{"same-origin", "", 418}, {"none", "", 418}, {"cross-site", "", 403}, {"same-site", "", 403},
		{"", "http://localhost:8080", 418}, {"", "http://evil.example", 403}, {"", "null", 403}, {"", "", 418},
	} {
		r := httptest.NewRequest("POST", "/a", nil)
		r.Host = "localhost:8080"
		if c.site != "" {
			r.Header.Set("Sec-Fetch-Site", c.site)
		}
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		w := httptest.NewRecorder()
		newTable().ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
}

func TestHeadersAndMetrics(t *testing.T) {
	tab := newTable()
	for range 3 {
		r := httptest.NewRequest("GET", "/a", nil)
		r.Host = "localhost"
		w := httptest.NewRecorder()
		tab.ServeHTTP(w, r)
		for _, h := range []string{"X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options", "Cross-Origin-Resource-Policy", "Cross-Origin-Opener-Policy", "Content-Security-Policy"} {
			if w.Header().Get(h) == "" {
				t.Error("no", h)
			}
		}
	}
	tab.Questions.Add(7)
	got := string(tab.AppendMetrics(nil))
	for _, want := range []string{
		`samverk_http_requests_total{method="GET",route="/a",status="418"} 3`,
		`samverk_http_request_duration_seconds_bucket{method="GET",route="/a",le="0.00025"} 0`,
		`samverk_http_request_duration_seconds_bucket{method="GET",route="/a",le="0.001"} 3`,
		`samverk_http_request_duration_seconds_bucket{method="GET",route="/a",le="+Inf"} 3`,
		`samverk_http_request_duration_seconds_sum{method="GET",route="/a"} 0.003`,
		`samverk_http_request_duration_seconds_count{method="GET",route="/a"} 3`,
		"samverk_questions_total 7\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no line %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, `method="POST"`) {
		t.Error("a route nobody called is listed")
	}
}

func TestRouteMustSayWhoMayCallIt(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a route without a caller was taken")
		}
	}()
	newTable().Add(Route{Method: "GET", Pattern: "/b", Serve: func(http.ResponseWriter, *http.Request) int { return 200 }})
}

// Where others come, the local operator's routes are not there, from nowhere: a proxy comes from this machine too.
func TestPublicTableHasNothingForTheOperator(t *testing.T) {
	tab := NewTable(Options{Hosts: []string{"node.example"}, Public: true})
	serve := func(w http.ResponseWriter, _ *http.Request) int {
		w.WriteHeader(http.StatusTeapot)
		return http.StatusTeapot
	}
	tab.Add(Route{"GET", "/a", LocalOperator, "Counts.", serve}, Route{"GET", "/b", Anyone, "Tells.", serve})
	for path, want := range map[string]int{"/a": 404, "/b": 418} {
		for _, host := range []string{"node.example", "localhost", "127.0.0.1:8080"} {
			r := httptest.NewRequest("GET", path, nil)
			r.Host = host
			w := httptest.NewRecorder()
			tab.ServeHTTP(w, r)
			if w.Code != want || w.Header().Get("Strict-Transport-Security") == "" {
				t.Errorf("%s at %s: %d, want %d", path, host, w.Code, want)
			}
		}
	}
	if len(tab.Routes()) != 1 {
		t.Error("a route that is not there is listed")
	}
}

// A table knows whether somebody is signed in; what else there is to a caller the room knows.
func TestWhoeverIsNotSignedInIsLedThere(t *testing.T) {
	type key struct{}
	serve := func(w http.ResponseWriter, _ *http.Request) int { w.WriteHeader(204); return 204 }
	table := func(o Options) *Table {
		tab := NewTable(o)
		for _, who := range callers {
			path := "/" + strings.ReplaceAll(string(who), " ", "-")
			tab.Add(Route{"GET", path, who, "Reads.", serve}, Route{"POST", path, who, "Changes.", serve})
		}
		return tab
	}
	signIn := func(w http.ResponseWriter, r *http.Request) int {
		w.WriteHeader(http.StatusSeeOther)
		return http.StatusSeeOther
	}
	wrap := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, r.Header.Get("Person"))))
		})
	}
	signedIn := func(r *http.Request) bool { return r.Context().Value(key{}) == "karin" }
	for name, c := range map[string]struct {
		options Options
		person  string
		want    int
	}{
		"no accounts":    {Options{}, "karin", 401},
		"nobody":         {Options{Wrap: wrap, SignedIn: signedIn, SignIn: signIn}, "", 303},
		"somebody else":  {Options{Wrap: wrap, SignedIn: signedIn, SignIn: signIn}, "eve", 303},
		"without a page": {Options{Wrap: wrap, SignedIn: signedIn}, "", 401},
		"signed in":      {Options{Wrap: wrap, SignedIn: signedIn, SignIn: signIn}, "karin", 204},
		"nothing wraps":  {Options{SignedIn: signedIn, SignIn: signIn}, "karin", 303},
	} {
		tab := table(c.options)
		for _, route := range tab.Routes() {
			r := httptest.NewRequest(route.Method, route.Pattern, nil)
			r.Host = "localhost"
			r.Header.Set("Person", c.person)
			w := httptest.NewRecorder()
			tab.ServeHTTP(w, r)
			want := c.want
			if route.Who == Anyone || route.Who == Patient || route.Who == Asker || route.Who == Peer || route.Who == LocalOperator { // these are known by other means
				want = 204
			}
			if w.Code != want {
				t.Errorf("%s, %s: %d, want %d", name, route, w.Code, want)
			}
		}
		if name == "nobody" && !strings.Contains(string(tab.AppendMetrics(nil)), `route="/owner",status="303"} 1`) {
			t.Error("who was led to sign in is not counted")
		}
	}
}

func TestHas(t *testing.T) {
	serve := func(http.ResponseWriter, *http.Request) int { return 200 }
	tab := NewTable(Options{})
	tab.Add(
		Route{"", "/", Anyone, "The rest.", serve}, Route{"GET", "/{$}", Anyone, "First.", serve}, Route{"GET", "/n/{slug}/topics", Anyone, "Topics.", serve},
		Route{"GET", "/n/{slug}/{$}", Anyone, "Front.", serve}, Route{"POST", "/sign-out", SignedIn, "Out.", serve},
	)
	for path, want := range map[string]bool{"/": true, "/n/se/topics": true, "/n/se/": true, "/n/se/bodies": false, "/sign-out": false, "/x": false, "/n/se/topics/": false} {
		if tab.Has("GET", path) != want {
			t.Errorf("GET %s: %t", path, !want)
		}
	}
	if !tab.Has("POST", "/sign-out") {
		t.Error("POST /sign-out")
	}
}
