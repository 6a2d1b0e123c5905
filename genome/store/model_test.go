package store

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

// The store against a plain model in memory: random loads, reloads, removals, compactions and
// reopenings, and after each the same answers for every key, zone, dataset and mask.

type modelSample struct {
	name, dataset string
	who           individual.Number
	sex           individual.Sex
	targets       []Interval
	blocks        bool
	codes         map[string]variant.Code // what was written, Ref included
	callable      []Interval
}

type model struct {
	samples []*modelSample // in order of number; nil: retired
	origin  map[string]Origin
}

func (m *model) count(k variant.Key, allowed *individual.Set, dataset string) Count {
	z := variant.ZoneOf(k.Chrom, k.Pos)
	var c Count
	best := map[individual.Number]*modelSample{}
	for _, s := range m.samples {
		if s == nil || dataset == "" && m.origin[s.dataset] != Germline || dataset != "" && s.dataset != dataset {
			continue
		}
		c.Covered = c.Covered || s.targets == nil || inside(s.targets, k)
		if !allowed.Has(s.who) {
			continue
		}
		if b := best[s.who]; b == nil || s.targets == nil || b.targets != nil {
			best[s.who] = s
		}
	}
	for _, s := range m.samples {
		if s != nil {
			if code, ok := s.codes[k.String()]; ok && code != variant.Ref {
				c.Known = true
			}
		}
	}
	for _, s := range best {
		if s.targets == nil || inside(s.targets, k) {
			s.countInto(&c, k, z)
		}
	}
	c.AC = c.Het + 2*c.Hom + c.Hemi
	return c
}

func inside(list []Interval, k variant.Key) bool {
	return slices.ContainsFunc(list, func(x Interval) bool { return x.Chrom == k.Chrom && x.From <= k.Pos && k.Pos <= x.To })
}

func (s *modelSample) countInto(c *Count, k variant.Key, z variant.Zone) {
	e := variant.Expected(z, variant.Sex(s.sex))
	c.Individuals++
	code, known := s.codes[k.String()]
	if !known && e > 0 && !inside(s.callable, k) {
		c.Assumed = true
	}
	an := e
	switch code {
	case variant.Het:
		c.Het++
		an = 2
	case variant.Full:
		if e == 2 {
			c.Hom++
		} else {
			c.Hemi++
		}
	case variant.Missing:
		an = 0
	case variant.One:
		c.Hemi++
		an = 1
	case variant.Half:
		c.Het++
		an = 1
	case variant.RefOne:
		an = 1
	case variant.RefTwo:
		an = 2
	case variant.HomTwo:
		c.Hom++
		an = 2
	}
	c.AN += uint32(an)
}

// universe is few keys, so that everything meets everything.
var universe = func() (keys []variant.Key) {
	add := func(c variant.Chrom, pos uint32, ref, alt string) {
		keys = append(keys, variant.Key{Chrom: c, Pos: pos, Ref: []byte(ref), Alt: []byte(alt)})
	}
	for i := range uint32(12) {
		add(1, 1000+i*7, "A", "G")
	}
	add(1, 1000, "A", "T")
	add(1, 1000, "ACGT", "A")
	add(1, 1007, "A", "ACCCCGGGGTTTTACGT")
	add(1, 1007, "", "<DEL>END=2000")
	add(1, 1007, "N", "A")
	add(2, 1, "C", "T")
	add(variant.X, 20_000, "C", "G")       // in a PAR
	add(variant.X, 2_781_479, "C", "G")    // its last base
	add(variant.X, 2_781_480, "C", "G")    // outside
	add(variant.X, 50_000_000, "GT", "G")  //
	add(variant.Y, 10_000_000, "A", "C")   //
	add(variant.MT, 3243, "A", "G")        //
	add(variant.MT, 16_569, "G", "GATTAC") //
	return keys
}()

// machine drives store and model together.
type machine struct {
	t     *rapid.T
	ctx   context.Context
	db    *storage.DB
	fs    FS
	store *Store
	model model
}

const people = 12

// newMachine starts from an empty store in a database that earlier machines may have used.
func newMachine(t *rapid.T, db *storage.DB) *machine {
	m := &machine{t: t, ctx: context.Background(), db: db, model: model{origin: map[string]Origin{}}}
	dir, err := os.MkdirTemp("", "samverk-store-")
	m.must(err)
	m.fs = Dir(dir)
	m.must(db.Write(m.ctx, func(tx *storage.Tx) error {
		for _, table := range []string{"genome_segment", "genome_sample", "genome_load", "genome_dataset", "genome_targets"} {
			if _, err := tx.Exec(m.ctx, `DELETE FROM `+table); err != nil {
				return err
			}
		}
		_, err := tx.Exec(m.ctx, `UPDATE genome_next SET number = 0`)
		return err
	}))
	m.reopen()
	return m
}

