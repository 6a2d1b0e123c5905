package forum

import (
	"context"
	"slices"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// Attending is what somebody replies to a convocation.
type Attending string

// The answers.
const (
	Coming       Attending = "coming"
	DeputyComes  Attending = "deputy"
	NotComing    Attending = "absent"
	NotAnswered  Attending = ""
	maxNoteChars           = 500
)

// Attendings in the order a form shows them.
var Attendings = []Attending{Coming, DeputyComes, NotComing}

// Reply is a seat's answer to a convocation.
type Reply struct {
	Seat   network.SeatID
	Person network.PersonID
	Answer Attending
	Note   string
	At     time.Time
}

// Attendance is somebody in a seat from when till when.
type Attendance struct {
	ID     string
	Item   ItemID // "" for the meeting; else the one item a deputy steps in for
	Seat   network.SeatID
	Deputy network.SeatID // the deputy's own seat, when standing in
	Person network.PersonID
	Came   time.Time
	Gone   time.Time // zero: still there
}

// at tells whether it holds at a moment.
func (a Attendance) at(t time.Time) bool {
	return !a.Came.After(t) && (a.Gone.IsZero() || a.Gone.After(t))
}

// Recusal is somebody who takes no part in an item.
type Recusal struct {
	Item   ItemID
	Person network.PersonID
	Name   string
	Seat   network.SeatID
	State  string // proposed: by a declared interest; declared; dismissed
	Reason string
	At     time.Time
}

// The states of a recusal.
const (
	RecusalProposed  = "proposed"
	RecusalDeclared  = "declared"
	RecusalDismissed = "dismissed"
)

// SeatState is what a seat is at a moment of a meeting.
type SeatState string

// The states of a seat.
const (
	Present SeatState = "present"
	Absent  SeatState = "absent"
	Vacant  SeatState = "vacant"
	Recused SeatState = "recused"
)

// Sitting is a voting seat at a moment of a meeting; what a decision keeps of who took it.
type Sitting struct {
	Seat      network.SeatID
	Role      network.Role
	Sector    network.Sector
	Nominator network.OrganisationID `json:",omitempty"`
	By        network.Text           // the nominator's name
	Holder    network.PersonID       `json:",omitempty"`
	Person    network.PersonID       `json:",omitempty"` // who sits there: the holder or a deputy
	Deputy    network.SeatID         `json:",omitempty"` // the deputy's own seat
	State     SeatState
	Leads     bool   `json:",omitempty"`
	Vote      Vote   `json:",omitempty"`
	Name      string `json:"-"` // the person's who sits there, else the holder's
	Held      string `json:"-"` // the holder's
}

// Counts tells whether the seat decides.
func (s Sitting) Counts() bool { return s.State == Present }

// Roll is a body's voting seats at one moment of a meeting, judged.
type Roll struct {
	At     time.Time
	Quorum network.Quorum
	Seats  []Sitting
}

// roll works out who sits where at a moment, for an item or for the meeting as a whole.
func roll(at time.Time, rules []network.Rule, seats []network.Held, there []Attendance, recusals []Recusal, item ItemID, leader network.SeatID) Roll {
	names := map[network.PersonID]string{}
	for _, s := range seats {
		names[s.Person] = s.Name
	}
	recused := func(p network.PersonID) bool {
		return item != "" && slices.ContainsFunc(recusals, func(r Recusal) bool { return r.Item == item && r.Person == p && r.State == RecusalDeclared })
	}
	r := Roll{At: at}
	taken := network.Taken{Present: map[network.SeatID]bool{}, Recused: map[network.SeatID]bool{}}
	for _, s := range seats {
		if !s.Role.Votes() {
			continue
		}
		one := Sitting{Seat: s.ID, Role: s.Role, Sector: s.Sector, Nominator: s.Nominator, By: s.NominatorName, Holder: s.Person, Held: s.Name, Leads: s.ID == leader}
		if in, ok := sits(there, s.ID, item, at); ok && may(seats, s, in) {
			one.Person, one.Deputy = in.Person, in.Deputy
		}
		switch {
		case one.Person != "" && !recused(one.Person):
			one.State, taken.Present[s.ID] = Present, true
			if one.Leads {
				taken.Chair = s.ID
			}
		case one.Person != "" || s.Person != "" && recused(s.Person):
			one.State, taken.Recused[s.ID] = Recused, true
		case s.Person == "":
			one.State = Vacant
		default:
			one.State = Absent
		}
		one.Name = names[one.Person]
		if one.Person == "" {
			one.Name = s.Name
		}
		r.Seats = append(r.Seats, one)
	}
	r.Quorum = network.Judge(rules, seats, taken)
	return r
}

// may tells whether who is there holds the seat now, or a deputy's for it: a term that has ended ends also what it gave.
func may(seats []network.Held, s network.Held, in Attendance) bool {
	return in.Person == s.Person || slices.ContainsFunc(seats, func(d network.Held) bool {
		return d.Person == in.Person && (in.Deputy == "" || d.ID == in.Deputy) && StandsInFor(d, s)
	})
}

// sits finds who is in a seat: who stepped in for the item, else who is there for the meeting.
func sits(there []Attendance, seat network.SeatID, item ItemID, at time.Time) (in Attendance, ok bool) {
	for _, a := range there {
		if a.Seat != seat || !a.at(at) || a.Item != "" && a.Item != item {
			continue
		}
		if !ok || a.Item != "" {
			in, ok = a, true
		}
	}
	return in, ok
}

// Led is the seat that leads, if whoever sits there takes part.
func (r Roll) Led() bool {
	return slices.ContainsFunc(r.Seats, func(s Sitting) bool { return s.Leads && s.Counts() })
}

// Seat finds a seat of the roll.
func (r Roll) Seat(id network.SeatID) (Sitting, bool) {
	for _, s := range r.Seats {
		if s.Seat == id {
			return s, true
		}
	}
	return Sitting{}, false
}

// rollNow is the roll of a meeting as it is.
func (f *Forum) rollNow(ctx context.Context, tx *storage.Tx, m Meeting, item ItemID) (Roll, error) {
	at := f.db.Now()
	if m.State == Over {
		at = m.Closed.Add(-time.Microsecond)
	}
	rules, err := f.network.Rules(ctx, tx, m.Body)
	if err != nil {
		return Roll{}, err
	}
	seats, err := f.network.SeatsAt(ctx, tx, m.Body, micros(at))
	if err != nil {
		return Roll{}, err
	}
	there, err := f.attendance(ctx, tx, m.ID)
	if err != nil {
		return Roll{}, err
	}
	recusals, err := f.recusals(ctx, tx, m.ID)
	if err != nil {
		return Roll{}, err
	}
	return roll(at.In(zone(m.Zone)), rules, seats, there, recusals, item, m.Leader), nil
}

func (f *Forum) attendance(ctx context.Context, tx *storage.Tx, m MeetingID) (out []Attendance, err error) {
	rows, err := tx.Query(ctx, `SELECT id, item, seat, deputy, person, came, gone FROM meeting_attendance WHERE meeting = $1 ORDER BY came, id`, m)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var a Attendance
		var came, gone int64
		if err := rows.Scan(&a.ID, &a.Item, &a.Seat, &a.Deputy, &a.Person, &came, &gone); err != nil {
			return nil, err
		}
		a.Came, a.Gone = moment(came), moment(gone)
		out = append(out, a)
	}
	return out, rows.Err()
}

