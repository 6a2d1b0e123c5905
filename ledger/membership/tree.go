package membership

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"math/bits"
	"slices"
)

// stride is how many levels lie between two that are kept.
const stride = 4

// Node is a hash that is kept: that of 2^Level leaves, which begin at Index·2^Level.
type Node struct {
	Level uint8 // 0, 4, 8, …
	Index uint32
	Hash  Hash
}

// Tree is the newest state of one use's tree.
type Tree struct {
	levels  [][]Hash // levels[l][i] is over the leaves from i·2^l on; only whole ones
	changed []uint32 // leaves whose parents haven't been computed
	taken   map[place]struct{}
}

type place struct {
	level uint8
	index uint32
}

// New makes a tree of leaves, none of which has been taken.
func New(leaves []Hash) *Tree {
	t := &Tree{levels: [][]Hash{nil}, taken: map[place]struct{}{}}
	for _, h := range leaves {
		t.Append(h)
	}
	return t
}

// Size is how many leaves there are.
func (t *Tree) Size() uint32 { return uint32(len(t.levels[0])) } //nolint:gosec // Append: it fits

// Leaf gives one leaf.
func (t *Tree) Leaf(i uint32) Hash { return t.levels[0][i] }

// Append adds a leaf at the end.
func (t *Tree) Append(h Hash) {
	t.levels[0] = append(t.levels[0], h)
	t.changed = append(t.changed, t.Size()-1)
}

// Set changes a leaf that is there.
func (t *Tree) Set(i uint32, h Hash) {
	t.levels[0][i] = h
	t.changed = append(t.changed, i)
}

// settle computes what stands over the changed leaves: each node once, however many leaves under it changed.
func (t *Tree) settle() {
	if len(t.changed) == 0 {
		return
	}
	under := t.changed
	for level := uint8(0); len(under) > 0; level++ {
		slices.Sort(under)
		under = slices.Compact(under)
		if level%stride == 0 {
			for _, i := range under {
				t.taken[place{level, i}] = struct{}{}
			}
		}
		under = t.parents(level, under)
	}
	t.changed = t.changed[:0]
}

// parents computes the parents of nodes of a level, and gives their indices in the place of the nodes'.
func (t *Tree) parents(level uint8, under []uint32) []uint32 {
	below := t.levels[level]
	whole := len(below) / 2
	if whole == 0 {
		return nil
	}
	if int(level)+1 == len(t.levels) {
		t.levels = append(t.levels, nil)
	}
	above := slices.Grow(t.levels[level+1], whole-len(t.levels[level+1]))[:whole]
	n, last := 0, -1
	for _, i := range under {
		p := int(i / 2)
		if p >= whole || p == last {
			continue
		}
		above[p] = node(below[2*p], below[2*p+1])
		under[n], last = uint32(p), p //nolint:gosec // below the size
		n++
	}
	t.levels[level+1] = above
	return under[:n]
}

// Root is the hash over all leaves.
func (t *Tree) Root() Hash {
	t.settle()
	h, _ := span(0, t.Size(), t.at) // at doesn't fail
	return h
}

func (t *Tree) at(level uint8, index uint32) (Hash, error) { return t.levels[level][index], nil }

// Take gives the kept nodes that have changed since it was last called, by level and index, to be stored with the epoch of
// the change.
func (t *Tree) Take() []Node {
	t.settle()
	nodes := make([]Node, 0, len(t.taken))
	for p := range t.taken {
		nodes = append(nodes, Node{p.level, p.index, t.levels[p.level][p.index]})
	}
	slices.SortFunc(nodes, func(a, b Node) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Index, b.Index))
	})
	t.taken = map[place]struct{}{} // clearing would cost as much as the first taking, each time
	return nodes
}

// Prove opens an individual's leaf, which must be what state and key say.
func (t *Tree) Prove(index uint32, state State, k Key) (Proof, Hash, error) {
	t.settle()
	return prove(t.Size(), index, state, k, t.at)
}

// Past gives the kept nodes of a level as they were at one epoch: n of them from first on, in order.
type Past func(level uint8, first, n uint32) ([]Hash, error)

// Prove opens a leaf as it was when the tree had a size, and gives the root of then.
func (at Past) Prove(size, index uint32, state State, k Key) (Proof, Hash, error) {
	return prove(size, index, state, k, at.node)
}

// Root gives the root of then.
func (at Past) Root(size uint32) (Hash, error) { return span(0, size, at.node) }

// node computes a node from those that are kept beneath it.
func (at Past) node(level uint8, index uint32) (Hash, error) {
	up := level % stride
	n := uint32(1) << up
	row, err := at(level-up, index<<up, n)
	if err != nil {
		return Hash{}, err
	}
	if len(row) != int(n) {
		return Hash{}, fmt.Errorf("%d of %d nodes of level %d are kept from %d on", len(row), n, level-up, index<<up)
	}
	row = slices.Clone(row)
	for ; len(row) > 1; row = row[:len(row)/2] {
		for i := range len(row) / 2 {
			row[i] = node(row[2*i], row[2*i+1])
		}
	}
	return row[0], nil
}

type nodes func(level uint8, index uint32) (Hash, error)

// prove walks from the whole tree down to a leaf, and keeps what it leaves aside.
func prove(size, index uint32, state State, k Key, at nodes) (Proof, Hash, error) {
	p := Proof{Index: index, Size: size, State: state, Key: k}
	if index >= size {
		return p, Hash{}, fmt.Errorf("a tree of %d has no leaf %d", size, index)
	}
	root, err := span(0, size, at)
	if err != nil {
		return p, Hash{}, err
	}
	for from, to := uint32(0), size; to-from > 1; {
		middle := from + split(to-from)
		aside := [2]uint32{middle, to}
		if index < middle {
			to = middle
		} else {
			aside, from = [2]uint32{from, middle}, middle
		}
		h, err := span(aside[0], aside[1], at)
		if err != nil {
			return p, Hash{}, err
		}
		p.Path = append(p.Path, h)
	}
	slices.Reverse(p.Path)
	return p, root, p.Verify(root)
}

// split is the greatest power of two below n, which is at least 2.
func split(n uint32) uint32 { return 1 << (bits.Len32(n-1) - 1) }

// span hashes the leaves from from up to to, which stand where RFC 6962 splits the tree.
func span(from, to uint32, at nodes) (Hash, error) {
	n := to - from
	switch {
	case n == 0:
		return sha256.Sum256(nil), nil
	case n&(n-1) == 0:
		level := uint8(bits.TrailingZeros32(n))
		return at(level, from>>level)
	}
	middle := from + split(n)
	left, err := span(from, middle, at)
	if err != nil {
		return Hash{}, err
	}
	right, err := span(middle, to, at)
	if err != nil {
		return Hash{}, err
	}
	return node(left, right), nil
}
