package web

import (
	"strconv"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

func (p *room) networks() []route.Route {
	const at = "/n/{network}/networks"
	return []route.Route{
		get(at, route.Anyone, "Shows the tree of networks, as a page, CSV or JSON.", p.in((*visit).listNetworks)),
		get(at+"/new", route.Coordinator, "Shows the form for a new network.", p.in((*visit).newNetwork)),
		post(at+"/new", route.Coordinator, "Adds a network beneath another.", p.posted((*visit).addNetwork)),
		get(at+"/{id}/edit", route.Coordinator, "Shows the form for a network.", p.in((*visit).editNetwork)),
		post(at+"/{id}/edit", route.Coordinator, "Changes a network.", p.posted((*visit).saveNetwork)),
		get(at+"/{id}/close", route.Coordinator, "Asks before a network is closed.", p.in((*visit).closeNetworkForm)),
		post(at+"/{id}/close", route.Coordinator, "Closes a network in which nothing is open.", p.posted((*visit).closeNetwork)),
	}
}

// networkRow is a network in the tree.
type networkRow struct {
	Name  said
	About said
	Kind  string
	Link  string
	Edit  string
	Close string
	Down  []networkRow
	raw   network.Network
	depth int
}

func (v *visit) listNetworks() int {
	var all []networkRow
	keeps := false
	err := v.look(func(_ *storage.Tx, a network.Access) error {
		keeps = v.keeps(a)
		for _, n := range v.network.Tree().Down(v.n.ID) {
			if !n.Closed.IsZero() {
				continue
			}
			row := networkRow{Name: v.say(n.Name), About: v.say(n.About), Kind: v.l.Must("net.kind." + string(n.Kind)), Link: v.at("bodies?in=" + n.Slug), raw: *n, depth: len(v.network.Tree().Up(n.ID)) - 1}
			if a.Coordinates(n.ID) {
				row.Edit = v.at("networks/" + string(n.ID) + "/edit")
			}
			if n.Parent != "" && a.Coordinates(n.Parent) {
				row.Close = v.at("networks/" + string(n.ID) + "/close")
			}
			all = append(all, row)
		}
		return nil
	})
	if err != nil {
		return v.fail(err)
	}
	if status, done := v.export("networks", []string{"id", "above", "slug", "name", "kind", "field", "country"}, func(add func(...any) error) error {
		for _, n := range all {
			if err := add(n.raw.ID, n.raw.Parent, n.raw.Slug, n.Name.Text, n.raw.Kind, n.raw.Field, n.raw.Country); err != nil {
				return err
			}
		}
		return nil
	}); done {
		return status
	}
	title := v.l.Must("networks.title")
	return v.show(web.Page{Name: "networks", Title: title, Public: true, Crumbs: v.crumbs(title, ""), Data: map[string]any{"Tree": nest(all), "Keeps": keeps, "New": v.at("networks/new")}}, nil)
}

// nest puts each network under the one above it; rows come above first.
func nest(all []networkRow) []networkRow {
	var under func(id network.ID) []networkRow
	under = func(id network.ID) (out []networkRow) {
		for _, n := range all {
			if n.raw.Parent == id {
				n.Down = under(n.raw.ID)
				out = append(out, n)
			}
		}
		return out
	}
	return under("")
}

func (v *visit) networkForm(title string, above []web.Option, now []theirs) web.Page {
	return web.Page{Name: "network-edit", Title: title, Crumbs: v.crumbs(v.l.Must("networks.title"), "networks", title, ""), Data: map[string]any{
		"Form": v.form, "Title": title, "Above": above, "Now": now, "Back": v.at("networks"), "Kinds": options(v, "net.kind.", []network.Kind{network.Regional, network.Thematic, network.National}),
		"Fields": append([]web.Option{{Text: v.l.Must("field.all")}}, options(v, "field.", network.Fields)...), "Langs": options(v, "lang.name.", []string{"sv", "nb", "en"}),
	}}
}

func (v *visit) newNetwork() int {
	above, err := v.coordinated()
	v.filled("kind", string(network.Thematic), "lang", v.n.Lang, "zone", v.n.Zone, "parent", string(v.n.ID))
	return v.show(v.networkForm(v.l.Must("network.new"), above, nil), err)
}

func (v *visit) typedNetwork() network.Network {
	return network.Network{Slug: v.form.Get("slug"), Kind: network.Kind(v.form.Get("kind")), Name: v.words("name"), About: v.words("about"), Field: v.form.Get("field"), Lang: v.form.Get("lang"),
		Zone: v.form.Get("zone"), Parent: network.ID(v.form.Get("parent")), Version: v.version()}
}

func (v *visit) addNetwork() int {
	n := v.typedNetwork()
	if above, ok := v.network.Tree().Network(n.Parent); !ok || above.Root != v.n.ID {
		return v.fail(absent())
	}
	_, err := v.network.AddNetwork(v.ctx(), v.who, n)
	return v.done(err, v.at("networks"), func() (web.Page, error) {
		above, err := v.coordinated()
		return v.networkForm(v.l.Must("network.new"), above, nil), err
	})
}

// theNetwork finds the network of the address, for those who may do something with it.
func (v *visit) theNetwork(may func(a network.Access, n *network.Network) bool) (n *network.Network, err error) {
	n, ok := v.network.Tree().Network(network.ID(v.r.PathValue("id")))
	if !ok || n.Root != v.n.ID {
		return nil, absent()
	}
	return n, v.look(func(_ *storage.Tx, a network.Access) error {
		if !may(a, n) {
			return denied()
		}
		return nil
	})
}

func runs(a network.Access, n *network.Network) bool { return a.Coordinates(n.ID) }

func runsAbove(a network.Access, n *network.Network) bool {
	return n.Parent != "" && a.Coordinates(n.Parent)
}

func (v *visit) editNetwork() int {
	n, err := v.theNetwork(runs)
	if err != nil {
		return v.fail(err)
	}
	all := append(pairs("name", n.Name), pairs("about", n.About)...)
	v.filled(append(all, "kind", string(n.Kind), "field", n.Field, "lang", n.Lang, "zone", n.Zone, "version", strconv.FormatInt(n.Version, 10))...)
	return v.show(v.networkForm(v.l.Must("network.edit"), nil, nil), nil)
}

func (v *visit) saveNetwork() int {
	n, err := v.theNetwork(runs)
	if err != nil {
		return v.fail(err)
	}
	next := v.typedNetwork()
	next.ID = n.ID
	err = v.network.EditNetwork(v.ctx(), v.who, next)
	return v.done(err, v.at("networks"), func() (web.Page, error) {
		var now []theirs
		if conflict(err) {
			v.form.Set("version", strconv.FormatInt(n.Version, 10))
			now = []theirs{{v.l.Must("name"), v.text(n.Name)}, {v.l.Must("network.about"), v.text(n.About)}}
		}
		return v.networkForm(v.l.Must("network.edit"), nil, now), nil
	})
}

func (v *visit) closeNetworkPage(n *network.Network) web.Page {
	return v.confirmPage(v.l.Must("network.close.title", v.text(n.Name)), v.l.Must("network.close.text"), v.l.Must("network.close"), v.at("networks"), n.Version)
}

func (v *visit) closeNetworkForm() int {
	n, err := v.theNetwork(runsAbove)
	if err != nil {
		return v.fail(err)
	}
	return v.show(v.closeNetworkPage(n), nil)
}

func (v *visit) closeNetwork() int {
	n, err := v.theNetwork(runsAbove)
	if err != nil {
		return v.fail(err)
	}
	err = v.network.CloseNetwork(v.ctx(), v.who, n.ID, v.version())
	return v.done(err, v.at("networks"), func() (web.Page, error) { return v.closeNetworkPage(n), nil })
}
