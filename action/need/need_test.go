package need

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// world is the room with a network of a nation and a region, and people in it.
type world struct {
	*Room
	t      testing.TB
	now    time.Time
	root   network.ID
	region network.ID
	coord  network.Actor
	people []network.Actor // registered, without a seat
	out    network.Actor   // of another tenant
}

func open(t testing.TB, dsn string, people int) *world {
	t.Helper()
	ctx := context.Background()
	w := &world{t: t, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	db, err := storage.Open(ctx, dsn, storage.Options{Now: func() time.Time { return w.now }, Migrations: []fs.FS{network.Migrations, notice.Migrations, forum.Migrations, Migrations}})
	w.ok(err)
	t.Cleanup(func() { _ = db.Close() })
	n, err := network.Open(ctx, db)
	w.ok(err)
	told, err := notice.Open(ctx, db, notice.Options{URL: "http://localhost"})
	w.ok(err)
	f, err := forum.Open(ctx, db, n, told, forum.Options{Files: t.TempDir()})
	w.ok(err)
	w.Room = Open(db, n, f, told)
	w.coord.Person, err = n.AddOperator(ctx, "Siri Samordnare", "sv")
	w.ok(err)
	w.root, err = n.Setup(ctx, w.coord, network.SetUp{Template: "empty", Slug: "se", Name: network.Text{SV: "Nätverket"}, Lang: "sv", Zone: "Europe/Stockholm", Country: "SE"})
	w.ok(err)
	w.region, err = n.AddNetwork(ctx, w.coord, network.Network{Parent: w.root, Slug: "norr", Kind: network.Regional, Name: network.Text{SV: "Norr"}})
	w.ok(err)
	for i := range people {
		p, err := n.AddPerson(ctx, w.coord, network.NewPerson{Name: fmt.Sprintf("Person %d", i), Lang: "sv", Network: w.root})
		w.ok(err)
		w.people = append(w.people, network.Actor{Person: p})
	}
	w.out.Person, err = n.AddOperator(ctx, "Olle Annan", "sv")
	w.ok(err)
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) survey() Survey {
	w.t.Helper()
	s, err := w.Begin(w.t.Context(), w.coord, Survey{Network: w.root, Title: "Vad behövs mest?", Lang: "sv", Visibility: network.NetworkOnly,
		ProposeUntil: w.now.AddDate(0, 0, 7), RankUntil: w.now.AddDate(0, 0, 14)})
	w.ok(err)
	return s
}

func TestASurveyFromQuestionToResult(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := open(t, dsn, 7)
		ctx, s := t.Context(), w.survey()
		var all []ProposalID
		for _, title := range []string{"Kortare väntan", "Fler tolkar", "Egen samordnare"} {
			id, err := w.Propose(ctx, w.people[0], w.root, s.ID, Proposal{Title: title})
			w.ok(err)
			all = append(all, id)
		}
		is := func(what string, err error, want fault.Kind) {
			t.Helper()
			if fault.KindOf(err) != want {
				t.Errorf("%s: %v, not %v", what, err, want)
			}
		}
		_, err := w.Propose(ctx, w.people[1], w.root, s.ID, Proposal{Title: "fler  TOLKAR"})
		is("the same again", err, fault.Conflict)
		is("ranked too early", w.Rank(ctx, w.people[0], w.root, s.ID, network.Patient, "", all[:1]), fault.Conflict)
		_, err = w.Begin(ctx, w.people[0], Survey{Network: w.root})
		is("begun by a member", err, fault.Denied)
		w.now = w.now.AddDate(0, 0, 8)
		_, err = w.Propose(ctx, w.people[0], w.root, s.ID, Proposal{Title: "För sent"})
		is("proposed too late", err, fault.Conflict)
		is("ranked twice", w.Rank(ctx, w.people[0], w.root, s.ID, network.Patient, "", []ProposalID{all[0], all[0]}), fault.Invalid)
		is("from outside", w.Rank(ctx, w.out, w.root, s.ID, network.Patient, "", all[:1]), fault.NotFound)
		for i, p := range w.people {
			sector := network.Patient
			if i > 4 {
				sector = network.Care
			}
			w.ok(w.Rank(ctx, p, w.root, s.ID, sector, w.region, all[:2]))
		}
		w.ok(w.Rank(ctx, w.people[6], w.root, s.ID, network.Care, "", []ProposalID{all[2], all[0]})) // changes their mind
		v, err := w.Survey(ctx, w.coord, w.root, s.ID)
		w.ok(err)
		if v.Result.People != 0 || v.Ranked != 7 || v.Mine != nil {
			t.Errorf("before it is closed: %+v", v)
		}
		if waits, err := w.Waiting(ctx, w.people[0], w.root); err != nil || len(waits) != 0 {
			t.Errorf("who has ranked still waits: %v, %v", waits, err)
		}
		if waits, err := w.Waiting(ctx, w.coord, w.root); err != nil || len(waits) != 1 {
			t.Errorf("who has not ranked: %v, %v", waits, err)
		}
		is("a day moved earlier", w.Extend(ctx, w.coord, w.root, s.ID, 1, s.ProposeUntil, s.RankUntil.AddDate(0, 0, -1)), fault.Invalid)
		w.ok(w.Extend(ctx, w.coord, w.root, s.ID, 1, s.ProposeUntil, s.RankUntil.AddDate(0, 0, 1)))
		w.now = w.now.AddDate(0, 0, 8)
		v, err = w.Survey(ctx, w.people[0], w.root, s.ID)
		w.ok(err)
		// Six put the first before the second (2 + 1), one the third before the first (2 + 1).
		if r := v.Result; r.People != 7 || r.Scores[0].Points != 13 || r.Scores[0].First != 6 || r.Scores[1].Points != 6 || r.Scores[2].Points != 2 {
			t.Errorf("the result: %+v", r)
		}
		if len(v.Result.Sectors) != 0 { // five and two: the two are found by subtraction if the five are shown
			t.Errorf("sectors %+v", v.Result.Sectors)
		}
		w.ok(w.network.Erase(ctx, w.people[6]))
		if v, err = w.Survey(ctx, w.people[0], w.root, s.ID); err != nil || v.Result.People != 6 {
			t.Errorf("after somebody was erased: %+v, %v", v.Result, err)
		}
	})
}

