package forum

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/samverk/samverk/fault"
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
		person := v.Approvers[i].Person
		if r.from(&person, &v.Approvers[i].Name); v.Sealed { // of a draft they can be replaced
			v.Approvers[i].Person = person
		}
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

// withholdNames takes redacted names from a meeting, and from redacted items whoever was recused or took a decision back, and why.
func (f *Forum) withholdNames(ctx context.Context, tx *storage.Tx, v *MeetingView) error {
	r, err := f.redacted(ctx, tx, v.ID, "")
	if err != nil {
		return err
	}
	r.fromSeats(v.Seats, v.Names)
	for i := range v.Recusals {
		x := &v.Recusals[i]
		r.from(&x.Person, &x.Name)
		gone, err := f.itemGone(ctx, tx, x.Item)
		if err != nil {
			return err
		}
		if gone {
			x.Person, x.Name, x.Reason = "", "", ""
		}
	}
	for i := range v.Annulled {
		x := &v.Annulled[i]
		r.from(&x.By, &x.Name)
		gone, err := f.itemGone(ctx, tx, x.Item)
		if err != nil {
			return err
		}
		if gone {
			x.By, x.Name, x.Reason = "", "", ""
		}
	}
	return nil
}

// Redact takes a part's text away for good, with the reason, by a coordinator: out of every edition of the minutes, also one that
// isn't sealed. The seals still hold. The versions from before go too, for the part is in them.
func (f *Forum) Redact(ctx context.Context, who network.Actor, id MinutesID, part, reason string) error {
	reason = typed(reason)
	if err := needed("reason", reason, maxText); err != nil {
		return err
	}
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		m, err := f.minutes(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if !a.Coordinates(m.Network) {
			return denied()
		}
		if !m.Sealed {
			return fault.New(fault.Conflict, "the minutes aren't sealed").Say("minutes.unsealed")
		}
		if part == "head" {
			return fault.New(fault.Invalid, "the head stays").Where("part").Say("minutes.head")
		}
		parts, err := f.sealedParts(ctx, tx, id)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(parts, func(x Part) bool { return x.Name == part && x.Redacted.IsZero() }) {
			return network.Absent()
		}
		if err := f.redactItem(ctx, tx, m, parts, part); err != nil {
			return err
		}
		editions, err := f.editions(ctx, tx, m)
		if err != nil {
			return err
		}
		for _, e := range editions {
			redact := f.redactSealed
			if !e.Sealed {
				redact = f.redactDraft
			}
			if err := redact(ctx, tx, who, e, part, reason); err != nil {
				return err
			}
		}
		return nil
	})
}

// redactItem takes away what else is kept of an item, when a part is one: notes, reasons, who presents it, and what was said with votes.
// Its decisions stay, as what the body decided, but show no names, reservations or reasons.
func (f *Forum) redactItem(ctx context.Context, tx *storage.Tx, m Minutes, parts []Part, part string) error {
	if !strings.HasPrefix(part, "item/") {
		return nil
	}
	var item ProtocolItem
	i := slices.IndexFunc(parts, func(x Part) bool { return x.Name == part })
	if err := readColumn(parts[i].Text, &item); err != nil || item.ID == "" {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO item_redacted (item, minutes, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, item.ID, m.ID, f.db.Now()); err != nil {
		return err
	}
	for _, statement := range [...]string{`UPDATE meeting_item SET presenter = '', text = '', reason = '', draft = '', version = version + 1 WHERE id = $1`,
		`UPDATE meeting_recusal SET reason = '' WHERE item = $1`, `UPDATE ballot SET reason = '' WHERE subject = $1`} {
		if _, err := tx.Exec(ctx, statement, item.ID); err != nil {
			return err
		}
	}
	decided, err := f.decisionsWhere(ctx, tx, `(d.item <> '' AND d.item = $1 OR d.circulation <> '' AND d.circulation = $2) ORDER BY d.id`, item.ID, item.ID)
	if err != nil {
		return err
	}
	for _, d := range decided {
		if err := f.index(ctx, tx, d.doc()); err != nil {
			return err
		}
	}
	return f.redactCirculated(ctx, tx, CirculationID(item.ID))
}

// redactCirculated takes the reasons from the proposal that circulated, when an item was a circulation.
func (f *Forum) redactCirculated(ctx context.Context, tx *storage.Tx, id CirculationID) error {
	c, err := scanCirculation(tx.QueryRow(ctx, `SELECT `+circulationColumns+` FROM circulation c WHERE c.id = $1`, id))
	if noRow(err) {
		return nil
	}
	if err != nil {
		return err
	}
	c.Draft.Rationale = ""
	draft, err := jsonColumn(c.Draft)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE circulation SET draft = $2 WHERE id = $1`, id, draft)
	return err
}

// itemGone tells whether an item, or a circulation, was taken out of its sealed minutes.
func (f *Forum) itemGone(ctx context.Context, tx *storage.Tx, id ItemID) (bool, error) {
	var n int
	err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM item_redacted WHERE item = $1`, id).Scan(&n)
	return n > 0, err
}

