package forum

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// MeetingView is a meeting as a reader may see it.
type MeetingView struct {
	Meeting
	BodyOf     network.Body
	Items      []Item
	Papers     []Paper
	PapersDue  time.Time
	Seats      []network.Held // inside the body: every seat as it is on the day
	Replies    map[network.SeatID]Reply
	Attendance []Attendance // with Names
	Names      map[network.PersonID]string
	Recusals   []Recusal
	Annulled   []Annulled // decisions that were taken back
	Approvers  []network.PersonID
	MinutesID  MinutesID // of the latest that the reader may see
	Decisions  map[ItemID][]Decision
	Next       Meeting // of the body, where leftovers go; an empty one when none is planned or it isn't the reader's to see
	Inside     bool    // sees replies, papers, attendance and drafts
	Runs       bool    // keeps agenda and attendance
	Mine       []network.SeatID
	Now        time.Time
}

// Meeting gives a meeting with what the reader may see of it.
func (f *Forum) Meeting(ctx context.Context, who network.Actor, id MeetingID) (v MeetingView, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.meeting(ctx, tx, a, id)
		if err != nil {
			return err
		}
		v = MeetingView{Meeting: m, Inside: inside(a, m.Body, m.Network), Runs: f.mayRun(a, m), Now: f.db.Now().In(zone(m.Zone)), Decisions: map[ItemID][]Decision{}}
		if v.BodyOf, err = f.network.Body(ctx, tx, m.Body); err != nil {
			return err
		}
		v.PapersDue = m.PapersDue(v.BodyOf)
		if v.Items, err = f.agenda(ctx, tx, m); err != nil {
			return err
		}
		for i, item := range v.Items {
			v.Items[i] = f.shown(a, m, item)
		}
		if err := f.viewDecisions(ctx, tx, a, &v); err != nil {
			return err
		}
		if v.MinutesID, err = f.latestMinutes(ctx, tx, a, `n.meeting = $1`, string(id)); err != nil {
			return err
		}
		if !v.Inside {
			return nil
		}
		return f.viewInside(ctx, tx, a, &v)
	})
	return v, err
}

func (f *Forum) viewDecisions(ctx context.Context, tx *storage.Tx, a network.Access, v *MeetingView) error {
	taken, err := f.decisionsWhere(ctx, tx, `d.meeting = $1 ORDER BY d.number`, v.ID)
	if err != nil {
		return err
	}
	for _, d := range taken {
		if a.Sees(d.Scope()) {
			v.Decisions[d.Item] = append(v.Decisions[d.Item], public(a, d))
		}
	}
	return nil
}

// viewInside adds what only those inside the body see.
func (f *Forum) viewInside(ctx context.Context, tx *storage.Tx, a network.Access, v *MeetingView) (err error) {
	at := v.Starts
	switch {
	case !v.Closed.IsZero():
		at = v.Closed.Add(-time.Microsecond)
	case v.State == Running || v.Starts.Before(v.Now):
		at = v.Now
	}
	if v.Seats, err = f.network.SeatsAt(ctx, tx, v.Body, micros(at)); err != nil {
		return err
	}
	for _, s := range v.Seats {
		if s.Person != "" && s.Person == a.Actor.Person {
			v.Mine = append(v.Mine, s.ID)
		}
	}
	if v.Papers, err = f.papers(ctx, tx, v.ID, v.PapersDue); err != nil {
		return err
	}
	if v.Replies, err = f.replies(ctx, tx, v.ID); err != nil {
		return err
	}
	if v.Attendance, err = f.attendance(ctx, tx, v.ID); err != nil {
		return err
	}
	if v.Names, err = f.names(ctx, tx, v.Attendance, v.Seats); err != nil {
		return err
	}
	if v.Recusals, err = f.recusals(ctx, tx, v.ID); err != nil {
		return err
	}
	if v.Annulled, err = f.annulled(ctx, tx, `d.meeting = $1`, string(v.ID)); err != nil {
		return err
	}
	if v.Approvers, err = f.approvers(ctx, tx, Minutes{Meeting: v.ID}); err != nil {
		return err
	}
	if len(v.Approvers) == 0 { // a proposal, until somebody is named
		v.Approvers = v.leader()
		if next := another(v.Seats, v.Attendance, v.Approvers); next != "" && len(v.Approvers) > 0 {
			v.Approvers = append(v.Approvers, next)
		}
	}
	if err := f.withholdNames(ctx, tx, v); err != nil {
		return err
	}
	v.Next, err = f.nextMeeting(ctx, tx, v.Meeting)
	return err
}

