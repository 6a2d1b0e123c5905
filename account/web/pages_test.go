package web_test

import (
	"encoding/csv"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/storage"
)

func contains(t testing.TB, page, want string) {
	t.Helper()
	if text := html.UnescapeString(page); !strings.Contains(text, want) {
		t.Errorf("no %q in %s", want, regexp.MustCompile(`(?s).*<main[^>]*>|<footer.*`).ReplaceAllString(text, ""))
	}
}

// The whole way: first start, invitation, signing out and in, a forgotten password, another password, erasing.
func TestTheWholeWay(t *testing.T) {
	h := open(t, account.Options{})
	h.started(t)
	_, link := h.invite(t, "Anna Ankarström", "anna@example.org")
	b := h.browser(t)
	b.get(link)
	b.at("/invitation", 200) // the secret is out of the address
	page := b.get("/invitation?lang=en")
	contains(t, page, "Welcome, Anna Ankarström")
	contains(t, page, "anna@example.org")
	if strings.Contains(page, link[strings.LastIndexByte(link, '/')+1:]) {
		t.Error("the secret is in the page")
	}
	page = b.post("/invitation", "invitation", b.invitation(), "password", "sommar2026!!")
	b.at("/invitation", 400)
	contains(t, page, "easy to guess")
	if strings.Contains(page, "sommar2026") {
		t.Error("a password comes back in the page")
	}
	contains(t, b.post("/invitation", "invitation", b.invitation(), "password", good), "first page of Anna Ankarström")
	b.get("/invitation")
	b.at("/invitation", 404) // used

	b.get("/account")
	b.at("/account", 200)
	b.post("/sign-out")
	b.at("/sign-in", 200)
	b.get("/account?x=1")
	b.at("/sign-in", 200)
	if back := b.last.Request.URL.Query().Get("back"); back != "/account?x=1" {
		t.Error("back to", back)
	}
	page = b.post("/sign-in", "username", "anna@example.org", "password", "wrong", "back", "/account?x=1")
	b.at("/sign-in", 403)
	contains(t, page, `value="anna@example.org"`)
	contains(t, page, "don’t belong together")
	b.post("/sign-in", "username", "anna@example.org", "password", good, "back", "/account?x=1")
	b.at("/account", 200)

	// A second browser is seen, and ended.
	other := h.browser(t)
	other.post("/sign-in", "username", "anna@example.org", "password", good)
	page = b.get("/account")
	if n := strings.Count(page, "/end\""); n != 1 {
		t.Errorf("%d others to end", n)
	}
	b.post(regexp.MustCompile(`/account/sessions/[^"]*/end`).FindString(page))
	b.at("/account", 200)
	other.get("/account")
	other.at("/sign-in", 200)

	// Another password.
	page = b.post("/account/password", "current", "wrong", "password", "nio gröna kaniner")
	b.at("/account/password", 400)
	contains(t, page, "The password is not right")
	b.post("/account/password", "current", good, "password", "nio gröna kaniner")
	b.at("/account", 200)

	// Forgotten.
	other.get("/sign-in?lang=en")
	other.post("/recover", "username", "ANNA@example.org")
	other.at("/recover/sent", 200)
	h.pass(time.Second)
	other.post("/recover", "username", "nobody@example.org")
	other.at("/recover/sent", 200)
	ok(t, h.Close()) // what is done after the answer is done
	mail := h.secretMail(t, "anna@example.org")
	other.get(regexp.MustCompile(`http\S+/recover/\S+`).FindString(mail))
	other.at("/recover/new", 200)
	contains(t, other.post("/recover/new", "password", "kort"), "too short")
	contains(t, other.post("/recover/new", "password", "tio gröna kaniner"), "Your new password is in force")
	other.get("/recover/new")
	other.at("/recover/new", 404)
	b.get("/account")
	b.at("/sign-in", 200) // signed out everywhere
	other.post("/sign-in", "username", "anna@example.org", "password", "tio gröna kaniner", "back", "/account")
	other.at("/account", 200)

	other.post("/account/erase", "current", "wrong")
	other.at("/account/erase", 400)
	contains(t, other.post("/account/erase", "current", "tio gröna kaniner"), "Your account and profile are erased")
	other.get("/account")
	other.at("/sign-in", 200)
}

