package plan

import (
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
)

// The plain model of measures: what the rules say, without a database.
type (
	modelMeasure struct {
		id      MeasureID
		state   State
		version int64
		dates   []string
		states  []State
		needs   []int // indexes of measures
		reports map[Quarter]int
		made    time.Time
		owner   network.Actor
		history []string
	}
	model struct {
		*world
		r        *rapid.T
		plan     ID
		measures []*modelMeasure
		frozen   map[int]string // by year: what was frozen, as it is told
	}
)

func (m *model) agree(may bool, err error) bool {
	m.r.Helper()
	if may != (err == nil) {
		m.r.Fatalf("the model says %v, the room says %v", may, err)
	}
	if err != nil && fault.KindOf(err) == fault.Internal {
		m.r.Fatal(err)
	}
	return may
}

func (m *model) any() *modelMeasure {
	if len(m.measures) == 0 {
		m.r.Skip("no measures")
	}
	return rapid.SampledFrom(m.measures).Draw(m.r, "measure")
}

func (m *model) who() network.Actor {
	return rapid.SampledFrom([]network.Actor{m.coord, m.coord, m.plain, m.chair, m.other}).Draw(m.r, "who")
}

// does tells whether somebody does a measure.
func (m *model) does(who network.Actor, x *modelMeasure) bool {
	return who == m.coord || who == x.owner
}

func (m *model) addOne(r *rapid.T) {
	owner := rapid.SampledFrom([]network.Actor{m.plain, m.chair, m.other}).Draw(r, "owner")
	in := m.task(fmt.Sprintf("Tiltak %d", len(m.measures)))
	in.Owner, in.Start, in.Due = owner.Person, m.Now(), m.Now().AddDate(0, rapid.IntRange(-1, 9).Draw(r, "months"), 0)
	who := m.who()
	id, err := m.Add(m.t.Context(), who, m.plan, in)
	if m.agree(who == m.coord && owner != m.other && in.Due.After(in.Start), err) {
		m.measures = append(m.measures, &modelMeasure{id: id, state: Planned, version: 1, dates: []string{in.Due.Format(time.DateOnly)}, states: []State{Planned}, reports: map[Quarter]int{}, made: m.Now(), owner: owner, history: []string{"measure.added"}})
	}
}

func (m *model) turnOne(r *rapid.T) {
	x, who := m.any(), m.who()
	to := rapid.SampledFrom([]State{Planned, Active, Done, Dropped}).Draw(r, "to")
	reason := rapid.SampledFrom([]string{"", "Derfor"}).Draw(r, "reason")
	version := x.version - int64(rapid.SampledFrom([]int{0, 0, 0, 1}).Draw(r, "stale"))
	open := x.state == Planned || x.state == Active
	may := m.does(who, x) && version == x.version && slices.Contains(next[x.state], to) && (to != Dropped || who == m.coord) && (reason != "" || to == Active && open)
	if m.agree(may, m.Turn(m.t.Context(), who, x.id, version, to, reason)) {
		x.state = to
		x.version++
		x.states = append(x.states, to)
		x.history = append(x.history, "measure."+string(to))
	}
}

func (m *model) moveOne(r *rapid.T) {
	x, who := m.any(), m.who()
	due := m.date(fmt.Sprintf("2026-%02d-01", rapid.IntRange(1, 12).Draw(r, "month")))
	reason := rapid.SampledFrom([]string{"", "Derfor"}).Draw(r, "reason")
	start := m.see(m.coord, x.id).Start
	may := m.does(who, x) && (x.state == Planned || x.state == Active) && due.After(start) && reason != "" && due.Format(time.DateOnly) != x.dates[len(x.dates)-1]
	if m.agree(may, m.Move(m.t.Context(), who, x.id, x.version, due, reason)) {
		x.version++
		x.dates = append(x.dates, due.Format(time.DateOnly))
		x.history = append(x.history, "measure.moved")
	}
}

