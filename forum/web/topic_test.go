package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
)

func (s *site) contains(page string, texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			s.t.Errorf("the page lacks %q:\n%s", text, page)
		}
	}
}

// TestATopicFromRaisingToAnswer walks as people do: raise, ask, give input, judge, lift, answer.
func TestATopicFromRaisingToAnswer(t *testing.T) {
	s := open(t)
	s.contains(s.page(network.Actor{}, "/n/no/topics", 200), "Ingen sak er her ennå")
	s.page(s.plain, "/n/no/topics/new", 200)
	if at := s.ask(network.Actor{}, "nb", "/n/no/topics/new", nil); at.Code != http.StatusSeeOther {
		t.Errorf("nobody gets the form: %d", at.Code)
	}
	s.contains(s.post(s.plain, "/n/no/topics/new", 400, "title", "Test av DPYD", "text", "", "visibility", "public", "lang", "nb"), "Test av DPYD", "Fyll ut dette")
	at := s.post(s.plain, "/n/no/topics/new", 303, "title", "Test av DPYD før behandling", "text", "Tre regioner gjør **ulikt**.", "visibility", "public", "lang", "nb", "body", string(s.west.id), "field", "cancer")
	topic, _, _ := strings.Cut(at, "?")
	s.contains(s.page(s.plain, at, 200), "Saken er reist", "<strong>ulikt</strong>", "Kreft", "Fagnettverk kreft")
	s.contains(s.page(s.plain, "/n/no/topics/similar?title=DPYD+behandling", 200), "Test av DPYD")
	like := s.post(s.plain, "/n/no/topics/new", 200, "title", "DPYD før behandling", "text", "x", "visibility", "public", "lang", "nb", "body", "")
	s.contains(like, "Er din en av disse?", `name="seen" value="yes"`, "Reis den likevel")

	s.contains(s.page(s.west.chair, topic, 200), "Pasientene er ikke spurt", `aria-disabled="true"`)
	s.post(s.west.chair, topic+"/do", 409, "do", "prepare")
	s.page(s.west.chair, topic+"/ask", 200)
	s.contains(s.post(s.west.chair, topic+"/ask", 400, "until", "2026-01-09", "why", ""), "Si hvorfor tiden er kortere", `value="2026-01-09"`)
	s.page(s.plain, topic+"/ask", 403)
	s.post(s.west.chair, topic+"/ask", 303, "until", "", "why", "")
	s.contains(s.page(s.west.patient, topic, 200), "Hva mener du?", "21.\u00a0januar\u00a02026", "Be om mer tid")
	s.contains(s.post(s.plain, topic+"/input", 400, "text", "Uten kryss", "name", "", "lang", "nb"), "Kryss av", "Uten kryss")
	s.post(s.west.patient, topic+"/input", 303, "text", "Ikke la svaret forsinke.", "name", "Anne, pasient", "lang", "nb")
	s.post(s.west.patient, topic+"/do", 303, "do", "moretime")
	s.contains(s.page(network.Actor{}, topic, 200), "Ikke la svaret forsinke.", "Anne, pasient")

	v := got(s.View(s.ctx, s.coord, s.root, forum.TopicID(topic[len("/n/no/topics/"):])))(t)
	judge := topic + "/judge/" + string(v.Inputs[0].ID)
	s.contains(s.page(s.west.chair, judge, 200), "Ikke la svaret forsinke.")
	s.contains(s.post(s.west.chair, judge, 400, "version", "1", "reason", "Fordi"), "Fordi", "Velg en av dem")
	s.post(s.west.chair, judge, 303, "version", "1", "disposition", "adopted", "reason", "Svar innen 72 timer.")
	s.contains(s.page(network.Actor{}, topic, 200), "Svar innen 72 timer.", "1 innspill: ")

	s.page(s.west.chair, topic+"/lift", 200)
	s.contains(s.post(s.west.chair, topic+"/lift", 400, "body", string(s.top.id), "why", "Ulikt"), "Ulikt", "Fyll ut dette")
	s.post(s.west.chair, topic+"/lift", 303, "body", string(s.top.id), "why", "Ulikt i landet.", "criteria", "equal", "criteria", "law")
	s.contains(s.page(network.Actor{}, "/n/no/answers", 200), "Test av DPYD", "Ulikt i landet.")
	owed := got(s.Owed(s.ctx, s.coord, s.root, "", 5))(t)[0]
	above := "/n/no/topics/" + string(owed.Topic)
	s.contains(s.page(s.top.chair, above, 200), "1 region løftet dette", "Helse Vest", "Svar vi skylder")
	s.page(s.top.chair, above+"/delay/"+string(owed.ID), 200)
	s.post(s.top.chair, above+"/delay/"+string(owed.ID), 303, "delay", "Møtet falt bort.")
	s.page(s.top.chair, above+"/answer/"+string(owed.ID), 200)
	s.contains(s.post(s.top.chair, above+"/answer/"+string(owed.ID), 400, "answer", "returned", "reason", ""), "Fyll ut dette")
	s.post(s.top.chair, above+"/answer/"+string(owed.ID), 303, "answer", "accepted", "reason", "")
	s.contains(s.page(network.Actor{}, "/n/no/answers", 200), "Ingen svar venter")
	for _, act := range []string{"edit", "waive", "assign", "close", "merge", "link", "evidence", "versions"} {
		s.page(s.top.chair, above+"/"+act, 200)
	}
	s.page(s.coord, "/n/no/topics?state=lifted&lifted=yes", 200)
	s.post(s.plain, "/n/no/topics/follow", 303, "body", string(s.top.id), "do", "follow")
	s.contains(s.page(s.plain, "/n/no/topics?body="+string(s.top.id), 200), "Slutt å følge gruppen")
	s.post(s.other, "/n/no/topics/follow", 404, "body", "", "do", "follow")
	s.contains(s.page(s.coord, "/n/no/topics?format=csv", 200), "case,title", "NO-2026-0001")
	s.contains(s.page(s.coord, "/n/no/answers?format=json", 200), "[")
}

