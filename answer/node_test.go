package answer_test

import (
	"context"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/genome/load"
	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
)

// node is a desk over real rooms in a folder of the test's own.
type node struct {
	*answer.Desk
	deps load.Deps
	dir  string
}

func newNode(tb testing.TB) *node {
	tb.Helper()
	ctx, dir := context.Background(), tb.TempDir()
	must := func(err error) {
		if err != nil {
			tb.Fatal(err)
		}
	}
	db, err := storage.Open(ctx, filepath.Join(dir, "samverk.db"), storage.Options{
		Migrations: []fs.FS{individual.Migrations, consent.Migrations, store.Migrations()}})
	must(err)
	people, err := individual.Open(ctx, db)
	must(err)
	consents, err := consent.Open(ctx, db, people, consent.Options{Journal: filepath.Join(tb.TempDir(), "journal")})
	must(err)
	genomes, err := store.Open(ctx, db, dir, store.Options{})
	must(err)
	tb.Cleanup(func() {
		must(genomes.Close())
		must(consents.Close())
		must(db.Close())
	})
	return &node{dir: dir, Desk: answer.New(consents, genomes, nil), deps: load.Deps{DB: db, Store: genomes, People: people, Consents: consents}}
}

// load loads a VCF into the dataset "d".
func (n *node) load(tb testing.TB, file, samples string) {
	tb.Helper()
	if _, err := load.Load(context.Background(), n.deps, load.Request{Dataset: "d", Files: []string{file}, Samples: samples,
		MinGQ: load.DefaultMinGQ, MinDP: load.DefaultMinDP}); err != nil {
		tb.Fatal(err)
	}
}

// choose records one person's choice for research.
func (n *node) choose(tb testing.TB, allow bool, who ...individual.Number) {
	tb.Helper()
	var choices []consent.Choice
	for _, w := range who {
		choices = append(choices, consent.Choice{Individual: w, Purpose: consent.Research, Allow: allow, Why: "test"})
	}
	ctx := context.Background()
	if err := n.deps.DB.Write(ctx, func(tx *storage.Tx) error { return n.deps.Consents.Change(ctx, tx, "test", choices) }); err != nil {
		tb.Fatal(err)
	}
}

// allowHalf lets every second person allow research.
func (n *node) allowHalf(tb testing.TB) {
	tb.Helper()
	samples, err := n.deps.Store.Samples(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
	var half []individual.Number
	for i, s := range samples {
		if i%2 == 0 {
			half = append(half, s.Individual)
		}
	}
	n.choose(tb, true, half...)
}
