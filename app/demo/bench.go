package demo

import (
	"bufio"
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/samverk/samverk/app"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/policy"
)

// Measured is one line of a bench.
type Measured struct {
	Work   string        `json:"work"`
	Amount int64         `json:"amount"`
	Unit   string        `json:"unit"`
	Time   time.Duration `json:"nanoseconds"`
}

// amounts are how often a bench does what.
type amounts struct {
	singles     int // questions one after another
	together    int // who ask at once
	crowd       int // questions that they ask
	changes     int
	withdrawals int
	judgements  int
}

var usual = amounts{singles: 500, together: 64, crowd: 6_400, changes: 200, withdrawals: 200, judgements: 1_000_000}

// Bench measures this machine on the slice, in stores of its own under dir ("" is a temporary directory) that are
// removed afterwards. The figures are of operations as the command line calls them, in process, asked as a clinician under a policy.
func Bench(ctx context.Context, dir string, each func(Measured) error) error {
	return usual.bench(ctx, dir, each)
}

func (a amounts) bench(ctx context.Context, dir string, each func(Measured) error) error {
	work, err := os.MkdirTemp(dir, "samverk-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work) // with the journal, which lies beside the node
	b := bench{amounts: a, ctx: ctx, dir: work, each: each}
	if b.people, err = people(); err != nil {
		return err
	}
	if err := b.files(); err != nil {
		return err
	}
	if err := b.node(work, b.load, b.ask, b.askTogether, b.judge, b.list, b.change, b.withdraw, b.annotate); err != nil {
		return err
	}
	memory, err := os.MkdirTemp("/dev/shm", "samverk-bench-")
	if err != nil {
		return nil // none here
	}
	defer os.RemoveAll(memory)
	b.where = "in memory"
	return b.node(memory, func() error { _, err := b.fill(); return err }, b.ask, b.change)
}

// node makes a node in a folder, and takes measures on it one after another.
func (b *bench) node(dir string, measures ...func() error) error {
	node := filepath.Join(dir, "node")
	if err := app.Init(b.ctx, node, app.Settings{Region: "Bench", Country: country}); err != nil {
		return err
	}
	return app.With(b.ctx, node, "samverk bench", nil, func(c *app.Client) (err error) {
		owned, err := c.Own(b.ctx)
		if err != nil {
			return err
		}
		b.client = c
		if b.rooms, err = owned.Rooms(b.ctx); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, b.rooms.Close()) }()
		for _, f := range append([]func() error{b.decide}, measures...) {
			if err := f(); err != nil {
				return err
			}
		}
		return nil
	})
}

// decide puts the policy for care in force, with a budget that outlasts the bench, by a decision that nobody made.
func (b *bench) decide() error {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	const network = "bench"
	d := policy.Presets(country)[0].Draft
	for i := range d.Rules {
		d.Rules[i].Budget = policy.Budget{Organisation: 1_000_000_000, Per: policy.Year}
	}
	digest, err := d.Digest()
	if err != nil {
		return err
	}
	now := b.rooms.Networks.Now()
	m := mandate.Mandate{Decision: network, Number: "1", Body: network, BodyName: map[string]string{"en": network}, Network: network,
		Approved: now, InForce: now, MinutesSeal: digest, Votes: mandate.Votes{Consensus: true},
		Quorum: mandate.Quorum{Findings: []mandate.Finding{{Kind: "majority", Have: 1, Need: 1, Of: 1}},
			Sectors: []mandate.Sector{{Sector: "care", Present: 1}}, Present: 1, Of: 1, Held: true},
		Effects: []mandate.Effect{{Kind: mandate.Policy, Ref: d.ID(), Digest: digest}}}
	signed, err := policy.Enact(m, d, policy.Signer{Network: network, Private: private}, now)
	if err == nil {
		err = b.rooms.Policies.Trust(b.ctx, policy.Key{Network: network, Public: public})
	}
	if err == nil {
		err = b.rooms.Policies.Adopt(b.ctx, signed, policy.Adoption{By: operator, Ground: "a bench"})
	}
	return err
}

type bench struct {
	amounts
	ctx    context.Context
	client *app.Client
	rooms  app.Rooms
	dir    string
	where  string // "" is on the disk
	people []person
	names  []string // of every variant
	each   func(Measured) error
}

// files writes the slice, its people and half of them as consenting, and remembers every variant's name.
func (b *bench) files() error {
	for name, to := range map[string]string{sliceName: "slice.vcf.gz", samplesName: "samples.tsv"} {
		text, err := files.ReadFile(name)
		if err == nil {
			err = os.WriteFile(filepath.Join(b.dir, to), text, 0o600)
		}
		if err != nil {
			return err
		}
	}
	var consents strings.Builder
	consents.WriteString("individual,purpose,allow\n")
	for i, p := range b.people {
		if i%2 == 0 {
			consents.WriteString(p.id + ",research,true\n" + p.id + ",care,true\n")
		}
	}
	if err := os.WriteFile(filepath.Join(b.dir, "consent.csv"), []byte(consents.String()), 0o600); err != nil {
		return err
	}
	sites, err := os.Create(filepath.Join(b.dir, "sites.vcf"))
	if err != nil {
		return err
	}
	defer sites.Close()
	w := bufio.NewWriter(sites)
	names, err := writeSites(w)
	b.names = names
	if err == nil {
		err = w.Flush()
	}
	return err
}

