package procedure

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
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

// Options of a room.
type Options struct {
	URL string // this site, for evidence that refers to a page; "" for none

	People func(country, slug string, at time.Time) (Figure, bool) // how many live in a region; the room's own data when nil
}

// Room is the room, opened. Its methods may be called from many goroutines.
type Room struct {
	db      *storage.DB
	network *network.Registry
	forum   *forum.Forum
	notices *notice.Notices
	url     string
	figures figures
	known   atomic.Pointer[asked]
	people  func(country, slug string, at time.Time) (Figure, bool)
}

// Open gives the room over a database that has its tables.
func Open(_ context.Context, db *storage.DB, n *network.Registry, f *forum.Forum, told *notice.Notices, o Options) (*Room, error) {
	figures, err := readFigures()
	if err != nil {
		return nil, err
	}
	people := o.People
	if people == nil {
		people = figures.of
	}
	return &Room{figures: figures, db: db, network: n, forum: f, notices: told, url: strings.TrimSuffix(o.URL, "/"), people: people}, nil
}

// Now is the room's clock.
func (r *Room) Now() time.Time { return r.db.Now() }

const procedureColumns = `p.id, p.case_number, p.root, p.network, p.body, p.field, p.kind, p.lang, p.title, p.wanted, p.visibility, p.state, p.current, p.draft, p.answer_by, p.moved, p.created`

func scanProcedure(row interface{ Scan(...any) error }, more ...any) (p Procedure, err error) {
	var by, moved, created int64
	err = row.Scan(append([]any{&p.ID, &p.Case, &p.Root, &p.Network, &p.Body, &p.Field, &p.Kind, &p.Lang, &p.Title, &p.Wanted, &p.Visibility, &p.State,
		&p.Current, &p.Draft, &by, &moved, &created}, more...)...)
	p.AnswerBy, p.Moved, p.Created = moment(by), moment(moved), moment(created)
	return p, err
}

// any finds a procedure of whoever.
func (r *Room) any(ctx context.Context, tx *storage.Tx, id ID) (Procedure, error) {
	p, err := scanProcedure(tx.QueryRow(ctx, `SELECT `+procedureColumns+` FROM procedure p WHERE p.id = $1`, id))
	if noRow(err) {
		return p, network.Absent()
	}
	return p, err
}

// procedure finds one that is the reader's to see: by its scope, or because they were asked to review a draft of it.
func (r *Room) procedure(ctx context.Context, tx *storage.Tx, a network.Access, id ID) (Procedure, error) {
	p, err := r.any(ctx, tx, id)
	if err != nil || a.Sees(p.Scope()) || writes(a, p) {
		return p, err
	}
	asked, err := r.asked(ctx, tx, a, id)
	if err == nil && !asked {
		err = network.Absent()
	}
	return p, err
}

