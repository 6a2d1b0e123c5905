package network

import (
	"context"
	"time"

	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// ahead is how long before an end people are told of it, each at most once.
var ahead = [...]time.Duration{90 * 24 * time.Hour, 30 * 24 * time.Hour, 7 * 24 * time.Hour}

const year = 365 * 24 * time.Hour

// atOnce bounds what one run of the clock does; the next goes on.
const atOnce = 500

// due tells whether a day to be told of an end has come since people were last told.
func due(now, end, told time.Time) bool {
	for _, d := range ahead {
		if at := end.Add(-d); !now.Before(at) && told.Before(at) {
			return true
		}
	}
	return false
}

// Remind tells of terms that end, agreements to be looked at again and ties to be confirmed, and deletes what the public wrote
// long ago. The clock calls it, as often as it likes.
func (r *Registry) Remind(ctx context.Context, who Actor) error {
	if !who.IsClock() {
		return denied()
	}
	for _, step := range [...]func(context.Context, *storage.Tx) error{r.remindTerms, r.remindAgreements, r.remindInterests, r.forgetCandidates} {
		if err := r.db.Write(ctx, func(tx *storage.Tx) error { return step(ctx, tx) }); err != nil {
			return err
		}
	}
	return nil
}

type ending struct {
	id     string
	person PersonID
	body   BodyID
	ends   time.Time
	told   time.Time
}

// remindTerms tells holders and coordinators of terms that end and that nobody has renewed.
func (r *Registry) remindTerms(ctx context.Context, tx *storage.Tx) error {
	now := r.db.Now()
	all, err := endings(ctx, tx, `SELECT h.id, h.person, s.body, h.ends, h.reminded FROM holding h JOIN seat s ON s.id = h.seat
		WHERE h.ends > $1 AND h.ends <= $2 AND h.ends > h.starts AND h.starts <= $1
			AND (h.ends - h.reminded > $3 OR h.ends - $1 <= $4 AND h.ends - h.reminded > $4 OR h.ends - $1 <= $5 AND h.ends - h.reminded > $5)
			AND NOT EXISTS (SELECT 1 FROM holding n WHERE n.seat = h.seat AND n.person = h.person AND n.starts = h.ends AND (n.ends = 0 OR n.ends > n.starts))
		ORDER BY h.ends, h.id LIMIT `+itoa(atOnce), now, now.Add(ahead[0]), ahead[0].Microseconds(), ahead[1].Microseconds(), ahead[2].Microseconds())
	if err != nil {
		return err
	}
	for _, e := range all {
		if !due(now, e.ends, e.told) {
			continue
		}
		b, err := r.Body(ctx, tx, e.body)
		if err != nil {
			return err
		}
		if err := r.tellEnding(ctx, tx, e, b); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE holding SET reminded = $2 WHERE id = $1`, e.id, now); err != nil {
			return err
		}
	}
	return nil
}

func endings(ctx context.Context, tx *storage.Tx, query string, args ...any) ([]ending, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []ending
	for rows.Next() {
		var e ending
		var ends, told int64
		if err := rows.Scan(&e.id, &e.person, &e.body, &ends, &told); err != nil {
			return nil, err
		}
		e.ends, e.told = storage.Time(ends), storage.Time(told)
		out = append(out, e)
	}
	return out, rows.Err()
}

func (r *Registry) tellEnding(ctx context.Context, tx *storage.Tx, e ending, b Body) error {
	end := e.ends.In(r.Zone(b.Network))
	if end.Hour() == 0 && end.Minute() == 0 { // the moment after its last day
		end = end.Add(-time.Minute)
	}
	link := r.path(b.Root, "bodies/"+string(b.ID))
	if err := r.tellOf(ctx, tx, e.person, b.Name, notice.Notice{Key: "notice.seat.ending", Args: []string{notice.Day(end)}, Link: link}); err != nil {
		return err
	}
	return r.tellCoordinators(ctx, tx, b, notice.Notice{Key: "notice.network.term.coordinator", Args: []string{notice.Day(end)}, Link: link})
}

func (r *Registry) remindAgreements(ctx context.Context, tx *storage.Tx) error {
	now := r.db.Now()
	all, err := endings(ctx, tx, `SELECT id, '', network, review, reminded FROM agreement WHERE closed = 0 AND review > 0 AND review > $1 AND review <= $2 ORDER BY review, id LIMIT `+itoa(atOnce),
		now, now.Add(ahead[0]))
	if err != nil {
		return err
	}
	for _, e := range all {
		if !due(now, e.ends, e.told) {
			continue
		}
		n, ok := r.Tree().Network(ID(e.body))
		if !ok {
			continue
		}
		to, err := r.coordinators(ctx, tx, n.ID)
		if err != nil {
			return err
		}
		var title string
		if err := tx.QueryRow(ctx, `SELECT title FROM agreement WHERE id = $1`, e.id).Scan(&title); err != nil {
			return err
		}
		for _, p := range to {
			what := notice.Notice{Key: "notice.agreement.review", Args: []string{title, notice.Day(e.ends.In(r.Zone(n.ID)))}, Link: r.path(n.Root, "agreements/"+e.id)}
			if err := r.tell(ctx, tx, p, what); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE agreement SET reminded = $2 WHERE id = $1`, e.id, now); err != nil {
			return err
		}
	}
	return nil
}

