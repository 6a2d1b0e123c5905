package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web/webtest"
)

// Who is to approve minutes and left is replaced on their page, and a redacted name is a word for it.
func TestAnApproverIsReplacedOnThePage(t *testing.T) {
	s := newMeetingSite(t)
	ctx, at := t.Context(), "/n/se/minutes/"+string(s.minutes)
	v := must(s.forum.Minutes(ctx, s.coord, s.minutes))(t)
	signed := s.chair
	left := v.Approvers[0].Person
	if left == signed.Person {
		left = v.Approvers[1].Person
	}
	next := s.plain.Person
	for _, seat := range must(s.forum.Meeting(ctx, s.coord, v.Meeting))(t).Seats {
		if seat.Person == "" {
			must(s.network.Give(ctx, s.coord, network.Term{Seat: seat.ID, Person: next}))(t)
			break
		}
	}
	form := url.Values{"do": {"replace"}, "version": {strconv.FormatInt(v.Version, 10)}, "old": {string(left)}, "new": {string(left)}, "why": {"Har lämnat gruppen."}}
	for _, lang := range []string{"sv", "nb", "en"} {
		w := s.ask(s.coord, "POST", at+"?lang="+lang, form)
		text := webtest.Visible(w.Body.String())
		if found := webtest.Leftovers(text); w.Code != http.StatusBadRequest || len(found) > 0 || !strings.Contains(w.Body.String(), "Har lämnat gruppen.") {
			t.Errorf("somebody in their own place answers %d in %s: %v", w.Code, lang, found)
		}
	}
	form.Set("new", string(next))
	if w := s.ask(s.away, "POST", at, form); w.Code != http.StatusNotFound {
		t.Errorf("a member of the public answers %d", w.Code)
	}
	if w := s.ask(s.coord, "POST", at, form); w.Code != http.StatusSeeOther {
		t.Fatalf("replacing answers %d: %s", w.Code, webtest.Visible(w.Body.String()))
	}
	found := false
	for _, a := range must(s.forum.Minutes(ctx, s.coord, s.minutes))(t).Approvers {
		found = found || a.Person == next
	}
	if !found {
		t.Error("the place is not taken")
	}
}

func TestARedactedApproverIsAWord(t *testing.T) {
	s := newMeetingSite(t)
	ctx := t.Context()
	v := must(s.forum.Minutes(ctx, s.coord, s.sealed))(t)
	name := s.names[s.patient.Person]
	for _, part := range v.Parts {
		if part.Text == name {
			s.ok(s.forum.Redact(ctx, s.coord, s.sealed, part.Name, "På begäran."))
		}
	}
	for _, path := range []string{"/minutes/" + string(s.sealed), "/meetings/" + string(v.Meeting), "/decisions/" + string(v.Protocol.Items[0].Decisions[0].ID)} {
		for _, who := range []network.Actor{{}, s.coord} {
			text := webtest.Visible(s.ask(who, "GET", "/n/se"+path, nil).Body.String())
			if strings.Contains(text, name) {
				t.Errorf("%s shows %q the name:\n%s", path, s.names[who.Person], text)
			}
			if strings.HasPrefix(path, "/minutes") && strings.Count(text, "(name removed)") < 2 {
				t.Errorf("%s doesn't say that a name is gone:\n%s", path, text)
			}
		}
	}
}
