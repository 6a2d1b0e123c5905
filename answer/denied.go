package answer

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/consent/counted"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/store"
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
	a = d.writable(a)
	u := counted.Of(a.Use)
	x, listed := leaf(ledger.Denial, a, v), false
	x.Purpose, x.Conditions = u.Purpose, u.Conditions
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

// writable leaves out what an asker made up: the log is public, and for ever, and nobody may write in it what they like. Of diseases it says
// only that there were some; a dataset is named that is here or in a policy.
func (d *Desk) writable(a policy.Ask) policy.Ask {
	a.Organisation, a.Role, a.Person = plain(a.Organisation), plain(a.Role), plain(a.Person)
	here := func(s store.Dataset) bool { return s.Name == a.Dataset }
	if !slices.ContainsFunc(d.genomes.Snapshot().Datasets(), here) && !slices.Contains(d.policies.Datasets(), a.Dataset) {
		a.Dataset = ""
	}
	if len(a.Use.Diseases) > 0 {
		a.Use.Health, a.Use.Diseases = true, nil
	}
	if _, err := consent.ParsePurpose(string(a.Use.Purpose)); err != nil {
		a.Use.Purpose = ""
	}
	if len(a.Use.Country) != 2 {
		a.Use.Country = ""
	}
	a.Use.Country = plain(a.Use.Country)
	return a
}

// plain leaves out what no leaf can hold.
func plain(s string) string {
	if len(s) > 1024 || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return ""
	}
	return s
}
