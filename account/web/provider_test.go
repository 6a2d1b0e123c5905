package web_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/account/openid"
	"github.com/samverk/samverk/network"
)

var providerKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

// provider is one that does as it should, at which somebody is signed in already. What it might do wrong is tested in account/openid.
type provider struct {
	*httptest.Server
	subject string
	now     func() time.Time
	codes   map[string]url.Values
}

func newProvider(t *testing.T) *provider {
	p := &provider{subject: "anna", codes: map[string]url.Values{}}
	send := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		send(w, map[string]any{"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"code_challenge_methods_supported": []string{"S256"}, "authorization_response_iss_parameter_supported": true})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		send(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: providerKey().Public(), KeyID: "1"}}})
	})
	mux.HandleFunc("/authorize", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		code := rand.Text()
		p.codes[code] = q
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {p.URL}}.Encode(), http.StatusFound)
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		asked, ok := p.codes[r.PostFormValue("code")]
		delete(p.codes, r.PostFormValue("code"))
		if !ok {
			http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
			return
		}
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: providerKey(), KeyID: "1"}}, nil)
		if err != nil {
			panic(err)
		}
		id, err := jwt.Signed(signer).Claims(map[string]any{"iss": p.URL, "sub": p.subject, "aud": "samverk", "nonce": asked.Get("nonce"),
			"iat": p.now().Unix(), "exp": p.now().Add(time.Minute).Unix(), "email": "olga@example.org", "email_verified": true}).Serialize()
		if err != nil {
			panic(err)
		}
		send(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": id})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

// atProvider is a site with two providers, which are the same server; anna is invited.
func atProvider(t *testing.T) (h *house, p *provider, operator, anna *browser, person network.PersonID) {
	t.Helper()
	p = newProvider(t)
	h = open(t, account.Options{Providers: []openid.Provider{
		{Name: "uni", Title: "The University", Issuer: p.URL, ClientID: "samverk"},
		{Name: "other", Title: "Another", Issuer: p.URL, ClientID: "samverk"},
	}})
	p.now = h.Now
	operator = h.started(t)
	person, link := h.invite(t, "Anna Ankarström", "anna@example.org")
	anna = h.browser(t)
	anna.get("/sign-in?lang=en")
	anna.get(link)
	return h, p, operator, anna, person
}

// stopBack makes the browser stop where the provider sends it back, and gives that address.
func (b *browser) stopBack(provider string) string {
	b.t.Helper()
	before := b.CheckRedirect
	b.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasSuffix(r.URL.Path, "/back") {
			return http.ErrUseLastResponse
		}
		return nil
	}
	b.with(provider)
	b.CheckRedirect = before
	to := b.last.Header.Get("Location")
	if to == "" {
		b.t.Fatal("not led back:", b.last.Request.URL)
	}
	return to
}

func TestInvitationWithAProvider(t *testing.T) {
	h, _, _, b, person := atProvider(t)
	page := b.get("/invitation")
	contains(t, page, "Continue with The University")
	contains(t, b.with("uni", "invitation", b.invitation()), "first page of Anna Ankarström")
	if b.last.Request.URL.RawQuery != "" {
		t.Error("the code stays in the address")
	}
	// No password: it can choose one, as long as it has just signed in.
	contains(t, b.get("/account"), "You have no password.")
	h.pass(16 * time.Minute)
	contains(t, b.post("/account/password", "password", good), "too long since you signed in")
	b.at("/account/password", 403)
	b.post("/sign-out")
	contains(t, b.with("uni", "back", "/account"), "You have no password.")
	b.at("/account", 200)
	h.pass(time.Second)
	id := strings.Split(strings.Split(b.get("/account"), "/account/identities/")[1], `"`)[0]
	contains(t, b.post("/account/identities/"+id), "only way in")
	b.at("/account/identities/"+id, 409)
	b.post("/account/password", "password", good)
	b.at("/account", 200)
	b.post("/account/identities/"+id, "current", good)
	b.at("/account", 200)
	b.post("/sign-out")
	contains(t, b.with("uni"), "Nobody here has linked that account at The University")
	b.at("/sign-in/at/uni/back", 403)

	// Somebody whose account is disabled is nobody.
	b.post("/sign-in", "username", "anna@example.org", "password", good)
	contains(t, b.post("/account/link/other", "current", "wrong"), "The password is not right")
	page = b.post("/account/link/other", "current", good)
	contains(t, page, "On to Another")
	b.get(strings.ReplaceAll(strings.Split(strings.Split(page, `rel="noreferrer" href="`)[1], `"`)[0], "&amp;", "&"))
	b.at("/account", 200)
	ok(t, h.Disable(t.Context(), h.operator, person))
	b.with("other")
	b.at("/sign-in/at/other/back", 403)
}

