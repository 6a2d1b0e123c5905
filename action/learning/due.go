package learning

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

const (
	remindAhead = 48 * time.Hour
	contactKept = 180 * 24 * time.Hour // mail addresses, after the end
	mostAtOnce  = 200                  // registrations in one transaction
	evaluateFor = 30 * 24 * time.Hour  // after the end
)

// Due does what time has to do: offers and unconfirmed registrations lapse, people are reminded, asked and told, needs and addresses go.
func (r *Room) Due(ctx context.Context) error {
	for _, step := range []func(context.Context, *storage.Tx) (int, error){r.lapse, r.remind, r.askEvaluation, r.tellSome, r.forgetNeeds, r.forgetContacts} {
		for {
			n := 0
			err := r.db.Write(ctx, func(tx *storage.Tx) (err error) { n, err = step(ctx, tx); return err })
			if err != nil {
				return err
			}
			if n < mostAtOnce {
				break
			}
		}
	}
	return nil
}

// some lists registrations.
func (r *Room) some(ctx context.Context, tx *storage.Tx, where string, args ...any) (out []Registration, err error) {
	rows, err := tx.Query(ctx, `SELECT `+registrationColumns+registrationFrom+`WHERE `+where, args...)
	err = each(rows, err, func(rows *sql.Rows) error {
		g, err := scanRegistration(rows)
		out = append(out, g)
		return err
	})
	return out, err
}

