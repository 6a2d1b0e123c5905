package published

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// What a peer can make this node keep.
const (
	mostKept   = 3000 // entries
	mostBody   = 64 << 10
	mostPolicy = 2 << 20
	mostPages  = 20 // at one hello

	mostRefused = 50 // entries that aren't believed, each of mostBody
)

// place is how far a peer was heard in this process.
type place struct {
	feed string
	seq  uint64
}

// pull asks a network's node for what is new, and keeps it. A process begins at a feed's beginning: what it trusts may be another than before.
func (p *Published) pull(ctx context.Context, peer federation.Peer) error {
	for range mostPages {
		p.mu.Lock()
		at := p.heard[peer.Name]
		p.mu.Unlock()
		body, err := json.Marshal(asked{Feed: at.feed, Since: at.seq, Network: p.network()})
		if err != nil {
			return err
		}
		within, cancel := context.WithTimeout(ctx, callTime)
		b, err := p.nodes.Call(within, peer.Name, pathPublications, body, mostPage)
		cancel()
		if err != nil {
			return err
		}
		var next page
		if err := json.Unmarshal(b, &next); err != nil || next.Feed == "" || len(next.Entries) > mostEntries || next.More && next.Last <= next.Since ||
			next.Since != 0 && (next.Feed != at.feed || next.Since != at.seq) {
			return fault.New(fault.Invalid, "what %s publishes can't be read", peer.Name).Say("published.unread")
		}
		if err := p.read(ctx, peer, next, next.Feed != at.feed || next.Since < at.seq); err != nil {
			return err
		}
		p.mu.Lock()
		if p.heard[peer.Name] == at { // and nobody wanted it anew meanwhile
			p.heard[peer.Name] = place{next.Feed, next.Last}
		}
		p.mu.Unlock()
		if !next.More {
			break
		}
	}
	p.adopt(ctx)
	return nil
}

// read keeps a page. What isn't in a feed that is heard from its beginning goes when all of that has been heard.
func (p *Published) read(ctx context.Context, peer federation.Peer, next page, begins bool) error {
	return p.db.Write(ctx, func(tx *storage.Tx) error {
		if begins {
			if _, err := tx.Exec(ctx, `UPDATE published_entry SET stale = 1 WHERE peer = $1`, peer.Name); err != nil {
				return err
			}
		}
		h, err := p.hearing(ctx, tx, peer)
		if err != nil {
			return err
		}
		for _, e := range next.Entries {
			if err := h.hear(ctx, e); err != nil {
				return err
			}
		}
		if !next.More {
			if _, err := tx.Exec(ctx, `DELETE FROM published_entry WHERE peer = $1 AND stale = 1`, peer.Name); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `INSERT INTO published_from (peer, heard) VALUES ($1, $2) ON CONFLICT (peer) DO UPDATE SET heard = excluded.heard`, peer.Name, p.o.Now())
		return err
	})
}

// Trust keeps the operator's word that a peer is what it says, its networks' own node, and asks it anew for everything. That the networks' keys
// are trusted is policy's to know.
func (p *Published) Trust(ctx context.Context, name string) error {
	peer, ok := p.nodes.Peer(name)
	if !ok {
		return fault.New(fault.NotFound, "no node is known as %.60q", name).Say("federation.peer")
	}
	if len(peer.Networks) == 0 {
		return fault.New(fault.Conflict, "%s is no network's own node", name).Say("published.network")
	}
	err := p.db.Write(ctx, func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO published_trust (peer, made) VALUES ($1, $2) ON CONFLICT (peer) DO NOTHING`, name, p.o.Now())
		return err
	})
	if err != nil {
		return err
	}
	p.mu.Lock()
	delete(p.heard, name)
	p.mu.Unlock()
	if peer.State != federation.Approved {
		return nil // it is asked at its first hello
	}
	return p.pull(ctx, peer)
}

// Trusts tells whether a peer was said to be its networks' own node.
func (p *Published) Trusts(ctx context.Context, name string) (yes bool, err error) {
	err = p.db.Read(ctx, func(tx *storage.Tx) error {
		var n int
		err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM published_trust WHERE peer = $1`, name).Scan(&n)
		yes = n > 0
		return err
	})
	return yes, err
}

