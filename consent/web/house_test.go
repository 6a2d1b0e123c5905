package web_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/samverk/samverk/account/openid"
	"github.com/samverk/samverk/api/fhir"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/consent/counted"
	consentweb "github.com/samverk/samverk/consent/web"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
	"github.com/samverk/samverk/web/webtest"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// clock is set by the test; it begins at the machine's day, because a provider's tokens and a browser's cookies live by that.
type clock struct {
	sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.Lock()
	defer c.Unlock()
	c.now = c.now.Add(time.Microsecond)
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.Lock()
	defer c.Unlock()
	c.now = c.now.Add(d)
}

// house is a node with its ledger, a provider that says who anybody is, and the pages.
type house struct {
	*clock
	t        testing.TB
	db       *storage.DB
	people   *individual.Register
	consents *consent.Consents
	log      consentweb.Log
	accesses *ledger.Accesses
	table    *route.Table
	url      string
	provider *provider
	as       string // of the network, whom every request comes from
	looks    []string
}

func newHouse(t testing.TB, dsn string, change func(*consentweb.Options)) *house {
	t.Helper()
	ctx := t.Context()
	h := &house{t: t, clock: &clock{now: time.Date(2026, 12, 3, 10, 0, 0, 0, time.UTC)}}
	h.db = must(storage.Open(ctx, dsn, storage.Options{Migrations: []fs.FS{individual.Migrations, consent.Migrations, counted.Migrations, ledger.Migrations}, Now: h.Now}))(t)
	t.Cleanup(func() { _ = h.db.Close() })
	h.people = must(individual.Open(ctx, h.db))(t)
	h.consents = must(consent.Open(ctx, h.db, h.people, consent.Options{Journal: filepath.Join(t.TempDir(), "journal")}))(t)
	t.Cleanup(func() { _ = h.consents.Close() })
	h.log.Counted = must(counted.Open(ctx, h.db, h.people, counted.Options{}))(t)
	h.log.Ledger = must(ledger.Open(ctx, t.TempDir(), ledger.Options{Name: "example.org/ledger", Now: h.Now, Random: rand.Reader}))(t)
	t.Cleanup(func() { _ = h.log.Ledger.Close(context.Background()) })
	h.log.Index = ledger.NewIndex(h.db, h.log.Ledger)
	h.accesses = must(ledger.NewAccesses(h.db, h.log.Ledger, rand.Reader, ledger.KeepYears))(t)
	h.write(func(tx *storage.Tx) error {
		_, err := h.people.Enrol(ctx, tx, []individual.New{{ID: "anna"}, {ID: "canary-bo"}, {ID: "child"}, {ID: "sibling"}, {ID: "elin"}})
		for id, born := range map[string]string{"child": "2016-05-01", "sibling": "2018-06-01", "elin": "2010-03-01"} {
			if err == nil {
				err = h.people.SetBorn(ctx, tx, "test", "", h.number(tx, id), must(individual.ParseBorn(born))(t))
			}
		}
		return err
	})
	h.provider = newProvider(t, h.Now)
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	h.url = server.URL
	site := must(web.New(web.Options{Log: slog.New(slog.DiscardHandler)}))(t)
	h.table = route.NewTable(route.Options{Refused: site.CrossOrigin(), SignedIn: web.SignedIn, SignIn: site.SignIn, Wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if h.as != "" {
				r.Header.Set("X-As", h.as)
			}
			if as := r.Header.Get("X-As"); as != "" {
				r = web.WithViewer(r, web.Viewer{Person: as, Name: "Olga Olsson"})
			}
			next.ServeHTTP(w, r)
		})
	}})
	handler = h.table
	site.Register(h.table)
	at := func(name, acr string, level individual.Level) consentweb.Provider {
		return consentweb.Provider{Level: level, Provider: openid.Provider{Name: name, Title: "Provider " + name, Issuer: h.provider.URL, ClientID: "samverk", ACR: []string{acr}, Match: "pid"}}
	}
	o := consentweb.Options{DB: h.db, URL: h.url, Region: "Region Norr", Phone: "010-000 00 00",
		Providers: []consentweb.Provider{at("strong", "loa3", individual.Substantial), at("weak", "loa2", individual.Low)},
		Uses:      h.log.Uses, Prove: h.log.Prove,
		FHIR: func(ctx context.Context, who individual.Individual) ([]byte, error) {
			all, err := fhir.Statements(ctx, h.consents, who)
			if err != nil {
				return nil, err
			}
			return fhir.Node{Region: "Region Norr", Forms: h.consents.Enacted()}.Write(all, h.Now())
		},
		Organisation: func(_ context.Context, _, id string) string {
			return strings.ReplaceAll(id, "01LAB", "The laboratory of the Northern region")
		},
		Decision: func(d consentweb.Decision) string { return "/n/se/decisions/" + d.ID + d.Body },
		Steward:  func(r *http.Request) bool { return r.Header.Get("X-As") == "steward" },
		Looked: func(r *http.Request, who individual.Number, why string) error {
			h.looks = append(h.looks, why)
			_, err := h.accesses.Append(r.Context(), ledger.Leaf{Kind: ledger.Access, Role: "steward"}, ledger.AccessRecord{Person: web.ViewerOf(r).Person, Individual: &who, Why: why})
			return err
		},
		Network: func(_, slug string) (*web.Network, string, bool) {
			return &web.Network{Slug: slug, Name: "The network"}, map[string]string{"se": "SE", "no": "NO"}[slug], slug == "se" || slug == "no"
		},
		Editor: func(r *http.Request, slug string) bool { return r.Header.Get("X-As") == "steward" && slug == "se" },
	}
	if change != nil {
		change(&o)
	}
	ok(t, consentweb.Register(h.table, site, h.consents, h.people, o))
	return h
}

