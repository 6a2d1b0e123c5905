package app

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/samverk/samverk/action/procedure"
	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/mandate/carried"
	"github.com/samverk/samverk/network"
)

// TestADecisionPutsAProcedureInForce goes from a draft over the form of a decision to what the region is asked, by pages; and over a body that
// recommends, one that nobody asked, and an edit made too late.
func TestADecisionPutsAProcedureInForce(t *testing.T) {
	c := newCouncil(t)
	ctx, chair, nobody := t.Context(), c.people[0], network.Actor{}
	n := c.site.commons.Networks
	region := must(n.AddNetwork(ctx, c.coord, network.Network{Parent: c.root, Slug: "norr", Kind: network.Regional, Name: network.Text{SV: "Nätverk Norr"}}))(t)
	office := must(n.AddBody(ctx, c.coord, network.Body{Network: region, Kind: network.Secretariat, Name: network.Text{SV: "Kansli"}, Mandate: network.Advises, Visibility: network.Public}))(t)
	seat := must(n.AddSeat(ctx, c.coord, network.Seat{Body: office, Role: network.Member, Sector: network.Care}))(t)
	must(n.Give(ctx, c.coord, network.Term{Seat: seat, Person: c.people[3].Person}))(t) // one of those who may be signed in as
	speaker := c.people[3]

	topic := c.topic(c.body, "DPYD före behandling")
	text := url.Values{"body": {"body:" + string(c.body)}, "topic": {string(topic)}, "field": {"cancer"}, "kind": {"diagnostics"}, "lang": {"sv"}, "visibility": {"public"}, "title": {"DPYD före fluoropyrimidin"}, "how": {"Fyra varianter."}}
	at := c.as(chair, "POST", "/n/se/procedures/new", text, http.StatusSeeOther)
	id := procedure.ID(at[strings.LastIndexByte(at, '/')+1:])
	named := func() forum.Effect {
		v := must(c.site.commons.Procedures.View(ctx, chair, c.root, id, 0))(t)
		v = must(c.site.commons.Procedures.View(ctx, chair, c.root, id, v.Draft))(t)
		return forum.Effect{Kind: forum.Procedure, Ref: procedure.Ref(id, v.Version.Number), Digest: v.Version.Digest, Title: v.Version.Content.Title}
	}
	e := named()
	_, item, here := c.meeting(c.body, c.seats[:4], topic)
	c.has(c.as(chair, "GET", here, nil, 200), `value="procedure|`+e.Ref+`|`, "DPYD före fluoropyrimidin, version 1", at+"/versions/1")
	d := must(c.f().Record(ctx, chair, forum.DecisionDraft{Item: item, Title: "DPYD", Text: "Så blir det.", Method: forum.ByConsensus, Effects: []forum.Effect{e}}))(t)
	c.has(c.as(nobody, "GET", "/n/se/decisions/"+string(d.ID), nil, 200), "DPYD före fluoropyrimidin")
	text.Set("edit", "1")
	text.Set("how", "Sex varianter.") // after the vote
	c.as(chair, "POST", at+"/edit", text, http.StatusSeeOther)
	c.enactAll()
	c.as(nobody, "GET", at, nil, http.StatusNotFound)
	c.approve(must(c.f().Decision(ctx, chair, d.ID))(t).Meeting)
	c.enactAll()
	if got := c.became(d.ID); got.State != carried.Done {
		t.Errorf("%+v", got)
	}
	page := c.as(nobody, "GET", at, nil, 200)
	c.has(page, "Fyra varianter.", "Gäller", "/n/se/decisions/"+string(d.ID), "Okänt")
	if strings.Contains(page, "Sex varianter.") {
		t.Error("an edit after the vote was put in force")
	}
	c.has(c.as(nobody, "GET", "/n/se/decisions/"+string(d.ID), nil, 200), at+"/versions/1", "Gäller")
	c.has(c.as(nobody, "GET", "/n/se/do", nil, 200), "/n/se/procedures", "1 beslutad")

	// The region is waited for, and answers.
	c.has(c.as(speaker, "GET", "/n/se/waiting", nil, 200), "Regionens svar", at+"/regions/norr")
	c.as(speaker, "POST", at+"/regions/norr", url.Values{"version": {"1"}, "after": {"0"}, "state": {"declined"}, "reason": {"Svaren dröjer."}}, http.StatusSeeOther)
	if strings.Contains(c.as(speaker, "GET", "/n/se/waiting", nil, 200), at+"/regions/norr") {
		t.Error("a region that answered is waited for")
	}
	raised := c.as(chair, "POST", at+"/regions/norr/raise", nil, http.StatusSeeOther)
	c.has(c.as(nobody, "GET", raised, nil, 200), "Svaren dröjer.", "Nätverk Norr inför inte")

	// A body that recommends, about the next version: the region is asked again.
	council := c.group(n, "Rådet", network.Recommends)
	text.Set("edit", "0")
	c.as(chair, "POST", at+"/edit", text, http.StatusSeeOther)
	topic2 := c.topic(council, "Sex varianter")
	c.decide(council, c.seats[4:], topic2, named())
	c.enactAll()
	c.has(c.as(nobody, "GET", at, nil, 200), "Sex varianter.", "Rekommenderas", "Ersatt")
	c.has(c.as(speaker, "GET", "/n/se/waiting", nil, 200), at+"/regions/norr")

	// A text that isn't there is refused, and who runs the body is told.
	e.Digest[0]++
	gone := c.decide(c.body, c.seats[:4], c.topic(c.body, "En annan text"), e)
	c.enactAll()
	c.refused(gone, "procedure.carried.decided")
}
