package individual

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// Level is how sure an identity provider is of who signs in (eIDAS, Implementing Regulation (EU) 2015/1502).
type Level uint8

// The levels of assurance; the numbers are stored.
const (
	Low Level = iota + 1
	Substantial
	High
)

var levels = [...]string{Low: "low", Substantial: "substantial", High: "high"}

func (l Level) String() string {
	if l >= Low && l <= High {
		return levels[l]
	}
	return "none"
}

// ParseLevel reads low, substantial or high.
func ParseLevel(s string) (Level, error) {
	for l := Low; l <= High; l++ {
		if levels[l] == s {
			return l, nil
		}
	}
	return 0, fault.New(fault.Invalid, "%.40q is not a level of assurance", s).Do("write low, substantial or high")
}

// Identity is who an OpenID provider says somebody is.
type Identity struct {
	Issuer  string
	Subject string
}

func (i Identity) check() error {
	if i.Issuer == "" || i.Subject == "" || len(i.Issuer) > maxText || len(i.Subject) > maxText {
		return fault.New(fault.Invalid, "an identity has an issuer and a subject, of at most %d bytes", maxText)
	}
	return nil
}

// hide is how an identity is kept: it stands nowhere in the open. The key is in the database too, so whoever has all of that can try identities.
func (r *Register) hide(i Identity) string {
	h := hmac.New(sha256.New, r.key)
	issuer := sha256.Sum256([]byte(i.Issuer)) // of one length, so that no two pairs are written alike
	_, _ = h.Write(issuer[:])
	_, _ = io.WriteString(h, i.Subject)
	return hex.EncodeToString(h.Sum(nil))
}

