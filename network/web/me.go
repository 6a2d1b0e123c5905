package web

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/route"
)

func (p *room) me() []route.Route {
	return []route.Route{
		get("/me", route.Owner, "Shows one's own profile, seats and ties.", p.own((*visit).mine)),
		get("/me/profile", route.Owner, "Shows the form for one's own profile: an expert's, a lead patient's, or all of it.", p.own((*visit).profileForm)),
		post("/me/profile", route.Owner, "Changes one's own profile.", p.ownPosted((*visit).saveProfile)),
		get("/me/name", route.Owner, "Shows the form for one's own name.", p.own((*visit).nameForm)),
		post("/me/name", route.Owner, "Changes one's own name.", p.ownPosted((*visit).rename)),
		get("/me/interests", route.Owner, "Shows one's own declared ties.", p.own((*visit).interests)),
		post("/me/interests", route.Owner, "Declares a tie.", p.ownPosted((*visit).declare)),
		post("/me/interests/{id}/end", route.Owner, "Ends a tie.", p.ownPosted((*visit).endInterest)),
		post("/me/interests/confirm", route.Owner, "Says that one's ties are complete.", p.ownPosted((*visit).confirmInterests)),
		get("/me/export", route.Owner, "Gives everything that is kept of oneself, as JSON.", p.own((*visit).exportMe)),
	}
}

// mySeatRow is a seat of one's own.
type mySeatRow struct {
	Body     said
	BodyLink string
	Role     string
	Sector   string
	Term     string
	Manage   string
	Past     bool
}

// interestRow is a tie in words.
type interestRow struct {
	ID    string
	What  said
	Kind  string
	About string
	Term  string
	Open  bool
}

func (v *visit) interestRows(all []network.Interest) (out []interestRow) {
	for _, i := range all {
		row := interestRow{ID: i.ID, What: v.say(i.Party), Kind: v.l.Must("interest.kind." + string(i.Kind)), About: i.About, Open: i.To.IsZero() || i.To.After(v.network.Now())}
		if i.Organisation == "" {
			row.What = said{Text: i.Named}
		} else if i.Named != "" {
			row.What.Text += ", " + i.Named
		}
		z := v.zone(i.Root)
		row.Term = v.l.Days(i.From.In(z), lastDay(i.To, z))
		out = append(out, row)
	}
	return out
}

// candidacyRow is where one came forward or was proposed.
type candidacyRow struct {
	State  string
	At     time.Time
	By     string
	Open   bool
	Action string
}

func (v *visit) mine() int {
	var e network.Everything
	var parts []partRow
	operator := false
	err := v.look(func(tx *storage.Tx, a network.Access) (err error) {
		operator = a.Operator
		e, err = v.network.Mine(v.ctx(), tx, a)
		return err
	})
	if err != nil {
		return v.fail(err)
	}
	for _, p := range e.Profile {
		parts = append(parts, v.partRow(p))
	}
	seats, past := v.mySeats(e.Seats)
	var tenants []web.Link
	for _, n := range v.network.Tree().Roots() {
		for _, id := range e.Networks {
			if id == n.ID {
				tenants = append(tenants, web.Link{Text: v.text(n.Name), Href: "/n/" + n.Slug + "/people/" + string(e.Person.ID)})
			}
		}
	}
	title := v.l.Must("me.title")
	return v.show(web.Page{Name: "me", Title: title, Data: map[string]any{
		"Name": e.Person.Name, "Parts": parts, "Seats": seats, "Past": past, "Interests": v.interestRows(e.Interests), "Candidacies": v.candidacies(e.Candidate), "Tenants": tenants, "Operator": operator,
		"Accounts": v.accounts != nil,
	}}, nil)
}

func (v *visit) mySeats(all []network.MySeat) (now, past []mySeatRow) {
	for _, s := range all {
		n, ok := v.network.Tree().Network(s.Root)
		if !ok {
			continue
		}
		z := v.zone(s.Root)
		row := mySeatRow{Body: v.say(s.Name), BodyLink: "/n/" + n.Slug + "/bodies/" + string(s.Body), Role: v.l.Must("role." + string(s.Role)), Sector: string(s.Sector),
			Term: v.l.Days(s.From.In(z), lastDay(s.To, z)), Past: s.Past(v.network.Now())}
		switch {
		case s.Void():
		case row.Past:
			past = append(past, row)
		default:
			row.Manage = "/n/" + n.Slug + "/terms/" + string(s.ID)
			now = append(now, row)
		}
	}
	return now, past
}

func (v *visit) candidacies(all []network.Candidate) (out []candidacyRow) {
	for _, c := range all {
		row := candidacyRow{State: v.l.Must("candidate.state.open"), At: c.At, By: c.By, Open: c.State == ""}
		if c.State != "" {
			row.State = v.l.Must("candidate.state." + c.State)
		}
		if n, ok := v.network.Tree().Network(c.Root); ok {
			row.Action = "/n/" + n.Slug + "/candidates/" + c.ID
			row.At = c.At.In(v.zone(c.Root))
		}
		out = append(out, row)
	}
	return out
}

