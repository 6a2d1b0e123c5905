package app

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/storage"
)

// ledgerName is the ledger's folder in a data directory.
const ledgerName = "ledger"

// openLedger opens the node's ledger under the name it has had since it began.
func openLedger(ctx context.Context, dir string, s Settings, db *storage.DB) (*ledger.Ledger, error) {
	path := filepath.Join(dir, ledgerName)
	name := logName(s.Region) + "/" + strings.ToLower(db.Node())
	b, err := os.ReadFile(filepath.Join(path, "key.pub"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, cannotRead(path, err)
	}
	if was, _, ok := strings.Cut(string(b), "+"); ok {
		name = was // the region may have been given another name since
	}
	return ledger.Open(ctx, path, ledger.Options{Name: name, Now: db.Now, Random: rand.Reader, Held: held(db)})
}

// held keeps a restored node from going on with its log before it is known how far that had come: two logs would be signed, and witnesses see it.
func held(db *storage.DB) func() error {
	return func() error {
		if backup, waiting := db.Restored(); waiting {
			return fault.New(fault.Unavailable, "this node was restored from the backup of %s, and its ledger isn't gone on with before that is finished", backup).
				Do("finish with 'samverk restore'")
		}
		return nil
	}
}

// logName is a region's name as a part of its log's, which has neither spaces nor plus signs.
func logName(region string) string {
	plain := func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r > 0x7f {
			return r
		}
		return '-'
	}
	if name := strings.Trim(strings.Map(plain, strings.ToLower(region)), "-"); name != "" {
		return name
	}
	return "samverk"
}

// carrier takes to the ledger what changed in the rooms: each state of the consents, each erasure, each adoption of a policy. How far it
// has come is in the log itself, so each is there exactly once, also after a crash between the two.
type carrier struct {
	mu      sync.Mutex
	known   bool // what follows is as the log has it
	epoch   uint64
	erased  uint64
	adopted uint64
}

// carry takes what is new. A withdrawal is in force and acknowledged whether or not that succeeds; until it does, and the ledger can be
// written again, nothing is answered anyway.
func (n *Node) carry(ctx context.Context) {
	if err := n.carryAll(context.WithoutCancel(ctx)); err != nil {
		slog.Error("changes wait to be written to the ledger", "error", err, "hint", fault.HintOf(err))
	}
}

func (n *Node) carryAll(ctx context.Context) (err error) {
	if _, waiting := n.db.Restored(); waiting { // it is all told when it is known what there is to tell
		return nil
	}
	c := &n.carrier
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known {
		if err := c.read(ctx, n.index); err != nil {
			return err
		}
	}
	defer func() { c.known = err == nil }() // after a failure the leaf may be there, or not
	if err := c.consents(ctx, n.ledger, n.consents); err != nil {
		return err
	}
	for gone := uint64(n.people.Len() - len(n.people.List())); c.erased < gone; c.erased++ {
		if _, err := n.ledger.Append(ctx, ledger.Leaf{Kind: ledger.Erasure, Counted: c.erased + 1}); err != nil {
			return err
		}
	}
	if err := c.adoptions(ctx, n); err != nil {
		return err
	}
	return n.keepCheckpoint(ctx)
}

// read finds out from the log how far it has come.
func (c *carrier) read(ctx context.Context, x *ledger.Index) error {
	for kind, to := range map[ledger.Kind]*uint64{ledger.Consent: &c.epoch, ledger.Erasure: &c.erased, ledger.Adoption: &c.adopted} {
		last, err := x.List(ctx, ledger.Filter{Kind: kind, Limit: 1})
		if err != nil {
			return err
		}
		if *to = 0; len(last) > 0 {
			*to = last[0].Epoch
			if kind != ledger.Consent {
				*to = last[0].Counted
			}
		}
	}
	return nil
}

// farBehind is from how many states on only the newest is told: of a node from before there was a ledger, or a restored one.
const farBehind = 256

// consents appends a leaf for each state there has been. After a restore the epoch is less than the log's last, and the log shows it.
// Each says to the node itself how far the journal had come.
func (c *carrier) consents(ctx context.Context, l *ledger.Ledger, from *consent.Consents) error {
	now, mark := from.Epoch(), from.Mark()
	if c.epoch > now || now-c.epoch > farBehind {
		c.epoch = max(now, 1) - 1
	}
	for ; c.epoch < now; c.epoch++ {
		if _, err := l.Append(ctx, ledger.Leaf{Kind: ledger.Consent, Epoch: c.epoch + 1, Digest: mark}); err != nil {
			return err
		}
	}
	return nil
}

// adoptions appends a leaf for each policy that was adopted, or whose line ended.
func (c *carrier) adoptions(ctx context.Context, n *Node) error {
	if c.adopted >= uint64(n.policies.Head().Seq) {
		return nil
	}
	history := n.policies.History()
	for i := len(history) - 1; i >= 0; i-- {
		a := history[i]
		if uint64(a.Seq) <= c.adopted {
			continue
		}
		x := ledger.Leaf{Kind: ledger.Adoption, Organisation: n.settings.Organisation, Policy: a.Line, Counted: uint64(a.Seq)}
		if s := a.Signed; s != nil {
			digest, err := s.Draft.Digest()
			if err != nil {
				return err
			}
			x.PolicyVersion, x.Ref, x.Digest = uint32(s.Draft.Version), s.Draft.ID(), digest
			x.Decision = s.Mandate.Network + "/" + s.Mandate.Body + "/" + s.Mandate.Number
		}
		if _, err := n.ledger.Append(ctx, x); err != nil {
			return err
		}
		c.adopted = uint64(a.Seq)
	}
	return nil
}
