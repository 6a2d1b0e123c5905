package web

import (
	"net/http"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

// toldRow is something the reader was told.
type toldRow struct {
	ID, Title, Link string
	At              time.Time
	New             bool
	Mail            string // how it stands with the mail that told it, as in a message's key "told.mail.…"
	MailAt          time.Time
}

type toldData struct {
	Rows   []toldRow
	Unread bool // only what is not read
	Count  int  // of them; 100 is that or more
	Pager  web.Pager
	Done   bool
	Mails  bool
}

// own gives a page of no tenant the frame of the reader's first.
func (p *room) own(page func(http.ResponseWriter, *http.Request) int) func(http.ResponseWriter, *http.Request) int {
	return func(w http.ResponseWriter, r *http.Request) int {
		err := p.network.Look(r.Context(), actor(r), func(_ *storage.Tx, a network.Access) error {
			for _, n := range p.network.Tree().Roots() {
				if a.Registered(n.ID) {
					r = p.framed(r, n)
					break
				}
			}
			return nil
		})
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		return page(w, r)
	}
}

// told lists what the reader was told, the newest first.
func (p *room) told(w http.ResponseWriter, r *http.Request) int {
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	unread := r.URL.Query().Get("show") == "unread"
	if format != "" {
		return p.toldFile(w, r, unread, format)
	}
	l := p.pages.Words(r)
	d := toldData{Unread: unread, Done: r.URL.Query().Has("done"), Mails: p.notices.Sends()}
	next := ""
	err = p.network.Look(r.Context(), actor(r), func(tx *storage.Tx, _ network.Access) (err error) {
		zone, err := p.zoneOf(r, tx)
		if err != nil {
			return err
		}
		if d.Rows, next, err = p.toldRows(r, tx, l.Code, zone, unread, r.URL.Query().Get("after"), shown); err != nil {
			return err
		}
		d.Count, err = p.notices.CountUnread(r.Context(), tx, web.ViewerOf(r).Person)
		return err
	})
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d.Pager = web.PagerAt(r.URL.RequestURI(), next)
	return p.pages.Render(w, r, web.Page{Name: "told", Title: l.Must("told.title"), Data: d})
}

// toldRows gives a page, and where the next begins.
func (p *room) toldRows(r *http.Request, tx *storage.Tx, code string, zone *time.Location, unread bool, after string, limit int) (out []toldRow, next string, err error) {
	list := p.notices.Told
	if unread {
		list = p.notices.Unread
	}
	all, err := list(r.Context(), tx, web.ViewerOf(r).Person, after, limit+1)
	if err != nil {
		return nil, "", err
	}
	if len(all) > limit {
		all = all[:limit]
		next = all[limit-1].ID
	}
	for _, t := range all {
		row := toldRow{ID: t.ID, Title: p.notices.Title(code, t), Link: t.Link, At: t.Made.In(zone), New: t.Read.IsZero(), Mail: t.Mail}
		switch {
		case t.Mail == "" && !t.Due.IsZero():
			row.Mail, row.MailAt = "due", t.Due.In(zone)
		case t.Mail == "":
			row.Mail = "none"
		case t.Mail == "sent":
			row.MailAt = t.Sent.In(zone)
		}
		out = append(out, row)
	}
	return out, next, nil
}

// zoneOf is where the reader lives, by their own choice, else their network's.
func (p *room) zoneOf(r *http.Request, tx *storage.Tx) (*time.Location, error) {
	to, err := p.notices.RecipientOf(r.Context(), tx, web.ViewerOf(r).Person)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	if z, err := time.LoadLocation(to.Zone); err == nil && to.Zone != "" {
		return z, nil
	}
	home, err := p.network.Home(r.Context(), tx, actor(r).Person)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	return p.network.Zone(home), nil
}

// toldFile sends the whole list, a page at a time.
func (p *room) toldFile(w http.ResponseWriter, r *http.Request, unread bool, format string) int {
	l := p.pages.Words(r)
	var e *web.Export
	for after := ""; ; {
		var rows []toldRow
		next := ""
		err := p.network.Look(r.Context(), actor(r), func(tx *storage.Tx, _ network.Access) (err error) {
			rows, next, err = p.toldRows(r, tx, l.Code, time.UTC, unread, after, 10*shown)
			return err
		})
		if err == nil && e == nil {
			e = web.NewExport(w, format, "notices", "id", "at", "title", "link", "read", "mail", "mail_at")
		}
		for i := 0; err == nil && i < len(rows); i++ {
			row := rows[i]
			err = e.Row(row.ID, row.At, row.Title, row.Link, !row.New, row.Mail, when(row.MailAt, true))
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

// read notes that the reader has read what the form names, or all.
func (p *room) read(w http.ResponseWriter, r *http.Request) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	ids := f.All("notice")
	if len(ids) == 0 && f.Get("all") == "" {
		return web.SeeOther(w, r, "/notices")
	}
	if len(ids) > shown {
		ids = ids[:shown]
	}
	err = p.network.Act(r.Context(), actor(r), func(tx *storage.Tx, _ network.Access) error {
		return p.notices.MarkRead(r.Context(), tx, web.ViewerOf(r).Person, ids...)
	})
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return web.SeeOther(w, r, "/notices?done")
}