// Distrust takes that word back.
func (p *Published) Distrust(ctx context.Context, name string) error {
	err := p.db.Write(ctx, func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM published_trust WHERE peer = $1`, name)
		return err
	})
	p.mu.Lock()
	delete(p.heard, name)
	p.mu.Unlock()
	return err
}

// hearing is what a peer says, while it is kept.
type hearing struct {
	*Published
	tx       *storage.Tx
	peer     federation.Peer
	believed bool // about what was decided
	room     int  // for so many more
	refused  int  // of those that are kept
}

func (p *Published) hearing(ctx context.Context, tx *storage.Tx, peer federation.Peer) (*hearing, error) {
	var there, refused, word int
	err := tx.QueryRow(ctx, `SELECT (SELECT COUNT(*) FROM published_entry WHERE peer = $1), (SELECT COUNT(*) FROM published_entry WHERE peer = $1 AND code <> ''),
		(SELECT COUNT(*) FROM published_trust WHERE peer = $1)`, peer.Name).Scan(&there, &refused, &word)
	return &hearing{p, tx, peer, word > 0, mostKept - there, refused}, err
}

// hear keeps one entry, or lets it go. What was decided and lifted is only heard of who is believed about it.
func (h *hearing) hear(ctx context.Context, e entry) error {
	if !slices.Contains(kinds, e.Kind) || e.ID == "" || len(e.ID) > 100 {
		return nil // of a time after this program
	}
	if e.Body == "" {
		_, err := h.tx.Exec(ctx, `DELETE FROM published_entry WHERE peer = $1 AND kind = $2 AND id = $3`, h.peer.Name, e.Kind, e.ID)
		return err
	}
	at, ok := e.check()
	if !ok || (e.Kind == Decision || e.Kind == Lift) && !h.believed {
		return nil
	}
	var there int
	if err := h.tx.QueryRow(ctx, `SELECT COUNT(*) FROM published_entry WHERE peer = $1 AND kind = $2 AND id = $3`, h.peer.Name, e.Kind, e.ID).Scan(&there); err != nil {
		return err
	}
	if there == 0 {
		if h.room <= 0 {
			return nil
		}
		h.room--
	}
	why, err := h.judge(ctx, h.tx, h.peer, e.Kind, e.Body)
	if err != nil {
		return err
	}
	code, args := "", "[]"
	if why != nil {
		if h.refused++; there == 0 && h.refused > mostRefused || len(e.Body) > mostBody {
			return nil // any peer may send it
		}
		b, err := json.Marshal(append([]any{}, why.Args...))
		if err != nil {
			return fault.Wrap(fault.Internal, err, "a reason can't be written")
		}
		code, args = why.Code, string(b)
	}
	_, err = h.tx.Exec(ctx, `INSERT INTO published_entry (peer, kind, id, at, body, code, args, changed, stale) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)
		ON CONFLICT (peer, kind, id) DO UPDATE SET at = excluded.at, body = excluded.body, code = excluded.code, args = excluded.args, changed = excluded.changed, stale = 0`,
		h.peer.Name, e.Kind, e.ID, at, e.Body, code, args, h.o.Now())
	return err
}

// check tells whether an entry is what its kind says, and when it was.
func (e entry) check() (at time.Time, ok bool) {
	switch e.Kind {
	case Policy:
		s, err := policy.ParseSigned([]byte(e.Body))
		if err != nil || len(e.Body) > mostPolicy {
			return at, false
		}
		digest, err := s.Draft.Digest()
		return s.Made, err == nil && digest.String() == e.ID
	case Form:
		return e.checkForm()
	case Decision:
		var d Decided
		ok := e.into(&d) && fair(d.Path, d.Number, d.Title) && d.Body.fair() && d.Of.fair() && !d.Taken.IsZero()
		return d.Taken, ok
	case Lift:
		var l Lifted
		ok := e.into(&l) && fair(l.Path, l.State, l.Title, l.Answer, l.Reason, l.Delay) && l.From.fair() && l.To.fair() && !l.Lifted.IsZero()
		return l.Lifted, ok
	}
	return at, false
}

func (e entry) into(v any) bool {
	return len(e.Body) <= mostBody && json.Unmarshal([]byte(e.Body), v) == nil
}

// fair refuses an address that leads elsewhere, and texts that are no text.
func fair(path string, texts ...string) bool {
	for _, s := range append(texts, path) {
		if !utf8.ValidString(s) || len(s) > 20<<10 {
			return false
		}
	}
	return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && !strings.ContainsAny(path, "\\\r\n\t ")
}

func (n Name) fair() bool {
	for code, s := range n {
		if len(code) > 3 || len(s) > 500 || !utf8.ValidString(s) {
			return false
		}
	}
	return len(n) <= 10
}

// Entry is a publication as it was heard.
type Entry struct {
	Peer    string
	Kind    Kind
	ID      string
	At      time.Time // when it was decided, lifted, put in force
	Body    string
	Code    string // why what is to be adopted isn't kept; "" when it is
	Args    []any
	Changed time.Time
}

func (p *Published) entries(ctx context.Context, where string, args ...any) (out []Entry, err error) {
	err = p.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, `SELECT peer, kind, id, at, body, code, args, changed FROM published_entry WHERE `+where, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		out = nil
		for rows.Next() {
			var e Entry
			var with string
			var at, changed int64
			if err := rows.Scan(&e.Peer, &e.Kind, &e.ID, &at, &e.Body, &e.Code, &with, &changed); err != nil {
				return err
			}
			e.At, e.Changed = storage.Time(at), storage.Time(changed)
			if err := json.Unmarshal([]byte(with), &e.Args); err != nil {
				return fault.Wrap(fault.Internal, err, "a reason can't be read")
			}
			for i, x := range e.Args {
				if n, ok := x.(float64); ok { // sentences count in whole numbers
					e.Args[i] = int(n)
				}
			}
			out = append(out, e)
		}
		return rows.Err()
	})
	return out, err
}

// Source is a network's node that was heard.
type Source struct {
	federation.Peer
	Heard    time.Time // zero: never
	Believed bool      // about what was decided: the operator said so
}

// Sources lists the networks' nodes that this one knows and hasn't revoked, with when each was heard last.
func (p *Published) Sources(ctx context.Context) (out []Source, err error) {
	heard, believed := map[string]time.Time{}, map[string]time.Time{}
	err = p.db.Read(ctx, func(tx *storage.Tx) error {
		return errors.Join(times(ctx, tx, `SELECT peer, heard FROM published_from`, heard), times(ctx, tx, `SELECT peer, made FROM published_trust`, believed))
	})
	for _, peer := range p.nodes.Peers() {
		if len(peer.Networks) > 0 && peer.State != federation.Revoked {
			_, is := believed[peer.Name]
			out = append(out, Source{peer, heard[peer.Name], is})
		}
	}
	return out, err
}

func times(ctx context.Context, tx *storage.Tx, query string, into map[string]time.Time) error {
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var at int64
		if err := rows.Scan(&name, &at); err != nil {
			return err
		}
		into[name] = storage.Time(at)
	}
	return rows.Err()
}

// Offer is a policy that a peer gave.
type Offer struct {
	Entry
	Signed policy.Signed
}

// Offers lists the policies that peers gave, the newest first.
func (p *Published) Offers(ctx context.Context) (out []Offer, err error) {
	all, err := p.entries(ctx, `kind = $1 ORDER BY at DESC, id LIMIT 500`, Policy)
	for _, e := range all {
		s, err := policy.ParseSigned([]byte(e.Body))
		if err != nil {
			return nil, err
		}
		out = append(out, Offer{e, s})
	}
	return out, err
}

// DecidedEntry is a decision with where it was heard.
type DecidedEntry struct {
	Entry
	Decided
}

// Decisions lists what networks decided, the newest first; after the one with a key, when that isn't "".
func (p *Published) Decisions(ctx context.Context, after string, limit int) (out []DecidedEntry, err error) {
	at, id, ok := cutKey(after)
	if !ok {
		at, id = math.MaxInt64, ""
	}
	all, err := p.entries(ctx, `kind = $1 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4`, Decision, at, id, limit)
	for _, e := range all {
		d := DecidedEntry{Entry: e}
		if err := json.Unmarshal([]byte(e.Body), &d.Decided); err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, err
}

// LiftedEntry is a lifted topic with where it was heard.
type LiftedEntry struct {
	Entry
	Lifted
}

// Lifts lists what this node's region lifted: what is owed first, the longest overdue before the others, then the latest.
func (p *Published) Lifts(ctx context.Context) (out []LiftedEntry, err error) {
	all, err := p.entries(ctx, `kind = $1 ORDER BY at DESC, id DESC LIMIT 500`, Lift)
	for _, e := range all {
		l := LiftedEntry{Entry: e}
		if err := json.Unmarshal([]byte(e.Body), &l.Lifted); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	owed := func(l LiftedEntry) int {
		if l.Answer == "" {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(out, func(a, b LiftedEntry) int {
		if c := cmp.Compare(owed(a), owed(b)); c != 0 || owed(a) != 0 {
			return c
		}
		return a.Due.Compare(b.Due)
	})
	return out, err
}

// Key is an entry's place in a list.
func (e Entry) Key() string { return strconv.FormatInt(storage.Micros(e.At), 10) + "." + e.ID }

func cutKey(s string) (at int64, id string, ok bool) {
	a, id, ok := strings.Cut(s, ".")
	at, err := strconv.ParseInt(a, 10, 64)
	return at, id, ok && err == nil
}

// At is where a decision of a network is read on its own site; "" where that isn't known.
func (p *Published) At(ctx context.Context, network, id string) string {
	for _, peer := range p.nodes.Peers() {
		if peer.State == federation.Revoked || !ownNode(peer, network) {
			continue
		}
		found, err := p.entries(ctx, `peer = $1 AND kind = $2 AND id = $3`, peer.Name, Decision, id)
		for _, e := range found {
			var d Decided
			if err == nil && json.Unmarshal([]byte(e.Body), &d) == nil {
				return strings.TrimSuffix(peer.URL, "/") + d.Path
			}
		}
	}
	return ""
}

// Hears tells whether there is any network's node to hear of.
func (p *Published) Hears() bool {
	return slices.ContainsFunc(p.nodes.Peers(), func(x federation.Peer) bool { return len(x.Networks) > 0 && x.State != federation.Revoked })
}
