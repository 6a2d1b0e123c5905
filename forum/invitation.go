package forum

import (
	"context"
	"net/url"
	"strconv"

	"github.com/samverk/samverk/calendar"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// Event gives a meeting as calendars show it; title is its body's name, or what the caller calls it.
func (f *Forum) Event(m Meeting, title string) calendar.Event {
	e := calendar.Event{UID: string(m.ID) + "@" + f.host(), Sequence: m.Sequence, Changed: f.db.Now(), Title: title, Location: m.Place,
		Start: m.Starts, End: m.Ends(), Zone: m.Zone, Cancelled: m.State == Cancelled, Organizer: calendar.Person{Mail: f.mail}}
	if f.url != "" {
		e.URL = f.url + f.pathTo(m.Root, "meetings", string(m.ID))
	}
	return e
}

func (f *Forum) host() string {
	if u, err := url.Parse(f.url); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	return "samverk.invalid"
}

// invitation is a meeting for one person's calendar, to go with a mail; nothing for who has no mail, or where mail doesn't leave.
func (f *Forum) invitation(ctx context.Context, tx *storage.Tx, b network.Body, m Meeting, cancelled bool, to network.PersonID) (*notice.Attachment, error) {
	if f.mail == "" {
		return nil, nil
	}
	r, err := f.notices.RecipientOf(ctx, tx, string(to))
	if fault.KindOf(err) == fault.NotFound && err != nil || r.Mail == "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	title := f.nameOf(b)
	if m.Title != "" {
		title += ": " + m.Title
	} else if m.Number > 0 {
		title += " " + strconv.Itoa(m.Number) + "/" + strconv.Itoa(m.Year)
	}
	e := f.Event(m, title)
	if e.Cancelled = cancelled; e.Location == "" {
		e.Location = m.Link // for who is invited: a feed may be anybody's
	}
	body, mime, err := calendar.Invitation(e, calendar.Person{Mail: r.Mail})
	if err != nil {
		return nil, err
	}
	return &notice.Attachment{Name: calendar.InviteFile, Type: mime, Body: body}, nil
}
