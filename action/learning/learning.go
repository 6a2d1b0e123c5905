package learning

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// Migrations are the room's tables, for storage.Options.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Options say how the room reaches people.
type Options struct {
	URL  string    // this site, for calendars; "" for none
	Rand io.Reader // makes secret links and certificates' codes; the system's when nil
	Demo bool      // no mail is sent, and the page shows the link that a mail would have: only in a demonstration
}

// Room is learning, opened. Its methods may be called from many goroutines.
type Room struct {
	db      *storage.DB
	network *network.Registry
	forum   *forum.Forum
	notices *notice.Notices
	raising sync.Mutex
	options Options
}

// Open gives the room over a database that has its tables. What it keeps of people goes when they erase themselves.
func Open(_ context.Context, db *storage.DB, n *network.Registry, f *forum.Forum, told *notice.Notices, o Options) (*Room, error) {
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	r := &Room{db: db, network: n, forum: f, notices: told, options: o}
	n.OnErase(r.forget)
	return r, nil
}

// Now is the room's clock.
func (r *Room) Now() time.Time { return r.db.Now() }

func (r *Room) act(ctx context.Context, who network.Actor, do func(*storage.Tx, network.Access) error) error {
	return r.network.Act(ctx, who, do)
}

func (r *Room) look(ctx context.Context, who network.Actor, do func(*storage.Tx, network.Access) error) error {
	return r.network.Look(ctx, who, do)
}

func (r *Room) record(ctx context.Context, tx *storage.Tx, who network.Actor, a Activity, kind string, details map[string]string) error {
	return r.network.Record(ctx, tx, who, a.Root, string(a.ID), "learning."+kind, details)
}

// address is where a tenant's pages are.
func (r *Room) address(root network.ID) string {
	if n, ok := r.network.Tree().Network(root); ok {
		return "/n/" + n.Slug
	}
	return ""
}

func (r *Room) path(a Activity) string { return r.address(a.Root) + "/learning/" + string(a.ID) }

// secret makes 256 random bits, and what is kept of them.
func (r *Room) secret() (token, hash string, err error) {
	var b [32]byte
	if _, err := io.ReadFull(r.options.Rand, b[:]); err != nil {
		return "", "", fault.Wrap(fault.Internal, err, "no randomness for a link")
	}
	token = base64.RawURLEncoding.EncodeToString(b[:])
	return token, hashOf(token), nil
}

// hashOf is what is kept of a token. It has 256 bits of its own, so one pass is enough.
func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// zoneOf reads an IANA name; one that this machine doesn't know is UTC.
func zoneOf(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return z
}

// never is later than anything that ends.
const never = int64(1) << 62

// micros gives a column for a time that may be unknown.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return storage.Micros(t)
}

func moment(column int64) time.Time {
	if column == 0 || column == never {
		return time.Time{}
	}
	return storage.Time(column)
}

func noRow(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// one looks after an UPDATE that must find its row.
func one(done sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return stale()
}

func stale() *fault.Error {
	return fault.New(fault.Conflict, "somebody else changed this meanwhile").Say("edit.conflict").Do("compare both texts and save again")
}

func denied() *fault.Error {
	return fault.New(fault.Denied, "this is for others to do").Say("learning.denied")
}

// How long texts may be, in characters.
const (
	lineLength = 200
	textLength = 20_000
	needLength = 500
)

// typed makes what somebody typed into what is kept: valid, trimmed, without control characters but line breaks, and without those that
// turn text around.
func typed(s string) string {
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\n' && c != '\t' || unicode.Is(unicode.Bidi_Control, c) {
			return -1
		}
		return c
	}, strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\r\n", "\n")))
}

// line is typed, of one line.
func line(s string) string { return strings.Join(strings.Fields(typed(s)), " ") }

func short(field, s string, most int) error {
	if utf8.RuneCountInString(s) > most {
		return fault.New(fault.Invalid, "the text is longer than %d characters", most).Where(field).Say("learning.long", most)
	}
	return nil
}

func needed(field, s string, most int) error {
	if s == "" {
		return fault.New(fault.Invalid, "this must be given").Where(field).Say("learning.missing")
	}
	return short(field, s, most)
}

func oneOf[T comparable](field string, v T, of ...T) error {
	if !slices.Contains(of, v) {
		return fault.New(fault.Invalid, "%v is not one of those there are", v).Where(field).Say("learning.choose")
	}
	return nil
}

func between(field string, n, least, most int) error {
	if n < least || n > most {
		return fault.New(fault.Invalid, "%d is not between %d and %d", n, least, most).Where(field).Say("learning.number", least, most)
	}
	return nil
}

func web(field, s string) error {
	if s != "" && !strings.HasPrefix(s, "https://") {
		return fault.New(fault.Invalid, "the link is no address of the web").Where(field).Say("learning.link")
	}
	return short(field, s, 500)
}

func place(n int) string { return "$" + strconv.Itoa(n) }

// column reads rows of one value and closes them.
func column[T any](rows *sql.Rows, err error) (out []T, _ error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var v T
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// each reads rows and closes them.
func each(rows *sql.Rows, err error, do func(*sql.Rows) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := do(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// mailKey is an address to compare.
func mailKey(mail string) string { return strings.ToLower(mail) }

func itoa[T int | int64](n T) string { return strconv.FormatInt(int64(n), 10) }
