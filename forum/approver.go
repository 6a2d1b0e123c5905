package forum

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// Who approves minutes: two at least, each with a seat in the body. Whoever led the meeting is among them as long as they hold a
// seat in it: the chair, or who led instead because the chair was absent or recused. One who has not approved can be replaced by
// another, so that minutes don't wait for ever for somebody who left.

// leastApprovers is how many approve minutes at least.
const leastApprovers = 2

// SetApprovers names who approves a meeting's minutes, until somebody has approved any of them: from then on one takes another's
// place, with the reason. version is the meeting's that the choice began from.
func (f *Forum) SetApprovers(ctx context.Context, who network.Actor, id MeetingID, version int64, people []network.PersonID) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.keeps(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if m.State != Convened && m.State != Running && m.State != Over {
			return wrongState(m)
		}
		if m.Version != version {
			return stale()
		}
		var began int
		err = tx.QueryRow(ctx, `SELECT COUNT(*) FROM minutes n WHERE n.meeting = $1 AND (n.state = 'sealed'
			OR EXISTS (SELECT 1 FROM minutes_approval x WHERE x.minutes = n.id))`, id).Scan(&began)
		if err != nil {
			return err
		}
		if began > 0 {
			return fault.New(fault.Conflict, "approval has begun").Say("minutes.began").Do("name another in the place of one of them")
		}
		led, err := f.ledBy(ctx, tx, m)
		if err != nil {
			return err
		}
		if led != "" && !slices.Contains(people, led) {
			return mustLead()
		}
		if err := f.wereThere(ctx, tx, m, people); err != nil {
			return err
		}
		if err := f.nameApprovers(ctx, tx, who, m, people); err != nil {
			return err
		}
		return f.drawUpAgain(ctx, tx, who, m) // they say who approves them
	})
}

// touch makes whoever changes who approves a meeting's minutes begin from what it is now.
func (f *Forum) touch(ctx context.Context, tx *storage.Tx, id MeetingID) error {
	_, err := tx.Exec(ctx, `UPDATE meeting SET version = version + 1 WHERE id = $1`, id)
	return err
}

// wereThere refuses who wasn't at a meeting that is going on or over: they can't say that its minutes are right.
func (f *Forum) wereThere(ctx context.Context, tx *storage.Tx, m Meeting, people []network.PersonID) error {
	if m.State == Convened {
		return nil
	}
	there, err := f.there(ctx, tx, m.ID, m.Body)
	if err != nil || there == nil {
		return err
	}
	for _, p := range people {
		if !slices.Contains(there, p) {
			return fault.New(fault.Invalid, "who approves minutes was at the meeting").Where("approvers").Say("minutes.approver.absent")
		}
	}
	return nil
}

