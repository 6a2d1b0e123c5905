package app

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	accountweb "github.com/samverk/samverk/account/web"
	"github.com/samverk/samverk/consent"
	consentweb "github.com/samverk/samverk/consent/web"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/mandate/carried"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web/webtest"
)

// council is a node whose network has a steering group that needs two patients.
type council struct {
	*house
	root   network.ID
	clinic network.OrganisationID
	coord  network.Actor
	body   network.BodyID
	seats  []network.SeatID // chair, member, two patients
	people []network.Actor
	signed map[network.PersonID][]*http.Cookie // in already
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (c *council) ok(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func newCouncil(t *testing.T) *council {
	t.Helper()
	ctx := t.Context()
	dir := filepath.Join(t.TempDir(), "node")
	c := &council{house: &house{t: t}, signed: map[network.PersonID][]*http.Cookie{}}
	c.ok(makeDir(dir))
	c.ok(writeFile(filepath.Join(dir, settingsName), []byte(`{"version":1}`)))
	c.node = must(Open(ctx, dir))(t)
	t.Cleanup(func() { _ = c.node.Close() })
	commons := must(OpenCommons(ctx, c.node.db, dir, c.node.settings, CommonsOptions{URL: base, Demo: true}))(t)
	n := commons.Networks
	c.coord = network.Actor{Person: must(n.AddOperator(ctx, "Kari Koordinator", "sv"))(t)}
	c.root = must(n.Setup(ctx, c.coord, network.SetUp{Template: "empty", Slug: "se", Name: network.Text{SV: "Nätverket"}, Lang: "sv", Zone: "Europe/Stockholm", Country: "SE"}))(t)
	c.clinic = must(n.AddOrganisation(ctx, c.coord, network.Organisation{Root: c.root, Kind: network.Hospital, Sector: network.Care, Name: network.Text{SV: "Norra sjukhuset"}}))(t)
	c.body = c.group(n, "Styrgruppen", network.Decides)
	o := ServeOptions{Addr: "127.0.0.1:0"}
	for i, a := range append([]network.Actor{c.coord}, c.people...) {
		o.Site.As = append(o.Site.As, accountweb.Persona{Person: a.Person, Name: string(rune('A' + i))})
	}
	c.ok(commons.Close())
	c.ok(c.node.db.Write(ctx, func(tx *storage.Tx) error {
		_, err := c.node.people.Enrol(ctx, tx, []individual.New{{ID: patientID}})
		return err
	}))
	o.Site.Patients = []consentweb.Persona{{Individual: patientID, Name: "Alva Lind"}}
	c.site = must(c.node.site(ctx, o, base))(t)
	t.Cleanup(func() { _ = c.site.close() })
	return c
}

// patientID is somebody whom data are about.
const patientID = "1990-01"

// group makes a group that needs two patients to decide, and remembers its seats when it is the first.
func (c *council) group(n *network.Registry, name string, m network.Mandate) network.BodyID {
	c.t.Helper()
	ctx := c.t.Context()
	id := must(n.AddBody(ctx, c.coord, network.Body{Network: c.root, Kind: network.SteeringGroup, Name: network.Text{SV: name}, Mandate: m, Visibility: network.Public, InputDays: 14, AnswerDays: 60, PaperDays: 7}))(c.t)
	c.ok(n.SetRules(ctx, c.coord, id, 1, []network.Rule{{Kind: network.Half}, {Kind: network.OfSector, N: 2, Sector: network.Patient}}))
	for i, s := range []network.Seat{{Role: network.Chair, Sector: network.Care}, {Role: network.Member, Sector: network.Academia}, {Role: network.Member, Sector: network.Patient}, {Role: network.Member, Sector: network.Patient}} {
		s.Body = id
		seat := must(n.AddSeat(ctx, c.coord, s))(c.t)
		if len(c.people) <= i {
			c.people = append(c.people, network.Actor{Person: must(n.AddPerson(ctx, c.coord, network.NewPerson{Name: name + " " + string(rune('A'+i)), Lang: "sv", Network: c.root}))(c.t)})
		}
		must(n.Give(ctx, c.coord, network.Term{Seat: seat, Person: c.people[i].Person}))(c.t)
		c.seats = append(c.seats, seat)
	}
	return id
}

func (c *council) f() *forum.Forum { return c.site.commons.Forum }

// as asks as somebody.
func (c *council) as(who network.Actor, method, path string, form url.Values, status int) string {
	c.t.Helper()
	k := kind{name: "somebody", person: who.Person, cookies: []*http.Cookie{{Name: "lang", Value: "sv"}}}
	if who.Person != "" {
		if c.signed[who.Person] == nil {
			c.signed[who.Person] = c.do(k, http.MethodPost, "/sign-in/as", url.Values{"person": {string(who.Person)}}).Result().Cookies()
		}
		k.cookies = append(k.cookies, c.signed[who.Person]...)
	}
	w := c.do(k, method, path, form)
	if w.Code != status {
		c.t.Fatalf("%s %s: %d\n%s", method, path, w.Code, webtest.Visible(w.Body.String()))
	}
	if status == http.StatusSeeOther {
		return w.Header().Get("Location")
	}
	return w.Body.String()
}

func (c *council) has(page string, texts ...string) {
	c.t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			c.t.Errorf("the page lacks %q:\n%s", text, webtest.Visible(page))
		}
	}
}