// profileField is one part in the form of a profile.
type profileField struct {
	Part    network.Part
	Label   string
	Help    string
	Kind    string // text, lines, choices, choice
	Options []web.Option
	Now     string // what it says, when somebody else was first
}

// asked are the parts that a form asks for.
func asked(form string) []network.Part {
	switch form {
	case "expert":
		return network.ExpertParts
	case "patient":
		return network.PatientParts
	}
	return network.Parts
}

func (v *visit) profileFields(which string) []profileField {
	var out []profileField
	for _, part := range asked(which) {
		f := profileField{Part: part, Label: v.l.Must("part." + string(part)), Help: v.l.Must("part." + string(part) + ".help"), Kind: "lines"}
		switch part {
		case network.FieldsPart:
			f.Kind, f.Options = "choices", options(v, "field.", network.Fields)
		case network.Languages:
			f.Kind, f.Options = "choices", v.languages()
		case network.RegionPart:
			f.Kind, f.Options = "choice", append([]web.Option{{Text: v.l.Must("part.region.none")}}, v.regions()...)
		case network.About, network.Availability, network.Contact:
			f.Kind = "text"
		}
		out = append(out, f)
	}
	return out
}

func (v *visit) profilePage(which string, fields []profileField) web.Page {
	title := v.l.Must("profile.title")
	return web.Page{Name: "me-profile", Title: title, Data: map[string]any{"Form": v.form, "Fields": fields, "Which": which, "Title": title,
		"Visibilities": options(v, "visible.", []network.Visibility{network.Mine, network.NetworkOnly, network.Public})}}
}

func (v *visit) profileForm() int {
	which := v.r.URL.Query().Get("form")
	parts, err := v.myParts()
	if err != nil {
		return v.fail(err)
	}
	v.filled()
	for _, part := range asked(which) {
		p := parts[part]
		v.form.Set(string(part), p.Value)
		if part.IsList() && len(p.Items()) > 0 && (part == network.FieldsPart || part == network.Languages) {
			v.form.Set(string(part), p.Items()...)
		}
		v.form.Set(string(part)+".who", string(p.Visibility))
		if p.Visibility == "" {
			v.form.Set(string(part)+".who", string(network.Mine))
		}
		v.form.Set(string(part)+".version", strconv.FormatInt(p.Version, 10))
	}
	return v.show(v.profilePage(which, v.profileFields(which)), nil)
}

func (v *visit) myParts() (map[network.Part]network.ProfilePart, error) {
	out := map[network.Part]network.ProfilePart{}
	err := v.look(func(tx *storage.Tx, a network.Access) error {
		if v.who.Person == "" {
			return absent()
		}
		all, err := v.network.Profile(v.ctx(), tx, a, v.who.Person)
		for _, p := range all {
			out[p.Part] = p
		}
		return err
	})
	return out, err
}

func (v *visit) saveProfile() int {
	which := v.form.Get("form")
	var parts []network.ProfilePart
	for _, part := range asked(which) {
		name := string(part)
		if v.form.Values[name+".version"] == nil {
			continue // it was not in the form
		}
		if v.form.Values[name] == nil {
			v.form.Set(name, "") // no box is ticked
		}
		version, _ := v.form.Int(name + ".version")
		parts = append(parts, network.ProfilePart{Part: part, Value: strings.Join(v.form.All(name), "\n"), Lang: v.l.Code, Visibility: network.Visibility(v.form.Get(name + ".who")), Version: int64(version)})
	}
	err := v.network.SaveProfile(v.ctx(), v.who, parts)
	return v.done(err, "/me", func() (web.Page, error) {
		fields := v.profileFields(which)
		if conflict(err) {
			now, err := v.myParts()
			if err != nil {
				return web.Page{}, err
			}
			v.beside(fields, now)
		}
		return v.profilePage(which, fields), nil
	})
}

// beside puts what each part says now beside what was typed, and lets the next attempt begin from it.
func (v *visit) beside(fields []profileField, now map[network.Part]network.ProfilePart) {
	for i, f := range fields {
		name := string(f.Part) + ".version"
		is := strconv.FormatInt(now[f.Part].Version, 10)
		if v.form.Get(name) != is {
			fields[i].Now = now[f.Part].Value
			v.form.Set(name, is)
		}
	}
}

func (v *visit) namePage() web.Page {
	title := v.l.Must("name.title")
	return web.Page{Name: "me-name", Title: title, Data: map[string]any{"Form": v.form, "Title": title, "Langs": options(v, "lang.name.", []string{"sv", "nb", "en"})}}
}

func (v *visit) nameForm() int {
	p, err := v.myself()
	if err != nil {
		return v.fail(err)
	}
	v.filled("name", p.Name, "lang", p.Lang, "version", strconv.FormatInt(p.Version, 10))
	return v.show(v.namePage(), nil)
}

