package counted

import (
	"context"
	"encoding/binary"
	"math/bits"
	"slices"
	"sync/atomic"

	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/ledger/membership"
)

// A page holds so many nodes of a level that is kept.
const pageNodes = 16

const (
	hashBytes = len(membership.Hash{})
	leafBytes = hashBytes + 8 // a leaf's hash, and the version that made it
)

// place is where a page is.
type place struct {
	level uint8 // 0, 4, 8, …
	page  uint32
}

// width is how many bytes a node has on a page.
func (p place) width() int {
	if p.level == 0 {
		return leafBytes
	}
	return hashBytes
}

// node gives one of a page's nodes.
func (p place) node(page []byte, i int) (h membership.Hash) {
	copy(h[:], page[i*p.width():])
	return h
}

// leafMade is the version that made a leaf of a page.
func leafMade(page []byte, i int) uint64 {
	return binary.BigEndian.Uint64(page[i*leafBytes+hashBytes:])
}

// tree is one use's. Whoever has its turn may read and change what stands under it.
type tree struct {
	use    Use
	recent atomic.Pointer[[]asked] // the newest first
	used   atomic.Uint64           // by Counted.clock, when somebody last asked
	leaves atomic.Uint32           // in memory
	turn   chan struct{}

	gone    bool // out of memory: there may be another for the use
	hashes  *membership.Tree
	pages   map[uint8][][]byte // by level: hashes, as they are kept
	id      int64              // 0: not in the database
	version int64
	root    membership.Hash
	words   []uint64            // who is in
	odd     []individual.Number // whose leaf has to be made again
	seen    int                 // how many of those forgotten it knows of
}

// asked is a set whose root can be proved.
type asked struct {
	set  *individual.Set
	root membership.Hash
}

// recents is how many sets a use keeps the roots of: the newest, and those that questions under way were given just before.
const recents = 4

// known gives the root of a set that was asked for a moment ago. It takes no lock.
func (t *tree) known(set *individual.Set) (membership.Hash, bool) {
	if recent := t.recent.Load(); recent != nil {
		for i := range *recent {
			if a := &(*recent)[i]; a.set == set {
				return a.root, true
			}
		}
	}
	return membership.Hash{}, false
}

// remember makes a set known. The turn is had.
func (t *tree) remember(set *individual.Set) {
	next := []asked{{set, t.root}}
	if recent := t.recent.Load(); recent != nil {
		next = append(next, (*recent)[:min(len(*recent), recents-1)]...)
	}
	t.recent.Store(&next)
}

