package open

import (
	_ "embed"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

//go:embed openapi.json
var description []byte

// Options of the interface.
type Options struct {
	Log *slog.Logger // errors of ours go here; nil: slog.Default()
	// Askers are as what whoever sends a request may ask: none for who is signed in without an assignment. Nil: whoever comes is the operator.
	Askers func(*http.Request) ([]answer.Asker, error)
	Site   *web.Site // in whose frame people read what there is, at /api; nil: they don't
}

type api struct {
	desk    *answer.Desk
	table   *route.Table
	log     *slog.Logger
	who     func(*http.Request) ([]answer.Asker, error)
	scratch sync.Pool
	allow   map[string]string // path: the methods it takes
}

// Register puts the interface into the table.
func Register(t *route.Table, desk *answer.Desk, o Options) error {
	a := &api{desk: desk, table: t, log: o.Log, who: o.Askers, allow: map[string]string{}}
	if a.log == nil {
		a.log = slog.Default()
	}
	a.scratch.New = func() any { return new(scratch) }
	add := func(who route.Caller, method, path, does string, serve func(http.ResponseWriter, *http.Request) int) {
		t.Add(route.Route{Method: method, Pattern: path, Who: who, Does: does, Serve: serve})
		if a.allow[path] != "" {
			method = a.allow[path] + ", " + method
		}
		a.allow[path] = method
	}
	add(route.Asker, "GET", "/api/v1/query", "Counts who carries each variant of the query string.", a.query)
	add(route.Asker, "POST", "/api/v1/query", "Counts who carries each variant of a list.", a.queryList)
	add(route.Asker, "GET", "/api/v1/region", "Lists the variants carried in a region.", a.region)
	add(route.Asker, "POST", "/api/v1/annotate", "Streams a VCF back with counts in INFO.", a.annotate)
	add(route.Asker, "GET", "/api/v1/stats", "Tells the state of the store, to the operator and stewards.", a.stats)
	add(route.Asker, "GET", "/api/v1/datasets", "Lists the datasets, to the operator and stewards.", a.datasets)
	add(route.Anyone, "GET", "/api/v1/openapi.json", "Describes this interface.", a.describe)
	t.Add(route.Route{Method: "GET", Pattern: "/healthz", Who: route.Anyone, Does: "Tells whether the node can answer.", Serve: a.health})
	add(route.LocalOperator, "GET", "/metrics", "Gives the node's figures to Prometheus.", a.metrics)
	t.Add(route.Route{Pattern: "/api/", Who: route.Anyone, Does: "Says that there is no such call.", Serve: a.nothing})
	if o.Site == nil {
		return nil
	}
	page, err := a.page(o.Site)
	if err != nil {
		return err
	}
	add(route.Anyone, "GET", "/api", "Describes this interface to people.", page)
	t.Add(route.Route{Pattern: "/api", Who: route.Anyone, Does: "Says that there is no such call.", Serve: a.nothing})
	return nil
}

func (a *api) nothing(w http.ResponseWriter, r *http.Request) int {
	if methods := a.allow[r.URL.Path]; methods != "" {
		w.Header().Set("Allow", methods)
		return sendProblem(w, problem{Status: http.StatusMethodNotAllowed, Detail: r.URL.Path + " takes " + strings.ReplaceAll(methods, ", ", " and "), Kind: "invalid"})
	}
	return sendProblem(w, problem{Status: http.StatusNotFound, Detail: "there is no such call", Kind: "not found", Hint: "see /api/v1/openapi.json"})
}

var (
	jsonType = []string{"application/json"}
	noStore  = []string{"no-store"}
)

// sendJSON sends a whole body.
func sendJSON(w http.ResponseWriter, body []byte) int {
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Cache-Control"] = noStore
	if len(body) > 2000 { // below that net/http counts by itself
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	_, _ = w.Write(body) // a caller who left is no failure of ours
	return http.StatusOK
}

func (a *api) describe(w http.ResponseWriter, _ *http.Request) int { return sendJSON(w, description) }