func (b *bench) measured(work string, amount int64, unit string, took time.Duration) error {
	return b.each(Measured{Work: work + ", " + cmp.Or(b.where, "durable"), Amount: amount, Unit: unit, Time: took})
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

func (b *bench) fill() (app.LoadResult, error) {
	return app.Load.Call(b.ctx, b.client, app.LoadRequest{Dataset: "bench", Files: []string{b.path("slice.vcf.gz")},
		Samples: b.path("samples.tsv"), Consent: b.path("consent.csv"), By: "bench"}, app.Sink[app.None]{})
}

func (b *bench) load() error {
	start := time.Now()
	r, err := b.fill()
	if err != nil {
		return err
	}
	return b.measured("load", r.Variants*int64(r.Samples), "genotypes", time.Since(start))
}

var asClinician = app.As{As: policy.Clinician + "@bench"}

func (b *bench) query(variants []string) error {
	_, err := app.Query.Call(b.ctx, b.client, app.QueryRequest{Purpose: string(consent.Care), Variants: variants, As: asClinician}, app.Sink[app.Row]{})
	return err
}

// one asks about one variant, with policy, consents, budget and ledger, and tells how long that took.
func (b *bench) one(i int) (time.Duration, error) {
	start := time.Now()
	err := b.query(b.names[i*7919%len(b.names):][:1])
	return time.Since(start), err
}

func middle(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[len(took)/2]
}

// ask puts questions one after another and tells the middle one's time.
func (b *bench) ask() error {
	took := make([]time.Duration, b.singles)
	for i := range took {
		var err error
		if took[i], err = b.one(i); err != nil {
			return err
		}
	}
	return b.measured("one variant asked, the middle of "+strconv.Itoa(b.singles), 1, "questions", middle(took))
}

// askTogether has many ask at once.
func (b *bench) askTogether() error {
	took, failed := make([]time.Duration, b.crowd), make([]error, b.together)
	var next atomic.Int64
	var all sync.WaitGroup
	start := time.Now()
	for asker := range b.together {
		all.Go(func() {
			for i := next.Add(1); i <= int64(b.crowd) && failed[asker] == nil; i = next.Add(1) {
				took[i-1], failed[asker] = b.one(int(i))
			}
		})
	}
	all.Wait()
	whole, who := time.Since(start), strconv.Itoa(b.together)+" asking at once"
	if err := errors.Join(failed...); err != nil {
		return err
	}
	if err := b.measured(who, int64(b.crowd), "questions", whole); err != nil {
		return err
	}
	return b.measured(who+", the middle one", 1, "questions", middle(took))
}

// judge judges a clinician's question by the policy alone.
func (b *bench) judge() error {
	a := policy.Ask{SignedIn: true, Person: "bench", Organisation: "bench", Sector: "care", Role: policy.Clinician,
		Use: consent.Use{Purpose: consent.Care}, Question: policy.Frequency}
	start := time.Now()
	for range b.judgements {
		if v := b.rooms.Policies.Judge(a); !v.Allowed {
			return v.Err()
		}
	}
	return b.each(Measured{Work: "question judged by a policy", Amount: int64(b.judgements), Unit: "judgements", Time: time.Since(start)})
}

func (b *bench) list() error {
	start := time.Now()
	if err := b.query(b.names); err != nil {
		return err
	}
	return b.measured("all variants asked at once", int64(len(b.names)), "variants", time.Since(start))
}

// choose has somebody allow care, or withdraw.
func (b *bench) choose(who int, withdraw bool) error {
	q := app.ConsentChange{Individual: b.people[who%len(b.people)].id, Purpose: string(consent.Care), Withdraw: withdraw, By: "bench"}
	_, err := app.ChangeConsent.Call(b.ctx, b.client, q, app.Sink[app.None]{})
	return err
}

// change has people who hadn't said anything allow care and withdraw, and has the root of who is counted worked out and kept each time.
func (b *bench) change() error {
	took := make([]time.Duration, b.changes)
	for i := range took {
		start := time.Now()
		if err := b.choose(2*(i/2)+1, i%2 == 1); err != nil {
			return err
		}
		if _, err := b.rooms.Counted(b.ctx, consent.Use{Purpose: consent.Care}); err != nil {
			return err
		}
		took[i] = time.Since(start)
	}
	return b.measured("consent changed, and the root of who is counted, the middle of "+strconv.Itoa(b.changes), 1, "changes", middle(took))
}

// withdraw has somebody withdraw and asks right after, again and again.
func (b *bench) withdraw() error {
	start := time.Now()
	for i := range b.withdrawals {
		if err := b.choose(2*i, true); err != nil {
			return err
		}
		if err := b.query(b.names[:1]); err != nil {
			return err
		}
	}
	return b.measured("withdrawal, and the next answer", int64(b.withdrawals), "withdrawals", time.Since(start))
}

func (b *bench) annotate() error {
	f, err := os.Open(b.path("sites.vcf"))
	if err != nil {
		return err
	}
	defer f.Close()
	start := time.Now()
	r, err := app.Annotate(b.ctx, b.client, app.AnnotateRequest{Purpose: string(consent.Care), As: asClinician}, f, io.Discard, nil)
	if err != nil {
		return err
	}
	return b.measured("annotation", r.Records, "records", time.Since(start))
}
