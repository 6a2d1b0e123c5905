package forum

import (
	"context"
	"time"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// Owed is an answer that a body owes another.
type Owed struct {
	Lift
	Title   string  // of the topic above, else of the one below: that the reader may see
	Link    TopicID // it
	Lang    string
	By      network.BodyID // that owes
	ByName  network.Text   // empty when the body isn't the reader's to see
	At      network.ID     // whose body it is
	To      network.ID     // whose topic it is
	ToBody  network.Text
	Overdue time.Duration // 0: not yet
	State   State         // of the topic above; "" where the reader may not see it
}

// Owed lists the answers that are owed in a tenant, the longest overdue first, wherever the reader may see either topic.
func (f *Forum) Owed(ctx context.Context, who network.Actor, root network.ID, after LiftID, limit int) (out []Owed, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		args := []any{root, after, limit}
		above, args := a.Where("t.", "", args)
		below, args := a.Where("o.", "", args)
		out, err = f.owed(ctx, tx, a, `l.root = $1 AND l.answered = 0 AND ($2 = '' OR (l.due, l.id) > (SELECT x.due, x.id FROM topic_lift x WHERE x.id = $2)) AND (`+
			above+` OR `+below+`) ORDER BY l.due, l.id LIMIT $3`, args...)
		return err
	})
	return out, err
}

// LiftedLately lists what was lifted in a tenant, answered or not, the latest first, where the reader may see both topics.
func (f *Forum) LiftedLately(ctx context.Context, who network.Actor, root network.ID, limit int) (out []Owed, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		args := []any{root, limit}
		above, args := a.Where("t.", "", args)
		below, args := a.Where("o.", "", args)
		out, err = f.owed(ctx, tx, a, `l.root = $1 AND (`+above+`) AND (`+below+`) ORDER BY l.lifted DESC, l.id DESC LIMIT $2`, args...)
		return err
	})
	return out, err
}

// owed lists lifts with both their topics. A condition follows.
func (f *Forum) owed(ctx context.Context, tx *storage.Tx, a network.Access, where string, args ...any) (out []Owed, err error) {
	rows, err := tx.Query(ctx, `SELECT `+liftColumns+`, t.title, t.lang, t.state, o.title, o.lang, t.network, o.network, t.body, t.visibility, o.visibility,
			b.name, b.visibility, COALESCE(c.name, ''), COALESCE(c.visibility, '')
		FROM topic_lift l JOIN topic t ON t.id = l.topic JOIN topic o ON o.id = l.origin JOIN body b ON b.id = t.body LEFT JOIN body c ON c.id = l.body
		WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		o, err := f.scanOwed(rows, a)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, rows.Err()
}

func (f *Forum) scanOwed(row interface{ Scan(...any) error }, a network.Access) (o Owed, err error) {
	var titleA, langA, titleB, langB string
	var shownA, shownB, shownBy, shownTo network.Visibility
	o.Lift, err = scanLift(row, &titleA, &langA, &o.State, &titleB, &langB, &o.At, &o.To, &o.By, &shownA, &shownB, &o.ByName, &shownBy, &o.ToBody, &shownTo)
	if err != nil {
		return o, err
	}
	o.Title, o.Lang, o.Link = titleA, langA, o.Topic
	if !a.Sees(network.Scope{Network: o.At, Body: o.By, Visibility: shownA}) {
		o.Title, o.Lang, o.Link = titleB, langB, o.Origin
		o.Why, o.Delay, o.State = "", "", ""
	}
	if !a.Sees(network.Scope{Network: o.At, Body: o.By, Visibility: shownBy}) {
		o.ByName = network.Text{}
	}
	if !a.Sees(network.Scope{Network: o.To, Body: o.Body, Visibility: shownTo}) {
		o.ToBody = network.Text{}
	}
	o.Overdue = o.Late(f.db.Now())
	return o, nil
}

// TopicsDue does what time asks for, once each: both bodies are told of an answer that became late, and who runs a body
// is told that the time for input has passed. It does a bounded amount and is called again and again.
func (f *Forum) TopicsDue(ctx context.Context) error {
	if err := f.lateAnswers(ctx); err != nil {
		return err
	}
	return f.inputsOver(ctx)
}

const dueAtOnce = 100

func (f *Forum) lateAnswers(ctx context.Context) error {
	return f.db.Write(ctx, func(tx *storage.Tx) error {
		now := f.db.Now()
		rows, err := tx.Query(ctx, `SELECT id FROM topic_lift WHERE answered = 0 AND told = 0 AND due < $1 ORDER BY due LIMIT $2`, micros(now), dueAtOnce)
		if err != nil {
			return err
		}
		ids, err := column[LiftID](rows)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := f.lateAnswer(ctx, tx, id, now); err != nil {
				return err
			}
		}
		return nil
	})
}

func (f *Forum) lateAnswer(ctx context.Context, tx *storage.Tx, id LiftID, now time.Time) error {
	if _, err := tx.Exec(ctx, `UPDATE topic_lift SET told = $2 WHERE id = $1`, id, micros(now)); err != nil {
		return err
	}
	l, err := scanLift(tx.QueryRow(ctx, `SELECT `+liftColumns+` FROM topic_lift l WHERE l.id = $1`, id))
	if err != nil {
		return err
	}
	owing, err := f.anyTopic(ctx, tx, l.Topic)
	if err != nil {
		return err
	}
	waiting, err := f.anyTopic(ctx, tx, l.Origin)
	if err != nil {
		return err
	}
	days := notice.Count(max(1, int(now.Sub(l.Due)/(24*time.Hour))+1))
	for _, side := range []struct {
		key       string
		told, who Topic
	}{{"notice.answer.overdue", owing, waiting}, {"notice.answer.awaited", waiting, owing}} {
		t := side.told
		if err := f.record(ctx, tx, network.Clock(), t.Root, string(t.ID), "lift.overdue", nil); err != nil {
			return err
		}
		n, ok := f.network.Tree().Network(side.who.Network)
		if !ok {
			return network.Absent()
		}
		if err := f.tellRunners(ctx, tx, network.Clock(), t, notice.Notice{Key: side.key, Args: []string{days, t.Title, n.Name.Told()}}); err != nil {
			return err
		}
	}
	return nil
}

func (f *Forum) inputsOver(ctx context.Context) error {
	return f.db.Write(ctx, func(tx *storage.Tx) error {
		now := f.db.Now()
		rows, err := tx.Query(ctx, `SELECT id FROM topic WHERE state = 'input' AND input_over = 0 AND input_until <= $1 ORDER BY input_until LIMIT $2`, micros(now), dueAtOnce)
		if err != nil {
			return err
		}
		ids, err := column[TopicID](rows)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := tx.Exec(ctx, `UPDATE topic SET input_over = $2 WHERE id = $1`, id, micros(now)); err != nil {
				return err
			}
			t, err := f.anyTopic(ctx, tx, id)
			if err != nil {
				return err
			}
			if err := f.tellRunners(ctx, tx, network.Clock(), t, notice.Notice{Key: "notice.input.over", Args: []string{t.Title}}); err != nil {
				return err
			}
		}
		return nil
	})
}