// topic raises a topic of a body and makes it ready for an agenda.
func (c *council) topic(body network.BodyID, title string) forum.TopicID {
	c.t.Helper()
	ctx := c.t.Context()
	id := must(c.f().Raise(ctx, c.coord, forum.Raising{Body: body, Title: title, Text: "Därför att det behövs.", Visibility: network.Public, Lang: "sv"}))(c.t).ID
	c.ok(c.f().WaiveInput(ctx, c.people[0], id, "Synpunkter finns."))
	c.ok(c.f().Prepare(ctx, c.people[0], id))
	return id
}

// draft keeps a draft for a topic.
func (c *council) draft(topic forum.TopicID, d policy.Draft) policy.Drafted {
	c.t.Helper()
	id := must(c.node.policies.NewDraft(c.t.Context(), string(c.coord.Person), policy.Place{Root: string(c.root), Network: string(c.root), Topic: string(topic)}, d))(c.t)
	return must(c.node.policies.DraftOf(c.t.Context(), id))(c.t)
}

// meeting holds a meeting of a body about a topic, with so many of its seats there, and gives the address of the item.
func (c *council) meeting(body network.BodyID, seats []network.SeatID, topic forum.TopicID) (forum.MeetingID, forum.ItemID, string) {
	c.t.Helper()
	ctx, chair := c.t.Context(), c.people[0]
	id := must(c.f().Plan(ctx, chair, forum.Meeting{Body: body, Starts: c.site.commons.Networks.Now().Add(time.Minute), Minutes: 60, Place: "Digitalt"}))(c.t)
	item := must(c.f().AddItem(ctx, chair, forum.Item{Meeting: id, Kind: forum.AboutTopic, Topic: topic, Minutes: 10}))(c.t)
	c.ok(c.f().Convene(ctx, chair, id, 1))
	c.ok(c.f().Start(ctx, chair, id, must(c.f().Meeting(ctx, chair, id))(c.t).Version))
	for _, s := range seats {
		c.ok(c.f().Arrive(ctx, chair, forum.Arrival{Meeting: id, Seat: s}))
	}
	c.ok(c.f().Reach(ctx, chair, item, 1))
	return id, item, "/n/se/meetings/" + string(id) + "/items/" + string(item)
}

// approve closes a meeting and has its minutes approved and sealed.
func (c *council) approve(meeting forum.MeetingID) {
	c.t.Helper()
	ctx, chair := c.t.Context(), c.people[0]
	c.ok(c.f().SetApprovers(ctx, chair, meeting, must(c.f().Meeting(ctx, chair, meeting))(c.t).Version, []network.PersonID{chair.Person, c.people[2].Person}))
	id := must(c.f().Close(ctx, chair, meeting, must(c.f().Meeting(ctx, chair, meeting))(c.t).Version))(c.t)
	for _, who := range []network.Actor{chair, c.people[2]} {
		must(c.f().Approve(ctx, who, id, must(c.f().Minutes(ctx, chair, id))(c.t).Hash))(c.t)
	}
}

