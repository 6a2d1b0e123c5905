package web

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/policy"
)

var (
	inputs   = regexp.MustCompile(`<input ([^>]*)>`)
	selects  = regexp.MustCompile(`(?s)<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>`)
	chosen   = regexp.MustCompile(`<option value="([^"]*)" selected>`)
	attrName = regexp.MustCompile(`\bname="([^"]*)"`)
	attrVal  = regexp.MustCompile(`\bvalue="([^"]*)"`)
	attrType = regexp.MustCompile(`\btype="(radio|checkbox)"`)
)

// form reads the fields of a page as a browser would send them.
func form(page string) url.Values {
	out := url.Values{}
	for _, m := range inputs.FindAllStringSubmatch(page, -1) {
		name, value := attrName.FindStringSubmatch(m[1]), attrVal.FindStringSubmatch(m[1])
		if name == nil || value == nil || attrType.MatchString(m[1]) && !strings.Contains(m[1], " checked") {
			continue
		}
		out.Add(name[1], html.UnescapeString(value[1]))
	}
	for _, m := range selects.FindAllStringSubmatch(page, -1) {
		if c := chosen.FindStringSubmatch(m[2]); c != nil {
			out.Set(m[1], c[1])
		}
	}
	return out
}

const policies = "/n/se/policies"

func TestNothingIsDecidedYet(t *testing.T) {
	s := open(t)
	s.has(s.page(network.Actor{}, policies, 200), "Ingen regel för datadelning är beslutad")
	s.page(network.Actor{}, policies+"/care-frequency/1", 404)
	s.has(s.page(s.plain, policies+"/new", 200), "Ett utkast hör till en fråga")
	s.page(s.stranger, policies+"/new", 404)
	s.page(s.stranger, policies+"/new?topic=t1", 404)
	if w := s.ask(network.Actor{}, "sv", policies+"/new", nil); w.Code != http.StatusSeeOther {
		t.Errorf("nobody gets %d", w.Code)
	}
}

func TestAPolicyInForceIsForEverybody(t *testing.T) {
	s := open(t)
	d := policy.Presets("SE")[0].Draft
	signed := s.enact(d)
	s.has(s.page(network.Actor{}, policies, 200), "Vårdens frågor inom landet, version 1", "Väntar på att införas")
	s.adopt(signed)
	page := s.page(network.Actor{}, policies+"/care-frequency/1", 200)
	s.has(page, "I kraft", "Kontrollerad nu: stämmer", "/n/se/decisions/01Kcare-frequency-1", "5 av 7 platser", "Den som är inloggad som kliniker", "2\u00a0000", "format=json")
	var back policy.Signed
	s.ok(json.Unmarshal(s.ask(network.Actor{}, "sv", policies+"/care-frequency/1?format=json", nil).Body.Bytes(), &back))
	s.ok(policy.Verify(back, s.policies.Keys()))
	d.Version, d.Rules = 2, d.Rules[:1]
	s.adopt(s.enact(d))
	s.has(s.page(network.Actor{}, policies+"/care-frequency/1", 200), "Gäller inte längre", "version 2")
	if csv := s.ask(network.Actor{}, "sv", policies+"?format=csv", nil).Body.String(); strings.Count(csv, "\n") != 3 || !strings.Contains(csv, "care-frequency,2") {
		t.Error(csv)
	}
	s.has(s.page(network.Actor{}, policies+"?state=past", 200), "version 1")
	s.has(s.page(network.Actor{}, policies+"?state=coming", 200), "Ingen regel är i det läget")
}

