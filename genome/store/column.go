package store

import "sync/atomic"

// Long answers ask for most rows of a block, and the next one asks for the same: a mask keeps what was counted
// under it, row by row, in columns. A mask is of one consent epoch and one state of the store, so a
// column is never stale; a new epoch begins with none.

// columnBytes is how much memory the columns of one mask may take.
const columnBytes = 96 << 20

// column is the counted rows of one block. It is immutable once published.
type column struct {
	done  []uint64 // by row: whether it is counted
	count []tally32
}

// tally32 is a tally as a column keeps it.
type tally32 struct{ het, hom, hemi, known, copies int32 }

const tallyBytes = 20

func newColumn(rows int) *column {
	return &column{done: make([]uint64, (rows+63)/64), count: make([]tally32, rows)}
}

func (c *column) get(row int) (tally, bool) {
	if c == nil || c.done[row>>6]>>(row&63)&1 == 0 {
		return tally{}, false
	}
	t := &c.count[row]
	return tally{het: int(t.het), hom: int(t.hom), hemi: int(t.hemi), known: int(t.known), copies: int(t.copies)}, true
}

func (c *column) set(row int, t tally) {
	c.done[row>>6] |= 1 << (row & 63)
	c.count[row] = tally32{int32(t.het), int32(t.hom), int32(t.hemi), int32(t.known), int32(t.copies)}
}

// Forget gives up what long answers under the mask have kept, up to columnBytes of memory.
func (m *Mask) Forget() { m.kept.Store(newColumns(m.v.segments)) }

// columns is a mask's, by segment and block.
type columns struct {
	of   [][]atomic.Pointer[column]
	left atomic.Int64 // bytes
}

func newColumns(segments []*segment) *columns {
	c := &columns{of: make([][]atomic.Pointer[column], len(segments))}
	for i, s := range segments {
		c.of[i] = make([]atomic.Pointer[column], len(s.index))
	}
	c.left.Store(columnBytes)
	return c
}

// keep publishes what a counter found in a block, together with what others had found before it. Of two counters that
// do so at once one is forgotten, which costs time and nothing else.
func (c *columns) keep(segment, block int, own *column) {
	at := &c.of[segment][block]
	old := at.Load()
	if old == nil {
		if c.left.Add(-int64(len(own.count)*tallyBytes)) < 0 {
			return
		}
		at.Store(own)
		return
	}
	all := &column{done: append([]uint64(nil), old.done...), count: append([]tally32(nil), old.count...)}
	for row := range own.count {
		if t, ok := own.get(row); ok {
			all.set(row, t)
		}
	}
	at.Store(all)
}
