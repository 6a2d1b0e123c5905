package involvement

import (
	"context"
	"io/fs"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// world is the room with a group that a chair runs, and others who don't.
type world struct {
	*Reports
	root  network.ID
	body  network.BodyID
	chair network.Actor
	coord network.Actor
	plain network.Actor // registered, without a seat
}

func open(t *testing.T, dsn string, v network.Visibility) world {
	t.Helper()
	ctx, now := t.Context(), time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db, err := storage.Open(ctx, dsn, storage.Options{Now: func() time.Time { now = now.Add(time.Second); return now }, Migrations: []fs.FS{network.Migrations, notice.Migrations, Migrations}})
	must(err)
	t.Cleanup(func() { _ = db.Close() })
	n, err := network.Open(ctx, db)
	must(err)
	w := world{Reports: Open(db, n)}
	w.coord.Person, err = n.AddOperator(ctx, "Siri Samordnare", "sv")
	must(err)
	root, err := n.Setup(ctx, w.coord, network.SetUp{Template: "empty", Slug: "se", Name: network.Text{SV: "Nätverket"}, Lang: "sv", Zone: "Europe/Stockholm", Country: "SE"})
	must(err)
	w.root = root
	w.body, err = n.AddBody(ctx, w.coord, network.Body{Network: root, Kind: network.WorkingGroup, Name: network.Text{SV: "Gruppen"}, Mandate: network.Decides, Visibility: v})
	must(err)
	seat, err := n.AddSeat(ctx, w.coord, network.Seat{Body: w.body, Role: network.Chair, Sector: network.Care})
	must(err)
	w.chair.Person, err = n.AddPerson(ctx, w.coord, network.NewPerson{Name: "Olle Ordförande", Lang: "sv", Network: root})
	must(err)
	_, err = n.Give(ctx, w.coord, network.Term{Seat: seat, Person: w.chair.Person})
	must(err)
	w.plain.Person, err = n.AddPerson(ctx, w.coord, network.NewPerson{Name: "Pia Plats", Lang: "sv", Network: root})
	must(err)
	return w
}

func texts(all string) map[string]string {
	out := map[string]string{}
	for _, h := range Headings {
		out[h] = all
	}
	return out
}

// Whatever is saved and published in whichever order, by whoever: what readers see is the newest that was published, what writers see is the
// newest, and only writers write.
func TestReportsAgainstAModel(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := open(t, dsn, network.Public)
		ctx, year := context.Background(), 2000
		people := []network.Actor{w.chair, w.coord, w.plain, {}}
		rapid.Check(t, func(r *rapid.T) {
			year++ // a year of its own for each history
			if year > 2027 {
				year = 2000
			}
			newest, _, err := w.Of(ctx, w.chair, w.root, w.body, year)
			if err != nil {
				r.Fatal(err)
			}
			public, _, err := w.Of(ctx, network.Actor{}, w.root, w.body, year)
			if err != nil {
				r.Fatal(err)
			}
			for range rapid.IntRange(1, 6).Draw(r, "acts") {
				who := rapid.IntRange(0, 3).Draw(r, "who")
				in := Report{Body: w.body, Year: year, Lang: "sv", Texts: texts(rapid.SampledFrom([]string{"", "Vi frågade.", "Vi lyssnade."}).Draw(r, "text")),
					Version: newest.Version - int64(rapid.IntRange(0, 1).Draw(r, "stale")), Published: rapid.Bool().Draw(r, "published")}
				err := w.Save(ctx, people[who], w.root, in)
				want := fault.Kind(0)
				switch {
				case who > 1:
					want = fault.Denied
				case in.Published && in.Texts["aim"] == "":
					want = fault.Invalid
				case in.Version != newest.Version:
					want = fault.Conflict
				}
				if want != 0 {
					if fault.KindOf(err) != want {
						r.Fatalf("%v, not %v", err, want)
					}
					continue
				}
				if err != nil {
					r.Fatal(err)
				}
				in.Version++
				newest = in
				if in.Published {
					public = in
				}
			}
			for i, who := range people {
				got, writes, err := w.Of(ctx, who, w.root, w.body, year)
				want := public
				if i < 2 {
					want = newest
				}
				if err != nil || writes != (i < 2) || got.Version != want.Version || got.Texts["aim"] != want.Texts["aim"] || got.Published != want.Published {
					r.Fatalf("person %d: %+v, %v, %v; not %+v", i, got, writes, err, want)
				}
			}
		})
	})
}

func TestWhatIsNotSeenIsNotThere(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := open(t, dsn, network.BodyOnly)
		ctx := t.Context()
		for _, in := range []Report{{Body: w.body, Year: 2026}, {Body: "absent", Year: 2026}} {
			if _, _, err := w.Of(ctx, w.plain, w.root, in.Body, in.Year); fault.KindOf(err) != fault.NotFound {
				t.Errorf("%v", err)
			}
			if err := w.Save(ctx, w.plain, w.root, in); fault.KindOf(err) != fault.NotFound {
				t.Errorf("%v", err)
			}
		}
		if _, _, err := w.Of(ctx, w.chair, "another", w.body, 2026); fault.KindOf(err) != fault.NotFound {
			t.Errorf("in another tenant: %v", err)
		}
		if err := w.Save(ctx, w.chair, w.root, Report{Body: w.body, Year: 2026, Lang: "sv", Texts: texts("Ja."), Published: true}); err != nil {
			t.Error(err)
		}
	})
}