// begin makes the key, the first time.
func (r *Register) begin(ctx context.Context) error {
	read := func(tx *storage.Tx) error {
		return tx.QueryRow(ctx, `SELECT key FROM individual_key WHERE one = 1`).Scan(&r.key)
	}
	err := r.db.Read(ctx, read)
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	key := make([]byte, 32)
	if _, err := io.ReadFull(r.rand, key); err != nil {
		return fault.Wrap(fault.Internal, err, "no randomness for the key of sign-ins")
	}
	return r.db.Write(ctx, func(tx *storage.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO individual_key (one, key) VALUES (1, $1) ON CONFLICT (one) DO NOTHING`, key); err != nil {
			return err
		}
		return read(tx)
	})
}

// Link makes a sign-in an individual's, from a level of assurance up, and gives the login's id.
func (r *Register) Link(ctx context.Context, tx *storage.Tx, by, why string, n Number, who Identity, level Level) (string, error) {
	if _, ok := r.GetIn(tx, n); !ok {
		return "", fault.New(fault.NotFound, "there is no individual number %d", n)
	}
	if err := who.check(); err != nil {
		return "", err
	}
	if level < Low || level > High {
		return "", fault.New(fault.Invalid, "no level of assurance is given")
	}
	hidden := r.hide(who)
	var taken int64
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM individual_login WHERE who = $1 AND ended IS NULL`, hidden).Scan(&taken); err != nil {
		return "", err
	}
	if taken > 0 {
		return "", fault.New(fault.Conflict, "this sign-in is an individual's already").Say("individual.linked")
	}
	id, err := r.db.NewID()
	if err != nil {
		return "", err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO individual_login (id, individual, who, level, made_by, why, linked) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		id, n, hidden, level, by, why, r.db.Now()); err != nil {
		return "", err
	}
	return id, r.record(ctx, tx, n, "login", by, why)
}

// Guardian is somebody who may choose for a minor.
type Guardian struct {
	ID         string
	Individual Number
	Level      Level // at least
	From, To   time.Time
	Why        string
	By         string
	Ended      time.Time // before To; zero: not
}

// Holds tells whether the guardian may act at a moment, the individual's age aside.
func (g Guardian) Holds(at time.Time) bool {
	return !at.Before(g.From) && (g.To.IsZero() || at.Before(g.To)) && (g.Ended.IsZero() || at.Before(g.Ended))
}

// AddGuardian lets a sign-in choose for a minor, whose birth date has to be known. Individual, Level, From, To and Why say how.
func (r *Register) AddGuardian(ctx context.Context, tx *storage.Tx, by string, g Guardian, who Identity) (string, error) {
	ward, ok := r.GetIn(tx, g.Individual)
	if !ok {
		return "", fault.New(fault.NotFound, "there is no individual number %d", g.Individual)
	}
	if err := who.check(); err != nil {
		return "", err
	}
	now := r.db.Now()
	switch {
	case ward.Born.IsZero():
		return "", fault.New(fault.Conflict, "the birth date isn't known, so neither is whether somebody may choose for them").
			Do("record the birth date first").Say("individual.guardian.born")
	case ward.Adult(now):
		return "", fault.New(fault.Conflict, "nobody chooses for somebody who is of age").Say("individual.guardian.adult")
	case g.Level < Low || g.Level > High:
		return "", fault.New(fault.Invalid, "no level of assurance is given").Where("level")
	case g.Why == "":
		return "", fault.New(fault.Invalid, "on what ground they are a guardian must be said").Where("why").Say("individual.guardian.why")
	case !g.To.IsZero() && !g.To.After(g.From):
		return "", fault.New(fault.Invalid, "it would end before it begins").Where("to").Say("individual.guardian.to")
	}
	if g.From.IsZero() {
		g.From = now
	}
	id, err := r.db.NewID()
	if err != nil {
		return "", err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO individual_guardian (id, individual, who, level, begins, ends, made_by, why, recorded)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, id, g.Individual, r.hide(who), g.Level, g.From, orNull(g.To), by, g.Why, now); err != nil {
		return "", err
	}
	return id, r.record(ctx, tx, g.Individual, "guardian", by, g.Why)
}

func orNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

// End ends a login or a guardianship, from now on, by its id. One that has ended stays so.
func (r *Register) End(ctx context.Context, tx *storage.Tx, by, why, id string) error {
	for table, kind := range map[string]string{"individual_login": "login ended", "individual_guardian": "guardian ended"} {
		var n Number
		err := tx.QueryRow(ctx, `UPDATE `+table+` SET ended = $1, ended_by = $2 WHERE id = $3 AND ended IS NULL RETURNING individual`,
			r.db.Now(), by, id).Scan(&n)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		if err := r.note(ctx, tx, n, kind, by, why); err != nil || r.follower.Ended == nil {
			return r.in(tx).failed(err)
		}
		return r.in(tx).failed(r.follower.Ended(ctx, tx, n, id))
	}
	return nil
}

const guardianColumns = `id, individual, level, begins, ends, made_by, why, ended`

func scanGuardian(row interface{ Scan(...any) error }) (g Guardian, err error) {
	var begins int64
	var ends, ended sql.NullInt64
	err = row.Scan(&g.ID, &g.Individual, &g.Level, &begins, &ends, &g.By, &g.Why, &ended)
	g.From = storage.Time(begins)
	if ends.Valid {
		g.To = storage.Time(ends.Int64)
	}
	if ended.Valid {
		g.Ended = storage.Time(ended.Int64)
	}
	return g, err
}

// GuardiansIn lists who may or might choose for an individual, in the order recorded.
func (r *Register) GuardiansIn(ctx context.Context, tx *storage.Tx, n Number) ([]Guardian, error) {
	return guardians(ctx, tx, `individual = $1`, n)
}

func guardians(ctx context.Context, tx *storage.Tx, where string, arg any) (all []Guardian, err error) {
	rows, err := tx.Query(ctx, `SELECT `+guardianColumns+` FROM individual_guardian WHERE `+where+` ORDER BY id`, arg)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		g, err := scanGuardian(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	return all, rows.Err()
}
