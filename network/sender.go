package network

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/storage"
)

// What a form that is open to everybody takes in a day: from one sender, so that nobody shuts it for the others, and in all of a tenant,
// generously, so that it has an end.
const (
	formsOfSender = 20
	formsOfAll    = 2000
)

// TakeForm counts that somebody sends a form that is open to everybody, and refuses what is too much: a person, or the network of an
// address. An address is kept as a hash under a salt of the day, and no longer than the day. Who is signed in has a count of their own and no
// other, so that nobody outside keeps them out. Without a person and a valid address it is the program itself, which counts among all only.
func (r *Registry) TakeForm(ctx context.Context, tx *storage.Tx, root ID, form string, who Actor, from netip.Addr) error {
	day := r.db.Now().Unix() / int64((24 * time.Hour).Seconds())
	salt, err := r.salt(ctx, tx, day)
	if err != nil {
		return err
	}
	all := salted(salt, string(root), form)
	senders := []string{all}
	switch {
	case who.Person != "":
		senders = []string{salted(salt, string(root), form, "person", string(who.Person))}
	case from.IsValid():
		senders = append(senders, salted(salt, string(root), form, "address", subscriber(from)))
	}
	for _, sender := range senders {
		var sent int64
		err := tx.QueryRow(ctx, `INSERT INTO public_sender (day, sender, sent) VALUES ($1, $2, 1)
			ON CONFLICT (day, sender) DO UPDATE SET sent = public_sender.sent + 1 RETURNING sent`, day, sender).Scan(&sent)
		switch {
		case err != nil:
			return err
		case sender == all && sent > formsOfAll:
			return fault.New(fault.Unavailable, "a form was sent %d times today", formsOfAll).Say("network.form.many")
		case sender != all && sent > formsOfSender:
			return fault.New(fault.Unavailable, "one sender sent a form %d times today", formsOfSender).Say("network.form.often")
		}
	}
	return nil
}

// salt gives the day's, and forgets the days before with what was counted in them.
func (r *Registry) salt(ctx context.Context, tx *storage.Tx, day int64) (salt string, err error) {
	err = tx.QueryRow(ctx, `SELECT salt FROM public_salt WHERE day = $1`, day).Scan(&salt)
	if !noRow(err) {
		return salt, err
	}
	for _, q := range []string{`DELETE FROM public_salt WHERE day < $1`, `DELETE FROM public_sender WHERE day < $1`} {
		if _, err := tx.Exec(ctx, q, day); err != nil {
			return "", err
		}
	}
	for range 2 { // an id has 80 random bits
		part, err := r.db.NewID()
		if err != nil {
			return "", err
		}
		salt += part
	}
	_, err = tx.Exec(ctx, `INSERT INTO public_salt (day, salt) VALUES ($1, $2)`, day, salt)
	return salt, err
}

func salted(salt string, parts ...string) string {
	h := sha256.New()
	for _, p := range append([]string{salt}, parts...) {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// subscriber is the network that one subscriber has: at least a /64 of IPv6.
func subscriber(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
