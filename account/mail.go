package account

import (
	"context"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

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
		return a.notices.SetRecipient(ctx, tx, notice.Recipient{Person: string(who.Person), Mail: mine.Mail, Lang: lang, Frequency: often, Zone: zone})
	})
}
