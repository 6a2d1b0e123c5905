package webtest

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Wait runs an expression of the page's script again and again until it is true.
func (b *Browser) Wait(t *testing.T, expression string) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		ok, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if err != nil {
			t.Fatalf("%s: %v", expression, err)
		}
		if ok {
			return
		}
	}
	t.Fatalf("it didn't come to be that %s", expression)
}
