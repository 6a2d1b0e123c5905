package published

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/ledger"
)

// look is which checkpoint of a peer's log was looked at last, and when.
type look struct {
	note string
	at   time.Time
}

// look looks at a peer's log, when its hello told of a checkpoint that wasn't looked at yet, and sends back the cosigned one.
func (p *Published) look(ctx context.Context, peer federation.Peer) {
	if p.o.Witness == nil || peer.Ledger == "" || peer.Said.Checkpoint == "" {
		return
	}
	now := p.o.Now()
	p.mu.Lock()
	was := p.seen[peer.Name]
	soon := !was.at.IsZero() && now.Sub(was.at) < p.o.Watch && !now.Before(was.at)
	if was.note == peer.Said.Checkpoint || soon {
		p.mu.Unlock()
		return
	}
	p.seen[peer.Name] = look{peer.Said.Checkpoint, now}
	p.mu.Unlock()
	err := p.watch(ctx, peer)
	if err == nil {
		return
	}
	p.mu.Lock()
	p.seen[peer.Name] = look{at: now} // it is looked at again
	p.mu.Unlock()
	var fork *ledger.ForkError
	switch {
	case errors.As(err, &fork):
		p.forked(ctx, peer, fork)
	case ctx.Err() == nil:
		p.quiet("a peer's log wasn't cosigned", peer, err)
	}
}

func (p *Published) watch(ctx context.Context, peer federation.Peer) error {
	from, err := ledger.URL(p.o.Client, strings.TrimSuffix(peer.URL, "/")+"/ledger")
	if err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	c, _, err := p.o.Witness.Watch(within, from, peer.Ledger)
	if err != nil {
		return err
	}
	_, err = p.nodes.Call(within, peer.Name, pathWitnessed, []byte(c.Note), mostAsked)
	return err
}

// forked shuts a peer out whose log doesn't continue what was seen, and tells the operator.
func (p *Published) forked(ctx context.Context, peer federation.Peer, fork *ledger.ForkError) {
	why, hint := changed(fork), "both checkpoints are in "+fork.File+"; ask who runs it what happened, and keep the file"
	if err := p.nodes.Fork(ctx, peer.Name, why); err != nil {
		p.o.Log.Error("a peer whose log was changed couldn't be shut out", "peer", peer.Name, "error", err)
	}
	p.o.Log.Error("the log of a peer doesn't continue what was seen of it: nothing is asked of the peer or answered to it", "peer", peer.Name, "why", why, "hint", hint)
}

// changed says in a line what is wrong with a log, and what is to be done.
func changed(fork *ledger.ForkError) string {
	if fork.Shrunk() {
		return fault.New(fault.Conflict, "its log has %d leaves and had %d: it was restored from an older backup, or cut. "+
			"Its operator restores it with a copy of the ledger (samverk restore --ledger); then, or when the rest is gone for good and you know why, you clear it",
			fork.Now.Size, fork.Seen.Size).What
	}
	return fault.New(fault.Conflict, "its log of %d leaves doesn't continue the one of %d that was seen: leaves were changed, or it was restored from an older backup and gone on with. "+
		"Ask its operator, compare with other witnesses, and clear it only when you know why", fork.Now.Size, fork.Seen.Size).What
}

// Anew puts aside what was seen of a peer's log, on the operator's word, so that it is believed as if it were seen for the first time. A peer
// that is Forked stays so until it is approved again; without Anew it is shut out again, unless its log continues what was seen.
func (p *Published) Anew(_ context.Context, name string) error {
	peer, ok := p.nodes.Peer(name)
	if !ok {
		return fault.New(fault.NotFound, "no node is known as %.60q", name).Say("federation.peer")
	}
	if p.o.Witness == nil {
		return fault.New(fault.Conflict, "this node looks at no logs")
	}
	p.mu.Lock()
	delete(p.seen, name)
	p.mu.Unlock()
	return p.o.Witness.Forget(peer.Ledger)
}

// witnessed takes our own checkpoint that a peer cosigned.
func (p *Published) witnessed(ctx context.Context, from federation.Peer, note []byte) ([]byte, error) {
	if p.o.Witnesses == nil {
		return nil, nil
	}
	_, err := p.o.Witnesses.Take(ctx, note)
	if err != nil && fault.KindOf(err) == fault.Internal { // that is ours to see to
		p.o.Log.Error("a peer has cosigned a checkpoint that this node's log doesn't continue", "peer", from.Name, "error", err, "hint", fault.HintOf(err))
		return nil, fault.New(fault.Conflict, "the log doesn't continue that checkpoint").Say("published.log")
	}
	return nil, err
}

// witnesses are the approved peers' keys.
func (p *Published) witnesses() (keys []string) {
	for _, peer := range p.nodes.Peers() {
		if peer.State == federation.Approved && peer.Witness != "" {
			keys = append(keys, peer.Witness)
		}
	}
	return keys
}
