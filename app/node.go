package app

import (
	"github.com/samverk/samverk/action/involvement"
	"github.com/samverk/samverk/action/need"
	"github.com/samverk/samverk/action/plan"
	"github.com/samverk/samverk/action/toolbox"

	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/action/learning"
	"github.com/samverk/samverk/action/procedure"
	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/consent/counted"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/federation/home"
	"github.com/samverk/samverk/federation/published"
	"github.com/samverk/samverk/federation/together"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/mandate/carried"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// Node is an opened data directory. One process has it open, the one that holds its lock.
type Node struct {
	dir      string
	settings Settings
	db       *storage.DB
	people   *individual.Register
	consents *consent.Consents
	genomes  *store.Store
	counted  *counted.Counted
	policies *policy.Policies
	ledger   *ledger.Ledger
	index    *ledger.Index
	accesses *ledger.Accesses
	home     *home.Home
	claims   *home.Registrar
	desk     *answer.Desk
	nodes    *federation.Nodes
	nation   *together.Desk // asks this node and its peers
	carrier  carrier
	letGoAt  time.Time // when letGo last did
	// reference is the node's FASTA; nil for none.
	reference *variant.Reference

	serving atomic.Pointer[Commons] // while it serves
	nudged  chan struct{}           // there may be something to carry out

	witness   *ledger.Witness   // of peers' logs
	witnesses *ledger.Witnesses // of ours
	published *published.Published
	giving    sync.Mutex // held while what peers gave is adopted

	journalLost bool // the operator says so
}

const segmentsName = "segments"

// Open opens the rooms from the bottom up. Only the owner of the directory may call it.
func Open(ctx context.Context, dir string) (*Node, error) {
	settings, err := ReadSettings(dir)
	if err != nil {
		return nil, err
	}
	n := &Node{dir: dir, settings: settings, nudged: make(chan struct{}, 1)}
	if err := n.open(ctx); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func (n *Node) open(ctx context.Context) (err error) {
	segments := filepath.Join(n.dir, segmentsName)
	if err := os.Mkdir(segments, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fault.Wrap(fault.Unavailable, err, "the folder of segments can't be made").In(segments)
	}
	if err := n.unpin(); err != nil {
		return err
	}
	n.db, err = storage.Open(ctx, n.settings.dsn(n.dir), storage.Options{Migrations: migrations()})
	if err != nil {
		return err
	}
	if n.people, err = individual.Open(ctx, n.db); err != nil {
		return err
	}
	journal, err := n.settings.journal(n.dir)
	if err != nil {
		return err
	}
	_, err = os.Stat(filepath.Join(n.dir, journalLostName))
	n.journalLost = err == nil
	if n.consents, err = consent.Open(ctx, n.db, n.people, consent.Options{Journal: journal, JournalLost: n.journalLost}); err != nil {
		return err
	}
	if n.genomes, err = store.Open(ctx, n.db, segments, store.Options{}); err != nil {
		return err
	}
	if err := n.openPolicies(ctx); err != nil {
		return err
	}
	if n.settings.Reference != "" {
		if n.reference, err = variant.OpenReference(n.settings.Reference); err != nil {
			return err
		}
	}
	if err := n.openDesk(ctx); err != nil {
		return err
	}
	if err := n.openWitness(); err != nil {
		return err
	}
	if err := n.openNodes(ctx); err != nil {
		return err
	}
	return n.openPublished()
}

// openDesk opens what stands between a count and an answer.
func (n *Node) openDesk(ctx context.Context) (err error) {
	if n.counted, err = counted.Open(ctx, n.db, n.people, counted.Options{}); err != nil {
		return err
	}
	if n.ledger, err = openLedger(ctx, n.dir, n.settings, n.db); err != nil {
		return err
	}
	years, err := n.settings.keepYears()
	if err != nil {
		return err
	}
	if n.accesses, err = ledger.NewAccesses(n.db, n.ledger, rand.Reader, years); err != nil {
		return err
	}
	n.index = ledger.NewIndex(n.db, n.ledger)
	if err := n.openHome(ctx); err != nil {
		return err
	}
	n.desk = answer.New(answer.Rooms{DB: n.db, Consents: n.consents, Genomes: n.genomes, Policies: n.policies, Counted: n.counted,
		Ledger: n.ledger, Accesses: n.accesses, People: n.people, Home: n.home.Set, Reference: n.reference, Log: slog.Default()})
	n.carry(ctx)
	return nil
}

// migrations are every room's tables.
func migrations() []fs.FS {
	return []fs.FS{individual.Migrations, consent.Migrations, counted.Migrations, policy.Migrations, carried.Migrations, ledger.Migrations, answer.Migrations, store.Migrations(),
		network.Migrations, account.Migrations, notice.Migrations, forum.Migrations, toolbox.Migrations, learning.Migrations, procedure.Migrations, plan.Migrations, involvement.Migrations, need.Migrations, federation.Migrations, home.Migrations, published.Migrations}
}

// Close closes what was opened, from the top down.
func (n *Node) Close() error {
	var errs []error
	if n.published != nil {
		n.published.Close()
	}
	if n.nodes != nil {
		n.nodes.Close()
	}
	if n.policies != nil {
		n.policies.Close()
	}
	if n.ledger != nil {
		errs = append(errs, n.ledger.Close(context.Background())) // signs what isn't yet
		if n.desk != nil {
			errs = append(errs, n.keepCheckpoint(context.Background()))
		}
	}
	if n.reference != nil {
		errs = append(errs, n.reference.Close())
	}
	if n.genomes != nil {
		errs = append(errs, n.genomes.Close())
	}
	if n.policies != nil {
		n.policies.Close()
	}
	if n.consents != nil {
		errs = append(errs, n.consents.Close())
	}
	if n.db != nil {
		errs = append(errs, n.db.Close())
	}
	return errors.Join(errs...)
}

// person finds an individual by the region's own id.
func (n *Node) person(id string) (individual.Individual, error) {
	who, ok := n.people.Lookup(id)
	if !ok {
		return who, individual.NoSuch(id)
	}
	return who, nil
}