// remindInterests asks whoever holds a seat to look through their ties, a year after they last did.
func (r *Registry) remindInterests(ctx context.Context, tx *storage.Tx) error {
	now := r.db.Now()
	rows, err := tx.Query(ctx, `SELECT DISTINCT b.root, h.person FROM holding h JOIN seat s ON s.id = h.seat JOIN body b ON b.id = s.body
			LEFT JOIN interest_confirmed c ON c.root = b.root AND c.person = h.person
		WHERE h.starts <= $1 AND (h.ends = 0 OR h.ends > $1) AND COALESCE(c.at, h.starts) <= $2 AND COALESCE(c.asked, 0) <= $2
		ORDER BY b.root, h.person LIMIT `+itoa(atOnce), now, now.Add(-year))
	if err != nil {
		return err
	}
	defer rows.Close()
	var ask [][2]string
	for rows.Next() {
		var one [2]string
		if err := rows.Scan(&one[0], &one[1]); err != nil {
			return err
		}
		ask = append(ask, one)
	}
	if err := firstError(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, one := range ask {
		_, err := tx.Exec(ctx, `INSERT INTO interest_confirmed (root, person, at, asked) VALUES ($1, $2, 0, $3) ON CONFLICT (root, person) DO UPDATE SET asked = excluded.asked`, one[0], one[1], now)
		if err != nil {
			return err
		}
		if err := r.tell(ctx, tx, PersonID(one[1]), notice.Notice{Key: "notice.interest.confirm", Link: "/me/interests"}); err != nil {
			return err
		}
	}
	return nil
}

// forgetCandidates deletes the names and addresses that the public left, when they have been kept long enough.
func (r *Registry) forgetCandidates(ctx context.Context, tx *storage.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE candidate SET name = '', mail = '', text = '' WHERE mail <> '' AND at <= $1`, r.db.Now().Add(-keptFor))
	return err
}

// coordinators lists who looks after a network: those in its secretariat, or in the nearest above where somebody is.
func (r *Registry) coordinators(ctx context.Context, tx *storage.Tx, n ID) ([]PersonID, error) {
	for _, up := range r.Tree().Up(n) {
		rows, err := tx.Query(ctx, `SELECT DISTINCT h.person FROM body b JOIN seat s ON s.body = b.id JOIN holding h ON h.seat = s.id
			WHERE b.network = $1 AND b.kind = 'secretariat' AND b.closed = 0 AND s.closed = 0 AND h.starts <= $2 AND (h.ends = 0 OR h.ends > $2) ORDER BY h.person LIMIT 50`, up.ID, r.db.Now())
		if err != nil {
			return nil, err
		}
		found, err := scanIDs[PersonID](rows)
		if err != nil || len(found) > 0 {
			return found, err
		}
	}
	return nil, nil
}

func (r *Registry) tellCoordinators(ctx context.Context, tx *storage.Tx, b Body, what notice.Notice) error {
	to, err := r.coordinators(ctx, tx, b.Network)
	if err != nil {
		return err
	}
	for _, p := range to {
		if err := r.tellOf(ctx, tx, p, b.Name, what); err != nil {
			return err
		}
	}
	return nil
}

// tellOf tells somebody of something with its name first.
func (r *Registry) tellOf(ctx context.Context, tx *storage.Tx, to PersonID, name Text, what notice.Notice) error {
	what.Args = append([]string{name.Told()}, what.Args...)
	return r.tell(ctx, tx, to, what)
}

func (r *Registry) tellAbout(ctx context.Context, tx *storage.Tx, to PersonID, b Body, key string) error {
	return r.tellOf(ctx, tx, to, b.Name, notice.Notice{Key: key, Link: r.path(b.Root, "bodies/"+string(b.ID))})
}

func (r *Registry) tell(ctx context.Context, tx *storage.Tx, to PersonID, what notice.Notice) error {
	if r.told == nil {
		return nil
	}
	return r.told.Tell(ctx, tx, string(to), what)
}

// path is the address of a tenant's page.
func (r *Registry) path(root ID, to string) string {
	n, ok := r.Tree().Network(root)
	if !ok {
		return ""
	}
	return "/n/" + n.Slug + "/" + to
}

// Zone is where a network meets; UTC for one that isn't there.
func (r *Registry) Zone(id ID) *time.Location {
	if n, ok := r.Tree().Network(id); ok {
		if z, err := time.LoadLocation(n.Zone); err == nil {
			return z
		}
	}
	return time.UTC
}
