package learning

import (
	"context"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// raised lists the topics that an activity raised and the reader may see.
func (r *Room) raised(ctx context.Context, tx *storage.Tx, a network.Access, id ID) ([]forum.TopicID, error) {
	sees, args := a.Where("t.", "", []any{id})
	return column[forum.TopicID](tx.Query(ctx, `SELECT t.id FROM learning_raised x JOIN topic t ON t.id = x.topic WHERE x.activity = $1 AND `+sees+` ORDER BY x.at, t.id LIMIT 20`, args...))
}

// decisions lists the decisions that led to an activity and the reader may see.
func (r *Room) decisions(ctx context.Context, tx *storage.Tx, a network.Access, id ID) ([]forum.DecisionID, error) {
	sees, args := a.Where("d.", "", []any{forum.Activity, id})
	return column[forum.DecisionID](tx.Query(ctx, `SELECT d.id FROM decision_effect e JOIN decision d ON d.id = e.decision WHERE e.kind = $1 AND e.ref = $2 AND NOT EXISTS (SELECT 1 FROM decision_annulled y WHERE y.decision = d.id) AND `+sees+` ORDER BY e.at, d.id LIMIT 20`, args...))
}

// Raise raises a topic about an activity, with its page as evidence: by who arranges it. Raised before, it gives the first.
func (r *Room) Raise(ctx context.Context, who network.Actor, id ID, title, text string) (topic forum.TopicID, err error) {
	r.raising.Lock() // raising is a transaction of the forum's
	defer r.raising.Unlock()
	var x Activity
	err = r.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if x, err = r.arranged(ctx, tx, a, id); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, `SELECT topic FROM learning_raised WHERE activity = $1 ORDER BY at, topic LIMIT 1`, id).Scan(&topic)
		if noRow(err) {
			return nil
		}
		return err
	})
	if err != nil || topic != "" {
		return topic, err
	}
	n, _ := r.network.Tree().Network(x.Root)
	t, err := r.forum.Raise(ctx, who, forum.Raising{Network: x.Network, Body: x.Body, Title: title, Text: text, Lang: n.Lang, Facets: forum.Facets{Kind: "education"}, Visibility: x.Visibility})
	if err != nil {
		return "", err
	}
	if r.options.URL != "" {
		_, err = r.forum.AddEvidence(ctx, who, t.ID, forum.Citing{Ref: r.options.URL + r.path(x), Title: x.Title, Level: "experience", Lang: x.Lang})
		if err != nil && fault.KindOf(err) != fault.Invalid { // a site without a public address can't be cited
			return "", err
		}
	}
	return t.ID, r.act(ctx, who, func(tx *storage.Tx, _ network.Access) error {
		if _, err := tx.Exec(ctx, `INSERT INTO learning_raised (activity, topic, person, at) VALUES ($1, $2, $3, $4)`, id, t.ID, who.Person, r.db.Now()); err != nil {
			return err
		}
		return r.record(ctx, tx, who, x, "raised", map[string]string{"topic": string(t.ID)})
	})
}

// Became tells what became of a decision's effect: the activity, if the reader may see it.
func (r *Room) Became(ctx context.Context, who network.Actor, root network.ID, ref string) (x Activity, err error) {
	err = r.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		x, err = r.activity(ctx, tx, a, ID(ref))
		if err == nil && x.Root != root {
			err = network.Absent()
		}
		return err
	})
	return x, err
}

// Counts is how much there is, for a page that leads here.
type Counts struct {
	Coming  int
	Paced   int
	Offered int // seats that wait for the reader's answer
}

// Counts counts what the reader may see.
func (r *Room) Counts(ctx context.Context, who network.Actor, root network.ID) (c Counts, err error) {
	err = r.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		sees, args := a.Where("a.", "", []any{root, r.db.Now(), never, who.Person})
		return tx.QueryRow(ctx, `SELECT COALESCE(SUM(CASE WHEN a.ends < $3 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN a.ends = $3 THEN 1 ELSE 0 END), 0),
			(SELECT COUNT(*) FROM learning_registration g WHERE g.person = $4 AND g.person <> '' AND g.root = $1 AND g.state = 'offered')
			FROM learning_activity a WHERE a.root = $1 AND a.ends > $2 AND a.state = 'open' AND `+sees, args...).Scan(&c.Coming, &c.Paced, &c.Offered)
	})
	return c, err
}

// Waits is what waits for somebody here: an offered seat to answer, an evaluation to fill in.
type Waits struct {
	Activity Activity
	Until    time.Time // of an offer: when it lapses
	Evaluate bool
}

// Waiting lists what waits for the actor.
func (r *Room) Waiting(ctx context.Context, who network.Actor, root network.ID) (out []Waits, err error) {
	m, err := r.Mine(ctx, who, root)
	if err != nil {
		return nil, err
	}
	now := r.db.Now()
	for _, p := range m.Places {
		switch {
		case p.State == Offered && p.Until.After(now):
			out = append(out, Waits{Activity: p.Of, Until: p.Until})
		case p.State == Registered && !p.Evaluated && p.Of.State == Published && p.Of.Over(now) && p.Of.Ends.After(now.Add(-evaluateFor)):
			out = append(out, Waits{Activity: p.Of, Evaluate: true})
		}
	}
	return out, nil
}