// What the first person forgot is said at its field, and what they wrote stays.
func TestFirstAccountForm(t *testing.T) {
	h := open(t, account.Options{})
	link, err := h.FirstOperator(t.Context())
	ok(t, err)
	b := h.browser(t)
	b.get(link)
	b.get("/sign-in/first?lang=en")
	for want, fields := range map[string][]string{
		"Fill this in.":          {"name", "", "mail", "olga@example.org", "password", good, "lang", "sv"},
		"That is no mail":        {"name", "Olga", "mail", "olga", "password", good, "lang", "sv"},
		"too short":              {"name", "Olga", "mail", "olga@example.org", "password", "short", "lang", "sv"},
		"Choose one of those":    {"name", "Olga", "mail", "olga@example.org", "password", good, "lang", "de"},
		"The text is too long":   {"name", strings.Repeat("x", 5000), "mail", "olga@example.org", "password", good, "lang", "sv"},
		"most of it is common w": {"name", "Olga Operatör", "mail", "olga@example.org", "password", "Olga.Operatör.1", "lang", "sv"},
	} {
		page := b.post("/sign-in/first", fields...)
		b.at("/sign-in/first", 400)
		contains(t, page, want)
		if fields[3] != "" && !strings.Contains(page, `value="`+fields[3]+`"`) {
			t.Errorf("%s: what was written is lost", want)
		}
	}
}

// A disabled account's next request is refused.
func TestDisabledIsOutAtOnce(t *testing.T) {
	h := open(t, account.Options{})
	h.started(t)
	id, link := h.invite(t, "Anna Ankarström", "anna@example.org")
	b := h.browser(t)
	b.get(link)
	b.post("/invitation", "invitation", b.invitation(), "password", good)
	b.get("/account")
	b.at("/account", 200)
	ok(t, h.Disable(t.Context(), h.operator, id))
	b.get("/account")
	b.at("/sign-in", 200)
	b.post("/account/password", "current", good, "password", "nio gröna kaniner")
	b.at("/account/password", 401)
	contains(t, b.get("/"), "first page of ")
	if strings.Contains(b.get("/"), "Anna") {
		t.Error("a disabled account has a name")
	}
}

// Where signing in leads is always here.
func TestBackStaysHere(t *testing.T) {
	h := open(t, account.Options{})
	h.started(t)
	for _, back := range []string{"https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "\t//evil.example", "/%5cevil.example/../..", ""} {
		b := h.browser(t)
		b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		b.post("/sign-in", "username", "olga@example.org", "password", good, "back", back)
		to, err := url.Parse(b.last.Header.Get("Location"))
		ok(t, err)
		if b.last.StatusCode != 303 || to.Host != "" || to.Scheme != "" || !strings.HasPrefix(to.Path, "/") || strings.HasPrefix(to.Path, "//") {
			t.Errorf("%q leads to %q", back, to)
		}
	}
}

// A session's token is new each time, and one that was there before is never taken up.
func TestNoFixation(t *testing.T) {
	h := open(t, account.Options{})
	h.started(t)
	b := h.browser(t)
	site, err := url.Parse(h.url)
	ok(t, err)
	planted := strings.Repeat("A", 43)
	b.Jar.SetCookies(site, []*http.Cookie{{Name: "samverk-session", Value: planted, Path: "/"}})
	token := func() string {
		for _, c := range b.Jar.Cookies(site) {
			if c.Name == "samverk-session" {
				return c.Value
			}
		}
		return ""
	}
	b.post("/sign-in", "username", "olga@example.org", "password", good)
	first := token()
	b.post("/sign-in", "username", "olga@example.org", "password", good)
	second := token()
	if first == planted || second == first || len(first) != 43 {
		t.Error(first, second)
	}
	b.post("/account/password", "current", good, "password", "nio gröna kaniner")
	b.at("/account", 200)
	if _, err := h.Resume(t.Context(), second); err == nil || token() == second {
		t.Error("the token stays when the password changes")
	}
	b.post("/account/password", "current", "nio gröna kaniner", "password", good)
	b.post("/sign-in", "username", "olga@example.org", "password", good)
	second = token()
	if _, err := h.Resume(t.Context(), first); err == nil {
		t.Error("the session before lives on")
	}
	set := b.last.Request.Response.Header.Values("Set-Cookie")
	if all := strings.Join(set, "\n"); !strings.Contains(all, "samverk-session="+second+"; Path=/; HttpOnly; SameSite=Lax") {
		t.Error(all)
	}
}