func (f *Forum) recusals(ctx context.Context, tx *storage.Tx, m MeetingID) (out []Recusal, err error) {
	rows, err := tx.Query(ctx, `SELECT r.item, r.person, COALESCE(p.name, ''), r.seat, r.state, r.reason, r.at
		FROM meeting_recusal r LEFT JOIN person p ON p.id = r.person WHERE r.meeting = $1 ORDER BY r.item, r.at, r.person`, m)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r Recusal
		var at int64
		if err := rows.Scan(&r.Item, &r.Person, &r.Name, &r.Seat, &r.State, &r.Reason, &at); err != nil {
			return nil, err
		}
		r.At = moment(at)
		out = append(out, r)
	}
	return out, rows.Err()
}

func (f *Forum) replies(ctx context.Context, tx *storage.Tx, m MeetingID) (map[network.SeatID]Reply, error) {
	rows, err := tx.Query(ctx, `SELECT seat, person, answer, note, at FROM meeting_reply WHERE meeting = $1`, m)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[network.SeatID]Reply{}
	for rows.Next() {
		var r Reply
		var at int64
		if err := rows.Scan(&r.Seat, &r.Person, &r.Answer, &r.Note, &at); err != nil {
			return nil, err
		}
		r.At = moment(at)
		out[r.Seat] = r
	}
	return out, rows.Err()
}

