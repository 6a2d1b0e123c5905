package procedure

import (
	"context"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// Saying is a region's record as somebody makes it.
type Saying struct {
	Procedure ID
	Region    network.ID
	Number    int64 // the version it is about, which must be the one decided now
	After     int64 // the record of the region that it follows, which the speaker has seen; 0: none
	State     Answer
	Day       time.Time // adopted from; zero: today. Of what isn't adopted it is no matter
	Reason    string    // of a deviation what differs and why, of a refusal why; else what one likes
}

// Say records what a region does with a version. Only who speaks for the region may.
func (r *Room) Say(ctx context.Context, who network.Actor, in Saying) error {
	return r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p, err := r.procedure(ctx, tx, a, in.Procedure)
		if err != nil {
			return err
		}
		region, err := r.its(p, in.Region)
		if err != nil {
			return err
		}
		if !Speaks(a, in.Region) {
			return denied()
		}
		if p.Current == 0 {
			return fault.New(fault.Conflict, "nothing is decided yet").Say("procedure.undecided")
		}
		if in.Number != p.Current {
			return fault.New(fault.Conflict, "version %d is the one that is decided now", p.Current).Where("state").Say("procedure.newer", p.Current)
		}
		if err := in.clean(r.db.Now(), zone(region)); err != nil {
			return err
		}
		last, err := r.last(ctx, tx, p.ID, in.Region)
		if err != nil {
			return err
		}
		if last.Seq != in.After {
			return stale()
		}
		return r.insertRecord(ctx, tx, who, p, region, in)
	})
}

// its finds one of the regions that a procedure is for.
func (r *Room) its(p Procedure, id network.ID) (*network.Network, error) {
	for _, n := range r.askedBy(p) {
		if n.ID == id {
			return n, nil
		}
	}
	return nil, network.Absent()
}

func (in *Saying) clean(now time.Time, zone *time.Location) error {
	if err := oneOf("state", in.State, Answers...); err != nil {
		return err
	}
	in.Reason = typed(in.Reason)
	if in.State == Deviating || in.State == Declined {
		if in.Reason == "" {
			return fault.New(fault.Invalid, "%s needs a reason", in.State).Where("reason").Say("procedure.reason." + string(in.State))
		}
	}
	if err := short("reason", in.Reason, reasonLength); err != nil {
		return err
	}
	today := midnight(now.In(zone))
	if in.Day.IsZero() || !in.State.Covers() {
		in.Day = today
	}
	if in.Day.After(now) {
		return fault.New(fault.Invalid, "adopted on a day to come").Where("day").Say("procedure.day")
	}
	return nil
}

func (r *Room) insertRecord(ctx context.Context, tx *storage.Tx, who network.Actor, p Procedure, region *network.Network, in Saying) error {
	var seq int64
	err := tx.QueryRow(ctx, `INSERT INTO procedure_record (seq, procedure, region, number, state, day, reason, person, at)
		VALUES ((SELECT COALESCE(MAX(seq), 0) + 1 FROM procedure_record), $1, $2, $3, $4, $5, $6, $7, $8) RETURNING seq`,
		p.ID, in.Region, in.Number, in.State, micros(in.Day), in.Reason, who.Person, r.db.Now()).Scan(&seq)
	if err != nil {
		return err
	}
	open := 0
	if p.Visibility == network.Public {
		open = 1
	}
	_, err = tx.Exec(ctx, `INSERT INTO procedure_answer (procedure, region, root, seq, number, state, day, due, fresh, open) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9)
		ON CONFLICT (procedure, region) DO UPDATE SET seq = excluded.seq, number = excluded.number, state = excluded.state, day = excluded.day, due = excluded.due, fresh = 1, open = excluded.open`,
		p.ID, in.Region, p.Root, seq, in.Number, in.State, micros(in.Day), micros(p.AnswerBy), open)
	if err != nil {
		return err
	}
	if err := r.network.Record(ctx, tx, who, p.Root, string(p.ID), "procedure.said", map[string]string{"region": region.Slug, "state": string(in.State), "version": itoa(in.Number)}); err != nil {
		return err
	}
	if in.State != Declined && in.State != Deviating {
		return nil
	}
	people, err := r.holders(ctx, tx, `(s.body = $2 AND s.role = 'chair' OR b.network = $3 AND b.kind = 'secretariat')`, p.Body, p.Network)
	if err != nil {
		return err
	}
	return r.tell(ctx, tx, who, people, notice.Notice{Key: "notice.procedure." + string(in.State), Args: []string{p.Title, region.Name.Told()}, Link: r.path(p.Root, string(p.ID), "regions", region.Slug)})
}

const recordColumns = `c.seq, c.region, c.number, c.state, c.day, c.reason, COALESCE(w.name, ''), c.at`

const recordFrom = ` FROM procedure_record c LEFT JOIN person w ON w.id = c.person WHERE `

func scanRecord(row interface{ Scan(...any) error }, more ...any) (c Record, err error) {
	var day, at int64
	err = row.Scan(append([]any{&c.Seq, &c.Region, &c.Number, &c.State, &day, &c.Reason, &c.Name, &at}, more...)...)
	c.Day, c.At = moment(day), moment(at)
	return c, err
}

// last is what a region said last; the zero Record when it said nothing.
func (r *Room) last(ctx context.Context, tx *storage.Tx, id ID, region network.ID) (Record, error) {
	c, err := scanRecord(tx.QueryRow(ctx, `SELECT `+recordColumns+recordFrom+`c.procedure = $1 AND c.region = $2 ORDER BY c.seq DESC LIMIT 1`, id, region))
	if noRow(err) {
		return Record{}, nil
	}
	return c, err
}

// mostRecords is how much of a procedure's history is read.
const mostRecords = 5000

// records lists what regions said of a procedure, in the order they did.
func (r *Room) records(ctx context.Context, tx *storage.Tx, id ID) (out []Record, err error) {
	rows, err := tx.Query(ctx, `SELECT `+recordColumns+recordFrom+`c.procedure = $1 ORDER BY c.seq LIMIT $2`, id, mostRecords)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		c, err := scanRecord(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

func midnight(at time.Time) time.Time {
	return time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, at.Location())
}

// zone is where a network lives; UTC where this machine doesn't know it.
func zone(n *network.Network) *time.Location {
	z, err := time.LoadLocation(n.Zone)
	if err != nil {
		return time.UTC
	}
	return z
}
