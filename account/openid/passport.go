package openid

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// Passport is what visas say of a person.
type Passport struct {
	Visas   []Visa
	Ignored []error // why others were passed over: for the log, said once, without what the visas say
}

const (
	passportScope = "ga4gh_passport_v1" // and the name of the claim
	fresh         = 5 * time.Minute     // how long a passport is believed before it is asked for again
	mostKept      = 1000                // passports in memory
	mostVisas     = 100                 // of a passport that are looked at
)

// passports are kept by the hash of the access token, so that a program's every request doesn't ask the provider.
type passports struct {
	sync.Mutex
	kept map[[sha256.Size]byte]kept
}

type kept struct {
	visas []Visa
	until time.Time
}

// Passport gives the visas of a person whose access token Bearer takes: they are in the token, or at the provider's UserInfo endpoint if the
// token is for that. What isn't good is passed over, and so is everything if it can't be had: without a visa, there is what the person had without it.
func (c *Client) Passport(ctx context.Context, raw string) (p Passport) {
	if len(c.issuers) == 0 {
		return p
	}
	id, now := sha256.Sum256([]byte(raw)), c.now()
	c.passports.Lock()
	k, ok := c.passports.kept[id]
	c.passports.Unlock()
	if !ok || !now.Before(k.until) {
		k = kept{until: now.Add(fresh)}
		all, subject, err := c.carried(ctx, raw)
		if err != nil {
			p.Ignored, k.until = []error{err}, now.Add(pause)
		} else {
			k.visas, p.Ignored = c.believed(ctx, all, subject)
		}
		c.passports.keep(id, k, now)
	}
	for _, v := range k.visas {
		if now.Before(v.Expires) {
			p.Visas = append(p.Visas, v)
		}
	}
	return p
}

func (p *passports) keep(id [sha256.Size]byte, k kept, now time.Time) {
	p.Lock()
	defer p.Unlock()
	if len(p.kept) >= mostKept {
		for id, k := range p.kept {
			if !now.Before(k.until) {
				delete(p.kept, id)
			}
		}
	}
	if p.kept == nil || len(p.kept) >= mostKept {
		p.kept = map[[sha256.Size]byte]kept{}
	}
	p.kept[id] = k
}

// carried gives the visas that come with a token, unread, and whom the token is about.
func (c *Client) carried(ctx context.Context, raw string) (visas []string, subject string, err error) {
	d, token, err := c.accessToken(ctx, raw)
	if err != nil {
		return nil, "", err
	}
	var claims struct {
		Scope string   `json:"scope"`
		Visas []string `json:"ga4gh_passport_v1"`
	}
	if token.Claims(&claims) != nil {
		return nil, "", c.refused("the passport in the access token can't be read")
	}
	if claims.Visas == nil && hasScope(claims.Scope, passportScope) && d.userInfo != "" {
		claims.Visas, err = c.told(ctx, d, raw, token)
	}
	return claims.Visas, token.Subject, err
}

func hasScope(scopes, name string) bool {
	for one := range strings.FieldsSeq(scopes) {
		if one == name {
			return true
		}
	}
	return false
}

// told asks the provider's UserInfo endpoint, which must answer about the one whose token it is (OpenID Connect Core 1.0, 5.3.2).
func (c *Client) told(ctx context.Context, d *discovered, raw string, token *oidc.IDToken) ([]string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.userInfo, nil)
	if err != nil {
		return nil, c.refused("the address of its UserInfo endpoint is none")
	}
	r.Header.Set("Authorization", "Bearer "+raw)
	r.Header.Set("Accept", "application/json")
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, c.unreachable("its UserInfo endpoint can't be asked", nil)
	}
	defer answer.Body.Close()
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if answer.StatusCode != http.StatusOK || kind != "application/json" {
		return nil, c.refused("its UserInfo endpoint gives nothing for the access token")
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, c.unreachable("its UserInfo endpoint broke off", nil)
	}
	var info struct {
		Subject string   `json:"sub"`
		Visas   []string `json:"ga4gh_passport_v1"`
	}
	switch {
	case json.Unmarshal(body, &info) != nil:
		return nil, c.refused("what its UserInfo endpoint says can't be read")
	case info.Subject == "" || info.Subject != token.Subject:
		return nil, c.refused("its UserInfo endpoint tells of somebody else")
	}
	return info.Visas, nil
}

// believed gives the visas that are good: each by itself first, then those that are good only beside others.
func (c *Client) believed(ctx context.Context, all []string, subject string) (visas []Visa, ignored []error) {
	if len(all) > mostVisas {
		ignored = append(ignored, c.refused("a passport of %d visas: only the first %d are looked at", len(all), mostVisas))
		all = all[:mostVisas]
	}
	var plain []Visa
	var conditional []visa
	for _, raw := range all {
		v, err := c.visa(ctx, raw, subject)
		switch {
		case err != nil:
			ignored = append(ignored, err)
		case v.conditions == nil:
			plain = append(plain, v.Visa)
		default:
			conditional = append(conditional, v)
		}
	}
	visas = slices.Clone(plain)
	for _, v := range conditional {
		until, ok := v.holds(plain)
		if !ok {
			ignored = append(ignored, c.refused("a visa's conditions don't hold, or can't be understood"))
			continue
		}
		v.Expires = until
		visas = append(visas, v.Visa)
	}
	return visas, ignored
}