func (h *house) write(do func(*storage.Tx) error) {
	h.t.Helper()
	ok(h.t, h.db.Write(context.Background(), do))
}

func (h *house) number(tx *storage.Tx, id string) individual.Number {
	who, there := h.people.LookupIn(tx, id)
	if !there {
		h.t.Fatal("nobody:", id)
	}
	return who.Number
}

// link makes a sign-in an individual's.
func (h *house) link(pid, id string) (login string) {
	h.write(func(tx *storage.Tx) (err error) {
		login, err = h.people.Link(context.Background(), tx, "test", "", h.number(tx, id), individual.Identity{Issuer: h.provider.URL, Subject: pid}, individual.Substantial)
		return err
	})
	return login
}

// guardian makes a sign-in a child's guardian's.
func (h *house) guardian(pid, id string) (guardianship string) {
	h.write(func(tx *storage.Tx) (err error) {
		guardianship, err = h.people.AddGuardian(context.Background(), tx, "test", individual.Guardian{Individual: h.number(tx, id), Level: individual.Substantial, Why: "custody"},
			individual.Identity{Issuer: h.provider.URL, Subject: pid})
		return err
	})
	return guardianship
}

// enact puts a form in force by a decision.
func (h *house) enact(number int, f consent.Form) mandate.Digest {
	h.t.Helper()
	var digest mandate.Digest
	h.write(func(tx *storage.Tx) (err error) {
		if digest, err = h.consents.Draft(context.Background(), tx, "test", f); err != nil {
			return err
		}
		at := h.Now()
		return h.consents.Enact(context.Background(), tx, "test", mandate.Mandate{Decision: fmt.Sprint("d", number), Number: fmt.Sprint("2026-", number), Body: "b",
			BodyName: map[string]string{"sv": "Styrgruppen", "nb": "Styringsgruppen", "en": "The steering group"}, Network: "se",
			Approved: at.Add(-time.Hour), InForce: at, MinutesSeal: mandate.Digest{1}, Votes: mandate.Votes{For: 13, Against: 2},
			Quorum: mandate.Quorum{Held: true, Present: 15, Of: 17, Sectors: []mandate.Sector{{Sector: "care", Present: 11}, {Sector: "patient", Present: 4}},
				Findings: []mandate.Finding{{Kind: "majority", Have: 15, Need: 9, Of: 17}}},
			Effects: []mandate.Effect{{Kind: mandate.Form, Ref: "form", Digest: digest}}}, digest)
	})
	return digest
}

func model(t testing.TB) consent.Form {
	t.Helper()
	f, there := consentweb.Model("SE")
	if !there {
		t.Fatal("there is no model")
	}
	return f
}

// use writes a use of the data into the ledger, as the desk does before it answers.
func (h *house) use(organisation string, u consent.Use) {
	h.t.Helper()
	set := must(h.consents.Allowed(u))(h.t)
	of := counted.Of(u)
	root := must(h.log.Counted.Root(h.t.Context(), of, set))(h.t)
	must(h.log.Ledger.Append(h.t.Context(), ledger.Leaf{Kind: ledger.Use, Organisation: organisation, Role: "clinician", Purpose: of.Purpose, Conditions: of.Conditions, Question: "count",
		Decision: "se/b/2026-14", Counted: uint64(set.Len()), Epoch: set.Epoch, Mask: root}))(h.t)
}

