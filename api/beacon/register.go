package beacon

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/web/route"
)

// root is where the interface begins.
const root = "/beacon/v2"

// DatasetAt is how the address of a dataset begins, of the node at an address: what visas name it by.
func DatasetAt(url string) string { return url + root + "/datasets/" }

// version of the specification that is followed.
const version = "v2.0.0"

// Options of a Beacon.
type Options struct {
	Root         string // where it is; "": /beacon/v2
	ID           string // of the Beacon: a reversed domain
	Name         string // the node's region
	Organisation string // who answers for it; "": the same
	URL          string // where the node is reached, without a slash at its end
	Software     string // version of the program
	Demo         bool   // what it tells is a demonstration's
	// Askers are as what whoever sends a request may ask: none for who is signed in without an assignment. Nil: whoever comes is the operator.
	Askers func(*http.Request) ([]answer.Asker, error)
	Genes  *variant.Genes // by which a gene's name is a range; nil: none
	Log    *slog.Logger   // errors of ours go here; nil: slog.Default()
}

type beacon struct {
	Options
	who      Answering
	national bool // several nodes answer
	table    *route.Table
}

// Register puts a Beacon into the table. Who answers is asked for each request: a node that holds nothing may be a nation's.
func Register(t *route.Table, who func() Answering, o Options) {
	b := beacon{Options: o, table: t}
	if b.Log == nil {
		b.Log = slog.Default()
	}
	if b.Organisation == "" {
		b.Organisation = b.Name
	}
	if b.Root == "" {
		b.Root = root
		t.Add(route.Route{Pattern: "/beacon/", Who: route.Anyone, Does: "Says that the Beacon has no such part.", Serve: b.nothing})
	}
	add := func(as route.Caller, path, does string, serve func(*beacon, http.ResponseWriter, *http.Request) int, methods ...string) {
		for _, m := range append([]string{http.MethodGet}, methods...) {
			t.Add(route.Route{Method: m, Pattern: b.Root + path, Who: as, Does: does, Serve: func(w http.ResponseWriter, r *http.Request) int {
				b := b
				b.who = who()
				b.national = b.who.nodes() != nil
				return serve(&b, w, r)
			}})
		}
	}
	add(route.Anyone, "", "Tells whose Beacon this is.", (*beacon).info)
	add(route.Anyone, "/info", "Tells whose Beacon this is.", (*beacon).info)
	add(route.Anyone, "/service-info", "Tells which GA4GH service this is.", (*beacon).serviceInfo)
	add(route.Anyone, "/configuration", "Tells how the Beacon is set up.", (*beacon).configuration)
	add(route.Anyone, "/map", "Tells where the Beacon's parts are.", (*beacon).endpoints)
	add(route.Anyone, "/entry_types", "Lists the Beacon's entry types.", (*beacon).entryTypes)
	add(route.Anyone, "/filtering_terms", "Lists the Beacon's filtering terms: none.", (*beacon).filteringTerms)
	add(route.Asker, "/g_variants", "Finds variants that somebody counted carries.", (*beacon).variants, http.MethodPost)
	add(route.Asker, "/g_variants/{id}", "Tells of one variant.", (*beacon).variant)
	add(route.Asker, "/g_variants/{id}/individuals", "Counts who carries a variant.", (*beacon).carriers)
	add(route.Asker, "/individuals", "Counts who carries the variant asked about.", (*beacon).individuals, http.MethodPost)
	add(route.Asker, "/datasets", "Lists datasets that the asker may know of.", (*beacon).datasets)
	add(route.Asker, "/datasets/{id}", "Tells of one dataset.", (*beacon).datasets)
	add(route.Asker, "/cohorts", "Lists the people who may be counted, by purpose.", (*beacon).cohorts)
	add(route.Asker, "/cohorts/{id}", "Tells of the people who may be counted for a purpose.", (*beacon).cohorts)
	t.Add(route.Route{Pattern: b.Root, Who: route.Anyone, Does: "Says that the Beacon isn't asked so.", Serve: b.nothing},
		route.Route{Pattern: b.Root + "/", Who: route.Anyone, Does: "Says that the Beacon has no such part.", Serve: b.nothing})
}

func (b *beacon) nothing(w http.ResponseWriter, r *http.Request) int {
	var takes []string
	for _, m := range []string{http.MethodGet, http.MethodPost} {
		if b.serves(m, r.URL.Path) {
			takes = append(takes, m)
		}
	}
	if len(takes) == 0 {
		return b.fail(w, r, query{}, fault.New(fault.NotFound, "this Beacon has no such part").Do("see %s/map", b.Root))
	}
	w.Header().Set("Allow", strings.Join(takes, ", "))
	return b.refuse(w, query{}, http.StatusMethodNotAllowed, r.URL.Path+" takes "+strings.Join(takes, " and "))
}

// serves tells whether one of the parts answers, not this one that answers for all others.
func (b *beacon) serves(method, path string) bool {
	name := strings.Split(path, "/")
	return slices.ContainsFunc(b.table.Routes(), func(r route.Route) bool {
		part := strings.Split(r.Pattern, "/")
		return r.Method == method && strings.HasPrefix(r.Pattern, b.Root) && slices.EqualFunc(part, name, func(p, n string) bool { return p == n || p == "{id}" && n != "" })
	})
}

// send writes a document.
func (b *beacon) send(w http.ResponseWriter, status int, document any) int {
	body, err := json.Marshal(document)
	if err != nil {
		b.Log.Error("a Beacon document has no JSON form", "error", err)
		status, body = http.StatusInternalServerError, []byte("{}")
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
	return status
}
