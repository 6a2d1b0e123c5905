package forum

import (
	"context"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// Merge lets a topic live on in another, for who runs both. What patients said, what was lifted to it, what it rests on
// and who follows it go along; who raised it is told there. Each input is still shown only to those it was given to.
func (f *Forum) Merge(ctx context.Context, who network.Actor, id, into TopicID) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		t, err := f.run(ctx, tx, a, id)
		if err != nil {
			return err
		}
		to, err := f.run(ctx, tx, a, into)
		if err != nil {
			return err
		}
		if err := f.mayMerge(ctx, tx, t, to); err != nil {
			return err
		}
		for _, statement := range []string{
			`UPDATE topic_input SET topic = $2 WHERE topic = $1`,
			`UPDATE topic_lift SET topic = $2 WHERE topic = $1 AND answer <> 'returned'`,
			`UPDATE topic SET into_topic = $2 WHERE id = $1 OR into_topic = $1`,
			`INSERT INTO forum_follow (subject, person, since) SELECT $2, person, since FROM forum_follow WHERE subject = $1 ON CONFLICT (subject, person) DO NOTHING`,
		} {
			if _, err := tx.Exec(ctx, statement, string(t.ID), string(to.ID)); err != nil {
				return err
			}
		}
		if err := f.carryEvidence(ctx, tx, t.ID, to.ID); err != nil {
			return err
		}
		if err := f.record(ctx, tx, who, to.Root, string(to.ID), "topic.took", nil); err != nil {
			return err
		}
		return f.move(ctx, tx, who, &t, Merged, nil)
	})
}

func (f *Forum) mayMerge(ctx context.Context, tx *storage.Tx, t, to Topic) error {
	if t.ID == to.ID || t.Root != to.Root {
		return fault.New(fault.Invalid, "a topic is merged with another of the same tenant").Where("into").Say("topic.self")
	}
	switch to.State {
	case Decided, Merged, Closed, Lifted:
		return fault.New(fault.Conflict, "a topic that is %s takes no others up", to.State).Where("into").Say("lift.ended")
	}
	if !f.within(to, t) {
		return fault.New(fault.Conflict, "more people see that topic than may see this one").Where("into").Say("topic.wider")
	}
	lifts, err := f.liftsTo(ctx, tx, t.ID)
	if err != nil {
		return err
	}
	for _, l := range lifts {
		if l.Answer != Refused && (to.Network != t.Network || to.Body == "") {
			return fault.New(fault.Conflict, "what was lifted here is owed an answer here").Where("into").Say("topic.owes")
		}
	}
	return nil
}

// within tells whether nobody sees one topic who may not see another, whose things it gets.
func (f *Forum) within(one, other Topic) bool {
	if widens(other.Visibility, one.Visibility) {
		return false
	}
	switch other.Visibility {
	case network.BodyOnly:
		return one.Body == other.Body && one.Network == other.Network
	case network.NetworkOnly:
		return f.beneath(one.Network, other.Network)
	}
	return true
}

// LinkKind says how two topics belong together.
type LinkKind string

// The kinds of link.
const (
	Related   LinkKind = "related"
	Duplicate LinkKind = "duplicate"
)

// Link says that two topics belong together: by who runs either, or raised it.
func (f *Forum) Link(ctx context.Context, who network.Actor, id, other TopicID, kind LinkKind) error {
	return f.linked(ctx, who, id, other, func(tx *storage.Tx) error {
		if err := oneOf("kind", kind, Related, Duplicate); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO topic_link (topic, other, kind) VALUES ($1, $2, $3) ON CONFLICT (topic, other) DO UPDATE SET kind = excluded.kind`, id, other, kind)
		return err
	})
}

// Unlink says that they don't.
func (f *Forum) Unlink(ctx context.Context, who network.Actor, id, other TopicID) error {
	return f.linked(ctx, who, id, other, func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM topic_link WHERE topic = $1 AND other = $2 OR topic = $2 AND other = $1`, id, other)
		return err
	})
}

func (f *Forum) linked(ctx context.Context, who network.Actor, id, other TopicID, do func(*storage.Tx) error) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		t, err := f.topic(ctx, tx, a, id)
		if err != nil {
			return err
		}
		o, err := f.topic(ctx, tx, a, other)
		if err != nil || o.Root != t.Root || o.ID == t.ID {
			return fault.New(fault.Invalid, "there is no such topic").Where("other").Say("topic.self")
		}
		if t.RaisedBy != who.Person && !a.Runs(t.Body, t.Network) && !a.Runs(o.Body, o.Network) {
			return denied()
		}
		return do(tx)
	})
}
