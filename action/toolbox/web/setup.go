package web

import (
	"fmt"
	"slices"
	"strings"

	"github.com/samverk/samverk/action/toolbox"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web"
)

// networks are those of the tenant that a group can be in.
func (v *visit) networks() (out []web.Option) {
	for _, n := range v.network.Tree().Down(v.n.ID) {
		if n.Closed.IsZero() {
			out = append(out, web.Option{Value: string(n.ID), Text: v.text(n.Name)})
		}
	}
	return out
}

func (v *visit) models() (out []web.Option, err error) {
	all, err := v.catalogue()
	for _, w := range all {
		out = append(out, web.Option{Value: w.ID, Text: w.Words.Name, Help: w.Words.Short})
	}
	return out, err
}

func (v *visit) chooseForm() int {
	return v.registered(func() int {
		return v.chooseWith(web.NewForm("model", v.r.URL.Query().Get("model"), "network", string(v.n.ID), "lang", v.languageOf()))
	})
}

func (v *visit) chooseWith(f *web.Form) int {
	models, err := v.models()
	if err != nil {
		return v.fail(err)
	}
	return v.show(web.Page{Name: "choose", Title: v.l.Must("toolbox.choose"), Form: f}, map[string]any{"Form": f, "Models": models, "Networks": v.networks(), "Langs": v.langs(), "Action": v.at("choose")}, v.l.Must("toolbox.choose"), "")
}

func (v *visit) choose() int {
	f := v.form
	id, err := v.toolbox.Choose(v.r.Context(), v.who, toolbox.Setup{Network: network.ID(f.Get("network")), Model: f.Get("model"), Name: f.Get("name"), Lang: f.Get("lang")})
	if err != nil {
		if !f.Fault(v.l, err) {
			return v.fail(err)
		}
		return v.chooseWith(f)
	}
	return web.SeeOther(v.w, v.r, v.at("setups/"+id))
}

// partShown is a part of a setup as its page shows it.
type partShown struct {
	toolbox.SetupPart
	Says   []string // what is suggested
	Link   string   // to what was made
	Do     string   // the button's text; "" for none
	Bodies []web.Option
	Orgs   []web.Option
	Colour string
}

func (v *visit) setup() int { return v.setupWith(nil) }

func (v *visit) setupWith(f *web.Form) int {
	s, err := v.toolbox.Setup(v.r.Context(), v.who, v.n.ID, v.r.PathValue("setup"))
	if err != nil {
		return v.fail(err)
	}
	if f == nil {
		f = web.NewForm()
	}
	w := v.words(s.Entry)
	var all []partShown
	for _, p := range s.Parts {
		one, err := v.part(s, w, p)
		if err != nil {
			return v.fail(err)
		}
		all = append(all, one)
	}
	s.At = s.At.In(v.zone())
	data := map[string]any{"S": s, "M": w, "Parts": all, "Form": f, "Here": v.r.URL.Path, "Events": v.events(s.History)}
	if s.Topic != "" {
		data["Topic"] = "/n/" + v.n.Slug + "/topics/" + string(s.Topic)
	}
	return v.show(web.Page{Name: "setup", Title: s.Name, Form: f}, data, s.Name, "")
}

func (v *visit) part(s toolbox.SetupView, w words, p toolbox.SetupPart) (out partShown, err error) {
	out = partShown{SetupPart: p, Colour: map[toolbox.PartState]string{toolbox.Suggested: "info", toolbox.Made: "success", toolbox.NotWanted: "neutral"}[p.State]}
	out.At = p.At.In(v.zone())
	up, made := s.Entry.SetsUp, p.State == toolbox.Made
	home := "/n/" + v.n.Slug + "/"
	switch p.Part {
	case toolbox.BodyPart:
		out.Says = []string{v.l.Must("toolbox.body."+string(up.Body.Kind)) + ", " + v.l.Must("toolbox.mandate."+string(up.Body.Mandate))}
		if made {
			out.Link = home + "bodies/" + p.Ref
		}
	case toolbox.SeatsPart:
		for _, x := range up.Seats {
			out.Says = append(out.Says, v.l.Must("toolbox.seat", x.Count, v.l.Must("toolbox.role."+string(x.Role)), v.l.Must("sector."+string(x.Sector))))
		}
		if made {
			out.Link = home + "bodies/" + p.Ref
		} else if out.Bodies, err = v.bodies(s); err != nil {
			return out, err
		}
	case toolbox.AgreementPart:
		out.Says = []string{v.l.Must("toolbox.agreement." + string(up.Agreement))}
		if made {
			out.Link = home + "agreements/" + p.Ref
		} else if out.Orgs, err = v.organisations(); err != nil {
			return out, err
		}
	case toolbox.RatesPart:
		out.Says, out.Link = w.Words.Costs, home+"rates"
	case toolbox.TrainingPart:
		out.Says = w.Words.Training
		if v.table.Has("GET", home+"learning") {
			out.Link = home + "learning"
		}
	case toolbox.EvaluationPart:
		out.Says = []string{v.l.Must("toolbox.evaluation", v.text(v.instrument(up.Evaluate.With)), up.Evaluate.After, up.Evaluate.Every)}
		if made {
			out.Link = v.at("groups/" + p.Ref)
		} else if out.Bodies, err = v.bodies(s); err != nil {
			return out, err
		}
	}
	if s.Makes && p.State == toolbox.Suggested {
		out.Do = v.l.Must("toolbox.make." + string(p.Part))
	}
	return out, nil
}

