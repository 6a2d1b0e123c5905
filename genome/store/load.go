package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
)

// Origin says whose variants a dataset holds.
type Origin string

// Origins. A tumour's variants are never in germline counts.
const (
	Germline Origin = "germline"
	Somatic  Origin = "somatic"
)

// Sample is a column of the files: a name, whom it is of, and the sex its genotypes were read with.
type Sample struct {
	Name       string
	Individual individual.Number
	Sex        individual.Sex
}

// Interval is a stretch of a sequence, 1-based and inclusive.
type Interval struct {
	Chrom    variant.Chrom
	From, To uint32
}

// LoadSpec is what a load is of.
type LoadSpec struct {
	Dataset string
	Origin  Origin
	Samples []Sample   // a sample's index here is its index in records and blocks; its Individual may be set until Commit
	Targets []Interval // nil: the whole genome; in any order
	Files   []string   // names, for the record
}

// Load is one act: its samples and genotypes become visible together, in a transaction, or not at all.
type Load struct {
	store   *Store
	spec    LoadSpec
	targets *targets
	id      string

	mu     sync.Mutex
	serial int
	parts  []*part
	names  []string // every file made, for Abort
	sealed Sealed
	blocks bool // the files say where samples are callable
	asked  bool // a transaction was asked to commit its rows
	over   bool // committed or aborted
}

// Sealed tells what a load came to.
type Sealed struct {
	Variants   int64 // rows in its segments; a variant in two segments counts twice
	Genotypes  int64 // entries that are not plain reference
	Duplicates int64 // keys that one genome's files state more than once; united
	Conflicts  int64 // genotypes among those that differed in nothing but who says more
	OffTarget  int64 // records outside the targets, left out
	Bytes      int64
}

// NewLoad begins a load. Abort it unless its transaction committed; deferring Abort is safe.
func (s *Store) NewLoad(_ context.Context, spec LoadSpec) (*Load, error) {
	if spec.Dataset == "" {
		return nil, fault.New(fault.Invalid, "the dataset has no name").Do("name it with --dataset")
	}
	if spec.Origin == "" {
		spec.Origin = Germline
	}
	if spec.Origin != Germline && spec.Origin != Somatic {
		return nil, fault.New(fault.Invalid, "the origin %q is neither germline nor somatic", spec.Origin)
	}
	if d := s.current.Load().dataset(spec.Dataset); d != nil && d.Origin != spec.Origin {
		return nil, fault.New(fault.Conflict, "the dataset %q is %s", spec.Dataset, d.Origin).
			Do("load %s files into a dataset of their own", spec.Origin)
	}
	if len(spec.Samples) == 0 || len(spec.Samples) >= maxSamples {
		return nil, fault.New(fault.Invalid, "a load of %d samples", len(spec.Samples))
	}
	id, err := s.db.NewID()
	if err != nil {
		return nil, err
	}
	s.loading.add(id)
	return &Load{store: s, spec: spec, targets: newTargets(spec.Targets), id: id}, nil
}

func (l *Load) newPart(from, to uint32) (*part, error) {
	l.mu.Lock()
	l.serial++
	name := fmt.Sprintf("%s-%03d.seg", l.id, l.serial)
	l.names = append(l.names, name)
	l.mu.Unlock()
	w, err := newSegmentWriter(l.store.fs, name, to-from)
	if err != nil {
		return nil, err
	}
	return &part{name: name, from: from, to: to, w: w}, nil
}

// unite joins rows of one key, which are neighbours. It returns the same rows where there are none.
func (l *Load) unite(b *batch, rows []row) []row {
	doubles, conflicts := int64(0), int64(0)
	out := rows[:1]
	for i := 1; i < len(rows); i++ {
		prev := &out[len(out)-1]
		if b.compare(prev, &rows[i]) != 0 {
			out = append(out, rows[i])
			continue
		}
		doubles++
		x, y := b.record(prev), b.record(&rows[i])
		from := len(b.entries)
		joined, n := uniteEntries(nil, x, y)
		b.entries = append(b.entries, joined...)
		conflicts += int64(n)
		prev.entries, prev.n = uint32(from), uint32(len(joined))
		prev.present = b.lists.intern(unite(x.Present, y.Present))
	}
	if doubles > 0 {
		l.mu.Lock()
		l.sealed.Duplicates += doubles
		l.sealed.Conflicts += conflicts
		l.mu.Unlock()
	}
	return out
}

func (b *batch) record(r *row) Record {
	return Record{Key: b.key(r), Present: b.lists.all[r.present], Entries: b.entriesOf(r)}
}

// Seal merges what has to be merged so that nobody is in two parts at one place, and makes everything durable.
func (l *Load) Seal(ctx context.Context) (Sealed, error) {
	var kept []*part
	for _, group := range collisions(l.parts) {
		if len(group) > 1 {
			p, err := l.merge(ctx, group)
			if err != nil {
				return Sealed{}, err
			}
			group = []*part{p}
		}
		kept = append(kept, group...)
	}
	l.parts = kept
	if err := l.store.fs.SyncDir(); err != nil {
		return Sealed{}, diskFault(err, "the folder of segments")
	}
	for _, p := range l.parts {
		l.sealed.Variants += p.w.variants
		l.sealed.Genotypes += p.carriers
		l.sealed.Bytes += p.w.offset
	}
	return l.sealed, nil
}

