package openid

import (
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/samverk/samverk/fault"
)

// Provider is one place where people may sign in, as an operator writes it down.
type Provider struct {
	Name       string       `json:"name"`  // in addresses: "university"
	Title      string       `json:"title"` // what people call it; Name when empty
	Issuer     string       `json:"issuer"`
	ClientID   string       `json:"client_id"`
	SecretFile string       `json:"secret_file,omitempty"` // a file that holds the client's secret
	SecretEnv  string       `json:"secret_env,omitempty"`  // or a variable of the environment that does
	Scopes     []string     `json:"scopes,omitempty"`      // beside openid
	ACR        []string     `json:"acr_values,omitempty"`  // one of these is required: how surely the person was recognised
	Audience   string       `json:"audience,omitempty"`    // whom access tokens must be for that programs bring (RFC 9068); none are taken when empty
	Visas      []VisaIssuer `json:"visas,omitempty"`       // whose visas are believed of its people (GA4GH Passport); nobody's when empty
	Match      string       `json:"match,omitempty"`       // the claim that says who it is, like a national identity number; sub when empty
}

// changing are the standard claims that nobody is recognised by (OpenID Connect Core 1.0, section 5.7).
var changing = []string{"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website", "email",
	"email_verified", "gender", "birthdate", "zoneinfo", "locale", "phone_number", "phone_number_verified", "address", "updated_at", "acr", "nonce"}

var names = regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}$`)

// check finds what an operator wrote wrong.
func (p Provider) check() error {
	wrong := func(field, format string, args ...any) error {
		return fault.New(fault.Invalid, "provider %.40q: "+format, append([]any{p.Name}, args...)...).Where(field)
	}
	if !names.MatchString(p.Name) {
		return wrong("name", "the name must be small letters, digits and hyphens")
	}
	if p.ClientID == "" {
		return wrong("client_id", "the client's id lacks")
	}
	if p.SecretFile != "" && p.SecretEnv != "" {
		return wrong("secret_file", "the secret is in a file or in the environment, not in both")
	}
	if slices.Contains(changing, p.Match) {
		return wrong("match", "%s is what people and providers change: it says nothing of who somebody is", p.Match)
	}
	u, err := url.Parse(p.Issuer)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || !(u.Scheme == "https" || isLoopback(u)) {
		return wrong("issuer", "the issuer must be an https address without query")
	}
	return nil
}

// secret reads the client's secret; "" for a public client.
func (p Provider) secret() (string, error) {
	switch {
	case p.SecretFile != "":
		b, err := os.ReadFile(p.SecretFile)
		if err != nil {
			return "", fault.Wrap(fault.Unavailable, err, "the secret of provider %s can't be read", p.Name).In(p.SecretFile)
		}
		return strings.TrimSpace(string(b)), nil
	case p.SecretEnv != "":
		s, ok := os.LookupEnv(p.SecretEnv)
		if !ok || s == "" {
			return "", fault.New(fault.Unavailable, "the secret of provider %s lacks", p.Name).Where(p.SecretEnv).Do("set the variable %s", p.SecretEnv)
		}
		return s, nil
	}
	return "", nil
}

// isLoopback tells an address of this machine over plain HTTP.
func isLoopback(u *url.URL) bool {
	if u.Scheme != "http" {
		return false
	}
	a, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && a.IsLoopback()
}
