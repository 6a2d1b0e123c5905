package openid

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	node      = "https://north.example.org/beacon/v2/datasets/"
	committee = "https://dac.example.org"
	person    = "248289761001"
)

// office issues visas as it should, but for what a test changes.
type office struct {
	*httptest.Server
	es                   *ecdsa.PrivateKey
	keys, jku, strangers int // how often they were asked for
	issuer               string
	brokenKeys           bool
}

func newOffice(t *testing.T) *office {
	o := &office{es: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))}
	set := func() any {
		s := keySet(ours(), "v1")
		s.Keys = append(s.Keys, jose.JSONWebKey{Key: o.es.Public(), KeyID: "e1", Use: "sig", Algorithm: "ES256"}, jose.JSONWebKey{Key: foreign().Public(), KeyID: "enc", Use: "enc"})
		return s
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		send(w, map[string]any{"issuer": o.issuer, "jwks_uri": o.URL + "/keys"})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		o.keys++
		if o.brokenKeys {
			http.Error(w, "server-wrote-this", http.StatusBadGateway)
			return
		}
		send(w, set())
	})
	mux.HandleFunc("/jku", func(w http.ResponseWriter, _ *http.Request) { o.jku++; send(w, set()) })
	mux.HandleFunc("/foreign", func(w http.ResponseWriter, _ *http.Request) { o.strangers++; send(w, keySet(foreign(), "v1")) })
	o.Server = httptest.NewServer(mux)
	t.Cleanup(o.Close)
	o.issuer = o.URL
	return o
}

// change is what a test makes otherwise: of the header, of the claims (nil takes one away), of the visa in them, of the signature.
type change struct {
	header, claims, visa map[string]any
	sign                 func(input string) string
}

func (o *office) visa(x change) string {
	h := map[string]any{"alg": "RS256", "kid": "v1", "typ": "vnd.ga4gh.visa+jwt"}
	v := map[string]any{"type": "ControlledAccessGrants", "asserted": now.Add(-24 * time.Hour).Unix(), "value": node + "clinic", "source": committee, "by": "dac"}
	c := map[string]any{"iss": o.issuer, "sub": person, "iat": now.Add(-2 * time.Hour).Unix(), "exp": now.Add(time.Hour).Unix(), "jti": "1", "ga4gh_visa_v1": v}
	maps.Copy(h, x.header)
	maps.Copy(v, x.visa)
	maps.Copy(c, x.claims)
	for _, m := range []map[string]any{h, c, v} {
		maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	}
	input := b64(must(json.Marshal(h))) + "." + b64(must(json.Marshal(c)))
	if x.sign == nil {
		x.sign = func(input string) string { return rs256(ours(), input) }
	}
	return input + "." + x.sign(input)
}

