package webtest

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// sighted is a visitor with the browser.
type sighted struct {
	*Browser
	site string
}

// Visitor gives a visitor who goes through a site in the browser.
func (b *Browser) Visitor(site string) Visitor { return sighted{b, site} }

// finder gives what it finds the focus, so that it can be pressed.
//
//go:embed finder.js
var finder string

// find runs a function of the finder. It gives the page's words where nothing was found.
func (v sighted) find(t *testing.T, what string, args ...string) {
	t.Helper()
	list, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 { // what lay folded away can take the focus once it has been laid out
		found, err := chromedp.Run(v.ctx, chromedp.Evaluate[bool](fmt.Sprintf("(() => {%s; return %s(...%s)})()", finder, what, list)))
		if err != nil {
			t.Fatalf("%s %q: %v", what, args, err)
		}
		if found {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s: no %s %q\n%s", v.At(t), what, args, v.Text(t, "main"))
}

func (v sighted) Go(t *testing.T, address string) {
	t.Helper()
	if strings.HasPrefix(address, "/") {
		address = v.site + address
	}
	v.Browser.Go(t, address)
}

// press presses what has the focus with the Enter key: where something lies on the screen doesn't matter to it.
func (v sighted) press(t *testing.T, name string) {
	t.Helper()
	if status := v.Enter(t); status >= http.StatusInternalServerError {
		t.Fatalf("pressing %q: %d\n%s", name, status, v.Text(t, "main"))
	}
	v.Wait(t, `document.readyState === "complete"`)
}

func (v sighted) Press(t *testing.T, name string) {
	t.Helper()
	v.find(t, "button", name)
	v.press(t, name)
}

func (v sighted) PressAt(t *testing.T, part, name string) {
	t.Helper()
	v.find(t, "buttonAt", part, name)
	v.press(t, name)
}

func (v sighted) Set(t *testing.T, label, value string) {
	t.Helper()
	v.find(t, "set", label, value)
}

func (v sighted) Choose(t *testing.T, label string) {
	t.Helper()
	v.find(t, "choose", label)
}

func (v sighted) Untick(t *testing.T, label string) {
	t.Helper()
	v.find(t, "untick", label)
}

func (v sighted) Text(t *testing.T, element string) string {
	t.Helper()
	return strings.Join(strings.Fields(v.Browser.Text(t, element)), " ")
}
