// Package webtest opens pages in a real Chromium and judges them: axe-core's rules for WCAG 2.2 AA and
// good practice, no sideways scroll, no message without a text, in light and dark, narrow and wide.
// It is for tests only.
package webtest

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

//go:embed axe/axe.min.js
var axe string

const chromium = "/usr/bin/chromium"

// looks are the ways each page is judged.
var looks = []struct {
	scheme string
	width  int64
}{{"light", 1280}, {"light", 360}, {"dark", 1280}, {"dark", 360}}

// reflow is how narrow a page may become before it scrolls sideways: 1280 px at 400 % (WCAG 1.4.10).
const reflow = 320

// Browser is one Chromium with one page open.
type Browser struct {
	ctx        context.Context
	shots      string
	scriptless bool

	mu   sync.Mutex
	said []string
}

// Open starts Chromium for the length of the test. Where there is none the test is skipped, or fails
// when SAMVERK_REQUIRE_CHROMIUM=1; under -short it is skipped everywhere. SAMVERK_SCREENSHOTS=DIR keeps a picture of every look.
func Open(t *testing.T) *Browser {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	if _, err := os.Stat(chromium); err != nil {
		if os.Getenv("SAMVERK_REQUIRE_CHROMIUM") == "1" {
			t.Fatalf("%s is not here, and SAMVERK_REQUIRE_CHROMIUM=1 asks for it", chromium)
		}
		t.Skipf("%s is not here: pages are not judged in a browser (Debian: apt install chromium)", chromium)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
	)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancelPage := chromedp.NewContext(ctx)
	t.Cleanup(cancelPage)
	ctx, cancelTime := context.WithTimeout(ctx, 15*time.Minute)
	t.Cleanup(cancelTime)
	b := &Browser{ctx: ctx, shots: os.Getenv("SAMVERK_SCREENSHOTS")}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	return b
}

// hear keeps what the browser complains of: a policy that was broken, a script that failed. A status is no complaint.
func (b *Browser) hear(event any) {
	said := ""
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Source != log.EntrySourceNetwork && e.Entry.Level == log.EntryLevelError {
			said = e.Entry.Text
		}
	case *runtime.EventExceptionThrown:
		said = e.ExceptionDetails.Text
	}
	if said != "" {
		b.mu.Lock()
		b.said = append(b.said, said)
		b.mu.Unlock()
	}
}

// Complaints gives what the browser complained of since it was last asked.
func (b *Browser) Complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	said := b.said
	b.said = nil
	return said
}

// Go opens an address.
func (b *Browser) Go(t *testing.T, url string) {
	t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(url)); err != nil {
		t.Fatalf("%s: %v", url, err)
	}
}

// patience is how long something to press or to fill in is waited for.
const patience = time.Minute

// Press presses what the selector finds and waits for the page it leads to.
func (b *Browser) Press(t *testing.T, selector string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		t.Fatalf("pressing %s: %v", selector, err)
	}
}

// Fill makes a text what the field says that the selector finds.
func (b *Browser) Fill(t *testing.T, selector, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.SetValue(chromedp.CSS(selector), text)); err != nil {
		t.Fatalf("filling in %s: %v", selector, err)
	}
}

// Text gives the text of what the selector finds.
func (b *Browser) Text(t *testing.T, selector string) string {
	t.Helper()
	s, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](fmt.Sprintf("document.querySelector(%q).innerText", selector)))
	if err != nil {
		t.Fatalf("%s: %v", selector, err)
	}
	return s
}

type finding struct {
	ID, Help string
	Nodes    []struct {
		Target         []any
		FailureSummary string
	}
}

// Judge looks at the page that is open in every look, and fails the test for each fault.
func (b *Browser) Judge(t *testing.T, name string) {
	t.Helper()
	for _, fault := range b.Faults(t, name) {
		t.Error(fault)
	}
}

// Faults looks at the page that is open in every look. Dark and light differ in colour alone, so in the dark
// only the rules on colour are asked.
func (b *Browser) Faults(t *testing.T, name string) []string {
	t.Helper()
	if b.scriptless {
		t.Fatalf("%s: axe is a script itself: let pages run scripts, and open the page again", name)
	}
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[chromedp.Void](axe+";undefined")); err != nil {
		t.Fatalf("axe: %v", err)
	}
	var out []string
	for _, said := range b.Complaints() {
		out = append(out, name+": the browser complains: "+said)
	}
	for _, look := range looks {
		b.emulate(t, look.scheme, look.width)
		where := fmt.Sprintf("%s, %s, %d px: ", name, look.scheme, look.width)
		rules := `{type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}`
		if look.scheme == "dark" {
			rules = `{type: "rule", values: ["color-contrast", "link-in-text-block"]}`
		}
		for _, f := range append(b.axe(t, rules), b.measure(t)...) {
			out = append(out, where+f)
		}
		b.shoot(t, fmt.Sprintf("%s-%d-%s.png", name, look.width, look.scheme))
	}
	b.emulate(t, "light", reflow)
	for _, f := range b.measure(t) {
		out = append(out, fmt.Sprintf("%s, %d px: %s", name, reflow, f))
	}
	return out
}

func (b *Browser) emulate(t *testing.T, scheme string, width int64) {
	t.Helper()
	media := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
		return err
	})
	if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(width, 900), media); err != nil {
		t.Fatal(err)
	}
}

func (b *Browser) axe(t *testing.T, rules string) (out []string) {
	t.Helper()
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]finding](
		`axe.run({resultTypes: ["violations"], runOnly: `+rules+`}).then(r => r.violations)`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		for _, n := range f.Nodes {
			out = append(out, fmt.Sprintf("%s (%s) at %v: %s", f.ID, f.Help, n.Target, n.FailureSummary))
		}
	}
	return out
}

// measure finds sideways scroll, and messages that lack a text or an argument.
func (b *Browser) measure(t *testing.T) (out []string) {
	t.Helper()
	over, err := chromedp.Run(b.ctx, chromedp.Evaluate[float64](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
	if err != nil {
		t.Fatal(err)
	}
	if over > 0 {
		out = append(out, fmt.Sprintf("scrolls %g px sideways", over))
	}
	for _, mistake := range Leftovers(b.Text(t, "body")) {
		out = append(out, fmt.Sprintf("the text holds %q", mistake))
	}
	return out
}

func (b *Browser) shoot(t *testing.T, name string) {
	t.Helper()
	if b.shots == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(b.shots, name), png, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