func (v *visit) myself() (p network.Person, err error) {
	err = v.look(func(tx *storage.Tx, _ network.Access) (err error) {
		p, err = v.network.Person(v.ctx(), tx, v.who.Person)
		return err
	})
	return p, err
}

func (v *visit) rename() int {
	err := v.network.Rename(v.ctx(), v.who, v.form.Get("name"), v.form.Get("lang"), v.version())
	return v.done(err, "/me", func() (web.Page, error) {
		p, readErr := v.myself()
		if conflict(err) {
			v.form.Set("version", strconv.FormatInt(p.Version, 10))
		}
		return v.namePage(), readErr
	})
}

func (v *visit) interests() int {
	v.filled()
	return v.show(v.interestsPage())
}

// tenant finds the tenant that the reader declares ties in: the one that is asked for, else their first.
func (v *visit) tenant(a network.Access) (*network.Network, []web.Option) {
	var of []web.Option
	var chosen *network.Network
	for _, n := range v.network.Tree().Roots() {
		if !a.Registered(n.ID) {
			continue
		}
		of = append(of, web.Option{Value: n.Slug, Text: v.text(n.Name)})
		if in := v.r.URL.Query().Get("in"); chosen == nil || n.Slug == in || n.Slug == v.form.Get("in") {
			chosen = n
		}
	}
	return chosen, of
}

func (v *visit) interestsPage() (web.Page, error) {
	data := map[string]any{"Form": v.form, "Kinds": options(v, "interest.kind.", network.InterestKinds)}
	err := v.look(func(tx *storage.Tx, a network.Access) error {
		n, of := v.tenant(a)
		data["Tenants"] = of
		if n == nil {
			return nil
		}
		v.form.Set("in", n.Slug)
		v.n = n
		defer func() { v.n = nil }()
		ties, err := v.network.InterestsOf(v.ctx(), tx, a, n.ID, v.who.Person)
		if err != nil {
			return err
		}
		data["Rows"], data["In"], data["Slug"] = v.interestRows(ties), v.say(n.Name), n.Slug
		orgs, err := v.organisationOptions(tx)
		if err != nil {
			return err
		}
		data["Organisations"] = append([]web.Option{{Text: v.l.Must("interest.noparty")}}, orgs...)
		at, err := v.network.Confirmed(v.ctx(), tx, n.ID, v.who.Person)
		if !at.IsZero() {
			data["Confirmed"] = v.l.Day(at.In(v.zone(n.ID)))
		}
		return err
	})
	title := v.l.Must("interests.title")
	data["Title"] = title
	return web.Page{Name: "me-interests", Title: title, Data: data}, err
}

// declared finds the tenant of a form about ties.
func (v *visit) declared() (*network.Network, bool) { return v.network.Tree().Root(v.form.Get("in")) }

func (v *visit) declare() int {
	n, ok := v.declared()
	if !ok {
		return v.fail(absent())
	}
	z := v.zone(n.ID)
	i := network.Interest{Root: n.ID, Organisation: network.OrganisationID(v.form.Get("organisation")), Named: v.form.Get("named"), Kind: network.InterestKind(v.form.Get("kind")), About: v.form.Get("about"),
		From: v.day("from", z), To: v.after("to", z)}
	err := v.typed()
	if err == nil {
		_, err = v.network.DeclareInterest(v.ctx(), v.who, i)
	}
	return v.done(err, "/me/interests?in="+n.Slug, v.interestsPage)
}

func (v *visit) endInterest() int {
	err := v.network.EndInterest(v.ctx(), v.who, v.r.PathValue("id"), time.Time{})
	return v.done(err, "/me/interests", v.interestsPage)
}

func (v *visit) confirmInterests() int {
	n, ok := v.declared()
	if !ok {
		return v.fail(absent())
	}
	return v.done(v.network.ConfirmInterests(v.ctx(), v.who, n.ID), "/me/interests?in="+n.Slug, v.interestsPage)
}

func (v *visit) exportMe() int {
	var e network.Everything
	if err := v.look(func(tx *storage.Tx, a network.Access) (err error) {
		e, err = v.network.Mine(v.ctx(), tx, a)
		return err
	}); err != nil {
		return v.fail(err)
	}
	more := map[string]any{}
	for name, kept := range v.options.Kept {
		of, err := kept(v.ctx(), v.who)
		if err != nil {
			return v.fail(err)
		}
		more[name] = of
	}
	b, err := json.MarshalIndent(struct {
		network.Everything
		Rooms map[string]any `json:",omitempty"`
	}{e, more}, "", "  ")
	if err != nil {
		return v.fail(err)
	}
	h := v.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", `attachment; filename="samverk.json"`)
	h.Set("Cache-Control", "no-store")
	_, _ = v.w.Write(append(b, '\n')) // a reader who left is no failure of ours
	return http.StatusOK
}
