package openid

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/samverk/samverk/fault"
)

const (
	known  = time.Hour        // how long a discovery document is believed
	pause  = 10 * time.Second // before a provider that failed is asked again
	leeway = time.Minute      // how much clocks may differ
	oldest = 10 * time.Minute // since a token was issued
	most   = 1 << 20          // bytes of an answer
)

// strong are the algorithms we take: signatures that only the provider can make.
var strong = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA}

// Options of a Client. Now is needed.
type Options struct {
	Now       func() time.Time
	Transport http.RoundTripper // http.DefaultTransport when nil
}

// Client speaks with one provider. Its methods may be called from many goroutines.
type Client struct {
	Provider
	redirect string
	secret   string
	now      func() time.Time
	http     *http.Client
	issuers  map[string]issuer // of visas

	passports passports

	turn   chan struct{} // held by who asks the provider what it can do; it guards what follows
	found  *discovered
	failed error // the last asking's, until retry
	retry  time.Time
}

// discovered is what a provider says of itself.
type discovered struct {
	at       time.Time
	oauth    oauth2.Config
	verifier *oidc.IDTokenVerifier
	access   *oidc.IDTokenVerifier // of access tokens: for another audience, and otherwise the same
	saysIss  bool                  // names itself in its answers
	userInfo string                // where it tells what a passport holds; "": nowhere
}

// Flow binds one sign-in to one browser. Each is at least 256 bits that nobody else can know.
type Flow struct{ State, Nonce, Verifier string }

// Identity is who came back: Subject is the claim that the provider is matched by, sub unless it says another.
type Identity struct{ Issuer, Subject string }