func (o *office) es256(input string) string {
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, o.es, sum[:])
	if err != nil {
		panic(err)
	}
	return b64(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

func (o *office) client(t *testing.T, l *liar, change func(*VisaIssuer)) *Client {
	v := VisaIssuer{Issuer: o.issuer, JKU: []string{o.URL + "/jku"}, Sources: []string{committee, "https://uni.example.org"}}
	if change != nil {
		change(&v)
	}
	return l.client(t, func(p *Provider) { p.Audience, p.Visas = audience, []VisaIssuer{v} })
}

// brought is the passport of a token that carries the visas.
func (l *liar) brought(t *testing.T, c *Client, visas ...string) Passport {
	return c.Passport(t.Context(), l.accessToken(nil, map[string]any{"ga4gh_passport_v1": visas, "x": rand.Text()}))
}

func TestPassport(t *testing.T) {
	o, l := newOffice(t), newLiar(t)
	c := o.client(t, l, nil)
	for name, x := range map[string]change{
		"plain":                  {},
		"of the older type":      {header: map[string]any{"typ": "JWT"}},
		"by an elliptic curve":   {header: map[string]any{"alg": "ES256", "kid": "e1"}, sign: o.es256},
		"with an allowed jku":    {header: map[string]any{"jku": o.URL + "/jku"}},
		"for us":                 {claims: map[string]any{"aud": audience}},
		"an access token, young": {claims: map[string]any{"scope": "openid ga4gh", "iat": now.Add(-time.Minute).Unix()}},
	} {
		p := l.brought(t, c, o.visa(x))
		if len(p.Visas) != 1 || len(p.Ignored) > 0 || !maps.Equal(Granted(p.Visas, node), map[string]string{"clinic": committee}) {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if o.keys != 1 || o.jku != 1 {
		t.Errorf("keys were fetched %d and %d times", o.keys, o.jku)
	}
	if p := l.brought(t, l.client(t, func(p *Provider) { p.Audience = audience }), o.visa(change{})); len(p.Visas)+len(p.Ignored) > 0 {
		t.Errorf("a visa where no issuer is believed: %+v", p)
	}
	fixed := o.client(t, l, func(v *VisaIssuer) { v.Keys = o.URL + "/keys" })
	for _, x := range []change{{}, {header: map[string]any{"jku": o.URL + "/keys"}}} {
		if p := l.brought(t, fixed, o.visa(x)); len(p.Visas) != 1 {
			t.Errorf("keys at an address of the settings: %+v", p)
		}
	}
}

// What visas open is stated in one place: a grant by a committee, for a dataset of the node by its address. Nothing else does.
func TestGranted(t *testing.T) {
	o, l := newOffice(t), newLiar(t)
	c := o.client(t, l, nil)
	for name, visa := range map[string]map[string]any{
		"a researcher": {"type": "ResearcherStatus", "value": "https://doi.org/10.1038/s41431-018-0219-y", "by": "so"}, "an affiliation": {"type": "AffiliationAndRole", "value": "faculty@uni.example.org", "by": "system"},
		"terms": {"type": "AcceptedTermsAndPolicies"}, "a type of their own": {"type": "https://example.org/all"}, "a researcher with the address": {"type": "ResearcherStatus"}, "another case": {"type": "controlledaccessgrants"},
		"by themselves": {"by": "self"}, "by a peer": {"by": "peer"}, "by a system": {"by": "system"}, "by nobody": {"by": nil}, "by DAC": {"by": "DAC"},
		"another node": {"value": "https://south.example.org/beacon/v2/datasets/clinic"}, "no dataset": {"value": node}, "plain HTTP": {"value": "http" + strings.TrimPrefix(node, "https") + "clinic"},
	} {
		p := l.brought(t, c, o.visa(change{visa: visa}))
		if len(p.Visas) != 1 || len(Granted(p.Visas, node)) > 0 {
			t.Errorf("%s: %+v, %v", name, p, Granted(p.Visas, node))
		}
	}
}

// Each visa differs from a good one in one thing, and each is passed over and noted, for the reason that it is.
func TestFalseVisas(t *testing.T) {
	o := newOffice(t)
	h := func(name string, v any) change { return change{header: map[string]any{name: v}} }
	cl := func(name string, v any) change { return change{claims: map[string]any{name: v}} }
	vi := func(name string, v any) change { return change{visa: map[string]any{name: v}} }
	strange := func(input string) string { return rs256(foreign(), input) }
	public := must(x509.MarshalPKIXPublicKey(ours().Public()))
	good := o.visa(change{})
	for name, x := range map[string]struct {
		visa string
		why  string
	}{
		"of another issuer":        {o.visa(cl("iss", "https://evil.example")), "isn't believed"},
		"iss with a slash":         {o.visa(cl("iss", o.URL+"/")), "isn't believed"},
		"of nobody":                {o.visa(cl("iss", nil)), "isn't believed"},
		"of the provider":          {"", "isn't believed"},
		"somebody else's":          {o.visa(cl("sub", "248289761002")), "somebody else"},
		"nobody's":                 {o.visa(cl("sub", nil)), "somebody else"},
		"for another clearing":     {o.visa(cl("aud", "https://other.example.org")), "wrong aud"},
		"for our client":           {o.visa(cl("aud", "us")), "wrong aud"},
		"expired":                  {o.visa(cl("exp", now.Add(-time.Second).Unix())), "has expired"},
		"without end":              {o.visa(cl("exp", nil)), "has expired"},
		"from the future":          {o.visa(cl("iat", now.Add(2*time.Minute).Unix())), "future"},
		"not before":               {o.visa(cl("nbf", now.Add(10*time.Minute).Unix())), "future"},
		"of no time":               {o.visa(cl("iat", nil)), "no time"},
		"an old access token":      {o.visa(cl("scope", "openid")), "more than an hour"},
		"access token with jku":    {o.visa(change{header: map[string]any{"jku": o.URL + "/jku"}, claims: map[string]any{"scope": "openid", "iat": now.Unix()}}), "address of keys"},
		"an access token's type":   {o.visa(h("typ", "at+jwt")), "wrong type"},
		"a logout token":           {o.visa(h("typ", "logout+jwt")), "wrong type"},
		"no type":                  {o.visa(h("typ", nil)), "wrong type"},
		"alg none":                 {o.visa(change{header: map[string]any{"alg": "none"}, sign: func(string) string { return "" }}), "no JWT"},
		"alg None":                 {o.visa(change{header: map[string]any{"alg": "None"}, sign: func(string) string { return "" }}), "no JWT"},
		"HS256 with the key, DER":  {o.visa(change{header: map[string]any{"alg": "HS256"}, sign: func(s string) string { return hs256(public, s) }}), "no JWT"},
		"HS256 with the modulus":   {o.visa(change{header: map[string]any{"alg": "HS256"}, sign: func(s string) string { return hs256(ours().N.Bytes(), s) }}), "no JWT"},
		"RS512":                    {o.visa(h("alg", "RS512")), "no JWT"},
		"ES256 by an RSA key":      {o.visa(h("alg", "ES256")), "signature"},
		"RS256 by a curve's key":   {o.visa(change{header: map[string]any{"kid": "e1"}, sign: o.es256}), "signature"},
		"by a key for encryption":  {o.visa(change{header: map[string]any{"kid": "enc"}, sign: strange}), "signature"},
		"by a stranger":            {o.visa(change{sign: strange}), "signature"},
		"unknown kid":              {o.visa(h("kid", "v2")), "signature"},
		"no kid":                   {o.visa(h("kid", nil)), "signature"},
		"foreign jku":              {o.visa(change{header: map[string]any{"jku": o.URL + "/foreign"}, sign: strange}), "isn't allowed"},
		"jku with a query":         {o.visa(h("jku", o.URL+"/jku?x=1")), "isn't allowed"},
		"foreign x5u":              {o.visa(change{header: map[string]any{"x5u": o.URL + "/foreign"}, sign: strange}), "signature"},
		"a key in the header":      {o.visa(change{header: map[string]any{"jwk": keySet(foreign(), "v1").Keys[0]}, sign: strange}), "signature"},
		"crit":                     {o.visa(change{header: map[string]any{"crit": []string{"x"}, "x": true}}), "signature"},
		"no signature":             {good[:strings.LastIndexByte(good, '.')+1], "signature"},
		"a bit turned":             {turned(nil, good), "signature"},
		"rewritten for another":    {rewritten(nil, o.visa(cl("sub", "248289761001"))), ""},
		"asserted in the future":   {o.visa(vi("asserted", now.Add(time.Hour).Unix())), "asserted"},
		"asserted at no time":      {o.visa(vi("asserted", nil)), "asserted"},
		"asserted in words":        {o.visa(vi("asserted", "yesterday")), "can't be read"},
		"of a source not believed": {o.visa(vi("source", "https://evil.example")), "source"},
		"of a source, almost":      {o.visa(vi("source", committee+"/")), "source"},
		"of no source":             {o.visa(vi("source", nil)), "source"},
		"no value":                 {o.visa(vi("value", nil)), "without type or value"},
		"no type of visa":          {o.visa(vi("type", nil)), "without type or value"},
		"a value without end":      {o.visa(vi("value", strings.Repeat("x", mostField+1))), "without end"},
		"several values":           {o.visa(vi("value", []string{node + "clinic"})), "can't be read"},
		"no visa in it":            {o.visa(cl("ga4gh_visa_v1", nil)), "can't be read"},
		"oversize":                 {o.visa(cl("x", strings.Repeat("x", mostVisa))), "isn't believed"},
		"nothing":                  {"-", "isn't believed"},
		"dots":                     {strings.Repeat(".", 1000), "isn't believed"},
		"conditions, not met":      {o.visa(vi("conditions", []any{[]any{map[string]string{"type": "ResearcherStatus", "by": "const:so"}}})), "conditions"},
		"conditions, of text":      {o.visa(vi("conditions", "none")), "conditions"},
		"conditions, of nothing":   {o.visa(vi("conditions", []any{[]any{}})), "conditions"},
		"conditions, deep":         {o.visa(vi("conditions", []any{[]any{map[string]any{"type": "A", "conditions": []any{}}}})), "conditions"},
		"conditions without end":   {o.visa(vi("conditions", slices.Repeat([]any{[]any{map[string]string{"type": "A", "by": "const:so"}}}, mostConditions+1))), "conditions"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLiar(t)
			if x.visa == "" { // the provider signs as good as anybody, and isn't named for visas
				x.visa = l.accessToken(map[string]any{"typ": "JWT"}, map[string]any{"ga4gh_visa_v1": map[string]any{"type": "ControlledAccessGrants"}})
			}
			c := o.client(t, l, nil)
			good := o.visa(change{visa: map[string]any{"value": node + "panel"}})
			p := c.believe(t, []string{x.visa, good})
			if len(p.Visas) != 1 || len(p.Ignored) != 1 || !maps.Equal(Granted(p.Visas, node), map[string]string{"panel": committee}) {
				t.Fatalf("%+v", p)
			}
			said := p.Ignored[0].Error()
			if !strings.Contains(said, x.why) {
				t.Errorf("passed over for another reason: %v", said)
			}
			for _, secret := range []string{person, "eyJ", node, "server-wrote-this"} {
				if strings.Contains(said, secret) {
					t.Errorf("the note tells %q: %v", secret, said)
				}
			}
			if o.strangers > 0 {
				t.Error("a stranger's address was asked")
			}
		})
	}
}

func (c *Client) believe(t *testing.T, all []string) (p Passport) {
	p.Visas, p.Ignored = c.believed(t.Context(), all, person)
	return p
}

// A visa with conditions is good only beside others that meet them.
func TestConditions(t *testing.T) {
	o, l := newOffice(t), newLiar(t)
	c := o.client(t, l, nil)
	faculty := o.visa(change{visa: map[string]any{"type": "AffiliationAndRole", "value": "faculty@uni.example.org", "source": "https://uni.example.org", "by": "so"}})
	late := o.visa(change{claims: map[string]any{"exp": now.Unix()}, visa: map[string]any{"type": "AffiliationAndRole", "value": "faculty@uni.example.org", "by": "so"}})
	linked := o.visa(change{visa: map[string]any{"type": "LinkedIdentities", "value": "1,https:%2F%2Fa.example;2,https:%2F%2Fb.example"}})
	clause := func(pairs ...string) map[string]string {
		m := map[string]string{}
		for i := 0; i+1 < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return m
	}
	for name, x := range map[string]struct {
		conditions [][]map[string]string
		beside     []string
		good       bool
	}{
		"met":                  {[][]map[string]string{{clause("type", "AffiliationAndRole", "value", "const:faculty@uni.example.org", "by", "const:so")}}, []string{faculty}, true},
		"met by a pattern":     {[][]map[string]string{{clause("type", "AffiliationAndRole", "value", "pattern:fac*@uni.?xample.org")}}, []string{faculty}, true},
		"met by a part":        {[][]map[string]string{{clause("type", "LinkedIdentities", "value", "split_pattern:2,*")}}, []string{linked}, true},
		"the second list":      {[][]map[string]string{{clause("type", "X", "by", "const:so")}, {clause("type", "AffiliationAndRole", "by", "const:so")}}, []string{faculty}, true},
		"alone":                {[][]map[string]string{{clause("type", "AffiliationAndRole", "by", "const:so")}}, nil, false},
		"beside an old one":    {[][]map[string]string{{clause("type", "AffiliationAndRole", "by", "const:so")}}, []string{late}, false},
		"one of two":           {[][]map[string]string{{clause("type", "AffiliationAndRole", "by", "const:so"), clause("type", "ResearcherStatus", "by", "const:so")}}, []string{faculty}, false},
		"a type and no more":   {[][]map[string]string{{clause("type", "AffiliationAndRole")}}, []string{faculty}, false},
		"no type":              {[][]map[string]string{{clause("by", "const:so", "value", "pattern:*")}}, []string{faculty}, false},
		"an unknown word":      {[][]map[string]string{{clause("type", "AffiliationAndRole", "by", "regexp:.*")}}, []string{faculty}, false},
		"no word":              {[][]map[string]string{{clause("type", "AffiliationAndRole", "by", "so")}}, []string{faculty}, false},
		"a time":               {[][]map[string]string{{clause("type", "AffiliationAndRole", "asserted", "pattern:*")}}, []string{faculty}, false},
		"a part of it":         {[][]map[string]string{{clause("type", "AffiliationAndRole", "value", "pattern:faculty")}}, []string{faculty}, false},
		"another case":         {[][]map[string]string{{clause("type", "AffiliationAndRole", "value", "const:Faculty@uni.example.org")}}, []string{faculty}, false},
		"a conditional of its": {[][]map[string]string{{clause("type", "ControlledAccessGrants", "by", "const:dac")}}, nil, false},
	} {
		visa := o.visa(change{visa: map[string]any{"conditions": x.conditions}})
		p := c.believe(t, append([]string{visa, visa}, x.beside...))
		if (len(Granted(p.Visas, node)) == 1) != x.good || !x.good && len(p.Ignored) == 0 {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// A visa that is good beside another ends with the other.
func TestConditionEnds(t *testing.T) {
	o, l := newOffice(t), newLiar(t)
	at := now
	c := o.client(t, l, nil)
	c.now = func() time.Time { return at }
	soon := o.visa(change{claims: map[string]any{"exp": now.Add(time.Minute).Unix()}, visa: map[string]any{"type": "ResearcherStatus", "by": "so"}})
	grant := o.visa(change{visa: map[string]any{"conditions": [][]map[string]string{{{"type": "ResearcherStatus", "by": "const:so"}}}}})
	raw := l.accessToken(nil, map[string]any{"ga4gh_passport_v1": []string{grant, soon}})
	if p := c.Passport(t.Context(), raw); len(p.Visas) != 2 {
		t.Fatalf("%+v", p)
	}
	at = now.Add(time.Minute)
	if p := c.Passport(t.Context(), raw); len(p.Visas) != 0 {
		t.Errorf("%+v", p)
	}
}

// Hundreds of visas, whatever they are, cost a bounded number of looks and of questions to their issuer.
func TestHundredsOfVisas(t *testing.T) {
	o, l := newOffice(t), newLiar(t)
	c := o.client(t, l, nil)
	var all []string
	for n := range 500 {
		all = append(all, o.visa(change{header: map[string]any{"kid": fmt.Sprint("k", n)}, sign: func(string) string { return "AAAA" }}))
	}
	p := c.believe(t, append(all, o.visa(change{})))
	if len(p.Visas) > 0 || len(p.Ignored) != mostVisas+1 || o.keys != 1 {
		t.Errorf("%d visas, %d notes, %d times the keys", len(p.Visas), len(p.Ignored), o.keys)
	}
	for n := range mostKept + 5 {
		c.passports.keep(sha256.Sum256([]byte{byte(n), byte(n >> 8)}), kept{until: now.Add(time.Hour)}, now)
	}
	if len(c.passports.kept) > mostKept {
		t.Error("kept", len(c.passports.kept))
	}
}

// An issuer whose keys can't be had leaves everybody with what they have without visas, and is asked again later.
func TestVisaIssuerAway(t *testing.T) {
	o, l := newOffice(t), newLiar(t)
	c := o.client(t, l, nil)
	o.brokenKeys = true
	for range 3 {
		if p := l.brought(t, c, o.visa(change{})); len(p.Visas) > 0 || len(p.Ignored) != 1 || strings.Contains(p.Ignored[0].Error(), "server-wrote") {
			t.Errorf("%+v", p)
		}
	}
	o.brokenKeys = false
	if o.keys != 1 {
		t.Error("asked at once again:", o.keys)
	}
	c.now = func() time.Time { return now.Add(pause) }
	if p := l.brought(t, c, o.visa(change{})); len(p.Visas) != 1 {
		t.Errorf("%+v", p)
	}
	other := newOffice(t)
	other.issuer = "https://evil.example"
	v := o.client(t, l, func(v *VisaIssuer) { v.Issuer = other.URL })
	other.issuer = other.URL
	raw := other.visa(change{})
	other.issuer = "https://evil.example"
	if p := l.brought(t, v, raw); len(p.Visas) > 0 {
		t.Errorf("believed by another issuer's discovery document: %+v", p)
	}
}

// The provider's UserInfo endpoint is asked with the token, once for a while, when the token is for it.
func TestUserInfo(t *testing.T) {
	o, l := newOffice(t), newLiar(t)
	info := map[string]any{"sub": person, "ga4gh_passport_v1": []string{o.visa(change{})}}
	asked, kind := 0, "application/json"
	l.Config.Handler.(*http.ServeMux).HandleFunc("/userinfo", func(w http.ResponseWriter, r *http.Request) {
		asked++
		if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ey") {
			t.Error("asked without the token")
		}
		w.Header().Set("Content-Type", kind)
		_ = json.NewEncoder(w).Encode(info)
	})
	l.meta["userinfo_endpoint"] = l.URL + "/userinfo"
	c := o.client(t, l, nil)
	at := now
	c.now = func() time.Time { return at }
	with := l.accessToken(nil, map[string]any{"scope": "openid ga4gh_passport_v1", "exp": now.Add(3 * time.Hour).Unix()})
	for range 3 {
		if p := c.Passport(t.Context(), with); len(p.Visas) != 1 || len(p.Ignored) > 0 {
			t.Errorf("%+v", p)
		}
	}
	if asked != 1 {
		t.Error("asked", asked)
	}
	at = now.Add(time.Hour) // the visa's end, and the passport is asked for again
	if p := c.Passport(t.Context(), with); len(p.Visas) > 0 || len(p.Ignored) != 1 || asked != 2 {
		t.Errorf("%+v, asked %d", p, asked)
	}
	at = now
	if p := c.Passport(t.Context(), l.accessToken(nil, map[string]any{"scope": "openid ga4gh_passport_v11"})); len(p.Visas)+len(p.Ignored) > 0 || asked != 2 {
		t.Errorf("%+v, asked %d", p, asked)
	}
	for name, lie := range map[string]func(){
		"somebody else": func() { info["sub"] = "248289761002" }, "nobody": func() { delete(info, "sub") }, "a page": func() { info["sub"], kind = person, "text/html" },
		"no list": func() { kind, info["ga4gh_passport_v1"] = "application/json", "all" }, "without end": func() { info["ga4gh_passport_v1"] = []string{strings.Repeat("x", most)} },
	} {
		lie()
		p := c.Passport(t.Context(), l.accessToken(nil, map[string]any{"scope": passportScope, "jti": name}))
		if len(p.Visas) > 0 || len(p.Ignored) != 1 {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if p := c.Passport(t.Context(), with+"x"); len(p.Visas) > 0 {
		t.Errorf("a token that isn't good: %+v", p)
	}
}

func TestVisaSettings(t *testing.T) {
	good := VisaIssuer{Issuer: "https://visas.example.org", Sources: []string{committee}}
	for name, change := range map[string]func(*VisaIssuer){
		"no issuer": func(v *VisaIssuer) { v.Issuer = "" }, "plain HTTP": func(v *VisaIssuer) { v.Issuer = "http://visas.example.org" }, "no sources": func(v *VisaIssuer) { v.Sources = nil },
		"keys in a file": func(v *VisaIssuer) { v.Keys = "file:///etc/passwd" }, "jku without TLS": func(v *VisaIssuer) { v.JKU = []string{"http://visas.example.org/k"} },
	} {
		v := good
		change(&v)
		if _, err := New(Provider{Name: "uni", Issuer: "https://id.example.org", ClientID: "us", Visas: []VisaIssuer{v}}, "https://x/back", Options{Now: time.Now}); err == nil {
			t.Error(name, "was taken")
		}
	}
	if _, err := New(Provider{Name: "uni", Issuer: "https://id.example.org", ClientID: "us", Visas: []VisaIssuer{good, good}}, "https://x/back", Options{Now: time.Now}); err == nil {
		t.Error("an issuer twice was taken")
	}
}

func FuzzPattern(f *testing.F) {
	f.Add("a*b?c", "axxbyc")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if strings.ContainsAny(pattern, "*?") || strings.ContainsRune(pattern+text, 0xFFFD) {
			_ = like(pattern, text)
			return
		}
		if like(pattern, text) != (string([]rune(pattern)) == string([]rune(text))) {
			t.Error(pattern, text)
		}
	})
}
