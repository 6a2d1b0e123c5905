package account

import (
	"context"
	"slices"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

const (
	invited = 14 * 24 * time.Hour
	started = 24 * time.Hour // for the first of all, who sits at the terminal

	mostInvitations = 200 // that somebody makes in a day: each is a mail to whoever they say
)

// Invitation is a way in for a person who has none yet.
type Invitation struct {
	ID      string
	Person  network.PersonID // "" for the first of all
	Name    string           // the person's
	ByName  string           // of who invites
	Mail    string
	Lang    string
	By      network.PersonID
	Made    time.Time
	Expires time.Time
	State   string // open, accepted or revoked; an open one may have expired
}

// Offer is what an invitation is to.
type Offer struct {
	Networks []*network.Network // from the top
	Seats    []network.MySeat
}

// Invite makes an invitation and mails its link, which it also gives, for whoever would rather hand it over. An earlier one that
// is still open ends: this is how it is sent again. The answer tells nothing of whether the address is an account's; whoever reads mail there
// learns that they can sign in and accept. Who hands the link over could find out by trying it: the invitation is history, under their name.
func (a *Accounts) Invite(ctx context.Context, who network.Actor, person network.PersonID, mail, lng string) (link string, err error) {
	if mail, err = notice.Address(mail); err != nil {
		return "", err
	}
	if !slices.Contains(lang.Codes, lng) {
		return "", fault.New(fault.Invalid, "%.20q is no language of ours", lng).Where("lang").Say("notice.lang")
	}
	err = a.db.Write(ctx, func(tx *storage.Tx) error {
		n, err := a.mayManage(ctx, tx, who, person)
		if err != nil {
			return err
		}
		if err := a.without(ctx, tx, person); err != nil {
			return err
		}
		if err := a.fewInvitations(ctx, tx, who); err != nil {
			return err
		}
		token, until, err := a.invite(ctx, tx, Invitation{Person: person, Mail: mail, Lang: lng, By: who.Person})
		if err != nil {
			return err
		}
		link = a.link("/invitation/" + token)
		if err := a.people.Invited(ctx, tx, who, person, network.InvitationSent); err != nil {
			return err
		}
		key := "notice.account.invitation"
		if taken, err := a.taken(ctx, tx, mail); err != nil {
			return err
		} else if taken {
			key = "notice.account.invitation.known"
		}
		to := notice.Recipient{Person: string(person), Mail: mail, Lang: lng}
		return a.notices.TellAddress(ctx, tx, to, notice.Notice{Key: key, Args: []string{n.Name.Told()},
			Link: "/invitation/" + token, Urgent: true, Secret: true, Until: until})
	})
	return link, err
}

// fewInvitations refuses who has made as many invitations as anybody makes in a day.
func (a *Accounts) fewInvitations(ctx context.Context, tx *storage.Tx, who network.Actor) error {
	var lately int64
	err := tx.QueryRow(ctx, `SELECT count(*) FROM account_invitation WHERE made_by = $1 AND made > $2`, who.Person, a.db.Now().AddDate(0, 0, -1)).Scan(&lately)
	if err == nil && lately >= mostInvitations {
		err = fault.New(fault.Conflict, "%d invitations within a day", lately).Say("account.invitation.many", mostInvitations)
	}
	return err
}

// without refuses a person who has an account.
func (a *Accounts) without(ctx context.Context, tx *storage.Tx, person network.PersonID) error {
	var n int64
	err := tx.QueryRow(ctx, `SELECT count(*) FROM account WHERE person = $1`, person).Scan(&n)
	if err == nil && n > 0 {
		err = fault.New(fault.Conflict, "the person has an account already").Say("account.exists")
	}
	return err
}

// taken tells whether an account has a mail address.
func (a *Accounts) taken(ctx context.Context, tx *storage.Tx, mail string) (bool, error) {
	var n int64
	err := tx.QueryRow(ctx, `SELECT count(*) FROM account WHERE mail_key = $1`, mailKey(mail)).Scan(&n)
	return n > 0, err
}

// invite writes an invitation in place of the one that is open.
func (a *Accounts) invite(ctx context.Context, tx *storage.Tx, i Invitation) (token string, until time.Time, err error) {
	id, err := a.db.NewID()
	if err != nil {
		return "", until, err
	}
	token, hash, err := a.token()
	if err != nil {
		return "", until, err
	}
	if err := a.closeOpen(ctx, tx, i.Person); err != nil {
		return "", until, err
	}
	now := a.db.Now()
	until = now.Add(invited)
	if i.Person == "" {
		until = now.Add(started)
	}
	_, err = tx.Exec(ctx, `INSERT INTO account_invitation (id, person, mail, lang, hash, made_by, made, expires, state, closed)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', 0)`, id, i.Person, i.Mail, i.Lang, hash, i.By, now, until)
	return token, until, err
}

func (a *Accounts) closeOpen(ctx context.Context, tx *storage.Tx, person network.PersonID) error {
	_, err := tx.Exec(ctx, `UPDATE account_invitation SET state = 'revoked', closed = $2 WHERE person = $1 AND state = 'open'`, person, a.db.Now())
	return err
}

// Uninvite ends a person's open invitation.
func (a *Accounts) Uninvite(ctx context.Context, who network.Actor, person network.PersonID) error {
	return a.db.Write(ctx, func(tx *storage.Tx) error {
		if _, err := a.mayManage(ctx, tx, who, person); err != nil {
			return err
		}
		i, err := a.open(ctx, tx, person)
		if err != nil || i.ID == "" {
			return err
		}
		if err := a.closeOpen(ctx, tx, person); err != nil {
			return err
		}
		return a.people.Invited(ctx, tx, who, person, network.InvitationWithdrawn)
	})
}

const invitationColumns = `id, person, mail, lang, made_by, made, expires, state`

func (a *Accounts) scanInvitation(ctx context.Context, tx *storage.Tx, row interface{ Scan(...any) error }) (i Invitation, err error) {
	var made, expires int64
	if err := row.Scan(&i.ID, &i.Person, &i.Mail, &i.Lang, &i.By, &made, &expires, &i.State); err != nil {
		return i, err
	}
	i.Made, i.Expires = storage.Time(made), storage.Time(expires)
	if i.Name, err = a.people.PersonName(ctx, tx, i.Person); err != nil {
		return i, err
	}
	i.ByName, err = a.people.PersonName(ctx, tx, i.By)
	return i, err
}

// open gives a person's open invitation, or a zero one.
func (a *Accounts) open(ctx context.Context, tx *storage.Tx, person network.PersonID) (Invitation, error) {
	i, err := a.scanInvitation(ctx, tx, tx.QueryRow(ctx, `SELECT `+invitationColumns+` FROM account_invitation
		WHERE person = $1 AND state = 'open'`, person))
	if noRow(err) {
		return Invitation{}, nil
	}
	return i, err
}

// Invited gives the invitation of a token, for the page on which it is accepted.
func (a *Accounts) Invited(ctx context.Context, token string) (i Invitation, err error) {
	err = a.db.Read(ctx, func(tx *storage.Tx) error {
		i, err = a.invited(ctx, tx, hashOf(token))
		return err
	})
	return i, err
}

// Offered gives what the invitation of a token is to, for the same page: whoever accepts takes this.
func (a *Accounts) Offered(ctx context.Context, token string) (o Offer, err error) {
	err = a.db.Read(ctx, func(tx *storage.Tx) error {
		i, err := a.invited(ctx, tx, hashOf(token))
		if err != nil || i.Person == "" {
			return err
		}
		o.Networks, o.Seats, err = a.people.Offered(ctx, tx, i.Person)
		return err
	})
	return o, err
}

func (a *Accounts) invited(ctx context.Context, tx *storage.Tx, hash string) (Invitation, error) {
	i, err := a.scanInvitation(ctx, tx, tx.QueryRow(ctx, `SELECT `+invitationColumns+` FROM account_invitation
		WHERE hash = $1 AND state = 'open' AND expires > $2`, hash, a.db.Now()))
	if noRow(err) || err == nil && i.Person != "" && i.Name == "" { // erased meanwhile
		return Invitation{}, gone("account.invitation.gone")
	}
	return i, err
}

// Accept makes the invited person's account, with a password, and signs them in.
func (a *Accounts) Accept(ctx context.Context, token, password string, from From) (Session, error) {
	i, err := a.Invited(ctx, token)
	if err == nil && i.Person == "" {
		err = gone("account.invitation.gone") // the first of all has a name to give first
	}
	if err != nil {
		return Session{}, err
	}
	if err := CheckPassword(password, i.Name, i.Mail); err != nil {
		return Session{}, err
	}
	hash, err := a.hashed(ctx, password)
	if err != nil {
		return Session{}, err
	}
	var s Session
	err = a.db.Write(ctx, func(tx *storage.Tx) error {
		account, err := a.accept(ctx, tx, hashOf(token), hash, from)
		if err != nil {
			return err
		}
		s, err = a.begin(ctx, tx, account, "invitation", from)
		return err
	})
	return s, err
}

// accept uses an invitation up and makes the account. Of two at the same time the second finds it used.
func (a *Accounts) accept(ctx context.Context, tx *storage.Tx, hash, password string, from From) (account string, err error) {
	i, err := a.invited(ctx, tx, hash)
	if err != nil {
		return "", err
	}
	if err := a.without(ctx, tx, i.Person); err != nil {
		return "", err
	}
	if taken, err := a.taken(ctx, tx, i.Mail); err != nil {
		return "", err
	} else if taken {
		return "", fault.New(fault.Conflict, "who has this address signs in and accepts").Say("account.invitation.known")
	}
	if err := a.use(ctx, tx, i.ID); err != nil {
		return "", err
	}
	if err := a.people.Invited(ctx, tx, network.Actor{Person: i.Person}, i.Person, network.InvitationAccepted); err != nil {
		return "", err
	}
	if account, err = a.create(ctx, tx, i.Person, i.Mail, password); err != nil {
		return "", err
	}
	if err := a.receive(ctx, tx, i.Person, i.Lang); err != nil {
		return "", err
	}
	return account, a.record(ctx, tx, account, "accepted", "", from)
}

// AcceptAs lets somebody who has an account accept with it: they get the seats and memberships of the person who was invited, and have one account
// as before. Its address need not be the invited one: whoever has the link was given it. Who invited, and who answers for those seats, is told.
func (a *Accounts) AcceptAs(ctx context.Context, who network.Actor, token string, from From) error {
	return a.db.Write(ctx, func(tx *storage.Tx) error {
		mine, err := a.own(ctx, tx, who)
		if err != nil {
			return err
		}
		i, err := a.invited(ctx, tx, hashOf(token))
		if err != nil {
			return err
		}
		if i.Person == "" {
			return gone("account.invitation.gone")
		}
		if err := a.without(ctx, tx, i.Person); err != nil {
			return err
		}
		if err := a.use(ctx, tx, i.ID); err != nil {
			return err
		}
		if err := a.people.Invited(ctx, tx, who, i.Person, network.InvitationAccepted); err != nil {
			return err
		}
		if err := a.tellTaken(ctx, tx, i, who.Person); err != nil {
			return err
		}
		if err := a.people.TakeOver(ctx, tx, i.Person, who.Person); err != nil {
			return err
		}
		if err := a.notices.Forget(ctx, tx, string(i.Person)); err != nil {
			return err
		}
		return a.record(ctx, tx, mine.ID, "accepted", "", from)
	})
}

// tellTaken tells who invited and who answers for what is taken that it is another than they named who has it now.
func (a *Accounts) tellTaken(ctx context.Context, tx *storage.Tx, i Invitation, by network.PersonID) error {
	name, err := a.people.PersonName(ctx, tx, by)
	if err != nil {
		return err
	}
	home, err := a.people.Home(ctx, tx, i.Person)
	if err != nil {
		return err
	}
	n, ok := a.people.Tree().Network(home)
	if !ok {
		return network.Absent()
	}
	root, ok := a.people.Tree().Network(n.Root)
	if !ok {
		return network.Absent()
	}
	to, err := a.people.Responsible(ctx, tx, i.Person)
	if err != nil {
		return err
	}
	if i.ByName != "" && !slices.Contains(to, i.By) {
		to = append(to, i.By)
	}
	for _, p := range to {
		if p == by {
			continue
		}
		if err := a.notices.Tell(ctx, tx, string(p), notice.Notice{Key: "notice.account.invitation.taken", Args: []string{name, i.Name},
			Link: "/n/" + root.Slug + "/people/" + string(by), Urgent: true}); err != nil {
			return err
		}
	}
	return nil
}

func (a *Accounts) use(ctx context.Context, tx *storage.Tx, invitation string) error {
	_, err := tx.Exec(ctx, `UPDATE account_invitation SET state = 'accepted', closed = $2 WHERE id = $1`, invitation, a.db.Now())
	return err
}

// FirstOperator gives the link with which the first account of all is made, or "" when there is an account. Each call makes the
// link anew: what an earlier start printed no longer works.
func (a *Accounts) FirstOperator(ctx context.Context) (link string, err error) {
	err = a.db.Write(ctx, func(tx *storage.Tx) error {
		link = ""
		if begun, err := a.begun(ctx, tx); err != nil || begun {
			return err
		}
		token, _, err := a.invite(ctx, tx, Invitation{Lang: "en"})
		link = a.link("/setup/" + token)
		return err
	})
	return link, err
}

func (a *Accounts) begun(ctx context.Context, tx *storage.Tx) (bool, error) {
	var n int64
	err := tx.QueryRow(ctx, `SELECT count(*) FROM (SELECT id FROM account LIMIT 1) x`).Scan(&n)
	return n > 0, err
}

// Begun tells whether there is any account.
func (a *Accounts) Begun(ctx context.Context) (begun bool, err error) {
	err = a.db.Read(ctx, func(tx *storage.Tx) error {
		begun, err = a.begun(ctx, tx)
		return err
	})
	return begun, err
}

// First is the first person of all.
type First struct{ Name, Mail, Lang, Password string }

// SetUp makes the first person, an operator, and their account, and signs them in.
func (a *Accounts) SetUp(ctx context.Context, token string, f First, from From) (s Session, err error) {
	if f.Mail, err = notice.Address(f.Mail); err != nil {
		return s, err
	}
	if err := CheckPassword(f.Password, f.Name, f.Mail); err != nil {
		return s, err
	}
	if _, err := a.Invited(ctx, token); err != nil {
		return s, err
	}
	hash, err := a.hashed(ctx, f.Password)
	if err != nil {
		return s, err
	}
	err = a.db.Write(ctx, func(tx *storage.Tx) error {
		i, err := a.invited(ctx, tx, hashOf(token))
		if err != nil {
			return err
		}
		if begun, err := a.begun(ctx, tx); err != nil || begun || i.Person != "" {
			return first(err, gone("account.invitation.gone"))
		}
		person, err := a.people.AddOperatorIn(ctx, tx, f.Name, f.Lang)
		if err != nil {
			return err
		}
		if err := a.use(ctx, tx, i.ID); err != nil {
			return err
		}
		account, err := a.create(ctx, tx, person, f.Mail, hash)
		if err != nil {
			return err
		}
		if err := a.receive(ctx, tx, person, f.Lang); err != nil {
			return err
		}
		if err := a.record(ctx, tx, account, "accepted", "", from); err != nil {
			return err
		}
		s, err = a.begin(ctx, tx, account, "invitation", from)
		return err
	})
	return s, err
}
