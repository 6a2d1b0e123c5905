package web

import (
	"context"
	"embed"
	"net/http"
	"strings"
	"time"

	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/policy/attack"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

//go:embed all:pages messages
var files embed.FS

// Options are what these pages stand on, and what they need of rooms that they don't know.
type Options struct {
	Ledger    *ledger.Ledger
	Index     *ledger.Index
	Reviews   *ledger.Reviews
	Witnesses *ledger.Witnesses
	Policies  *policy.Policies
	Powers    *attack.Memory
	URL       string // what the site's addresses begin with
	Now       func() time.Time

	Steward      func(*http.Request) (ledger.Reviewer, bool)
	Whose        func(*http.Request) error                         // why a steward is none of this node, where it isn't set whose it is; nil: never
	Organisation func(ctx context.Context, lang, id string) string // a name; the id for one that isn't known
	Person       func(ctx context.Context, id string) string       // …
	Individual   func(individual.Number) (id string, ok bool)      // the region's own id, of who is still here
	Policy       func(lang, line, id string) Named                 // what a policy is called, and where it is
	Newcomers    func(context.Context) ([]Newcomers, error)        // who wait to be counted for outsiders; nil where nothing is counted
}

// Newcomers are those of a use and a dataset who wait until they are enough to be counted for outsiders.
type Newcomers struct {
	Purpose, Conditions, Dataset string
	Batch, In, Waiting           int
}

// Named is what something is called, and where it is; an address of "" is nowhere.
type Named struct{ Name, Link string }

// room is the pages.
type room struct {
	Options
	table *route.Table
	site  *web.Site
	pages *web.Pages
}

// Register puts the pages into the table.
func Register(t *route.Table, site *web.Site, o Options) error {
	pages, err := site.Room(files, policy.Messages)
	if err != nil {
		return err
	}
	p := &room{Options: o, table: t, site: site, pages: pages}
	add := func(method, pattern string, who route.Caller, does string, serve func(http.ResponseWriter, *http.Request) int) {
		t.Add(route.Route{Method: method, Pattern: pattern, Who: who, Does: does, Serve: serve})
	}
	add("GET", "/ledger", route.Anyone, "Says what the log of every use is and how to check it, with how often data were used, as a page, CSV or JSON.", p.log)
	add("GET", "/ledger/checkpoint", route.Anyone, "Gives the log's newest signed checkpoint.", p.checkpoint)
	add("GET", "/ledger/key", route.Anyone, "Gives the log's public key.", p.key)
	add("GET", "/ledger/tile/{tile...}", route.Anyone, "Gives a tile of the log, or its entries.", p.tile)

	add("POST", "/ledger/cosignatures", route.Anyone, "Takes a checkpoint that a known witness has cosigned.", p.cosignature)

	steward := func(method, pattern, does string, page page) {
		add(method, pattern, route.Steward, does, p.steward(page))
	}
	steward("GET", "/steward", "Shows a steward how the log and the policies are, and what there is to see to.", p.overview)
	steward("GET", "/steward/uses", "Lists what was asked and answered or refused, as a page, CSV or JSON.", p.uses)
	steward("GET", "/steward/denials", "Lists what was refused and why, as a page, CSV or JSON.", p.denials)
	steward("GET", "/steward/budgets", "Lists the budgets, what is spent of them and what they let somebody find, as a page, CSV or JSON.", p.budgets)
	steward("GET", "/steward/reviews", "Lists the reviews of what staff asked and looked at, as a page, CSV or JSON.", p.reviews)
	steward("POST", "/steward/reviews", "Draws a sample for a review.", p.draw)
	steward("GET", "/steward/reviews/{review}", "Shows who asked what in a sample, after the look has been recorded.", p.review)
	steward("POST", "/steward/reviews/{review}", "Keeps what a reviewer says, ends a review, or shows whom an access was about.", p.reviewDo)
	return nil
}

type page func(http.ResponseWriter, *http.Request, ledger.Reviewer) int

// steward lets nobody in but those whom the node names. To others there is no such page.
func (p *room) steward(serve page) func(http.ResponseWriter, *http.Request) int {
	return func(w http.ResponseWriter, r *http.Request) int {
		by, ok := p.Steward(r)
		if !ok && p.Whose != nil {
			if err := p.Whose(r); err != nil {
				return p.pages.Fail(w, r, err)
			}
		}
		if !ok {
			return p.site.NotFound(w, r)
		}
		return serve(w, r, by)
	}
}

// tabs are the stewards' pages.
var tabs = []string{"", "uses", "denials", "budgets", "reviews"}

type tab struct {
	Key, Href string
	Current   bool
}

// framed is what every page of the stewards has.
type framed struct{ Tabs []tab }

func frameOf(current string) (f framed) {
	for _, name := range tabs {
		f.Tabs = append(f.Tabs, tab{"log.tab." + name, strings.TrimSuffix("/steward/"+name, "/"), name == current})
	}
	return f
}

func (p *room) crumbs(l *web.Words, last string) []web.Link {
	return []web.Link{{Text: l.Must("log.steward"), Href: "/steward"}, {Text: last}}
}

// say gives a word of ours, or the text itself where there is none: what is in the log may be of another time.
func say(l *web.Words, prefix, text string) string {
	if text != "" && l.Has(prefix+text) {
		return l.Must(prefix + text)
	}
	return text
}

// organisation names whoever a leaf is of.
func (p *room) organisation(r *http.Request, l *web.Words, id string) string {
	if id == "" {
		return l.Must("log.local")
	}
	return p.Organisation(r.Context(), l.Code, id)
}

// policy names a policy as a leaf does: its line, and its id or version.
func (p *room) policy(l *web.Words, line, id string) Named {
	if line == "" {
		return Named{Name: l.Must("log.nopolicy")}
	}
	return p.Policy(l.Code, line, id)
}
