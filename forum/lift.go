package forum

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// Criteria are the reasons for which a topic belongs to the level above, in the order they are shown.
var Criteria = []string{"equal", "law", "cost", "rare", "data", "competence"}

// Answer is what the body above says of a lifted topic.
type Answer string

// The answers. The zero Answer is owed.
const (
	Owing    Answer = ""
	Accepted Answer = "accepted" // it takes the topic up
	Refused  Answer = "returned" // it gives it back, with reasons
)

// Lift is a topic sent to the parent's body, and the answer it is owed.
type Lift struct {
	ID       LiftID
	Root     network.ID
	Origin   TopicID
	Body     network.BodyID // that lifted it
	Topic    TopicID        // at the parent: one topic may be lifted there from several
	Made     bool           // Topic was made by this lift
	Criteria []string
	Why      string
	Lang     string
	Lifted   time.Time
	Due      time.Time
	Answer   Answer
	Reason   string
	Answered time.Time
	Delay    string // why the answer waits, in the owing body's words
}

// Late tells by how long an owed answer is late; 0 when it isn't.
func (l Lift) Late(now time.Time) time.Duration {
	if l.Answer != Owing || !now.After(l.Due) {
		return 0
	}
	return now.Sub(l.Due)
}

// Lifting is a topic's way up.
type Lifting struct {
	Body     network.BodyID // of the parent network; "" with Into
	Into     TopicID        // a topic there about the same thing, to be joined
	Criteria []string
	Why      string
	Lang     string
}

// Lift sends a topic to a body of the parent network, with its history: as a new topic there, or joined with one.
func (f *Forum) Lift(ctx context.Context, who network.Actor, id TopicID, in Lifting) (lift LiftID, err error) {
	err = f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		t, err := f.run(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if err := in.check(&t); err != nil {
			return err
		}
		to, made, err := f.liftTarget(ctx, tx, who, a, t, in)
		if err != nil {
			return err
		}
		if lift, err = f.insertLift(ctx, tx, who, t, to, made, in); err != nil {
			return err
		}
		if err := f.carryEvidence(ctx, tx, t.ID, to.ID); err != nil {
			return err
		}
		return f.move(ctx, tx, who, &t, Lifted, map[string]string{"body": string(to.Body)})
	})
	return lift, err
}

func (in *Lifting) check(t *Topic) error {
	if !slices.Contains(next[t.State], Lifted) {
		return fault.New(fault.Conflict, "a topic that is %s can't be lifted", t.State).Say("topic.state")
	}
	if in.Lang == "" {
		in.Lang = t.Lang
	}
	in.Why = typed(in.Why)
	for _, c := range in.Criteria {
		if err := oneOf("criteria", c, Criteria...); err != nil {
			return err
		}
	}
	if len(in.Criteria) == 0 {
		return missing("criteria")
	}
	return needed("why", in.Why, textLength)
}

// liftTarget gives the topic at the parent.
func (f *Forum) liftTarget(ctx context.Context, tx *storage.Tx, who network.Actor, a network.Access, t Topic, in Lifting) (to Topic, made bool, err error) {
	n, ok := f.network.Tree().Network(t.Network)
	if !ok || n.Parent == "" {
		return to, false, fault.New(fault.Conflict, "there is no network above this one").Say("lift.top")
	}
	if in.Into != "" {
		to, err = f.joined(ctx, tx, a, t, n.Parent, in.Into)
		return to, false, err
	}
	b, err := f.openBody(ctx, tx, a, in.Body)
	if err != nil {
		return to, false, err
	}
	if b.Network != n.Parent {
		return to, false, fault.New(fault.Invalid, "the body isn't the parent's").Where("body").Say("lift.parent")
	}
	to = Topic{Root: t.Root, Network: b.Network, Body: b.ID, Title: t.Title, Text: t.Text, Lang: t.Lang, Facets: t.Facets, Visibility: t.Visibility,
		RaisedBy: who.Person, RaisedFor: t.RaisedFor, Sector: t.Sector}
	return to, true, f.insertTopic(ctx, tx, who, &to, "topic.raised", map[string]string{"lifted": "yes"})
}