func (m *model) reportOne(r *rapid.T) {
	x, who := m.any(), m.who()
	zone := m.network.Zone(m.root)
	now := QuarterOf(m.Now().In(zone))
	q := now - Quarter(rapid.IntRange(-1, 3).Draw(r, "ago"))
	text := rapid.SampledFrom([]string{"", "Det går", "Det går"}).Draw(r, "text")
	may := m.does(who, x) && (x.state == Planned || x.state == Active) && q >= QuarterOf(x.made.In(zone)) && q <= now && text != ""
	if m.agree(may, m.Report(m.t.Context(), who, x.id, Telling{Quarter: q, Text: text, Course: OnCourse})) {
		x.reports[q]++
		x.history = append(x.history, "measure.reported")
	}
}

func (m *model) waitFor(r *rapid.T) {
	x, y := m.any(), m.any()
	i := slices.Index(m.measures, y)
	v := m.see(m.coord, x.id)
	in := m.task(v.What)
	in.Owner, in.Start = x.owner.Person, v.Start
	for _, n := range append(slices.Clone(x.needs), i) {
		in.Needs = append(in.Needs, m.measures[n].id)
	}
	if m.agree(!m.reaches(y, x), m.EditMeasure(m.t.Context(), m.coord, x.id, x.version, in)) {
		x.version++
		if !slices.Contains(x.needs, i) {
			x.needs = append(x.needs, i)
		}
		x.history = append(x.history, "measure.edited")
	}
}

// reaches tells whether a measure waits, however far around, for another; for itself it does.
func (m *model) reaches(from, to *modelMeasure) bool {
	return from == to || slices.ContainsFunc(from.needs, func(n int) bool { return m.reaches(m.measures[n], to) })
}

func (m *model) importSome(r *rapid.T) {
	var b strings.Builder
	b.WriteString("what;owner;start;due\n")
	right, n := true, rapid.IntRange(1, 4).Draw(r, "lines")
	for i := range n {
		owner := rapid.SampledFrom([]string{"Pia Plain", "Pia Plain", "Pia Plain", "Ingen"}).Draw(r, "owner")
		due := rapid.SampledFrom([]string{"2027-02-01", "2027-02-01", "2020-01-01"}).Draw(r, "due")
		right = right && owner == "Pia Plain" && due == "2027-02-01"
		fmt.Fprintf(&b, "Fra fil %d;%s;%s;%s\n", i, owner, m.Now().Format(time.DateOnly), due)
	}
	p, err := m.Read(m.t.Context(), m.coord, m.plan, "x.csv", strings.NewReader(b.String()))
	if err != nil {
		r.Fatal(err)
	}
	if right != (len(p.Problems) == 0) || right != (p.ID != "") {
		r.Fatalf("the model says %v, the room %+v", right, p)
	}
	if !right {
		return
	}
	made, err := m.TakeIn(m.t.Context(), m.coord, m.plan, p.ID)
	if err != nil || made != n {
		r.Fatalf("%d of %d: %v", made, n, err)
	}
	for _, row := range got(m.Measures(m.t.Context(), m.coord, m.root, Filter{Plan: m.plan, Limit: 1000}))(m.t) {
		if !slices.ContainsFunc(m.measures, func(x *modelMeasure) bool { return x.id == row.ID }) {
			m.measures = append(m.measures, &modelMeasure{id: row.ID, state: Planned, version: 1, dates: []string{"2027-02-02"}, states: []State{Planned}, reports: map[Quarter]int{}, made: m.Now(), owner: m.plain, history: []string{"measure.imported"}})
		}
	}
}

func (m *model) freezeOne(r *rapid.T) {
	year := rapid.IntRange(2025, 2028).Draw(r, "year")
	_, there := m.frozen[year]
	_, err := m.Freeze(m.t.Context(), m.coord, m.plan, year, "")
	if m.agree(!there && year >= 2026 && year <= m.Now().Year(), err) {
		m.frozen[year] = m.told(year)
	}
}

