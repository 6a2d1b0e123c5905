package formula

// Value reckons a formula of numbers alone.
func Value(t Text) (float64, error) {
	n, err := Parse(t)
	if err != nil {
		return 0, err
	}
	b := NewBuilder(nil)
	r, err := b.Compile(n, func(name string, at Pos) (Reg, error) {
		return 0, &Error{at, "only numbers can stand here, and " + name + " is a name", "write the number, or a formula of numbers"}
	})
	if err != nil {
		return 0, err
	}
	v, _ := b.Constant(r)
	if !finite(v) {
		return 0, &Error{t.At, t.Source + " isn't a finite number", ""}
	}
	return v, nil
}
