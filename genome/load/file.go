package load

import (
	"context"
	"os"
	"slices"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/bgzf"
	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/genome/vcf"
)

// file reads one file's records into a run of the load.
func (a *act) file(ctx context.Context, l *store.Load, number int) error {
	name := a.Files[number]
	run, err := l.NewRun(a.columns[number])
	if err != nil {
		return err
	}
	err = withFile(name, func(f *os.File) error {
		z, err := bgzf.NewReader(f, name, bgzf.Options{})
		if err != nil {
			return err
		}
		defer func() { _ = z.Close() }() // it was only read
		s, err := vcf.NewScanner(name, func() ([]byte, error) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			a.progress(number, z.BytesRead(), false)
			return z.Next()
		})
		if err != nil {
			return err
		}
		if !slices.Equal(s.Header().Samples, a.headers[number].Samples) {
			return fault.New(fault.Conflict, "the file changed while it was read").In(name).Do("load it again when nobody writes to it")
		}
		r := newReader(a, number, s, run)
		r.report.Format = z.Format().String()
		err = r.read()
		a.report.Files = append(a.report.Files, r.report)
		a.done += z.BytesRead()
		return err
	})
	if e := run.Close(); err == nil {
		err = e
	}
	return err
}

// reader turns one file's records into what the store takes.
type reader struct {
	act     *act
	scan    *vcf.Scanner
	calls   *vcf.Genotypes
	namer   vcf.Namer
	run     *store.Run
	targets targets
	report  FileReport
	rec     vcf.Record

	columns []uint32 // of each column, its sample
	first   uint32   // columns[0], when the columns are consecutive samples
	inRow   bool     // they are
	sexes   []variant.Sex
	unknown bool // somebody's sex is

	alts    [][]byte
	kinds   []variant.AlleleKind
	entries []store.Entry
	row     store.Record
	odd     int64 // lines with an ambiguous REF so far
}

func newReader(a *act, number int, s *vcf.Scanner, run *store.Run) *reader {
	r := &reader{act: a, scan: s, calls: vcf.NewGenotypes(s), namer: vcf.Namer{Norm: variant.NewNormalizer(a.reference)}, run: run,
		targets: newTargets(a.targets), columns: a.columns[number]}
	r.report = FileReport{File: a.Files[number], Samples: len(r.columns), Filtered: Tally{}, OtherSequences: Tally{}}
	r.first, r.inRow = r.columns[0], true
	for i, c := range r.columns {
		sex := a.sexOf(c)
		r.sexes = append(r.sexes, sex)
		r.unknown = r.unknown || sex == variant.UnknownSex
		r.inRow = r.inRow && c == r.first+uint32(i)
	}
	if len(r.columns) > 1 {
		r.row.Present = ranges(r.columns)
	}
	return r
}

// ranges makes sorted ranges of samples.
func ranges(columns []uint32) (out []store.Range) {
	sorted := slices.Sorted(slices.Values(columns))
	for _, c := range sorted {
		if n := len(out); n > 0 && out[n-1].To == c {
			out[n-1].To++
		} else {
			out = append(out, store.Range{From: c, To: c + 1})
		}
	}
	return out
}

func (r *reader) read() error {
	for {
		ok, err := r.scan.Next(&r.rec)
		if err != nil || !ok {
			return err
		}
		r.report.Records++
		r.act.records++
		if err := r.record(); err != nil {
			return err
		}
	}
}

// record takes one record, or counts why not.
func (r *reader) record() error {
	rec := &r.rec
	if rec.Chrom == 0 {
		r.report.OtherSequences.add(rec.ChromText())
		return nil
	}
	if !rec.Passed() && !r.act.IncludeFiltered {
		r.report.Filtered.add(rec.Filter())
		return nil
	}
	if r.snv() {
		return r.single()
	}
	ref, err := r.namer.Norm.Ref(rec.Chrom, rec.Pos, rec.Ref())
	if err != nil {
		return r.place(err)
	}
	if r.namer.Norm.IUPAC > r.odd {
		r.odd = r.namer.Norm.IUPAC
		r.report.odd(oddREF, rec.Line)
	}
	if end := uint64(rec.Pos) + uint64(len(ref)) - 1; end > uint64(rec.Chrom.Length()) {
		return r.fault("REF", "it reaches to %d, past the end of %s", end, rec.Chrom)
	}
	r.alts = rec.Alts(r.alts[:0])
	if err := r.calls.Read(rec, len(r.alts)); err != nil {
		return err
	}
	variants, any, err := r.sortAlts()
	if err != nil {
		return err
	}
	zone := variant.ZoneOf(rec.Chrom, rec.Pos)
	if variants {
		r.oddities(zone)
		if err := r.variants(zone, ref); err != nil {
			return err
		}
	}
	switch {
	case len(r.alts) == 0 || any && len(r.alts) == 1:
		return r.block(len(ref), any)
	case any:
		return r.spanned(len(ref))
	}
	return nil
}

