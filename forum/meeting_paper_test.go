package forum

import (
	"context"
	"strings"
	"testing"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// TestAPaperIsWithdrawnWithAReason holds that a withdrawn paper's file is gone and why it went stays, and that a paper carried
// to another meeting keeps its file.
func TestAPaperIsWithdrawnWithAReason(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		m := got(w.Plan(ctx, w.west.chair, Meeting{Body: w.west.id, Starts: w.Now().AddDate(0, 0, 20), Minutes: 60}))(t)
		file := got(w.AttachToMeeting(ctx, w.west.chair, m, "", "Beløp", "belop.txt", strings.NewReader("Hundre kroner.")))(t)
		w.ok(w.AddPaper(ctx, w.west.chair, m, "", Paper{Title: "Beløp, igjen", File: file}))
		papers := func() []Paper { return got(w.Meeting(ctx, w.west.chair, m))(t).Papers }
		if f := got(w.PaperFiles(ctx, w.west.patient, m))(t).Files[file]; f.Size != 14 || f.State != Unscanned {
			t.Errorf("the file is %+v", f)
		}
		for _, who := range []network.Actor{{}, w.plain, w.north.chair, w.other} {
			_, err := w.PaperFiles(ctx, who, m)
			w.is(fault.NotFound, err)
			if who != w.plain && who != w.north.chair {
				w.is(fault.NotFound, w.WithdrawPaper(ctx, who, m, papers()[0].ID, "Feil"))
			}
		}
		w.is(fault.Denied, w.WithdrawPaper(ctx, w.west.patient, m, papers()[0].ID, "Feil"))
		w.is(fault.Invalid, w.WithdrawPaper(ctx, w.west.chair, m, papers()[0].ID, " "))
		w.ok(w.WithdrawPaper(ctx, w.west.chair, m, papers()[1].ID, "To ganger"))
		if _, err := w.Fetch(ctx, w.west.patient, w.root, file); err != nil {
			t.Errorf("another paper has it: %v", err)
		}
		w.ok(w.WithdrawPaper(ctx, w.west.chair, m, papers()[0].ID, "Feil versjon"))
		_, err := w.Fetch(ctx, w.west.chair, w.root, file)
		w.is(fault.NotFound, err)
		v := got(w.PaperFiles(ctx, w.west.patient, m))(t)
		if len(v.Files) != 0 || len(v.Withdrawn) != 2 || v.Withdrawn[0].Title != "Beløp" || v.Withdrawn[0].Reason != "Feil versjon" || v.Withdrawn[0].Name == "" {
			t.Errorf("%+v", v)
		}
		w.is(fault.NotFound, w.WithdrawPaper(ctx, w.west.chair, m, "nothing", "Feil"))
	})
}

// TestTiesThatATopicTouches holds whose ties are shown, and to whom.
func TestTiesThatATopicTouches(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		for _, who := range []network.Actor{w.west.member, w.plain, w.north.member} {
			got(w.network.DeclareInterest(ctx, who, network.Interest{Root: w.root, Named: "Nordsekvens AS", Kind: "fee"}))(t)
			got(w.network.DeclareInterest(ctx, who, network.Interest{Root: w.root, Named: "Nord", Kind: "ownership"}))(t)
		}
		x := got(w.Raise(ctx, w.plain, Raising{Body: w.west.id, Title: "Kjøp av prøver fra Nordsekvens AS", Text: "Prisen.", Visibility: network.Public}))(t)
		for _, c := range []struct {
			who  network.Actor
			want int
			own  int
		}{{network.Actor{}, 0, 0}, {w.other, 0, 0}, {w.north.chair, 1, 0}, {w.west.member, 1, 1}, {w.plain, 2, 1}} {
			ties := got(w.Ties(ctx, c.who, x.ID))(t)
			own := 0
			for _, one := range ties {
				if one.Named != "Nordsekvens AS" || one.State != "" || one.Seated != (one.Person == w.west.member.Person) {
					t.Errorf("%+v", one)
				}
				if one.Own {
					own++
				}
			}
			if len(ties) != c.want || own != c.own {
				t.Errorf("%+v sees %+v", c.who, ties)
			}
		}
		w.ok(w.WaiveInput(ctx, w.west.chair, x.ID, "Hastverk."))
		w.ok(w.Prepare(ctx, w.west.chair, x.ID))
		m := got(w.Plan(ctx, w.west.chair, Meeting{Body: w.west.id, Starts: w.Now().AddDate(0, 0, 20), Minutes: 60}))(t)
		got(w.AddItem(ctx, w.west.chair, Item{Meeting: m, Kind: AboutTopic, Topic: x.ID, Minutes: 10}))(t)
		if ties := got(w.Ties(ctx, w.west.chair, x.ID))(t); len(ties) != 1 || ties[0].State != RecusalProposed {
			t.Errorf("inside: %+v", ties)
		}
		if ties := got(w.Ties(ctx, w.north.chair, x.ID))(t); len(ties) != 1 || ties[0].State != "" {
			t.Errorf("outside: %+v", ties)
		}
	})
}

// A file of a meeting is one of its papers, or isn't there: none comes to a meeting that is over, where it could not be withdrawn.
func TestAFileIsAPaperOrNotThere(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		b := w.board()
		m := w.convened(b, 14)
		files := func() (n int) {
			w.read(func(ctx context.Context, tx *storage.Tx) {
				w.ok(tx.QueryRow(ctx, `SELECT COUNT(*) FROM forum_file`).Scan(&n))
			})
			return n
		}
		refused := func(kind fault.Kind, id MeetingID, title string) {
			t.Helper()
			file, err := w.AttachToMeeting(ctx, w.coord, id, "", title, "x.txt", strings.NewReader("x"))
			w.is(kind, err)
			if n := files(); n != 0 || file != "" {
				t.Errorf("%d files are there", n)
			}
		}
		refused(fault.Invalid, m.ID, " ")
		w.held(b, m, b.votes, b.votes[0])
		refused(fault.Conflict, m.ID, "Vedlegg")
		m = w.convened(b, 30)
		w.ok(w.Cancel(ctx, w.coord, m.ID, w.theMeeting(m.ID).Version, "Syk."))
		refused(fault.Conflict, m.ID, "Vedlegg")
	})
}
