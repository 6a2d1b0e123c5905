package plan

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/sheet"
	"github.com/samverk/samverk/storage"
)

// A plan from its beginning to the follow-up of its second year: who may do what, and what everybody sees of it.
func TestPlan(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx, nobody := open(t, dsn), t.Context(), network.Actor{}
		_, err := w.Make(ctx, w.plain, Draft{Network: w.root, Title: "x", From: w.date("2026-01-01"), To: w.date("2027-01-01")})
		w.is(fault.Denied, err)
		_, err = w.Make(ctx, w.other, Draft{Network: w.root, Title: "x", From: w.date("2026-01-01"), To: w.date("2027-01-01")})
		w.is(fault.NotFound, err)
		_, err = w.Make(ctx, w.coord, Draft{Network: w.root, Title: "x", From: w.date("2027-01-01"), To: w.date("2026-01-01")})
		w.is(fault.Invalid, err)
		body := got(w.Make(ctx, w.chair, Draft{Body: w.body, Title: "Gruppens plan", Visibility: network.BodyOnly, From: w.date("2026-01-01"), To: w.date("2027-01-01")}))(t)
		p := w.make(network.Public)
		if all := got(w.Plans(ctx, nobody, w.root))(t); len(all) != 1 || all[0].Case != "NO-2026-0002" {
			t.Errorf("plans %+v", all)
		}
		_, err = w.View(ctx, w.plain, w.root, body)
		w.is(fault.NotFound, err)
		top := got(w.AddGoal(ctx, w.coord, p, "", "Likt tilbud"))(t)
		under := got(w.AddGoal(ctx, w.coord, p, top, "Samme svartid"))(t)
		area := got(w.AddArea(ctx, w.coord, p, "Diagnostikk"))(t)
		w.is(fault.Conflict, w.Remove(ctx, w.coord, p, top))

		// Measures: named owners, partners, what they wait for, and no circle.
		in := w.task("Innfør helgenom")
		in.Goal, in.Area, in.Partners, in.Region, in.Target = under, area, []network.OrganisationID{w.clinic}, w.west, "90 %"
		first := got(w.Add(ctx, w.coord, p, in))(t)
		second := w.task("Opplær alle")
		second.Needs = []MeasureID{first}
		after := got(w.Add(ctx, w.coord, p, second))(t)
		in.Needs = []MeasureID{after}
		w.is(fault.Invalid, w.EditMeasure(ctx, w.coord, first, 1, in))
		in.Needs = []MeasureID{first}
		w.is(fault.Invalid, w.EditMeasure(ctx, w.coord, first, 1, in))
		in.Needs, in.What = nil, "Innfør helgenom i hele regionen"
		w.ok(w.EditMeasure(ctx, w.coord, first, 1, in))
		w.is(fault.Conflict, w.EditMeasure(ctx, w.coord, first, 1, in))
		w.is(fault.Denied, w.EditMeasure(ctx, w.plain, first, 2, in))
		nameless := w.task("Uten eier")
		nameless.Owner = ""
		_, err = w.Add(ctx, w.coord, p, nameless)
		w.is(fault.Invalid, err)
		nameless.Owner = w.other.Person
		_, err = w.Add(ctx, w.coord, p, nameless)
		w.is(fault.Invalid, err)
		_, err = w.Add(ctx, w.plain, p, w.task("Ikke min plan"))
		w.is(fault.Denied, err)

		// The owner and who coordinates its region do it; only who keeps the plan drops it.
		w.ok(w.Turn(ctx, w.plain, first, 2, Active, ""))
		w.is(fault.Denied, w.Turn(ctx, w.plain, first, 3, Dropped, "Nei"))
		w.is(fault.Denied, w.Turn(ctx, w.local, after, 1, Active, ""))
		w.ok(w.Move(ctx, w.local, first, 3, w.date("2026-09-01"), "Nytt utstyr er forsinket"))
		w.is(fault.Invalid, w.Move(ctx, w.plain, first, 4, w.date("2026-10-01"), ""))
		v := w.see(nobody, first)
		if len(v.Dates) != 2 || v.Moves != 1 || !v.FirstDue.Equal(w.date("2026-07-01")) || v.Goal != "Samme svartid" || len(v.Partners) != 1 || len(v.Needed) != 1 {
			t.Errorf("measure %+v", v)
		}

		// The first quarter ends: a report is owed, then missed, and both are told once.
		w.forward(90 * day) // 7 April
		if waits := got(w.Waiting(ctx, w.plain, w.root, 9))(t); len(waits) != 2 || !waits[0].Report {
			t.Errorf("waits %+v", waits)
		}
		told := func() int { w.ok(w.Due(ctx)); return w.countNotices() }
		before := told()
		if again := told(); again != before {
			t.Errorf("told twice: %d, %d", before, again)
		}
		w.ok(w.Report(ctx, w.plain, first, Telling{Quarter: QuarterOf(w.date("2026-01-01")), Text: "Godt i gang.", Course: OnCourse, Value: "20 %"}))
		w.is(fault.Invalid, w.Report(ctx, w.plain, first, Telling{Quarter: QuarterOf(w.date("2026-08-01")), Text: "x", Course: OnCourse}))
		w.forward(30 * day)                       // 7 May
		if missed := told(); missed != before+1 { // of the second measure, to the coordinator
			t.Errorf("told %d, and %d before", missed, before)
		}
		v = w.see(nobody, after)
		if q := v.Quarters; len(q) != 2 || !q[1].Missed || q[0].Missed {
			t.Errorf("quarters %+v", q)
		}
		w.ok(w.Report(ctx, w.plain, after, Telling{Quarter: QuarterOf(w.date("2026-01-01")), Text: "Kom sent.", Course: Behind}))
		if q := w.see(nobody, after).Quarters; q[1].Report == nil || !q[1].Report.Late {
			t.Errorf("quarters %+v", q)
		}

		// Past its day it raises a topic, once.
		w.forward(60 * day) // 6 July
		_, err = w.Raise(ctx, w.plain, first, "Forsinket", "Tekst", nil)
		w.is(fault.Conflict, err)
		evidence := []forum.Citing{{Ref: "https://samverk.example/n/no/measures/" + string(after), Title: "Tiltaket"}}
		topic := got(w.Raise(ctx, w.plain, after, "Forsinket", "Tekst", evidence))(t)
		if again := got(w.Raise(ctx, w.chair, after, "Igjen", "Tekst", evidence))(t); again != topic {
			t.Errorf("a second topic %s after %s", again, topic)
		}
		if c := got(w.View(ctx, nobody, w.root, p))(t).Counts; c[Late] != 1 || c[Active] != 1 {
			t.Errorf("counts %v", c)
		}
		w.ok(w.Turn(ctx, w.plain, after, 1, Done, "Alle er opplært."))
		w.is(fault.Conflict, w.Move(ctx, w.plain, after, 2, w.date("2026-10-01"), "x"))

		// Two years are followed up and compared.
		w.forward(180 * day) // 2 January 2027
		_, err = w.Freeze(ctx, w.plain, p, 2026, "")
		w.is(fault.Denied, err)
		got(w.Freeze(ctx, w.coord, p, 2026, "Et godt år."))(t)
		_, err = w.Freeze(ctx, w.coord, p, 2026, "")
		w.is(fault.Conflict, err)
		third := w.task("Nytt tiltak")
		third.Start, third.Due = w.date("2027-01-01"), w.date("2027-07-01")
		got(w.Add(ctx, w.coord, p, third))(t)
		w.ok(w.Turn(ctx, w.plain, first, 4, Done, "Innført."))
		got(w.Freeze(ctx, w.coord, p, 2027, ""))(t)
		a, b, changes, err := w.Compare(ctx, nobody, w.root, p, 2026, 2027)
		w.ok(err)
		if len(a.Rows) != 2 || len(b.Rows) != 3 || len(changes) != 2 || changes[0].Fields[0] != "status" || !changes[1].Added() {
			t.Errorf("%d then %d, changes %+v", len(a.Rows), len(b.Rows), changes)
		}
		w.is(fault.Conflict, w.Close(ctx, w.coord, p, "Over"))

		// A measure is shown to no more people than its plan, whatever becomes of that.
		w.ok(w.Edit(ctx, w.coord, p, 1, Draft{Title: "Handlingsplan", Visibility: network.NetworkOnly, From: w.date("2026-01-01"), To: w.date("2029-01-01")}))
		_, err = w.Measure(ctx, nobody, w.root, first)
		w.is(fault.NotFound, err)
		if all := got(w.Measures(ctx, nobody, w.root, Filter{Limit: 9}))(t); len(all) != 0 {
			t.Errorf("nobody sees %+v", all)
		}
		for _, q := range []Filter{{Sector: network.Care}, {Region: w.west}, {Status: Done, Goal: under}, {Area: area, Owner: w.plain.Person}} {
			q.Limit = 9
			if all := got(w.Measures(ctx, w.plain, w.root, q))(t); len(all) != 1 || all[0].ID != first {
				t.Errorf("%+v finds %+v", q, all)
			}
		}
		w.rewritten()
	})
}

