package demo

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/app"
)

// Measured is one line of a bench.
type Measured struct {
	Work   string        `json:"work"`
	Amount int64         `json:"amount"`
	Unit   string        `json:"unit"`
	Time   time.Duration `json:"nanoseconds"`
}

const (
	singles     = 20_000 // single questions
	withdrawals = 200
)

// Bench measures this machine on the slice, in a store of its own under dir ("" is a temporary directory) that is
// removed afterwards. The figures are of operations as the command line calls them, in process.
func Bench(ctx context.Context, dir string, each func(Measured) error) error {
	work, err := os.MkdirTemp(dir, "samverk-bench-")
	if err != nil {
		return err
	}
	node := filepath.Join(work, "node")
	defer os.RemoveAll(work) // with the journal, which lies beside the node
	b := bench{ctx: ctx, dir: work, each: each}
	if b.people, err = people(); err != nil {
		return err
	}
	if err := b.files(); err != nil {
		return err
	}
	if err := app.Init(ctx, node, app.Settings{Region: "Bench"}); err != nil {
		return err
	}
	return app.With(ctx, node, "samverk bench", nil, func(c *app.Client) error {
		if _, err := c.Own(ctx); err != nil {
			return err
		}
		b.client = c
		return b.run()
	})
}

type bench struct {
	ctx    context.Context
	client *app.Client
	dir    string
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
			consents.WriteString(p.id + ",research,true\n")
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

func (b *bench) run() error {
	for _, f := range []func() error{b.load, b.ask, b.list, b.withdraw, b.annotate} {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) measured(work string, amount int64, unit string, took time.Duration) error {
	return b.each(Measured{Work: work, Amount: amount, Unit: unit, Time: took})
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

func (b *bench) load() error {
	start := time.Now()
	r, err := app.Load.Call(b.ctx, b.client, app.LoadRequest{Dataset: "bench", Files: []string{b.path("slice.vcf.gz")},
		Samples: b.path("samples.tsv"), Consent: b.path("consent.csv"), By: "bench"}, app.Sink[app.None]{})
	if err != nil {
		return err
	}
	return b.measured("load, durable", r.Variants*int64(r.Samples), "genotypes", time.Since(start))
}

func (b *bench) query(variants []string) error {
	_, err := app.Query.Call(b.ctx, b.client, app.QueryRequest{Purpose: "research", Variants: variants}, app.Sink[app.Row]{})
	return err
}

// ask puts single questions and tells the middle one's time.
func (b *bench) ask() error {
	took := make([]time.Duration, singles)
	for i := range took {
		start := time.Now()
		if err := b.query(b.names[i*7919%len(b.names):][:1]); err != nil {
			return err
		}
		took[i] = time.Since(start)
	}
	slices.Sort(took)
	return b.measured("one variant asked, the middle of 20,000", 1, "questions", took[len(took)/2])
}

func (b *bench) list() error {
	start := time.Now()
	if err := b.query(b.names); err != nil {
		return err
	}
	return b.measured("all variants asked at once", int64(len(b.names)), "variants", time.Since(start))
}

// withdraw has somebody withdraw and asks right after, again and again.
func (b *bench) withdraw() error {
	start := time.Now()
	for i := range withdrawals {
		q := app.ConsentChange{Individual: b.people[2*i%len(b.people)].id, Purpose: "research", Withdraw: true, By: "bench"}
		if _, err := app.ChangeConsent.Call(b.ctx, b.client, q, app.Sink[app.None]{}); err != nil {
			return err
		}
		if err := b.query(b.names[:1]); err != nil {
			return err
		}
	}
	return b.measured("withdrawal, durable, and the next answer", withdrawals, "withdrawals", time.Since(start))
}

func (b *bench) annotate() error {
	f, err := os.Open(b.path("sites.vcf"))
	if err != nil {
		return err
	}
	defer f.Close()
	start := time.Now()
	r, err := app.Annotate(b.ctx, b.client, app.AnnotateRequest{Purpose: "research"}, f, io.Discard, nil)
	if err != nil {
		return err
	}
	return b.measured("annotation", r.Records, "records", time.Since(start))
}
