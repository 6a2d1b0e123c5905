package store

import (
	"context"
	"fmt"
	"math/bits"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// fanIn is how many segments of about one size are merged into one: each genotype is
// written again once per factor of fanIn by which the store grows.
const fanIn = 8

// Compacted tells what a compaction did.
type Compacted struct {
	Before, After int   // segments
	Bytes         int64 // written
}

// Compact merges segments. Tidying merges only where many small ones lie side by side; all merges everything
// into one and drops the genotypes of replaced and removed samples. Questions and loads go on meanwhile.
func (s *Store) Compact(ctx context.Context, all bool) (Compacted, error) {
	s.compact.Lock()
	defer s.compact.Unlock()
	done := Compacted{Before: len(s.current.Load().segments)}
	for try := 0; ; try++ {
		v := s.current.Load()
		done.After = len(v.segments)
		group := v.ripe(all)
		if group == nil {
			return done, nil
		}
		n, err := s.rewrite(ctx, v, group)
		if fault.KindOf(err) == fault.Conflict && try < 100 {
			continue // a load or a removal came between: look again
		}
		if err != nil {
			return done, err
		}
		done.Bytes += n
	}
}

// ripe gives neighbouring segments that should become one; nil when there are none.
func (v *version) ripe(all bool) []*segment {
	if all {
		if len(v.segments) > 1 || v.anyRetired() {
			return v.segments
		}
		return nil
	}
	// A run of fanIn clusters of one tier: sizes within a factor of fanIn. A cluster is segments that share samples.
	clusters := v.clusters()
	for i := 0; i < len(clusters); {
		j := i + 1
		for j < len(clusters) && tier(clusters[j]) == tier(clusters[i]) {
			j++
		}
		if j-i >= fanIn {
			var out []*segment
			for _, c := range clusters[i:j] {
				out = append(out, c...)
			}
			return out
		}
		i = j
	}
	return nil
}

func (v *version) clusters() (out [][]*segment) {
	end := uint32(0)
	for _, g := range v.segments {
		if n := len(out); n > 0 && g.base < end {
			out[n-1] = append(out[n-1], g)
		} else {
			out = append(out, []*segment{g})
		}
		end = max(end, g.base+g.n)
	}
	return out
}

// tier is the size class of a cluster by its samples: a genome, up to 8, up to 64, …
func tier(c []*segment) int {
	last := c[len(c)-1]
	return (bits.Len32(last.base+last.n-c[0].base-1) + 2) / 3
}

func (v *version) anyRetired() bool {
	for _, g := range v.segments {
		if v.retiredIn(g) > 0 {
			return true
		}
	}
	return false
}

// retiredIn is how many of a segment's samples were retired since it was written.
func (v *version) retiredIn(g *segment) (n uint32) {
	for x := g.base; x < g.base+g.n; x++ {
		if v.dead(x) {
			n++
		}
	}
	return n - g.dead
}

func (v *version) dead(number uint32) bool {
	return int(number) >= len(v.samples) || !v.samples[number].live
}

// trimmed is the range of sample numbers from the first live one of the segments to the last.
func (v *version) trimmed(group []*segment) (from, to uint32) {
	from = group[0].base
	for _, g := range group {
		to = max(to, g.base+g.n)
	}
	for from < to && v.dead(from) {
		from++
	}
	for to > from && v.dead(to-1) {
		to--
	}
	return from, to
}

// rewrite merges a group into one segment and swaps them in a transaction. It gives the bytes written.
func (s *Store) rewrite(ctx context.Context, v *version, group []*segment) (int64, error) {
	id, err := s.db.NewID()
	if err != nil {
		return 0, err
	}
	base := group[0].base
	_, to := v.trimmed(group)
	to = max(to, base+1)
	name := fmt.Sprintf("%s-000.seg", id)
	w, err := newSegmentWriter(s.fs, name, to-base)
	if err != nil {
		return 0, err
	}
	m := merger{out: w, retired: func(x uint32) bool { return v.dead(base+x) || base+x >= to }}
	for _, g := range group {
		m.inputs = append(m.inputs, input{s: g, shift: g.base - base})
	}
	if err := m.run(ctx); err != nil {
		w.drop()
		return 0, err
	}
	if err := s.fs.SyncDir(); err != nil {
		w.drop()
		return 0, diskFault(err, name)
	}
	if err := s.swap(ctx, v, group, name, base, to-base, w); err != nil {
		s.discard([]string{name})
		return 0, err
	}
	if len(w.index) == 0 { // nothing was left of the group
		s.remove([]string{name}, nil)
	}
	return w.offset, nil
}

func (s *Store) swap(ctx context.Context, v *version, group []*segment, name string, base, n uint32, w *segmentWriter) error {
	return s.db.Write(ctx, func(tx *storage.Tx) error {
		now := s.current.Load()
		for _, g := range group {
			if now.segment(g.id) == nil {
				return fault.New(fault.Conflict, "a segment went while it was merged")
			}
			if _, err := tx.Exec(ctx, `DELETE FROM genome_segment WHERE file = $1`, g.id); err != nil {
				return err
			}
		}
		dead := uint32(0)
		for x := base; x < base+n; x++ {
			if now.dead(x) != v.dead(x) {
				return fault.New(fault.Conflict, "a sample went while its segment was merged")
			}
			dead += uint32(bit(now.dead(x)))
		}
		if len(w.index) > 0 {
			if err := insertSegment(ctx, tx, name, base, n, dead, w.offset, w.variants); err != nil {
				return err
			}
		}
		return s.publish(ctx, tx)
	})
}
