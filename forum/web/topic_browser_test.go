package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web/webtest"
)

// TestTopicPagesInABrowser judges every page of topics and posts with something in it.
func TestTopicPagesInABrowser(t *testing.T) {
	b, s := webtest.Open(t), open(t)
	x, above, post := s.story()
	who := s.west.chair
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if who.Person != "" {
			r.Header.Set("Test-Person", string(who.Person))
		}
		s.table.ServeHTTP(w, r)
	}))
	defer server.Close()
	at := "/n/no/topics/" + string(x)
	v := got(s.View(s.ctx, s.west.chair, s.root, x))(t)
	for _, one := range []struct {
		name, path string
		who        network.Actor
	}{
		{"topic-list", "/n/no/topics", s.west.chair}, {"topic-none", "/n/no/topics?field=rare", network.Actor{}}, {"topic", at, s.west.chair}, {"topic-public", at, network.Actor{}},
		{"topic-above", "/n/no/topics/" + string(above), s.top.chair}, {"topic-raise-all", "/n/no/topics/new?all=1", s.plain}, {"topic-ask", "/n/no/topics/" + string(above) + "/ask", s.top.chair},
		{"topic-judge", at + "/judge/" + string(v.Inputs[0].ID), s.top.chair}, {"topic-edit", "/n/no/topics/" + string(above) + "/edit", s.top.chair},
		{"topic-evidence", at + "/evidence", s.west.chair}, {"topic-answers", "/n/no/answers", network.Actor{}}, {"topic-answer", "/n/no/topics/" + string(above) + "/answer/" + string(v.To[0].ID), s.top.chair},
		{"topic-versions", "/n/no/topics/" + string(above) + "/versions", s.top.chair}, {"post-list", "/n/no/posts", s.plain}, {"post", "/n/no/posts/" + string(post), s.plain}, {"post-new", "/n/no/posts/new", s.plain},
	} {
		who = one.who
		b.Go(t, server.URL+one.path+map[bool]string{false: "?", true: "&"}[strings.Contains(one.path, "?")]+"lang=nb")
		b.Judge(t, one.name)
	}
}

// TestRaisingInABrowser goes from question to question and judges each.
func TestRaisingInABrowser(t *testing.T) {
	b, s := webtest.Open(t), open(t)
	s.story()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Test-Person", string(s.plain.Person))
		s.table.ServeHTTP(w, r)
	}))
	defer server.Close()
	b.Go(t, server.URL+"/n/no/topics/new?lang=nb")
	b.Judge(t, "topic-raise")
	next := func(name string) {
		t.Helper()
		b.Press(t, `main form button[value=next]`)
		b.Judge(t, name)
	}
	next("topic-raise-wrong")
	b.TabTo(t, "Hva gjelder det?")
	b.Type(t, "HLA-B før karbamazepin i hele landet")
	if status := b.Enter(t); status != http.StatusOK {
		t.Fatalf("Enter answers %d", status)
	}
	b.Judge(t, "topic-raise-like")
	next("topic-raise-text")
	b.TabTo(t, "Hvorfor er det viktig?")
	b.Type(t, "Noen får alvorlige hudreaksjoner.")
	for _, name := range []string{"topic-raise-body", "topic-raise-who", "topic-raise-about", "topic-raise-visibility", "topic-raise-check"} {
		next(name)
	}
	if text := b.Text(t, "main"); !strings.Contains(text, "Noen får alvorlige hudreaksjoner.") || !strings.Contains(text, "HLA-B før karbamazepin i hele landet") {
		t.Errorf("something is lost: %s", text)
	}
	b.Press(t, `main form button[value=raise]`)
	if text := b.Text(t, "h1"); text != "HLA-B før karbamazepin i hele landet" {
		t.Errorf("raised, the page is %q", text)
	}
}

// story makes a topic that was lifted, the topic above, and a question.
func (s *site) story() (x, above forum.TopicID, post forum.PostID) {
	t := s.t
	raised := got(s.Raise(s.ctx, s.west.member, forum.Raising{Body: s.west.id, Title: "Skal alle testes for DPYD før behandling med fluoropyrimidin?",
		Text: "Tre regioner tester i dag på **tre ulike måter**. Én tester ikke.\n\n- lang svartid\n- ulike varianter", Visibility: network.Public, Facets: forum.Facets{Field: "cancer", Level: "region", Kind: "procedure"}}))(t)
	x = raised.ID
	got(s.Raise(s.ctx, s.plain, forum.Raising{Network: s.root, Title: "HLA-B før karbamazepin", Text: "Ligner.", Visibility: network.Public, AsPatient: true}))(t)
	s.ok(s.AskInput(s.ctx, s.west.chair, x, forum.Asking{}))
	first := got(s.GiveInput(s.ctx, s.west.patient, x, forum.Giving{Text: "Ikke la svaret på prøven forsinke kreftbehandlingen. Si hvor lenge det er trygt å vente.", Name: "Anne, spisspasient"}))(t)
	s.now = s.now.Add(16 * 24 * time.Hour)
	got(s.GiveInput(s.ctx, s.plain, x, forum.Giving{Text: "Tilby testen til friske slektninger også.", AsPatient: true}))(t)
	s.ok(s.Dispose(s.ctx, s.west.chair, first, 1, forum.Adopted, "Forslaget krever svar innen 72 timer."))
	got(s.AddEvidence(s.ctx, s.west.member, x, forum.Citing{Ref: "10.1000/182", Title: "Kunnskapsoppsummering fra legemiddelgruppen", Level: "synthesis"}))(t)
	s.ok(s.Prepare(s.ctx, s.west.chair, x))
	got(s.Lift(s.ctx, s.west.chair, x, forum.Lifting{Body: s.top.id, Criteria: []string{"equal", "law"}, Why: "Vi tester alle siden 2024, andre gjør det ikke."}))(t)
	v := got(s.View(s.ctx, s.coord, s.root, x))(t)
	above = v.To[0].Topic
	s.ok(s.EditTopic(s.ctx, s.coord, above, forum.TopicEdit{Version: 1, Title: v.Title, Text: v.Text + "\n\nSamlet.", Lang: "nb", Visibility: network.Public, Facets: v.Facets}))
	s.now = s.now.Add(72 * 24 * time.Hour)
	post = got(s.Write(s.ctx, s.plain, forum.Posting{Network: s.root, Kind: forum.Question, Title: "Hvem tolker HLA-B*57:01?", Text: "Vi mangler noen som kan.", Visibility: network.Public}))(t)
	c := got(s.Comment(s.ctx, s.west.member, post, "Vi gjør det i Bergen.", ""))(t)
	s.ok(s.Answered(s.ctx, s.plain, post, c))
	return x, above, post
}
