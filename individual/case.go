package individual

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// Case is a permission of an organisation's clinicians to leave an individual, their own patient, out of a count. Who has its token can ask with and
// without them, and so learn what they carry: it is as much worth as their genotype, and each use of it is a look at them.
type Case struct {
	ID           string
	Individual   Number
	Organisation string
	By, Why      string
	Made, Ends   time.Time
	Ended        time.Time // before that; zero: not
	EndedBy      string
}

// caseLife is for how long a case may be used.
const caseLife = 365 * 24 * time.Hour

// mostCases bounds the list of an individual's cases.
const mostCases = 100

// caseBytes is how much randomness is in a token.
const caseBytes = 20

var caseText = base32.StdEncoding.WithPadding(base32.NoPadding)

// OpenCase makes a case of an organisation's, and gives the token: it can't be had again.
func (r *Register) OpenCase(ctx context.Context, tx *storage.Tx, by, why string, n Number, organisation string) (c Case, token string, err error) {
	if _, ok := r.GetIn(tx, n); !ok {
		return c, "", fault.New(fault.NotFound, "there is no individual number %d", n)
	}
	if err := CheckID(organisation); err != nil {
		return c, "", fault.New(fault.Invalid, "%.40q is no organisation", organisation).Where("organisation")
	}
	secret := make([]byte, caseBytes)
	if _, err := io.ReadFull(r.rand, secret); err != nil {
		return c, "", fault.Wrap(fault.Internal, err, "no randomness for a case")
	}
	now := r.db.Now()
	c = Case{Individual: n, Organisation: organisation, By: by, Why: why, Made: now, Ends: now.Add(caseLife)}
	if c.ID, err = r.db.NewID(); err != nil {
		return c, "", err
	}
	token = strings.ToLower(caseText.EncodeToString(secret))
	if err := r.record(ctx, tx, n, "case", by, why); err != nil {
		return c, "", err
	}
	_, err = tx.Exec(ctx, `INSERT INTO individual_case (id, individual, organisation, hash, made_by, why, made, ends) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		c.ID, n, organisation, caseHash(token), by, why, c.Made, c.Ends)
	return c, token, r.in(tx).failed(err)
}

// EndCase ends a case now.
func (r *Register) EndCase(ctx context.Context, tx *storage.Tx, by, why string, n Number, id string) error {
	err := tx.QueryRow(ctx, `UPDATE individual_case SET ended = $1, ended_by = $2 WHERE id = $3 AND individual = $4 AND ended IS NULL RETURNING individual`,
		r.db.Now(), by, id, n).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "there is no such case, or it has ended")
	}
	if err != nil {
		return err
	}
	return r.record(ctx, tx, n, "case ended", by, why)
}

// CaseOf finds whose case a token is, for an organisation's clinician. false: nobody's, another organisation's, or one that has ended, which is all one.
func (r *Register) CaseOf(ctx context.Context, token, organisation string) (n Number, ok bool, err error) {
	err = r.db.Read(ctx, func(tx *storage.Tx) error {
		err := tx.QueryRow(ctx, `SELECT individual FROM individual_case WHERE hash = $1 AND organisation = $2 AND ends > $3 AND ended IS NULL`,
			caseHash(token), organisation, r.db.Now()).Scan(&n)
		if ok = err == nil; errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return n, ok, err
}

// Cases lists an individual's cases, the latest first, a hundred at most.
func (r *Register) Cases(ctx context.Context, n Number) (all []Case, err error) {
	err = r.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id, individual, organisation, made_by, why, made, ends, COALESCE(ended, 0), COALESCE(ended_by, '')
			FROM individual_case WHERE individual = $1 ORDER BY id DESC LIMIT $2`, n, mostCases)
		if err != nil {
			return err
		}
		defer rows.Close()
		all = nil
		for rows.Next() {
			var c Case
			var made, ends, ended int64
			if err := rows.Scan(&c.ID, &c.Individual, &c.Organisation, &c.By, &c.Why, &made, &ends, &ended, &c.EndedBy); err != nil {
				return err
			}
			c.Made, c.Ends = storage.Time(made), storage.Time(ends)
			if ended != 0 {
				c.Ended = storage.Time(ended)
			}
			all = append(all, c)
		}
		return rows.Err()
	})
	return all, err
}

// caseHash is what is kept of a token, however it was typed.
func caseHash(token string) string {
	sum := sha256.Sum256([]byte("samverk case 1\x00" + strings.ToLower(strings.TrimSpace(token))))
	return hex.EncodeToString(sum[:])
}
