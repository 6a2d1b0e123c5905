package account

import (
	"context"
	"time"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

const (
	seenEvery    = 5 * time.Minute // how often a session's last use is written down
	mostSessions = 100             // of an account; beyond, those unused the longest end
)

// Session is a browser signed in.
type Session struct {
	ID       string
	Person   network.PersonID
	Name     string // the person's
	Via      string // password, a provider's name, invitation or demo
	Place    string
	Browser  string
	Created  time.Time
	Seen     time.Time
	Ends     time.Time
	Token    string // only for the cookie, only from what began it
	Device   string // as Token: tells that this browser has signed in before
	Password bool   // the account has one
}

// Actor is who acts in this session.
func (s Session) Actor() network.Actor { return network.Actor{Person: s.Person} }

const sessionColumns = `s.id, a.person, s.via, s.place, s.browser, s.created, s.seen, s.ends, a.password <> ''`

func scanSession(row interface{ Scan(...any) error }) (s Session, err error) {
	var created, seen, ends int64
	err = row.Scan(&s.ID, &s.Person, &s.Via, &s.Place, &s.Browser, &created, &seen, &ends, &s.Password)
	s.Created, s.Seen, s.Ends = storage.Time(created), storage.Time(seen), storage.Time(ends)
	return s, err
}

// Resume gives the session of a token: one indexed read, and a write every few minutes. Whatever is wrong with it (unknown,
// ended, unused for too long, of a disabled account or an erased person) is the same fault.NotFound.
func (a *Accounts) Resume(ctx context.Context, token string) (Session, error) {
	s, err := a.Peek(ctx, token)
	if now := a.db.Now(); err == nil && now.Sub(s.Seen) >= seenEvery {
		err = a.db.Write(ctx, func(tx *storage.Tx) error { // an UPDATE: what was revoked meanwhile doesn't come back
			_, err := tx.Exec(ctx, `UPDATE account_session SET seen = $2 WHERE id = $1`, s.ID, now)
			return err
		})
	}
	return s, err
}

// Peek gives the session as Resume does, without using it: for what a page asks by itself while nobody need be there.
func (a *Accounts) Peek(ctx context.Context, token string) (s Session, err error) {
	now := a.db.Now()
	err = a.db.Read(ctx, func(tx *storage.Tx) error {
		s, err = scanSession(tx.QueryRow(ctx, `SELECT `+sessionColumns+` FROM account_session s JOIN account a ON a.id = s.account
			WHERE s.hash = $1 AND a.disabled = 0 AND s.ends > $2 AND s.seen > $3`, hashOf(token), now, now.Add(-a.options.Idle)))
		if noRow(err) {
			return network.Absent()
		}
		if err != nil {
			return err
		}
		s.Name, err = a.people.PersonName(ctx, tx, s.Person)
		if err == nil && s.Name == "" {
			return network.Absent()
		}
		return err
	})
	if err != nil {
		return Session{}, err
	}
	return s, nil
}

// begin makes a session of an account, always with a new token, and tells the log.
func (a *Accounts) begin(ctx context.Context, tx *storage.Tx, account, via string, from From) (Session, error) {
	id, err := a.db.NewID()
	if err != nil {
		return Session{}, err
	}
	token, hash, err := a.token()
	if err != nil {
		return Session{}, err
	}
	device, err := a.recognise(ctx, tx, account, from)
	if err != nil {
		return Session{}, err
	}
	now := a.db.Now()
	if _, err := tx.Exec(ctx, `INSERT INTO account_session (id, account, hash, via, place, browser, created, seen, ends)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)`,
		id, account, hash, via, from.place(), from.browser(), now, now.Add(a.options.Lifetime)); err != nil {
		return Session{}, err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM account_session WHERE account = $1 AND id NOT IN
		(SELECT id FROM account_session WHERE account = $1 ORDER BY seen DESC, id DESC LIMIT $2)`, account, mostSessions); err != nil {
		return Session{}, err
	}
	if err := a.record(ctx, tx, account, "signed-in", via, from); err != nil {
		return Session{}, err
	}
	s, err := scanSession(tx.QueryRow(ctx, `SELECT `+sessionColumns+` FROM account_session s JOIN account a ON a.id = s.account WHERE s.id = $1`, id))
	s.Token, s.Device = token, device
	return s, err
}

// recognise makes the browser known to the account, if it isn't. When others were known before, the person is warned.
func (a *Accounts) recognise(ctx context.Context, tx *storage.Tx, account string, from From) (string, error) {
	if from.Device != "" {
		r, err := tx.Exec(ctx, `UPDATE account_device SET seen = $3 WHERE hash = $1 AND account = $2`, hashOf(from.Device), account, a.db.Now())
		if err != nil {
			return "", err
		}
		if n, err := r.RowsAffected(); err != nil || n == 1 {
			return from.Device, err
		}
	}
	var others int64
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM account_device WHERE account = $1`, account).Scan(&others); err != nil {
		return "", err
	}
	if others > 0 {
		mine, err := scanAccount(tx.QueryRow(ctx, `SELECT `+accountColumns+` FROM account WHERE id = $1`, account))
		if err != nil {
			return "", err
		}
		if err := a.warn(ctx, tx, mine, "notice.account.signin"); err != nil {
			return "", err
		}
	}
	device, hash, err := a.token()
	if err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, `INSERT INTO account_device (hash, account, seen) VALUES ($1, $2, $3)`, hash, account, a.db.Now())
	return device, err
}

