package route

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// Caller says who may call a route.
type Caller string

// LocalOperator is whoever can reach the loopback address: everybody, until there are accounts.
const LocalOperator Caller = "local operator"

// Route is one line of the table.
type Route struct {
	Method  string // "" for any
	Pattern string // as in http.ServeMux, without the method
	Who     Caller
	Does    string // one sentence for a person reading the table
	// Serve answers and returns the status it answered with.
	Serve func(http.ResponseWriter, *http.Request) int
}

func (r Route) String() string { return strings.TrimSpace(r.Method + " " + r.Pattern) }

// Options of a table. The zero value is right for a program that listens on loopback.
type Options struct {
	Hosts   []string         // names the program may be called by, beside those of loopback
	Now     func() time.Time // nil: time.Now
	Refused http.Handler     // answers a cross-origin change; nil: 403 in plain text
}

// Table serves routes.
type Table struct {
	mux    *http.ServeMux
	lines  []*line
	hosts  map[string]bool
	origin *http.CrossOriginProtection
	now    func() time.Time

	Questions Counter // variants and regions asked about, over every route
}

// NewTable makes an empty table.
func NewTable(o Options) *Table {
	t := &Table{mux: http.NewServeMux(), hosts: map[string]bool{}, origin: http.NewCrossOriginProtection(), now: o.Now}
	if t.now == nil {
		t.now = time.Now
	}
	for _, h := range o.Hosts {
		t.hosts[strings.ToLower(h)] = true
	}
	if o.Refused != nil {
		t.origin.SetDenyHandler(o.Refused)
	}
	return t
}

// Add puts routes into the table. A pattern that clashes with another, or a route without
// a caller or a function, is a mistake in the program and panics.
func (t *Table) Add(routes ...Route) {
	for _, r := range routes {
		if r.Who == "" || r.Serve == nil || r.Does == "" {
			panic(fmt.Sprintf("route %s: who may call it, what it does and its function must be given", r))
		}
		l := &line{Route: r}
		t.lines = append(t.lines, l)
		t.mux.HandleFunc(r.String(), func(w http.ResponseWriter, req *http.Request) { t.serve(l, w, req) })
	}
}

// Routes lists the table in the order it was filled.
func (t *Table) Routes() []Route {
	out := make([]Route, len(t.lines))
	for i, l := range t.lines {
		out[i] = l.Route
	}
	return out
}

// serve counts a request also when its function panics, which net/http then reports.
func (t *Table) serve(l *line, w http.ResponseWriter, r *http.Request) {
	start, status := t.now(), http.StatusInternalServerError
	defer func() { l.observe(status, t.now().Sub(start)) }()
	status = l.Serve(w, r)
}

// Header values are shared between answers: net/http only reads them.
var (
	nosniff    = []string{"nosniff"}
	noReferrer = []string{"same-origin"} // not no-referrer: that would empty Origin on our own forms
	deny       = []string{"DENY"}
	sameOrigin = []string{"same-origin"}
	nothing    = []string{"default-src 'none'; frame-ancestors 'none'; base-uri 'none'"}
)

// ServeHTTP guards and serves.
//
// The headers are those of the OWASP HTTP Headers Cheat Sheet that bear on a server of this kind.
// HSTS is absent: the program speaks plain HTTP on loopback; a proxy that adds TLS adds it.
func (t *Table) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["X-Content-Type-Options"] = nosniff
	h["Referrer-Policy"] = noReferrer
	h["X-Frame-Options"] = deny
	h["Cross-Origin-Resource-Policy"] = sameOrigin
	h["Cross-Origin-Opener-Policy"] = sameOrigin
	h["Content-Security-Policy"] = nothing // pages replace it with their own
	if !t.known(r.Host) {
		http.Error(w, "This program answers to the name of this machine only: use localhost or 127.0.0.1.", http.StatusMisdirectedRequest)
		return
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		t.mux.ServeHTTP(w, r)
		return
	}
	t.origin.Handler(t.mux).ServeHTTP(w, r)
}

// known tells whether a Host header names this machine or a name the table was given.
func (t *Table) known(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	if name == "localhost" || name == "127.0.0.1" {
		return true
	}
	if a, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil && a.IsLoopback() {
		return true
	}
	return t.hosts[strings.ToLower(name)]
}