// Reply answers a convocation for a seat: by its holder, or by whoever keeps the meeting.
func (f *Forum) Reply(ctx context.Context, who network.Actor, id MeetingID, seat network.SeatID, answer Attending, note string) error {
	note = typedLine(note)
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.meeting(ctx, tx, a, id)
		if err != nil {
			return err
		}
		s, err := f.seatOf(ctx, tx, m, seat)
		if err != nil {
			return err
		}
		if s.Person != who.Person && !f.mayRun(a, m) || s.Person == "" {
			return denied()
		}
		if m.State != Convened && m.State != Running {
			return wrongState(m)
		}
		if err := oneOf("answer", answer, Attendings...); err != nil {
			return err
		}
		if err := short("note", note, maxNoteChars); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO meeting_reply (meeting, seat, person, answer, note, at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (meeting, seat) DO UPDATE SET person = excluded.person, answer = excluded.answer, note = excluded.note, at = excluded.at`,
			id, seat, s.Person, answer, note, f.db.Now())
		return err
	})
}

// seatOf finds a seat of a meeting's body as it is now.
func (f *Forum) seatOf(ctx context.Context, tx *storage.Tx, m Meeting, id network.SeatID) (network.Held, error) {
	seats, err := f.network.SeatsAt(ctx, tx, m.Body, micros(f.db.Now()))
	if err != nil {
		return network.Held{}, err
	}
	return findSeat(seats, id)
}

func findSeat(seats []network.Held, id network.SeatID) (network.Held, error) {
	for _, s := range seats {
		if s.ID == id {
			return s, nil
		}
	}
	return network.Held{}, network.Absent()
}

// Arrival is somebody who takes a seat.
type Arrival struct {
	Meeting MeetingID
	Seat    network.SeatID
	Deputy  network.SeatID // the deputy's own seat, when standing in
	Item    ItemID         // "" for the meeting; else the one item a deputy steps in for because the holder is recused
	At      time.Time      // zero: now
}

// Arrive notes that a seat's holder, or a deputy in their place, is there: by the person, or by whoever keeps the meeting.
// A holder who comes takes the seat back from a deputy.
func (f *Forum) Arrive(ctx context.Context, who network.Actor, in Arrival) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.meeting(ctx, tx, a, in.Meeting)
		if err != nil {
			return err
		}
		if m.State != Running {
			return wrongState(m)
		}
		seats, err := f.network.SeatsAt(ctx, tx, m.Body, micros(f.db.Now()))
		if err != nil {
			return err
		}
		person, err := whoArrives(seats, in)
		if err != nil {
			return err
		}
		if person != who.Person && !f.mayRun(a, m) {
			return denied()
		}
		if in.At, err = f.during(ctx, tx, m, in.At); err != nil {
			return err
		}
		there, err := f.attendance(ctx, tx, m.ID)
		if err != nil {
			return err
		}
		if err := f.makeRoom(ctx, tx, m, in, person, there, seats); err != nil {
			return err
		}
		id, err := f.db.NewID()
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO meeting_attendance (id, meeting, item, seat, deputy, person, came, gone) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)`,
			id, m.ID, in.Item, in.Seat, in.Deputy, person, in.At)
		if err != nil || person == who.Person {
			return err
		}
		return f.record(ctx, tx, who, m.Root, string(m.ID), "meeting.arrived", map[string]string{"seat": string(in.Seat)})
	})
}

// whoArrives finds whom a seat, or a deputy's seat, belongs to, and judges whether the deputy may stand in.
func whoArrives(seats []network.Held, in Arrival) (network.PersonID, error) {
	s, err := findSeat(seats, in.Seat)
	if err != nil {
		return "", err
	}
	if in.Deputy == "" {
		if s.Person == "" || in.Item != "" {
			return "", fault.New(fault.Conflict, "nobody holds the seat").Where("seat").Say("meeting.vacant")
		}
		return s.Person, nil
	}
	d, err := findSeat(seats, in.Deputy)
	if err != nil {
		return "", err
	}
	if d.Person == "" || !s.Role.Votes() || !StandsInFor(d, s) {
		return "", fault.New(fault.Conflict, "this deputy can't stand in for the seat").Where("deputy").Say("meeting.deputy")
	}
	return d.Person, nil
}

// StandsInFor tells whether a deputy's seat may take the place of another: its own, or any of its sector.
func StandsInFor(d, s network.Held) bool {
	return d.Role == network.Deputy && d.Body == s.Body && (d.DeputyFor == s.ID || d.DeputyFor == "" && d.Sector == s.Sector)
}

