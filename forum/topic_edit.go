package forum

import (
	"context"
	"encoding/json"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// TopicEdit is a topic's text as somebody wants it, from the version they began with.
type TopicEdit struct {
	Version    int64
	Title      string
	Text       string
	Lang       string
	Facets     Facets
	Visibility network.Visibility
}

// EditTopic changes what a topic says: by its raiser until it is prepared, by those who run its body until it is decided.
func (f *Forum) EditTopic(ctx context.Context, who network.Actor, id TopicID, in TopicEdit) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		t, err := f.topic(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if err := editable(a, t); err != nil {
			return err
		}
		if t.Version != in.Version {
			return stale()
		}
		was := t
		t.Title, t.Text, t.Lang, t.Facets, t.Visibility = typedLine(in.Title), typed(in.Text), in.Lang, in.Facets, in.Visibility
		if err := t.check(); err != nil {
			return err
		}
		if err := f.mayShow(ctx, tx, was, t); err != nil {
			return err
		}
		return f.rewrite(ctx, tx, who, was, t)
	})
}

// editable says who may change what a topic says, and when.
func editable(a network.Access, t Topic) error {
	early := t.State == Raised || t.State == InInput
	mine := t.RaisedBy == a.Actor.Person && early
	if !mine && !a.Runs(t.Body, t.Network) {
		return denied()
	}
	switch t.State {
	case Decided, Merged, Closed, Lifted:
		return fault.New(fault.Conflict, "a topic that is %s keeps its text", t.State).Say("topic.kept")
	}
	return nil
}

// mayShow refuses to show a joint topic to more people than a topic it came from was shown to.
func (f *Forum) mayShow(ctx context.Context, tx *storage.Tx, was, t Topic) error {
	if !widens(was.Visibility, t.Visibility) {
		return nil
	}
	origins, err := f.liftsTo(ctx, tx, t.ID)
	if err != nil {
		return err
	}
	for _, l := range origins {
		o, err := f.anyTopic(ctx, tx, l.Origin)
		if err != nil {
			return err
		}
		if widens(o.Visibility, t.Visibility) {
			return fault.New(fault.Conflict, "the topic came from one that fewer people may see").Where("visibility").Say("topic.wider")
		}
	}
	return nil
}

// rewrite keeps what the topic said and says the new.
func (f *Forum) rewrite(ctx context.Context, tx *storage.Tx, who network.Actor, was, t Topic) error {
	facets, err := json.Marshal(was.Facets)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "facets can't be written")
	}
	_, err = tx.Exec(ctx, `INSERT INTO topic_revision (topic, version, title, text, facets, visibility, until) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		was.ID, was.Version, was.Title, was.Text, string(facets), was.Visibility, micros(f.db.Now()))
	if err != nil {
		return err
	}
	t.Version++
	_, err = tx.Exec(ctx, `UPDATE topic SET title = $2, text = $3, lang = $4, field = $5, level = $6, kind = $7, visibility = $8, version = $9 WHERE id = $1`,
		t.ID, t.Title, t.Text, t.Lang, t.Facets.Field, t.Facets.Level, t.Facets.Kind, t.Visibility, t.Version)
	if err != nil {
		return err
	}
	if err := f.record(ctx, tx, who, t.Root, string(t.ID), "topic.edited", nil); err != nil {
		return err
	}
	if err := f.narrow(ctx, tx, t); err != nil {
		return err
	}
	return f.index(ctx, tx, t.doc())
}

// Revision is what a topic said until an edit.
type Revision struct {
	Version int64
	Title   string
	Text    string
	Until   time.Time
}

// Revisions lists what a topic said before, the newest first; for those who may edit it, because a topic may have been
// shown to fewer when it said so.
func (f *Forum) Revisions(ctx context.Context, who network.Actor, id TopicID) (out []Revision, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if _, err := f.run(ctx, tx, a, id); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT version, title, text, until FROM topic_revision WHERE topic = $1 ORDER BY version DESC LIMIT 100`, id)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r Revision
			var until int64
			if err := rows.Scan(&r.Version, &r.Title, &r.Text, &until); err != nil {
				return err
			}
			r.Until = moment(until)
			out = append(out, r)
		}
		return rows.Err()
	})
	return out, err
}

