package forum

import (
	"context"
	"slices"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

const nameLength = 80

// Giving is an input as somebody gives it.
type Giving struct {
	Text         string
	Lang         string
	Name         string // as they want to be named; "" for not at all
	Organisation network.OrganisationID
	AsPatient    bool // they speak as a patient or someone close to one; who holds a patients' seat need not say so
}

// GiveInput says what patients think of a topic, until it is decided. What comes after the time that was asked for is
// marked as late.
func (f *Forum) GiveInput(ctx context.Context, who network.Actor, id TopicID, in Giving) (given InputID, err error) {
	err = f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		t, err := f.topic(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if err := f.mayGive(ctx, tx, a, t, in); err != nil {
			return err
		}
		in.Text, in.Name = typed(in.Text), typedLine(in.Name)
		if err := needed("text", in.Text, textLength); err != nil {
			return err
		}
		if err := short("name", in.Name, nameLength); err != nil {
			return err
		}
		if in.Lang == "" {
			in.Lang = t.Lang
		}
		if err := oneOf("lang", in.Lang, "sv", "nb", "en"); err != nil {
			return err
		}
		if given, err = f.insertInput(ctx, tx, who, t, in); err != nil {
			return err
		}
		if err := f.follow(ctx, tx, string(t.ID), who.Person); err != nil {
			return err
		}
		return f.tellRunners(ctx, tx, who, t, notice.Notice{Key: "notice.input.received", Args: []string{t.Title}})
	})
	return given, err
}

func (f *Forum) mayGive(ctx context.Context, tx *storage.Tx, a network.Access, t Topic, in Giving) error {
	if !a.Registered(t.Root) {
		return denied()
	}
	switch t.State {
	case Decided, Merged, Closed:
		return fault.New(fault.Conflict, "a topic that is %s takes no input", t.State).Say("topic.noinput")
	}
	if in.Organisation != "" {
		if err := f.speaksFor(ctx, tx, a, t.Root, in.Organisation); err != nil {
			return err
		}
		o, err := f.network.Organisation(ctx, tx, in.Organisation)
		if err != nil || o.Root != t.Root {
			return network.Absent()
		}
		if o.Sector == network.Patient {
			return nil
		}
	}
	if !in.AsPatient && !isPatient(a, t.Root) {
		return fault.New(fault.Invalid, "input is the patients' own").Where("aspatient").Say("topic.patients")
	}
	return nil
}

func (f *Forum) insertInput(ctx context.Context, tx *storage.Tx, who network.Actor, t Topic, in Giving) (InputID, error) {
	id, err := f.db.NewID()
	if err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, `INSERT INTO topic_input (id, topic, origin, person, name, organisation, text, lang, given, disposition, reason, disposed, decision, network, body, visibility, version)
		VALUES ($1, $2, $2, $3, $4, NULLIF($5, ''), $6, $7, $8, '', '', 0, '', $9, $10, $11, 1)`,
		id, t.ID, who.Person, in.Name, in.Organisation, in.Text, in.Lang, micros(f.db.Now()), t.Network, t.Body, t.Visibility)
	if err != nil {
		return "", err
	}
	if err := f.reindex(ctx, tx, InputDoc, id); err != nil {
		return "", err
	}
	// The line in the history names nobody: the contributor chose how to be named.
	return InputID(id), f.record(ctx, tx, network.Actor{}, t.Root, string(t.ID), "topic.given", nil)
}

// Dispose says what became of an input, and why: by who runs its topic's body, or the one that the topic was lifted to,
// until the topic is decided.
func (f *Forum) Dispose(ctx context.Context, who network.Actor, id InputID, version int64, d Disposition, reason string) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		return f.dispose(ctx, tx, who, a, id, version, d, reason, "")
	})
}

