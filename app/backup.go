package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/storage"
)

// backup writes the database and the segments of one moment into one file.
func (n *Node) backup(ctx context.Context, q BackupRequest, s Sink[None]) (BackupResult, error) {
	s.Progress(Progress{Phase: "writing the backup"})
	files, err := n.files(ctx)
	if err != nil {
		return BackupResult{}, err
	}
	var epoch uint64
	if _, err := storage.Backup(ctx, n.db, q.Out, func() ([]storage.File, func(), error) {
		epoch = n.consents.Epoch()
		return n.pin(ctx, files)
	}); err != nil {
		return BackupResult{}, err
	}
	st, err := os.Stat(q.Out)
	if err != nil {
		return BackupResult{}, cannotRead(q.Out, err)
	}
	journal, err := n.settings.journal(n.dir)
	return BackupResult{Bytes: st.Size(), ConsentEpoch: epoch, Journal: journal}, err
}

// pinnedPrefix begins the name of a folder of second names.
const pinnedPrefix = ".backing-up-"

// unpin removes what a backup that was killed left: second names would keep genotypes that a compaction erased.
func (n *Node) unpin() error {
	entries, err := os.ReadDir(n.dir)
	if err != nil {
		return cannotRead(n.dir, err)
	}
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), pinnedPrefix) {
			if err := os.RemoveAll(filepath.Join(n.dir, e.Name())); err != nil {
				return cannotWrite(filepath.Join(n.dir, e.Name()), err)
			}
		}
	}
	return nil
}

// pin gives the segments of this moment second names, so that a compaction that removes them doesn't take them away
// before they are copied, and copies the ledger. Nothing can be written to the database meanwhile, and an access record is written
// before its leaf: so each leaf in the backup has its record there.
func (n *Node) pin(ctx context.Context, from *forum.Forum) (files []storage.File, release func(), err error) {
	dir, err := os.MkdirTemp(n.dir, pinnedPrefix+"*")
	if err != nil {
		return nil, nil, cannotWrite(n.dir, err)
	}
	release = func() { os.RemoveAll(dir) }
	defer func() {
		if err != nil {
			release()
		}
	}()
	for _, name := range n.genomes.Snapshot().Files() {
		pinned := filepath.Join(dir, name)
		if err := os.Link(filepath.Join(n.dir, segmentsName, name), pinned); err != nil {
			return nil, nil, cannotWrite(pinned, err)
		}
		files = append(files, storage.File{Name: segmentsName + "/" + name, Path: pinned})
	}
	// Where the database was and its password are not for a backup; a restore is told anew.
	kept := n.settings
	kept.Database, kept.Journal = "", ""
	b, err := json.Marshal(kept)
	if err != nil {
		return nil, nil, err
	}
	settings := filepath.Join(dir, settingsName)
	if err := writeFile(settings, append(b, '\n')); err != nil {
		return nil, nil, err
	}
	files = append(files, storage.File{Name: settingsName, Path: settings})
	log, err := n.pinLedger(ctx, filepath.Join(dir, ledgerName))
	if err != nil {
		return nil, nil, err
	}
	files = append(files, log...)
	keys, err := n.pinKeys()
	if err != nil {
		return nil, nil, err
	}
	files = append(files, keys...)
	attachments, unpin, err := from.Pin()
	if err != nil {
		unpin()
		return nil, nil, err
	}
	return append(files, attachments...), func() { unpin(); os.RemoveAll(dir) }, nil
}

