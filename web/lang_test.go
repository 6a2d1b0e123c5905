package web

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/samverk/samverk/lang"
)

// room gives the same messages in every language, with something more in one.
func room(all, onlySV, page string) fstest.MapFS {
	m := fstest.MapFS{}
	for _, l := range lang.Codes {
		text := all
		if l == "sv" {
			text += "\n" + onlySV
		}
		m["messages/"+l+".txt"] = &fstest.MapFile{Data: []byte(text)}
	}
	if page != "" {
		m["pages/p.html"] = &fstest.MapFile{Data: []byte(page)}
	}
	return m
}

// What is wrong with a room's messages or templates is found when it is read.
func TestRoomsAreChecked(t *testing.T) {
	site, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	const page = `{{define "main"}}{{if true}}{{range .Data}}<p>{{t "k" (t "l")}}</p>{{end}}{{end}}{{end}}`
	for name, c := range map[string]struct {
		room fstest.MapFS
		want string
	}{
		"right":                  {room("k = %s\nl = x", "", page), ""},
		"lacks in two languages": {room("k = %s\nl = x", "m = y", page), "message m is written in sv and lacks in"},
		"lacks in all":           {room("k = %s", "", page), `no message "l"`},
		"in the frame too":       {room("k = %s\nl = x\nloop.do = x", "", page), "another file has a message loop.do too"},
		"twice":                  {room("k = %s\nl = x\nl = y", "", page), "3: l is written twice"},
		"no equals sign":         {room("k = %s\nl", "", page), "2: a message is written key = text"},
		"no other form":          {room("k = %s\nl[one] = x", "", page), "the form [other] lacks"},
		"a part of the frame":    {room("k = %s\nl = x", "", page+`{{define "textarea"}}{{end}}`), "the frame has a part textarea too"},
		"unknown form":           {room("k = %s\nl[some] = x\nl[other] = y", "", page), "a plural form that this language does not have"},
	} {
		_, err := site.Room(c.room)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestLanguageOf(t *testing.T) {
	for _, c := range []struct{ url, cookie, accept, want string }{
		{"/", "", "", "en"}, {"/", "", "sv-SE,sv;q=0.9,en;q=0.8", "sv"}, {"/", "", "no", "nb"}, {"/", "", "nn-NO", "nb"},
		{"/", "", "da", "nb"}, {"/", "", "nb-NO", "nb"}, {"/", "", "de,en;q=0.5", "en"}, {"/", "", "fi", "en"}, {"/", "", ";;;", "en"},
		{"/", "sv", "nb", "sv"}, {"/?lang=nb", "sv", "en", "nb"}, {"/?lang=xx", "xx", "sv", "sv"}, {"/", "", strings.Repeat("sv,", 200), "en"},
	} {
		r := httptest.NewRequest("GET", c.url, nil)
		r.Header.Set("Accept-Language", c.accept)
		if c.cookie != "" {
			r.Header.Set("Cookie", "lang="+c.cookie)
		}
		if got := languageOf(r); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
