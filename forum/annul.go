package forum

import (
	"context"
	"slices"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// A decision that was recorded by mistake is taken back while its meeting runs. Its row and its number stay, and it is a decision no
// more: decisionFrom finds it nowhere. Its item, its topic and what had become of each input are as they were before it, what it
// superseded stands again, and the minutes tell who took it back and why. Once the meeting is closed minutes are corrected instead.

// Annulment takes a decision back.
type Annulment struct {
	Decision DecisionID
	Version  int64 // of its item, when the annulment began
	Reason   string
	Draft    string // what the next decision on the item begins from, as SaveDraft keeps it; "" for what the item has
}

// Annulled is a decision that was taken back.
type Annulled struct {
	Item       ItemID
	Number     string
	Visibility network.Visibility
	At         time.Time
	By         network.PersonID
	Name       string
	Reason     string
}

// Annul takes a decision back, in the meeting that took it.
func (f *Forum) Annul(ctx context.Context, who network.Actor, x Annulment) error {
	x.Reason = typed(x.Reason)
	if err := needed("reason", x.Reason, maxText); err != nil {
		return err
	}
	if err := short("text", x.Draft, 3*maxText); err != nil {
		return err
	}
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		d, m, i, err := f.annullable(ctx, tx, a, x)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO decision_annulled (decision, at, actor, reason) VALUES ($1, $2, $3, $4)`, d.ID, f.db.Now(), who.Person, x.Reason); err != nil {
			return err
		}
		if err := f.unindex(ctx, tx, DecisionDoc, string(d.ID)); err != nil {
			return err
		}
		if err := f.standAgain(ctx, tx, who, d); err != nil {
			return err
		}
		if err := f.putBack(ctx, tx, who, d); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE meeting_item SET outcome = '', ended = 0, version = version + 1, draft = CASE $3 WHEN '' THEN draft ELSE $3 END,
				state = CASE WHEN EXISTS (SELECT 1 FROM meeting_item o WHERE o.meeting = $2 AND o.state = 'current') THEN 'planned' ELSE 'current' END
			WHERE id = $1`, i.ID, m.ID, x.Draft)
		if err != nil {
			return err
		}
		if err := f.record(ctx, tx, who, m.Root, string(m.ID), "meeting.decision.annulled", map[string]string{"number": d.Number}); err != nil {
			return err
		}
		return f.drawUpAgain(ctx, tx, who, m)
	})
}

// annullable finds a decision that can be taken back, in a running meeting of a body whose agenda the actor keeps.
func (f *Forum) annullable(ctx context.Context, tx *storage.Tx, a network.Access, x Annulment) (d Decision, m Meeting, i Item, err error) {
	if d, err = f.decision(ctx, tx, a, x.Decision); err != nil {
		return d, m, i, err
	}
	if d.Meeting == "" {
		return d, m, i, notAnnullable()
	}
	if m, i, err = f.keepsItem(ctx, tx, a, d.Item); err != nil {
		return d, m, i, err
	}
	switch {
	case m.State != Running:
		err = wrongState(m)
	case !d.Approved.IsZero():
		err = fault.New(fault.Conflict, "the decision is approved").Say("decision.annul.approved")
	case d.SupersededBy != "":
		err = fault.New(fault.Conflict, "the decision is superseded").Say("decision.superseded", d.Number)
	case i.Version != x.Version:
		err = stale()
	}
	return d, m, i, err
}

func notAnnullable() *fault.Error {
	return fault.New(fault.Conflict, "it is not known how it was before the decision").Say("decision.annul.never")
}

// remember keeps how everything is that a meeting's decision is about to change, for Annul.
func (f *Forum) remember(ctx context.Context, tx *storage.Tx, id DecisionID, topic TopicID) error {
	below, err := f.below(ctx, tx, topic)
	if err != nil {
		return err
	}
	in, args := places([]any{string(id)}, append(below, topic))
	for _, statement := range [...]string{
		`SELECT $1, 'topic', id, state, '', 0 FROM topic WHERE id IN (` + in + `)`,
		`SELECT $1, 'input', id, disposition, reason, disposed FROM topic_input WHERE disposition <> '' AND topic IN (` + in + `)`,
		`SELECT $1, 'lift', id, '', '', 0 FROM topic_lift WHERE answer = '' AND topic IN (` + in + `)`,
	} {
		if _, err := tx.Exec(ctx, `INSERT INTO decision_before (decision, kind, subject, was, reason, at) `+statement, args...); err != nil {
			return err
		}
	}
	return nil
}

