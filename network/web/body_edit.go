package web

import (
	"strconv"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

// changeable finds the body of the address when the reader may change it.
func (v *visit) changeable() (b network.Body, err error) {
	err = v.look(func(tx *storage.Tx, a network.Access) (err error) {
		if b, err = v.theBody(tx, a); err == nil && !a.Coordinates(b.Network) {
			err = denied()
		}
		return err
	})
	return b, err
}

// coordinated lists the open networks of the tenant that the reader coordinates.
func (v *visit) coordinated() (out []web.Option, err error) {
	err = v.look(func(_ *storage.Tx, a network.Access) error {
		if !a.Registered(v.n.ID) && len(a.Leads()) == 0 {
			return denied()
		}
		for _, n := range v.network.Tree().Down(v.n.ID) {
			if a.Coordinates(n.ID) && n.Closed.IsZero() {
				out = append(out, web.Option{Value: string(n.ID), Text: v.text(n.Name)})
			}
		}
		return nil
	})
	if err == nil && len(out) == 0 {
		err = denied()
	}
	return out, err
}

func (v *visit) bodyForm(title, back string, networks []web.Option, now []theirs) web.Page {
	visibility := options(v, "visibility.", []network.Visibility{network.Public, network.NetworkOnly, network.BodyOnly})
	mandates := options(v, "body.mandate.", network.Mandates)
	for i, m := range network.Mandates {
		mandates[i].Help = v.l.Must("body.mandate." + string(m) + ".help")
	}
	return web.Page{Name: "body-edit", Title: title, Crumbs: v.crumbs(v.l.Must("bodies.title"), "bodies", title, ""), Data: map[string]any{
		"Form": v.form, "Networks": networks, "Kinds": options(v, "body.kind.", network.BodyKinds), "Mandates": mandates, "Visibilities": visibility, "Back": back, "Now": now, "Title": title,
	}}
}

func (v *visit) newBody() int {
	networks, err := v.coordinated()
	v.filled("kind", string(network.WorkingGroup), "mandate", string(network.Recommends), "visibility", string(network.Public), "input", "14", "answer", "60", "paper", "7", "network", v.r.URL.Query().Get("network"))
	return v.show(v.bodyForm(v.l.Must("body.new"), v.at("bodies"), networks, nil), err)
}

func (v *visit) addBody() int {
	b := v.typedBody()
	b.Network = network.ID(v.form.Get("network"))
	id, err := network.BodyID(""), v.typed()
	if err == nil {
		id, err = v.network.AddBody(v.ctx(), v.who, b)
	}
	return v.done(err, v.at("bodies/"+string(id)), func() (web.Page, error) {
		networks, err := v.coordinated()
		return v.bodyForm(v.l.Must("body.new"), v.at("bodies"), networks, nil), err
	})
}

// typedBody reads the form of a body.
func (v *visit) typedBody() network.Body {
	z := v.zone(v.n.ID)
	from, to := v.firstAndLast("from", "to", z)
	return network.Body{
		Name: v.words("name"), Task: v.words("task"), Kind: network.BodyKind(v.form.Get("kind")), Mandate: network.Mandate(v.form.Get("mandate")),
		Visibility: network.Visibility(v.form.Get("visibility")), InputDays: v.number("input"), AnswerDays: v.number("answer"), PaperDays: v.number("paper"), From: from, To: to, Version: v.version(),
	}
}

func (v *visit) editBody() int {
	b, err := v.changeable()
	if err != nil {
		return v.fail(err)
	}
	z := v.zone(v.n.ID)
	all := append(pairs("name", b.Name), pairs("task", b.Task)...)
	v.filled(append(all, "kind", string(b.Kind), "mandate", string(b.Mandate), "visibility", string(b.Visibility), "input", strconv.Itoa(b.InputDays), "answer", strconv.Itoa(b.AnswerDays),
		"paper", strconv.Itoa(b.PaperDays), "from", web.DateValue(b.From.In(z)), "to", web.DateValue(lastDay(b.To, z)), "version", strconv.FormatInt(b.Version, 10))...)
	return v.show(v.bodyForm(v.l.Must("body.edit"), v.at("bodies/"+string(b.ID)), nil, nil), nil)
}

func (v *visit) saveBody() int {
	b, err := v.changeable()
	if err != nil {
		return v.fail(err)
	}
	next := v.typedBody()
	next.ID = b.ID
	if err = v.typed(); err == nil {
		err = v.network.EditBody(v.ctx(), v.who, next)
	}
	back := v.at("bodies/" + string(b.ID))
	return v.done(err, back, func() (web.Page, error) {
		var now []theirs
		if conflict(err) {
			v.form.Set("version", strconv.FormatInt(b.Version, 10))
			now = []theirs{{v.l.Must("name"), v.text(b.Name)}, {v.l.Must("body.task"), v.text(b.Task)}, {v.l.Must("body.mandate"), v.l.Must("body.mandate." + string(b.Mandate))}}
		}
		return v.bodyForm(v.l.Must("body.edit"), back, nil, now), nil
	})
}

// conflict tells whether somebody else was first.
func conflict(err error) bool { return fault.KindOf(err) == fault.Conflict }

// spareRules is how many empty lines the form of a body's rules has.
const spareRules = 3

func (v *visit) rulesForm(b network.Body, lines int) web.Page {
	title := v.l.Must("rules.title")
	kinds := append([]web.Option{{Text: v.l.Must("rules.none")}}, options(v, "rules.kind.", []network.RuleKind{network.AtLeast, network.Half, network.Majority, network.OfSector, network.Organisations, network.ChairNot})...)
	var numbers []string
	for i := range lines {
		numbers = append(numbers, strconv.Itoa(i+1))
	}
	return web.Page{Name: "rules", Title: title, Crumbs: v.crumbs(v.l.Must("bodies.title"), "bodies", v.text(b.Name), "bodies/"+string(b.ID), title, ""), Data: map[string]any{
		"Form": v.form, "Name": v.say(b.Name), "Lines": numbers, "Kinds": kinds, "Back": v.at("bodies/" + string(b.ID)),
		"Sectors":       append([]web.Option{{Text: v.l.Must("rules.any")}}, options(v, "sector.", network.Sectors)...),
		"Organisations": append([]web.Option{{Text: v.l.Must("rules.any")}}, options(v, "organisation.kind.", network.OrganisationKinds)...),
	}}
}

func (v *visit) editRules() int {
	b, err := v.changeable()
	if err != nil {
		return v.fail(err)
	}
	var rules []network.Rule
	if err := v.look(func(tx *storage.Tx, _ network.Access) (err error) {
		rules, err = v.network.Rules(v.ctx(), tx, b.ID)
		return err
	}); err != nil {
		return v.fail(err)
	}
	f := v.filled("version", strconv.FormatInt(b.Version, 10))
	for i, x := range rules {
		n := strconv.Itoa(i + 1)
		f.Set("kind"+n, string(x.Kind))
		f.Set("sector"+n, string(x.Sector))
		f.Set("of"+n, string(x.OrganisationKind))
		if x.N > 0 {
			f.Set("n"+n, strconv.Itoa(x.N))
		}
	}
	return v.show(v.rulesForm(b, len(rules)+spareRules), nil)
}

func (v *visit) saveRules() int {
	b, err := v.changeable()
	if err != nil {
		return v.fail(err)
	}
	var rules []network.Rule
	lines := 0
	for ; lines < 40 && v.form.Values["kind"+strconv.Itoa(lines+1)] != nil; lines++ {
		n := strconv.Itoa(lines + 1)
		kind := network.RuleKind(v.form.Get("kind" + n))
		if kind == "" {
			continue
		}
		x := network.Rule{Kind: kind, Sector: network.Sector(v.form.Get("sector" + n)), OrganisationKind: network.OrganisationKind(v.form.Get("of" + n))}
		if kind == network.AtLeast || kind == network.OfSector || kind == network.Organisations {
			x.N = v.number("n" + n)
		}
		rules = append(rules, x)
	}
	if err = v.typed(); err == nil {
		err = v.network.SetRules(v.ctx(), v.who, b.ID, v.version(), rules)
	}
	return v.done(err, v.at("bodies/"+string(b.ID)), func() (web.Page, error) {
		if conflict(err) {
			v.form.Set("version", strconv.FormatInt(b.Version, 10))
		}
		return v.rulesForm(b, max(lines, spareRules)), nil
	})
}

// confirmPage asks before what can't be taken back.
func (v *visit) confirmPage(title, text, button, back string, version int64) web.Page {
	v.filled("version", strconv.FormatInt(version, 10))
	return web.Page{Name: "confirm", Title: title, Crumbs: v.crumbs(title, ""), Data: map[string]any{"Form": v.form, "Text": text, "Button": button, "Back": back, "Title": title}}
}

func (v *visit) closeBodyForm() int {
	b, err := v.changeable()
	if err != nil {
		return v.fail(err)
	}
	return v.show(v.closeBodyPage(b), nil)
}

func (v *visit) closeBodyPage(b network.Body) web.Page {
	return v.confirmPage(v.l.Must("body.close.title", v.text(b.Name)), v.l.Must("body.close.text"), v.l.Must("body.close"), v.at("bodies/"+string(b.ID)), b.Version)
}

func (v *visit) closeBody() int {
	b, err := v.changeable()
	if err != nil {
		return v.fail(err)
	}
	err = v.network.CloseBody(v.ctx(), v.who, b.ID, v.version())
	return v.done(err, v.at("bodies"), func() (web.Page, error) { return v.closeBodyPage(b), nil })
}
