package message

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	sfv "github.com/dunglas/httpsfv"

	"github.com/samverk/samverk/fault"
)

// The versions of the protocol that are understood. A node of one version works with those of the versions beside it.
const (
	Oldest = 1
	Newest = 1
)

// How long a request holds, and how far clocks may be apart.
const (
	lifetime = time.Minute
	skew     = 2 * time.Minute
)

// Names on the wire.
const (
	label         = "samverk"
	tag           = "samverk-node" // RFC 9421, 2.3: what the signature is for
	versionHeader = "Samverk-Protocol"
	answerHeader  = "Samverk-Answers" // the nonce of the request
	digestHeader  = "Content-Digest"  // RFC 9530
	inputHeader   = "Signature-Input"
	signHeader    = "Signature"
)

var (
	ofRequest = []string{"@method", "@authority", "@path", "@query", "content-digest", "content-type", "samverk-protocol"}
	ofAnswer  = []string{"@status", "content-digest", "content-type", "samverk-protocol", "samverk-answers"}
)

// Key signs for a node.
type Key struct {
	ID      string // what peers know it by; printable ASCII
	Private ed25519.PrivateKey
}

// Signer signs with a node's key. Its methods may be called from many goroutines.
type Signer struct {
	Key    Key
	Now    func() time.Time
	Random io.Reader // for nonces

	Version int // of the protocol, that the other node understands; 0 is Newest
}

// Versions are what a node understands of the protocol. The zero value is what this program does.
type Versions struct {
	Oldest int `json:"oldest"`
	Newest int `json:"newest"`
}

// Or gives those of this program where none are said.
func (v Versions) Or() Versions {
	if v == (Versions{}) {
		return Versions{Oldest, Newest}
	}
	return v
}

// With gives the newest version that both understand; 0 and false where there is none.
func (v Versions) With(other Versions) (int, bool) {
	n := min(v.Newest, other.Newest)
	if n <= 0 || n < max(v.Oldest, other.Oldest) {
		return 0, false
	}
	return n, true
}

// Request signs a request with its body, and gives the nonce that the answer must name.
func (s *Signer) Request(r *http.Request, body []byte) (nonce string, err error) {
	var raw [18]byte
	if _, err := io.ReadFull(s.Random, raw[:]); err != nil {
		return "", fault.Wrap(fault.Internal, err, "there is no randomness to sign with")
	}
	nonce = base64.RawURLEncoding.EncodeToString(raw[:])
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	if err := s.describe(r.Header, body); err != nil {
		return "", err
	}
	now := s.Now()
	p := params(now, s.Key.ID)
	p.Add("expires", now.Add(lifetime).Unix())
	p.Add("nonce", nonce)
	return nonce, s.sign(r.Header, ofRequest, p, requested(r))
}

// Answer signs an answer to the request with a nonce: its headers, before they are sent.
func (s *Signer) Answer(h http.Header, status int, body []byte, nonce string) error {
	h.Set(answerHeader, nonce)
	if err := s.describe(h, body); err != nil {
		return err
	}
	return s.sign(h, ofAnswer, params(s.Now(), s.Key.ID), answered(h, status))
}

// describe sets the headers that are signed.
func (s *Signer) describe(h http.Header, body []byte) error {
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/octet-stream")
	}
	h.Set(versionHeader, strconv.Itoa(cmp.Or(s.Version, Newest)))
	sum := sha256.Sum256(body)
	d := sfv.NewDictionary()
	d.Add("sha-256", sfv.NewItem(sum[:]))
	text, err := sfv.Marshal(d)
	h.Set(digestHeader, text)
	return wrong(err)
}

func params(created time.Time, key string) *sfv.Params {
	p := sfv.NewParams()
	p.Add("created", created.Unix())
	p.Add("keyid", key)
	p.Add("alg", "ed25519")
	p.Add("tag", tag)
	return p
}

// wrong is for what can't be: a name of ours that isn't printable.
func wrong(err error) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(fault.Internal, err, "a message can't be signed")
}

func (s *Signer) sign(h http.Header, covered []string, p *sfv.Params, value func(string) (string, bool)) error {
	list := sfv.InnerList{Params: p}
	for _, name := range covered {
		list.Items = append(list.Items, sfv.NewItem(name))
	}
	input, err := sfv.Marshal(list)
	if err != nil {
		return wrong(err)
	}
	text, err := base(covered, value, input)
	if err != nil {
		return err
	}
	signature, err := sfv.Marshal(sfv.NewItem(ed25519.Sign(s.Key.Private, text)))
	h.Set(inputHeader, label+"="+input)
	h.Set(signHeader, label+"="+signature)
	return wrong(err)
}

// base is the signature base of RFC 9421, 2.5.
func base(covered []string, value func(string) (string, bool), input string) ([]byte, error) {
	var b bytes.Buffer
	for _, name := range covered {
		v, ok := value(name)
		if !ok || strings.ContainsAny(v, "\r\n") {
			return nil, fault.New(fault.Invalid, "the message has no %s that can be signed", name).Say("message.signature")
		}
		b.WriteString(`"` + name + `": ` + v + "\n")
	}
	b.WriteString(`"@signature-params": ` + input)
	return b.Bytes(), nil
}

