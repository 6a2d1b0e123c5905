package web

import (
	"net/http"
	"strings"

	"github.com/samverk/samverk/action/procedure"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

type formData struct {
	Form    *web.Form
	Action  string
	Back    string
	Of      *procedure.Procedure // being edited; nil: a new one
	Bodies  []web.Option
	Fields  []web.Option
	Kinds   []web.Option
	Langs   []web.Option
	Sees    []web.Option
	Parts   []part
	Now     *procedure.Version // what somebody else saved meanwhile
	NowRest []section
	Button  string
	Lede    string
}

type part struct {
	Key, Label, Help string
	Rows             int
}

// parts are the sections one writes, in their order.
var partRows = []part{{Key: "plain", Rows: 5}, {Key: "forwhom", Rows: 3}, {Key: "who", Rows: 4}, {Key: "how", Rows: 6}, {Key: "fast", Rows: 2}, {Key: "reported", Rows: 3}, {Key: "followup", Rows: 3}, {Key: "changes", Rows: 3}, {Key: "evidence", Rows: 4}}

// homes lists whose procedures the reader may write: bodies they sit in or run, and networks they coordinate.
func (p *Pages) homes(r *http.Request, n *network.Network) (out []web.Option, err error) {
	l := p.pages.Words(r)
	if actor(r).Person == "" {
		return nil, nil
	}
	err = p.network.Look(r.Context(), actor(r), func(tx *storage.Tx, a network.Access) error {
		out = nil
		for _, in := range p.network.Tree().Down(n.ID) {
			if a.Coordinates(in.ID) && in.Closed.IsZero() {
				out = append(out, web.Option{Value: "network:" + string(in.ID), Text: text(l, in.Name)})
			}
		}
		bodies, err := p.network.Bodies(r.Context(), tx, a, n.ID, "")
		for _, b := range bodies {
			if b.Closed.IsZero() && b.Kind != network.Secretariat && (a.In(b.ID) || a.Runs(b.ID, b.Network)) {
				out = append(out, web.Option{Value: "body:" + string(b.ID), Text: text(l, b.Name)})
			}
		}
		return err
	})
	return out, err
}

func (p *Pages) newForm(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	f := web.NewForm("lang", n.Lang, "visibility", string(network.Public), "topic", r.URL.Query().Get("topic"))
	return p.newPage(w, r, n, f)
}

func (p *Pages) newPage(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form) int {
	l := p.pages.Words(r)
	bodies, err := p.homes(r, n)
	if err == nil && len(bodies) == 0 {
		err = fault.New(fault.Denied, "procedures are written by who sits in a group").Say("procedure.denied")
	}
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := formData{Form: f, Action: r.URL.Path, Back: home(n) + "/procedures", Bodies: bodies, Fields: options(l, "procedure.field.", procedure.Fields), Kinds: options(l, "procedure.kind.", procedure.Kinds),
		Langs: options(l, "procedure.lang.", []string{"sv", "nb", "en"}), Sees: options(l, "procedure.visibility.", []network.Visibility{network.Public, network.NetworkOnly, network.BodyOnly}),
		Parts: parts(l, false), Button: l.Must("procedure.new.do"), Lede: l.Must("procedure.new.lede")}
	title := l.Must("procedure.new")
	return p.pages.Render(w, r, web.Page{Name: "form", Title: title, Station: "do", Data: d, Form: f, Crumbs: p.crumbs(l, n, title, "")})
}

func parts(l *web.Words, changes bool) (out []part) {
	for _, one := range partRows {
		if one.Key == "changes" && !changes {
			continue
		}
		one.Label, one.Help = l.Must("procedure.section."+one.Key), l.Must("procedure.help."+one.Key)
		out = append(out, one)
	}
	return out
}

// typedContent reads a version's text from a form.
func typedContent(f *web.Form) (c procedure.Content, err error) {
	for _, s := range (procedure.Content{}).Sections() {
		c.Set(s.Key, f.Get(s.Key))
	}
	c.Title = f.Get("title")
	c.Evidence, err = procedure.ReadReferences(f.Get("evidence"))
	return c, err
}

func (p *Pages) create(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	in := procedure.New{Field: f.Get("field"), Kind: f.Get("kind"), Lang: f.Get("lang"), Visibility: network.Visibility(f.Get("visibility")), Topic: forum.TopicID(f.Get("topic"))}
	switch kind, id, _ := strings.Cut(f.Get("body"), ":"); kind {
	case "body":
		in.Body = network.BodyID(id)
	case "network":
		in.Network = network.ID(id)
	default:
		err = fault.New(fault.Invalid, "whose it is must be chosen").Where("body").Say("procedure.choice")
	}
	var id procedure.ID
	if err == nil {
		in.Content, err = typedContent(f)
	}
	if err == nil {
		id, err = p.room.Create(r.Context(), actor(r), in)
	}
	if err != nil {
		return p.formed(w, r, f, err, func() int { return p.newPage(w, r, n, f) })
	}
	return web.SeeOther(w, r, at(n, id))
}

func (p *Pages) editForm(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	return p.editPage(w, r, n, nil)
}

// editPage shows the draft, or the version decided now as the beginning of the next.
func (p *Pages) editPage(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form) int {
	v, err := p.room.View(r.Context(), actor(r), n.ID, procedure.ID(r.PathValue("procedure")), 0)
	if err == nil && v.Draft > 0 {
		v, err = p.room.View(r.Context(), actor(r), n.ID, v.ID, v.Draft)
	}
	if err == nil && !v.Writes {
		err = fault.New(fault.Denied, "this is for others to do").Say("procedure.denied")
	}
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	l := p.pages.Words(r)
	d := formData{Action: r.URL.Path, Back: at(n, v.ID), Of: &v.Procedure, Parts: parts(l, v.Version.Number > 1 || v.Current > 0), Button: l.Must("procedure.edit.do")}
	edit := int64(0)
	if v.Draft > 0 {
		edit = v.Version.Edit
		d.Lede = l.Must("procedure.edit.lede", v.Draft)
	} else {
		d.Lede = l.Must("procedure.edit.next", v.Version.Number+1)
	}
	if f == nil {
		c := v.Version.Content
		f = web.NewForm("title", c.Title, "evidence", c.References(), "edit", itoa(edit))
		for _, s := range c.Sections() {
			f.Set(s.Key, s.Text)
		}
		if v.Draft == 0 {
			f.Set("changes", "")
		}
	} else if number(f.Get("edit")) != edit { // both texts are shown; saved again, it is the newer that is edited
		d.Now = &v.Version
		plain, rest, changes := sections(l, v.Version.Content)
		d.NowRest = append(append([]section{plain}, rest...), changes)
		f.Set("edit", itoa(edit))
	}
	d.Form = f
	title := l.Must("procedure.edit")
	return p.pages.Render(w, r, web.Page{Name: "form", Title: title, Station: "do", Data: d, Form: f, Crumbs: p.crumbs(l, n, v.Title, at(n, v.ID), title, "")})
}

func (p *Pages) edit(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	id := procedure.ID(r.PathValue("procedure"))
	c, err := typedContent(f)
	if err == nil {
		err = p.room.Edit(r.Context(), actor(r), id, number(f.Get("edit")), "", c)
	}
	if err != nil {
		return p.formed(w, r, f, err, func() int { return p.editPage(w, r, n, f) })
	}
	v, err := p.room.View(r.Context(), actor(r), n.ID, id, 0)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	return web.SeeOther(w, r, versionAt(n, id, max(v.Draft, 1)))
}
