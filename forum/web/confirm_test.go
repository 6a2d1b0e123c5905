package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/web/webtest"
)

func TestWhatNothingUndoesIsConfirmed(t *testing.T) {
	s := newMeetingSite(t)
	ctx := t.Context()
	asked := func(at string, form url.Values, says string) {
		t.Helper()
		w := s.ask(s.chair, "POST", at+"?lang=sv", form)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), says) || hidden(w.Body.String(), "do") != form.Get("do") {
			t.Fatalf("%v answers %d: %s", form, w.Code, webtest.Visible(w.Body.String()))
		}
		form.Set("sure", "yes")
		if w := s.ask(s.chair, "POST", at, form); w.Code != http.StatusSeeOther {
			t.Errorf("%v answers %d: %s", form, w.Code, webtest.Visible(w.Body.String()))
		}
	}
	id := must(s.forum.Plan(ctx, s.chair, forum.Meeting{Body: s.steering, Starts: s.Now().AddDate(0, 0, 3), Minutes: 60}))(t)
	at := "/n/se/meetings/" + string(id)
	version := func() string { return hidden(s.page(s.chair, at), "version") }
	asked(at, url.Values{"do": {"convene"}, "version": {version()}}, "utan dagordning")
	if w := s.ask(s.chair, "POST", at+"?lang=sv", url.Values{"do": {"start"}, "version": {version()}}); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "Ändra först mötets tid") {
		t.Errorf("opening a meeting days before answers %d: %s", w.Code, webtest.Visible(w.Body.String()))
	}
	going := "/n/se/meetings/" + string(s.going)
	s.forward(time.Second)
	s.ok(s.forum.Arrive(ctx, s.chair, forum.Arrival{Meeting: s.going, Seat: s.seats[s.patient.Person]}))
	s.forward(time.Second)
	item := going + "/items/" + string(s.item)
	form := url.Values{"do": {"record"}, "version": {hidden(s.page(s.chair, item), "version")}, "title": {"Ersättning"}, "text": {"Den höjs."}, "method": {"vote"}, "vote-" + string(s.seats[s.chair.Person]): {"for"}}
	if w := s.ask(s.chair, "POST", item+"?lang=sv", form); w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "En som deltar saknar röst") {
		t.Errorf("a vote of one in two answers %d: %s", w.Code, webtest.Visible(w.Body.String()))
	}
	for do, says := range map[string]string{"defer": "Skjuta upp ärendet?", "note": "Avsluta ärendet utan beslut?"} {
		one := must(s.forum.AddItem(ctx, s.chair, forum.Item{Meeting: s.going, Kind: forum.Report, Title: "Ett till", Minutes: 10}))(t)
		at := going + "/items/" + string(one)
		asked(at, url.Values{"do": {do}, "version": {"1"}, "reason": {"Underlaget saknas."}}, says)
		if w := s.ask(s.chair, "POST", at, url.Values{"do": {do}, "version": {"1"}}); w.Code != http.StatusConflict {
			t.Errorf("%s of an item that has its outcome answers %d", do, w.Code)
		}
	}
	form.Set("vote-"+string(s.seats[s.patient.Person]), "abstain")
	asked(item, form, "1 för, 0 emot, 1 avstår")
	asked(going, url.Values{"do": {"close"}, "version": {hidden(s.page(s.chair, going), "version")}}, "Avsluta mötet?")
	if page := s.page(s.chair, going+"?lang=sv"); strings.Contains(page, "Ändra dagordningen") {
		t.Error("the agenda of a closed meeting can be changed")
	}
}
