package web_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/account/openid"
	"github.com/samverk/samverk/storage"
)

// issuer signs access tokens as a provider does.
type issuer struct {
	*httptest.Server
	key *ecdsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ok(t, err)
	i := &issuer{key: key}
	mux := http.NewServeMux()
	send := func(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		send(w, map[string]any{"issuer": i.URL, "authorization_endpoint": i.URL + "/a", "token_endpoint": i.URL + "/t", "jwks_uri": i.URL + "/keys",
			"code_challenge_methods_supported": []string{"S256"}, "id_token_signing_alg_values_supported": []string{"ES256"}})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		send(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Use: "sig", Algorithm: "ES256"}}})
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

// visa is one that the issuer makes for its own people.
func (i *issuer) visa(t *testing.T, subject string) string {
	now := time.Now()
	return i.sign(t, "vnd.ga4gh.visa+jwt", map[string]any{"iss": i.URL, "sub": subject, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "ga4gh_visa_v1": map[string]any{
		"type": "ControlledAccessGrants", "asserted": now.Unix(), "value": "https://samverk.example.org/beacon/v2/datasets/clinic", "source": "https://dac.example.org", "by": "dac"}})
}

func (i *issuer) token(t *testing.T, subject string, change map[string]any) string {
	t.Helper()
	now := time.Now()
	claims := map[string]any{"iss": i.URL, "sub": subject, "aud": "https://samverk.example.org", "client_id": "pipeline", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
	maps.Copy(claims, change)
	return i.sign(t, "at+jwt", claims)
}

func (i *issuer) sign(t *testing.T, kind jose.ContentType, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: i.key, KeyID: "1"}}, (&jose.SignerOptions{}).WithType(kind))
	ok(t, err)
	b, err := json.Marshal(claims)
	ok(t, err)
	signed, err := signer.Sign(b)
	ok(t, err)
	raw, err := signed.CompactSerialize()
	ok(t, err)
	return raw
}

// A program asks in the name of a person whose account is linked to the provider: where programs come, and nowhere else.
func TestPrograms(t *testing.T) {
	i := newIssuer(t)
	h := open(t, account.Options{Providers: []openid.Provider{{Name: "uni", Issuer: i.URL, ClientID: "us", Audience: "https://samverk.example.org",
		Visas: []openid.VisaIssuer{{Issuer: i.URL, Sources: []string{"https://dac.example.org"}}}}}})
	h.started(t)
	person, link := h.invite(t, "Anna Berg", "anna@example.org")
	_, err := h.Accept(t.Context(), link[strings.LastIndexByte(link, '/')+1:], good, account.From{})
	ok(t, err)
	ok(t, h.db.Write(t.Context(), func(tx *storage.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO account_identity (id, account, issuer, subject, provider, linked, used) SELECT 'i1', id, $1, 'anna-1', 'uni', 0, 0 FROM account WHERE person = $2`, i.URL, person)
		return err
	}))
	ask := func(path, token string, header ...string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "GET", h.url+path, nil)
		ok(t, err)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		for n := 0; n+1 < len(header); n += 2 {
			r.Header.Set(header[n], header[n+1])
		}
		res, err := http.DefaultClient.Do(r)
		ok(t, err)
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		ok(t, err)
		if (res.StatusCode == 401) != (res.Header.Get("WWW-Authenticate") != "") {
			t.Errorf("%s: %s without a challenge, or with one", path, res.Status)
		}
		return res.StatusCode, string(b)
	}
	valid := i.token(t, "anna-1", nil)
	if code, who := ask("/api/who", valid); code != 200 || who != "Anna Berg" {
		t.Errorf("%d %q", code, who)
	}
	for subject, want := range map[string]string{"anna-1": "Anna Berg, granted clinic", "berit-1": "Anna Berg"} {
		with := i.token(t, "anna-1", map[string]any{"ga4gh_passport_v1": []string{i.visa(t, subject)}})
		if code, who := ask("/api/who", with); code != 200 || who != want {
			t.Errorf("with a visa of %s: %d %q", subject, code, who)
		}
	}
	if code, who := ask("/", valid); code != 200 || who != "first page of " {
		t.Errorf("a token signs in to a page: %d %q", code, who)
	}
	if code, who := ask("/api/who", ""); code != 200 || who != "" {
		t.Errorf("%d %q", code, who)
	}
	for name, token := range map[string]string{"a stranger's": i.token(t, "somebody", nil), "for others": i.token(t, "anna-1", map[string]any{"aud": "https://other.example.org"}),
		"an old one": i.token(t, "anna-1", map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}), "of nobody": "x", "of another issuer": newIssuer(t).token(t, "anna-1", nil)} {
		if code, body := ask("/api/who", token); code != 401 || body != "" {
			t.Errorf("%s: %d %q", name, code, body)
		}
	}
	ok(t, h.db.Write(t.Context(), func(tx *storage.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE account SET disabled = 1 WHERE person = $1`, person)
		return err
	}))
	if code, _ := ask("/api/who", valid); code != 401 {
		t.Error("a disabled account's token is good:", code)
	}
	i.Close()
	away := open(t, account.Options{Providers: []openid.Provider{{Name: "uni", Issuer: i.URL, ClientID: "us", Audience: "https://samverk.example.org"}}})
	h.url = away.url
	if code, _ := ask("/api/who", valid); code != 503 {
		t.Error("a provider that can't be asked:", code)
	}
}
