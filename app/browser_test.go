package app

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web/webtest"
)

// The three acts that a member must be able to do without a mouse, and without scripts: give input, say that one comes, and
// decide with a deputy called in for the quorum.
func TestGiveInputAttendAndDecideByKeyboardAlone(t *testing.T) {
	b := webtest.Open(t)
	h := newHouse(t)
	server := httptest.NewServer(h.site.table)
	t.Cleanup(server.Close)
	b.Script(t, false)
	press := func(name string) int {
		t.Helper()
		b.TabTo(t, name)
		return b.Enter(t)
	}
	signIn := func(k kind) {
		t.Helper()
		b.Cookies(t, server.URL, nil)
		b.Go(t, server.URL+"/sign-in?lang=en")
		if status := press("Sign in as " + k.called); status != 200 {
			t.Fatalf("signing in as %s: %d", k.called, status)
		}
	}

	signIn(h.kind("patient", "se"))
	b.Go(t, server.URL+"/n/se/waiting")
	press("Write your input")
	b.TabTo(t, "Your input")
	const words = "Say it in words that my mother understands."
	b.Type(t, words)
	if status := press("Send your input"); status != 200 {
		t.Errorf("giving input: %d", status)
	}
	if !strings.Contains(b.Text(t, "main"), words) {
		t.Errorf("the input is not on the topic's page %s", b.At(t))
	}

	b.Go(t, server.URL+"/n/se/waiting")
	if status := press("I am coming"); status != 200 {
		t.Errorf("saying that one comes: %d", status)
	}
	var coming int
	h.read(func(tx *storage.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT count(*) FROM meeting_reply WHERE person = $1 AND at > $2`, h.kind("patient", "se").person,
			storage.Micros(h.node.db.Now())-60_000_000).Scan(&coming)
	})
	if coming == 0 {
		t.Error("the answer to the convocation isn't kept")
	}

	signIn(h.kind("chair", "se"))
	var meeting, item string
	h.read(func(tx *storage.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT m.id, i.id FROM meeting m JOIN meeting_item i ON i.meeting = m.id JOIN topic_input n ON n.topic = i.topic JOIN body b ON b.id = m.body
			WHERE m.state = 'running' AND b.kind = 'steering' AND i.state = 'current' LIMIT 1`).Scan(&meeting, &item)
	})
	page := server.URL + "/n/se/meetings/" + meeting + "/items/" + item
	b.Go(t, page)
	if !strings.Contains(b.Text(t, "main"), "can’t decide") {
		t.Error("the meeting lacks a patient, and the page doesn't say so")
	}
	press("Call in")
	b.Go(t, page)
	if strings.Contains(b.Text(t, "main"), "can’t decide") {
		t.Fatal("with a deputy the meeting is quorate, and the page says it isn't")
	}
	b.TabTo(t, "Text of the decision")
	b.Type(t, "Representatives are paid for meetings, reading and travel.")
	b.TabTo(t, "Reasons")
	b.Type(t, "Who can't afford to come can't be heard.")
	b.TabTo(t, "How we decide")
	b.Type(t, "By consensus")
	const fate = "What became of it?"
	inputs := strings.Count(b.Text(t, "main"), fate)
	if inputs == 0 {
		t.Fatal("the item's topic has input, and the page asks for no disposition")
	}
	b.TabTo(t, "To be reviewed by")
	for range inputs {
		b.TabTo(t, "Reason")
		b.Type(t, "It is in the decision.")
		b.TabTo(t, fate)
		b.Type(t, "Adopted")
	}
	if status := press("Record the decision"); status != 200 {
		t.Errorf("what is about to be decided: %d\n%.600s", status, b.Text(t, "main"))
	}
	if status := press("Yes, record the decision"); status != 200 {
		t.Errorf("recording the decision: %d\n%.600s", status, b.Text(t, "main"))
	}
	var taken int
	h.read(func(tx *storage.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT count(*) FROM decision WHERE item = $1`, item).Scan(&taken)
	})
	if taken != 1 {
		t.Errorf("%d decisions were taken\n%.600s", taken, b.Text(t, "main"))
	}
}

// The living network's own pages, judged as their readers meet them: long names, late answers, a meeting under way.
func TestLivingPagesInABrowser(t *testing.T) {
	b := webtest.Open(t)
	h := newHouse(t)
	server := httptest.NewServer(h.site.table)
	t.Cleanup(server.Close)
	one := func(query string) (id string) {
		h.read(func(tx *storage.Tx) error { return tx.QueryRow(t.Context(), query).Scan(&id) })
		return id
	}
	meeting := one(`SELECT m.id FROM meeting m JOIN body b ON b.id = m.body WHERE m.state = 'running' AND b.kind = 'steering'`)
	pages := []struct{ name, kind, path string }{
		{"front", "", "/n/se/"},
		{"waiting", "patient", "/n/se/waiting"},
		{"waiting-coordinator", "coordinator", "/n/se/waiting"},
		{"topic", "", "/n/se/topics/" + one(`SELECT t.id FROM topic t JOIN topic_lift l ON l.topic = t.id JOIN network n ON n.id = t.root WHERE n.slug = 'se' LIMIT 1`)},
		{"meeting", "chair", "/n/se/meetings/" + meeting},
		{"item", "chair", "/n/se/meetings/" + meeting + "/items/" + one(`SELECT i.id FROM meeting_item i JOIN topic_input n ON n.topic = i.topic WHERE i.meeting = '`+meeting+`' LIMIT 1`)},
		{"decision", "", "/n/se/decisions/" + one(`SELECT d.id FROM decision d JOIN decision_force f ON f.decision = d.id JOIN network n ON n.id = d.root WHERE n.slug = 'se' AND d.visibility = 'public' ORDER BY f.seq DESC LIMIT 1`)},
		{"decisions-no", "", "/n/no/decisions"},
		{"body", "", "/n/se/bodies/" + one(`SELECT b.id FROM body b JOIN network n ON n.id = b.network WHERE b.kind = 'steering' AND n.slug = 'se'`)},
		{"answers", "", "/n/se/answers"},
		{"people", "clinician", "/n/no/people"},
		{"me", "lead", "/me"},
		{"sign-in", "", "/sign-in"},
	}
	for i, p := range pages {
		b.Cookies(t, server.URL, nil)
		if p.kind != "" {
			tenant := strings.Split(p.path+"/n/se", "/")[2]
			if !strings.HasPrefix(p.path, "/n/") {
				tenant = "se"
			}
			b.Cookies(t, server.URL, h.kind(p.kind, tenant).cookies)
		}
		code := lang.Codes[i%len(lang.Codes)]
		b.Go(t, server.URL+p.path+"?lang="+code)
		b.Judge(t, "living-"+p.name+"-"+code)
	}
}
