package notice

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// Told is a notice in a person's list.
type Told struct {
	ID   string
	Key  string
	Args []string
	Link string
	Made time.Time
	Read time.Time // zero: not yet
	Due  time.Time // when it will be mailed; zero when it was, or won't be
	Mail string    // what became of the mail that told it: waiting, sent, bounced, failed, gone (so long ago that it isn't kept); "" for none
	Sent time.Time // when the mail server took it
}

// Title gives what a notice says, in a language.
func (n *Notices) Title(code string, t Told) string {
	l, ok := n.words[code]
	if !ok {
		l = n.words["en"]
	}
	return say(l, t.Key, t.Args)
}

// Unread gives a person's unread notices, the newest first, older than the one named; "" for the newest.
func (n *Notices) Unread(ctx context.Context, tx *storage.Tx, person, before string, limit int) ([]Told, error) {
	if before == "" {
		before = last
	}
	return n.told(ctx, tx, toldColumns+`
		WHERE n.person = $1 AND n.read IS NULL AND n.id < $2 ORDER BY n.id DESC LIMIT $3`, person, before, limit)
}

// Told gives a person's notices, the newest first, older than the one named; "" for the newest.
func (n *Notices) Told(ctx context.Context, tx *storage.Tx, person, before string, limit int) ([]Told, error) {
	if before == "" {
		before = last
	}
	return n.told(ctx, tx, toldColumns+`
		WHERE n.person = $1 AND n.id < $2 ORDER BY n.id DESC LIMIT $3`, person, before, limit)
}

const toldColumns = `SELECT n.id, n.key, n.args, n.link, n.made, coalesce(n.read, 0), coalesce(n.due, 0),
		coalesce(m.state, CASE n.mail WHEN '' THEN '' ELSE 'gone' END), CASE m.state WHEN 'sent' THEN m.done ELSE 0 END
	FROM notice n LEFT JOIN notice_mail m ON m.id = n.mail`

// last sorts after every id.
const last = "~"

func (n *Notices) told(ctx context.Context, tx *storage.Tx, query string, args ...any) (out []Told, _ error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var t Told
		var args string
		var made, read, due, sent int64
		if err := rows.Scan(&t.ID, &t.Key, &args, &t.Link, &made, &read, &due, &t.Mail, &sent); err != nil {
			return nil, err
		}
		if t.Args, err = readArgs(args); err != nil {
			return nil, err
		}
		t.Made, t.Read, t.Due, t.Sent = storage.Time(made), timeOf(read), timeOf(due), timeOf(sent)
		out = append(out, t)
	}
	return out, rows.Err()
}

// MarkRead notes that a person has read these notices of theirs; without ids, all. What they have read is not mailed.
func (n *Notices) MarkRead(ctx context.Context, tx *storage.Tx, person string, ids ...string) error {
	now := n.db.Now()
	if len(ids) == 0 {
		_, err := tx.Exec(ctx, `UPDATE notice SET read = $2, due = NULL WHERE person = $1 AND read IS NULL`, person, now)
		return err
	}
	for _, id := range ids {
		if _, err := tx.Exec(ctx, `UPDATE notice SET read = $3, due = NULL WHERE id = $1 AND person = $2 AND read IS NULL`, id, person, now); err != nil {
			return err
		}
	}
	return nil
}

// Seen notes that a person has been where notices lead: they need not be told of it by mail.
func (n *Notices) Seen(ctx context.Context, tx *storage.Tx, person, link string) error {
	_, err := tx.Exec(ctx, `UPDATE notice SET read = $3, due = NULL WHERE person = $1 AND link = $2 AND read IS NULL`, person, link, n.db.Now())
	return err
}

// CountUnread counts a person's unread notices, to a hundred.
func (n *Notices) CountUnread(ctx context.Context, tx *storage.Tx, person string) (count int, err error) {
	err = tx.QueryRow(ctx, `SELECT count(*) FROM (SELECT 1 FROM notice WHERE person = $1 AND read IS NULL LIMIT 100) u`, person).Scan(&count)
	return count, err
}

