package learning

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"math"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

const (
	mostQuestions = 30
	mostOptions   = 6
	mostTries     = 50

	// QuizPasses is how many per cent of the questions must be right.
	QuizPasses = 80
)

// Question is one of the quiz.
type Question struct {
	ID      string
	Text    string
	Options []string
	Answer  int    // which is right
	Why     string // said once it is answered
}

// AddQuestion puts a question into an activity's quiz: by who arranges it.
func (r *Room) AddQuestion(ctx context.Context, who network.Actor, id ID, q Question) error {
	return r.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		x, err := r.arranged(ctx, tx, a, id)
		if err != nil {
			return err
		}
		q.Text, q.Why = line(q.Text), line(q.Why)
		if err := cmp.Or(needed("question", q.Text, 500), short("reason", q.Why, 500)); err != nil {
			return err
		}
		for i := range q.Options {
			q.Options[i] = line(q.Options[i])
			if err := needed("options", q.Options[i], lineLength); err != nil {
				return err
			}
		}
		if len(q.Options) < 2 || len(q.Options) > mostOptions || q.Answer < 0 || q.Answer >= len(q.Options) {
			return fault.New(fault.Invalid, "a question has two options or more, one of them right").Where("options").Say("learning.options", mostOptions)
		}
		var n int
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM learning_question WHERE activity = $1`, id).Scan(&n); err != nil {
			return err
		}
		if n >= mostQuestions {
			return fault.New(fault.Conflict, "there are %d questions", n).Where("question").Say("learning.questions.many", n)
		}
		options, err := json.Marshal(q.Options)
		if err != nil {
			return fault.Wrap(fault.Internal, err, "options can't be written")
		}
		made, err := r.db.NewID()
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO learning_question (id, activity, text, options, answer, why) VALUES ($1, $2, $3, $4, $5, $6)`, made, id, q.Text, string(options), q.Answer, q.Why); err != nil {
			return err
		}
		return r.record(ctx, tx, who, x, "question", nil)
	})
}

// DropQuestion takes a question out of the quiz.
func (r *Room) DropQuestion(ctx context.Context, who network.Actor, id ID, question string) error {
	return r.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if _, err := r.arranged(ctx, tx, a, id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM learning_question WHERE id = $1 AND activity = $2`, question, id)
		return err
	})
}

func (r *Room) questions(ctx context.Context, tx *storage.Tx, id ID) (out []Question, err error) {
	rows, err := tx.Query(ctx, `SELECT id, text, options, answer, why FROM learning_question WHERE activity = $1 ORDER BY id LIMIT 100`, id)
	err = each(rows, err, func(rows *sql.Rows) error {
		var q Question
		var options string
		if err := rows.Scan(&q.ID, &q.Text, &options, &q.Answer, &q.Why); err != nil {
			return err
		}
		out = append(out, q)
		return json.Unmarshal([]byte(options), &out[len(out)-1].Options)
	})
	return out, err
}

// Quiz gives an activity's questions to who has a seat, or arranges it.
func (r *Room) Quiz(ctx context.Context, who Registrant) (x Activity, g *Registration, out []Question, err error) {
	err = r.look(ctx, who.Actor, func(tx *storage.Tx, a network.Access) error {
		if x, g, err = r.found(ctx, tx, a, who); err != nil {
			return err
		}
		if !arranges(a, x) && (g == nil || g.State != Registered) {
			return network.Absent()
		}
		out, err = r.questions(ctx, tx, x.ID)
		return err
	})
	return x, g, out, err
}

// Tried is how a try at the quiz went.
type Tried struct {
	Right  []bool // by question
	Score  int    // in per cent
	Passed bool
}

// Try answers the quiz: an option for each question, by its id. What was answered is kept nowhere, the best score is.
func (r *Room) Try(ctx context.Context, who Registrant, answers map[string]int) (t Tried, err error) {
	err = r.act(ctx, who.Actor, func(tx *storage.Tx, a network.Access) error {
		x, g, err := r.own(ctx, tx, a, who)
		if err != nil {
			return err
		}
		if g.State != Registered {
			return network.Absent()
		}
		if g.Tries >= mostTries {
			return fault.New(fault.Conflict, "tried %d times", g.Tries).Say("learning.tries")
		}
		all, err := r.questions(ctx, tx, x.ID)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return network.Absent()
		}
		t = Tried{}
		right := 0
		for _, q := range all {
			given, ok := answers[q.ID]
			if !ok {
				return fault.New(fault.Invalid, "a question isn't answered").Where("q-" + q.ID).Say("learning.unanswered")
			}
			t.Right = append(t.Right, given == q.Answer)
			if given == q.Answer {
				right++
			}
		}
		t.Score = int(math.Floor(100 * float64(right) / float64(len(all))))
		t.Passed = t.Score >= QuizPasses
		_, err = tx.Exec(ctx, `UPDATE learning_registration SET best = CASE WHEN best > $2 THEN best ELSE $2 END, tries = tries + 1, version = version + 1 WHERE id = $1`, g.ID, t.Score)
		if err != nil || !t.Passed || !x.SelfPaced || !x.Certificate {
			return err
		}
		g.Best = max(g.Best, t.Score) // at one's own pace, the quiz is what a certificate needs
		return r.certify(ctx, tx, x, nil, g)
	})
	return t, err
}
