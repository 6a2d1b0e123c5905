package account

import (
	"context"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

const (
	recoverable = time.Hour
	handed      = 24 * time.Hour // a link that a coordinator hands over
)

// Recover mails a link with which a new password can be chosen, if the address is an account's. The answer is
// the same, and as quick, if it isn't: what there is to do is done after it. Where no mail leaves the site a coordinator makes the link.
func (a *Accounts) Recover(ctx context.Context, mail string, from From) error {
	buckets := []bucket{
		{key: a.bucketOf("recover", mailKey(mail)), free: 3, most: time.Hour},
		{key: a.bucketOf("recover-address", a.addressBucket(from).key), free: 20, most: 15 * time.Minute},
	}
	if err := a.db.Write(ctx, func(tx *storage.Tx) error { return a.take(ctx, tx, buckets) }); err != nil {
		return err
	}
	select {
	case a.later <- func(ctx context.Context) { _ = a.recover(ctx, mail, from) }: // who asked can't be told, and asks again
	default: // a flood: who asked asks again
	}
	return nil
}

func (a *Accounts) recover(ctx context.Context, mail string, from From) error {
	if !a.Mails() {
		return nil
	}
	return a.db.Write(ctx, func(tx *storage.Tx) error {
		mine, err := scanAccount(tx.QueryRow(ctx, `SELECT `+accountColumns+` FROM account WHERE mail_key = $1 AND disabled = 0`, mailKey(mail)))
		if err != nil {
			return err
		}
		token, until, err := a.makeRecovery(ctx, tx, mine, "", recoverable)
		if err != nil {
			return err
		}
		if err := a.record(ctx, tx, mine.ID, "recovery", "", from); err != nil {
			return err
		}
		to, err := a.recipient(ctx, tx, mine)
		if err != nil {
			return err
		}
		return a.notices.TellAddress(ctx, tx, to, notice.Notice{Key: "notice.account.recovery", Link: "/recover/" + token, Urgent: true, Secret: true, Until: until})
	})
}

// makeRecovery writes a token that is good for so long, and for a link that somebody hands over, who does.
func (a *Accounts) makeRecovery(ctx context.Context, tx *storage.Tx, mine secretAccount, by network.PersonID, long time.Duration) (token string, until time.Time, err error) {
	token, hash, err := a.token()
	if err != nil {
		return "", until, err
	}
	now := a.db.Now()
	until = now.Add(long)
	_, err = tx.Exec(ctx, `INSERT INTO account_recovery (hash, account, made, expires, made_by) VALUES ($1, $2, $3, $4, $5)`, hash, mine.ID, now, until, by)
	return token, until, err
}

// RecoveryLink gives a coordinator of the person's home a link to hand over, with which the person chooses a new password. It is there only
// where no mail leaves the site. Whoever has the link can be that person: it is refused where they are more than the coordinator could make
// anybody, and the log, the history and the person's own list tell who made it.
func (a *Accounts) RecoveryLink(ctx context.Context, who network.Actor, person network.PersonID) (link string, err error) {
	err = a.db.Write(ctx, func(tx *storage.Tx) error {
		if _, err := a.mayManage(ctx, tx, who, person); err != nil {
			return err
		}
		mine, err := a.of(ctx, tx, person)
		switch {
		case err != nil:
			return err
		case a.Mails():
			return fault.New(fault.Conflict, "a link for a new password is mailed").Say("account.recovery.mailed")
		case !mine.Disabled.IsZero() || who.Person == person:
			return network.Absent()
		}
		if hand, err := a.mayHand(ctx, tx, who.Person, person); err != nil {
			return err
		} else if !hand {
			return fault.New(fault.Conflict, "the person is something elsewhere too").Say("account.recovery.wider")
		}
		token, _, err := a.makeRecovery(ctx, tx, mine, who.Person, handed)
		if err != nil {
			return err
		}
		link = a.link("/recover/" + token)
		if err := a.record(ctx, tx, mine.ID, "recovery-handed", "", From{}); err != nil {
			return err
		}
		if err := a.people.Invited(ctx, tx, who, person, network.RecoveryMade); err != nil {
			return err
		}
		name, err := a.people.PersonName(ctx, tx, who.Person)
		if err != nil {
			return err
		}
		return a.notices.Tell(ctx, tx, string(person), notice.Notice{Key: "notice.account.recovery.handed", Args: []string{name}, Link: "/account/log", Urgent: true})
	})
	return link, err
}

// mayHand tells whether somebody may hand a person the way into that person's account: no operator's, and none with which
// one comes into a network that is not theirs.
func (a *Accounts) mayHand(ctx context.Context, tx *storage.Tx, by, person network.PersonID) (bool, error) {
	p, err := a.people.Person(ctx, tx, person)
	if err != nil || p.Operator {
		return false, err
	}
	actor, err := a.people.Access(ctx, tx, network.Actor{Person: by})
	if err != nil {
		return false, err
	}
	return a.people.CoordinatesAll(ctx, tx, actor, person)
}

// OperatorLink gives a link with which whoever has a mail address chooses a new password: for the command line of whoever runs the program,
// and no page. It is the way in for operators, for whom no single coordinator may make a link, and where the mailbox is lost.
func (a *Accounts) OperatorLink(ctx context.Context, mail string) (link string, err error) {
	err = a.db.Write(ctx, func(tx *storage.Tx) error {
		mine, err := scanAccount(tx.QueryRow(ctx, `SELECT `+accountColumns+` FROM account WHERE mail_key = $1`, mailKey(mail)))
		switch {
		case noRow(err):
			return fault.New(fault.NotFound, "nobody signs in with this address").Where("mail")
		case err != nil:
			return err
		case !mine.Disabled.IsZero():
			return fault.New(fault.Conflict, "the account is shut").Where("mail").Do("who looks after it opens it on the person's page first")
		}
		token, _, err := a.makeRecovery(ctx, tx, mine, "", handed)
		if err != nil {
			return err
		}
		link = a.link("/recover/" + token)
		if err := a.record(ctx, tx, mine.ID, "recovery-operator", "", From{}); err != nil {
			return err
		}
		if err := a.people.Invited(ctx, tx, network.Clock(), mine.Person, network.RecoveryMade); err != nil && !isAbsent(err) { // an operator may be registered nowhere
			return err
		}
		return a.notices.Tell(ctx, tx, string(mine.Person), notice.Notice{Key: "notice.account.recovery.operator", Link: "/account/log", Urgent: true})
	})
	return link, err
}

// Whose finds who signs in with an address: for the command line of whoever runs the program, and no page.
func Whose(ctx context.Context, tx *storage.Tx, mail string) (network.PersonID, error) {
	a, err := scanAccount(tx.QueryRow(ctx, `SELECT `+accountColumns+` FROM account WHERE mail_key = $1`, mailKey(mail)))
	if noRow(err) {
		return "", fault.New(fault.NotFound, "nobody signs in with this address").Where("mail")
	}
	return a.Person, err
}

// gone is the answer to a token that is unknown, used, revoked or too old.
func gone(code string) *fault.Error {
	return fault.New(fault.NotFound, "the link is used, too old or not ours").Say(code)
}

// Recovering gives whose account a token recovers, and the providers it is linked to, for the page that asks for the new password.
func (a *Accounts) Recovering(ctx context.Context, token string) (mail string, linked []Identity, err error) {
	err = a.db.Read(ctx, func(tx *storage.Tx) error {
		mine, err := a.recovering(ctx, tx, token)
		if err != nil {
			return err
		}
		mail = mine.Mail
		linked, err = a.identities(ctx, tx, mine.ID)
		return err
	})
	return mail, linked, err
}

func (a *Accounts) recovering(ctx context.Context, tx *storage.Tx, token string) (secretAccount, error) {
	var account string
	var by network.PersonID
	err := tx.QueryRow(ctx, `SELECT account, made_by FROM account_recovery WHERE hash = $1 AND expires > $2`, hashOf(token), a.db.Now()).Scan(&account, &by)
	if noRow(err) {
		return secretAccount{}, gone("account.recovery.gone")
	}
	if err != nil {
		return secretAccount{}, err
	}
	mine, err := scanAccount(tx.QueryRow(ctx, `SELECT `+accountColumns+` FROM account WHERE id = $1 AND disabled = 0`, account))
	if noRow(err) {
		return mine, gone("account.recovery.gone")
	}
	if err != nil || by == "" {
		return mine, err
	}
	hand, err := a.mayHand(ctx, tx, by, mine.Person) // the person may have become more since
	if err == nil && !hand {
		err = gone("account.recovery.gone")
	}
	return mine, err
}

// Reset gives the account a new password, once, and ends every session, the secret calendar addresses, and the links to providers that are named:
// whoever had the account may have made them. It begins no session: the person signs in.
func (a *Accounts) Reset(ctx context.Context, token, password string, unlink []string, from From) error {
	var person network.PersonID
	err := a.db.Read(ctx, func(tx *storage.Tx) error {
		mine, err := a.recovering(ctx, tx, token)
		person = mine.Person
		return err
	})
	if err != nil {
		return err
	}
	hash, err := a.newHash(ctx, person, password)
	if err != nil {
		return err
	}
	return a.db.Write(ctx, func(tx *storage.Tx) error {
		mine, err := a.recovering(ctx, tx, token) // again: it may have been used meanwhile
		if err != nil {
			return err
		}
		if err := a.setPassword(ctx, tx, mine, hash); err != nil {
			return err
		}
		mine.hash = hash
		if err := a.record(ctx, tx, mine.ID, "reset", "", from); err != nil {
			return err
		}
		if err := a.endAccess(ctx, tx, mine, "", from); err != nil {
			return err
		}
		for _, id := range unlink {
			if err := a.unlink(ctx, tx, mine, id, from); err != nil {
				return err
			}
		}
		return a.warn(ctx, tx, mine, "notice.account.reset")
	})
}
