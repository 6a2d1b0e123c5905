package account

import (
	"context"
	"time"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// recipient is where mail about the account goes: its own address, in the language and zone the person chose.
func (a *Accounts) recipient(ctx context.Context, tx *storage.Tx, mine secretAccount) (notice.Recipient, error) {
	r, err := a.notices.RecipientOf(ctx, tx, string(mine.Person))
	if isAbsent(err) {
		var p network.Person
		p, err = a.people.Person(ctx, tx, mine.Person)
		r = notice.Recipient{Person: string(mine.Person), Lang: p.Lang, Frequency: notice.Immediate, Zone: a.zone(ctx, tx, mine.Person)}
	}
	if r.Mail = mine.Mail; a.options.Demo {
		r.Mail = "" // nobody is there
	}
	return r, err
}

// zone is that of a network the person belongs to.
func (a *Accounts) zone(ctx context.Context, tx *storage.Tx, person network.PersonID) string {
	access, err := a.people.Access(ctx, tx, network.Actor{Person: person})
	if err == nil {
		for _, root := range access.Roots() {
			if n, ok := a.people.Tree().Network(root); ok && n.Zone != "" {
				return n.Zone
			}
		}
	}
	return "Europe/Stockholm"
}

// receive lets a person's mail go to the account's address, in a language if one is given.
func (a *Accounts) receive(ctx context.Context, tx *storage.Tx, person network.PersonID, lang string) error {
	mine, err := a.of(ctx, tx, person)
	if err != nil {
		return err
	}
	r, err := a.recipient(ctx, tx, mine)
	if err != nil {
		return err
	}
	if lang != "" {
		r.Lang = lang
	}
	return a.notices.SetRecipient(ctx, tx, r)
}

// warn tells a person, at the account's own address, what happened to it and when: they may know nothing of it.
func (a *Accounts) warn(ctx context.Context, tx *storage.Tx, mine secretAccount, key string, args ...string) error {
	to, err := a.recipient(ctx, tx, mine)
	if err != nil || to.Mail == "" {
		return err
	}
	zone, err := time.LoadLocation(to.Zone)
	if err != nil {
		zone = time.UTC
	}
	args = append([]string{notice.When(a.db.Now().In(zone))}, args...)
	return a.notices.TellAddress(ctx, tx, to, notice.Notice{Key: key, Args: args, Link: "/account", Urgent: true})
}

// MailOf gives where the actor's mail goes, in which language and how often.
func (a *Accounts) MailOf(ctx context.Context, who network.Actor) (r notice.Recipient, err error) {
	err = a.db.Read(ctx, func(tx *storage.Tx) error {
		mine, err := a.own(ctx, tx, who)
		if err != nil {
			return err
		}
		r, err = a.recipient(ctx, tx, mine)
		return err
	})
	return r, err
}

// SetMail changes the language, frequency and zone of the actor's mail. The address is the account's.
func (a *Accounts) SetMail(ctx context.Context, who network.Actor, lang string, often notice.Frequency, zone string) error {
	return a.db.Write(ctx, func(tx *storage.Tx) error {
		mine, err := a.own(ctx, tx, who)
		if err != nil {
			return err
		}
		r, err := a.recipient(ctx, tx, mine)
		if err != nil {
			return err
		}
		r.Lang, r.Frequency, r.Zone = lang, often, zone
		return a.notices.SetRecipient(ctx, tx, r)
	})
}

// Move mails a link to another address, with which it becomes the account's. An address that is another account's is mailed
// nothing, and the answer is the same.
func (a *Accounts) Move(ctx context.Context, who network.Actor, proof Proof, mail string) error {
	mail, err := notice.Address(mail)
	if err != nil {
		return err
	}
	if err := a.Prove(ctx, who, proof); err != nil {
		return err
	}
	return a.db.Write(ctx, func(tx *storage.Tx) error {
		mine, err := a.own(ctx, tx, who)
		if err != nil {
			return err
		}
		token, hash, err := a.token()
		if err != nil {
			return err
		}
		until := a.db.Now().Add(recoverable)
		if _, err := tx.Exec(ctx, `INSERT INTO account_move (account, hash, mail, expires) VALUES ($1, $2, $3, $4)
			ON CONFLICT (account) DO UPDATE SET hash = excluded.hash, mail = excluded.mail, expires = excluded.expires`, mine.ID, hash, mail, until); err != nil {
			return err
		}
		if taken, err := a.taken(ctx, tx, mail); err != nil || taken {
			return err
		}
		to, err := a.recipient(ctx, tx, mine)
		if err != nil {
			return err
		}
		to.Mail = mail
		return a.notices.TellAddress(ctx, tx, to, notice.Notice{Key: "notice.account.address", Link: "/sign-in/address/" + token, Urgent: true, Secret: true, Until: until})
	})
}

// Moving gives the address that a token makes an account's.
func (a *Accounts) Moving(ctx context.Context, token string) (mail string, err error) {
	err = a.db.Read(ctx, func(tx *storage.Tx) error {
		_, mail, err = a.moving(ctx, tx, token)
		return err
	})
	return mail, err
}

func (a *Accounts) moving(ctx context.Context, tx *storage.Tx, token string) (mine secretAccount, mail string, err error) {
	err = tx.QueryRow(ctx, `SELECT a.id, a.person, a.mail, m.mail FROM account_move m JOIN account a ON a.id = m.account
		WHERE m.hash = $1 AND m.expires > $2 AND a.disabled = 0`, hashOf(token), a.db.Now()).Scan(&mine.ID, &mine.Person, &mine.Mail, &mail)
	if noRow(err) {
		err = gone("account.address.gone")
	}
	return mine, mail, err
}

// Moved makes the address the account's, once. The address before is told.
func (a *Accounts) Moved(ctx context.Context, token string, from From) error {
	return a.db.Write(ctx, func(tx *storage.Tx) error {
		mine, mail, err := a.moving(ctx, tx, token)
		if err != nil {
			return err
		}
		if err := a.noWayIn(ctx, tx, mine.ID); err != nil {
			return err
		}
		if mailKey(mail) != mailKey(mine.Mail) {
			if taken, err := a.taken(ctx, tx, mail); err != nil {
				return err
			} else if taken { // by somebody else, meanwhile
				return gone("account.address.gone")
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE account SET mail = $2, mail_key = $3 WHERE id = $1`, mine.ID, mail, mailKey(mail)); err != nil {
			return err
		}
		if err := a.receive(ctx, tx, mine.Person, ""); err != nil {
			return err
		}
		if err := a.warn(ctx, tx, mine, "notice.account.mail"); err != nil { // mine is as it was: the address before
			return err
		}
		return a.record(ctx, tx, mine.ID, "mail", "", from)
	})
}