// decide decides what a draft says, in a meeting in order, with what effects it is given.
func (c *council) decide(body network.BodyID, seats []network.SeatID, topic forum.TopicID, effects ...forum.Effect) forum.DecisionID {
	c.t.Helper()
	meeting, item, _ := c.meeting(body, seats, topic)
	d := must(c.f().Record(c.t.Context(), c.people[0], forum.DecisionDraft{Item: item, Title: "Ja", Text: "Så blir det.", Method: forum.ByConsensus, Effects: effects}))(c.t)
	c.approve(meeting)
	return d.ID
}

func effect(d policy.Drafted) forum.Effect {
	return forum.Effect{Kind: forum.Policy, Ref: d.Draft.ID(), Digest: d.Digest, Title: d.Draft.Title.SV}
}

// enactAll carries out what can be, twice at the same time and then once more: each errand is done once.
func (c *council) enactAll() {
	c.t.Helper()
	other := *c.site.enactor
	done := make(chan error)
	go func() { done <- other.enact(c.t.Context()) }()
	c.ok(c.site.enactor.enact(c.t.Context()))
	c.ok(<-done)
	c.ok(c.site.enactor.enact(c.t.Context()))
}

// became is what became of a decision's only errand.
func (c *council) became(id forum.DecisionID) carried.Errand {
	c.t.Helper()
	all := must(c.site.enactor.errands.Of(c.t.Context(), string(id)))(c.t)
	if len(all) != 1 {
		c.t.Fatalf("decision %s has %d errands", id, len(all))
	}
	return all[0]
}

func (c *council) refused(id forum.DecisionID, code string) {
	c.t.Helper()
	e := c.became(id)
	if e.State != carried.Refused || e.Why == nil || e.Why.Code != code {
		c.t.Errorf("the errand is %s because of %v, want %s", e.State, e.Why, code)
	}
}

// sure is a form whose act was confirmed.
func sure(f url.Values) url.Values { f.Set("sure", "yes"); return f }

var versionField = regexp.MustCompile(`name="version" value="([^"]*)"`)

// clinician asks how common something is, for care.
func clinician(c *council) policy.Verdict {
	return c.node.policies.Judge(policy.Ask{Organisation: string(c.clinic), Sector: "care", Role: policy.Clinician, Person: "p", SignedIn: true, Use: consent.Use{Purpose: consent.Care}, Question: policy.Frequency})
}