// nameApprovers puts people in the place of those who were to approve a meeting's minutes, and tells who no longer is.
func (f *Forum) nameApprovers(ctx context.Context, tx *storage.Tx, who network.Actor, m Meeting, people []network.PersonID) error {
	was, err := f.approvers(ctx, tx, Minutes{Meeting: m.ID})
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM meeting_approver WHERE meeting = $1`, m.ID); err != nil {
		return err
	}
	if err := f.setApprovers(ctx, tx, m.Body, `meeting_approver (meeting, person)`, string(m.ID), people); err != nil {
		return err
	}
	if err := f.touch(ctx, tx, m.ID); err != nil {
		return err
	}
	for _, p := range was {
		if slices.Contains(people, p) || p == who.Person {
			continue
		}
		if err := f.tellReplaced(ctx, tx, p, m.Root, m.Network, m.Body, m.Starts, "meetings", string(m.ID)); err != nil {
			return err
		}
	}
	return f.record(ctx, tx, who, m.Root, string(m.ID), "meeting.approvers", map[string]string{"from": joined(was), "to": joined(people)})
}

// joined is people in one detail of an event.
func joined(people []network.PersonID) string {
	all := make([]string, len(people))
	for i, p := range people {
		all[i] = string(p)
	}
	return strings.Join(all, " ")
}

// tellReplaced tells somebody that they are no longer to approve minutes.
func (f *Forum) tellReplaced(ctx context.Context, tx *storage.Tx, p network.PersonID, root, n network.ID, body network.BodyID, held time.Time, page ...string) error {
	b, err := f.network.Body(ctx, tx, body)
	if err != nil {
		return err
	}
	return f.notices.Tell(ctx, tx, string(p), notice.Notice{Key: "notice.minutes.replaced", Args: []string{b.Name.Told(), notice.Day(held.In(f.zoneOf(n)))},
		Link: f.pathTo(root, page...)})
}

func mustLead() *fault.Error {
	return fault.New(fault.Invalid, "whoever led the meeting approves its minutes").Where("approvers").Say("minutes.leader")
}

func (f *Forum) setApprovers(ctx context.Context, tx *storage.Tx, body network.BodyID, into, of string, people []network.PersonID) error {
	slices.Sort(people)
	people = slices.Compact(people)
	if len(people) < leastApprovers {
		return noApprover()
	}
	seats, err := f.network.SeatsAt(ctx, tx, body, micros(f.db.Now()))
	if err != nil {
		return err
	}
	for _, p := range people {
		if !holds(seats, p) {
			return noApprover()
		}
		if _, err := tx.Exec(ctx, `INSERT INTO `+into+` VALUES ($1, $2)`, of, p); err != nil {
			return err
		}
	}
	return nil
}

func noApprover() *fault.Error {
	return fault.New(fault.Invalid, "two at least approve minutes, each with a seat in the body").Where("approvers").Say("minutes.approvers")
}

func holds(seats []network.Held, p network.PersonID) bool {
	return p != "" && slices.ContainsFunc(seats, func(s network.Held) bool { return s.Person == p })
}

// ledBy finds who led a meeting and still holds a seat in its body; nobody before somebody sat down to lead.
func (f *Forum) ledBy(ctx context.Context, tx *storage.Tx, m Meeting) (network.PersonID, error) {
	if m.Leader == "" {
		return "", nil
	}
	there, err := f.attendance(ctx, tx, m.ID)
	if err != nil {
		return "", err
	}
	seats, err := f.network.SeatsAt(ctx, tx, m.Body, micros(f.db.Now()))
	if led := leads(there, m.Leader); err == nil && holds(seats, led) {
		return led, nil
	}
	return "", err
}

// minutesLedBy is ledBy of the meeting that minutes are of. A circulation is led by whoever was the chair when it was sent.
func (f *Forum) minutesLedBy(ctx context.Context, tx *storage.Tx, m Minutes) (network.PersonID, error) {
	if m.Meeting == "" {
		return f.chairSince(ctx, tx, m.Body, m.Held)
	}
	of, err := scanMeeting(tx.QueryRow(ctx, `SELECT `+meetingColumns+` FROM meeting m WHERE m.id = $1`, m.Meeting))
	if err != nil {
		return "", err
	}
	return f.ledBy(ctx, tx, of)
}

// proposeApprovers makes whoever led a meeting approve its minutes, and another who was there where nobody was named.
func (f *Forum) proposeApprovers(ctx context.Context, tx *storage.Tx, m Meeting) error {
	led, err := f.ledBy(ctx, tx, m)
	if err != nil || led == "" {
		return err
	}
	const name = `INSERT INTO meeting_approver (meeting, person) VALUES ($1, $2) ON CONFLICT (meeting, person) DO NOTHING`
	if _, err = tx.Exec(ctx, name, m.ID, led); err != nil {
		return err
	}
	people, err := f.approvers(ctx, tx, Minutes{Meeting: m.ID})
	if err != nil || len(people) >= leastApprovers {
		return err
	}
	there, err := f.attendance(ctx, tx, m.ID)
	if err != nil {
		return err
	}
	seats, err := f.network.SeatsAt(ctx, tx, m.Body, micros(f.db.Now()))
	if err != nil {
		return err
	}
	next := another(seats, there, people)
	if next == "" {
		return nil
	}
	_, err = tx.Exec(ctx, name, m.ID, next)
	return err
}

// another proposes one more approver: who was at the meeting as a whole and holds a seat, in the order of the seats.
func another(seats []network.Held, there []Attendance, people []network.PersonID) network.PersonID {
	for _, s := range seats {
		came := slices.ContainsFunc(there, func(a Attendance) bool { return a.Person == s.Person && a.Item == "" })
		if s.Person != "" && came && !slices.Contains(people, s.Person) {
			return s.Person
		}
	}
	return ""
}

// there lists who was at a meeting and holds a seat in its body now; nobody where too few of them are left to approve its
// minutes, or where there was no meeting: then all who hold a seat can.
func (f *Forum) there(ctx context.Context, tx *storage.Tx, id MeetingID, body network.BodyID) (out []network.PersonID, err error) {
	if id == "" {
		return nil, nil
	}
	came, err := f.attendance(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	seats, err := f.network.SeatsAt(ctx, tx, body, micros(f.db.Now()))
	for _, a := range came {
		if holds(seats, a.Person) && !slices.Contains(out, a.Person) {
			out = append(out, a.Person)
		}
	}
	if len(out) < leastApprovers {
		return nil, err
	}
	return out, err
}

// approvers lists who approves minutes.
func (f *Forum) approvers(ctx context.Context, tx *storage.Tx, m Minutes) ([]network.PersonID, error) {
	rows, err := tx.Query(ctx, `SELECT person FROM meeting_approver WHERE meeting = $1 UNION SELECT person FROM circulation_approver WHERE circulation = $2 ORDER BY person`,
		m.Meeting, m.Circulation)
	if err != nil {
		return nil, err
	}
	return column[network.PersonID](rows)
}

// Replacement names somebody to approve minutes in the place of another.
type Replacement struct {
	Minutes  MinutesID
	Version  int64 // of the minutes, when it began
	Old, New network.PersonID
	Why      string
}

// ReplaceApprover names another to approve minutes in the place of one who hasn't: by who runs the body. Whoever led the meeting
// is replaced only once they hold no seat in the body. The text says who approves it, so it is everybody's to approve anew.
func (f *Forum) ReplaceApprover(ctx context.Context, who network.Actor, r Replacement) error {
	r.Why = typed(r.Why)
	if err := needed("why", r.Why, maxNoteChars); err != nil {
		return err
	}
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.keepsMinutes(ctx, tx, a, r.Minutes)
		if err != nil {
			return err
		}
		if m.Version != r.Version {
			return stale()
		}
		people, err := f.approvers(ctx, tx, m)
		if err != nil {
			return err
		}
		if err := f.replaceable(ctx, tx, m, people, r); err != nil {
			return err
		}
		if err := f.renameApprover(ctx, tx, who, m, people, r); err != nil {
			return err
		}
		err = f.record(ctx, tx, who, m.Root, string(m.ID), "minutes.approver", map[string]string{"from": string(r.Old), "to": string(r.New), "reason": r.Why})
		if err != nil {
			return err
		}
		if r.Old != who.Person {
			if err := f.tellReplaced(ctx, tx, r.Old, m.Root, m.Network, m.Body, m.Held, "minutes", string(m.ID)); err != nil {
				return err
			}
		}
		m.Version++
		return f.askApproval(ctx, tx, m)
	})
}

// replaceable judges whether one approver can take another's place.
func (f *Forum) replaceable(ctx context.Context, tx *storage.Tx, m Minutes, people []network.PersonID, r Replacement) error {
	if !slices.Contains(people, r.Old) {
		return fault.New(fault.Invalid, "the one to be replaced approves nothing here").Where("old").Say("forum.choice")
	}
	seats, err := f.network.SeatsAt(ctx, tx, m.Body, micros(f.db.Now()))
	if err != nil {
		return err
	}
	if slices.Contains(people, r.New) || !holds(seats, r.New) {
		return fault.New(fault.Invalid, "who takes the place has a seat in the body and doesn't approve already").Where("new").Say("minutes.approver")
	}
	late, err := f.unapproved(ctx, tx, m, people)
	if err != nil {
		return err
	}
	if !slices.Contains(late, r.Old) {
		return fault.New(fault.Conflict, "they have approved the text").Where("old").Say("minutes.signed")
	}
	led, err := f.minutesLedBy(ctx, tx, m)
	if err == nil && led == r.Old {
		return mustLead().Where("old")
	}
	return err
}

// renameApprover puts one in another's place, in the list and in the text.
func (f *Forum) renameApprover(ctx context.Context, tx *storage.Tx, who network.Actor, m Minutes, people []network.PersonID, r Replacement) error {
	table, of := "meeting_approver (meeting, person)", string(m.Meeting)
	if m.Meeting == "" {
		table, of = "circulation_approver (circulation, person)", string(m.Circulation)
	}
	name, _, _ := strings.Cut(table, " ")
	column := strings.TrimSuffix(name, "_approver")
	if _, err := tx.Exec(ctx, `DELETE FROM `+name+` WHERE `+column+` = $1 AND person = $2`, of, r.Old); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO `+table+` VALUES ($1, $2)`, of, r.New); err != nil {
		return err
	}
	if err := f.touch(ctx, tx, m.Meeting); err != nil {
		return err
	}
	p, _, err := f.protocol(ctx, tx, m)
	if err != nil {
		return err
	}
	gone, err := f.redacted(ctx, tx, m.Meeting, m.Circulation)
	if err != nil {
		return err
	}
	at := map[network.PersonID]int{}
	for i, person := range append(people, r.New) {
		name, err := f.network.PersonName(ctx, tx, person)
		if err != nil {
			return err
		}
		at[person] = -1
		if name != "" && !gone[person] {
			at[person] = slices.Index(p.People, name)
		}
		switch {
		case at[person] >= 0:
		case person == r.New && gone[person]:
			p.People = append(p.People, "")
			at[person] = len(p.People) - 1
		case person == r.New:
			at[person] = p.person(name)
		case i < len(p.Head.Approvers): // redacted in the edition that this one corrects, or called otherwise since
			at[person] = p.Head.Approvers[i]
		}
	}
	p.Head.Replaced = append(p.Head.Replaced, ProtocolReplaced{Old: at[r.Old], New: at[r.New], Why: r.Why})
	delete(at, r.Old)
	p.Head.Approvers = nil
	for _, person := range slices.Sorted(maps.Keys(at)) {
		p.Head.Approvers = append(p.Head.Approvers, at[person])
	}
	return f.writeProtocol(ctx, tx, who, m, p)
}

