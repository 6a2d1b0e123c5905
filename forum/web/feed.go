package web

import (
	"embed"
	"net/http"
	"strings"
	"time"

	"github.com/samverk/samverk/calendar"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

// A calendar that is followed holds meetings from this long ago to this far ahead, and no more than so many.
const (
	feedBack  = 365 * 24 * time.Hour
	feedAhead = 2 * 365 * 24 * time.Hour
	feedRows  = 500
	newsRows  = 50
)

//go:embed messages
var sayings embed.FS

// BodyFeeds gives what programs follow of a body, for the pages of other rooms: nothing of one that is not public.
func BodyFeeds(s *web.Site, n *network.Registry) (func(*http.Request, network.BodyID) []web.Feed, error) {
	words, err := s.Room(sayings)
	if err != nil {
		return nil, err
	}
	return func(r *http.Request, id network.BodyID) (out []web.Feed) {
		err := n.Look(r.Context(), network.Actor{}, func(tx *storage.Tx, _ network.Access) error {
			b, err := n.Body(r.Context(), tx, id)
			if root, ok := n.Tree().Network(b.Root); err == nil && ok && b.Visibility == network.Public {
				out = bodyFeeds(words.Words(r), root, b)
			}
			return err
		})
		if err != nil {
			s.Log(r, err)
		}
		return out
	}, nil
}

// bodyFeeds are what programs follow of a public body.
func bodyFeeds(l *web.Words, n *network.Network, b network.Body) []web.Feed {
	at, name := home(n)+"/bodies/"+string(b.ID), text(l, b.Name)
	return []web.Feed{
		{Type: "text/calendar", Title: l.Must("cal.feed.body", name), Href: at + "/calendar.ics"},
		{Type: "application/atom+xml", Title: l.Must("cal.feed.news", name), Href: at + "/decisions.atom"},
	}
}

// publicCalendar is what everybody may see of a tenant's or a body's meetings.
func (p *room) publicCalendar(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	who := network.Actor{}
	b, err := p.bodyOf(r.Context(), who, n, network.BodyID(r.PathValue("body")))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	now := p.network.Now()
	meetings, err := p.forum.Meetings(r.Context(), who, forum.MeetingFilter{Root: n.ID, Body: b.ID, From: now.Add(-feedBack), To: now.Add(feedAhead), Limit: feedRows})
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	name, _ := n.Name.In(n.Lang)
	if b.ID != "" {
		name, _ = b.Name.In(n.Lang)
	}
	return p.serveCalendar(w, r, who, name, meetings)
}

// secretCalendar is what a person may see now of what their link is for. A link that is revoked, was never there, or whose
// body is no longer the person's to see, is no page at all.
func (p *room) secretCalendar(w http.ResponseWriter, r *http.Request) int {
	token, ok := strings.CutSuffix(r.PathValue("feed"), ".ics")
	if !ok || p.accounts == nil {
		return p.site.NotFound(w, r)
	}
	link, err := p.accounts.Feed(r.Context(), token)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	who, now := network.Actor{Person: link.Person}, p.network.Now()
	from, to := now.Add(-feedBack), now.Add(feedAhead)
	if link.Scope != "body" {
		meetings, err := p.forum.OwnMeetings(r.Context(), who, from, to, feedRows)
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		dates, err := p.ownDates(r, who)
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		if p.options.Events != nil {
			more, err := p.options.Events(r.Context(), who, from)
			if err != nil {
				return p.pages.Fail(w, r, err)
			}
			dates = append(dates, more...)
		}
		return p.serveCalendar(w, r, who, "Samverk", meetings, dates...)
	}
	b, name, err := p.followed(r, who, network.BodyID(link.Subject))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	meetings, err := p.forum.Meetings(r.Context(), who, forum.MeetingFilter{Root: b.Root, Body: b.ID, From: from, To: to, Limit: feedRows})
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return p.serveCalendar(w, r, who, name, meetings)
}

// ownDates are the days somebody is to have done something by, in their own language.
func (p *room) ownDates(r *http.Request, who network.Actor) (out []calendar.Event, err error) {
	waits, err := p.forum.OwnDates(r.Context(), who)
	if err != nil || len(waits) == 0 {
		return nil, err
	}
	var l *web.Words
	names := map[network.BodyID]string{}
	err = p.network.Look(r.Context(), who, func(tx *storage.Tx, _ network.Access) error {
		person, err := p.network.Person(r.Context(), tx, who.Person)
		if err != nil {
			return err
		}
		l = p.pages.In(person.Lang)
		for _, w := range waits {
			if w.Kind == forum.WaitsSeat && names[w.Body] == "" {
				b, err := p.network.Body(r.Context(), tx, w.Body)
				if err != nil {
					return err
				}
				names[w.Body] = text(l, b.Name)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, w := range waits {
		if n, ok := p.network.Tree().Network(w.Network); ok {
			if root, ok := p.network.Tree().Network(n.Root); ok {
				out = append(out, p.dateEvent(l, root, w, names))
			}
		}
	}
	return out, nil
}

// dateEvent is something that is to be done by a day as an event, which leads to where it is done.
func (p *room) dateEvent(l *web.Words, n *network.Network, w forum.Wait, names map[network.BodyID]string) calendar.Event {
	path, title := home(n)+"/topics/"+string(w.Topic), w.Title
	key := "cal.date." + string(w.Kind)
	switch w.Kind {
	case forum.WaitsSeat:
		path, title = home(n)+"/bodies/"+string(w.Body), names[w.Body]
	case forum.WaitsVote:
		path = home(n) + "/circulations/" + string(w.Circulation)
		if due := w.Due; due.Hour() != 0 || due.Minute() != 0 {
			return p.forum.DateEvent(w, l.Must(key+".at", title, l.Clock(due)), path)
		}
	}
	return p.forum.DateEvent(w, l.Must(key, title), path)
}

// followed finds the body of a link, if its person may still see it.
func (p *room) followed(r *http.Request, who network.Actor, id network.BodyID) (b network.Body, name string, err error) {
	err = p.network.Look(r.Context(), who, func(tx *storage.Tx, a network.Access) error {
		if b, err = p.network.Body(r.Context(), tx, id); err != nil {
			return err
		}
		if !a.Sees(b.Scope()) {
			return network.Absent()
		}
		name, _ = b.Name.In(p.langOf(b.Network))
		return nil
	})
	return b, name, err
}

// langOf is what a network writes in.
func (p *room) langOf(id network.ID) string {
	if n, ok := p.network.Tree().Network(id); ok {
		return n.Lang
	}
	return "en"
}

func (p *room) serveCalendar(w http.ResponseWriter, r *http.Request, who network.Actor, name string, meetings []forum.Meeting, events ...calendar.Event) int {
	titles := map[network.BodyID]string{}
	err := p.network.Look(r.Context(), who, func(tx *storage.Tx, a network.Access) error {
		for _, m := range meetings {
			if _, known := titles[m.Body]; known {
				continue
			}
			b, err := p.network.Body(r.Context(), tx, m.Body)
			if err != nil {
				return err
			}
			if titles[m.Body] = ""; a.Sees(b.Scope()) { // a body may be hidden while a meeting of it is not
				titles[m.Body], _ = b.Name.In(p.langOf(b.Network))
			}
		}
		return nil
	})
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	for _, m := range meetings {
		events = append(events, p.forum.CalendarEvent(m, meetingTitle(titles[m.Body], m.Title), p.categories(m, titles[m.Body])...))
	}
	body, err := calendar.Feed(name, events)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return calendar.Serve(w, r, calendar.FeedType, time.Time{}, body)
}

func meetingTitle(body, title string) string {
	switch {
	case title == "":
		return body
	case body == "":
		return title
	}
	return body + ": " + title
}

// categories say what a meeting is of: the body and its network.
func (p *room) categories(m forum.Meeting, body string) (out []string) {
	if body != "" {
		out = append(out, body)
	}
	if n, ok := p.network.Tree().Network(m.Network); ok {
		name, _ := n.Name.In(n.Lang)
		out = append(out, name)
	}
	return out
}

// news are the public decisions and news of a tenant or a body.
func (p *room) news(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	who := network.Actor{}
	b, err := p.bodyOf(r.Context(), who, n, network.BodyID(r.PathValue("body")))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	at, page, name := home(n)+"/decisions.atom", home(n)+"/decisions", n.Name
	kind, id := "network", string(n.ID)
	if b.ID != "" {
		at, page, name = home(n)+"/bodies/"+string(b.ID)+"/decisions.atom", home(n)+"/bodies/"+string(b.ID), b.Name
		kind, id = "body", string(b.ID)
	}
	author, lang := name.In(n.Lang)
	feed := calendar.News{ID: p.forum.Tag(kind, id), Title: author, Lang: lang, Self: p.forum.Address(at), Link: p.forum.Address(page), Author: author}
	decisions, err := p.forum.Decisions(r.Context(), who, forum.DecisionFilter{Root: n.ID, Body: b.ID, Limit: newsRows})
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	for _, d := range decisions {
		updated := d.Taken
		if d.Approved.After(updated) {
			updated = d.Approved
		}
		feed.Entries = append(feed.Entries, calendar.Entry{ID: p.forum.Tag("decision", string(d.ID)), Title: d.Number + " " + d.Title,
			Link: p.forum.Address(home(n) + "/decisions/" + string(d.ID)), Summary: firstSentence(d.Text), First: d.Taken, Updated: updated})
	}
	posts, err := p.forum.Posts(r.Context(), who, n.ID, forum.PostFilter{Body: b.ID, Kind: forum.News, Limit: newsRows})
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	for _, x := range posts {
		if x.Hidden == "" {
			feed.Entries = append(feed.Entries, calendar.Entry{ID: p.forum.Tag("post", string(x.ID)), Title: x.Title,
				Link: p.forum.Address(home(n) + "/posts/" + string(x.ID)), Summary: firstSentence(x.Text), First: x.At, Updated: x.At})
		}
	}
	body, err := calendar.Atom(feed, n.Created)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return calendar.Serve(w, r, calendar.AtomType, time.Time{}, body)
}