// From a draft in the browser over a meeting without and with quorum, to minutes, to a signed policy, to its adoption, to the next question.
func TestADecisionBecomesAPolicyThatIsObeyed(t *testing.T) {
	c := newCouncil(t)
	ctx, chair := t.Context(), c.people[0]
	topic := c.topic(c.body, "Frekvenser för vården")
	d := c.draft(topic, policy.Presets("SE")[0].Draft)
	c.has(c.as(c.coord, "GET", "/n/se/topics/"+string(topic), nil, 200), "/n/se/policy-drafts/"+d.ID, "/n/se/policies/new?topic="+string(topic))
	c.has(c.as(chair, "GET", "/n/se/policy-drafts/"+d.ID, nil, 200), "Vårdens frågor inom landet, version 1")
	meeting, _, at := c.meeting(c.body, c.seats[:2], topic) // no patient is there
	page := c.as(chair, "GET", at, nil, 200)
	name := "policy|care-frequency-1|" + d.Digest.String()
	c.has(page, `value="`+name+`"`, "Vårdens frågor inom landet (care-frequency-1)")
	form := func(named string) url.Values {
		page := c.as(chair, "GET", at, nil, 200)
		return url.Values{"do": {"record"}, "version": {versionField.FindStringSubmatch(page)[1]}, "title": {"Frekvenser"}, "text": {"Så blir det."}, "method": {"consensus"}, "visibility": {"public"}, "named": {named}}
	}
	c.as(chair, "POST", at, form(name), http.StatusConflict) // no quorum
	for _, s := range c.seats[2:] {
		c.ok(c.f().Arrive(ctx, chair, forum.Arrival{Meeting: meeting, Seat: s}))
	}
	edited := d.Draft
	edited.Rules = edited.Rules[:2]
	c.ok(c.node.policies.EditDraft(ctx, policy.Editor{Person: string(c.coord.Person)}, d.ID, 1, edited))
	c.has(c.as(chair, "POST", at, form(name), http.StatusBadRequest), "Utkastet har ändrats")
	typed := form(name)
	typed["named"] = nil
	for k, v := range map[string]string{"effect-kind-0": "policy", "effect-title-0": "Regel", "effect-ref-0": "care-frequency-1"} {
		typed.Set(k, v)
	}
	c.as(chair, "POST", at, typed, http.StatusBadRequest) // a name without the text
	d = must(c.node.policies.DraftOf(ctx, d.ID))(t)
	c.has(c.as(chair, "POST", at, form("policy|care-frequency-1|"+d.Digest.String()), 200), "Anteckna beslutet?", "Vårdens frågor inom landet (care-frequency-1)")
	to := c.as(chair, "POST", at, sure(form("policy|care-frequency-1|"+d.Digest.String())), http.StatusSeeOther)
	c.has(c.as(network.Actor{}, "GET", to, nil, 200), "Vårdens frågor inom landet", "Verkställs när protokollet är justerat")
	c.enactAll()
	if v := clinician(c); v.Allowed {
		t.Fatal("answered before the minutes are approved")
	}
	c.approve(meeting)
	c.enactAll()
	c.has(c.as(network.Actor{}, "GET", to, nil, 200), "Väntar på att införas", "/n/se/policies/care-frequency/1")
	c.has(c.as(network.Actor{}, "GET", "/n/se/policies/care-frequency/1", nil, 200), "Kontrollerad nu: stämmer", "4 av 4 platser", "Styrgruppen")
	if v := clinician(c); v.Allowed {
		t.Fatal("answered before it was adopted")
	}
	c.ok(c.node.policies.SetStanding(ctx, policy.Actor{Operator: true}, string(c.root), "", true, "D-1"))
	c.enactAll()
	if v := clinician(c); v.Allowed {
		t.Fatal("a standing rule adopted what was enacted before it was made")
	}
	waiting := must(c.node.policies.Waiting(ctx))(t)
	c.ok(c.node.policies.Adopt(ctx, waiting[0], policy.Adoption{By: policy.Actor{Operator: true}, Ground: "D-2"}))
	v := clinician(c)
	if !v.Allowed || v.Policy != "care-frequency-1" || v.K != 5 || v.Number != "2026-01" {
		t.Fatalf("the verdict is %+v", v)
	}
	c.has(c.as(network.Actor{}, "GET", to, nil, 200), "I kraft")

	// the group tightens it: by the standing rule, the next question is judged otherwise
	topic = c.topic(c.body, "Större minsta grupp")
	next := d.Draft
	next.Version, next.Rules = 2, append([]policy.Rule{}, next.Rules...)
	next.Rules[0].K = 10
	c.decide(c.body, c.seats[:4], topic, effect(c.draft(topic, next)))
	c.enactAll()
	if v := clinician(c); v.Policy != "care-frequency-2" || v.K != 10 {
		t.Errorf("the verdict is %+v", v)
	}
	c.decide(c.body, c.seats[:4], c.topic(c.body, "Annat"))
	c.enactAll()
	if n := len(c.node.policies.History()); n != 2 {
		t.Errorf("%d adoptions", n)
	}
	st := must(os.Stat(filepath.Join(c.node.dir, keysName, string(c.root)+privateEnds)))(t)
	if st.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode is %v", st.Mode())
	}
	c.has(c.as(network.Actor{}, "GET", "/n/se/policies", nil, 200), policy.KeyID(c.node.policies.Keys()[0].Public))

	// another process reads the same
	c.ok(c.node.Close())
	c.node = must(Open(ctx, c.node.dir))(t)
	if v := clinician(c); v.Policy != "care-frequency-2" || len(c.node.policies.Faults()) > 0 {
		t.Errorf("opened again: %+v, %v", v, c.node.policies.Faults())
	}
}

