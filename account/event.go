package account

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// From is where a request comes from.
type From struct {
	Address netip.Addr
	Agent   string // the User-Agent header
	Device  string // the token a browser was given when it last signed in; "" for none
}

// place is the address as it is kept: the network it belongs to, never the machine.
func (f From) place() string {
	a := f.Address.Unmap()
	bits := 48
	switch {
	case !a.IsValid():
		return ""
	case a.Is4():
		bits = 24
	}
	p, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}

// Families of browsers and systems, by what only they write, the more particular first.
var (
	browsers = [][2]string{{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}}
	systems = [][2]string{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"}}
)

// browser is the family of the browser, and what it runs on: "Firefox, Windows"; "" when neither is known.
func (f From) browser() string {
	var parts []string
	for _, known := range [][][2]string{browsers, systems} {
		for _, k := range known {
			if strings.Contains(f.Agent, k[0]) {
				parts = append(parts, k[1])
				break
			}
		}
	}
	return strings.Join(parts, ", ")
}

// Event is a line of an account's log.
type Event struct {
	ID      string
	At      time.Time
	Kind    string // signed-in, refused, signed-out, …: a message "event.KIND" of the pages
	Detail  string // through which provider, or ""
	Place   string
	Browser string
}

// Kinds are all the kinds of event.
var Kinds = []string{"accepted", "signed-in", "refused", "signed-out", "ended", "ended-others", "password", "recovery", "recovery-handed", "recovery-operator", "reset",
	"linked", "unlinked", "disabled", "enabled", "feed", "feed-revoked", "mail"}

// record writes a line.
func (a *Accounts) record(ctx context.Context, tx *storage.Tx, account, kind, detail string, from From) error {
	id, err := a.db.NewID()
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO account_event (id, account, at, kind, detail, place, browser) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		id, account, a.db.Now(), kind, detail, from.place(), from.browser())
	return err
}

// Events lists the actor's log, the latest first, from before an event's id on; "" begins.
func (a *Accounts) Events(ctx context.Context, who network.Actor, before string, limit int) (out []Event, err error) {
	err = a.db.Read(ctx, func(tx *storage.Tx) error {
		s, err := a.own(ctx, tx, who)
		if err != nil {
			return err
		}
		if before == "" {
			before = "~"
		}
		rows, err := tx.Query(ctx, `SELECT id, at, kind, detail, place, browser FROM account_event
			WHERE account = $1 AND id < $2 ORDER BY id DESC LIMIT $3`, s.ID, before, min(limit, 1000))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var e Event
			var at int64
			if err := rows.Scan(&e.ID, &at, &e.Kind, &e.Detail, &e.Place, &e.Browser); err != nil {
				return err
			}
			e.At = storage.Time(at)
			out = append(out, e)
		}
		return rows.Err()
	})
	return out, err
}