// leader is who leads a meeting that is going on or over: who sits in that seat, else its holder.
func (v *MeetingView) leader() []network.PersonID {
	if v.Leader == "" {
		return nil
	}
	if led := leads(v.Attendance, v.Leader); led != "" {
		return []network.PersonID{led}
	}
	if s, err := findSeat(v.Seats, v.Leader); err == nil && s.Person != "" {
		return []network.PersonID{s.Person}
	}
	return nil
}

// public takes away who sat where and voted how, and who dissented stays by name: what a decision shows outside its body.
func public(a network.Access, d Decision) Decision {
	if !inside(a, d.Body, d.Network) || d.Redacted {
		d.Record.Roll.Seats = nameless(d.Record.Roll.Seats)
	}
	return d
}

// DecisionView is a decision as a reader may see it.
type DecisionView struct {
	Decision
	BodyOf     network.Body
	Topic      Topic // an empty one when there is none or it isn't the reader's to see
	Effects    []EffectOf
	Inputs     []Input
	Supersedes []Decision // the whole chain behind it, the oldest first
	Followed   []Decision // those that took its place, the next first
	Minutes    MinutesID
	Seal       Seal
	Approvals  []Approval
	Held       time.Time // of the meeting
	History    []Event
	Runs       bool
	Inside     bool
	Now        time.Time
}

// Decision gives a decision with what it stands on and what it led to.
func (f *Forum) Decision(ctx context.Context, who network.Actor, id DecisionID) (v DecisionView, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		d, err := f.decision(ctx, tx, a, id)
		if err != nil {
			return err
		}
		v = DecisionView{Decision: public(a, d), Runs: a.Runs(d.Body, d.Network), Inside: inside(a, d.Body, d.Network), Now: f.db.Now().In(d.Taken.Location())}
		if err := f.nameRecord(ctx, tx, &v.Decision); err != nil {
			return err
		}
		if v.BodyOf, err = f.network.Body(ctx, tx, d.Body); err != nil {
			return err
		}
		if v.Effects, err = f.effects(ctx, tx, id); err != nil {
			return err
		}
		if err := f.viewTopic(ctx, tx, a, d, &v); err != nil {
			return err
		}
		if err := f.viewChain(ctx, tx, a, d, &v); err != nil {
			return err
		}
		if v.Minutes, err = f.minutesWith(ctx, tx, a, d); err != nil {
			return err
		}
		if v.Minutes != "" {
			if v.Seal, err = f.sealOf(ctx, tx, v.Minutes); err != nil {
				return err
			}
			if v.Approvals, err = f.approvals(ctx, tx, v.Minutes); err != nil {
				return err
			}
		}
		if v.History, err = f.history(ctx, tx, string(id)); err != nil {
			return err
		}
		gone, err := f.redacted(ctx, tx, d.Meeting, d.Circulation)
		gone.fromDecision(&v)
		return err
	})
	return v, err
}

// nameRecord puts names to who sat where, as far as they are there, and to who dissented.
func (f *Forum) nameRecord(ctx context.Context, tx *storage.Tx, d *Decision) (err error) {
	d.Record.Roll.Seats = slices.Clone(d.Record.Roll.Seats)
	for i := range d.Record.Roll.Seats {
		s := &d.Record.Roll.Seats[i]
		if s.Name, err = f.network.PersonName(ctx, tx, s.Person); err != nil {
			return err
		}
		if s.Held, err = f.network.PersonName(ctx, tx, s.Holder); err != nil {
			return err
		}
	}
	d.Record.Dissent = slices.Clone(d.Record.Dissent)
	for i := range d.Record.Dissent {
		x := &d.Record.Dissent[i]
		if x.Name, err = f.network.PersonName(ctx, tx, x.Person); err != nil {
			return err
		}
	}
	return nil
}

