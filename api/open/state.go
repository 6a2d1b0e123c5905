package open

import (
	"encoding/json"
	"math"
	"net/http"
	"runtime/metrics"
	"strconv"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/policy"
)

type statsJSON struct {
	Datasets    int              `json:"datasets"`
	Samples     int              `json:"samples"`
	Individuals int              `json:"individuals"`
	Variants    int64            `json:"variants"`
	Segments    int              `json:"segments"`
	Bytes       int64            `json:"bytes"`
	Epoch       uint64           `json:"consent_epoch"`
	Counted     map[string]int64 `json:"counted"`
}

type datasetJSON struct {
	Dataset     string `json:"dataset"`
	Origin      string `json:"origin"`
	Samples     int    `json:"samples"`
	Individuals int    `json:"individuals"`
}

func statsOf(s answer.Stats) statsJSON {
	out := statsJSON{
		Datasets: len(s.Datasets), Samples: s.Samples, Individuals: s.Individuals, Variants: s.Variants,
		Segments: s.Segments, Bytes: s.Bytes, Epoch: s.Epoch, Counted: map[string]int64{},
	}
	for _, p := range consent.Purposes() {
		out.Counted[string(p)] = s.Counted[p]
	}
	return out
}

func (a *api) stats(w http.ResponseWriter, r *http.Request) int {
	as, err := a.may(r)
	if err != nil {
		return a.fail(w, r, err)
	}
	s, err := a.desk.Stats(r.Context(), as)
	if err != nil {
		return a.fail(w, r, err)
	}
	return a.marshal(w, r, statsOf(s))
}

func (a *api) datasets(w http.ResponseWriter, r *http.Request) int {
	as, err := a.may(r)
	if err != nil {
		return a.fail(w, r, err)
	}
	s, err := a.desk.Stats(r.Context(), as)
	if err != nil {
		return a.fail(w, r, err)
	}
	list := make([]datasetJSON, 0, len(s.Datasets))
	for _, d := range s.Datasets {
		list = append(list, datasetJSON{d.Name, string(d.Origin), d.Samples, d.Individuals})
	}
	return a.marshal(w, r, map[string]any{"datasets": list})
}

func (a *api) marshal(w http.ResponseWriter, r *http.Request, v any) int {
	body, err := json.Marshal(v)
	if err != nil {
		return a.fail(w, r, fault.Wrap(fault.Internal, err, "an answer has no JSON form"))
	}
	return sendJSON(w, append(body, '\n'))
}

// health asks the desk for its state: a node that can't tell it can't answer.
func (a *api) health(w http.ResponseWriter, r *http.Request) int {
	if err := a.desk.Healthy(r.Context()); err != nil {
		return a.fail(w, r, fault.Wrap(fault.Unavailable, err, "the store does not answer"))
	}
	return sendJSON(w, []byte("{\"status\":\"ok\"}\n"))
}

// The figures of Go's runtime that tell of memory and load, read without stopping the world.
var runtimeFigures = []struct{ name, metric, help string }{
	{"go_goroutines", "/sched/goroutines:goroutines", "Goroutines that exist."},
	{"go_heap_objects_bytes", "/memory/classes/heap/objects:bytes", "Memory of live and not yet swept objects."},
	{"go_memory_total_bytes", "/memory/classes/total:bytes", "Memory mapped by the Go runtime."},
	{"go_gc_cycles_total", "/gc/cycles/total:gc-cycles", "Garbage collections completed."},
}

func (a *api) metrics(w http.ResponseWriter, r *http.Request) int {
	b := a.table.AppendMetrics(nil)
	s, err := a.desk.Stats(r.Context(), policy.Ask{Operator: true})
	up := 1.0
	if err != nil {
		up = 0
	}
	b = appendFigure(b, "samverk_up", "gauge", "Whether the store answers.", up)
	if err == nil {
		b = appendStore(b, statsOf(s))
	}
	samples := make([]metrics.Sample, len(runtimeFigures))
	for i, f := range runtimeFigures {
		samples[i].Name = f.metric
	}
	metrics.Read(samples)
	for i, f := range runtimeFigures {
		kind := "gauge"
		if f.name == "go_gc_cycles_total" {
			kind = "counter"
		}
		if samples[i].Value.Kind() == metrics.KindUint64 {
			b = appendFigure(b, f.name, kind, f.help, float64(samples[i].Value.Uint64()))
		}
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	h["Cache-Control"] = noStore
	_, _ = w.Write(b)
	return http.StatusOK
}

func appendStore(b []byte, s statsJSON) []byte {
	b = appendFigure(b, "samverk_consent_epoch", "gauge", "The consent epoch: one more for each change of what is counted.", float64(s.Epoch))
	b = appendFigure(b, "samverk_store_datasets", "gauge", "Datasets.", float64(s.Datasets))
	b = appendFigure(b, "samverk_store_samples", "gauge", "Samples.", float64(s.Samples))
	b = appendFigure(b, "samverk_store_individuals", "gauge", "Individuals.", float64(s.Individuals))
	b = appendFigure(b, "samverk_store_variants", "gauge", "Variants.", float64(s.Variants))
	b = appendFigure(b, "samverk_store_segments", "gauge", "Segments.", float64(s.Segments))
	b = appendFigure(b, "samverk_store_bytes", "gauge", "Bytes of segments on disk.", float64(s.Bytes))
	b = append(b, "# HELP samverk_counted_individuals Individuals that may be counted, by purpose.\n# TYPE samverk_counted_individuals gauge\n"...)
	for _, p := range consent.Purposes() {
		b = append(b, `samverk_counted_individuals{purpose="`...)
		b = append(b, p...)
		b = append(b, `"} `...)
		b = append(strconv.AppendInt(b, s.Counted[string(p)], 10), '\n')
	}
	return b
}

func appendFigure(b []byte, name, kind, help string, value float64) []byte {
	b = append(b, "# HELP "+name+" "+help+"\n# TYPE "+name+" "+kind+"\n"+name+" "...)
	if value == math.Trunc(value) && math.Abs(value) < 1<<53 {
		return append(strconv.AppendInt(b, int64(value), 10), '\n')
	}
	return append(strconv.AppendFloat(b, value, 'g', -1, 64), '\n')
}
