package procedure

import (
	"context"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// answerDays is how long regions have to say what they do, where the body that decided hasn't set how long its answers take.
const answerDays = 60

// Carry puts in force the version that a decision names by its digest, in the caller's transaction; of a body that recommends, the version
// is recommended. The one before it ends, and every region is asked. The same decision again is nothing new.
func (r *Room) Carry(ctx context.Context, tx *storage.Tx, d forum.Carried, ref string, named [32]byte) error {
	p, v, edit, err := r.named(ctx, tx, d, ref, named)
	if err != nil || v.Decision == d.ID {
		return err
	}
	state := Force
	if !d.Binds() {
		state = Recommended
	}
	now := r.db.Now()
	_, err = tx.Exec(ctx, `UPDATE procedure_version SET state = 'ended', was = state, ends = $3 WHERE procedure = $1 AND number <> $2 AND state IN ('recommended', 'force')`, p.ID, v.Number, now)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE procedure_version SET state = $3, edit = $4, digest = $5, decision = $6, said = $7, starts = $8 WHERE procedure = $1 AND number = $2`,
		p.ID, v.Number, state, edit.edit, hexed(named), d.ID, d.Number, micros(d.InForce))
	if err != nil {
		return err
	}
	b, err := r.network.Body(ctx, tx, d.Body)
	if err != nil {
		return err
	}
	days := b.AnswerDays
	if days <= 0 {
		days = answerDays
	}
	p.Title, p.Visibility, p.Current, p.State, p.AnswerBy = edit.content.Title, p.Wanted, v.Number, state, d.InForce.AddDate(0, 0, days)
	_, err = tx.Exec(ctx, `UPDATE procedure SET title = $2, visibility = $3, state = $4, current = $5, draft = CASE WHEN draft = $5 THEN 0 ELSE draft END, answer_by = $6, moved = $7 WHERE id = $1`,
		p.ID, p.Title, p.Visibility, p.State, p.Current, micros(p.AnswerBy), micros(d.InForce))
	if err != nil {
		return err
	}
	open := 0
	if p.Visibility == network.Public {
		open = 1
	}
	if _, err := tx.Exec(ctx, `UPDATE procedure_answer SET fresh = CASE WHEN number = $2 THEN 1 ELSE 0 END, open = $3 WHERE procedure = $1`, p.ID, p.Current, open); err != nil {
		return err
	}
	if err := r.index(ctx, tx, p, edit.content); err != nil {
		return err
	}
	if err := r.network.Record(ctx, tx, network.Clock(), p.Root, string(p.ID), "procedure."+string(state), map[string]string{"version": itoa(v.Number), "decision": string(d.ID), "number": d.Number}); err != nil {
		return err
	}
	return r.ask(ctx, tx, p)
}

// ask tells those who speak for the regions that an answer is owed.
func (r *Room) ask(ctx context.Context, tx *storage.Tx, p Procedure) error {
	people, err := r.speakers(ctx, tx, r.askedBy(p))
	if err != nil {
		return err
	}
	return r.tell(ctx, tx, network.Clock(), people, notice.Notice{Key: "notice.procedure.asked", Args: []string{p.Title}, Link: r.path(p.Root, string(p.ID))})
}

type editOf struct {
	edit    int64
	content Content
}

// named finds the very text that a decision names, and judges whether the decision may put it in force.
func (r *Room) named(ctx context.Context, tx *storage.Tx, d forum.Carried, ref string, named [32]byte) (p Procedure, v Version, e editOf, err error) {
	id, number, ok := ParseRef(ref)
	if ok {
		if p, err = r.any(ctx, tx, id); err == nil {
			v, err = r.version(ctx, tx, id, number)
		}
	}
	if !ok || fault.KindOf(err) == fault.NotFound || err == nil && p.Root != d.Root {
		return p, v, e, fault.New(fault.Conflict, "the decision names %.60q, and there is no such version", ref).Say("procedure.carried.absent")
	}
	if err != nil || v.Decision == d.ID {
		return p, v, e, err
	}
	if v.State != Draft {
		return p, v, e, fault.New(fault.Conflict, "version %d was decided by decision %s", number, v.Said).Say("procedure.carried.decided", v.Said)
	}
	if number < p.Current {
		return p, v, e, fault.New(fault.Conflict, "version %d is newer, and decided", p.Current).Say("procedure.carried.older", p.Current)
	}
	if d.Mandate != network.Decides && d.Mandate != network.Recommends {
		return p, v, e, fault.New(fault.Denied, "the body of decision %s advises: its word puts nothing in force", d.Number).Say("procedure.carried.advises")
	}
	over := false
	for _, n := range r.network.Tree().Up(p.Network) {
		over = over || n.ID == d.Network
	}
	if !over {
		return p, v, e, fault.New(fault.Denied, "the procedure is none of the network whose body decided").Say("procedure.carried.network")
	}
	var content string
	err = tx.QueryRow(ctx, `SELECT edit, content FROM procedure_text WHERE procedure = $1 AND number = $2 AND digest = $3 ORDER BY edit LIMIT 1`, id, number, hexed(named)).Scan(&e.edit, &content)
	if noRow(err) {
		return p, v, e, fault.New(fault.Conflict, "no text of version %d has the digest that decision %s names", number, d.Number).Say("procedure.carried.digest")
	}
	if err == nil {
		err = read(content, &e.content)
	}
	return p, v, e, err
}

// Named is a draft that a decision may name.
type Named struct {
	Ref     string
	Digest  [32]byte
	Title   string
	Lang    string
	Version Version
}

// Drafts lists the drafts that a decision about a topic may put in force, to who may read them.
func (r *Room) Drafts(ctx context.Context, who network.Actor, topic forum.TopicID) (out []Named, err error) {
	if topic == "" {
		return nil, nil
	}
	err = r.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		rows, err := tx.Query(ctx, `SELECT v.procedure, v.number FROM procedure_version v WHERE v.topic = $1 AND v.topic <> '' AND v.state = 'draft' ORDER BY v.procedure LIMIT 50`, topic)
		if err != nil {
			return err
		}
		type key struct {
			id     ID
			number int64
		}
		var keys []key
		for rows.Next() {
			var k key
			if err := rows.Scan(&k.id, &k.number); err != nil {
				rows.Close()
				return err
			}
			keys = append(keys, k)
		}
		if err := rows.Close(); err != nil {
			return err
		}
		out = nil
		for _, k := range keys {
			p, err := r.procedure(ctx, tx, a, k.id)
			if fault.KindOf(err) == fault.NotFound && err != nil {
				continue
			}
			if err != nil {
				return err
			}
			may, err := r.readsDrafts(ctx, tx, a, p)
			if err != nil {
				return err
			}
			if !may {
				continue
			}
			v, err := r.version(ctx, tx, k.id, k.number)
			if err != nil {
				return err
			}
			out = append(out, Named{Ref: Ref(k.id, k.number), Digest: v.Digest, Title: v.Content.Title, Lang: p.Lang, Version: v})
		}
		return nil
	})
	return out, err
}
