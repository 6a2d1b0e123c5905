package web_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/samverk/samverk/consent"
	consentweb "github.com/samverk/samverk/consent/web"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/web/webtest"
)

// Every page and state, judged in a real browser: light and dark, 360 and 1280 px.
func TestPagesInABrowser(t *testing.T) {
	chromium := webtest.Open(t)
	h := newHouse(t, testkit.SQLite(t), func(o *consentweb.Options) {
		o.As = []consentweb.Persona{{Individual: "anna", Name: "Anna", Is: consent.Text{"sv": "Patient", "nb": "Pasient", "en": "Patient"}}}
		o.Steward = func(*http.Request) bool { return true }
		o.Editor = func(*http.Request, string) bool { return true }
	})
	judge := func(name, path string) {
		t.Helper()
		chromium.Go(t, h.url+path)
		chromium.Judge(t, name)
	}
	judge("my-signin-sv", "/my/sign-in?lang=sv")
	judge("my-refused-nb", "/my/sign-in/at/strong/back?lang=nb")
	h.guardian("pid-anna", "child")
	h.link("pid-anna", "anna")
	h.link("pid-elin", "elin")
	father := h.guardian("pid-father", "elin")
	signIn := func(pid string) *browser {
		b := h.patient(pid)
		at := must(url.Parse(h.url))(t)
		chromium.Cookies(t, h.url, b.Jar.Cookies(at))
		return b
	}
	anna := signIn("pid-anna")
	judge("my-choose", "/my?lang=sv")
	judge("my-noform", "/my/me?lang=sv")
	digest := h.enact(14, model(t)).String()
	judge("my-new", "/my/me?lang=nb")
	chromium.Press(t, "form.smv-choices button")
	chromium.Judge(t, "my-wrong")
	anna.post("/my/me/choices", "form", digest, "q.care", "yes", "q.research", "yes", "q.abroad", "no", "d.research", "MONDO:0005027")
	anna.post("/my/me/restrictions", "kind", "opt-out")
	for i := range 40 {
		h.use([]string{"Laboratoriet i Norra regionen", "Barnkliniken i Västra regionen", ""}[i%3], care)
		if i%4 == 0 {
			h.pass(11 * 24 * time.Hour)
		}
	}
	h.use("Läkemedelsföretag, via avtal 7", consent.Use{Purpose: consent.Research, Commercial: true, Country: "NO"})
	signIn("pid-anna") // the session was unused for too long
	judge("my-sv", "/my/me?lang=sv")
	judge("my-uses", "/my/me/uses?lang=sv")
	judge("my-use", "/my/me/uses/1?lang=en")
	judge("my-restrictions", "/my/me/restrictions?lang=sv")
	judge("my-diseases", "/my/me/diseases?lang=nb")
	judge("my-withdraw", "/my/me/withdraw?lang=sv")
	chromium.Press(t, "main form button")
	chromium.Judge(t, "my-receipt")
	judge("my-history", "/my/me/history?lang=nb")

	signIn("pid-father").post("/my/"+father+"/choices", "form", digest, "q.care", "yes")
	h.set(time.Date(2028, 3, 2, 12, 0, 0, 0, time.UTC))
	signIn("pid-elin")
	judge("my-first", "/my/me?lang=sv")

	judge("forms", "/n/se/forms?lang=sv")
	judge("form", "/n/se/forms/"+digest+"?lang=nb")
	judge("form-preview", "/n/se/forms/"+digest+"/preview?lang=sv")
}

// What needs somebody signed in at the network.
func TestStaffsPagesInABrowser(t *testing.T) {
	chromium := webtest.Open(t)
	h := newHouse(t, testkit.SQLite(t), nil)
	h.as = "steward"
	judge := func(name, path string) {
		t.Helper()
		chromium.Go(t, h.url+path)
		chromium.Judge(t, name)
	}
	judge("register-noform", "/consent/register?lang=sv")
	h.enact(14, model(t))
	judge("register", "/consent/register?lang=sv")
	chromium.Press(t, "main form button")
	chromium.Judge(t, "register-wrong")
	judge("look", "/consent/individuals?lang=nb")
	judge("form-edit", "/n/se/forms/new?lang=sv")
	chromium.Press(t, "main form button[name=do][value=save]")
	chromium.Judge(t, "form-draft")
}
