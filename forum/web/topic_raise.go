package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

// raiseStep is a question of the form that raises a topic, and the fields that answer it.
type raiseStep struct {
	name   string
	fields []string
}

// raiseSteps in the order they are asked. Between the first two, topics like it are shown; after the last, all answers.
var raiseSteps = []raiseStep{
	{"title", []string{"title"}}, {"text", []string{"text", "lang"}}, {"body", []string{"body"}}, {"who", []string{"for", "aspatient"}},
	{"about", []string{"field", "level", "kind"}}, {"visibility", []string{"visibility"}},
}

// The steps that ask nothing.
const (
	likeStep  = "like"
	checkStep = "check"
)

// stepAt gives a question's place; -1 when it is none.
func stepAt(name string) int {
	return slices.IndexFunc(raiseSteps, func(s raiseStep) bool { return s.name == name })
}

type raiseData struct {
	Home   string
	Form   *web.Form
	Fields []actField
	Like   []likeShown
	Ask    bool // topics like it are shown, and whether to raise it all the same is asked

	Step    string
	N, Of   int       // which question it is; 0 when nothing is asked
	Heading string    // the question, where its first field doesn't say it
	First   *actField // whose label is the question
	Kept    []actField
	Steps   []string // of each: done, now or todo
	Answers []raiseAnswer
}

// raiseAnswer is what was answered to a question.
type raiseAnswer struct {
	Question, Text, Lang string
	Long                 bool   // Markdown
	Step                 string // where it is changed; "" for all but the first of a step
}

// likeShown is a topic that is like another.
type likeShown struct {
	forum.Found
	Link string
}

// raiseForm begins with the first question, or with all of them on one page. What the address brings is filled in.
func (p *room) raiseForm(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	f, q := web.NewForm("visibility", string(network.NetworkOnly)), r.URL.Query()
	for _, step := range raiseSteps {
		for _, name := range step.fields {
			if q.Has(name) {
				f.Set(name, web.ReadQuery(r).Get(name))
			}
		}
	}
	if q.Get("all") != "" {
		return p.raisePage(w, r, n, f, nil)
	}
	return p.raiseAt(w, r, n, f, raiseSteps[0].name)
}

