package message

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	sfv "github.com/dunglas/httpsfv"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
)

// The example of RFC 9421, B.2.6: a request signed with the key of B.1.4.
func TestExampleOfTheStandard(t *testing.T) {
	raw, err := base64.StdEncoding.DecodeString("MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF")
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.ParsePKCS8PrivateKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "http://example.com/foo?param=Value&Pet=dog", strings.NewReader(`{"hello": "world"}`))
	r.Header.Set("Date", "Tue, 20 Apr 2021 02:07:55 GMT")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Content-Length", "18")
	covered := []string{"date", "@method", "@path", "@authority", "content-type", "content-length"}
	p := sfv.NewParams()
	p.Add("created", int64(1618884473))
	p.Add("keyid", "test-key-ed25519")
	s := &Signer{Key: Key{Private: private.(ed25519.PrivateKey)}}
	if err := s.sign(r.Header, covered, p, requested(r)); err != nil {
		t.Fatal(err)
	}
	const want = "samverk=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:"
	if got := r.Header.Get("Signature"); got != want {
		t.Errorf("%s, not %s", got, want)
	}
}

// pair are two nodes that know each other.
type pair struct {
	*testing.T
	now    time.Time
	north  Signer
	south  Signer
	at     *Verifier // south's
	back   *Verifier // north's
	strict map[string]ed25519.PublicKey
}

func newPair(t *testing.T) *pair {
	p := &pair{T: t, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), strict: map[string]ed25519.PublicKey{}}
	random := testkit.Rand(1)
	clock := func() time.Time { return p.now }
	node := func(id string) Signer {
		var seed [32]byte
		_, _ = random.Read(seed[:])
		private := ed25519.NewKeyFromSeed(seed[:])
		p.strict[id] = private.Public().(ed25519.PublicKey)
		return Signer{Key: Key{id, private}, Now: clock, Random: random}
	}
	p.north, p.south = node("north.example.org/1"), node("south.example.org/1")
	keys := func(id string) (ed25519.PublicKey, bool) { k, ok := p.strict[id]; return k, ok }
	p.at, p.back = NewVerifier(keys, clock, Versions{}), NewVerifier(keys, clock, Versions{})
	return p
}

const asked = `{"variant": "chr22-50000165-C-T", "purpose": "care"}`

// request is a signed one, as it comes in.
func (p *pair) request() (r *http.Request, nonce string) {
	p.Helper()
	r, err := http.NewRequestWithContext(p.Context(), "POST", "https://south.example.org/federation/ask?deadline=900", nil)
	if err != nil {
		p.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if nonce, err = p.north.Request(r, []byte(asked)); err != nil {
		p.Fatal(err)
	}
	return p.arrive(p.wire(r)), nonce
}

func (p *pair) wire(r *http.Request) []byte {
	p.Helper()
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		p.Fatal(err)
	}
	return b.Bytes()
}

func (p *pair) arrive(wire []byte) *http.Request {
	p.Helper()
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(wire)))
	if err != nil {
		p.Fatal(err)
	}
	return r
}

// is takes an answer by one key.
func is(id string) func(string) bool { return func(key string) bool { return key == id } }

const limit = 1 << 16

// says checks that an error has a code, and that a refusal tells it.
func (p *pair) says(err error, code string) {
	p.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != code {
		p.Errorf("%v, not %s", err, code)
	}
}

func TestRequestsAndAnswers(t *testing.T) {
	p := newPair(t)
	r, nonce := p.request()
	got, err := p.at.Request(r, limit)
	if err != nil || got.From != "north.example.org/1" || got.Nonce != nonce || string(got.Body) != asked || got.Version != Newest {
		t.Fatalf("%+v, %v", got, err)
	}
	body := []byte(`{"carriers": 8}`)
	answer := func() *http.Response {
		h := http.Header{"Content-Type": {"application/json"}}
		if err := p.south.Answer(h, 200, body, nonce); err != nil {
			t.Fatal(err)
		}
		return &http.Response{StatusCode: 200, Header: h, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body))}
	}
	if b, err := p.back.Answer(answer(), is("south.example.org/1"), nonce, limit); err != nil || !bytes.Equal(b, body) {
		t.Fatalf("%s, %v", b, err)
	}
	for name, spoil := range map[string]func(*http.Response){
		"status": func(a *http.Response) { a.StatusCode = 403 },
		"body":   func(a *http.Response) { a.Body = io.NopCloser(strings.NewReader(`{"carriers": 9}`)) },
		"type":   func(a *http.Response) { a.Header.Set("Content-Type", "text/html") },
		"nonce":  func(a *http.Response) { a.Header.Set(answerHeader, "x") },
		"twice":  func(a *http.Response) { a.Header.Add(digestHeader, a.Header.Get(digestHeader)) },
		"none":   func(a *http.Response) { a.Header.Del(signHeader) },
	} {
		a := answer()
		spoil(a)
		_, err := p.back.Answer(a, is("south.example.org/1"), nonce, limit)
		if err == nil {
			t.Error("believed:", name)
		}
		p.says(err, "message.signature")
	}
	if _, err := p.back.Answer(answer(), is("north.example.org/1"), nonce, limit); err == nil {
		t.Error("another node's answer was believed")
	}
	if _, err := p.back.Answer(answer(), is("south.example.org/1"), "another", limit); err == nil {
		t.Error("an answer to another request was believed")
	}
	p.now = p.now.Add(24 * time.Hour)
	late := answer()
	p.now = p.now.Add(-24 * time.Hour)
	_, err = p.back.Answer(late, is("south.example.org/1"), nonce, limit)
	p.says(err, "message.clock")
}

