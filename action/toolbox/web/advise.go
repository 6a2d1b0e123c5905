package web

import (
	"slices"

	"github.com/samverk/samverk/action/toolbox"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web"
)

// described is a group as its page's address has it.
type described struct {
	toolbox.RulesInUse
	Answers toolbox.Answers
	All     []advised // the best first
	Fit     int       // how many fit, or perhaps do
}

// advised is what the rules say of a model.
type advised struct {
	toolbox.Advice
	Model words
	To    string // of the page that chooses it
}

// Colour of the verdict's tag.
func (a advised) Colour() string {
	return map[toolbox.Verdict]string{toolbox.Fits: "success", toolbox.Perhaps: "warning", toolbox.Unfit: "neutral"}[a.Verdict]
}

// Pitfall is what to look out for where no rule speaks against a model that comes up: there is always something.
func (a advised) Pitfall() string {
	if a.Verdict == toolbox.Unfit || len(a.Model.Words.Pitfalls) == 0 {
		return ""
	}
	return a.Model.Words.Pitfalls[0]
}

// described reads the answers and asks the rules.
func (v *visit) described() (d described, err error) {
	if d.RulesInUse, err = v.toolbox.RulesInUse(v.r.Context(), v.who, v.n.ID); err != nil {
		return d, err
	}
	d.Answers = d.Only(v.r.URL.Query().Get)
	all, err := v.catalogue()
	if err != nil {
		return d, err
	}
	for _, a := range d.Advise(d.Answers) {
		i := slices.IndexFunc(all, func(w words) bool { return w.ID == a.Model })
		if i < 0 {
			continue // the rules know of a model that is not in this catalogue
		}
		if a.Verdict > toolbox.Unfit {
			d.Fit++
		}
		d.All = append(d.All, advised{a, all[i], v.at("choose") + query(d.Rules, d.Answers, "model", a.Model)})
	}
	return d, nil
}

// given is an answer with what leads to changing it.
type given struct {
	Question *toolbox.Question
	Answer   *toolbox.Answer // nil: none
	Change   string
	Spoke    []spoken
}

// spoken is a rule that spoke, with its model's name.
type spoken struct {
	*toolbox.Rule
	Model words
}

func (v *visit) given(d described) (out []given) {
	for i := range d.Questions {
		q := &d.Questions[i]
		a, _ := q.Answer(d.Answers[q.ID])
		out = append(out, given{Question: q, Answer: a, Change: v.at("find") + query(d.Rules, d.Answers, "q", itoa(i+1))})
	}
	return out
}

// find asks a question; which one, and the answers before it, stand in the address. The form is a GET: nothing is sent to be kept.
func (v *visit) find() int {
	d, err := v.described()
	if err != nil {
		return v.fail(err)
	}
	at := v.question(d)
	if at > len(d.Questions) {
		return web.SeeOther(v.w, v.r, v.at("fit")+query(d.Rules, d.Answers))
	}
	q := &d.Questions[at-1]
	data := map[string]any{"D": d, "N": at, "Of": len(d.Questions), "Q": q, "Chosen": d.Answers[q.ID], "Given": answered(v.given(d)), "Other": d.others(q.ID),
		"Skip": v.at("find") + query(d.Rules, d.Answers, "q", itoa(at+1)), "Fits": d.All[:min(3, d.Fit)], "FitLink": v.at("fit") + query(d.Rules, d.Answers), "Steps": steps(at, len(d.Questions)), "Next": at + 1}
	return v.show(web.Page{Name: "find", Title: v.l.Must("toolbox.find"), Public: true}, data, v.l.Must("toolbox.find.short"), "")
}

// question is which one is asked: the one in the address, else the first that isn't answered.
func (v *visit) question(d described) int {
	if n, ok := web.ReadQuery(v.r).Int("q"); ok && n >= 1 {
		return n
	}
	for i, q := range d.Questions {
		if d.Answers[q.ID] == "" {
			return i + 1
		}
	}
	return len(d.Questions) + 1
}

func answered(all []given) []given {
	return slices.DeleteFunc(all, func(g given) bool { return g.Answer == nil })
}

// others are the answers but one, for a form's hidden fields.
func (d described) others(but string) (out [][2]string) {
	for _, q := range d.Questions {
		if q.ID != but && d.Answers[q.ID] != "" {
			out = append(out, [2]string{q.ID, d.Answers[q.ID]})
		}
	}
	return out
}

func steps(at, of int) (out []string) {
	for i := 1; i <= of; i++ {
		switch {
		case i < at:
			out = append(out, "done")
		case i == at:
			out = append(out, "now")
		default:
			out = append(out, "")
		}
	}
	return out
}

