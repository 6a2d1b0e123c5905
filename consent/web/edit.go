package web

import (
	"embed"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

// models are forms to begin from, while a country has none. They are in force nowhere.
//
//go:embed model
var models embed.FS

// Model is a form to begin from, for a country; false where there is none.
func Model(country string) (consent.Form, bool) {
	b, err := models.ReadFile("model/" + country + ".json")
	if err != nil {
		return consent.Form{}, false
	}
	f, err := consent.ParseForm(b)
	return f, err == nil
}

// mostWritten is how many questions the editor has room for.
const mostWritten = 50

type editData struct {
	Codes     []string // languages
	Questions []editQuestion
	Bases     []consent.Permission
	Lists     editLists
	Digest    []string // of what is written, when it was checked and is right
	Form      *web.Form
	Action    string
}

// editQuestion is a question of the editor: its number in people's order and in its fields' names.
type editQuestion struct {
	Number int
	Field  string
}

// Name is the name of one of the question's fields.
func (q editQuestion) Name(parts ...string) string { return q.Field + "." + strings.Join(parts, ".") }

type editLists struct{ Permissions, Scopes, Grounds, Defaults []web.Option }

// edit shows the editor with the form in force, another one (?from=) or the model of the country.
func (p *room) edit(w http.ResponseWriter, r *http.Request, n tenant) int {
	form := consent.Form{Format: consent.FormFormat, Country: n.country, Version: "1"}
	var d mandate.Digest
	if from := r.URL.Query().Get("from"); from != "" {
		if d.UnmarshalText([]byte(from)) != nil {
			return p.site.NotFound(w, r)
		}
		one, err := p.consents.FormOf(r.Context(), d)
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		form = one.Form
	} else if now := p.consents.InForce(); now != nil && now.Country == n.country {
		form = now.Form
	} else if model, ok := Model(n.country); ok {
		form = model
	}
	form.Country = n.country
	if version, err := strconv.Atoi(form.Version); err == nil && p.consents.InForce() != nil {
		form.Version = strconv.Itoa(version + 1)
	}
	return p.editPage(w, r, n, written(form), nil)
}

// keep does what the pressed button says: another question, a check, or a draft.
func (p *room) keep(w http.ResponseWriter, r *http.Request, n tenant) int {
	l := p.pages.Words(r)
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	tidy(f)
	if f.Get("do") == "add" {
		if count := questions(f); count < mostWritten {
			f.Set("n", strconv.Itoa(count+1))
		}
		return p.editPage(w, r, n, f, nil)
	}
	form := read(f, n.country)
	p.lacking(l, f, form)
	if f.OK() {
		if err := form.Check(); err != nil && !p.took(r, f, err) {
			return p.pages.Fail(w, r, err)
		}
	}
	if !f.OK() {
		return p.editPage(w, r, n, f, nil)
	}
	digest, err := form.Digest()
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if f.Get("do") != "save" {
		return p.editPage(w, r, n, f, groups(digest.String()))
	}
	if err := p.options.DB.Write(r.Context(), func(tx *storage.Tx) error {
		_, err := p.consents.Draft(r.Context(), tx, member(r), form)
		return err
	}); err != nil {
		if !p.took(r, f, err) {
			return p.pages.Fail(w, r, err)
		}
		return p.editPage(w, r, n, f, nil)
	}
	return web.SeeOther(w, r, n.Path("forms", digest.String()))
}

func (p *room) editPage(w http.ResponseWriter, r *http.Request, n tenant, f *web.Form, digest []string) int {
	l := p.pages.Words(r)
	d := editData{Codes: consent.Languages[:], Bases: consent.Permissions(), Form: f, Digest: digest, Action: n.Path("forms", "new")}
	for i := range questions(f) {
		d.Questions = append(d.Questions, editQuestion{i + 1, questionField(i)})
	}
	for _, one := range consent.Permissions() {
		d.Lists.Permissions = append(d.Lists.Permissions, web.Option{Value: string(one), Text: l.Must("permission." + string(one))})
	}
	for _, one := range []consent.Scope{consent.General, consent.Health, consent.Diseases} {
		key := "form.scope." + string(one)
		if one == consent.General {
			key = "form.scope.general"
		}
		d.Lists.Scopes = append(d.Lists.Scopes, web.Option{Value: string(one), Text: l.Must(key)})
	}
	d.Lists.Grounds = []web.Option{{Value: "", Text: l.Must("form.ground.none")}}
	for _, one := range []consent.Ground{consent.ByConsent, consent.ByObjection, consent.ByLaw} {
		d.Lists.Grounds = append(d.Lists.Grounds, web.Option{Value: string(one), Text: l.Must("ground." + string(one))})
	}
	for _, one := range []consent.Default{consent.Out, consent.In} {
		d.Lists.Defaults = append(d.Lists.Defaults, web.Option{Value: string(one), Text: l.Must("form.default." + string(one))})
	}
	return p.pages.Render(w, r, web.Page{Name: "edit", Title: l.Must("form.edit.title"), Station: "decide", Form: f, Data: d,
		Crumbs: []web.Link{{Text: l.Must("form.list"), Href: n.Path("forms")}, {Text: l.Must("form.edit.title")}}})
}

func questionField(i int) string            { return fmt.Sprintf("q%d", i) }
func baseField(p consent.Permission) string { return "b." + string(p) }
func setText(f *web.Form, name string, t consent.Text) {
	for _, code := range consent.Languages {
		f.Set(name+"."+code, t[code])
	}
}

func getText(f *web.Form, name string) consent.Text {
	t, any := consent.Text{}, false
	for _, code := range consent.Languages {
		t[code] = f.Get(name + "." + code)
		any = any || t[code] != ""
	}
	if !any {
		return nil
	}
	return t
}

// questions is how many questions are being written.
func questions(f *web.Form) int {
	n, _ := f.Int("n")
	return max(0, min(n, mostWritten))
}

// written is a form as the editor's fields hold it. read is the other way.
func written(form consent.Form) *web.Form {
	f := web.NewForm("version", form.Version, "n", strconv.Itoa(len(form.Questions)))
	setText(f, "title", form.Title)
	setText(f, "intro", form.Intro)
	for i, q := range form.Questions {
		at := questionField(i)
		f.Set(at+".id", q.ID)
		f.Set(at+".permission", string(q.Permission))
		f.Set(at+".scope", string(q.Scope))
		f.Set(at+".duo", strings.Join(q.DUO, " "))
		setText(f, at+".text", q.Text)
		setText(f, at+".help", q.Help)
		var lines []string
		for _, d := range q.Diseases {
			lines = append(lines, strings.Join([]string{d.Code, d.Name["sv"], d.Name["nb"], d.Name["en"]}, " | "))
		}
		f.Set(at+".diseases", strings.Join(lines, "\n"))
	}
	for _, b := range form.Bases {
		at := baseField(b.Permission)
		f.Set(at+".ground", string(b.Ground))
		f.Set(at+".default", string(b.Default))
		setText(f, at+".law", b.Law)
	}
	return f
}

func read(f *web.Form, country string) consent.Form {
	form := consent.Form{Format: consent.FormFormat, Country: country, Version: f.Get("version"), Title: getText(f, "title"), Intro: getText(f, "intro"),
		Questions: []consent.Question{}, Bases: []consent.Basis{}}
	for i := range questions(f) {
		at := questionField(i)
		q := consent.Question{ID: f.Get(at + ".id"), Permission: consent.Permission(f.Get(at + ".permission")), Scope: consent.Scope(f.Get(at + ".scope")),
			DUO: strings.Fields(f.Get(at + ".duo")), Text: getText(f, at+".text"), Help: getText(f, at+".help")}
		for line := range strings.Lines(f.Get(at + ".diseases")) {
			if parts := strings.Split(strings.TrimSpace(line), "|"); len(parts) == 4 {
				q.Diseases = append(q.Diseases, consent.Disease{Code: strings.TrimSpace(parts[0]),
					Name: consent.Text{"sv": strings.TrimSpace(parts[1]), "nb": strings.TrimSpace(parts[2]), "en": strings.TrimSpace(parts[3])}})
			}
		}
		if len(q.DUO) == 0 {
			q.DUO = nil
		}
		form.Questions = append(form.Questions, q)
	}
	for _, one := range consent.Permissions() {
		at := baseField(one)
		if ground := consent.Ground(f.Get(at + ".ground")); ground != "" {
			form.Bases = append(form.Bases, consent.Basis{Permission: one, Ground: ground, Default: consent.Default(f.Get(at + ".default")), Law: getText(f, at+".law")})
		}
	}
	return form
}

// tidy takes away the questions that were marked, and closes the gaps.
func tidy(f *web.Form) {
	n, kept := questions(f), 0
	for i := range n {
		from, to := questionField(i), questionField(kept)
		if f.Get(from+".drop") != "" {
			continue
		}
		if from != to {
			for name := range f.Values {
				if rest, ok := strings.CutPrefix(name, from+"."); ok {
					f.Set(to+"."+rest, f.Values[name]...)
				}
			}
		}
		kept++
	}
	for name := range f.Values {
		var i int
		if at, rest, ok := strings.Cut(name, "."); ok && at != "" && at[0] == 'q' {
			if _, err := fmt.Sscanf(at, "q%d", &i); err == nil && (i >= kept || rest == "drop") {
				delete(f.Values, name)
			}
		}
	}
	f.Set("n", strconv.Itoa(kept))
}

// lacking notes what a form lacks at the very field, which its Check can't.
func (p *room) lacking(l *web.Words, f *web.Form, form consent.Form) {
	texts := func(name string, required bool) {
		t := getText(f, name)
		for _, code := range consent.Languages {
			if t[code] == "" && (required || t != nil) {
				f.Wrong(name+"."+code, l.Must("form.lacks.text", l.Must("form.lang."+code)))
			}
		}
	}
	if form.Version == "" {
		f.Wrong("version", l.Must("fault.consent.form.version"))
	}
	texts("title", true)
	texts("intro", true)
	if len(form.Questions) == 0 {
		f.Wrong("", l.Must("form.lacks.question"))
	}
	for i, q := range form.Questions {
		at := questionField(i)
		if q.ID == "" {
			f.Wrong(at+".id", l.Must("form.lacks.id", i+1))
		}
		texts(at+".text", true)
		texts(at+".help", false)
		lines := slices.DeleteFunc(strings.Split(f.Get(at+".diseases"), "\n"), func(s string) bool { return strings.TrimSpace(s) == "" })
		if len(lines) != len(q.Diseases) {
			f.Wrong(at+".diseases", l.Must("form.lacks.diseases", i+1))
		}
		if !slices.ContainsFunc(form.Bases, func(b consent.Basis) bool { return b.Permission == q.Permission }) {
			f.Wrong(baseField(q.Permission)+".ground", l.Must("form.lacks.basis", l.Must("permission."+string(q.Permission))))
		}
	}
	for _, b := range form.Bases {
		texts(baseField(b.Permission)+".law", true)
	}
}
