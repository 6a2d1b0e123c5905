package toolbox

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// neverLinkable answers, skips, answers twice and lets time pass, and after each step looks at what is shown and at every row that is
// kept: a plain model of pools of five says what there ought to be.
func neverLinkable(t *testing.T, w *world) {
	n, runs := 0, 8
	if os.Getenv("SAMVERK_LONG") != "" {
		runs = 60
	}
	rapid.Check(t, func(r *rapid.T) {
		if n++; n > runs { // each begins a group of its own in the same world
			return
		}
		m := &pools{world: w, r: r, group: w.evaluated("standards", 1), answered: map[string]map[network.PersonID]bool{}, wait: map[string][]string{}, shown: map[string]map[string][]string{}}
		for range rapid.IntRange(3, 25).Draw(r, "steps") {
			m.step()
			m.look()
		}
		w.ok(w.Evaluate(w.ctx, w.seated[0], w.root, m.group, "", w.now, 0))
	})
}

type pools struct {
	*world
	r        *rapid.T
	group    string
	answered map[string]map[network.PersonID]bool // by round
	wait     map[string][]string                  // by item: fewer than five
	shown    map[string]map[string][]string       // by round and item
	before   map[string]int                       // by round and item: how many were shown
	words    int
}

func (m *pools) step() {
	round := m.latest(m.group)
	who := rapid.SampledFrom(append(slices.Clone(m.seated), m.plain)).Draw(m.r, "who")
	if rapid.IntRange(0, 9).Draw(m.r, "time") == 0 {
		m.days(rapid.SampledFrom([]int{1, 15, 31}).Draw(m.r, "days"))
		m.ok(m.RoundsDue(m.ctx))
		return
	}
	in := Given{Values: map[string]int{}, Words: map[string]string{}}
	x, _ := ReadInstruments().Instrument("standards")
	kept := map[string]string{}
	for _, item := range x.Items {
		switch v := rapid.IntRange(0, 5).Draw(m.r, item.ID); {
		case v == 0:
		case item.Words:
			m.words++
			in.Words[item.ID] = fmt.Sprintf("ord-%s-%d", m.group, m.words)
			kept[item.ID] = in.Words[item.ID]
		default:
			in.Values[item.ID] = v
			kept[item.ID] = fmt.Sprint(v)
		}
	}
	err := m.Answer(m.ctx, m.root, round.ID, m.token(round.ID, who.Person), in)
	switch {
	case !round.Open(m.now) || who == m.plain || m.answered[round.ID][who.Person]:
		m.is(fault.Conflict, err)
		return
	case len(kept) == 0:
		m.is(fault.Invalid, err)
		return
	}
	m.ok(err)
	if m.answered[round.ID] == nil {
		m.answered[round.ID], m.shown[round.ID] = map[network.PersonID]bool{}, map[string][]string{}
	}
	m.answered[round.ID][who.Person] = true
	for item, v := range kept {
		if m.wait[item] = append(m.wait[item], v); len(m.wait[item]) == Batch {
			m.shown[round.ID][item] = append(m.shown[round.ID][item], m.wait[item]...)
			m.wait[item] = nil
		}
	}
}

// look compares what everybody is shown, and what is kept, with the model.
func (m *pools) look() {
	v := got(m.GroupView(m.ctx, m.seated[1], m.root, m.group))(m.t)
	now := map[string]int{}
	for _, round := range v.Rounds {
		for _, item := range round.Items {
			var have []string
			for i, n := range item.Counts {
				have = append(have, slices.Repeat([]string{fmt.Sprint(i + 1)}, n)...)
			}
			have = append(have, item.Said...)
			want := slices.Sorted(slices.Values(m.shown[round.ID][item.ID]))
			if slices.Sort(have); !slices.Equal(have, want) {
				m.r.Fatalf("%s: %v is shown, and %v ought to be", item.ID, have, want)
			}
			now[round.ID+item.ID] = len(have)
		}
	}
	for key, n := range now { // two looks differ by a whole batch, or by nothing
		if d := n - m.before[key]; d != 0 && d != Batch {
			m.r.Fatalf("%d more values are shown than a moment before", d)
		}
	}
	m.before = now
	m.kept()
}

