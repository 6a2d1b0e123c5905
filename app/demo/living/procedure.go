package living

import (
	"errors"

	"github.com/samverk/samverk/action/procedure"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// procedureLine is a version of a procedure that the story's topic decides, and what regions say of it afterwards.
type procedureLine struct {
	Net, On     string // whose, and on which topic
	Version     int64
	Field, Kind string
	Content     procedure.Content
	Says        []struct {
		Region string
		After  int // days
		State  procedure.Answer
		Reason string
	}
	Next *struct{ Changes, Who, Review string } // of the next version's draft, which is open
	// Review is what somebody says of the draft.
	Review string
}

// writtenProcedure is a version that a decision is going to name.
type writtenProcedure struct {
	*procedureLine
	id     procedure.ID
	digest [32]byte
	by     network.Actor
	topic  *raised
	done   bool
}

// writeProcedures writes the drafts that a topic's decision is going to put in force: the first version's, or the next of a procedure there is.
func (t *tenant) writeProcedures(r *raised) error {
	for i := range t.story.procedures {
		line := &t.story.procedures[i]
		if line.On != r.Key || t.drafts[r.Key] != nil || r.Dec == nil {
			continue
		}
		w := &writtenProcedure{procedureLine: line, by: r.body.coordinator, topic: r}
		if line.Version > 1 {
			before := t.drafts[r.Dec.Supersedes]
			if before == nil || !before.done {
				return nil // what it follows was not decided
			}
			w.id = before.id
			if err := t.procedures.Edit(t.ctx, w.by, w.id, 0, r.id, line.Content); err != nil {
				return err
			}
		} else {
			var err error
			w.id, err = t.procedures.Create(t.ctx, w.by, procedure.New{Network: r.body.Network, Body: r.body.ID, Topic: r.id, Field: line.Field, Kind: line.Kind, Visibility: network.Public, Content: line.Content})
			if err != nil {
				return err
			}
		}
		v, err := t.procedures.View(t.ctx, w.by, t.root, w.id, line.Version)
		if err != nil {
			return err
		}
		w.digest = v.Version.Digest
		t.drafts[r.Key] = w
		return t.reviewed(w, line.Version, line.Review)
	}
	return nil
}

// reviewed lets the patients' representative say what they think of a draft.
func (t *tenant) reviewed(w *writtenProcedure, version int64, says string) error {
	if says == "" {
		return nil
	}
	if err := t.procedures.AskReview(t.ctx, w.by, w.id, t.people["patient"]); err != nil {
		return err
	}
	v, err := t.procedures.View(t.ctx, w.by, t.root, w.id, version)
	if err != nil {
		return err
	}
	return t.procedures.Review(t.ctx, network.Actor{Person: t.people["patient"]}, w.id, version, v.Version.Edit, procedure.Change, says)
}

// procedureText gives the text that a decision's effect names, where the story has one.
func (t *tenant) procedureText(r *raised, kind forum.EffectKind) (Text, bool) {
	w := t.drafts[r.Key]
	if w == nil || kind != forum.Procedure {
		return Text{}, false
	}
	return Text{Ref: procedure.Ref(w.id, w.Version), Digest: w.digest}, true
}

// carryProcedures puts in force the versions whose decisions hold by now, as the node does while it is served.
func (t *tenant) carryProcedures() error {
	for _, line := range t.story.procedures {
		w := t.drafts[line.On]
		if w == nil || w.done || t.decisions[line.On] == "" {
			continue
		}
		var seq int64
		err := t.one(&seq, `SELECT COALESCE(MAX(seq), 0) FROM decision_force WHERE decision = $1`, t.decisions[line.On])
		if err != nil || seq == 0 {
			return err
		}
		found, err := t.forum.Since(t.ctx, seq-1)
		if err != nil {
			return err
		}
		if len(found) == 0 || string(found[0].ID) != t.decisions[line.On] {
			return absent("decision on", line.On)
		}
		d := found[0]
		if d.Seal.Seal == "" || d.InForce.After(t.now) || !d.Until.IsZero() {
			continue
		}
		err = t.db.Write(t.ctx, func(tx *storage.Tx) error {
			return t.procedures.Carry(t.ctx, tx, d, procedure.Ref(w.id, w.Version), w.digest)
		})
		if err != nil {
			return err
		}
		w.done = true
		if err := t.beside(func() error { return t.answered(w) }); err != nil {
			return err
		}
	}
	return nil
}

// answered plans what the regions say of a version, and the draft of the next.
func (t *tenant) answered(w *writtenProcedure) error {
	for _, s := range w.Says {
		region, ok := t.procedures.RegionOf(t.root, s.Region)
		if !ok {
			return absent("region", s.Region)
		}
		t.at(t.office(t.now, s.After, t.zone), s.Region+" answers on "+w.On, func() error {
			return t.saysOf(w, region, s.State, s.Reason)
		})
	}
	if w.Next == nil {
		return nil
	}
	t.at(t.office(t.end, -40, t.zone), "the next version of "+w.On, func() error {
		c := w.Content
		c.Changes, c.Who = w.Next.Changes, w.Next.Who
		if err := t.procedures.Edit(t.ctx, w.by, w.id, 0, "", c); err != nil {
			return err
		}
		return t.reviewed(w, w.Version+1, w.Next.Review)
	})
	return nil
}

// saysOf lets a region's own coordinator say what it does, unless another version was decided meanwhile.
func (t *tenant) saysOf(w *writtenProcedure, region *network.Network, state procedure.Answer, reason string) error {
	who, ok := t.leads[region.ID]
	if !ok {
		return errors.New("nobody coordinates " + region.Slug)
	}
	v, err := t.procedures.View(t.ctx, who, t.root, w.id, 0)
	if err != nil || v.Current != w.Version {
		return err
	}
	say := procedure.Saying{Procedure: w.id, Region: region.ID, Number: w.Version, State: state, Reason: reason}
	for _, one := range v.Regions {
		if one.Network == region.ID {
			say.After = one.Last.Seq
		}
	}
	return t.procedures.Say(t.ctx, who, say)
}