// Who signs in at a provider to accept what they are invited to comes back to the invitation.
func TestInvitationOutlivesSigningIn(t *testing.T) {
	h, _, _, b, _ := atProvider(t)
	b.with("uni", "invitation", b.invitation())
	b.get("/invitation")
	b.at("/invitation", http.StatusNotFound) // used up
	b.post("/sign-out")
	_, link := h.invite(t, "A. Ankarström", "anna@example.org")
	b.get(link)
	contains(t, b.with("uni", "back", "/invitation"), "You are signed in as Anna Ankarström")
	b.at("/invitation", http.StatusOK)
	contains(t, b.post("/invitation/accept", "invitation", b.invitation()), "first page of Anna Ankarström")
}

// A mail address that is the same links nothing: the provider says that anybody is olga@example.org.
func TestMailLinksNothing(t *testing.T) {
	h, p, _, _, _ := atProvider(t)
	p.subject = "stranger"
	b := h.browser(t)
	b.get("/sign-in?lang=en")
	contains(t, b.with("uni"), "Nobody here has linked")
	if strings.Contains(b.get("/"), "Olga") {
		t.Error("signed in by mail address")
	}
}

// An answer is good once, in the browser that asked, at the provider's own address, for ten minutes.
func TestAnswersOfAProvider(t *testing.T) {
	h, _, _, b, _ := atProvider(t)
	contains(t, b.with("uni", "invitation", b.invitation()), "first page of Anna")
	site, err := url.Parse(h.url)
	ok(t, err)

	back := b.stopBack("uni")
	var kept []*http.Cookie
	for _, c := range b.Jar.Cookies(site) {
		if c.Name == "samverk-flow" {
			kept = append(kept, c)
		}
	}
	b.get(back)
	b.at("/", 200)
	b.Jar.SetCookies(site, kept)
	contains(t, b.get(back), "The sign-in could not be finished")
	b.at("/sign-in/at/uni/back", 403)

	back = b.stopBack("uni")
	victim := h.browser(t)
	victim.get(back) // somebody else's answer, planted
	victim.at("/sign-in/at/uni/back", 403)
	if strings.Contains(victim.get("/"), "Anna") {
		t.Error("signed in by another browser's answer")
	}

	back = b.stopBack("uni")
	b.get(strings.Replace(back, "/at/uni/", "/at/other/", 1))
	b.at("/sign-in/at/other/back", 403)

	back = b.stopBack("uni")
	h.pass(10*time.Minute + time.Second)
	b.get(back)
	b.at("/sign-in/at/uni/back", 403)

	b.with("nobody")
	b.at("/sign-in/with/nobody", 404)
}

// An identity belongs to one account, and is linked only by who is signed in as it when the answer comes.
func TestLinking(t *testing.T) {
	h, _, operator, anna, _ := atProvider(t)
	anna.with("uni", "invitation", anna.invitation())
	to := func(page string) string {
		return strings.ReplaceAll(strings.Split(strings.Split(page, `rel="noreferrer" href="`)[1], `"`)[0], "&amp;", "&")
	}
	operator.get("/account?lang=en")
	page := operator.post("/account/link/uni", "current", good)
	contains(t, operator.get(to(page)), "is linked already") // it is anna's
	operator.at("/sign-in/at/uni/back", 409)

	page = operator.post("/account/link/uni", "current", good)
	operator.post("/sign-out")
	operator.get(to(page))
	operator.at("/sign-in/at/uni/back", 404)
	if strings.Contains(operator.get("/"), "Olga") {
		t.Error("linking signed somebody in")
	}
	log, err := h.Events(t.Context(), h.operator, "", 100)
	ok(t, err)
	for _, e := range log {
		if e.Kind == "linked" {
			t.Error("linked:", e)
		}
	}
}
