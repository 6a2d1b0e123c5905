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

// inOrder puts patients' seats into the council's running meeting, so that it can decide.
func (c *council) inOrder() (chair network.Actor, at string) {
	c.t.Helper()
	chair = c.people["Karin Alm"]
	c.forward(time.Second)
	c.ok(c.forum.Arrive(c.t.Context(), chair, forum.Arrival{Meeting: c.now, Seat: c.seatOf["Hanna Berg"]}))
	c.forward(time.Second)
	return chair, "/n/se/meetings/" + string(c.now) + "/items/" + string(c.now3)
}

// about is the topic of the item that the council is at.
func (c *council) about() (id forum.TopicID) {
	c.t.Helper()
	for _, i := range must(c.forum.Meeting(c.t.Context(), c.coord, c.now))(c.t).Items {
		if i.ID == c.now3 {
			id = i.Topic
		}
	}
	return id
}

// has fails unless a page, as it is seen, says all of these.
func (c *council) has(page string, texts ...string) {
	c.t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			c.t.Errorf("the page lacks %q:\n%s", text, webtest.Visible(page))
		}
	}
}

// send posts a form and gives the page it answered with, or where it leads.
func (c *council) send(who network.Actor, at string, status int, form url.Values) string {
	c.t.Helper()
	w := c.ask(who, "POST", at, form)
	if w.Code != status {
		c.t.Fatalf("%v to %s answers %d: %s", form["do"], at, w.Code, webtest.Visible(w.Body.String()))
	}
	if status == http.StatusSeeOther {
		return w.Header().Get("Location")
	}
	return w.Body.String()
}

// TestADecisionSaysWhatItRestsOnAndLeadsTo types both in a meeting: a row more, a row that isn't whole, a draft, the decision.
func TestADecisionSaysWhatItRestsOnAndLeadsTo(t *testing.T) {
	c := newCouncil(t)
	chair, at := c.inOrder()
	topic := c.about()
	study := must(c.forum.AddEvidence(t.Context(), chair, topic, forum.Citing{Ref: "10.1000/182", Title: "Vad resor kostar patienter", Level: "synthesis"}))(t)
	page := c.page(chair, at+"?lang=sv")
	c.has(page, "Vad resor kostar patienter", "Systematisk översikt", `name="effect-kind-0"`, `name="basis-ref-0"`)
	if strings.Contains(page, `name="effect-kind-1"`) {
		t.Error("there is more than one empty row")
	}
	form := url.Values{"do": {"more-effect"}, "version": {hidden(page, "version")}, "title": {"Ersättning"}, "text": {"Patientföreträdare får ersättning."}, "method": {"consensus"}, "visibility": {"public"},
		"evidence": {string(study)}, "basis-title-0": {"Beräkning 118"}, "basis-ref-0": {"https://example.org/118"},
		"effect-kind-0": {"procedure"}, "effect-title-0": {"Så betalas ersättning"}, "effect-ref-0": {""}}
	for _, in := range must(c.forum.Inputs(t.Context(), chair, topic))(t) {
		form.Set("fate-"+string(in.ID), "adopted")
		form.Set("why-"+string(in.ID), "Står i bilagan.")
		form.Set("of-"+string(in.ID), "1")
	}
	c.has(c.send(chair, at, http.StatusOK, form), `name="effect-kind-2"`, "Så betalas ersättning", "Patientföreträdare får ersättning.", `value="`+string(study)+`" checked`)

	form.Set("do", "record")
	form.Set("sure", "yes")
	c.has(c.send(chair, at+"?lang=sv", http.StatusBadRequest, form), `href="#effect-ref-0"`, "Fyll i det här", "Så betalas ersättning")
	form.Set("effect-ref-0", "R-7")
	form.Set("basis-ref-0", "javascript:alert(1)")
	c.has(c.send(chair, at+"?lang=sv", http.StatusBadRequest, form), "Skriv en DOI")
	form.Set("basis-ref-0", "https://example.org/118")
	form["effect-kind-1"], form["effect-title-1"], form["effect-ref-1"] = []string{"procedure"}, []string{"Igen"}, []string{"R-7"}
	c.has(c.send(chair, at+"?lang=sv", http.StatusBadRequest, form), "Samma beteckning")
	form.Set("effect-kind-1", "measure")
	form.Set("effect-title-1", "Utbilda 60 laboratoriegenetiker")
	form.Set("effect-ref-1", "https://example.org/plan")

	form.Set("do", "draft")
	c.send(chair, at, http.StatusSeeOther, form)
	page = c.page(chair, at)
	c.has(page, `value="R-7"`, "Utbilda 60 laboratoriegenetiker", `value="`+string(study)+`" checked`)
	form.Set("effect-title-1", "Något annat")
	c.has(c.send(c.coord, at, http.StatusConflict, form), "Något annat", "Utbilda 60 laboratoriegenetiker")
	form.Set("effect-title-1", "Utbilda 60 laboratoriegenetiker")
	form.Set("do", "record")
	form.Set("sure", "yes")
	form.Set("version", hidden(page, "version"))
	to := c.send(chair, at, http.StatusSeeOther, form)
	for lang, kind := range map[string]string{"sv": "Rutin", "nb": "Prosedyre", "en": "Procedure"} {
		page = c.page(network.Actor{}, to+"?lang="+lang)
		c.has(page, kind, "Så betalas ersättning", "R-7", `href="https://example.org/plan"`, `href="https://doi.org/10.1000/182"`, `href="https://example.org/118"`, "Beräkning 118")
		if left := webtest.Leftovers(webtest.Visible(page)); len(left) > 0 {
			t.Errorf("in %s: %v", lang, left)
		}
	}
	if page := c.page(chair, at); strings.Contains(page, "effect-kind-0") {
		t.Error("what was decided can be edited")
	}
	c.send(chair, at, http.StatusConflict, form)
}