// header gives a field's only value. One that is there twice is none: RFC 9421 would join them, and readers take the first.
func header(h http.Header, name string) (string, bool) {
	all := h.Values(name)
	if len(all) != 1 {
		return "", false
	}
	return strings.TrimSpace(all[0]), true
}

// requested gives the components of a request: RFC 9421, 2.2.
func requested(r *http.Request) func(string) (string, bool) {
	return func(name string) (string, bool) {
		switch name {
		case "@method":
			return r.Method, true
		case "@authority":
			host := r.Host
			if host == "" && r.URL != nil {
				host = r.URL.Host
			}
			host = strings.ToLower(host)
			if r.URL != nil && r.URL.Scheme == "https" {
				host = strings.TrimSuffix(host, ":443")
			}
			return host, host != ""
		case "@path":
			path := r.URL.EscapedPath()
			if path == "" {
				path = "/"
			}
			return path, true
		case "@query":
			return "?" + r.URL.RawQuery, true
		}
		return header(r.Header, name)
	}
}

// answered gives the components of an answer.
func answered(h http.Header, status int) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if name == "@status" {
			return strconv.Itoa(status), true
		}
		return header(h, name)
	}
}

// signature is what a message says of how it was signed.
type signature struct {
	keyid, nonce     string
	created, expires time.Time
	input            string // as it stood
	bytes            []byte
}

// signatureOf reads a message's signature. It must cover exactly what is ours to cover, in our order: there is one way to sign.
func signatureOf(h http.Header, covered []string) (s signature, err error) {
	refuse := func(what string) (signature, error) {
		return s, fault.New(fault.Denied, "the message isn't signed as nodes sign: %s", what).Say("message.signature")
	}
	input, ok1 := header(h, inputHeader)
	sign, ok2 := header(h, signHeader)
	if !ok1 || !ok2 || len(input) > 1024 || len(sign) > 256 {
		return refuse("there is no signature, or several")
	}
	inputs, err1 := sfv.UnmarshalDictionary([]string{input})
	signs, err2 := sfv.UnmarshalDictionary([]string{sign})
	if err1 != nil || err2 != nil || len(inputs.Names()) != 1 || len(signs.Names()) != 1 {
		return refuse("the signature can't be read")
	}
	member, _ := inputs.Get(label)
	list, ok1 := member.(sfv.InnerList)
	member, _ = signs.Get(label)
	item, ok2 := member.(sfv.Item)
	if !ok1 || !ok2 || len(list.Items) != len(covered) {
		return refuse("it covers something else")
	}
	for i, x := range list.Items {
		if name, _ := x.Value.(string); name != covered[i] || len(x.Params.Names()) > 0 {
			return refuse("it covers something else")
		}
	}
	if s.bytes, ok1 = item.Value.([]byte); !ok1 || len(s.bytes) != ed25519.SignatureSize {
		return refuse("it is no Ed25519 signature")
	}
	if err := s.read(list.Params); err != nil {
		return refuse(err.Error())
	}
	// The parameters are signed as they stood. Written anew they must be the same, or they were not what was read.
	s.input = strings.TrimPrefix(input, label+"=")
	if again, err := sfv.Marshal(list); err != nil || again != s.input {
		return refuse("it isn't written in the canonical way")
	}
	return s, nil
}

var errParams = errors.New("its parameters aren't those of a node")

func (s *signature) read(p *sfv.Params) error {
	seconds := func(name string) time.Time {
		n, _ := p.Get(name)
		v, _ := n.(int64)
		return time.Unix(v, 0)
	}
	text := func(name string) string {
		v, _ := p.Get(name)
		s, _ := v.(string)
		return s
	}
	s.keyid, s.nonce, s.created, s.expires = text("keyid"), text("nonce"), seconds("created"), seconds("expires")
	for _, name := range p.Names() {
		switch name {
		case "created", "expires", "keyid", "nonce", "alg", "tag":
		default:
			return errParams
		}
	}
	if text("alg") != "ed25519" || text("tag") != tag || s.keyid == "" || len(s.keyid) > 200 || len(s.nonce) > 64 {
		return errParams
	}
	return nil
}

// digested tells whether a body is the one that a header's digest is of.
func digested(h http.Header, body []byte) bool {
	text, ok := header(h, digestHeader)
	if !ok {
		return false
	}
	d, err := sfv.UnmarshalDictionary([]string{text})
	if err != nil {
		return false
	}
	member, _ := d.Get("sha-256")
	item, _ := member.(sfv.Item)
	want, _ := item.Value.([]byte)
	sum := sha256.Sum256(body)
	return subtle.ConstantTimeCompare(want, sum[:]) == 1
}

// version checks the protocol's version.
func (v Versions) version(h http.Header) (int, error) {
	text, _ := header(h, versionHeader)
	n, err := strconv.Atoi(text)
	if err != nil || n < v.Oldest || n > v.Newest || strconv.Itoa(n) != text {
		return 0, fault.New(fault.Invalid, "the message is of version %q of the protocol, and versions %d to %d are understood here", text[:min(len(text), 20)], v.Oldest, v.Newest).
			Say("message.version").Do("upgrade the older of the two nodes")
	}
	return n, nil
}
