package web

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
)

// Viewer is who is signed in. The zero Viewer is nobody.
type Viewer struct {
	Person string // the person's id; "" for somebody who is none of the network: a patient
	Name   string
	Home   string // where the name leads to; "" is /me
	Out    string // where the form for signing out posts to; "" is /sign-out
}

// Network is whose page it is: the root network of the address /n/SLUG/.
type Network struct {
	Slug string
	Name string // "Nätverket för precisionsmedicin"
	Sub  string // under the name: "Nationellt nätverk, Sverige"
}

// Path gives an address of the network: Path("topics", id) is /n/SLUG/topics/ID.
func (n *Network) Path(parts ...string) string {
	path := "/n/" + url.PathEscape(n.Slug) + "/"
	for i, p := range parts {
		if i > 0 {
			path += "/"
		}
		path += url.PathEscape(p)
	}
	return path
}

// Sender is the address that a request comes from, as whoever wraps the table leaves it in RemoteAddr: behind a proxy of ours it is what the
// proxy saw.
func Sender(r *http.Request) netip.Addr {
	if a, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return a.Addr()
	}
	a, _ := netip.ParseAddr(r.RemoteAddr)
	return a
}

type contextKey int

const (
	viewerKey contextKey = iota
	networkKey
)

// WithViewer gives the request with who is signed in: the work of what loads sessions.
func WithViewer(r *http.Request, v Viewer) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), viewerKey, v))
}

// ViewerOf tells who is signed in.
func ViewerOf(r *http.Request) Viewer {
	v, _ := r.Context().Value(viewerKey).(Viewer)
	return v
}

// SignedIn tells whether somebody is.
func SignedIn(r *http.Request) bool { return ViewerOf(r).Person != "" }

// WithNetwork gives the request with the network of its address, for every page that is sent for it: also one that
// says what went wrong. A Page may name its Network itself instead.
func WithNetwork(r *http.Request, n *Network) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), networkKey, n))
}

func networkOf(r *http.Request) *Network {
	n, _ := r.Context().Value(networkKey).(*Network)
	return n
}
