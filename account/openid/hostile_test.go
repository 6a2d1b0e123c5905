package openid

import (
	"bytes"
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/samverk/samverk/fault"
)

// Keys take long to make, so there are two: the provider's and a stranger's.
var (
	ours    = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	foreign = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var b64 = base64.RawURLEncoding.EncodeToString

// liar is a provider that does as it should, but for what a test changes.
type liar struct {
	*httptest.Server
	meta   map[string]any
	header map[string]any
	claims map[string]any
	sign   func(l *liar, input string) string        // the signature of the ID token
	change func(l *liar, token string) string        // the ID token on its way
	answer func(l *liar, q url.Values)               // what the browser brings back
	token  func(l *liar, w http.ResponseWriter) bool // instead of the token endpoint's answer
	access string

	codes    map[string]url.Values // what was asked for with each code
	verified bool                  // the verifier came, and was right
	foreign  int                   // how often somebody else's keys were asked for
}

func newLiar(t *testing.T) *liar {
	l := &liar{codes: map[string]url.Values{}, access: "access-token", header: map[string]any{"alg": "RS256", "kid": "1", "typ": "JWT"}, claims: map[string]any{}}
	l.sign = func(_ *liar, input string) string { return rs256(ours(), input) }
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) { send(w, l.meta) })
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) { send(w, keySet(ours(), "1")) })
	mux.HandleFunc("/foreign", func(w http.ResponseWriter, _ *http.Request) { l.foreign++; send(w, keySet(foreign(), "1")) })
	mux.HandleFunc("/token", l.serveToken)
	l.Server = httptest.NewServer(mux)
	t.Cleanup(l.Close)
	l.meta = map[string]any{
		"issuer": l.URL, "authorization_endpoint": l.URL + "/authorize", "token_endpoint": l.URL + "/token", "jwks_uri": l.URL + "/keys",
		"code_challenge_methods_supported": []string{"plain", "S256"}, "id_token_signing_alg_values_supported": []string{"RS256", "HS256", "none"},
		"authorization_response_iss_parameter_supported": true,
	}
	return l
}

func send(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func keySet(k *rsa.PrivateKey, id string) jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: k.Public(), KeyID: id, Use: "sig"}}}
}

func rs256(k *rsa.PrivateKey, input string) string {
	sum := sha256.Sum256([]byte(input))
	return b64(must(rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, sum[:])))
}

func hs256(key []byte, input string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(input))
	return b64(m.Sum(nil))
}

// serveToken exchanges a code once, for whoever has the verifier.
func (l *liar) serveToken(w http.ResponseWriter, r *http.Request) {
	asked, ok := l.codes[r.PostFormValue("code")]
	delete(l.codes, r.PostFormValue("code"))
	id, secret, _ := r.BasicAuth()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	l.verified = asked.Get("code_challenge_method") == "S256" && asked.Get("code_challenge") == b64(sum[:])
	if !ok || !l.verified || id != "us" || secret != "client-secret" || r.PostFormValue("redirect_uri") != asked.Get("redirect_uri") {
		w.WriteHeader(http.StatusBadRequest)
		send(w, map[string]any{"error": "invalid_grant", "error_description": "server-wrote-this"})
		return
	}
	if l.token != nil && l.token(l, w) {
		return
	}
	send(w, map[string]any{"access_token": l.access, "token_type": "Bearer", "id_token": l.idToken(asked.Get("nonce"))})
}

// idToken is what a good provider gives, with the changes of the test.
func (l *liar) idToken(nonce string) string {
	sum := sha256.Sum256([]byte(l.access))
	claims := map[string]any{"iss": l.URL, "sub": "248289761001", "aud": "us", "nonce": nonce, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
		"at_hash": b64(sum[:16]), "acr": "high", "email": "anna@example.org"}
	maps.Copy(claims, l.claims)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	maps.DeleteFunc(l.header, func(_ string, v any) bool { return v == nil })
	input := b64(must(json.Marshal(l.header))) + "." + b64(must(json.Marshal(claims)))
	token := input + "." + l.sign(l, input)
	if l.change != nil {
		token = l.change(l, token)
	}
	return token
}

var now = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

