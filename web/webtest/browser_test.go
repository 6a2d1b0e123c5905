package webtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A judge that finds nothing in a bad page proves nothing of a good one.
func TestFaultsAreFound(t *testing.T) {
	b := Open(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "script-src 'none'")
		fmt.Fprint(w, `<!doctype html><html lang="en"><title>Bad</title><meta name="viewport" content="width=device-width">
<style>@media (prefers-color-scheme: dark) { p { color: #777; background: #888; } }</style>
<script>alert(1)</script><main><h1>Bad</h1><input><p>%!d(string=x)</p><div style="width:500px">wide</div></main>`)
	}))
	defer s.Close()
	b.Go(t, s.URL)
	found := strings.Join(b.Faults(t, "bad"), "\n")
	for _, want := range []string{
		"bad, light, 1280 px: label (", "bad: the browser complains: ", "bad, 320 px: scrolls ", "bad, dark, 360 px: color-contrast (", "light, 360 px: scrolls ", `dark, 1280 px: the text holds "%!d(string=x)"`,
	} {
		if !strings.Contains(found, want) {
			t.Errorf("%q was not found, only:\n%s", want, found)
		}
	}
	if strings.Contains(found, "1280 px: scrolls") || strings.Contains(found, "light, 1280 px: color-contrast") {
		t.Error("something was found that is not there:\n" + found)
	}
}
