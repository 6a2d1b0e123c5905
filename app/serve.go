package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/samverk/samverk/fault"
)

// ServeOptions are what serving needs to know beside the node.
type ServeOptions struct {
	Addr      string
	Listening func(url string) // told once, when the first question can come
	Site      SiteOptions
}

// Serve owns the directory and answers on a loopback address until ctx ends.
func Serve(ctx context.Context, c *Client, o ServeOptions) error {
	l, err := listenLoopback(ctx, o.Addr)
	if err != nil {
		return err
	}
	defer l.Close()
	node, err := c.Own(ctx)
	if err != nil {
		return err
	}
	handler, err := node.handler(o)
	if err != nil {
		return err
	}
	s := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second, // a slow header holds a connection; a slow body may be a large VCF
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
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
		o.Listening("http://" + l.Addr().String())
	}
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fault.Wrap(fault.Unavailable, err, "the server ended")
	}
	return <-stopped
}

// listenLoopback refuses whatever another machine could reach: there are no accounts to let people in by.
func listenLoopback(ctx context.Context, addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the address can't be read").Where("--addr").Do("HOST:PORT, as in 127.0.0.1:8080")
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return nil, fault.New(fault.Denied, "%s can be reached from other machines, and there are no accounts yet", addr).Where("--addr").
			Do("use 127.0.0.1:PORT or [::1]:PORT; for other machines use an SSH tunnel until there are accounts")
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the address can't be listened on").Where("--addr").
			Do("another program has it: choose another port, or 0 for a free one")
	}
	if !l.Addr().(*net.TCPAddr).IP.IsLoopback() { // localhost is a name, and names can say anything
		l.Close()
		return nil, fault.New(fault.Denied, "%s is not this machine's loopback address", addr).Where("--addr").Do("use 127.0.0.1:PORT")
	}
	return l, nil
}
