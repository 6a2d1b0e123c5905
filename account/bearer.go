package account

import (
	"context"

	"github.com/samverk/samverk/account/openid"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// Bearer is who a program asks for, with what visas say of them (GA4GH Passport).
type Bearer struct {
	Person   network.PersonID
	Name     string
	Passport openid.Passport
}

// Bearer gives the person whose access token a program brings, of a provider that they linked to their account. It begins no session, and
// asks about the account each time: one that is disabled, or unlinked, is refused from the next request on.
func (a *Accounts) Bearer(ctx context.Context, token string) (b Bearer, err error) {
	unknown := fault.New(fault.Denied, "the access token is nobody's here").Say("account.bearer")
	issuer := openid.IssuerOf(token)
	var id openid.Identity
	var at *openid.Client
	err = unknown
	for _, c := range a.providers { // one issuer may stand there twice, for two of its clients
		if issuer == "" || c.Issuer != issuer || c.Audience == "" {
			continue
		}
		if id, err = c.Bearer(ctx, token); err == nil {
			at = c
			break
		}
	}
	if err != nil {
		return b, err
	}
	err = a.db.Read(ctx, func(tx *storage.Tx) error {
		err := tx.QueryRow(ctx, `SELECT a.person FROM account_identity i JOIN account a ON a.id = i.account
			WHERE i.issuer = $1 AND i.subject = $2 AND a.disabled = 0`, id.Issuer, id.Subject).Scan(&b.Person)
		if noRow(err) {
			return unknown
		}
		if err != nil {
			return err
		}
		if b.Name, err = a.people.PersonName(ctx, tx, b.Person); err == nil && b.Name == "" { // erased
			err = unknown
		}
		return err
	})
	if err != nil {
		return Bearer{}, err
	}
	b.Passport = at.Passport(ctx, token) // of who is known here, and of nobody else
	return b, nil
}
