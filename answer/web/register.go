package web

import (
	"embed"
	"net/http"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

//go:embed all:pages messages
var files embed.FS

// Options of the pages.
type Options struct {
	Examples []Example // what a newcomer may try; shown on the first page
	Demo     *Demo     // nil: not a demonstration
}

// Example is a question worth asking of the data that are loaded.
type Example struct {
	Kind    string // common, rare, region or nobody: chooses the sentence beside it
	Query   string // as typed: a variant or a region
	Purpose consent.Purpose
}

// Demo says that it is a demonstration: its walk through, which is another room's, is at /walk.
type Demo struct{}

// operator asks: these pages are for who works at the machine itself.
var operator = policy.Ask{Operator: true}

type room struct {
	desk    *answer.Desk
	site    *web.Site
	pages   *web.Pages
	table   *route.Table
	options Options
	uploads chan struct{} // bounds the memory of uploads: one token for each at work
}

// Register puts the desk's pages into the table.
func Register(t *route.Table, site *web.Site, desk *answer.Desk, o Options) error {
	pages, err := site.Room(files, policy.Messages)
	if err != nil {
		return err
	}
	p := &room{desk: desk, site: site, pages: pages, table: t, options: o, uploads: make(chan struct{}, 2)}
	add := func(method, pattern, does string, serve func(http.ResponseWriter, *http.Request) int) {
		t.Add(route.Route{Method: method, Pattern: pattern, Who: route.LocalOperator, Does: does, Serve: serve})
	}
	add("GET", "/ask", "Asks about a variant or a region, as a page, CSV or JSON.", p.ask)
	add("GET", "/datasets", "Lists what is stored, as a page, CSV or JSON.", p.datasets)
	add("GET", "/annotate", "Shows the form for annotating a small VCF.", p.annotateForm)
	add("POST", "/annotate", "Annotates an uploaded or pasted VCF.", p.annotate)
	return nil
}

// fail sends the page for an error of the desk.
func (p *room) fail(w http.ResponseWriter, r *http.Request, err error) int {
	return p.pages.Fail(w, r, err)
}
