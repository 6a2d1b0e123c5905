package store

import (
	"context"
	"fmt"

	"github.com/samverk/samverk/genome/variant"
)

// Verified tells what a check of the whole store read.
type Verified struct {
	Segments  int
	Blocks    int
	Variants  int64
	Genotypes int64
	Faults    []string // what is wrong, a sentence each; none in a sound store
}

// Verify reads every block of every segment: checksums, order, and that each row can be decoded. progress, which
// may be nil, is told the bytes read so far.
func (sn *Snapshot) Verify(ctx context.Context, progress func(done, total int64)) (Verified, error) {
	var out Verified
	var done, total int64
	for _, s := range sn.v.segments {
		total += s.size
	}
	for _, s := range sn.v.segments {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		out.Segments++
		out.Blocks += len(s.index) + len(s.covers)
		if err := out.segment(ctx, s); err != nil {
			if ctx.Err() != nil {
				return out, ctx.Err()
			}
			out.Faults = append(out.Faults, err.Error())
		}
		done += s.size
		if progress != nil {
			progress(done, total)
		}
	}
	return out, nil
}

func (out *Verified) segment(ctx context.Context, s *segment) error {
	r := reader{s: s}
	var last variant.Key
	rows := int64(0)
	for {
		ok, err := r.advance()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		rec := r.record()
		if last.Chrom != 0 && rec.Key.Compare(last) <= 0 {
			return s.damaged(fmt.Sprintf("the variants are out of order at %s", rec.Key))
		}
		last = rec.Key
		for i, e := range rec.Entries {
			if e.Sample() >= s.n || i > 0 && rec.Entries[i-1].Sample() >= e.Sample() {
				return s.damaged(fmt.Sprintf("the carriers are out of order at %s", rec.Key))
			}
		}
		out.Genotypes += int64(len(rec.Entries))
		if rows++; rows&0xffff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	out.Variants += rows
	if rows != s.variants {
		return s.damaged(fmt.Sprintf("the segment holds %d variants and says %d", rows, s.variants))
	}
	c := coverReader{s: s}
	for {
		if _, ok, err := c.event(); err != nil || !ok {
			return err
		}
	}
}
