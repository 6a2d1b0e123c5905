package store

import (
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/individual"
)

// scope is which sample stands for each individual in a question: over all germline datasets, or in one dataset.
type scope struct {
	sampleOf []uint32 // by individual: number+1, 0 for none
	looked   []bool   // by targets: somebody in scope was sequenced there
}

// scopes are computed when first asked for.
type scopes struct {
	mu sync.Mutex
	by map[string]*scope
}

// scope gives the scope of a dataset; "" is all germline datasets. nil when there is no such dataset.
//
// A person with several samples is counted once, by the preferred one: a whole genome
// before a panel or an exome, then the one loaded last.
func (v *version) scope(dataset string) *scope {
	v.scopes.mu.Lock()
	defer v.scopes.mu.Unlock()
	if s := v.scopes.by[dataset]; s != nil {
		return s
	}
	if dataset != "" && v.dataset(dataset) == nil {
		return nil
	}
	s := &scope{looked: make([]bool, len(v.targets))}
	for n, x := range v.samples {
		if !x.live || dataset == "" && v.datasets[x.dataset].Origin != Germline || dataset != "" && v.datasets[x.dataset].Name != dataset {
			continue
		}
		s.looked[x.targets] = true
		for len(s.sampleOf) <= int(x.individual) {
			s.sampleOf = append(s.sampleOf, 0)
		}
		if old := s.sampleOf[x.individual]; old == 0 || x.targets == 0 || v.samples[old-1].targets != 0 {
			s.sampleOf[x.individual] = uint32(n) + 1
		}
	}
	if v.scopes.by == nil {
		v.scopes.by = make(map[string]*scope)
	}
	v.scopes.by[dataset] = s
	return s
}

// Mask is who is counted: one sample of each allowed individual. It belongs to its snapshot and is immutable.
type Mask struct {
	v      *version
	words  []uint64   // by sample number
	local  [][]uint64 // by segment, from the segment's sample 0
	total  []int      // by segment: how many of its samples are in the mask
	groups []group
	people int
	blocks int // how many of them say where they are callable
	kept   atomic.Pointer[columns]
}

// group is the mask's samples with the same targets.
type group struct {
	targets *targets
	looked  bool // somebody in scope has these targets, whether or not they are counted
	bySex   [3]int
}

// People are those who can be counted in a dataset, a bit for each individual's number. dataset "" is all germline datasets.
func (sn *Snapshot) People(dataset string) ([]uint64, error) {
	sc := sn.v.scope(dataset)
	if sc == nil {
		return nil, noDataset(dataset)
	}
	words := make([]uint64, (len(sc.sampleOf)+63)/64)
	for who, n := range sc.sampleOf {
		if n != 0 {
			words[who>>6] |= 1 << (who & 63)
		}
	}
	return words, nil
}

func noDataset(name string) error {
	return fault.New(fault.NotFound, "there is no dataset %q", name).Do("`samverk datasets` lists them")
}

// Mask turns individuals into the samples that are counted for them. dataset "" is all germline datasets.
func (sn *Snapshot) Mask(allowed *individual.Set, dataset string) (*Mask, error) {
	v := sn.v
	sc := v.scope(dataset)
	if sc == nil {
		return nil, noDataset(dataset)
	}
	m := &Mask{v: v, words: make([]uint64, (len(v.samples)+63)/64), groups: make([]group, len(v.targets))}
	for i, t := range v.targets {
		m.groups[i] = group{targets: t, looked: sc.looked[i]}
	}
	for w, word := range allowed.Words {
		for ; word != 0; word &= word - 1 {
			who := w<<6 + bits.TrailingZeros64(word)
			if who >= len(sc.sampleOf) || sc.sampleOf[who] == 0 {
				continue
			}
			n := sc.sampleOf[who] - 1
			x := &v.samples[n]
			m.words[n>>6] |= 1 << (n & 63)
			m.groups[x.targets].bySex[x.sex]++
			m.people++
			if x.blocks {
				m.blocks++
			}
		}
	}
	m.localize()
	m.Forget()
	return m, nil
}

func (m *Mask) localize() {
	m.local = make([][]uint64, len(m.v.segments))
	m.total = make([]int, len(m.v.segments))
	for i, g := range m.v.segments {
		words := make([]uint64, (g.n+63)/64)
		for w := range words {
			words[w] = m.bits(g.base + uint32(w)<<6)
		}
		if r := g.n & 63; r != 0 {
			words[len(words)-1] &= 1<<r - 1
		}
		for _, w := range words {
			m.total[i] += bits.OnesCount64(w)
		}
		m.local[i] = words
	}
}

// bits gives the mask's 64 bits from a sample number on.
func (m *Mask) bits(from uint32) uint64 {
	w, s := int(from>>6), from&63
	var x uint64
	if w < len(m.words) {
		x = m.words[w] >> s
	}
	if s > 0 && w+1 < len(m.words) {
		x |= m.words[w+1] << (64 - s)
	}
	return x
}

// Individuals is how many people the mask counts, wherever they were sequenced.
func (m *Mask) Individuals() int { return m.people }

// expected is how many copies a sample of a sex has; the store's codes rest on it.
func expected(z variant.Zone, s individual.Sex) int { return variant.Expected(z, variant.Sex(s)) }

// base sums the copies that everybody counted at a place has, and how many of them there are; sexed leaves out those who have no copy.
func (m *Mask) base(z variant.Zone, c variant.Chrom, pos uint32) (copies, people, sexed int, covered bool) {
	for i := range m.groups {
		g := &m.groups[i]
		if !g.targets.contain(c, pos) {
			continue
		}
		covered = covered || g.looked
		for sex, n := range g.bySex {
			e := expected(z, individual.Sex(sex))
			copies += n * e
			people += n
			if e > 0 {
				sexed += n
			}
		}
	}
	return copies, people, sexed, covered
}
