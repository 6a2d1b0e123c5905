package load

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

var update = flag.Bool("update", false, "write what the rules gave into testdata/rules; read the difference before it is committed")

// node is the rooms that a load needs, in a folder of the test's own.
type node struct {
	Deps
	dir string
}

func newNode(t testing.TB) *node { return newNodeOn(t, testkit.SQLite(t)) }

func newNodeOn(t testing.TB, dsn string) *node {
	t.Helper()
	ctx, dir := context.Background(), t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	n := &node{dir: dir}
	var err error
	n.DB, err = storage.Open(ctx, dsn, storage.Options{Migrations: []fs.FS{individual.Migrations, consent.Migrations, store.Migrations()}})
	must(err)
	t.Cleanup(func() { _ = n.DB.Close() })
	n.People, err = individual.Open(ctx, n.DB)
	must(err)
	n.Consents, err = consent.Open(ctx, n.DB, n.People, consent.Options{Journal: filepath.Join(dir, "journal")})
	must(err)
	t.Cleanup(func() { _ = n.Consents.Close() })
	must(os.MkdirAll(filepath.Join(dir, "segments"), 0o700))
	n.Store, err = store.Open(ctx, n.DB, filepath.Join(dir, "segments"), store.Options{})
	must(err)
	t.Cleanup(func() { _ = n.Store.Close() })
	return n
}

// everyone is a set of all who are enrolled.
func (n *node) everyone() *individual.Set {
	s := &individual.Set{Words: make([]uint64, n.People.Len()/64+1), Epoch: 1}
	for _, x := range n.People.List() {
		s.Words[x.Number/64] |= 1 << (x.Number % 64)
	}
	return s
}

// query says how often a variant is counted among everybody, in a dataset or all germline ones.
func (n *node) query(t testing.TB, dataset, name string) string {
	t.Helper()
	k, err := variant.ParseKey(name)
	if err != nil {
		t.Fatal(err)
	}
	sn := n.Store.Snapshot()
	m, err := sn.Mask(n.everyone(), dataset)
	if err != nil {
		return err.Error()
	}
	x, err := sn.Counter(m).Count(k)
	if err != nil {
		t.Fatal(err)
	}
	basis := "called"
	switch {
	case !x.Covered:
		return "no answer"
	case x.Assumed:
		basis = "assumed"
	}
	if !x.Known {
		basis += ", not seen"
	}
	return fmt.Sprintf("AC %d AN %d het %d hom %d hemi %d %s", x.AC, x.AN, x.Het, x.Hom, x.Hemi, basis)
}

// TestRules runs testdata/rules: each archive holds a script, the files it names, and what it has to print.
//
//	load DATASET [option=value]... FILE...    options: samples, consent, reference, targets, assembly, origin, filtered
//	query DATASET|- VARIANT...
//	individuals
func TestRules(t *testing.T) {
	paths, err := filepath.Glob("testdata/rules/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no rules", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { runRule(t, newNode(t), path, *update) })
	}
}

// TestRulesOnPostgreSQL: what touches the database most gives the same there.
func TestRulesOnPostgreSQL(t *testing.T) {
	for _, name := range []string{"people", "refusals", "reload", "targets"} {
		t.Run(name, func(t *testing.T) {
			runRule(t, newNodeOn(t, testkit.Postgres(t)), "testdata/rules/"+name+".txtar", false)
		})
	}
}

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

func runRule(t *testing.T, n *node, path string, update bool) {
	t.Helper()
	ar, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := script{t: t, node: n, dir: t.TempDir()}
	text := s.unpack(ar)
	var got strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			got.WriteString("> " + line + "\n" + s.run(strings.Fields(line)))
		}
	}
	s.compare(path, ar, got.String(), update)
}

type script struct {
	t    *testing.T
	node *node
	dir  string
}

// unpack writes the archive's files; records are written with spaces for tabs, which the files get. It returns the script.
func (s script) unpack(ar *txtar.Archive) (text string) {
	for _, f := range ar.Files {
		data := string(f.Data)
		switch {
		case f.Name == "script":
			text = data
		case strings.HasSuffix(f.Name, ".vcf"):
			data = vcfText(data)
		case strings.HasSuffix(f.Name, ".tsv"), strings.HasSuffix(f.Name, ".bed"):
			data = tabs(data)
		case strings.HasSuffix(f.Name, ".fa"):
			data = fasta(data)
		}
		if err := os.WriteFile(filepath.Join(s.dir, f.Name), []byte(data), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	return text
}

func tabs(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.Join(strings.Fields(line), "\t") + "\n")
	}
	return b.String()
}

