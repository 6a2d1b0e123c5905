package openid

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/samverk/samverk/fault"
)

// mostToken bounds an access token, in bytes.
const mostToken = 8 << 10

// IssuerOf is the issuer that a token says it has: which provider to ask, and no more.
func IssuerOf(raw string) string { return issuerOf(raw, mostToken) }

func issuerOf(raw string, most int) string {
	parts := strings.SplitN(raw, ".", 4)
	if len(raw) > most || len(parts) != 3 {
		return ""
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Issuer string `json:"iss"`
	}
	if err != nil || json.Unmarshal(b, &claims) != nil {
		return ""
	}
	return claims.Issuer
}

// Bearer checks an access token that a program brings for somebody, and gives who: a JWT of RFC 9068, for the audience that the operator
// named. An ID token is none, nor is a token for others.
func (c *Client) Bearer(ctx context.Context, raw string) (Identity, error) {
	_, token, err := c.accessToken(ctx, raw)
	if err != nil {
		return Identity{}, err
	}
	return c.who(token)
}

func (c *Client) accessToken(ctx context.Context, raw string) (*discovered, *oidc.IDToken, error) {
	if c.Audience == "" || len(raw) > mostToken {
		return nil, nil, c.refused("its access tokens aren't for this site")
	}
	if err := c.typed(raw, "at+jwt", "application/at+jwt"); err != nil {
		return nil, nil, err
	}
	d, err := c.discover(ctx)
	if err != nil {
		return nil, nil, err
	}
	token, err := d.access.Verify(oidc.ClientContext(ctx, c.http), raw)
	if err != nil {
		return nil, nil, c.refused("%s", unsigned(err))
	}
	var claims struct {
		Client string `json:"client_id"`
		ACR    string `json:"acr"`
	}
	if err := token.Claims(&claims); err != nil {
		return nil, nil, c.refused("the access token can't be read")
	}
	switch {
	case claims.Client == "":
		return nil, nil, c.refused("the access token names no client")
	case token.IssuedAt.IsZero() || token.IssuedAt.After(c.now().Add(leeway)):
		return nil, nil, c.refused("the access token is from the future, or from no time")
	case claims.Client == token.Subject:
		return nil, nil, c.refused("the access token is a program's own, and no person's")
	}
	return d, token, c.sure(claims.ACR)
}

// sure checks how surely somebody was recognised.
func (c *Client) sure(acr string) error {
	for _, good := range c.ACR {
		if good == acr {
			return nil
		}
	}
	if len(c.ACR) == 0 {
		return nil
	}
	return fault.New(fault.Denied, "provider %s: the person was not recognised surely enough (acr)", c.Name).Say("openid.acr", c.Title)
}