func TestWhatIsNotCarriedOut(t *testing.T) {
	was := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	defer slog.SetDefault(was)
	c := newCouncil(t)
	ctx := t.Context()
	care := policy.Presets("SE")[0].Draft

	// a text that the topic never had
	topic := c.topic(c.body, "En annan text")
	e := effect(c.draft(topic, care))
	e.Digest[0]++
	other := c.decide(c.body, c.seats[:4], topic, e)
	// a body that recommends
	council := c.group(c.site.commons.Networks, "Rådet", network.Recommends)
	topic2 := c.topic(council, "Råd")
	research := policy.Presets("SE")[1].Draft
	advice := c.decide(council, c.seats[4:], topic2, effect(c.draft(topic2, research)))
	// another body than the draft's: its decision is about another topic
	board := c.group(c.site.commons.Networks, "Andra gruppen", network.Decides)
	topic3, topic4 := c.topic(c.body, "Offentligt"), c.topic(board, "Eget")
	public := policy.Presets("SE")[2].Draft
	drafted := c.draft(topic3, public)
	stolen := c.decide(board, c.seats[8:], topic4, effect(drafted))
	c.enactAll()
	c.refused(other, "policy.draft.unknown")
	c.refused(advice, "carried.recommends")
	c.refused(stolen, "policy.draft.unknown")
	c.has(c.as(network.Actor{}, "GET", "/n/se/decisions/"+string(advice), nil, 200), "Kan inte verkställas", "Organet rekommenderar")
	c.has(c.as(c.people[0], "GET", "/notices", nil, 200), "Beslutet kunde inte verkställas")
	if len(must(c.node.policies.Waiting(ctx))(t)) > 0 || len(c.node.policies.Keys()) > 0 {
		t.Error("something was signed")
	}

	// two decisions about one policy: the room refuses the second
	meeting, item, _ := c.meeting(c.body, c.seats[:4], topic3)
	_, err := c.f().Record(ctx, c.people[0], forum.DecisionDraft{Item: item, Title: "Igen", Text: "Igen.", Method: forum.ByConsensus, Effects: []forum.Effect{effect(drafted)}})
	if err == nil || !strings.Contains(err.Error(), "has decided public-exists-1") {
		t.Errorf("a second decision about it: %v", err)
	}
	// a body that this node doesn't listen to
	c.node.settings.Bodies = []string{string(board)}
	public.Version = 2
	d := must(c.f().Record(ctx, c.people[0], forum.DecisionDraft{Item: item, Title: "Två", Text: "Två.", Method: forum.ByConsensus, Effects: []forum.Effect{effect(c.draft(topic3, public))}}))(t)
	// an item approved at once waits for the seal
	c.ok(c.f().SetApprovers(ctx, c.people[0], meeting, must(c.f().Meeting(ctx, c.people[0], meeting))(c.t).Version, []network.PersonID{c.people[0].Person, c.people[2].Person}))
	id := must(c.f().Close(ctx, c.people[0], meeting, must(c.f().Meeting(ctx, c.people[0], meeting))(t).Version))(t)
	for _, who := range []network.Actor{c.people[0], c.people[2]} {
		hash := must(must(c.f().Minutes(ctx, who, id))(t).Protocol.ItemHash(item))(t)
		must(c.f().ApproveItem(ctx, who, id, item, hash))(t)
	}
	c.enactAll()
	if e := c.became(d.ID); e.State != carried.Waiting || e.Why.Code != "carried.seal" {
		t.Errorf("approved ahead of its minutes, it is %s: %v", e.State, e.Why)
	}
	c.has(c.as(network.Actor{}, "GET", "/n/se/decisions/"+string(d.ID), nil, 200), "Väntar på att hela protokollet")
	for _, who := range []network.Actor{c.people[0], c.people[2]} {
		must(c.f().Approve(ctx, who, id, must(c.f().Minutes(ctx, who, id))(t).Hash))(t)
	}
	c.enactAll()
	c.refused(d.ID, "carried.body")

	// a record whose quorum doesn't hold is refused by the mandate, whatever it claims of itself
	found := must(c.f().Since(ctx, 0))(t)[0]
	m := must(c.site.enactor.mandateOf(ctx, found))(t)
	m.Quorum.Sectors = m.Quorum.Sectors[:1]
	if err := m.Verify(mandate.Policy, m.Effects[0].Digest); err == nil {
		t.Error("a record without its patients is a mandate")
	}
}