// collisions groups the parts that may hold the same sample at the same key.
func collisions(parts []*part) [][]*part {
	slices.SortFunc(parts, func(a, b *part) int {
		return cmp.Or(cmp.Compare(a.from, b.from), a.first.Compare(b.first), cmp.Compare(a.name, b.name))
	})
	group := make([]int, len(parts)) // of each part, the lowest part it collides with through others
	for i := range parts {
		group[i] = i
		for j := range i {
			if parts[i].collides(parts[j]) {
				relabel(group[:i+1], group[i], group[j])
			}
		}
	}
	byLabel := make(map[int][]*part)
	var order []int
	for i, g := range group {
		if byLabel[g] == nil {
			order = append(order, g)
		}
		byLabel[g] = append(byLabel[g], parts[i])
	}
	out := make([][]*part, len(order))
	for i, g := range order {
		out[i] = byLabel[g]
	}
	return out
}

func relabel(group []int, a, b int) {
	from, to := max(a, b), min(a, b)
	for i, g := range group {
		if g == from {
			group[i] = to
		}
	}
}

func (p *part) collides(o *part) bool {
	return p.from < o.to && o.from < p.to && p.first.Compare(o.last) <= 0 && o.first.Compare(p.last) <= 0
}

func (l *Load) merge(ctx context.Context, group []*part) (*part, error) {
	from, to := group[0].from, group[0].to
	for _, p := range group {
		from, to = min(from, p.from), max(to, p.to)
	}
	out, err := l.newPart(from, to)
	if err != nil {
		return nil, err
	}
	inputs := make([]input, len(group))
	for i, p := range group {
		s, err := openSegment(l.store.fs, p.name, p.to-p.from)
		if err != nil {
			out.w.drop()
			return nil, err
		}
		defer s.f.Close()
		inputs[i] = input{s: s, shift: p.from - from}
		out.widen(p.first, p.last)
	}
	m := merger{out: out.w, inputs: inputs}
	if err := m.run(ctx); err != nil {
		out.w.drop()
		return nil, err
	}
	l.sealed.Duplicates += m.doubles
	l.sealed.Conflicts += m.conflicts
	out.carriers = out.w.carriers
	for _, p := range group {
		if err := l.store.fs.Remove(p.name); err != nil {
			return nil, diskFault(err, p.name)
		}
	}
	return out, nil
}

// Commit writes the load's rows in a transaction; its genotypes are visible once that commits. A sample of the
// same name in the same dataset is replaced.
func (l *Load) Commit(ctx context.Context, tx *storage.Tx) error {
	s := l.store
	l.asked = true
	dataset, err := s.keepDataset(ctx, tx, l.spec.Dataset, l.spec.Origin)
	if err != nil {
		return err
	}
	files, err := json.Marshal(l.spec.Files)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO genome_load (id, dataset, files, loaded, variants, genotypes) VALUES ($1, $2, $3, $4, $5, $6)`,
		l.id, dataset, string(files), s.db.Now(), l.sealed.Variants, l.sealed.Genotypes); err != nil {
		return err
	}
	digest, err := l.targets.keep(ctx, tx)
	if err != nil {
		return err
	}
	base, err := takeNumbers(ctx, tx, len(l.spec.Samples))
	if err != nil {
		return err
	}
	if err := l.insertSamples(ctx, tx, dataset, digest, base); err != nil {
		return err
	}
	for _, p := range l.parts {
		if err := insertSegment(ctx, tx, p.name, base+p.from, p.to-p.from, 0, p.w.offset, p.w.variants); err != nil {
			return err
		}
	}
	if err := s.dropDead(ctx, tx); err != nil {
		return err
	}
	tx.OnCommit(func() { l.over = true; s.loading.remove(l.id) })
	return s.publish(ctx, tx)
}

func (l *Load) insertSamples(ctx context.Context, tx *storage.Tx, dataset string, digest any, base uint32) error {
	for i, x := range l.spec.Samples {
		if _, err := tx.Exec(ctx, retireByName, dataset, x.Name); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO genome_sample (number, dataset, name, individual, sex, load, targets, blocks, retired)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)`,
			base+uint32(i), dataset, x.Name, x.Individual, uint8(x.Sex), l.id, digest, l.blocks); err != nil {
			return err
		}
	}
	return nil
}

// retireByName takes a live sample out of every count; who it was goes with it.
const retireByName = `UPDATE genome_sample SET retired = 1, name = '', individual = -1 WHERE dataset = $1 AND name = $2 AND retired = 0`

// Abort removes what the load wrote, unless it committed.
func (l *Load) Abort() {
	if l.over {
		return
	}
	l.over = true
	if l.asked {
		l.store.discard(l.names)
	} else {
		l.store.remove(l.names, nil)
	}
	l.store.loading.remove(l.id)
}
