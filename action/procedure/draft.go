package procedure

import (
	"cmp"
	"context"
	"strconv"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// New is a procedure as somebody begins it.
type New struct {
	Network    network.ID
	Body       network.BodyID // "": the network's own, for its coordinators
	Topic      forum.TopicID  // on which it is to be decided; "": none yet
	Field      string
	Kind       string
	Lang       string
	Visibility network.Visibility // once a version is decided
	Content    Content
}

// Create begins a procedure with a draft of its first version.
func (r *Room) Create(ctx context.Context, who network.Actor, in New) (id ID, err error) {
	err = r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p := Procedure{Network: in.Network, Body: in.Body, Field: in.Field, Kind: in.Kind, Lang: in.Lang, Wanted: cmp.Or(in.Visibility, network.Public), State: Draft, Draft: 1}
		if err := r.home(ctx, tx, a, &p, in.Topic); err != nil {
			return err
		}
		if !writes(a, p) {
			return denied()
		}
		err := cmp.Or(oneOf("field", p.Field, Fields...), oneOf("kind", p.Kind, Kinds...), oneOf("lang", p.Lang, "sv", "nb", "en"),
			oneOf("visibility", p.Wanted, network.Public, network.NetworkOnly, network.BodyOnly), in.Content.clean())
		if err != nil {
			return err
		}
		if p.Wanted == network.BodyOnly && p.Body == "" {
			return fault.New(fault.Invalid, "the procedure is no body's").Where("visibility").Say("procedure.choice")
		}
		made, err := r.db.NewID()
		if err != nil {
			return err
		}
		if p.Case, err = r.forum.NextCase(ctx, tx, p.Root); err != nil {
			return err
		}
		if p.Visibility = p.Wanted; p.Visibility == network.Public {
			p.Visibility = network.NetworkOnly // until something is decided
		}
		p.ID, p.Title, p.Moved, id = ID(made), in.Content.Title, r.db.Now(), ID(made)
		_, err = tx.Exec(ctx, `INSERT INTO procedure (id, case_number, root, network, body, field, kind, lang, title, wanted, visibility, state, current, draft, answer_by, moved, person, created)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, 1, 0, $13, $14, $13)`,
			p.ID, p.Case, p.Root, p.Network, p.Body, p.Field, p.Kind, p.Lang, p.Title, p.Wanted, p.Visibility, p.State, micros(p.Moved), who.Person)
		if err != nil {
			return err
		}
		if err := r.begin(ctx, tx, who, p, 1, in.Topic, in.Content); err != nil {
			return err
		}
		return r.network.Record(ctx, tx, who, p.Root, string(p.ID), "procedure.begun", nil)
	})
	return id, err
}

// home finds the network of a new procedure, which is its topic's or its body's where it has one.
func (r *Room) home(ctx context.Context, tx *storage.Tx, a network.Access, p *Procedure, topic forum.TopicID) error {
	if topic != "" {
		if err := r.onTopic(ctx, tx, a, p, topic); err != nil {
			return err
		}
	}
	if p.Body != "" {
		b, err := r.network.Body(ctx, tx, p.Body)
		if err != nil || !a.Sees(b.Scope()) {
			return cmp.Or[error](err, network.Absent())
		}
		if !b.Closed.IsZero() {
			return fault.New(fault.Conflict, "the body is closed").Where("body").Say("procedure.closed")
		}
		p.Network = b.Network
	}
	n, ok := r.network.Tree().Network(p.Network)
	if !ok || !a.Registered(n.Root) {
		return network.Absent()
	}
	if !n.Closed.IsZero() {
		return fault.New(fault.Conflict, "the network is closed").Where("body").Say("procedure.closed")
	}
	p.Root, p.Lang = n.Root, cmp.Or(p.Lang, n.Lang)
	return nil
}

