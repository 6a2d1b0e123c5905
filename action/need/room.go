package need

import (
	"context"
	"embed"
	"slices"
	"strings"
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

// Room is where needs meet.
type Room struct {
	db      *storage.DB
	network *network.Registry
	forum   *forum.Forum
	notices *notice.Notices
}

// Open opens the room over a database that has its tables.
func Open(db *storage.DB, n *network.Registry, f *forum.Forum, told *notice.Notices) *Room {
	r := &Room{db, n, f, told}
	n.OnErase(r.forget)
	return r
}

// forget removes what the room keeps of a person who erases themself. A proposal stays, without whose it was.
func (r *Room) forget(ctx context.Context, tx *storage.Tx, p network.PersonID) error {
	for _, q := range []string{
		`DELETE FROM need_ranked WHERE person = $1`, `DELETE FROM need_ranking WHERE person = $1`, `UPDATE need_proposal SET person = '' WHERE person = $1`,
		`DELETE FROM need_contact WHERE person = $1 OR need IN (SELECT id FROM need WHERE person = $1)`, `DELETE FROM need WHERE person = $1`,
	} {
		if _, err := tx.Exec(ctx, q, p); err != nil {
			return err
		}
	}
	return nil
}

// How long texts may be, in characters.
const (
	titleLength   = 200
	textLength    = 8000
	addressLength = 500
)

func denied() error {
	return fault.New(fault.Denied, "this is for others to do").Say("need.denied")
}

func stale() error {
	return fault.New(fault.Conflict, "somebody else changed this meanwhile").Say("edit.conflict").Do("compare both texts and save again")
}

// text makes what somebody typed into what is kept: valid, trimmed, without control characters but line breaks.
func text(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\r\n", "\n")
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\n' || unicode.Is(unicode.Bidi_Control, c) {
			return -1
		}
		return c
	}, s))
}

func line(s string) string { return strings.Join(strings.Fields(text(s)), " ") }

func needed(field, s string, most int) error {
	if s == "" {
		return fault.New(fault.Invalid, "it is empty").Where(field).Say("need.missing")
	}
	return short(field, s, most)
}

func short(field, s string, most int) error {
	if utf8.RuneCountInString(s) > most {
		return fault.New(fault.Invalid, "the text is longer than %d characters", most).Where(field).Say("need.long", most)
	}
	return nil
}

func oneOf[T ~string](field string, v T, of ...T) error {
	if !slices.Contains(of, v) {
		return fault.New(fault.Invalid, "%.40q is none of those one can choose", string(v)).Where(field).Say("need.choose")
	}
	return nil
}
