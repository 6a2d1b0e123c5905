package load

import (
	"context"
	"errors"
	"os"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/bgzf"
	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/genome/vcf"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
)

// act is one load under way.
type act struct {
	Deps
	Request
	assembly  variant.Assembly
	reference *variant.Reference
	targets   []variant.Region
	choices   []consent.Line

	headers []*vcf.Header // of each file
	sizes   int64

	people  []individual.New // each individual once
	who     []int            // of each sample, its place in people
	samples []store.Sample   // of the load; Individual is set in the transaction
	columns [][]uint32       // of each file, its columns' places in samples

	done    int64 // bytes of the files before this one
	records int64
	report  Report
}

// Load reads the files and commits everything in one transaction, or nothing.
func Load(ctx context.Context, d Deps, q Request) (Report, error) {
	a := &act{Deps: d, Request: q}
	if a.Origin == "" {
		a.Origin = store.Germline
	}
	if a.By == "" {
		a.By = "load"
	}
	a.report = Report{Dataset: q.Dataset, Origin: a.Origin, Assembly: string(variant.GRCh38)}
	defer a.close()
	if err := a.prepare(ctx); err != nil {
		return Report{}, err
	}
	spec := store.LoadSpec{Dataset: q.Dataset, Origin: a.Origin, Samples: a.samples, Files: q.Files}
	for _, r := range a.targets {
		spec.Targets = append(spec.Targets, store.Interval{Chrom: r.Chrom, From: r.From, To: r.To})
	}
	l, err := d.Store.NewLoad(ctx, spec)
	if err != nil {
		return Report{}, err
	}
	defer l.Abort()
	for i := range q.Files {
		if err := a.file(ctx, l, i); err != nil {
			return Report{}, err
		}
	}
	if err := a.commit(ctx, l); err != nil {
		return Report{}, err
	}
	return a.report, nil
}

func (a *act) close() {
	if a.reference != nil {
		_ = a.reference.Close() // it was only read
	}
}

// prepare reads everything but the records, so that what can be refused is refused before the long work.
func (a *act) prepare(ctx context.Context) error {
	if a.Dataset == "" {
		return fault.New(fault.Invalid, "the dataset has no name").Do("name it with --dataset")
	}
	if len(a.Files) == 0 {
		return fault.New(fault.Invalid, "there is no file to load").Do("name one VCF file or more")
	}
	if a.Assembly != "" {
		var ok bool
		if a.assembly, ok = variant.ParseAssembly(a.Assembly); !ok {
			return fault.New(fault.Invalid, "%q is not an assembly we know", a.Assembly).Do("only GRCh38 is accepted")
		}
	}
	rows, err := a.tables()
	if err != nil {
		return err
	}
	if a.Reference != "" {
		if a.reference, err = variant.OpenReference(a.Reference); err != nil {
			return err
		}
	}
	for _, name := range a.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := a.header(name); err != nil {
			return err
		}
	}
	return a.resolve(rows)
}

// tables reads the small files.
func (a *act) tables() (rows []vcf.SampleRow, err error) {
	if a.Targets != "" {
		err = withFile(a.Targets, func(f *os.File) error {
			t, err := vcf.ReadBED(a.Targets, f)
			a.targets, a.report.OtherTarget = t.Regions, t.Other
			return err
		})
	}
	if err == nil && a.Consent != "" {
		err = withFile(a.Consent, func(f *os.File) (err error) {
			a.choices, err = consent.ReadCSV(f, a.Consent)
			return err
		})
	}
	if err == nil && a.Samples != "" {
		err = withFile(a.Samples, func(f *os.File) (err error) {
			rows, err = vcf.ReadSamples(a.Samples, f)
			return err
		})
	}
	return rows, err
}

func withFile(name string, do func(*os.File) error) error {
	f, err := os.Open(name)
	if err != nil {
		return unreadable(name, err)
	}
	err = do(f)
	_ = f.Close() // it was only read
	return err
}

func unreadable(name string, err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	kind := fault.Internal
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		kind = fault.Invalid
	}
	return fault.Wrap(kind, err, "the file can't be read").In(name)
}

// header reads one file's header.
func (a *act) header(name string) error {
	return withFile(name, func(f *os.File) error {
		st, err := f.Stat()
		if err != nil {
			return unreadable(name, err)
		}
		if st.IsDir() {
			return fault.New(fault.Invalid, "it is a folder").In(name).Do("name the VCF files in it")
		}
		a.sizes += st.Size()
		z, err := bgzf.NewReader(f, name, bgzf.Options{Workers: 1})
		if err != nil {
			return err
		}
		defer func() { _ = z.Close() }() // it was only read
		s, err := vcf.NewScanner(name, z.Next)
		if err != nil {
			return err
		}
		return a.accept(name, s.Header())
	})
}

// accept checks the assembly and that there are genotypes.
func (a *act) accept(name string, h *vcf.Header) error {
	if err := variant.Detect(h.Contigs, h.Reference, a.assembly); err != nil {
		var f *fault.Error
		if errors.As(err, &f) {
			return f.In(name)
		}
		return err
	}
	if len(h.Samples) == 0 {
		return fault.New(fault.Invalid, "the file has no samples").In(name).Do("load files with genotypes")
	}
	a.headers = append(a.headers, h)
	return nil
}

// commit makes the store's part durable, and then everything visible.
func (a *act) commit(ctx context.Context, l *store.Load) error {
	a.progress(len(a.Files)-1, 0, true)
	sealed, err := l.Seal(ctx)
	if err != nil {
		return err
	}
	replaced, err := a.replaced(ctx)
	if err != nil {
		return err
	}
	err = a.DB.Write(ctx, func(tx *storage.Tx) error {
		numbers, err := a.People.Enrol(ctx, tx, a.people)
		if err != nil {
			return err
		}
		for i, p := range a.who {
			a.samples[i].Individual = numbers[p] // the load holds this slice
		}
		if err := l.Commit(ctx, tx); err != nil {
			return err
		}
		if len(a.choices) == 0 {
			return nil
		}
		return a.Consents.Import(ctx, tx, a.By, a.Consent, a.choices)
	})
	if err != nil {
		return err
	}
	r := &a.report
	r.Samples, r.NewSamples, r.Replaced = len(a.samples), len(a.samples)-replaced, replaced
	r.Individuals, r.Choices = len(a.people), len(a.choices)
	r.Genotypes, r.Duplicates, r.Conflicts, r.Bytes = sealed.Genotypes, sealed.Duplicates, sealed.Conflicts, sealed.Bytes
	for i := range r.Files {
		r.Variants += r.Files[i].Variants
	}
	return nil
}

// replaced counts the samples that the dataset has already.
func (a *act) replaced(ctx context.Context) (n int, err error) {
	there, err := a.Store.Samples(ctx)
	if err != nil {
		return 0, err
	}
	names := make(map[string]bool, len(there))
	for _, s := range there {
		if s.Dataset == a.Dataset {
			names[s.Name] = true
		}
	}
	for _, s := range a.samples {
		if names[s.Name] {
			n++
		}
	}
	return n, nil
}

func (a *act) progress(file int, bytes int64, sealing bool) {
	if a.Progress != nil {
		a.Progress(Progress{File: a.Files[file], Number: file + 1, Of: len(a.Files), Bytes: a.done + bytes, Total: a.sizes, Records: a.records, Sealing: sealing})
	}
}
