package load

import (
	"github.com/samverk/samverk/genome/vcf"
)

// block makes a record without a variant callable, for each sample whose genotype is reference and reaches the
// limits. any says that the ALT stands for any allele; else it is a dot.
func (r *reader) block(refLen int, any bool) error {
	r.report.Blocks++
	end := r.rec.Pos + uint32(refLen) - 1
	if v, ok := r.rec.InfoValue("END"); ok {
		n, ok := vcf.Number(v, 0)
		if !ok || n < r.rec.Pos || n > r.rec.Chrom.Length() {
			return r.fault("END", "%q is not the end of a block on %s", short(v), r.rec.Chrom)
		}
		end = n
	}
	calls := r.calls.Calls()
	f := r.calls.Format()
	for i, col := range vcf.Columns(r.rec.SampleText()) {
		if len(calls) > 0 && calls[0].Sample() == uint32(i) {
			c := calls[0]
			calls = calls[1:]
			if a, b := c.Alleles(); c.Copies() == 0 || a != 0 || b > 0 || b < 0 && c.Copies() > 1 {
				continue
			}
		}
		if !r.reaches(f, col, any) {
			continue
		}
		r.report.CallableBlocks++
		to := end
		if n := f.Length(col); n > 0 {
			if to = r.rec.Pos + n - 1; to > r.rec.Chrom.Length() {
				return r.fault("LEN", "the block reaches to %d, past the end of %s", to, r.rec.Chrom)
			}
		}
		if err := r.run.Callable(r.columns[i], r.rec.Chrom, r.rec.Pos, to); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) reaches(f *vcf.Format, column []byte, any bool) bool {
	gq, dp := f.Depths(column)
	return (int(gq) >= r.act.MinGQ || !any && f.GQ < 0) && (int(dp) >= r.act.MinDP || !any && f.DP < 0 && f.MinDP < 0)
}

// spanned makes REF's span callable for every sample with a genotype: a gVCF's variant record.
func (r *reader) spanned(refLen int) error {
	calls := r.calls.Calls()
	for i := range uint32(len(r.columns)) {
		if len(calls) > 0 && calls[0].Sample() == i {
			c := calls[0]
			calls = calls[1:]
			if c.Copies() == 0 {
				continue
			}
		}
		if err := r.run.Callable(r.columns[i], r.rec.Chrom, r.rec.Pos, r.rec.Pos+uint32(refLen)-1); err != nil {
			return err
		}
	}
	return nil
}