func TestTheOtherTopicIsSearchedAndChosen(t *testing.T) {
	s := open(t)
	raise := func(title string) (at string, id string) {
		to := s.post(s.west.member, "/n/no/topics/new", 303, "title", title, "text", "x", "visibility", "public", "lang", "nb", "body", string(s.west.id), "seen", "yes")
		at, _, _ = strings.Cut(to, "?")
		return at, at[len("/n/no/topics/"):]
	}
	at, _ := raise("Tolk ved genetisk veiledning")
	_, like := raise("Tolk ved genetisk veiledning i Bergen")
	_, far := raise("Svartid for panelet")
	page := s.page(s.west.chair, at+"/link", 200)
	s.contains(page, `value="`+like+`"`, "NO-2026-0002")
	if strings.Contains(page, far) {
		t.Error("a topic that isn't like it is offered")
	}
	s.contains(s.page(s.west.chair, at+"/link?q=svartid", 200), `value="`+far+`" checked`)
	s.contains(s.page(s.west.chair, at+"/link?q=2026-0003", 200), `value="`+far+`" checked`)
	s.contains(s.page(s.west.chair, at+"/link?q=finnesikke", 200), "Fant ingen sak for «finnesikke»", `value="`+like+`"`)
	s.contains(s.post(s.west.chair, at+"/link", 400, "other", "", "kind", "related", "q", "svartid"), far)
	s.post(s.west.chair, at+"/link", 404, "topic", "01NOTHERE", "other", "", "kind", "related")
	s.post(s.west.chair, at+"/link", 303, "topic", far, "other", "", "kind", "related")
	s.contains(s.page(network.Actor{}, at, 200), "Svartid for panelet")
	s.post(s.west.chair, at+"/merge", 303, "topic", like, "other", "")
	s.contains(s.page(network.Actor{}, at, 200), "i Bergen")
}

func TestAnInputForAnOrganisationSaysSo(t *testing.T) {
	s := open(t)
	org := got(s.network.AddOrganisation(s.ctx, s.coord, network.Organisation{Root: s.root, Kind: network.PatientOrganisation, Sector: network.Patient, Name: network.Text{NB: "Pasientforeningen Nord"}}))(t)
	seat := got(s.network.AddSeat(s.ctx, s.coord, network.Seat{Body: s.west.id, Role: network.Member, Sector: network.Patient, Nominator: org}))(t)
	person := s.person(s.root, "Nora Nord")
	got(s.network.Give(s.ctx, s.coord, network.Term{Seat: seat, Person: person.Person}))(t)
	at := s.post(s.west.member, "/n/no/topics/new", 303, "title", "Innkalling på brev", "text", "x", "visibility", "public", "lang", "nb", "body", string(s.west.id))
	topic, _, _ := strings.Cut(at, "?")
	s.post(s.west.chair, topic+"/ask", 303, "until", "", "why", "")
	s.post(person, topic+"/input", 303, "text", "Send også melding.", "name", "Nora", "organisation", string(org), "lang", "nb", "aspatient", "yes")
	s.contains(s.page(network.Actor{}, topic+"?lang=nb", 200), "Nora, Pasientforeningen Nord")
}

