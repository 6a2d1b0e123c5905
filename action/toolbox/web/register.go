package web

import (
	"cmp"
	"embed"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/samverk/samverk/action/toolbox"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

//go:embed all:pages messages
var files embed.FS

// Room are the pages, for what they tell those of others.
type Room struct {
	toolbox *toolbox.Toolbox
	network *network.Registry
	site    *web.Site
	pages   *web.Pages
	table   *route.Table
}

// Register puts the pages into the table.
func Register(t *route.Table, s *web.Site, x *toolbox.Toolbox, n *network.Registry) (*Room, error) {
	pages, err := s.Room(files)
	if err != nil {
		return nil, err
	}
	p := &Room{toolbox: x, network: n, site: s, pages: pages, table: t}
	const at = "/n/{network}/toolbox"
	get := func(path string, who route.Caller, does string, page func(*visit) int) {
		t.Add(route.Route{Method: "GET", Pattern: at + path, Who: who, Does: does, Serve: p.in(page)})
	}
	post := func(path string, who route.Caller, does string, page func(*visit) int) {
		t.Add(route.Route{Method: "POST", Pattern: at + path, Who: who, Does: does, Serve: p.in(posted(page))})
	}
	get("", route.Anyone, "The toolbox: the catalogue of ways to work together.", (*visit).front)
	get("/find", route.Anyone, "Questions about a group, one at a time; nothing is kept.", (*visit).find)
	get("/fit", route.Anyone, "Every model for a described group: why, what speaks against, and what would change it.", (*visit).fit)
	get("/compare", route.Anyone, "Models side by side.", (*visit).compare)
	get("/models/{model}", route.Anyone, "A model, also in an earlier version.", (*visit).model)
	get("/models/{model}/edit", route.Member, "The form to propose a new version of a model.", (*visit).editForm)
	post("/models/{model}/edit", route.Member, "Proposes a new version of a model.", (*visit).propose)
	get("/propose", route.Member, "The form to propose a model.", (*visit).newForm)
	post("/propose", route.Member, "Proposes a model.", (*visit).propose)
	get("/proposals", route.Member, "What was proposed, and what became of it.", (*visit).proposals)
	get("/proposals/{proposal}", route.Member, "A proposal.", (*visit).proposal)
	post("/proposals/{proposal}", route.Coordinator, "Takes a proposal into the catalogue, or returns it.", (*visit).review)
	get("/rules", route.Anyone, "The rules in use, and which of them spoke for each answer.", (*visit).rules)
	get("/rules/file", route.Anyone, "The file of rules in use.", (*visit).rulesFile)
	get("/rules/check", route.Member, "The form to try a file of rules.", (*visit).checkForm)
	post("/rules/check", route.Member, "Tries a file of rules; a coordinator may propose it for use.", (*visit).check)
	post("/rules/use", route.Coordinator, "Puts rules that another coordinator proposed in use.", (*visit).use)
	get("/choose", route.Member, "The form to choose a model for a group.", (*visit).chooseForm)
	post("/choose", route.Member, "Chooses a model: drafts of what it needs.", (*visit).choose)
	get("/setups/{setup}", route.Member, "What choosing a model suggests, and what became of it.", (*visit).setup)
	post("/setups/{setup}", route.Member, "Makes or declines a part, or raises a topic on it.", (*visit).setupDo)
	get("/groups", route.Anyone, "Which groups work how; also as CSV and JSON.", (*visit).groups)
	get("/groups/new", route.Member, "The form to tell how a group works.", (*visit).groupForm)
	post("/groups/new", route.Member, "Tells how a group works.", (*visit).describe)
	get("/groups/{group}", route.Anyone, "How a group works, and how it fared.", (*visit).group)
	get("/groups/{group}/edit", route.Seated, "The form to change what is said of a group.", (*visit).groupEdit)
	post("/groups/{group}/edit", route.Seated, "Changes what is said of a group.", (*visit).describe)
	post("/groups/{group}", route.Member, "Evaluates or ends a group's way of working, or raises a topic on a result.", (*visit).groupDo)
	get("/rounds/{round}", route.Seated, "The questions of an evaluation, for whoever is asked.", (*visit).round)
	post("/rounds/{round}", route.Anyone, "Answers an evaluation, with the token of whoever was asked.", (*visit).answer)
	get("/rounds/{round}/thanks", route.Anyone, "What happens with an answer.", (*visit).thanks)
	return p, nil
}

// visit is one request to a tenant's page.
type visit struct {
	*Room
	w    http.ResponseWriter
	r    *http.Request
	l    *web.Words
	who  network.Actor
	n    *network.Network
	form *web.Form // of a POST, or the query
}

func (p *Room) visit(w http.ResponseWriter, r *http.Request, n *network.Network) *visit {
	return &visit{Room: p, w: w, r: r, l: p.pages.Words(r), who: network.Actor{Person: network.PersonID(web.ViewerOf(r).Person)}, n: n}
}

func (p *Room) in(page func(*visit) int) func(http.ResponseWriter, *http.Request) int {
	return func(w http.ResponseWriter, r *http.Request) int {
		n, ok := p.network.Tree().Root(r.PathValue("network"))
		if !ok {
			return p.site.NotFound(w, r)
		}
		l := p.pages.Words(r)
		name, _ := n.Name.In(l.Code)
		return page(p.visit(w, web.WithNetwork(r, &web.Network{Slug: n.Slug, Name: name}), n))
	}
}

func posted(page func(*visit) int) func(*visit) int {
	return func(v *visit) (status int) {
		var err error
		if v.form, err = web.ReadForm(v.w, v.r); err != nil {
			return v.fail(err)
		}
		return page(v)
	}
}

func (v *visit) fail(err error) int { return v.pages.Fail(v.w, v.r, err) }

// at is the address of a page of the room.
func (v *visit) at(rest string) string {
	at := "/n/" + v.n.Slug + "/toolbox"
	if rest != "" {
		at += "/" + rest
	}
	return at
}

// page shows one. Crumbs are pairs of a text and its address, after the toolbox itself.
func (v *visit) page(name, title string, data map[string]any, crumbs ...string) int {
	return v.show(web.Page{Name: name, Title: title}, data, crumbs...)
}

func (v *visit) show(p web.Page, data map[string]any, crumbs ...string) int {
	p.Station, p.Data = "do", data
	p.Crumbs = []web.Link{{Text: v.l.Must("toolbox.do"), Href: "/n/" + v.n.Slug + "/do"}}
	if p.Name != "front" {
		p.Crumbs = append(p.Crumbs, web.Link{Text: v.l.Must("toolbox.title"), Href: v.at("")})
	}
	for i := 0; i+1 < len(crumbs); i += 2 {
		p.Crumbs = append(p.Crumbs, web.Link{Text: crumbs[i], Href: crumbs[i+1]})
	}
	if data != nil {
		data["At"], data["Member"], data["Code"] = v.at(""), v.member(), v.l.Code
	}
	return v.pages.Render(v.w, v.r, p)
}

// access tells what the reader may do.
func (v *visit) access() (a network.Access) {
	_ = v.network.Look(v.r.Context(), v.who, func(_ *storage.Tx, in network.Access) error { a = in; return nil })
	return a
}

// member tells whether the reader is registered in the tenant.
func (v *visit) member() bool { a := v.access(); return a.Registered(v.n.ID) }

// registered is around pages for those registered in the tenant. To others there is no such page.
func (v *visit) registered(page func() int) int {
	if !v.member() {
		return v.fail(network.Absent())
	}
	return page()
}

func (v *visit) text(t network.Text) string { s, _ := t.In(v.l.Code); return s }

func (v *visit) zone() *time.Location { return v.network.Zone(v.n.ID) }

// words is a model's text as a page shows it.
type words struct {
	toolbox.Entry
	toolbox.Words
	Lang string // that it is written in
	Link string
	Use  toolbox.Use
	Mean string // of its groups' evaluations
}

func (v *visit) words(e toolbox.Entry) words {
	w, code := e.Model.Words(v.l.Code)
	return words{Entry: e, Words: w, Lang: code, Link: v.at("models/" + e.ID)}
}

// Told is the model's name, marked where it is in another language.
func (w words) In(string) (string, string) { return w.Words.Name, w.Lang }

// catalogue lists the models with who uses them.
func (v *visit) catalogue() ([]words, error) {
	all, err := v.toolbox.Catalogue(v.r.Context(), v.who, v.n.ID)
	if err != nil {
		return nil, err
	}
	uses, err := v.toolbox.Uses(v.r.Context(), v.who, v.n.ID)
	if err != nil {
		return nil, err
	}
	out := make([]words, len(all))
	for i, e := range all {
		out[i] = v.words(e)
		out[i].Use = uses[e.ID]
		out[i].Mean = v.l.Decimal(uses[e.ID].Mean, 1)
	}
	return out, nil
}

func (v *visit) front() int {
	all, err := v.catalogue()
	if err != nil {
		return v.fail(err)
	}
	setups, err := v.toolbox.Setups(v.r.Context(), v.who, v.n.ID, 20)
	if err != nil {
		return v.fail(err)
	}
	return v.show(web.Page{Name: "front", Title: v.l.Must("toolbox.title"), Public: true}, map[string]any{"All": all, "Setups": setups, "Links": toolbox.ReadInstruments().Links, "Instruments": toolbox.ReadInstruments().All})
}

func (v *visit) model() int {
	version, _ := strconv.Atoi(v.r.URL.Query().Get("version"))
	m, err := v.toolbox.ModelView(v.r.Context(), v.who, v.n.ID, v.r.PathValue("model"), version)
	if err != nil {
		return v.fail(err)
	}
	w := v.words(m.Entry)
	shippedToo := m.Versions != nil && m.Versions[len(m.Versions)-1].Version > 1
	return v.show(web.Page{Name: "model", Title: w.Words.Name, Public: true}, map[string]any{"M": w, "V": m, "ShippedToo": shippedToo, "Other": w.Lang != v.l.Code, "Instrument": v.instrument(m.SetsUp.Evaluate.With)}, w.Words.Name, "")
}

func (v *visit) instrument(id string) network.Text {
	if x, ok := toolbox.ReadInstruments().Instrument(id); ok {
		return x.Name
	}
	return network.Text{}
}

// query is the answers as they stand in an address.
func query(r *toolbox.Rules, a toolbox.Answers, more ...string) string {
	q := url.Values{}
	for _, x := range r.Questions {
		if a[x.ID] != "" {
			q.Set(x.ID, a[x.ID])
		}
	}
	for i := 0; i+1 < len(more); i += 2 {
		q.Add(more[i], more[i+1])
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

func itoa[T int | int64](n T) string { return strconv.FormatInt(int64(n), 10) }

func (v *visit) langs() (out []web.Option) {
	for _, c := range []string{"sv", "nb", "en"} {
		out = append(out, web.Option{Value: c, Text: v.l.Must("toolbox.lang." + c)})
	}
	return out
}

// languageOf is the one somebody is likely to write in.
func (v *visit) languageOf() string { return cmp.Or(v.l.Code, lang.Codes[0]) }

// eventRow is a line of history.
type eventRow struct {
	Text, By string
	At       time.Time
}

func (v *visit) events(all []network.Event) (out []eventRow) {
	for _, e := range all {
		key := "event." + e.Kind
		if !v.l.Has(key) {
			continue
		}
		by := e.Name
		if !v.member() { // who did it is the network's own
			by = ""
		}
		out = append(out, eventRow{v.l.Must(key), by, e.At.In(v.zone())})
	}
	return out
}
