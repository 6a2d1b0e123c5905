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
// generously, so that it has an end. One subscriber may have many networks of the smallest size (a home often has a /56 of IPv6, a
// site a /48), so the larger ones that an address is of have bounds too.
const (
	formsOfSender = 20
	formsOfHome   = 40  // a /56
	formsOfNet    = 100 // a /48, or a /24 of IPv4
	formsOfAll    = 2000
)

// bound is how much is taken from whom.
type bound struct {
	of   string
	most int
}

// TakeForm counts that somebody sends a form that is open to everybody, and refuses what is too much: a person, or the network of an
// address. An address is kept as a hash under a salt of the day, and no longer than the day. Who is signed in has a count of their own and no
// other, so that nobody outside keeps them out. Without a person and a valid address it is the program itself, which counts among all only.
func (r *Registry) TakeForm(ctx context.Context, tx *storage.Tx, root ID, form string, who Actor, from netip.Addr) error {
	day := r.db.Now().Unix() / int64((24 * time.Hour).Seconds())
	salt, err := r.salt(ctx, tx, day)
	if err != nil {
		return err
	}
	key := func(parts ...string) string { return salted(salt, append([]string{string(root), form}, parts...)...) }
	bounds := []bound{{key(), formsOfAll}}
	switch {
	case who.Person != "":
		bounds = []bound{{key("person", string(who.Person)), formsOfSender}}
	case from.IsValid():
		for _, n := range subscribers(from) {
			bounds = append(bounds, bound{key("address", n.of), n.most})
		}
	}
	for _, b := range bounds {
		var sent int
		err := tx.QueryRow(ctx, `INSERT INTO public_sender (day, sender, sent) VALUES ($1, $2, 1)
			ON CONFLICT (day, sender) DO UPDATE SET sent = public_sender.sent + 1 RETURNING sent`, day, b.of).Scan(&sent)
		switch {
		case err != nil:
			return err
		case sent <= b.most:
		case b.most == formsOfAll:
			return fault.New(fault.Unavailable, "a form was sent %d times today", formsOfAll).Say("network.form.many")
		default:
			return fault.New(fault.Unavailable, "one sender sent a form %d times today", b.most).Say("network.form.often")
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

// subscribers are the networks that an address is of, from the smallest that one subscriber has.
func subscribers(a netip.Addr) []bound {
	a = a.Unmap().WithZone("")
	sizes := []struct{ bits, most int }{{32, formsOfSender}, {24, formsOfNet}}
	if a.Is6() {
		sizes = []struct{ bits, most int }{{64, formsOfSender}, {56, formsOfHome}, {48, formsOfNet}}
	}
	var out []bound
	for _, s := range sizes {
		if p, err := a.Prefix(s.bits); err == nil {
			out = append(out, bound{p.String(), s.most})
		}
	}
	return out
}
