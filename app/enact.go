package app

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/mandate/carried"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// enactor carries what bodies decided to the rooms that it is about. It judges nothing: the forum says what was decided, the mandate whether it
// holds, the room whether it can be.
type enactor struct {
	node    *Node
	errands *carried.Errands
	commons Commons
	log     *slog.Logger
	failed  string    // what went wrong last, so that it is logged once
	next    time.Time // when a decision that waits for its day comes into force; zero: none does
}

// enactEvery is how often it is looked for what nobody told of. What is decided in this process is carried out at once: nudge tells.
const enactEvery = 5 * time.Second

// run carries until ctx ends.
func (c *enactor) run(ctx context.Context) {
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		case <-c.node.nudged:
		}
		said := ""
		if err := c.enact(ctx); err != nil && ctx.Err() == nil {
			if said = err.Error(); said != c.failed {
				c.log.Error("decisions were not carried out", "error", err, "hint", fault.HintOf(err))
			}
		}
		c.failed = said
		wait.Reset(c.until())
	}
}

// until is how long to wait before it is looked again.
func (c *enactor) until() time.Duration {
	if c.next.IsZero() {
		return enactEvery
	}
	return min(enactEvery, max(0, c.next.Sub(c.commons.Networks.Now()))+time.Millisecond)
}

// nudge says that there may be something to carry out, and doesn't wait for it.
func (n *Node) nudge() {
	select {
	case n.nudged <- struct{}{}:
	default: // it is going to be looked anyway
	}
}

// enact takes what was approved since it last did, and carries out what can be now.
func (c *enactor) enact(ctx context.Context) error {
	c.node.locate(c.commons.Networks)
	c.next = time.Time{}
	if err := c.take(ctx); err != nil {
		return err
	}
	waiting, err := c.errands.Waiting(ctx)
	if err != nil {
		return err
	}
	var errs []error // one that fails doesn't keep the others
	for _, e := range waiting {
		errs = append(errs, c.carryOut(ctx, e))
	}
	if len(waiting) > 0 {
		c.node.published.Nudge()
	}
	adopted, err := c.node.policies.AdoptStanding(ctx)
	if len(adopted) > 0 {
		c.node.carry(ctx)
		c.node.published.Announce()
	}
	return errors.Join(append(errs, err)...)
}

// take takes errands from the decisions approved since.
func (c *enactor) take(ctx context.Context) error {
	for {
		after, err := c.errands.Taken(ctx)
		if err != nil {
			return err
		}
		decisions, err := c.commons.Forum.Since(ctx, after)
		if err != nil || len(decisions) == 0 {
			return err
		}
		var all []carried.Errand
		for _, d := range decisions {
			for _, e := range d.Effects {
				if c.carries(e.Kind) && e.Named && e.Digest != [32]byte{} {
					all = append(all, carried.Errand{Decision: string(d.ID), Seq: d.Seq, Kind: string(e.Kind), Ref: e.Ref, Digest: e.Digest})
				}
			}
		}
		if err := c.errands.Take(ctx, after, decisions[len(decisions)-1].Seq, all); err != nil {
			return err
		}
	}
}

// carries tells whether texts of a kind are put in force here.
func (c *enactor) carries(kind forum.EffectKind) bool {
	return kind == forum.Policy || kind == forum.FormEff || c.commons.carries(kind) != nil
}

// carryOut carries one errand out, or notes why not. What only time or somebody's word lacks waits; an error of the machine's is tried again.
func (c *enactor) carryOut(ctx context.Context, e carried.Errand) error {
	d, err := c.decision(ctx, e)
	if err != nil {
		return err
	}
	if wait := c.waits(d); wait != nil {
		if d.Seal.Seal != "" && (c.next.IsZero() || d.InForce.Before(c.next)) {
			c.next = d.InForce
		}
		return c.settle(ctx, d, e, carried.Waiting, wait)
	}
	room := c.commons.carries(forum.EffectKind(e.Kind))
	if no := c.refuses(d, room); no != nil {
		return c.settle(ctx, d, e, carried.Refused, no)
	}
	err = c.carry(ctx, d, e, room)
	why := &fault.Error{}
	if k := fault.KindOf(err); err == nil || k == fault.Internal || k == fault.Unavailable || !errors.As(err, &why) {
		return err
	}
	if why.Code == codeAdopt {
		return c.settle(ctx, d, e, carried.Waiting, why)
	}
	return c.settle(ctx, d, e, carried.Refused, why)
}

