package store

import (
	"context"
	"embed"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the store's tables, for storage.Open.
func Migrations() embed.FS { return migrations }

// Options tune a store. The zero value is a good one.
type Options struct {
	FS         FS  // where segments live; nil: the directory itself
	CacheBytes int // decoded blocks kept in memory; 0: 64 MiB, negative: none
}

// Store is a node's variants. Its methods may be called from many goroutines; one process owns it.
type Store struct {
	db      *storage.DB
	fs      FS
	cache   *cache
	current atomic.Pointer[version]
	loading names
	compact sync.Mutex
	serial  atomic.Uint32
}

// names is a set of the loads and compactions under way: their files are not litter.
type names struct {
	mu  sync.Mutex
	set map[string]bool
}

func (n *names) add(s string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.set == nil {
		n.set = make(map[string]bool)
	}
	n.set[s] = true
}

func (n *names) remove(s string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.set, s)
}

// Open opens the store whose manifest is in db and whose segments are in dir, and removes files that no manifest names.
func Open(ctx context.Context, db *storage.DB, dir string, o Options) (*Store, error) {
	s := &Store{db: db, fs: o.FS}
	if s.fs == nil {
		s.fs = Dir(dir)
	}
	switch {
	case o.CacheBytes == 0:
		s.cache = newCache(64 << 20)
	case o.CacheBytes > 0:
		s.cache = newCache(o.CacheBytes)
	}
	var v *version
	err := db.Read(ctx, func(tx *storage.Tx) (err error) {
		v, err = s.readVersion(ctx, tx, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.current.Store(v)
	return s, s.sweep()
}

// Close lets the segment files go. Snapshots end with it.
func (s *Store) Close() error {
	var first error
	for _, g := range s.current.Load().segments {
		if err := g.f.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// sweep removes segment files that the manifest doesn't name: what a killed load or compaction left.
func (s *Store) sweep() error {
	files, err := s.fs.List()
	if err != nil {
		return diskFault(err, "the folder of segments")
	}
	for _, f := range files {
		if strings.HasSuffix(f, ".seg") && s.current.Load().segment(f) == nil {
			if err := s.fs.Remove(f); err != nil {
				return diskFault(err, f)
			}
		}
	}
	return nil
}

// Snapshot is the store as it is now. It stays so; nothing need be closed.
// The same pointer stands for the same state, so it can key a cache.
func (s *Store) Snapshot() *Snapshot { return &s.current.Load().snapshot }

// Snapshot answers from one state of the store.
type Snapshot struct{ v *version }

// Dataset is a named set of genomes.
type Dataset struct {
	ID, Name string
	Origin   Origin
	Samples  int // live ones
	// Individuals whom the live samples are of.
	Individuals int
}

// version is one state of the manifest, immutable.
type version struct {
	snapshot    Snapshot // of this version
	datasets    []Dataset
	samples     []sample // by number; numbers that were never used are dead
	segments    []*segment
	individuals int        // with a live sample
	targets     []*targets // by sample.targets; 0 is nil: the whole genome
	scopes      scopes
}

// sample is what counting needs to know of a sample.
type sample struct {
	individual individual.Number
	dataset    uint16
	targets    uint16
	sex        individual.Sex
	live       bool
	blocks     bool
}

func (v *version) dataset(name string) *Dataset {
	for i := range v.datasets {
		if v.datasets[i].Name == name {
			return &v.datasets[i]
		}
	}
	return nil
}

func (v *version) segment(file string) *segment {
	for _, g := range v.segments {
		if g.id == file {
			return g
		}
	}
	return nil
}

// readVersion builds a version from the tables, taking open segments from the one before.
func (s *Store) readVersion(ctx context.Context, tx *storage.Tx, before *version) (*version, error) {
	v := &version{targets: []*targets{nil}}
	v.snapshot.v = v
	number := make(map[string]uint16)
	rows, err := tx.Query(ctx, `SELECT id, name, origin FROM genome_dataset ORDER BY name`)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var d Dataset
		if err := rows.Scan(&d.ID, &d.Name, &d.Origin); err != nil {
			return nil, err
		}
		number[d.ID] = uint16(len(v.datasets))
		v.datasets = append(v.datasets, d)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if err := s.readSamples(ctx, tx, v, number); err != nil {
		return nil, err
	}
	return v, s.readSegments(ctx, tx, v, before)
}

func (s *Store) readSamples(ctx context.Context, tx *storage.Tx, v *version, dataset map[string]uint16) error {
	digests := map[string]uint16{"": 0}
	rows, err := tx.Query(ctx, `SELECT number, dataset, individual, sex, COALESCE(targets, ''), blocks FROM genome_sample
		WHERE retired = 0 ORDER BY number`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var n, who int64
		var sex, blocks uint8
		var set, digest string
		if err := rows.Scan(&n, &set, &who, &sex, &digest, &blocks); err != nil {
			return err
		}
		t, known := digests[digest]
		if !known {
			t = uint16(len(v.targets))
			digests[digest] = t
			v.targets = append(v.targets, &targets{digest: digest})
		}
		for int64(len(v.samples)) < n {
			v.samples = append(v.samples, sample{})
		}
		v.samples = append(v.samples, sample{individual: individual.Number(who), dataset: dataset[set], targets: t,
			sex: individual.Sex(sex), live: true, blocks: blocks == 1})
		v.datasets[dataset[set]].Samples++
	}
	if err := rows.Err(); err != nil {
		return err
	}
	v.countIndividuals()
	for i, t := range v.targets[1:] {
		if v.targets[i+1], err = readTargets(ctx, tx, t.digest); err != nil {
			return err
		}
	}
	return nil
}

func (v *version) countIndividuals() {
	all := make(map[individual.Number]bool)
	in := make(map[[2]uint32]bool)
	for _, x := range v.samples {
		if !x.live {
			continue
		}
		all[x.individual] = true
		if at := [2]uint32{uint32(x.dataset), uint32(x.individual)}; !in[at] {
			in[at] = true
			v.datasets[x.dataset].Individuals++
		}
	}
	v.individuals = len(all)
}

func (s *Store) readSegments(ctx context.Context, tx *storage.Tx, v *version, before *version) error {
	rows, err := tx.Query(ctx, `SELECT file, first_sample, samples, dead FROM genome_segment ORDER BY first_sample, file`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var file string
		var base, n, dead int64
		if err := rows.Scan(&file, &base, &n, &dead); err != nil {
			return err
		}
		if before != nil {
			if g := before.segment(file); g != nil {
				v.segments = append(v.segments, g)
				continue
			}
		}
		g, err := openSegment(s.fs, file, uint32(n))
		if err != nil {
			return err
		}
		g.base, g.dead, g.cache, g.serial = uint32(base), uint32(dead), s.cache, s.serial.Add(1)
		v.segments = append(v.segments, g)
	}
	return rows.Err()
}

// publish makes the transaction's manifest the current one when it commits, and removes the files it no longer names.
func (s *Store) publish(ctx context.Context, tx *storage.Tx) error {
	before := s.current.Load() // nobody else publishes: transactions that write run one at a time
	v, err := s.readVersion(ctx, tx, before)
	if err != nil {
		return err
	}
	tx.OnCommit(func() {
		s.current.Store(v)
		for _, g := range before.segments {
			if v.segment(g.id) == nil {
				_ = s.fs.Remove(g.id) // open snapshots read on; what can't be removed goes at the next opening
			}
		}
	})
	return nil
}

// discard removes files of a transaction that failed, unless the manifest names them. When a commit's answer was lost
// the manifest can't be read until the database is opened again; then what it doesn't name is swept away.
func (s *Store) discard(files []string) {
	named := make(map[string]bool)
	ctx := context.Background()
	err := s.db.Read(ctx, func(tx *storage.Tx) error {
		clear(named)
		rows, err := tx.Query(ctx, `SELECT file FROM genome_segment`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var file string
			if err := rows.Scan(&file); err != nil {
				return err
			}
			named[file] = true
		}
		return rows.Err()
	})
	if err == nil {
		s.remove(files, named)
	}
}

// remove removes files but those to keep. What can't be removed now goes when the store is next opened.
func (s *Store) remove(files []string, keep map[string]bool) {
	for _, f := range files {
		if !keep[f] {
			_ = s.fs.Remove(f)
		}
	}
}

func (s *Store) keepDataset(ctx context.Context, tx *storage.Tx, name string, o Origin) (id string, err error) {
	id, err = s.db.NewID()
	if err != nil {
		return "", err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO genome_dataset (id, name, origin, created) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING`,
		id, name, string(o), s.db.Now()); err != nil {
		return "", err
	}
	var origin string
	if err := tx.QueryRow(ctx, `SELECT id, origin FROM genome_dataset WHERE name = $1`, name).Scan(&id, &origin); err != nil {
		return "", err
	}
	if Origin(origin) != o {
		return "", fault.New(fault.Conflict, "the dataset %q is %s", name, origin).Do("load %s files into a dataset of their own", o)
	}
	return id, nil
}

// takeNumbers hands out n sample numbers, ascending.
func takeNumbers(ctx context.Context, tx *storage.Tx, n int) (base uint32, err error) {
	var next int64
	if err := tx.QueryRow(ctx, `UPDATE genome_next SET number = number + $1 WHERE one = 1 RETURNING number`, n).Scan(&next); err != nil {
		return 0, err
	}
	if next > maxSamples {
		return 0, fault.New(fault.Unavailable, "the store has handed out all %d sample numbers", maxSamples).
			Do("load into a new data directory")
	}
	return uint32(next - int64(n)), nil
}

func insertSegment(ctx context.Context, tx *storage.Tx, file string, first, samples, dead uint32, bytes, variants int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO genome_segment (file, first_sample, samples, bytes, variants, dead) VALUES ($1, $2, $3, $4, $5, $6)`,
		file, first, samples, bytes, variants, dead)
	return err
}

// dropDead takes segments out of the manifest none of whose samples is live.
func (s *Store) dropDead(ctx context.Context, tx *storage.Tx) error {
	_, err := tx.Exec(ctx, `DELETE FROM genome_segment WHERE NOT EXISTS (SELECT 1 FROM genome_sample x WHERE x.retired = 0
		AND x.number >= genome_segment.first_sample AND x.number < genome_segment.first_sample + genome_segment.samples)`)
	return err
}

// RemoveIndividual retires every sample of a person, in a transaction. Their genotypes are in no answer once it
// commits, and in no file after the next Compact. A genome's file is often named after whom it is of, so the names
// of the files they were in go too, and those of files nobody of whom is left.
func (s *Store) RemoveIndividual(ctx context.Context, tx *storage.Tx, who individual.Number) error {
	if _, err := tx.Exec(ctx, `UPDATE genome_load SET files = '[]' WHERE id NOT IN (SELECT load FROM genome_sample WHERE retired = 0 AND individual <> $1)
		OR id IN (SELECT load FROM genome_sample WHERE individual = $1)`, who); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE genome_sample SET retired = 1, name = '', individual = -1 WHERE individual = $1 AND retired = 0`, who); err != nil {
		return err
	}
	if err := s.dropDead(ctx, tx); err != nil {
		return err
	}
	return s.publish(ctx, tx)
}

// SampleInfo is a sample as an operator sees it.
type SampleInfo struct {
	Number     uint32
	Name       string
	Dataset    string
	Individual individual.Number
	Sex        individual.Sex
	Preferred  bool // counted for its individual when all germline datasets are asked
}

// Samples lists the live samples, by number.
func (s *Store) Samples(ctx context.Context) ([]SampleInfo, error) {
	var out []SampleInfo
	err := s.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, `SELECT x.number, x.name, d.name, x.individual, x.sex FROM genome_sample x
			JOIN genome_dataset d ON d.id = x.dataset WHERE x.retired = 0 ORDER BY x.number`)
		if err != nil {
			return err
		}
		defer rows.Close()
		out = out[:0]
		for rows.Next() {
			var x SampleInfo
			if err := rows.Scan(&x.Number, &x.Name, &x.Dataset, &x.Individual, &x.Sex); err != nil {
				return err
			}
			out = append(out, x)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	preferred := s.current.Load().scope("")
	for i := range out {
		who := int(out[i].Individual)
		out[i].Preferred = who < len(preferred.sampleOf) && preferred.sampleOf[who] == out[i].Number+1
	}
	return out, nil
}

// Stats is what the store holds.
type Stats struct {
	Datasets    []Dataset
	Samples     int
	Individuals int
	Segments    int
	Variants    int64 // rows over all segments
	Bytes       int64
	Retired     int64 // samples whose genotypes wait for compaction
}

// Stats sums the store up.
func (s *Store) Stats(ctx context.Context) (Stats, error) {
	v := s.current.Load()
	st := Stats{Datasets: slices.Clone(v.datasets), Segments: len(v.segments)}
	for _, d := range v.datasets {
		st.Samples += d.Samples
	}
	st.Individuals = v.individuals
	for _, g := range v.segments {
		st.Variants += g.variants
		st.Bytes += g.size
		st.Retired += int64(v.retiredIn(g))
	}
	return st, ctx.Err()
}

// Files names the segment files of a snapshot, for a backup. They can be read while the snapshot is held.
func (sn *Snapshot) Files() []string {
	names := make([]string, len(sn.v.segments))
	for i, g := range sn.v.segments {
		names[i] = g.id
	}
	return names
}