// Renew gives a session another token, when its person has just shown again who they are. The one before is worth nothing.
func (a *Accounts) Renew(ctx context.Context, token string) (fresh string, err error) {
	fresh, hash, err := a.token()
	if err != nil {
		return "", err
	}
	return fresh, a.db.Write(ctx, func(tx *storage.Tx) error {
		r, err := tx.Exec(ctx, `UPDATE account_session SET hash = $2 WHERE hash = $1`, hashOf(token), hash)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return first(err, network.Absent())
		}
		return nil
	})
}

// Sessions lists where the actor is signed in, the latest used first.
func (a *Accounts) Sessions(ctx context.Context, who network.Actor) (out []Session, err error) {
	now := a.db.Now()
	err = a.db.Read(ctx, func(tx *storage.Tx) error {
		mine, err := a.own(ctx, tx, who)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT `+sessionColumns+` FROM account_session s JOIN account a ON a.id = s.account
			WHERE s.account = $1 AND s.ends > $2 AND s.seen > $3 ORDER BY s.seen DESC, s.id DESC`, mine.ID, now, now.Add(-a.options.Idle))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			s, err := scanSession(rows)
			if err != nil {
				return err
			}
			out = append(out, s)
		}
		return rows.Err()
	})
	return out, err
}

// SignOut ends the session of a token; one that is over already is no fault.
func (a *Accounts) SignOut(ctx context.Context, token string, from From) error {
	return a.db.Write(ctx, func(tx *storage.Tx) error {
		var account string
		err := tx.QueryRow(ctx, `DELETE FROM account_session WHERE hash = $1 RETURNING account`, hashOf(token)).Scan(&account)
		if noRow(err) {
			return nil
		}
		if err != nil {
			return err
		}
		return a.record(ctx, tx, account, "signed-out", "", from)
	})
}

// Revoke ends one of the actor's sessions.
func (a *Accounts) Revoke(ctx context.Context, who network.Actor, session string, from From) error {
	return a.db.Write(ctx, func(tx *storage.Tx) error {
		mine, err := a.own(ctx, tx, who)
		if err != nil {
			return err
		}
		r, err := tx.Exec(ctx, `DELETE FROM account_session WHERE id = $1 AND account = $2`, session, mine.ID)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return first(err, network.Absent())
		}
		return a.record(ctx, tx, mine.ID, "ended", "", from)
	})
}

// RevokeOthers ends all the actor's sessions but one.
func (a *Accounts) RevokeOthers(ctx context.Context, who network.Actor, but string, from From) error {
	return a.db.Write(ctx, func(tx *storage.Tx) error {
		mine, err := a.own(ctx, tx, who)
		if err != nil {
			return err
		}
		if err := a.endAll(ctx, tx, mine.ID, but); err != nil {
			return err
		}
		return a.record(ctx, tx, mine.ID, "ended-others", "", from)
	})
}

// endAll ends an account's sessions but one.
func (a *Accounts) endAll(ctx context.Context, tx *storage.Tx, account, but string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM account_session WHERE account = $1 AND id <> $2`, account, but); err != nil {
		return err
	}
	if but != "" {
		return nil
	}
	_, err := tx.Exec(ctx, `DELETE FROM account_device WHERE account = $1`, account)
	return err
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
