package ledger

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"k8s.io/klog/v2"

	"github.com/samverk/samverk/fault"
)

// Options open a ledger.
type Options struct {
	Name   string           // the log's, for ever: like example.org/ledger
	Now    func() time.Time // the node's clock
	Random io.Reader        // for the key
	// Held says why nothing may be appended now; nil, or giving nil: nothing forbids it.
	Held func() error
}

const (
	signEvery   = 100 * time.Millisecond // while the log grows; as often as Tessera does it
	sweepEvery  = 5 * time.Second        // partial tiles that full ones have replaced are removed
	signTimeout = 3 * time.Second
	never       = time.Duration(math.MaxInt64)
)

// Ledger is an open log. Its methods may be called from many goroutines.
type Ledger struct {
	dir  string
	key  key
	opts Options

	appender *tessera.Appender // for groups; it signs, and sweeps
	alone    *tessera.Appender // for one leaf at a time
	reader   tessera.LogReader
	shutdown func(context.Context) error
	cancel   context.CancelFunc

	mu     sync.Mutex // guards what follows; leaves are added in the order of their times
	group  group
	closed bool
}

// Receipt says where a leaf is.
type Receipt struct {
	Index uint64
	Time  time.Time
	Hash  [32]byte // the leaf's hash in the tree
}

func init() {
	// Tessera tells its progress and, ten times a second, its failures through klog. What fails is told by Append, Covering
	// and Close.
	klog.SetSlogLogger(slog.New(slog.DiscardHandler))
}

// Open opens the ledger in dir, or begins one.
func Open(ctx context.Context, dir string, o Options) (*Ledger, error) {
	l := &Ledger{dir: dir, opts: o, group: group{wake: make(chan struct{}, 1), done: make(chan struct{})}}
	if err := os.MkdirAll(dir, 0o700); err != nil { //nolint:gosec // the operator says where the folder is
		return nil, fault.Wrap(fault.Unavailable, err, "the ledger's folder can't be made").In(dir)
	}
	begun, err := l.begun() // before a key is made
	if err != nil {
		return nil, err
	}
	if l.key, err = loadKey(filepath.Join(dir, "key"), o.Name, o.Random, !begun, verifierOf); err != nil {
		return nil, err
	}
	if err := l.recover(ctx); err != nil {
		return nil, err
	}
	if err := l.start(ctx); err != nil {
		return nil, err
	}
	if err := l.genesis(ctx); err != nil {
		_ = l.Close(ctx)
		return nil, err
	}
	return l, nil
}

// begun tells whether anything has been logged here.
func (l *Ledger) begun() (bool, error) {
	_, err := os.Stat(l.path(".state"))
	if errors.Is(err, fs.ErrNotExist) {
		_, err = os.Stat(l.path("checkpoint"))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fault.Wrap(fault.Unavailable, err, "the ledger can't be read").In(l.path(""))
	}
	return true, nil
}

func (l *Ledger) path(name string) string { return filepath.Join(l.dir, "log", name) }

// start hands the folder to Tessera. Its context lives until stop.
func (l *Ledger) start(ctx context.Context) error {
	signer, err := note.NewSigner(l.key.secret)
	if err != nil {
		return fault.New(fault.Internal, "the key can't sign")
	}
	background, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	driver, err := posix.New(background, posix.Config{Path: l.path("")})
	if err == nil {
		err = l.probe()
	}
	options := func() *tessera.AppendOptions {
		return tessera.NewAppendOptions().WithCheckpointSigner(signer).WithCheckpointRepublishInterval(0).WithShutdownTimeout(signTimeout)
	}
	if err == nil {
		l.appender, l.shutdown, l.reader, err = tessera.NewAppender(background, driver, options().
			WithBatching(groupMost, groupAge).WithCheckpointInterval(signEvery).WithGarbageCollectionInterval(sweepEvery))
	}
	if err == nil { // both write under the driver's lock, and one after the other; if both signed, the older checkpoint could come last
		l.alone, _, _, err = tessera.NewAppender(background, driver, options().
			WithBatching(1, groupAge).WithCheckpointInterval(never).WithGarbageCollectionInterval(0))
	}
	if err != nil {
		cancel()
		return unwritable(err)
	}
	if l.group.next, err = l.Size(ctx); err != nil {
		cancel()
		return err
	}
	go l.commitAll()
	return nil
}

// genesis appends the first leaf, or checks that it is this log's.
func (l *Ledger) genesis(ctx context.Context) error {
	size, err := l.Size(ctx)
	if err != nil {
		return err
	}
	ours := sha256.Sum256([]byte(l.key.Public))
	if size == 0 {
		if _, err := l.Append(ctx, Leaf{Kind: Genesis, Organisation: l.opts.Name, Digest: ours}); err != nil {
			return err
		}
		_, err := l.Covering(ctx, 0) // a copy taken before that would begin a second time
		return err
	}
	first, err := l.Leaf(ctx, 0)
	if err != nil {
		return err
	}
	if first.Kind != Genesis || first.Digest != ours {
		return fault.New(fault.Internal, "the ledger was begun with another key").In(l.path("")).
			Do("restore the folder of the ledger as a whole, with its key")
	}
	return nil
}

// PublicKey is what others check the log's signatures with.
func (l *Ledger) PublicKey() string { return l.key.Public }

// Source gives the log's public files.
func (l *Ledger) Source() Source { return Dir(l.path("")) }

// Append adds a leaf with the time of now, and returns when it is durable and in the tree. After an error the leaf may or
// may not be in the log, and whatever it was to record must not happen.
func (l *Ledger) Append(ctx context.Context, x Leaf) (Receipt, error) {
	r, err := l.AppendAll(ctx, []Leaf{x})
	if err != nil {
		return Receipt{}, err
	}
	return r[0], nil
}

