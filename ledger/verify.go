package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/samverk/samverk/fault"
)

// Report is what Verify found.
type Report struct {
	Checkpoint Checkpoint
	Leaves     uint64
	Kinds      map[Kind]uint64 // how many leaves of each
	Counted    uint64          // the sum over uses
	Damage     []Damage        // empty: all is as it was signed
	More       int             // damages beyond those listed
	Steps      []Step          // where the node's clock went back
	Files      int             // how many tiles and bundles were read
	First      time.Time
	Last       time.Time
}

// Damage is one place where the log isn't what was signed.
type Damage struct {
	File  string // the damaged file, as far as that can be told
	Index uint64 // the first leaf concerned
	What  string
}

func (d Damage) String() string { return fmt.Sprintf("%s: leaf %d: %s", d.File, d.Index, d.What) }

// Step is a leaf whose time is before the one before it.
type Step struct {
	Index    uint64
	From, To time.Time
}

// OK tells whether nothing is damaged.
func (r *Report) OK() bool { return len(r.Damage) == 0 }

const (
	listed   = 100    // damages and steps
	hopeless = 10_000 // damages after which the rest isn't looked at
)

// Verify reads a log's public files whole, recomputes every hash from the entries up, and compares each tile, the root and the
// signed size. See, if it isn't nil, gets each leaf in order. Its error says that it couldn't look; what it
// found is in the report.
func Verify(ctx context.Context, from Source, public string, see func(index uint64, x Leaf) error) (*Report, error) {
	r := &Report{Kinds: map[Kind]uint64{}}
	c, err := fetchCheckpoint(ctx, from, public)
	if err != nil {
		if fault.KindOf(err) == fault.Invalid || errors.Is(err, fs.ErrNotExist) {
			r.damage("checkpoint", 0, err.Error())
			return r, nil
		}
		return nil, err
	}
	r.Checkpoint, r.Leaves = c, c.Size
	v := &verifier{r: r, f: files{ctx, from}, size: c.Size, see: see}
	return r, v.run()
}

func (r *Report) damage(file string, index uint64, what string) {
	if len(r.Damage) == listed {
		r.More++
		return
	}
	r.Damage = append(r.Damage, Damage{file, index, what})
}

type verifier struct {
	r    *Report
	f    files
	size uint64
	see  func(uint64, Leaf) error
	last time.Time
}

// run goes up level by level. A level's nodes are what the level beneath gives; parents are what the tiles above say.
func (v *verifier) run() error {
	if v.size == 0 {
		return nil
	}
	var nodes, edge []tlog.Hash // roots of full tiles; hashes of the last, partial tile
	for t := uint64(0); t*tileWidth < v.size; t++ {
		if err := v.f.ctx.Err(); err != nil {
			return fault.Wrap(fault.Unavailable, err, "the log wasn't read to its end")
		}
		if v.r.More > hopeless {
			return nil // a log of another size than it says, or one that is gone
		}
		n := int(min(tileWidth, v.size-t*tileWidth))
		hashes, err := v.bundle(t, n)
		if err != nil {
			return err
		}
		if n == tileWidth {
			nodes = append(nodes, subtree(hashes))
		} else {
			edge = hashes
		}
	}
	peaks, err := v.above(nodes)
	if err != nil {
		return err
	}
	root := fold(append(peaks, perfect(edge)...))
	if root != tlog.Hash(v.r.Checkpoint.Root) && v.r.OK() {
		v.r.damage("checkpoint", v.size-1, "entries and tiles agree, and give another root than was signed")
	}
	return nil
}

// bundle compares one bundle of entries with its tile, and gives the hashes to go on with. If they differ, the tile
// is right if it is under the signed root.
func (v *verifier) bundle(t uint64, n int) ([]tlog.Hash, error) {
	entries, bundleFile, err := v.f.entries(t, n)
	if err := v.unread(bundleFile, t*tileWidth, err); err != nil {
		return nil, err
	}
	said, tileFile, err := v.f.hashes(0, t, n)
	if err := v.unread(tileFile, t*tileWidth, err); err != nil {
		return nil, err
	}
	v.r.Files += 2
	got := make([]tlog.Hash, len(entries))
	for i, e := range entries {
		got[i] = tlog.RecordHash(e)
	}
	if len(entries) == 0 || len(said) == 0 {
		v.leaves(bundleFile, t, entries)
		if len(entries) == 0 && len(said) == 0 {
			return make([]tlog.Hash, n), nil
		}
		return either(got, said), nil
	}
	at := differ(got, said)
	if at < 0 {
		v.leaves(bundleFile, t, entries)
		return got, nil
	}
	i := t*tileWidth + uint64(at)
	if v.authentic(t) {
		v.r.damage(bundleFile, i, "the entry isn't the one in the tree")
		return said, nil
	}
	v.r.damage(tileFile, i, "the tile has another hash than the entry")
	v.leaves(bundleFile, t, entries)
	return got, nil
}

