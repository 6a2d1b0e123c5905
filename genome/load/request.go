package load

import (
	"fmt"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
)

// The limits that a reference block has to reach by default.
const (
	DefaultMinGQ = 20
	DefaultMinDP = 8
)

// Deps are the rooms that a load writes to.
type Deps struct {
	DB       *storage.DB
	Store    *store.Store
	People   *individual.Register
	Consents *consent.Consents
}

// Request is what to load. Paths are of this machine; "" is none.
type Request struct {
	Dataset         string
	Origin          store.Origin // "" is germline
	Files           []string
	Samples         string // a table of sample, individual, sex and maybe pseudonym; without it each sample is its own individual of unknown sex
	Consent         string // a table of individual, purpose, allow
	By              consent.Actor
	Reference       string // a FASTA of GRCh38
	Assembly        string // what the files are on, where they don't say
	Targets         string // a BED file
	MinGQ, MinDP    int    // what a reference block has to reach
	IncludeFiltered bool   // take records whose FILTER is not PASS too
	Progress        func(Progress)
}

// Progress is how far a load has come.
type Progress struct {
	File         string
	Number, Of   int   // this file is the Number-th, from 1
	Bytes, Total int64 // read of all files, and their sizes
	Records      int64 // of all files
	Sealing      bool  // everything is read; the store is made durable
}

// Report is what a load did.
type Report struct {
	Dataset     string       `json:"dataset"`
	Origin      store.Origin `json:"origin"`
	Assembly    string       `json:"assembly"`
	Samples     int          `json:"samples"`
	NewSamples  int          `json:"new_samples"`
	Replaced    int          `json:"replaced_samples"`
	Individuals int          `json:"individuals"`
	Unused      int          `json:"unused_sample_rows,omitempty"` // lines of the sample table whose sample is in no file
	Choices     int          `json:"consent_choices"`
	Variants    int64        `json:"variants"`
	Genotypes   int64        `json:"genotypes"`
	Duplicates  int64        `json:"duplicates"`              // variants that a genome's files state more than once; united
	Conflicts   int64        `json:"conflicts"`               // genotypes that two of those state; what carries more of the variant stands
	Bytes       int64        `json:"bytes"`                   // written
	OtherTarget int64        `json:"other_targets,omitempty"` // lines of the BED file on other sequences
	Files       []FileReport `json:"files"`
}

// FileReport is what became of one file's records.
type FileReport struct {
	File           string `json:"file"`
	Format         string `json:"format"`
	Samples        int    `json:"samples"`
	Records        int64  `json:"records"`
	Variants       int64  `json:"variants"` // ALTs that went in
	Symbolic       int64  `json:"symbolic"` // of those, structural variants and breakends
	Blocks         int64  `json:"blocks"`
	CallableBlocks int64  `json:"callable_blocks"` // of those, per sample, that reach the limits
	Filtered       Tally  `json:"filtered"`        // records left out, by FILTER
	OtherSequences Tally  `json:"other_sequences"` // records left out, by CHROM
	OffTarget      int64  `json:"off_target"`      // ALTs outside the targets, left out
	Star           int64  `json:"star"`            // "*" alleles
	Odd            []Odd  `json:"odd,omitempty"`   // what somebody should look at
}

// Odd is something that was read otherwise than it was written.
type Odd struct {
	Kind  string `json:"kind"`
	Count int64  `json:"count"`
	Line  int64  `json:"line"` // the first one's
}

// Tally counts by a name. Beyond a thousand names the others are one.
type Tally map[string]int64

const maxNames = 1000

func (t Tally) add(name []byte) {
	n, ok := t[string(name)]
	if !ok && len(t) >= maxNames {
		name = []byte("(others)")
		n = t["(others)"]
	}
	t[string(name)] = n + 1
}

// Sum is the count over all names.
func (t Tally) Sum() (n int64) {
	for _, c := range t {
		n += c
	}
	return n
}

// What is read otherwise than it was written.
const (
	oddMaleX      = "male with two different alleles on X outside the pseudoautosomal regions: counted as missing"
	oddMaleY      = "male with two different alleles on Y outside the pseudoautosomal regions: counted as missing"
	oddFemaleY    = "female with an allele on Y outside the pseudoautosomal regions: counted as missing"
	oddMixedMT    = "mitochondrial genotype of several alleles (heteroplasmy): counted as none"
	oddPloidy     = "genotype of more than two copies: counted as missing"
	oddAmbiguous  = "ALT with an ambiguity code: left out"
	oddREF        = "REF with an ambiguity code: read as the reference's base, or the code's first"
	oddSame       = "ALT that equals REF: left out"
	oddOtherEnd   = "symbolic allele that ends on another sequence (CHR2): left out"
	oddWithoutEnd = "symbolic allele without END or SVLEN: kept by its type and position alone"
)

// odd counts one, and keeps the first one's line.
func (f *FileReport) odd(kind string, line int64) {
	for i := range f.Odd {
		if f.Odd[i].Kind == kind {
			f.Odd[i].Count++
			return
		}
	}
	f.Odd = append(f.Odd, Odd{kind, 1, line})
}

// Notes are sentences about what was left out or read otherwise: what an operator should look at.
func (r Report) Notes() []string {
	var notes []string
	note := func(n int64, format string, args ...any) {
		if n > 0 {
			notes = append(notes, fmt.Sprintf(format, args...))
		}
	}
	for i := range r.Files {
		f := &r.Files[i]
		note(f.Filtered.Sum(), "%s: %d of %d records left out by FILTER", f.File, f.Filtered.Sum(), f.Records)
		note(f.OtherSequences.Sum(), "%s: %d records on other sequences than the primary ones left out", f.File, f.OtherSequences.Sum())
		note(f.OffTarget, "%s: %d variants outside the targets left out", f.File, f.OffTarget)
		for _, o := range f.Odd {
			note(o.Count, "%s:%d: %d × %s", f.File, o.Line, o.Count, o.Kind)
		}
	}
	note(r.Duplicates, "%d variants are stated more than once and were united", r.Duplicates)
	note(int64(r.Replaced), "%d samples of the dataset were replaced", r.Replaced)
	note(int64(r.Unused), "%d lines of the sample table name a sample that is in no file", r.Unused)
	return notes
}