// carry has an errand carried out by the room that its kind belongs to, which may refuse.
func (c *enactor) carry(ctx context.Context, d forum.Carried, e carried.Errand, room carryOut) error {
	if room != nil {
		return c.node.db.Write(ctx, func(tx *storage.Tx) error {
			changed, err := c.errands.Settle(ctx, tx, e, carried.Done, nil)
			if err != nil || !changed {
				return err
			}
			return room(ctx, tx, d, e)
		})
	}
	m, err := c.mandateOf(ctx, d)
	switch {
	case err != nil:
		return err
	case e.Kind == mandate.Form:
		return c.form(ctx, m, e)
	}
	return c.policy(ctx, d, m, e)
}

// decision finds an errand's decision again.
func (c *enactor) decision(ctx context.Context, e carried.Errand) (d forum.Carried, err error) {
	found, err := c.commons.Forum.Since(ctx, e.Seq-1)
	if err != nil {
		return d, err
	}
	if len(found) == 0 || string(found[0].ID) != e.Decision {
		return d, fault.New(fault.Internal, "decision %s is not where it was", e.Decision)
	}
	return found[0], nil
}

// codeAdopt names that somebody has to adopt it here first.
const codeAdopt = "carried.adopt"

// waits tells what is missing yet.
func (c *enactor) waits(d forum.Carried) *fault.Error {
	switch now := c.commons.Networks.Now(); {
	case d.Seal.Seal == "":
		return fault.New(fault.Conflict, "the minutes of decision %s are not sealed", d.Number).Say("carried.seal")
	case d.InForce.After(now):
		return fault.New(fault.Conflict, "decision %s is in force from %s", d.Number, d.InForce.Format(time.DateOnly)).Say("carried.notyet", d.InForce.Format(time.DateOnly))
	}
	return nil
}

// refuses tells what no time will mend. Whether a body's word suffices for a text of a room of action, and whose, is that room's to judge.
func (c *enactor) refuses(d forum.Carried, room carryOut) *fault.Error {
	bodies := c.node.settings.Bodies
	switch {
	case room == nil && !d.Binds():
		return fault.New(fault.Denied, "the body of decision %s does not decide: its word is for others to adopt", d.Number).Say("carried.recommends")
	case room == nil && len(bodies) > 0 && !slices.Contains(bodies, string(d.Body)):
		return fault.New(fault.Denied, "this node does not carry out what the body of decision %s decides about sharing", d.Number).Say("carried.body")
	case !d.Until.IsZero() && !d.Until.After(c.commons.Networks.Now()):
		return fault.New(fault.Conflict, "decision %s was superseded", d.Number).Say("carried.superseded")
	}
	return nil
}

// settle notes what became of an errand. That it was refused is told to who runs the body, in the same transaction.
func (c *enactor) settle(ctx context.Context, d forum.Carried, e carried.Errand, to carried.State, why *fault.Error) error {
	return c.node.db.Write(ctx, func(tx *storage.Tx) error {
		changed, err := c.errands.Settle(ctx, tx, e, to, why)
		if err != nil || !changed || to != carried.Refused {
			return err
		}
		return c.commons.Forum.TellRunners(ctx, tx, d.Decision, notice.Notice{Key: "notice.carried.refused", Args: []string{d.Title}})
	})
}

// policy enacts a policy under the key of the network that decided.
func (c *enactor) policy(ctx context.Context, d forum.Carried, m mandate.Mandate, e carried.Errand) error {
	draft, err := c.node.policies.Named(ctx, m.Network, string(d.Topic), e.Digest)
	if err != nil {
		return err
	}
	by, err := signer(c.node.dir, m.Network)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the network's key can't be used").Do("%s", fault.HintOf(err))
	}
	keys, err := publicKeys(c.node.dir)
	if err != nil {
		return err
	}
	if err := c.node.policies.Trust(ctx, keys...); err != nil {
		return err
	}
	if err := c.node.nodes.Tell(ctx, c.node.describe); err != nil { // the key may be new
		return err
	}
	s, err := policy.Enact(m, draft, by, c.commons.Networks.Now())
	if err != nil {
		return err
	}
	return c.node.db.Write(ctx, func(tx *storage.Tx) error {
		if err := c.node.policies.Keep(ctx, tx, s); err != nil {
			return err
		}
		_, err := c.errands.Settle(ctx, tx, e, carried.Done, nil)
		return err
	})
}