// withholdCirculation takes names and reasons from a circulation that was taken out of its sealed minutes.
func (f *Forum) withholdCirculation(ctx context.Context, tx *storage.Tx, v *CirculationView) error {
	gone, err := f.itemGone(ctx, tx, ItemID(v.ID))
	if err != nil || !gone {
		return err
	}
	v.Draft.Rationale, v.Roll.Seats, v.Names = "", nameless(v.Roll.Seats), nil
	for i := range v.Ballots {
		v.Ballots[i].Person, v.Ballots[i].Reason = "", ""
	}
	return nil
}

// nameless takes everybody's name from seats.
func nameless(seats []Sitting) []Sitting {
	seats = slices.Clone(seats)
	for i := range seats {
		s := &seats[i]
		s.Holder, s.Person, s.Name, s.Held = "", "", "", ""
	}
	return seats
}

// editions lists the editions of minutes, the first one first.
func (f *Forum) editions(ctx context.Context, tx *storage.Tx, m Minutes) (out []Minutes, err error) {
	rows, err := tx.Query(ctx, `SELECT `+minutesColumns+` FROM minutes n WHERE n.meeting = $1 AND n.circulation = $2 ORDER BY n.edition`, m.Meeting, m.Circulation)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		one, err := scanMinutes(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, rows.Err()
}

// redactSealed takes a part out of one sealed edition, if it is there. A correction never moves a name or an item: a part is called
// the same in each.
func (f *Forum) redactSealed(ctx context.Context, tx *storage.Tx, who network.Actor, m Minutes, part, reason string) error {
	if err := f.redactPerson(ctx, tx, m, part); err != nil {
		return err
	}
	r, err := tx.Exec(ctx, `UPDATE minutes_part SET text = '', salt = '', redacted = $3, reason = $4 WHERE minutes = $1 AND name = $2 AND redacted = 0`,
		m.ID, part, f.db.Now(), reason)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE minutes_version SET doc = '' WHERE minutes = $1 AND doc <> ''`, m.ID); err != nil {
		return err
	}
	if err := f.indexMinutes(ctx, tx, m); err != nil {
		return err
	}
	return f.record(ctx, tx, who, m.Root, string(m.ID), "minutes.redacted", map[string]string{"part": part, "reason": reason})
}

// redactDraft takes a part out of an edition that isn't sealed. It is everybody's to approve anew.
func (f *Forum) redactDraft(ctx context.Context, tx *storage.Tx, who network.Actor, m Minutes, part, reason string) error {
	p, _, err := f.protocol(ctx, tx, m)
	if err != nil {
		return err
	}
	kind, number, _ := strings.Cut(part, "/")
	at, err := strconv.Atoi(number)
	switch {
	case err != nil:
		return network.Absent()
	case kind == "person" && p.Name(at) != "":
		p.People[at] = ""
	case kind == "item" && at < len(p.Items) && p.Items[at].ID != "":
		p.Items[at] = taken(at)
	default:
		return nil
	}
	if err := f.writeProtocol(ctx, tx, who, m, p); err != nil {
		return err
	}
	m.Version++
	if _, err := tx.Exec(ctx, `UPDATE minutes_version SET doc = '' WHERE minutes = $1 AND version < $2 AND doc <> ''`, m.ID, m.Version); err != nil {
		return err
	}
	if err := f.record(ctx, tx, who, m.Root, string(m.ID), "minutes.redacted", map[string]string{"part": part, "reason": reason}); err != nil {
		return err
	}
	return f.askApproval(ctx, tx, m)
}

// taken is what is left of an item that was taken out: its place. It has no id.
func taken(at int) ProtocolItem { return ProtocolItem{Number: at + 1, Presenter: -1} }

// redactAsBefore takes out of an edition that was just sealed what was taken out of those before it.
func (f *Forum) redactAsBefore(ctx context.Context, tx *storage.Tx, m Minutes) error {
	const gone = ` FROM minutes_part o JOIN minutes n ON n.id = o.minutes WHERE n.meeting = $2 AND n.circulation = $3 AND o.name = minutes_part.name AND o.redacted > 0`
	_, err := tx.Exec(ctx, `UPDATE minutes_part SET text = '', salt = '', redacted = (SELECT MIN(o.redacted)`+gone+`), reason = (SELECT MIN(o.reason)`+gone+`)
		WHERE minutes = $1 AND EXISTS (SELECT 1`+gone+`)`, m.ID, m.Meeting, m.Circulation)
	return err
}

// keepStanding keeps who stands at which place of minutes that were just sealed, whatever they are called later.
func (f *Forum) keepStanding(ctx context.Context, tx *storage.Tx, m Minutes) error {
	p, err := f.sealedProtocol(ctx, tx, m)
	if err != nil {
		return err
	}
	all, err := f.standing(ctx, tx, m, p)
	if err != nil {
		return err
	}
	for _, at := range slices.Sorted(maps.Keys(all)) {
		for _, person := range all[at] {
			if _, err := tx.Exec(ctx, `INSERT INTO minutes_person (minutes, place, person) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, m.ID, at, person); err != nil {
				return err
			}
		}
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
	p, err := f.sealedProtocol(ctx, tx, m)
	if err != nil || p.Name(at) == "" {
		return err
	}
	people, err := f.called(ctx, tx, m, p, at)
	if err != nil {
		return err
	}
	names, err := f.network.Names(ctx, tx, people)
	if err != nil {
		return err
	}
	for _, one := range people {
		if err := f.forgetPresenter(ctx, tx, m.Meeting, names[one]); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO minutes_redacted (minutes, person, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, m.ID, one, f.db.Now()); err != nil {
			return err
		}
	}
	return f.forgetPresenter(ctx, tx, m.Meeting, p.Name(at))
}