// A form from another site is refused.
func TestCrossOriginSignIn(t *testing.T) {
	h := open(t, account.Options{})
	h.started(t)
	b := h.browser(t)
	r, err := http.NewRequest("POST", h.url+"/sign-in", strings.NewReader(url.Values{"username": {"olga@example.org"}, "password": {good}}.Encode()))
	ok(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://evil.example")
	b.do(r, nil)
	b.at("/sign-in", 403)
	if len(b.last.Cookies()) != 0 {
		t.Error("signed in from elsewhere")
	}
}

func TestWaitingIsSaid(t *testing.T) {
	h := open(t, account.Options{})
	h.started(t)
	b := h.browser(t)
	var page string
	for range 8 {
		page = b.post("/sign-in?lang=en", "username", "olga@example.org", "password", "wrong")
	}
	b.at("/sign-in", http.StatusTooManyRequests)
	contains(t, page, "Wait a minute and try again.")
	if b.last.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestFeedIsShownOnce(t *testing.T) {
	h := open(t, account.Options{})
	b := h.started(t)
	page := b.post("/account/feeds", "scope", "person", "subject", "")
	b.at("/account", 200)
	address := regexp.MustCompile(`http[^"]*/feeds/([A-Za-z0-9_-]{43})\.ics`).FindStringSubmatch(page)
	if address == nil {
		t.Fatal("no address in", page)
	}
	f, err := h.Feed(t.Context(), address[1])
	ok(t, err)
	if f.Person != h.operator.Person {
		t.Error(f)
	}
	if page = b.get("/account"); strings.Contains(page, address[1]) {
		t.Error("shown twice")
	}
	b.post(regexp.MustCompile(`/account/feeds/[^"]*/revoke`).FindString(page))
	if _, err := h.Feed(t.Context(), address[1]+".ics"); err == nil {
		t.Error("a revoked feed")
	}
}

func TestLogAsFile(t *testing.T) {
	h := open(t, account.Options{})
	b := h.started(t)
	rows, err := csv.NewReader(strings.NewReader(b.get("/account/log?format=csv"))).ReadAll()
	ok(t, err)
	var list []map[string]any
	ok(t, json.Unmarshal([]byte(b.get("/account/log?format=json")), &list))
	if len(rows) != 3 || len(list) != 2 || list[0]["kind"] != "signed-in" || rows[1][3] != "Edge, Windows" || rows[1][4] != "127.0.0.0/24" {
		t.Error(rows, list)
	}
	b.get("/account/log?format=xml")
	b.at("/account/log", 400)
	for i := range 60 {
		_, _ = h.SignIn(t.Context(), "olga@example.org", "wrong", account.From{})
		h.pass(time.Duration(i) * time.Minute)
	}
	b.post("/sign-in", "username", "olga@example.org", "password", good)
	page := b.get("/account/log?lang=en")
	next := regexp.MustCompile(`/account/log\?after=[^"]*`).FindString(page)
	if next == "" || !strings.Contains(b.get(next), "The invitation was accepted") {
		t.Error("the beginning of the log is lost")
	}
}

func TestMove(t *testing.T) {
	h := open(t, account.Options{})
	b := h.started(t)
	b.get("/account?lang=en")
	b.post("/account/address", "mail", "new", "current", good)
	contains(t, b.post("/account/address"), "That is no mail address")
	b.at("/account/address", 400)
	contains(t, b.post("/account/address", "mail", "new@example.org", "current", good), "on its way to the new address")
	mail := h.secretMail(t, "new@example.org")
	b.get(regexp.MustCompile(`http\S+/sign-in/address/\S+`).FindString(mail))
	b.at("/sign-in/address", 200)
	contains(t, b.post("/sign-in/address"), "new mail address is in force")
	b.at("/account", 200)
	b.get("/sign-in/address")
	b.at("/sign-in/address", 404)
}

func TestMailSettings(t *testing.T) {
	h := open(t, account.Options{})
	b := h.started(t)
	b.post("/account/mail", "lang", "nb", "frequency", "weekly", "zone", "Europe/Oslo")
	b.at("/account", 200)
	r, err := h.MailOf(t.Context(), h.operator)
	ok(t, err)
	if r.Lang != "nb" || r.Frequency != "weekly" || r.Zone != "Europe/Oslo" || r.Mail != "olga@example.org" {
		t.Error(r)
	}
	contains(t, b.post("/account/mail?lang=en", "lang", "nb", "frequency", "hourly", "zone", "Europe/Oslo"), "Choose how often you want mail.")
	b.at("/account/mail", 400)
}

// Somebody else's sessions, feeds and identities are not there.
func TestNotYours(t *testing.T) {
	h := open(t, account.Options{})
	b := h.started(t)
	for _, path := range []string{"/account/sessions/01ABC/end", "/account/feeds/01ABC/revoke", "/account/identities/01ABC", "/account/link/nobody"} {
		b.post(path, "current", good)
		b.at(path, 404)
	}
}

// Only a demonstration lets anybody in as anybody.
func TestSignInAs(t *testing.T) {
	h := open(t, account.Options{})
	h.started(t)
	b := h.browser(t)
	b.post("/sign-in/as", "person", string(h.operator.Person))
	b.at("/sign-in/as", 404)
	demo := open(t, account.Options{Demo: true})
	demo.started(t)
	b = demo.browser(t)
	contains(t, b.get("/sign-in?lang=sv"), "Logga in som Ivar Iversen")
	contains(t, b.post("/sign-in/as", "person", string(demo.operator.Person)), "first page of Olga")
	b.post("/sign-in/as", "person", "nobody")
	b.at("/sign-in/as", 404)
}

// What is in the pages' routes: who may call each, and that nobody is let in where somebody must be.
func TestRoutes(t *testing.T) {
	h := open(t, account.Options{})
	h.started(t)
	b := h.browser(t)
	for _, r := range h.table.Routes() {
		path := strings.NewReplacer("{token}", "x", "{id}", "x", "{provider}", "x", "{$}", "").Replace(r.Pattern)
		if !strings.HasPrefix(path, "/account") {
			continue
		}
		if r.Method == "GET" {
			b.get(path)
			b.at("/sign-in", 200)
		} else {
			b.post(path)
			b.at(path, 401)
		}
	}
}

// Every page and state in every language: whole, and every word there.
func TestPagesInEveryLanguage(t *testing.T) {
	h := open(t, account.Options{})
	b := h.started(t)
	_, link := h.invite(t, "Anna Ankarström", "anna@example.org")
	b.get(link)
	_, err := h.MakeFeed(t.Context(), h.operator, "person", "")
	ok(t, err)
	for _, code := range lang.Codes {
		for _, path := range []string{"/sign-in?said=reset", "/invitation", "/recover", "/recover/sent", "/recover/new", "/sign-in/first", "/account/address", "/sign-in/address", "/account?said=mail", "/account/log", "/account/password", "/account/erase"} {
			c := b
			if strings.HasPrefix(path, "/sign-in?") {
				c = h.browser(t)
			}
			sep := "?"
			if strings.Contains(path, "?") {
				sep = "&"
			}
			page := c.get(path + sep + "lang=" + code)
			if !strings.Contains(page, `<html lang="`+code+`"`) || !strings.HasSuffix(strings.TrimSpace(page), "</html>") {
				t.Errorf("%s in %s is not whole: %d", path, code, c.last.StatusCode)
			}
			for _, wrong := range []string{"%!", "[fault", "[event", "<nil>", "no message", "<script", " style=", "%s", "%d", "%["} {
				if strings.Contains(page, wrong) {
					t.Errorf("%s in %s: %q", path, code, wrong)
				}
			}
			if c.last.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s may be cached", path)
			}
		}
	}
}

// Every sentence a fault of the room names, and every kind of event, is written.
func TestEverySentenceIsThere(t *testing.T) {
	h := open(t, account.Options{})
	b := h.started(t)
	for _, kind := range account.Kinds {
		ok(t, h.db.Write(t.Context(), func(tx *storage.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO account_event (id, account, at, kind, detail, place, browser) SELECT $1, id, 0, $2, 'password', '', '' FROM account`, "0"+kind, kind)
			return err
		}))
	}
	for _, code := range lang.Codes {
		if page := b.get("/account/log?lang=" + code); strings.Contains(page, "[event.") {
			t.Error(code, "lacks", regexp.MustCompile(`\[event\.[^\]]*`).FindString(page))
		}
	}
}

// Nothing secret is in the log, whatever went wrong.
func TestNothingSecretIsLogged(t *testing.T) {
	h := open(t, account.Options{})
	h.started(t)
	_, link := h.invite(t, "Anna Ankarström", "anna@example.org")
	c := h.browser(t)
	c.get(link)
	c.post("/sign-in", "username", "canary-name", "password", "canary-password")
	c.get("/sign-in/at/x/back?code=canary-code&state=canary-state")
	ok(t, h.db.Write(t.Context(), func(tx *storage.Tx) error {
		_, err := tx.Exec(t.Context(), `DROP TABLE account_recovery`)
		return err
	}))
	c.get("/recover/canary-token")
	c.at("/recover/new", 500)
	if h.log.Len() == 0 {
		t.Fatal("the canary sees nothing")
	}
	for _, secret := range []string{"canary", good, link[strings.LastIndexByte(link, '/')+1:], "example.org", "127.0.0.1:"} {
		if strings.Contains(h.log.String(), secret) {
			t.Errorf("%q is in the log: %s", secret, h.log)
		}
	}
}
