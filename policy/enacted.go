package policy

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/storage"
)

// Keep keeps what a decision enacted, in the transaction of whoever enacted it. The same again is nothing new; another decision about
// the same text is refused.
func (p *Policies) Keep(ctx context.Context, tx *storage.Tx, s Signed) error {
	if err := Verify(s, p.believed()); err != nil {
		return err
	}
	digest, err := s.Draft.Digest()
	if err != nil {
		return err
	}
	text, err := mandate.Canonical(s)
	if err != nil {
		return err
	}
	var by string
	switch err := tx.QueryRow(ctx, `SELECT decision FROM policy_enacted WHERE digest = $1`, digest.String()).Scan(&by); {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return err
	case by != s.Mandate.Decision:
		return fault.New(fault.Conflict, "decision %s enacted this text before", by).Say("policy.draft.decided")
	default:
		return nil
	}
	_, err = tx.Exec(ctx, `INSERT INTO policy_enacted (digest, network, name, version, decision, signed, made) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		digest.String(), s.Mandate.Network, s.Draft.Name, s.Draft.Version, s.Mandate.Decision, string(text), p.db.Now())
	return err
}

// State is what a policy is on this node.
type State string

// What a policy enacted may be here.
const (
	Waits  State = "waits"  // for this node to adopt it
	Coming State = "coming" // adopted, from a day to come
	Holds  State = "force"
	Past   State = "past" // superseded, expired, its line was ended, or a newer one was adopted before it
	Broken State = "broken"
)

// Known is a policy that this node has been given: enacted here, or adopted from elsewhere.
type Known struct {
	Signed  Signed
	Digest  mandate.Digest
	Adopted *Adopted // nil: not
	State   State
	Fault   error // why it doesn't verify, checked now
}

// Known lists the policies of networks that this node has been given, by name and the newest version first.
func (p *Policies) Known(ctx context.Context, networks ...string) (out []Known, err error) {
	texts := map[string]string{}
	err = p.db.Read(ctx, func(tx *storage.Tx) error {
		clear(texts)
		for _, query := range []string{`SELECT digest, signed FROM policy_enacted ORDER BY made DESC LIMIT 1000`, `SELECT digest, signed FROM policy_signed ORDER BY received DESC LIMIT 1000`} {
			if err := readTexts(ctx, tx, query, texts); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for digest, text := range texts {
		k, ok := p.known(digest, text)
		if ok && slices.Contains(networks, k.Signed.Mandate.Network) {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b Known) int {
		if c := strings.Compare(a.Signed.line(), b.Signed.line()); c != 0 {
			return c
		}
		return b.Signed.Draft.Version - a.Signed.Draft.Version
	})
	return out, nil
}

func readTexts(ctx context.Context, tx *storage.Tx, query string, into map[string]string) error {
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var digest, text string
		if err := rows.Scan(&digest, &text); err != nil {
			return err
		}
		into[digest] = text
	}
	return rows.Err()
}

// known judges a text that was kept. One that can't be read at all is left to Faults.
func (p *Policies) known(digest, text string) (k Known, ok bool) {
	s, err := ParseSigned([]byte(text))
	if err != nil {
		return k, false
	}
	k = Known{Signed: s, State: Waits}
	k.Digest, err = s.Draft.Digest()
	if err == nil && k.Digest.String() != digest {
		err = fault.New(fault.Denied, "it is another text than the one kept").Say("policy.signature")
	}
	if err == nil {
		err = Verify(s, p.believed())
	}
	now := p.now.Load()
	if k.adopted(now, p.latest()); k.Adopted == nil && now.overtaken(s) {
		k.State = Past
	}
	if err != nil && k.isAdopted() { // by a key that was retired since
		err = Verify(s, p.trusted())
	}
	k.Fault = err
	if err != nil {
		k.State = Broken
	}
	return k, true
}

// isAdopted tells whether it is this very text that was adopted.
func (k *Known) isAdopted() bool {
	if k.Adopted == nil || k.Adopted.Signed == nil {
		return false
	}
	d, err := k.Adopted.Signed.Draft.Digest()
	return err == nil && d == k.Digest
}

func (k *Known) adopted(s *state, now time.Time) {
	for _, l := range s.lines {
		if l.name != k.Signed.line() {
			continue
		}
		for i, e := range l.entries {
			if e.Signed == nil || e.Signed.Draft.Version != k.Signed.Draft.Version {
				continue
			}
			k.Adopted = &l.entries[i].Adopted
			switch {
			case !e.Until.IsZero() && !e.Until.After(now):
				k.State = Past
			case e.Starts.After(now):
				k.State = Coming
			default:
				k.State = Holds
			}
		}
	}
}

// Trust makes keys known, beside those that it was opened with: a network's is made when its first decision is carried out. One that was retired is
// believed again.
func (p *Policies) Trust(ctx context.Context, keys ...Key) error {
	p.turn(keys, false)
	return p.Reload(ctx)
}

// Retire ends the trust in keys that were believed. What was adopted with them holds until its end; nothing else that they signed is believed.
func (p *Policies) Retire(ctx context.Context, keys ...Key) error {
	p.turn(keys, true)
	return p.Reload(ctx)
}

func (p *Policies) turn(keys []Key, retired bool) {
	p.keys.Lock()
	defer p.keys.Unlock()
	known := slices.Clone(p.trusted())
	for _, k := range keys {
		there := false
		for i := range known {
			if known[i].Network == k.Network && known[i].Public.Equal(k.Public) {
				known[i].Retired, there = retired, true
			}
		}
		if !there && !retired {
			known = append(known, k)
		}
	}
	p.trust.Store(&known)
}

// believed are the keys by which something new may be adopted.
func (p *Policies) believed() []Key {
	return slices.DeleteFunc(slices.Clone(p.trusted()), func(k Key) bool { return k.Retired })
}

// Keys are the public keys believed here.
func (p *Policies) Keys() []Key { return p.believed() }

func (p *Policies) trusted() []Key { return *p.trust.Load() }

// Settle says in which country the node is, where Options didn't.
func (p *Policies) Settle(country string) { p.country.CompareAndSwap(nil, &country) }

// Country is where the node is; "" when it isn't known.
func (p *Policies) Country() string {
	if c := p.country.Load(); c != nil {
		return *c
	}
	return ""
}

// Rules lists what this node adopts of itself, by network and body ("": all that have no rule of their own).
func (p *Policies) Rules(ctx context.Context) (out []StandingRule, err error) {
	err = p.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, `SELECT network, body, adopts, made_by, ground, made FROM policy_standing s
			WHERE seq = (SELECT MAX(seq) FROM policy_standing x WHERE x.network = s.network AND x.body = s.body) ORDER BY seq DESC LIMIT 500`)
		if err != nil {
			return err
		}
		defer rows.Close()
		out = nil
		for rows.Next() {
			var r StandingRule
			var adopts, made int64
			if err := rows.Scan(&r.Network, &r.Body, &adopts, &r.By, &r.Ground, &made); err != nil {
				return err
			}
			r.Adopts, r.Made = adopts == 1, moment(made)
			out = append(out, r)
		}
		return rows.Err()
	})
	return out, err
}

// StandingRule says whether a network's or a body's decisions are adopted without deciding each time.
type StandingRule struct {
	Network, Body string
	Adopts        bool
	By, Ground    string
	Made          time.Time
}

// IsSteward tells whether somebody decides for this node, or (with an organisation) gives its assignments.
func (p *Policies) IsSteward(ctx context.Context, by Actor, organisation string) (is bool, err error) {
	err = p.db.Read(ctx, func(tx *storage.Tx) error {
		is, err = p.stewards(ctx, tx, by, p.o.Organisation)
		if err == nil && !is && organisation != "" {
			is, err = p.stewards(ctx, tx, by, organisation)
		}
		return err
	})
	return is, err
}

// Own is the organisation whose node it is; "" when that isn't set.
func (p *Policies) Own() string { return p.o.Organisation }

// Waiting lists what this node was given and can still adopt, the oldest first, at most 200. What came after a newer one of its line was
// adopted isn't among them.
func (p *Policies) Waiting(ctx context.Context) (out []Signed, err error) {
	err = p.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, `SELECT e.signed FROM policy_enacted e WHERE NOT EXISTS (SELECT 1 FROM policy_signed s WHERE s.digest = e.digest)
			ORDER BY e.made, e.version LIMIT 1000`)
		if err != nil {
			return err
		}
		defer rows.Close()
		out = nil
		now := p.now.Load()
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				return err
			}
			s, err := ParseSigned([]byte(text))
			if err != nil {
				return err
			}
			if !now.overtaken(s) && len(out) < mostWaiting {
				out = append(out, s)
			}
		}
		return rows.Err()
	})
	return out, err
}

// mostWaiting is how many that wait are listed.
const mostWaiting = 200
