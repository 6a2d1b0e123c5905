package forum

import (
	"testing"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
)

// A text that a decision puts in force is put in force by no other, and what is approved is told with its seal.
func TestATextIsDecidedOnce(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		m := w.convened(b, 14)
		items := make([]ItemID, 3)
		for i := range items {
			items[i] = got(w.AddItem(ctx, w.coord, Item{Meeting: m.ID, Kind: Report, Title: "Sak", Minutes: 10}))(t)
		}
		w.started(b, m, 7)
		draft := DecisionDraft{Item: items[0], Title: "Sak", Text: "Ja.", Method: ByConsensus, Effects: []Effect{{Kind: Policy, Ref: "care-1", Title: "Regel", Digest: [32]byte{1}}, {Kind: Procedure, Ref: "R-7", Title: "Rutine"}}}
		d := got(w.Record(ctx, w.coord, draft))(t)
		for _, digest := range []byte{1, 2} {
			again := draft
			again.Item, again.Effects = items[1], []Effect{{Kind: Policy, Ref: "care-1", Title: "Regel", Digest: [32]byte{digest}}}
			_, err := w.Record(ctx, w.coord, again)
			w.is(fault.Conflict, err)
		}
		draft.Item, draft.Effects = items[1], []Effect{{Kind: Policy, Ref: "care-2", Title: "Regel", Digest: [32]byte{2}}, {Kind: Procedure, Ref: "R-7", Title: "Rutine"}}
		got(w.Record(ctx, w.coord, draft))(t)
		w.ok(w.SetApprovers(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, []network.PersonID{b.chair.Person, b.people[5].Person}))
		w.tick()
		w.approveAll(b, got(w.Close(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version))(t))
		told := got(w.Since(ctx, 0))(t)
		if len(told) != 2 || told[0].ID != d.ID || len(told[0].Seal.Seal) != 64 || !told[0].Binds() || told[0].Effects[0].Digest != [32]byte{1} {
			t.Errorf("%+v", told)
		}
	})
}