func TestAnEditLosesNothing(t *testing.T) {
	s := open(t)
	x := got(s.Raise(s.ctx, s.plain, forum.Raising{Body: s.top.id, Title: "Sak", Text: "Første tekst", Visibility: network.Public}))(t)
	at := "/n/no/topics/" + string(x.ID)
	fields := []string{"version", "1", "title", "Sak", "lang", "nb", "visibility", "public", "text"}
	s.post(s.coord, at+"/edit", 303, append(fields, "Koordinatorens tekst")...)
	page := s.post(s.plain, at+"/edit", 409, append(fields, "Min tekst")...)
	s.contains(page, "Koordinatorens tekst", "Min tekst", `name="version" value="2"`)
	fields[1] = "2"
	s.post(s.plain, at+"/edit", 303, append(fields, "Begge tekstene")...)
	s.contains(s.page(s.coord, at+"/versions", 200), "Første tekst", "Koordinatorens tekst")
}

// TestNothingOfABodyIsSeenOutsideIt looks for a word that only one body may read.
func TestNothingOfABodyIsSeenOutsideIt(t *testing.T) {
	const bird = "Kanarifugl"
	s := open(t)
	x := got(s.Raise(s.ctx, s.west.member, forum.Raising{Body: s.west.id, Title: bird + " synger", Text: bird, Visibility: network.BodyOnly}))(t)
	open := got(s.Raise(s.ctx, s.west.member, forum.Raising{Body: s.west.id, Title: "Åpen sak", Text: "Alle ser", Visibility: network.Public}))(t)
	s.ok(s.Link(s.ctx, s.west.member, open.ID, x.ID, forum.Related))
	got(s.GiveInput(s.ctx, s.west.patient, x.ID, forum.Giving{Text: bird, Name: bird}))(t)
	post := got(s.Write(s.ctx, s.west.member, forum.Posting{Topic: x.ID, Kind: forum.Discussion, Title: bird, Text: bird}))(t)
	file := got(s.Attach(s.ctx, s.west.member, x.ID, bird+".txt", strings.NewReader(bird)))(t)
	in := got(s.Inputs(s.ctx, s.west.chair, x.ID))(t)[0]
	at := "/n/no/topics/" + string(x.ID)
	hidden := []string{at, at + "/edit", at + "/judge/" + string(in.ID), at + "/versions", "/n/no/posts/" + string(post), "/n/no/files/" + string(file)}
	shown := []string{"/n/no/topics", "/n/no/topics?format=csv", "/n/no/topics?format=json", "/n/no/topics/similar?title=" + bird, "/n/no/topics/" + string(open.ID),
		"/n/no/posts", "/n/no/posts?format=json", "/n/no/answers", "/n/no/topics?body=" + string(s.west.id)}
	for name, who := range map[string]network.Actor{"nobody": {}, "registered": s.plain, "another tenant": s.other, "another body": s.top.member} {
		for _, path := range shown {
			if page := s.ask(who, "nb", path, nil); page.Code != 200 || strings.Contains(strings.ReplaceAll(page.Body.String(), "title="+bird, ""), bird) {
				t.Errorf("%s reads of it at %s (%d)", name, path, page.Code)
			}
		}
		absent := s.ask(who, "nb", "/n/no/topics/absent", nil)
		for _, path := range hidden {
			page := s.ask(who, "nb", path, nil)
			if who.Person == "" && page.Code == http.StatusSeeOther {
				continue
			}
			if page.Code != http.StatusNotFound || strings.ReplaceAll(page.Body.String(), path, "") != strings.ReplaceAll(absent.Body.String(), "/n/no/topics/absent", "") {
				t.Errorf("%s: %s differs from an absent page (%d)", name, path, page.Code)
			}
		}
	}
	s.contains(s.page(s.west.chair, at, 200), bird)
	s.page(s.west.chair, strings.Replace(at, "/n/no/", "/n/se/", 1), 404)
	w := s.ask(s.west.member, "nb", "/n/no/files/"+string(file), nil)
	if h := w.Header(); w.Body.String() != bird || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment;") || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("file: %v", h)
	}
}