// AppendAll appends leaves one after the other, as Append does, and waits for all of them at once. After an error each may or may not be in the log.
func (l *Ledger) AppendAll(ctx context.Context, all []Leaf) ([]Receipt, error) {
	if err := ctx.Err(); err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "nothing was written to the ledger")
	}
	receipts, done, err := l.add(all)
	if err != nil {
		return nil, err
	}
	for range all {
		select {
		case a := <-done:
			if a.err != nil {
				return nil, unwritable(a.err)
			}
			receipts[a.of].Index = a.index
		case <-ctx.Done():
			return nil, fault.Wrap(fault.Unavailable, ctx.Err(), "nobody waited for the ledger")
		}
	}
	return receipts, nil
}

// add stamps leaves and queues them in one step, so that times are in the order of leaves.
func (l *Ledger) add(all []Leaf) ([]Receipt, <-chan answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, nil, fault.New(fault.Unavailable, "the ledger is closed")
	}
	receipts, bytes := make([]Receipt, len(all)), make([][]byte, len(all))
	for i, x := range all {
		if l.opts.Held != nil && x.Kind != Genesis {
			if err := l.opts.Held(); err != nil {
				return nil, nil, err
			}
		}
		x.Time = l.opts.Now().UTC().Truncate(time.Microsecond)
		b, err := x.Encode()
		if err != nil {
			return nil, nil, err
		}
		receipts[i], bytes[i] = Receipt{Time: x.Time, Hash: tlog.RecordHash(b)}, b
	}
	return receipts, l.enqueue(bytes), nil
}

// probe opens a file where Tessera keeps its locks: a folder that is gone, a file system that has become read-only and a process
// without file descriptors would make it panic, and take the node with it.
func (l *Ledger) probe() error {
	f, err := os.OpenFile(l.path(".state/probe"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func unwritable(err error) error {
	return fault.Wrap(fault.Unavailable, err, "the ledger can't be written").Say("ledger.unwritable").
		Do("free space on the disk, or give the right to write; until then everything is refused")
}

// Size is how many leaves are in the tree.
func (l *Ledger) Size(ctx context.Context) (uint64, error) {
	n, err := l.reader.IntegratedSize(ctx)
	if err != nil {
		return 0, fault.Wrap(fault.Unavailable, err, "the ledger can't be read")
	}
	return n, nil
}

// Leaf gives the leaf with an index.
func (l *Ledger) Leaf(ctx context.Context, index uint64) (Leaf, error) {
	size, err := l.Size(ctx)
	if err != nil {
		return Leaf{}, err
	}
	b, err := entry(files{ctx, l.Source()}, index, size)
	if err != nil {
		return Leaf{}, err
	}
	return Decode(b)
}

// entry reads one entry of a log of a size.
func entry(f files, index, size uint64) ([]byte, error) {
	if index >= size {
		return nil, fault.New(fault.NotFound, "the log has no leaf %d", index)
	}
	bundle := index / tileWidth
	all, _, err := f.entries(bundle, int(min(size-bundle*tileWidth, tileWidth)))
	if err != nil {
		return nil, damaged(err)
	}
	return all[index%tileWidth], nil
}

func damaged(err error) error {
	return fault.Wrap(fault.Internal, err, "the ledger can't be read").Do("run samverk ledger verify")
}

// Checkpoint gives the newest signed checkpoint.
func (l *Ledger) Checkpoint(ctx context.Context) (Checkpoint, error) {
	return fetchCheckpoint(ctx, l.Source(), l.key.Public)
}

// Covering waits until a checkpoint over the leaf with an index is signed, for a few seconds at most.
func (l *Ledger) Covering(ctx context.Context, index uint64) (Checkpoint, error) {
	ctx, cancel := context.WithTimeout(ctx, signTimeout)
	defer cancel()
	size, err := l.Size(ctx)
	if err != nil {
		return Checkpoint{}, err
	}
	if index >= size {
		return Checkpoint{}, fault.New(fault.NotFound, "the log has no leaf %d", index)
	}
	for {
		c, err := l.Checkpoint(ctx)
		if err != nil || c.Size > index {
			return c, err
		}
		l.hasten()
		select {
		case <-ctx.Done():
			return c, fault.Wrap(fault.Unavailable, ctx.Err(), "the leaf is in the log, and not yet signed").Do("ask again in a moment")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// hasten makes the checkpoint look old: Tessera compares its time with the clock, and would wait for a whole day when that went
// back by one.
func (l *Ledger) hasten() {
	old := time.Unix(1, 0)
	_ = os.Chtimes(l.path("checkpoint"), old, old)
}

// Close waits for what was asked to be durable and signed, and closes the ledger.
func (l *Ledger) Close(ctx context.Context) error {
	l.mu.Lock()
	was := l.closed
	l.closed = true
	l.mu.Unlock()
	if was {
		return nil
	}
	l.rouse()
	<-l.group.done
	defer l.cancel()
	ctx, cancel := context.WithTimeout(ctx, signTimeout)
	defer cancel()
	size, err := l.Size(ctx)
	if err == nil && size > 0 {
		_, err = l.Covering(ctx, size-1)
	}
	if err == nil {
		err = l.shutdown(ctx)
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "the ledger was closed before its last leaves were signed").
			Do("nothing is lost: they are signed at the next opening")
	}
	return nil
}

func fetchCheckpoint(ctx context.Context, from Source, public string) (Checkpoint, error) {
	b, err := from(ctx, "checkpoint")
	if err != nil {
		return Checkpoint{}, fault.Wrap(fault.Unavailable, err, "the log's checkpoint can't be read")
	}
	return ReadCheckpoint(b, public)
}