// Mail is a mail in the outbox, as a page of what became of them shows it.
type Mail struct {
	ID       string
	Person   string
	Address  string
	Subject  string
	State    string // waiting, sent, bounced, failed
	Attempts int
	Made     time.Time
	Next     time.Time // of a waiting one: not before
	Done     time.Time // of any other
	Said     string    // the server's last words
	Reason   string    // why it was given up, where that is not the server's doing: Shut, Unserved or Sealed
	Lost     bool      // its text is gone: it can't be sent again
}

// Why mails are given up, beside what servers say.
const (
	Shut     = "shut"     // the person's account is
	Unserved = "unserved" // no mail server is configured, and a secret link isn't kept
	Sealed   = "sealed"   // a secret link that was hidden under a key that is gone
)

// Mails is a page of mails, the newest first.
type Mails struct {
	Mails []Mail
	Next  string // where the next page begins; "" for nowhere
}

// searched is how many mails one page looks through at most.
const searched = 2000

// Mails gives mails in a state to those persons that of allows, older than the one named ("" for the newest). of is asked inside
// the transaction and must not use it. A page may be short, or empty, and have a next one.
func (n *Notices) Mails(ctx context.Context, tx *storage.Tx, state string, of func(person string) bool, before string, limit int) (p Mails, _ error) {
	if before == "" {
		before = last
	}
	rows, err := tx.Query(ctx, `SELECT id, person, address, subject, state, attempts, made, next, coalesce(done, 0), said, reason, body = ''
		FROM notice_mail WHERE state = $1 AND id < $2 ORDER BY id DESC LIMIT $3`, state, before, searched)
	if err != nil {
		return p, err
	}
	defer rows.Close()
	for seen := 1; rows.Next(); seen++ {
		var m Mail
		var made, next, done int64
		if err := rows.Scan(&m.ID, &m.Person, &m.Address, &m.Subject, &m.State, &m.Attempts, &made, &next, &done, &m.Said, &m.Reason, &m.Lost); err != nil {
			return p, err
		}
		if of(m.Person) {
			m.Made, m.Next, m.Done = storage.Time(made), storage.Time(next), timeOf(done)
			p.Mails = append(p.Mails, m)
		}
		if len(p.Mails) == limit || seen == searched {
			p.Next = m.ID
			break
		}
	}
	return p, rows.Err()
}

// Retry puts a bounced or failed mail back in the outbox, to the address the person has now, or that it was
// pinned to. Whose mails the caller may see, of
// tells; another's is not found.
func (n *Notices) Retry(ctx context.Context, tx *storage.Tx, id string, of func(person string) bool) error {
	var person, address, state, body string
	var pinned int64
	err := tx.QueryRow(ctx, `SELECT person, address, state, body, pinned FROM notice_mail WHERE id = $1`, id).Scan(&person, &address, &state, &body, &pinned)
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return err
	case err != nil || !of(person):
		return fault.New(fault.NotFound, "there is no such mail")
	case state != "bounced" && state != "failed":
		return fault.New(fault.Conflict, "this mail is on its way or sent").Say("notice.mail.underway")
	case body == "":
		return fault.New(fault.Conflict, "this mail held a secret link, which is gone").Say("notice.mail.gone").Do("make a new one")
	}
	r, err := n.RecipientOf(ctx, tx, person)
	switch {
	case fault.KindOf(err) == fault.NotFound && err != nil: // an address that is nobody's
	case err != nil:
		return err
	case r.Shut:
		return fault.New(fault.Conflict, "this person's account is shut").Say("notice.mail.shut")
	case pinned == 1:
	case r.Mail == "":
		return fault.New(fault.Conflict, "this person no longer wants mail").Say("notice.mail.none")
	default:
		address = r.Mail
	}
	_, err = tx.Exec(ctx, `UPDATE notice_mail SET state = 'waiting', done = NULL, reason = '', attempts = 0, next = $2, until = NULL, address = $3 WHERE id = $1`,
		id, n.db.Now(), address)
	tx.OnCommit(n.wake)
	return err
}

// timeOf reads a column in which 0 is no time.
func timeOf(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return storage.Time(micros)
}