// What waits to be adopted isn't, when another decision holds in its decision's place; neither by a steward's act nor by a standing rule.
func TestWhatWasSupersededIsNotAdopted(t *testing.T) {
	c := newCouncil(t)
	ctx := t.Context()
	topic := c.topic(c.body, "Frekvenser för vården")
	first := c.decide(c.body, c.seats, topic, effect(c.draft(topic, policy.Presets("SE")[0].Draft)))
	c.enactAll()
	waiting := must(c.node.policies.Waiting(ctx))(t)
	if len(waiting) != 1 {
		t.Fatalf("%d policies wait", len(waiting))
	}
	meeting, item, _ := c.meeting(c.body, c.seats, c.topic(c.body, "Inga frekvenser"))
	must(c.f().Record(ctx, c.people[0], forum.DecisionDraft{Item: item, Title: "Nej", Text: "Det blir inget.", Method: forum.ByConsensus, Supersedes: []forum.DecisionID{first}}))(t)
	c.approve(meeting)
	err := c.node.policies.Adopt(ctx, waiting[0], policy.Adoption{By: policy.Actor{Operator: true}, Ground: "D-1"})
	var why *fault.Error
	if !errors.As(err, &why) || why.Code != "carried.superseded" {
		t.Errorf("adopted: %v", err)
	}
	c.ok(c.node.policies.SetStanding(ctx, policy.Actor{Operator: true}, string(c.root), "", true, "D-2"))
	c.enactAll()
	if v := clinician(c); v.Allowed {
		t.Error("what was superseded is obeyed")
	}
}

