package consent

import (
	"math"
	"slices"
	"sync/atomic"

	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/ontology"
)

// A plane is one bit for each individual. There is one for each disease beside these.
type plane int

const (
	yes    plane = 0 // whose yes holds, by permission
	ever         = yes + plane(len(permissions))
	no           = ever + plane(len(permissions)) // whose no holds
	out          = no + plane(len(permissions))   // under a block, opt-out or reservation, by purpose
	health       = out + plane(len(purposes))     // whose yes to research is for health only
	named        = health + 1                     // whose yes to research is for named diseases only
	ward         = named + 1                      // for whom a guardian has ever chosen
	planes       = int(ward) + 1
)

// state is one epoch. It is immutable once published.
type state struct {
	epoch   uint64
	seq     int64  // last row in any table
	line    uint64 // last journal line that the database holds
	at      int64  // up to when what falls due has been obeyed
	due     int64  // when something falls due next
	receipt int64  // the last receipt's number
	waiting string // after a restore, the backup's time, until it is accounted for

	planes   [planes][]uint64
	diseases map[string][]uint64 // whose yes to research is for this disease, among others
	enrolled []uint64
	lapses   []lapse // of guardians' yeses, to come, in order
	lapsed   []lapse // obeyed, and not yet written
	enacted  []*Enacted
	form     *Enacted // in force; nil: none

	terms *ontology.Terms
	sets  [len(purposes)]*individual.Set
	other *others
}

const never = math.MaxInt64

// lapse is the end of what a guardian allowed.
type lapse struct {
	at   int64
	who  individual.Number
	what uint16 // permissions, as bits
}

func (a lapse) compare(b lapse) int {
	switch {
	case a.at != b.at && a.at < b.at, a.at == b.at && a.who < b.who:
		return -1
	case a.at == b.at && a.who == b.who:
		return 0
	}
	return 1
}

// in tells whether somebody who said nothing is counted.
func (s *state) in(permission int) bool {
	return s.form != nil && s.form.counts[permission]
}

// counted is who may be counted by one permission alone.
func (s *state) counted(permission int) []uint64 {
	if s.in(permission) {
		return minus(s.enrolled, s.planes[no+plane(permission)])
	}
	return s.planes[yes+plane(permission)]
}

// words works out who may be counted for a need. Every step takes away, but for the diseases that a
// narrow yes names.
func (s *state) words(n need) []uint64 {
	w := s.counted(n.purpose)
	if purposes[n.purpose] == Research {
		if !n.health {
			w = minus(w, s.planes[health])
		}
		narrow := s.planes[named]
		if len(n.diseases) > 0 {
			narrow = minus(narrow, s.onDiseases(n.diseases))
		}
		w = minus(w, narrow)
	}
	if n.abroad {
		w = and(w, s.counted(abroad[n.purpose]))
	}
	if n.commercial {
		w = and(w, s.counted(commercial[n.purpose]))
	}
	return minus(w, s.planes[out+plane(n.purpose)])
}

// onDiseases is whose named diseases cover all of these: each is one of theirs, or a kind of one. Planes go by the ids
// that people were asked with, so that another release of the vocabulary finds them.
func (s *state) onDiseases(asked []string) []uint64 {
	var all []uint64
	for i, d := range asked {
		kinds := s.terms.Ancestors(d)
		var one []uint64
		for code, words := range s.diseases {
			if own, _ := s.terms.Canonical(code); slices.Contains(kinds, own) {
				one = or(one, words)
			}
		}
		if i > 0 {
			one = and(all, one)
		}
		all = one
	}
	return all
}

// minus, and, or make new words, or give one of theirs where that is the result.
func minus(a, b []uint64) []uint64 {
	if len(a) == 0 || len(b) == 0 {
		return a
	}
	w := slices.Clone(a)
	for i := range min(len(w), len(b)) {
		w[i] &^= b[i]
	}
	return w
}

func and(a, b []uint64) []uint64 {
	w := slices.Clone(a[:min(len(a), len(b))])
	for i := range w {
		w[i] &= b[i]
	}
	return w
}

func or(a, b []uint64) []uint64 {
	if len(a) < len(b) {
		a, b = b, a
	}
	if len(b) == 0 {
		return a
	}
	w := slices.Clone(a)
	for i := range b {
		w[i] |= b[i]
	}
	return w
}

// others are the sets of uses with conditions that have been asked for at one epoch.
type others struct{ known atomic.Pointer[[]other] }

type other struct {
	key string
	set *individual.Set
}