// TestADraftFromAPresetToTheVote writes a draft in the form, changes it, and reads what it would have changed.
func TestADraftFromAPresetToTheVote(t *testing.T) {
	s := open(t)
	s.adopt(s.enact(policy.Presets("SE")[0].Draft))
	s.asked(policy.Clinician, consent.Care, 3)
	s.asked(policy.Researcher, consent.Research, 2)
	at := policies + "/new?topic=t1"
	s.has(s.page(s.plain, at, 200), "Forskning med etikprövning", "from=preset.public", "from=force.care-frequency")
	s.page(s.plain, at+"&from=preset.none", 404)
	at += "&from=force.care-frequency"
	page := s.page(s.plain, at, 200)
	s.has(page, `value="2"`, "Så läses regeln", "Den som är inloggad som kliniker")
	f := form(page)
	f.Set("do", "remove-2")
	f = form(s.post(s.plain, at, 200, f))
	if f.Get("rules") != "2" || f.Get("r1-precision") != "banded" || f.Has("r2-k") {
		t.Fatalf("the second rule is still there: %v", f)
	}
	f.Set("do", "add")
	f = form(s.post(s.plain, at, 200, f))
	f.Set("do", "save")
	s.has(s.post(s.plain, at, 400, f), `href="#r2-purposes`, "Välj minst ett")
	f.Set("do", "remove-3")
	f = form(s.post(s.plain, at, 200, f))
	f.Set("r0-k", "tio")
	f.Set("do", "save")
	s.has(s.post(s.plain, at, 400, f), "Skriv ett heltal")
	f.Set("r0-k", "10")
	f.Set("do", "check")
	s.has(s.post(s.plain, at, 200, f), "1 till 9")
	f.Set("do", "save")
	to := s.post(s.plain, at, http.StatusSeeOther, f)
	page = s.page(s.plain, to, 200)
	s.has(page, "Utkast: Vårdens frågor inom landet, version 2", "Organet som ska besluta ser", "Vad svaren kan avslöja", "Ändra utkastet")
	if strings.Contains(page, "Norra sjukhuset") {
		t.Error("what was asked is shown to who isn't in the body")
	}
	page = s.page(s.coord, to, 200)
	s.has(page, "Den här typen av fråga hade fått ett annat svar", "Det gäller 3 av 5 ställda frågor", "Norra sjukhuset", "exakt antal, men 1–4 som ett", "exakt antal, men 1–9 som ett")
	if csv := s.ask(s.coord, "sv", to+"/replay?format=csv", nil).Body.String(); strings.Count(csv, "\n") != 2 || !strings.Contains(csv, ",3\n") {
		t.Error(csv)
	}
	s.page(s.plain, to+"/replay?format=csv", 403)
	s.page(s.stranger, to, 404)
	s.page(network.Actor{}, to, 404)
	var d policy.Draft
	s.ok(json.Unmarshal(s.ask(s.plain, "sv", to+"?format=json", nil).Body.Bytes(), &d))
	if d.Rules[0].K != 10 {
		t.Error(d)
	}
}

func TestTwoEditADraft(t *testing.T) {
	s := open(t)
	d := policy.Presets("SE")[1].Draft
	id := got(s.policies.NewDraft(t.Context(), string(s.plain.Person), policy.Place{Root: string(s.root), Network: string(s.root), Topic: "t1"}, d))(t)
	before := got(s.policies.DraftOf(t.Context(), id))(t)
	at := "/n/se/policy-drafts/" + id + "/edit"
	mine, theirs := form(s.page(s.plain, at, 200)), form(s.page(s.coord, at, 200))
	theirs.Set("r0-k", "30")
	theirs.Set("do", "save")
	s.post(s.coord, at, http.StatusSeeOther, theirs)
	after := got(s.policies.DraftOf(t.Context(), id))(t)
	if after.Digest == before.Digest || after.Version != 2 {
		t.Error("the edit made no new digest")
	}
	mine.Set("r0-k", "40")
	mine.Set("do", "save")
	page := s.post(s.plain, at, http.StatusConflict, mine)
	s.has(page, "Någon annan har ändrat utkastet", "0–29", "0–39", `value="40"`)
	mine = form(page)
	mine.Set("do", "save")
	s.post(s.plain, at, http.StatusSeeOther, mine)
	s.page(s.stranger, at, 404)
	other := network.Actor{Person: got(s.network.AddPerson(t.Context(), s.coord, network.NewPerson{Name: "Olle Annan", Lang: "sv", Network: s.root}))(t)}
	s.page(other, at, 403)
	s.post(other, at, 403, mine)
	// each text stays, for the decision that named it
	if named := got(s.policies.Named(t.Context(), string(s.root), "t1", before.Digest))(t); named.Rules[0].K != 20 {
		t.Error(named)
	}
	if _, err := s.policies.Named(t.Context(), string(s.root), "t2", before.Digest); err == nil {
		t.Error("a text of another topic is found")
	}
}