// countNotices counts what was told.
func (w *world) countNotices() (n int) {
	w.t.Helper()
	w.ok(w.db.Read(w.t.Context(), func(tx *storage.Tx) error {
		return tx.QueryRow(w.t.Context(), `SELECT COUNT(*) FROM notice`).Scan(&n)
	}))
	return n
}

// rewritten tries to rewrite what happened, past the room.
func (w *world) rewritten() {
	w.t.Helper()
	for _, table := range []string{"measure_due", "measure_state", "measure_report", "plan_past", "measure_topic", "plan_snapshot", "plan_snapshot_row"} {
		for _, q := range []string{`DELETE FROM ` + table, `UPDATE ` + table + ` SET ` + map[bool]string{true: "row = ''", false: "at = 1"}[table == "plan_snapshot_row"]} {
			if err := w.db.Write(w.t.Context(), func(tx *storage.Tx) error { _, err := tx.Exec(w.t.Context(), q); return err }); err == nil {
				w.t.Errorf("%s was done", q)
			}
		}
	}
}

// A file is taken in whole or not at all, and every row that is wrong is told, with its column.
func TestImport(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx := open(t, dsn), t.Context()
		p := w.make(network.Public)
		got(w.AddArea(ctx, w.coord, p, "Diagnostikk"))(t)
		there := w.see(w.coord, w.add(p, "Er her alt"))
		file := "Saksnummer;Tiltak;Ansvarlig;Start;Frist;Område;Partnere;Region;Prioritet\n" + there.Case + ";Er her alt;Pia Plain;2026-01-01;2026-06-30;;;;\n" +
			";Nytt;Pia Plain;2026-02-01;2026-12-31;diagnostikk;Sykehuset;Helse Vest;høy\n"
		wrong := file + ";;Ingen Kjent;2026-02-30;2026-01-01;Ukjent;;;\n;To;Pia Plain;2026-02-01;2026-01-01;;Ukjent AS;Mars;sånn\nNO-1-1;Tre;Pia Plain;2026-02-01;2026-03-01;;;;\n"
		pre := got(w.Read(ctx, w.coord, p, "a.csv", strings.NewReader(strings.Replace(wrong, "Partnere", "Parter", 1))))(t)
		told := ""
		for _, x := range pre.Problems {
			told += fmt.Sprintf(" %d%s:%s", x.Row, x.Column, x.Err.Code)
		}
		if want := " 4D:sheet.day 4C:plan.import.unknown 4F:plan.import.unknown 4B:plan.missing 5I:sheet.one 5H:plan.import.unknown 5G:plan.import.unknown 5E:plan.period 6A:plan.import.case"; told != want || pre.ID != "" {
			t.Errorf("told %s\nwant %s", told, want)
		}
		_, err := w.Read(ctx, w.plain, p, "a.csv", strings.NewReader(file))
		w.is(fault.Denied, err)
		pre = got(w.Read(ctx, w.coord, p, "a.csv", strings.NewReader(file)))(t)
		if pre.ID == "" || pre.Passed != 1 || len(pre.Lines) != 1 || len(pre.Unknown) != 1 {
			t.Fatalf("preview %+v", pre)
		}
		_, err = w.TakeIn(ctx, w.chair, p, pre.ID)
		w.is(fault.Denied, err)
		if n := got(w.TakeIn(ctx, w.coord, p, pre.ID))(t); n != 1 {
			t.Errorf("%d taken in", n)
		}
		_, err = w.TakeIn(ctx, w.coord, p, pre.ID)
		w.is(fault.NotFound, err)
		all := got(w.Measures(ctx, w.coord, w.root, Filter{Region: w.west, Limit: 9}))(t)
		if len(all) != 1 || all[0].What != "Nytt" || all[0].Priority != 1 || all[0].AreaTitle != "Diagnostikk" || all[0].Due.Format(time.DateOnly) != "2027-01-01" {
			t.Errorf("taken in %+v", all)
		}

		// What changed since it was looked at: nothing is taken in, not even what would still be right.
		pre = got(w.Read(ctx, w.coord, p, "b.csv", strings.NewReader("what;owner;start;due\nA;Pia Plain;2026-01-01;2026-02-01\nB;Vera Vest;2026-01-01;2026-02-01\n")))(t)
		w.ok(w.network.Erase(ctx, w.local))
		_, err = w.TakeIn(ctx, w.coord, p, pre.ID)
		w.is(fault.Conflict, err)
		if all := got(w.Measures(ctx, w.coord, w.root, Filter{Plan: p, Limit: 9}))(t); len(all) != 2 {
			t.Errorf("half a file was taken in: %+v", all)
		}
		w.forward(25 * time.Hour)
		w.ok(w.Due(ctx))
		_, err = w.TakeIn(ctx, w.coord, p, pre.ID)
		w.is(fault.NotFound, err)
	})
}

