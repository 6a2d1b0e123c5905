package procedure

import (
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// TestFromDraftToAdoption walks a procedure's whole way, as each kind of person.
func TestFromDraftToAdoption(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := open(t, dsn, 4)
		ctx, nobody := t.Context(), network.Actor{}
		for _, who := range []network.Actor{w.plain, w.speaker[0]} {
			_, err := w.Create(ctx, who, New{Network: w.root, Field: "cancer", Kind: "treatment", Content: content("Egen")})
			w.is(fault.Denied, err)
		}
		_, err := w.Create(ctx, w.other, New{Network: w.root, Field: "cancer", Kind: "treatment", Content: content("Egen")})
		w.is(fault.NotFound, err)
		id := w.create("DPYD före fluoropyrimidin")

		// A draft is for the network's members, and edits name what they began from.
		for _, who := range []network.Actor{nobody, w.other} {
			_, err := w.View(ctx, who, w.root, id, 0)
			w.is(fault.NotFound, err)
		}
		if v := w.view(w.plain, id); v.Version.State != Draft || v.Writes || !strings.HasPrefix(v.Case, "SE-2026-") {
			t.Fatalf("%+v", v.Procedure)
		}
		c := content("DPYD före fluoropyrimidin")
		c.Plain = "Ett blodprov visar om du tål medicinen."
		w.ok(w.Edit(ctx, w.coord, id, 1, "", c))
		w.is(fault.Conflict, w.Edit(ctx, w.coord, id, 1, "", content("En annan")))
		w.is(fault.Denied, w.Edit(ctx, w.plain, id, 2, "", c))
		w.is(fault.NotFound, w.Edit(ctx, w.other, id, 2, "", c))
		if old := got(w.EditOf(ctx, w.plain, w.root, id, 1, 1))(t); old.Plain != "" {
			t.Error("an edit was rewritten")
		}

		// Named people review, and no others.
		w.is(fault.Denied, w.Review(ctx, w.plain, id, 1, 2, Good, ""))
		w.is(fault.Invalid, w.AskReview(ctx, w.coord, id, w.other.Person))
		w.ok(w.AskReview(ctx, w.coord, id, w.plain.Person))
		w.is(fault.Invalid, w.Review(ctx, w.plain, id, 1, 2, Change, " "))
		w.is(fault.Conflict, w.Review(ctx, w.plain, id, 1, 1, Good, "")) // of an edit that is not the newest
		w.ok(w.Review(ctx, w.plain, id, 1, 2, Good, "Bra."))

		// Nothing is recorded before something is decided.
		w.is(fault.Conflict, w.say(0, id, Adopted, ""))
		v := w.view(w.coord, id).Version
		d := w.decision(w.body, network.Decides)
		w.is(fault.Conflict, w.carry(d, id, 1, [32]byte{1}))
		w.is(fault.Conflict, w.carry(d, id, 2, v.Digest))
		advice := d
		advice.Mandate = network.Advises
		w.is(fault.Denied, w.carry(advice, id, 1, v.Digest))
		elsewhere := d
		elsewhere.Network = w.region[0]
		w.is(fault.Denied, w.carry(elsewhere, id, 1, v.Digest))
		w.ok(w.carry(d, id, 1, v.Digest))
		w.ok(w.carry(d, id, 1, v.Digest)) // once is enough
		w.is(fault.Conflict, w.carry(w.decision(w.body, network.Decides), id, 1, v.Digest))
		if v := w.view(nobody, id); v.Version.State != Force || v.Version.Content.Plain != c.Plain || v.Drafts || len(v.Regions) != 4 {
			t.Fatalf("%+v", v)
		}
		if owed := got(w.Owed(ctx, w.speaker[0], w.root, 10))(t); len(owed) != 1 || owed[0].ID != id {
			t.Errorf("owed: %+v", owed)
		}
		if owed := got(w.Owed(ctx, w.coord, w.root, 10))(t); len(owed) != 0 {
			t.Errorf("the nation owes: %+v", owed)
		}

		// Only the region records, with reasons where they are needed.
		w.forward(10 * 24 * time.Hour)
		w.is(fault.Denied, w.sayAs(w.coord, 0, id, Adopted, ""))
		w.is(fault.Denied, w.sayAs(w.coord, 3, id, Adopted, "")) // which it looks after
		w.is(fault.Denied, w.sayAs(w.speaker[1], 0, id, Adopted, ""))
		w.is(fault.Denied, w.sayAs(nobody, 0, id, Adopted, ""))
		w.is(fault.Invalid, w.say(0, id, Declined, ""))
		w.is(fault.Invalid, w.say(0, id, Deviating, " "))
		w.is(fault.Invalid, w.say(0, id, Unknown, ""))
		w.is(fault.Invalid, w.Say(ctx, w.speaker[0], Saying{Procedure: id, Region: w.region[0], Number: 1, State: Adopted, Day: w.Now().AddDate(0, 0, 1)}))
		w.ok(w.say(0, id, Adopted, ""))
		w.is(fault.Conflict, w.Say(ctx, w.speaker[0], Saying{Procedure: id, Region: w.region[0], Number: 1, State: Considering})) // without having seen the last
		w.ok(w.say(1, id, Declined, "Vi har ingen svarstid att hålla."))
		w.ok(w.say(2, id, Deviating, "Vi testar sex varianter."))
		x := got(w.Adoption(ctx, nobody, w.root, id))(t)
		if x.Now != (Share{People: 400_000, Of: 800_000, Regions: 2, All: 4, Known: 3}) || len(x.Deviations()) != 1 || len(x.Lags) != 2 || x.Lags[0].Days != 9 {
			t.Errorf("%+v %+v", x.Now, x.Lags)
		}

		// What declined raises a topic, once, with its evidence.
		_, err = w.Raise(ctx, w.plain, Raising{Procedure: id, Number: 1, Region: w.region[0], Title: "Nej", Text: "Varför"})
		w.is(fault.Conflict, err)
		raising := Raising{Procedure: id, Number: 1, Region: w.region[1], Title: "Region r1 inför inte", Text: "Skälet är svarstiden.", Page: "Införandet"}
		first := got(w.Raise(ctx, w.plain, raising))(t)
		if again := got(w.Raise(ctx, w.coord, raising))(t); again != first {
			t.Error("pressing twice raised two topics")
		}
		topic := got(w.forum.View(ctx, w.coord, w.root, first))(t)
		if len(topic.Evidence) != 2 || !strings.HasSuffix(topic.Evidence[0].Ref, "/adoption") && !strings.HasSuffix(topic.Evidence[1].Ref, "/adoption") {
			t.Errorf("%+v", topic.Evidence)
		}

		// The next version asks everybody again; what was said stays.
		c.Title, c.Changes = "DPYD före behandling", "Sex varianter."
		w.ok(w.Edit(ctx, w.coord, id, 0, "", c))
		if v := w.view(nobody, id); v.Title == c.Title || v.Version.Number != 1 {
			t.Error("a draft is shown to everybody")
		}
		_, err = w.View(ctx, nobody, w.root, id, 2)
		w.is(fault.NotFound, err)
		if named := got(w.Drafts(ctx, w.coord, first))(t); len(named) != 0 {
			t.Errorf("%+v", named)
		}
		w.ok(w.Edit(ctx, w.coord, id, 1, first, c))
		named := got(w.Drafts(ctx, w.coord, first))(t)
		if len(named) != 1 || named[0].Ref != Ref(id, 2) {
			t.Fatalf("%+v", named)
		}
		w.ok(w.carry(w.decision(w.advises, network.Recommends), id, 2, named[0].Digest))
		view := w.view(nobody, id)
		if view.State != Recommended || view.Versions[1].State != Ended || view.Versions[1].Ends.IsZero() || view.Regions[0].Now() != Unknown || view.Regions[0].Follows() != 1 {
			t.Errorf("%+v", view)
		}
		w.is(fault.Conflict, w.Say(ctx, w.speaker[0], Saying{Procedure: id, Region: w.region[0], Number: 1, After: 1, State: Considering}))
		if x := got(w.Adoption(ctx, nobody, w.root, id))(t); x.Now.Regions != 0 || x.Points[len(x.Points)-1].Any.Regions != 2 || len(x.Records) != 3 {
			t.Errorf("%+v", x)
		}
		w.ok(w.say(0, id, Adopted, ""))

		// Found by words, field and what regions say.
		for query, n := range map[string]int{"fluoropyrim": 1, "sex varianter": 1, "behandling dpyd": 1, "hjärtsvikt": 0, "\"' & |": 1, view.Case: 1} {
			if rows := got(w.List(ctx, nobody, w.root, Filter{Words: query, Limit: 10}))(t); len(rows) != n {
				t.Errorf("%s finds %d", query, len(rows))
			}
		}
		for n, q := range map[int]Filter{1: {Region: w.region[0], Said: Adopted, Limit: 5}, 0: {Region: w.region[1], Said: Declined, Limit: 5}} {
			if rows := got(w.List(ctx, nobody, w.root, q))(t); len(rows) != n {
				t.Errorf("%+v lists %d", q, len(rows))
			}
		}
		if _, said, err := w.OfRegion(ctx, nobody, w.root, "r1", Filter{Owed: true, Limit: 10}); err != nil || len(said) != 1 || said[0].Region.Last.State != Declined {
			t.Errorf("%+v %v", said, err)
		}
		tallies := got(w.Tallies(ctx, nobody, w.root))(t)
		if tallies[0].Said[Adopted] != 1 || tallies[1].Unknown != 1 || tallies[1].Late != 0 {
			t.Errorf("%+v", tallies)
		}
		w.forward(40 * 24 * time.Hour)
		if tallies = got(w.Tallies(ctx, nobody, w.root))(t); tallies[0].Late != 0 || tallies[1].Late != 1 {
			t.Errorf("%+v", tallies)
		}

		// Not even this room's own tables let a record be changed.
		for _, q := range []string{`UPDATE procedure_record SET state = 'adopted'`, `DELETE FROM procedure_record`, `UPDATE procedure_text SET content = '{}'`, `DELETE FROM procedure_review`} {
			if err := w.db.Write(ctx, func(tx *storage.Tx) error { _, err := tx.Exec(ctx, q); return err }); err == nil {
				t.Errorf("%s", q)
			}
		}
	})
}

