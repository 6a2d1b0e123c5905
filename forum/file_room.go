package forum

import (
	"context"
	"io"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// RoomFile is a file of another room's noun. The content is kept, scanned, swept and backed up as a topic's; who may lay it there
// and who may fetch it the other room says.
type RoomFile struct {
	Kind    string // the other room's word for its noun: "activity"
	Subject string // the noun's id
	Name    string
}

// KeepFile keeps a file for another room. may is asked before anything is read, and again when the file is there, in the
// transaction in which then is called, or there is no file.
func (f *Forum) KeepFile(ctx context.Context, who network.Actor, in RoomFile, content io.Reader, may func(*storage.Tx, network.Access) (network.ID, error),
	then func(*storage.Tx, Attachment) error) error {
	if err := f.look(ctx, who, func(tx *storage.Tx, a network.Access) error { _, err := may(tx, a); return err }); err != nil {
		return err
	}
	in.Name = fileName(in.Name)
	if err := needed("file", in.Name, titleLength); err != nil {
		return err
	}
	hash, size, state, err := f.take(ctx, content)
	if err != nil {
		return err
	}
	return f.act(ctx, who, func(tx *storage.Tx, a network.Access) error {
		root, err := may(tx, a)
		if err != nil {
			return err
		}
		var n int
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM room_file WHERE subject = $1`, in.Subject).Scan(&n); err != nil {
			return err
		}
		if n >= mostRoomFiles {
			return fault.New(fault.Conflict, "there are %d files already", n).Where("file").Say("file.many", n)
		}
		id, err := f.insertInto(ctx, tx, "room_file", who, root, in.Kind, in.Subject, in.Name, hash, size, state)
		if err != nil {
			return err
		}
		return then(tx, Attachment{ID: id, Name: in.Name, Size: size, State: state, Hash: hash, By: who.Person, Added: f.db.Now()})
	})
}

// mostRoomFiles is how many files a noun of another room has at most, old versions with them.
const mostRoomFiles = 200

// FetchFile gives a file of another room's noun, if may says so. It must be closed.
func (f *Forum) FetchFile(ctx context.Context, who network.Actor, kind, subject string, id FileID, may func(*storage.Tx, network.Access) error) (c Content, err error) {
	err = f.look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if err := may(tx, a); err != nil {
			return err
		}
		var added int64
		err := tx.QueryRow(ctx, `SELECT f.id, f.name, b.size, b.state, f.hash, f.person, f.added FROM room_file f JOIN forum_blob b ON b.hash = f.hash
			WHERE f.id = $1 AND f.kind = $2 AND f.subject = $3`, id, kind, subject).Scan(&c.ID, &c.Name, &c.Size, &c.State, &c.Hash, &c.By, &added)
		if noRow(err) {
			return network.Absent()
		}
		c.Added = moment(added)
		return err
	})
	if err != nil {
		return c, err
	}
	err = f.openContent(&c)
	return c, err
}