// form puts a form of consent in force, where the node's standing rule adopts what the body decides.
func (c *enactor) form(ctx context.Context, m mandate.Mandate, e carried.Errand) error {
	adopts, err := c.node.policies.Standing(ctx, m.Network, m.Body)
	if err != nil {
		return err
	}
	if !adopts {
		return fault.New(fault.Conflict, "no standing rule of this node adopts forms of this body").Say(codeAdopt)
	}
	return c.enactForm(ctx, "standing rule", m, e)
}

func (c *enactor) enactForm(ctx context.Context, by consent.Actor, m mandate.Mandate, e carried.Errand) error {
	return c.node.db.Write(ctx, func(tx *storage.Tx) error {
		changed, err := c.errands.Settle(ctx, tx, e, carried.Done, nil)
		if err != nil || !changed {
			return err
		}
		return c.node.consents.Enact(ctx, tx, by, m, e.Digest)
	})
}

// mandateOf is a decision as those who carry it out judge it: seats by sector, and nobody's name.
func (c *enactor) mandateOf(ctx context.Context, d forum.Carried) (m mandate.Mandate, err error) {
	m = mandate.Mandate{Decision: string(d.ID), Number: d.Number, Body: string(d.Body), BodyName: map[string]string{}, Network: string(d.Network),
		Approved: d.Approved.UTC(), InForce: d.InForce.UTC(), Votes: votesOf(d), Quorum: quorumOf(d.Record.Roll)}
	err = c.commons.Networks.Look(ctx, network.Clock(), func(tx *storage.Tx, _ network.Access) error {
		b, err := c.commons.Networks.Body(ctx, tx, d.Body)
		for lang, name := range map[string]string{"sv": b.Name.SV, "nb": b.Name.NB, "en": b.Name.EN} {
			if name != "" {
				m.BodyName[lang] = name
			}
		}
		return err
	})
	if err != nil {
		return m, err
	}
	seal, err := hex.DecodeString(d.Seal.Seal)
	if err != nil || len(seal) != len(m.MinutesSeal) {
		return m, fault.New(fault.Internal, "the seal of decision %s can't be read", d.Number)
	}
	copy(m.MinutesSeal[:], seal)
	for _, e := range d.Effects {
		if e.Named && e.Digest != [32]byte{} {
			m.Effects = append(m.Effects, mandate.Effect{Kind: string(e.Kind), Ref: e.Ref, Digest: e.Digest})
		}
	}
	return m, nil
}

func votesOf(d forum.Carried) mandate.Votes {
	if d.Method == forum.ByConsensus {
		return mandate.Votes{Consensus: true}
	}
	t := d.Record.Tally
	v := mandate.Votes{For: t.For, Against: t.Against, Abstain: t.Abstain}
	v.Casting = t.For == t.Against && slices.ContainsFunc(d.Record.Roll.Seats, func(s forum.Sitting) bool { return s.Leads && s.Vote == forum.For })
	return v
}

func quorumOf(r forum.Roll) mandate.Quorum {
	q := mandate.Quorum{Present: r.Quorum.Present, Of: r.Quorum.Of, Held: r.Quorum.Held}
	for _, f := range r.Quorum.Findings {
		q.Findings = append(q.Findings, mandate.Finding{Kind: string(f.Rule.Kind), N: f.Rule.N, Sector: string(f.Rule.Sector),
			Organisation: string(f.Rule.OrganisationKind), Have: f.Have, Need: f.Need, Of: f.Of})
	}
	for _, sector := range network.Sectors {
		n := 0
		for _, s := range r.Seats {
			if s.Sector == sector && s.Counts() {
				n++
			}
		}
		if n > 0 {
			q.Sectors = append(q.Sectors, mandate.Sector{Sector: string(sector), Present: n})
		}
	}
	return q
}
