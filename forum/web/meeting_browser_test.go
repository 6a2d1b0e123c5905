package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web/webtest"
)

// council is a steering group as large as they are, in the middle of a meeting.
type council struct {
	*meetingSite
	body    network.BodyID
	people  map[string]network.Actor
	seatOf  map[string]network.SeatID
	held    forum.MeetingID // sealed
	sealed2 forum.MinutesID
	old     forum.DecisionID
	latest  forum.DecisionID
	now3    forum.ItemID // the item it is at, without quorum
	now     forum.MeetingID
	circ    forum.CirculationID
}

// seatsOf is who sits in a council: name, role, sector, and which region nominates.
var seatsOf = []struct {
	name   string
	role   network.Role
	sector network.Sector
	region string
}{
	{"Karin Alm", network.Chair, network.Care, "Norra"}, {"Leif Ek", network.Member, network.Care, "Mellansverige"}, {"Björn Hallgren", network.Member, network.Care, "Sydöstra"},
	{"Astrid Nyman", network.Member, network.Care, "Västra"}, {"Per Sund", network.Member, network.Care, "Södra"}, {"Ylva Forsberg", network.Member, network.Care, "Stockholm"},
	{"Eva Norén", network.Member, network.Academia, ""}, {"Johan Palm", network.Member, network.Academia, ""}, {"Mats Öberg", network.Member, network.Authority, ""},
	{"Oskar Thelin", network.Member, network.Industry, ""}, {"Maja Lindqvist", network.Member, network.Patient, ""}, {"Hanna Berg", network.Member, network.Patient, ""},
	{"", network.Member, network.Patient, ""}, {"Sara Nordin", network.Deputy, network.Care, ""}, {"Ulla Friberg", network.Deputy, network.Patient, ""}, {"Nils Åhs", network.Observer, network.Academia, ""},
}

func newCouncil(t testing.TB) *council {
	t.Helper()
	c := &council{meetingSite: newMeetingSite(t), people: map[string]network.Actor{}, seatOf: map[string]network.SeatID{}}
	ctx := t.Context()
	c.body = must(c.network.AddBody(ctx, c.coord, network.Body{Network: c.root, Kind: network.SteeringGroup, Name: network.Text{SV: "Stora styrgruppen", NB: "Den store styringsgruppen", EN: "The large steering group"}, Mandate: network.Decides, Visibility: network.Public, InputDays: 14, AnswerDays: 60, PaperDays: 7}))(t)
	c.ok(c.network.SetRules(ctx, c.coord, c.body, 1, []network.Rule{{Kind: network.Half}, {Kind: network.Organisations, N: 4, OrganisationKind: network.Region},
		{Kind: network.OfSector, N: 2, Sector: network.Patient}, {Kind: network.ChairNot, Sector: network.Industry}}))
	for _, s := range seatsOf {
		seat := network.Seat{Body: c.body, Role: s.role, Sector: s.sector}
		if s.region != "" {
			seat.Nominator = must(c.network.AddOrganisation(ctx, c.coord, network.Organisation{Root: c.root, Kind: network.Region, Sector: network.Care, Name: network.Text{SV: s.region + " regionen"}}))(t)
		}
		id := must(c.network.AddSeat(ctx, c.coord, seat))(t)
		c.seatOf[s.name] = id
		if s.name != "" {
			c.people[s.name] = c.person(c.coord, c.root, s.name)
			must(c.network.Give(ctx, c.coord, network.Term{Seat: id, Person: c.people[s.name].Person}))(t)
		}
	}
	c.past()
	c.present()
	return c
}

func (c *council) prepared(title string, inputs ...string) (forum.TopicID, []forum.InputID) {
	c.t.Helper()
	ctx, chair := c.t.Context(), c.people["Karin Alm"]
	x := must(c.forum.Raise(ctx, c.plain, forum.Raising{Body: c.body, Title: title, Text: "Därför att det behövs.", Visibility: network.Public, Lang: "sv"}))(c.t).ID
	var given []forum.InputID
	for _, text := range inputs {
		given = append(given, must(c.forum.GiveInput(ctx, c.people["Maja Lindqvist"], x, forum.Giving{Text: text, Name: "Maja Lindqvist", Lang: "sv"}))(c.t))
	}
	c.ok(c.forum.WaiveInput(ctx, chair, x, "Synpunkter finns."))
	c.ok(c.forum.Prepare(ctx, chair, x))
	return x, given
}

// hold convenes and opens a meeting with the seats of these in it.
func (c *council) hold(names ...string) forum.MeetingID {
	c.t.Helper()
	ctx, chair := c.t.Context(), c.people["Karin Alm"]
	id := must(c.forum.Plan(ctx, chair, forum.Meeting{Body: c.body, Starts: c.Now().Add(4 * time.Minute), Minutes: 150, Place: "Digitalt"}))(c.t)
	c.ok(c.forum.Convene(ctx, chair, id, 1))
	c.forward(4 * time.Minute)
	c.ok(c.forum.Start(ctx, chair, id, c.at(id)))
	for _, name := range names {
		c.forward(time.Second)
		c.ok(c.forum.Arrive(ctx, chair, forum.Arrival{Meeting: id, Seat: c.seatOf[name]}))
	}
	c.forward(time.Minute)
	c.ok(c.forum.SetApprovers(ctx, chair, id, c.at(id), []network.PersonID{chair.Person, c.people["Maja Lindqvist"].Person}))
	return id
}

