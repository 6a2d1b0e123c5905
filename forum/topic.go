package forum

import (
	"context"
	"slices"
	"strings"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

const topicColumns = `t.id, t.case_number, t.root, t.network, COALESCE(t.body, ''), t.state, t.title, t.text, t.lang, t.field, t.level, t.kind,
	t.visibility, t.raised_by, COALESCE(t.raised_for, ''), t.sector, t.raised, t.moved, t.input_until, t.input_waived, COALESCE(t.into_topic, ''), t.version`

func scanTopic(row interface{ Scan(...any) error }, more ...any) (t Topic, err error) {
	var raised, moved, until int64
	err = row.Scan(append([]any{&t.ID, &t.Case, &t.Root, &t.Network, &t.Body, &t.State, &t.Title, &t.Text, &t.Lang, &t.Facets.Field, &t.Facets.Level, &t.Facets.Kind,
		&t.Visibility, &t.RaisedBy, &t.RaisedFor, &t.Sector, &raised, &moved, &until, &t.InputWaived, &t.Into, &t.Version}, more...)...)
	t.Raised, t.Moved, t.InputUntil = moment(raised), moment(moved), moment(until)
	return t, err
}

// topic finds a topic that the reader may see: by its scope, or because it is their own.
func (f *Forum) topic(ctx context.Context, tx *storage.Tx, a network.Access, id TopicID) (Topic, error) {
	t, err := f.anyTopic(ctx, tx, id)
	if err == nil && !sees(a, t) {
		return Topic{}, network.Absent()
	}
	return t, err
}

// TopicFor finds a topic that a reader may see, in the caller's transaction: for rooms whose nouns are decided on it.
func (f *Forum) TopicFor(ctx context.Context, tx *storage.Tx, a network.Access, id TopicID) (Topic, error) {
	return f.topic(ctx, tx, a, id)
}

func sees(a network.Access, t Topic) bool {
	return a.Sees(t.Scope()) || t.RaisedBy == a.Actor.Person && a.Registered(t.Root)
}

// anyTopic finds a topic, whoever asks.
func (f *Forum) anyTopic(ctx context.Context, tx *storage.Tx, id TopicID) (Topic, error) {
	t, err := scanTopic(tx.QueryRow(ctx, `SELECT `+topicColumns+` FROM topic t WHERE t.id = $1`, id))
	if noRow(err) {
		return Topic{}, network.Absent()
	}
	return t, err
}

// run finds a topic that the actor runs: as the chair of its body, or a coordinator of its network.
func (f *Forum) run(ctx context.Context, tx *storage.Tx, a network.Access, id TopicID) (Topic, error) {
	t, err := f.topic(ctx, tx, a, id)
	if err == nil && !a.Runs(t.Body, t.Network) {
		return Topic{}, denied()
	}
	return t, err
}

// move takes a topic into another state, writes it down and tells those who follow it. The caller has judged whether the
// actor may; what a state asks of the topic is judged here.
func (f *Forum) move(ctx context.Context, tx *storage.Tx, who network.Actor, t *Topic, to State, details map[string]string) error {
	if !slices.Contains(next[t.State], to) {
		return fault.New(fault.Conflict, "a topic that is %s can't become %s", t.State, to).Say("topic.state")
	}
	if err := f.ready(ctx, tx, *t, to); err != nil {
		return err
	}
	from := t.State
	t.State, t.Moved = to, f.db.Now()
	t.Version++
	if _, err := tx.Exec(ctx, `UPDATE topic SET state = $2, moved = $3, version = $4 WHERE id = $1`, t.ID, t.State, micros(t.Moved), t.Version); err != nil {
		return err
	}
	if err := f.record(ctx, tx, who, t.Root, string(t.ID), "topic."+string(to), details); err != nil {
		return err
	}
	if err := f.moveOrigins(ctx, tx, who, *t, details["reason"]); err != nil {
		return err
	}
	if to == InInput && from == InInput {
		return nil
	}
	return f.tellFollowers(ctx, tx, who, *t, notice.Notice{Key: "notice.topic.moved", Args: []string{t.Title, notice.Word("notice.topic.state." + string(to))}})
}

// ready judges what a state asks of a topic.
func (f *Forum) ready(ctx context.Context, tx *storage.Tx, t Topic, to State) error {
	if t.State == Lifted {
		if err := f.answered(ctx, tx, t, to); err != nil {
			return err
		}
	}
	switch to {
	case Prepared, OnAgenda:
		return f.heard(ctx, tx, t)
	case Decided:
		return f.disposed(ctx, tx, t)
	}
	return nil
}

// path is a topic's address.
func (f *Forum) path(t Topic) string { return f.address(t.Root) + "/topics/" + string(t.ID) }

// address begins the addresses of a tenant.
func (f *Forum) address(root network.ID) string {
	n, ok := f.network.Tree().Network(root)
	if !ok {
		return ""
	}
	return "/n/" + n.Slug
}

// asTopic gives who may see what is about a topic: those it was meant for, and nobody who may not see the topic as it is now. Every
// visibility that is kept of an item, a decision, a post or a part of minutes has been through it.
func (f *Forum) asTopic(ctx context.Context, tx *storage.Tx, id TopicID, v network.Visibility) (network.Visibility, error) {
	if id == "" {
		return v, nil
	}
	t, err := f.anyTopic(ctx, tx, id)
	return narrower(v, t.Visibility), err
}

// narrower gives the visibility that shows less; "" says nothing.
func narrower(a, b network.Visibility) network.Visibility {
	if a != "" && (b == "" || widens(a, b)) {
		return a
	}
	return b
}

// widens tells whether one visibility shows a thing to more people than another.
func widens(from, to network.Visibility) bool {
	order := []network.Visibility{network.NamedOnly, network.BodyOnly, network.NetworkOnly, network.Public}
	return slices.Index(order, to) > slices.Index(order, from)
}

// places writes $n, $n+1, … for a list, and adds its values to args.
func places[T ~string](args []any, values []T) (string, []any) {
	var b strings.Builder
	for i, v := range values {
		if i > 0 {
			b.WriteString(", ")
		}
		args = append(args, string(v))
		b.WriteString(place(len(args)))
	}
	return b.String(), args
}

// Topic finds a topic.
func (f *Forum) Topic(ctx context.Context, who network.Actor, id TopicID) (t Topic, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		t, err = f.topic(ctx, tx, a, id)
		return err
	})
	return t, err
}

// TopicByCase finds a topic of a tenant by its number, however it is written: "SE-2026-0123", "2026-123".
func (f *Forum) TopicByCase(ctx context.Context, who network.Actor, root network.ID, number string) (t Topic, err error) {
	number = caseOf(f.address(root), number)
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		t, err = scanTopic(tx.QueryRow(ctx, `SELECT `+topicColumns+` FROM topic t WHERE t.root = $1 AND t.case_number = $2`, root, number))
		if noRow(err) || err == nil && !sees(a, t) {
			return network.Absent()
		}
		return err
	})
	return t, err
}

// caseOf writes a number as the register does.
func caseOf(address, typed string) string {
	parts := strings.FieldsFunc(strings.ToUpper(typed), func(c rune) bool { return c == '-' || c == ' ' || c == '/' })
	if len(parts) == 2 {
		parts = append([]string{strings.ToUpper(strings.TrimPrefix(address, "/n/"))}, parts...)
	}
	if n := len(parts) - 1; n > 0 && len(parts[n]) < 4 {
		parts[n] = strings.Repeat("0", 4-len(parts[n])) + parts[n]
	}
	return strings.Join(parts, "-")
}
