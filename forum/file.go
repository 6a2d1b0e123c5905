package forum

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// What a file may be, in bytes, and how many a topic or a meeting may have.
const (
	fileLimit = 25 << 20
	mostFiles = 50
)

// ScanState says what is known of a file's content.
type ScanState string

// The states of a content. Only clean and unscanned ones are given out.
const (
	Clean      ScanState = "clean"
	Unscanned  ScanState = "unscanned"  // there is no scanner here
	Quarantine ScanState = "quarantine" // the scanner hasn't answered yet
	Infected   ScanState = "refused"
)

// Attachment is a file of a topic or a meeting.
type Attachment struct {
	ID    FileID
	Name  string
	Size  int64
	State ScanState
	Hash  string
	By    network.PersonID
	Added time.Time
}

// Attach lays a file beside a topic. It is on disk, under its content's hash, before the topic knows of it.
func (f *Forum) Attach(ctx context.Context, who network.Actor, id TopicID, name string, content io.Reader) (FileID, error) {
	may := func(tx *storage.Tx, a network.Access) (network.ID, error) {
		t, err := f.topic(ctx, tx, a, id)
		return t.Root, cmp.Or(err, mayAdd(a, t))
	}
	return f.attach(ctx, who, "topic", string(id), name, content, may, func(*storage.Tx, network.Access, FileID) error { return nil })
}

// AttachToMeeting keeps a file for a meeting that isn't over and names it as a paper of it, or of one of its items, in one: for who
// runs the meeting.
func (f *Forum) AttachToMeeting(ctx context.Context, who network.Actor, id MeetingID, item ItemID, title, name string, content io.Reader) (FileID, error) {
	may := func(tx *storage.Tx, a network.Access) (network.ID, error) {
		m, err := f.takesPapers(ctx, tx, a, id)
		return m.Root, err
	}
	return f.attach(ctx, who, "meeting", string(id), name, content, may, func(tx *storage.Tx, a network.Access, file FileID) error {
		return f.addPaper(ctx, tx, who, a, id, item, Paper{Title: typedLine(title), File: file})
	})
}

// attach keeps a file of a subject. may says whether the actor may lay one there, and in which tenant that is; it is asked
// before anything is read and again when the file is there. then is what else is done with it, or there is no file.
func (f *Forum) attach(ctx context.Context, who network.Actor, kind, subject, name string, content io.Reader, may func(*storage.Tx, network.Access) (network.ID, error),
	then func(*storage.Tx, network.Access, FileID) error) (id FileID, err error) {
	if err := f.look(ctx, who, func(tx *storage.Tx, a network.Access) error { _, err := may(tx, a); return err }); err != nil {
		return "", err
	}
	name = fileName(name)
	if err := needed("file", name, titleLength); err != nil {
		return "", err
	}
	hash, size, state, err := f.take(ctx, content)
	if err != nil {
		return "", err
	}
	err = f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		root, err := may(tx, a)
		if err != nil {
			return err
		}
		if id, err = f.insertFile(ctx, tx, who, root, kind, subject, name, hash, size, state); err != nil {
			return err
		}
		if err := f.record(ctx, tx, who, root, subject, kind+".file", map[string]string{"name": name}); err != nil {
			return err
		}
		return then(tx, a, id)
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

func (f *Forum) insertFile(ctx context.Context, tx *storage.Tx, who network.Actor, root network.ID, kind, subject, name, hash string, size int64, state ScanState) (FileID, error) {
	var n int
	if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM forum_file WHERE subject = $1`, subject).Scan(&n); err != nil {
		return "", err
	}
	if n >= mostFiles {
		return "", fault.New(fault.Conflict, "there are %d files already", n).Where("file").Say("file.many", n)
	}
	id, err := f.insertInto(ctx, tx, "forum_file", who, root, kind, subject, name, hash, size, state)
	if err != nil {
		return "", err
	}
	return id, f.reindex(ctx, tx, FileDoc, string(id))
}

// insertInto writes a content and its file, in a table of files.
func (f *Forum) insertInto(ctx context.Context, tx *storage.Tx, table string, who network.Actor, root network.ID, kind, subject, name, hash string, size int64, state ScanState) (FileID, error) {
	id, err := f.db.NewID()
	if err != nil {
		return "", err
	}
	now := micros(f.db.Now())
	if _, err := tx.Exec(ctx, `INSERT INTO forum_blob (hash, size, state, checked) VALUES ($1, $2, $3, $4)
		ON CONFLICT (hash) DO UPDATE SET state = excluded.state, checked = excluded.checked`, hash, size, state, now); err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, `INSERT INTO `+table+` (id, root, kind, subject, hash, name, person, added) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		id, root, kind, subject, hash, name, who.Person, now)
	return FileID(id), err
}

