package policy

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/storage"
)

// Adoption is how a node takes a policy over.
type Adoption struct {
	By       Actor
	Ground   string    // the node's own decision
	Standing bool      // by the node's standing rule instead; By and Ground aren't asked for
	From     time.Time // not before; zero: at once
}

// Adopted is a policy that this node adopted, or the end of a line.
type Adopted struct {
	Seq    int64
	Line   string
	Signed *Signed // nil: the line ends here, or the policy can't be trusted
	By     string
	Ground string
	Starts time.Time
	Until  time.Time // when the next began or it expires; zero: until further notice
	Made   time.Time
	Fault  error // why it can't be trusted
}

// standing is the ground of an adoption by the standing rule.
const standing = "standing"

// Adopt puts a signed policy in force here: from its decision's day, now, or the day asked for, whichever is last.
func (p *Policies) Adopt(ctx context.Context, s Signed, by Adoption) error {
	if err := Verify(s, p.believed()); err != nil {
		return err
	}
	if p.Country() == "" {
		return fault.New(fault.Conflict, "this node doesn't know its country, so it can't tell what is abroad").Do("set the node's country").Say("policy.country.unknown")
	}
	if s.Draft.Country != p.Country() {
		return fault.New(fault.Conflict, "the policy is for %s, this node is in %s", s.Draft.Country, p.Country()).Say("policy.abroad", s.Draft.Country)
	}
	if err := p.still(ctx, s); err != nil {
		return err
	}
	return p.act(ctx, by.By, by.Standing, func(tx *storage.Tx) error {
		ground, who, err := by.ground(ctx, tx, s)
		if err != nil {
			return err
		}
		if err := p.steady(); err != nil {
			return err
		}
		now := p.latest()
		if s.Mandate.InForce.After(now) || !s.Draft.Expires.IsZero() && !s.Draft.Expires.After(now) {
			return fault.New(fault.Conflict, "the policy has expired, or its decision is not in force").Say("policy.expired")
		}
		before := p.now.Load()
		if before.broken != nil && !before.waits {
			return before.broken
		}
		if err := before.newer(s); err != nil {
			return err
		}
		return p.insert(ctx, tx, before.head, s, row{line: s.line(), by: who, ground: ground, starts: last(now, by.From, s.Mandate.InForce), made: now})
	})
}

// Stands sets who is asked, before a policy is adopted, whether its decision still stands: whoever knows the forum in which it was taken.
func (p *Policies) Stands(ask func(context.Context, mandate.Mandate) error) { p.stands.Store(&ask) }

// End puts an end to a line: nothing of it is in force any more.
func (p *Policies) End(ctx context.Context, by Actor, name, ground string) error {
	if err := needed("ground", ground); err != nil {
		return err
	}
	return p.act(ctx, by, false, func(tx *storage.Tx) error {
		s, now := p.now.Load(), p.latest()
		for _, l := range s.lines {
			if l.name == name && (s.broken == nil || s.waits) {
				return p.append(ctx, tx, s.head, row{line: name, by: by.name(), ground: ground, starts: now, made: now})
			}
		}
		return fault.New(fault.NotFound, "there is no such policy")
	})
}

