package individual

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// A patient's session is short: what it opens is about their health.
const (
	sessionLife  = 8 * time.Hour
	sessionIdle  = 30 * time.Minute
	seenEvery    = time.Minute
	mostSessions = 20 // of one sign-in
)

// Session is a browser of somebody who has signed in, and for whom they may act now.
type Session struct {
	Level   Level
	Created time.Time
	Ends    time.Time
	Self    Number // when Known
	Known   bool   // they are an individual themselves
	Wards   []Guardian
	Token   string // only for the cookie, only from SignIn
}

// MayActFor tells whether the session may choose for an individual: as themselves, or as the guardian with that id.
func (s Session) MayActFor(n Number) (guardian string, ok bool) {
	if s.Known && s.Self == n {
		return "", true
	}
	for _, g := range s.Wards {
		if g.Individual == n {
			return g.ID, true
		}
	}
	return "", false
}

// refused is the one answer to a sign-in that opens nothing: whether anybody is known by it isn't told.
func refused() error {
	return fault.New(fault.Denied, "this sign-in opens nothing here").Say("individual.signin")
}

// ended is the one answer to a session that isn't one.
func ended() error {
	return fault.New(fault.NotFound, "there is no such session").Say("individual.session")
}

// SignIn begins a session of somebody who is an individual here, or the guardian of one. A sign-in that is nobody's, or weaker than what
// the node requires or what was linked, is refused.
func (r *Register) SignIn(ctx context.Context, who Identity, level, required Level) (s Session, err error) {
	if _, waiting := r.db.Restored(); waiting {
		return Session{}, waits("nobody can sign in yet")
	}
	if err := who.check(); err != nil || required < Low || level < required || level > High {
		return Session{}, refused()
	}
	token := make([]byte, 32)
	if _, err := io.ReadFull(r.rand, token); err != nil {
		return Session{}, fault.Wrap(fault.Internal, err, "no randomness for a session")
	}
	hidden, now := r.hide(who), r.db.Now()
	err = r.db.Write(ctx, func(tx *storage.Tx) error {
		s = Session{Level: level, Created: now, Ends: now.Add(sessionLife), Token: base64.RawURLEncoding.EncodeToString(token)}
		if err := r.opens(ctx, tx, hidden, &s); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM individual_session WHERE ends <= $1`, now); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO individual_session (hash, who, level, created, seen, ends) VALUES ($1, $2, $3, $4, $4, $5)`,
			hashOf(s.Token), hidden, level, now, s.Ends); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM individual_session WHERE who = $1 AND hash NOT IN
			(SELECT hash FROM individual_session WHERE who = $1 ORDER BY seen DESC, hash LIMIT $2)`, hidden, mostSessions)
		return err
	})
	if err != nil {
		return Session{}, err
	}
	return s, nil
}

func hashOf(token string) string {
	h := sha256.Sum256([]byte(token))
	return hex.EncodeToString(h[:])
}

// opens finds for whom a sign-in may act now, at the session's level.
func (r *Register) opens(ctx context.Context, tx *storage.Tx, hidden string, s *Session) error {
	var n Number
	err := tx.QueryRow(ctx, `SELECT individual FROM individual_login WHERE who = $1 AND ended IS NULL AND level <= $2`, hidden, s.Level).Scan(&n)
	switch {
	case err == nil:
		s.Self, s.Known = n, true
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	all, err := guardians(ctx, tx, `who = $1`, hidden)
	if err != nil {
		return err
	}
	now := r.db.Now()
	for _, g := range all {
		ward, ok := r.Get(g.Individual)
		if ok && !ward.Adult(now) && !ward.Born.IsZero() && g.Holds(now) && g.Level <= s.Level {
			s.Wards = append(s.Wards, g)
		}
	}
	if !s.Known && len(s.Wards) == 0 {
		return refused()
	}
	return nil
}

// Resume gives the session of a token, and for whom it may act now. Unknown, ended, unused for too long and opening nothing
// any more are the same.
func (r *Register) Resume(ctx context.Context, token string) (s Session, err error) {
	if _, waiting := r.db.Restored(); waiting {
		return Session{}, ended()
	}
	hash, now := hashOf(token), r.db.Now()
	var seen time.Time
	err = r.db.Read(ctx, func(tx *storage.Tx) error {
		var hidden string
		var created, at, ends int64
		s = Session{}
		err := tx.QueryRow(ctx, `SELECT who, level, created, seen, ends FROM individual_session WHERE hash = $1 AND ends > $2 AND seen > $3`,
			hash, now, now.Add(-sessionIdle)).Scan(&hidden, &s.Level, &created, &at, &ends)
		if errors.Is(err, sql.ErrNoRows) {
			return ended()
		}
		if err != nil {
			return err
		}
		s.Created, seen, s.Ends = storage.Time(created), storage.Time(at), storage.Time(ends)
		if err := r.opens(ctx, tx, hidden, &s); fault.KindOf(err) == fault.Denied {
			return ended()
		} else if err != nil {
			return err
		}
		return nil
	})
	if err != nil || now.Sub(seen) < seenEvery {
		return s, err
	}
	return s, r.db.Write(ctx, func(tx *storage.Tx) error { // an UPDATE: what has ended meanwhile doesn't come back
		_, err := tx.Exec(ctx, `UPDATE individual_session SET seen = $1 WHERE hash = $2`, now, hash)
		return err
	})
}

// SignOut ends a session.
func (r *Register) SignOut(ctx context.Context, token string) error {
	return r.db.Write(ctx, func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM individual_session WHERE hash = $1`, hashOf(token))
		return err
	})
}

// EndSessions ends every session: after a restore, a backup's may have been ended since.
func (r *Register) EndSessions(ctx context.Context, tx *storage.Tx) error {
	_, err := tx.Exec(ctx, `DELETE FROM individual_session`)
	return err
}
