package policy

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// tolerance is by how much clocks may differ before it is called a fault.
const tolerance = 2 * time.Minute

// hands are the earliest and the latest that it may be now: what begins must have begun by the first, what ends must not have ended by
// the second.
func (p *Policies) hands() (begin, end int64) {
	now := storage.Micros(p.db.Now())
	begin, end = now, p.see(now)
	if p.elapsed != nil {
		steady := p.began.Load() + p.elapsed().Microseconds()
		begin, end = min(begin, steady), max(end, steady)
	}
	return begin, end
}

// latest is now, and never before a time that was seen.
func (p *Policies) latest() time.Time {
	_, end := p.hands()
	return storage.Time(end)
}

// dated is the moment that what is spent now counts to: never before a time that was seen, nor after what the process itself has measured. So
// neither a clock that is set back nor one that leaps ahead gives anybody a new day.
func (p *Policies) dated() time.Time {
	now := p.see(storage.Micros(p.db.Now()))
	if p.elapsed != nil {
		now = min(now, p.began.Load()+p.elapsed().Microseconds())
	}
	return storage.Time(now)
}

// steady refuses while it isn't known what the time is.
func (p *Policies) steady() error {
	begin, end := p.hands()
	if end-begin <= tolerance.Microseconds() {
		return nil
	}
	return fault.New(fault.Unavailable, "the clock was set: it has been %s later than it is", time.Duration(end-begin)*time.Microsecond).
		Do("set the clock right and start samverk again; if it was wrong before, confirm that it is right now").Say("policy.clock")
}

// see notes a time and gives the latest one.
func (p *Policies) see(t int64) int64 {
	for {
		was := p.seen.Load()
		if t <= was {
			return was
		}
		if p.seen.CompareAndSwap(was, t) {
			return t
		}
	}
}

// begin notes when the process began, given what the time is now.
func (p *Policies) begin(now int64) {
	if p.elapsed != nil {
		p.began.Store(now - p.elapsed().Microseconds())
	}
}

// ConfirmClock says that the clock is right now, after it was wrong. What ended by the wrong time is in force again if it is by the
// right one, so it is for those who decide here, and kept.
func (p *Policies) ConfirmClock(ctx context.Context, by Actor, ground string) error {
	if err := needed("ground", ground); err != nil {
		return err
	}
	return p.db.Write(ctx, func(tx *storage.Tx) error {
		if err := p.mayRun(ctx, tx, by); err != nil {
			return err
		}
		now := storage.Micros(p.db.Now())
		_, err := tx.Exec(ctx, `INSERT INTO policy_clock (seq, seen, made_by, ground)
			SELECT COALESCE(MAX(seq), 0) + 1, CAST($1 AS BIGINT), $2, $3 FROM policy_clock`, now, by.name(), ground)
		if err != nil {
			return err
		}
		tx.OnCommit(func() {
			p.seen.Store(now)
			p.kept.Store(now)
			p.begin(now)
		})
		return nil
	})
}

// keepSeen keeps the latest time, so that a clock set back while nobody ran is noticed too. Within a second of the last one kept it does nothing.
func (p *Policies) keepSeen(ctx context.Context, tx *storage.Tx) error {
	now := storage.Micros(p.latest())
	if now-p.kept.Load() < time.Second.Microseconds() {
		return nil
	}
	_, err := tx.Exec(ctx, `INSERT INTO policy_clock (seq, seen, made_by, ground) SELECT COALESCE(MAX(seq), 1), CAST($1 AS BIGINT), 'samverk', '' FROM policy_clock WHERE TRUE
		ON CONFLICT (seq) DO UPDATE SET seen = excluded.seen WHERE excluded.seen > policy_clock.seen`, now)
	tx.OnCommit(func() { p.kept.Store(now) })
	return err
}

func seenIn(ctx context.Context, tx *storage.Tx) (seen int64, err error) {
	err = tx.QueryRow(ctx, `SELECT seen FROM policy_clock ORDER BY seq DESC LIMIT 1`).Scan(&seen)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return seen, err
}