func (f *Forum) viewTopic(ctx context.Context, tx *storage.Tx, a network.Access, d Decision, v *DecisionView) error {
	if d.Topic == "" {
		return nil
	}
	t, err := f.topic(ctx, tx, a, d.Topic)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	v.Topic = t
	v.Inputs, err = f.inputs(ctx, tx, a, t)
	for i := range v.Inputs {
		if d.Redacted {
			v.Inputs[i].Person, v.Inputs[i].Name = "", ""
		}
	}
	return err
}

// chainLength is how far a chain of decisions is followed to be shown.
const chainLength = 50

func (f *Forum) viewChain(ctx context.Context, tx *storage.Tx, a network.Access, d Decision, v *DecisionView) error {
	newest := []DecisionID{d.ID}
	for n := 0; len(newest) > 0 && n < chainLength; n++ {
		in, args := places(nil, newest)
		old, err := f.decisionsWhere(ctx, tx, `s.decision IN (`+in+`) ORDER BY d.taken DESC, d.id LIMIT 50`, args...)
		if err != nil {
			return err
		}
		newest = nil
		for _, x := range old {
			newest = append(newest, x.ID)
			if a.Sees(x.Scope()) {
				v.Supersedes = append(v.Supersedes, public(a, x))
			}
		}
	}
	slices.Reverse(v.Supersedes)
	for by, n := d.SupersededBy, 0; by != "" && n < chainLength; n++ {
		x, err := f.decision(ctx, tx, a, by)
		if fault.KindOf(err) == fault.NotFound && err != nil {
			return nil
		}
		if err != nil {
			return err
		}
		v.Followed, by = append(v.Followed, public(a, x)), x.SupersededBy
	}
	return nil
}

// minutesWith finds the minutes a decision stands in: the latest that are sealed, for they hold while a correction of them is
// written; else the draft.
func (f *Forum) minutesWith(ctx context.Context, tx *storage.Tx, a network.Access, d Decision) (MinutesID, error) {
	const of = `(n.meeting <> '' AND n.meeting = $1 OR n.circulation <> '' AND n.circulation = $2)`
	id, err := f.latestMinutes(ctx, tx, a, of+` AND n.state = 'sealed'`, d.Meeting, d.Circulation)
	if id != "" || err != nil {
		return id, err
	}
	return f.latestMinutes(ctx, tx, a, of, d.Meeting, d.Circulation)
}

// latestMinutes finds the latest edition of minutes that the reader may see.
func (f *Forum) latestMinutes(ctx context.Context, tx *storage.Tx, a network.Access, where string, args ...any) (MinutesID, error) {
	rows, err := tx.Query(ctx, `SELECT `+minutesColumns+` FROM minutes n WHERE `+where+` ORDER BY n.edition DESC`, args...)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	for rows.Next() {
		m, err := scanMinutes(rows)
		if err != nil {
			return "", err
		}
		if a.Sees(m.Scope()) {
			return m.ID, nil
		}
	}
	return "", rows.Err()
}

// MinutesView is minutes as a reader may see them.
type MinutesView struct {
	Minutes
	BodyOf    network.Body
	Protocol  Protocol // what isn't the reader's, or is redacted, is empty in it
	Parts     []Part   // of sealed ones
	Hash      string   // what an approval approves; "" once sealed
	Seal      Seal
	Approvers []Approver // who approves, and when they approved this text
	Frozen    map[ItemID]bool
	Before    MinutesID // the edition this corrects
	After     MinutesID // the edition that corrects this
	History   []Event
	Runs      bool
	Leads     bool               // coordinates: may redact
	Approves  bool               // the reader is to approve it, and hasn't
	Few       bool               // fewer are named to approve it than must
	There     []network.PersonID // who was there and holds a seat now: who can be named
}

// Minutes gives minutes with what the reader may see of them.
func (f *Forum) Minutes(ctx context.Context, who network.Actor, id MinutesID) (v MinutesView, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.minutes(ctx, tx, a, id)
		if err != nil {
			return err
		}
		v = MinutesView{Minutes: m, Before: m.Corrects, Runs: a.Runs(m.Body, m.Network), Leads: a.Coordinates(m.Network), Frozen: map[ItemID]bool{}}
		if v.BodyOf, err = f.network.Body(ctx, tx, m.Body); err != nil {
			return err
		}
		if err := f.viewProtocol(ctx, tx, a, m, &v); err != nil {
			return err
		}
		if err := f.viewApprovers(ctx, tx, a, m, &v); err != nil {
			return err
		}
		if v.After, err = f.latestMinutes(ctx, tx, a, `n.corrects = $1`, id); err != nil {
			return err
		}
		if v.History, err = f.history(ctx, tx, string(id)); err != nil {
			return err
		}
		gone, err := f.redacted(ctx, tx, m.Meeting, m.Circulation)
		gone.fromMinutes(&v)
		return err
	})
	return v, err
}

