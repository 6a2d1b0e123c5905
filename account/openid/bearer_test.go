package openid

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"
)

const audience = "https://samverk.example.org"

// accessToken is what a good provider gives a program for us, with the changes of a test.
func (l *liar) accessToken(header, claims map[string]any) string {
	h := map[string]any{"alg": "RS256", "kid": "1", "typ": "at+jwt"}
	c := map[string]any{"iss": l.URL, "sub": "248289761001", "aud": audience, "client_id": "pipeline", "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": "1", "acr": "high"}
	maps.Copy(h, header)
	maps.Copy(c, claims)
	maps.DeleteFunc(h, func(_ string, v any) bool { return v == nil })
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	input := b64(must(json.Marshal(h))) + "." + b64(must(json.Marshal(c)))
	return input + "." + l.sign(l, input)
}

func TestBearer(t *testing.T) {
	l := newLiar(t)
	c := l.client(t, func(p *Provider) { p.Audience = audience })
	for name, raw := range map[string]string{
		"plain":               l.accessToken(nil, nil),
		"the long type":       l.accessToken(map[string]any{"typ": "application/at+jwt"}, nil),
		"several audiences":   l.accessToken(nil, map[string]any{"aud": []string{"https://other.example.org", audience}}),
		"an hour old, in use": l.accessToken(nil, map[string]any{"iat": now.Add(-time.Hour).Unix()}),
	} {
		who, err := c.Bearer(t.Context(), raw)
		if err != nil || who != (Identity{l.URL, "248289761001"}) {
			t.Errorf("%s: %+v, %v", name, who, err)
		}
		if IssuerOf(raw) != l.URL {
			t.Errorf("%s: issuer %q", name, IssuerOf(raw))
		}
	}
	matched := l.client(t, func(p *Provider) { p.Audience, p.Match = audience, "pid" })
	if who, err := matched.Bearer(t.Context(), l.accessToken(nil, map[string]any{"pid": "19121212"})); err != nil || who.Subject != "19121212" {
		t.Error(who, err)
	}
}

// What isn't an access token for us, made by the provider and valid now, is refused.
func TestBearerRefuses(t *testing.T) {
	l := newLiar(t)
	c := l.client(t, func(p *Provider) { p.Audience = audience })
	header := func(name string, v any) string { return l.accessToken(map[string]any{name: v}, nil) }
	claim := func(name string, v any) string { return l.accessToken(nil, map[string]any{name: v}) }
	good := l.accessToken(nil, nil)
	signed := func(alg string, sign func(*liar, string) string) string {
		was := l.sign
		l.sign = sign
		defer func() { l.sign = was }()
		return header("alg", alg)
	}
	for name, raw := range map[string]string{
		"an ID token":              l.idToken("a-nonce-of-this-browser"),
		"an ID token's type":       header("typ", "JWT"),
		"no type":                  header("typ", nil),
		"for another audience":     claim("aud", "https://other.example.org"),
		"for nobody":               claim("aud", nil),
		"for our client":           claim("aud", "us"),
		"of another issuer":        claim("iss", "https://evil.example.org"),
		"expired":                  claim("exp", now.Add(-time.Hour).Unix()),
		"without end":              claim("exp", nil),
		"from the future":          claim("iat", now.Add(time.Hour).Unix()),
		"of no time":               claim("iat", nil),
		"without subject":          claim("sub", nil),
		"without client":           claim("client_id", nil),
		"a program's own":          claim("client_id", "248289761001"),
		"not sure enough":          claim("acr", "low"),
		"unsigned":                 signed("none", func(*liar, string) string { return "" }),
		"signed with a public key": signed("HS256", func(_ *liar, input string) string { return hs256(ours().N.Bytes(), input) }),
		"signed by a stranger":     signed("RS256", func(_ *liar, input string) string { return rs256(foreign(), input) }),
		"with an unknown key":      header("kid", "2"),
		"with a key of its own":    l.accessToken(map[string]any{"kid": "2", "jku": l.URL + "/foreign"}, nil),
		"with a bad signature":     good[:len(good)-6] + "AAAAAA",
		"cut":                      good[:strings.LastIndex(good, ".")],
		"nothing":                  "",
		"no token":                 "abc",
		"too long":                 claim("x", strings.Repeat("x", mostToken)),
	} {
		if who, err := c.Bearer(t.Context(), raw); err == nil {
			t.Errorf("%s: taken as %+v", name, who)
		} else if strings.Contains(err.Error(), "248289761001") || len(raw) > 20 && strings.Contains(err.Error(), raw[:20]) {
			t.Errorf("%s: the error tells too much: %v", name, err)
		}
	}
	if l.foreign > 0 {
		t.Error("a key was fetched from where the token said")
	}
	none := l.client(t, nil)
	if _, err := none.Bearer(t.Context(), good); err == nil {
		t.Error("taken where no audience is named")
	}
}

func FuzzIssuerOf(f *testing.F) {
	f.Add("a.eyJpc3MiOiJ4In0.c")
	f.Fuzz(func(t *testing.T, raw string) {
		if len(IssuerOf(raw)) > mostToken {
			t.Error("longer than any token")
		}
	})
}
