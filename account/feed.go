package account

import (
	"context"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// FeedLink is a secret address of a calendar, for a program that can't sign in. What it shows is what its
// person may see at the time it is asked.
type FeedLink struct {
	ID      string
	Person  network.PersonID
	Scope   string         // person: all of one's own; body: one body's
	Subject network.BodyID // "" for one's own
	Name    network.Text   // the body's; empty when it is no longer the person's to see
	Made    time.Time
	Used    time.Time // zero: not yet
}

// feedSuffix ends the address, for programs that look at it.
const feedSuffix = ".ics"

const feedColumns = `id, person, scope, subject, made, used`

func scanFeed(row interface{ Scan(...any) error }) (f FeedLink, err error) {
	var made, used int64
	err = row.Scan(&f.ID, &f.Person, &f.Scope, &f.Subject, &made, &used)
	f.Made, f.Used = storage.Time(made), timeOf(used)
	return f, err
}

// MakeFeed gives a new secret token for the actor's feed; the one before it no longer works. Whoever serves the feed asks each time
// whether the body is still its person's to see.
func (a *Accounts) MakeFeed(ctx context.Context, who network.Actor, scope string, subject network.BodyID) (token string, err error) {
	if scope != "person" && scope != "body" || (scope == "body") != (subject != "") {
		return "", fault.New(fault.Invalid, "a feed is a person's or a body's")
	}
	err = a.db.Write(ctx, func(tx *storage.Tx) error {
		mine, err := a.own(ctx, tx, who)
		if err != nil {
			return err
		}
		if _, err := a.followed(ctx, tx, who, subject); err != nil {
			return err
		}
		id, err := a.db.NewID()
		if err != nil {
			return err
		}
		secret, hash, err := a.token()
		if err != nil {
			return err
		}
		token = secret
		if _, err := tx.Exec(ctx, `INSERT INTO account_feed (id, person, scope, subject, hash, made, used) VALUES ($1, $2, $3, $4, $5, $6, 0)
			ON CONFLICT (person, scope, subject) DO UPDATE SET id = excluded.id, hash = excluded.hash, made = excluded.made, used = 0`,
			id, who.Person, scope, subject, hash, a.db.Now()); err != nil {
			return err
		}
		return a.record(ctx, tx, mine.ID, "feed", "", From{})
	})
	return token, err
}

// followed gives what a body is called, if it is the actor's to see.
func (a *Accounts) followed(ctx context.Context, tx *storage.Tx, who network.Actor, body network.BodyID) (network.Text, error) {
	if body == "" {
		return network.Text{}, nil
	}
	b, err := a.people.Body(ctx, tx, body)
	if err != nil {
		return network.Text{}, err
	}
	access, err := a.people.Access(ctx, tx, who)
	if err == nil && !access.Sees(b.Scope()) {
		err = network.Absent()
	}
	return b.Name, err
}

// Feed gives the feed of a token (with or without the address's suffix), and notes that it was used. Unknown, revoked, and of somebody whose account is disabled or gone is the same answer.
func (a *Accounts) Feed(ctx context.Context, token string) (f FeedLink, err error) {
	err = a.db.Read(ctx, func(tx *storage.Tx) error {
		f, err = scanFeed(tx.QueryRow(ctx, `SELECT f.id, f.person, f.scope, f.subject, f.made, f.used FROM account_feed f JOIN account a ON a.person = f.person
			WHERE f.hash = $1 AND a.disabled = 0`, hashOf(strings.TrimSuffix(token, feedSuffix))))
		if noRow(err) {
			return network.Absent()
		}
		return err
	})
	now := a.db.Now()
	if err == nil && now.Sub(f.Used) >= time.Hour { // programs ask often
		err = a.db.Write(ctx, func(tx *storage.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE account_feed SET used = $2 WHERE id = $1`, f.ID, now)
			return err
		})
	}
	return f, err
}

// Feeds lists the actor's feeds.
func (a *Accounts) Feeds(ctx context.Context, who network.Actor) (out []FeedLink, err error) {
	err = a.db.Read(ctx, func(tx *storage.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+feedColumns+` FROM account_feed WHERE person = $1 ORDER BY scope DESC, made LIMIT 500`, who.Person)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			f, err := scanFeed(rows)
			if err != nil {
				return err
			}
			out = append(out, f)
		}
		if err := first(rows.Err(), rows.Close()); err != nil {
			return err
		}
		for i := range out {
			if out[i].Name, err = a.followed(ctx, tx, who, out[i].Subject); err != nil && !isAbsent(err) {
				return err
			}
		}
		return nil
	})
	return out, err
}

// RevokeFeed ends one of the actor's feeds.
func (a *Accounts) RevokeFeed(ctx context.Context, who network.Actor, id string) error {
	return a.db.Write(ctx, func(tx *storage.Tx) error {
		mine, err := a.own(ctx, tx, who)
		if err != nil {
			return err
		}
		r, err := tx.Exec(ctx, `DELETE FROM account_feed WHERE id = $1 AND person = $2`, id, who.Person)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return first(err, network.Absent())
		}
		return a.record(ctx, tx, mine.ID, "feed-revoked", "", From{})
	})
}

// FeedAddress is the address that a calendar program is given for a feed's token.
func (a *Accounts) FeedAddress(token string) string { return a.link("/feeds/" + token + feedSuffix) }