func (m *model) told(year int) string {
	_, y, _, err := m.Compare(m.t.Context(), m.coord, m.root, m.plan, 0, year)
	if err != nil {
		m.r.Fatal(err)
	}
	return fmt.Sprint(y)
}

func (m *model) pass(r *rapid.T) {
	m.forward(time.Duration(rapid.IntRange(1, 60).Draw(r, "days")) * day)
	if err := m.Due(m.t.Context()); err != nil {
		r.Fatal(err)
	}
}

// check compares all that is kept with the model: nothing that happened was rewritten.
func (m *model) check(r *rapid.T) {
	rows := got(m.Measures(m.t.Context(), m.coord, m.root, Filter{Plan: m.plan, Limit: 1000}))(m.t)
	if len(rows) != len(m.measures) {
		r.Fatalf("%d measures, and %d in the model", len(rows), len(m.measures))
	}
	for year, was := range m.frozen {
		if is := m.told(year); is != was {
			r.Fatalf("the follow-up of %d was\n%s\nand is\n%s", year, was, is)
		}
	}
	if len(m.measures) == 0 {
		return
	}
	x := rapid.SampledFrom(m.measures).Draw(r, "checked")
	v := m.see(m.coord, x.id)
	var dates []string
	var states []State
	var history []string
	reports := map[Quarter]int{}
	for _, d := range v.Dates {
		dates = append(dates, d.Due.Format(time.DateOnly))
	}
	for _, s := range v.Steps {
		states = append(states, s.State)
	}
	for _, q := range v.Quarters {
		if q.Report != nil {
			reports[q.Quarter] = q.Report.Edition
		}
		over := q.Quarter.End(m.network.Zone(m.root))
		if q.Missed != (q.Report == nil && m.Now().After(over.Add(Grace))) {
			r.Fatalf("quarter %+v at %v", q, m.Now())
		}
	}
	for _, e := range slices.Backward(v.History) {
		history = append(history, e.Kind)
	}
	if len(x.history) > 100 {
		history, x.history = nil, nil
	}
	if v.State != x.state || v.Version != x.version || !cmp.Equal(dates, x.dates) || !cmp.Equal(states, x.states) || !cmp.Equal(history, x.history) || v.Ended.IsZero() != v.Open() || v.Moves != len(dates)-1 {
		r.Fatalf("the room has %s %d %v %v %v\nthe model %s %d %v %v %v", v.State, v.Version, dates, states, history, x.state, x.version, x.dates, x.states, x.history)
	}
	if v.Open() {
		for q, n := range x.reports {
			if reports[q] != n {
				r.Fatalf("reports %v, in the model %v", reports, x.reports)
			}
		}
		owed := QuarterOf(x.made.In(m.network.Zone(m.root)))
		for x.reports[owed] > 0 {
			owed++
		}
		if !v.Owed.Equal(owed.End(m.network.Zone(m.root))) {
			r.Fatalf("owed from %v, in the model from the end of %v", v.Owed, owed)
		}
	}
	if late := v.Open() && !m.Now().Before(v.Due); late != (v.Status(m.Now()) == Late) {
		r.Fatalf("late is %v", late)
	}
}

func TestModel(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := open(t, dsn)
		begin, round := w.now, 0
		most := 8
		if strings.HasPrefix(dsn, "postgres") {
			most = 2
		}
		rapid.Check(t, func(r *rapid.T) {
			if round++; round > most && !long() {
				return
			}
			w.now = begin
			m := &model{world: w, r: r, plan: w.make(network.Public), frozen: map[int]string{}}
			r.Repeat(map[string]func(*rapid.T){"add": m.addOne, "turn": m.turnOne, "move": m.moveOne, "report": m.reportOne, "wait": m.waitFor, "import": m.importSome, "freeze": m.freezeOne, "pass": m.pass, "": m.check})
		})
	})
}
