package individual

import "github.com/samverk/samverk/fault"

// Number is an individual's place in every Set: dense, ascending, never reused. The first is 0.
type Number uint32

// Sex as it bears on how many copies of X and Y are expected.
type Sex uint8

// Sexes; the numbers are stored.
const (
	Unknown Sex = iota
	Male
	Female
)

var sexes = [...]string{"unknown", "male", "female"}

func (s Sex) String() string {
	if int(s) < len(sexes) {
		return sexes[s]
	}
	return "unknown"
}

// ParseSex reads male, female or unknown.
func ParseSex(s string) (Sex, error) {
	for i, name := range sexes {
		if s == name {
			return Sex(i), nil
		}
	}
	return 0, fault.New(fault.Invalid, "%.40q is not a sex", s).Do("write male, female or unknown")
}