func (l *liar) client(t *testing.T, change func(*Provider)) *Client {
	t.Helper()
	t.Setenv("OPENID_TEST_SECRET", "client-secret")
	p := Provider{Name: "uni", Title: "The University", Issuer: l.URL, ClientID: "us", SecretEnv: "OPENID_TEST_SECRET", ACR: []string{"high"}}
	if change != nil {
		change(&p)
	}
	c, err := New(p, "https://samverk.example.org/sign-in/at/uni/back", Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var flow = Flow{State: "a-state-of-this-browser", Nonce: "a-nonce-of-this-browser", Verifier: strings.Repeat("v", 43)}

// visit is a browser's way: to the provider and back, where the person consents.
func (l *liar) visit(t *testing.T, c *Client) (Identity, error) {
	t.Helper()
	address, err := c.Address(t.Context(), flow)
	if err != nil {
		return Identity{}, err
	}
	u := must(url.Parse(address))
	asked := u.Query()
	l.codes["code-1"] = asked
	back := url.Values{"code": {"code-1"}, "state": {asked.Get("state")}, "iss": {l.URL}}
	if l.answer != nil {
		l.answer(l, back)
	}
	return c.Finish(t.Context(), flow, back)
}

// A provider that does as it should: all that is sent is there, and who comes back is issuer and subject.
func TestGood(t *testing.T) {
	l := newLiar(t)
	c := l.client(t, func(p *Provider) { p.Scopes = []string{"profile"} })
	address, err := c.Address(t.Context(), flow)
	if err != nil {
		t.Fatal(err)
	}
	q := must(url.Parse(address)).Query()
	sum := sha256.Sum256([]byte(flow.Verifier))
	for name, want := range map[string]string{"response_type": "code", "client_id": "us", "redirect_uri": "https://samverk.example.org/sign-in/at/uni/back", "scope": "openid profile",
		"state": flow.State, "nonce": flow.Nonce, "code_challenge": b64(sum[:]), "code_challenge_method": "S256", "acr_values": "high"} {
		if q.Get(name) != want {
			t.Errorf("%s=%q, not %q", name, q.Get(name), want)
		}
	}
	who, err := l.visit(t, c)
	if err != nil || who.Issuer != l.URL || who.Subject != "248289761001" || !l.verified {
		t.Fatal(who, err, l.verified)
	}
	if _, err := c.Finish(t.Context(), flow, url.Values{"code": {"code-1"}, "state": {flow.State}, "iss": {l.URL}}); err == nil {
		t.Error("a code was good twice")
	}
	for name, change := range map[string]func(*liar){
		"several audiences with azp": func(l *liar) { l.claims = map[string]any{"aud": []string{"us", "api"}, "azp": "us"} },
		"no typ":                     func(l *liar) { delete(l.header, "typ") },
		"no at_hash":                 func(l *liar) { l.claims["at_hash"] = nil },
		"iss not announced": func(l *liar) {
			delete(l.meta, "authorization_response_iss_parameter_supported")
			l.answer = func(_ *liar, q url.Values) { q.Del("iss") }
		},
	} {
		l := newLiar(t)
		change(l)
		if _, err := l.visit(t, l.client(t, nil)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Who comes back is the claim that the operator names, when the provider says it at all.
func TestMatch(t *testing.T) {
	for value, want := range map[any]string{"01010199999": "01010199999", "": "", nil: "", 7: "", strings.Repeat("x", 256): ""} {
		l := newLiar(t)
		l.claims = map[string]any{"pid": value}
		id, err := l.visit(t, l.client(t, func(p *Provider) { p.Match = "pid" }))
		if (err == nil) != (want != "") || id.Subject != want {
			t.Errorf("%v: %q, %v", value, id.Subject, err)
		}
	}
	if _, err := New(Provider{Name: "a", Issuer: "https://id.example.org", ClientID: "us", Match: "email"}, "", Options{}); fault.KindOf(err) != fault.Invalid {
		t.Error("people are recognised by a mail address:", err)
	}
}

// Each lie differs from what is good in one thing only, and each is refused, for the reason that it is.
func TestLies(t *testing.T) {
	claim := func(name string, value any) func(*liar) {
		return func(l *liar) { l.claims[name] = value }
	}
	header := func(name string, value any) func(*liar) {
		return func(l *liar) { l.header[name] = value }
	}
	answer := func(do func(*liar, url.Values)) func(*liar) { return func(l *liar) { l.answer = do } }
	meta := func(name string, value any) func(*liar) { return func(l *liar) { l.meta[name] = value } }
	public := must(x509.MarshalPKIXPublicKey(ours().Public()))
	for name, c := range map[string]struct {
		lie func(*liar)
		why string
	}{
		"wrong aud":               {claim("aud", "somebody-else"), "wrong aud"},
		"no aud":                  {claim("aud", nil), "wrong aud"},
		"two audiences, no azp":   {claim("aud", []string{"us", "api"}), "wrong azp"},
		"azp of somebody else":    {claim("azp", "somebody-else"), "wrong azp"},
		"wrong iss":               {claim("iss", "https://evil.example"), "wrong iss"},
		"iss with a slash":        {func(l *liar) { l.claims["iss"] = l.URL + "/" }, "wrong iss"},
		"wrong nonce":             {claim("nonce", "of another browser"), "wrong nonce"},
		"no nonce":                {claim("nonce", nil), "wrong nonce"},
		"expired":                 {claim("exp", now.Add(-time.Second).Unix()), "expired"},
		"no exp":                  {claim("exp", nil), "expired"},
		"from the future":         {claim("iat", now.Add(2*time.Minute).Unix()), "future"},
		"not before":              {claim("nbf", now.Add(6*time.Minute).Unix()), "future"},
		"issued long ago":         {claim("iat", now.Add(-11*time.Minute).Unix()), "too old"},
		"no iat":                  {claim("iat", nil), "too old"},
		"no subject":              {claim("sub", nil), "no subject"},
		"a subject without end":   {claim("sub", strings.Repeat("s", 256)), "no subject"},
		"wrong at_hash":           {claim("at_hash", "wrong"), "wrong at_hash"},
		"another access token":    {func(l *liar) { l.token = otherAccess }, "wrong at_hash"},
		"wrong acr":               {claim("acr", "low"), "acr"},
		"no acr":                  {claim("acr", nil), "acr"},
		"alg none":                {func(l *liar) { l.header["alg"] = "none"; l.sign = func(*liar, string) string { return "" } }, "no JWT of an algorithm"},
		"alg None":                {func(l *liar) { l.header["alg"] = "None"; l.sign = func(*liar, string) string { return "" } }, "no JWT of an algorithm"},
		"HS256 with the secret":   {symmetric([]byte("client-secret")), "no JWT of an algorithm"},
		"HS256 with the key, DER": {symmetric(public), "no JWT of an algorithm"},
		"HS256 with the key, PEM": {symmetric(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})), "no JWT of an algorithm"},
		"an alg not announced": {func(l *liar) {
			l.header["alg"] = "PS256"
			l.sign = func(_ *liar, input string) string {
				sum := sha256.Sum256([]byte(input))
				return b64(must(rsa.SignPSS(rand.Reader, ours(), crypto.SHA256, sum[:], nil)))
			}
		}, "no JWT of an algorithm"},
		"unknown kid":            {func(l *liar) { l.header["kid"] = "2"; l.sign = stranger }, "signature"},
		"our key, unknown kid":   {header("kid", "2"), "signature"},
		"stranger's key":         {func(l *liar) { l.sign = stranger }, "signature"},
		"stranger's key, no kid": {func(l *liar) { l.header["kid"] = nil; l.sign = stranger }, "signature"},
		"foreign jku":            {func(l *liar) { l.header["jku"] = l.URL + "/foreign"; l.sign = stranger }, "signature"},
		"foreign x5u":            {func(l *liar) { l.header["x5u"] = l.URL + "/foreign"; l.sign = stranger }, "signature"},
		"a key in the header":    {func(l *liar) { l.header["jwk"] = keySet(foreign(), "1").Keys[0]; l.sign = stranger }, ""},
		"no signature":           {func(l *liar) { l.sign = func(*liar, string) string { return "" } }, ""},
		"a bit turned":           {func(l *liar) { l.change = turned }, "signature"},
		"a claim changed after":  {func(l *liar) { l.change = rewritten }, "signature"},
		"an access token":        {header("typ", "at+jwt"), "wrong type"},
		"a logout token":         {header("typ", "logout+jwt"), "wrong type"},
		"crit":                   {func(l *liar) { l.header["crit"] = []string{"x"}; l.header["x"] = true }, ""},
		"no ID token":            {func(l *liar) { l.token = noID }, "no ID token"},
		"not a JWT":              {func(l *liar) { l.change = func(*liar, string) string { return "opaque" } }, "no JWT"},
		"wrong state":            {answer(func(_ *liar, q url.Values) { q.Set("state", "of another browser") }), "wrong state"},
		"no state":               {answer(func(_ *liar, q url.Values) { q.Del("state") }), "wrong state"},
		"state twice":            {answer(func(_ *liar, q url.Values) { q.Add("state", flow.State) }), "state twice"},
		"code twice":             {answer(func(_ *liar, q url.Values) { q.Add("code", "other") }), "code twice"},
		"no code":                {answer(func(_ *liar, q url.Values) { q.Del("code") }), "no code"},
		"mix-up: another iss":    {answer(func(_ *liar, q url.Values) { q.Set("iss", "https://evil.example") }), "wrong iss"},
		"mix-up: no iss":         {answer(func(_ *liar, q url.Values) { q.Del("iss") }), "wrong iss"},
		"mix-up, not announced": {func(l *liar) {
			delete(l.meta, "authorization_response_iss_parameter_supported")
			l.answer = func(_ *liar, q url.Values) { q.Set("iss", "https://evil.example") }
		}, "wrong iss"},
		"an error":              {answer(func(_ *liar, q url.Values) { q.Set("error", "server_error") }), "answered with an error"},
		"stopped":               {answer(func(_ *liar, q url.Values) { q.Set("error", "access_denied") }), "was stopped"},
		"another's code":        {answer(func(_ *liar, q url.Values) { q.Set("code", "code-9") }), "refused the code"},
		"PKCE not supported":    {meta("code_challenge_methods_supported", nil), "PKCE"},
		"PKCE plain only":       {meta("code_challenge_methods_supported", []string{"plain"}), "PKCE"},
		"weak algorithms only":  {meta("id_token_signing_alg_values_supported", []string{"HS256", "none"}), "no algorithm"},
		"another issuer's doc":  {meta("issuer", "https://evil.example"), "another issuer"},
		"token without TLS":     {meta("token_endpoint", "http://evil.example/token"), "not https"},
		"keys without TLS":      {meta("jwks_uri", "http://evil.example/keys"), "not https"},
		"authorize without TLS": {meta("authorization_endpoint", "http://evil.example/authorize"), "not https"},
		"keys in a file":        {meta("jwks_uri", "file:///etc/passwd"), "not https"},
		"token endpoint elsewhere": {func(l *liar) {
			l.token = func(l *liar, w http.ResponseWriter) bool {
				w.Header().Set("Location", l.URL+"/foreign")
				w.WriteHeader(http.StatusTemporaryRedirect)
				return true
			}
		}, ""},
		"keys elsewhere": {func(l *liar) {
			l.meta["jwks_uri"] = l.URL + "/moved"
			l.Config.Handler.(*http.ServeMux).Handle("/moved", http.RedirectHandler(l.URL+"/keys", http.StatusFound))
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLiar(t)
			c.lie(l)
			who, err := l.visit(t, l.client(t, nil))
			if err == nil || who != (Identity{}) {
				t.Fatal("believed:", who)
			}
			var e *fault.Error
			if !errors.As(err, &e) || e.Kind != fault.Denied && e.Kind != fault.Unavailable || e.Code == "" {
				t.Fatalf("%#v", err)
			}
			if !strings.Contains(err.Error(), c.why) {
				t.Errorf("refused for another reason: %v", err)
			}
			for _, secret := range []string{"client-secret", "code-1", flow.State, flow.Nonce, flow.Verifier, "access-token", "server-wrote-this", "248289761001", "eyJ"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error tells %q: %v", secret, err)
				}
			}
			if l.foreign > 0 {
				t.Error("a stranger's address was asked")
			}
		})
	}
}

func stranger(_ *liar, input string) string { return rs256(foreign(), input) }

func symmetric(key []byte) func(*liar) {
	return func(l *liar) {
		l.header["alg"] = "HS256"
		l.sign = func(_ *liar, input string) string { return hs256(key, input) }
	}
}

func turned(_ *liar, token string) string {
	i := strings.LastIndexByte(token, '.') + 10
	c := byte('A')
	if token[i] == c {
		c = 'B'
	}
	return token[:i] + string(c) + token[i+1:]
}

func rewritten(_ *liar, token string) string {
	parts := strings.Split(token, ".")
	claims := must(base64.RawURLEncoding.DecodeString(parts[1]))
	parts[1] = b64(bytes.Replace(claims, []byte("248289761001"), []byte("248289761002"), 1))
	return strings.Join(parts, ".")
}

func noID(l *liar, w http.ResponseWriter) bool {
	send(w, map[string]any{"access_token": l.access, "token_type": "Bearer"})
	return true
}

func otherAccess(l *liar, w http.ResponseWriter) bool {
	send(w, map[string]any{"access_token": "another", "token_type": "Bearer", "id_token": l.idToken(flow.Nonce)})
	return true
}

// An answer without end is not read to its end.
func TestBounded(t *testing.T) {
	l := newLiar(t)
	l.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"issuer":"` + l.URL + `","x":"`))
		for range 4096 {
			if _, err := w.Write(bytes.Repeat([]byte("x"), 4096)); err != nil {
				return
			}
		}
		_, _ = w.Write([]byte(`"}`))
	})
	if _, err := l.client(t, nil).Address(t.Context(), flow); fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
}

