package variant

import (
	"bufio"
	"bytes"
	"cmp"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/samverk/samverk/fault"
)

// Genes is a table of where genes are, by their symbols. A nil one is empty.
type Genes struct {
	byName map[string]gene // in capitals
	places [MT + 1][]gene  // of a chromosome, by where they begin
	widest [MT + 1]uint32
}

type gene struct {
	name string
	at   Region
}

// mostGenes bounds a table.
const mostGenes = 200_000

// ReadGenes reads a table in BED: the chromosome, where the gene begins counted from 0, where it ends, its symbol; more columns are skipped.
// Places that are on no chromosome of GRCh38's are skipped too. A symbol that comes twice on a chromosome stands for all from the first to
// the last; on two (as in the pseudoautosomal regions), for the first.
func ReadGenes(in io.Reader, name string) (*Genes, error) {
	g := &Genes{byName: map[string]gene{}}
	s := bufio.NewScanner(in)
	for line := int64(1); s.Scan(); line++ {
		text := bytes.TrimRight(s.Bytes(), "\r")
		if len(text) == 0 || text[0] == '#' || bytes.HasPrefix(text, []byte("track")) || bytes.HasPrefix(text, []byte("browser")) {
			continue
		}
		if err := g.add(strings.Split(string(text), "\t")); err != nil {
			return nil, err.In(name).OnLine(line)
		}
		if len(g.byName) > mostGenes {
			return nil, fault.New(fault.Invalid, "more than %d genes", mostGenes).In(name)
		}
	}
	if err := s.Err(); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the table of genes can't be read").In(name)
	}
	for _, x := range g.byName {
		c := x.at.Chrom
		g.places[c] = append(g.places[c], x)
		g.widest[c] = max(g.widest[c], x.at.To-x.at.From)
	}
	for _, on := range g.places {
		slices.SortFunc(on, func(a, b gene) int { return cmp.Or(cmp.Compare(a.at.From, b.at.From), strings.Compare(a.name, b.name)) })
	}
	return g, nil
}

func (g *Genes) add(columns []string) *fault.Error {
	bad := func(what string) *fault.Error {
		return fault.New(fault.Invalid, "%s", what).Do("write BED: chromosome, begin (from 0), end and symbol, with tabs between, on GRCh38")
	}
	if len(columns) < 4 {
		return bad("a line with fewer than four columns")
	}
	c, ok := ParseChrom(columns[0])
	if !ok {
		return nil
	}
	from, err1 := strconv.ParseUint(columns[1], 10, 32)
	to, err2 := strconv.ParseUint(columns[2], 10, 32)
	name := columns[3]
	switch {
	case err1 != nil || err2 != nil || from >= to:
		return bad("columns 2 and 3 are no stretch")
	case to > uint64(c.Length()):
		return bad(c.String() + " is shorter than that: is this GRCh38?")
	case name == "" || strings.TrimSpace(name) != name || len(name) > 60:
		return bad("column 4 is no symbol")
	}
	x := gene{name, Region{c, uint32(from) + 1, uint32(to)}}
	if was, twice := g.byName[strings.ToUpper(name)]; twice {
		if was.at.Chrom != c {
			return nil
		}
		x.at.From, x.at.To = min(x.at.From, was.at.From), max(x.at.To, was.at.To)
	}
	g.byName[strings.ToUpper(name)] = x
	return nil
}

// Find tells where a gene is, whatever its letters' case, and how its symbol is written.
func (g *Genes) Find(symbol string) (name string, at Region, ok bool) {
	if g == nil {
		return "", Region{}, false
	}
	x, ok := g.byName[strings.ToUpper(symbol)]
	return x.name, x.at, ok
}

// At lists the genes that a stretch touches, in the order they begin.
func (g *Genes) At(r Region) (out []string) {
	if g == nil || !r.Chrom.Valid() {
		return nil
	}
	on, first := g.places[r.Chrom], uint32(1)
	if w := g.widest[r.Chrom]; r.From > w {
		first = r.From - w
	}
	i, _ := slices.BinarySearchFunc(on, first, func(x gene, at uint32) int { return cmp.Compare(x.at.From, at) })
	for ; i < len(on) && on[i].at.From <= r.To; i++ {
		if on[i].at.To >= r.From {
			out = append(out, on[i].name)
		}
	}
	return out
}

// Len is how many genes there are.
func (g *Genes) Len() int {
	if g == nil {
		return 0
	}
	return len(g.byName)
}