// No group under five is shown, nor can those that aren't be found by subtraction; points are a plain model's.
func TestResultsAgainstAModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		proposals := make([]Proposal, rapid.IntRange(1, 6).Draw(r, "proposals"))
		for i := range proposals {
			proposals[i].ID = ProposalID(fmt.Sprint(i))
		}
		var ballots []ballot
		for range rapid.IntRange(0, 30).Draw(r, "people") {
			order := rapid.Permutation(proposals).Draw(r, "order")
			b := ballot{sector: rapid.SampledFrom(network.Sectors).Draw(r, "sector"), region: network.ID(rapid.SampledFrom([]string{"", "a", "b"}).Draw(r, "region"))}
			for _, p := range order[:rapid.IntRange(1, len(order)).Draw(r, "places")] {
				b.ranked = append(b.ranked, p.ID)
			}
			ballots = append(ballots, b)
		}
		got := count(proposals, ballots)
		if few := len(ballots) < FewestPeople; few != (got.Scores == nil) || few && got.Sectors != nil {
			r.Fatalf("of %d people: %+v", len(ballots), got)
		}
		for _, s := range got.Scores {
			points, first := 0, 0
			for _, b := range ballots {
				if i := slices.Index(b.ranked, s.ID); i >= 0 {
					points += len(b.ranked) - i
					if i == 0 {
						first++
					}
				}
			}
			if s.Points != points || s.First != first {
				r.Fatalf("%s has %d points and is %d times first, not %d and %d", s.ID, s.Points, s.First, points, first)
			}
		}
		if !slices.IsSortedFunc(got.Scores, func(a, b Score) int { return b.Points - a.Points }) {
			r.Fatal("not in order")
		}
		for name, groups := range map[string][]Group{"sectors": got.Sectors, "regions": got.Regions} {
			shown := 0
			for _, g := range groups {
				if shown += g.People; g.People < FewestPeople {
					r.Fatalf("%s: %+v is shown", name, g)
				}
			}
			if rest := len(ballots) - shown; shown > 0 && rest > 0 && rest < FewestPeople {
				r.Fatalf("%s: the other %d are found by subtraction", name, rest)
			}
		}
	})
}

