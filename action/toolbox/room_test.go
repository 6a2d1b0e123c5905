package toolbox

import (
	"strings"
	"testing"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// TestTheRoom goes through what the room does, one thing after another over one database of each kind: opening one takes longer than all of it.
func TestTheRoom(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := open(t, dsn, 9)
		for _, one := range []struct {
			name string
			test func(*testing.T, *world)
		}{{"a round from question to topic", fromQuestionToTopic}, {"a proposal is reviewed by another", reviewedByAnother}, {"choosing sets up", choosingSetsUp}, {"answers are never linkable", neverLinkable}} {
			t.Run(one.name, func(t *testing.T) { w.t = t; one.test(t, w) })
		}
	})
}

// A model is proposed by anybody registered, and comes into the catalogue by another's review, in versions.
func reviewedByAnother(t *testing.T, w *world) {
	lines := []string{"Én ting.", "", " En til. "}
	words := Words{Name: "Folkeråd", Short: "Mange møtes en dag.", What: "Et tilfeldig utvalg møtes.", Fits: lines, Pitfalls: lines, Steps: lines, Costs: lines, Evaluate: lines}
	in := Proposing{ID: "assembly", Lang: "nb", Words: words, Sources: []Source{{Title: "Egen erfaring"}}}
	_, err := w.Propose(w.ctx, w.other, w.root, in)
	w.is(fault.NotFound, err)
	bare := in
	bare.Sources = nil
	_, err = w.Propose(w.ctx, w.plain, w.root, bare)
	w.is(fault.Invalid, err)
	taken := in
	taken.ID = "epag"
	_, err = w.Propose(w.ctx, w.plain, w.root, taken)
	w.is(fault.Conflict, err)
	mine := got(w.Propose(w.ctx, w.coord, w.root, in))(t)
	w.is(fault.Denied, w.Review(w.ctx, w.coord, w.root, mine, true, ""))
	w.is(fault.Invalid, w.Review(w.ctx, w.second, w.root, mine, false, ""))
	w.ok(w.Review(w.ctx, w.second, w.root, mine, false, "Si mer."))
	w.is(fault.Conflict, w.Review(w.ctx, w.second, w.root, mine, true, ""))

	id := got(w.Propose(w.ctx, w.plain, w.root, in))(t)
	w.is(fault.Denied, w.Review(w.ctx, w.plain, w.root, id, true, ""))
	w.ok(w.Review(w.ctx, w.coord, w.root, id, true, "Takk."))
	v := got(w.ModelView(w.ctx, network.Actor{}, w.root, "assembly", 0))(t)
	if v.Version != 1 || v.In["nb"].Fits[1] != "En til." || len(v.In["nb"].Fits) != 2 {
		t.Errorf("%+v", v.Entry)
	}
	id = got(w.Propose(w.ctx, w.plain, w.root, Proposing{Model: "epag", Lang: "en", Words: words, Sources: v.Sources}))(t)
	w.ok(w.Review(w.ctx, w.coord, w.root, id, true, ""))
	now, then := got(w.ModelView(w.ctx, w.plain, w.root, "epag", 0))(t), got(w.ModelView(w.ctx, w.plain, w.root, "epag", 1))(t)
	if now.Version != 2 || now.In["en"].Name != "Folkeråd" || now.In["sv"].Name == "Folkeråd" || then.In["en"].Name == "Folkeråd" || !then.Shipped {
		t.Errorf("%v %v", now.In["en"].Name, then.In["en"].Name)
	}
	if all := got(w.Catalogue(w.ctx, network.Actor{}, w.root))(t); len(all) != 8 {
		t.Errorf("%d models", len(all))
	}
	if strings.Contains(Shipped()[3].In["en"].Name, "Folkeråd") {
		t.Error("what is shipped was changed")
	}
}

// Rules of a tenant's own come in use by another's hand, and are the tenant's only.
func TestRulesComeInUseByAnother(t *testing.T) {
	w := open(t, testkit.SQLite(t), 2)
	_, err := w.ProposeRules(w.ctx, w.coord, w.root, []byte("format: x"))
	w.is(fault.Invalid, err)
	_, err = w.ProposeRules(w.ctx, w.plain, w.root, []byte(small))
	w.is(fault.Denied, err)
	id := got(w.ProposeRules(w.ctx, w.coord, w.root, []byte(small)))(t)
	w.is(fault.Denied, w.UseRules(w.ctx, w.coord, w.root, id))
	w.is(fault.NotFound, w.UseRules(w.ctx, w.plain, w.root, id))
	if r := got(w.RulesInUse(w.ctx, w.second, w.root))(t); r.Version != 0 || len(r.Waiting) != 1 {
		t.Errorf("%+v", r.Waiting)
	}
	w.ok(w.UseRules(w.ctx, w.second, w.root, id))
	if r := got(w.RulesInUse(w.ctx, network.Actor{}, w.root))(t); r.Version != 1 || len(r.Models) != 3 {
		t.Errorf("%+v", r)
	}
}

// Choosing suggests; the network's coordinators make, each part once, and the rest follows from the model.
func choosingSetsUp(t *testing.T, w *world) {
	in := Setup{Network: w.root, Model: "working-pair", Name: "Prosedyregruppen"}
	_, err := w.Choose(w.ctx, w.other, in)
	w.is(fault.NotFound, err)
	id := got(w.Choose(w.ctx, w.plain, in))(t)
	w.is(fault.Denied, w.Make(w.ctx, w.plain, w.root, id, Making{Part: BodyPart}))
	w.ok(w.Make(w.ctx, w.coord, w.root, id, Making{Part: BodyPart}))
	w.is(fault.Conflict, w.Make(w.ctx, w.coord, w.root, id, Making{Part: BodyPart}))
	w.ok(w.Make(w.ctx, w.coord, w.root, id, Making{Part: SeatsPart}))
	w.is(fault.Invalid, w.Make(w.ctx, w.coord, w.root, id, Making{Part: AgreementPart, Title: "Avtale", Text: "…"}))
	w.ok(w.Decline(w.ctx, w.coord, w.root, id, AgreementPart))
	w.ok(w.Make(w.ctx, w.coord, w.root, id, Making{Part: EvaluationPart}))
	v := got(w.Setup(w.ctx, w.plain, w.root, id))(t)
	body, _ := v.Part(BodyPart)
	w.ok(w.network.Look(w.ctx, w.coord, func(tx *storage.Tx, a network.Access) error {
		seats, err := w.network.SeatsAt(w.ctx, tx, network.BodyID(body.Ref), storage.Micros(w.now))
		if err == nil && len(seats) != 6 {
			t.Errorf("%d seats", len(seats))
		}
		return err
	}))
	e, _ := v.Part(EvaluationPart)
	g := got(w.GroupView(w.ctx, w.coord, w.root, e.Ref))(t)
	if g.Evaluate.With != "gripp2" || !g.Next.Equal(w.now.AddDate(0, 3, 0)) || g.Body != network.BodyID(body.Ref) {
		t.Errorf("%+v", g.Group)
	}
	words := func(SetupView) Raising { return Raising{"Skal vi?", "Slik.", "Måten"} }
	topic := got(w.RaiseSetup(w.ctx, w.plain, w.root, id, words))(t)
	if again := got(w.RaiseSetup(w.ctx, w.coord, w.root, id, words))(t); again != topic || topic == "" {
		t.Error("pressed twice, there are two topics")
	}
	if all := got(w.Setups(w.ctx, w.other, w.root, 10))(t); len(all) != 0 {
		t.Error("another tenant sees it")
	}
}
