package forum

import (
	"context"
	"slices"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

const topicColumns = `t.id, t.case_number, t.root, t.network, COALESCE(t.body, ''), t.state, t.title, t.text, t.lang, t.field, t.level, t.kind,
	t.visibility, t.raised_by, COALESCE(t.raised_for, ''), t.raised, t.moved, t.input_until, t.input_waived, COALESCE(t.into_topic, ''), t.version`

func scanTopic(row interface{ Scan(...any) error }) (t Topic, err error) {
	var raised, moved, until int64
	err = row.Scan(&t.ID, &t.Case, &t.Root, &t.Network, &t.Body, &t.State, &t.Title, &t.Text, &t.Lang, &t.Facets.Field, &t.Facets.Level, &t.Facets.Kind,
		&t.Visibility, &t.RaisedBy, &t.RaisedFor, &raised, &moved, &until, &t.InputWaived, &t.Into, &t.Version)
	t.Raised, t.Moved, t.InputUntil = moment(raised), moment(moved), moment(until)
	return t, err
}

// topic finds a topic that the reader may see.
func (f *Forum) topic(ctx context.Context, tx *storage.Tx, a network.Access, id TopicID) (Topic, error) {
	t, err := scanTopic(tx.QueryRow(ctx, `SELECT `+topicColumns+` FROM topic t WHERE t.id = $1`, id))
	if noRow(err) || err == nil && !a.Sees(t.Scope()) {
		return Topic{}, network.Absent()
	}
	return t, err
}

// move takes a topic into another state and writes it down. The caller has judged whether the actor may.
func (f *Forum) move(ctx context.Context, tx *storage.Tx, who network.Actor, t *Topic, to State, details map[string]string) error {
	if !slices.Contains(next[t.State], to) {
		return fault.New(fault.Conflict, "a topic that is %s can't become %s", t.State, to).Say("topic.state", string(t.State), string(to))
	}
	t.State, t.Moved = to, f.db.Now()
	t.Version++
	if _, err := tx.Exec(ctx, `UPDATE topic SET state = $2, moved = $3, version = $4 WHERE id = $1`, t.ID, t.State, micros(t.Moved), t.Version); err != nil {
		return err
	}
	return f.record(ctx, tx, who, t.Root, string(t.ID), "topic."+string(to), details)
}
