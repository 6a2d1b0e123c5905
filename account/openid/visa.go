package openid

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/samverk/samverk/fault"
)

// VisaIssuer is whose visas are believed of the people of a provider: it knows them by the provider's own subjects.
type VisaIssuer struct {
	Issuer  string   `json:"issuer"`
	Keys    string   `json:"jwks,omitempty"` // where its keys are; where its discovery document says when empty
	JKU     []string `json:"jku,omitempty"`  // addresses of keys that its visas may name: no other is ever asked
	Sources []string `json:"sources"`        // the organisations whose assertions are believed when it carries them
}

// Visa is what an organisation asserts of a person, as a visa says that was checked. It is a claim, and no right by itself.
type Visa struct {
	Issuer   string
	Type     string // ControlledAccessGrants, ResearcherStatus, AffiliationAndRole and others
	Value    string
	Source   string
	By       string // self, peer, system, so, dac; "": unknown
	Asserted time.Time
	Expires  time.Time
}

// Granted is all that visas may do here: the node's datasets, by the name that follows begins in their address, to which a data access
// committee has granted a person access, each with the committee's organisation. Whatever else visas say (ResearcherStatus,
// AffiliationAndRole and others) is read and opens nothing.
func Granted(visas []Visa, begins string) map[string]string {
	var out map[string]string
	for _, v := range visas {
		dataset, ok := strings.CutPrefix(v.Value, begins)
		if !ok || dataset == "" || v.Type != "ControlledAccessGrants" || v.By != "dac" {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[dataset] = v.Source
	}
	return out
}

const (
	mostVisa       = 16 << 10  // bytes
	mostField      = 1024      // bytes of a visa's text
	mostConditions = 16        // clauses of a visa
	polled         = time.Hour // how old a visa may be that is an access token, since nobody is asked whether it still holds
)

// issuer is a VisaIssuer with its keys: by the address that a visa's header may name, and under "" where it names none.
type issuer struct {
	VisaIssuer
	keys map[string]oidc.KeySet
}

// newIssuers prepares whose visas are believed. Nobody is asked anything before a visa comes.
func (c *Client) newIssuers() (map[string]issuer, error) {
	out := map[string]issuer{}
	for _, v := range c.Visas {
		wrong := func(field, what string) error {
			return fault.New(fault.Invalid, "provider %s, visas of %.80q: %s", c.Name, v.Issuer, what).Where("visas." + field)
		}
		switch {
		case !safeAddress(v.Issuer):
			return nil, wrong("issuer", "the issuer must be an https address")
		case out[v.Issuer].keys != nil:
			return nil, wrong("issuer", "it stands there twice")
		case v.Keys != "" && !safeAddress(v.Keys):
			return nil, wrong("jwks", "the address of its keys must be https")
		case slices.ContainsFunc(v.JKU, func(s string) bool { return !safeAddress(s) }):
			return nil, wrong("jku", "addresses of keys must be https")
		case len(v.Sources) == 0 || slices.Contains(v.Sources, ""):
			return nil, wrong("sources", "it isn't said whose assertions are believed")
		}
		usual := &visaKeys{client: c, issuer: v.Issuer, address: v.Keys}
		i := issuer{v, map[string]oidc.KeySet{"": usual}}
		if v.Keys != "" {
			i.keys[v.Keys] = usual
		}
		for _, address := range v.JKU {
			i.keys[address] = &visaKeys{client: c, address: address}
		}
		out[v.Issuer] = i
	}
	return out, nil
}

func safeAddress(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && u.User == nil && u.Fragment == "" && (u.Scheme == "https" || isLoopback(u))
}

// visa is one that was checked by itself.
type visa struct {
	Visa
	conditions [][]map[string]string // nil: none
}

// visaHeader is what of a visa's header says how to check it. kid and alg are go-jose's.
type visaHeader struct {
	Type string `json:"typ"`
	JKU  string `json:"jku"`
}

// visaClaims are a visa's, beside those that go-oidc checks.
type visaClaims struct {
	Scope string `json:"scope"`
	Visa  *struct {
		Type       string          `json:"type"`
		Asserted   int64           `json:"asserted"`
		Value      string          `json:"value"`
		Source     string          `json:"source"`
		By         string          `json:"by"`
		Conditions json.RawMessage `json:"conditions"`
	} `json:"ga4gh_visa_v1"`
}

// visa checks one visa, which must be about the subject (GA4GH AAI OpenID Connect Profile; GA4GH Passport v1).
func (c *Client) visa(ctx context.Context, raw, subject string) (v visa, err error) {
	i, known := c.issuers[issuerOf(raw, mostVisa)]
	if !known {
		return v, c.refused("a visa of an issuer that isn't believed, or no visa")
	}
	head, _, _ := strings.Cut(raw, ".")
	b, err := base64.RawURLEncoding.DecodeString(head)
	var header visaHeader
	if err != nil || json.Unmarshal(b, &header) != nil {
		return v, c.refused("a visa's header can't be read")
	}
	keys, known := i.keys[header.JKU]
	switch {
	case !strings.EqualFold(header.Type, "JWT") && !strings.EqualFold(header.Type, "vnd.ga4gh.visa+jwt"):
		return v, c.refused("a visa of the wrong type")
	case !known:
		return v, c.refused("a visa names an address of keys that isn't allowed")
	}
	verifier := oidc.NewVerifier(i.Issuer, keys, &oidc.Config{SkipClientIDCheck: true, SupportedSigningAlgs: []string{oidc.RS256, oidc.ES256}, Now: c.now})
	token, err := verifier.Verify(ctx, raw)
	if err != nil {
		return v, c.refused("a visa: %s", strings.ReplaceAll(unsigned(err), "ID token", "visa"))
	}
	var claims visaClaims
	if token.Claims(&claims) != nil || claims.Visa == nil {
		return v, c.refused("what a visa says can't be read")
	}
	if what := c.unfit(token, claims, header, i, subject); what != "" {
		return v, c.refused("%s", what)
	}
	x := claims.Visa
	v.Visa = Visa{Issuer: i.Issuer, Type: x.Type, Value: x.Value, Source: x.Source, By: x.By, Asserted: time.Unix(x.Asserted, 0), Expires: token.Expiry}
	if v.conditions, err = conditions(x.Conditions); err != nil {
		return v, c.refused("a visa's conditions can't be understood")
	}
	return v, nil
}

// unfit says what of a visa with a good signature isn't as it must be; "": nothing.
func (c *Client) unfit(token *oidc.IDToken, claims visaClaims, header visaHeader, i issuer, subject string) string {
	x, latest := claims.Visa, c.now().Add(leeway)
	access := hasScope(claims.Scope, oidc.ScopeOpenID)
	switch {
	case !c.now().Before(token.Expiry):
		return "a visa has expired"
	case token.Subject == "" || token.Subject != subject:
		return "a visa of somebody else"
	case len(token.Audience) > 0 && !slices.Contains(token.Audience, c.Audience):
		return "a visa for somebody else: wrong aud"
	case token.IssuedAt.IsZero() || token.IssuedAt.After(latest):
		return "a visa from the future, or from no time"
	case access && header.JKU != "":
		return "a visa that is an access token names an address of keys"
	case access && token.IssuedAt.Before(c.now().Add(-polled)):
		return "a visa that is an access token is more than an hour old"
	case x.Asserted <= 0 || time.Unix(x.Asserted, 0).After(latest):
		return "a visa was asserted in the future, or at no time"
	case x.Type == "" || x.Value == "" || max(len(x.Type), len(x.Value), len(x.By)) > mostField:
		return "a visa without type or value, or with one without end"
	case !slices.Contains(i.Sources, x.Source):
		return "a visa of a source that isn't believed"
	}
	return ""
}

// conditions reads what must hold beside a visa: any of the lists, and of it all clauses.
func conditions(raw json.RawMessage) (out [][]map[string]string, err error) {
	if len(raw) == 0 || string(raw) == "null" || string(raw) == "[]" {
		return nil, nil
	}
	if err = json.Unmarshal(raw, &out); err != nil {
		return nil, err
	}
	clauses := 0
	for _, all := range out {
		clauses += len(all)
	}
	if out == nil || clauses > mostConditions {
		return nil, fault.New(fault.Invalid, "conditions without end")
	}
	return out, nil
}

// holds tells until when the other visas are there that a visa asks for; ok is false if they aren't. Those with conditions of their own don't count.
func (v visa) holds(others []Visa) (until time.Time, ok bool) {
	for _, all := range v.conditions {
		end := v.Expires
		for _, clause := range all {
			var last time.Time
			for _, o := range others {
				if o.Expires.After(last) && o.matches(clause) {
					last = o.Expires
				}
			}
			if last.Before(end) { // zero: none matches
				end = last
			}
		}
		if len(all) > 0 && end.After(until) {
			until, ok = end, true
		}
	}
	return until, ok
}

// matches tells whether a visa is as a clause says, which must say its type and something more.
func (v Visa) matches(clause map[string]string) bool {
	if len(clause) < 2 || clause["type"] != v.Type || v.Type == "" {
		return false
	}
	for field, rule := range clause {
		var value string
		switch field {
		case "type":
			continue
		case "value":
			value = v.Value
		case "source":
			value = v.Source
		case "by":
			value = v.By
		default:
			return false
		}
		kind, want, ok := strings.Cut(rule, ":")
		switch {
		case !ok || len(want) > mostField || value == "":
			return false
		case kind == "const" && want == value, kind == "pattern" && like(want, value):
		case kind == "split_pattern" && slices.ContainsFunc(strings.Split(value, ";"), func(s string) bool { return like(want, s) }):
		default:
			return false
		}
	}
	return true
}

// like compares a whole text with a pattern in which ? is any character and * any of them.
func like(pattern, text string) bool {
	p, s := []rune(pattern), []rune(text)
	at, back, mark := 0, -1, 0
	for i := 0; i < len(s); {
		switch {
		case at < len(p) && p[at] == '*':
			back, mark = at, i
			at++
		case at < len(p) && (p[at] == '?' || p[at] == s[i]):
			at++
			i++
		case back >= 0:
			mark++
			at, i = back+1, mark
		default:
			return false
		}
	}
	return strings.Trim(string(p[at:]), "*") == ""
}