func TestPosts(t *testing.T) {
	s := open(t)
	s.page(network.Actor{}, "/n/no/posts", 200)
	s.page(s.plain, "/n/no/posts/new", 200)
	s.contains(s.post(s.plain, "/n/no/posts/new", 400, "kind", "question", "title", "", "text", "Hvem tolker?", "visibility", "public", "lang", "nb"), "Hvem tolker?")
	at := s.post(s.plain, "/n/no/posts/new", 303, "kind", "question", "title", "HLA", "text", "Hvem tolker?", "visibility", "public", "lang", "nb", "body", "")
	s.post(s.west.member, at, 400, "comment", "", "lang", "nb")
	s.post(s.west.member, at, 303, "comment", "Vi gjør.", "lang", "nb")
	v := got(s.PostView(s.ctx, s.coord, s.root, forum.PostID(at[len("/n/no/posts/"):])))(t)
	comment := string(v.Comments[0].ID)
	s.post(s.plain, at+"/do", 303, "do", "answer", "comment", comment)
	s.contains(s.page(network.Actor{}, at, 200), "Vi gjør.", "Besvart")
	s.page(s.plain, at+"/edit", 200)
	s.page(s.coord, at+"/edit", 403)
	s.post(s.plain, at+"/edit", 303, "version", "1", "title", "HLA-B", "text", "Hvem?")
	s.post(s.coord, at+"/do", 400, "do", "hide", "comment", comment)
	s.post(s.coord, at+"/do", 303, "do", "hide", "comment", comment, "reason", "Personlig.")
	if page := s.page(network.Actor{}, at, 200); strings.Contains(page, "Vi gjør.") || !strings.Contains(page, "Personlig.") {
		t.Error("a hidden comment is shown")
	}
	s.page(s.coord, at, 200)
	s.page(s.coord, "/n/no/posts?kind=knowledge", 200)
}

// TestATopicTellsOfTiesToWhatItNames holds who is shown what of declared interests.
func TestATopicTellsOfTiesToWhatItNames(t *testing.T) {
	s := open(t)
	got(s.network.DeclareInterest(s.ctx, s.west.member, network.Interest{Root: s.root, Named: "Nordsekvens AS", Kind: "fee", About: "Foredrag i mars."}))(t)
	x := got(s.Raise(s.ctx, s.plain, forum.Raising{Body: s.west.id, Title: "Kjøp av prøver fra Nordsekvens AS", Text: "Prisen.", Visibility: network.Public}))(t)
	at := "/n/no/topics/" + string(x.ID)
	if page := s.page(network.Actor{}, at, 200); strings.Contains(page, "Foredrag i mars.") || strings.Contains(page, "Bindinger") {
		t.Error("the public is shown ties")
	}
	s.contains(s.page(s.top.chair, at, 200), "Har honorar fra", "Foredrag i mars.", "Inhabilitet foreslås når saken", "Fagnettverk kreft medlem")
	s.ok(s.WaiveInput(s.ctx, s.west.chair, x.ID, "Hastverk."))
	s.ok(s.Prepare(s.ctx, s.west.chair, x.ID))
	m := got(s.Plan(s.ctx, s.west.chair, forum.Meeting{Body: s.west.id, Starts: s.now.AddDate(0, 0, 20), Minutes: 60}))(t)
	item := got(s.AddItem(s.ctx, s.west.chair, forum.Item{Meeting: m, Kind: forum.AboutTopic, Topic: x.ID, Minutes: 10}))(t)
	s.contains(s.page(s.west.chair, at, 200), "Inhabilitet er foreslått.")
	s.ok(s.Recuse(s.ctx, s.west.chair, item, s.west.member.Person, "Honorar."))
	s.contains(s.page(s.west.patient, at, 200), "Inhabil: deltar ikke")
	s.contains(s.page(s.top.chair, at, 200), "Inhabilitet foreslås når saken")
}
