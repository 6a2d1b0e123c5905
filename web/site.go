package web

import (
	"embed"
	"log/slog"
	"net/http"
	"sync"

	"github.com/samverk/samverk/web/route"
)

//go:embed all:pages messages
var frame embed.FS

//go:embed theme/icon.svg
var icon []byte

//go:embed htmx/htmx.min.js
var htmx []byte

// Options of a site.
type Options struct {
	Name   string       // what the node calls itself beside "Samverk"; "" for nothing
	Demo   bool         // shows on every page that it is a demonstration
	Secure bool         // readers come over TLS, also where a proxy ends it: cookies go nowhere else
	Log    *slog.Logger // nil: slog.Default()

	Bare  func() bool            // the node holds no genomes: it asks those that do. nil: it holds some
	Empty func(path string) bool // tells of a page that there is nothing on now: nothing links to it. nil: there are none
}

// Site is the frame around every page.
type Site struct {
	options Options
	log     *slog.Logger
	files
	errors *Pages
	table  *route.Table // nil before Register: nothing is linked to
	own    func(*http.Request) *Network
}

// New reads the frame's own templates and messages and prepares the style sheet.
func New(o Options) (*Site, error) {
	s := &Site{options: o, log: o.Log}
	if s.log == nil {
		s.log = slog.Default()
	}
	f, err := frameFiles()
	if err != nil {
		return nil, err
	}
	s.files = f
	s.errors, err = s.Room(nil)
	return s, err
}

// files are those that every page of every site needs.
type files struct {
	style, icon *asset
	script      *asset // htmx
}

// frameFiles makes them once: it takes a while.
var frameFiles = sync.OnceValues(func() (f files, err error) {
	css, err := styleSheet()
	if err != nil {
		return f, err
	}
	if f.style, err = newAsset("samverk", "css", "text/css; charset=utf-8", css); err != nil {
		return f, err
	}
	if f.icon, err = newAsset("icon", "svg", "image/svg+xml", icon); err != nil {
		return f, err
	}
	f.script, err = newAsset("htmx", "js", "text/javascript; charset=utf-8", htmx)
	return f, err
})

// Own takes what tells the network of who is signed in, nil for none: its name and what waits for them are at the head also of the pages
// that belong to no network.
func (s *Site) Own(of func(*http.Request) *Network) { s.own = of }

// Register puts the site's own routes into the table: its files, the choice of appearance, and the
// page for an address where there is nothing.
func (s *Site) Register(t *route.Table) {
	s.table = t
	for _, a := range []*asset{s.style, s.icon, s.script} {
		t.Add(route.Route{Method: "GET", Pattern: a.path, Who: route.Anyone, Does: "A file that never changes under its name.", Serve: a.serve})
	}
	t.Add(
		route.Route{Method: "POST", Pattern: "/look", Who: route.Anyone, Does: "Keeps the choice of light or dark in a cookie.", Serve: s.look},
		route.Route{Pattern: "/", Who: route.Anyone, Does: "Says that there is no such page.", Serve: s.NotFound},
	)
}

// Log writes down an error of ours with the route it came from; nothing the reader typed is in it.
func (s *Site) Log(r *http.Request, err error) {
	s.log.Error("request failed", "route", r.Pattern, "error", err)
}

// CrossOrigin is the page for a change that came from somewhere else than our own pages.
func (s *Site) CrossOrigin() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Error(w, r, http.StatusForbidden, "error.origin")
	})
}