// fileName is a name without a folder and without what a file system or a header could take for something else.
func fileName(s string) string {
	s = typedLine(strings.ReplaceAll(s, "\\", "/"))
	s = s[strings.LastIndexByte(s, '/')+1:]
	s = strings.Map(func(c rune) rune {
		if strings.ContainsRune(`<>:"|?*;%`, c) {
			return '_'
		}
		return c
	}, s)
	return strings.TrimLeft(s, ".")
}

// take keeps a content and asks what the scanner says of it.
func (f *Forum) take(ctx context.Context, content io.Reader) (hash string, size int64, state ScanState, err error) {
	if hash, size, err = f.keep(content); err != nil {
		return "", 0, "", err
	}
	state, err = f.scan(ctx, hash)
	return hash, size, state, err
}

// keep writes a content to disk under its hash, durably. What nothing refers to in a day is swept away.
func (f *Forum) keep(content io.Reader) (hash string, size int64, err error) {
	if f.files == "" {
		return "", 0, fault.New(fault.Unavailable, "there is no folder for files").Do("give one in the settings")
	}
	if err := os.MkdirAll(f.files, 0o700); err != nil {
		return "", 0, cannotKeep(err)
	}
	out, err := os.CreateTemp(f.files, ".incoming-*")
	if err != nil {
		return "", 0, cannotKeep(err)
	}
	defer func() { _, _ = out.Close(), os.Remove(out.Name()) }()
	sum := sha256.New()
	size, err = io.Copy(io.MultiWriter(out, sum), io.LimitReader(content, fileLimit+1))
	switch {
	case err != nil:
		return "", 0, cannotKeep(err)
	case size > fileLimit:
		return "", 0, fault.New(fault.Invalid, "the file is larger than %d bytes", fileLimit).Where("file").Say("file.large", fileLimit>>20)
	case size == 0:
		return "", 0, fault.New(fault.Invalid, "the file is empty").Where("file").Say("file.empty")
	}
	f.sweeping.RLock()
	defer f.sweeping.RUnlock()
	hash = hex.EncodeToString(sum.Sum(nil))
	to := f.filePath(hash)
	now := f.db.Now()
	if err := errors.Join(out.Sync(), os.Chtimes(out.Name(), now, now), os.MkdirAll(filepath.Dir(to), 0o700), os.Rename(out.Name(), to), syncDir(filepath.Dir(to)), syncDir(f.files)); err != nil {
		return "", 0, cannotKeep(err)
	}
	return hash, size, nil
}

func cannotKeep(err error) error {
	return fault.Wrap(fault.Unavailable, err, "the file can't be kept").Do("see that the folder for files may be written in and has space")
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (f *Forum) filePath(hash string) string { return filepath.Join(f.files, hash[:2], hash) }

// Content is a file to be given out. It must be closed.
type Content struct {
	Attachment
	io.ReadCloser
}

// Fetch gives a file to who may see what it belongs to.
func (f *Forum) Fetch(ctx context.Context, who network.Actor, root network.ID, id FileID) (c Content, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		var kind, subject string
		err := tx.QueryRow(ctx, `SELECT kind, subject FROM forum_file WHERE id = $1 AND root = $2`, id, root).Scan(&kind, &subject)
		if noRow(err) {
			return network.Absent()
		}
		if err := cmp.Or(err, f.maySeeFiles(ctx, tx, a, kind, subject)); err != nil {
			return err
		}
		all, err := f.filesOf(ctx, tx, subject)
		for _, one := range all {
			if one.ID == id {
				c.Attachment = one
			}
		}
		return err
	})
	if err != nil {
		return c, err
	}
	err = f.openContent(&c)
	return c, err
}

// openContent opens what a file holds, if it may be given out.
func (f *Forum) openContent(c *Content) (err error) {
	if c.State != Clean && c.State != Unscanned {
		return fault.New(fault.Unavailable, "the file hasn't been found clean").Say("file.quarantine")
	}
	if c.ReadCloser, err = os.Open(f.filePath(c.Hash)); err != nil {
		return fault.Wrap(fault.Internal, err, "a file that the database speaks of can't be read")
	}
	return nil
}

func (f *Forum) maySeeFiles(ctx context.Context, tx *storage.Tx, a network.Access, kind, subject string) error {
	if kind == "topic" {
		_, err := f.topic(ctx, tx, a, TopicID(subject))
		return err
	}
	m, err := f.meeting(ctx, tx, a, MeetingID(subject))
	if err == nil && !inside(a, m.Body, m.Network) {
		err = network.Absent()
	}
	return err
}

