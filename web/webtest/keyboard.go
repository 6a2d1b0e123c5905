package webtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Focus is what the keyboard would act on, as a screen reader tells it.
type Focus struct {
	Role, Name, Value string
	Seen              bool // it is on the screen with a ring around it
}

func (f Focus) String() string { return f.Role + " “" + f.Name + "”" }

// ring tells whether a line is drawn around what has the focus: on itself, or for a box or a radio on its field. A field
// for a date draws its own inside, where no style tells.
const ring = `(() => {
	const e = document.activeElement, r = e.getBoundingClientRect(), drawn = e => { const c = getComputedStyle(e); return c.outlineStyle === "auto" || c.outlineStyle !== "none" && parseFloat(c.outlineWidth) >= 2 || c.boxShadow !== "none" };
	return r.width > 0 && r.height > 0 && r.bottom > 0 && r.top < innerHeight && (drawn(e) || /^(checkbox|radio)$/.test(e.type) && drawn(e.parentElement) || /^(date|time|datetime-local)$/.test(e.type));
})()`

// Focus tells what has the focus.
func (b *Browser) Focus(t *testing.T) Focus {
	t.Helper()
	f, err := chromedp.Run(b.ctx, func(ctx context.Context, target *chromedp.Target) (Focus, error) {
		at, err := cdp.Call(ctx, target, runtime.Evaluate, runtime.EvaluateParams{Expression: "document.activeElement"})
		if err != nil {
			return Focus{}, err
		}
		none := false
		tree, err := cdp.Call(ctx, target, accessibility.GetPartialAXTree, accessibility.GetPartialAXTreeParams{ObjectID: at.Result.ObjectID, FetchRelatives: &none})
		if err != nil || len(tree.Nodes) == 0 {
			return Focus{}, fmt.Errorf("what has the focus has no place in the tree: %w", err)
		}
		n := tree.Nodes[0]
		return Focus{Role: told(n.Role), Name: told(n.Name), Value: told(n.Value)}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Seen, err = chromedp.Run(b.ctx, chromedp.Evaluate[bool](ring))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func told(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	var s string
	if json.Unmarshal(v.Value, &s) != nil {
		return strings.Trim(string(v.Value), `"`)
	}
	return s
}

// Tab moves the focus on and tells where it came. It must be seen there.
func (b *Browser) Tab(t *testing.T) Focus {
	t.Helper()
	b.Key(t, kb.Tab)
	f := b.Focus(t)
	if !f.Seen && f.Role != "RootWebArea" {
		t.Errorf("nothing shows that %s has the focus", f)
	}
	return f
}

// TabTo tabs until what has the focus has a name that begins with the one given, as somebody would who can't use a mouse.
func (b *Browser) TabTo(t *testing.T, name string) Focus {
	t.Helper()
	var passed []string
	for range 250 {
		f := b.Tab(t)
		if strings.HasPrefix(f.Name, name) && f.Role != "RootWebArea" {
			return f
		}
		passed = append(passed, f.String())
	}
	t.Fatalf("no way by keyboard to “%s”, only to: %s", name, strings.Join(passed, ", "))
	return Focus{}
}

// Key presses keys: kb.Tab, kb.Enter, " ", kb.ArrowDown.
func (b *Browser) Key(t *testing.T, keys string) {
	t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.KeyEvent(keys)); err != nil {
		t.Fatal(err)
	}
}

// Type writes a text into what has the focus, key by key.
func (b *Browser) Type(t *testing.T, text string) {
	t.Helper()
	b.Key(t, text)
}

// Enter presses the Enter key and waits for the page it leads to. It gives that page's status.
func (b *Browser) Enter(t *testing.T) int {
	t.Helper()
	r, err := chromedp.RunResponse(b.ctx, chromedp.KeyEvent(kb.Enter))
	if err != nil {
		t.Fatalf("pressing Enter: %v", err)
	}
	settled := chromedp.Evaluate[bool](`document.readyState === "complete" && (!document.querySelector("[autofocus]") || document.activeElement !== document.body)`)
	for range 100 { // a browser gives autofocus its due a moment after the page is there
		if ok, err := chromedp.Run(b.ctx, settled); err != nil || ok {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return int(r.Status)
}

// At gives the address of the page that is open.
func (b *Browser) At(t *testing.T) string {
	t.Helper()
	at, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// Script lets the pages that are opened from now on run scripts or not.
func (b *Browser) Script(t *testing.T, on bool) {
	t.Helper()
	off := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
		return err
	})
	if err := chromedp.Do(b.ctx, off); err != nil {
		t.Fatal(err)
	}
	b.scriptless = !on
}

// Cookies makes the browser who the cookies say: sign in over HTTP, and give it what came back. Nil forgets all.
func (b *Browser) Cookies(t *testing.T, url string, cookies []*http.Cookie) {
	t.Helper()
	set := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if _, err := cdp.Call(ctx, target, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
			return err
		}
		for _, c := range cookies {
			if _, err := cdp.Call(ctx, target, network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: url}); err != nil {
				return err
			}
		}
		return nil
	})
	if err := chromedp.Do(b.ctx, set); err != nil {
		t.Fatal(err)
	}
}