// asked tells whether somebody was asked to review a draft.
func (r *Room) asked(ctx context.Context, tx *storage.Tx, a network.Access, id ID) (bool, error) {
	if a.Actor.Person == "" {
		return false, nil
	}
	var n int
	err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM procedure_reviewer WHERE procedure = $1 AND person = $2`, id, a.Actor.Person).Scan(&n)
	return n > 0, err
}

// writes tells whether drafts are somebody's to write: who sits in the body, and who runs it or its network.
func writes(a network.Access, p Procedure) bool {
	return p.Body != "" && a.In(p.Body) || a.Runs(p.Body, p.Network)
}

// drafts tells whether somebody may read drafts of a procedure they see.
func (r *Room) readsDrafts(ctx context.Context, tx *storage.Tx, a network.Access, p Procedure) (bool, error) {
	if a.Actor.IsClock() || writes(a, p) || a.MemberOf(p.Network) && p.Wanted != network.BodyOnly {
		return true, nil
	}
	return r.asked(ctx, tx, a, p.ID)
}

const versionColumns = `v.procedure, v.number, v.state, v.was, v.edit, v.digest, v.topic, v.decision, v.said, v.starts, v.ends, COALESCE(w.name, ''), v.created, x.content`

const versionFrom = ` FROM procedure_version v JOIN procedure_text x ON x.procedure = v.procedure AND x.number = v.number AND x.edit = v.edit LEFT JOIN person w ON w.id = v.person WHERE `

func scanVersion(row interface{ Scan(...any) error }) (v Version, err error) {
	var starts, ends, created int64
	var digest, content string
	if err := row.Scan(&v.Procedure, &v.Number, &v.State, &v.Was, &v.Edit, &digest, &v.Topic, &v.Decision, &v.Said, &starts, &ends, &v.By, &created, &content); err != nil {
		return v, err
	}
	v.Starts, v.Ends, v.Created = moment(starts), moment(ends), moment(created)
	if v.Digest, err = unhexed(digest); err != nil {
		return v, err
	}
	return v, read(content, &v.Content)
}

func read(content string, to *Content) error {
	if err := json.Unmarshal([]byte(content), to); err != nil {
		return fault.Wrap(fault.Internal, err, "a procedure's text can't be read")
	}
	return nil
}

func (r *Room) version(ctx context.Context, tx *storage.Tx, id ID, number int64) (Version, error) {
	v, err := scanVersion(tx.QueryRow(ctx, `SELECT `+versionColumns+versionFrom+`v.procedure = $1 AND v.number = $2`, id, number))
	if noRow(err) {
		return v, network.Absent()
	}
	return v, err
}

// path is the address of a procedure's page.
func (r *Room) path(root network.ID, parts ...string) string {
	n, ok := r.network.Tree().Network(root)
	if !ok {
		return ""
	}
	return "/n/" + n.Slug + "/procedures/" + strings.Join(parts, "/")
}

// tell tells people, but for whoever did it.
func (r *Room) tell(ctx context.Context, tx *storage.Tx, who network.Actor, people []network.PersonID, what notice.Notice) error {
	slices.Sort(people)
	for _, p := range slices.Compact(people) {
		if p == who.Person || p == "" {
			continue
		}
		if err := r.notices.Tell(ctx, tx, string(p), what); err != nil {
			return err
		}
	}
	return nil
}

// people lists who holds a seat now that meets a condition on seat s and body b; its placeholders begin with $2.
func (r *Room) holders(ctx context.Context, tx *storage.Tx, where string, args ...any) (out []network.PersonID, err error) {
	rows, err := tx.Query(ctx, `SELECT DISTINCT h.person FROM body b JOIN seat s ON s.body = b.id JOIN holding h ON h.seat = s.id
		WHERE h.starts <= $1 AND (h.ends = 0 OR h.ends > $1) AND s.closed = 0 AND b.closed = 0 AND `+where+` ORDER BY h.person`,
		append([]any{storage.Micros(r.db.Now())}, args...)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p network.PersonID
		if err := rows.Scan(&p); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// places writes placeholders for values after those there are.
func places[T ~string](args []any, values []T) (string, []any) {
	out := make([]string, len(values))
	for i, v := range values {
		args = append(args, string(v))
		out[i] = place(len(args))
	}
	return strings.Join(out, ", "), args
}

func place(n int) string { return "$" + strconv.Itoa(n) }

func noRow(err error) bool { return errors.Is(err, sql.ErrNoRows) }

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

// typed makes what somebody typed into what is kept: valid, trimmed, without control characters but line breaks and tabs.
func typed(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\r\n", "\n")
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\n' && c != '\t' || unicode.Is(unicode.Bidi_Control, c) {
			return -1
		}
		return c
	}, s))
}

func line(s string) string { return strings.Join(strings.Fields(typed(s)), " ") }

func needed(field, s string, most int) error {
	if s == "" {
		return fault.New(fault.Invalid, "this must be given").Where(field).Say("procedure.missing")
	}
	return short(field, s, most)
}

func short(field, s string, most int) error {
	if utf8.RuneCountInString(s) > most {
		return fault.New(fault.Invalid, "the text is longer than %d characters", most).Where(field).Say("procedure.long", most)
	}
	return nil
}

func oneOf[T ~string](field string, v T, all ...T) error {
	if !contains(all, v) {
		return fault.New(fault.Invalid, "%.40q is none of those one can choose", string(v)).Where(field).Say("procedure.choice")
	}
	return nil
}

func denied() error {
	return fault.New(fault.Denied, "this is for others to do").Say("procedure.denied")
}

func stale() error {
	return fault.New(fault.Conflict, "somebody else changed this meanwhile").Say("edit.conflict").Do("compare both texts and save again")
}