// RemoveFile takes a file away from a topic: by who added it, or who runs the topic's body, until it is decided.
func (f *Forum) RemoveFile(ctx context.Context, who network.Actor, id TopicID, file FileID) error {
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		t, err := f.topic(ctx, tx, a, id)
		if err != nil {
			return err
		}
		all, err := f.filesOf(ctx, tx, string(id))
		if err != nil {
			return err
		}
		for _, one := range all {
			if one.ID != file {
				continue
			}
			if one.By != who.Person && !a.Runs(t.Body, t.Network) {
				return denied()
			}
			if t.State == Decided || t.State == Merged {
				return fault.New(fault.Conflict, "the decision rests on it").Say("evidence.rests")
			}
			return f.dropFile(ctx, tx, who, t, one)
		}
		return network.Absent()
	})
}

func (f *Forum) dropFile(ctx context.Context, tx *storage.Tx, who network.Actor, t Topic, file Attachment) error {
	for _, statement := range []string{`DELETE FROM topic_evidence WHERE kind = 'file' AND ref = $1`, `DELETE FROM forum_file WHERE id = $1`} {
		if _, err := tx.Exec(ctx, statement, file.ID); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `DELETE FROM forum_blob WHERE hash = $1 AND NOT EXISTS (SELECT 1 FROM forum_file WHERE hash = $1) AND NOT EXISTS (SELECT 1 FROM room_file WHERE hash = $1)`, file.Hash); err != nil {
		return err
	}
	if err := f.unindex(ctx, tx, FileDoc, string(file.ID)); err != nil {
		return err
	}
	return f.record(ctx, tx, who, t.Root, string(t.ID), "topic.unfile", map[string]string{"name": file.Name})
}

// filesOf lists a subject's files.
func (f *Forum) filesOf(ctx context.Context, tx *storage.Tx, subject string) ([]Attachment, error) {
	rows, err := tx.Query(ctx, `SELECT f.id, f.name, b.size, b.state, f.hash, f.person, f.added FROM forum_file f JOIN forum_blob b ON b.hash = f.hash
		WHERE f.subject = $1 ORDER BY f.added, f.id LIMIT 200`, subject)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Attachment
	for rows.Next() {
		var a Attachment
		var added int64
		if err := rows.Scan(&a.ID, &a.Name, &a.Size, &a.State, &a.Hash, &a.By, &added); err != nil {
			return nil, err
		}
		a.Added = moment(added)
		out = append(out, a)
	}
	return out, rows.Err()
}

// FilesDue asks the scanner again about what it hasn't judged, and sweeps away what nothing refers to.
func (f *Forum) FilesDue(ctx context.Context) error {
	if f.files == "" {
		return nil
	}
	return cmp.Or(f.rescan(ctx), f.sweep(ctx))
}

func (f *Forum) rescan(ctx context.Context) error {
	var waiting []string
	err := f.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, `SELECT hash FROM forum_blob WHERE state = 'quarantine' ORDER BY checked LIMIT 20`)
		if err != nil {
			return err
		}
		waiting, err = column[string](rows)
		return err
	})
	for _, hash := range waiting {
		state, scanned := f.scan(ctx, hash)
		if fault.KindOf(scanned) == fault.Invalid && scanned != nil {
			state = Infected
		}
		err = cmp.Or(err, f.db.Write(ctx, func(tx *storage.Tx) error {
			if _, err := tx.Exec(ctx, `UPDATE forum_blob SET state = $2, checked = $3 WHERE hash = $1`, hash, state, micros(f.db.Now())); err != nil {
				return err
			}
			if state == Quarantine {
				return nil
			}
			return f.reindexFiles(ctx, tx, hash)
		}))
	}
	return err
}

// sweepAfter is how old a file is that nothing refers to when it is swept: its transaction has long ended.
const sweepAfter = 24 * time.Hour

func (f *Forum) sweep(ctx context.Context) error {
	f.sweeping.Lock() // not while a backup copies
	defer f.sweeping.Unlock()
	old := f.db.Now().Add(-sweepAfter)
	return f.eachFile(func(path, hash string, info fs.FileInfo) error {
		if info.ModTime().After(old) {
			return nil
		}
		var n int
		if err := f.db.Read(ctx, func(tx *storage.Tx) error {
			return tx.QueryRow(ctx, `SELECT COUNT(*) FROM forum_blob WHERE hash = $1`, hash).Scan(&n)
		}); err != nil || n > 0 {
			return err
		}
		return os.Remove(path)
	})
}

// eachFile visits what is in the folder; what isn't under its hash was left by a killed process.
func (f *Forum) eachFile(visit func(path, hash string, info fs.FileInfo) error) error {
	err := filepath.WalkDir(f.files, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return cmp.Or(err, visit(path, e.Name(), info))
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Pin names the files of attachments for a backup, and keeps them from being swept until release is called.
func (f *Forum) Pin() (files []storage.File, release func(), err error) {
	f.sweeping.RLock()
	err = f.eachFile(func(path, name string, _ fs.FileInfo) error {
		if len(name) == sha256.Size*2 {
			files = append(files, storage.File{Name: "attachments/" + name[:2] + "/" + name, Path: path})
		}
		return nil
	})
	return files, f.sweeping.RUnlock, err
}
