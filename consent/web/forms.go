package web

import (
	"net/http"
	"slices"
	"time"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

// forms are the pages of forms, under a network's address.
func (p *room) forms(t *route.Table) {
	add := func(method, path string, who route.Caller, does string, page func(http.ResponseWriter, *http.Request, tenant) int) {
		t.Add(route.Route{Method: method, Pattern: "/n/{network}/forms" + path, Who: who, Does: does, Serve: p.in(page)})
	}
	add("GET", "", route.Anyone, "Lists the consent forms that are and were in force, and drafts for who is signed in; as a page, CSV or JSON.", p.formList)
	add("GET", "/{digest}", route.Anyone, "Shows a form, with who decided it; as a page or JSON.", p.form)
	add("GET", "/{digest}/preview", route.Anyone, "Shows a form as a patient sees it.", p.preview)
	add("GET", "/new", route.Coordinator, "Shows the editor, with the text to begin from.", p.editor(p.edit))
	add("POST", "/new", route.Coordinator, "Checks a form that is being written, or keeps it as a draft.", p.editor(p.keep))
}

// tenant is whose page it is.
type tenant struct {
	*web.Network
	country string
}

// in gives a page its network.
func (p *room) in(page func(http.ResponseWriter, *http.Request, tenant) int) func(http.ResponseWriter, *http.Request) int {
	return func(w http.ResponseWriter, r *http.Request) int {
		if p.options.Network == nil {
			return p.site.NotFound(w, r)
		}
		n, country, ok := p.options.Network(p.pages.Words(r).Code, r.PathValue("network"))
		if !ok {
			return p.site.NotFound(w, r)
		}
		return page(w, web.WithNetwork(r, n), tenant{n, country})
	}
}

// edits tells whether the reader may write forms here.
func (p *room) edits(r *http.Request, n tenant) bool {
	return p.options.Editor != nil && p.options.Editor(r, n.Slug)
}

func (p *room) editor(page func(http.ResponseWriter, *http.Request, tenant) int) func(http.ResponseWriter, *http.Request, tenant) int {
	return func(w http.ResponseWriter, r *http.Request, n tenant) int {
		if !p.edits(r, n) {
			return p.site.NotFound(w, r)
		}
		return page(w, r, n)
	}
}

// The standings of a form.
const (
	inForce    = "force"
	coming     = "coming"
	superseded = "superseded"
	draft      = "draft"
)

// formRow is a form in a list, and at the head of its page.
type formRow struct {
	Link, Title, Version string
	Digest               string
	Standing             string
	From, To             time.Time
	Decided              decidedView
	By                   string
	At                   time.Time
	Questions            int
}

// enacted lists the forms of a country that were put in force, the latest first.
func (p *room) enacted(l *web.Words, n tenant) (all []formRow) {
	now, forms := p.now(), p.consents.Enacted()
	for i, form := range forms {
		if form.Country != n.country {
			continue
		}
		d := formRow{Link: n.Path("forms", form.Digest.String()), Title: text(l, form.Title), Version: form.Version, Digest: form.Digest.String(), Standing: superseded,
			From: form.Begins.In(p.zone()), Decided: p.decided(l, form.Mandate), Questions: len(form.Questions)}
		current := p.consents.InForce()
		switch {
		case form.Begins.After(now):
			d.Standing = coming
		case current == form:
			d.Standing = inForce
		}
		if i+1 < len(forms) {
			d.To = forms[i+1].Begins.In(p.zone())
		}
		all = append(all, d)
	}
	slices.Reverse(all)
	return all
}

// drafts lists the forms of a country that no decision has put in force.
func (p *room) drafts(r *http.Request, n tenant) (all []formRow, err error) {
	l := p.pages.Words(r)
	kept, err := p.consents.Forms(r.Context())
	for _, one := range kept {
		if _, decided := p.formOf(one.Digest.String()); !decided && one.Country == n.country {
			all = append(all, p.draftRow(l, n, one))
		}
	}
	return all, err
}

func (p *room) draftRow(l *web.Words, n tenant, one consent.Drafted) formRow {
	return formRow{Link: n.Path("forms", one.Digest.String()), Title: text(l, one.Title), Version: one.Version, Digest: one.Digest.String(), Standing: draft,
		By: nameOf(one.By), At: one.At.In(p.zone()), Questions: len(one.Questions)}
}

type formsData struct {
	Enacted, Drafts []formRow
	Edits, SignedIn bool
	New             string
}

func (p *room) formList(w http.ResponseWriter, r *http.Request, n tenant) int {
	l := p.pages.Words(r)
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := formsData{Enacted: p.enacted(l, n), Edits: p.edits(r, n), SignedIn: web.SignedIn(r), New: n.Path("forms", "new")}
	if d.SignedIn {
		if d.Drafts, err = p.drafts(r, n); err != nil {
			return p.pages.Fail(w, r, err)
		}
	}
	if format == "" {
		return p.pages.Render(w, r, web.Page{Name: "forms", Title: l.Must("form.list"), Station: "decide", Public: true, Data: d})
	}
	e := web.NewExport(w, format, "forms", "digest", "version", "title", "standing", "from", "to", "decision")
	for _, one := range slices.Concat(d.Enacted, d.Drafts) {
		var from, to any
		if !one.From.IsZero() {
			from = one.From.UTC()
		}
		if !one.To.IsZero() {
			to = one.To.UTC()
		}
		if err := e.Row(one.Digest, one.Version, one.Title, one.Standing, from, to, one.Decided.Number); err != nil {
			e.Cut()
			return p.pages.Fail(w, r, err)
		}
	}
	return e.End()
}

// readable finds a form that the reader may read: one that was put in force, or a draft for who is signed in.
func (p *room) readable(r *http.Request, n tenant) (consent.Form, formRow, error) {
	l, digest := p.pages.Words(r), r.PathValue("digest")
	absent := fault.New(fault.NotFound, "there is no such form")
	for _, row := range p.enacted(l, n) {
		if row.Digest == digest {
			form, _ := p.formOf(digest)
			return form.Form, row, nil
		}
	}
	var d mandate.Digest
	if !web.SignedIn(r) || d.UnmarshalText([]byte(digest)) != nil {
		return consent.Form{}, formRow{}, absent
	}
	one, err := p.consents.FormOf(r.Context(), d)
	if err == nil && one.Country != n.country {
		err = absent
	}
	return one.Form, p.draftRow(l, n, one), err
}

func (p *room) form(w http.ResponseWriter, r *http.Request, n tenant) int {
	l := p.pages.Words(r)
	form, row, err := p.readable(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if format, err := web.FormatOf(r); err != nil {
		return p.pages.Fail(w, r, err)
	} else if format == "json" {
		b, err := mandate.Canonical(form)
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Type", "application/json")
		_, _ = w.Write(b) // these very bytes are what the digest is of
		return http.StatusOK
	}
	d := struct {
		Row   formRow
		View  formView
		Form  consent.Form
		Seal  []string
		Raise string // where a decision about it begins
		Edits bool
		New   string
		Codes []string
	}{row, viewOf(l, form), form, groups(row.Digest), p.raise(n), p.edits(r, n), n.Path("forms", "new") + "?from=" + row.Digest, consent.Languages[:]}
	return p.pages.Render(w, r, web.Page{Name: "form", Title: row.Title, Station: "decide", Public: row.Standing != draft, Data: d,
		Crumbs: []web.Link{{Text: l.Must("form.list"), Href: n.Path("forms")}, {Text: l.Must("form.version", row.Version)}}})
}

// raise is where a decision about a form begins; "" where nobody decides.
func (p *room) raise(n tenant) string {
	if at := n.Path("topics", "new"); p.table.Has("GET", at) {
		return at
	}
	return ""
}

func (p *room) preview(w http.ResponseWriter, r *http.Request, n tenant) int {
	l := p.pages.Words(r)
	form, row, err := p.readable(r, n)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	view := viewOf(l, form)
	view.There = true
	for i, q := range form.Questions {
		for _, one := range q.Diseases {
			view.Questions[i].Diseases = append(view.Questions[i].Diseases, text(l, one.Name))
		}
	}
	return p.pages.Render(w, r, web.Page{Name: "preview", Title: l.Must("form.preview.title"), Station: "decide", Data: struct {
		Row  formRow
		View formView
	}{row, view},
		Crumbs: []web.Link{{Text: l.Must("form.list"), Href: n.Path("forms")}, {Text: l.Must("form.version", row.Version), Href: row.Link}, {Text: l.Must("form.preview")}}})
}
