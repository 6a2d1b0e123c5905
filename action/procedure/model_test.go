package procedure

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// model is what is known of one procedure, plainly: what was said, by whom, in the order it was.
type model struct {
	id      ID
	edits   map[int64][]Content // by version: its drafts' texts
	starts  []time.Time         // of versions 1, 2, 3 …
	draft   bool
	said    []said
	history []Record // as it was read last
}

type said struct {
	region, version int
	state           Answer
	day, at         time.Time
	reason          string
}

// covered is the version that a region has at a time, by the words of the rules: an adoption holds until the region says otherwise of that
// version, or adopts or declines a newer.
func (m *model) covered(region int, t time.Time) (version int) {
	for _, s := range m.said {
		from := s.at
		if s.state == Adopted || s.state == Deviating {
			from = s.day
		}
		if s.region != region || from.After(t) {
			continue
		}
		switch s.state {
		case Adopted, Deviating:
			version = s.version
		case Declined:
			version = 0
		default:
			if s.version == version {
				version = 0
			}
		}
	}
	return version
}

// share counts whose people live where the version that was decided at a time is followed.
func (m *model) share(w *world, t time.Time) (now, some Share) {
	decided := 0
	for i, start := range m.starts {
		if !start.After(t) {
			decided = i + 1
		}
	}
	for i := range w.region {
		people := w.people[fmt.Sprintf("r%d", i)]
		version := m.covered(i, t)
		for _, s := range []struct {
			to  *Share
			has bool
		}{{&now, version > 0 && version == decided}, {&some, version > 0}} {
			s.to.All++
			s.to.Of += people
			if people > 0 {
				s.to.Known++
			}
			if s.has {
				s.to.Regions++
				s.to.People += people
			}
		}
	}
	return now, some
}

// TestProceduresAgainstAModel does what people might in any order: only regions record, nothing that was said or written changes, and the
// share of the population is that of a plain count.
func TestProceduresAgainstAModel(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := open(t, dsn, 5)
		ctx := t.Context()
		run := func(t *rapid.T) {
			m := &model{id: w.create("Rutin"), edits: map[int64][]Content{1: {content("Rutin")}}, draft: true}
			is := func(kind fault.Kind, err error) {
				if err == nil || fault.KindOf(err) != kind {
					t.Fatalf("%v, and a failure of kind %v was expected", err, kind)
				}
			}
			ok := func(err error) {
				if err != nil {
					t.Fatal(err)
				}
			}
			for range rapid.IntRange(1, 25).Draw(t, "steps") {
				w.forward(time.Duration(rapid.IntRange(1, 90*24).Draw(t, "hours")) * time.Hour)
				switch rapid.SampledFrom([]string{"edit", "decide", "say", "say", "say", "other"}).Draw(t, "act") {
				case "edit":
					m.edit(t, w, ok, is)
				case "decide":
					m.decide(t, w, ok, is)
				case "say":
					m.say(t, w, ok, is)
				case "other": // who is not the region: the nation, others, nobody
					if len(m.starts) == 0 {
						continue
					}
					i := rapid.IntRange(0, 4).Draw(t, "region")
					who := rapid.SampledFrom([]network.Actor{w.coord, w.plain, w.other, {}, w.speaker[(i+1)%4]}).Draw(t, "who")
					if who == w.speaker[i] && who.Person != "" {
						continue
					}
					err := w.Say(ctx, who, Saying{Procedure: m.id, Region: w.region[i], Number: int64(len(m.starts)), After: m.after(w, i), State: Adopted})
					is(fault.Denied, err)
				}
				m.check(t, w)
			}
		}
		if !long() {
			was := flag.Lookup("rapid.checks").Value.String()
			checks := map[bool]string{true: "4", false: "12"}[strings.HasPrefix(dsn, "postgres")]
			if err := flag.Set("rapid.checks", checks); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = flag.Set("rapid.checks", was) }()
		}
		rapid.Check(t, run)
	})
}

func (m *model) edit(t *rapid.T, w *world, ok func(error), is func(fault.Kind, error)) {
	c := content("Rutin")
	c.How = strings.Repeat("steg ", rapid.IntRange(1, 9).Draw(t, "how")) + fmt.Sprint(w.Now().UnixNano())
	number := int64(len(m.starts)) + 1
	from := int64(0)
	if m.draft {
		from = int64(len(m.edits[number]))
	}
	is(fault.Conflict, w.Edit(w.t.Context(), w.coord, m.id, from+7, "", c))
	is(fault.Denied, w.Edit(w.t.Context(), w.plain, m.id, from, "", c))
	ok(w.Edit(w.t.Context(), w.coord, m.id, from, "", c))
	c.How = strings.TrimSpace(c.How)
	m.edits[number], m.draft = append(m.edits[number], c), true
}