// TestACirculationSaysWhatItRestsOnAndLeadsTo sends both out with the proposal.
func TestACirculationSaysWhatItRestsOnAndLeadsTo(t *testing.T) {
	c := newCouncil(t)
	chair, maja := c.people["Karin Alm"], c.people["Maja Lindqvist"]
	topic, _ := c.prepared("Lokaler")
	must(c.forum.AddEvidence(t.Context(), chair, topic, forum.Citing{Ref: "10.1000/182", Title: "Hyran", Level: "expert"}))(t)
	at := "/n/se/circulations/new"
	page := c.page(chair, at+"?body="+string(c.body)+"&topic="+string(topic))
	c.has(page, "Hyran", `name="effect-title-0"`)
	study := must(c.forum.View(t.Context(), chair, c.root, topic))(t).Evidence[0].ID
	form := url.Values{"do": {"more-basis"}, "body": {string(c.body)}, "topic": {string(topic)}, "title": {"Lokaler"}, "text": {"Kansliet flyttar."}, "deadline": {c.Now().AddDate(0, 0, 9).Format(time.DateOnly)},
		"approvers": {string(chair.Person), string(maja.Person)}, "evidence": {string(study)}, "effect-kind-0": {"activity"}, "effect-title-0": {"Flyttdag"}, "effect-ref-0": {"F-1"}}
	c.has(c.send(chair, at, http.StatusOK, form), `name="basis-title-1"`, "Flyttdag")
	form.Set("do", "send")
	form.Set("effect-title-0", "")
	c.has(c.send(chair, at, http.StatusBadRequest, form), `href="#effect-title-0"`, "Kansliet flyttar.")
	form.Set("effect-title-0", "Flyttdag")
	page = c.page(maja, c.send(chair, at, http.StatusSeeOther, form))
	c.has(page, "Flyttdag", "Hyran", `href="https://doi.org/10.1000/182"`)
}

// TestADraftIsShownToNoMoreThanItsItem holds that a draft which was for everybody, of an item that came to be the group's own,
// is offered and recorded for the group.
func TestADraftIsShownToNoMoreThanItsItem(t *testing.T) {
	c := newCouncil(t)
	chair, at := c.inOrder()
	ctx := t.Context()
	form := url.Values{"do": {"draft"}, "version": {hidden(c.page(chair, at), "version")}, "title": {"Ersättning"}, "text": {"Patientföreträdare får ersättning."}, "method": {"consensus"}, "visibility": {"public"}}
	for _, in := range must(c.forum.Inputs(ctx, chair, c.about()))(t) {
		form.Set("fate-"+string(in.ID), "adopted")
		form.Set("why-"+string(in.ID), "Ja.")
		form.Set("of-"+string(in.ID), "1")
	}
	c.send(chair, at, http.StatusSeeOther, form)
	c.has(c.page(chair, at), `value="public" selected`)
	topic := must(c.forum.Topic(ctx, chair, c.about()))(t)
	c.ok(c.forum.EditTopic(ctx, chair, topic.ID, forum.TopicEdit{Version: topic.Version, Title: topic.Title, Text: topic.Text, Lang: topic.Lang, Facets: topic.Facets, Visibility: network.BodyOnly}))
	page := c.page(chair, at)
	_, offered, _ := strings.Cut(page, `name="visibility"`)
	offered, _, _ = strings.Cut(offered, "</select>")
	if strings.Contains(offered, "public") || strings.Contains(offered, "network") || !strings.Contains(offered, `value="body" selected`) {
		t.Errorf("offered is %s", offered)
	}
	form.Set("do", "record")
	form.Set("sure", "yes")
	form.Set("version", hidden(page, "version"))
	to := c.send(chair, at, http.StatusSeeOther, form)
	if w := c.ask(network.Actor{}, "GET", to, nil); w.Code != http.StatusNotFound {
		t.Errorf("the decision about the group's own topic answers the public %d", w.Code)
	}
}

// TestAFormThatFailsKeepsTheVersionItBeganFrom holds that what somebody else saved meanwhile isn't lost after a mistake in a form.
func TestAFormThatFailsKeepsTheVersionItBeganFrom(t *testing.T) {
	c := newCouncil(t)
	chair, at := c.inOrder()
	began := hidden(c.page(chair, at), "version")
	theirs := url.Values{"do": {"draft"}, "version": {began}, "title": {"Ersättning"}, "text": {"Det som någon annan skrev."}, "method": {"consensus"}, "visibility": {"public"}}
	c.send(c.coord, at, http.StatusSeeOther, theirs)
	mine := url.Values{"do": {"record"}, "version": {began}, "title": {"Ersättning"}, "text": {"Mitt eget."}, "method": {"consensus"}, "visibility": {"public"}, "review": {"i morgon"}}
	for _, do := range []string{"record", "more-effect"} {
		mine.Set("do", do)
		page := c.ask(chair, "POST", at, mine).Body.String()
		if got := hidden(page, "version"); got != began {
			t.Errorf("after %q the form's version is %q and began as %q", do, got, began)
		}
	}
	mine.Set("do", "draft")
	c.has(c.send(chair, at, http.StatusConflict, mine), "Det som någon annan skrev.", "Mitt eget.")
	c.has(c.send(chair, at, http.StatusBadRequest, url.Values{"do": {"recuse"}, "person": {string(chair.Person)}, "why": {""}}), "Det som någon annan skrev.")
}