// Whatever a file is, reading it says what is wrong or gives lines that say when; and what is written out is read in again.
func FuzzRead(f *testing.F) {
	f.Add([]byte("what;owner;start;due\nA;Pia;2026-01-01;2026-02-01\n"))
	f.Add([]byte("case,what,owner,start,due\nNO-2026-0001,A,Pia,2026-01-01,2026-02-01\n"))
	var x bytes.Buffer
	s, _ := sheet.XLSX(&x, "a", "what", "owner", "start", "due", "priority")
	_ = s.Row("=1", "Pia", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), "2026-02-01", 1)
	_ = s.Close()
	f.Add(x.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, _, rd, err := read(bytes.NewReader(data), map[string]bool{"NO-2026-0001": true}, time.UTC)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatal(err)
			}
			return
		}
		if problems, _ := rd.Problems(); len(problems) > 0 {
			return
		}
		for _, l := range lines {
			for _, d := range []string{l.Start, l.Due} {
				if _, err := time.Parse(time.DateOnly, d); d != "" && err != nil {
					t.Fatalf("row %d: %v", l.Row, err)
				}
			}
			if l.Priority < 0 || l.Priority > 3 {
				t.Fatalf("row %d: priority %d", l.Row, l.Priority)
			}
		}
	})
}

const (
	manyMeasures = 10_000
	manyPlans    = 10
)

