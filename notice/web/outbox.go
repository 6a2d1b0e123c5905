package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

// states are what may become of a mail, what somebody has to see to first.
var states = []string{"bounced", "failed", "waiting", "sent"}

// shown is how many mails a page lists.
const shown = 50

// mail is one in the list.
type mail struct {
	notice.Mail
	Name  string
	Link  string
	Retry string // "" when it can't be sent again
}

// choice is a state one can ask for.
type choice struct {
	Text, Link string
	Current    bool
}

type listData struct {
	State   string
	Choices []choice
	Mails   []mail
	Pager   web.Pager
	Server  string
	Trouble string
	Since   time.Time
	Now     time.Time
	Retried bool
	People  string
}

func (p *room) list(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	state := r.URL.Query().Get("state")
	if !slices.Contains(states, state) {
		state = states[0]
	}
	if format != "" {
		return p.file(w, r, n, state, format)
	}
	all, next, err := p.mails(r.Context(), actor(r), n, state, r.URL.Query().Get("after"), shown)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	counts, err := p.counts(r.Context(), actor(r), n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	server, err := p.notices.State(r.Context())
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	l, here := p.pages.Words(r), "/n/"+n.Slug+"/mail"
	zone := p.network.Zone(n.ID)
	d := listData{State: state, Mails: all, Pager: web.PagerAt(r.URL.RequestURI(), next), Server: server.Server, Trouble: server.Trouble,
		Since: server.Since.In(zone), Now: p.network.Now(), Retried: r.URL.Query().Has("again"), People: "/n/" + n.Slug + "/people"}
	for _, s := range states {
		text := l.Must("mail.state." + s)
		if count, ok := counts[s]; ok {
			text = l.Must("mail.count", text, count)
		}
		d.Choices = append(d.Choices, choice{Text: text, Link: here + "?state=" + s, Current: s == state})
	}
	name, _ := n.Name.In(l.Code)
	title := l.Must("mail.title")
	return p.pages.Render(w, r, web.Page{Name: "mails", Title: title, Station: "decide", Data: d,
		Crumbs: []web.Link{{Text: name, Href: "/n/" + n.Slug + "/"}, {Text: title}}})
}

// counted are the states whose mails somebody has to see to, or waits for; the sent are more than anybody counts.
var counted = []string{"bounced", "failed", "waiting"}

// counts tells how many mails there are of each counted state: "100+" where there are more than a few pages of them.
func (p *room) counts(ctx context.Context, who network.Actor, n *network.Network) (map[string]string, error) {
	const most = 100
	out := map[string]string{}
	err := p.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		for _, state := range counted {
			page, err := p.theirs(ctx, tx, a, n.ID, state, "", most)
			if err != nil {
				return err
			}
			out[state] = strconv.Itoa(len(page.Mails))
			if page.Next != "" {
				out[state] += "+"
			}
		}
		return nil
	})
	return out, err
}

// mails gives a page of mails to those people of the tenant whom the reader looks after, and where the next begins.
func (p *room) mails(ctx context.Context, who network.Actor, n *network.Network, state, after string, limit int) (out []mail, next string, err error) {
	zone := p.network.Zone(n.ID)
	err = p.network.Look(ctx, who, func(tx *storage.Tx, a network.Access) error {
		if err := p.keeps(a, n.ID); err != nil {
			return err
		}
		page, err := p.theirs(ctx, tx, a, n.ID, state, after, limit)
		if err != nil {
			return err
		}
		var named []network.PersonID
		for _, m := range page.Mails {
			named = append(named, network.PersonID(m.Person))
		}
		names, err := p.network.Names(ctx, tx, named)
		for _, m := range page.Mails {
			out = append(out, p.row(n, m, names, zone))
		}
		next = page.Next
		return err
	})
	return out, next, err
}

// A page looks through so many stretches of the outbox, of so many mails each: others' mails may lie between.
const stretches, stretch = 5, 200

// theirs gives mails to people of the tenant whom the reader looks after. A page may be short, or empty, and have a next one.
func (p *room) theirs(ctx context.Context, tx *storage.Tx, a network.Access, root network.ID, state, after string, limit int) (out notice.Mails, err error) {
	for range stretches {
		next, err := p.notices.Mails(ctx, tx, state, func(string) bool { return true }, after, stretch)
		if err != nil {
			return out, err
		}
		var people []network.PersonID
		for _, m := range next.Mails {
			people = append(people, network.PersonID(m.Person))
		}
		slices.Sort(people)
		theirs, err := p.network.Coordinated(ctx, tx, a, root, slices.Compact(people))
		if err != nil {
			return out, err
		}
		for _, m := range next.Mails {
			if !theirs[network.PersonID(m.Person)] {
				continue
			}
			if out.Mails = append(out.Mails, m); len(out.Mails) == limit {
				out.Next = m.ID
				return out, nil
			}
		}
		if out.Next = next.Next; out.Next == "" {
			break
		}
		after = next.Next
	}
	return out, nil
}

func (p *room) row(n *network.Network, m notice.Mail, names map[network.PersonID]string, zone *time.Location) mail {
	row := mail{Mail: m, Name: names[network.PersonID(m.Person)], Link: "/n/" + n.Slug + "/people/" + m.Person}
	row.Made = m.Made.In(zone)
	if !m.Next.IsZero() {
		row.Next = m.Next.In(zone)
	}
	if !m.Done.IsZero() {
		row.Done = m.Done.In(zone)
	}
	if (m.State == "bounced" || m.State == "failed") && !m.Lost {
		row.Retry = "/n/" + n.Slug + "/mail/" + m.ID + "/retry"
	}
	return row
}

// file sends the whole list, a page at a time, so that no transaction is held open for a slow reader.
func (p *room) file(w http.ResponseWriter, r *http.Request, n *network.Network, state, format string) int {
	var e *web.Export
	for after := ""; ; {
		all, next, err := p.mails(r.Context(), actor(r), n, state, after, 10*shown)
		if err == nil && e == nil {
			e = web.NewExport(w, format, "mail-"+state, "id", "person", "name", "address", "state", "attempts", "made", "next", "done", "said", "reason")
		}
		for i := 0; err == nil && i < len(all); i++ {
			m := all[i]
			err = e.Row(m.ID, m.Person, m.Name, m.Address, m.State, m.Attempts, m.Made, when(m.Next, m.State == "waiting"), when(m.Done, true), m.Said, m.Reason)
		}
		switch {
		case err != nil && e != nil:
			e.Cut()
			return p.pages.Fail(w, r, err)
		case err != nil:
			return p.pages.Fail(w, r, err)
		case next == "":
			return e.End()
		}
		after = next
	}
}

// when is a time in a file: nothing for one that is not known or says nothing.
func when(t time.Time, says bool) any {
	if t.IsZero() || !says {
		return nil
	}
	return t
}

func (p *room) retry(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	err := p.network.Act(r.Context(), actor(r), func(tx *storage.Tx, a network.Access) error {
		if err := p.keeps(a, n.ID); err != nil {
			return err
		}
		var failed error
		err := p.notices.Retry(r.Context(), tx, r.PathValue("id"), func(person string) bool {
			id := network.PersonID(person)
			theirs, err := p.network.Coordinated(r.Context(), tx, a, n.ID, []network.PersonID{id})
			failed = err
			return theirs[id]
		})
		if failed != nil {
			return failed
		}
		return err
	})
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return web.SeeOther(w, r, "/n/"+n.Slug+"/mail?state=waiting&again")
}
