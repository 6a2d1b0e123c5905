package answer

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/samverk/samverk/consent/counted"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

const (
	// patience is for how long a denial waits to be written down, also when the asker has gone.
	patience = 10 * time.Second
	// mostDenied is how many denials of a person and day are lines of the ledger. The rest are counted: nobody can fill the log with what they
	// aren't answered.
	mostDenied = 200
	// keepDenied is for how many days it is kept how many there were.
	keepDenied = 31
)

// denied notes a denial, and appends it to the ledger if it is known who asked. What fails here changes nothing for the asker.
func (d *Desk) denied(ctx context.Context, a policy.Ask, v policy.Verdict, about func() string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	u := counted.Of(a.Use)
	a.Organisation, a.Role, a.Dataset, a.Person, a.Use.Country = plain(a.Organisation), plain(a.Role), plain(a.Dataset), plain(a.Person), plain(a.Use.Country)
	x, listed := leaf(ledger.Denial, a, v), false
	x.Purpose, x.Conditions = plain(u.Purpose), plain(u.Conditions)
	err := d.policies.Note(ctx, a, v, func(ctx context.Context, tx *storage.Tx) error {
		if listed = false; !known(a) {
			return nil
		}
		n, err := d.countDenied(ctx, tx, access(a, about).Person)
		if err != nil || n > mostDenied {
			return err
		}
		record := access(a, about)
		if n == mostDenied {
			record.Question += " (what more they are denied today is only counted)"
		}
		o, err := d.accesses.Seal(record)
		if err != nil {
			return err
		}
		x.Private, listed = o.Commitment(), true
		return d.accesses.Keep(ctx, tx, o)
	})
	if err == nil && listed {
		_, err = d.ledger.Append(ctx, x)
	}
	if err != nil {
		d.log.Error("a denial could not be written down", "reason", v.Reason, "error", err, "hint", fault.HintOf(err))
	}
}

// countDenied counts one more denial of today.
func (d *Desk) countDenied(ctx context.Context, tx *storage.Tx, person string) (n int64, err error) {
	const day = 24 * 60 * 60
	today := d.batches.db.Now().Unix() / day
	err = tx.QueryRow(ctx, `INSERT INTO answer_denied (person, day, denied) VALUES ($1, $2, 1)
		ON CONFLICT (person, day) DO UPDATE SET denied = answer_denied.denied + 1 RETURNING denied`, person, today).Scan(&n)
	if err == nil && n == 1 {
		_, err = tx.Exec(ctx, `DELETE FROM answer_denied WHERE day < $1`, today-keepDenied)
	}
	return n, err
}

// plain leaves out what an asker made up that no leaf can hold.
func plain(s string) string {
	if len(s) > 1024 || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return ""
	}
	return s
}
