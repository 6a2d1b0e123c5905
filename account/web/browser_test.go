package web_test

import (
	"strings"
	"testing"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/account/openid"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web/webtest"
)

// Every page and state, in every language, judged in a real browser.
func TestPagesInABrowser(t *testing.T) {
	browser := webtest.Open(t)
	h := open(t, account.Options{Demo: true, Providers: []openid.Provider{{Name: "uni", Title: "The University", Issuer: "https://id.example.org", ClientID: "samverk"}}})
	setup, err := h.FirstOperator(t.Context())
	ok(t, err)
	browser.Go(t, setup)
	for _, code := range lang.Codes {
		browser.Go(t, h.url+"/sign-in/first?lang="+code)
		browser.Judge(t, "first-"+code)
	}
	browser.Press(t, "main button")
	browser.Judge(t, "first-wrong")
	h.started(t)
	ok(t, h.db.Write(t.Context(), func(tx *storage.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO person (id, name, lang, operator, created, erased, version) VALUES ('x', 'Ivar Iversen', 'sv', 0, 0, 0, 1)`)
		return err
	}))
	for _, code := range lang.Codes {
		for _, s := range []struct {
			name, path string
			press      string
		}{
			{name: "signin", path: "/sign-in"},
			{name: "signin-wrong", path: "/sign-in", press: `form[action="/sign-in"] button`},
			{name: "signin-said", path: "/sign-in?said=reset"},
			{name: "recover", path: "/recover"},
			{name: "sent", path: "/recover/sent"},
			{name: "gone", path: "/recover/new"},
		} {
			browser.Go(t, withLang(h.url+s.path, code))
			if s.press != "" {
				browser.Press(t, s.press)
			}
			browser.Judge(t, s.name+"-"+code)
		}
	}
	_, link := h.invite(t, "Anna Ankarström", "anna@example.org")
	browser.Go(t, link)
	for _, code := range lang.Codes {
		browser.Go(t, withLang(h.url+"/invitation", code))
		browser.Judge(t, "invitation-"+code)
	}
	browser.Press(t, `form[action="/invitation"] button`)
	browser.Judge(t, "invitation-wrong")

	_, err = h.SignInAs(t.Context(), "x", account.From{}) // somewhere else
	ok(t, err)
	browser.Go(t, h.url+"/sign-in?back=/account")
	browser.Press(t, `form[action="/sign-in/as"] button`)
	for _, code := range lang.Codes {
		for _, page := range []string{"account?said=mail", "account/log", "account/address", "account/password", "account/link/uni", "account/erase"} {
			browser.Go(t, withLang(h.url+"/"+page, code))
			browser.Judge(t, strings.NewReplacer("/", "-", "?", "-", "=", "-").Replace(page)+"-"+code)
		}
	}
	browser.Go(t, h.url+"/account")
	browser.Press(t, `form[action="/account/feeds"] button`)
	browser.Judge(t, "account-feed")
}

func withLang(address, code string) string {
	if strings.Contains(address, "?") {
		return address + "&lang=" + code
	}
	return address + "?lang=" + code
}
