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

// Tree is the newest committed state of one use's tree.
type Tree struct {
	levels [][]Hash // levels[l][i] is over the leaves from i·2^l on; only whole ones
}

// New makes a tree of leaves.
func New(leaves []Hash) *Tree {
	t := &Tree{levels: [][]Hash{leaves}}
	for below := leaves; len(below) > 1; {
		above := make([]Hash, len(below)/2)
		for i := range above {
			above[i] = node(below[2*i], below[2*i+1])
		}
		t.levels = append(t.levels, above)
		below = above
	}
	return t
}

// Size is how many leaves there are.
func (t *Tree) Size() uint32 { return uint32(len(t.levels[0])) }

// Leaf gives one leaf.
func (t *Tree) Leaf(i uint32) Hash { return t.levels[0][i] }

// Root is the hash over all leaves.
func (t *Tree) Root() Hash {
	h, _ := span(0, t.Size(), t.at) // at doesn't fail
	return h
}

// Prove opens an individual's leaf, which must be what state and key say, and gives the root.
func (t *Tree) Prove(index uint32, state State, k Key) (Proof, Hash, error) {
	return prove(t.Size(), index, state, k, t.at)
}

func (t *Tree) at(level uint8, index uint32) (Hash, error) { return t.levels[level][index], nil }

// Draft is a tree as it will be when a transaction is committed. The tree must not change meanwhile.
type Draft struct {
	tree    *Tree
	size    uint32
	over    []map[uint32]Hash // by level: what differs from the tree
	changed []uint32          // leaves whose parents haven't been computed
	taken   map[place]struct{}
}

type place struct {
	level uint8
	index uint32
}

// Draft begins a change.
func (t *Tree) Draft() *Draft {
	return &Draft{tree: t, size: t.Size(), over: []map[uint32]Hash{{}}, taken: map[place]struct{}{}}
}

// Size is how many leaves there will be.
func (d *Draft) Size() uint32 { return d.size }

// Append adds a leaf at the end.
func (d *Draft) Append(h Hash) {
	d.size++
	d.Set(d.size-1, h)
}

// Set changes a leaf that is there.
func (d *Draft) Set(i uint32, h Hash) {
	d.over[0][i] = h
	d.changed = append(d.changed, i)
}

func (d *Draft) at(level uint8, index uint32) (Hash, error) {
	if int(level) < len(d.over) {
		if h, ok := d.over[level][index]; ok {
			return h, nil
		}
	}
	return d.tree.at(level, index)
}

// Root is the hash over all leaves.
func (d *Draft) Root() Hash {
	d.settle()
	h, _ := span(0, d.size, d.at) // at doesn't fail
	return h
}

// settle computes what stands over the changed leaves: each node once, however many leaves under it changed.
func (d *Draft) settle() {
	under := d.changed
	for level := uint8(0); len(under) > 0; level++ {
		slices.Sort(under)
		under = slices.Compact(under)
		if level%stride == 0 {
			for _, i := range under {
				d.taken[place{level, i}] = struct{}{}
			}
		}
		under = d.parents(level, under)
	}
	d.changed = nil
}

// parents computes the parents of nodes of a level, sorted, and gives their indices in the place of the nodes'.
func (d *Draft) parents(level uint8, under []uint32) []uint32 {
	whole := d.size >> (level + 1)
	if whole > 0 && int(level)+1 == len(d.over) {
		d.over = append(d.over, map[uint32]Hash{})
	}
	n, last := 0, ^uint32(0)
	for _, i := range under {
		p := i / 2
		if p >= whole || p == last {
			continue
		}
		left, _ := d.at(level, 2*p) // at doesn't fail
		right, _ := d.at(level, 2*p+1)
		d.over[level+1][p] = node(left, right)
		under[n], last = p, p
		n++
	}
	return under[:n]
}

// Take gives the kept nodes that have changed since it was last called, by level and index, to be stored with the epoch of
// the change.
func (d *Draft) Take() []Node {
	d.settle()
	nodes := make([]Node, 0, len(d.taken))
	for p := range d.taken {
		nodes = append(nodes, Node{p.level, p.index, d.over[p.level][p.index]})
	}
	slices.SortFunc(nodes, func(a, b Node) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Index, b.Index))
	})
	d.taken = map[place]struct{}{}
	return nodes
}

// Apply makes the draft the tree.
func (d *Draft) Apply() {
	d.settle()
	t := d.tree
	for level, over := range d.over {
		if level == len(t.levels) {
			t.levels = append(t.levels, nil)
		}
		row := t.levels[level]
		row = slices.Grow(row, int(d.size>>level)-len(row))[:d.size>>level]
		for i, h := range over {
			row[i] = h
		}
		t.levels[level] = row
	}
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
