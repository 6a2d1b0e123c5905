package forum

import (
	"cmp"
	"context"
	"slices"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// Raising is what somebody raises.
type Raising struct {
	Network    network.ID     // whose coordinator finds the group; that of Body when there is one
	Body       network.BodyID // "" when the raiser doesn't know
	Title      string
	Text       string // Markdown
	Lang       string // "" for the network's own
	Facets     Facets
	Visibility network.Visibility     // "" for the network
	For        network.OrganisationID // "" for oneself
	AsPatient  bool                   // raised as a patient or someone close to one
}

// Raise makes a topic. Whoever is registered in the tenant may.
func (f *Forum) Raise(ctx context.Context, who network.Actor, in Raising) (t Topic, err error) {
	err = f.act(ctx, who, func(tx *storage.Tx, a network.Access) (err error) {
		t, err = f.RaiseIn(ctx, tx, a, in)
		return err
	})
	return t, err
}

// RaiseIn is Raise in the transaction of a room whose noun raises it, with evidence.
func (f *Forum) RaiseIn(ctx context.Context, tx *storage.Tx, a network.Access, in Raising, evidence ...Citing) (Topic, error) {
	who := a.Actor
	t := Topic{Network: in.Network, Body: in.Body, Title: typedLine(in.Title), Text: typed(in.Text), Lang: in.Lang, Facets: in.Facets,
		Visibility: in.Visibility, RaisedBy: who.Person, RaisedFor: in.For}
	if err := f.toBody(ctx, tx, a, &t); err != nil {
		return t, err
	}
	if err := t.check(); err != nil {
		return t, err
	}
	var err error
	if t.Sector, err = f.voice(ctx, tx, a, t.Root, in.For, in.AsPatient); err != nil {
		return t, err
	}
	if err := f.insertTopic(ctx, tx, who, &t, "topic.raised", nil); err != nil {
		return t, err
	}
	for _, e := range evidence {
		if _, err := f.addEvidence(ctx, tx, who, t, e); err != nil {
			return t, err
		}
	}
	return t, f.tellRunners(ctx, tx, who, t, notice.Notice{Key: "notice.topic.moved", Args: []string{t.Title, notice.Word("notice.topic.state.raised")}})
}

// toBody places a new topic where it was raised.
func (f *Forum) toBody(ctx context.Context, tx *storage.Tx, a network.Access, t *Topic) error {
	if t.Body != "" {
		b, err := f.openBody(ctx, tx, a, t.Body)
		if err != nil {
			return err
		}
		t.Network = b.Network
	}
	n, ok := f.network.Tree().Network(t.Network)
	if !ok || !a.Registered(n.Root) {
		return network.Absent()
	}
	if !n.Closed.IsZero() {
		return fault.New(fault.Conflict, "the network is closed").Where("network").Say("forum.closed")
	}
	t.Root = n.Root
	if t.Lang == "" {
		t.Lang = n.Lang
	}
	if t.Visibility == "" {
		t.Visibility = network.NetworkOnly
	}
	return nil
}

// openBody finds a body that the actor may see and that hasn't ended.
func (f *Forum) openBody(ctx context.Context, tx *storage.Tx, a network.Access, id network.BodyID) (network.Body, error) {
	b, err := f.network.Body(ctx, tx, id)
	if err != nil || !a.Sees(b.Scope()) {
		return network.Body{}, cmp.Or[error](err, network.Absent())
	}
	if !b.Closed.IsZero() {
		return b, fault.New(fault.Conflict, "the body is closed").Where("body").Say("forum.closed")
	}
	return b, nil
}

// check says what is wrong with what was typed.
func (t Topic) check() error {
	return cmp.Or(
		needed("title", t.Title, titleLength), needed("text", t.Text, textLength),
		oneOf("lang", t.Lang, "sv", "nb", "en"),
		oneOf("visibility", t.Visibility, network.Public, network.NetworkOnly, network.BodyOnly),
		facet("field", t.Facets.Field, Fields), facet("level", t.Facets.Level, Levels), facet("kind", t.Facets.Kind, Kinds),
	)
}

func facet(field, v string, of []string) error {
	if v == "" {
		return nil
	}
	return oneOf(field, v, of...)
}

// voice tells for which sector somebody speaks: their organisation's, a patient's when they say so, else their seat's.
func (f *Forum) voice(ctx context.Context, tx *storage.Tx, a network.Access, root network.ID, org network.OrganisationID, asPatient bool) (network.Sector, error) {
	if org != "" {
		o, err := f.network.Organisation(ctx, tx, org)
		if err != nil || o.Root != root || !o.Closed.IsZero() {
			return "", cmp.Or[error](err, network.Absent())
		}
		return o.Sector, f.speaksFor(ctx, tx, a, root, org)
	}
	if asPatient || isPatient(a, root) {
		return network.Patient, nil
	}
	for _, s := range a.Seats {
		if s.Root == root {
			return s.Sector, nil
		}
	}
	return "", nil
}

// isPatient tells whether the person holds a patient's seat in the tenant.
func isPatient(a network.Access, root network.ID) bool {
	return slices.ContainsFunc(a.Seats, func(s network.Place) bool { return s.Root == root && s.Sector == network.Patient })
}

// speaksFor says who may act in an organisation's name: whoever it nominated to a seat they hold, and those who
// coordinate the whole tenant, who write down what came on paper.
func (f *Forum) speaksFor(ctx context.Context, tx *storage.Tx, a network.Access, root network.ID, org network.OrganisationID) error {
	if a.Coordinates(root) {
		return nil
	}
	var n int
	now := storage.Micros(f.db.Now())
	err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM holding h JOIN seat s ON s.id = h.seat
		WHERE h.person = $1 AND h.starts <= $2 AND (h.ends = 0 OR h.ends > $2) AND s.closed = 0 AND s.nominator = $3`, a.Actor.Person, now, org).Scan(&n)
	if err == nil && n == 0 {
		err = fault.New(fault.Denied, "the person holds no seat that this organisation nominated to").Where("for").Say("topic.for")
	}
	return err
}

// Organisations lists in whose name somebody may raise topics and give input.
func (f *Forum) Organisations(ctx context.Context, who network.Actor, root network.ID) (out []network.Organisation, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		now := storage.Micros(f.db.Now())
		rows, err := tx.Query(ctx, `SELECT DISTINCT s.nominator FROM holding h JOIN seat s ON s.id = h.seat JOIN organisation o ON o.id = s.nominator
			WHERE h.person = $1 AND h.starts <= $2 AND (h.ends = 0 OR h.ends > $2) AND s.closed = 0 AND o.root = $3 AND o.closed = 0 ORDER BY s.nominator`, who.Person, now, root)
		if err != nil {
			return err
		}
		ids, err := column[network.OrganisationID](rows)
		for _, id := range ids {
			o, err := f.network.Organisation(ctx, tx, id)
			if err != nil {
				return err
			}
			out = append(out, o)
		}
		return err
	})
	return out, err
}

// insertTopic keeps a new topic, which its raiser follows from then on.
func (f *Forum) insertTopic(ctx context.Context, tx *storage.Tx, who network.Actor, t *Topic, event string, details map[string]string) error {
	id, err := f.db.NewID()
	if err != nil {
		return err
	}
	if t.Case, err = f.NextCase(ctx, tx, t.Root); err != nil {
		return err
	}
	now := f.db.Now()
	t.ID, t.State, t.Raised, t.Moved, t.Version = TopicID(id), Raised, now, now, 1
	_, err = tx.Exec(ctx, `INSERT INTO topic (id, case_number, root, network, body, state, title, text, lang, field, level, kind, visibility,
			raised_by, raised_for, sector, raised, moved, input_until, input_waived, version)
		VALUES ($1, $2, $3, $4, NULLIF($5, ''), $6, $7, $8, $9, $10, $11, $12, $13, $14, NULLIF($15, ''), $16, $17, $17, 0, '', 1)`,
		t.ID, t.Case, t.Root, t.Network, t.Body, t.State, t.Title, t.Text, t.Lang, t.Facets.Field, t.Facets.Level, t.Facets.Kind, t.Visibility,
		t.RaisedBy, t.RaisedFor, t.Sector, micros(now))
	if err != nil {
		return err
	}
	if err := f.record(ctx, tx, who, t.Root, id, event, details); err != nil {
		return err
	}
	if err := f.follow(ctx, tx, string(t.ID), t.RaisedBy); err != nil {
		return err
	}
	return f.index(ctx, tx, t.doc())
}