// What an operator writes wrong is said when the program starts.
func TestProviders(t *testing.T) {
	good := Provider{Name: "uni", Issuer: "https://id.example.org", ClientID: "us"}
	for name, change := range map[string]func(*Provider){
		"no name":       func(p *Provider) { p.Name = "" },
		"a path":        func(p *Provider) { p.Name = "a/b" },
		"no client":     func(p *Provider) { p.ClientID = "" },
		"plain HTTP":    func(p *Provider) { p.Issuer = "http://id.example.org" },
		"a query":       func(p *Provider) { p.Issuer = "https://id.example.org?x=1" },
		"a user":        func(p *Provider) { p.Issuer = "https://u:p@id.example.org" },
		"no file":       func(p *Provider) { p.SecretFile = "/nowhere/secret" },
		"no variable":   func(p *Provider) { p.SecretEnv = "OPENID_NOT_SET" },
		"secrets twice": func(p *Provider) { p.SecretEnv, p.SecretFile = "A", "b" },
	} {
		p := good
		change(&p)
		if _, err := New(p, "https://x/back", Options{Now: time.Now}); err == nil {
			t.Error(name, "was taken")
		}
	}
	c, err := New(good, "https://x/back", Options{Now: time.Now})
	if err != nil || c.Title != "uni" {
		t.Error(err)
	}
}