// bodies are those of the setup's network, where none was made for it.
func (v *visit) bodies(s toolbox.SetupView) (out []web.Option, err error) {
	if b, ok := s.Part(toolbox.BodyPart); ok && b.State == toolbox.Made {
		return nil, nil
	}
	err = v.network.Look(v.r.Context(), v.who, func(tx *storage.Tx, a network.Access) error {
		all, err := v.network.Bodies(v.r.Context(), tx, a, v.n.ID, s.Network)
		for _, b := range all {
			if b.Network == s.Network && b.Closed.IsZero() && b.Kind != network.Secretariat {
				out = append(out, web.Option{Value: string(b.ID), Text: v.text(b.Name)})
			}
		}
		return err
	})
	return out, err
}

func (v *visit) organisations() (out []web.Option, err error) {
	err = v.network.Look(v.r.Context(), v.who, func(tx *storage.Tx, _ network.Access) error {
		all, err := v.network.Organisations(v.r.Context(), tx, v.n.ID)
		for _, o := range all {
			if o.Closed.IsZero() {
				out = append(out, web.Option{Value: string(o.ID), Text: v.text(o.Name)})
			}
		}
		return err
	})
	slices.SortFunc(out, func(a, b web.Option) int { return strings.Compare(a.Text, b.Text) })
	return out, err
}

// inTheirs are the messages in the language that something is written in.
func (v *visit) inTheirs(code string) *web.Words {
	if l := v.pages.In(code); l != nil {
		return l
	}
	return v.l
}

func (v *visit) setupDo() int {
	id, f, ctx := v.r.PathValue("setup"), v.form, v.r.Context()
	var err error
	switch part := toolbox.Part(f.Get("part")); f.Get("do") {
	case "make":
		making := toolbox.Making{Part: part, Body: network.BodyID(f.Get("body-" + string(part))), Party: network.OrganisationID(f.Get("party"))}
		if part == toolbox.AgreementPart {
			s, err := v.toolbox.Setup(ctx, v.who, v.n.ID, id)
			if err != nil {
				return v.fail(err)
			}
			making.Title, making.Text = v.agreement(s)
		}
		err = v.toolbox.Make(ctx, v.who, v.n.ID, id, making)
	case "decline":
		err = v.toolbox.Decline(ctx, v.who, v.n.ID, id, part)
	case "raise":
		topic, e := v.toolbox.RaiseSetup(ctx, v.who, v.n.ID, id, v.raisedSetup)
		if e == nil {
			return web.SeeOther(v.w, v.r, "/n/"+v.n.Slug+"/topics/"+string(topic))
		}
		err = e
	default:
		err = fault.New(fault.Invalid, "there is no such button").Say("toolbox.choose")
	}
	if err != nil {
		if !f.Fault(v.l, err) {
			return v.fail(err)
		}
		return v.setupWith(f)
	}
	return web.SeeOther(v.w, v.r, v.at("setups/"+id))
}

// agreement is the draft of an agreement, from the model's own words.
func (v *visit) agreement(s toolbox.SetupView) (title, text string) {
	l := v.inTheirs(s.Lang)
	w, _ := s.Entry.Model.Words(s.Lang)
	lines := func(key string, all []string) string {
		return "**" + l.Must(key) + "**\n\n- " + strings.Join(all, "\n- ") + "\n\n"
	}
	return l.Must("toolbox.agreement.title", s.Name), l.Must("toolbox.agreement.draft", w.Name) + "\n\n" + w.What + "\n\n" + lines("toolbox.model.steps", w.Steps) + lines("toolbox.model.costs", w.Costs) + lines("toolbox.model.evaluate", w.Evaluate)
}

func (v *visit) raisedSetup(s toolbox.SetupView) toolbox.Raising {
	n, _ := v.network.Tree().Network(s.Network)
	l := v.inTheirs(n.Lang)
	w, _ := s.Entry.Model.Words(n.Lang)
	return toolbox.Raising{Title: l.Must("toolbox.raise.setup", s.Name, w.Name), Evidence: w.Name,
		Text: l.Must("toolbox.raise.setup.text", w.Name, w.Short) + "\n\n- " + strings.Join(w.Fits, "\n- ") + "\n\n" + l.Must("toolbox.raise.against") + "\n\n- " + strings.Join(w.Pitfalls, "\n- ") +
			fmt.Sprintf("\n\n[%s](%s)", l.Must("toolbox.raise.page"), v.at("setups/"+s.ID))}
}