// SetStanding says whether decisions of a network's body ("": of all its bodies that have no rule of their own) are adopted
// without deciding each time.
func (p *Policies) SetStanding(ctx context.Context, by Actor, network, body string, adopts bool, ground string) error {
	if err := errors.Join(needed("ground", ground), needed("network", network)); err != nil {
		return err
	}
	return p.act(ctx, by, false, func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO policy_standing (seq, network, body, adopts, made_by, ground, made)
			VALUES ((SELECT COALESCE(MAX(seq), 0) + 1 FROM policy_standing), $1, $2, $3, $4, $5, $6)`, network, body, adopts, by.name(), ground, p.latest())
		return err
	})
}

// Standing tells whether decisions of a network's body are adopted without deciding each time.
func (p *Policies) Standing(ctx context.Context, network, body string) (adopts bool, err error) {
	err = p.db.Read(ctx, func(tx *storage.Tx) error {
		adopts, err = adoptsOf(ctx, tx, network, body)
		return err
	})
	return adopts, err
}

func adoptsOf(ctx context.Context, tx *storage.Tx, network, body string) (bool, error) {
	var adopts int64
	err := tx.QueryRow(ctx, `SELECT adopts FROM policy_standing WHERE network = $1 AND body IN ($2, '')
		ORDER BY CASE WHEN body = '' THEN 1 ELSE 0 END, seq DESC LIMIT 1`, network, body).Scan(&adopts)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return adopts == 1, err
}

func (by Adoption) ground(ctx context.Context, tx *storage.Tx, s Signed) (ground, who string, err error) {
	if !by.Standing {
		if by.Ground == standing {
			return "", "", wrong("ground", "the standing rule is not a decision of one's own")
		}
		return by.Ground, by.By.name(), needed("ground", by.Ground)
	}
	adopts, err := adoptsOf(ctx, tx, s.Mandate.Network, s.Mandate.Body)
	if err == nil && !adopts {
		err = fault.New(fault.Denied, "no standing rule adopts decisions of this body").Do("adopt the policy by a decision of your own").Say("policy.standing")
	}
	return standing, standing, err
}

// newer refuses a policy that isn't newer than what its line has had.
func (s *state) newer(next Signed) error {
	for _, l := range s.lines {
		if l.name != next.line() {
			continue
		}
		for _, e := range l.entries {
			if e.broken != nil {
				return fault.Wrap(fault.Conflict, e.broken, "an older version of the policy can't be read, so it isn't known which is newer")
			}
			if e.Signed == nil {
				continue
			}
			if e.Signed.overtakes(next) {
				return fault.New(fault.Conflict, "version %d was adopted before; versions and their decisions only go forward", e.Signed.Draft.Version).
					Say("policy.newer", e.Signed.Draft.Version)
			}
		}
	}
	return nil
}

// overtakes tells whether a policy keeps another of its line from being adopted after it.
func (s Signed) overtakes(next Signed) bool {
	return s.Draft.Version >= next.Draft.Version || s.Mandate.Approved.After(next.Mandate.Approved)
}

// overtaken tells whether a policy that wasn't adopted never can be: a newer one of its line was.
func (s *state) overtaken(x Signed) bool {
	for _, l := range s.lines {
		if l.name == x.line() && slices.ContainsFunc(l.entries, func(e entry) bool { return e.Signed != nil && e.Signed.overtakes(x) }) {
			return true
		}
	}
	return false
}

// act runs an act of the operator or a steward of the node's own organisation, and publishes what it led to.
func (p *Policies) act(ctx context.Context, by Actor, free bool, f func(*storage.Tx) error) error {
	return p.db.Write(ctx, func(tx *storage.Tx) error {
		if !free {
			if err := p.mayRun(ctx, tx, by); err != nil {
				return err
			}
		}
		if err := f(tx); err != nil {
			return err
		}
		if err := p.keepSeen(ctx, tx); err != nil {
			return err
		}
		next, err := p.load(ctx, tx)
		if err != nil {
			return err
		}
		tx.OnCommit(func() { p.now.Store(next) })
		return nil
	})
}

// row is an adoption to be written.
type row struct {
	line, digest string // digest "": the end
	by, ground   string
	starts, made time.Time
}

func (r row) chain(before Head) mandate.Digest {
	text := strings.Join([]string{before.Chain.String(), r.line, r.digest, r.by, r.ground, r.starts.UTC().Format(time.RFC3339Nano), r.made.UTC().Format(time.RFC3339Nano)}, "\n")
	return sha256.Sum256([]byte("samverk policy adoption 1\n" + text))
}

func (p *Policies) insert(ctx context.Context, tx *storage.Tx, head Head, s Signed, r row) error {
	digest, err := s.Draft.Digest()
	if err != nil {
		return err
	}
	text, err := mandate.Canonical(s)
	if err != nil {
		return err
	}
	r.digest = digest.String()
	if _, err := tx.Exec(ctx, `INSERT INTO policy_signed (digest, signed, received) VALUES ($1, $2, $3)`, r.digest, string(text), r.made); err != nil {
		return err
	}
	return p.append(ctx, tx, head, r)
}

func (p *Policies) append(ctx context.Context, tx *storage.Tx, head Head, r row) error {
	var digest *string
	if r.digest != "" {
		digest = &r.digest
	}
	_, err := tx.Exec(ctx, `INSERT INTO policy_adoption (seq, line, digest, made_by, ground, starts, made, chain) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		head.Seq+1, r.line, digest, r.by, r.ground, r.starts, r.made, r.chain(head).String())
	return err
}

// kept is a row of the history with its policy's text.
type kept struct {
	row
	seq    int64
	chain  string
	signed string
}