func (f *Forum) viewProtocol(ctx context.Context, tx *storage.Tx, a network.Access, m Minutes, v *MinutesView) (err error) {
	if !m.Sealed {
		if v.Protocol, v.Hash, err = f.protocol(ctx, tx, m); err != nil {
			return err
		}
		v.Frozen, err = f.frozen(ctx, tx, m)
		return err
	}
	if v.Seal, err = f.sealOf(ctx, tx, m.ID); err != nil {
		return err
	}
	parts, err := f.sealedParts(ctx, tx, m.ID)
	if err != nil {
		return err
	}
	v.Parts = withhold(a, m, parts)
	v.Protocol, err = assemble(v.Parts)
	return err
}

// viewApprovers says who is to approve a draft, and of sealed minutes who did.
func (f *Forum) viewApprovers(ctx context.Context, tx *storage.Tx, a network.Access, m Minutes, v *MinutesView) error {
	all, err := f.approvals(ctx, tx, m.ID)
	if err != nil {
		return err
	}
	if m.Sealed {
		for _, x := range all {
			if x.Item == "" && x.Hash == v.Seal.Hash {
				v.Approvers = append(v.Approvers, Approver{x.Person, x.Name, x.At})
			}
		}
		return nil
	}
	people, err := f.approvers(ctx, tx, m)
	if err != nil {
		return err
	}
	v.Few = len(people) < leastApprovers
	if v.There, err = f.there(ctx, tx, m.Meeting, m.Body); err != nil {
		return err
	}
	for _, p := range people {
		one := Approver{Person: p}
		if one.Name, err = f.network.PersonName(ctx, tx, p); err != nil {
			return err
		}
		for _, x := range all {
			if x.Person == p && x.Item == "" && x.Hash == v.Hash {
				one.At = x.At
			}
		}
		v.Approves = v.Approves || p == a.Actor.Person && one.At.IsZero()
		v.Approvers = append(v.Approvers, one)
	}
	return nil
}

// Approver is who approves minutes.
type Approver struct {
	Person network.PersonID
	Name   string
	At     time.Time // zero: has not approved this text
}

// CirculationView is a circulation as those inside the body see it.
type CirculationView struct {
	Circulation
	BodyOf   network.Body
	Seats    []network.Held
	Mine     []network.SeatID            // the reader's voting seats, and those they may stand in for
	Given    map[network.SeatID]Ballot   // the reader's own answers
	Answered int                         // how many seats have answered
	Of       int                         // voting seats that somebody holds
	Ballots  []Ballot                    // once it is closed
	Roll     Roll                        // once it is closed
	Names    map[network.PersonID]string // of those
	Inputs   []Input                     // of the topic
	Decision DecisionID                  // once decided
	Quorate  bool                        // whether what has been answered would do
	Runs     bool
	Now      time.Time
}

// Circulation gives a circulation. While it is open nobody sees who answered what, only how many did.
func (f *Forum) Circulation(ctx context.Context, who network.Actor, id CirculationID) (v CirculationView, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		c, err := f.circulation(ctx, tx, a, id)
		if err != nil {
			return err
		}
		v = CirculationView{Circulation: c, Runs: a.Runs(c.Body, c.Network), Now: f.db.Now().In(zone(c.Zone)), Given: map[network.SeatID]Ballot{}, Names: map[network.PersonID]string{}}
		if v.BodyOf, err = f.network.Body(ctx, tx, c.Body); err != nil {
			return err
		}
		r, ballots, err := f.circulationRoll(ctx, tx, c)
		if err != nil {
			return err
		}
		v.Answered, v.Quorate = len(ballots), r.Quorum.Held
		for _, s := range r.Seats {
			if s.State != Vacant {
				v.Of++
			}
		}
		seats, err := f.network.SeatsAt(ctx, tx, c.Body, micros(f.db.Now()))
		if err != nil {
			return err
		}
		v.Seats, v.Mine = seats, answersFor(seats, who.Person)
		for _, b := range ballots {
			if b.Person == who.Person {
				v.Given[b.Seat] = b
			}
		}
		if c.State != CirculationOpen {
			v.Ballots, v.Roll = ballots, r
			for _, s := range seats {
				v.Names[s.Person] = s.Name
			}
			gone, err := f.redacted(ctx, tx, "", c.ID)
			if err != nil {
				return err
			}
			gone.fromCirculation(&v)
			if err := f.withholdCirculation(ctx, tx, &v); err != nil {
				return err
			}
		}
		if c.Topic == "" {
			return f.viewCirculated(ctx, tx, c, &v)
		}
		t, err := f.anyTopic(ctx, tx, c.Topic)
		if err != nil {
			return err
		}
		if v.Inputs, err = f.inputs(ctx, tx, a, t); err != nil {
			return err
		}
		return f.viewCirculated(ctx, tx, c, &v)
	})
	return v, err
}

