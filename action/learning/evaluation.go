package learning

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/base64"
	"io"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// BatchSize is how many evaluations come to light together.
const BatchSize = 5

// Opinion is what somebody thought: four marks from 1 to 5, and words.
type Opinion struct {
	Useful int // of use in what I do
	Level  int // I could follow
	Voice  int // patients' experience was part of it
	Again  int // I would tell others to take part
	Text   string
	Lang   string
}

// Results is what those of whole batches thought.
type Results struct {
	Answers int      // that are shown
	Useful  [5]int   // how many gave 1 to 5
	Level   [5]int   //
	Voice   [5]int   //
	Again   [5]int   //
	Texts   []Spoken // in no order of time
}

// Spoken are somebody's words.
type Spoken struct{ Text, Lang string }

// Mean is the mean of a question's marks.
func Mean(marks [5]int) float64 {
	sum, n := 0, 0
	for i, m := range marks {
		sum, n = sum+m*(i+1), n+m
	}
	if n == 0 {
		return 0
	}
	return float64(sum) / float64(n)
}

// Evaluate takes what somebody who had a seat thought, once. It is kept without them, and without its time.
func (r *Room) Evaluate(ctx context.Context, who Registrant, o Opinion) error {
	return r.act(ctx, who.Actor, func(tx *storage.Tx, a network.Access) error {
		x, g, err := r.own(ctx, tx, a, who)
		if err != nil {
			return err
		}
		if err := r.evaluable(x, g); err != nil {
			return err
		}
		o.Text, o.Lang = typed(o.Text), cmp.Or(o.Lang, g.Lang)
		if err := cmp.Or(between("useful", o.Useful, 1, 5), between("level", o.Level, 1, 5), between("voice", o.Voice, 1, 5), between("again", o.Again, 1, 5),
			short("text", o.Text, 2000), oneOf("lang", o.Lang, "sv", "nb", "en")); err != nil {
			return err
		}
		var b [16]byte
		if _, err := io.ReadFull(r.options.Rand, b[:]); err != nil {
			return fault.Wrap(fault.Internal, err, "no randomness for an answer")
		}
		if _, err := tx.Exec(ctx, `INSERT INTO learning_answer (id, activity, batch, useful, level, voice, again, text, lang) VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8)`,
			base64.RawURLEncoding.EncodeToString(b[:]), x.ID, o.Useful, o.Level, o.Voice, o.Again, o.Text, o.Lang); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE learning_registration SET evaluated = 1 WHERE id = $1`, g.ID); err != nil {
			return err
		}
		return r.batch(ctx, tx, x.ID)
	})
}

// evaluable tells whether a registrant may say what they thought.
func (r *Room) evaluable(x Activity, g *Registration) error {
	switch {
	case g.State != Registered:
		return network.Absent()
	case g.Evaluated:
		return fault.New(fault.Conflict, "answered already").Say("learning.evaluated")
	case x.SelfPaced || x.Begun(r.db.Now()):
		return nil
	}
	return fault.New(fault.Conflict, "it hasn't begun").Say("learning.early")
}

// batch brings five answers to light, once five have come together.
func (r *Room) batch(ctx context.Context, tx *storage.Tx, id ID) error {
	var waiting int
	if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM learning_answer WHERE activity = $1 AND batch = 0`, id).Scan(&waiting); err != nil || waiting < BatchSize {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE learning_answer SET batch = (SELECT MAX(b.batch) + 1 FROM learning_answer b WHERE b.activity = $1) WHERE activity = $1 AND batch = 0`, id)
	return err
}

// results are those of whole batches; nil before the first.
func (r *Room) results(ctx context.Context, tx *storage.Tx, id ID) (*Results, error) {
	out := &Results{}
	for _, one := range []struct {
		column string
		to     *[5]int
	}{{"useful", &out.Useful}, {"level", &out.Level}, {"voice", &out.Voice}, {"again", &out.Again}} {
		out.Answers = 0
		rows, err := tx.Query(ctx, `SELECT `+one.column+`, COUNT(*) FROM learning_answer WHERE activity = $1 AND batch > 0 GROUP BY `+one.column, id)
		err = each(rows, err, func(rows *sql.Rows) error {
			var mark, n int
			err := rows.Scan(&mark, &n)
			if err == nil {
				one.to[mark-1] = n
				out.Answers += n
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if out.Answers == 0 {
			return nil, nil
		}
	}
	rows, err := tx.Query(ctx, `SELECT text, lang FROM learning_answer WHERE activity = $1 AND batch > 0 AND text <> '' ORDER BY id LIMIT 200`, id)
	err = each(rows, err, func(rows *sql.Rows) error {
		var s Spoken
		err := rows.Scan(&s.Text, &s.Lang)
		out.Texts = append(out.Texts, s)
		return err
	})
	return out, err
}