// A provider that can't be reached is no fault of the reader's, and is asked again the next time.
func TestUnreachable(t *testing.T) {
	l := newLiar(t)
	c := l.client(t, nil)
	good := l.Config.Handler
	l.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "server-wrote-this", http.StatusBadGateway)
	})
	_, err := c.Address(context.Background(), flow)
	if fault.KindOf(err) != fault.Unavailable || strings.Contains(err.Error(), "server-wrote-this") {
		t.Error(err)
	}
	l.Config.Handler = good
	if _, err := l.visit(t, c); fault.KindOf(err) != fault.Unavailable {
		t.Error("a provider that failed is asked again at once:", err)
	}
	c.now = func() time.Time { return now.Add(pause) }
	if _, err := l.visit(t, c); err != nil {
		t.Error(err)
	}
}

// FuzzAnswer: whatever a browser brings back, only the state of its own question opens anything.
func FuzzAnswer(f *testing.F) {
	f.Add("code=1&state=2&iss=https://id.example.org")
	f.Add("error=access_denied&state=a-state-of-this-browser")
	c, err := New(Provider{Name: "uni", Issuer: "https://id.example.org", ClientID: "us"}, "https://x/back", Options{Now: time.Now})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		code, err := c.answered(&discovered{saysIss: true}, flow, q)
		if (err == nil) != (code != "") {
			t.Fatal(code, err)
		}
		if err == nil && (q.Get("state") != flow.State || q.Get("iss") != c.Issuer || len(q["state"]) != 1 || q.Get("error") != "") {
			t.Fatal("taken:", raw)
		}
	})
}