func (f *Forum) viewCirculated(ctx context.Context, tx *storage.Tx, c Circulation, v *CirculationView) error {
	err := tx.QueryRow(ctx, `SELECT id FROM decision WHERE circulation = $1`, c.ID).Scan(&v.Decision)
	if noRow(err) {
		return nil
	}
	return err
}

// answersFor lists the voting seats somebody may answer for, their own first.
func answersFor(seats []network.Held, p network.PersonID) (out []network.SeatID) {
	if p == "" {
		return nil
	}
	for _, s := range seats {
		if s.Role.Votes() && s.Person == p {
			out = append(out, s.ID)
		}
	}
	for _, s := range seats {
		for _, d := range seats {
			if d.Person == p && s.Role.Votes() && StandsInFor(d, s) && !slices.Contains(out, s.ID) {
				out = append(out, s.ID)
			}
		}
	}
	return out
}

// Circulations lists a body's circulations, the newest first, for those inside it.
func (f *Forum) Circulations(ctx context.Context, who network.Actor, body network.BodyID) (out []Circulation, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		b, err := f.network.Body(ctx, tx, body)
		if err != nil {
			return err
		}
		if !inside(a, b.ID, b.Network) {
			return network.Absent()
		}
		rows, err := tx.Query(ctx, `SELECT `+circulationColumns+` FROM circulation c WHERE c.body = $1 ORDER BY c.opened DESC, c.id DESC LIMIT 200`, body)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			c, err := scanCirculation(rows)
			if err != nil {
				return err
			}
			out = append(out, c)
		}
		return rows.Err()
	})
	return out, err
}

// MinutesFilter says which minutes a list gives.
type MinutesFilter struct {
	Root  network.ID
	Body  network.BodyID
	After string // the Key of the last one seen
	Limit int
}

// Key is the minutes' place in a list.
func (m Minutes) Key() string { return strconv.FormatInt(micros(m.Held), 10) + "." + string(m.ID) }

// MinutesOf lists minutes the reader may see, the newest meeting first; of corrected ones each edition.
func (f *Forum) MinutesOf(ctx context.Context, who network.Actor, q MinutesFilter) (out []Minutes, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		out = nil
		args := []any{q.Root}
		add := func(v any) string { args = append(args, v); return place(len(args)) }
		where := "n.root = $1"
		if q.Body != "" {
			where += " AND n.body = " + add(q.Body)
		}
		if at, id, ok := strings.Cut(q.After, "."); ok {
			if n, err := strconv.ParseInt(at, 10, 64); err == nil {
				p := add(n)
				where += " AND (n.held < " + p + " OR n.held = " + p + " AND n.id < " + add(id) + ")"
			}
		}
		visible, args := a.Where("n.", "", args)
		drafts, args := insideSQL(a, "n.", args)
		args = append(args, bounded(q.Limit))
		rows, err := tx.Query(ctx, `SELECT `+minutesColumns+` FROM minutes n WHERE `+where+` AND (n.state = 'sealed' AND `+visible+` OR `+drafts+`)
			ORDER BY n.held DESC, n.id DESC LIMIT `+place(len(args)), args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			m, err := scanMinutes(rows)
			if err != nil {
				return err
			}
			if a.Sees(m.Scope()) {
				out = append(out, m)
			}
		}
		return rows.Err()
	})
	return out, err
}