// browser is a patient's.
type browser struct {
	*http.Client
	h    *house
	as   string // of the network's people; "" for nobody
	lang string
	last *http.Response
	body string
}

func (h *house) browser() *browser {
	jar := must(cookiejar.New(nil))(h.t)
	b := &browser{Client: &http.Client{Jar: jar}, h: h, lang: "en"}
	return b
}

func (b *browser) send(r *http.Request) string {
	b.h.t.Helper()
	r.Header.Set("X-As", b.as)
	r.Header.Set("Accept-Language", b.lang)
	var err error
	if b.last, err = b.Do(r); err != nil {
		b.h.t.Fatal(err)
	}
	defer b.last.Body.Close()
	b.body = string(must(io.ReadAll(b.last.Body))(b.h.t))
	return b.body
}

func (b *browser) get(path string) string {
	b.h.t.Helper()
	return b.send(must(http.NewRequest(http.MethodGet, b.h.at(path), http.NoBody))(b.h.t))
}

func (b *browser) post(path string, pairs ...string) string {
	b.h.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r := must(http.NewRequest(http.MethodPost, b.h.at(path), strings.NewReader(form.Encode())))(b.h.t)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.send(r)
}

func (h *house) at(path string) string {
	if strings.HasPrefix(path, "http") {
		return path
	}
	return h.url + path
}

// is tells where the browser ended, and with which status.
func (b *browser) is(path string, status int) {
	b.h.t.Helper()
	if at := b.last.Request.URL.Path; at != path || b.last.StatusCode != status {
		b.h.t.Fatalf("at %s with %d, not at %s with %d\n%s", at, b.last.StatusCode, path, status, b.main())
	}
}

// main is the page's own part, in words.
func (b *browser) main() string {
	_, page, _ := strings.Cut(b.body, "<main")
	page, _, _ = strings.Cut(page, "</main>")
	return webtest.Visible("<main" + page)
}

func (b *browser) says(words ...string) {
	b.h.t.Helper()
	for _, w := range words {
		if !strings.Contains(b.body, w) {
			b.h.t.Errorf("%s doesn't say %q\n%s", b.last.Request.URL.Path, w, b.main())
		}
	}
}

func (b *browser) silent(words ...string) {
	b.h.t.Helper()
	for _, w := range words {
		if strings.Contains(b.body, w) {
			b.h.t.Errorf("%s says %q", b.last.Request.URL.Path, w)
		}
	}
}

// signIn goes to a provider and comes back as a person.
func (b *browser) signIn(pid, at, acr string) string {
	b.h.t.Helper()
	b.h.provider.pid, b.h.provider.acr = pid, acr
	page := b.post("/my/sign-in/with/" + at)
	_, after, found := strings.Cut(page, `rel="noreferrer" href="`)
	if !found {
		b.h.t.Fatalf("not led to the provider: %d %s", b.last.StatusCode, page)
	}
	address, _, _ := strings.Cut(after, `"`)
	return b.get(strings.ReplaceAll(address, "&amp;", "&"))
}

func (h *house) patient(pid string) *browser {
	h.t.Helper()
	b := h.browser()
	b.signIn(pid, "strong", "loa3")
	return b
}

var providerKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

// provider is one that does as it should, and says of everybody what the test wants. What it might do wrong is tested in account/openid.
type provider struct {
	*httptest.Server
	pid, acr string
	codes    map[string]url.Values
}

func newProvider(t testing.TB, now func() time.Time) *provider {
	p := &provider{codes: map[string]url.Values{}}
	send := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		send(w, map[string]any{"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"code_challenge_methods_supported": []string{"S256"}, "authorization_response_iss_parameter_supported": true})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		send(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: providerKey().Public(), KeyID: "1"}}})
	})
	mux.HandleFunc("/authorize", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		code := rand.Text()
		p.codes[code] = q
		http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {p.URL}}.Encode(), http.StatusFound)
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		asked, there := p.codes[r.PostFormValue("code")]
		delete(p.codes, r.PostFormValue("code"))
		if !there {
			http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
			return
		}
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: providerKey(), KeyID: "1"}}, nil)
		if err != nil {
			panic(err)
		}
		claims := map[string]any{"iss": p.URL, "sub": "random-" + rand.Text(), "aud": "samverk", "nonce": asked.Get("nonce"), "acr": p.acr,
			"iat": now().Unix(), "exp": now().Add(time.Minute).Unix()}
		if p.pid != "" {
			claims["pid"] = p.pid
		}
		id, err := jwt.Signed(signer).Claims(claims).Serialize()
		if err != nil {
			panic(err)
		}
		send(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": id})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}
