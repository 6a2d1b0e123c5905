package account

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// fresh is how long after signing in an account without a password may change how one signs in.
const fresh = 15 * time.Minute

// wrong is the one answer to a sign-in that fails, whatever the reason.
func wrong() *fault.Error {
	return fault.New(fault.Denied, "the address and the password don't belong together").Say("account.wrong")
}

// SignIn begins a session for whoever knows the password.
func (a *Accounts) SignIn(ctx context.Context, mail, password string, from From) (s Session, err error) {
	who, buckets, err := a.knock(ctx, mail, from)
	if err != nil {
		return s, err
	}
	kept := who.hash
	if kept == "" {
		kept = a.dummy
	}
	same, weaker, err := a.matches(ctx, kept, password)
	if err != nil {
		return s, err
	}
	if !same || who.hash == "" || !who.Disabled.IsZero() {
		return s, first(a.refused(ctx, mail, from), wrong())
	}
	anew := who.hash
	if weaker {
		if anew, err = a.hashed(ctx, password); err != nil {
			return s, err
		}
	}
	err = a.db.Write(ctx, func(tx *storage.Tx) error {
		r, err := tx.Exec(ctx, `UPDATE account SET password = $3 WHERE id = $1 AND password = $2 AND disabled = 0`, who.ID, who.hash, anew)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 { // changed or disabled while we hashed
			return first(err, wrong())
		}
		if err := a.succeeded(ctx, tx, buckets); err != nil {
			return err
		}
		s, err = a.begin(ctx, tx, who.ID, "password", from)
		return err
	})
	return s, err
}

// knock counts the attempt and finds the account; none is not told from one without a password.
func (a *Accounts) knock(ctx context.Context, mail string, from From) (who secretAccount, buckets []bucket, err error) {
	err = a.db.Write(ctx, func(tx *storage.Tx) error {
		if buckets, err = a.guessed(ctx, tx, mail, from); err != nil {
			return err
		}
		if err := a.take(ctx, tx, buckets); err != nil {
			return err
		}
		who, err = scanAccount(tx.QueryRow(ctx, `SELECT `+accountColumns+` FROM account WHERE mail_key = $1`, mailKey(mail)))
		if noRow(err) {
			who, err = secretAccount{}, nil
		}
		return err
	})
	return who, buckets, err
}

