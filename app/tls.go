package app

import (
	"crypto/tls"
	"os"
	"sync"
	"time"

	"github.com/samverk/samverk/fault"
)

// TLSFiles name a certificate (with its chain) and its key, as PEM.
type TLSFiles struct{ Cert, Key string }

func (f TLSFiles) given() bool { return f.Cert != "" || f.Key != "" }

// certificate is read again when its file has changed, so that a renewal needs no restart.
type certificate struct {
	files TLSFiles
	mu    sync.Mutex
	now   *tls.Certificate
	read  time.Time // the file's time when it was read
	asked time.Time // when the file was last looked at
}

// load reads the certificate; nil when none is named.
func (f TLSFiles) load() (*certificate, error) {
	if !f.given() {
		return nil, nil
	}
	c := &certificate{files: f}
	if err := c.refresh(); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the certificate and its key can't be used").In(f.Cert).Where("--tls-cert").
			Do("give PEM files that belong together: --tls-cert with the chain, --tls-key with the key")
	}
	return c, nil
}

func (c *certificate) refresh() error {
	info, err := os.Stat(c.files.Cert)
	if err != nil {
		return err
	}
	if c.now != nil && info.ModTime().Equal(c.read) {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.files.Cert, c.files.Key)
	if err != nil {
		return err
	}
	c.now, c.read = &pair, info.ModTime()
	return nil
}

// get gives the certificate for a connection. One that can't be read any more, as in the middle of a renewal, leaves the last that could.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.asked) > time.Minute {
		c.asked = now
		_ = c.refresh()
	}
	return c.now, nil
}
