package forum

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// redacted are those whose name was taken out of the sealed minutes of a meeting or a circulation. No record of it shows their name
// any more: who approved it, was there, was recused, dissented or did something with it.
type redacted map[network.PersonID]bool

func (f *Forum) redacted(ctx context.Context, tx *storage.Tx, m MeetingID, c CirculationID) (redacted, error) {
	rows, err := tx.Query(ctx, `SELECT r.person FROM minutes n JOIN minutes_redacted r ON r.minutes = n.id WHERE n.meeting = $1 AND n.meeting <> ''
		UNION SELECT r.person FROM minutes n JOIN minutes_redacted r ON r.minutes = n.id WHERE n.circulation = $2 AND n.circulation <> ''`, m, c)
	if err != nil {
		return nil, err
	}
	people, err := column[network.PersonID](rows)
	out := redacted{}
	for _, p := range people {
		out[p] = true
	}
	return out, err
}

// from takes a name away, and whose it is.
func (r redacted) from(person *network.PersonID, names ...*string) {
	if !r[*person] {
		return
	}
	*person = ""
	for _, n := range names {
		*n = ""
	}
}

func (r redacted) fromHistory(events []Event) {
	for i := range events {
		r.from(&events[i].Actor, &events[i].Name)
		for _, key := range [...]string{"from", "to"} {
			people := strings.Fields(events[i].Details[key])
			if slices.ContainsFunc(people, func(p string) bool { return r[network.PersonID(p)] }) {
				events[i].Details[key] = strings.Join(slices.DeleteFunc(people, func(p string) bool { return r[network.PersonID(p)] }), " ")
			}
		}
	}
}

func (r redacted) fromApprovals(all []Approval) {
	for i := range all {
		r.from(&all[i].Person, &all[i].Name)
	}
}

func (r redacted) fromSittings(seats []Sitting) []Sitting {
	seats = slices.Clone(seats)
	for i := range seats {
		s := &seats[i]
		if r[s.Person] || s.Person == "" && r[s.Holder] {
			s.Name, s.Held = "", ""
		}
		r.from(&s.Person)
		r.from(&s.Holder, &s.Held)
	}
	return seats
}

func (r redacted) fromMinutes(v *MinutesView) {
	for i := range v.Approvers {
		r.from(&v.Approvers[i].Person, &v.Approvers[i].Name)
	}
	r.fromHistory(v.History)
}

func (r redacted) fromDecision(v *DecisionView) {
	v.Record.Roll.Seats = r.fromSittings(v.Record.Roll.Seats)
	v.Record.Dissent = slices.Clone(v.Record.Dissent)
	for i := range v.Record.Dissent {
		r.from(&v.Record.Dissent[i].Person, &v.Record.Dissent[i].Name)
	}
	r.fromApprovals(v.Approvals)
	r.fromHistory(v.History)
}

func (r redacted) fromCirculation(v *CirculationView) {
	v.Roll.Seats = r.fromSittings(v.Roll.Seats)
	r.fromSeats(v.Seats, v.Names)
}

// fromSeats takes names from the seats as they were on the day. Whose they are stays: that is told to those inside the body only.
func (r redacted) fromSeats(seats []network.Held, names map[network.PersonID]string) {
	for i := range seats {
		if r[seats[i].Person] {
			seats[i].Name = ""
		}
	}
	for p := range r {
		if _, there := names[p]; there {
			names[p] = ""
		}
	}
}

// withholdNames takes redacted names from a meeting.
func (f *Forum) withholdNames(ctx context.Context, tx *storage.Tx, v *MeetingView) error {
	r, err := f.redacted(ctx, tx, v.ID, "")
	if err != nil {
		return err
	}
	r.fromSeats(v.Seats, v.Names)
	for i := range v.Recusals {
		r.from(&v.Recusals[i].Person, &v.Recusals[i].Name)
	}
	return nil
}

