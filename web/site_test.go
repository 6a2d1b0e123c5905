package web

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/web/route"
)

func newSite(t *testing.T) (*Site, *route.Table) {
	t.Helper()
	s, err := New(Options{Name: "North", Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	table := route.NewTable(route.Options{Refused: s.CrossOrigin()})
	s.Register(table)
	return s, table
}

func get(t *testing.T, h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("GET", target, nil)
	r.Host = "localhost"
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestNoSuchPage(t *testing.T) {
	_, table := newSite(t)
	for lang, want := range map[string]string{"sv": "Sidan finns inte", "nb": "Siden finnes ikke", "en": "There is no such page"} {
		w := get(t, table, "/x?lang="+lang)
		body := w.Body.String()
		if w.Code != 404 || !strings.Contains(body, "<h1") || !strings.Contains(body, want) || !strings.Contains(body, `<html lang="`+lang+`"`) {
			t.Errorf("%s: %d %s", lang, w.Code, body)
		}
		if got := w.Header().Get("Content-Security-Policy"); !strings.Contains(got, "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'") {
			t.Error(got)
		}
		if c := w.Header().Get("Set-Cookie"); !strings.HasPrefix(c, "lang="+lang) || !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") {
			t.Errorf("cookie %q", c)
		}
		for _, banned := range []string{"<script", " style=", "javascript:", " onclick"} {
			if strings.Contains(body, banned) {
				t.Errorf("%q stands in the page, against its own policy", banned)
			}
		}
		for _, ref := range regexp.MustCompile(`(?:href|src|action)="([^"]*)"`).FindAllStringSubmatch(body, -1) {
			if strings.Contains(ref[1], "//") {
				t.Errorf("%s leads to another host", ref[1])
			}
		}
	}
}

func TestAssets(t *testing.T) {
	s, table := newSite(t)
	w := get(t, table, s.style.path, "Accept-Encoding", "br, gzip;q=0.8")
	if w.Code != 200 || w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || w.Header().Get("Content-Encoding") != "gzip" {
		t.Fatal(w.Code, w.Header())
	}
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(z)
	if err != nil || string(unpacked) != string(s.style.plain) {
		t.Fatal("the compressed style sheet is another one", err)
	}
	for _, enc := range []string{"", "br", "gzip;q=0", "gzip; q=0.0"} {
		if w := get(t, table, s.style.path, "Accept-Encoding", enc); w.Header().Get("Content-Encoding") != "" || w.Body.String() != string(s.style.plain) {
			t.Errorf("compressed for Accept-Encoding %q", enc)
		}
	}
}

func TestLook(t *testing.T) {
	_, table := newSite(t)
	post := func(form url.Values, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", "/look", strings.NewReader(form.Encode()))
		r.Host = "localhost"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		table.ServeHTTP(w, r)
		return w
	}
	for back, want := range map[string]string{
		"/datasets?x=1": "/datasets?x=1", "": "/", "//evil.example": "/", "https://evil.example/": "/", `/\evil.example`: "/", "/\t/evil.example": "/", "javascript:alert(1)": "/",
	} {
		w := post(url.Values{"look": {"dark"}, "back": {back}})
		if w.Code != 303 || w.Header().Get("Location") != want || !strings.HasPrefix(w.Header().Get("Set-Cookie"), "look=dark;") {
			t.Errorf("back %q: %d %v", back, w.Code, w.Header())
		}
	}
	if w := post(url.Values{"look": {"pink"}}); w.Code != 400 || w.Header().Get("Set-Cookie") != "" {
		t.Error("an unknown look was kept")
	}
	if w := post(url.Values{"look": {"dark"}}, "Sec-Fetch-Site", "cross-site", "Accept-Language", "sv"); w.Code != 403 || !strings.Contains(w.Body.String(), "Ändringen gjordes inte") {
		t.Error("another site chose our look", w.Code)
	}
	if w := get(t, table, "/x", "Cookie", "look=dark"); !strings.Contains(w.Body.String(), `data-color-scheme="dark"`) {
		t.Error("the choice is not obeyed")
	}
	if w := get(t, table, "/x", "Cookie", `look=dark" onload=`); !strings.Contains(w.Body.String(), `data-color-scheme="auto"`) {
		t.Error("a made-up look was taken")
	}
}

// What an error says is the operator's: a reader gets its sentence.
func TestFailTellsNoDetail(t *testing.T) {
	s, _ := newSite(t)
	for err, want := range map[error]int{
		fault.New(fault.NotFound, "topic 7 is hidden"): 404, fault.New(fault.Denied, "topic 7"): 403, fault.New(fault.Conflict, "topic 7"): 409,
		fault.New(fault.Invalid, "topic 7"): 400, fault.New(fault.Unavailable, "topic 7"): 503, errors.New("topic 7"): 500,
	} {
		w := httptest.NewRecorder()
		if got := s.Fail(w, httptest.NewRequest("GET", "/", nil), err); got != want || w.Code != want || strings.Contains(w.Body.String(), "topic 7") {
			t.Error(err, got, w.Body)
		}
	}
}

func TestLinksOfLanguagesKeepThePlace(t *testing.T) {
	_, table := newSite(t)
	body := get(t, table, "/x?q=a%26b&lang=sv").Body.String()
	if !strings.Contains(body, `href="/x?lang=nb&amp;q=a%26b"`) || !strings.Contains(body, `name="back" value="/x?q=a%26b"`) {
		t.Error(body)
	}
}
