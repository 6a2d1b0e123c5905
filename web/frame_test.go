package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/web/route"
)

var nordic = &Network{Slug: "se", Name: "Nätverket <&>", Sub: "Nationellt nätverk"}

// frameOf renders a page of a room with a frame around it that has the routes given.
func frameOf(t *testing.T, paths []string, r *http.Request, page Page) *httptest.ResponseRecorder {
	t.Helper()
	site, table := newSite(t)
	for _, path := range paths {
		table.Add(route.Route{Method: "GET", Pattern: path, Who: route.Anyone, Does: "Is there.", Serve: func(http.ResponseWriter, *http.Request) int { return 200 }})
	}
	pages, err := site.Room(room("x.y = z", "", `{{define "main"}}<p>main</p>{{end}}`))
	if err != nil {
		t.Fatal(err)
	}
	page.Name = "p"
	w := httptest.NewRecorder()
	pages.Render(w, r, page)
	return w
}

func contains(t *testing.T, body string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(body, w) {
			t.Errorf("no %s in\n%s", w, body)
		}
	}
}

func lacks(t *testing.T, body string, banned ...string) {
	t.Helper()
	for _, b := range banned {
		if strings.Contains(body, b) {
			t.Errorf("%s in\n%s", b, body)
		}
	}
}

func TestFrameOfANetwork(t *testing.T) {
	all := []string{"/n/{slug}/topics", "/n/{slug}/decisions", "/n/{slug}/search", "/n/{slug}/bodies", "/n/{slug}/about", "/n/{slug}/contact", "/sign-in", "/me", "/ask", "/datasets"}
	page := Page{Title: "Styrgruppen", Station: "decide", Network: nordic, Crumbs: []Link{{"Organ", "/n/se/bodies"}, {"Styrgruppen", ""}}}
	r := httptest.NewRequest("GET", "/n/se/bodies/7?lang=sv&tab=a%26b", nil)
	body := frameOf(t, all, r, page).Body.String()
	contains(t, body,
		`<title>Styrgruppen – Nätverket &lt;&amp;&gt;</title>`, `<a class="smv-brand" href="/n/se/">`, `<span class="smv-brand__name">Nätverket &lt;&amp;&gt;</span><span class="smv-brand__sub">Nationellt nätverk</span>`,
		`<a href="/n/se/search"><svg class="smv-icon"`, `<li><a href="/n/se/topics">Väcka</a></li>`, `<li><a href="/n/se/decisions" aria-current="true">Besluta</a></li>`,
		`<li><span>Genomföra <small>finns inte än</small></span></li>`, `<li><a href="/ask">Använda</a></li>`,
		`<nav class="smv-crumb" aria-label="Du är här"><ol><li><a href="/n/se/bodies">Organ</a></li><li><span aria-current="page">Styrgruppen</span></li></ol></nav>`,
		`<a class="smv-login" href="/sign-in?back=%2Fn%2Fse%2Fbodies%2F7%3Ftab%3Da%2526b">Logga in</a>`,
		`<a href="/n/se/bodies">Vilka sitter var</a>`, `<a href="/n/se/about">Så fungerar nätverket</a>`, `<a href="/n/se/contact">Kontakta kansliet</a>`,
		"Personer, organisationer och siffror på sidan är påhittade", `<meta name="robots" content="noindex">`,
	)
	lacks(t, body, "/datasets", "/n/se/calendar", "/n/se/privacy", "1000 Genomes", "<script", "smv-out")

	body = frameOf(t, nil, r, page).Body.String()
	lacks(t, body, `href="/n/se/`+`topics`, `href="/sign-in`, `href="/n/se/search"`, "Hitta")

	body = frameOf(t, []string{"/{$}", "/n/{slug}/topics", "/sign-in"}, httptest.NewRequest("GET", "/sign-in?back=/x", nil), Page{Title: "T"}).Body.String()
	contains(t, body, `<li><a href="/">Raise</a></li>`, `<li><span>Decide <small>`)
	lacks(t, body, `class="smv-login"`)

	for name, w := range map[string]*httptest.ResponseRecorder{
		"of the request": frameOf(t, all, WithNetwork(r, nordic), Page{Title: "T"}),
		"named":          frameOf(t, all, WithNetwork(r, &Network{Slug: "no"}), Page{Title: "T", Network: nordic}),
	} {
		if !strings.Contains(w.Body.String(), `<a class="smv-brand" href="/n/se/">`) {
			t.Errorf("%s: the network is another", name)
		}
	}
	if got := nordic.Path("topics", "a/b?c"); got != "/n/se/topics/a%2Fb%3Fc" {
		t.Error(got)
	}
	if got := nordic.Path() + (&Network{Slug: "a b"}).Path(); got != "/n/se//n/a%20b/" {
		t.Error(got)
	}
}

