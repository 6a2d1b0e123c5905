package consent

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
)

// answer is what one party said, as it bears on what holds.
type answer struct {
	guardian string // "" is the individual
	alone    bool
	allow    bool
	made     int64 // when they chose, or when we were told if that was before
	scope    Scope
	diseases []string
}

// resolve works out what holds from what everybody has said, in the order recorded, at a moment.
//
// A minor is counted if somebody who may choose for them, or they themselves, said yes and nobody's last word is no: guardians
// who disagree, or a child who says no, are uncertain, and uncertain is out.
func resolve(said []answer, born time.Time, now int64) holds {
	var h holds
	guarded := false
	for _, i := range bearing(said, born, now) {
		a := said[i]
		guarded = guarded || a.guardian != ""
		switch {
		case !a.allow:
			h.no = true
		case !h.yes:
			h.yes, h.scope, h.diseases = true, a.scope, a.diseases
		default:
			h.join(a)
		}
	}
	if h.no {
		return holds{no: true}
	}
	h.lapses = h.yes && guarded
	return h
}

// bearing is which of the answers still bear on what holds: everybody's last. A guardian who was the only one when they
// chose speaks for all guardians. Of age, what they say since then is all that counts. Until they have said something, a yes
// in which a guardian had a part has lapsed, and every no stands.
func bearing(said []answer, born time.Time, now int64) []int {
	last, guarded := map[string]int{}, false
	for i, a := range said {
		if a.alone {
			maps.DeleteFunc(last, func(g string, _ int) bool { return g != "" })
		}
		last[a.guardian] = i
		guarded = guarded || a.guardian != ""
	}
	majority := int64(0)
	if !born.IsZero() {
		majority = storage.Micros(individual.Majority(born))
	}
	if now >= majority {
		if own, spoke := last[""]; spoke && said[own].made >= majority {
			return []int{own}
		}
		maps.DeleteFunc(last, func(_ string, i int) bool { return guarded && said[i].allow })
	}
	return slices.Sorted(maps.Values(last))
}

// Standing is what still bears on whether somebody is counted, of all that they and their guardians have said: everybody's last word on each
// permission, in the order of Permissions.
func (c *Consents) Standing(ctx context.Context, n individual.Number) (all []Record, err error) {
	err = c.db.Read(ctx, func(tx *storage.Tx) error {
		all, err = c.StandingIn(ctx, tx, n)
		return err
	})
	return all, err
}

// StandingIn is the same, without what this transaction has changed.
func (c *Consents) StandingIn(ctx context.Context, tx *storage.Tx, n individual.Number) ([]Record, error) {
	who, ok := c.people.GetIn(tx, n)
	if !ok {
		return nil, fault.New(fault.NotFound, "there is no individual number %d", n)
	}
	now := max(c.state().at, storage.Micros(c.db.Now()))
	var all []Record
	for what, p := range permissions {
		said, err := (&change{tx: tx}).history(ctx, n, what)
		if err != nil {
			return nil, err
		}
		of, err := records(ctx, tx, `individual = $1 AND purpose = $2`, n, p)
		if err != nil {
			return nil, err
		}
		for _, i := range bearing(said, who.Born, now) {
			all = append(all, of[i])
		}
	}
	return all, nil
}

// join makes a yes no wider than another one. Of diseases, those are left that both name: that one's is a kind of the other's
// isn't looked at.
func (h *holds) join(a answer) {
	switch {
	case h.scope == Diseases && a.scope == Diseases:
		h.diseases = slices.DeleteFunc(slices.Clone(h.diseases), func(d string) bool { return !slices.Contains(a.diseases, d) })
	case a.scope.width() < h.scope.width():
		h.scope, h.diseases = a.scope, a.diseases
	}
}

// settle works out anew what holds for somebody for whom a guardian has ever chosen.
func (c *Consents) settle(ctx context.Context, u *change, who individual.Individual, what int) error {
	said, err := u.history(ctx, who.Number, what)
	if err != nil {
		return err
	}
	h := resolve(said, who.Born, storage.Micros(u.clock(c)))
	u.hold(what, who.Number, h)
	if who.Born.IsZero() {
		return nil
	}
	l := u.lapseOf(storage.Micros(individual.Majority(who.Born)), who.Number).what &^ (1 << what)
	if h.lapses {
		l |= 1 << what
	}
	u.comesOfAge(who, l)
	return nil
}

// comesOfAge notes what ends when somebody comes of age.
func (u *change) comesOfAge(who individual.Individual, what uint16) {
	if who.Born.IsZero() {
		return
	}
	l := lapse{at: storage.Micros(individual.Majority(who.Born)), who: who.Number, what: what}
	if u.lapseOf(l.at, l.who) == l {
		return
	}
	u.lapse(l)
	u.lapsings()[who.Number] = l
}

// lapsings are the lapses to be written.
func (u *change) lapsings() map[individual.Number]lapse {
	if u.lapsing == nil {
		u.lapsing = map[individual.Number]lapse{}
	}
	return u.lapsing
}

// settled takes over what lapsed since the last commit: it is written with this one.
func (u *change) settled() {
	for _, l := range u.lapsed {
		u.lapsings()[l.who] = lapse{at: l.at, who: l.who}
		for p := range permissions {
			if l.what>>p&1 == 1 {
				u.touch(spot{plane: yes + plane(p), page: int(l.who / pageBits)})
			}
		}
		if l.what>>Research.index()&1 == 1 {
			u.touch(spot{plane: health, page: int(l.who / pageBits)})
			u.touch(spot{plane: named, page: int(l.who / pageBits)})
			for code := range u.diseases {
				u.touch(spot{code: code, page: int(l.who / pageBits)})
			}
		}
	}
	u.lapsed = nil
}

