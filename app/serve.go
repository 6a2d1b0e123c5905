package app

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
)

// ServeOptions are what serving needs to know beside the node.
type ServeOptions struct {
	Addr      string
	URL       string           // what people call the server, "https://samverk.example.org"; "" is this machine only
	TLS       TLSFiles         // the certificate; none where a proxy has it
	Proxy     bool             // a proxy stands in front, adds TLS and says who asks
	Listening func(url string) // told once, when the first question can come
	FirstLink func(url string) // told when nobody has an account yet: where the first is made
	Site      SiteOptions
}

// public tells whether others than this machine's users may come.
func (o ServeOptions) public() bool { return o.URL != "" }

// Serve owns the directory and answers until ctx ends: on a loopback address, or where URL says how people come in safely.
func Serve(ctx context.Context, c *Client, o ServeOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	l, err := o.listen(ctx)
	if err != nil {
		return err
	}
	defer l.Close()
	node, err := c.Own(ctx)
	if err != nil {
		return err
	}
	base := cmp.Or(o.URL, "http://"+l.Addr().String())
	site, err := node.site(ctx, o, base)
	if err != nil {
		return err
	}
	defer func() {
		if err := site.close(); err != nil {
			site.log.Error("what was served didn't end well", "error", err, "hint", fault.HintOf(err))
		}
	}()
	if err := site.first(ctx, o.FirstLink); err != nil {
		return err
	}
	tended := make(chan struct{})
	tending, stop := context.WithCancel(ctx)
	defer func() { stop(); <-tended }()
	go func() { defer close(tended); site.tend(tending) }()
	s := &http.Server{
		Handler:           site.table,
		ReadHeaderTimeout: 10 * time.Second, // a slow header holds a connection; a slow body may be a large VCF
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	if o.public() { // what takes its time, a large VCF, is not there; a slow body must not hold a connection for ever
		s.ReadTimeout, s.WriteTimeout = 5*time.Minute, 5*time.Minute
	}
	stopped := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err := s.Shutdown(grace)
		if err != nil {
			err = s.Close()
		}
		stopped <- err
	})
	if o.Listening != nil {
		o.Listening(base)
	}
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fault.Wrap(fault.Unavailable, err, "the server ended")
	}
	return <-stopped
}

// check refuses what would carry passwords in the open.
func (o ServeOptions) check() error {
	host, _, err := net.SplitHostPort(o.Addr)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the address can't be read").Where("--addr").Do("HOST:PORT, as in 127.0.0.1:8080")
	}
	loopback := host == "localhost"
	if ip, err := netip.ParseAddr(host); err == nil {
		loopback = ip.IsLoopback()
	}
	if !o.public() {
		if loopback && !o.TLS.given() && !o.Proxy {
			return nil
		}
		return fault.New(fault.Denied, "%s can be reached from other machines, and the server has no public name", o.Addr).Where("--url").
			Do("give --url https://NAME with --tls-cert and --tls-key, or with --proxy; for this machine only use --addr 127.0.0.1:PORT")
	}
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return fault.New(fault.Invalid, "%q is no address that people can come in by", o.URL).Where("--url").Do("https://NAME, without a path")
	}
	switch {
	case o.TLS.given() && o.Proxy:
		return fault.New(fault.Invalid, "either this program has the certificate or the proxy has").Where("--proxy").Do("leave one of them out")
	case !o.TLS.given() && !o.Proxy:
		return fault.New(fault.Invalid, "nothing here speaks TLS").Where("--url").Do("give --tls-cert and --tls-key, or --proxy where a proxy adds it")
	case o.Proxy && !loopback:
		return fault.New(fault.Denied, "%s can be reached past the proxy, without TLS", o.Addr).Where("--addr").Do("listen on 127.0.0.1:PORT, and let the proxy come from this machine")
	}
	return nil
}

// listen takes the address, with TLS where the program has the certificate.
func (o ServeOptions) listen(ctx context.Context) (net.Listener, error) {
	certificate, err := o.TLS.load()
	if err != nil {
		return nil, err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", o.Addr)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the address can't be listened on").Where("--addr").
			Do("another program has it: choose another port, or 0 for a free one")
	}
	if !l.Addr().(*net.TCPAddr).IP.IsLoopback() && !o.TLS.given() { // localhost is a name, and names can say anything
		l.Close()
		return nil, fault.New(fault.Denied, "%s is not this machine's loopback address", o.Addr).Where("--addr").Do("use 127.0.0.1:PORT")
	}
	if certificate != nil {
		l = tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certificate.get, NextProtos: []string{"h2", "http/1.1"}})
	}
	return l, nil
}