// New prepares a client. The provider is asked nothing before somebody signs in there.
func New(p Provider, redirect string, o Options) (*Client, error) {
	if p.Title == "" {
		p.Title = p.Name
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	secret, err := p.secret()
	if err != nil {
		return nil, err
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	c := &Client{Provider: p, redirect: redirect, secret: secret, now: o.Now, turn: make(chan struct{}, 1), http: &http.Client{
		Timeout:       10 * time.Second,
		Transport:     bounded{o.Transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	c.issuers, err = c.newIssuers()
	return c, err
}

// bounded reads no answer beyond its limit.
type bounded struct{ next http.RoundTripper }

// RoundTrip is http.RoundTripper's.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.next.RoundTrip(r)
	if err == nil {
		answer.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(answer.Body, most), answer.Body}
	}
	return answer, err
}

// metadata is what we read of a discovery document beside what go-oidc does.
type metadata struct {
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Keys          string   `json:"jwks_uri"`
	Challenges    []string `json:"code_challenge_methods_supported"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
	Methods       []string `json:"token_endpoint_auth_methods_supported"`
	UserInfo      string   `json:"userinfo_endpoint"`
	SaysIss       bool     `json:"authorization_response_iss_parameter_supported"`
}

// discover asks the provider what it can do, and keeps the answer for a while: a failure for a short one, so that a slow
// provider doesn't hold up everybody one after the other.
func (c *Client) discover(ctx context.Context) (*discovered, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, c.unreachable("it was not waited for", nil)
	}
	now := c.now()
	switch {
	case c.found != nil && now.Sub(c.found.at) < known:
		return c.found, nil
	case c.failed != nil && now.Before(c.retry):
		return nil, c.failed
	}
	c.found, c.failed = c.ask(ctx)
	c.retry = c.now().Add(pause)
	return c.found, c.failed
}

func (c *Client) ask(ctx context.Context) (*discovered, error) {
	// The key set outlives this request, and with it its context.
	provider, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), c.http), c.Issuer)
	if err != nil {
		return nil, c.unreachable("its discovery document can't be had, or is of another issuer", err)
	}
	var m metadata
	if err := provider.Claims(&m); err != nil {
		return nil, c.unreachable("its discovery document can't be read", err)
	}
	return c.read(ctx, m)
}

func (c *Client) read(ctx context.Context, m metadata) (*discovered, error) {
	for _, address := range []string{m.Authorization, m.Token, m.Keys} {
		if err := c.safe(address); err != nil {
			return nil, err
		}
	}
	if c.safe(m.UserInfo) != nil {
		m.UserInfo = "" // nobody signs in by it
	}
	if !slices.Contains(m.Challenges, "S256") {
		return nil, c.refused("the provider doesn't support PKCE with S256")
	}
	algorithms := []string{oidc.RS256} // what a provider that names none must support
	if len(m.Algorithms) > 0 {
		algorithms = slices.DeleteFunc(slices.Clone(m.Algorithms), func(alg string) bool { return !slices.Contains(strong, alg) })
	}
	if len(algorithms) == 0 {
		return nil, c.refused("the provider signs with no algorithm that we trust")
	}
	style := oauth2.AuthStyleInHeader
	if c.secret == "" || len(m.Methods) > 0 && !slices.Contains(m.Methods, "client_secret_basic") {
		style = oauth2.AuthStyleInParams
	}
	keys := oidc.NewRemoteKeySet(oidc.ClientContext(context.WithoutCancel(ctx), c.http), m.Keys)
	return &discovered{
		at: c.now(),
		oauth: oauth2.Config{ClientID: c.ClientID, ClientSecret: c.secret, RedirectURL: c.redirect, Scopes: append([]string{oidc.ScopeOpenID}, c.Scopes...),
			Endpoint: oauth2.Endpoint{AuthURL: m.Authorization, TokenURL: m.Token, AuthStyle: style}},
		verifier: oidc.NewVerifier(c.Issuer, keys, &oidc.Config{ClientID: c.ClientID, SupportedSigningAlgs: algorithms, Now: c.now}),
		access:   oidc.NewVerifier(c.Issuer, keys, &oidc.Config{ClientID: c.Audience, SkipClientIDCheck: c.Audience == "", SupportedSigningAlgs: algorithms, Now: c.now}),
		saysIss:  m.SaysIss,
		userInfo: m.UserInfo,
	}, nil
}

// safe lets only TLS through; a loopback issuer may name its own machine.
func (c *Client) safe(address string) error {
	u, err := url.Parse(address)
	issuer, issuerErr := url.Parse(c.Issuer)
	if err == nil && issuerErr == nil && u.Host != "" && (u.Scheme == "https" || isLoopback(u) && isLoopback(issuer)) {
		return nil
	}
	return c.refused("an address in the discovery document is not https")
}

// Address is where the browser goes to sign in.
func (c *Client) Address(ctx context.Context, f Flow) (string, error) {
	d, err := c.discover(ctx)
	if err != nil {
		return "", err
	}
	with := []oauth2.AuthCodeOption{oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier), oauth2.SetAuthURLParam("response_mode", "query")}
	if len(c.ACR) > 0 {
		with = append(with, oauth2.SetAuthURLParam("acr_values", strings.Join(c.ACR, " ")))
	}
	return d.oauth.AuthCodeURL(f.State, with...), nil
}

// Finish checks what the browser brought back, exchanges the code and gives who signed in. It must be called once for a Flow.
func (c *Client) Finish(ctx context.Context, f Flow, query url.Values) (Identity, error) {
	d, err := c.discover(ctx)
	if err != nil {
		return Identity{}, err
	}
	code, err := c.answered(d, f, query)
	if err != nil {
		return Identity{}, err
	}
	token, err := d.oauth.Exchange(oidc.ClientContext(ctx, c.http), code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return Identity{}, c.failedExchange(err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok || raw == "" {
		return Identity{}, c.refused("the provider gave no ID token")
	}
	if err := c.typed(raw, "", "JWT"); err != nil {
		return Identity{}, err
	}
	id, err := d.verifier.Verify(ctx, raw)
	if err != nil {
		return Identity{}, c.refused("%s", unsigned(err))
	}
	return c.recognised(id, f, token.AccessToken, raw)
}

// answered checks the answer's parameters and gives the code.
func (c *Client) answered(d *discovered, f Flow, query url.Values) (string, error) {
	for _, name := range []string{"state", "code", "iss", "error"} {
		if len(query[name]) > 1 {
			return "", c.refused("the answer has %s twice", name)
		}
	}
	if !same(query.Get("state"), f.State) {
		return "", c.refused("the answer is not to this browser's question: wrong state")
	}
	if iss := query.Get("iss"); iss != c.Issuer && (iss != "" || d.saysIss) {
		return "", c.refused("the answer is another provider's: wrong iss")
	}
	switch query.Get("error") {
	case "":
	case "access_denied":
		return "", fault.New(fault.Denied, "signing in at %s was stopped", c.Name).Say("openid.stopped", c.Title)
	default:
		return "", c.refused("the provider answered with an error")
	}
	if query.Get("code") == "" {
		return "", c.refused("the answer has no code")
	}
	return query.Get("code"), nil
}

// typed refuses a token that says it is something else, as an access token does where an ID token is wanted.
func (c *Client) typed(raw string, types ...string) error {
	head, _, _ := strings.Cut(raw, ".")
	b, err := base64.RawURLEncoding.DecodeString(head)
	var header struct {
		Type string `json:"typ"`
	}
	if err != nil || json.Unmarshal(b, &header) != nil {
		return c.refused("the token is no JWT")
	}
	if !slices.ContainsFunc(types, func(t string) bool { return strings.EqualFold(t, header.Type) }) {
		return c.refused("the token is of the wrong type")
	}
	return nil
}

// recognised checks what go-oidc leaves to us.
func (c *Client) recognised(id *oidc.IDToken, f Flow, access, raw string) (Identity, error) {
	var claims struct {
		AZP string `json:"azp"`
		ACR string `json:"acr"`
	}
	if err := id.Claims(&claims); err != nil {
		return Identity{}, c.refused("the ID token can't be read")
	}
	now := c.now()
	switch {
	case !same(id.Nonce, f.Nonce):
		return Identity{}, c.refused("wrong nonce")
	case claims.AZP != "" && claims.AZP != c.ClientID, len(id.Audience) > 1 && claims.AZP == "":
		return Identity{}, c.refused("wrong azp")
	case id.IssuedAt.After(now.Add(leeway)):
		return Identity{}, c.refused("the ID token is from the future")
	case id.IssuedAt.Before(now.Add(-oldest)):
		return Identity{}, c.refused("the ID token is too old")
	case id.AccessTokenHash != "" && !same(id.AccessTokenHash, accessHash(raw, access)):
		return Identity{}, c.refused("wrong at_hash")
	}
	if err := c.sure(claims.ACR); err != nil {
		return Identity{}, err
	}
	return c.who(id)
}

// who takes from a token that was checked whom it is about.
func (c *Client) who(id *oidc.IDToken) (Identity, error) {
	subject := id.Subject
	if subject == "" || len(subject) > 255 {
		return Identity{}, c.refused("the token has no subject")
	}
	if c.Match != "" {
		var all map[string]any
		if err := id.Claims(&all); err != nil {
			return Identity{}, c.refused("the token can't be read")
		}
		if subject, _ = all[c.Match].(string); subject == "" || len(subject) > 255 {
			return Identity{}, c.refused("the token doesn't say who it is: no %s", c.Match)
		}
	}
	return Identity{Issuer: c.Issuer, Subject: subject}, nil
}

// accessHash is what at_hash must be: the left half of the access token's hash, with the hash of the signature's algorithm.
func accessHash(raw, access string) string {
	head, _, _ := strings.Cut(raw, ".")
	b, err := base64.RawURLEncoding.DecodeString(head)
	var header struct {
		Algorithm string `json:"alg"`
	}
	if err != nil || json.Unmarshal(b, &header) != nil {
		return ""
	}
	var h hash.Hash
	switch {
	case strings.HasSuffix(header.Algorithm, "256"):
		h = sha256.New()
	case strings.HasSuffix(header.Algorithm, "384"):
		h = sha512.New384()
	default: // 512, and EdDSA with Ed25519
		h = sha512.New()
	}
	h.Write([]byte(access))
	sum := h.Sum(nil)
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

// same compares what only one browser knows. Nothing is never right.
func same(a, b string) bool {
	return a != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// refused is the answer to whatever is not as it must be. What exactly is for the log.
func (c *Client) refused(format string, args ...any) *fault.Error {
	return fault.New(fault.Denied, "provider "+c.Name+": "+format, args...).Say("openid.refused", c.Title)
}

func (c *Client) unreachable(what string, err error) *fault.Error {
	var said *url.Error
	if !errors.As(err, &said) { // go-oidc puts what the server wrote in its errors
		err = nil
	}
	return fault.Wrap(fault.Unavailable, err, "provider %s: %s", c.Name, what).Say("openid.unreachable", c.Title).
		Do("look whether %s can be reached from here, and is written as the provider writes it", c.Issuer)
}

// failedExchange tells a provider that refuses the code from one that can't be reached.
func (c *Client) failedExchange(err error) error {
	var said *oauth2.RetrieveError
	if errors.As(err, &said) && said.Response != nil && said.Response.StatusCode < 500 {
		return c.refused("the provider refused the code")
	}
	return c.unreachable("the code can't be exchanged", err)
}

// reasons are what go-oidc writes, the more particular first, and what we say of it.
var reasons = [...][2]string{
	{"malformed jwt", "the ID token is no JWT of an algorithm that we trust"},
	{"multiple signatures", "the ID token has several signatures"},
	{"fetching keys", "the provider's keys can't be had"},
	{"signature", "the ID token's signature is not the provider's"},
	{"different provider", "wrong iss"},
	{"expected audience", "wrong aud"},
	{"before the nbf", "the ID token is from the future"},
}

// unsigned says why go-oidc refused a token, without what the token or the server said.
func unsigned(err error) string {
	var expired *oidc.TokenExpiredError
	if errors.As(err, &expired) {
		return "the ID token has expired"
	}
	for _, r := range reasons {
		if strings.Contains(err.Error(), r[0]) {
			return r[1]
		}
	}
	return "the ID token can't be read"
}
