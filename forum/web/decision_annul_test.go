package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web/webtest"
)

// A decision that was recorded by mistake is taken back after one has been asked, and what it said is the draft of the next.
func TestADecisionIsTakenBackFromTheBrowser(t *testing.T) {
	s := newMeetingSite(t)
	ctx := t.Context()
	s.ok(s.forum.Arrive(ctx, s.chair, forum.Arrival{Meeting: s.going, Seat: s.seats[s.patient.Person]}))
	s.forward(time.Second)
	d := must(s.forum.Record(ctx, s.chair, forum.DecisionDraft{Item: s.item, Title: "Ersättning", Text: "Den höjs till 900 kronor.", Rationale: "Priserna.", Method: forum.ByVote, Lang: "sv",
		Votes:   map[network.SeatID]forum.Vote{s.seats[s.chair.Person]: forum.For, s.seats[s.patient.Person]: forum.Abstains},
		Effects: []forum.Effect{{Kind: forum.Procedure, Ref: "R-12", Title: "Rutin för ersättning"}}, Basis: []forum.Basis{{Title: "Prislista", URL: "https://example.org/priser"}}}))(t)
	item := "/n/se/meetings/" + string(s.going) + "/items/" + string(s.item)
	if page := s.page(s.patient, item+"?lang=sv"); strings.Contains(page, "Ta tillbaka beslutet") {
		t.Error("who doesn't run the meeting is offered to take the decision back")
	}
	form := url.Values{"do": {"annul"}, "decision": {string(d.ID)}, "version": {hidden(s.page(s.chair, item), "version")}}
	if w := s.ask(s.chair, "POST", item+"?lang=sv", form); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "<details class=\"ds-details smv-noprint\" open>") {
		t.Errorf("without a reason it answers %d: %s", w.Code, webtest.Visible(w.Body.String()))
	}
	form.Set("reason", "Fel belopp antecknades.")
	w := s.ask(s.chair, "POST", item+"?lang=sv", form)
	if text := webtest.Visible(w.Body.String()); w.Code != http.StatusOK || !strings.Contains(text, "Ta tillbaka beslutet?") || !strings.Contains(text, "Fel belopp antecknades.") || !strings.Contains(text, d.Number) {
		t.Fatalf("before it is sure it answers %d: %s", w.Code, text)
	}
	form.Set("sure", "yes")
	old := url.Values{"version": {"1"}, "do": form["do"], "decision": form["decision"], "reason": form["reason"], "sure": form["sure"]}
	if w := s.ask(s.chair, "POST", item+"?lang=sv", old); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "Fel belopp antecknades.") {
		t.Errorf("from an older version it answers %d", w.Code)
	}
	if w := s.ask(s.patient, "POST", item, form); w.Code == http.StatusSeeOther {
		t.Error("who doesn't run the meeting took the decision back")
	}
	if w := s.ask(s.chair, "POST", item, form); w.Code != http.StatusSeeOther || w.Header().Get("Location") != item {
		t.Fatalf("it answers %d: %s", w.Code, webtest.Visible(w.Body.String()))
	}
	for _, at := range []string{"/n/se/decisions/" + string(d.ID), "/n/se/decisions/" + string(d.ID) + "?format=json"} {
		if w := s.ask(s.chair, "GET", at, nil); w.Code != http.StatusNotFound {
			t.Errorf("%s answers %d", at, w.Code)
		}
	}
	for _, at := range []string{"/n/se/decisions", "/n/se/decisions?format=csv", "/n/se/decisions?format=json", "/n/se/decisions.atom", "/n/se/feed.atom", "/n/se", "/n/se/meetings/" + string(s.going)} {
		if w := s.ask(network.Actor{}, "GET", at, nil); strings.Contains(w.Body.String(), string(d.ID)) || strings.Contains(w.Body.String(), "900 kronor") {
			t.Errorf("%s shows the decision", at)
		}
	}
	page := s.page(s.chair, item+"?lang=sv")
	for _, said := range []string{"Beslut " + d.Number + " antecknades av misstag.", "Fel belopp antecknades.", "Den höjs till 900 kronor.", "Priserna.", "R-12", "https://example.org/priser", `value="Prislista"`} {
		if !strings.Contains(page, said) {
			t.Errorf("the item's page doesn't say %q", said)
		}
	}
	again := must(s.forum.Record(ctx, s.chair, forum.DecisionDraft{Item: s.item, Title: "Ersättning", Text: "Den höjs till 800 kronor.", Method: forum.ByConsensus, Lang: "sv"}))(t)
	minutes := must(s.forum.Close(ctx, s.chair, s.going, s.at(s.going)))(t)
	for lang, said := range map[string]string{"sv": "Fel belopp antecknades.", "nb": "Vedtak " + d.Number + " ble notert ved en feil.", "en": "Decision " + d.Number + " was recorded by mistake."} {
		if text := webtest.Visible(s.page(s.chair, "/n/se/minutes/"+string(minutes)+"?lang="+lang)); !strings.Contains(text, said) || !strings.Contains(text, again.Number) || strings.Contains(text, "900 kronor") {
			t.Errorf("the minutes say %s", text)
		}
	}
}