// past is a meeting with a vote, a dissent, a recusal, inputs, a deputy, something put off, and sealed minutes.
func (c *council) past() {
	ctx, chair := c.t.Context(), c.people["Karin Alm"]
	topic, in := c.prepared("Frekvenser i landet får visas för vården", "Säg inte antal när gruppen är liten.", "Fråga om lov varje gång någon frågar.")
	all := []string{"Karin Alm", "Leif Ek", "Björn Hallgren", "Astrid Nyman", "Per Sund", "Eva Norén", "Mats Öberg", "Oskar Thelin", "Maja Lindqvist", "Hanna Berg"}
	c.held = c.hold(all...)
	first := must(c.forum.AddItem(ctx, chair, forum.Item{Meeting: c.held, Kind: forum.Formality, Title: "Närvaro och jäv", Minutes: 10}))(c.t)
	c.ok(c.forum.Reach(ctx, chair, first, 1))
	report := must(c.forum.AddItem(ctx, chair, forum.Item{Meeting: c.held, Kind: forum.Report, Title: "Tidigare regel", Minutes: 10}))(c.t)
	item := must(c.forum.AddItem(ctx, chair, forum.Item{Meeting: c.held, Kind: forum.AboutTopic, Topic: topic, Minutes: 40, Presenter: "Eva Norén"}))(c.t)
	must(c.forum.AddItem(ctx, chair, forum.Item{Meeting: c.held, Kind: forum.Report, Title: "Nästa möte", Minutes: 5}))(c.t)
	c.old = must(c.forum.Record(ctx, chair, forum.DecisionDraft{Item: report, Title: "Frekvenser visas för laboratorier", Text: "Laboratorier får se frekvenser.", Method: forum.ByConsensus}))(c.t).ID
	c.forward(11 * time.Minute)
	c.ok(c.forum.Reach(ctx, chair, item, 1))
	c.ok(c.forum.Recuse(ctx, chair, item, c.people["Oskar Thelin"].Person, "Har uppdrag för Nordsekvens AB."))
	c.ok(c.forum.Depart(ctx, chair, c.held, c.attendance(c.held, "Leif Ek"), time.Time{}))
	c.forward(time.Minute)
	c.ok(c.forum.Arrive(ctx, chair, forum.Arrival{Meeting: c.held, Seat: c.seatOf["Leif Ek"], Deputy: c.seatOf["Sara Nordin"]}))
	c.forward(time.Minute)
	votes := map[network.SeatID]forum.Vote{}
	for _, name := range all {
		votes[c.seatOf[name]] = forum.For
	}
	delete(votes, c.seatOf["Oskar Thelin"])
	votes[c.seatOf["Björn Hallgren"]], votes[c.seatOf["Mats Öberg"]] = forum.Against, forum.Abstains
	c.latest = must(c.forum.Record(ctx, chair, forum.DecisionDraft{Item: item, Title: "Frekvenser i landet får visas för vården", Lang: "sv",
		Text:      "Den som är inloggad för vård hos en ansluten region får fråga hur många i landet som bär en viss variant, och få svaret som antal och frekvens.\n\nÄr färre än fem bärare visas svaret som ”1–4”.",
		Rationale: "I dag tolkas samma variant olika i landet för att laboratorierna inte ser varandras fynd.", Method: forum.ByVote, Votes: votes,
		InForce: c.Now().AddDate(0, 0, 20), Review: c.Now().AddDate(1, 0, 0), Supersedes: []forum.DecisionID{c.old}, Basis: []forum.Basis{{Title: "Beräkning 118", URL: "https://example.org/118"}},
		Dissent:      []forum.Dissent{{Seat: c.seatOf["Björn Hallgren"], Text: "Intervallet borde vara 1–9."}},
		Effects:      []forum.Effect{{Kind: forum.Policy, Ref: "p3", Title: "Vårdens frågor om frekvens, version 3"}},
		Dispositions: []forum.Disposed{{Input: in[0], Version: 1, Disposition: forum.Adopted, Reason: "Färre än fem visas som ”1–4”."}, {Input: in[1], Version: 1, Disposition: forum.Declined, Reason: "Svaret behövs samma dag."}}}))(c.t).ID
	c.forward(time.Hour)
	c.sealed2 = must(c.forum.Close(ctx, chair, c.held, c.at(c.held)))(c.t)
	c.ok(c.forum.EditMinutes(ctx, chair, forum.MinutesEdit{Minutes: c.sealed2, Version: 1, Note: "Ordföranden hälsade **alla** välkomna.", Texts: map[forum.ItemID]string{first: "Närvaron antecknades."}}))
	for _, name := range []string{"Karin Alm", "Maja Lindqvist"} {
		must(c.forum.Approve(ctx, c.people[name], c.sealed2, must(c.forum.Minutes(ctx, chair, c.sealed2))(c.t).Hash))(c.t)
	}
}