func (p *room) raise(w http.ResponseWriter, r *http.Request, n *network.Network) int {
	f, err := web.ReadForm(w, r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	if f.Values.Has("step") {
		return p.raiseOn(w, r, n, f)
	}
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
	return p.raised(w, r, n, f, func() int { return p.raisePage(w, r, n, f, nil) })
}

// raised raises what was typed.
func (p *room) raised(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form, again func() int) int {
	in := forum.Raising{Network: n.ID, Body: network.BodyID(f.Get("body")), Title: f.Get("title"), Text: f.Get("text"), Lang: f.Get("lang"), Facets: facetsOf(f),
		Visibility: network.Visibility(f.Get("visibility")), For: network.OrganisationID(f.Get("for")), AsPatient: f.Has("aspatient", "yes")}
	t, err := p.forum.Raise(r.Context(), actor(r), in)
	if err != nil {
		return p.problem(w, r, f, err, again)
	}
	return web.SeeOther(w, r, home(n)+"/topics/"+string(t.ID)+"?done=raised")
}

// raiseOn goes on from a question. What was answered before lies in the form itself, so nothing is kept of somebody who leaves.
func (p *room) raiseOn(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form) int {
	step, to := f.Get("step"), f.Get("go")
	if back, ok := strings.CutPrefix(to, "to-"); ok {
		return p.raiseAt(w, r, n, f, back)
	}
	if to == "back" {
		return p.raiseAt(w, r, n, f, raiseSteps[max(0, stepAt(step)-1)].name)
	}
	if step == checkStep && to == "raise" {
		return p.raised(w, r, n, f, func() int { return p.raiseAt(w, r, n, f, wrongStep(f)) })
	}
	if (step == "title" || step == "text") && f.Get(step) == "" {
		f.Wrong(step, p.pages.Words(r).Must("fault.forum.missing"))
		return p.raiseAt(w, r, n, f, step)
	}
	if step == "title" && f.Get("seen") != f.Get("title") {
		like, err := p.like(r, n, f.Get("title"))
		if err != nil {
			return p.pages.Fail(w, r, err)
		}
		f.Set("seen", f.Get("title"))
		if len(like) > 0 {
			return p.raiseAt(w, r, n, f, likeStep)
		}
	}
	next := stepAt(step) + 1
	if step == likeStep {
		next = 1
	}
	if f.Get("checked") != "" || next == len(raiseSteps) {
		return p.raiseAt(w, r, n, f, checkStep)
	}
	return p.raiseAt(w, r, n, f, raiseSteps[next].name)
}

// wrongStep is the question whose answer was found wrong.
func wrongStep(f *web.Form) string {
	for _, step := range raiseSteps {
		for _, name := range step.fields {
			if f.Problem(name) != "" {
				return step.name
			}
		}
	}
	return checkStep
}

// raiseAt shows a question, topics that are like it, or all answers.
func (p *room) raiseAt(w http.ResponseWriter, r *http.Request, n *network.Network, f *web.Form, step string) int {
	l, at := p.pages.Words(r), stepAt(step)
	if at < 0 && step != likeStep {
		step = checkStep
	}
	d := raiseData{Home: home(n), Form: f, Step: step, N: at + 1, Of: len(raiseSteps)}
	all, err := p.raiseFields(r, n, f)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	title := web.Field{Form: f, Name: "title", Label: l.Must("topic.raise.title"), Help: l.Must("topic.raise.title.help"), Type: "text", Required: true}
	d.deal(append([]actField{{"text", title}}, all...), at)
	switch step {
	case likeStep:
		if d.Like, err = p.like(r, n, f.Get("title")); err != nil {
			return p.pages.Fail(w, r, err)
		}
		d.Heading = l.Must("topic.like.ask")
	case checkStep:
		f.Set("checked", "yes")
		d.Heading, d.Answers = l.Must("topic.raise.check"), raiseAnswers(l, d.Kept)
	case "who", "about":
		d.Heading = l.Must("topic.raise." + step)
	default:
		d.First, d.Fields = &d.Fields[0], d.Fields[1:]
		d.Heading = d.First.Label
	}
	for i := range raiseSteps {
		state := "todo"
		switch {
		case i == at:
			state = "now"
		case i < at || step == checkStep || step == likeStep && i == 0:
			state = "done"
		}
		d.Steps = append(d.Steps, state)
	}
	raise := l.Must("topic.raise")
	return p.pages.Render(w, r, web.Page{Name: "topic-raise-step", Title: raise + ": " + d.Heading, Station: "raise", Data: d, Form: f, Live: step == "title",
		Crumbs: crumb(l, n, l.Must("topic.list"), d.Home+"/topics", raise, "")})
}

// deal parts the fields into those that are asked for now and those whose answers are kept.
func (d *raiseData) deal(all []actField, at int) {
	for _, field := range all {
		if at >= 0 && slices.Contains(raiseSteps[at].fields, field.Name) {
			d.Fields = append(d.Fields, field)
		} else {
			d.Kept = append(d.Kept, field)
		}
	}
}

// raiseAnswers says what was answered, as it is to be read through before it is raised.
func raiseAnswers(l *web.Words, all []actField) (out []raiseAnswer) {
	for _, step := range raiseSteps {
		change := step.name
		for _, name := range step.fields {
			i := slices.IndexFunc(all, func(a actField) bool { return a.Name == name })
			if i < 0 {
				continue
			}
			field := all[i]
			one := raiseAnswer{Question: field.Label, Text: field.Form.Get(name), Step: change}
			switch field.Part {
			case "text", "textarea":
				one.Lang, one.Long = field.Form.Get("lang"), field.Part == "textarea"
			case "checkbox":
				one.Text = l.Must("topic.raise.no")
				if field.Form.Has(name, "yes") {
					one.Text = l.Must("topic.raise.yes")
				}
			default:
				one.Text = chosen(field, one.Text)
			}
			out, change = append(out, one), ""
		}
	}
	return out
}

// chosen gives the words of an option.
func chosen(field actField, value string) string {
	for _, o := range field.Options {
		if o.Value == value {
			return o.Text
		}
	}
	return ""
}

// raisePage is all questions on one page.
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
