package forum

import (
	"context"
	"slices"
	"time"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// TopicFilter chooses topics; what is empty chooses all.
type TopicFilter struct {
	States   []State
	Facets   Facets
	Body     network.BodyID
	Network  network.ID
	Sector   network.Sector // whose voice they were raised with
	Lifted   bool           // once lifted, or reached from below
	Overdue  bool           // with an answer that is late, owed or waited for
	Mine     bool           // raised by the reader
	Followed bool           // by the reader
	After    TopicID        // begins after this one
	Limit    int
}

// TopicRow is a topic in a list.
type TopicRow struct {
	Topic
	BodyName network.Text // empty when the body isn't the reader's to see
	Inputs   int          // how many, that the reader may see
	From     []network.ID // whose topics were lifted to it
	Due      time.Time    // of the first answer it owes or is owed; zero: none
}

// Topics lists topics that the reader may see, the newest first.
func (f *Forum) Topics(ctx context.Context, who network.Actor, root network.ID, q TopicFilter) (out []TopicRow, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		query, args := f.topicsQuery(a, root, q)
		rows, err := tx.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r TopicRow
			var shown network.Visibility
			var due int64
			if r.Topic, err = scanTopic(rows, &r.BodyName, &shown, &r.Inputs, &due); err != nil {
				return err
			}
			r.Due = moment(due)
			if !a.Sees(network.Scope{Network: r.Network, Body: r.Body, Visibility: shown}) {
				r.BodyName = network.Text{}
			}
			out = append(out, r)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		_ = rows.Close()
		return f.fillFrom(ctx, tx, out)
	})
	return out, err
}

func (f *Forum) topicsQuery(a network.Access, root network.ID, q TopicFilter) (string, []any) {
	args := []any{root}
	add := func(v any) string { args = append(args, v); return place(len(args)) }
	where := ` WHERE t.root = $1`
	equal := func(column, v string) {
		if v != "" {
			where += " AND t." + column + " = " + add(v)
		}
	}
	equal("field", q.Facets.Field)
	equal("level", q.Facets.Level)
	equal("kind", q.Facets.Kind)
	equal("body", string(q.Body))
	equal("network", string(q.Network))
	equal("sector", string(q.Sector))
	if len(q.States) > 0 {
		var in string
		in, args = places(args, q.States)
		where += ` AND t.state IN (` + in + `)`
	}
	if q.Lifted {
		where += ` AND t.id IN (SELECT l.topic FROM topic_lift l WHERE l.root = $1 UNION SELECT l.origin FROM topic_lift l WHERE l.root = $1)`
	}
	if q.Overdue { // few: found from the lifts
		now := add(micros(f.db.Now()))
		where += ` AND t.id IN (SELECT l.topic FROM topic_lift l WHERE l.root = $1 AND l.answered = 0 AND l.due < ` + now +
			` UNION SELECT l.origin FROM topic_lift l WHERE l.root = $1 AND l.answered = 0 AND l.due < ` + now + `)`
	}
	if q.Followed {
		where += ` AND t.id IN (SELECT subject FROM forum_follow WHERE person = ` + add(string(a.Actor.Person)) + `)`
	}
	if q.After != "" {
		p := add(q.After)
		where += ` AND (t.raised, t.id) < (SELECT x.raised, x.id FROM topic x WHERE x.id = ` + p + `)`
	}
	if q.Mine {
		where += ` AND t.raised_by = ` + add(string(a.Actor.Person))
		if !a.Registered(root) {
			where += ` AND 1 = 0`
		}
	} else {
		var visible string
		visible, args = a.Where("t.", "", args)
		where += ` AND ` + visible
	}
	// As in inputs: what one could see when it was given, one's own, and everything for those who sit in the body or run it.
	seen, args := a.Where("i.", "", args)
	inside, args := insideSQL(a, "t.", args)
	args = append(args, string(a.Actor.Person))
	seen = `(` + seen + ` OR ` + inside + ` OR i.person = ` + place(len(args)) + ` AND i.person <> '')`
	limit := place(len(args) + 1)
	return `SELECT ` + topicColumns + `, COALESCE(b.name, ''), COALESCE(b.visibility, ''), (SELECT COUNT(*) FROM topic_input i WHERE i.topic = t.id AND ` + seen + `),
			COALESCE((SELECT MIN(l.due) FROM topic_lift l WHERE l.answered = 0 AND (l.topic = t.id OR l.origin = t.id)), 0)
		FROM topic t LEFT JOIN body b ON b.id = t.body` + where + ` ORDER BY t.raised DESC, t.id DESC LIMIT ` + limit, append(args, max(1, min(q.Limit, 5000)))
}

// fillFrom tells from where topics were lifted.
func (f *Forum) fillFrom(ctx context.Context, tx *storage.Tx, out []TopicRow) error {
	if len(out) == 0 {
		return nil
	}
	at := map[TopicID]int{}
	ids := make([]TopicID, len(out))
	for i, r := range out {
		at[r.ID], ids[i] = i, r.ID
	}
	for chunk := range slices.Chunk(ids, 500) {
		if err := f.fillSome(ctx, tx, chunk, func(id TopicID, n network.ID) { out[at[id]].From = append(out[at[id]].From, n) }); err != nil {
			return err
		}
	}
	return nil
}

func (f *Forum) fillSome(ctx context.Context, tx *storage.Tx, ids []TopicID, add func(TopicID, network.ID)) error {
	in, args := places(nil, ids)
	rows, err := tx.Query(ctx, `SELECT l.topic, o.network FROM topic_lift l JOIN topic o ON o.id = l.origin WHERE l.topic IN (`+in+`) ORDER BY l.lifted, l.id`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id TopicID
		var n network.ID
		if err := rows.Scan(&id, &n); err != nil {
			return err
		}
		add(id, n)
	}
	return rows.Err()
}
