package open

import (
	_ "embed"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/web/route"
)

//go:embed openapi.json
var description []byte

// Options of the interface.
type Options struct {
	Log *slog.Logger // errors of ours go here; nil: slog.Default()
}

type api struct {
	desk    *answer.Desk
	table   *route.Table
	log     *slog.Logger
	scratch sync.Pool
	allow   map[string]string // path: the methods it takes
}

// Register puts the interface into the table.
func Register(t *route.Table, desk *answer.Desk, o Options) {
	a := &api{desk: desk, table: t, log: o.Log, allow: map[string]string{}}
	if a.log == nil {
		a.log = slog.Default()
	}
	a.scratch.New = func() any { return new(scratch) }
	add := func(method, path, does string, serve func(http.ResponseWriter, *http.Request) int) {
		t.Add(route.Route{Method: method, Pattern: path, Who: route.LocalOperator, Does: does, Serve: serve})
		if a.allow[path] != "" {
			method = a.allow[path] + ", " + method
		}
		a.allow[path] = method
	}
	add("GET", "/api/v1/query", "Counts who carries each variant of the query string.", a.query)
	add("POST", "/api/v1/query", "Counts who carries each variant of a list.", a.queryList)
	add("GET", "/api/v1/region", "Lists the variants carried in a region.", a.region)
	add("POST", "/api/v1/annotate", "Streams a VCF back with counts in INFO.", a.annotate)
	add("GET", "/api/v1/stats", "Tells the state of the store.", a.stats)
	add("GET", "/api/v1/datasets", "Lists the datasets.", a.datasets)
	add("GET", "/api/v1/openapi.json", "Describes this interface.", a.describe)
	t.Add(route.Route{Method: "GET", Pattern: "/healthz", Who: route.Anyone, Does: "Tells whether the node can answer.", Serve: a.health})
	add("GET", "/metrics", "Gives the node's figures to Prometheus.", a.metrics)
	t.Add(route.Route{Pattern: "/api/", Who: route.LocalOperator, Does: "Says that there is no such call.", Serve: a.nothing})
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