// joined finds the parent's topic that another is joined with, and judges whether it may be.
func (f *Forum) joined(ctx context.Context, tx *storage.Tx, a network.Access, t Topic, parent network.ID, into TopicID) (Topic, error) {
	to, err := f.topic(ctx, tx, a, into)
	if err != nil {
		return to, err
	}
	if to.Network != parent || to.Body == "" {
		return to, fault.New(fault.Invalid, "the topic isn't with a body of the parent's").Where("into").Say("lift.parent")
	}
	switch to.State {
	case Raised, InInput, Prepared, OnAgenda, Returned:
	default:
		return to, fault.New(fault.Conflict, "a topic that is %s takes no others up", to.State).Where("into").Say("lift.ended")
	}
	if widens(t.Visibility, to.Visibility) {
		return to, fault.New(fault.Conflict, "more people see the topic above than may see this one").Where("into").Say("topic.wider")
	}
	return to, nil
}

func (f *Forum) insertLift(ctx context.Context, tx *storage.Tx, who network.Actor, t, to Topic, made bool, in Lifting) (LiftID, error) {
	id, err := f.db.NewID()
	if err != nil {
		return "", err
	}
	b, err := f.network.Body(ctx, tx, to.Body)
	if err != nil {
		return "", err
	}
	criteria, err := json.Marshal(in.Criteria)
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "criteria can't be written")
	}
	now := f.db.Now()
	local := now.In(f.zoneOf(to.Network))
	due := time.Date(local.Year(), local.Month(), local.Day()+b.AnswerDays+1, 0, 0, 0, 0, local.Location())
	_, err = tx.Exec(ctx, `INSERT INTO topic_lift (id, root, origin, body, topic, made, person, criteria, why, lang, lifted, due, answer, reason, answered, delay, told)
		VALUES ($1, $2, $3, NULLIF($4, ''), $5, $6, $7, $8, $9, $10, $11, $12, '', '', 0, '', 0)`,
		id, t.Root, t.ID, t.Body, to.ID, made, who.Person, string(criteria), in.Why, in.Lang, micros(now), micros(due))
	if err != nil {
		return "", err
	}
	if err := f.record(ctx, tx, who, to.Root, string(to.ID), "topic.joined", map[string]string{"network": string(t.Network)}); err != nil {
		return "", err
	}
	n, ok := f.network.Tree().Network(t.Network)
	if !ok {
		return "", network.Absent()
	}
	last := due.Add(-time.Second)
	return LiftID(id), f.tellRunners(ctx, tx, who, to, notice.Notice{Key: "notice.topic.lifted", Args: []string{to.Title, n.Name.Told(), notice.Day(last)}})
}

// AnswerLift says whether the body above takes the topic up or gives it back, with reasons: by who runs that body.
func (f *Forum) AnswerLift(ctx context.Context, who network.Actor, id LiftID, answer Answer, reason string) error {
	reason = typed(reason)
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		l, to, err := f.owing(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if err := oneOf("answer", answer, Accepted, Refused); err != nil {
			return err
		}
		if answer == Refused {
			if err := needed("reason", reason, textLength); err != nil {
				return err
			}
		}
		if err := f.answerLift(ctx, tx, who, l, to, answer, reason); err != nil {
			return err
		}
		if answer == Accepted {
			return nil
		}
		return f.emptied(ctx, tx, who, to, reason)
	})
}

// owing finds a lift whose answer is owed, and the topic above, for who runs its body.
func (f *Forum) owing(ctx context.Context, tx *storage.Tx, a network.Access, id LiftID) (Lift, Topic, error) {
	l, err := scanLift(tx.QueryRow(ctx, `SELECT `+liftColumns+` FROM topic_lift l WHERE l.id = $1`, id))
	if noRow(err) {
		return l, Topic{}, network.Absent()
	}
	if err != nil {
		return l, Topic{}, err
	}
	to, err := f.run(ctx, tx, a, l.Topic)
	if err == nil && l.Answer != Owing {
		err = fault.New(fault.Conflict, "the answer has been given").Say("lift.answered")
	}
	return l, to, err
}

