// Package testnode makes a small node with people, consents and genomes that are invented, for the
// tests of pages and interfaces. Everything runs for real, in a folder of the test.
//
// Sixty people, p00 to p59. north holds p00–p39 and south p30–p59, whole genomes; panel holds
// p00–p09 and only chr22:20000000-20001000; tumours, somatic, holds p00–p04. Those below p50 allow
// care, those with an even number allow research, nobody allows matching.
package testnode

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/consent/counted"
	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// Variants and places to ask about.
const (
	Carried = "chr22-50000165-C-T" // p00 and every seventh carry one copy, p14 both; read in everybody
	Assumed = "chr22-50000170-G-A" // only north's file has it
	Unread  = "chr22-50000180-A-G" // no file could read it
	Zero    = "chr22-50000190-C-A" // in no file
	Hidden  = "chr22-50000200-T-C" // p59 carries it, who allows nothing
	Region  = "chr22:50001000-50004000"
	Person  = "p14" // carries Carried, allows care and research
	people  = 60
)

// Node is a node with its desk.
type Node struct {
	Desk     *answer.Desk
	DB       *storage.DB
	Consents *consent.Consents
	People   *individual.Register
	Genomes  *store.Store
	Policies *policy.Policies
	Counted  *counted.Counted
	Ledger   *ledger.Ledger
	Accesses *ledger.Accesses
	Dir      string
	Home     func() *individual.Set // who is at home here; nil: everybody
}

// Operator asks at the machine itself, for a purpose.
func Operator(p consent.Purpose) policy.Ask {
	return policy.Ask{Operator: true, Use: consent.Use{Purpose: p}}
}

// Clinician asks for care, as the preset policy for care allows.
func Clinician() policy.Ask {
	return policy.Ask{Organisation: "North", Sector: "care", Role: policy.Clinician, Person: "linda", SignedIn: true, Use: consent.Use{Purpose: consent.Care}}
}

// Researcher asks for research, with a committee's approval, as the preset policy for research allows.
func Researcher() policy.Ask {
	return policy.Ask{Organisation: "University", Sector: "academia", Role: policy.Researcher, Person: "nadia", SignedIn: true, Approval: "Dnr 2026-01",
		Use: consent.Use{Purpose: consent.Research}}
}

// Open makes an empty node.
func Open(t testing.TB) *Node {
	t.Helper()
	return OpenIn(t, t.TempDir(), storage.Options{}, Elapsed())
}

// Elapsed begins to measure how long a node has run, as a node that serves does.
func Elapsed() func() time.Duration {
	began := time.Now() // its monotonic part is what counts
	return func() time.Duration { return time.Since(began) }
}

var networkKey = ed25519.NewKeyFromSeed([]byte("0123456789abcdef0123456789abcdef"))

// OpenIn opens a node in a folder, or makes it; the database as o says, but for the tables. elapsed is what its clock is compared
// with; nil for a test that moves its clock as it likes.
func OpenIn(t testing.TB, dir string, o storage.Options, elapsed func() time.Duration) *Node {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	o.Migrations = []fs.FS{individual.Migrations, consent.Migrations, counted.Migrations, policy.Migrations, ledger.Migrations, answer.Migrations, store.Migrations()}
	n := &Node{Dir: dir}
	var err error
	n.DB, err = storage.Open(ctx, filepath.Join(dir, "node.db"), o)
	must(err)
	t.Cleanup(func() { must(n.DB.Close()) })
	n.People, err = individual.Open(ctx, n.DB)
	must(err)
	n.Consents, err = consent.Open(ctx, n.DB, n.People, consent.Options{Journal: filepath.Join(dir, "journal")})
	must(err)
	t.Cleanup(func() { must(n.Consents.Close()) })
	genomes := filepath.Join(dir, "genomes")
	must(os.MkdirAll(genomes, 0o700))
	n.Genomes, err = store.Open(ctx, n.DB, genomes, store.Options{})
	must(err)
	t.Cleanup(func() { must(n.Genomes.Close()) })
	n.Ledger, err = ledger.Open(ctx, filepath.Join(dir, "ledger"), ledger.Options{Name: "test.example/ledger", Now: n.DB.Now, Random: rand.Reader})
	must(err)
	t.Cleanup(func() { _ = n.Ledger.Close(ctx) }) // a test may have taken its folder away
	n.Accesses, err = ledger.NewAccesses(n.DB, n.Ledger, rand.Reader, ledger.KeepYears)
	must(err)
	n.Counted, err = counted.Open(ctx, n.DB, n.People, counted.Options{})
	must(err)
	n.Policies, err = policy.Open(ctx, n.DB, policy.Options{Country: "SE", Organisation: "North", Elapsed: elapsed,
		Trusted: []policy.Key{{Network: "se", Public: networkKey.Public().(ed25519.PublicKey)}}})
	must(err)
	t.Cleanup(n.Policies.Close)
	n.Desk = n.NewDesk(n.Genomes, nil)
	return n
}