func TestCompareMarksWords(t *testing.T) {
	a, b := diff("Svar inom 72 timmar efter provet.", "Svar inom 48 timmar efter första provet.")
	mark := func(pieces []Piece) (s string) {
		for _, p := range pieces {
			s += [...]string{"", "-", "+"}[p.Fate] + p.Text + [...]string{"", "-", "+"}[p.Fate]
		}
		return s
	}
	if mark(a) != "Svar inom -72 -timmar efter provet." || mark(b) != "Svar inom +48 +timmar efter +första +provet." {
		t.Error(mark(a), mark(b))
	}
}

func FuzzCompare(f *testing.F) {
	f.Add("ett två tre", "ett tre fyra")
	f.Fuzz(func(t *testing.T, was, now string) {
		a, b := diff(was, now)
		join := func(all []Piece) (s string) {
			for _, p := range all {
				s += p.Text
			}
			return s
		}
		if join(a) != was || join(b) != now {
			t.Errorf("%q %q", was, now)
		}
	})
}

func TestFiguresAreWhole(t *testing.T) {
	f := got(readFigures())(t)
	sum := map[string]int{}
	for _, x := range f.Regions {
		for _, slug := range x.Slugs {
			now, ok := f.of(x.Country, slug, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
			before, was := f.of(x.Country, slug, time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC))
			if !ok || !was || now.Source == "" || now.On.IsZero() || before.People == 0 {
				t.Errorf("%s %s: %+v", x.Country, slug, now)
			}
			sum[x.Country] += now.People
		}
	}
	if sum["SE"]/100_000 != 105 || sum["NO"]/100_000 != 55 {
		t.Errorf("%v live in the countries", sum)
	}
	if _, ok := f.of("SE", "nowhere", time.Now()); ok {
		t.Error("nobody knows how many live nowhere")
	}
}
