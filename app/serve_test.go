package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
)

// pair writes a certificate and its key.
func pair(t *testing.T, dir, name string) TLSFiles {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, of, of, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	f := TLSFiles{Cert: filepath.Join(dir, "chain.pem"), Key: filepath.Join(dir, "key.pem")}
	for path, block := range map[string]*pem.Block{f.Cert: {Type: "CERTIFICATE", Bytes: der}, f.Key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func TestServingWhereOthersCanCome(t *testing.T) {
	files := pair(t, t.TempDir(), "samverk.example.org")
	const name = "https://samverk.example.org"
	for what, c := range map[string]struct {
		o    ServeOptions
		want fault.Kind
		ok   bool
	}{
		"this machine":              {o: ServeOptions{Addr: "127.0.0.1:0"}, ok: true},
		"this machine, IPv6":        {o: ServeOptions{Addr: "[::1]:0"}, ok: true},
		"everybody, no name":        {o: ServeOptions{Addr: ":0"}, want: fault.Denied},
		"everybody, no TLS":         {o: ServeOptions{Addr: ":0", URL: name}, want: fault.Invalid},
		"everybody, plain name":     {o: ServeOptions{Addr: ":0", URL: "http://samverk.example.org", TLS: files}, want: fault.Invalid},
		"a path in the name":        {o: ServeOptions{Addr: ":0", URL: name + "/x", TLS: files}, want: fault.Invalid},
		"a user in the name":        {o: ServeOptions{Addr: ":0", URL: "https://me@samverk.example.org", TLS: files}, want: fault.Invalid},
		"TLS":                       {o: ServeOptions{Addr: ":0", URL: name, TLS: files}, ok: true},
		"a proxy":                   {o: ServeOptions{Addr: "127.0.0.1:0", URL: name, Proxy: true}, ok: true},
		"past the proxy":            {o: ServeOptions{Addr: "10.0.0.1:80", URL: name, Proxy: true}, want: fault.Denied},
		"a proxy and TLS":           {o: ServeOptions{Addr: "127.0.0.1:0", URL: name, Proxy: true, TLS: files}, want: fault.Invalid},
		"a proxy without a name":    {o: ServeOptions{Addr: "127.0.0.1:0", Proxy: true}, want: fault.Denied},
		"TLS without a name":        {o: ServeOptions{Addr: "127.0.0.1:0", TLS: files}, want: fault.Denied},
		"an address that is none":   {o: ServeOptions{Addr: "nonsense"}, want: fault.Invalid},
		"a name that looks like it": {o: ServeOptions{Addr: "localhost.example.org:0"}, want: fault.Denied},
	} {
		err := c.o.check()
		if c.ok && err != nil || !c.ok && (err == nil || fault.KindOf(err) != c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A renewed certificate is used without a restart; one in the middle of being replaced is not.
func TestRenewedCertificate(t *testing.T) {
	dir := t.TempDir()
	c, err := pair(t, dir, "first.example.org").load()
	if err != nil {
		t.Fatal(err)
	}
	name := func() string {
		t.Helper()
		c.asked = time.Time{}
		got, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return got.Leaf.DNSNames[0]
	}
	if got := name(); got != "first.example.org" {
		t.Fatal(got)
	}
	later := time.Now().Add(time.Hour)
	if err := os.WriteFile(c.files.Cert, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(c.files.Cert, later, later); err != nil {
		t.Fatal(err)
	}
	if got := name(); got != "first.example.org" {
		t.Fatal(got)
	}
	pair(t, dir, "second.example.org")
	if got := name(); got != "second.example.org" {
		t.Fatal(got)
	}
}
