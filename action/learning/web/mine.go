package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/action/learning"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/chart"
)

type mineData struct {
	learning.Mine
	Action       string
	Home         string
	Now          []placeRow
	Past         []placeRow
	Held         []held
	Lines        []record
	Form         *web.Form
	Kinds        []web.Option
	Competences  []web.Option
	Languages    []web.Option
	Visibilities []web.Option
	Formats      web.Formats
	Verify       string
}

type placeRow struct {
	learning.MyPlace
	Link     string
	Standing string
	Kind     string
}

type held struct {
	learning.Certificate
	Link string
}

type record struct {
	learning.Record
	Kind       string
	Competence string
	Form       *web.Form
	Link       string
}

// member is whether the reader is registered in the tenant; to others there is no such page.
func (v *visit) member() error {
	return v.network.Look(v.ctx(), v.who, func(_ *storage.Tx, a network.Access) error {
		if !a.Registered(v.n.ID) {
			return network.Absent()
		}
		return nil
	})
}

func (v *visit) mine() int {
	return v.minePage(v.filled("lang", v.l.Code, "kind", string(learning.Holds)))
}

func (v *visit) minePage(f *web.Form) int {
	if err := v.member(); err != nil {
		return v.fail(err)
	}
	format, err := web.FormatOf(v.r)
	if err != nil {
		return v.fail(err)
	}
	m, err := v.Mine(v.ctx(), v.who, v.n.ID)
	if err != nil {
		return v.fail(err)
	}
	if format != "" {
		return v.mineFile(m, format)
	}
	all, err := v.Competences(v.ctx(), v.n.ID)
	if err != nil {
		return v.fail(err)
	}
	d := mineData{Mine: m, Action: v.home() + "/mine", Home: v.home(), Form: f, Kinds: options(v.l, "learning.record.", learning.RecordKinds...), Competences: v.competenceOptions(all, "learning.competence.other"),
		Languages: options(v.l, "learning.lang.", lang.Codes...), Visibilities: options(v.l, "learning.listed.", network.Mine, network.NetworkOnly, network.Public), Formats: web.FormatsAt(v.r.URL.Path), Verify: v.at("certificates")}
	names := map[string]string{}
	for _, c := range all {
		names[c.ID] = v.text(c.Name)
	}
	for _, p := range m.Places {
		p.Until = p.Until.In(zoneOf(p.Of.Zone))
		r := placeRow{MyPlace: p, Link: v.home() + "/" + string(p.Of.ID), Standing: v.l.Must("learning.mine." + string(p.State)), Kind: v.l.Must("learning.kind." + string(p.Of.Kind))}
		if p.State.Over() || p.Of.Over(v.Now()) || p.Of.State == learning.Cancelled {
			d.Past = append(d.Past, r)
		} else {
			d.Now = append(d.Now, r)
		}
	}
	for _, c := range m.Certificates {
		d.Held = append(d.Held, held{c, v.at("certificates/" + c.Code)})
	}
	for _, x := range m.Records {
		x.Since, x.Until = x.Since.In(v.zone()), in(x.Until, v.zone())
		r := record{Record: x, Kind: v.l.Must("learning.record." + string(x.Kind)), Competence: names[x.Competence], Form: web.NewForm("to", string(x.Listed))}
		r.Form.ID = "r" + x.ID + "-"
		if x.Certificate != "" {
			r.Link = v.at("certificates/" + x.Certificate)
		}
		d.Lines = append(d.Lines, r)
	}
	title := v.l.Must("learning.own")
	return v.show(web.Page{Name: "learning-mine", Title: title, Data: d, Form: f, Crumbs: v.crumbs(title, "")})
}

func in(t time.Time, zone *time.Location) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(zone)
}

// mineFile gives a person what is theirs, to take with them.
func (v *visit) mineFile(m learning.Mine, format string) int {
	e := web.NewExport(v.w, format, "my-learning", "what", "kind", "title", "lang", "from", "to", "certificate", "shared")
	for _, p := range m.Places {
		if err := e.Row("place", string(p.State), p.Of.Title, p.Of.Lang, moment(p.Of.Starts), moment(p.Of.Ends), p.Code, ""); err != nil {
			return v.fail(err)
		}
	}
	for _, x := range m.Records {
		if err := e.Row("record", string(x.Kind), x.Title, x.Lang, x.Since, moment(x.Until), x.Certificate, string(x.Listed)); err != nil {
			return v.fail(err)
		}
	}
	return e.End()
}

func (v *visit) mineDo() int {
	if err := v.member(); err != nil {
		return v.fail(err)
	}
	ctx, f := v.ctx(), v.form
	var err error
	switch f.Get("do") {
	case "add":
		x := learning.Record{Root: v.n.ID, Kind: learning.RecordKind(f.Get("kind")), Title: f.Get("title"), Lang: f.Get("lang"), Competence: f.Get("competence"), Since: v.Now()}
		if day, ok := f.Day("since", v.zone()); ok {
			x.Since = day
		}
		if day, ok := f.Day("until", v.zone()); ok {
			x.Until = day
		} else if f.Get("until") != "" {
			err = fault.New(fault.Invalid, "no day").Where("until").Say("learning.day")
		}
		if err == nil {
			err = v.AddRecord(ctx, v.who, x)
		}
	case "drop":
		err = v.DropRecord(ctx, v.who, v.n.ID, f.Get("record"))
	case "list":
		err = v.ListRecord(ctx, v.who, v.n.ID, f.Get("record"), network.Visibility(f.Get("to")))
	case "count", "uncount":
		err = v.SetCounted(ctx, v.who, v.n.ID, f.Get("do") == "count")
	default:
		err = fault.New(fault.Invalid, "there is no such button").Say("learning.choose")
	}
	return v.done(err, v.home()+"/mine", func() int { return v.minePage(f) })
}

