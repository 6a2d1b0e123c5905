package consent

import "github.com/samverk/samverk/fault"

// Purpose is what data may be used for.
type Purpose string

// The purposes.
const (
	Care     Purpose = "care"     // quality, and frequency for diagnosis
	Matching Purpose = "matching" // finding a patient like mine
	Research Purpose = "research"
)

// purposes in the order of state.sets.
var purposes = [...]Purpose{Care, Matching, Research}

// Purposes are all there are.
func Purposes() []Purpose { return append([]Purpose(nil), purposes[:]...) }

// ParsePurpose reads a purpose's name.
func ParsePurpose(s string) (Purpose, error) {
	if p := Purpose(s); p.index() >= 0 {
		return p, nil
	}
	return "", Purpose(s).unknown()
}

// index is a purpose's place in purposes, or -1.
func (p Purpose) index() int {
	switch p {
	case Care:
		return 0
	case Matching:
		return 1
	case Research:
		return 2
	}
	return -1
}

func (p Purpose) unknown() error {
	if p == "" {
		return fault.New(fault.Invalid, "no purpose is given").Do("say care, matching or research")
	}
	return fault.New(fault.Invalid, "%.40q is not a purpose", string(p)).Do("say care, matching or research")
}

// Use is what a question is for. Only the purpose is evaluated yet.
type Use struct {
	Purpose    Purpose
	Diseases   []string
	Commercial bool
	Country    string
}

// evaluable refuses a use with conditions that nobody evaluates.
func (u Use) evaluable() error {
	if len(u.Diseases) == 0 && !u.Commercial && u.Country == "" {
		return nil
	}
	return fault.New(fault.Invalid, "conditions on a use (diseases, commercial, country) can't be evaluated yet").
		Do("ask for a purpose alone")
}