func (c *council) attendance(id forum.MeetingID, name string) string {
	c.t.Helper()
	for _, a := range must(c.forum.Meeting(c.t.Context(), c.coord, id))(c.t).Attendance {
		if a.Seat == c.seatOf[name] && a.Gone.IsZero() {
			return a.ID
		}
	}
	return ""
}

// present is a meeting at an item that lacks a patients' seat.
func (c *council) present() {
	ctx, chair := c.t.Context(), c.people["Karin Alm"]
	c.forward(19 * 24 * time.Hour)
	topic, _ := c.prepared("Ersättning till patientföreträdare", "Restiden är det dyra för oss i norr.", "Betala ut samma månad, inte i efterhand en gång om året.")
	c.now = c.hold("Karin Alm", "Björn Hallgren", "Astrid Nyman", "Per Sund", "Ylva Forsberg", "Eva Norén", "Mats Öberg", "Oskar Thelin", "Maja Lindqvist")
	c.ok(c.forum.Reply(ctx, c.people["Hanna Berg"], c.now, c.seatOf["Hanna Berg"], forum.Coming, "Kommer 10.30."))
	c.now3 = must(c.forum.AddItem(ctx, chair, forum.Item{Meeting: c.now, Kind: forum.AboutTopic, Topic: topic, Minutes: 40}))(c.t)
	must(c.forum.AddItem(ctx, chair, forum.Item{Meeting: c.now, Kind: forum.Report, Title: "Nationell lista över vem som kan vilken gen", Minutes: 30}))(c.t)
	c.ok(c.forum.AddPaper(ctx, chair, c.now, c.now3, forum.Paper{Title: "Bilaga 1, belopp", URL: "https://example.org/bilaga"}))
	c.ok(c.forum.Reach(ctx, chair, c.now3, 1))
	c.ok(c.forum.Recuse(ctx, chair, c.now3, c.people["Oskar Thelin"].Person, "Har anmält uppdrag för Nordsekvens AB."))
	c.circ = must(c.forum.Circulate(ctx, chair, forum.Circulation{Body: c.body, Deadline: c.Now().AddDate(0, 0, 9), Draft: forum.DecisionDraft{Title: "Nya lokaler", Text: "Kansliet flyttar till Umeå."}},
		[]network.PersonID{chair.Person, c.people["Maja Lindqvist"].Person}))(c.t)
	c.forward(10 * time.Minute)
}

// TestMeetingPagesInABrowser judges every page of meetings, decisions and minutes with something in it.
func TestMeetingPagesInABrowser(t *testing.T) {
	b, c := webtest.Open(t), newCouncil(t)
	who := network.Actor{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if who.Person != "" {
			r.AddCookie(&http.Cookie{Name: "test-person", Value: string(who.Person)})
		}
		c.table.ServeHTTP(w, r)
	}))
	defer server.Close()
	chair := c.people["Karin Alm"]
	body := url.QueryEscape(string(c.body))
	for _, one := range []struct {
		name, path string
		who        network.Actor
	}{
		{"meeting-item", "/meetings/" + string(c.now) + "/items/" + string(c.now3), chair}, {"meeting", "/meetings/" + string(c.now), chair}, {"meeting-mine", "/meetings/" + string(c.now), c.people["Maja Lindqvist"]},
		{"meeting-papers", "/meetings/" + string(c.now) + "/papers", chair}, {"meeting-public", "/meetings/" + string(c.held), network.Actor{}}, {"meeting-list", "/meetings?body=" + body, chair}, {"meeting-none", "/meetings", c.away}, {"meeting-edit", "/meetings/" + string(c.meeting) + "/edit", c.coord},
		{"meeting-series", "/series/" + string(c.series), c.coord}, {"decision", "/decisions/" + string(c.latest), network.Actor{}}, {"decision-old", "/decisions/" + string(c.old), chair}, {"decision-list", "/decisions", network.Actor{}},
		{"decision-circulate", "/circulations/new?body=" + body, chair}, {"decision-circulation", "/circulations/" + string(c.circ), c.people["Maja Lindqvist"]}, {"decision-circulation-over", "/circulations/" + string(c.circulation), c.chair},
		{"minutes", "/minutes/" + string(c.sealed2) + "?check=yes", c.coord}, {"minutes-edit", "/minutes/" + string(c.minutes) + "/edit", c.coord}, {"minutes-list", "/minutes", network.Actor{}},
	} {
		who = one.who
		mark := "?"
		if u, err := url.Parse(one.path); err == nil && u.RawQuery != "" {
			mark = "&"
		}
		b.Go(t, server.URL+"/n/se"+one.path+mark+"lang=sv")
		b.Judge(t, one.name)
	}
}
