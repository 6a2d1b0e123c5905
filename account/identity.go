package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"time"

	"github.com/samverk/samverk/account/openid"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// flowing is how long a sign-in at a provider may take.
const flowing = 10 * time.Minute

// Identity is somebody at a provider.
type Identity struct {
	ID       string
	Provider string // our name for it
	Title    string // what people call it; "" when it is no longer configured
	Linked   time.Time
	Used     time.Time // zero: not yet
}

// Providers lists where people may sign in, beside here.
func (a *Accounts) Providers() []openid.Provider {
	out := make([]openid.Provider, len(a.providers))
	for i, c := range a.providers {
		out[i] = c.Provider
	}
	return out
}

func (a *Accounts) provider(name string) (*openid.Client, error) {
	for _, c := range a.providers {
		if c.Name == name {
			return c, nil
		}
	}
	return nil, network.Absent()
}

// Purpose is what a sign-in at a provider is for: to begin a session, to accept an invitation, or to link an identity.
type Purpose struct {
	Invitation string        // its token
	Link       network.Actor // who links
	Proof      Proof         // with Link
	Back       string        // where the browser goes afterwards, a path
}

// Start begins a sign-in at a provider. The browser keeps the secret in a cookie and goes to the address.
func (a *Accounts) Start(ctx context.Context, provider string, p Purpose, from From) (secret, address string, err error) {
	c, err := a.provider(provider)
	if err != nil {
		return "", "", err
	}
	if p.Link.Person != "" {
		if err := a.Prove(ctx, p.Link, p.Proof); err != nil {
			return "", "", err
		}
	}
	secret, hash, err := a.token()
	if err != nil {
		return "", "", err
	}
	if address, err = c.Address(ctx, flowOf(secret)); err != nil {
		return "", "", err
	}
	err = a.db.Write(ctx, func(tx *storage.Tx) error {
		var account, invitation string
		if err := a.take(ctx, tx, []bucket{a.flowBucket(from)}); err != nil {
			return err
		}
		if p.Link.Person != "" {
			mine, err := a.own(ctx, tx, p.Link)
			if err != nil {
				return err
			}
			account = mine.ID
		}
		if p.Invitation != "" {
			invitation = hashOf(p.Invitation)
			if _, err := a.invited(ctx, tx, invitation); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO account_flow (hash, provider, invitation, account, back, expires) VALUES ($1, $2, $3, $4, $5, $6)`,
			hash, provider, invitation, account, p.Back, a.db.Now().Add(flowing))
		return err
	})
	return secret, address, err
}

// flowBucket bounds how many sign-ins one address begins and never ends.
func (a *Accounts) flowBucket(from From) bucket {
	return bucket{key: a.bucketOf("flow", a.addressBucket(from).key), free: 60, most: time.Minute}
}

// flowOf makes what binds a sign-in to this browser from the secret in its cookie. So nothing secret lies here meanwhile.
func flowOf(secret string) openid.Flow {
	part := func(of string) string {
		m := hmac.New(sha256.New, []byte(secret))
		m.Write([]byte(of))
		return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
	}
	return openid.Flow{State: part("state"), Nonce: part("nonce"), Verifier: part("verifier")}
}

// flow is a sign-in that was under way.
type flow struct{ provider, invitation, account, back string }

// Finish ends a sign-in at a provider: query is what the browser brought back, secret its cookie. Whatever comes of it, it is used
// up: nothing of it can be tried again. The session is zero when an identity was linked.
func (a *Accounts) Finish(ctx context.Context, provider, secret string, query url.Values, actor network.Actor, from From) (s Session, back string, err error) {
	var f flow
	err = a.db.Write(ctx, func(tx *storage.Tx) error {
		err := tx.QueryRow(ctx, `DELETE FROM account_flow WHERE hash = $1 AND expires > $2 RETURNING provider, invitation, account, back`,
			hashOf(secret), a.db.Now()).Scan(&f.provider, &f.invitation, &f.account, &f.back)
		if noRow(err) {
			return fault.New(fault.Denied, "no sign-in is under way in this browser").Say("account.flow.gone")
		}
		return err
	})
	if err != nil {
		return s, "", err
	}
	if f.provider != provider {
		return s, "", fault.New(fault.Denied, "the answer came to another provider's address").Say("account.flow.gone")
	}
	c, err := a.provider(provider)
	if err != nil {
		return s, "", err
	}
	who, err := c.Finish(ctx, flowOf(secret), query)
	if err != nil {
		return s, "", err
	}
	err = a.db.Write(ctx, func(tx *storage.Tx) error {
		if s, err = a.enter(ctx, tx, c, f, who, actor, from); err != nil {
			return err
		}
		return a.forgive(ctx, tx, a.flowBucket(from))
	})
	return s, f.back, err
}

// enter does what the sign-in was for.
func (a *Accounts) enter(ctx context.Context, tx *storage.Tx, c *openid.Client, f flow, who openid.Identity, actor network.Actor, from From) (Session, error) {
	switch {
	case f.account != "":
		mine, err := a.own(ctx, tx, actor)
		if err != nil || mine.ID != f.account { // signed out, or as somebody else, meanwhile
			return Session{}, first(err, network.Absent())
		}
		if err := a.linkTo(ctx, tx, mine.ID, c, who); err != nil {
			return Session{}, err
		}
		if err := a.record(ctx, tx, mine.ID, "linked", c.Name, from); err != nil {
			return Session{}, err
		}
		return Session{}, a.warn(ctx, tx, mine, "notice.account.linked", c.Title)
	case f.invitation != "":
		account, err := a.accept(ctx, tx, f.invitation, "", from)
		if err != nil {
			return Session{}, err
		}
		if err := a.linkTo(ctx, tx, account, c, who); err != nil {
			return Session{}, err
		}
		return a.begin(ctx, tx, account, c.Name, from)
	}
	var identity, account string
	err := tx.QueryRow(ctx, `SELECT i.id, i.account FROM account_identity i JOIN account a ON a.id = i.account
		WHERE i.issuer = $1 AND i.subject = $2 AND a.disabled = 0`, who.Issuer, who.Subject).Scan(&identity, &account)
	if noRow(err) {
		return Session{}, fault.New(fault.Denied, "nobody here has this identity").Say("account.identity.unknown", c.Title)
	}
	if err != nil {
		return Session{}, err
	}
	if _, err := tx.Exec(ctx, `UPDATE account_identity SET used = $2 WHERE id = $1`, identity, a.db.Now()); err != nil {
		return Session{}, err
	}
	return a.begin(ctx, tx, account, c.Name, from)
}

// linkTo gives an identity to an account. It belongs to one account only.
func (a *Accounts) linkTo(ctx context.Context, tx *storage.Tx, account string, c *openid.Client, who openid.Identity) error {
	id, err := a.db.NewID()
	if err != nil {
		return err
	}
	r, err := tx.Exec(ctx, `INSERT INTO account_identity (id, account, issuer, subject, provider, linked, used) VALUES ($1, $2, $3, $4, $5, $6, 0)
		ON CONFLICT (issuer, subject) DO NOTHING`, id, account, who.Issuer, who.Subject, c.Name, a.db.Now())
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return fault.New(fault.Conflict, "the identity is linked already").Say("account.identity.taken", c.Title)
}

// Identities lists the actor's.
func (a *Accounts) Identities(ctx context.Context, who network.Actor) (out []Identity, err error) {
	err = a.db.Read(ctx, func(tx *storage.Tx) error {
		mine, err := a.own(ctx, tx, who)
		if err != nil {
			return err
		}
		out, err = a.identities(ctx, tx, mine.ID)
		return err
	})
	return out, err
}

func (a *Accounts) identities(ctx context.Context, tx *storage.Tx, account string) (out []Identity, err error) {
	rows, err := tx.Query(ctx, `SELECT id, provider, linked, used FROM account_identity WHERE account = $1 ORDER BY linked LIMIT 100`, account)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var i Identity
		var linked, used int64
		if err := rows.Scan(&i.ID, &i.Provider, &linked, &used); err != nil {
			return nil, err
		}
		i.Linked, i.Used = storage.Time(linked), timeOf(used)
		if c, err := a.provider(i.Provider); err == nil {
			i.Title = c.Title
		}
		out = append(out, i)
	}
	return out, rows.Err()
}

// Unlink takes an identity from the actor's account, unless it is the last way in.
func (a *Accounts) Unlink(ctx context.Context, who network.Actor, identity string, proof Proof) error {
	if err := a.Prove(ctx, who, proof); err != nil {
		return err
	}
	return a.db.Write(ctx, func(tx *storage.Tx) error {
		mine, err := a.own(ctx, tx, who)
		if err != nil {
			return err
		}
		return a.unlink(ctx, tx, mine, identity, proof.From)
	})
}

func (a *Accounts) unlink(ctx context.Context, tx *storage.Tx, mine secretAccount, identity string, from From) error {
	var name string
	err := tx.QueryRow(ctx, `DELETE FROM account_identity WHERE id = $1 AND account = $2 RETURNING provider`, identity, mine.ID).Scan(&name)
	if noRow(err) {
		return network.Absent()
	}
	if err != nil {
		return err
	}
	var left int64
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM account_identity WHERE account = $1`, mine.ID).Scan(&left); err != nil {
		return err
	}
	if left == 0 && mine.hash == "" {
		return fault.New(fault.Conflict, "it is the only way in").Say("account.identity.last")
	}
	if err := a.record(ctx, tx, mine.ID, "unlinked", name, from); err != nil {
		return err
	}
	title := name
	if c, err := a.provider(name); err == nil {
		title = c.Title
	}
	return a.warn(ctx, tx, mine, "notice.account.unlinked", title)
}
