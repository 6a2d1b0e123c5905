package webtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// A walk by keyboard: what has the focus is named as a screen reader names it, forms are sent, scripts can be off, and a
// cookie says who the browser is.
func TestKeyboard(t *testing.T) {
	b := Open(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		who := "nobody"
		if c, err := r.Cookie("who"); err == nil {
			who = c.Value
		}
		fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Form</title><p>%s, %s</p><form method="post"><label for="a">Your <b>name</b></label><input id="a" name="a">
<label><input type="checkbox" name="b" value="yes"> I agree</label><button>Send it</button></form><p id="script">off</p><script>document.getElementById("script").textContent = "on"</script>`,
			who, r.PostFormValue("a")+r.PostFormValue("b"))
	}))
	defer s.Close()
	b.Go(t, s.URL)
	if f := b.TabTo(t, "Your name"); f.Role != "textbox" || !f.Seen {
		t.Error(f)
	}
	b.Type(t, "Åsa Ödmark")
	if f := b.Focus(t); f.Value != "Åsa Ödmark" {
		t.Error("typed:", f.Value)
	}
	if f := b.TabTo(t, "I agree"); f.Role != "checkbox" {
		t.Error(f)
	}
	b.Key(t, " ")
	if f := b.Tab(t); f.String() != "button “Send it”" {
		t.Error(f)
	}
	if status := b.Enter(t); status != 200 || b.Text(t, "p") != "nobody, Åsa Ödmarkyes" || b.At(t) != s.URL+"/" {
		t.Error(status, b.Text(t, "p"), b.At(t))
	}
	if b.Text(t, "#script") != "on" {
		t.Error("a script did not run")
	}
	b.Script(t, false)
	b.Cookies(t, s.URL, []*http.Cookie{{Name: "who", Value: "karin"}})
	b.Go(t, s.URL)
	if b.Text(t, "#script") != "off" || b.Text(t, "p") != "karin," {
		t.Error("without scripts:", b.Text(t, "#script"), b.Text(t, "p"))
	}
	b.TabTo(t, "Send it")
	if b.Enter(t) != 200 {
		t.Error("a form needs no script")
	}
	b.Script(t, true)
	b.Cookies(t, s.URL, nil)
	b.Go(t, s.URL)
	if b.Text(t, "#script") != "on" || b.Text(t, "p") != "nobody," {
		t.Error("with scripts again:", b.Text(t, "#script"), b.Text(t, "p"))
	}
}
