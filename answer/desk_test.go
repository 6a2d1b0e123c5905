package answer_test

import (
	"testing"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
)

// A mask that no question can use any more is let go, and with it the segments of its time.
func TestMasksOfThePastAreLetGo(t *testing.T) {
	n := newNode(t)
	var people []individual.Number
	if err := n.deps.DB.Write(t.Context(), func(tx *storage.Tx) (err error) {
		people, err = n.deps.People.Enrol(t.Context(), tx, []individual.New{{ID: "P"}})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	n.choose(t, true, people...)
	if err := n.Everything(t.Context(), research, func(variant.Key, store.Count) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if r := n.Remembered(); r != 1 {
		t.Fatalf("%d masks are remembered", r)
	}
	n.choose(t, false, people...)
	key := variant.Key{Chrom: 1, Pos: 1, Ref: []byte("A"), Alt: []byte("C")}
	if _, err := n.Ask(t.Context(), answer.Question{Ask: research, Keys: []variant.Key{key}}); err != nil {
		t.Fatal(err)
	}
	if r := n.Remembered(); r != 0 {
		t.Errorf("%d masks of the past are remembered", r)
	}
}
