package procedure

import (
	"strings"
	"unicode"
)

// Change says what became of a piece of text between two versions.
type Fate byte

// The fates.
const (
	Same Fate = iota
	Gone
	Come
)

// Piece is some words of a text that share a fate.
type Piece struct {
	Fate Fate
	Text string
}

// Compared is a section in two versions: what was, with what is gone marked, and what is, with what has come.
type Compared struct {
	Key      string
	Was, Now []Piece
	Differs  bool
}

// Compare lays two texts side by side, section by section; sections that neither has are left out.
func Compare(was, now Content) (out []Compared) {
	a, b := was.all(), now.all()
	for i := range a {
		if a[i].Text == "" && b[i].Text == "" {
			continue
		}
		c := Compared{Key: a[i].Key, Differs: a[i].Text != b[i].Text}
		c.Was, c.Now = diff(a[i].Text, b[i].Text)
		out = append(out, c)
	}
	return out
}

func (c Content) all() []Section {
	return append(append([]Section{{"title", c.Title}}, c.Sections()...), Section{"evidence", c.References()})
}

// mostCells is how large a table of words by words is made. What is larger is told as all gone and all come.
const mostCells = 4_000_000

// diff marks the words that are gone and those that have come.
func diff(was, now string) (a, b []Piece) {
	x, y := split(was), split(now)
	head := 0
	for head < len(x) && head < len(y) && x[head] == y[head] {
		head++
	}
	tail := 0
	for tail < len(x)-head && tail < len(y)-head && x[len(x)-1-tail] == y[len(y)-1-tail] {
		tail++
	}
	a, b = add(a, Same, x[:head]...), add(b, Same, y[:head]...)
	mx, my := x[head:len(x)-tail], y[head:len(y)-tail]
	if len(mx)*len(my) > mostCells {
		a, b = add(a, Gone, mx...), add(b, Come, my...)
	} else {
		a, b = common(a, b, mx, my)
	}
	return add(a, Same, x[len(x)-tail:]...), add(b, Same, y[len(y)-tail:]...)
}

// common walks a longest common sequence of words.
func common(a, b []Piece, x, y []string) ([]Piece, []Piece) {
	w := len(y) + 1
	longest := make([]uint16, (len(x)+1)*w)
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if x[i] == y[j] {
				longest[i*w+j] = longest[(i+1)*w+j+1] + 1
			} else {
				longest[i*w+j] = max(longest[(i+1)*w+j], longest[i*w+j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(x) && j < len(y) {
		switch {
		case x[i] == y[j]:
			a, b = add(a, Same, x[i]), add(b, Same, y[j])
			i, j = i+1, j+1
		case longest[(i+1)*w+j] >= longest[i*w+j+1]:
			a = add(a, Gone, x[i])
			i++
		default:
			b = add(b, Come, y[j])
			j++
		}
	}
	return add(a, Gone, x[i:]...), add(b, Come, y[j:]...)
}

// add puts words to the last piece when it shares their fate.
func add(all []Piece, f Fate, words ...string) []Piece {
	text := strings.Join(words, "")
	switch {
	case text == "":
		return all
	case len(all) > 0 && all[len(all)-1].Fate == f:
		all[len(all)-1].Text += text
		return all
	}
	return append(all, Piece{f, text})
}

// split cuts a text into words, each with the white space after it.
func split(s string) (out []string) {
	from, space := 0, false
	for i, c := range s {
		if is := unicode.IsSpace(c); is {
			space = true
		} else if space {
			out = append(out, s[from:i])
			from, space = i, false
		}
	}
	if from < len(s) {
		out = append(out, s[from:])
	}
	return out
}
