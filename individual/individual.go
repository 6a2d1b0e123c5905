package individual

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