// during judges a time that somebody came or left.
// Nobody's coming or leaving is moved to before a decision that was taken: it rests on who was there.
func (f *Forum) during(ctx context.Context, tx *storage.Tx, m Meeting, at time.Time) (time.Time, error) {
	now := f.db.Now()
	if at.IsZero() {
		return now, nil
	}
	if at.Before(m.Opened) || at.After(now) {
		return at, fault.New(fault.Invalid, "the time is not within the meeting").Where("at").Say("meeting.at")
	}
	var last int64
	if err := tx.QueryRow(ctx, `SELECT COALESCE(MAX(taken), 0) FROM decision d WHERE d.meeting = $1 AND `+stands, m.ID).Scan(&last); err != nil {
		return at, err
	}
	if last >= micros(at) {
		return at, fault.New(fault.Conflict, "a decision was taken after that").Where("at").Say("meeting.at.decided")
	}
	return at, nil
}

// makeRoom judges whether somebody can take a seat now, and ends what they take it from.
func (f *Forum) makeRoom(ctx context.Context, tx *storage.Tx, m Meeting, in Arrival, person network.PersonID, there []Attendance, seats []network.Held) error {
	for _, a := range there {
		if !a.at(in.At) && !a.Came.After(in.At) {
			continue
		}
		own, err := findSeat(seats, a.Seat)
		votes := err == nil && own.Role.Votes()
		switch {
		case a.Person == person && a.Seat == in.Seat && a.Item == in.Item:
			return fault.New(fault.Conflict, "they are there already").Say("meeting.there")
		case a.Person == person && votes && in.Deputy != "" && (a.Item == "" || in.Item == "" || a.Item == in.Item):
			return fault.New(fault.Conflict, "they sit in another seat").Say("meeting.elsewhere")
		case a.Seat == in.Seat && in.Item == "" && a.Item == "" && in.Deputy != "":
			return fault.New(fault.Conflict, "the seat is taken").Say("meeting.taken")
		case a.Seat == in.Seat && in.Item == "" && a.Item == "", a.Person == person && votes && in.Deputy == "" && a.Deputy != "":
			if err := f.gone(ctx, tx, a.ID, in.At); err != nil {
				return err
			}
		case a.Seat == in.Seat && a.Item == in.Item:
			return fault.New(fault.Conflict, "the seat is taken").Say("meeting.taken")
		}
	}
	if in.Item == "" {
		return nil
	}
	return f.mayStepIn(ctx, tx, m, in, person)
}

// mayStepIn judges a deputy for one item: whoever sits there is recused, and the deputy is not.
func (f *Forum) mayStepIn(ctx context.Context, tx *storage.Tx, m Meeting, in Arrival, person network.PersonID) error {
	r, err := f.rollNow(ctx, tx, m, in.Item)
	if err != nil {
		return err
	}
	recusals, err := f.recusals(ctx, tx, m.ID)
	if err != nil {
		return err
	}
	s, ok := r.Seat(in.Seat)
	if !ok || s.State != Recused {
		return fault.New(fault.Conflict, "nobody in the seat is recused").Say("meeting.notrecused")
	}
	for _, one := range recusals {
		if one.Item == in.Item && one.Person == person && one.State == RecusalDeclared {
			return fault.New(fault.Conflict, "the deputy is recused too").Where("deputy").Say("meeting.deputyrecused")
		}
	}
	return nil
}

func (f *Forum) gone(ctx context.Context, tx *storage.Tx, id string, at time.Time) error {
	_, err := tx.Exec(ctx, `UPDATE meeting_attendance SET gone = CASE WHEN came >= $2 THEN came + 1 ELSE $2 END WHERE id = $1`, id, at)
	return err
}

// Depart notes that somebody left, by themselves or by whoever keeps the meeting. at zero is now.
func (f *Forum) Depart(ctx context.Context, who network.Actor, id MeetingID, attendance string, at time.Time) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.meeting(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if m.State != Running {
			return wrongState(m)
		}
		there, err := f.attendance(ctx, tx, id)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(there, func(one Attendance) bool { return one.ID == attendance })
		if i < 0 {
			return network.Absent()
		}
		if there[i].Person != who.Person && !f.mayRun(a, m) {
			return denied()
		}
		if !there[i].Gone.IsZero() {
			return fault.New(fault.Conflict, "they have left already").Say("meeting.gone")
		}
		if at, err = f.during(ctx, tx, m, at); err != nil {
			return err
		}
		if at.Before(there[i].Came) {
			return fault.New(fault.Invalid, "they left before they came").Where("at").Say("meeting.at")
		}
		if err := f.gone(ctx, tx, attendance, at); err != nil || there[i].Person == who.Person {
			return err
		}
		return f.record(ctx, tx, who, m.Root, string(id), "meeting.departed", map[string]string{"seat": string(there[i].Seat)})
	})
}