// remembered is how many sets of uses with conditions an epoch keeps; the oldest go first.
const remembered = 64

// conditioned is who may be counted for a use with conditions.
func (s *state) conditioned(n need) *individual.Set {
	key := n.key()
	var made *individual.Set
	for {
		now := s.other.known.Load()
		var known []other
		if now != nil {
			known = *now
		}
		for _, o := range known {
			if o.key == key {
				return o.set
			}
		}
		if made == nil {
			made = &individual.Set{Words: s.words(n), Epoch: s.epoch}
		}
		if len(known) == remembered {
			known = known[1:]
		}
		next := append(slices.Clone(known), other{key, made})
		if s.other.known.CompareAndSwap(now, &next) {
			return made
		}
	}
}

// edit is a state being made from another. What it changes it copies first.
type edit struct {
	state

	own      [planes]bool
	ownCodes map[string]bool // nil: the map itself is the other state's
	ownAge   bool            // the lapses are copied
	ownWho   bool            // who is enrolled is
	stale    [len(purposes)]bool
	altered  bool
	touched  map[spot]bool
	changed  []uint64 // whose place in some count may be another
}

func (s *state) edit() edit { return edit{state: *s} }

// set makes one bit, and tells whether that changed anything.
func (e *edit) set(p plane, n individual.Number, on bool) bool {
	if has(e.planes[p], n) == on {
		return false
	}
	if !e.own[p] {
		e.planes[p], e.own[p] = slices.Clone(e.planes[p]), true
	}
	e.planes[p] = put(e.planes[p], n, on)
	e.touch(spot{plane: p, page: int(n / pageBits)})
	return true
}

// setDisease makes one bit of a disease's plane.
func (e *edit) setDisease(code string, n individual.Number, on bool) bool {
	words := e.diseases[code]
	if has(words, n) == on {
		return false
	}
	if e.ownCodes == nil {
		next := make(map[string][]uint64, len(e.diseases)+1)
		for k, v := range e.diseases {
			next[k] = v
		}
		e.diseases, e.ownCodes = next, map[string]bool{}
	}
	if !e.ownCodes[code] {
		words, e.ownCodes[code] = slices.Clone(words), true
	}
	e.diseases[code] = put(words, n, on)
	e.touch(spot{code: code, page: int(n / pageBits)})
	return true
}

// affects tells that a purpose's count changes with somebody.
func (e *edit) affects(purpose int, n individual.Number) {
	e.stale[purpose], e.altered = true, true
	e.changed = put(e.changed, n, true)
}

// enrol makes somebody one of those who are counted where silence is enough, or not.
func (e *edit) enrol(n individual.Number, there bool) {
	if has(e.enrolled, n) == there {
		return
	}
	if !e.ownWho {
		e.enrolled, e.ownWho = slices.Clone(e.enrolled), true
	}
	e.enrolled = put(e.enrolled, n, there)
	for p := range permissions {
		if e.in(p) {
			e.affects(purposeOf[p], n)
		}
	}
}

// holds is what holds for one individual and permission.
type holds struct {
	yes, no  bool
	lapses   bool // the yes ends when they come of age
	scope    Scope
	diseases []string
}

// hold makes what holds for one individual and permission so.
func (e *edit) hold(permission int, n individual.Number, h holds) {
	purpose := purposeOf[permission]
	if e.set(yes+plane(permission), n, h.yes) {
		e.affects(purpose, n)
	}
	if e.set(no+plane(permission), n, h.no) && e.in(permission) {
		e.affects(purpose, n)
	}
	if permissions[permission] == Permission(Research) {
		e.narrow(n, h)
	}
}

// narrow makes how wide somebody's yes to research is.
func (e *edit) narrow(n individual.Number, h holds) {
	altered := e.set(health, n, h.yes && h.scope == Health)
	if on := h.yes && h.scope == Diseases; on || has(e.planes[named], n) {
		altered = e.set(named, n, on) || altered
		altered = e.onThese(n, on, h.diseases) || altered
	}
	if altered {
		e.affects(Research.index(), n)
	}
}

// onThese makes the diseases that somebody's yes names these, or none.
func (e *edit) onThese(n individual.Number, on bool, diseases []string) (altered bool) {
	want := map[string]bool{}
	for _, d := range diseases {
		want[d] = on
	}
	for code := range e.diseases {
		if !want[code] {
			altered = e.setDisease(code, n, false) || altered
		}
	}
	for code, on := range want {
		altered = e.setDisease(code, n, on) || altered
	}
	return altered
}