// lapse ends offers that nobody took, and what nobody confirmed: of that nothing is left.
func (r *Room) lapse(ctx context.Context, tx *storage.Tx) (int, error) {
	all, err := r.some(ctx, tx, `g.until > 0 AND g.until <= $1 ORDER BY g.until, g.id LIMIT 200`, r.db.Now())
	if err != nil {
		return 0, err
	}
	for i := range all {
		g := &all[i]
		if g.State != Offered {
			if err := r.drop(ctx, tx, g.ID); err != nil {
				return 0, err
			}
			continue
		}
		x, err := r.any(ctx, tx, g.Activity)
		if err != nil {
			return 0, err
		}
		if err := r.release(ctx, tx, x, g, Lapsed); err != nil {
			return 0, err
		}
		if err := r.tell(ctx, tx, x, *g, "lapsed", x.Title); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

// drop removes a registration that never counted.
func (r *Room) drop(ctx context.Context, tx *storage.Tx, id RegistrationID) error {
	for _, q := range []string{`DELETE FROM learning_link WHERE registration = $1`, `DELETE FROM learning_need WHERE registration = $1`, `DELETE FROM learning_registration WHERE id = $1`} {
		if _, err := tx.Exec(ctx, q, id); err != nil {
			return err
		}
	}
	return r.notices.Forget(ctx, tx, "registration:"+string(id))
}

// remind tells who has a seat of the next session, once for each.
func (r *Room) remind(ctx context.Context, tx *storage.Tx) (int, error) {
	now := r.db.Now()
	type soon struct {
		id     ID
		starts int64
	}
	var all []soon
	rows, err := tx.Query(ctx, `SELECT s.activity, s.starts FROM learning_session s JOIN learning_activity a ON a.id = s.activity
		WHERE s.starts > $1 AND s.starts <= $2 AND a.state = 'open' ORDER BY s.starts, s.id LIMIT 1000`, now, now.Add(remindAhead))
	err = each(rows, err, func(rows *sql.Rows) error {
		var one soon
		err := rows.Scan(&one.id, &one.starts)
		all = append(all, one)
		return err
	})
	if err != nil {
		return 0, err
	}
	n := 0
	for _, one := range all {
		to, err := r.some(ctx, tx, `g.activity = $1 AND g.state = 'registered' AND g.reminded < $2 ORDER BY g.id LIMIT $3`, one.id, one.starts, mostAtOnce-n)
		if err != nil || len(to) == 0 {
			if err != nil {
				return 0, err
			}
			continue
		}
		x, err := r.any(ctx, tx, one.id)
		if err != nil {
			return 0, err
		}
		for _, g := range to {
			if _, err := tx.Exec(ctx, `UPDATE learning_registration SET reminded = $2 WHERE id = $1`, g.ID, one.starts); err != nil {
				return 0, err
			}
			if err := r.tell(ctx, tx, x, g, "reminder", x.Title, notice.When(storage.Time(one.starts).In(zoneOf(x.Zone)))); err != nil {
				return 0, err
			}
		}
		if n += len(to); n >= mostAtOnce {
			break
		}
	}
	return n, nil
}

// askEvaluation asks who took part what they thought, once.
func (r *Room) askEvaluation(ctx context.Context, tx *storage.Tx) (int, error) {
	now := r.db.Now()
	ids, err := column[ID](tx.Query(ctx, `SELECT a.id FROM learning_activity a WHERE a.ends <= $1 AND a.ends > $2 AND a.state = 'open'
		AND EXISTS (SELECT 1 FROM learning_registration g WHERE g.activity = a.id AND g.state = 'registered' AND g.asked = 0) ORDER BY a.id LIMIT 200`, now, now.Add(-evaluateFor)))
	if err != nil {
		return 0, err
	}
	n := 0
	for _, id := range ids {
		x, err := r.any(ctx, tx, id)
		if err != nil {
			return 0, err
		}
		to, err := r.some(ctx, tx, `g.activity = $1 AND g.state = 'registered' AND g.asked = 0 ORDER BY g.id LIMIT $2`, id, mostAtOnce-n)
		if err != nil {
			return 0, err
		}
		for _, g := range to {
			if _, err := tx.Exec(ctx, `UPDATE learning_registration SET asked = 1 WHERE id = $1`, g.ID); err != nil {
				return 0, err
			}
			if err := r.tell(ctx, tx, x, g, "evaluate", x.Title); err != nil {
				return 0, err
			}
		}
		if n += len(to); n >= mostAtOnce {
			break
		}
	}
	return n, nil
}

// tellAll begins to tell everybody who is registered or waits; Due goes on with it, a part at a time.
func (r *Room) tellAll(ctx context.Context, tx *storage.Tx, x Activity, message string) error {
	_, err := tx.Exec(ctx, `INSERT INTO learning_telling (message, activity, after) VALUES ($1, $2, '') ON CONFLICT (message, activity) DO NOTHING`, message, x.ID)
	return err
}

func (r *Room) tellSome(ctx context.Context, tx *storage.Tx) (int, error) {
	var message, after string
	var id ID
	err := tx.QueryRow(ctx, `SELECT message, activity, after FROM learning_telling ORDER BY message, activity LIMIT 1`).Scan(&message, &id, &after)
	if noRow(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	x, err := r.any(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	key, _, _ := strings.Cut(message, ":")
	states, args := `('registered', 'offered', 'waiting')`, r.when(x)
	switch key {
	case "changed":
	case "cancelled":
		args = []string{x.Title}
	default:
		var title string
		if err := tx.QueryRow(ctx, `SELECT title FROM learning_message WHERE id = $1`, message).Scan(&title); err != nil {
			return 0, err
		}
		key, states, args = "message", `('registered')`, []string{x.Title, title}
	}
	to, err := r.some(ctx, tx, `g.activity = $1 AND g.id > $2 AND g.state IN `+states+` ORDER BY g.id LIMIT 200`, id, after)
	if err != nil {
		return 0, err
	}
	for _, g := range to {
		if err := r.tell(ctx, tx, x, g, key, args...); err != nil {
			return 0, err
		}
		after = string(g.ID)
	}
	if len(to) < mostAtOnce {
		_, err = tx.Exec(ctx, `DELETE FROM learning_telling WHERE message = $1 AND activity = $2`, message, id)
		return mostAtOnce, err // there may be another
	}
	_, err = tx.Exec(ctx, `UPDATE learning_telling SET after = $3 WHERE message = $1 AND activity = $2`, message, id, after)
	return mostAtOnce, err
}

// forgetNeeds removes needs some time after the end, and at once when it was cancelled.
func (r *Room) forgetNeeds(ctx context.Context, tx *storage.Tx) (int, error) {
	const day = int64(24 * time.Hour / time.Microsecond)
	done, err := tx.Exec(ctx, `DELETE FROM learning_need WHERE registration IN (SELECT n.registration FROM learning_need n JOIN learning_activity a ON a.id = n.activity
			JOIN learning_registration g ON g.id = n.registration
		WHERE a.state = 'cancelled' OR a.ends < $1 - a.needsdays * `+itoa(day)+` OR a.selfpaced = 1 AND g.made < $1 - a.needsdays * `+itoa(day)+` ORDER BY n.registration LIMIT 200)`, r.db.Now())
	if err != nil {
		return 0, err
	}
	n, err := done.RowsAffected()
	return int(n), err
}

// forgetContacts removes the addresses of those without an account, and their links, half a year after the end.
func (r *Room) forgetContacts(ctx context.Context, tx *storage.Tx) (int, error) {
	ids, err := column[RegistrationID](tx.Query(ctx, `SELECT g.id FROM learning_registration g
		WHERE g.mail <> '' AND g.made < $1 AND EXISTS (SELECT 1 FROM learning_activity a WHERE a.id = g.activity AND (a.ends < $1 OR a.selfpaced = 1)) ORDER BY g.made LIMIT 200`, r.db.Now().Add(-contactKept)))
	for _, id := range ids {
		if err := r.anonymise(ctx, tx, id); err != nil {
			return 0, err
		}
	}
	return len(ids), err
}

// anonymise takes what tells who it was out of a registration that is over; that somebody took part stays.
func (r *Room) anonymise(ctx context.Context, tx *storage.Tx, id RegistrationID) error {
	for _, q := range []string{
		`DELETE FROM learning_link WHERE registration = $1`,
		`DELETE FROM learning_need WHERE registration = $1`,
		`UPDATE learning_registration SET person = '', mail = '', mailkey = '', name = '', version = version + 1 WHERE id = $1`,
	} {
		if _, err := tx.Exec(ctx, q, id); err != nil {
			return err
		}
	}
	return r.notices.Forget(ctx, tx, "registration:"+string(id))
}

// forget removes what the room keeps of a person who erases themself: seats they had go to who waits.
func (r *Room) forget(ctx context.Context, tx *storage.Tx, id network.PersonID) error {
	all, err := r.some(ctx, tx, `g.person = $1 ORDER BY g.id`, id)
	if err != nil {
		return err
	}
	for i := range all {
		g := &all[i]
		x, err := r.any(ctx, tx, g.Activity)
		if err != nil {
			return err
		}
		if !g.State.Over() && !x.Over(r.db.Now()) {
			if err := r.release(ctx, tx, x, g, Withdrawn); err != nil {
				return err
			}
		}
		if err := r.anonymise(ctx, tx, g.ID); err != nil {
			return err
		}
	}
	for _, q := range []string{
		`DELETE FROM learning_certificate WHERE person = $1`,
		`DELETE FROM learning_record WHERE person = $1`,
		`DELETE FROM learning_counted WHERE person = $1`,
	} {
		if _, err := tx.Exec(ctx, q, id); err != nil {
			return err
		}
	}
	return nil
}
