package individual

import (
	"context"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// day is a birth date in memory: days since 1 January 1800, and one; 0 is unknown.
type day int32

const dayForm = "2006-01-02"

var dayZero = time.Date(1799, 12, 31, 0, 0, 0, 0, time.UTC)

const secondsOfDay = 24 * 60 * 60

func dayOf(t time.Time) day {
	if t.IsZero() {
		return 0
	}
	y, m, d := t.Date()
	return day((time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() - dayZero.Unix()) / secondsOfDay)
}

func (d day) time() time.Time {
	if d == 0 {
		return time.Time{}
	}
	return dayZero.AddDate(0, 0, int(d))
}

func parseDay(s string) (day, error) {
	t, err := time.Parse(dayForm, s)
	if err != nil || t.Year() < 1800 {
		return 0, fault.New(fault.Invalid, "%.20q is not a birth date", s).Do("write it as YYYY-MM-DD")
	}
	return dayOf(t), nil
}

// ParseBorn reads a birth date written YYYY-MM-DD.
func ParseBorn(s string) (time.Time, error) {
	d, err := parseDay(s)
	return d.time(), err
}

// majority is the age from which nobody chooses for somebody else: 18 years in Sweden and Norway alike
// (föräldrabalken 9:1; vergemålsloven § 8).
const majority = 18

// Majority is the moment when somebody born on a day comes of age. The day begins when it does where clocks are two
// hours ahead of UTC, as in the summers of Sweden and Norway: in winter an hour early, never late. Who was
// born on 29 February comes of age on the 28th, the earlier of the two days that have been held to be it.
func Majority(born time.Time) time.Time {
	y, m, d := born.Date()
	at := time.Date(y+majority, m, d, 0, 0, 0, 0, time.UTC)
	if at.Day() != d {
		at = time.Date(y+majority, m, d-1, 0, 0, 0, 0, time.UTC)
	}
	return at.Add(-2 * time.Hour)
}

// Adult tells whether the individual is of age at a moment. Whose birth date is unknown is not known to be a minor.
func (i Individual) Adult(at time.Time) bool {
	return i.Born.IsZero() || !at.Before(Majority(i.Born))
}

// SetBorn records or corrects the birth date.
func (r *Register) SetBorn(ctx context.Context, tx *storage.Tx, by, why string, n Number, born time.Time) error {
	return r.setBorn(ctx, tx, n, born, func() error { return r.record(ctx, tx, n, "born", by, why) })
}

// ReplayBorn records again what was recorded after the backup that a node waits to have accounted for.
func (r *Register) ReplayBorn(ctx context.Context, tx *storage.Tx, by, why string, n Number, born time.Time) error {
	return r.setBorn(ctx, tx, n, born, func() error { return r.note(ctx, tx, n, "born", by, why) })
}

func (r *Register) setBorn(ctx context.Context, tx *storage.Tx, n Number, born time.Time, record func() error) error {
	who, ok := r.GetIn(tx, n)
	if !ok {
		return fault.New(fault.NotFound, "there is no individual number %d", n)
	}
	d := dayOf(born)
	if d <= 0 || born.Year() < 1800 || d.time().After(r.db.Now().Add(24*time.Hour)) {
		return fault.New(fault.Invalid, "the birth date is not a day that has been").Where("born").Say("individual.born")
	}
	c := r.in(tx)
	r.put(tx, n, person{id: who.ID, sex: who.Sex, born: d, pseudonym: who.Pseudonym})
	if _, err := tx.Exec(ctx, `UPDATE individual SET birth_date = $1 WHERE number = $2`, d.time().Format(dayForm), n); err != nil {
		return c.failed(err)
	}
	if err := record(); err != nil {
		return err
	}
	if r.follower.Born == nil {
		return nil
	}
	return c.failed(r.follower.Born(ctx, tx, n))
}

// maxText bounds a name and a reason, in bytes.
const maxText = 2000

// record keeps who changed what about an individual. Without that the change can't be committed.
func (r *Register) record(ctx context.Context, tx *storage.Tx, n Number, kind, by, why string) error {
	if _, waiting := r.db.Restored(); waiting {
		return r.in(tx).failed(waits("nothing about individuals can be changed yet"))
	}
	return r.note(ctx, tx, n, kind, by, why)
}

// note is record, also for a replay.
func (r *Register) note(ctx context.Context, tx *storage.Tx, n Number, kind, by, why string) error {
	return r.in(tx).failed(r.noteIn(ctx, tx, n, kind, by, why))
}

func (r *Register) noteIn(ctx context.Context, tx *storage.Tx, n Number, kind, by, why string) error {
	if by == "" || len(by) > maxText || len(why) > maxText {
		return fault.New(fault.Invalid, "who changes this must be said, in at most %d bytes, and why in as many", maxText)
	}
	id, err := r.db.NewID()
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO individual_event (id, individual, kind, made_by, why, recorded) VALUES ($1, $2, $3, $4, $5, $6)`,
		id, n, kind, by, why, r.db.Now())
	return err
}

// waits is the refusal while a restored backup waits for its journal.
func waits(what string) *fault.Error {
	return fault.New(fault.Unavailable, "this node was restored from a backup and %s", what).
		Do("replay the journal first, or confirm that there is none").Say("individual.restored")
}

// forget deletes what is kept about a removed individual beside the register.
func (r *Register) forget(ctx context.Context, tx *storage.Tx, n Number) error {
	for _, q := range []string{
		`DELETE FROM individual_session WHERE who IN (SELECT who FROM individual_login WHERE individual = $1)`,
		`DELETE FROM individual_login WHERE individual = $1`,
		`DELETE FROM individual_guardian WHERE individual = $1`,
		`DELETE FROM individual_case WHERE individual = $1`,
		`DELETE FROM individual_event WHERE individual = $1`,
	} {
		if _, err := tx.Exec(ctx, q, n); err != nil {
			return err
		}
	}
	return nil
}
