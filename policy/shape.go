package policy

import "github.com/samverk/samverk/fault"

// Cell is what may be shown of one number: it lies from Low to High. High is Unbounded for "yes", of which no more is told.
type Cell struct {
	Form Form
	Low  int
	High int
}

// Form is how a number is shown. It is a small number itself, for there are millions of cells; where it is written it is a word.
type Form uint8

// The forms of a number.
const (
	Hidden  Form = iota // nothing may be shown
	Number              // exactly Low
	Band                // from Low to High
	SaysYes             // at least Low
	SaysNo              // at most High
)

var forms = [...]string{"", "number", "band", "yes", "no"}

func (f Form) String() string {
	if int(f) < len(forms) {
		return forms[f]
	}
	return "unknown"
}

// MarshalText writes a form's word.
func (f Form) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads it.
func (f *Form) UnmarshalText(b []byte) error {
	for i, word := range forms {
		if word == string(b) {
			*f = Form(i)
			return nil
		}
	}
	return fault.New(fault.Invalid, "%.20q is no form of a number", b)
}

// Unbounded is no upper bound.
const Unbounded = -1

// Shape says what may be shown of a number of people or alleles. It depends on nothing but the number and the verdict, so asking again
// tells nothing new:
//
//   - exact: from k on as it is, 0 to k-1 as one band; where nobody is told from a few, 0 as it is and 1 to k-1 as one band
//   - banded: 0 to k-1 as one band, then k up to the first of 10, 20, 50, 100, 200, 500 … that is at least 2k, then from each of
//     these to the next
//   - yes or no: yes from k on
//
// A number that isn't one, and a verdict that denies, show nothing.
func Shape(n int, v Verdict) Cell {
	if !v.Allowed || n < 0 {
		return Cell{}
	}
	switch v.Precision {
	case Exact:
		if v.Zero && 0 < n && n < v.K {
			return Cell{Band, 1, v.K - 1}
		}
		if !v.Zero && n < v.K {
			return Cell{Band, 0, v.K - 1}
		}
		return Cell{Number, n, n}
	case Banded:
		low, high := band(n, max(v.K, minK))
		return Cell{Band, low, high}
	case YesNo:
		if k := max(v.K, minK); n < k {
			return Cell{SaysNo, 0, k - 1}
		}
		return Cell{SaysYes, max(v.K, minK), Unbounded}
	}
	return Cell{}
}

// band finds the band that a number lies in.
func band(n, k int) (low, high int) {
	if n < k {
		return 0, k - 1
	}
	low = k
	for i, edge := 0, 10; ; i++ {
		if edge >= 2*k {
			if n < edge || edge > 1<<40 {
				return low, edge - 1
			}
			low = edge
		}
		if i%3 == 1 { // 20 → 50; otherwise doubled
			edge = edge / 2 * 5
		} else {
			edge *= 2
		}
	}
}

// Sum is a total that tells no more than its parts already do: each part's cell, so many times. Where parts are shown, the total
// must be their Sum and not a Shape of its own, or the difference would tell what a band hides.
func Sum(parts []Cell, times []int) Cell {
	total := Cell{Form: Number}
	for i, c := range parts {
		if c.Form != Number && c.Form != Band || i >= len(times) || times[i] < 0 {
			return Cell{}
		}
		total.Low += times[i] * c.Low
		total.High += times[i] * c.High
	}
	if total.Low != total.High {
		total.Form = Band
	}
	return total
}

// Size is what may be shown of how many were looked at, whoever they are: exactly, or in a hundred parts of its power of ten (4,812
// as 4,800 to 4,899). It says nothing of what they carry.
func Size(n int, v Verdict) Cell {
	c := Shape(n, v)
	if c.Form != Band || v.Precision != Banded || n < 100 {
		return c
	}
	width := 1
	for n/width >= 100 {
		width *= 10
	}
	return Cell{Band, n / width * width, n/width*width + width - 1}
}