// Lead elects who leads: the chair, or another voting seat whose holder or deputy is there.
func (f *Forum) Lead(ctx context.Context, who network.Actor, id MeetingID, seat network.SeatID) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.keeps(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if m.State != Running {
			return wrongState(m)
		}
		r, err := f.rollNow(ctx, tx, m, "")
		if err != nil {
			return err
		}
		s, ok := r.Seat(seat)
		if !ok {
			return network.Absent()
		}
		if !s.Counts() {
			return fault.New(fault.Conflict, "who leads is there").Where("seat").Say("meeting.leader.absent")
		}
		if _, err := tx.Exec(ctx, `UPDATE meeting SET leader = $2, version = version + 1 WHERE id = $1`, id, seat); err != nil {
			return err
		}
		return f.record(ctx, tx, who, m.Root, string(id), "meeting.led", map[string]string{"seat": string(seat)})
	})
}

// Recuse declares that somebody takes no part in an item: themselves, or whoever keeps the meeting. Their seat leaves the
// quorum, unless a deputy without interest steps in.
func (f *Forum) Recuse(ctx context.Context, who network.Actor, item ItemID, person network.PersonID, reason string) error {
	return f.recusal(ctx, who, item, person, RecusalDeclared, reason)
}

// DismissRecusal says that a proposed or declared recusal doesn't hold, and why.
func (f *Forum) DismissRecusal(ctx context.Context, who network.Actor, item ItemID, person network.PersonID, reason string) error {
	return f.recusal(ctx, who, item, person, RecusalDismissed, reason)
}

func (f *Forum) recusal(ctx context.Context, who network.Actor, id ItemID, person network.PersonID, state, reason string) error {
	reason = typed(reason)
	if err := needed("reason", reason, maxNoteChars); err != nil {
		return err
	}
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, i, err := f.item(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if !f.mayRun(a, m) && (person != who.Person || state != RecusalDeclared) {
			return denied()
		}
		if i.Outcome != NoOutcome || m.State != Convened && m.State != Running && m.State != Drafted {
			return fault.New(fault.Conflict, "the item has its outcome").Say("meeting.item.done")
		}
		seats, err := f.network.SeatsAt(ctx, tx, m.Body, micros(f.db.Now()))
		if err != nil {
			return err
		}
		at := slices.IndexFunc(seats, func(s network.Held) bool { return s.Person == person && person != "" })
		if at < 0 {
			return network.Absent()
		}
		if err := f.keepRecusal(ctx, tx, m.ID, id, person, seats[at].ID, state, reason, true); err != nil {
			return err
		}
		return f.record(ctx, tx, who, m.Root, string(m.ID), "meeting.recusal."+state, nil)
	})
}

// keepRecusal writes a recusal down; one that is there already stays unless over.
func (f *Forum) keepRecusal(ctx context.Context, tx *storage.Tx, m MeetingID, item ItemID, person network.PersonID, seat network.SeatID, state, reason string, over bool) error {
	conflict := `DO NOTHING`
	if over {
		conflict = `DO UPDATE SET state = excluded.state, reason = excluded.reason, at = excluded.at`
	}
	_, err := tx.Exec(ctx, `INSERT INTO meeting_recusal (item, person, meeting, seat, state, reason, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (item, person) `+conflict, item, person, m, seat, state, reason, f.db.Now())
	return err
}

// Roll is who sits where in a meeting now, for an item or (item "") for the whole; for those inside the body.
func (f *Forum) Roll(ctx context.Context, who network.Actor, id MeetingID, item ItemID) (r Roll, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.meeting(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if !inside(a, m.Body, m.Network) {
			return network.Absent()
		}
		if r, err = f.rollNow(ctx, tx, m, item); err != nil {
			return err
		}
		names, err := f.redacted(ctx, tx, m.ID, "")
		if err != nil {
			return err
		}
		r.Seats = names.fromSittings(r.Seats)
		gone, err := f.itemGone(ctx, tx, item)
		if gone {
			r.Seats = nameless(r.Seats)
		}
		return err
	})
	return r, err
}
