package forum

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// Migrations are the room's tables, for storage.Options.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Options say where the room keeps files.
type Options struct {
	Files   string    // the folder of attachments; "" and nothing can be attached
	Scanner string    // of attachments: clamd, as unix:/path or tcp:host:port; "" for none
	URL     string    // this site, "https://samverk.example.org", for calendars; "" for none
	Mail    string    // whom a meeting's invitation comes from; "" and a convocation brings no calendar's invitation
	Rand    io.Reader // salts the parts of sealed minutes; the system's when nil
	Sealed  func()    // told after each commit that sealed minutes or approved a decision; it must not wait. nil: nobody is
}

// Forum is the room, opened. Its methods may be called from many goroutines.
type Forum struct {
	db       *storage.DB
	network  *network.Registry
	notices  *notice.Notices
	files    string
	scanner  string
	sweeping sync.RWMutex // of files: held to sweep, and shared by who adds or copies some
	url      string
	mail     string
	rand     io.Reader
	tallies  sync.Map // by tenant: its tally
	sealed   func()
}

// Open gives the room over a database that has its tables.
func Open(ctx context.Context, db *storage.DB, n *network.Registry, told *notice.Notices, o Options) (*Forum, error) {
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Sealed == nil {
		o.Sealed = func() {}
	}
	f := &Forum{db: db, network: n, notices: told, files: o.Files, scanner: o.Scanner, url: o.URL, mail: o.Mail, rand: o.Rand, sealed: o.Sealed}
	return f, f.indexOld(ctx)
}

// act runs an acting call: its transaction, with what the actor may do.
func (f *Forum) act(ctx context.Context, who network.Actor, do func(*storage.Tx, network.Access) error) error {
	return f.network.Act(ctx, who, do)
}

// look runs a reading call.
func (f *Forum) look(ctx context.Context, who network.Actor, do func(*storage.Tx, network.Access) error) error {
	return f.network.Look(ctx, who, do)
}

// Event is one line of history. Its details hold nothing that is not for everyone who sees the subject.
type Event = network.Event

// record writes a line of history.
func (f *Forum) record(ctx context.Context, tx *storage.Tx, who network.Actor, root network.ID, subject, kind string, details map[string]string) error {
	b, err := json.Marshal(details)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "an event's details can't be written")
	}
	_, err = tx.Exec(ctx, `INSERT INTO forum_event (seq, root, subject, kind, actor, at, details)
		VALUES ((SELECT COALESCE(MAX(seq), 0) + 1 FROM forum_event), $1, $2, $3, $4, $5, $6)`,
		root, subject, kind, who.Person, storage.Micros(f.db.Now()), string(b))
	return err
}

// history lists what happened to a subject last, the oldest first.
func (f *Forum) history(ctx context.Context, tx *storage.Tx, subject string) ([]Event, error) {
	out, err := network.Events(ctx, tx, `SELECT e.seq, e.subject, e.kind, e.actor, COALESCE(p.name, ''), e.at, e.details
		FROM forum_event e LEFT JOIN person p ON p.id = e.actor WHERE e.subject = $1 ORDER BY e.seq DESC LIMIT $2`, subject, most)
	slices.Reverse(out)
	return out, err
}

// NextCase gives the next number in a tenant's register of the year: "SE-2026-0123".
func (f *Forum) NextCase(ctx context.Context, tx *storage.Tx, root network.ID) (string, error) {
	n, ok := f.network.Tree().Network(root)
	if !ok {
		return "", network.Absent()
	}
	year := f.db.Now().In(zone(n.Zone)).Year()
	var number int64
	err := tx.QueryRow(ctx, `INSERT INTO forum_number (root, year, last) VALUES ($1, $2, 1)
		ON CONFLICT (root, year) DO UPDATE SET last = forum_number.last + 1 RETURNING last`, root, year).Scan(&number)
	return fmt.Sprintf("%s-%d-%04d", strings.ToUpper(n.Slug), year, number), err
}

// zone reads an IANA name; one that this machine doesn't know is UTC.
func zone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return z
}

func noRow(err error) bool { return errors.Is(err, sql.ErrNoRows) }

func stale() *fault.Error {
	return fault.New(fault.Conflict, "somebody else changed this meanwhile").Say("edit.conflict").Do("compare both texts and save again")
}

// micros gives a column for a time that may be unknown.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return storage.Micros(t)
}

func moment(column int64) time.Time {
	if column == 0 {
		return time.Time{}
	}
	return storage.Time(column)
}