// NewDesk makes another desk over the node's rooms.
func (n *Node) NewDesk(genomes *store.Store, reference *variant.Reference) *answer.Desk {
	return answer.New(answer.Rooms{DB: n.DB, Consents: n.Consents, Genomes: genomes, Policies: n.Policies, Counted: n.Counted,
		Ledger: n.Ledger, Accesses: n.Accesses, People: n.People, Home: n.home, Reference: reference, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
}

func (n *Node) home() *individual.Set {
	if n.Home == nil {
		return nil
	}
	return n.Home()
}

// Preset is one of the policies to start from.
func Preset(t testing.TB, name string) policy.Draft {
	t.Helper()
	for _, p := range policy.Presets("SE") {
		if p.Name == name {
			return p.Draft
		}
	}
	t.Fatalf("there is no preset %q", name)
	return policy.Draft{}
}

// Adopt puts a policy in force, by a decision that is made up.
func (n *Node) Adopt(t testing.TB, d policy.Draft) {
	t.Helper()
	digest, err := d.Digest()
	if err != nil {
		t.Fatal(err)
	}
	at := n.DB.Now().Add(-time.Hour)
	m := mandate.Mandate{Decision: "01K", Number: "2026-14", Body: "steering", BodyName: map[string]string{"sv": "Styrgruppen"}, Network: "se",
		Approved: at, InForce: at, MinutesSeal: mandate.Digest{1}, Votes: mandate.Votes{For: 4, Against: 1},
		Quorum:  mandate.Quorum{Findings: []mandate.Finding{{Kind: "majority", Have: 5, Need: 4, Of: 7}}, Sectors: []mandate.Sector{{Sector: "care", Present: 5}}, Present: 5, Of: 7, Held: true},
		Effects: []mandate.Effect{{Kind: mandate.Policy, Ref: d.ID(), Digest: digest}}}
	s, err := policy.Enact(m, d, policy.Signer{Network: "se", Private: networkKey}, n.DB.Now())
	if err == nil {
		err = n.Policies.Adopt(context.Background(), s, policy.Adoption{By: policy.Actor{Operator: true}, Ground: "a test"})
	}
	if err != nil {
		t.Helper()
		t.Fatal(err)
	}
}

// Full makes a node with everybody in it.
func Full(t testing.TB) *Node {
	t.Helper()
	n := Open(t)
	n.Fill(t)
	return n
}

// Fill puts everybody into an empty node.
func (n *Node) Fill(t testing.TB) {
	t.Helper()
	if err := n.load(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// Set records a person's choice.
func (n *Node) Set(ctx context.Context, id string, p consent.Purpose, allow bool) error {
	who, ok := n.People.Lookup(id)
	if !ok {
		return individual.NoSuch(id)
	}
	return n.DB.Write(ctx, func(tx *storage.Tx) error {
		return n.Consents.Change(ctx, tx, "test", []consent.Choice{{Individual: who.Number, Purpose: p, Allow: allow, Why: "a test"}})
	})
}

// Allows tells a person's choice as it stands.
func (n *Node) Allows(_ context.Context, id string, p consent.Purpose) (bool, error) {
	who, ok := n.People.Lookup(id)
	if !ok {
		return false, individual.NoSuch(id)
	}
	set, err := n.Consents.Allowed(consent.Use{Purpose: p})
	if err != nil {
		return false, err
	}
	return set.Has(who.Number), nil
}

func (n *Node) load(ctx context.Context) error {
	for _, d := range []struct {
		spec     store.LoadSpec
		from, to int
	}{
		{store.LoadSpec{Dataset: "north"}, 0, 40},
		{store.LoadSpec{Dataset: "south"}, 30, people},
		{store.LoadSpec{Dataset: "panel", Targets: []store.Interval{{Chrom: 22, From: 20_000_000, To: 20_001_000}}}, 0, 10},
		{store.LoadSpec{Dataset: "tumours", Origin: store.Somatic}, 0, 5},
	} {
		if err := n.loadOne(ctx, d.spec, d.from, d.to); err != nil {
			return fmt.Errorf("%s: %w", d.spec.Dataset, err)
		}
	}
	return n.DB.Write(ctx, func(tx *storage.Tx) error {
		var choices []consent.Choice
		for i := range people {
			who, _ := n.People.LookupIn(tx, id(i))
			choices = append(choices,
				consent.Choice{Individual: who.Number, Purpose: consent.Care, Allow: i < 50, Why: "invented"},
				consent.Choice{Individual: who.Number, Purpose: consent.Research, Allow: i%2 == 0, Why: "invented"})
		}
		return n.Consents.Change(ctx, tx, "test", choices)
	})
}

func id(i int) string { return fmt.Sprintf("p%02d", i) }

func (n *Node) loadOne(ctx context.Context, spec store.LoadSpec, from, to int) error {
	var who []individual.New
	var columns []uint32
	for i := from; i < to; i++ {
		who, columns = append(who, individual.New{ID: id(i)}), append(columns, uint32(i-from))
	}
	var load *store.Load
	err := n.DB.Write(ctx, func(tx *storage.Tx) error {
		numbers, err := n.People.Enrol(ctx, tx, who)
		if err != nil {
			return err
		}
		for i, number := range numbers {
			spec.Samples = append(spec.Samples, store.Sample{Name: who[i].ID, Individual: number})
		}
		load, err = n.Genomes.NewLoad(ctx, spec)
		if err != nil {
			return err
		}
		run, err := load.NewRun(columns)
		if err != nil {
			return err
		}
		everybody := []store.Range{{From: 0, To: uint32(to - from)}}
		for _, r := range records(spec.Dataset, from, to) {
			if err := run.Add(&store.Record{Key: r.key, Present: everybody, Entries: r.entries}); err != nil {
				return err
			}
		}
		if err := run.Close(); err != nil {
			return err
		}
		if _, err := load.Seal(ctx); err != nil {
			return err
		}
		return load.Commit(ctx, tx)
	})
	if load != nil {
		load.Abort() // does nothing to one that was committed
	}
	return err
}

type record struct {
	key     variant.Key
	entries []store.Entry
}

// records are a dataset's variants, sorted; code says what person i has.
func records(dataset string, from, to int) []record {
	var out []record
	add := func(name string, code func(i int) variant.Code) {
		key, err := variant.ParseKey(name)
		if err != nil {
			panic(err)
		}
		r := record{key: key}
		for i := from; i < to; i++ {
			if c := code(i); c != variant.Ref {
				r.entries = append(r.entries, store.MakeEntry(uint32(i-from), c))
			}
		}
		out = append(out, r)
	}
	every := func(n int) func(int) variant.Code {
		return func(i int) variant.Code {
			if i%n == 0 {
				return variant.Het
			}
			return variant.Ref
		}
	}
	add(Carried, func(i int) variant.Code {
		if i == 14 {
			return variant.Full
		}
		return every(7)(i)
	})
	if dataset == "north" {
		add(Assumed, every(11))
	}
	add(Unread, func(int) variant.Code { return variant.Missing })
	if dataset == "south" {
		add(Hidden, func(i int) variant.Code {
			if i == 59 {
				return variant.Het
			}
			return variant.Ref
		})
	}
	if dataset == "north" {
		for pos := 50_001_000; pos < 50_003_600; pos += 20 {
			change := "C-T"
			switch pos {
			case 50_001_060:
				change = "CACACACACACATTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTGGGGGGGGGGGGGGGGGGGGGGG-T"
			case 50_001_080, 50_003_000:
				add(fmt.Sprintf("chr22-%d-C-A", pos), every(13))
			}
			add(fmt.Sprintf("chr22-%d-%s", pos, change), every(3+pos/20%17))
		}
	}
	return out
}