// onTopic finds the topic on which a version is to be decided. It belongs to the tenant that the procedure does.
func (r *Room) onTopic(ctx context.Context, tx *storage.Tx, a network.Access, p *Procedure, topic forum.TopicID) error {
	t, err := r.forum.TopicFor(ctx, tx, a, topic)
	if err != nil {
		return err
	}
	if p.Root != "" && t.Root != p.Root {
		return network.Absent()
	}
	if p.Network == "" && p.Body == "" {
		p.Network, p.Body = t.Network, t.Body
	}
	return nil
}

// begin keeps a draft of a version that has none.
func (r *Room) begin(ctx context.Context, tx *storage.Tx, who network.Actor, p Procedure, number int64, topic forum.TopicID, c Content) error {
	now, text := micros(r.db.Now()), written(c)
	d := hexed(digest(p.ID, number, text))
	_, err := tx.Exec(ctx, `INSERT INTO procedure_version (procedure, number, state, was, edit, digest, topic, decision, said, starts, ends, person, created)
		VALUES ($1, $2, 'draft', '', 1, $3, $4, '', '', 0, 0, $5, $6)`, p.ID, number, d, topic, who.Person, now)
	if err != nil {
		return err
	}
	if err := r.keep(ctx, tx, who, p.ID, number, 1, d, text); err != nil {
		return err
	}
	if p.Current > 0 { // found by what holds
		return nil
	}
	return r.index(ctx, tx, p, c)
}

func (r *Room) keep(ctx context.Context, tx *storage.Tx, who network.Actor, id ID, number, edit int64, digest, text string) error {
	_, err := tx.Exec(ctx, `INSERT INTO procedure_text (procedure, number, edit, digest, content, person, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		id, number, edit, digest, text, who.Person, r.db.Now())
	return err
}

// Edit saves a draft. It names the edit it began from: 0 begins the draft of the next version.
func (r *Room) Edit(ctx context.Context, who network.Actor, id ID, from int64, topic forum.TopicID, c Content) error {
	return r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p, err := r.procedure(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if !writes(a, p) {
			return denied()
		}
		if err := c.clean(); err != nil {
			return err
		}
		if topic != "" {
			if err := r.onTopic(ctx, tx, a, &p, topic); err != nil {
				return err
			}
		}
		if p.Draft == 0 {
			if from != 0 {
				return stale()
			}
			return r.next(ctx, tx, who, p, topic, c)
		}
		v, err := r.version(ctx, tx, id, p.Draft)
		if err != nil {
			return err
		}
		if v.Edit != from {
			return stale()
		}
		text := written(c)
		if text == written(v.Content) && (topic == "" || topic == v.Topic) {
			return nil
		}
		d := hexed(digest(id, v.Number, text))
		if err := r.keep(ctx, tx, who, id, v.Number, v.Edit+1, d, text); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE procedure_version SET edit = $3, digest = $4, topic = $5 WHERE procedure = $1 AND number = $2`, id, v.Number, v.Edit+1, d, cmp.Or(topic, v.Topic))
		if err != nil {
			return err
		}
		if p.Current == 0 {
			if _, err := tx.Exec(ctx, `UPDATE procedure SET title = $2 WHERE id = $1`, id, c.Title); err != nil {
				return err
			}
			p.Title = c.Title
			if err := r.index(ctx, tx, p, c); err != nil {
				return err
			}
		}
		return r.network.Record(ctx, tx, who, p.Root, string(id), "procedure.edited", map[string]string{"version": itoa(v.Number), "edit": itoa(v.Edit + 1)})
	})
}