// Whatever the two sides say in whichever order: neither learns how to reach the other before both have said yes, nor after one has said no.
func TestContactsAgainstAModel(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := open(t, dsn, 4)
		ctx := context.Background()
		helper := w.people[1]
		w.ok(w.network.SaveProfile(ctx, helper, []network.ProfilePart{{Part: network.Genes, Value: "BRCA1", Lang: "sv", Visibility: network.NetworkOnly}}))
		rapid.Check(t, func(r *rapid.T) {
			n, err := w.Seek(ctx, w.people[0], Need{Network: w.root, Kind: "partner", Title: "Patientpartner", Lang: "sv", Words: []string{"BRCA1"}, Visibility: network.NetworkOnly, Until: w.now.AddDate(0, 1, 0)})
			if err != nil {
				r.Fatal(err)
			}
			seeker, person, ended := false, false, false
			for range rapid.IntRange(1, 6).Draw(r, "acts") {
				bySeeker, yes := rapid.Bool().Draw(r, "seeker"), rapid.Bool().Draw(r, "yes")
				who := helper
				if bySeeker {
					who = w.people[0]
				}
				begun := seeker || person || ended
				if yes {
					err = w.Yes(ctx, who, w.root, n.ID, helper.Person, "ring "+string(who.Person))
				} else {
					err = w.No(ctx, who, w.root, n.ID, helper.Person)
				}
				switch {
				case !yes && (!begun || ended):
					if fault.KindOf(err) != fault.NotFound {
						r.Fatalf("no to nothing: %v", err)
					}
				case !yes:
					ended = true
				case ended:
					if fault.KindOf(err) != fault.Conflict {
						r.Fatalf("yes after no: %v", err)
					}
				default:
					seeker, person = seeker || bySeeker, person || !bySeeker
				}
				if !ended && err != nil && (yes || begun) {
					r.Fatal(err)
				}
				for _, reader := range []network.Actor{w.people[0], helper, w.people[2]} {
					v, err := w.Need(ctx, reader, w.root, n.ID)
					if err != nil {
						r.Fatal(err)
					}
					if reader == w.people[2] && len(v.Contacts) > 0 {
						r.Fatal("a third sees the contact")
					}
					for _, c := range v.Contacts {
						agreed := seeker && person && !ended
						if own := reader == helper; (c.Other != "") != (person && !ended && (own || agreed)) {
							r.Fatalf("seeker %v person %v ended %v: %v sees the person's %q", seeker, person, ended, own, c.Other)
						}
						if own := reader == w.people[0]; (c.Seeker != "") != (seeker && !ended && (own || agreed)) {
							r.Fatalf("seeker %v person %v ended %v: %v sees the seeker's %q", seeker, person, ended, own, c.Seeker)
						}
					}
				}
			}
			w.ok(w.Close(ctx, w.people[0], w.root, n.ID, 1, true))
		})
		n, err := w.Seek(ctx, w.people[0], Need{Network: w.root, Kind: "partner", Title: "En till", Lang: "sv", Words: []string{"BRCA1"}, Visibility: network.NetworkOnly, Until: w.now.AddDate(0, 1, 0)})
		w.ok(err)
		if err := w.Yes(ctx, w.people[0], w.root, n.ID, w.people[3].Person, "ring"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("somebody who is no match is asked: %v", err)
		}
		v, err := w.Need(ctx, w.people[0], w.root, n.ID)
		if err != nil || len(v.Matches) != 1 || v.Matches[0].Person != helper.Person || v.Matches[0].Reasons[0].Item != "BRCA1" {
			t.Errorf("the matches: %+v, %v", v.Matches, err)
		}
		w.ok(w.Yes(ctx, helper, w.root, n.ID, "", "mejla"))
		if waits, err := w.Waiting(ctx, w.people[0], w.root); err != nil || len(waits) != 1 || waits[0].Asked {
			t.Errorf("what waits: %+v, %v", waits, err)
		}
		if _, err := w.Need(ctx, w.out, w.root, n.ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("from outside: %v", err)
		}
		list, err := w.Needs(ctx, helper, Filter{Root: w.root, Limit: 10})
		mine, err2 := w.Needs(ctx, w.people[0], Filter{Root: w.root, Mine: true, Limit: 500})
		if err != nil || err2 != nil || len(list) != 1 || len(mine) < 2 {
			t.Errorf("%d open, %d own, %v, %v", len(list), len(mine), err, err2)
		}
		w.ok(w.network.Erase(ctx, w.people[0]))
		if list, err := w.Needs(ctx, helper, Filter{Root: w.root, Limit: 10}); err != nil || len(list) != 0 {
			t.Errorf("after erasing: %+v, %v", list, err)
		}
	})
}
