package app

import (
	"net/http"
	"strings"
	"testing"

	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/policy"
)

// Who is given an assignment as a steward sees what was asked from then on, and nobody else does; the log is everybody's.
func TestAStewardSeesWhatWasAsked(t *testing.T) {
	h := emptyHouse(t)
	ctx := t.Context()
	coordinator, member, nobody := h.kind("coordinator", "tom"), h.kind("member", "tom"), h.kinds[0]
	root, _ := h.site.commons.Networks.Tree().Root("tom")
	clinic, err := h.site.commons.Networks.AddOrganisation(ctx, network.Actor{Person: coordinator.person},
		network.Organisation{Root: root.ID, Kind: network.Hospital, Sector: network.Care, Name: network.Text{SV: "Norra sjukhuset"}})
	if err != nil {
		t.Fatal(err)
	}
	status := func(k kind, path string, want int) string {
		t.Helper()
		w := h.do(k, http.MethodGet, path, nil)
		if w.Code != want {
			t.Errorf("%s as %s: %d, not %d", path, k.name, w.Code, want)
		}
		return w.Body.String()
	}
	pages := []string{"/steward", "/steward/uses", "/steward/denials", "/steward/budgets", "/steward/reviews"}
	for _, path := range pages {
		status(nobody, path, http.StatusSeeOther)
		status(coordinator, path, http.StatusNotFound)
		status(member, path, http.StatusNotFound)
	}
	assign := func(organisation string) string {
		id, err := h.node.policies.Assign(ctx, policy.Actor{Operator: true}, policy.Assignment{Person: string(member.person), Organisation: organisation, Sector: "care", Role: policy.Steward, Ground: "a test"})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	assign(string(clinic)) // whose the node isn't
	status(member, "/steward", http.StatusNotFound)
	id := assign(h.node.settings.Organisation)
	for _, path := range pages {
		status(member, path, http.StatusOK)
		status(coordinator, path, http.StatusNotFound)
	}
	if name := h.site.organisation(ctx, "sv", string(clinic)); name != "Norra sjukhuset" {
		t.Error(name)
	}
	if h.site.organisation(ctx, "sv", "north") != "north" || h.site.person(ctx, "operator") != "operator" || h.site.person(ctx, string(member.person)) != member.called {
		t.Error("whoever isn't of the network keeps their name, and others get theirs")
	}
	if page := status(member, "/n/tom/policies?lang=sv", http.StatusOK); !strings.Contains(page, `href="/steward"`) {
		t.Error("nothing leads a steward there")
	}
	status(nobody, "/ledger", http.StatusOK)
	status(nobody, "/ledger/checkpoint", http.StatusOK)
	if err := h.node.policies.EndAssignment(ctx, policy.Actor{Operator: true}, id, "over"); err != nil {
		t.Fatal(err)
	}
	status(member, "/steward", http.StatusNotFound)
	if err := h.node.letGo(ctx); err != nil {
		t.Error(err)
	}
	if err := h.site.measure(ctx); err != nil {
		t.Error(err)
	}
}