// decide puts any edit of the open draft in force, by a body that decides or recommends.
func (m *model) decide(t *rapid.T, w *world, ok func(error), is func(fault.Kind, error)) {
	number := int64(len(m.starts)) + 1
	by, mandate := w.body, network.Decides
	if rapid.Bool().Draw(t, "recommends") {
		by, mandate = w.advises, network.Recommends
	}
	d := w.decision(by, mandate)
	if !m.draft {
		is(fault.Conflict, w.carry(d, m.id, number, [32]byte{9}))
		return
	}
	chosen := rapid.IntRange(0, len(m.edits[number])-1).Draw(t, "edit")
	digest := digest(m.id, number, written(m.edits[number][chosen]))
	is(fault.Conflict, w.carry(d, m.id, number+1, digest))
	ok(w.carry(d, m.id, number, digest))
	m.starts, m.draft = append(m.starts, w.Now()), false
	got, err := w.View(w.t.Context(), network.Actor{}, w.root, m.id, 0)
	ok(err)
	if diff := cmp.Diff(m.edits[number][chosen], got.Version.Content); diff != "" || got.Version.Number != number {
		t.Fatal(diff)
	}
}

func (m *model) say(t *rapid.T, w *world, ok func(error), is func(fault.Kind, error)) {
	i := rapid.IntRange(0, 3).Draw(t, "region")
	s := said{region: i, version: len(m.starts), state: rapid.SampledFrom(append(slices.Clone(Answers), Unknown)).Draw(t, "state"), at: w.Now(), reason: rapid.SampledFrom([]string{"", "Skäl"}).Draw(t, "reason")}
	in := Saying{Procedure: m.id, Region: w.region[i], Number: int64(s.version), After: m.after(w, i), State: s.state, Reason: s.reason}
	if rapid.Bool().Draw(t, "earlier") {
		in.Day = w.Now().Add(-time.Duration(rapid.IntRange(0, 100*24).Draw(t, "ago")) * time.Hour)
	}
	err := w.Say(w.t.Context(), w.speaker[i], in)
	switch {
	case len(m.starts) == 0:
		is(fault.Conflict, err)
		return
	case s.state == Unknown, s.reason == "" && (s.state == Deviating || s.state == Declined):
		is(fault.Invalid, err)
		return
	}
	ok(err)
	is(fault.Conflict, w.Say(w.t.Context(), w.speaker[i], in)) // that was seen before it
	if s.day = in.Day; in.Day.IsZero() || !s.state.Covers() {
		z, _ := time.LoadLocation("Europe/Stockholm")
		l := w.Now().In(z)
		s.day = time.Date(l.Year(), l.Month(), l.Day(), 0, 0, 0, 0, z)
	}
	m.said = append(m.said, s)
}

func (m *model) after(w *world, region int) (seq int64) {
	w.ok(w.db.Read(w.t.Context(), func(tx *storage.Tx) error {
		c, err := w.Room.last(w.t.Context(), tx, m.id, w.region[region])
		seq = c.Seq
		return err
	}))
	return seq
}

// check finds everything that was said and written as it was, and the shares of each point as a plain count has them.
func (m *model) check(t *rapid.T, w *world) {
	if len(m.starts) == 0 {
		return
	}
	x, err := w.Adoption(w.t.Context(), network.Actor{}, w.root, m.id)
	if err != nil {
		t.Fatal(err)
	}
	if len(x.Records) < len(m.history) || len(x.Records) != len(m.said) {
		t.Fatalf("%d records of %d", len(x.Records), len(m.said))
	}
	if diff := cmp.Diff(m.history, x.Records[:len(m.history)]); diff != "" && len(m.history) > 0 {
		t.Fatalf("history was rewritten: %s", diff)
	}
	for i, c := range x.Records {
		s := m.said[i]
		if c.Region != w.region[s.region] || c.State != s.state || c.Reason != s.reason || int(c.Number) != s.version || !c.Day.Equal(s.day.Truncate(time.Microsecond)) || !c.At.Equal(s.at) {
			t.Fatalf("%+v is not %+v", c, s)
		}
	}
	m.history = x.Records
	for _, p := range x.Points {
		now, some := m.share(w, p.At)
		if p.Current != now || p.Any != some {
			t.Fatalf("at %v: %+v and %+v, not %+v and %+v", p.At, p.Current, p.Any, now, some)
		}
	}
	if now, _ := m.share(w, w.Now()); x.Now != now {
		t.Fatalf("now %+v, not %+v", x.Now, now)
	}
	for number, edits := range m.edits {
		edit := rapid.IntRange(0, len(edits)-1).Draw(t, "look")
		got, err := w.EditOf(w.t.Context(), w.coord, w.root, m.id, number, int64(edit)+1)
		if err != nil || cmp.Diff(edits[edit], got) != "" {
			t.Fatalf("an edit was rewritten: %v", err)
		}
	}
}
