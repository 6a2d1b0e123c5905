package answer_test

import (
	"context"
	"testing"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/genome/load"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testnode"
	"github.com/samverk/samverk/storage"
)

// node is a desk over real rooms in a folder of the test's own.
type node struct {
	*answer.Desk
	*testnode.Node
	deps load.Deps
}

func newNode(tb testing.TB) *node {
	tb.Helper()
	return wrap(testnode.Open(tb))
}

func wrap(n *testnode.Node) *node {
	return &node{n.Desk, n, load.Deps{DB: n.DB, Store: n.Genomes, People: n.People, Consents: n.Consents}}
}

// research is a question of the operator's for research.
var research = testnode.Operator(consent.Research)

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
