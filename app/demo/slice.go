package demo

import (
	"bufio"
	"bytes"
	"embed"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/samverk/samverk/genome/bgzf"
)

//go:embed data
var files embed.FS

const (
	sliceName     = "data/1000g-chr22-50mb.vcf.gz"
	samplesName   = "data/samples.tsv"
	columnsBefore = 9 // CHROM … FORMAT
	// What is worth asking a newcomer about: what few carry, and what some do in each region.
	fewestCarriers, mostCarriers     = 6, 12
	fewestEverywhere, mostEverywhere = 120, 250
)

// person is one line of samples.tsv.
type person struct{ id, sex string }

func people() ([]person, error) {
	b, err := files.ReadFile(samplesName)
	if err != nil {
		return nil, err
	}
	var out []person
	for i, l := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		f := strings.Split(l, "\t")
		if len(f) != 3 {
			return nil, fmt.Errorf("%s:%d: %d columns", samplesName, i+1, len(f))
		}
		if i > 0 {
			out = append(out, person{id: f[1], sex: f[2]})
		}
	}
	return out, nil
}

// rare is a variant that few people carry, or not very many, and who they are.
type rare struct {
	name     string // chr22-50000165-C-T
	line     string // its first eight columns, for an annotation
	carriers []string
}

// cut deals the slice's columns out to the regions, and remembers the rare variants it passed. The INFO column is left
// out, because the figures there are of all 2,548.
func cut(regionOf func(sample string) int, out []io.Writer) ([]rare, error) {
	c := cutter{out: out, lines: make([][]byte, len(out)), regionOf: regionOf}
	err := eachLine(c.line)
	return c.rare, err
}

// writeSites writes the slice without its people, and gives every variant's name.
func writeSites(w io.Writer) (names []string, err error) {
	err = eachLine(func(l []byte) error {
		if bytes.HasPrefix(l, []byte("##")) {
			_, err := w.Write(append(l[:len(l):len(l)], '\n'))
			return err
		}
		f := strings.SplitN(string(l), "\t", columnsBefore)
		if f[0] != "#CHROM" {
			names = append(names, strings.Join([]string{f[0], f[1], f[3], f[4]}, "-"))
		}
		_, err := io.WriteString(w, strings.Join(f[:columnsBefore-1], "\t")+"\n")
		return err
	})
	return names, err
}

// eachLine calls f with the slice's lines, without their ends; a line is f's until it returns.
func eachLine(f func([]byte) error) error {
	file, err := files.Open(sliceName)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // of an embedded file
	z, err := bgzf.NewReader(file, sliceName, bgzf.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = z.Close() }() // what is wrong was told by reading
	r := bufio.NewReaderSize(z, 1<<20)
	for {
		l, err := r.ReadSlice('\n')
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = f(bytes.TrimSuffix(l, []byte("\n")))
		}
		if err != nil {
			return err
		}
	}
}

type cutter struct {
	out      []io.Writer
	lines    [][]byte // one per region, under construction
	regionOf func(string) int
	names    []string // of the columns
	region   []int    // of the columns
	rare     []rare
}

func (c *cutter) line(l []byte) error {
	switch {
	case bytes.HasPrefix(l, []byte("##INFO")):
		return nil
	case bytes.HasPrefix(l, []byte("##")):
		return c.all(l)
	case bytes.HasPrefix(l, []byte("#CHROM")):
		c.header(strings.Split(string(l), "\t"))
		return c.deal(strings.Split(string(l), "\t")[:columnsBefore], l)
	}
	fields := make([]string, columnsBefore)
	rest := l
	for i := range fields {
		f, after, _ := bytes.Cut(rest, []byte("\t"))
		fields[i], rest = string(f), after
	}
	if n := alleleCount(fields[7]); n >= fewestCarriers && n <= mostCarriers || n >= fewestEverywhere && n <= mostEverywhere {
		c.remember(fields, rest)
	}
	fields[7] = "."
	return c.deal(fields, l)
}

// all gives every region the same line.
func (c *cutter) all(l []byte) error {
	for _, w := range c.out {
		if _, err := w.Write(append(l[:len(l):len(l)], '\n')); err != nil {
			return err
		}
	}
	return nil
}

func (c *cutter) header(columns []string) {
	c.names = columns[columnsBefore:]
	for _, n := range c.names {
		c.region = append(c.region, c.regionOf(n))
	}
}

// deal gives each region the fixed columns and its own people's.
func (c *cutter) deal(fixed []string, l []byte) error {
	start := strings.Join(fixed, "\t")
	for i := range c.lines {
		c.lines[i] = append(c.lines[i][:0], start...)
	}
	rest := l
	for range columnsBefore {
		rest = rest[bytes.IndexByte(rest, '\t')+1:]
	}
	for _, region := range c.region {
		end := bytes.IndexByte(rest, '\t')
		if end < 0 {
			end = len(rest)
		}
		c.lines[region] = append(append(c.lines[region], '\t'), rest[:end]...)
		rest = rest[min(end+1, len(rest)):]
	}
	for i, w := range c.out {
		c.lines[i] = append(c.lines[i], '\n')
		if _, err := w.Write(c.lines[i]); err != nil {
			return err
		}
	}
	return nil
}

// remember notes a rare variant whose carriers all have one copy.
func (c *cutter) remember(fields []string, genotypes []byte) {
	v := rare{name: strings.Join([]string{fields[0], fields[1], fields[3], fields[4]}, "-"), line: strings.Join(fields[:7], "\t") + "\t."}
	for i, g := range bytes.Split(genotypes, []byte("\t")) {
		if n := bytes.Count(g, []byte("1")); n > 1 {
			return
		} else if n == 1 {
			v.carriers = append(v.carriers, c.names[i])
		}
	}
	c.rare = append(c.rare, v)
}

// alleleCount reads AC of an INFO column of the slice; 0 when there is none.
func alleleCount(info string) int {
	for _, f := range strings.Split(info, ";") {
		if v, ok := strings.CutPrefix(f, "AC="); ok {
			n, _ := strconv.Atoi(v)
			return n
		}
	}
	return 0
}
