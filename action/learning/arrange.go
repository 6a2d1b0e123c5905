package learning

import (
	"cmp"
	"context"
	"database/sql"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// Roster is who is registered, for who arranges it.
type Roster struct {
	Activity Activity
	Sessions []Session
	Rows     []Registration
	Count    map[Standing]int
	Needing  int // how many of those with a seat need something
	Next     RegistrationID
}

// Roster lists who is registered, in a part at a time: those with a seat, then those who wait in their order.
func (r *Room) Roster(ctx context.Context, who network.Actor, id ID, after RegistrationID, limit int) (l Roster, err error) {
	err = r.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if l.Activity, err = r.arranged(ctx, tx, a, id); err != nil {
			return err
		}
		if l.Sessions, err = r.sessions(ctx, tx, id); err != nil {
			return err
		}
		l.Count = map[Standing]int{}
		rows, err := tx.Query(ctx, `SELECT state, COUNT(*) FROM learning_registration WHERE activity = $1 GROUP BY state`, id)
		err = each(rows, err, func(rows *sql.Rows) error {
			var s Standing
			var n int
			err := rows.Scan(&s, &n)
			l.Count[s] = n
			return err
		})
		if err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM learning_need n JOIN learning_registration g ON g.id = n.registration WHERE n.activity = $1 AND g.state IN ('registered', 'offered')`, id).Scan(&l.Needing); err != nil {
			return err
		}
		limit = max(1, min(limit, 1000))
		l.Rows, err = r.some(ctx, tx, `g.activity = $1 AND g.state IN ('registered', 'offered', 'waiting') AND ($2 = '' OR (g.queue, g.id) > (SELECT x.queue, x.id FROM learning_registration x WHERE x.id = $2))
			ORDER BY g.queue, g.id LIMIT $3`, id, string(after), limit+1)
		if err != nil {
			return err
		}
		if len(l.Rows) > limit {
			l.Rows = l.Rows[:limit]
			l.Next = l.Rows[limit-1].ID
		}
		return r.attended(ctx, tx, id, l.Rows)
	})
	return l, err
}

// attended fills in who was at which session.
func (r *Room) attended(ctx context.Context, tx *storage.Tx, id ID, of []Registration) error {
	if len(of) == 0 {
		return nil
	}
	at := map[RegistrationID]*Registration{}
	args, in := []any{}, ""
	for i := range of {
		at[of[i].ID] = &of[i]
		args = append(args, of[i].ID)
		in += ", " + place(len(args))
	}
	rows, err := tx.Query(ctx, `SELECT t.registration, t.session FROM learning_attendance t WHERE t.registration IN (`+in[2:]+`) ORDER BY t.registration, t.session`, args...)
	return each(rows, err, func(rows *sql.Rows) error {
		var g RegistrationID
		var s SessionID
		err := rows.Scan(&g, &s)
		if one := at[g]; one != nil {
			one.Attended = append(one.Attended, s)
		}
		return err
	})
}

// Attend notes who was at a session, of those that a page of the roster showed: there are those of shown that were, and the others weren't.
func (r *Room) Attend(ctx context.Context, who network.Actor, id ID, session SessionID, shown, there []RegistrationID) error {
	return r.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		x, err := r.arranged(ctx, tx, a, id)
		if err != nil {
			return err
		}
		var starts int64
		err = tx.QueryRow(ctx, `SELECT starts FROM learning_session WHERE id = $1 AND activity = $2`, session, id).Scan(&starts)
		if noRow(err) {
			return network.Absent()
		}
		if err != nil {
			return err
		}
		if storage.Time(starts).After(r.db.Now()) {
			return fault.New(fault.Conflict, "the session hasn't begun").Where("there").Say("learning.session.early")
		}
		if len(shown) > 1000 {
			return fault.New(fault.Invalid, "more than are shown").Say("learning.choose")
		}
		was := map[RegistrationID]bool{}
		for _, g := range there {
			was[g] = true
		}
		for _, g := range shown {
			q := `DELETE FROM learning_attendance WHERE registration = $1 AND session = $2 AND EXISTS (SELECT 1 FROM learning_registration g WHERE g.id = $1 AND g.activity = $3)`
			if was[g] {
				q = `INSERT INTO learning_attendance (registration, session) SELECT g.id, $2 FROM learning_registration g WHERE g.id = $1 AND g.activity = $3 AND g.state = 'registered' ON CONFLICT DO NOTHING`
			}
			if _, err := tx.Exec(ctx, q, g, session, id); err != nil {
				return err
			}
		}
		return r.record(ctx, tx, who, x, "attendance", nil)
	})
}

// Message is what who arranges it wrote to everybody with a seat.
type Message struct {
	ID    string
	Title string
	Text  string
	Lang  string
	At    time.Time
}

// Write tells everybody with a seat something: the mail has the title and a link, and the text is read here.
func (r *Room) Write(ctx context.Context, who network.Actor, id ID, m Message) error {
	return r.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		x, err := r.arranged(ctx, tx, a, id)
		if err != nil {
			return err
		}
		m.Title, m.Text, m.Lang = line(m.Title), typed(m.Text), cmp.Or(m.Lang, x.Lang)
		if err := cmp.Or(needed("title", m.Title, lineLength), needed("text", m.Text, textLength), oneOf("lang", m.Lang, "sv", "nb", "en")); err != nil {
			return err
		}
		if m.ID, err = r.db.NewID(); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO learning_message (id, activity, title, text, lang, person, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`, m.ID, id, m.Title, m.Text, m.Lang, who.Person, r.db.Now()); err != nil {
			return err
		}
		if err := r.record(ctx, tx, who, x, "message", nil); err != nil {
			return err
		}
		return r.tellAll(ctx, tx, x, m.ID)
	})
}

func (r *Room) messages(ctx context.Context, tx *storage.Tx, id ID) (out []Message, err error) {
	rows, err := tx.Query(ctx, `SELECT id, title, text, lang, at FROM learning_message WHERE activity = $1 ORDER BY id DESC LIMIT 50`, id)
	err = each(rows, err, func(rows *sql.Rows) error {
		var m Message
		var at int64
		err := rows.Scan(&m.ID, &m.Title, &m.Text, &m.Lang, &at)
		m.At = moment(at)
		out = append(out, m)
		return err
	})
	return out, err
}