// pinLedger copies the ledger as far as it is signed, with its key: without that it could not go on.
func (n *Node) pinLedger(ctx context.Context, dir string) (files []storage.File, err error) {
	put := func(name string, b []byte) error {
		path := filepath.Join(dir, filepath.FromSlash(name))
		files = append(files, storage.File{Name: ledgerName + "/" + name, Path: path})
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return cannotWrite(path, err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil { //nolint:gosec // in a folder made for it
			return cannotWrite(path, err)
		}
		return nil
	}
	if _, err := ledger.Copy(ctx, n.ledger.Source(), n.ledger.PublicKey(), func(name string, b []byte) error { return put("log/"+name, b) }); err != nil {
		return nil, err
	}
	for _, name := range []string{"key", "key.pub"} {
		b, err := os.ReadFile(filepath.Join(n.dir, ledgerName, name))
		if err != nil {
			return nil, cannotRead(filepath.Join(n.dir, ledgerName, name), err)
		}
		if err := put(name, b); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// files are the forum's. A backup by a command that serves nothing asks a forum opened for it.
func (n *Node) files(ctx context.Context) (*forum.Forum, error) {
	if c := n.serving.Load(); c != nil {
		return c.Forum, nil
	}
	return forum.Open(ctx, n.db, nil, nil, forum.Options{Files: filepath.Join(n.dir, attachmentsName)})
}

// Restore makes a node from a backup, and applies what the journal knows to have happened since. Until that has
// been done the node counts nobody. Without q.From it finishes a restore that came no further.
func Restore(ctx context.Context, dir string, q RestoreRequest, progress func(Progress)) (RestoreResult, error) {
	if q.Journal != "" && q.NoJournal != "" {
		return RestoreResult{}, fault.New(fault.Invalid, "a journal is given, and the word that there is none").Do("say one of the two")
	}
	if q.From != "" {
		if err := restoreFiles(ctx, dir, q, progress); err != nil {
			return RestoreResult{}, err
		}
	}
	if q.From == "" && q.NoJournal != "" { // a node that won't open without its journal has to be told first
		lost := filepath.Join(dir, journalLostName)
		if err := writeFile(lost, []byte(q.NoJournal+"\n")); err != nil {
			return RestoreResult{}, err
		}
		defer os.Remove(lost)
	}
	if q.Ledger != "" {
		if err := restoreLedger(ctx, dir, q.Ledger); err != nil {
			return RestoreResult{}, err
		}
	}
	progress(Progress{Phase: "reading the journal"})
	var r RestoreResult
	err := With(ctx, dir, "samverk restore", nil, func(c *Client) (err error) {
		r, err = finishRestore.Call(ctx, c, q, noItems)
		return err
	})
	return r, err
}

// journalLostName is the operator's word, in the data directory, that the journal is gone for good. It holds for one opening.
const journalLostName = "journal-lost"

// restoreFiles makes the directory, after it is sure that somebody has thought of the journal.
func restoreFiles(ctx context.Context, dir string, q RestoreRequest, progress func(Progress)) error {
	settings := Settings{Version: settingsVersion, Database: q.Database}
	if err := settings.check(); err != nil {
		return err
	}
	journal, err := settings.journal(dir)
	if err != nil {
		return err
	}
	if journal = cmp.Or(q.Journal, journal); q.NoJournal == "" {
		if _, err := os.Stat(journal); err != nil {
			return fault.Wrap(fault.NotFound, err, "without the journal, people who withdrew since the backup would be counted").In(journal).
				Do("name the journal of the node that was lost with --journal; if it is gone for good, say why with --no-journal WHY")
		}
	}
	progress(Progress{Phase: "restoring"})
	_, err = storage.Restore(ctx, q.From, dir, settings.dsn, storage.Options{Migrations: migrations()})
	if err != nil || q.Database == "" {
		return err
	}
	kept, err := ReadSettings(dir)
	if err != nil {
		return err
	}
	kept.Database = q.Database
	b, err := json.MarshalIndent(kept, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, settingsName), append(b, '\n'))
}

// finishRestore withdraws and removes again, in one transaction, and lets people be counted.
func (n *Node) finishRestore(ctx context.Context, q RestoreRequest, _ Sink[None]) (RestoreResult, error) {
	var r RestoreResult
	if _, waiting := n.db.Restored(); !waiting {
		if n.journalLost {
			return RestoreResult{ConsentEpoch: n.consents.Epoch()}, nil
		}
		return r, fault.New(fault.Conflict, "this node is not waiting for a journal").In(n.dir).Do("name the backup to restore, and a new directory")
	}
	journal, err := n.settings.journal(n.dir)
	if err != nil {
		return r, err
	}
	journal = cmp.Or(q.Journal, journal)
	if _, err := os.Stat(journal); errors.Is(err, fs.ErrNotExist) && q.NoJournal == "" {
		return r, fault.New(fault.NotFound, "the journal isn't there").In(journal).
			Do("name it with --journal; if it is gone for good, say why with --no-journal WHY")
	}
	if err := n.complete(ctx, journal, q.NoLedger); err != nil {
		return r, err
	}
	var mark [32]byte
	last, err := n.index.List(ctx, ledger.Filter{Kind: ledger.Consent, Limit: 1})
	if err != nil {
		return r, err
	}
	if len(last) > 0 {
		mark = last[0].Digest
	}
	err = n.db.Write(ctx, func(tx *storage.Tx) error {
		r = RestoreResult{}
		if q.NoJournal != "" {
			return n.consents.ConfirmNoJournal(ctx, tx, consent.Actor(q.By), q.NoJournal)
		}
		done, err := n.consents.Replay(ctx, tx, consent.Actor(q.By), journal, mark)
		if err != nil {
			return err
		}
		r.Withdrawals, r.Removals = done.Withdrawn, len(done.Removed)
		for _, who := range done.Removed {
			if err := n.counted.Forget(ctx, tx, who); err != nil {
				return err
			}
			if err := n.genomes.RemoveIndividual(ctx, tx, who); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = n.confirmPolicies(ctx, cmp.Or(q.NoLedger, q.NoJournal))
	}
	if err == nil {
		n.carry(ctx)
	}
	r.ConsentEpoch = n.consents.Epoch()
	return r, err
}