// A form of consent is drafted, decided and enacted; a patient answers it. Its next version is what patients see from then on, while what was
// answered before means what the form before said until they answer again; and what is asked anew is not answered for them.
func TestADecisionBecomesAFormOfConsent(t *testing.T) {
	c := newCouncil(t)
	ctx := t.Context()
	server := httptest.NewServer(c.site.table)
	t.Cleanup(server.Close)
	alva, ok := c.node.people.Lookup(patientID)
	if !ok {
		t.Fatal("the patient isn't enrolled")
	}
	counted := func(p consent.Purpose) bool {
		t.Helper()
		set := must(c.node.consents.Allowed(consent.Use{Purpose: p}))(t)
		return set.Has(alva.Number)
	}
	v := webtest.Plain(t, server.URL)
	says := func(want bool, texts ...string) {
		t.Helper()
		page := v.Text(t, "main")
		for _, text := range texts {
			if strings.Contains(page, text) != want {
				t.Errorf("%s says %q: %v\n%s", v.At(t), text, !want, page)
			}
		}
	}
	const first, second = "Räkna med mig när vården frågar", "Räkna med mig i vårdens frågor"
	const matching = "Hjälp att hitta någon som liknar mig"

	form, ok := consentweb.Model("SE")
	if !ok {
		t.Fatal("there is no form to begin from")
	}
	whole := form
	asks := func(n int) { // the first questions only
		form.Questions, form.Bases = slices.Clone(whole.Questions[:n]), nil
		for _, b := range whole.Bases {
			if slices.ContainsFunc(form.Questions, func(q consent.Question) bool { return q.Permission == b.Permission }) {
				form.Bases = append(form.Bases, b)
			}
		}
	}
	form.Version = "1"
	asks(1)
	one, e := c.form(form)
	id := c.decide(c.body, c.seats[:4], c.topic(c.body, "Ett formulär"), e)
	c.enactAll()
	if got := c.became(id); got.State != carried.Waiting || got.Why.Code != codeAdopt || c.node.consents.InForce() != nil {
		t.Fatalf("before the node adopts it, it is %s: %v", got.State, got.Why)
	}
	c.ok(c.node.policies.SetStanding(ctx, policy.Actor{Operator: true}, string(c.root), string(c.body), true, "D-1"))
	c.enactAll()
	if got := c.became(id); got.State != carried.Done || c.node.consents.InForce().Digest != one {
		t.Fatalf("adopted, it is %s: %v", got.State, got.Why)
	}
	v.Go(t, "/my/sign-in?lang=sv")
	v.Press(t, "Var patienten Alva Lind")
	says(true, first)
	says(false, matching)
	v.Choose(t, "Ja")
	v.Press(t, "Spara mina val")
	says(true, first+": Ja")
	if !counted(consent.Care) || counted(consent.Matching) {
		t.Fatal("after a yes to care alone: care or matching is otherwise")
	}

	// the next version: another wording, and a question more
	form.Version = "2"
	asks(2)
	form.Questions[0].Text = consent.Text{"sv": second, "nb": second, "en": second}
	two, e := c.form(form)
	id = c.decide(c.body, c.seats[:4], c.topic(c.body, "Formuläret, version 2"), e)
	if c.node.consents.InForce().Digest != one {
		t.Error("in force before it was carried out")
	}
	c.enactAll()
	if got := c.became(id); got.State != carried.Done || c.node.consents.InForce().Digest != two {
		t.Fatalf("the second is %s: %v", got.State, got.Why)
	}
	if !counted(consent.Care) || counted(consent.Matching) {
		t.Error("a new version of the form answered for the patient")
	}
	v.Go(t, "/my/me")
	says(true, second, matching, "Du har svarat ja på ett tidigare formulär. Det gäller, med det som stod där, tills du svarar här.")
	says(false, first)
	all := must(c.node.consents.History(ctx, alva.Number))(t)
	if len(all) != 1 || all[0].Form != one.String() {
		t.Errorf("what was answered on the first: %+v", all)
	}

	v.Choose(t, "Nej")
	v.Choose(t, "Ja")
	v.Press(t, "Spara mina val")
	says(true, second+": Nej", matching+": Ja")
	if counted(consent.Care) || !counted(consent.Matching) {
		t.Error("answered anew, care or matching is otherwise")
	}
	all = must(c.node.consents.History(ctx, alva.Number))(t)
	if len(all) != 3 || all[0].Form != one.String() || all[1].Form != two.String() || all[2].Form != two.String() {
		t.Errorf("what was answered on each: %+v", all)
	}
	v.Go(t, "/my/me/history")
	says(true, first, second)

	// the same again changes nothing, and neither does a text that no form has
	if n := len(c.node.consents.Enacted()); n != 2 {
		t.Errorf("%d forms were enacted", n)
	}
	e.Ref, e.Digest[0] = "form-3", e.Digest[0]+1
	other := c.decide(c.body, c.seats[:4], c.topic(c.body, "Ett annat formulär"), e)
	c.enactAll()
	c.refused(other, "consent.form.none")
	if c.node.consents.InForce().Digest != two {
		t.Error("another form is in force")
	}
	c.has(c.as(network.Actor{}, "GET", "/n/se/decisions/"+string(id), nil, 200), "I kraft", "form-2")
}

// form keeps a form, and gives the effect of a decision that names it.
func (c *council) form(f consent.Form) (d mandate.Digest, e forum.Effect) {
	c.t.Helper()
	c.ok(c.node.db.Write(c.t.Context(), func(tx *storage.Tx) (err error) {
		d, err = c.node.consents.Draft(c.t.Context(), tx, consent.Actor(c.coord.Person), f)
		return err
	}))
	return d, forum.Effect{Kind: forum.FormEff, Ref: "form-" + f.Version, Digest: d, Title: f.Title["sv"]}
}
