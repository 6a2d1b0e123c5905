package web

import (
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

func (p *room) setup() []route.Route {
	return []route.Route{
		get("/setup", route.SignedIn, "Shows an operator the templates of networks, and what the chosen one will make.", p.own((*visit).setupForm)),
		post("/setup", route.SignedIn, "Sets a network up from a template.", p.ownPosted((*visit).setUp)),
	}
}

// templateRow is a template in words.
type templateRow struct {
	Code          string
	Name, Does    said
	Chosen        bool
	Link          string
	Organisations int
	Seats         int
	Bodies        int
	Tree          templateNet
}

// templateNet is a network that a template makes.
type templateNet struct {
	Name   said
	Kind   string
	Bodies []templateBody
	Down   []templateNet
}

type templateBody struct {
	Name    said
	Kind    string
	Mandate string
	Seats   int
	Rules   []string
}

func (v *visit) templateRow(t network.Template) templateRow {
	row := templateRow{Code: t.Code, Name: v.say(t.Name), Does: v.say(t.Does), Link: "/setup?template=" + t.Code, Organisations: len(t.Organisations)}
	row.Tree = v.templateNet(t, t.Network, &row)
	return row
}

func (v *visit) templateNet(t network.Template, n network.TemplateNetwork, row *templateRow) templateNet {
	out := templateNet{Name: v.say(n.Name), Kind: v.l.Must("net.kind." + string(n.Kind))}
	for _, key := range n.Bodies {
		b := t.Bodies[key]
		one := templateBody{Name: v.say(b.Name), Kind: v.l.Must("body.kind." + string(b.Kind)), Mandate: v.l.Must("body.mandate." + string(b.Mandate)), Seats: t.SeatsOf(n, b)}
		var rules []network.Rule
		for _, x := range b.Rules {
			rules = append(rules, network.Rule{Kind: x.Kind, N: x.N, Sector: x.Sector, OrganisationKind: x.Of})
		}
		one.Rules = v.rules(rules)
		row.Bodies++
		row.Seats += one.Seats
		out.Bodies = append(out.Bodies, one)
	}
	for _, down := range n.Networks {
		out.Down = append(out.Down, v.templateNet(t, down, row))
	}
	return out
}

// operates refuses who may not set a network up: for them the page is not there.
func (v *visit) operates() error {
	return v.look(func(_ *storage.Tx, a network.Access) error {
		if !a.Operator {
			return absent()
		}
		return nil
	})
}

func (v *visit) setupPage() (web.Page, error) {
	if err := v.operates(); err != nil {
		return web.Page{}, err
	}
	all, err := network.Templates()
	if err != nil {
		return web.Page{}, err
	}
	chosen := v.form.Get("template")
	rows := make([]templateRow, 0, len(all))
	var picked *templateRow
	for _, t := range all {
		row := v.templateRow(t)
		row.Chosen = t.Code == chosen
		rows = append(rows, row)
		if row.Chosen {
			picked = &rows[len(rows)-1]
			v.suggest(t)
		}
	}
	title := v.l.Must("setup.title")
	return web.Page{Name: "setup", Title: title, Data: map[string]any{"Form": v.form, "Title": title, "Templates": rows, "Chosen": picked,
		"Langs": options(v, "lang.name.", []string{"sv", "nb", "en"})}}, nil
}

// suggest fills what the form doesn't say with what the template does.
func (v *visit) suggest(t network.Template) {
	for _, one := range [...][2]string{{"slug", t.Network.Slug}, {"name.sv", t.Network.Name.SV}, {"name.nb", t.Network.Name.NB}, {"name.en", t.Network.Name.EN},
		{"lang", t.Lang}, {"zone", t.Zone}, {"country", t.Country}} {
		if v.form.Values[one[0]] == nil {
			v.form.Set(one[0], one[1])
		}
	}
}

func (v *visit) setupForm() int {
	v.filled("template", v.r.URL.Query().Get("template"))
	return v.show(v.setupPage())
}

func (v *visit) setUp() int {
	if err := v.operates(); err != nil {
		return v.fail(err)
	}
	root, err := v.network.Setup(v.ctx(), v.who, network.SetUp{Template: v.form.Get("template"), Slug: v.form.Get("slug"), Name: v.words("name"), Country: v.form.Get("country"), Lang: v.form.Get("lang"), Zone: v.form.Get("zone")})
	to := "/"
	if n, ok := v.network.Tree().Network(root); ok {
		to = "/n/" + n.Slug + "/bodies"
	}
	return v.done(err, to, v.setupPage)
}