// history is what everybody has said about one individual and permission, this transaction included.
func (u *change) history(ctx context.Context, n individual.Number, what int) ([]answer, error) {
	rows, err := u.tx.Query(ctx, `SELECT kind, guardian, alone, made, recorded, scope, diseases FROM consent_choice
		WHERE individual = $1 AND purpose = $2 ORDER BY seq`, n, permissions[what])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []answer
	for rows.Next() {
		var a answer
		var kind Kind
		var diseases string
		var recorded int64
		if err := rows.Scan(&kind, &a.guardian, &a.alone, &a.made, &recorded, &a.scope, &diseases); err != nil {
			return nil, err
		}
		a.allow, a.made, a.diseases = kind == Given, min(a.made, recorded), strings.Fields(diseases)
		all = append(all, a)
	}
	if u.index == nil {
		u.index = map[individual.Number][]int{}
		for i, r := range u.rows {
			u.index[r.who] = append(u.index[r.who], i)
		}
	}
	for _, i := range u.index[n] {
		if r := u.rows[i]; r.what == what {
			all = append(all, r.answer())
		}
	}
	return all, rows.Err()
}

func (r row) answer() answer {
	return answer{guardian: r.guardian, alone: r.alone, allow: r.allow, made: storage.Micros(r.when), scope: r.scope, diseases: r.diseases}
}

// follow is told by the register.
func (c *Consents) follow() individual.Follower {
	return individual.Follower{
		Enrolled: func(_ context.Context, tx *storage.Tx, n individual.Number) error {
			c.in(tx).enrol(n, true)
			return nil
		},
		Born:  c.born,
		Ended: c.ended,
	}
}

// born works out anew what ends when, for somebody whose birth date was corrected. It is kept in the journal: by a backup's date a guardian's word
// might hold for longer.
func (c *Consents) born(ctx context.Context, tx *storage.Tx, n individual.Number) error {
	u := c.in(tx)
	who, ok := c.people.GetIn(tx, n)
	if !ok || !has(u.planes[ward], n) {
		return nil
	}
	if u.waiting == "" {
		u.acts = append(u.acts, act{Who: c.hide(who.ID), Born: who.Born.Format(time.DateOnly)})
	}
	for _, l := range slices.Clone(u.lapses) {
		if l.who == n {
			l.what = 0
			u.lapse(l)
			u.lapsings()[n] = l
		}
	}
	for what := range permissions {
		if err := c.settle(ctx, u, who, what); err != nil {
			return u.failed(err)
		}
	}
	return nil
}

// ended keeps in the journal that a login or a guardian ended: a backup must not bring them back.
func (c *Consents) ended(_ context.Context, tx *storage.Tx, n individual.Number, id string) error {
	u := c.in(tx)
	if who, ok := c.people.GetIn(tx, n); ok && u.waiting == "" {
		u.acts = append(u.acts, act{Who: c.hide(who.ID), Ended: id})
	}
	return nil
}

// guards checks that a guardian may choose for somebody who isn't of age, and tells whether they are the only one.
func (c *Consents) guards(ctx context.Context, u *change, who individual.Individual, guardian string, at time.Time) (alone bool, err error) {
	now := u.clock(c)
	if who.Born.IsZero() || who.Adult(now) {
		return false, fault.New(fault.Denied, "nobody chooses for somebody who is of age, or may be").Say("consent.guardian.age")
	}
	all, err := c.people.GuardiansIn(ctx, u.tx, who.Number)
	if err != nil {
		return false, err
	}
	holds, others := false, 0
	for _, g := range all {
		switch {
		case g.ID == guardian:
			holds = g.Holds(now) && g.Holds(at)
		case g.Holds(now):
			others++
		}
	}
	if !holds {
		return false, fault.New(fault.Denied, "they are no guardian of this individual, or aren't any more").Say("consent.guardian.none")
	}
	return others == 0, nil
}

// ComeOfAge lists individuals for whom a guardian has chosen, who have come of age and have said nothing themselves
// since: they are to be asked. At most limit, from number after.
func (c *Consents) ComeOfAge(ctx context.Context, after individual.Number, limit int) (all []individual.Number, err error) {
	now := storage.Time(max(c.state().at, storage.Micros(c.db.Now())))
	err = c.db.Read(ctx, func(tx *storage.Tx) error {
		all = nil
		rows, err := tx.Query(ctx, `SELECT w.individual, COALESCE(max(o.made), 0) FROM
			(SELECT DISTINCT individual FROM consent_choice WHERE guardian <> '' AND individual >= $1) w
			LEFT JOIN consent_choice o ON o.individual = w.individual AND o.guardian = '' GROUP BY w.individual ORDER BY w.individual`, after)
		if err != nil {
			return err
		}
		defer rows.Close()
		for len(all) < limit && rows.Next() {
			var n individual.Number
			var spoke int64
			if err := rows.Scan(&n, &spoke); err != nil {
				return err
			}
			who, ok := c.people.Get(n)
			if ok && !who.Born.IsZero() && who.Adult(now) && spoke < storage.Micros(individual.Majority(who.Born)) {
				all = append(all, n)
			}
		}
		return rows.Err()
	})
	return all, err
}
