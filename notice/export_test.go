package notice

import (
	"context"
	"crypto/tls"
	"net"
)

// Reach makes the server's name lead somewhere else, and its certificate trusted.
func (n *Notices) Reach(trust *tls.Config, dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	n.server.trust, n.server.dial = trust, dial
}

// Outgoing writes a mail as it would go out.
func (n *Notices) Outgoing(to Recipient, subject, body string) ([]byte, error) {
	g, err := n.message(outgoing{id: "01", to: to, subject: subject, body: body})
	if err != nil {
		return nil, err
	}
	var b writer
	_, err = g.WriteTo(&b)
	return b, err
}

type writer []byte

func (w *writer) Write(p []byte) (int, error) { *w = append(*w, p...); return len(p), nil }

// Clean is what a text becomes when it is told.
func Clean(s string) string { return clean([]string{s})[0] }
