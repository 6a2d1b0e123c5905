package ontology

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"github.com/samverk/samverk/fault"
)

// maxLine bounds a line of an OBO file, in bytes; the longest of HPO and MONDO are some tens of thousands.
const maxLine = 1 << 20

// ReadOBO reads a vocabulary in OBO format (https://owlcollab.github.io/oboformat/doc/GO.format.obo-1_4.html): the
// ids, names, alternative ids, is_a and is_obsolete of its [Term] stanzas. name is for errors.
func ReadOBO(r io.Reader, name string) (*Terms, error) {
	f := oboFile{in: bufio.NewReaderSize(r, maxLine), name: name, b: newBuilder()}
	if err := f.read(); err != nil {
		return nil, f.placed(err)
	}
	t, err := f.b.build(f.version)
	if err == nil && t.Len() == 0 {
		err = fault.New(fault.Invalid, "the file holds no term").Do("give a file in OBO format")
	}
	if err != nil {
		f.line = 0
		return nil, f.placed(err)
	}
	return t, nil
}

type oboFile struct {
	in      *bufio.Reader
	name    string
	line    int64
	version string
	b       *builder

	stanza string // "" before the first
	term   term
	alts   []string
	isa    []string
}

func (f *oboFile) placed(err error) error {
	var e *fault.Error
	if errors.As(err, &e) {
		e.File, e.Line = f.name, f.line
	}
	return err
}

func (f *oboFile) read() error {
	for {
		line, err := f.in.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return f.finish()
		}
		f.line++
		if errors.Is(err, bufio.ErrBufferFull) {
			return fault.New(fault.Invalid, "the line is longer than %d bytes", maxLine)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fault.Wrap(fault.Unavailable, err, "the file can't be read")
		}
		if err := f.understand(strings.TrimSpace(string(line))); err != nil {
			return err
		}
	}
}

func (f *oboFile) understand(line string) error {
	if strings.HasPrefix(line, "[") {
		err := f.finish()
		f.stanza, f.term, f.alts, f.isa = line, term{}, nil, nil
		return err
	}
	tag, value, ok := strings.Cut(line, ":")
	if !ok {
		return nil
	}
	value = strings.TrimSpace(value)
	if f.stanza == "" {
		if tag == "data-version" {
			f.version = value
		}
		return nil
	}
	switch tag {
	case "id":
		f.term.id = bare(value)
	case "name":
		f.term.name = value
	case "alt_id":
		f.alts = append(f.alts, bare(value))
	case "is_a":
		f.isa = append(f.isa, bare(value))
	case "is_obsolete":
		f.term.obsolete = bare(value) == "true"
	}
	return nil
}

// bare takes off what may follow an id: modifiers in braces and a comment.
func bare(value string) string {
	if i := strings.IndexAny(value, " \t{!"); i >= 0 {
		value = value[:i]
	}
	return value
}

// finish keeps the stanza that ends here.
func (f *oboFile) finish() error {
	if f.stanza != "[Term]" {
		return nil
	}
	if f.term.id == "" {
		return fault.New(fault.Invalid, "a term that ends here has no id")
	}
	if err := f.b.add(f.term); err != nil {
		return err
	}
	for _, a := range f.alts {
		f.b.alt = append(f.b.alt, [2]string{a, f.term.id})
	}
	for _, p := range f.isa {
		f.b.parents = append(f.b.parents, [2]string{f.term.id, p})
	}
	return nil
}
