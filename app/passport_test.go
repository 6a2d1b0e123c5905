package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/samverk/samverk/account/openid"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// broker is a provider that issues visas too.
type broker struct {
	*httptest.Server
	t   *testing.T
	key *ecdsa.PrivateKey
}

func newBroker(t *testing.T) *broker {
	b := &broker{t: t, key: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)}
	mux := http.NewServeMux()
	send := func(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		send(w, map[string]any{"issuer": b.URL, "authorization_endpoint": b.URL + "/a", "token_endpoint": b.URL + "/t", "jwks_uri": b.URL + "/keys",
			"code_challenge_methods_supported": []string{"S256"}, "id_token_signing_alg_values_supported": []string{"ES256"}})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		send(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: b.key.Public(), KeyID: "1"}}})
	})
	b.Server = httptest.NewServer(mux)
	t.Cleanup(b.Close)
	return b
}

func (b *broker) sign(kind jose.ContentType, claims map[string]any) string {
	signer := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: b.key, KeyID: "1"}}, (&jose.SignerOptions{}).WithType(kind)))(b.t)
	now := time.Now()
	claims["iss"], claims["sub"], claims["iat"], claims["exp"] = b.URL, "omar-1", now.Unix(), now.Add(time.Minute).Unix()
	signed := must(signer.Sign(must(json.Marshal(claims))(b.t)))(b.t)
	return must(signed.CompactSerialize())(b.t)
}

// token is an access token with a data access committee's visa for an address, or with none.
func (b *broker) token(dataset string) string {
	claims := map[string]any{"aud": base, "client_id": "pipeline"}
	if dataset != "" {
		claims["ga4gh_passport_v1"] = []string{b.sign("vnd.ga4gh.visa+jwt", map[string]any{"ga4gh_visa_v1": map[string]any{
			"type": "ControlledAccessGrants", "asserted": time.Now().Unix(), "value": dataset, "source": "https://dac.example.org", "by": "dac"}})}
	}
	return b.sign("at+jwt", claims)
}

// A program asks for a researcher without an ethics committee's approval: about the dataset that a visa grants, by its address here, and about no other.
func TestPassport(t *testing.T) {
	c, b := newCouncil(t), newBroker(t)
	ctx, omar := t.Context(), c.people[1]
	c.ok(c.site.close())
	c.node.settings.SignIn = []openid.Provider{{Name: "uni", Issuer: b.URL, ClientID: "us", Audience: base, Visas: []openid.VisaIssuer{{Issuer: b.URL, Sources: []string{"https://dac.example.org"}}}}}
	c.site = must(c.node.site(ctx, ServeOptions{Addr: "127.0.0.1:0"}, base))(t)
	t.Cleanup(func() { _ = c.site.close() })
	c.ok(c.node.db.Write(ctx, func(tx *storage.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO account (id, person, mail, mail_key, password, created, disabled) VALUES ('a1', $1, 'o@example.org', 'o@example.org', '', 0, 0)`, omar.Person); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO account_identity (id, account, issuer, subject, provider, linked, used) VALUES ('i1', 'a1', $1, 'omar-1', 'uni', 0, 0)`, b.URL)
		return err
	}))
	must(c.node.policies.Assign(ctx, policy.Actor{Operator: true}, policy.Assignment{Person: string(omar.Person), Organisation: string(c.clinic), Sector: "academia", Role: policy.Researcher, Ground: "D-1"}))(t)
	topic := c.topic(c.body, "Forskning")
	c.decide(c.body, c.seats[:4], topic, effect(c.draft(topic, policy.Presets("SE")[1].Draft)))
	c.enactAll()
	c.ok(c.node.policies.Adopt(ctx, must(c.node.policies.Waiting(ctx))(t)[0], policy.Adoption{By: policy.Actor{Operator: true}, Ground: "D-2"}))

	here := base + "/beacon/v2/datasets/clinic"
	for _, path := range []string{"/api/v1/query?purpose=research&variant=chr22-50000165-C-T&dataset=", "/beacon/v2/g_variants/chr22-50000165-C-T?purpose=research&datasetIds="} {
		for _, x := range []struct {
			visa, dataset string
			status        int
		}{ // what is allowed isn't found: the node has no data
			{"", "clinic", 403}, {here, "clinic", 404}, {here, "panel", 403}, {here, "", 403}, {"https://other.example.org/beacon/v2/datasets/clinic", "clinic", 403}, {base + "/beacon/v2/datasets/", "", 403},
		} {
			r := httptest.NewRequest("GET", path+x.dataset, nil)
			r.Host = "localhost"
			r.Header.Set("Authorization", "Bearer "+b.token(x.visa))
			w := httptest.NewRecorder()
			if c.site.table.ServeHTTP(w, r); w.Code != x.status {
				t.Errorf("%s%s with a visa for %q: %d %s", path, x.dataset, x.visa, w.Code, w.Body)
			}
		}
	}
}

// The addresses of both Beacons lead to what is there, and the page about the API is for everybody.
func TestProgramsFindTheirWay(t *testing.T) {
	c := newCouncil(t)
	for _, root := range []string{"/beacon/v2", "/beacon/nation/v2"} {
		var at struct {
			Response struct {
				Sets map[string]struct {
					Root string `json:"rootUrl"`
				} `json:"endpointSets"`
			} `json:"response"`
		}
		get := func(path string) *httptest.ResponseRecorder {
			r := httptest.NewRequest("GET", path, nil)
			r.Host = "localhost"
			w := httptest.NewRecorder()
			c.site.table.ServeHTTP(w, r)
			return w
		}
		c.ok(json.Unmarshal(get(root+"/map").Body.Bytes(), &at))
		for name, set := range at.Response.Sets {
			if path := set.Root[len(base):]; path[:len(root)] != root || get(path).Code == 404 {
				t.Errorf("%s: %s isn't there", name, set.Root)
			}
		}
		if len(at.Response.Sets) != 4 || get(root+"/nothing").Code != 404 || get("/api").Code != 200 {
			t.Error(root, at)
		}
	}
	// What a page of another site would change is refused in the form of who is asked.
	for path, kind := range map[string]string{"/api/v1/query": "application/problem+json", "/beacon/v2/g_variants": "application/json", "/sign-in": "text/html; charset=utf-8"} {
		r := httptest.NewRequest("POST", path, strings.NewReader("{}"))
		r.Host = "localhost"
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		w := httptest.NewRecorder()
		c.site.table.ServeHTTP(w, r)
		if got := w.Header().Get("Content-Type"); w.Code != 403 || got != kind || kind != "text/html; charset=utf-8" && !strings.Contains(w.Body.String(), `"title":"Forbidden","status":403`) {
			t.Errorf("%s: %d %s %s", path, w.Code, got, w.Body)
		}
	}
}