func (m *machine) close() {
	_ = m.store.Close()
	_ = os.RemoveAll(string(m.fs.(Dir)))
}

func (m *machine) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatalf("%v", err)
	}
}

func (m *machine) reopen() {
	if m.store != nil {
		m.must(m.store.Close())
	}
	var err error
	m.store, err = Open(m.ctx, m.db, "", Options{FS: m.fs, CacheBytes: 1 << 20})
	m.must(err)
}

var datasets = []string{"wgs", "exome", "tumour"}

func (m *machine) load() {
	t := m.t
	dataset := rapid.SampledFrom(datasets).Draw(t, "dataset")
	spec := LoadSpec{Dataset: dataset, Origin: Germline}
	blocks := rapid.Bool().Draw(t, "blocks")
	if dataset == "tumour" {
		spec.Origin = Somatic
	}
	if dataset == "exome" {
		spec.Targets = []Interval{{1, 1007, 1040}, {variant.X, 1, 30_000}, {variant.Y, 1, 20_000_000}}
	}
	n := rapid.IntRange(1, 5).Draw(t, "samples")
	perm := rapid.Permutation([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}).Draw(t, "who")
	var made []*modelSample
	for _, p := range perm[:n] {
		who := individual.Number(rapid.IntRange(0, people-1).Draw(t, "individual"))
		s := &modelSample{name: fmt.Sprint("S", p), dataset: dataset, who: who, sex: individual.Sex(who % 3),
			targets: spec.Targets, blocks: blocks, codes: map[string]variant.Code{}}
		made = append(made, s)
		spec.Samples = append(spec.Samples, Sample{Name: s.name, Individual: who, Sex: s.sex})
	}
	l, err := m.store.NewLoad(m.ctx, spec)
	m.must(err)
	defer l.Abort()
	m.fill(l, made)
	_, err = l.Seal(m.ctx)
	m.must(err)
	if rapid.IntRange(0, 9).Draw(t, "outcome") == 0 {
		return // aborted: nothing of it may be seen
	}
	m.must(m.db.Write(m.ctx, func(tx *storage.Tx) error { return l.Commit(m.ctx, tx) }))
	for i, old := range m.model.samples {
		if old != nil && slices.ContainsFunc(made, func(s *modelSample) bool { return s.name == old.name && s.dataset == old.dataset }) {
			m.model.samples[i] = nil
		}
	}
	m.model.samples = append(m.model.samples, made...)
	m.model.origin[dataset] = spec.Origin
}

// fill writes the samples' genotypes through one run for all, or one each.
func (m *machine) fill(l *Load, made []*modelSample) {
	if len(made) > 1 && rapid.Bool().Draw(m.t, "joint") {
		m.joint(l, made)
	} else {
		for i, s := range made {
			m.single(l, uint32(i), s)
		}
	}
}

func (m *machine) code(k variant.Key) variant.Code {
	return variant.Code(rapid.SampledFrom([]variant.Code{0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 4, 5, 6, 8, 9}).Draw(m.t, "code"))
}

func (m *machine) keys() []variant.Key {
	keys := slices.Clone(universe)
	if rapid.Bool().Draw(m.t, "unsorted") {
		keys = rapid.Permutation(keys).Draw(m.t, "order")
	} else {
		slices.SortFunc(keys, variant.Key.Compare)
	}
	return keys[:rapid.IntRange(0, len(keys)).Draw(m.t, "keys")]
}

func (m *machine) joint(l *Load, made []*modelSample) {
	all := make([]uint32, len(made))
	for i := range all {
		all[i] = uint32(i)
	}
	r, err := l.NewRun(all)
	m.must(err)
	for _, k := range m.keys() {
		rec := Record{Key: k, Present: []Range{{0, uint32(len(made))}}}
		for i, s := range made {
			c := m.code(k)
			if c != variant.Ref {
				rec.Entries = append(rec.Entries, MakeEntry(uint32(i), c))
			}
			if s.targets == nil || inside(s.targets, k) {
				s.codes[k.String()] = c
			}
		}
		m.must(r.Add(&rec))
	}
	for i, s := range made {
		m.callable(r, uint32(i), s)
	}
	m.must(r.Close())
}

