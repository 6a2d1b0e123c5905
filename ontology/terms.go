package ontology

import "github.com/samverk/samverk/fault"

// Terms is one vocabulary in one release. It is immutable.
type Terms struct {
	Version string
	Unknown []string // parents that the file doesn't hold, each once

	ids   map[string]int32 // also alternative ids
	terms []term
}

type term struct {
	id, name string
	obsolete bool
	parents  []int32
}

// most bounds a vocabulary.
const most = 2_000_000

// Len is how many terms there are.
func (t *Terms) Len() int {
	if t == nil {
		return 0
	}
	return len(t.terms)
}

func (t *Terms) find(id string) (int32, bool) {
	if t == nil {
		return 0, false
	}
	i, ok := t.ids[id]
	return i, ok
}

// Canonical gives a term's own id for any id it has had. One that isn't known is itself, and false.
func (t *Terms) Canonical(id string) (string, bool) {
	i, ok := t.find(id)
	if !ok {
		return id, false
	}
	return t.terms[i].id, true
}

// Name is a term's name; "" when it isn't known.
func (t *Terms) Name(id string) string {
	if i, ok := t.find(id); ok {
		return t.terms[i].name
	}
	return ""
}

// Obsolete tells whether a known term is no longer in use.
func (t *Terms) Obsolete(id string) bool {
	i, ok := t.find(id)
	return ok && t.terms[i].obsolete
}

// Ancestors gives the ids of a term and of everything it is a kind of, itself first.
func (t *Terms) Ancestors(id string) []string {
	i, ok := t.find(id)
	if !ok {
		return []string{id}
	}
	seen, queue := map[int32]bool{i: true}, []int32{i}
	all := make([]string, 0, 16)
	for ; len(queue) > 0; queue = queue[1:] {
		at := &t.terms[queue[0]]
		all = append(all, at.id)
		for _, p := range at.parents {
			if !seen[p] {
				seen[p] = true
				queue = append(queue, p)
			}
		}
	}
	return all
}

// Is tells whether a term is another one, or a kind of it.
func (t *Terms) Is(id, kind string) bool {
	kind, _ = t.Canonical(kind)
	for _, a := range t.Ancestors(id) {
		if a == kind {
			return true
		}
	}
	return false
}

// builder collects what a file says, in whatever order it says it.
type builder struct {
	terms   []term
	ids     map[string]int32
	alt     [][2]string // alternative id, id
	parents [][2]string // id, parent
}

func newBuilder() *builder { return &builder{ids: map[string]int32{}} }

func (b *builder) add(t term) error {
	if _, twice := b.ids[t.id]; twice {
		return fault.New(fault.Invalid, "the term %.60q is there twice", t.id)
	}
	if len(b.terms) == most {
		return fault.New(fault.Invalid, "there are more than %d terms", most)
	}
	b.ids[t.id] = int32(len(b.terms))
	b.terms = append(b.terms, t)
	return nil
}

// build ties the terms together.
func (b *builder) build(version string) (*Terms, error) {
	t := &Terms{Version: version, ids: b.ids, terms: b.terms}
	missing := map[string]bool{}
	for _, p := range b.parents {
		child, parent := b.ids[p[0]], int32(0)
		parent, ok := b.ids[p[1]]
		switch {
		case !ok && !missing[p[1]]:
			missing[p[1]] = true
			t.Unknown = append(t.Unknown, p[1])
		case ok && !b.terms[child].obsolete && !b.terms[parent].obsolete:
			b.terms[child].parents = append(b.terms[child].parents, parent)
		}
	}
	for _, a := range b.alt { // a term's own id is stronger
		if _, own := b.ids[a[0]]; !own {
			b.ids[a[0]] = b.ids[a[1]]
		}
	}
	return t, t.acyclic()
}

// acyclic takes away what has no parents left until nothing is left; what stays goes in a circle.
func (t *Terms) acyclic() error {
	children, left := make([][]int32, len(t.terms)), make([]int, len(t.terms))
	var free []int32
	for i := range t.terms {
		for _, p := range t.terms[i].parents {
			children[p] = append(children[p], int32(i))
		}
		if left[i] = len(t.terms[i].parents); left[i] == 0 {
			free = append(free, int32(i))
		}
	}
	done := 0
	for ; len(free) > 0; done++ {
		i := free[len(free)-1]
		free = free[:len(free)-1]
		for _, c := range children[i] {
			if left[c]--; left[c] == 0 {
				free = append(free, c)
			}
		}
	}
	if done == len(t.terms) {
		return nil
	}
	for i, n := range left {
		if n > 0 {
			return fault.New(fault.Invalid, "the term %.60q is a kind of itself, or of one that is", t.terms[i].id).
				Do("take a release of the vocabulary as its makers publish it")
		}
	}
	return nil
}