// load reads the history. What can't be trusted in it becomes a fault inside the state; an error is the database's.
func (p *Policies) load(ctx context.Context, tx *storage.Tx) (*state, error) {
	backup, err := unconfirmed(ctx, tx)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `SELECT a.seq, a.line, COALESCE(a.digest, ''), a.made_by, a.ground, a.starts, a.made, a.chain, COALESCE(s.signed, '')
		FROM policy_adoption a LEFT JOIN policy_signed s ON s.digest = a.digest ORDER BY a.seq`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	s := &state{}
	for rows.Next() {
		s.adopted = true
		var k kept
		var starts, made int64
		if err := rows.Scan(&k.seq, &k.line, &k.digest, &k.by, &k.ground, &starts, &made, &k.chain, &k.signed); err != nil {
			s.broken = damaged(err, "a row of the policies adopted can't be read")
			continue
		}
		k.starts, k.made = storage.Time(starts), storage.Time(made)
		if s.broken == nil {
			s.broken = s.take(k, p.trusted())
		}
	}
	s.until()
	if s.broken == nil && backup != "" {
		s.broken, s.waits = restored(backup), true
	}
	return s, rows.Err()
}

func damaged(err error, format string, args ...any) error {
	return fault.Wrap(fault.Internal, err, format, args...).Do("restore the database from a backup from before the damage; until then questions are denied")
}

// take puts a row into the state; its error means that the history can't be trusted.
func (s *state) take(k kept, trusted []Key) error {
	chain := k.row.chain(s.head)
	if k.seq != s.head.Seq+1 || k.chain != chain.String() {
		return damaged(nil, "the history of policies adopted was changed at row %d", k.seq)
	}
	s.head = Head{k.seq, chain}
	e := entry{starts: storage.Micros(k.starts), Adopted: Adopted{Seq: k.seq, Line: k.line, By: k.by, Ground: k.ground, Starts: k.starts, Made: k.made}}
	if k.digest != "" {
		signed, err := k.verify(trusted)
		if err != nil {
			e.broken = damaged(err, "policy %s, adopted as row %d, can't be trusted", k.line, k.seq)
			e.Fault = e.broken
		} else {
			e.Signed, e.policy = &signed, compile(signed)
			if x := signed.Draft.Expires; !x.IsZero() {
				e.expires, e.Until = storage.Micros(x), x
			}
		}
	}
	s.add(k.line, e)
	return nil
}

// verify judges a policy that was read from the database as if it came from a stranger.
func (k kept) verify(trusted []Key) (Signed, error) {
	s, err := ParseSigned([]byte(k.signed))
	if err != nil {
		return s, err
	}
	if err := Verify(s, trusted); err != nil {
		return s, err
	}
	digest, err := s.Draft.Digest()
	if err == nil && (hex.EncodeToString(digest[:]) != k.digest || s.line() != k.line) {
		err = fault.New(fault.Internal, "it is another policy than the one adopted")
	}
	return s, err
}

// until says of each policy when the next one's beginning ended it.
func (s *state) until() {
	for _, l := range s.lines {
		var next time.Time
		for i := range l.entries {
			e := &l.entries[i]
			if !next.IsZero() && (e.Until.IsZero() || next.Before(e.Until)) {
				e.Until = next
			}
			if next.IsZero() || e.Starts.Before(next) {
				next = e.Starts
			}
		}
	}
}

// History lists everything adopted, the last first.
func (p *Policies) History() []Adopted {
	var out []Adopted
	for _, l := range p.now.Load().lines {
		for _, e := range l.entries {
			out = append(out, e.Adopted)
		}
	}
	slices.SortFunc(out, func(a, b Adopted) int { return cmp.Compare(b.Seq, a.Seq) })
	return out
}

// InForce lists the policies that questions are judged by now.
func (p *Policies) InForce() []Adopted {
	s := p.now.Load()
	if s.broken != nil {
		return nil
	}
	begin, end := p.hands()
	var out []Adopted
	for i := range s.lines {
		if e, _ := s.lines[i].at(begin, end); e != nil {
			out = append(out, e.Adopted)
		}
	}
	return out
}

func last(times ...time.Time) time.Time {
	var out time.Time
	for _, t := range times {
		if t.After(out) {
			out = t
		}
	}
	return storage.Time(storage.Micros(out))
}

func needed(at, s string) error {
	if s == "" || plain(s) != nil {
		return wrong(at, "this must be said, in one line of at most %d characters", maxText).Say("policy.needed")
	}
	return nil
}