// forgetPresenter takes a name from the items of a meeting that is over: who presents is written there as a name.
func (f *Forum) forgetPresenter(ctx context.Context, tx *storage.Tx, m MeetingID, name string) error {
	_, err := tx.Exec(ctx, `UPDATE meeting_item SET presenter = '', version = version + 1 WHERE meeting = $1 AND presenter = $2 AND presenter <> ''`, m, name)
	return err
}

// called finds who stands at a place of sealed minutes' names: who stood there when they were sealed, and who would now.
func (f *Forum) called(ctx context.Context, tx *storage.Tx, m Minutes, p Protocol, at int) ([]network.PersonID, error) {
	rows, err := tx.Query(ctx, `SELECT person FROM minutes_person WHERE minutes = $1 AND place = $2`, m.ID, at)
	if err != nil {
		return nil, err
	}
	then, err := column[network.PersonID](rows)
	if err != nil {
		return nil, err
	}
	now, err := f.standing(ctx, tx, m, p)
	return append(then, now[at]...), err
}

// standing finds who stands at the places of sealed minutes' names: by where they stand in it as approvers and dissenters, whatever they
// are called now, and by their name among all who had to do with the meeting.
func (f *Forum) standing(ctx context.Context, tx *storage.Tx, m Minutes, p Protocol) (map[int][]network.PersonID, error) {
	out := map[int][]network.PersonID{}
	people, err := f.approvers(ctx, tx, m)
	if err != nil {
		return nil, err
	}
	decided, err := f.decisionsWhere(ctx, tx, `(d.meeting <> '' AND d.meeting = $1 OR d.circulation <> '' AND d.circulation = $2) ORDER BY d.id`, m.Meeting, m.Circulation)
	if err != nil {
		return nil, err
	}
	for _, d := range decided {
		for i, n := range p.dissent(d.ID) {
			if i < len(d.Record.Dissent) {
				out[n] = append(out[n], d.Record.Dissent[i].Person)
			}
		}
		for _, s := range d.Record.Roll.Seats {
			people = append(people, s.Person, s.Holder)
		}
	}
	signed, err := f.signedBy(ctx, tx, m)
	if err != nil {
		return nil, err
	}
	for i, n := range p.Head.Approvers {
		if len(signed) == len(p.Head.Approvers) {
			out[n] = append(out[n], signed[i])
		}
	}
	there, err := f.metThere(ctx, tx, m)
	if err != nil {
		return nil, err
	}
	people = append(append(people, signed...), there...)
	slices.Sort(people)
	names, err := f.network.Names(ctx, tx, slices.Compact(people))
	if err != nil {
		return nil, err
	}
	for person, name := range names {
		if n := slices.Index(p.People, name); person != "" && name != "" && n >= 0 {
			out[n] = append(out[n], person)
		}
	}
	for n := range out {
		out[n] = slices.DeleteFunc(out[n], func(one network.PersonID) bool { return one == "" || p.Name(n) == "" })
	}
	return out, nil
}

// signedBy lists who approved the text that was sealed.
func (f *Forum) signedBy(ctx context.Context, tx *storage.Tx, m Minutes) (out []network.PersonID, err error) {
	seal, err := f.sealOf(ctx, tx, m.ID)
	if err != nil {
		return nil, err
	}
	all, err := f.approvals(ctx, tx, m.ID)
	for _, x := range all {
		if x.Item == "" && x.Hash == seal.Hash {
			out = append(out, x.Person)
		}
	}
	slices.Sort(out)
	return out, err
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

// metThere lists who came to a meeting, was recused there, took a decision back there or held a seat in its body then.
func (f *Forum) metThere(ctx context.Context, tx *storage.Tx, m Minutes) ([]network.PersonID, error) {
	if m.Meeting == "" {
		return nil, nil
	}
	rows, err := tx.Query(ctx, `SELECT person FROM meeting_attendance WHERE meeting = $1 UNION SELECT person FROM meeting_recusal WHERE meeting = $1
		UNION SELECT x.actor FROM decision d JOIN decision_annulled x ON x.decision = d.id WHERE d.meeting = $1
		UNION SELECT h.person FROM meeting m JOIN seat s ON s.body = m.body JOIN holding h ON h.seat = s.id
			WHERE m.id = $1 AND h.starts <= m.closed AND (h.ends = 0 OR h.ends >= m.closed)`, m.Meeting)
	if err != nil {
		return nil, err
	}
	return column[network.PersonID](rows)
}