// snv tells whether the record is one base for another, upper-case: nearly nine of ten are, and their key is what
// they say.
func (r *reader) snv() bool {
	ref, alt := r.rec.Ref(), r.rec.AltText()
	return len(ref) == 1 && len(alt) == 1 && base[ref[0]] && base[alt[0]] && ref[0] != alt[0]
}

var base = [256]bool{'A': true, 'C': true, 'G': true, 'T': true}

func (r *reader) single() error {
	rec := &r.rec
	if r.act.reference != nil {
		if _, err := r.namer.Norm.Ref(rec.Chrom, rec.Pos, rec.Ref()); err != nil {
			return r.place(err)
		}
	}
	if err := r.calls.Read(rec, 1); err != nil {
		return err
	}
	zone := variant.ZoneOf(rec.Chrom, rec.Pos)
	r.oddities(zone)
	return r.add(variant.Key{Chrom: rec.Chrom, Pos: rec.Pos, Ref: rec.Ref(), Alt: rec.AltText()}, zone, 1)
}

func (r *reader) fault(field, format string, args ...any) error {
	return r.scan.Fault(r.rec.Line, field, format, args...)
}

// place adds file and line to an error that knows neither.
func (r *reader) place(err error) error {
	if f, ok := err.(*fault.Error); ok && f.File == "" {
		return f.In(r.report.File).OnLine(r.rec.Line)
	}
	return err
}

// sortAlts says of each ALT what it is: whether some are variants, and whether one stands for any allele.
func (r *reader) sortAlts() (variants, any bool, _ error) {
	r.kinds = r.kinds[:0]
	for _, alt := range r.alts {
		k := variant.KindOfAlt(alt)
		r.kinds = append(r.kinds, k)
		switch k {
		case variant.AnyOther:
			any = true
		case variant.Star:
			r.report.Star++
		case variant.Ambiguous:
			r.report.odd(oddAmbiguous, r.rec.Line)
		case variant.BadAllele, variant.NoAllele:
			return false, false, r.fault("ALT", "%q is not an allele", short(alt))
		default:
			variants = true
		}
	}
	return variants, any, nil
}

func short(b []byte) string {
	if len(b) > 40 {
		return string(b[:40]) + "…"
	}
	return string(b)
}

// variants adds each ALT that is one.
func (r *reader) variants(zone variant.Zone, ref []byte) error {
	for i, kind := range r.kinds {
		k, ok, err := r.key(i, kind, ref)
		if err != nil {
			return r.place(err)
		}
		if !ok {
			continue
		}
		z := zone
		if k.Pos != r.rec.Pos {
			z = variant.ZoneOf(k.Chrom, k.Pos)
		}
		if err := r.add(k, z, i+1); err != nil {
			return err
		}
	}
	return nil
}

// add gives the store a variant, the record's alt-th ALT, unless it is outside the targets.
func (r *reader) add(k variant.Key, zone variant.Zone, alt int) error {
	if r.targets != nil && !r.targets.contain(k.Chrom, k.Pos) {
		r.report.OffTarget++
		return nil
	}
	r.genotypes(zone, alt)
	r.row.Key, r.row.Entries = k, r.entries
	if err := r.run.Add(&r.row); err != nil {
		return err
	}
	r.report.Variants++
	if k.Symbolic() {
		r.report.Symbolic++
	}
	return nil
}

// key names the i-th ALT, and reports what has no name of ours.
func (r *reader) key(i int, kind variant.AlleleKind, ref []byte) (k variant.Key, ok bool, err error) {
	k, ok, err = r.namer.Key(&r.rec, r.alts, i, kind, ref)
	switch {
	case err != nil:
	case !ok && kind == variant.Bases:
		r.report.odd(oddSame, r.rec.Line)
	case !ok && kind == variant.SymbolicAllele:
		r.report.odd(oddOtherEnd, r.rec.Line)
	case kind == variant.SymbolicAllele && len(k.Alt) == len(r.alts[i]):
		r.report.odd(oddWithoutEnd, r.rec.Line)
	}
	return k, ok, err
}
