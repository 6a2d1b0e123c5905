package notice_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// post is a real mail server that keeps what it accepts, and refuses as it is told.
type post struct {
	*smtp.Server
	mu       sync.Mutex
	accepted []letter
	rcpt     func(to string) error
	data     func(to string) error // before the data is accepted
	drop     func(c *smtp.Conn)    // in the middle of the data
	refused  int
	users    []string
	plain    int // mails that came unencrypted
}

// letter is a mail as it came.
type letter struct {
	from, to string
	raw      string
	head     mail.Header
	text     string
	calendar string
	calType  string
}

// letters gives what was accepted so far.
func (p *post) letters() []letter { return p.since(0) }

// since leaves out the first so many.
func (p *post) since(seen int) []letter {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]letter(nil), p.accepted[seen:]...)
}

func (p *post) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.accepted)
}

type session struct {
	p        *post
	c        *smtp.Conn
	from, to string
}

func (p *post) NewSession(c *smtp.Conn) (smtp.Session, error) { return &session{p: p, c: c}, nil }
func (s *session) Reset()                                     { s.from, s.to = "", "" }
func (s *session) Logout() error                              { return nil }

func (s *session) AuthMechanisms() []string {
	if s.p.users == nil {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		for _, u := range s.p.users {
			if u == user+":"+password {
				return nil
			}
		}
		return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "wrong password"}
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if s.p.rcpt == nil {
		return nil
	}
	err := s.p.rcpt(to)
	if err != nil {
		s.p.refused++
	}
	return err
}

func (s *session) Data(r io.Reader) error {
	s.p.mu.Lock()
	drop := s.p.drop
	s.p.mu.Unlock()
	if drop != nil {
		_, _ = io.CopyN(io.Discard, r, 20)
		drop(s.c)
		return nil
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if s.p.data != nil {
		if err := s.p.data(s.to); err != nil {
			s.p.refused++
			return err
		}
	}
	l, err := readLetter(string(b))
	if err != nil {
		return err
	}
	l.from, l.to = s.from, s.to
	if _, encrypted := s.c.TLSConnectionState(); !encrypted {
		s.p.plain++
	}
	s.p.accepted = append(s.p.accepted, l)
	return nil
}

// readLetter takes a mail apart by the standard library alone.
func readLetter(raw string) (letter, error) {
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		return letter{}, err
	}
	l := letter{raw: raw, head: m.Header}
	err = l.part(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
	return l, err
}

func (l *letter) part(kind, encoding string, body io.Reader) error {
	mediaType, params, err := mime.ParseMediaType(kind)
	if err != nil {
		return err
	}
	if strings.HasPrefix(mediaType, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if err := l.part(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p); err != nil {
				return err
			}
		}
	}
	if encoding == "quoted-printable" {
		body = quotedprintable.NewReader(body)
	}
	b, err := io.ReadAll(body)
	if mediaType == "text/calendar" {
		l.calendar, l.calType = string(b), kind
	} else {
		l.text = string(b)
	}
	return err
}

func (l letter) subject() string {
	s, err := new(mime.WordDecoder).DecodeHeader(l.head.Get("Subject"))
	if err != nil {
		return err.Error()
	}
	return s
}

func (l letter) id() string { return l.head.Get("Message-ID") }

// listen starts a mail server on this machine and gives its address; prepare sets it up before.
func listen(t testing.TB, prepare ...func(*post)) (*post, string) {
	t.Helper()
	p := newPost()
	for _, f := range prepare {
		f(p)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = p.Serve(l) }() // ends with Close
	t.Cleanup(func() { _ = p.Close() })
	return p, l.Addr().String()
}

func newPost() *post {
	p := &post{}
	p.Server = smtp.NewServer(p)
	p.Domain = "mail.example.org"
	p.AllowInsecureAuth = true
	p.ErrorLog = quiet{}
	return p
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// certificate makes an authority's own for mail.example.org, and what trusts it.
func certificate(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.example.org"}, DNSNames: []string{"mail.example.org"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(c)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12},
		&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

// to makes every name lead to one address.
func to(address string) func(ctx context.Context, network, _ string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
}

// tlsListener puts TLS before a server that knows nothing of it.
func tlsListener(t testing.TB, c *tls.Config, inner string) string {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			there, err := net.Dial("tcp", inner)
			if err != nil {
				_ = from.Close()
				continue
			}
			go func() { _, _ = io.Copy(there, from); _ = there.Close() }()
			go func() { _, _ = io.Copy(from, there); _ = from.Close() }()
		}
	}()
	return l.Addr().String()
}
