package notice

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

const (
	people  = 50          // whose mails one transaction makes
	listed  = 100         // notices that one mail names
	batch   = 100         // mails that are sent between two looks for more urgent ones
	idle    = time.Minute // the longest sleep: the injected clock need not be the one that timers follow
	keptFor = 90 * 24 * time.Hour
	readFor = 365 * 24 * time.Hour
)

// Run makes and sends mails until ctx ends. One Run at a time.
func (n *Notices) Run(ctx context.Context) {
	for ctx.Err() == nil {
		wait := idle
		next, err := n.Work(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			n.options.Log.ErrorContext(ctx, "notices can't be sent for now", "error", err)
		case !next.IsZero():
			wait = min(idle, max(0, next.Sub(n.db.Now())))
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-n.waking:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Work does what is due now: makes mails of notices, sends, and clears away what is old. It gives when there will be more to do; zero when
// nothing is planned.
func (n *Notices) Work(ctx context.Context) (next time.Time, err error) {
	n.working.Lock()
	defer n.working.Unlock()
	if err := n.makeMails(ctx); err != nil {
		return next, err
	}
	if err := n.giveUpLate(ctx); err != nil {
		return next, err
	}
	if err := n.send(ctx); err != nil {
		return next, err
	}
	if err := n.clear(ctx); err != nil {
		return next, err
	}
	return n.next(ctx)
}

// makeMails turns due notices into mails, some people at a time.
func (n *Notices) makeMails(ctx context.Context) error {
	for {
		var whose []string
		look := func(tx *storage.Tx) (err error) {
			whose, err = duePeople(ctx, tx, n.db.Now())
			return err
		}
		if err := n.db.Read(ctx, look); err != nil || len(whose) == 0 {
			return err // nobody's turn, and no writer was kept waiting
		}
		err := n.db.Write(ctx, func(tx *storage.Tx) error {
			if err := look(tx); err != nil {
				return err
			}
			for _, person := range whose {
				if err := n.makeMail(ctx, tx, person); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

func duePeople(ctx context.Context, tx *storage.Tx, now time.Time) ([]string, error) {
	all, err := column(tx.Query(ctx, `SELECT person FROM notice WHERE due <= $1 ORDER BY due LIMIT $2`, now, people))
	slices.Sort(all)
	return slices.Compact(all), err
}

// column reads rows of one text.
func column(rows *sql.Rows, err error) (out []string, _ error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// makeMail puts everything that waits for a person into one mail.
func (n *Notices) makeMail(ctx context.Context, tx *storage.Tx, person string) error {
	r, err := n.RecipientOf(ctx, tx, person)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	mail := ""
	if err == nil && r.Mail != "" && !r.Shut {
		lines, err := waiting(ctx, tx, person)
		if err != nil {
			return err
		}
		more := 0
		if len(lines) == listed {
			if err := tx.QueryRow(ctx, `SELECT count(*) FROM notice WHERE person = $1 AND due IS NOT NULL`, person).Scan(&more); err != nil {
				return err
			}
			more -= listed
		}
		m := n.compose(r, lines, more)
		m.digest = r.Frequency != Immediate
		if mail, err = n.enqueue(ctx, tx, m); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `UPDATE notice SET due = NULL, mail = $2 WHERE person = $1 AND due IS NOT NULL`, person, mail)
	return err
}

func waiting(ctx context.Context, tx *storage.Tx, person string) (out []line, _ error) {
	rows, err := tx.Query(ctx, `SELECT key, args, link FROM notice WHERE person = $1 AND due IS NOT NULL ORDER BY id LIMIT $2`, person, listed)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var l line
		var args string
		if err := rows.Scan(&l.key, &args, &l.link); err != nil {
			return nil, err
		}
		if l.args, err = readArgs(args); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, rows.Err()
}

func readArgs(s string) (args []string, _ error) {
	if err := json.Unmarshal([]byte(s), &args); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "a notice's arguments are damaged")
	}
	return args, nil
}

// giveUpLate ends mails whose time has passed: a reminder of yesterday's meeting, a link that no longer works.
func (n *Notices) giveUpLate(ctx context.Context) error {
	late := false
	err := n.db.Read(ctx, func(tx *storage.Tx) error {
		first, some, err := when(ctx, tx, firstUntil)
		late = some && !first.After(n.db.Now())
		return err
	})
	if err != nil || !late {
		return err
	}
	return n.db.Write(ctx, func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE notice_mail SET state = 'failed', done = $1, said = CASE said WHEN '' THEN 'too late' ELSE said END,
				body = CASE secret WHEN 1 THEN '' ELSE body END
			WHERE state = 'waiting' AND until IS NOT NULL AND until <= $1`, n.db.Now())
		return err
	})
}

// The first of each, by the index made for it: with min() SQLite counts through all that wait.
const (
	firstDue   = `SELECT due FROM notice WHERE due IS NOT NULL ORDER BY due LIMIT 1`
	firstUntil = `SELECT until FROM notice_mail WHERE state = 'waiting' AND until IS NOT NULL ORDER BY until LIMIT 1`
	firstMail  = `SELECT next FROM notice_mail WHERE state = 'waiting' AND rank = 0 ORDER BY next LIMIT 1`
	firstBulk  = `SELECT next FROM notice_mail WHERE state = 'waiting' AND rank = 1 ORDER BY next LIMIT 1`
)

// send sends what is due, urgent mails first, over one connection.
func (n *Notices) send(ctx context.Context) error {
	if n.server == nil || !n.mayConnect() {
		return nil
	}
	var c connection
	defer c.close()
	for {
		due, err := n.dueMails(ctx)
		if err != nil || len(due) == 0 {
			return err
		}
		for _, m := range due {
			if err := n.sendOne(ctx, &c, m); err != nil {
				return err
			}
			if !n.mayConnect() {
				return nil
			}
		}
	}
}

// sendOne sends a mail and keeps what became of it before the next one is begun.
func (n *Notices) sendOne(ctx context.Context, c *connection, m outgoing) error {
	if waits, err := n.stillWaits(ctx, &m); err != nil || !waits {
		return err
	}
	if m.unreadable {
		return n.settle(ctx, m, verdict{state: "failed", reason: Sealed})
	}
	if err := c.open(ctx, n.server); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n.lost(err)
		return nil
	}
	n.found()
	g, err := n.message(m)
	if err != nil { // an address that can't be put in a header
		return n.settle(ctx, m, verdict{state: "bounced", said: brief(err.Error())})
	}
	v := c.send(ctx, g)
	if ctx.Err() != nil && v.state != "sent" {
		return ctx.Err() // nobody's fault; it stays as it was
	}
	return n.settle(context.WithoutCancel(ctx), m, v)
}

// stillWaits looks once more just before a mail is sent: the address may be another by now, or the account shut.
func (n *Notices) stillWaits(ctx context.Context, m *outgoing) (waits bool, err error) {
	err = n.db.Read(ctx, func(tx *storage.Tx) error {
		err := tx.QueryRow(ctx, `SELECT address FROM notice_mail WHERE id = $1 AND state = 'waiting'`, m.id).Scan(&m.to.Mail)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		waits = err == nil
		return err
	})
	return waits, err
}

// verdict is what became of an attempt.
type verdict struct {
	state  string // "sent", "bounced", "failed", or "" for another time
	said   string
	reason string // of failed, where the server didn't say
}

// giveUp is after how many attempts a mail has failed: about three days.
const giveUp = 20

// settle writes what became of an attempt.
func (n *Notices) settle(ctx context.Context, m outgoing, v verdict) error {
	tries := m.tries + 1
	if v.state == "" && tries >= giveUp {
		v.state = "failed"
	}
	return n.db.Write(ctx, func(tx *storage.Tx) error {
		now := n.db.Now()
		if v.state == "" {
			_, err := tx.Exec(ctx, `UPDATE notice_mail SET attempts = $2, next = $3, said = $4 WHERE id = $1 AND state = 'waiting'`,
				m.id, tries, now.Add(n.pause(tries)), v.said)
			return err
		}
		// The text goes with the sending; a secret one with the giving up too.
		_, err := tx.Exec(ctx, `UPDATE notice_mail SET attempts = $2, state = $3, said = $4, done = $5,
				body = CASE WHEN $6 = 1 OR secret = 1 THEN '' ELSE body END,
				attach = CASE WHEN $6 = 1 THEN NULL ELSE attach END, reason = $7
			WHERE id = $1 AND state = 'waiting'`,
			m.id, tries, v.state, v.said, now, v.state == "sent", v.reason)
		return err
	})
}

// pause is how long to wait after so many attempts: a minute, doubled each time up to six hours, give or take a fifth so that mails
// that failed together don't come together.
func (n *Notices) pause(tries int) time.Duration {
	d := min(time.Minute<<min(tries-1, 12), 6*time.Hour)
	var b [8]byte
	if _, err := io.ReadFull(n.options.Rand, b[:]); err != nil {
		return d
	}
	spread := int64(d) / 5
	d += time.Duration(binary.LittleEndian.Uint64(b[:])%uint64(2*spread)) - time.Duration(spread)
	return d.Truncate(time.Millisecond) // the database keeps no nanoseconds
}

// dueMails gives the mails to send now, the urgent ones first.
func (n *Notices) dueMails(ctx context.Context) (out []outgoing, err error) {
	err = n.db.Read(ctx, func(tx *storage.Tx) error {
		out = nil
		for rank := range 2 {
			if err := n.dueOf(ctx, tx, rank, &out); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

func (n *Notices) dueOf(ctx context.Context, tx *storage.Tx, rank int, out *[]outgoing) error {
	rows, err := tx.Query(ctx, `SELECT id, person, address, lang, subject, body, attach_name, attach_type, attach, digest, secret, made, attempts
		FROM notice_mail WHERE state = 'waiting' AND rank = $1 AND next <= $2 ORDER BY next, id LIMIT $3`,
		rank, n.db.Now(), batch-len(*out))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var m outgoing
		var a Attachment
		var digest, secret, made int64
		if err := rows.Scan(&m.id, &m.to.Person, &m.to.Mail, &m.to.Lang, &m.subject, &m.body, &a.Name, &a.Type, &a.Body,
			&digest, &secret, &made, &m.tries); err != nil {
			return err
		}
		if secret == 1 {
			m.body, err = n.reveal(m.id, m.body)
			m.unreadable = err != nil
		}
		m.digest, m.made = digest == 1, storage.Time(made)
		if a.Type != "" {
			m.attach = &a
		}
		*out = append(*out, m)
	}
	return rows.Err()
}

// clear deletes what nobody needs any more: what became of mails after 90 days, notices after a year.
func (n *Notices) clear(ctx context.Context) error {
	now := n.db.Now()
	if now.Sub(n.cleared) < time.Hour {
		return nil
	}
	n.cleared = now
	return n.db.Write(ctx, func(tx *storage.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM notice_mail WHERE id IN
			(SELECT id FROM notice_mail WHERE done < $1 ORDER BY done LIMIT 1000)`, now.Add(-keptFor)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM notice WHERE id IN
			(SELECT id FROM notice WHERE made < $1 ORDER BY made LIMIT 1000)`, now.Add(-readFor))
		return err
	})
}

// next is when there will be something to do.
func (n *Notices) next(ctx context.Context) (next time.Time, err error) {
	err = n.db.Read(ctx, func(tx *storage.Tx) error {
		next = time.Time{}
		queries := []string{firstDue, firstUntil}
		if n.server != nil {
			queries = append(queries, firstMail, firstBulk)
		}
		for i, q := range queries {
			t, some, err := when(ctx, tx, q)
			if err != nil {
				return err
			}
			if again := n.retryAt(); i >= 2 && t.Before(again) {
				t = again // the server is away
			}
			if some && (next.IsZero() || t.Before(next)) {
				next = t
			}
		}
		return nil
	})
	return next, err
}

// when reads a time, if there is one.
func when(ctx context.Context, tx *storage.Tx, query string) (t time.Time, some bool, err error) {
	var micros int64
	err = tx.QueryRow(ctx, query).Scan(&micros)
	if errors.Is(err, sql.ErrNoRows) {
		return t, false, nil
	}
	return storage.Time(micros), err == nil, err
}