// answerLift keeps the answer and tells the body that lifted; a topic that is given back is returned there.
func (f *Forum) answerLift(ctx context.Context, tx *storage.Tx, who network.Actor, l Lift, to Topic, answer Answer, reason string) error {
	_, err := tx.Exec(ctx, `UPDATE topic_lift SET answer = $2, reason = $3, answered = $4 WHERE id = $1`, l.ID, answer, reason, micros(f.db.Now()))
	if err != nil {
		return err
	}
	origin, err := f.anyTopic(ctx, tx, l.Origin)
	if err != nil {
		return err
	}
	details := map[string]string{"body": string(to.Body)}
	if reason != "" {
		details["reason"] = reason
	}
	if err := f.record(ctx, tx, who, to.Root, string(to.ID), "lift."+string(answer), map[string]string{"network": string(origin.Network)}); err != nil {
		return err
	}
	word := "notice.lift.accepted"
	if answer == Refused {
		word = "notice.lift.returned"
		if err := f.move(ctx, tx, who, &origin, Returned, details); err != nil {
			return err
		}
	} else if err := f.record(ctx, tx, who, origin.Root, string(origin.ID), "lift.accepted", details); err != nil {
		return err
	}
	return f.tellRunners(ctx, tx, who, origin, notice.Notice{Key: "notice.lift.answered", Args: []string{origin.Title, notice.Word(word)}})
}

// emptied closes a topic that was made by lifting once it has been given back to everybody.
func (f *Forum) emptied(ctx context.Context, tx *storage.Tx, who network.Actor, to Topic, reason string) error {
	lifts, err := f.liftsTo(ctx, tx, to.ID)
	if err != nil {
		return err
	}
	made := false
	for _, l := range lifts {
		if l.Answer != Refused {
			return nil
		}
		made = made || l.Made
	}
	if !made || !slices.Contains(next[to.State], Closed) {
		return nil
	}
	return f.move(ctx, tx, who, &to, Closed, map[string]string{"reason": reason})
}