// redactPerson keeps whose name a part is, when it is a name, so that the other records of the meeting don't show it either. It is to be
// called while the part still has its text.
func (f *Forum) redactPerson(ctx context.Context, tx *storage.Tx, m Minutes, part string) error {
	number, ok := strings.CutPrefix(part, "person/")
	if !ok {
		return nil
	}
	at, err := strconv.Atoi(number)
	if err != nil {
		return network.Absent()
	}
	people, err := f.called(ctx, tx, m, at)
	if err != nil {
		return err
	}
	for _, p := range people {
		if _, err := tx.Exec(ctx, `INSERT INTO minutes_redacted (minutes, person, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, m.ID, p, f.db.Now()); err != nil {
			return err
		}
	}
	return nil
}

// called finds who stands at a place of sealed minutes' names: by where they stand in it as approvers and dissenters, whatever they
// are called now, and by their name among all who had to do with the meeting.
func (f *Forum) called(ctx context.Context, tx *storage.Tx, m Minutes, at int) (out []network.PersonID, err error) {
	p, err := f.sealedProtocol(ctx, tx, m)
	if err != nil || p.Name(at) == "" {
		return nil, err
	}
	people, err := f.approvers(ctx, tx, m)
	if err != nil {
		return nil, err
	}
	taken, err := f.decisionsWhere(ctx, tx, `(d.meeting <> '' AND d.meeting = $1 OR d.circulation <> '' AND d.circulation = $2) ORDER BY d.id`, m.Meeting, m.Circulation)
	if err != nil {
		return nil, err
	}
	for _, d := range taken {
		for i, n := range p.dissent(d.ID) {
			if n == at && i < len(d.Record.Dissent) {
				out = append(out, d.Record.Dissent[i].Person)
			}
		}
		for _, s := range d.Record.Roll.Seats {
			people = append(people, s.Person, s.Holder)
		}
	}
	seal, err := f.sealOf(ctx, tx, m.ID)
	if err != nil {
		return nil, err
	}
	all, err := f.approvals(ctx, tx, m.ID)
	if err != nil {
		return nil, err
	}
	var signed []network.PersonID
	for _, x := range all {
		people = append(people, x.Person)
		if x.Item == "" && x.Hash == seal.Hash {
			signed = append(signed, x.Person)
		}
	}
	slices.Sort(signed)
	for i, n := range p.Head.Approvers {
		if n == at && len(signed) == len(p.Head.Approvers) {
			out = append(out, signed[i])
		}
	}
	there, err := f.metThere(ctx, tx, m)
	if err != nil {
		return nil, err
	}
	people = append(people, there...)
	slices.Sort(people)
	names, err := f.network.Names(ctx, tx, slices.Compact(people))
	if err != nil {
		return nil, err
	}
	for person, name := range names {
		if person != "" && name == p.Name(at) {
			out = append(out, person)
		}
	}
	return out, nil
}

// dissent lists who dissents from a decision in minutes.
func (p Protocol) dissent(id DecisionID) (out []int) {
	for _, i := range p.Items {
		for _, d := range i.Decisions {
			if d.ID != id {
				continue
			}
			for _, x := range d.Dissent {
				out = append(out, x.Person)
			}
		}
	}
	return out
}

// metThere lists who came to a meeting, was recused there or held a seat in its body then.
func (f *Forum) metThere(ctx context.Context, tx *storage.Tx, m Minutes) ([]network.PersonID, error) {
	if m.Meeting == "" {
		return nil, nil
	}
	rows, err := tx.Query(ctx, `SELECT person FROM meeting_attendance WHERE meeting = $1 UNION SELECT person FROM meeting_recusal WHERE meeting = $1
		UNION SELECT h.person FROM meeting m JOIN seat s ON s.body = m.body JOIN holding h ON h.seat = s.id
			WHERE m.id = $1 AND h.starts <= m.closed AND (h.ends = 0 OR h.ends >= m.closed)`, m.Meeting)
	if err != nil {
		return nil, err
	}
	return column[network.PersonID](rows)
}