// Each way of sending a request that isn't as a peer sends it, now and once, is refused, and the refusal says which.
func TestRefusals(t *testing.T) {
	for name, x := range map[string]struct {
		code  string
		spoil func(p *pair, r *http.Request)
	}{
		"replayed": {"message.replay", func(p *pair, r *http.Request) {
			wire := p.wire(r)
			if _, err := p.at.Request(p.arrive(wire), limit); err != nil {
				p.Fatal(err)
			}
			*r = *p.arrive(wire)
		}},
		"an hour old":      {"message.clock", func(p *pair, _ *http.Request) { p.now = p.now.Add(time.Hour) }},
		"from tomorrow":    {"message.clock", func(p *pair, _ *http.Request) { p.now = p.now.Add(-24 * time.Hour) }},
		"expired":          {"message.clock", func(p *pair, _ *http.Request) { p.now = p.now.Add(lifetime + skew + time.Second) }},
		"a stranger's":     {"message.stranger", func(p *pair, _ *http.Request) { delete(p.strict, "north.example.org/1") }},
		"with another key": {"message.signature", func(p *pair, _ *http.Request) { p.strict["north.example.org/1"] = p.strict["south.example.org/1"] }},
		"another method":   {"message.signature", func(_ *pair, r *http.Request) { r.Method = "PUT" }},
		"another host":     {"message.signature", func(_ *pair, r *http.Request) { r.Host = "middle.example.org" }},
		"another path":     {"message.signature", func(_ *pair, r *http.Request) { r.URL.Path = "/federation/export" }},
		"another query":    {"message.signature", func(_ *pair, r *http.Request) { r.URL.RawQuery = "deadline=9" }},
		"another body": {"message.signature", func(_ *pair, r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(strings.Replace(asked, "care", "fun!", 1)))
		}},
		"another digest":  {"message.signature", func(_ *pair, r *http.Request) { r.Header.Set(digestHeader, "sha-256=:AAAA:") }},
		"a weaker digest": {"message.signature", func(_ *pair, r *http.Request) { r.Header.Set(digestHeader, "md5=:AAAA:") }},
		"two digests":     {"message.signature", func(_ *pair, r *http.Request) { r.Header.Add(digestHeader, r.Header.Get(digestHeader)) }},
		"an old version":  {"message.version", func(_ *pair, r *http.Request) { r.Header.Set(versionHeader, "0") }},
		"a new version":   {"message.version", func(_ *pair, r *http.Request) { r.Header.Set(versionHeader, "2") }},
		"no version":      {"message.version", func(_ *pair, r *http.Request) { r.Header.Del(versionHeader) }},
		"unsigned":        {"message.signature", func(_ *pair, r *http.Request) { r.Header.Del(signHeader) }},
		"longer lived": {"message.signature", func(_ *pair, r *http.Request) {
			r.Header.Set(inputHeader, strings.Replace(r.Header.Get(inputHeader), ";expires=", ";expires=9", 1))
		}},
		"covering less": {"message.signature", func(_ *pair, r *http.Request) {
			r.Header.Set(inputHeader, strings.Replace(r.Header.Get(inputHeader), ` "content-digest"`, "", 1))
		}},
		"of two signatures": {"message.signature", func(_ *pair, r *http.Request) {
			r.Header.Set(inputHeader, r.Header.Get(inputHeader)+`, other=("@method");created=1`)
		}},
		"with a parameter": {"message.signature", func(_ *pair, r *http.Request) {
			r.Header.Set(inputHeader, strings.Replace(r.Header.Get(inputHeader), `"@method"`, `"@method";req`, 1))
		}},
		"of another algorithm": {"message.signature", func(_ *pair, r *http.Request) {
			r.Header.Set(inputHeader, strings.Replace(r.Header.Get(inputHeader), "ed25519", "hmac-sha256", 1))
		}},
		"too large": {"message.large", func(_ *pair, r *http.Request) { r.ContentLength = limit + 1 }},
		"larger than it says": {"message.large", func(_ *pair, r *http.Request) {
			r.ContentLength, r.Body = -1, io.NopCloser(io.LimitReader(testkit.Rand(1), 10*limit))
		}},
		"broken off": {"message.cut", func(_ *pair, r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF)) }},
		"from before the start": {"message.early", func(p *pair, _ *http.Request) {
			p.now = p.now.Add(5 * time.Second)
			p.at = NewVerifier(p.at.keys, p.at.now, Versions{})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			r, _ := p.request()
			x.spoil(p, r)
			got, err := p.at.Request(r, limit)
			if err == nil {
				t.Errorf("taken: %+v", got)
			}
			p.says(err, x.code)
		})
	}
}

