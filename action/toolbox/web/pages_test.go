package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/samverk/samverk/action/toolbox"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web/webtest"
)

const at = "/n/no/toolbox"

// TestTheWholeToolbox walks from the questions to a topic on a poor result, through every page, as each kind of person.
func TestTheWholeToolbox(t *testing.T) {
	s := open(t)
	nobody := network.Actor{}
	everybody := []network.Actor{nobody, s.plain, s.seated[0], s.coord, s.other}
	for _, who := range everybody {
		for _, path := range []string{"", "/find", "/find?q=3&purpose=draft&say=write", "/find?q=99", "/fit?purpose=draft&say=write&length=year&rarity=common", "/compare?m=epag&m=working-pair&purpose=draft", "/compare",
			"/rules", "/rules?purpose=draft&say=decide&commercial=none", "/groups", "/groups?model=epag", "/models/consultation", "/models/epag?version=1"} {
			if path == "/find?q=99" {
				continue
			}
			s.page(who, at+path, http.StatusOK)
		}
	}
	if w := s.ask(nobody, "nb", at+"/find?q=11&purpose=draft&no=such", nil); w.Code != http.StatusSeeOther || w.Header().Get("Location") != at+"/fit?purpose=draft" {
		t.Errorf("%d %s", w.Code, w.Header().Get("Location"))
	}
	page := webtest.Visible(s.page(nobody, at+"/fit?purpose=draft&say=write&length=year&rarity=common", http.StatusOK))
	for _, says := range []string{"Par i arbeidsgruppen", "Dere vil skrive noe sammen.", "Modellen er laget for sjeldne sykdommer.", "Det avgjør.", "Hvor lenge: "} {
		if !strings.Contains(page, says) {
			t.Errorf("the page of what fits doesn't say %q", says)
		}
	}
	for _, path := range []string{"/models/nothing", "/models/epag?version=7", "/groups/nothing", "/setups/nothing", "/proposals/nothing", "/rounds/nothing"} {
		s.page(s.plain, at+path, http.StatusNotFound)
	}
	for _, who := range []network.Actor{s.other} {
		for _, path := range []string{"/propose", "/proposals", "/choose", "/groups/new", "/rules/check"} {
			s.page(who, at+path, http.StatusNotFound)
		}
	}
	s.proposals()
	s.check()
	s.setups()
	s.evaluated()
}

// proposals: written by one, reviewed by another.
func (s *site) proposals() {
	s.page(s.plain, at+"/proposals", http.StatusOK)
	s.page(s.plain, at+"/propose", http.StatusOK)
	if !strings.Contains(s.post(s.plain, at+"/propose", http.StatusBadRequest, "id", "Jury", "lang", "nb", "name", "Borgerjury"), "Borgerjury") {
		s.t.Error("what was typed is lost")
	}
	full := []string{"lang", "nb", "short", "Noen få dømmer.", "what", "De møtes.", "fits", "Én\nTo", "pitfalls", "Én", "steps", "Én", "costs", "Én", "evaluate", "Én", "sources", "Egen erfaring"}
	made := s.post(s.plain, at+"/propose", http.StatusSeeOther, append(full, "id", "jury", "name", "Borgerjury")...)
	s.page(s.plain, made, http.StatusOK)
	s.page(s.seated[0], made, http.StatusNotFound)
	s.page(s.coord, made, http.StatusOK)
	s.post(s.plain, made, http.StatusForbidden, "do", "accept")
	s.post(s.coord, made, http.StatusBadRequest, "do", "return")
	s.post(s.coord, made, http.StatusSeeOther, "do", "accept")
	s.page(s.seated[0], made, http.StatusOK)
	s.page(network.Actor{}, at+"/models/jury", http.StatusOK)
	s.page(s.plain, at+"/models/epag/edit", http.StatusOK)
	again := s.post(s.plain, at+"/models/epag/edit", http.StatusSeeOther, append(full, "name", "ePAG på ny")...)
	s.post(s.coord, again, http.StatusSeeOther, "do", "accept", "answer", "Fint.")
	if page := s.page(network.Actor{}, at+"/models/epag", http.StatusOK); !strings.Contains(page, "ePAG på ny") || !strings.Contains(page, "version=1") {
		s.t.Error("the new version isn't shown")
	}
	s.page(s.plain, at+"/proposals", http.StatusOK)
}