func (v *visit) fit() int {
	d, err := v.described()
	if err != nil {
		return v.fail(err)
	}
	return v.show(web.Page{Name: "fit", Title: v.l.Must("toolbox.fit"), Public: true}, map[string]any{"D": d, "Given": v.given(d), "Other": d.others(""), "Rules": v.at("rules") + query(d.Rules, d.Answers), "Find": v.at("find") + query(d.Rules, d.Answers, "q", "1")},
		v.l.Must("toolbox.find.short"), v.at("find")+query(d.Rules, d.Answers, "q", "1"), v.l.Must("toolbox.fit.short"), "")
}

const sideBySide = 4

func (v *visit) compare() int {
	d, err := v.described()
	if err != nil {
		return v.fail(err)
	}
	var chosen []advised
	for _, id := range v.r.URL.Query()["m"] {
		i := slices.IndexFunc(d.All, func(a advised) bool { return a.Model.ID == id })
		if i >= 0 && len(chosen) < sideBySide && !slices.ContainsFunc(chosen, func(a advised) bool { return a.Model.ID == id }) {
			chosen = append(chosen, d.All[i])
		}
	}
	return v.show(web.Page{Name: "compare", Title: v.l.Must("toolbox.compare"), Public: true}, map[string]any{"D": d, "Chosen": chosen, "Given": answered(v.given(d)), "Other": d.others(""), "Form": web.ReadQuery(v.r)},
		v.l.Must("toolbox.fit.short"), v.at("fit")+query(d.Rules, d.Answers), v.l.Must("toolbox.compare"), "")
}

// ruleRow is a rule as the page of rules shows it.
type ruleRow struct {
	*toolbox.Rule
	When, Unless []condition
}

type condition struct {
	Question network.Text
	Answers  []string
}

func (v *visit) conditions(r *toolbox.Rules, all []toolbox.Condition) (out []condition) {
	for _, c := range all {
		q, ok := r.Question(c.Question)
		if !ok {
			continue
		}
		x := condition{Question: q.Short}
		for _, id := range c.Answers {
			if a, ok := q.Answer(id); ok {
				x.Answers = append(x.Answers, v.text(a.Text))
			}
		}
		out = append(out, x)
	}
	return out
}

// ruled is a model with its rules.
type ruled struct {
	Model words
	ID    string
	Rules []ruleRow
}

func (v *visit) rules() int {
	d, err := v.described()
	if err != nil {
		return v.fail(err)
	}
	spoke := v.given(d)
	for i := range spoke {
		for _, x := range d.Spoke(d.Answers, spoke[i].Question.ID) {
			if k := slices.IndexFunc(d.All, func(a advised) bool { return a.Model.ID == x.Model }); k >= 0 {
				spoke[i].Spoke = append(spoke[i].Spoke, spoken{x, d.All[k].Model})
			}
		}
	}
	var all []ruled
	for _, a := range d.All {
		m := ruled{Model: a.Model, ID: a.Model.ID}
		for i := range d.Rules.Rules {
			if x := &d.Rules.Rules[i]; x.Model == a.Model.ID {
				m.Rules = append(m.Rules, ruleRow{x, v.conditions(d.Rules, x.When), v.conditions(d.Rules, x.Unless)})
			}
		}
		all = append(all, m)
	}
	return v.show(web.Page{Name: "rules", Title: v.l.Must("toolbox.rules"), Public: true}, map[string]any{"D": d, "Spoke": spoke, "All": all, "Any": len(d.Answers) > 0, "Form": v.answersForm(d), "Questions": v.options(d)}, v.l.Must("toolbox.rules"), "")
}

func (v *visit) answersForm(d described) *web.Form {
	f := web.NewForm()
	for q, a := range d.Answers {
		f.Set(q, a)
	}
	return f
}

// options are the answers to each question, none first, for a page where all are chosen at once.
func (v *visit) options(d described) (out []asked) {
	for _, q := range d.Questions {
		x := asked{ID: q.ID, Label: v.text(q.Short), Options: []web.Option{{Text: v.l.Must("toolbox.unanswered")}}}
		for _, a := range q.Answers {
			x.Options = append(x.Options, web.Option{Value: a.ID, Text: v.text(a.Text)})
		}
		out = append(out, x)
	}
	return out
}

// asked is a question or an item as a field.
type asked struct {
	ID, Label string
	Words     bool
	Options   []web.Option
}

func (v *visit) rulesFile() int {
	r, err := v.toolbox.RulesInUse(v.r.Context(), v.who, v.n.ID)
	if err != nil {
		return v.fail(err)
	}
	if id := v.r.URL.Query().Get("proposed"); id != "" {
		if r.Text, err = v.toolbox.ProposedRules(v.r.Context(), v.who, v.n.ID, id); err != nil {
			return v.fail(err)
		}
	}
	h := v.w.Header()
	h.Set("Content-Type", "application/yaml; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="rules.yaml"`)
	if _, err := v.w.Write(r.Text); err != nil {
		return 200
	}
	return 200
}
