package federation

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/samverk/samverk/fault"
)

// problem is an answer that is none: RFC 9457, with the fault's own words as members.
type problem struct {
	Type   string    `json:"type"`
	Title  string    `json:"title"`
	Status int       `json:"status"`
	Detail string    `json:"detail"`
	Hint   string    `json:"hint,omitempty"`
	Kind   string    `json:"kind"`
	Code   string    `json:"code,omitempty"`
	Args   []any     `json:"args,omitempty"`
	Time   time.Time `json:"time"` // by the clock of who answers
}

const problemType = "application/problem+json"

// statuses is the one place where a kind of fault becomes a status between nodes, and back.
var statuses = [...]int{fault.Internal: 500, fault.Invalid: 400, fault.NotFound: 404, fault.Denied: 403, fault.Conflict: 409, fault.Unavailable: 503}

// problemOf tells a peer what went wrong. What is ours to mend is told as such and no more: it may name files.
func problemOf(err error, now time.Time) problem {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind == fault.Internal || int(f.Kind) >= len(statuses) {
		f = fault.New(fault.Internal, "something went wrong in the node").Do("its log tells what").Say("federation.failed")
	}
	status := statuses[f.Kind]
	return problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: f.What, Hint: f.Hint, Kind: f.Kind.String(), Code: f.Code, Args: f.Args, Time: now.UTC()}
}

func (p problem) bytes() []byte {
	b, err := json.Marshal(p)
	if err != nil { // an argument that is no JSON
		p.Args = nil
		b, _ = json.Marshal(p)
	}
	return b
}

var goodCode = regexp.MustCompile(`^[a-z][a-z0-9-]*(\.[a-z0-9-]+){1,4}$`)

// What is taken over of a problem.
const mostArgs, longestText, mostProblem = 10, 500, 16 << 10

// faultOf makes a fault of a problem again; false where it is none.
func faultOf(body []byte) (*fault.Error, time.Time, bool) {
	var p problem
	if json.Unmarshal(body, &p) != nil {
		return nil, time.Time{}, false
	}
	kind := slices.Index(statuses[:], p.Status)
	if kind < 0 || fault.Kind(kind).String() != p.Kind || len(p.Args) > mostArgs {
		return nil, time.Time{}, false
	}
	f := fault.New(fault.Kind(kind), "%s", short(p.Detail)).Do("%s", short(p.Hint))
	if len(p.Code) <= 80 && goodCode.MatchString(p.Code) {
		f = f.Say(p.Code, plainArgs(p.Args)...)
	}
	return f, p.Time, true
}

func short(s string) string { return s[:min(len(s), longestText)] }

// plainArgs are arguments as sentences take them: whole numbers and texts.
func plainArgs(args []any) []any {
	for i, a := range args {
		switch v := a.(type) {
		case float64:
			if v == float64(int64(v)) {
				args[i] = int64(v)
			}
		case string:
			args[i] = short(v)
		case bool:
		default:
			args[i] = short(fmt.Sprint(v))
		}
	}
	return args
}