func either(a, b []tlog.Hash) []tlog.Hash {
	if len(a) > 0 {
		return a
	}
	return b
}

// unread records a file that is missing or cut as damage. An error of another sort ends the verifying.
func (v *verifier) unread(file string, index uint64, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		v.r.damage(file, index, "the file is missing")
		return nil
	case fault.KindOf(err) == fault.Internal && errors.As(err, new(*fault.Error)):
		v.r.damage(file, index, err.Error())
		return nil
	}
	return fault.Wrap(fault.Unavailable, err, "the log wasn't read to its end")
}

// authentic tells whether a tile of leaves is the one under the signed root: package tlog checks it by the tiles above.
func (v *verifier) authentic(t uint64) bool {
	index := tlog.StoredHashIndex(0, int64(t*tileWidth))
	_, err := tlog.TileHashReader(v.r.Checkpoint.tree(), v.f).ReadHashes([]int64{index})
	return err == nil
}

// leaves looks into entries: that they can be read, of what kind, and whether the clock went back.
func (v *verifier) leaves(file string, t uint64, entries [][]byte) {
	for i, e := range entries {
		index := t*tileWidth + uint64(i)
		x, err := Decode(e)
		if err != nil {
			v.r.damage(file, index, err.Error())
			continue
		}
		v.leaf(file, index, x)
	}
}

func (v *verifier) leaf(file string, index uint64, x Leaf) {
	r := v.r
	if (index == 0) != (x.Kind == Genesis) {
		r.damage(file, index, "a leaf of the kind "+x.Kind.String()+" can't stand here")
	}
	if index > 0 && x.Time.Before(v.last) && len(r.Steps) < listed {
		r.Steps = append(r.Steps, Step{index, v.last, x.Time})
	}
	if index == 0 {
		r.First = x.Time
	}
	v.last, r.Last = x.Time, x.Time
	r.Kinds[x.Kind]++
	if x.Kind == Use {
		r.Counted += x.Counted
	}
	if v.see != nil {
		if err := v.see(index, x); err != nil {
			r.damage(file, index, err.Error())
		}
	}
}

// above compares the tiles over the leaves' tiles with what those give, level by level, and returns the perfect subtrees'
// hashes that the root is made of, the largest first.
func (v *verifier) above(nodes []tlog.Hash) (peaks []tlog.Hash, err error) {
	width := uint64(tileWidth) // leaves under a node
	for level := uint64(1); len(nodes) > 0; level++ {
		var up, edge []tlog.Hash
		for t := 0; t < len(nodes); t += tileWidth {
			mine := nodes[t:min(t+tileWidth, len(nodes))]
			said, file, err := v.f.hashes(level, uint64(t/tileWidth), len(mine))
			if err := v.unread(file, uint64(t)*width, err); err != nil {
				return nil, err
			}
			v.r.Files++
			if said != nil {
				if at := differ(mine, said); at >= 0 {
					v.r.damage(file, uint64(t+at)*width, "the tile has another hash than the tile under it gives")
				}
			}
			if len(mine) == tileWidth {
				up = append(up, subtree(mine))
			} else {
				edge = mine
			}
		}
		peaks = append(perfect(edge), peaks...)
		nodes, width = up, width*tileWidth
	}
	return peaks, nil
}

// differ gives the first place where two lists differ, or -1.
func differ(a, b []tlog.Hash) int {
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return i
		}
	}
	return -1
}

// subtree hashes a power of two of hashes together.
func subtree(h []tlog.Hash) tlog.Hash {
	row := append([]tlog.Hash(nil), h...)
	for len(row) > 1 {
		for i := range len(row) / 2 {
			row[i] = tlog.NodeHash(row[2*i], row[2*i+1])
		}
		row = row[:len(row)/2]
	}
	return row[0]
}

// perfect gives the hashes of the perfect subtrees that some hashes fall into, the largest first.
func perfect(h []tlog.Hash) (out []tlog.Hash) {
	for len(h) > 0 {
		n := 1 << (bits.Len(uint(len(h))) - 1)
		out, h = append(out, subtree(h[:n])), h[n:]
	}
	return out
}

// fold hashes perfect subtrees to the root, the smallest first.
func fold(peaks []tlog.Hash) tlog.Hash {
	root := peaks[len(peaks)-1]
	for i := len(peaks) - 2; i >= 0; i-- {
		root = tlog.NodeHash(peaks[i], root)
	}
	return root
}
