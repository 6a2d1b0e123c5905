package app

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web/route"
)

// Whoever is signed in asks in their assignment, and is told by which decision. Nobody known is denied on a server that others come to.
func TestAskingInAnAssignment(t *testing.T) {
	c := newCouncil(t)
	ctx, linda, omar := t.Context(), c.people[0], c.people[1]
	const ask = "/ask?purpose=care&q=chr22-50000165-C-T&lang=sv"
	c.has(c.as(network.Actor{}, "GET", ask, nil, 200), "Du frågar som: den som driver noden")
	c.has(c.as(linda, "GET", ask, nil, 403), "Du har inget uppdrag att fråga i", "Ingen är dataförvaltare här ännu")
	assign := func(who network.Actor, role string) {
		must(c.node.policies.Assign(ctx, policy.Actor{Operator: true}, policy.Assignment{Person: string(who.Person), Organisation: string(c.clinic), Sector: "care", Role: role, Ground: "D-1"}))(t)
	}
	assign(linda, policy.Clinician)
	c.has(c.as(network.Actor{}, "GET", "/n/se/?lang=en", nil, 200), "Nothing is counted here yet")
	topic := c.topic(c.body, "Frekvenser för vården")
	id := c.decide(c.body, c.seats[:4], topic, effect(c.draft(topic, policy.Presets("SE")[0].Draft)))
	c.enactAll()
	if waiting := must(c.node.policies.Waiting(ctx))(t); len(waiting) == 1 {
		c.ok(c.node.policies.Adopt(ctx, waiting[0], policy.Adoption{By: policy.Actor{Operator: true}, Ground: "D-2"}))
	} else {
		t.Fatalf("the errand is %+v", c.became(id))
	}
	c.has(c.as(linda, "GET", ask, nil, 200), "Du frågar som: kliniker vid Norra sjukhuset", `href="/n/se/decisions/`+string(id)+`"`, `href="/n/se/policies/care-frequency/1"`, "svar kvar")
	c.has(c.as(network.Actor{}, "GET", "/n/se/?lang=en", nil, 200), `<a href="/ledger">answers in 30 days, all in the open log`)
	c.has(c.as(linda, "GET", "/ask?purpose=research&q=chr22-50000165-C-T", nil, 403), "Den här frågan besvaras inte här")
	assign(linda, policy.Laboratory)
	c.has(c.as(linda, "GET", ask, nil, 400), "Välj som vad du frågar")
	c.has(c.as(omar, "GET", ask, nil, 403), "Du har inget uppdrag att fråga i")
	c.as(omar, "GET", "/datasets", nil, 403)
	assign(omar, policy.Steward)
	c.as(omar, "GET", "/datasets", nil, 200)

	public := must(c.node.site(ctx, ServeOptions{Addr: "127.0.0.1:0", URL: "https://samverk.example.org"}, base))(t)
	t.Cleanup(func() { _ = public.close() })
	was := c.site
	c.site = public
	for _, path := range []string{"/ask", ask, "/annotate", "/datasets", "/api/v1/query?purpose=care&variant=chr22-50000165-C-T", "/api/v1/stats"} {
		c.as(network.Actor{}, "GET", path, nil, 403)
	}
	c.as(network.Actor{}, "GET", "/metrics", nil, http.StatusNotFound)
	for _, r := range public.table.Routes() {
		if r.Who == route.LocalOperator {
			t.Errorf("%s is on a public server", r)
		}
	}
	c.site = was
}

// Who knows about a gene is found in the directory, and the gene in the node's table.
func TestWhoKnowsAboutAGene(t *testing.T) {
	c := newCouncil(t)
	table := filepath.Join(t.TempDir(), "genes.bed")
	c.ok(os.WriteFile(table, []byte("chr22\t50000000\t50010000\tMADE1\n"), 0o600))
	c.node.settings.Genes = table
	c.ok(c.site.close())
	c.site = must(c.node.site(t.Context(), ServeOptions{Addr: "127.0.0.1:0"}, base))(t)
	t.Cleanup(func() { _ = c.site.close() })
	c.ok(c.site.commons.Networks.SaveProfile(t.Context(), c.people[2], []network.ProfilePart{{Part: network.Genes, Value: "MADE1", Lang: "sv", Visibility: network.Public}}))
	page := c.as(network.Actor{}, "GET", "/ask?purpose=care&q=MADE1&lang=sv", nil, 200)
	c.has(page, "Vilka kan något om MADE1", "Styrgruppen C", "/people/"+string(c.people[2].Person), "Patienter")
}