// check: a file is tried, found wrong, mended, proposed, and put in use by another.
func (s *site) check() {
	s.page(s.plain, at+"/rules/check", http.StatusOK)
	text := string(toolbox.ShippedRules)
	if page := s.post(s.plain, at+"/rules/check", http.StatusOK, "rules", strings.Replace(text, "weight: 3", "weight: 30", 1)); !strings.Contains(page, "the weight is no such number") {
		s.t.Error("the error isn't shown")
	}
	if page := webtest.Visible(s.post(s.plain, at+"/rules/check", http.StatusOK, "rules", text)); !strings.Contains(page, "174") {
		s.t.Error("the number of combinations isn't shown")
	}
	s.post(s.plain, at+"/rules/check", http.StatusForbidden, "rules", text, "do", "propose")
	s.post(s.coord, at+"/rules/check", http.StatusBadRequest, "rules", "no", "do", "propose")
	s.post(s.coord, at+"/rules/check", http.StatusSeeOther, "rules", strings.Replace(text, "fits: 5", "fits: 4", 1), "do", "propose")
	s.page(s.coord, at+"/rules", http.StatusOK)
	page := s.page(s.second, at+"/rules", http.StatusOK)
	_, id, _ := strings.Cut(page, `name="rules" value="`)
	id, _, _ = strings.Cut(id, `"`)
	s.page(s.second, at+"/rules/check?proposed="+id, http.StatusOK)
	s.post(s.coord, at+"/rules/use", http.StatusForbidden, "rules", id)
	s.post(s.second, at+"/rules/use", http.StatusSeeOther, "rules", id)
	if w := s.ask(network.Actor{}, "nb", at+"/rules/file", nil); !strings.Contains(w.Body.String(), "fits: 4") {
		s.t.Error("the file is another")
	}
}

// setups: chosen by one who is registered, made by a coordinator.
func (s *site) setups() {
	s.page(s.plain, at+"/choose?model=working-pair", http.StatusOK)
	s.post(s.plain, at+"/choose", http.StatusBadRequest, "network", string(s.root), "model", "working-pair")
	made := s.post(s.plain, at+"/choose", http.StatusSeeOther, "network", string(s.root), "model", "working-pair", "name", "Par for prosedyrer", "lang", "nb")
	s.page(s.plain, made, http.StatusOK)
	s.page(s.coord, made, http.StatusOK)
	s.page(s.other, made, http.StatusNotFound)
	if w := s.ask(network.Actor{}, "nb", made, nil); w.Code != http.StatusSeeOther {
		s.t.Errorf("nobody is answered %d", w.Code)
	}
	s.post(s.plain, made, http.StatusForbidden, "do", "make", "part", "body")
	s.post(s.coord, made, http.StatusBadRequest, "do", "make", "part", "agreement")
	page := s.page(s.coord, made, http.StatusOK)
	_, org, _ := strings.Cut(page, `name="party"`)
	_, org, _ = strings.Cut(org, `value="`)
	org, _, _ = strings.Cut(org, `"`)
	s.post(s.coord, made, http.StatusSeeOther, "do", "make", "part", "agreement", "party", org)
	for _, part := range []string{"body", "seats", "rates", "evaluation"} {
		s.post(s.coord, made, http.StatusSeeOther, "do", "make", "part", part)
	}
	s.post(s.coord, made, http.StatusSeeOther, "do", "decline", "part", "training")
	s.post(s.coord, made, http.StatusConflict, "do", "make", "part", "body")
	topic := s.post(s.plain, made, http.StatusSeeOther, "do", "raise")
	if again := s.post(s.coord, made, http.StatusSeeOther, "do", "raise"); again != topic {
		s.t.Error("pressed twice, there are two topics")
	}
	s.page(s.coord, made, http.StatusOK)
	s.page(s.plain, at, http.StatusOK)
}

