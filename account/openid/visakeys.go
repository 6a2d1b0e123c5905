package openid

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// visaKeys are an issuer's keys, by which its visas are checked. Beside what go-oidc's does, it is asked for anew at most every few seconds,
// however many visas name a key that isn't there, and no key is used for another algorithm than it is for.
type visaKeys struct {
	client  *Client
	issuer  string // in whose discovery document the address is, where there is none
	address string

	mu     sync.Mutex
	keys   jose.JSONWebKeySet
	at     time.Time // when they came
	failed error
	retry  time.Time // not before
}

// mostSame is how many keys of one name are tried.
const mostSame = 4

var errNoKey = errors.New("failed to verify signature: no such key")

// VerifySignature is oidc.KeySet's.
func (k *visaKeys) VerifySignature(ctx context.Context, raw string) ([]byte, error) {
	signed, err := jose.ParseSigned(raw, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil || len(signed.Signatures) != 1 || signed.Signatures[0].Header.KeyID == "" {
		return nil, errNoKey
	}
	h := signed.Signatures[0].Header
	for _, again := range []bool{false, true} {
		keys, err := k.get(ctx, again)
		if err != nil {
			return nil, errors.New("fetching keys")
		}
		named := keys.Key(h.KeyID)
		for _, key := range named[:min(len(named), mostSame)] {
			if !key.IsPublic() || key.Use != "" && key.Use != "sig" || key.Algorithm != "" && key.Algorithm != h.Algorithm {
				continue
			}
			if payload, err := signed.Verify(key); err == nil {
				return payload, nil
			}
		}
	}
	return nil, errNoKey
}

// get gives the keys; again, if they may be other ones by now.
func (k *visaKeys) get(ctx context.Context, again bool) (jose.JSONWebKeySet, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.client.now()
	if now.Before(k.retry) || !again && k.failed == nil && !k.at.IsZero() && now.Sub(k.at) < known {
		return k.keys, k.failed
	}
	k.keys, k.failed = k.fetch(context.WithoutCancel(ctx)) // who leaves doesn't make the issuer unreachable for others
	k.at, k.retry = now, now.Add(pause)
	return k.keys, k.failed
}

func (k *visaKeys) fetch(ctx context.Context) (keys jose.JSONWebKeySet, err error) {
	address := k.address
	if address == "" {
		var found struct {
			Issuer string `json:"issuer"`
			Keys   string `json:"jwks_uri"`
		}
		if err := k.read(ctx, strings.TrimSuffix(k.issuer, "/")+"/.well-known/openid-configuration", &found); err != nil {
			return keys, err
		}
		if found.Issuer != k.issuer || !safeAddress(found.Keys) || strings.HasPrefix(found.Keys, "http:") && !strings.HasPrefix(k.issuer, "http:") {
			return keys, errors.New("the discovery document is of another issuer, or its keys are without TLS")
		}
		address = found.Keys
	}
	return keys, k.read(ctx, address, &keys)
}

func (k *visaKeys) read(ctx context.Context, address string, v any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	answer, err := k.client.http.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return errors.New(answer.Status)
	}
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}
