package forum

import (
	"context"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// heard judges whether a topic may come on an agenda: it has a body, and where that has patients' seats, input was asked
// for and its time has passed, or the chair said why not.
func (f *Forum) heard(ctx context.Context, tx *storage.Tx, t Topic) error {
	if t.Body == "" {
		return fault.New(fault.Conflict, "no body has the topic").Say("topic.nobody")
	}
	if t.InputWaived != "" {
		return nil
	}
	seats, err := f.hasPatientSeats(ctx, tx, t.Body)
	switch {
	case err != nil || !seats:
		return err
	case t.InputUntil.IsZero():
		return fault.New(fault.Conflict, "patients haven't been asked").Say("topic.unasked")
	case f.db.Now().Before(t.InputUntil):
		return fault.New(fault.Conflict, "the time for patients' input hasn't passed").Say("topic.asking")
	}
	return nil
}

func (f *Forum) hasPatientSeats(ctx context.Context, tx *storage.Tx, body network.BodyID) (bool, error) {
	var n int
	err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM seat WHERE body = $1 AND sector = 'patient' AND closed = 0`, body).Scan(&n)
	return n > 0, err
}

// Asking is how long patients are asked.
type Asking struct {
	Until time.Time // zero: the body's own time from today
	Why   string    // why it is shorter than that; only the chair may say so
}

// InputMinimum is when the time for input ends if the body's own time is given from now: at a midnight there.
func (f *Forum) InputMinimum(b network.Body) time.Time {
	n, ok := f.network.Tree().Network(b.Network)
	if !ok {
		return f.db.Now().AddDate(0, 0, b.InputDays+1)
	}
	now := f.db.Now().In(zone(n.Zone))
	return time.Date(now.Year(), now.Month(), now.Day()+b.InputDays+1, 0, 0, 0, 0, now.Location())
}

// AskInput asks the body's patients, and those who follow the topic, for their input.
func (f *Forum) AskInput(ctx context.Context, who network.Actor, id TopicID, in Asking) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		t, err := f.run(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if t.Body == "" {
			return fault.New(fault.Conflict, "no body has the topic").Say("topic.nobody")
		}
		b, err := f.network.Body(ctx, tx, t.Body)
		if err != nil {
			return err
		}
		if err := f.askingTime(a, t, b, &in); err != nil {
			return err
		}
		t.InputUntil, t.InputWaived = in.Until, ""
		if _, err := tx.Exec(ctx, `UPDATE topic SET input_until = $2, input_waived = '', input_over = 0 WHERE id = $1`, t.ID, micros(t.InputUntil)); err != nil {
			return err
		}
		if err := f.asked(ctx, tx, who, &t, in); err != nil {
			return err
		}
		return f.tellPatients(ctx, tx, who, t)
	})
}

// askingTime judges until when patients are asked. Once it is said it is only made longer, unless the chair says why.
func (f *Forum) askingTime(a network.Access, t Topic, b network.Body, in *Asking) error {
	in.Why = typed(in.Why)
	least := f.InputMinimum(b)
	if t.State == InInput && f.db.Now().Before(t.InputUntil) {
		least = t.InputUntil
	}
	switch {
	case in.Until.IsZero():
		in.Until = least
	case !in.Until.After(f.db.Now()):
		return fault.New(fault.Invalid, "the time for input ends in the future").Where("until").Say("topic.past")
	case in.Until.Before(least) && !a.Chairs(b.ID):
		return fault.New(fault.Invalid, "only the chair may give less time").Where("until").Say("topic.shorter")
	case in.Until.Before(least) && in.Why == "":
		return fault.New(fault.Invalid, "less time needs a reason").Where("why").Say("topic.why")
	}
	return short("why", in.Why, textLength)
}

// asked moves the topic, or says that its time was changed.
func (f *Forum) asked(ctx context.Context, tx *storage.Tx, who network.Actor, t *Topic, in Asking) error {
	details := map[string]string{"until": in.Until.UTC().Format(time.RFC3339)}
	if in.Why != "" {
		details["why"] = in.Why
	}
	if t.State == InInput {
		return f.record(ctx, tx, who, t.Root, string(t.ID), "topic.time", details)
	}
	return f.move(ctx, tx, who, t, InInput, details)
}

// tellPatients asks those who hold patients' seats in the body, and those who follow the topic and hold one elsewhere.
func (f *Forum) tellPatients(ctx context.Context, tx *storage.Tx, who network.Actor, t Topic) error {
	people, err := f.holders(ctx, tx, `s.body = $2 AND s.sector = 'patient'`, t.Body)
	if err != nil {
		return err
	}
	following, err := f.followers(ctx, tx, t)
	if err != nil {
		return err
	}
	patients, err := f.holders(ctx, tx, `b.root = $2 AND s.sector = 'patient'`, t.Root)
	if err != nil {
		return err
	}
	known, may := map[network.PersonID]bool{}, map[network.PersonID]bool{}
	for _, p := range people {
		known[p] = true
	}
	for _, p := range patients {
		may[p] = true
	}
	for _, p := range following {
		if may[p] && !known[p] {
			people = append(people, p)
		}
	}
	until := t.InputUntil.Add(-time.Second).In(f.zoneOf(t.Network)) // a midnight is the end of the day before
	return f.tell(ctx, tx, who, t, people, notice.Notice{Key: "notice.input.asked", Args: []string{t.Title, notice.Day(until)}})
}

// zoneOf is where a network meets.
func (f *Forum) zoneOf(id network.ID) *time.Location {
	n, ok := f.network.Tree().Network(id)
	if !ok {
		return time.UTC
	}
	return zone(n.Zone)
}

// WaiveInput does without the patients' input, with a reason that everyone who sees the topic sees. Only the chair may.
func (f *Forum) WaiveInput(ctx context.Context, who network.Actor, id TopicID, reason string) error {
	reason = typed(reason)
	if err := needed("reason", reason, textLength); err != nil {
		return err
	}
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		t, err := f.run(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if t.Body == "" || !a.Chairs(t.Body) {
			return fault.New(fault.Denied, "only the chair may do without patients' input").Say("topic.chair")
		}
		switch t.State {
		case Raised, InInput, Prepared, Returned:
		default:
			return fault.New(fault.Conflict, "a topic that is %s needs no input", t.State).Say("topic.state")
		}
		if _, err := tx.Exec(ctx, `UPDATE topic SET input_waived = $2, version = version + 1 WHERE id = $1`, t.ID, reason); err != nil {
			return err
		}
		if err := f.record(ctx, tx, who, t.Root, string(t.ID), "topic.waived", map[string]string{"reason": reason}); err != nil {
			return err
		}
		return f.tellFollowers(ctx, tx, who, t, notice.Notice{Key: "notice.topic.waived", Args: []string{t.Title}})
	})
}

// MoreTime lets whoever wants to give input ask those who run the body for more time, who are told once a day by each.
func (f *Forum) MoreTime(ctx context.Context, who network.Actor, id TopicID) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		t, err := f.topic(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if !a.Registered(t.Root) {
			return denied()
		}
		if t.State != InInput {
			return fault.New(fault.Conflict, "the topic isn't waiting for input").Say("topic.notasked")
		}
		var lately int
		err = tx.QueryRow(ctx, `SELECT COUNT(*) FROM forum_event WHERE subject = $1 AND kind = 'topic.moretime' AND actor = $2 AND at > $3`,
			t.ID, who.Person, f.db.Now().AddDate(0, 0, -1)).Scan(&lately)
		if err != nil || lately > 0 { // they know
			return err
		}
		if err := f.record(ctx, tx, who, t.Root, string(t.ID), "topic.moretime", nil); err != nil {
			return err
		}
		return f.tellRunners(ctx, tx, who, t, notice.Notice{Key: "notice.input.moretime", Args: []string{t.Title}})
	})
}