// moveOrigins lets the topics that were lifted to one follow it: what is decided above is decided for them, and what ends
// above without a decision goes back to them with the reason.
func (f *Forum) moveOrigins(ctx context.Context, tx *storage.Tx, who network.Actor, to Topic, reason string) error {
	if to.State != Decided && to.State != Returned && to.State != Closed {
		return nil
	}
	lifts, err := f.liftsTo(ctx, tx, to.ID)
	if err != nil {
		return err
	}
	for _, l := range lifts {
		switch {
		case l.Answer == Refused:
			continue
		case to.State != Decided:
			err = f.answerLift(ctx, tx, who, l, to, Refused, reason)
		case l.Answer == Owing:
			if err = f.answerLift(ctx, tx, who, l, to, Accepted, ""); err == nil {
				err = f.decideOrigin(ctx, tx, who, l, to)
			}
		default:
			err = f.decideOrigin(ctx, tx, who, l, to)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// answered judges whether a lifted topic may go on: it is the body above that gives it back or decides it.
func (f *Forum) answered(ctx context.Context, tx *storage.Tx, t Topic, to State) error {
	lifts, err := f.liftsFrom(ctx, tx, t.ID)
	if err != nil {
		return err
	}
	for _, l := range lifts {
		if l.Answer == Refused {
			continue
		}
		above, err := f.anyTopic(ctx, tx, l.Topic)
		if err != nil {
			return err
		}
		if to != Decided || above.State != Decided {
			return fault.New(fault.Conflict, "a lifted topic is the body's above").Say("topic.lifted")
		}
	}
	return nil
}

func (f *Forum) decideOrigin(ctx context.Context, tx *storage.Tx, who network.Actor, l Lift, to Topic) error {
	origin, err := f.anyTopic(ctx, tx, l.Origin)
	if err != nil {
		return err
	}
	return f.move(ctx, tx, who, &origin, Decided, map[string]string{"body": string(to.Body)})
}

// DelayLift says in public why an owed answer waits: by who runs the body that owes it.
func (f *Forum) DelayLift(ctx context.Context, who network.Actor, id LiftID, why string) error {
	why = typed(why)
	if err := needed("delay", why, textLength); err != nil {
		return err
	}
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		l, to, err := f.owing(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE topic_lift SET delay = $2 WHERE id = $1`, l.ID, why); err != nil {
			return err
		}
		return f.record(ctx, tx, who, to.Root, string(to.ID), "lift.delayed", map[string]string{"reason": why})
	})
}

const liftColumns = `l.id, l.root, l.origin, COALESCE(l.body, ''), l.topic, l.made, l.criteria, l.why, l.lang, l.lifted, l.due, l.answer, l.reason, l.answered, l.delay`

func scanLift(row interface{ Scan(...any) error }, more ...any) (l Lift, err error) {
	var made, lifted, due, answered int64
	var criteria string
	err = row.Scan(append([]any{&l.ID, &l.Root, &l.Origin, &l.Body, &l.Topic, &made, &criteria, &l.Why, &l.Lang, &lifted, &due, &l.Answer, &l.Reason, &answered, &l.Delay}, more...)...)
	if err != nil {
		return l, err
	}
	l.Made, l.Lifted, l.Due, l.Answered = made != 0, moment(lifted), moment(due), moment(answered)
	if err := json.Unmarshal([]byte(criteria), &l.Criteria); err != nil {
		return l, fault.Wrap(fault.Internal, err, "a lift's criteria can't be read")
	}
	return l, nil
}

// liftsTo lists the lifts that reached a topic, the first first.
func (f *Forum) liftsTo(ctx context.Context, tx *storage.Tx, id TopicID) ([]Lift, error) {
	return f.lifts(ctx, tx, `l.topic = $1`, id)
}

// liftsFrom lists a topic's own lifts, the first first.
func (f *Forum) liftsFrom(ctx context.Context, tx *storage.Tx, id TopicID) ([]Lift, error) {
	return f.lifts(ctx, tx, `l.origin = $1`, id)
}

func (f *Forum) lifts(ctx context.Context, tx *storage.Tx, where string, id TopicID) ([]Lift, error) {
	rows, err := tx.Query(ctx, `SELECT `+liftColumns+` FROM topic_lift l WHERE `+where+` ORDER BY l.lifted, l.id LIMIT 200`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Lift
	for rows.Next() {
		l, err := scanLift(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, rows.Err()
}

// below lists the topics that were lifted to one and not given back, and those that were lifted to them.
func (f *Forum) below(ctx context.Context, tx *storage.Tx, id TopicID) (ids []TopicID, err error) {
	rows, err := tx.Query(ctx, `WITH RECURSIVE down (id) AS (
			SELECT origin FROM topic_lift WHERE topic = $1 AND answer <> 'returned'
			UNION SELECT l.origin FROM topic_lift l JOIN down ON l.topic = down.id WHERE l.answer <> 'returned')
		SELECT id FROM down ORDER BY id LIMIT 500`, id)
	if err != nil {
		return nil, err
	}
	return column[TopicID](rows)
}

// above lists the topics that one was lifted to and not given back from.
func (f *Forum) above(ctx context.Context, tx *storage.Tx, t Topic) (out []Topic, err error) {
	rows, err := tx.Query(ctx, `WITH RECURSIVE up (id) AS (
			SELECT topic FROM topic_lift WHERE origin = $1 AND answer <> 'returned'
			UNION SELECT l.topic FROM topic_lift l JOIN up ON l.origin = up.id WHERE l.answer <> 'returned')
		SELECT id FROM up ORDER BY id LIMIT 100`, t.ID)
	if err != nil {
		return nil, err
	}
	ids, err := column[TopicID](rows)
	for _, id := range ids {
		one, err := f.anyTopic(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, err
}