func TestAStewardAdopts(t *testing.T) {
	s := open(t)
	signed := s.enact(policy.Presets("SE")[0].Draft)
	at := policies + "/adopt"
	s.page(s.plain, at, 403)
	s.page(s.stranger, at, 404)
	s.steward(s.plain)
	page := s.page(s.plain, at, 200)
	s.has(page, "Vårdens frågor inom landet, version 1", "Ingen stående regel")
	digest := got(signed.Draft.Digest())(t).String()
	s.has(s.post(s.plain, at, 400, url.Values{"do": {"adopt"}, "digest": {digest}}), `href="#ground"`)
	s.post(s.plain, at, 404, url.Values{"do": {"adopt"}, "digest": {strings.Repeat("0", 64)}, "ground": {"D-9"}})
	s.post(s.plain, at, http.StatusSeeOther, url.Values{"do": {"adopt"}, "digest": {digest}, "ground": {"D-9"}})
	s.has(s.page(s.plain, at, 200), "Inget väntar på att införas", "Avsluta en regel")
	s.post(s.plain, at, http.StatusSeeOther, url.Values{"do": {"standing"}, "body": {string(s.root) + " "}, "adopts": {"yes"}, "ground": {"D-10"}})
	s.post(s.plain, at, 404, url.Values{"do": {"standing"}, "body": {"other "}, "adopts": {"yes"}, "ground": {"D-10"}})
	s.has(s.page(s.plain, at, 200), "Alla organ i Nätverket se", "Införs genast")
	s.post(s.plain, at, http.StatusSeeOther, url.Values{"do": {"end"}, "line": {string(s.root) + "/care-frequency"}, "ground": {"D-11"}})
	if len(s.policies.InForce()) != 0 {
		t.Error("it is in force still")
	}
}

func TestAssignments(t *testing.T) {
	s := open(t)
	const at = "/n/se/assignments"
	s.has(s.page(s.plain, at, 200), "Du har inget uppdrag")
	s.page(s.stranger, at, 404)
	s.steward(s.coord)
	s.has(s.page(s.coord, at, 200), "Uppdrag i Norra sjukhuset", "Dataförvaltare")
	s.has(s.page(s.coord, at+"?q=Ingen", 200), "Ingen med det namnet")
	s.has(s.page(s.coord, at+"?q=Pia", 200), "Pia Plan", "Ge uppdrag i Norra sjukhuset")
	give := url.Values{"organisation": {string(s.clinic)}, "person": {string(s.plain.Person)}, "role": {"clinician"}, "from": {""}, "to": {"2027-01-31"}}
	s.has(s.post(s.coord, at, 400, give), "Pia Plan", `href="#ground"`)
	give.Set("ground", "Anställning")
	s.has(s.post(s.plain, at, 409, give), "Du har inget uppdrag")
	s.post(s.coord, at, http.StatusSeeOther, give)
	page := s.page(s.plain, at, 200)
	s.has(page, "Kliniker", "Norra sjukhuset", "Gäller", "Lämna uppdraget")
	held := got(s.policies.Held(t.Context(), string(s.plain.Person)))(t)
	end := at + "/" + held[0].ID + "/end"
	s.post(s.stranger, end, 404, url.Values{})
	s.post(network.Actor{Person: s.stranger.Person}, at+"/absent/end", 404, url.Values{})
	s.post(s.coord, end, http.StatusSeeOther, url.Values{"ground": {"Slutade"}, "organisation": {string(s.clinic)}})
	s.has(s.page(s.coord, at, 200), "Slut", "Pia Plan")
	s.has(s.page(s.plain, at, 200), "Du har inget uppdrag")
	if csv := s.ask(s.coord, "sv", at+"?format=csv", nil).Body.String(); strings.Count(csv, "\n") != 3 {
		t.Error(csv)
	}
}