// AskApproval tells those who haven't approved minutes that they wait for them.
func (f *Forum) AskApproval(ctx context.Context, who network.Actor, id MinutesID) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.keepsMinutes(ctx, tx, a, id)
		if err != nil {
			return err
		}
		return f.askApproval(ctx, tx, m)
	})
}

func (f *Forum) askApproval(ctx context.Context, tx *storage.Tx, m Minutes) error {
	people, err := f.approvers(ctx, tx, m)
	if err != nil {
		return err
	}
	if people, err = f.unapproved(ctx, tx, m, people); err != nil {
		return err
	}
	b, err := f.network.Body(ctx, tx, m.Body)
	if err != nil {
		return err
	}
	for _, p := range people {
		err := f.notices.Tell(ctx, tx, string(p), notice.Notice{Key: "notice.minutes.approve", Args: []string{b.Name.Told(), notice.Day(m.Held.In(f.zoneOf(m.Network)))},
			Link: f.pathTo(m.Root, "minutes", string(m.ID)), Urgent: true})
		if err != nil {
			return err
		}
	}
	return nil
}

// unapproved are those of some people who haven't approved a draft as it reads now.
func (f *Forum) unapproved(ctx context.Context, tx *storage.Tx, m Minutes, people []network.PersonID) ([]network.PersonID, error) {
	_, hash, err := f.protocol(ctx, tx, m)
	if err != nil {
		return nil, err
	}
	all, err := f.approvals(ctx, tx, m.ID)
	return slices.DeleteFunc(slices.Clone(people), func(p network.PersonID) bool {
		return slices.ContainsFunc(all, func(x Approval) bool { return x.Person == p && x.Item == "" && x.Hash == hash })
	}), err
}