// forgetBefore lets go of how it was before a meeting's decisions: nothing of them is taken back any more.
func (f *Forum) forgetBefore(ctx context.Context, tx *storage.Tx, m MeetingID) error {
	_, err := tx.Exec(ctx, `DELETE FROM decision_before WHERE decision IN (SELECT id FROM decision WHERE meeting = $1)`, m)
	return err
}

// putBack makes the topics of a decision, their inputs and the answers owed for them what they were before it.
func (f *Forum) putBack(ctx context.Context, tx *storage.Tx, who network.Actor, d Decision) error {
	if d.Topic == "" {
		return nil
	}
	rows, err := tx.Query(ctx, `SELECT subject FROM decision_before WHERE decision = $1 AND kind = 'topic' ORDER BY subject`, d.ID)
	if err != nil {
		return err
	}
	topics, err := column[TopicID](rows)
	if err != nil {
		return err
	}
	if len(topics) == 0 { // recorded before this was kept
		return notAnnullable()
	}
	for _, id := range topics {
		if err := f.reopen(ctx, tx, who, d.ID, id); err != nil {
			return err
		}
	}
	for _, statement := range [...]string{
		`UPDATE topic_lift SET answer = '', reason = '', answered = 0 WHERE id IN (SELECT subject FROM decision_before WHERE decision = $1 AND kind = 'lift')`,
		`UPDATE topic_input SET disposition = '', reason = '', disposed = 0, decision = '', version = version + 1 WHERE decision = $1
			AND NOT EXISTS (SELECT 1 FROM decision_before b WHERE b.decision = $1 AND b.kind = 'input' AND b.subject = topic_input.id)`,
		`UPDATE topic_input SET disposition = b.was, reason = b.reason, disposed = b.at, decision = '', version = version + 1 FROM decision_before b
			WHERE b.decision = $1 AND b.kind = 'input' AND b.subject = topic_input.id AND topic_input.decision = $1`,
	} {
		if _, err := tx.Exec(ctx, statement, d.ID); err != nil {
			return err
		}
	}
	return nil
}

// reopen takes a topic back to where it was before a decision, and tells those who follow it or got an answer by the decision.
func (f *Forum) reopen(ctx context.Context, tx *storage.Tx, who network.Actor, d DecisionID, id TopicID) error {
	_, err := tx.Exec(ctx, `UPDATE topic SET state = (SELECT was FROM decision_before WHERE decision = $2 AND kind = 'topic' AND subject = $1), moved = $3, version = version + 1
		WHERE id = $1`, id, d, f.db.Now())
	if err != nil {
		return err
	}
	t, err := f.anyTopic(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := f.record(ctx, tx, who, t.Root, string(id), "topic.annulled", nil); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `SELECT DISTINCT person FROM topic_input WHERE topic = $1 AND decision = $2`, id, d)
	if err != nil {
		return err
	}
	people, err := column[network.PersonID](rows)
	if err != nil {
		return err
	}
	following, err := f.followers(ctx, tx, t)
	if err != nil {
		return err
	}
	people = append(people, following...)
	slices.Sort(people)
	return f.tell(ctx, tx, who, t, slices.Compact(people), notice.Notice{Key: "notice.decision.annulled", Args: []string{t.Title}})
}

// standAgain writes down that what a decision superseded stands as it did.
func (f *Forum) standAgain(ctx context.Context, tx *storage.Tx, who network.Actor, d Decision) error {
	rows, err := tx.Query(ctx, `SELECT old FROM decision_supersedes WHERE decision = $1 ORDER BY old`, d.ID)
	if err != nil {
		return err
	}
	old, err := column[DecisionID](rows)
	for _, id := range old {
		if err := f.record(ctx, tx, who, d.Root, string(id), "decision.stands", map[string]string{"by": string(d.ID)}); err != nil {
			return err
		}
	}
	return err
}

// annulled lists decisions that were taken back, the first first.
func (f *Forum) annulled(ctx context.Context, tx *storage.Tx, where string, of string) (out []Annulled, err error) {
	rows, err := tx.Query(ctx, `SELECT d.item, d.year, d.number, d.visibility, x.at, x.actor, COALESCE(p.name, ''), x.reason
		FROM decision d JOIN decision_annulled x ON x.decision = d.id LEFT JOIN person p ON p.id = x.actor WHERE `+where+` ORDER BY x.at, d.number`, of)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var one Annulled
		var year, number int
		var at int64
		if err := rows.Scan(&one.Item, &year, &number, &one.Visibility, &at, &one.By, &one.Name, &one.Reason); err != nil {
			return nil, err
		}
		one.Number, one.At = decisionNumber(year, number), moment(at)
		out = append(out, one)
	}
	return out, rows.Err()
}
