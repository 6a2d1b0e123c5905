package route

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Caller says who may call a route. The table holds what it can know, that somebody is signed in; the room that is
// called holds the rest, in the transaction that acts.
type Caller string

// The callers.
const (
	Anyone        Caller = "anyone"
	SignedIn      Caller = "signed in"
	Member        Caller = "member"         // registered in the tenant of the path
	Seated        Caller = "seated"         // holds a seat in the body concerned
	Chair         Caller = "chair"          // chairs the body concerned
	Steward       Caller = "steward"        // has an assignment as a data steward
	Coordinator   Caller = "coordinator"    // holds a seat in the secretariat of the network concerned
	Owner         Caller = "owner"          // the person concerned
	Patient       Caller = "patient"        // whom data are about, or their guardian: signed in with a session of their own, which its room holds
	Asker         Caller = "asker"          // as what policies let ask, which the desk judges: in an assignment of one's own, the operator at the machine, or nobody known
	Peer          Caller = "peer"           // another node, by its signature, which package federation checks
	LocalOperator Caller = "local operator" // whoever reaches the program under this machine's own name
)

var callers = []Caller{Anyone, SignedIn, Member, Seated, Chair, Steward, Coordinator, Owner, Patient, Asker, Peer, LocalOperator}

// signs tells whether one must be signed in, with an account of the network, to be this caller.
func (c Caller) signs() bool {
	return c != Anyone && c != Patient && c != Asker && c != Peer && c != LocalOperator
}

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

// Options of a table. The zero value is right for a program that listens on loopback and has no accounts.
type Options struct {
	Hosts   []string         // names the program may be called by, beside those of loopback
	Now     func() time.Time // nil: time.Now
	Refused http.Handler     // answers a cross-origin change; nil: 403 in plain text
	Public  bool             // others than this machine's users come, over TLS: the local operator's routes are not there

	// Wrap is around every route, inside the guards: what loads a session goes here.
	Wrap func(http.Handler) http.Handler
	// SignedIn tells whether somebody is signed in, of a request that Wrap has seen. Nil: nobody ever is.
	SignedIn func(*http.Request) bool
	// SignIn answers a request for which one must be signed in. Nil: 401 in plain text.
	SignIn func(http.ResponseWriter, *http.Request) int
}

// Table serves routes.
type Table struct {
	mux     *http.ServeMux
	serving http.Handler // mux, wrapped
	lines   []*line
	hosts   map[string]bool
	origin  *http.CrossOriginProtection
	options Options
	now     func() time.Time

	Questions Counter // variants and regions asked about, over every route
}

// NewTable makes an empty table.
func NewTable(o Options) *Table {
	t := &Table{mux: http.NewServeMux(), hosts: map[string]bool{}, origin: http.NewCrossOriginProtection(), options: o, now: o.Now}
	if t.now == nil {
		t.now = time.Now
	}
	t.serving = t.mux
	if o.Wrap != nil {
		t.serving = o.Wrap(t.mux)
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
		if !slices.Contains(callers, r.Who) || r.Serve == nil || r.Does == "" {
			panic(fmt.Sprintf("route %s: who may call it, what it does and its function must be given", r))
		}
		if r.Who == LocalOperator && t.options.Public {
			continue
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

// Has tells whether a route answers this method and path, so that a page links to nothing that isn't there.
// The route for everything else, "/", doesn't count.
func (t *Table) Has(method, path string) bool {
	_, pattern := t.mux.Handler(&http.Request{Method: method, Host: "localhost", URL: &url.URL{Path: path}})
	return pattern != "" && pattern != "/"
}

// serve counts a request also when its function panics, which net/http then reports.
func (t *Table) serve(l *line, w http.ResponseWriter, r *http.Request) {
	start, status := t.now(), http.StatusInternalServerError
	defer func() { l.observe(status, t.now().Sub(start)) }()
	if l.Who.signs() && (t.options.SignedIn == nil || !t.options.SignedIn(r)) {
		status = t.signIn(w, r)
		return
	}
	status = l.Serve(w, r)
}

func (t *Table) signIn(w http.ResponseWriter, r *http.Request) int {
	if t.options.SignIn != nil {
		return t.options.SignIn(w, r)
	}
	http.Error(w, "You must be signed in for this.", http.StatusUnauthorized)
	return http.StatusUnauthorized
}

// Header values are shared between answers: net/http only reads them.
var (
	nosniff    = []string{"nosniff"}
	noReferrer = []string{"same-origin"} // not no-referrer: that would empty Origin on our own forms
	deny       = []string{"DENY"}
	sameOrigin = []string{"same-origin"}
	twoYears   = []string{"max-age=63072000"}
	nothing    = []string{"default-src 'none'; frame-ancestors 'none'; base-uri 'none'"}
)

// ServeHTTP guards and serves.
//
// The headers are those of the OWASP HTTP Headers Cheat Sheet that bear on a server of this kind.
// HSTS is there where people come over TLS; on loopback the program speaks plain HTTP.
func (t *Table) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["X-Content-Type-Options"] = nosniff
	h["Referrer-Policy"] = noReferrer
	h["X-Frame-Options"] = deny
	h["Cross-Origin-Resource-Policy"] = sameOrigin
	h["Cross-Origin-Opener-Policy"] = sameOrigin
	h["Content-Security-Policy"] = nothing // pages replace it with their own
	if t.options.Public {
		h["Strict-Transport-Security"] = twoYears
	}
	if !t.known(r.Host) {
		http.Error(w, "This program answers to its own name only; on its own machine use localhost or 127.0.0.1.", http.StatusMisdirectedRequest)
		return
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		t.serving.ServeHTTP(w, r)
		return
	}
	t.origin.Handler(t.serving).ServeHTTP(w, r)
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
