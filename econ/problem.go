package econ

import (
	"errors"
	"fmt"
	"strings"

	"github.com/samverk/samverk/econ/formula"
)

// Problem is something wrong with a model, or worth a look, with its place.
type Problem struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Field   string `json:"field,omitempty"` // as parts.disease.transitions.H
	Says    string `json:"says"`
	Hint    string `json:"hint,omitempty"`
	Warning bool   `json:"warning,omitempty"` // the model can be run
}

func (p Problem) String() string {
	at := Pos{File: p.File, Line: p.Line, Column: p.Column}.String()
	if at != "" {
		at += ": "
	}
	return at + p.Says
}

// Problems is what is wrong, in the order of the files. As an error it is the first of them.
type Problems []Problem

func (p Problems) Error() string {
	switch n := len(p.Errors()); n {
	case 0:
		return "no problem"
	case 1:
		return p.Errors()[0].String()
	default:
		return fmt.Sprintf("%s (and %d more)", p.Errors()[0], n-1)
	}
}

// Errors are the problems for which a model isn't run.
func (p Problems) Errors() Problems { return p.which(false) }

// Warnings are the others.
func (p Problems) Warnings() Problems { return p.which(true) }

func (p Problems) which(warning bool) (some Problems) {
	for _, x := range p {
		if x.Warning == warning {
			some = append(some, x)
		}
	}
	return some
}

// refused gives the problems as an error if one of them is one.
func (p Problems) refused() error {
	if len(p.Errors()) == 0 {
		return nil
	}
	return p
}

// maxProblems of one reading: what comes after follows from what came before, most often.
const maxProblems = 200

func (p *Problems) add(at Pos, field, hint, format string, args ...any) {
	p.put(Problem{File: at.File, Line: at.Line, Column: at.Column, Field: field, Says: fmt.Sprintf(format, args...), Hint: hint})
}

func (p *Problems) warn(at Pos, field, hint, format string, args ...any) {
	p.put(Problem{File: at.File, Line: at.Line, Column: at.Column, Field: field, Says: fmt.Sprintf(format, args...), Hint: hint, Warning: true})
}

func (p *Problems) put(x Problem) {
	if len(*p) >= maxProblems {
		return
	}
	for _, old := range *p {
		if old == x {
			return
		}
	}
	*p = append(*p, x)
}

// fault adds what a formula's error says.
func (p *Problems) fault(err error, at Pos, field string) {
	var e *formula.Error
	if errors.As(err, &e) {
		p.add(e.At, field, e.Hint, "%s", e.Says)
		return
	}
	p.add(at, field, "", "%s", err)
}

// nearest is a hint with the known name that is most like an unknown one.
func nearest(name string, known []string) string {
	best, far := "", len(name)/2+1
	for _, k := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(k)); d < far {
			best, far = k, d
		}
	}
	switch {
	case best != "":
		return fmt.Sprintf("did you mean %s?", best)
	case len(known) > 0 && len(known) <= 30:
		return "there are " + strings.Join(known, ", ")
	}
	return ""
}

// distance is how many letters differ (Levenshtein).
func distance(a, b string) int {
	if len(a) > 100 || len(b) > 100 {
		return 1000
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := last
			if a[i] != b[j] {
				cost++
			}
			last = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