func TestFrameOfWhoIsSignedIn(t *testing.T) {
	r := WithViewer(httptest.NewRequest("GET", "/me?lang=en", nil), Viewer{Person: "p1", Name: "Karin <Alm>"})
	if ViewerOf(r).Person != "p1" || !SignedIn(r) || SignedIn(httptest.NewRequest("GET", "/", nil)) {
		t.Error("who is signed in is somebody else")
	}
	w := frameOf(t, []string{"/sign-in", "/me"}, r, Page{Title: "Me", Public: true})
	contains(t, w.Body.String(), `<a class="smv-login" href="/me">Karin &lt;Alm&gt;</a><form method="post" action="/sign-out"><button class="smv-out" type="submit">Sign out</button></form>`)
	lacks(t, w.Body.String(), `href="/sign-in`, "Waiting for you")
	contains(t, frameOf(t, []string{"/n/{slug}/waiting"}, r, Page{Network: nordic}).Body.String(), `<a href="/n/se/waiting">`, "Waiting for you</a>")
	lacks(t, frameOf(t, []string{"/n/{slug}/waiting"}, httptest.NewRequest("GET", "/", nil), Page{Network: nordic}).Body.String(), "/n/se/waiting")
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		t.Error("a page for somebody is kept in caches:", got)
	}
}

func TestPagesOfNoNetworkCarryTheReadersOwn(t *testing.T) {
	site, table := newSite(t)
	table.Add(route.Route{Method: "GET", Pattern: "/n/{slug}/waiting", Who: route.Anyone, Does: "Is there.", Serve: func(http.ResponseWriter, *http.Request) int { return 200 }})
	site.Own(func(*http.Request) *Network { return nordic })
	pages, err := site.Room(room("x.y = z", "", `{{define "main"}}<p>main</p>{{end}}`))
	if err != nil {
		t.Fatal(err)
	}
	page := func(r *http.Request) string {
		w := httptest.NewRecorder()
		pages.Render(w, r, Page{Name: "p", Title: "T", Station: "use"})
		return w.Body.String()
	}
	nobody := httptest.NewRequest("GET", "/ask?lang=en", nil)
	somebody := WithViewer(nobody, Viewer{Person: "p1", Name: "Karin Alm"})
	contains(t, page(somebody), `<a class="smv-brand" href="/n/se/">`, `<a href="/n/se/waiting">`)
	lacks(t, page(nobody), "/n/se/", "Waiting for you")
	contains(t, page(WithNetwork(somebody, &Network{Slug: "no", Name: "Norge"})), `<a class="smv-brand" href="/n/no/">`)
}

func TestOnlyPublicPagesAreKept(t *testing.T) {
	get, post := httptest.NewRequest("GET", "/", nil), httptest.NewRequest("POST", "/", nil)
	for name, c := range map[string]struct {
		r    *http.Request
		page Page
		want string
	}{
		"public": {get, Page{Public: true}, "public, max-age=60"}, "private": {get, Page{}, "no-store"}, "an error": {get, Page{Public: true, Status: 404}, "no-store"},
		"a form's answer": {post, Page{Public: true}, "no-store"}, "with a cookie": {httptest.NewRequest("GET", "/?lang=sv", nil), Page{Public: true}, "no-store"},
	} {
		w := frameOf(t, nil, c.r, c.page)
		if got := w.Header().Get("Cache-Control"); got != c.want || !strings.Contains(w.Header().Get("Vary"), "Cookie") {
			t.Errorf("%s: %s", name, got)
		}
		if strings.Contains(w.Body.String(), "noindex") == c.page.Public {
			t.Errorf("%s: what search engines may find is the public's", name)
		}
	}
}

