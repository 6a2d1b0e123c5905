package web

import (
	"errors"
	"strings"

	"github.com/samverk/samverk/action/toolbox"
	"github.com/samverk/samverk/web"
)

// listed are the parts of a model that are lists, in the order they are shown and typed.
var listed = []string{"fits", "pitfalls", "steps", "costs", "evaluate", "examples", "training"}

// Lists gives a model's lists in their order, each with the message that heads it.
func (w words) Lists() (out []list) {
	of := map[string][]string{"fits": w.Words.Fits, "pitfalls": w.Words.Pitfalls, "steps": w.Words.Steps, "costs": w.Words.Costs, "evaluate": w.Words.Evaluate, "examples": w.Words.Examples, "training": w.Words.Training}
	for _, name := range listed {
		if len(of[name]) > 0 {
			out = append(out, list{"toolbox.model." + name, name == "steps", of[name]})
		}
	}
	return out
}

type list struct {
	Key     string
	Ordered bool
	Lines   []string
}

func (v *visit) newForm() int {
	return v.registered(func() int { return v.proposeForm(web.NewForm("lang", v.languageOf()), "") })
}

func (v *visit) editForm() int {
	return v.registered(func() int {
		m, err := v.toolbox.ModelView(v.r.Context(), v.who, v.n.ID, v.r.PathValue("model"), 0)
		if err != nil {
			return v.fail(err)
		}
		w := v.words(m.Entry)
		f := web.NewForm("lang", w.Lang, "name", w.Words.Name, "short", w.Words.Short, "what", w.Words.What)
		for _, l := range w.Lists() {
			f.Set(strings.TrimPrefix(l.Key, "toolbox.model."), strings.Join(l.Lines, "\n"))
		}
		var sources []string
		for _, s := range m.Sources {
			sources = append(sources, s.Title)
		}
		f.Set("sources", strings.Join(sources, "\n"))
		return v.proposeForm(f, m.ID)
	})
}

func (v *visit) proposeForm(f *web.Form, model string) int {
	title := v.l.Must("toolbox.propose")
	if model != "" {
		title = v.l.Must("toolbox.propose.edit")
	}
	return v.show(web.Page{Name: "propose", Title: title, Form: f}, map[string]any{"Form": f, "Model": model, "Lists": listed, "Langs": v.langs(), "Action": v.r.URL.Path}, title, "")
}

func (v *visit) propose() int {
	f, model := v.form, v.r.PathValue("model")
	lines := func(name string) []string { return strings.Split(f.Get(name), "\n") }
	in := toolbox.Proposing{Model: model, ID: f.Get("id"), Lang: f.Get("lang"), Why: f.Get("why"), Words: toolbox.Words{Name: f.Get("name"), Short: f.Get("short"), What: f.Get("what"),
		Fits: lines("fits"), Pitfalls: lines("pitfalls"), Steps: lines("steps"), Costs: lines("costs"), Evaluate: lines("evaluate"), Examples: lines("examples"), Training: lines("training")}}
	for _, s := range lines("sources") {
		in.Sources = append(in.Sources, v.source(model, strings.TrimSpace(s)))
	}
	id, err := v.toolbox.Propose(v.r.Context(), v.who, v.n.ID, in)
	if err != nil {
		if !v.form.Fault(v.l, err) {
			return v.fail(err)
		}
		return v.proposeForm(f, model)
	}
	return web.SeeOther(v.w, v.r, v.at("proposals/"+id))
}

// source keeps what is known of a source that the model has already.
func (v *visit) source(model, title string) toolbox.Source {
	if m, err := v.toolbox.ModelView(v.r.Context(), v.who, v.n.ID, model, 0); model != "" && err == nil {
		for _, s := range m.Sources {
			if s.Title == title {
				return s
			}
		}
	}
	return toolbox.Source{Title: title}
}

// proposed is a proposal as a page shows it.
type proposed struct {
	toolbox.Proposal
	W      words
	Link   string
	Colour string
}

