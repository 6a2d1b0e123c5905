package home

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// Migrations are the room's tables, of both sides.
//
//go:embed migrations/*.sql
var Migrations embed.FS

// Registrar knows whose each claim is.
type Registrar struct{ db *storage.DB }

// afterRestore is for how long a restored registrar gives nobody a claim that it doesn't know: until every node has told which it has.
const afterRestore = 24 * time.Hour

// NewRegistrar opens the registrar.
func NewRegistrar(ctx context.Context, db *storage.DB) (*Registrar, error) {
	if _, waiting := db.Restored(); waiting {
		err := db.Write(ctx, func(tx *storage.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO home_restored (one, until) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET until = excluded.until`, db.Now().Add(afterRestore))
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return &Registrar{db}, nil
}

var nodeName = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// Handle answers a node's message.
func (r *Registrar) Handle(ctx context.Context, node string, body []byte) ([]byte, error) {
	var m message
	if err := parse(body, &m); err != nil {
		return nil, err
	}
	if !nodeName.MatchString(node) || m.Turn == 0 || m.Turn > 1<<62 || len(m.Claim)+len(m.Hold)+len(m.Release) > mostClaims {
		return nil, fault.New(fault.Invalid, "the message has too many claims, or no turn").Say("home.message")
	}
	for _, x := range m.Release {
		if x.To != "" && !nodeName.MatchString(x.To) {
			return nil, fault.New(fault.Invalid, "%.40q is no node", x.To).Say("home.message")
		}
	}
	var a answer
	err := r.db.Write(ctx, func(tx *storage.Tx) (err error) {
		a = answer{}
		if a.Late, err = r.late(ctx, tx, node, m.Turn); err != nil || a.Late > 0 {
			return err
		}
		b := book{tx: tx, node: node, now: r.db.Now(), of: map[Claim]entry{}}
		if err := b.read(ctx, m); err != nil {
			return err
		}
		for _, x := range m.Release {
			b.release(x)
		}
		for _, c := range m.Hold {
			a.Hold = append(a.Hold, b.claim(c, true))
		}
		for _, c := range m.Claim {
			a.Claim = append(a.Claim, b.claim(c, false))
		}
		return b.write(ctx)
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(a)
}

// late tells the turn of a message that came before this one and should have come after it.
func (r *Registrar) late(ctx context.Context, tx *storage.Tx, node string, turn uint64) (uint64, error) {
	var last uint64
	err := tx.QueryRow(ctx, `SELECT turn FROM home_node WHERE node = $1`, node).Scan(&last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) || turn <= last {
		return last, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO home_node (node, turn) VALUES ($1, $2) ON CONFLICT (node) DO UPDATE SET turn = excluded.turn`, node, int64(turn))
	return 0, err
}

// entry is a claim as it is written.
type entry struct {
	node    string
	moved   bool
	changed bool
}

// book is what the registrar has of a message's claims, in one transaction.
type book struct {
	tx       *storage.Tx
	node     string
	now      time.Time
	restored bool // what isn't known here may be another's
	of       map[Claim]entry
	acts     []act
}

type act struct {
	claim    Claim
	what, to string
}

func (b *book) read(ctx context.Context, m message) error {
	var until int64
	err := b.tx.QueryRow(ctx, `SELECT until FROM home_restored WHERE one = 1`).Scan(&until)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	b.restored = storage.Micros(b.now) < until
	var all []any
	for _, c := range append(append([]Claim(nil), m.Claim...), m.Hold...) {
		all = append(all, c.String())
	}
	for _, x := range m.Release {
		all = append(all, x.Claim.String())
	}
	const most = 500
	for ; len(all) > 0; all = all[min(most, len(all)):] {
		if err := b.readSome(ctx, all[:min(most, len(all))]); err != nil {
			return err
		}
	}
	return nil
}

func (b *book) readSome(ctx context.Context, some []any) error {
	rows, err := b.tx.Query(ctx, `SELECT claim, node, moved FROM home_claim WHERE claim IN (`+places(1, len(some))+`)`, some...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		var e entry
		var moved int64
		if err := rows.Scan(&text, &e.node, &moved); err != nil {
			return err
		}
		var c Claim
		if err := c.UnmarshalText([]byte(text)); err != nil {
			return err
		}
		e.moved = moved == 1
		b.of[c] = e
	}
	return rows.Err()
}

// claim gives a claim to the node, if it is nobody's. Of a node that has it already, a registrar that has forgotten it is told so.
func (b *book) claim(c Claim, held bool) word {
	e, known := b.of[c]
	if e.node == "" && (known || held || !b.restored) {
		e.node, e.changed = b.node, true
		e.moved = e.moved || b.restored
		b.acts = append(b.acts, act{c, "claim", ""})
		b.of[c] = e
	}
	switch {
	case e.node != b.node:
		return others
	case e.moved:
		return yoursOnce
	}
	return yours
}

// release takes the node's claim away. One that it hasn't isn't touched.
func (b *book) release(x release) {
	e, known := b.of[x.Claim]
	if !known && b.restored {
		e.node, known = b.node, true
	}
	if !known || e.node != b.node {
		return
	}
	b.of[x.Claim] = entry{node: x.To, moved: true, changed: true}
	what := "release"
	if x.To != "" {
		what = "move"
	}
	b.acts = append(b.acts, act{x.Claim, what, x.To})
}

func (b *book) write(ctx context.Context) error {
	const columns, most = 3, 300
	var values []string
	var args []any
	flush := func() error {
		if len(args) == 0 {
			return nil
		}
		_, err := b.tx.Exec(ctx, `INSERT INTO home_claim (claim, node, moved) VALUES `+strings.Join(values, ", ")+`
			ON CONFLICT (claim) DO UPDATE SET node = excluded.node, moved = excluded.moved`, args...)
		values, args = values[:0], args[:0]
		return err
	}
	for c, e := range b.of {
		if !e.changed {
			continue
		}
		values = append(values, "("+places(len(args)+1, columns)+")")
		if args = append(args, c.String(), e.node, e.moved); len(values) == most {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil || len(b.acts) == 0 {
		return err
	}
	var seq int64
	if err := b.tx.QueryRow(ctx, `SELECT coalesce(max(seq), 0) FROM home_history`).Scan(&seq); err != nil {
		return err
	}
	i := 0
	return b.tx.Insert(ctx, "home_history (seq, claim, node, act, to_node, at)", func() []any {
		if i == len(b.acts) {
			return nil
		}
		x := b.acts[i]
		i++
		return []any{seq + int64(i), x.claim.String(), b.node, x.what, x.to, b.now}
	})
}

// Act is what a node did with a claim.
type Act struct {
	Node, What, To string
	At             time.Time
}

// History tells what became of a claim, from the first, at most a thousand acts.
func (r *Registrar) History(ctx context.Context, c Claim) (all []Act, err error) {
	err = r.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, `SELECT node, act, to_node, at FROM home_history WHERE claim = $1 ORDER BY seq LIMIT 1000`, c.String())
		if err != nil {
			return err
		}
		defer rows.Close()
		all = nil
		for rows.Next() {
			var x Act
			var at int64
			if err := rows.Scan(&x.Node, &x.What, &x.To, &at); err != nil {
				return err
			}
			x.At = storage.Time(at)
			all = append(all, x)
		}
		return rows.Err()
	})
	return all, err
}

// places writes $from, $from+1, … for n placeholders.
func places(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	return b.String()
}
