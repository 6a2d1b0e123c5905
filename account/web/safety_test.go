package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/samverk/samverk/account"
	accountweb "github.com/samverk/samverk/account/web"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

// Another site can neither begin a sign-in at a provider nor have one's own form accept its invitation.
func TestForcedSignIn(t *testing.T) {
	h, _, _, victim, _ := atProvider(t)
	victim.get("/sign-in/with/uni?for=invitation")
	victim.at("/sign-in/with/uni", http.StatusNotFound)

	hers := victim.invitation() // her page is open
	_, theirs := h.invite(t, "Mallory Mört", "mallory@example.org")
	victim.get(theirs) // forced, in another tab
	victim.post("/invitation?lang=en", "invitation", hers, "password", good)
	victim.at("/invitation", http.StatusConflict)
	contains(t, victim.post("/sign-in/with/uni", "invitation", hers), "Another invitation has been opened")
	victim.at("/sign-in/with/uni", http.StatusConflict)
	victim.post("/sign-in", "username", "mallory@example.org", "password", good)
	victim.at("/sign-in", http.StatusForbidden) // nothing was accepted

	r, err := http.NewRequestWithContext(t.Context(), "POST", h.url+"/sign-in/with/uni", strings.NewReader("invitation="+victim.invitation()))
	ok(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	victim.do(r, nil)
	victim.at("/sign-in/with/uni", http.StatusForbidden)
}

// Who has an account is told the same as everybody, signs in and accepts with it.
func TestAcceptWithOnesAccount(t *testing.T) {
	h := open(t, account.Options{})
	h.started(t)
	person, link := h.invite(t, "Anna Ankarström", "anna@example.org")
	b := h.browser(t)
	b.get("/sign-in?lang=en")
	b.get(link)
	b.post("/invitation", "invitation", b.invitation(), "password", good)
	b.post("/sign-out")

	again, link := h.invite(t, "A. Ankarström", "ANNA@example.org")
	ok(t, h.db.Write(t.Context(), func(tx *storage.Tx) error {
		for _, q := range []string{
			`INSERT INTO body (id, network, root, kind, name, task, mandate, visibility, input_days, answer_days, paper_days, starts, ends, sort, closed, version)
				SELECT 'council', id, id, 'council', '{"sv":"Patientrådet"}', '', 'advises', 'body', 14, 90, 7, 0, 0, 1, 0, 1 FROM network`,
			`INSERT INTO seat (id, body, role, sector, nominator, deputy_for, sort, closed, version) VALUES ('council', 'council', 'chair', 'patient', NULL, NULL, 1, 0, 1)`,
			`INSERT INTO holding (id, seat, person, starts, ends, why, recorded, reminded) SELECT 'council', 'council', id, 0, 0, '', 0, 0 FROM person WHERE name = 'A. Ankarström'`,
		} {
			if _, err := tx.Exec(t.Context(), q); err != nil {
				return err
			}
		}
		return nil
	}))
	page := b.get(link)
	contains(t, page, "Sign in and accept")
	contains(t, page, `<dd lang="sv">Nätverket</dd>`) // what is accepted is said before it is
	contains(t, page, `Chair, <span lang="sv">Patientrådet</span>`)
	if strings.Contains(page, "has an account") {
		t.Error("the page tells whose address it is")
	}
	contains(t, b.post("/invitation", "invitation", b.invitation(), "password", good), "has an account here")
	b.at("/invitation", http.StatusConflict)
	b.post("/invitation/accept", "invitation", b.invitation())
	b.at("/invitation/accept", http.StatusUnauthorized)
	contains(t, b.post("/sign-in", "username", "anna@example.org", "password", good, "back", "/invitation"), "You are signed in as Anna Ankarström")
	contains(t, b.post("/invitation/accept", "invitation", b.invitation()), "first page of Anna Ankarström")
	b.get("/invitation")
	b.at("/invitation", http.StatusNotFound)
	ok(t, h.db.Read(context.Background(), func(tx *storage.Tx) error {
		networks, err := h.people.Memberships(t.Context(), tx, again)
		if err == nil && len(networks) != 0 {
			t.Error("the second registration stays")
		}
		if networks, err = h.people.Memberships(t.Context(), tx, person); err == nil && len(networks) != 1 {
			t.Error("nothing was got")
		}
		return err
	}))
}

// The page for a new password shows what else leads in, and removes what is ticked.
func TestResetUnlinks(t *testing.T) {
	h, _, _, b, _ := atProvider(t)
	b.with("uni", "invitation", b.invitation())
	contains(t, b.get("/account/password?lang=en"), "checked")
	b.post("/account/password", "password", good, "end", "yes")
	b.at("/account", 200)
	b.post("/recover", "username", "anna@example.org")
	ok(t, h.Close())
	mail := h.secretMail(t, "anna@example.org")
	page := b.get(regexp.MustCompile(`http\S+/recover/\S+`).FindString(mail))
	contains(t, page, "The University")
	id := regexp.MustCompile(`name="unlink" value="([^"]*)"`).FindStringSubmatch(page)[1]
	contains(t, b.post("/recover/new", "password", "kort", "unlink", id), `value="`+id+`" checked`)
	contains(t, b.post("/recover/new", "password", "tio gröna kaniner", "unlink", id), "every secret calendar address has ended")
	contains(t, b.with("uni"), "Nobody here has linked")
}

// Behind a proxy of ours every room sees the address that the proxy saw, and never one that was only written down.
func TestWhoTheProxySaw(t *testing.T) {
	h := open(t, account.Options{})
	site, err := web.New(web.Options{})
	ok(t, err)
	for _, c := range []struct {
		proxy     bool
		forwarded string
		want      string
	}{
		{true, "198.51.100.1, 203.0.113.9", "203.0.113.9"},
		{true, "nonsense", "192.0.2.1"},
		{false, "203.0.113.9", "192.0.2.1"},
	} {
		pages, err := accountweb.New(site, h.Accounts, accountweb.Options{Proxy: c.proxy})
		ok(t, err)
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", http.NoBody)
		r.Header.Set("X-Forwarded-For", c.forwarded)
		pages.Wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if got := web.Sender(r).String(); got != c.want {
				t.Errorf("%+v: %s", c, got)
			}
		})).ServeHTTP(httptest.NewRecorder(), r)
	}
}