func (m *machine) single(l *Load, i uint32, s *modelSample) {
	r, err := l.NewRun([]uint32{i})
	m.must(err)
	for _, k := range m.keys() {
		c := m.code(k)
		stored := c
		if c == variant.Ref {
			if rapid.Bool().Draw(m.t, "silent") {
				continue
			}
			stored = variant.RefSeen
		}
		m.must(r.Add(&Record{Key: k, Entries: []Entry{MakeEntry(i, stored)}}))
		if s.targets == nil || inside(s.targets, k) {
			s.codes[k.String()] = c
		}
	}
	m.callable(r, i, s)
	m.must(r.Close())
}

func (m *machine) callable(r *Run, i uint32, s *modelSample) {
	if !s.blocks {
		return
	}
	for range rapid.IntRange(0, 3).Draw(m.t, "blocks") {
		k := rapid.SampledFrom(universe).Draw(m.t, "at")
		x := Interval{k.Chrom, k.Pos - min(k.Pos-1, uint32(rapid.IntRange(0, 9).Draw(m.t, "left"))), k.Pos + uint32(rapid.IntRange(0, 9).Draw(m.t, "right"))}
		s.callable = append(s.callable, x)
		m.must(r.Callable(i, x.Chrom, x.From, x.To))
	}
}

func (m *machine) remove() {
	who := individual.Number(rapid.IntRange(0, people-1).Draw(m.t, "who"))
	m.must(m.db.Write(m.ctx, func(tx *storage.Tx) error { return m.store.RemoveIndividual(m.ctx, tx, who) }))
	for i, s := range m.model.samples {
		if s != nil && s.who == who {
			m.model.samples[i] = nil
		}
	}
}

// check asks everything, and compares.
func (m *machine) check() {
	allowed := &individual.Set{Words: []uint64{rapid.Uint64Range(0, 1<<people-1).Draw(m.t, "allowed")}}
	snap := m.store.Snapshot()
	for _, dataset := range append([]string{""}, slices.Sorted(maps.Keys(m.model.origin))...) {
		mask, err := snap.Mask(allowed, dataset)
		m.must(err)
		c := snap.Counter(mask)
		for _, k := range universe {
			got, err := c.Count(k)
			m.must(err)
			want := m.model.count(k, allowed, dataset)
			got.Known, want.Known = got.Known || want.Known, got.Known || want.Known // whether a row without live carriers is still there is nobody's business
			if !want.Covered {
				want = Count{Known: want.Known}
			}
			if d := cmp.Diff(want, got); d != "" {
				m.t.Fatalf("%s in %q allowed %b (-model +store):\n%s", k, dataset, allowed.Words[0], d)
			}
		}
		m.checkScan(snap, mask, dataset, allowed)
	}
}

func (m *machine) checkScan(snap *Snapshot, mask *Mask, dataset string, allowed *individual.Set) {
	got := map[string]Count{}
	m.must(snap.Scan(m.ctx, mask, 1, 1003, 1050, func(k variant.Key, c Count) error {
		got[k.String()] = c
		return nil
	}))
	for _, k := range universe {
		if want := m.model.count(k, allowed, dataset); k.Chrom == 1 && k.Pos >= 1003 && k.Pos <= 1050 && want.AC > 0 {
			want.Known = true
			if d := cmp.Diff(want, got[k.String()]); d != "" {
				m.t.Fatalf("scan of %q at %s (-model +store):\n%s", dataset, k, d)
			}
		}
	}
}

func (m *machine) compact() {
	_, err := m.store.Compact(m.ctx, rapid.Bool().Draw(m.t, "all"))
	m.must(err)
	v, err := m.store.Snapshot().Verify(m.ctx, nil)
	m.must(err)
	if len(v.Faults) > 0 {
		m.t.Fatalf("verify: %v", v.Faults)
	}
}

func TestModel(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		db, err := storage.Open(context.Background(), dsn, storage.Options{Migrations: []fs.FS{Migrations()}})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		rapid.Check(t, func(t *rapid.T) {
			m := newMachine(t, db)
			defer m.close()
			t.Repeat(map[string]func(*rapid.T){
				"load":    func(*rapid.T) { m.load() },
				"reload":  func(*rapid.T) { m.load() },
				"remove":  func(*rapid.T) { m.remove() },
				"compact": func(*rapid.T) { m.compact() },
				"reopen":  func(*rapid.T) { m.reopen() },
				"":        func(*rapid.T) { m.check() },
			})
		})
	})
}

func TestMain(m *testing.M) {
	flag.Parse()
	checks := "40" // × 30 steps
	if os.Getenv("SAMVERK_LONG") == "1" {
		checks = "400"
	}
	if err := flag.Set("rapid.checks", checks); err != nil {
		panic(err)
	}
	os.Exit(testkit.Main(m))
}
