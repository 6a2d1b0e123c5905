package ledger

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Whatever pieces a batch was written in, and whichever was first, each leaf is acknowledged with its own index; what another process wrote or took
// away is noticed, and then nothing is.
func TestBatchesInPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := group{next: rapid.Uint64Range(0, 1000).Draw(t, "next")}
		n := rapid.IntRange(1, 20).Draw(t, "leaves")
		at := make([]uint64, n)
		for i := range at {
			at[i] = g.next + uint64(i)
		}
		at = rapid.Permutation(at).Draw(t, "written as")
		answers := make([]answer, n)
		for i, index := range at {
			answers[i].index = index
		}
		first := g.next
		g.judge(answers)
		for i, a := range answers {
			if a.err != nil || a.index != at[i] {
				t.Fatalf("leaf %d written as %d: %+v", i, at[i], a)
			}
		}
		if g.next != first+uint64(n) || g.failed {
			t.Fatalf("%d leaves from %d, and the next is %d", n, first, g.next)
		}

		strange := slices.Clone(answers)
		by := rapid.Uint64Range(1, 5).Draw(t, "by")
		if rapid.Bool().Draw(t, "gone") {
			by = -min(by, g.next)
		}
		for i := range strange {
			strange[i].index += uint64(n) + by
		}
		if g.judge(strange); by != 0 && (g.broken == nil || slices.ContainsFunc(strange, func(a answer) bool { return a.err == nil })) {
			t.Fatalf("somebody else wrote, and it was acknowledged: %+v", strange)
		}
	})
	// After a failure what it left may be in the log, and the next leaves come behind it.
	g := group{next: 7}
	g.judge([]answer{{err: errors.New("full")}, {err: errors.New("full")}})
	again := []answer{{index: 9}, {index: 10}}
	if g.judge(again); g.broken != nil || again[0].err != nil || g.next != 11 || g.failed {
		t.Errorf("%+v %v", again, g.broken)
	}
}
