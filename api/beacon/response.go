package beacon

import (
	"errors"
	"net/http"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/policy"
)

// The standard's names of things.
const (
	genomicVariant = "genomicVariant"
	individual     = "individual"
	dataset        = "dataset"
	cohort         = "cohort"
)

// all is the id of the datasets together: every germline one.
const all = "all"

type schemaOf struct {
	EntityType string `json:"entityType"`
	Schema     string `json:"schema"`
}

type pagination struct {
	Skip  int `json:"skip"`
	Limit int `json:"limit"`
}

type received struct {
	APIVersion                string            `json:"apiVersion"`
	RequestedSchemas          []schemaOf        `json:"requestedSchemas"`
	Pagination                pagination        `json:"pagination"`
	RequestedGranularity      string            `json:"requestedGranularity"`
	IncludeResultsetResponses string            `json:"includeResultsetResponses"`
	TestMode                  bool              `json:"testMode"`
	RequestParameters         map[string]values `json:"requestParameters,omitempty"`
	Filters                   []string          `json:"filters,omitempty"`
}

type meta struct {
	BeaconID    string     `json:"beaconId"`
	APIVersion  string     `json:"apiVersion"`
	Schemas     []schemaOf `json:"returnedSchemas"`
	Granularity string     `json:"returnedGranularity,omitempty"`
	Received    *received  `json:"receivedRequestSummary,omitempty"`
	TestMode    bool       `json:"testMode"`
}

type summary struct {
	Exists bool `json:"exists"`
	Total  *int `json:"numTotalResults,omitempty"`
}

type resultSet struct {
	ID      string         `json:"id"`
	SetType string         `json:"setType"`
	Exists  bool           `json:"exists"`
	Count   int            `json:"resultsCount"`
	Results []any          `json:"results"`
	Info    map[string]any `json:"info,omitempty"`
}

type resultSets struct {
	Sets []resultSet `json:"resultSets"`
}

type collections struct {
	Collections []any `json:"collections"`
}

// document is an answer of any granularity.
type document struct {
	Meta     meta           `json:"meta"`
	Summary  summary        `json:"responseSummary"`
	Info     map[string]any `json:"info,omitempty"`
	Response any            `json:"response,omitempty"` // resultSets or collections
}

// meta of an answer to a request.
func (b *beacon) meta(q query, entity, granularity string) meta {
	if q.granularity == "" { // nothing was understood
		q.granularity, q.include, q.limit = yesOrNo, "HIT", usualLimit
	}
	r := &received{APIVersion: version, RequestedSchemas: q.schemas, Pagination: pagination{q.skip, q.limit}, RequestedGranularity: q.granularity,
		IncludeResultsetResponses: q.include, TestMode: q.test}
	if r.RequestedSchemas == nil {
		r.RequestedSchemas = []schemaOf{}
	}
	if len(q.asked) > 0 {
		r.RequestParameters = map[string]values{"asked": q.asked}
	}
	m := meta{BeaconID: b.ID, APIVersion: version, Schemas: []schemaOf{}, Granularity: granularity, Received: r, TestMode: q.test}
	if s, ok := schemas[entity]; ok {
		m.Schemas = []schemaOf{{entity, s}}
	}
	return m
}

// fail answers with what went wrong. A denial is the same whatever was asked about; an error of ours is logged and not shown.
func (b *beacon) fail(w http.ResponseWriter, r *http.Request, q query, err error) int {
	kind := fault.KindOf(err)
	status, says := statuses[kind], err.Error()
	if errors.Is(err, errLarge) {
		status = http.StatusRequestEntityTooLarge
	}
	if status == 0 {
		b.Log.Error("request failed", "route", r.Pattern, "error", err)
		status, says = http.StatusInternalServerError, "something went wrong in the node"
	}
	if do := fault.HintOf(err); do != "" && status != http.StatusInternalServerError {
		says += ": " + do
	}
	var f *fault.Error
	if errors.As(err, &f) && f.At != "" {
		says = f.At + ": " + says
	}
	if kind == fault.Denied {
		q = query{} // nothing of what was asked
	}
	return b.refuse(w, q, status, says)
}

// refuse sends the standard's error, which is a problem of RFC 9457 too: the standard leaves room for its members.
func (b *beacon) refuse(w http.ResponseWriter, q query, status int, says string) int {
	type refusal struct {
		Code    int    `json:"errorCode"`
		Message string `json:"errorMessage"`
	}
	return b.send(w, status, struct {
		Meta   meta    `json:"meta"`
		Error  refusal `json:"error"`
		Type   string  `json:"type"`
		Title  string  `json:"title"`
		Status int     `json:"status"`
		Detail string  `json:"detail"`
	}{b.meta(q, "", yesOrNo), refusal{status, says}, "about:blank", http.StatusText(status), status, says})
}

// Unknown answers who brings an access token that isn't good (401), or that can't be checked now (503).
func Unknown(w http.ResponseWriter, o Options, status int) {
	(&beacon{Options: o}).refuse(w, query{}, status, "the access token isn't good here, or can't be checked now: get a new one from the provider that you signed in at")
}

// Foreign answers a page of another site that would post something here.
func Foreign(w http.ResponseWriter, o Options) {
	(&beacon{Options: o}).refuse(w, query{}, http.StatusForbidden, "a page of another site asks nothing here: ask with a program, or from a page of this site")
}

var statuses = map[fault.Kind]int{
	fault.Invalid: http.StatusBadRequest, fault.NotFound: http.StatusNotFound, fault.Denied: http.StatusForbidden, fault.Conflict: http.StatusConflict,
	fault.Unavailable: http.StatusServiceUnavailable,
}

// cell writes what may be told of a number: the number, a range, yes or no, or null.
func cell(c policy.Cell) any {
	switch c.Form {
	case policy.Number:
		return c.Low
	case policy.Band:
		return map[string]int{"from": c.Low, "to": c.High}
	case policy.SaysYes, policy.SaysNo:
		return answer.Text(c, "")
	}
	return nil
}
