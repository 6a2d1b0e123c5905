package calendar_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/samverk/samverk/calendar"
)

func TestUnchangedFeedIsNotSentAgain(t *testing.T) {
	changed := monday.Add(500 * time.Millisecond)
	ask := func(method string, head http.Header, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/feeds/1.ics", nil)
		r.Header = head
		w := httptest.NewRecorder()
		if status := calendar.Serve(w, r, calendar.FeedType, changed, []byte(body)); status != w.Code {
			t.Errorf("said %d, was %d", status, w.Code)
		}
		return w
	}
	first := ask("GET", http.Header{}, "a")
	tag, at := first.Header().Get("ETag"), first.Header().Get("Last-Modified")
	if first.Code != 200 || first.Body.String() != "a" || first.Header().Get("Content-Type") != calendar.FeedType || tag == "" || at != "Mon, 16 Nov 2026 09:00:00 GMT" {
		t.Fatalf("%d %v", first.Code, first.Header())
	}
	for name, c := range map[string]struct {
		method string
		head   http.Header
		body   string
		want   int
	}{
		"same tag":                  {"GET", http.Header{"If-None-Match": {tag}}, "a", 304},
		"same tag, strong":          {"GET", http.Header{"If-None-Match": {tag[2:]}}, "a", 304},
		"one of several":            {"GET", http.Header{"If-None-Match": {`"x", ` + tag}}, "a", 304},
		"any":                       {"HEAD", http.Header{"If-None-Match": {"*"}}, "a", 304},
		"another body":              {"GET", http.Header{"If-None-Match": {tag}}, "b", 200},
		"a tag outweighs the date":  {"GET", http.Header{"If-None-Match": {tag}, "If-Modified-Since": {at}}, "b", 200},
		"same date":                 {"GET", http.Header{"If-Modified-Since": {at}}, "a", 304},
		"an older date":             {"GET", http.Header{"If-Modified-Since": {"Mon, 16 Nov 2026 08:59:59 GMT"}}, "a", 200},
		"a date that can't be read": {"GET", http.Header{"If-Modified-Since": {"yesterday"}}, "a", 200},
		"head":                      {"HEAD", http.Header{}, "a", 200},
	} {
		w := ask(c.method, c.head, c.body)
		if w.Code != c.want || (w.Code == 304 || c.method == "HEAD") != (w.Body.Len() == 0) || w.Header().Get("ETag") == "" {
			t.Errorf("%s: %d with %q", name, w.Code, w.Body)
		}
	}
}