// vcfText makes VCF of an abridged form: header lines as they are; "samples A B" is the #CHROM line; records
// "chr1 100 A C FORMAT genotypes…" get the other columns, with @PASS after ALT for a FILTER and ;END=5 for INFO.
func vcfText(text string) string {
	var b strings.Builder
	if !strings.HasPrefix(text, "##fileformat") {
		b.WriteString("##fileformat=VCFv4.2\n")
	}
	if !strings.Contains(text, "##contig") && !strings.Contains(text, "##reference") && !strings.Contains(text, "##nothing") {
		b.WriteString("##contig=<ID=chr1,length=248956422>\n")
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		f := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "##"):
			b.WriteString(line + "\n")
		case len(f) == 0:
		case f[0] == "samples":
			b.WriteString(strings.Join(append([]string{"#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"}, f[1:]...), "\t") + "\n")
		default:
			b.WriteString(recordText(f) + "\n")
		}
	}
	return b.String()
}

func recordText(f []string) string {
	alt, info, ok := strings.Cut(f[3], ";")
	if !ok {
		info = "."
	}
	alt, filter, ok := strings.Cut(alt, "@")
	if !ok {
		filter = "PASS"
	}
	return strings.Join(append([]string{f[0], f[1], ".", f[2], alt, ".", filter, info}, f[4:]...), "\t")
}

// fasta fills chrM up with N to its length.
func fasta(seq string) string {
	seq = strings.TrimSpace(seq)
	seq += strings.Repeat("N", int(variant.MT.Length())-len(seq))
	b := strings.Builder{}
	b.WriteString(">chrM\n")
	for len(seq) > 0 {
		n := min(70, len(seq))
		b.WriteString(seq[:n] + "\n")
		seq = seq[n:]
	}
	return b.String()
}

func (s script) run(f []string) string {
	switch f[0] {
	case "load":
		return s.load(f[1], f[2:])
	case "query":
		dataset := strings.TrimPrefix(f[1], "-")
		var out string
		for _, name := range f[2:] {
			out += name + ": " + s.node.query(s.t, dataset, name) + "\n"
		}
		return out
	case "individuals":
		var out string
		for _, x := range s.node.People.List() {
			out += fmt.Sprintf("%d %s %v\n", x.Number, x.ID, x.Sex)
		}
		if st, err := s.node.Store.Stats(context.Background()); err == nil {
			out += fmt.Sprintf("%d samples; consents %v\n", st.Samples, s.node.Consents.Counted())
		}
		return out
	}
	s.t.Fatalf("no such command: %v", f)
	return ""
}

func (s script) load(dataset string, args []string) string {
	q := Request{Dataset: dataset, MinGQ: DefaultMinGQ, MinDP: DefaultMinDP}
	for _, arg := range args {
		name, value, isOption := strings.Cut(arg, "=")
		path := filepath.Join(s.dir, value)
		switch {
		case !isOption:
			q.Files = append(q.Files, filepath.Join(s.dir, arg))
		case name == "samples":
			q.Samples = path
		case name == "consent":
			q.Consent = path
		case name == "reference":
			q.Reference = path
		case name == "targets":
			q.Targets = path
		case name == "assembly":
			q.Assembly = value
		case name == "origin":
			q.Origin = store.Origin(value)
		case name == "filtered":
			q.IncludeFiltered = true
		default:
			s.t.Fatalf("no such option: %s", arg)
		}
	}
	r, err := Load(context.Background(), s.node.Deps, q)
	clean := func(text string) string { return strings.ReplaceAll(text, s.dir+string(filepath.Separator), "") }
	if err != nil {
		return clean("refused: "+err.Error()) + "\n" + clean("  hint: "+fault.HintOf(err)) + "\n"
	}
	var records int64
	for _, f := range r.Files {
		records += f.Records
	}
	out := fmt.Sprintf("%d records, %d variants, %d samples of %d individuals\n", records, r.Variants, r.Samples, r.Individuals)
	for _, n := range r.Notes() {
		out += "  " + clean(n) + "\n"
	}
	return out
}

func (s script) compare(path string, ar *txtar.Archive, got string, update bool) {
	s.t.Helper()
	for i := range ar.Files {
		f := &ar.Files[i]
		if f.Name != "want" {
			continue
		}
		if update {
			f.Data = []byte(got)
			if err := os.WriteFile(path, txtar.Format(ar), 0o600); err != nil {
				s.t.Fatal(err)
			}
		}
		if string(f.Data) != got {
			s.t.Errorf("got\n%s\nwant\n%s", got, f.Data)
		}
		return
	}
	s.t.Fatal("the archive has no file want")
}