func TestPagesWithASecretAreNotCompressed(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	for _, secret := range []bool{false, true} {
		if w := frameOf(t, nil, r, Page{Secret: secret}); (w.Header().Get("Content-Encoding") == "gzip") == secret {
			t.Error(w.Header())
		}
	}
}

func TestLivePagesMayRunOurScript(t *testing.T) {
	w := frameOf(t, nil, httptest.NewRequest("GET", "/", nil), Page{Live: true})
	contains(t, w.Body.String(), `<script src="/static/htmx.`, `"allowEval":false`, `"includeIndicatorStyles":false`)
	policy := w.Header().Get("Content-Security-Policy")
	contains(t, policy, "default-src 'none'", "script-src 'self'", "connect-src 'self'")
	lacks(t, policy, "unsafe")
	lacks(t, frameOf(t, nil, httptest.NewRequest("GET", "/", nil), Page{}).Header().Get("Content-Security-Policy"), "script-src")
}

// What is absent and what is not the reader's to know of can't be told apart.
func TestNotFoundIsOnePage(t *testing.T) {
	site, table := newSite(t)
	table.Add(route.Route{Method: "GET", Pattern: "/sign-in", Who: route.Anyone, Does: "Signs in.", Serve: func(http.ResponseWriter, *http.Request) int { return 200 }})
	for _, viewer := range []Viewer{{}, {Person: "p1", Name: "Karin"}} {
		var pages []string
		for _, err := range []error{
			fault.New(fault.NotFound, "no topic 7"), fault.New(fault.NotFound, "topic 7 is not yours").Where("topic").Say("web.large", 3).Do("x"), fault.Wrap(fault.NotFound, fault.New(fault.Denied, "x"), "y"),
		} {
			w := httptest.NewRecorder()
			r := WithViewer(httptest.NewRequest("GET", "/n/se/topics/7", nil), viewer)
			if site.Fail(w, r, err) != 404 || w.Code != 404 {
				t.Error(err, w.Code)
			}
			pages = append(pages, w.Body.String())
		}
		if pages[0] != pages[1] || pages[0] != pages[2] {
			t.Error("the pages differ")
		}
		if strings.Contains(pages[0], "The page may be for those who are signed in") != (viewer.Person == "") {
			t.Error("signing in is suggested to who has, or not to who hasn't")
		}
	}
}

func TestSignIn(t *testing.T) {
	site, _ := newSite(t)
	for target, want := range map[string]string{
		"/n/se/waiting?a=1": "/sign-in?back=%2Fn%2Fse%2Fwaiting%3Fa%3D1", "/": "/sign-in", "//evil.example/x": "/sign-in", "/sign-in?back=/x": "/sign-in",
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path, r.URL.RawQuery, _ = strings.Cut(target, "?")
		if got := site.SignIn(w, r); got != 303 || w.Header().Get("Location") != want || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", target, got, w.Header())
		}
	}
	w := httptest.NewRecorder()
	if got := site.SignIn(w, httptest.NewRequest("POST", "/n/se/topics", nil)); got != 401 || !strings.Contains(w.Body.String(), "Nothing was changed") {
		t.Error(got, w.Body)
	}
}