// A text that was named by its digest is named by the draft that is left when the decision is taken back: the same text, and no other.
func TestWhatADecisionPutInForceIsInItsDraft(t *testing.T) {
	s := newMeetingSite(t)
	ctx := t.Context()
	s.ok(s.forum.Arrive(ctx, s.chair, forum.Arrival{Meeting: s.going, Seat: s.seats[s.patient.Person]}))
	s.forward(time.Second)
	s.drafts = []Draft{{Effect: forum.Effect{Kind: forum.Policy, Ref: "delning-2", Digest: [32]byte{7}, Title: "Delning (delning-2)"}}, {Effect: forum.Effect{Kind: forum.FormEff, Ref: "form-3", Digest: [32]byte{9}, Title: "Blankett"}}}
	item := "/n/se/meetings/" + string(s.going) + "/items/" + string(s.item)
	d := must(s.forum.Record(ctx, s.chair, forum.DecisionDraft{Item: s.item, Title: "Delning", Text: "Reglerna gäller.", Method: forum.ByConsensus, Lang: "sv",
		Effects: []forum.Effect{s.drafts[0].Effect, {Kind: forum.Procedure, Ref: "R-12", Title: "Rutin"}, s.drafts[1].Effect}}))(t)
	form := url.Values{"do": {"annul"}, "decision": {string(d.ID)}, "version": {hidden(s.page(s.chair, item), "version")}, "reason": {"Fel."}, "sure": {"yes"}}
	if w := s.ask(s.chair, "POST", item, form); w.Code != http.StatusSeeOther {
		t.Fatalf("it answers %d", w.Code)
	}
	page := s.page(s.chair, item+"?lang=sv")
	for _, x := range s.drafts {
		if !strings.Contains(page, `value="`+namedBy(x.Effect)+`" checked`) {
			t.Errorf("%s isn't ticked", x.Ref)
		}
	}
	if strings.Contains(page, `value="delning-2"`) || !strings.Contains(page, `name="effect-ref-0"`) || !strings.Contains(page, `value="R-12"`) || strings.Contains(page, `name="effect-ref-2"`) {
		t.Error("the effects that are typed aren't those that were")
	}
	again := url.Values{"do": {"record"}, "sure": {"yes"}, "version": {hidden(page, "version")}, "title": {"Delning"}, "text": {"Reglerna gäller."}, "method": {"consensus"}, "named": {namedBy(s.drafts[0].Effect), namedBy(s.drafts[1].Effect)}}
	s.drafts[0].Digest = [32]byte{8} // somebody edits it
	if page := s.page(s.chair, item+"?lang=sv"); !strings.Contains(page, "En text som var vald har ändrats") || strings.Contains(page, `value="`+namedBy(s.drafts[0].Effect)+`" checked`) {
		t.Error("it isn't said that the text is another now")
	}
	if w := s.ask(s.chair, "POST", item, again); w.Code != http.StatusBadRequest {
		t.Errorf("the old text is decided: %d", w.Code)
	}
	s.drafts[0].Digest = [32]byte{7}
	w := s.ask(s.chair, "POST", item, again)
	if w.Code != http.StatusSeeOther {
		t.Fatalf("it answers %d: %s", w.Code, webtest.Visible(w.Body.String()))
	}
	v := must(s.forum.Decision(ctx, s.chair, forum.DecisionID(w.Header().Get("Location")[len("/n/se/decisions/"):])))(t)
	if len(v.Effects) != 2 || v.Effects[0].Digest == [32]byte{} || v.Effects[1].Digest == [32]byte{} {
		t.Errorf("the decision puts %+v in force", v.Effects)
	}
}

// What two who run a meeting do from their pages names the version that the pages showed.
func TestAgendaFormsNameTheirVersion(t *testing.T) {
	s := newMeetingSite(t)
	ctx := t.Context()
	next := must(s.forum.AddItem(ctx, s.chair, forum.Item{Meeting: s.going, Kind: forum.Report, Title: "Nästa", Minutes: 10}))(t)
	at := "/n/se/meetings/" + string(s.going)
	item := at + "/items/" + string(next)
	for _, one := range []struct {
		at   string
		form url.Values
	}{
		{at, url.Values{"do": {"remove"}, "item": {string(next)}, "version": {"1"}}},
		{at, url.Values{"do": {"reach"}, "item": {string(next)}, "version": {"1"}}},
		{item, url.Values{"do": {"reach"}, "version": {"1"}}},
		{at, url.Values{"do": {"approvers"}, "approvers": {string(s.chair.Person), string(s.patient.Person)}, "version": {"1"}}},
	} {
		if v := must(s.forum.Meeting(ctx, s.chair, s.going))(t).Items[1]; v.Version == 1 {
			s.ok(s.forum.EditItem(ctx, s.coord, forum.Item{ID: next, Version: 1, Title: "Nästa", Minutes: 10, Text: "En annan skrev."}))
		}
		if w := s.ask(s.chair, "POST", one.at+"?lang=sv", one.form); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "Någon annan har ändrat") {
			t.Errorf("%v answers %d: %s", one.form, w.Code, webtest.Visible(w.Body.String()))
		}
	}
	page := s.page(s.chair, at)
	if !strings.Contains(page, `name="item" value="`+string(next)+`"><input type="hidden" name="version" value="2">`) {
		t.Error("the agenda's forms don't name the item's version")
	}
	if w := s.ask(s.chair, "POST", item, url.Values{"do": {"reach"}, "version": {hidden(s.page(s.chair, item), "version")}}); w.Code != http.StatusSeeOther {
		t.Errorf("going to the item answers %d", w.Code)
	}
}