// clear makes as if somebody had never said anything, and weren't there.
func (e *edit) clear(n individual.Number) {
	for p := range planes {
		e.set(plane(p), n, false)
	}
	for code := range e.diseases {
		e.setDisease(code, n, false)
	}
	e.enrol(n, false)
	for p := range purposes {
		e.affects(p, n)
	}
}

// lapse makes what ends when somebody comes of age; nothing: what is 0.
func (e *edit) lapse(l lapse) {
	if !e.ownAge {
		e.lapses, e.ownAge = slices.Clone(e.lapses), true
	}
	i, found := slices.BinarySearchFunc(e.lapses, l, lapse.compare)
	switch {
	case found && l.what == 0:
		e.lapses = slices.Delete(e.lapses, i, i+1)
	case found:
		e.lapses[i] = l
	case l.what != 0:
		e.lapses = slices.Insert(e.lapses, i, l)
	}
}

// lapseOf is what ends for somebody at a moment.
func (s *state) lapseOf(at int64, n individual.Number) lapse {
	l := lapse{at: at, who: n}
	if i, found := slices.BinarySearchFunc(s.lapses, l, lapse.compare); found {
		return s.lapses[i]
	}
	return l
}

// stamp finishes an edit at an epoch: what no use has changed in keeps its words.
func (e *edit) stamp(epoch uint64) {
	e.epoch = epoch
	e.other = &others{}
	for p := range purposes {
		var words []uint64
		if old := e.sets[p]; old != nil && !e.stale[p] {
			words = old.Words
		} else {
			words = e.words(need{purpose: p})
		}
		e.sets[p] = &individual.Set{Words: words, Epoch: epoch}
	}
	e.stale = [len(purposes)]bool{}
	e.schedule()
}

// schedule finds what falls due next.
func (e *edit) schedule() {
	e.due = never
	if len(e.lapses) > 0 {
		e.due = e.lapses[0].at
	}
	for _, f := range e.enacted {
		if at := f.begins(); at > e.at {
			e.due = min(e.due, at)
		}
	}
}

// current is the form that is in force at a moment: the one that began last, and of two that began
// together the one that was put in force last.
func current(enacted []*Enacted, at int64) *Enacted {
	var in *Enacted
	for _, f := range enacted {
		if f.begins() <= at && (in == nil || f.begins() >= in.begins()) {
			in = f
		}
	}
	return in
}

// step obeys what falls due next: it makes the next epoch, whoever makes it and whenever.
func (s *state) step() *state {
	e := s.edit()
	e.at = max(s.at, s.due)
	i := 0
	for ; i < len(s.lapses) && s.lapses[i].at <= e.at; i++ {
		l := s.lapses[i]
		for p := range permissions {
			if l.what>>p&1 == 1 {
				e.hold(p, l.who, holds{})
			}
		}
	}
	e.lapsed = append(slices.Clone(s.lapsed), s.lapses[:i]...)
	e.lapses = s.lapses[i:]
	e.enter()
	e.stamp(s.epoch + 1)
	return &e.state
}

// enter puts the form in force that is by now.
func (e *edit) enter() {
	if in := current(e.enacted, e.at); in != e.form {
		e.form, e.altered = in, true
		e.stale = [len(purposes)]bool{true, true, true}
	}
}

// day is how far ahead a commit leaves epochs free for what falls due while it is under way.
const day = 24 * 60 * 60 * 1_000_000

// ahead is how many epochs what falls due within a day of a moment will take.
func (s *state) ahead(at int64) uint64 {
	var n uint64
	last := int64(math.MinInt64)
	count := func(t int64) {
		if t != last && t <= at+day {
			n++
		}
		last = t
	}
	for _, l := range s.lapses {
		if l.at > at+day {
			break
		}
		count(l.at)
	}
	for _, f := range s.enacted {
		if f.begins() > s.at {
			count(f.begins())
		}
	}
	return n
}

func has(words []uint64, n individual.Number) bool {
	w := int(n / 64)
	return w < len(words) && words[w]>>(n%64)&1 == 1
}

// put sets or clears a bit and gives the words, longer if need be.
func put(words []uint64, n individual.Number, yes bool) []uint64 {
	w := int(n / 64)
	if w >= len(words) {
		words = append(words, make([]uint64, w+1-len(words))...)
	}
	if yes {
		words[w] |= 1 << (n % 64)
	} else {
		words[w] &^= 1 << (n % 64)
	}
	return words
}
