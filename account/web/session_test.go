package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/account"
)

// A page that is left open and asks by itself keeps no session alive; what somebody does keeps it.
func TestPollingKeepsNoSessionAlive(t *testing.T) {
	h := open(t, account.Options{Idle: time.Hour})
	b := h.started(t)
	ask := func(path string) bool {
		r, err := http.NewRequest("GET", h.url+path, nil)
		ok(t, err)
		r.Header.Set("HX-Request", "true")
		return strings.Contains(b.do(r, nil), "Olga")
	}
	for range 2 { // searching while one types is use
		h.pass(45 * time.Minute)
		if !ask("/?q=gen") {
			t.Fatal("who types is signed out")
		}
	}
	h.pass(45 * time.Minute)
	if !ask("/?state=x") {
		t.Fatal("signed out before the time")
	}
	h.pass(20 * time.Minute)
	if ask("/?state=x") {
		t.Error("a page nobody looks at keeps the session alive")
	}
}