// Assign gives a topic to a body of its network or of one beneath it: by a coordinator, or by who runs the body that has it.
func (f *Forum) Assign(ctx context.Context, who network.Actor, id TopicID, version int64, to network.BodyID) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		t, err := f.run(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if t.Version != version {
			return stale()
		}
		switch t.State {
		case Raised, InInput, Prepared, Returned:
		default:
			return fault.New(fault.Conflict, "a topic that is %s stays where it is", t.State).Say("topic.state")
		}
		b, err := f.openBody(ctx, tx, a, to)
		if err != nil {
			return err
		}
		if !f.beneath(b.Network, t.Network) {
			return fault.New(fault.Invalid, "the body is of another network; a topic is lifted upwards").Where("body").Say("topic.assign")
		}
		if b.ID == t.Body {
			return nil
		}
		return f.place(ctx, tx, who, t, b)
	})
}

// beneath tells whether a network is another or lies beneath it.
func (f *Forum) beneath(n, above network.ID) bool {
	for _, up := range f.network.Tree().Up(n) {
		if up.ID == above {
			return true
		}
	}
	return false
}

// place gives a topic to a body. That another chair did without the patients' input doesn't count there.
func (f *Forum) place(ctx context.Context, tx *storage.Tx, who network.Actor, t Topic, b network.Body) error {
	t.Network, t.Body, t.InputWaived = b.Network, b.ID, ""
	t.Version++
	_, err := tx.Exec(ctx, `UPDATE topic SET network = $2, input_until = CASE WHEN body = $3 THEN input_until ELSE 0 END, body = $3, input_waived = '', version = $4 WHERE id = $1`, t.ID, t.Network, t.Body, t.Version)
	if err != nil {
		return err
	}
	if err := f.record(ctx, tx, who, t.Root, string(t.ID), "topic.assigned", map[string]string{"body": string(b.ID)}); err != nil {
		return err
	}
	if err := f.narrow(ctx, tx, t); err != nil {
		return err
	}
	if err := f.index(ctx, tx, t.doc()); err != nil {
		return err
	}
	return f.tellRunners(ctx, tx, who, t, notice.Notice{Key: "notice.topic.assigned", Args: []string{t.Title}})
}

// Prepare says that a topic is ready for an agenda.
func (f *Forum) Prepare(ctx context.Context, who network.Actor, id TopicID) error {
	return f.step(ctx, who, id, Prepared, "")
}

// CloseTopic ends a topic without a decision, with the reason: by who runs its body, or by its raiser as long as nobody
// has done anything with it.
func (f *Forum) CloseTopic(ctx context.Context, who network.Actor, id TopicID, reason string) error {
	reason = typed(reason)
	if err := needed("reason", reason, textLength); err != nil {
		return err
	}
	return f.step(ctx, who, id, Closed, reason)
}

// Reopen takes a closed topic up again.
func (f *Forum) Reopen(ctx context.Context, who network.Actor, id TopicID) error {
	return f.step(ctx, who, id, Raised, "")
}

func (f *Forum) step(ctx context.Context, who network.Actor, id TopicID, to State, reason string) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		t, err := f.topic(ctx, tx, a, id)
		if err != nil {
			return err
		}
		own := to == Closed && t.State == Raised && t.RaisedBy == who.Person
		if !own && !a.Runs(t.Body, t.Network) {
			return denied()
		}
		var details map[string]string
		if reason != "" {
			details = map[string]string{"reason": reason}
		}
		return f.move(ctx, tx, who, &t, to, details)
	})
}