// next begins the draft of the version after the last.
func (r *Room) next(ctx context.Context, tx *storage.Tx, who network.Actor, p Procedure, topic forum.TopicID, c Content) error {
	var last int64
	if err := tx.QueryRow(ctx, `SELECT COALESCE(MAX(number), 0) FROM procedure_version WHERE procedure = $1`, p.ID).Scan(&last); err != nil {
		return err
	}
	if err := r.begin(ctx, tx, who, p, last+1, topic, c); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE procedure SET draft = $2 WHERE id = $1`, p.ID, last+1); err != nil {
		return err
	}
	return r.network.Record(ctx, tx, who, p.Root, string(p.ID), "procedure.drafted", map[string]string{"version": itoa(last + 1)})
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// AskReview asks somebody of the tenant to read a draft; they may read it from then on.
func (r *Room) AskReview(ctx context.Context, who network.Actor, id ID, person network.PersonID) error {
	return r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p, err := r.procedure(ctx, tx, a, id)
		if err != nil {
			return err
		}
		if !writes(a, p) {
			return denied()
		}
		if p.Draft == 0 {
			return fault.New(fault.Conflict, "there is no draft").Say("procedure.nodraft")
		}
		them, err := r.network.Access(ctx, tx, network.Actor{Person: person})
		if err != nil {
			return err
		}
		if person == "" || !them.Registered(p.Root) {
			return fault.New(fault.Invalid, "the person is not registered here").Where("person").Say("procedure.reviewer")
		}
		_, err = tx.Exec(ctx, `INSERT INTO procedure_reviewer (procedure, number, person, asked_by, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
			id, p.Draft, person, who.Person, r.db.Now())
		if err != nil {
			return err
		}
		return r.tell(ctx, tx, who, []network.PersonID{person}, notice.Notice{Key: "notice.procedure.review", Args: []string{p.Title}, Link: r.path(p.Root, string(id), "versions", itoa(p.Draft))})
	})
}

// Review says what somebody who was asked thinks of an edit of the draft. Another edit can be reviewed again.
func (r *Room) Review(ctx context.Context, who network.Actor, id ID, number, edit int64, verdict Verdict, text string) error {
	return r.network.Act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		p, err := r.procedure(ctx, tx, a, id)
		if err != nil {
			return err
		}
		var n int
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM procedure_reviewer WHERE procedure = $1 AND number = $2 AND person = $3`, id, number, who.Person).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			return denied()
		}
		if text = typed(text); verdict == Change && text == "" {
			return needed("text", text, reasonLength)
		}
		if err := cmp.Or(oneOf("verdict", verdict, Good, Change), short("text", text, reasonLength)); err != nil {
			return err
		}
		v, err := r.version(ctx, tx, id, number)
		if err != nil {
			return err
		}
		if v.State != Draft || v.Edit != edit {
			return stale()
		}
		made, err := r.db.NewID()
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO procedure_review (id, procedure, number, edit, person, verdict, text, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			made, id, number, edit, who.Person, verdict, text, r.db.Now())
		if err != nil {
			return err
		}
		return r.network.Record(ctx, tx, who, p.Root, string(id), "procedure.reviewed", map[string]string{"version": itoa(number), "verdict": string(verdict)})
	})
}

// People lists who of the tenant may be asked to review: those who hold a seat in it, by name.
func (r *Room) People(ctx context.Context, who network.Actor, p Procedure) (out []Reviewer, err error) {
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if !writes(a, p) {
			return nil
		}
		rows, err := tx.Query(ctx, `SELECT DISTINCT h.person, w.name FROM holding h JOIN seat s ON s.id = h.seat JOIN body b ON b.id = s.body JOIN person w ON w.id = h.person
			WHERE b.root = $1 AND h.starts <= $2 AND (h.ends = 0 OR h.ends > $2) AND s.closed = 0 AND b.closed = 0 AND w.erased = 0 AND h.person <> $3 ORDER BY w.name, h.person LIMIT 500`,
			p.Root, storage.Micros(r.db.Now()), who.Person)
		if err != nil {
			return err
		}
		defer rows.Close()
		out = nil
		for rows.Next() {
			var one Reviewer
			if err := rows.Scan(&one.Person, &one.Name); err != nil {
				return err
			}
			out = append(out, one)
		}
		return rows.Err()
	})
	return out, err
}