// refused tells the account's log, with the same work where there is no account.
func (a *Accounts) refused(ctx context.Context, mail string, from From) error {
	id, err := a.db.NewID()
	if err != nil {
		return err
	}
	return a.db.Write(ctx, func(tx *storage.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO account_event (id, account, at, kind, detail, place, browser)
			SELECT $1, id, $3, 'refused', '', $4, $5 FROM account WHERE mail_key = $2`, id, mailKey(mail), a.db.Now(), from.place(), from.browser())
		return err
	})
}

// SignInAs begins a session as anybody. It exists in a demonstration only.
func (a *Accounts) SignInAs(ctx context.Context, person network.PersonID, from From) (s Session, err error) {
	if !a.options.Demo {
		return s, network.Absent()
	}
	err = a.db.Write(ctx, func(tx *storage.Tx) error {
		name, err := a.people.PersonName(ctx, tx, person)
		if err != nil || name == "" {
			return first(err, network.Absent())
		}
		who, err := a.of(ctx, tx, person)
		if isAbsent(err) {
			var mail string
			if mail, err = a.demoMail(ctx, tx, name); err == nil {
				who.ID, err = a.create(ctx, tx, person, mail, "")
			}
			if err == nil {
				err = a.receive(ctx, tx, person, "")
			}
		}
		if err != nil || !who.Disabled.IsZero() {
			return first(err, network.Absent())
		}
		s, err = a.begin(ctx, tx, who.ID, "demo", from)
		return err
	})
	return s, err
}

// demoMail makes an address of somebody's name, with a number where another has it: somebody reads it.
func (a *Accounts) demoMail(ctx context.Context, tx *storage.Tx, name string) (string, error) {
	plain := strings.NewReplacer("ø", "o", "æ", "ae", "đ", "d", "ł", "l").Replace(strings.ToLower(name))
	words := strings.FieldsFunc(norm.NFD.String(plain), func(r rune) bool { return r == ' ' || r == '-' || r == '\'' })
	local := strings.Map(func(r rune) rune {
		if r == '.' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, strings.Join(words, "."))
	for n := 1; ; n++ {
		mail, taken := local+"@demo.invalid", 0
		if n > 1 || local == "" {
			mail = fmt.Sprintf("%s%d@demo.invalid", local, n)
		}
		err := tx.QueryRow(ctx, `SELECT count(*) FROM account WHERE mail_key = $1`, mailKey(mail)).Scan(&taken)
		if err != nil || taken == 0 {
			return mail, err
		}
	}
}

// create makes an account.
func (a *Accounts) create(ctx context.Context, tx *storage.Tx, person network.PersonID, mail, password string) (string, error) {
	id, err := a.db.NewID()
	if err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, `INSERT INTO account (id, person, mail, mail_key, password, created, disabled) VALUES ($1, $2, $3, $4, $5, $6, 0)`,
		id, person, mail, mailKey(mail), password, a.db.Now())
	return id, err
}

// Proof is what an actor gives again before changing how they sign in: the password, or where the account has none, a
// session begun just now.
type Proof struct {
	Password string
	Session  string // id of the actor's session
	From     From
}

// Prove refuses whoever found an open browser.
func (a *Accounts) Prove(ctx context.Context, who network.Actor, p Proof) error {
	var mine secretAccount
	var begun int64
	b := bucket{}
	err := a.db.Write(ctx, func(tx *storage.Tx) (err error) {
		if mine, err = a.own(ctx, tx, who); err != nil {
			return err
		}
		b = bucket{key: a.bucketOf("proof", mine.ID), free: 5, most: 15 * time.Minute}
		if mine.hash != "" {
			return a.take(ctx, tx, []bucket{b})
		}
		err = tx.QueryRow(ctx, `SELECT created FROM account_session WHERE id = $1 AND account = $2`, p.Session, mine.ID).Scan(&begun)
		if noRow(err) {
			return network.Absent()
		}
		return err
	})
	if err != nil {
		return err
	}
	if mine.hash == "" {
		if a.db.Now().Sub(storage.Time(begun)) > fresh {
			return fault.New(fault.Denied, "the session is too old for this").Say("account.fresh")
		}
		return nil
	}
	same, _, err := a.matches(ctx, mine.hash, p.Password)
	if err != nil {
		return err
	}
	if !same {
		return fault.New(fault.Invalid, "the password is not right").Where("current").Say("account.current")
	}
	return a.db.Write(ctx, func(tx *storage.Tx) error { return a.forgive(ctx, tx, b) })
}

// ChangePassword gives the actor another password, or a first one. With end it ends all other sessions and the secret calendar addresses:
// whoever else knew the password may have them.
func (a *Accounts) ChangePassword(ctx context.Context, who network.Actor, proof Proof, password string, end bool) error {
	if err := a.Prove(ctx, who, proof); err != nil {
		return err
	}
	hash, err := a.newHash(ctx, who.Person, password)
	if err != nil {
		return err
	}
	return a.db.Write(ctx, func(tx *storage.Tx) error {
		mine, err := a.own(ctx, tx, who)
		if err != nil {
			return err
		}
		if err := a.setPassword(ctx, tx, mine, hash); err != nil {
			return err
		}
		if err := a.record(ctx, tx, mine.ID, "password", "", proof.From); err != nil {
			return err
		}
		if !end {
			return a.warn(ctx, tx, mine, "notice.account.password")
		}
		if err := a.endAccess(ctx, tx, mine, proof.Session, proof.From); err != nil {
			return err
		}
		return a.warn(ctx, tx, mine, "notice.account.password.ended")
	})
}

// newHash checks a person's new password and makes what is kept of it.
func (a *Accounts) newHash(ctx context.Context, person network.PersonID, password string) (string, error) {
	var about []string
	err := a.db.Read(ctx, func(tx *storage.Tx) error {
		mine, err := a.of(ctx, tx, person)
		if err != nil {
			return err
		}
		name, err := a.people.PersonName(ctx, tx, person)
		about = []string{name, mine.Mail}
		return err
	})
	if err == nil {
		err = CheckPassword(password, about...)
	}
	if err != nil {
		return "", err
	}
	return a.hashed(ctx, password)
}

// noWayIn takes back every link that would let somebody take the account over: a new password, another address.
func (a *Accounts) noWayIn(ctx context.Context, tx *storage.Tx, id string) error {
	for _, q := range []string{`DELETE FROM account_recovery WHERE account = $1`, `DELETE FROM account_move WHERE account = $1`} {
		if _, err := tx.Exec(ctx, q, id); err != nil {
			return err
		}
	}
	return nil
}

// setPassword takes back, with the old password, every link that would lead past the new one.
func (a *Accounts) setPassword(ctx context.Context, tx *storage.Tx, mine secretAccount, hash string) error {
	if _, err := tx.Exec(ctx, `UPDATE account SET password = $2 WHERE id = $1`, mine.ID, hash); err != nil {
		return err
	}
	if err := a.noWayIn(ctx, tx, mine.ID); err != nil {
		return err
	}
	return a.forgive(ctx, tx, a.accountBucket(mine.Mail))
}

// endAccess ends what the account lets somebody do without its password: every session but one, and the secret calendar addresses.
func (a *Accounts) endAccess(ctx context.Context, tx *storage.Tx, mine secretAccount, but string, from From) error {
	if err := a.endAll(ctx, tx, mine.ID, but); err != nil {
		return err
	}
	r, err := tx.Exec(ctx, `DELETE FROM account_feed WHERE person = $1`, mine.Person)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return a.record(ctx, tx, mine.ID, "feed-revoked", "", from)
}