// kept looks at every row: what waits is sealed and sorted, and nowhere is a person beside an answer.
func (m *pools) kept() {
	w := m.world
	people := map[string]bool{}
	for _, p := range m.seated {
		people[string(p.Person)] = true
	}
	for _, row := range m.dump() {
		table, _, _ := strings.Cut(row, " ")
		for item, waiting := range m.wait {
			for _, v := range waiting {
				if len(v) > 1 && strings.Contains(row, v) {
					m.r.Fatalf("what waits of %s stands in a row: %s", item, row)
				}
			}
		}
		if table == "toolbox_pool" || table == "toolbox_batch" || table == "toolbox_round" {
			for p := range people {
				if strings.Contains(row, p) {
					m.r.Fatalf("a person stands beside answers: %s", row)
				}
			}
		}
		for _, p := range m.seated {
			for round := range m.answered {
				if token := m.token(round, p.Person); strings.Contains(row, token) || table != "toolbox_round" && strings.Contains(row, digest(token)) {
					m.r.Fatalf("a token stands in a row: %s", row)
				}
			}
		}
	}
	w.ok(w.db.Read(w.ctx, func(tx *storage.Tx) error {
		for item, want := range m.wait {
			var sealed string
			if err := tx.QueryRow(w.ctx, `SELECT sealed FROM toolbox_pool WHERE grp = $1 AND item = $2`, m.group, "standards."+item).Scan(&sealed); err != nil {
				return err
			}
			have := w.unseal(m.group+"|standards."+item, sealed)
			if len(have) >= Batch || !slices.IsSorted(have) || !slices.Equal(have, slices.Sorted(slices.Values(want))) {
				m.r.Fatalf("%v waits, and %v ought to", have, want)
			}
		}
		return nil
	}))
	for round, who := range m.answered {
		var kept Round
		w.ok(w.db.Read(w.ctx, func(tx *storage.Tx) (err error) { kept, err = w.round(w.ctx, tx, round); return err }))
		for _, p := range m.seated {
			if m.owes(kept, p.Person) == who[p.Person] {
				m.r.Fatalf("somebody is asked and has answered, or the other way round")
			}
		}
	}
}

// What waits under one key is nobody's under another: a database without the key tells no answer, and the pool begins anew.
func TestAPoolIsReadUnderItsKeyOnly(t *testing.T) {
	w := open(t, testkit.SQLite(t), 6)
	id := w.evaluated("pulse", 1)
	r := w.latest(id)
	for i := range 4 {
		w.ok(w.Answer(w.ctx, w.root, r.ID, w.token(r.ID, w.seated[i].Person), Given{Values: map[string]int{"heard": 1}}))
	}
	w.pool = slices.Repeat([]byte{7}, 32)
	w.ok(w.Answer(w.ctx, w.root, r.ID, w.token(r.ID, w.seated[4].Person), Given{Values: map[string]int{"heard": 5}}))
	if v := got(w.GroupView(w.ctx, w.coord, w.root, id))(t); v.Rounds[0].Shown != 0 {
		t.Errorf("%+v", v.Rounds[0])
	}
}

