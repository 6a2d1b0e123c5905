package notice

import (
	"context"
	"database/sql"
	"errors"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/storage"
)

// Frequency is how often a person wants mail about what is not urgent.
type Frequency string

// The frequencies.
const (
	Immediate Frequency = "immediate"
	Daily     Frequency = "daily"
	Weekly    Frequency = "weekly"
)

// Frequencies are all of them, in the order in which a form shows them.
var Frequencies = []Frequency{Immediate, Daily, Weekly}

// digestHour is when a digest is made, by the recipient's clock.
const digestHour = 7

// Recipient is where a person's mail goes.
type Recipient struct {
	Person    string
	Mail      string // "" for none: they read their notices here
	Lang      string
	Frequency Frequency
	Zone      string // IANA
	Shut      bool   // nothing is mailed; SetRecipient leaves it as it is
}

// SetRecipient keeps where a person's mail goes from now on. What waits to be mailed follows.
func (n *Notices) SetRecipient(ctx context.Context, tx *storage.Tx, r Recipient) error {
	r, zone, err := n.checked(r)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO notice_recipient (person, mail, lang, frequency, zone) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (person) DO UPDATE SET mail = excluded.mail, lang = excluded.lang, frequency = excluded.frequency, zone = excluded.zone`,
		r.Person, r.Mail, r.Lang, string(r.Frequency), r.Zone); err != nil {
		return err
	}
	if r.Mail == "" {
		return n.withdraw(ctx, tx, r.Person)
	}
	if _, err := tx.Exec(ctx, `UPDATE notice SET due = $2 WHERE person = $1 AND due IS NOT NULL`,
		r.Person, n.due(n.db.Now(), r.Frequency, zone)); err != nil {
		return err
	}
	// A secret was meant for the address it was asked for, and a warning for who reads mail there.
	_, err = tx.Exec(ctx, `UPDATE notice_mail SET address = $2 WHERE person = $1 AND state = 'waiting' AND secret = 0 AND pinned = 0`, r.Person, r.Mail)
	tx.OnCommit(n.wake)
	return err
}

// withdraw takes back what waits to be mailed to somebody who no longer wants mail.
func (n *Notices) withdraw(ctx context.Context, tx *storage.Tx, person string) error {
	if _, err := tx.Exec(ctx, `UPDATE notice SET due = NULL WHERE person = $1 AND due IS NOT NULL`, person); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM notice_mail WHERE person = $1 AND state = 'waiting' AND secret = 0 AND pinned = 0`, person)
	return err
}

// Shut stops all mail to a person, also what waits; open again, they are mailed what they are told from then on.
func (n *Notices) Shut(ctx context.Context, tx *storage.Tx, person string, off bool) error {
	if _, err := tx.Exec(ctx, `UPDATE notice_recipient SET shut = $2 WHERE person = $1`, person, off); err != nil || !off {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE notice SET due = NULL WHERE person = $1 AND due IS NOT NULL`, person); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE notice_mail SET state = 'failed', reason = $3, done = $2, body = '', attach = NULL WHERE person = $1 AND state = 'waiting'`,
		person, n.db.Now(), Shut)
	return err
}

// RecipientOf gives where a person's mail goes; fault.NotFound when nothing is known.
func (n *Notices) RecipientOf(ctx context.Context, tx *storage.Tx, person string) (Recipient, error) {
	r := Recipient{Person: person}
	var shut int64
	err := tx.QueryRow(ctx, `SELECT mail, lang, frequency, zone, shut FROM notice_recipient WHERE person = $1`, person).
		Scan(&r.Mail, &r.Lang, &r.Frequency, &r.Zone, &shut)
	r.Shut = shut == 1
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.New(fault.NotFound, "nothing is known of where this person's mail goes")
	}
	return r, err
}

// Forget removes everything told and mailed to a person, and where their mail went.
func (n *Notices) Forget(ctx context.Context, tx *storage.Tx, person string) error {
	for _, table := range []string{"notice_recipient", "notice_mail", "notice"} {
		if _, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE person = $1`, person); err != nil {
			return err
		}
	}
	return nil
}

// checked gives the recipient as it is kept.
func (n *Notices) checked(r Recipient) (Recipient, *time.Location, error) {
	if r.Person == "" {
		return r, nil, fault.New(fault.Internal, "a recipient is nobody")
	}
	if r.Mail != "" {
		address, err := Address(r.Mail)
		if err != nil {
			return r, nil, err
		}
		r.Mail = address
	}
	if !slices.Contains(lang.Codes, r.Lang) {
		return r, nil, fault.New(fault.Invalid, "%.20q is no language of ours", r.Lang).Where("lang").Say("notice.lang")
	}
	if !slices.Contains(Frequencies, r.Frequency) {
		return r, nil, fault.New(fault.Invalid, "%.20q is no frequency", r.Frequency).Where("frequency").Say("notice.frequency")
	}
	zone, err := n.zone(r.Zone)
	return r, zone, err
}

// zone gives a time zone by its name.
func (n *Notices) zone(name string) (*time.Location, error) {
	if z, ok := n.zones.Load(name); ok {
		return z.(*time.Location), nil
	}
	z, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil, fault.New(fault.Invalid, "%.40q is no time zone", name).Where("zone").Say("notice.zone")
	}
	n.zones.Store(name, z)
	return z, nil
}

// longest is what RFC 5321 lets an address be, less the angle brackets.
const longest = 254

// Address gives the address that somebody typed, without spaces around it, or fault.Invalid: one bare
// address (no name, no list, no address literal), that can be put in a header as it is.
func Address(typed string) (string, error) {
	s := strings.TrimSpace(typed)
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > longest || !plainAddress(s) {
		return "", fault.New(fault.Invalid, "that is no mail address").Where("mail").Say("notice.mail").
			Do("write it as name@example.org")
	}
	return s, nil
}

// plainAddress refuses what is legal and never meant: spaces, quotes, controls, comments, a host
// without a dot, and letters outside ASCII, which most servers refuse.
func plainAddress(s string) bool {
	local, host, ok := strings.Cut(s, "@")
	if !ok || len(local) > 64 || !strings.Contains(host, ".") || strings.Contains(host, "..") {
		return false
	}
	for _, c := range s {
		if c <= ' ' || c > '~' || strings.ContainsRune("\"(),:;<>[\\]", c) {
			return false
		}
	}
	return strings.Count(s, "@") == 1 && !strings.HasPrefix(host, ".") && !strings.HasSuffix(host, ".")
}

// due is when something told now is to be mailed: now and a minute, or at the next digest.
func (n *Notices) due(now time.Time, f Frequency, zone *time.Location) time.Time {
	if f == Immediate {
		return now.Add(n.options.Group)
	}
	local := now.In(zone)
	days := 0
	if f == Weekly {
		days = (int(time.Monday) - int(local.Weekday()) + 7) % 7
	}
	at := digest(local, days, zone)
	if !at.After(now) {
		again := 1
		if f == Weekly {
			again = 7
		}
		at = digest(local, days+again, zone)
	}
	return at
}

func digest(local time.Time, days int, zone *time.Location) time.Time {
	return time.Date(local.Year(), local.Month(), local.Day()+days, digestHour, 0, 0, 0, zone)
}
