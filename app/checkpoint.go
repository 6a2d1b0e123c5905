package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/policy"
)

// Beside the journal lies how far the ledger had come. A backup is older than that, so a node that is made from one answers nothing until it
// has the ledger from somewhere where it went on, or the operator has said that it is gone for good.

// checkpointPath is where the newest checkpoint is kept.
func checkpointPath(journal string) string { return journal + ".checkpoint" }

// keepCheckpoint keeps the newest checkpoint beside the journal, unless it is there already.
func (n *Node) keepCheckpoint(ctx context.Context) error {
	journal, err := n.settings.journal(n.dir)
	if err != nil {
		return err
	}
	if _, waiting := n.db.Restored(); waiting { // what is there now is what this node has to reach
		return nil
	}
	c, err := n.ledger.Checkpoint(ctx)
	if err != nil {
		return err
	}
	if b, err := os.ReadFile(checkpointPath(journal)); err == nil && string(b) == c.Note {
		return nil
	}
	return writeFile(checkpointPath(journal), []byte(c.Note))
}

// complete refuses a restored ledger that isn't as far as the lost node's was.
func (n *Node) complete(ctx context.Context, journal, gone string) error {
	path := checkpointPath(journal)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || gone != "" {
		return nil // the node is from before there was a ledger, or the operator knows
	}
	if err != nil {
		return cannotRead(path, err)
	}
	last, err := ledger.ReadCheckpoint(b, n.ledger.PublicKey())
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the journal is another node's: so is the checkpoint beside it").In(path).Do("name this node's own journal with --journal")
	}
	if err := n.ledger.Continues(ctx, last); err != nil {
		return fault.Wrap(fault.Conflict, err, "the ledger isn't as far as it was when the node was lost").In(filepath.Join(n.dir, ledgerName)).
			Do("name a copy of it with --ledger DIR; if there is none, say why with --no-ledger WHY")
	}
	return nil
}

// confirmPolicies lets questions be judged again, when the ledger knows of no adoption that is missing here, or the operator says that the ledger
// is gone.
func (n *Node) confirmPolicies(ctx context.Context, gone string) error {
	last, err := n.index.List(ctx, ledger.Filter{Kind: ledger.Adoption, Limit: 1})
	if err != nil {
		return err
	}
	ground := "the ledger knows of no other policy"
	if len(last) > 0 && last[0].Counted > uint64(n.policies.Head().Seq) {
		if ground = gone; ground == "" {
			return nil // denied until they are adopted again: Faults says so
		}
	}
	err = n.policies.ConfirmRestored(ctx, policy.Actor{Operator: true}, ground)
	if fault.KindOf(err) == fault.Conflict {
		return nil // nothing waits
	}
	return err
}

// restoreLedger takes the log from a copy in place of the backup's.
func restoreLedger(ctx context.Context, dir, from string) error {
	if _, err := os.Stat(filepath.Join(from, "log", "checkpoint")); err == nil {
		from = filepath.Join(from, "log")
	}
	public, err := os.ReadFile(filepath.Join(dir, ledgerName, "key.pub"))
	if err != nil {
		return cannotRead(filepath.Join(dir, ledgerName), err)
	}
	made, err := os.MkdirTemp(filepath.Join(dir, ledgerName), ".log-*")
	if err != nil {
		return cannotWrite(dir, err)
	}
	defer os.RemoveAll(made)
	_, err = ledger.Copy(ctx, ledger.Dir(from), strings.TrimSpace(string(public)), func(name string, b []byte) error {
		path := filepath.Join(made, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return cannotWrite(path, err)
		}
		return writeFile(path, b)
	})
	if err != nil {
		return err
	}
	log := filepath.Join(dir, ledgerName, "log")
	if err := os.RemoveAll(log); err != nil {
		return cannotWrite(log, err)
	}
	if err := os.Rename(made, log); err != nil {
		return cannotWrite(log, err)
	}
	return syncDir(filepath.Dir(log))
}