// take waits for the tree's turn.
func (t *tree) take(ctx context.Context) error {
	select {
	case t.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *tree) give() { <-t.turn }

// change is a tree's next version, until it is committed.
type change struct {
	version int64
	epoch   uint64
	size    uint32
	root    membership.Hash
	words   []uint64
	seen    int
	draft   *membership.Draft
	places  []place // of the pages that are new
	pages   map[place][]byte
}

// follow works out the version in which the tree has so many leaves and says what the set says; nil when it does so already.
func (t *tree) follow(set *individual.Set, size uint32, s *salts, version int64) *change {
	forgotten := s.forgotten(t.seen)
	c := &change{version: version, epoch: set.Epoch, size: max(size, t.hashes.Size()), words: set.Words,
		seen: t.seen + len(forgotten), draft: t.hashes.Draft(), pages: map[place][]byte{}}
	altered := false
	put := func(n individual.Number) {
		if leaf := t.leaf(n, set, s, uint64(version)); leaf != t.hashes.Leaf(uint32(n)) {
			c.draft.Set(uint32(n), leaf)
			altered = true
		}
	}
	t.differing(set, put)
	for _, n := range t.odd {
		put(n)
	}
	for _, n := range forgotten {
		if uint32(n) < t.hashes.Size() {
			put(n)
		}
	}
	for n := t.hashes.Size(); n < c.size; n++ {
		c.draft.Append(t.leaf(individual.Number(n), set, s, uint64(version)))
		altered = true
	}
	if !altered && t.id != 0 {
		t.words, t.seen, t.odd = c.words, c.seen, nil
		return nil
	}
	c.root = c.draft.Root()
	for _, node := range c.draft.Take() {
		t.keep(c, node)
	}
	return c
}

// differing tells who of those that have a leaf is in the set and not in the tree, or the other way round.
func (t *tree) differing(set *individual.Set, tell func(individual.Number)) {
	a, b := t.words, set.Words
	if len(a) == len(b) && len(a) > 0 && &a[0] == &b[0] {
		return
	}
	for i := range max(len(a), len(b)) {
		var w uint64
		if i < len(a) {
			w = a[i]
		}
		if i < len(b) {
			w ^= b[i]
		}
		for ; w != 0; w &= w - 1 {
			if n := uint32(i*64 + bits.TrailingZeros64(w)); n < t.hashes.Size() {
				tell(individual.Number(n))
			}
		}
	}
}

// leaf is what an individual's leaf has to be.
func (t *tree) leaf(n individual.Number, set *individual.Set, s *salts, version uint64) membership.Hash {
	salt, ok := s.get(n)
	if !ok {
		return membership.Erased()
	}
	state := membership.Out
	if set.Has(n) {
		state = membership.In
	}
	return membership.Leaf(state, salt.Key(t.use.key(), version))
}

// keep writes a node on its page, which it copies first.
func (t *tree) keep(c *change, n membership.Node) {
	p := place{n.Level, n.Index / pageNodes}
	page, copied := c.pages[p]
	if !copied {
		if there := t.pages[p.level]; int(p.page) < len(there) {
			page = slices.Clone(there[p.page])
		}
		c.places = append(c.places, p)
	}
	at := int(n.Index%pageNodes) * p.width()
	if end := at + p.width(); end > len(page) {
		page = append(page, make([]byte, end-len(page))...)
	}
	copy(page[at:], n.Hash[:])
	if p.level == 0 {
		binary.BigEndian.PutUint64(page[at+hashBytes:], uint64(c.version))
	}
	c.pages[p] = page
}

// commit makes a change the tree. The turn is had.
func (t *tree) commit(c *change) {
	c.draft.Apply()
	t.leaves.Store(t.hashes.Size())
	for _, p := range c.places { // of a level, in order
		row := t.pages[p.level]
		if int(p.page) == len(row) {
			row = append(row, nil)
		}
		row[p.page] = c.pages[p]
		t.pages[p.level] = row
	}
	t.version, t.root, t.words, t.seen, t.odd = c.version, c.root, c.words, c.seen, nil
}

// recognise finds who is in by the leaves, once they are read.
func (t *tree) recognise(s *salts) {
	t.words = make([]uint64, (t.hashes.Size()+63)/64)
	for p, page := range t.pages[0] {
		for i := range len(page) / leafBytes {
			n := individual.Number(p*pageNodes + i)
			salt, ok := s.get(n)
			switch leaf := t.hashes.Leaf(uint32(n)); state(leaf, salt, ok, t.use, leafMade(page, i)) {
			case membership.In:
				t.words[n/64] |= 1 << (n % 64)
			case membership.Nobody, unknown:
				t.odd = append(t.odd, n)
			case membership.Out:
			}
		}
	}
}

// unknown is the state of a leaf whose salt is gone.
const unknown = membership.State(255)

// state finds what a leaf says.
func state(leaf membership.Hash, s membership.Salt, there bool, u Use, made uint64) membership.State {
	if there {
		k := s.Key(u.key(), made)
		for _, state := range []membership.State{membership.In, membership.Out} {
			if leaf == membership.Leaf(state, k) {
				return state
			}
		}
	}
	if leaf == membership.Erased() {
		return membership.Nobody
	}
	return unknown
}