// grow fills a tenant with measures, as many years would.
func (w *world) grow() {
	w.t.Helper()
	ctx := w.t.Context()
	states := []State{Planned, Active, Active, Done, Done, Done, Dropped}
	plans := make([]ID, manyPlans)
	for i := range plans {
		plans[i] = w.make(network.Public)
	}
	w.ok(w.db.Write(ctx, func(tx *storage.Tx) error {
		i := -1
		err := tx.Insert(ctx, `measure (id, case_number, plan, root, network, body, visibility, region, area, goal, what, why, lang, priority, owner, starts, due, first_due, moves,
			target, indicator, decision, effect, state, ended, owed, reminded, missed, told_due, person, made, version)`, func() []any {
			if i++; i >= manyMeasures {
				return nil
			}
			start := w.Now().AddDate(0, 0, i%900-600)
			due, owner, region := start.AddDate(0, 6, 0), w.coord.Person, ""
			if i%50 == 0 {
				owner = w.plain.Person
			}
			if i%5 == 0 {
				region = string(w.west)
			}
			return []any{fmt.Sprintf("M%05d", i), fmt.Sprintf("X-%d", i), plans[i%manyPlans], w.root, w.root, "", []network.Visibility{network.Public, network.Public, network.NetworkOnly}[i%3], region, "", "",
				"Et tiltak som skal gjøres", "Fordi", "nb", 2, owner, start, due, due, 0, "", "", "", "", states[i%len(states)], 0, start.AddDate(0, 3, 0), 0, 0, 0, w.coord.Person, start, 1}
		})
		if err != nil {
			return err
		}
		i = -1
		err = tx.Insert(ctx, `measure_partner (measure, organisation)`, func() []any {
			if i++; i >= manyMeasures {
				return nil
			}
			return []any{fmt.Sprintf("M%05d", i), w.clinic}
		})
		if err == nil {
			_, err = tx.Exec(ctx, `ANALYZE`)
		}
		return err
	}))
}

// BenchmarkLists measures what the pages ask of a tenant with ten thousand measures.
func BenchmarkLists(b *testing.B) {
	for _, kind := range []struct {
		name string
		dsn  func(testing.TB) string
	}{{"sqlite", testkit.SQLite}, {"postgres", testkit.Postgres}} {
		b.Run(kind.name, func(b *testing.B) {
			w := open(b, kind.dsn(b))
			w.grow()
			ctx, nobody := b.Context(), network.Actor{}
			list := func(who network.Actor, q Filter) func(context.Context) error {
				q.Limit = 51
				return func(ctx context.Context) error { _, err := w.Measures(ctx, who, w.root, q); return err }
			}
			for _, page := range []struct {
				name string
				ask  func(context.Context) error
			}{
				{"plans", func(ctx context.Context) error { _, err := w.Plans(ctx, nobody, w.root); return err }},
				{"count", func(ctx context.Context) error { _, _, err := w.Count(ctx, w.coord, w.root); return err }},
				{"owners", func(ctx context.Context) error { _, err := w.Owners(ctx, w.coord, w.root); return err }},
				{"all", list(nobody, Filter{})},
				{"late", list(w.coord, Filter{Status: Late})},
				{"middle", list(w.coord, Filter{After: "M05000"})},
				{"sector", list(w.coord, Filter{Sector: network.Patient})},
				{"region", list(w.coord, Filter{Region: w.west, Status: Done})},
				{"owner", list(w.coord, Filter{Owner: w.plain.Person})},
				{"waiting", func(ctx context.Context) error { _, err := w.Waiting(ctx, w.plain, w.root, 20); return err }},
				{"due", w.Due},
			} {
				b.Run(page.name, func(b *testing.B) {
					for b.Loop() {
						if err := page.ask(ctx); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		})
	}
}
