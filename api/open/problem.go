package open

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/policy"
)

// problem is RFC 9457's problem details, with the kind of fault and a hint as members of our own.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Kind   string `json:"kind"`
	Hint   string `json:"hint,omitempty"`
	Field  string `json:"field,omitempty"`
	Line   int64  `json:"line,omitempty"`
	// What says what is answered, in a denial to who is known.
	Policy   string `json:"policy,omitempty"`
	Decision string `json:"decision,omitempty"`
}

// statusOf is the one place where a kind of fault becomes an HTTP status.
func statusOf(k fault.Kind) int {
	switch k {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Denied:
		return http.StatusForbidden
	case fault.Conflict:
		return http.StatusConflict
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// fail answers with what went wrong. An error of ours is logged and not shown: it may name files.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) int {
	return sendProblem(w, a.problem(r, err))
}

// Unknown answers who brings an access token that isn't good (401), or that can't be checked now (503).
func Unknown(w http.ResponseWriter, status int) {
	sendProblem(w, problem{Status: status, Kind: fault.Denied.String(), Detail: "the access token isn't good here, or can't be checked now", Hint: "get a new one from the provider that you signed in at"})
}

// Foreign answers a page of another site that would change something here.
func Foreign(w http.ResponseWriter) {
	sendProblem(w, problem{Status: http.StatusForbidden, Kind: fault.Denied.String(), Detail: "a page of another site changes nothing here", Hint: "ask from this site's own pages, or with a program"})
}

// refuse answers with what went wrong with a question. A denial is the same whatever was asked about.
func (a *api) refuse(w http.ResponseWriter, r *http.Request, ask policy.Ask, err error) int {
	p := a.problem(r, err)
	if fault.KindOf(err) == fault.Denied {
		a.named(&p, ask)
	}
	return sendProblem(w, p)
}

func (a *api) problem(r *http.Request, err error) problem {
	kind := fault.KindOf(err)
	p := problem{Status: statusOf(kind), Kind: kind.String(), Detail: err.Error(), Hint: fault.HintOf(err)}
	var f *fault.Error
	if errors.As(err, &f) {
		p.Field, p.Line = f.At, f.Line
	}
	if kind == fault.Internal {
		a.log.Error("request failed", "route", r.Pattern, "error", err)
		p = problem{Status: p.Status, Kind: p.Kind, Detail: "something went wrong in the node", Hint: "the node's log tells what"}
	}
	return p
}

func sendProblem(w http.ResponseWriter, p problem) int {
	p.Type, p.Title = "about:blank", http.StatusText(p.Status)
	body, err := json.Marshal(p)
	if err != nil {
		body = []byte("{}") // can't be: every member is a string or a number
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h["Cache-Control"] = noStore
	w.WriteHeader(p.Status)
	_, _ = w.Write(body)
	return p.Status
}