// A request of which a byte was changed on the way is refused, or it is read as the same request.
func TestMutations(t *testing.T) {
	p := newPair(t)
	r, _ := p.request()
	// As read from the wire, so that what is compared is what a server sees.
	wire := p.wire(r)
	rnd := rand.New(testkit.Rand(7))
	taken := 0
	for range 10_000 {
		b := bytes.Clone(wire)
		for range 1 + rnd.IntN(3) {
			switch i := rnd.IntN(len(b)); rnd.IntN(4) {
			case 0:
				b[i] ^= 1 << rnd.IntN(8)
			case 1:
				b[i] = byte(rnd.IntN(256))
			case 2:
				b = append(b[:i], b[i+1:]...)
			default:
				b = append(b[:i], append([]byte{b[i]}, b[i:]...)...)
			}
		}
		m, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b)))
		if err != nil {
			continue
		}
		at := NewVerifier(p.at.keys, p.at.now, Versions{}) // that has seen nothing
		got, err := at.Request(m, limit)
		if err != nil {
			if fault.KindOf(err) == fault.Internal {
				t.Fatalf("%v\n%s", err, b)
			}
			continue
		}
		taken++
		if string(got.Body) != asked || got.From != "north.example.org/1" || m.Method != "POST" || m.URL.RequestURI() != "/federation/ask?deadline=900" || !strings.EqualFold(m.Host, "south.example.org") {
			t.Errorf("another request was taken: %+v\n%s", got, b)
		}
	}
	t.Logf("%d of 10,000 changes left the request what it was", taken)
}

// What is kept of a peer's requests is bounded, and forgotten when it can't be replayed any more. Another peer is not held up.
func TestNoncesAreBounded(t *testing.T) {
	p := newPair(t)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	refused := 0
	for i := range mostNonces + 10 {
		if err := p.at.take(signature{keyid: "north", nonce: fmt.Sprintf("%024d", i)}); err != nil {
			p.says(err, "message.often")
			refused++
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if refused != 10 || int64(after.HeapAlloc)-int64(before.HeapAlloc) > 64<<20 {
		t.Errorf("%d refused; %d bytes", refused, after.HeapAlloc-before.HeapAlloc)
	}
	if err := p.at.take(signature{keyid: "south", nonce: "x"}); err != nil {
		t.Error(err)
	}
	again := signature{keyid: "north", nonce: fmt.Sprintf("%024d", 0)}
	p.now = p.now.Add(window)
	p.says(p.at.take(again), "message.replay")
	p.now = p.now.Add(time.Second)
	if err := p.at.take(signature{keyid: "north", nonce: "y"}); err != nil {
		t.Error(err)
	}
	p.says(p.at.take(again), "message.replay")
	p.now = p.now.Add(window + time.Second)
	_ = p.at.take(signature{keyid: "north", nonce: "z"})
	if n := p.at.seen["north"]; len(n.old)+len(n.now) != 2 {
		t.Errorf("%d and %d are kept", len(n.old), len(n.now))
	}
}

func FuzzRequest(f *testing.F) {
	f.Add(`samverk=("@method" "@authority" "@path" "@query" "content-digest" "content-type" "samverk-protocol");created=1;keyid="k";alg="ed25519";tag="samverk-node";expires=2;nonce="n"`, "samverk=:AAAA:", "sha-256=:AAAA:")
	f.Fuzz(func(t *testing.T, input, sign, digest string) {
		h := http.Header{inputHeader: {input}, signHeader: {sign}, digestHeader: {digest}}
		s, err := signatureOf(h, ofRequest)
		if err == nil && (s.keyid == "" || len(s.bytes) != ed25519.SignatureSize || "samverk="+s.input != strings.TrimSpace(input)) {
			t.Errorf("%+v from %q", s, input)
		}
		digested(h, nil)
	})
}