func (f *Forum) dispose(ctx context.Context, tx *storage.Tx, who network.Actor, a network.Access, id InputID, version int64, d Disposition, reason string, decision DecisionID) error {
	in, t, err := f.judged(ctx, tx, a, id)
	if err != nil {
		return err
	}
	if t.State == Decided || t.State == Merged {
		return fault.New(fault.Conflict, "what became of the input was part of the decision").Say("topic.judged")
	}
	if in.Version != version {
		return stale()
	}
	reason = typed(reason)
	if err := oneOf("disposition", d, Adopted, Partly, Declined); err != nil {
		return err
	}
	if err := needed("reason", reason, textLength); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE topic_input SET disposition = $2, reason = $3, disposed = $4, decision = $5, version = version + 1 WHERE id = $1`,
		id, d, reason, micros(f.db.Now()), decision)
	if err != nil {
		return err
	}
	if err := f.record(ctx, tx, who, t.Root, string(t.ID), "topic.disposed", map[string]string{"disposition": string(d)}); err != nil {
		return err
	}
	return f.tell(ctx, tx, who, t, []network.PersonID{in.Person},
		notice.Notice{Key: "notice.input.answered", Args: []string{t.Title, notice.Word("notice.disposition." + string(d))}})
}

// judged finds an input that is the actor's to judge, and its topic.
func (f *Forum) judged(ctx context.Context, tx *storage.Tx, a network.Access, id InputID) (Input, Topic, error) {
	in, err := scanInput(tx.QueryRow(ctx, `SELECT `+inputColumns+` FROM topic_input i JOIN topic t ON t.id = i.origin WHERE i.id = $1`, id))
	if noRow(err) {
		return in, Topic{}, network.Absent()
	}
	if err != nil {
		return in, Topic{}, err
	}
	t, err := f.anyTopic(ctx, tx, in.Topic)
	if err != nil {
		return in, t, err
	}
	above, err := f.above(ctx, tx, t)
	if err != nil {
		return in, t, err
	}
	for _, one := range append([]Topic{t}, above...) {
		if a.Runs(one.Body, one.Network) {
			return in, t, nil
		}
	}
	if !a.Sees(in.Scope) {
		return in, t, network.Absent()
	}
	return in, t, denied()
}

const inputColumns = `i.id, i.topic, i.origin, i.person, i.name, COALESCE(i.organisation, ''), i.text, i.lang, i.given, i.disposition, i.reason, i.disposed,
	i.decision, i.network, i.body, i.visibility, i.version, t.input_until, COALESCE((SELECT o.name FROM organisation o WHERE o.id = i.organisation), '')`

func scanInput(row interface{ Scan(...any) error }) (in Input, err error) {
	var given, disposed, until int64
	err = row.Scan(&in.ID, &in.Topic, &in.Origin, &in.Person, &in.Name, &in.Organisation, &in.Text, &in.Lang, &given, &in.Disposition, &in.Reason, &disposed,
		&in.Decision, &in.Scope.Network, &in.Scope.Body, &in.Scope.Visibility, &in.Version, &until, &in.By)
	in.Given, in.Disposed = moment(given), moment(disposed)
	in.Late = until != 0 && given > until
	return in, err
}

// inputs lists what patients said of a topic and of those it came from, the oldest first, that the reader may see: what
// they could see when it was given, their own, and everything for those who sit in the body that judges it.
func (f *Forum) inputs(ctx context.Context, tx *storage.Tx, a network.Access, t Topic) ([]Input, error) {
	all, err := f.allInputs(ctx, tx, t)
	if err != nil || a.Runs(t.Body, t.Network) {
		return all, err
	}
	if !a.In(t.Body) {
		all = slices.DeleteFunc(all, func(in Input) bool { return in.Person != a.Actor.Person && !a.Sees(in.Scope) })
	}
	for i := range all {
		if all[i].Person != a.Actor.Person {
			all[i].Person = "" // they are named as they wish
		}
	}
	return all, nil
}

// Inputs lists what patients said of a topic, as far as the reader may see it.
func (f *Forum) Inputs(ctx context.Context, who network.Actor, id TopicID) (out []Input, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		t, err := f.topic(ctx, tx, a, id)
		if err != nil {
			return err
		}
		out, err = f.inputs(ctx, tx, a, t)
		return err
	})
	return out, err
}

// allInputs lists every input of a topic and of those that were lifted to it.
func (f *Forum) allInputs(ctx context.Context, tx *storage.Tx, t Topic) ([]Input, error) {
	ids, err := f.below(ctx, tx, t.ID)
	if err != nil {
		return nil, err
	}
	return f.inputsOf(ctx, tx, append(ids, t.ID)...)
}

// inputsOf lists every input of some topics.
func (f *Forum) inputsOf(ctx context.Context, tx *storage.Tx, topics ...TopicID) ([]Input, error) {
	in, args := places(nil, topics)
	rows, err := tx.Query(ctx, `SELECT `+inputColumns+` FROM topic_input i JOIN topic t ON t.id = i.origin WHERE i.topic IN (`+in+`) ORDER BY i.given, i.id LIMIT 1000`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Input
	for rows.Next() {
		one, err := scanInput(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, rows.Err()
}

// disposed says whether every input of a topic, and of those that were lifted to it, has its disposition.
func (f *Forum) disposed(ctx context.Context, tx *storage.Tx, t Topic) error {
	ids, err := f.below(ctx, tx, t.ID)
	if err != nil {
		return err
	}
	in, args := places(nil, append([]TopicID{t.ID}, ids...))
	var open int
	if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM topic_input WHERE disposition = '' AND topic IN (`+in+`)`, args...).Scan(&open); err != nil {
		return err
	}
	if open > 0 {
		return fault.New(fault.Conflict, "%d inputs lack their disposition", open).Say("topic.undisposed", open)
	}
	return nil
}
