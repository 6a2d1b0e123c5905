package network

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// act runs an acting call: its transaction, with what the actor may do.
func (r *Registry) act(ctx context.Context, who Actor, do func(*storage.Tx, Access) error) error {
	return r.db.Write(ctx, func(tx *storage.Tx) error {
		a, err := r.Access(ctx, tx, who)
		if err != nil {
			return err
		}
		return do(tx, a)
	})
}

// Act is an acting call of a room that knows of no people itself, with what the actor may do.
func (r *Registry) Act(ctx context.Context, who Actor, do func(*storage.Tx, Access) error) error {
	return r.act(ctx, who, do)
}

// Look runs a reading call, with what the reader may see.
func (r *Registry) Look(ctx context.Context, who Actor, do func(*storage.Tx, Access) error) error {
	return r.db.Read(ctx, func(tx *storage.Tx) error {
		a, err := r.Access(ctx, tx, who)
		if err != nil {
			return err
		}
		return do(tx, a)
	})
}

// Now is the room's clock.
func (r *Registry) Now() time.Time { return r.db.Now() }

// Event is one line of history.
type Event struct {
	Seq     int64
	Subject string // the id of what it happened to
	Kind    string // "seat.given": names the sentence that tells it
	Actor   PersonID
	Name    string // the actor's; "" for the clock and for whoever is erased
	At      time.Time
	Details map[string]string // ids and values; never a person's name
}

// Record writes a line of history, for this room and those of action, whose nouns have ids of their own. Its kind names the sentence that
// tells it; its details are for everyone who sees the subject.
func (r *Registry) Record(ctx context.Context, tx *storage.Tx, who Actor, root ID, subject, kind string, details map[string]string) error {
	if details == nil {
		details = map[string]string{}
	}
	b, err := json.Marshal(details)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "an event's details can't be written")
	}
	_, err = tx.Exec(ctx, `INSERT INTO network_event (seq, root, subject, kind, actor, at, details)
		VALUES ((SELECT COALESCE(MAX(seq), 0) + 1 FROM network_event), $1, $2, $3, $4, $5, $6)`,
		root, subject, kind, who.Person, r.db.Now(), string(b))
	return err
}

// History lists what happened to a subject, the latest first, before a line; 0 for from the end. Whether the reader may see the
// subject is the caller's question.
func (r *Registry) History(ctx context.Context, tx *storage.Tx, subject string, before int64, limit int) ([]Event, error) {
	if before == 0 {
		before = 1 << 62
	}
	return Events(ctx, tx, `SELECT e.seq, e.subject, e.kind, e.actor, COALESCE(p.name, ''), e.at, e.details
		FROM network_event e LEFT JOIN person p ON p.id = e.actor WHERE e.subject = $1 AND e.seq < $2 ORDER BY e.seq DESC LIMIT $3`, subject, before, limit)
}

// Events reads lines of a history: seq, subject, kind, actor, the actor's name, at, details.
func Events(ctx context.Context, tx *storage.Tx, query string, args ...any) ([]Event, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Event
	for rows.Next() {
		var e Event
		var at int64
		var details string
		if err := rows.Scan(&e.Seq, &e.Subject, &e.Kind, &e.Actor, &e.Name, &at, &details); err != nil {
			return nil, err
		}
		e.At = storage.Time(at)
		if err := json.Unmarshal([]byte(details), &e.Details); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "event %d can't be read", e.Seq)
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// update runs an UPDATE with "AND version ="; when it finds no row the edit began from an older version.
func (r *Registry) update(ctx context.Context, tx *storage.Tx, query string, args ...any) error {
	done, err := tx.Exec(ctx, query, args...)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return stale()
}

// How long texts may be, in characters.
const (
	nameLength = 200
	textLength = 20_000
)

// text makes what somebody typed into what is kept: valid, trimmed, without control characters but line breaks, and without
// those that turn the text around, in which a name could pass for another.
func text(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\r\n", "\n")
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\n' && c != '\t' || unicode.Is(unicode.Bidi_Control, c) {
			return -1
		}
		return c
	}, s))
}

// line is text of one line.
func line(s string) string { return strings.Join(strings.Fields(text(s)), " ") }

func (t Text) clean(one func(string) string) Text { return Text{one(t.SV), one(t.NB), one(t.EN)} }

// Empty tells whether nothing is written in any language.
func (t Text) Empty() bool { return t == Text{} }

// named gives a name that can be kept, or says what is wrong with it.
func named(field, s string) (string, error) {
	s = line(s)
	if s == "" {
		return "", missing(field)
	}
	return s, short(field, s, nameLength)
}

// namedText is named in up to three languages.
func namedText(field string, t Text) (Text, error) {
	t = t.clean(line)
	if t.Empty() {
		return t, missing(field)
	}
	return t, shortText(field, t, nameLength)
}

func longText(field string, t Text) (Text, error) {
	t = t.clean(text)
	return t, shortText(field, t, textLength)
}

func shortText(field string, t Text, most int) error {
	for _, s := range [...]string{t.SV, t.NB, t.EN} {
		if err := short(field, s, most); err != nil {
			return err
		}
	}
	return nil
}

func short(field, s string, most int) error {
	if utf8.RuneCountInString(s) > most {
		return fault.New(fault.Invalid, "the text is longer than %d characters", most).Where(field).Say("network.long", most)
	}
	return nil
}

func missing(field string) error {
	return fault.New(fault.Invalid, "this must be given").Where(field).Say("network.missing")
}

// oneOf says what is wrong when a value is none of those there are.
func oneOf[T ~string](field string, v T, all ...T) error {
	for _, x := range all {
		if v == x {
			return nil
		}
	}
	return fault.New(fault.Invalid, "%.40q is none of those one can choose", string(v)).Where(field).Say("network.choose")
}

func denied() error {
	return fault.New(fault.Denied, "this is not yours to do").Say("network.denied")
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

// null is a reference that may be to nothing.
func null[T ~string](id T) any {
	if id == "" {
		return nil
	}
	return string(id)
}

// scanIDs reads rows of one id and closes them.
func scanIDs[T ~string](rows *sql.Rows) ([]T, error) {
	defer rows.Close()
	var out []T
	for rows.Next() {
		var id T
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, rows.Err()
}