// A round is opened, told, reminded and closed; a poor result raises one topic, pressed as often as one likes.
func fromQuestionToTopic(t *testing.T, w *world) {
	id := w.evaluated("pulse", 6)
	r := w.latest(id)
	if r.Asked != len(w.seated) || len(got(w.Waiting(w.ctx, w.seated[2], w.root))(t)) != 1 || len(got(w.Waiting(w.ctx, w.plain, w.root))(t)) != 0 {
		t.Fatalf("%+v", r)
	}
	_, err := w.AskedOf(w.ctx, w.plain, w.root, r.ID)
	w.is(fault.NotFound, err)
	for i := range 5 {
		x := got(w.AskedOf(w.ctx, w.seated[i], w.root, r.ID))(t)
		w.ok(w.Answer(w.ctx, w.root, r.ID, x.Token, Given{Values: map[string]int{"heard": 2, "ready": 5, "use": i%3 + 1}}))
		w.is(fault.Conflict, w.Answer(w.ctx, w.root, r.ID, x.Token, Given{Values: map[string]int{"heard": 2}}))
	}
	if len(got(w.Waiting(w.ctx, w.seated[2], w.root))(t)) != 0 || len(got(w.Waiting(w.ctx, w.seated[5], w.root))(t)) != 1 {
		t.Error("who has answered is asked, or who hasn't is not")
	}
	v := got(w.GroupView(w.ctx, w.plain, w.root, id))(t)
	if got := v.Rounds[0].Means(); !v.Rounds[0].Poor || got["together"] != 2 || got["communications"] != 5 {
		t.Errorf("%v", got)
	}
	words := func(GroupView, RoundResult) Raising {
		return Raising{"Lyttes det?", "Gjennomsnittet er 2.", "Resultatet"}
	}
	topic := got(w.RaiseRound(w.ctx, w.plain, w.root, id, r.ID, words))(t)
	if again := got(w.RaiseRound(w.ctx, w.coord, w.root, id, r.ID, words))(t); again != topic {
		t.Error("pressed twice, there are two topics")
	}
	w.days(15)
	w.ok(w.RoundsDue(w.ctx))
	w.ok(w.RoundsDue(w.ctx))
	if n := strings.Count(strings.Join(w.dump(), "\n"), "notice.toolbox.remind"); n != len(w.seated)-5 {
		t.Errorf("%d are reminded", n)
	}
	w.days(10)
	w.is(fault.Conflict, w.Answer(w.ctx, w.root, r.ID, w.token(r.ID, w.seated[5].Person), Given{Values: map[string]int{"heard": 2}}))
	uses := got(w.Uses(w.ctx, w.plain, w.root))(t)
	if u := uses["working-pair"]; u.Groups != 1 || u.Shown != 15 {
		t.Errorf("%+v", u)
	}
	if uses := got(w.Uses(w.ctx, network.Actor{}, w.root))(t); len(uses) != 0 {
		t.Errorf("the public sees %v", slices.Collect(maps.Keys(uses)))
	}
	_, err = w.GroupView(w.ctx, w.other, w.root, id)
	w.is(fault.NotFound, err)
}

// Who may do what with a group.
func TestWhoDescribesAndEvaluates(t *testing.T) {
	w := open(t, testkit.SQLite(t), 3)
	_, err := w.Describe(w.ctx, w.plain, Group{Body: w.body, Model: "working-pair"})
	w.is(fault.Denied, err)
	_, err = w.Describe(w.ctx, w.other, Group{Network: w.root, Name: "Vi", Model: "consultation"})
	w.is(fault.NotFound, err)
	_, err = w.Describe(w.ctx, w.plain, Group{Network: w.root, Name: "Vi", Model: "telepathy"})
	w.is(fault.Invalid, err)
	own := got(w.Describe(w.ctx, w.plain, Group{Network: w.root, Name: "Vi", Model: "consultation"}))(t)
	w.is(fault.Invalid, w.Evaluate(w.ctx, w.coord, w.root, own, "pulse", w.now, 6))
	id := got(w.Describe(w.ctx, w.seated[1], Group{Body: w.body, Model: "working-pair"}))(t)
	w.is(fault.Denied, w.Evaluate(w.ctx, w.seated[1], w.root, id, "pulse", w.now, 6))
	w.is(fault.Invalid, w.Evaluate(w.ctx, w.seated[0], w.root, id, "pulse", w.now, 0))
	g := Group{ID: id, Version: 1, Model: "epag", Name: "Gruppen", Lang: "nb", Visibility: network.Public}
	w.is(fault.Denied, w.EditGroup(w.ctx, w.plain, w.root, g))
	w.ok(w.EditGroup(w.ctx, w.seated[2], w.root, g))
	w.is(fault.Conflict, w.EditGroup(w.ctx, w.seated[2], w.root, g))
	w.is(fault.Denied, w.EndGroup(w.ctx, w.plain, w.root, id))
	w.ok(w.EndGroup(w.ctx, w.coord, w.root, id))
	if all := got(w.Groups(w.ctx, w.plain, w.root, GroupFilter{Limit: 10}))(t); len(all) != 1 || all[0].ID != own {
		t.Errorf("%+v", all)
	}
}
