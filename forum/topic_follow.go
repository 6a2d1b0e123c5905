package forum

import (
	"context"
	"database/sql"
	"slices"
	"strconv"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// Follow makes somebody told of what happens to a topic.
func (f *Forum) Follow(ctx context.Context, who network.Actor, id TopicID) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		t, err := f.topic(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if !a.Registered(t.Root) {
			return denied()
		}
		return f.follow(ctx, tx, string(t.ID), who.Person)
	})
}

// FollowBody makes somebody told of what happens to a body's topics.
func (f *Forum) FollowBody(ctx context.Context, who network.Actor, id network.BodyID) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		b, err := f.openBody(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if !a.Registered(b.Root) {
			return denied()
		}
		return f.follow(ctx, tx, string(id), who.Person)
	})
}

// FollowNetwork makes somebody told of what happens to a network's topics.
func (f *Forum) FollowNetwork(ctx context.Context, who network.Actor, id network.ID) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		n, ok := f.network.Tree().Network(id)
		if !ok || !a.Registered(n.Root) {
			return network.Absent()
		}
		return f.follow(ctx, tx, string(id), who.Person)
	})
}

// Unfollow ends it; subject is a topic's, a body's or a network's id.
func (f *Forum) Unfollow(ctx context.Context, who network.Actor, subject string) error {
	return f.db.Write(ctx, func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM forum_follow WHERE subject = $1 AND person = $2`, subject, who.Person)
		return err
	})
}

// Follows tells whether somebody follows a subject.
func (f *Forum) Follows(ctx context.Context, who network.Actor, subject string) (bool, error) {
	var n int
	err := f.db.Read(ctx, func(tx *storage.Tx) error {
		return tx.QueryRow(ctx, `SELECT COUNT(*) FROM forum_follow WHERE subject = $1 AND person = $2`, subject, who.Person).Scan(&n)
	})
	return n > 0, err
}

func (f *Forum) follow(ctx context.Context, tx *storage.Tx, subject string, who network.PersonID) error {
	_, err := tx.Exec(ctx, `INSERT INTO forum_follow (subject, person, since) VALUES ($1, $2, $3) ON CONFLICT (subject, person) DO NOTHING`,
		subject, who, storage.Micros(f.db.Now()))
	return err
}

// Forget removes what ties an erased person to topics and posts beside their texts: whom they follow, and the names
// they chose for their inputs. What they said stays: decisions rest on it.
func (f *Forum) Forget(ctx context.Context, tx *storage.Tx, person network.PersonID) error {
	for _, statement := range []string{`DELETE FROM forum_follow WHERE person = $1`, `UPDATE topic_input SET name = '' WHERE person = $1`} {
		if _, err := tx.Exec(ctx, statement, person); err != nil {
			return err
		}
	}
	return nil
}

// tellFollowers tells those who follow a topic, its body or its network, and may see it.
func (f *Forum) tellFollowers(ctx context.Context, tx *storage.Tx, who network.Actor, t Topic, what notice.Notice) error {
	people, err := f.followers(ctx, tx, t)
	if err != nil {
		return err
	}
	return f.tell(ctx, tx, who, t, people, what)
}

func (f *Forum) followers(ctx context.Context, tx *storage.Tx, t Topic) ([]network.PersonID, error) {
	rows, err := tx.Query(ctx, `SELECT DISTINCT person FROM forum_follow WHERE subject IN ($1, $2, $3) ORDER BY person`, t.ID, t.Body, t.Network)
	if err != nil {
		return nil, err
	}
	return column[network.PersonID](rows)
}

// tellRunners tells those who run a topic's body.
func (f *Forum) tellRunners(ctx context.Context, tx *storage.Tx, who network.Actor, t Topic, what notice.Notice) error {
	people, err := f.runners(ctx, tx, t.Body, t.Network)
	if err != nil {
		return err
	}
	return f.tell(ctx, tx, who, t, people, what)
}

// tell tells each who may see the topic, but for who did it.
func (f *Forum) tell(ctx context.Context, tx *storage.Tx, who network.Actor, t Topic, people []network.PersonID, what notice.Notice) error {
	what.Link = f.path(t)
	if t.RaisedBy != who.Person && slices.Contains(people, t.RaisedBy) { // it is theirs to see, whatever its scope
		people = slices.DeleteFunc(slices.Clone(people), func(p network.PersonID) bool { return p == t.RaisedBy })
		a, err := f.network.Access(ctx, tx, network.Actor{Person: t.RaisedBy})
		if err != nil {
			return err
		}
		if sees(a, t) {
			if err := f.notices.Tell(ctx, tx, string(t.RaisedBy), what); err != nil {
				return err
			}
		}
	}
	return f.tellWho(ctx, tx, who, t.Scope(), people, what)
}

// tellWho tells each who may see what has a scope, but for who did it.
func (f *Forum) tellWho(ctx context.Context, tx *storage.Tx, who network.Actor, scope network.Scope, people []network.PersonID, what notice.Notice) error {
	for _, p := range people {
		if p == who.Person || p == "" {
			continue
		}
		if scope.Visibility != network.Public {
			a, err := f.network.Access(ctx, tx, network.Actor{Person: p})
			if err != nil {
				return err
			}
			if !a.Sees(scope) {
				continue
			}
		}
		if err := f.notices.Tell(ctx, tx, string(p), what); err != nil {
			return err
		}
	}
	return nil
}

// runners are the chair of a body and the coordinators of its network, or of the nearest one above that has any.
func (f *Forum) runners(ctx context.Context, tx *storage.Tx, body network.BodyID, n network.ID) ([]network.PersonID, error) {
	people, err := f.holders(ctx, tx, `s.body = $2 AND s.role = 'chair'`, body)
	if err != nil {
		return nil, err
	}
	for _, up := range f.network.Tree().Up(n) {
		staff, err := f.holders(ctx, tx, `b.network = $2 AND b.kind = 'secretariat'`, up.ID)
		if err != nil {
			return nil, err
		}
		if len(staff) > 0 {
			people = append(people, staff...)
			break
		}
	}
	slices.Sort(people)
	return slices.Compact(people), nil
}

// holders lists who holds a seat now that meets a condition on seat s and body b, of which $2 is the value.
func (f *Forum) holders(ctx context.Context, tx *storage.Tx, where string, value any) ([]network.PersonID, error) {
	rows, err := tx.Query(ctx, `SELECT DISTINCT h.person FROM body b JOIN seat s ON s.body = b.id JOIN holding h ON h.seat = s.id
		WHERE `+where+` AND h.starts <= $1 AND (h.ends = 0 OR h.ends > $1) AND s.closed = 0 AND b.closed = 0 ORDER BY h.person`,
		storage.Micros(f.db.Now()), value)
	if err != nil {
		return nil, err
	}
	return column[network.PersonID](rows)
}

// column reads rows of one text each, and closes them.
func column[T ~string](rows *sql.Rows) (out []T, err error) {
	defer rows.Close()
	for rows.Next() {
		var v T
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

func place(n int) string { return "$" + strconv.Itoa(n) }