// evaluated: a group is described, asked, and its poor result raises a topic.
func (s *site) evaluated() {
	s.page(s.seated[0], at+"/groups/new", http.StatusOK)
	s.post(s.seated[0], at+"/groups/new", http.StatusBadRequest, "body", string(s.body), "model", "working-pair", "lang", "nb", "since", "i fjor", "visibility", "public")
	group := s.post(s.seated[0], at+"/groups/new", http.StatusSeeOther, "body", string(s.body), "model", "working-pair", "lang", "nb", "since", "2024", "works", "Vi *leser* sammen.", "visibility", "public")
	for _, who := range []network.Actor{{}, s.plain, s.seated[0], s.coord, s.other} {
		s.page(who, group, http.StatusOK)
	}
	s.page(s.seated[0], group+"/edit", http.StatusOK)
	s.page(s.plain, group+"/edit", http.StatusForbidden)
	s.post(s.seated[0], group+"/edit", http.StatusSeeOther, "version", "1", "model", "working-pair", "name", "Prosedyregruppen", "lang", "nb", "visibility", "public", "works", "Vi leser sammen.")
	s.post(s.seated[0], group+"/edit", http.StatusConflict, "version", "1", "model", "epag", "name", "Prosedyregruppen", "lang", "nb", "visibility", "public")
	s.post(s.seated[0], group, http.StatusBadRequest, "do", "evaluate", "with", "standards", "every", "0", "first", "2026-01-07")
	s.post(s.plain, group, http.StatusForbidden, "do", "evaluate", "with", "standards", "every", "6", "first", "2026-01-07")
	s.post(s.seated[0], group, http.StatusSeeOther, "do", "evaluate", "with", "standards", "every", "6", "first", "2026-01-07")
	s.ok(s.RoundsDue(s.ctx))
	round := at + "/rounds/" + got(s.Waiting(s.ctx, s.seated[0], s.root))(s.t)[0].ID
	s.page(s.plain, round, http.StatusNotFound)
	s.page(s.seated[0], group, http.StatusOK)
	s.post(network.Actor{}, round, http.StatusConflict, "token", "guessed", "i-impact", "3")
	for i := range 5 {
		token := tokenField.FindStringSubmatch(s.page(s.seated[i], round, http.StatusOK))[1]
		s.post(network.Actor{}, round, http.StatusBadRequest, "token", token)
		s.post(network.Actor{}, round, http.StatusSeeOther, "token", token, "i-impact", "2", "i-together", fmt.Sprint(i%2+4), "i-words", fmt.Sprint("Mer tid ", i))
		if page := s.page(network.Actor{}, group, http.StatusOK); strings.Contains(page, "Mer tid") != (i == 4) {
			s.t.Errorf("after %d answers a text is shown, or not", i+1)
		}
	}
	s.page(s.seated[0], round, http.StatusOK)
	s.page(network.Actor{}, round+"/thanks", http.StatusOK)
	id := strings.TrimPrefix(round, at+"/rounds/")
	topic := s.post(s.plain, group, http.StatusSeeOther, "do", "raise", "round", id)
	v := got(s.forum.View(s.ctx, s.coord, s.root, forum.TopicID(topic[strings.LastIndex(topic, "/")+1:])))(s.t)
	if !strings.Contains(v.Text, "Virkning: 2,0") || len(v.Evidence) != 1 {
		s.t.Errorf("%s %+v", v.Text, v.Evidence)
	}
	s.page(s.plain, group, http.StatusOK)
	s.page(s.coord, at+"/groups", http.StatusOK)
	for _, format := range []string{"csv", "json"} {
		if w := s.ask(s.plain, "nb", at+"/groups?format="+format, nil); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Prosedyregruppen") {
			s.t.Errorf("%s: %d", format, w.Code)
		}
	}
	s.post(s.seated[0], group, http.StatusSeeOther, "do", "stop")
	s.post(s.coord, group, http.StatusSeeOther, "do", "end")
	s.page(s.coord, group, http.StatusOK)
}
