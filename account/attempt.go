package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

const (
	forgotten  = 24 * time.Hour       // after which a failure no longer counts
	deviceKept = 365 * 24 * time.Hour // how long a browser is known
)

// bucket is what failures are counted for.
type bucket struct {
	key  string
	free int64         // failures without a wait
	most time.Duration // the longest wait
}

// wait is how long the next attempt waits after so many failures: 1 s, 2 s, 4 s … and never more than most.
func (b bucket) wait(failures int64) time.Duration {
	over := failures - b.free
	switch {
	case over <= 0:
		return 0
	case over > 30:
		return b.most
	}
	return min(b.most, time.Second<<(over-1))
}

// bucketOf names a bucket without telling what was typed.
func (a *Accounts) bucketOf(kind, what string) string {
	m := hmac.New(sha256.New, a.buckets)
	m.Write([]byte(kind + "\x00" + what))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func (a *Accounts) accountBucket(mail string) bucket {
	return bucket{key: a.bucketOf("account", mailKey(mail)), free: 5, most: 15 * time.Minute}
}

// addressBucket counts for a whole office behind one address, so it allows more.
func (a *Accounts) addressBucket(from From) bucket {
	where := from.Address.Unmap()
	if where.Is6() { // a subscriber has at least a /64
		if p, err := where.WithZone("").Prefix(64); err == nil {
			where = p.Addr()
		}
	}
	return bucket{key: a.bucketOf("address", where.String()), free: 50, most: 5 * time.Minute}
}

// guessed are the buckets of a sign-in. A browser that has signed in to this account before is counted
// by itself: a stranger's guesses don't make its person wait.
func (a *Accounts) guessed(ctx context.Context, tx *storage.Tx, mail string, from From) ([]bucket, error) {
	if from.Device != "" {
		var n int64
		err := tx.QueryRow(ctx, `SELECT count(*) FROM account_device d JOIN account a ON a.id = d.account
			WHERE d.hash = $1 AND a.mail_key = $2`, hashOf(from.Device), mailKey(mail)).Scan(&n)
		if err != nil {
			return nil, err
		}
		if n == 1 {
			return []bucket{{key: a.bucketOf("device", from.Device), free: 5, most: 15 * time.Minute}}, nil
		}
	}
	return []bucket{a.accountBucket(mail), a.addressBucket(from)}, nil
}

// take counts an attempt as failed before it is made, so that many at once are counted too. An attempt that
// has to wait isn't made, and gives how long.
func (a *Accounts) take(ctx context.Context, tx *storage.Tx, buckets []bucket) error {
	now := a.db.Now()
	for _, b := range buckets {
		var failures, last, until int64
		err := tx.QueryRow(ctx, `SELECT failures, last, until FROM account_attempt WHERE bucket = $1`, b.key).Scan(&failures, &last, &until)
		if err != nil && !noRow(err) {
			return err
		}
		if left := storage.Time(until).Sub(now); err == nil && left > 0 {
			return tooSoon(left)
		}
		if now.Sub(storage.Time(last)) > forgotten {
			failures = 0
		}
		failures++
		_, err = tx.Exec(ctx, `INSERT INTO account_attempt (bucket, failures, last, until) VALUES ($1, $2, $3, $4)
			ON CONFLICT (bucket) DO UPDATE SET failures = excluded.failures, last = excluded.last, until = excluded.until`,
			b.key, failures, now, now.Add(b.wait(failures)))
		if err != nil {
			return err
		}
	}
	return nil
}

// tooSoon is the answer to an attempt that has to wait.
func tooSoon(left time.Duration) *fault.Error {
	minutes := int((left + time.Minute - 1) / time.Minute)
	return fault.New(fault.Unavailable, "too many attempts").Say("account.wait", minutes)
}

// forgive forgets the failures of a bucket.
func (a *Accounts) forgive(ctx context.Context, tx *storage.Tx, b bucket) error {
	_, err := tx.Exec(ctx, `DELETE FROM account_attempt WHERE bucket = $1`, b.key)
	return err
}

// succeeded takes back what take counted: all failures of the account or device, and this one of the address, from which others may be guessing.
func (a *Accounts) succeeded(ctx context.Context, tx *storage.Tx, buckets []bucket) error {
	if err := a.forgive(ctx, tx, buckets[0]); err != nil {
		return err
	}
	for _, b := range buckets[1:] {
		if _, err := tx.Exec(ctx, `UPDATE account_attempt SET failures = failures - 1 WHERE bucket = $1 AND failures > 0`, b.key); err != nil {
			return err
		}
	}
	return nil
}