func (v *visit) proposed(p toolbox.Proposal) proposed {
	content := p.Content
	w := words{Entry: toolbox.Entry{Model: &content, Version: p.Version}, Words: content.In[p.Lang], Lang: p.Lang}
	p.At, p.Reviewed = p.At.In(v.zone()), p.Reviewed.In(v.zone())
	return proposed{p, w, v.at("proposals/" + p.ID), map[toolbox.State]string{toolbox.Proposed: "info", toolbox.Accepted: "success", toolbox.Returned: "warning"}[p.State]}
}

func (v *visit) proposals() int {
	all, review, err := v.toolbox.Proposals(v.r.Context(), v.who, v.n.ID)
	if err != nil {
		return v.fail(err)
	}
	out := make([]proposed, len(all))
	for i, p := range all {
		out[i] = v.proposed(p)
	}
	return v.page("proposals", v.l.Must("toolbox.proposals"), map[string]any{"All": out, "Review": review}, v.l.Must("toolbox.proposals"), "")
}

func (v *visit) proposal() int { return v.proposalWith(nil) }

func (v *visit) proposalWith(f *web.Form) int {
	p, review, err := v.toolbox.Proposal(v.r.Context(), v.who, v.n.ID, v.r.PathValue("proposal"))
	if err != nil {
		return v.fail(err)
	}
	one := v.proposed(p)
	if f == nil {
		f = web.NewForm()
	}
	return v.show(web.Page{Name: "proposal", Title: one.W.Words.Name, Form: f}, map[string]any{"P": one, "Review": review, "Form": f, "Here": v.r.URL.Path}, v.l.Must("toolbox.proposals"), v.at("proposals"), one.W.Words.Name, "")
}

func (v *visit) review() int {
	id := v.r.PathValue("proposal")
	err := v.toolbox.Review(v.r.Context(), v.who, v.n.ID, id, v.form.Get("do") == "accept", v.form.Get("answer"))
	if err != nil {
		if !v.form.Fault(v.l, err) {
			return v.fail(err)
		}
		return v.proposalWith(v.form)
	}
	return web.SeeOther(v.w, v.r, v.at("proposals/"+id))
}

func (v *visit) checkForm() int {
	return v.registered(func() int {
		r, err := v.toolbox.RulesInUse(v.r.Context(), v.who, v.n.ID)
		if err != nil {
			return v.fail(err)
		}
		text := r.Text
		if id := v.r.URL.Query().Get("proposed"); id != "" {
			if text, err = v.toolbox.ProposedRules(v.r.Context(), v.who, v.n.ID, id); err != nil {
				return v.fail(err)
			}
		}
		return v.checked(web.NewForm("rules", string(text)), r, false)
	})
}

// checked shows a file of rules with what can be said of it.
func (v *visit) checked(f *web.Form, r toolbox.RulesInUse, tried bool) int {
	data := map[string]any{"Form": f, "R": r, "Tried": tried, "Here": v.at("rules/check")}
	if tried {
		parsed, err := toolbox.ParseRules([]byte(f.Raw("rules")))
		var problems toolbox.Problems
		if errors.As(err, &problems) {
			data["Problems"] = problems
		} else if err == nil {
			c := parsed.Check()
			data["Check"], data["Clean"] = c, len(c.Findings) == 0
		}
	}
	return v.show(web.Page{Name: "check", Title: v.l.Must("toolbox.check"), Form: f}, data, v.l.Must("toolbox.rules"), v.at("rules"), v.l.Must("toolbox.check"), "")
}

func (v *visit) check() int {
	return v.registered(func() int {
		r, err := v.toolbox.RulesInUse(v.r.Context(), v.who, v.n.ID)
		if err != nil {
			return v.fail(err)
		}
		if v.form.Get("do") != "propose" {
			return v.checked(v.form, r, true)
		}
		if _, err := v.toolbox.ProposeRules(v.r.Context(), v.who, v.n.ID, []byte(v.form.Raw("rules"))); err != nil {
			if !v.form.Fault(v.l, err) {
				return v.fail(err)
			}
			return v.checked(v.form, r, true)
		}
		return web.SeeOther(v.w, v.r, v.at("rules/check"))
	})
}

func (v *visit) use() int {
	if err := v.toolbox.UseRules(v.r.Context(), v.who, v.n.ID, v.form.Get("rules")); err != nil {
		return v.fail(err)
	}
	return web.SeeOther(v.w, v.r, v.at("rules"))
}
