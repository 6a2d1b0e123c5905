package web

import (
	"embed"
	"net/http"
	"time"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

//go:embed all:pages messages
var files embed.FS

// Options of the pages: what they show, and what they need of rooms they don't know.
type Options struct {
	Examples []Example // what a newcomer may try; shown on the first page
	Demo     bool      // a demonstration, whose walk through, another room's, is at /walk

	// Askers are as what whoever sends a request may ask: none for who is signed in without an assignment. Nil: whoever comes is the operator.
	Askers func(r *http.Request, lang string) ([]answer.Asker, error)
	// Stewards are who can give an assignment to the reader.
	Stewards func(r *http.Request, lang string) ([]web.Link, error)
	// Named gives the addresses of the decision and the policy that a verdict names; "" for one that isn't here.
	Named func(policy.Verdict) (decision, policy string)
	// Knowers are whom the reader might ask about genes and diseases.
	Knowers func(r *http.Request, genes, diseases []string) ([]Knower, error)
	Nation  *Nation        // all regions together; nil: this node is asked alone
	Genes   *variant.Genes // what symbols stand for; nil: there is no table

	Dir    string        // where files lie while they are annotated; emptied at the start. "": nothing can be dropped
	Keep   time.Duration // how long a result waits for its asker; 0: an hour
	Secure bool          // readers come over TLS
}

// Knower is somebody of the directory, with what they say they know that was asked about.
type Knower struct {
	Name, Href string
	Sectors    []string
	Knows      []string
}

// Example is a question worth asking of the data that are loaded.
type Example struct {
	Kind    string // common, rare, gene, region or nobody: chooses the sentence beside it
	Query   string // as typed: a variant or a region
	Purpose consent.Purpose
}

// Room is the pages, with the files that are being annotated.
type Room struct {
	desk    *answer.Desk
	site    *web.Site
	pages   *web.Pages
	table   *route.Table
	options Options
	jobs    *jobs
}

// Register puts the desk's pages into the table. Close ends what they have under way.
func Register(t *route.Table, site *web.Site, desk *answer.Desk, o Options) (*Room, error) {
	pages, err := site.Room(files, policy.Messages)
	if err != nil {
		return nil, err
	}
	p := &Room{desk: desk, site: site, pages: pages, table: t, options: o}
	add := func(who route.Caller, method, pattern, does string, serve func(http.ResponseWriter, *http.Request) int) {
		t.Add(route.Route{Method: method, Pattern: pattern, Who: who, Does: does, Serve: serve})
	}
	add(route.Asker, "GET", "/ask", "Asks about a variant, a gene or a region, as a page, CSV or JSON.", p.ask)
	add(route.Asker, "POST", "/ask", "Asks as the form does; without the asker's own patient, whose token is in no address.", p.askForm)
	add(route.Asker, "GET", "/datasets", "Lists what is stored, to the operator and stewards, as a page, CSV or JSON.", p.datasets)
	if o.Dir != "" {
		if p.jobs, err = newJobs(o.Dir, o.Keep); err != nil {
			return nil, err
		}
		const at = "/annotate/{job}"
		add(route.Asker, "GET", "/annotate", "Shows the form for annotating a VCF, and what the reader has under way.", p.annotateForm)
		add(route.Asker, "POST", "/annotate", "Takes an uploaded or pasted VCF to be annotated.", p.annotate)
		add(route.Asker, "GET", at, "Shows how far an annotation has come, or some of its result, to who asked for it.", p.jobPage)
		add(route.Asker, "POST", at+"/file", "Gives the annotated file to who asked for it, once.", p.jobFile)
		add(route.Asker, "POST", at+"/cancel", "Cancels an annotation, or throws its result away.", p.jobCancel)
	}
	return p, nil
}

// Close stops what is being annotated, and removes every file of it.
func (p *Room) Close() error {
	if p.jobs == nil {
		return nil
	}
	return p.jobs.close()
}

// fail sends the page for an error of the desk.
func (p *Room) fail(w http.ResponseWriter, r *http.Request, err error) int {
	return p.pages.Fail(w, r, err)
}
