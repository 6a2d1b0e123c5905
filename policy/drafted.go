package policy

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/storage"
)

// Place is where a draft belongs: a topic of a network, in a tenant.
type Place struct {
	Root, Network, Topic string
}

// Drafted is a draft that was kept, as it is now.
type Drafted struct {
	ID string
	Place
	Draft   Draft
	Digest  mandate.Digest
	Author  string
	Version int64 // of the text; an edit names the one it began from
	By      string
	Changed time.Time
}

// Editor is who edits a draft. Whether they run the body that the topic is at is told by whoever knows the body.
type Editor struct {
	Person string
	Runs   bool
}

// MayEdit tells whether somebody may: the author, and who runs the topic's body.
func (d Drafted) MayEdit(by Editor) bool {
	return by.Person != "" && (by.Runs || by.Person == d.Author)
}

// NewDraft keeps a draft for a topic. Whoever may see the topic may write one; nothing follows from it until a body decides.
func (p *Policies) NewDraft(ctx context.Context, by string, at Place, d Draft) (id string, err error) {
	text, digest, err := written(d)
	if err != nil {
		return "", err
	}
	if err := errors.Join(needed("person", by), needed("root", at.Root), needed("network", at.Network), needed("topic", at.Topic)); err != nil {
		return "", err
	}
	if id, err = p.db.NewID(); err != nil {
		return "", err
	}
	err = p.db.Write(ctx, func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO policy_draft (id, root, network, topic, author, version, digest, made) VALUES ($1, $2, $3, $4, $5, 1, $6, $7)`,
			id, at.Root, at.Network, at.Topic, by, digest, p.db.Now())
		if err != nil {
			return err
		}
		return p.keepText(ctx, tx, id, 1, text, digest, by)
	})
	return id, err
}

// EditDraft gives a draft another text, and so another digest: a decision that named the one before doesn't name this one.
func (p *Policies) EditDraft(ctx context.Context, by Editor, id string, version int64, d Draft) error {
	text, digest, err := written(d)
	if err != nil {
		return err
	}
	return p.db.Write(ctx, func(tx *storage.Tx) error {
		was, err := draftIn(ctx, tx, `d.id = $1`, id)
		switch {
		case err != nil:
			return err
		case !was.MayEdit(by):
			return fault.New(fault.Denied, "a draft is edited by its author and by who runs the topic's body").Say("policy.draft.denied")
		case was.Version != version:
			return fault.New(fault.Conflict, "somebody else changed the draft meanwhile").Say("edit.conflict")
		case was.Digest.String() == digest:
			return nil
		}
		if _, err := tx.Exec(ctx, `UPDATE policy_draft SET version = $2, digest = $3 WHERE id = $1`, id, version+1, digest); err != nil {
			return err
		}
		return p.keepText(ctx, tx, id, version+1, text, digest, by.Person)
	})
}

// written is a draft's text and digest, if it may be decided at all.
func written(d Draft) (text, digest string, err error) {
	if err := d.Check(); err != nil {
		return "", "", err
	}
	b, err := d.Canonical()
	if err != nil {
		return "", "", err
	}
	of, err := d.Digest()
	return string(b), of.String(), err
}

func (p *Policies) keepText(ctx context.Context, tx *storage.Tx, id string, version int64, text, digest, by string) error {
	_, err := tx.Exec(ctx, `INSERT INTO policy_draft_text (draft, version, digest, text, author, made) VALUES ($1, $2, $3, $4, $5, $6)`,
		id, version, digest, text, by, p.db.Now())
	return err
}

// DraftOf gives a draft as it is now.
func (p *Policies) DraftOf(ctx context.Context, id string) (d Drafted, err error) {
	err = p.db.Read(ctx, func(tx *storage.Tx) error {
		d, err = draftIn(ctx, tx, `d.id = $1`, id)
		return err
	})
	return d, err
}

// Drafts lists the drafts of a topic ("": of all a tenant's), the newest first, at most 200.
func (p *Policies) Drafts(ctx context.Context, root, topic string) (out []Drafted, err error) {
	err = p.db.Read(ctx, func(tx *storage.Tx) error {
		out, err = draftsIn(ctx, tx, `d.root = $1 AND ($2 = '' OR d.topic = $2) ORDER BY d.id DESC LIMIT 200`, root, topic)
		return err
	})
	return out, err
}

// Named finds the text that a decision about a topic named by its digest, also when the draft was edited since.
func (p *Policies) Named(ctx context.Context, network, topic string, digest mandate.Digest) (d Draft, err error) {
	err = p.db.Read(ctx, func(tx *storage.Tx) error {
		var text string
		err := tx.QueryRow(ctx, `SELECT x.text FROM policy_draft_text x JOIN policy_draft d ON d.id = x.draft
			WHERE x.digest = $1 AND d.network = $2 AND d.topic = $3 LIMIT 1`, digest.String(), network, topic).Scan(&text)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.Conflict, "the decision's topic has had no draft with the digest that the decision names").Say("policy.draft.unknown")
		}
		if err != nil {
			return err
		}
		d, err = ParseDraft([]byte(text))
		return err
	})
	return d, err
}

const draftColumns = `SELECT d.id, d.root, d.network, d.topic, d.author, d.version, d.digest, x.text, x.author, x.made
	FROM policy_draft d JOIN policy_draft_text x ON x.draft = d.id AND x.version = d.version WHERE `

func draftIn(ctx context.Context, tx *storage.Tx, where string, args ...any) (Drafted, error) {
	all, err := draftsIn(ctx, tx, where, args...)
	if err != nil {
		return Drafted{}, err
	}
	if len(all) == 0 {
		return Drafted{}, fault.New(fault.NotFound, "there is no such draft")
	}
	return all[0], nil
}

func draftsIn(ctx context.Context, tx *storage.Tx, where string, args ...any) (out []Drafted, err error) {
	rows, err := tx.Query(ctx, draftColumns+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var d Drafted
		var digest, text string
		var changed int64
		if err := rows.Scan(&d.ID, &d.Root, &d.Network, &d.Topic, &d.Author, &d.Version, &digest, &text, &d.By, &changed); err != nil {
			return nil, err
		}
		d.Changed = moment(changed)
		if err := d.Digest.UnmarshalText([]byte(digest)); err != nil {
			return nil, err
		}
		if d.Draft, err = ParseDraft([]byte(text)); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "draft %s can't be read", d.ID)
		}
		out = append(out, d)
	}
	return out, rows.Err()
}