type competencesData struct {
	Action string
	Form   *web.Form
	Rows   []competence
	Gaps   []gapTable
	Roles  []web.Option
	May    bool
	Edit   bool
	Mine   string // "" for nobody
}

type competence struct {
	learning.Competence
	Name  string
	Roles []string
	Edit  string
}

// gapTable is the gaps of one network.
type gapTable struct {
	Name string
	Rows []gapRow
}

type gapRow struct {
	Role, Competence   string
	People, Have, Lack int
	Bar                chart.Span
}

func (v *visit) competences() int { return v.competencesPage(nil) }

func (v *visit) competencesPage(f *web.Form) int {
	all, err := v.Competences(v.ctx(), v.n.ID)
	if err != nil {
		return v.fail(err)
	}
	gaps, err := v.Gaps(v.ctx(), v.n.ID)
	if err != nil {
		return v.fail(err)
	}
	d := competencesData{Action: v.home() + "/competences", Form: f, Roles: options(v.l, "learning.role.", learning.Roles...)}
	err = v.network.Look(v.ctx(), v.who, func(_ *storage.Tx, a network.Access) error {
		d.May = a.Coordinates(v.n.ID)
		if a.Registered(v.n.ID) {
			d.Mine = v.home() + "/mine"
		}
		return nil
	})
	if err != nil {
		return v.fail(err)
	}
	names := map[string]string{}
	wanted := v.r.URL.Query().Get("edit")
	for _, c := range all {
		names[c.ID] = v.text(c.Name)
		if d.May && c.ID == wanted && d.Form == nil {
			d.Form = web.NewForm("sv", c.Name.SV, "nb", c.Name.NB, "en", c.Name.EN, "competence", c.ID, "version", strconv.FormatInt(c.Version, 10))
			for _, r := range c.Roles {
				d.Form.Values.Add("roles", string(r))
			}
			d.Edit = true
		}
		if c.Closed {
			continue
		}
		row := competence{Competence: c, Name: v.text(c.Name), Edit: d.Action + "?edit=" + url.QueryEscape(c.ID) + "#edit"}
		for _, r := range c.Roles {
			row.Roles = append(row.Roles, v.l.Must("learning.role."+string(r)))
		}
		d.Rows = append(d.Rows, row)
	}
	if d.Form == nil {
		d.Form = web.NewForm()
	}
	for _, g := range gaps {
		name := v.nameOf(g.Network)
		if len(d.Gaps) == 0 || d.Gaps[len(d.Gaps)-1].Name != name {
			d.Gaps = append(d.Gaps, gapTable{Name: name})
		}
		last := &d.Gaps[len(d.Gaps)-1]
		last.Rows = append(last.Rows, gapRow{Role: v.l.Must("learning.role." + string(g.Role)), Competence: names[g.Competence], People: g.People, Have: g.Have, Lack: g.Lack, Bar: gapBar(g)})
	}
	title := v.l.Must("learning.competences")
	return v.show(web.Page{Name: "learning-competences", Title: title, Data: d, Form: d.Form, Public: true, Crumbs: v.crumbs(title, "")})
}

// gapBar draws how many lack it: at least so many, and as many more as rounding down hides.
func gapBar(g learning.Gap) chart.Span {
	return chart.Span{Low: float64(g.Lack), High: float64(min(g.Lack+4, g.People+4)), Of: float64(g.People + 4)}
}

func (v *visit) saveCompetence() int {
	f := v.form
	c := learning.Competence{ID: f.Get("competence"), Root: v.n.ID, Name: network.Text{SV: f.Get("sv"), NB: f.Get("nb"), EN: f.Get("en")}, Closed: f.Has("closed", "yes")}
	c.Version, _ = strconv.ParseInt(f.Get("version"), 10, 64)
	for _, r := range f.All("roles") {
		c.Roles = append(c.Roles, learning.Role(r))
	}
	return v.done(v.SaveCompetence(v.ctx(), v.who, c), v.home()+"/competences", func() int { return v.competencesPage(f) })
}

type certificateData struct {
	learning.Certificate
	Action string
	Form   *web.Form
	Issuer string
	Hours  string
	Groups string // the code, in groups that can be read out
	Known  bool
}

func (v *visit) certificateForm() int {
	if code := strings.TrimSpace(v.r.URL.Query().Get("code")); code != "" {
		return v.see(v.at("certificates/" + url.PathEscape(code)))
	}
	title := v.l.Must("learning.verify")
	return v.show(web.Page{Name: "learning-certificate", Title: title, Data: certificateData{Action: v.at("certificates"), Form: web.NewForm()}, Crumbs: v.crumbs(title, "")})
}

func (v *visit) certificate() int {
	c, err := v.Verify(v.ctx(), v.n.ID, v.r.PathValue("code"))
	if err != nil {
		return v.fail(err)
	}
	d := certificateData{Certificate: c, Issuer: v.text(c.Issuer), Known: true, Action: v.at("certificates"), Form: web.NewForm()}
	if c.Minutes > 0 {
		d.Hours = decimal(v.l, float64(c.Minutes)/60)
	}
	for i := 0; i < len(c.Code); i += 4 {
		d.Groups += c.Code[i:min(i+4, len(c.Code))] + " "
	}
	d.Groups = strings.TrimSpace(d.Groups)
	title := v.l.Must("learning.certificate")
	return v.show(web.Page{Name: "learning-certificate", Title: title, Data: d, Secret: true, Crumbs: v.crumbs(title, "")})
}
