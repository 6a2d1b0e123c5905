package web

import (
	"net/http"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

type raiseData struct {
	Home   string
	Form   *web.Form
	Fields []actField
	Like   []likeShown
	Ask    bool // topics like it are shown, and whether to raise it all the same is asked
}

// likeShown is a topic that is like another.
type likeShown struct {
	forum.Found
	Link string
}

func (p *room) raiseForm(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	f := web.NewForm("body", r.URL.Query().Get("body"), "visibility", string(network.NetworkOnly), "title", r.URL.Query().Get("title"))
	return p.raisePage(w, r, n, f, nil)
}

func (p *room) raisePage(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form, like []likeShown) int {
	l := p.pages.Words(r)
	d := raiseData{Home: home(n), Form: f, Like: like, Ask: len(like) > 0}
	var err error
	if d.Fields, err = p.raiseFields(r, n, f); err != nil {
		return p.pages.Fail(w, r, err)
	}
	return p.pages.Render(w, r, web.Page{Name: "topic-raise", Title: l.Must("topic.raise"), Station: "raise", Data: d, Form: f, Live: true,
		Crumbs: crumb(l, n, l.Must("topic.list"), d.Home+"/topics", l.Must("topic.raise"), "")})
}

// raiseFields are those after the title.
func (p *room) raiseFields(r *http.Request, n *network.Network, f *web.Form) ([]actField, error) {
	l := p.pages.Words(r)
	bodies, err := p.bodyOptions(r, n, l.Must("topic.raise.body.none"), nil)
	if err != nil {
		return nil, err
	}
	orgs, err := p.organisations(r, n)
	if err != nil {
		return nil, err
	}
	b := fields{l: l, form: f, prefix: "topic.raise."}
	b.area("text", 8)
	b.choose("body", bodies)
	if len(orgs) > 0 {
		b.choose("for", orgOptions(l, l.Must("topic.raise.myself"), orgs))
	}
	b.tick("aspatient")
	b.facets()
	b.radios("visibility", topicVisibilities(l))
	b.lang()
	return b.out, nil
}

func topicVisibilities(l *web.Words) (out []web.Option) {
	for _, v := range []network.Visibility{network.Public, network.NetworkOnly, network.BodyOnly} {
		out = append(out, web.Option{Value: string(v), Text: l.Must("topic.visibility." + string(v)), Help: l.Must("topic.visibility." + string(v) + ".help")})
	}
	return out
}

func (p *room) raise(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	l := p.pages.Words(r)
	if f.Get("title") != "" && f.Get("text") != "" && f.Get("seen") == "" {
		like, err := p.like(r, n, f.Get("title"))
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		if len(like) > 0 {
			f.Set("seen", "yes")
			return p.raisePage(w, r, n, f, like)
		}
	}
	in := forum.Raising{Network: n.ID, Body: network.BodyID(f.Get("body")), Title: f.Get("title"), Text: f.Get("text"), Lang: f.Get("lang"), Facets: facetsOf(f),
		Visibility: network.Visibility(f.Get("visibility")), For: network.OrganisationID(f.Get("for")), AsPatient: f.Has("aspatient", "yes")}
	t, err := p.forum.Raise(r.Context(), actor(r), in)
	if err != nil {
		if !f.Fault(l, err) {
			return p.pages.Fail(w, r, err)
		}
		return p.raisePage(w, r, n, f, nil)
	}
	return web.SeeOther(w, r, home(n)+"/topics/"+string(t.ID)+"?done=raised")
}

func facetsOf(f *web.Form) forum.Facets {
	return forum.Facets{Field: f.Get("field"), Level: f.Get("level"), Kind: f.Get("kind")}
}

func (p *room) like(r *http.Request, n *network.Network, title string) (out []likeShown, err error) {
	found, err := p.forum.Similar(r.Context(), actor(r), n.ID, title, 5)
	for _, one := range found {
		out = append(out, likeShown{one, home(n) + "/topics/" + one.Ref})
	}
	return out, err
}

// similar is the part of the form that shows topics like the one being typed.
func (p *room) similar(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	like, err := p.like(r, n, r.URL.Query().Get("title"))
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	l := p.pages.Words(r)
	return p.pages.Render(w, r, web.Page{Name: "topic-similar", Title: l.Must("topic.similar"), Station: "raise", Data: raiseData{Home: home(n), Like: like}})
}