// Who wrote for an hour, and was signed out meanwhile, has it still. A password is not shown to whoever stands behind.
func TestWhatWasWrittenIsNotLost(t *testing.T) {
	site, _ := newSite(t)
	text := "One sentence that took an hour to write </textarea> and more."
	form := url.Values{"text": {text}, "short": {"x"}, "lines": {"a\nb"}, "password": {strings.Repeat("secret ", 9)}}.Encode()
	for name, fail := range map[string]func(http.ResponseWriter, *http.Request) int{
		"signed out": site.SignIn,
		"no room": func(w http.ResponseWriter, r *http.Request) int {
			return site.Fail(w, r, fault.New(fault.Unavailable, "full"))
		},
		"read already": func(w http.ResponseWriter, r *http.Request) int {
			if _, err := ReadForm(w, r); err != nil {
				t.Error(err)
			}
			return site.NotFound(w, r)
		},
	} {
		r := httptest.NewRequest("POST", "/n/se/topics", strings.NewReader(form))
		r.Header.Set("Content-Type", encoded)
		w := httptest.NewRecorder()
		fail(w, r)
		body := w.Body.String()
		if !strings.Contains(body, "took an hour to write &lt;/textarea&gt; and more.</textarea>") || !strings.Contains(body, "\na\nb</textarea>") || strings.Contains(body, "secret secret") || strings.Contains(body, ">x<") {
			t.Errorf("%s: %s", name, body)
		}
	}
}

func TestCookiesGoOverTLSOnly(t *testing.T) {
	for _, secure := range []bool{false, true} {
		site, err := New(Options{Secure: secure})
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		site.NotFound(w, httptest.NewRequest("GET", "/?lang=sv", nil))
		if got := strings.Contains(w.Header().Get("Set-Cookie"), "; Secure"); got != secure {
			t.Error(w.Header())
		}
	}
}

func TestPager(t *testing.T) {
	for here, want := range map[string]Pager{
		"/l?q=a":                 {"", "/l?after=k%261&q=a"},
		"/l?q=a&after=x&lang=sv": {"/l?q=a", "/l?after=k%261&q=a"},
	} {
		if got := PagerAt(here, "k&1"); got != want {
			t.Errorf("%+v", got)
		}
	}
	if got := PagerAt("/l", ""); got != (Pager{}) {
		t.Errorf("%+v", got)
	}
	if got := FormatsAt("/l?lang=sv&after=x&q=ö"); got != (Formats{CSV: "/l?format=csv&q=%C3%B6", JSON: "/l?format=json&q=%C3%B6"}) {
		t.Errorf("%+v", got)
	}
}

func TestExport(t *testing.T) {
	send := func(format string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		e := NewExport(w, format, `to"pics`, "id", "title", "n", "share", "late", "due")
		for _, row := range [][]any{{"t1", "=1+1 \"å\"", 3, .5, true, nil}, {"t2", "a,b\nc", uint64(9), 1e-7, false, "2026-12-02"}} {
			if err := e.Row(row...); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.Row("too few"); err == nil {
			t.Error("a row with too few values was sent")
		}
		e.End()
		return w
	}
	csv := send("csv")
	if got := csv.Body.String(); got != "id,title,n,share,late,due\nt1,\"'=1+1 \"\"å\"\"\",3,0.5,true,\nt2,\"a,b\nc\",9,1e-7,false,2026-12-02\n" {
		t.Errorf("%q", got)
	}
	if got := csv.Header().Get("Content-Disposition"); got != `attachment; filename="to_pics.csv"` {
		t.Error(got)
	}
	if got := send("json").Body.String(); got != "[\n{\"id\":\"t1\",\"title\":\"=1+1 \\\"å\\\"\",\"n\":3,\"share\":0.5,\"late\":true,\"due\":null},\n{\"id\":\"t2\",\"title\":\"a,b\\nc\",\"n\":9,\"share\":1e-7,\"late\":false,\"due\":\"2026-12-02\"}\n]\n" {
		t.Errorf("%q", got)
	}
	for target, ok := range map[string]bool{"/?format=csv": true, "/": true, "/?format=json": true, "/?format=xml": false} {
		if _, err := FormatOf(httptest.NewRequest("GET", target, nil)); (err == nil) != ok {
			t.Errorf("%s: %v", target, err)
		}
	}
}
