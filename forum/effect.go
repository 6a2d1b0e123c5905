package forum

import (
	"context"
	"encoding/hex"
	"slices"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// EffectKinds are all kinds of effect, in the order they are shown.
var EffectKinds = []EffectKind{Policy, FormEff, Procedure, Measure, Pilot, Activity}

// EffectOf is an effect with the decision it comes from.
type EffectOf struct {
	Effect
	Decision DecisionID
	Named    bool // in the decision itself, not added when it was carried out
	At       time.Time
}

// AddEffect links a decision to what it became in another room, in that room's transaction. The same link again is nothing new;
// with another digest it is refused, but for one that the decision named without any: that is filled in, once. A policy or a form is
// decided with its digest, and never filled in.
func (f *Forum) AddEffect(ctx context.Context, tx *storage.Tx, id DecisionID, e Effect) error {
	var there int
	if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM decision d WHERE d.id = $1 AND `+stands, id).Scan(&there); err != nil {
		return err
	}
	if there == 0 {
		return network.Absent()
	}
	return f.insertEffect(ctx, tx, id, e, false)
}

// noDigest is how the digest of an effect that was named without one is written.
var noDigest = hex.EncodeToString(make([]byte, len(Effect{}.Digest)))

func (f *Forum) insertEffect(ctx context.Context, tx *storage.Tx, id DecisionID, e Effect, named bool) error {
	if !slices.Contains(EffectKinds, e.Kind) || e.Ref == "" {
		return fault.New(fault.Invalid, "an effect is of no known kind, or refers to nothing").Where("effect").Say("decision.effect")
	}
	digest := hex.EncodeToString(e.Digest[:])
	var was string
	err := tx.QueryRow(ctx, `SELECT digest FROM decision_effect WHERE decision = $1 AND kind = $2 AND ref = $3`, id, e.Kind, e.Ref).Scan(&was)
	switch {
	case noRow(err):
	case err != nil:
		return err
	case was == digest:
		return nil
	case was == noDigest && !named && e.Kind != Policy && e.Kind != FormEff:
		_, err := tx.Exec(ctx, `UPDATE decision_effect SET digest = $4 WHERE decision = $1 AND kind = $2 AND ref = $3`, id, e.Kind, e.Ref, digest)
		return err
	default:
		return fault.New(fault.Conflict, "the effect is another than the one that was linked").Where("effect").Say("decision.effect.digest")
	}
	if named {
		if err := f.onlyOne(ctx, tx, id, e); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `INSERT INTO decision_effect (decision, kind, ref, digest, title, named, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		id, e.Kind, e.Ref, digest, e.Title, named, f.db.Now())
	return err
}

// onlyOne refuses to put in force what another decision of the network put in force already: one of a body that decides, about a text
// that it named by its digest. A recommendation keeps nobody from deciding.
func (f *Forum) onlyOne(ctx context.Context, tx *storage.Tx, id DecisionID, e Effect) error {
	if e.Kind != Policy && e.Kind != FormEff || e.Digest == [32]byte{} {
		return nil
	}
	var number string
	err := tx.QueryRow(ctx, `SELECT o.year || '-' || CASE WHEN o.number < 10 THEN '0' ELSE '' END || o.number
		FROM decision_effect x JOIN decision o ON o.id = x.decision AND NOT EXISTS (SELECT 1 FROM decision_annulled y WHERE y.decision = o.id) JOIN decision d ON d.id = $1 AND d.network = o.network
		WHERE x.kind = $2 AND x.ref = $3 AND x.named = 1 AND x.digest <> $4 AND o.mandate = $5 LIMIT 1`, id, e.Kind, e.Ref, noDigest, network.Decides).Scan(&number)
	if noRow(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return fault.New(fault.Conflict, "decision %s has decided %s", number, e.Ref).Where("named").Say("decision.effect.decided", number, e.Ref)
}

// TellRunners tells whoever runs a decision's body, in the caller's transaction, with a link to the decision.
func (f *Forum) TellRunners(ctx context.Context, tx *storage.Tx, d Decision, n notice.Notice) error {
	people, err := f.runners(ctx, tx, d.Body, d.Network)
	if err != nil {
		return err
	}
	n.Link = f.pathTo(d.Root, "decisions", string(d.ID))
	for _, p := range people {
		if err := f.notices.Tell(ctx, tx, string(p), n); err != nil {
			return err
		}
	}
	return nil
}

// effects lists what a decision led to.
func (f *Forum) effects(ctx context.Context, tx *storage.Tx, id DecisionID) ([]EffectOf, error) {
	return f.effectsWhere(ctx, tx, `decision = $1`, id)
}

// EffectsOn lists the decisions that led to something of another room, for whoever may see them.
func (f *Forum) EffectsOn(ctx context.Context, who network.Actor, kind EffectKind, ref string) (out []DecisionID, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		all, err := f.effectsWhere(ctx, tx, `kind = $1 AND ref = $2`, kind, ref)
		if err != nil {
			return err
		}
		for _, e := range all {
			if _, err := f.decision(ctx, tx, a, e.Decision); err == nil {
				out = append(out, e.Decision)
			} else if fault.KindOf(err) != fault.NotFound {
				return err
			}
		}
		return nil
	})
	return out, err
}

func (f *Forum) effectsWhere(ctx context.Context, tx *storage.Tx, where string, args ...any) (out []EffectOf, err error) {
	rows, err := tx.Query(ctx, `SELECT decision, kind, ref, digest, title, named, at FROM decision_effect WHERE `+where+` ORDER BY at, kind, ref LIMIT 500`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var e EffectOf
		var digest string
		var named, at int64
		if err := rows.Scan(&e.Decision, &e.Kind, &e.Ref, &digest, &e.Title, &named, &at); err != nil {
			return nil, err
		}
		b, err := hex.DecodeString(digest)
		if err != nil || len(b) != len(e.Digest) {
			return nil, fault.New(fault.Internal, "an effect's digest can't be read")
		}
		copy(e.Digest[:], b)
		e.Named, e.At = named != 0, moment(at)
		out = append(out, e)
	}
	return out, rows.Err()
}
