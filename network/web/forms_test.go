package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// values makes a form.
func values(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// sends posts a form that must lead on, and gives where to.
func (h *house) sends(as, path string, pairs ...string) string {
	h.t.Helper()
	status, head, body := h.ask("POST", path, as, values(pairs...))
	if status != http.StatusSeeOther {
		h.t.Fatalf("POST %s: %d %s", path, status, problems(body))
	}
	return head.Get("Location")
}

// fails posts a form that must come back, with what was typed.
func (h *house) fails(status int, as, path, typed string, pairs ...string) string {
	h.t.Helper()
	got, _, body := h.ask("POST", path, as, values(pairs...))
	if got != status {
		h.t.Errorf("POST %s: %d, want %d %s", path, got, status, problems(body))
	}
	if typed != "" && !strings.Contains(body, typed) {
		h.t.Errorf("POST %s: what was typed is lost", path)
	}
	if got >= 400 && got != http.StatusForbidden && got != http.StatusNotFound && !strings.Contains(body, "ds-error-summary") {
		h.t.Errorf("POST %s: no summary of what is wrong", path)
	}
	if m := unwritten.FindString(body); m != "" {
		h.t.Errorf("POST %s says %s", path, m)
	}
	return body
}

// problems cuts the summary of what is wrong out of a page.
func problems(body string) string {
	if i := strings.Index(body, "ds-error-summary"); i >= 0 {
		return body[i:min(len(body), i+600)]
	}
	return ""
}

func (h *house) see(as, path, text string) {
	h.t.Helper()
	if status, _, body := h.ask("GET", path, as, nil); status != http.StatusOK || !strings.Contains(body, text) {
		h.t.Errorf("%s as %q: %d, without %q", path, as, status, text)
	}
}

var groupForm = []string{"name.sv", "Gruppen för prov", "kind", "working", "mandate", "recommends", "visibility", "public", "input", "14", "answer", "60", "paper", "7"}

func TestBodyForms(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	h.fails(http.StatusBadRequest, "coordinator", "/n/se/bodies/new", "Uppdraget i ord", "network", string(h.root), "task.sv", "Uppdraget i ord", "kind", "working", "mandate", "recommends", "visibility", "public", "input", "x", "answer", "60", "paper", "7")
	at := h.sends("coordinator", "/n/se/bodies/new", append(groupForm, "network", string(h.root))...)
	h.see("", at, "Gruppen för prov")
	h.fails(http.StatusForbidden, "member", at+"/edit", "", append(groupForm, "version", "1")...)
	h.sends("coordinator", at+"/edit", append(groupForm, "version", "1", "task.sv", "Det ena")...)
	body := h.fails(http.StatusConflict, "coordinator", at+"/edit", "Det andra", append(groupForm, "version", "1", "task.sv", "Det andra")...)
	if !strings.Contains(body, "Det ena") || !strings.Contains(body, `name="version" value="2"`) {
		t.Error("the other's text is not beside one's own")
	}
	h.sends("coordinator", at+"/rules", "version", "2", "kind1", "sector", "n1", "1", "sector1", "patient", "of1", "", "kind2", "", "n2", "", "sector2", "", "of2", "")
	h.fails(http.StatusBadRequest, "coordinator", at+"/rules", "", "version", "3", "kind1", "sector", "n1", "no", "sector1", "patient", "of1", "")
	h.see("", at+"?lang=sv", "Minst 1 är från patienterna.")
	h.sends("coordinator", at+"/seats/new", "role", "member", "sector", "care", "nominator", "", "deputy", "", "order", "")
	h.fails(http.StatusBadRequest, "coordinator", at+"/seats/new", "", "role", "member", "sector", "nothing", "nominator", "", "deputy", "")
	h.see("coordinator", at+"?lang=sv", "Gruppen kan inte besluta som den är besatt nu")
	h.sends("coordinator", at+"/close", "version", "3")
	h.fails(http.StatusConflict, "coordinator", at+"/edit", "", append(groupForm, "version", "4")...)
}

func TestSeatForms(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	seat := "/n/se/seats/" + string(h.seats[5].ID)
	h.see("coordinator", seat+"?q=ahl", "Nils Ahl")
	h.fails(http.StatusBadRequest, "coordinator", seat, "2026-03-01", "person", "", "from", "2026-03-01", "to", "", "q", "ahl")
	h.fails(http.StatusBadRequest, "coordinator", seat, "", "person", string(h.as["member"]), "from", "2026-03-01", "to", "2026-02-01", "q", "ahl")
	at := h.sends("coordinator", seat, "person", string(h.as["member"]), "from", "2025-03-01", "to", "2027-02-28")
	h.see("", at+"?lang=sv", "28\u00a0februari\u00a02027")
	h.fails(http.StatusConflict, "coordinator", seat, "", "person", string(h.as["second"]), "from", "2026-03-01", "to", "", "q", "")
	h.fails(http.StatusNotFound, "coordinator", seat, "", "person", string(h.as["stranger"]), "from", "2028-03-01", "to", "", "q", "")
	var term network.HoldingID
	h.look(func(tx *storage.Tx, a network.Access) error {
		all, err := h.network.Terms(ctx, tx, a, h.seats[5].ID)
		term = all[0].ID
		return err
	})
	h.fails(http.StatusForbidden, "second", "/n/se/terms/"+string(term)+"/end", "", "at", "", "why", "")
	h.sends("coordinator", "/n/se/terms/"+string(term)+"/renew", "to", "2029-02-28")
	h.fails(http.StatusConflict, "coordinator", "/n/se/terms/"+string(term)+"/hand-over", "Flyttar utomlands", "person", string(h.as["second"]), "from", "", "until", "", "why", "Flyttar utomlands", "q", "per")
	h.sends("member", "/n/se/terms/"+string(term)+"/end", "at", "", "why", "Hinner inte")
	history := "/n/se/bodies/" + string(h.body) + "/history?lang=sv"
	h.see("coordinator", history, "Hinner inte")
	if _, _, body := h.ask("GET", history, "", nil); strings.Contains(body, "Hinner inte") || !strings.Contains(body, "Nils Ahl") {
		t.Error("the reason is public, or the history is not")
	}
	h.sends("coordinator", seat+"/edit", "role", "observer", "sector", "care", "nominator", "", "deputy", "", "order", "6", "version", "1")
	h.fails(http.StatusConflict, "coordinator", seat+"/close", "", "version", "2") // the renewed term is to come
	h.sends("chair", "/n/se/seats/"+string(h.seats[6].ID)+"/propose", "person", string(h.as["second"]), "text", "Kan detta")
	h.fails(http.StatusForbidden, "member", "/n/se/seats/"+string(h.seats[6].ID)+"/propose", "", "person", string(h.as["second"]), "text", "Kan detta")
	h.see("coordinator", "/n/se/seats/"+string(h.seats[6].ID), "Kan detta")
}

func TestVacancyForms(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	seat := "/n/se/seats/" + string(h.seats[16].ID)
	h.fails(http.StatusBadRequest, "coordinator", seat+"/advertise", "Tid", "text.sv", "", "takes.sv", "Tid", "last", "2026-03-01")
	at := h.sends("coordinator", seat+"/advertise", "text.sv", "En plats", "takes.sv", "Tid", "last", "2026-03-01", "paid", "yes")
	h.see("", at, "En plats")
	h.fails(http.StatusBadRequest, "", at, "Gärna jag", "name", "Pia", "mail", "ingen", "text", "Gärna jag")
	h.sends("", at, "name", "Pia Publik", "mail", "pia@example.org", "text", "Gärna jag")
	h.sends("", at, "name", "Bot", "mail", "bot@example.org", "text", "x", "website", "http://spam")
	_, _, shown := h.ask("GET", seat, "coordinator", nil)
	if !strings.Contains(shown, "Pia Publik") {
		t.Error("who came forward isn't shown")
	}
	h.candidateInvited(seat, shown)
	for _, as := range []string{"", "member", "chair"} {
		if _, _, body := h.ask("GET", at, as, nil); strings.Contains(body, "pia@example.org") {
			t.Error("the public's address shows")
		}
	}
	if _, _, body := h.ask("GET", seat, "coordinator", nil); strings.Contains(body, "bot@example.org") {
		t.Error("a program came forward")
	}
	h.fails(http.StatusNotFound, "chair", "/n/se/candidates/"+h.ids["candidates"], "", "state", "declined")
	h.sends("member", "/n/se/candidates/"+h.ids["candidates"], "state", "withdrawn")
	h.sends("coordinator", at+"/edit", "text.sv", "En annan", "takes.sv", "", "last", "2026-03-01", "version", "1")
	h.fails(http.StatusConflict, "coordinator", at+"/edit", "En tredje", "text.sv", "En tredje", "takes.sv", "", "last", "2026-03-01", "version", "1")
	h.sends("coordinator", at+"/close", "version", "2")
	h.fails(http.StatusConflict, "", at, "", "name", "Pia", "mail", "p@example.org", "text", "")
}

// candidateInvited registers Pia, who came forward for a seat, by the form that her own words fill.
func (h *house) candidateInvited(seat, shown string) {
	h.t.Helper()
	m := regexp.MustCompile(`href="(/n/se/people/new\?candidate=([A-Z0-9]+))"`).FindStringSubmatch(shown)
	if m == nil {
		h.t.Fatal("a candidate of the public can't be invited")
	}
	_, _, form := h.ask("GET", m[1], "coordinator", nil)
	for _, want := range []string{`value="Pia Publik"`, `value="pia@example.org"`, `value="` + m[2] + `"`} {
		if !strings.Contains(form, want) {
			h.t.Errorf("the form lacks %s", want)
		}
	}
	for _, as := range []string{"member", "chair", "stranger"} {
		if _, _, body := h.ask("GET", m[1], as, nil); strings.Contains(body, "pia@example.org") {
			h.t.Errorf("%s reads a candidate's address", as)
		}
	}
	to := h.sends("coordinator", "/n/se/people/new", "name", "Pia Publik", "mail", "", "lang", "sv", "network", string(h.root), "candidate", m[2])
	if to != seat {
		h.t.Errorf("it leads to %s", to)
	}
	h.see("coordinator", seat, "Pia Publik")
	_, _, now := h.ask("GET", seat+"?q=Pia+Publik", "coordinator", nil)
	if strings.Contains(now, "candidate="+m[2]) || strings.Contains(now, "pia@example.org") {
		h.t.Error("who is registered can be invited again, or their address is kept beside")
	}
	if n := strings.Count(now, `name="person"`); n < 1 || !regexp.MustCompile(`name="person" value="[A-Z0-9]+" checked`).MatchString(now) {
		h.t.Errorf("the only one found of %d isn't chosen", n)
	}
	h.fails(http.StatusNotFound, "coordinator", "/n/se/people/new", "", "name", "Pia igen", "mail", "", "lang", "sv", "network", string(h.root), "candidate", m[2])
}

func TestRegisterForms(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	h.fails(http.StatusBadRequest, "coordinator", "/n/se/organisations/new", "ingenting", "name.sv", "Förbundet", "kind", "patient", "sector", "patient", "parent", "", "code", "", "web", "ingenting")
	org := h.sends("coordinator", "/n/se/organisations/new", "name.sv", "Förbundet", "kind", "patient", "sector", "patient", "parent", "", "code", "", "web", "https://example.org")
	h.see("", org, "Förbundet")
	h.sends("coordinator", org+"/edit", "name.sv", "Förbund A", "kind", "patient", "sector", "patient", "parent", "", "code", "", "web", "", "version", "1")
	h.fails(http.StatusConflict, "coordinator", org+"/edit", "Förbund B", "name.sv", "Förbund B", "kind", "patient", "sector", "patient", "parent", "", "code", "", "web", "", "version", "1")
	h.sends("coordinator", org+"/close", "version", "2")
	region := ""
	for _, s := range h.seats {
		if s.Nominator != "" {
			region = "/n/se/organisations/" + string(s.Nominator)
		}
	}
	h.fails(http.StatusConflict, "coordinator", region+"/close", "", "version", "1")

	h.sends("coordinator", "/n/se/networks/new", "parent", string(h.root), "slug", "cancer", "name.sv", "Cancer", "about.sv", "", "kind", "thematic", "field", "cancer", "lang", "sv", "zone", "Europe/Stockholm")
	h.fails(http.StatusBadRequest, "coordinator", "/n/se/networks/new", "Inte bra", "parent", string(h.root), "slug", "Inte bra", "name.sv", "X", "kind", "thematic", "field", "", "lang", "sv", "zone", "Europe/Stockholm")
	h.fails(http.StatusNotFound, "stranger", "/n/se/networks/new", "", "parent", string(h.root), "slug", "x", "name.sv", "X", "kind", "thematic", "lang", "sv", "zone", "Europe/Stockholm")
	h.see("", "/n/se/networks", "Cancer")
	h.fails(http.StatusConflict, "coordinator", "/n/se/networks/"+h.ids["networks"]+"/close", "", "version", "1")

	h.fails(http.StatusBadRequest, "coordinator", "/n/se/people/new", "ingen", "name", "Ny Person", "mail", "ingen", "lang", "sv", "network", string(h.root))
	status, _, body := h.ask("POST", "/n/se/people/new", "coordinator", values("name", "Ny Person", "mail", "ny@example.org", "lang", "sv", "network", string(h.root)))
	if status != http.StatusOK || !strings.Contains(body, "http://localhost/invitation/") {
		t.Errorf("an invitation's link is not shown: %d", status)
	}
	h.see("coordinator", "/n/se/people?q=ny", "Ny Person")
	person := "/n/se/people/" + string(h.as["member"])
	h.sends("coordinator", person+"/register", "network", h.ids["networks"])
	h.sends("coordinator", person+"/unregister", "network", h.ids["networks"])
	h.fails(http.StatusForbidden, "chair", person+"/register", "", "network", h.ids["networks"])
	h.fails(http.StatusConflict, "coordinator", "/n/se/people/"+string(h.as["seated"])+"/unregister", "", "network", string(h.root))

	form := []string{"network", string(h.root), "kind", "partnership", "title", "Samarbete", "text", "Mål", "lang", "sv", "parties", h.ids["organisations"], "q", "", "person", "", "visibility", "public", "from", "2026-01-01", "to", "", "review", "2026-12-01"}
	agreement := h.sends("coordinator", "/n/se/agreements/new", form...)
	h.see("", agreement, "Samarbete")
	h.fails(http.StatusBadRequest, "coordinator", "/n/se/agreements/new", "Nils Ahl", append(values2(form, "q", "ahl"), "do", "find")...)
	h.sends("coordinator", agreement+"/edit", append(form, "version", "1")...)
	h.fails(http.StatusConflict, "coordinator", agreement+"/edit", "Samarbete", append(form, "version", "1")...)
	h.sends("coordinator", agreement+"/close", "version", "2")
	h.sends("coordinator", "/n/se/rates", "code", "meeting", "amount", "1 250,50", "currency", "SEK", "from", "2026-01-02")
	h.see("member", "/n/se/rates?lang=sv", "1\u00a0250,50\u00a0SEK")
	h.fails(http.StatusBadRequest, "coordinator", "/n/se/rates", "mycket", "code", "meeting", "amount", "mycket", "currency", "SEK", "from", "2026-01-02")
}

// values2 changes one field of a form.
func values2(form []string, name, value string) []string {
	out := append([]string{}, form...)
	for i := 0; i < len(out); i += 2 {
		if out[i] == name {
			out[i+1] = value
		}
	}
	return out
}

func TestOwnForms(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	h.fails(http.StatusBadRequest, "member", "/me/profile", "inte en gen", "form", "", "genes", "inte en gen", "genes.who", "network", "genes.version", "0")
	h.sends("member", "/me/profile", "form", "", "genes", "TP53\nscn1a", "genes.who", "network", "genes.version", "0", "fields", "rare", "fields", "cancer", "fields.who", "public", "fields.version", "0")
	h.see("chair", "/n/se/people?genes=SCN1A", "Nils Ahl")
	h.see("", "/n/se/people?fields=rare", "Nils Ahl")
	body := h.fails(http.StatusConflict, "member", "/me/profile", "MLH1", "form", "", "genes", "MLH1", "genes.who", "network", "genes.version", "0")
	if !strings.Contains(body, "SCN1A") || !strings.Contains(body, `name="genes.version" value="1"`) {
		t.Error("what the profile says now is not beside what was typed")
	}
	h.sends("member", "/me/name", "name", "Nils Bergahl", "lang", "sv", "version", "1")
	h.see("member", "/me", "Nils Bergahl")
	h.fails(http.StatusBadRequest, "member", "/me/interests", "om detta", "in", "se", "organisation", "", "named", "", "kind", "fee", "about", "om detta", "from", "", "to", "")
	h.sends("member", "/me/interests", "in", "se", "organisation", h.ids["organisations"], "named", "", "kind", "employment", "about", "", "from", "2025-01-01", "to", "")
	h.see("chair", "/n/se/people/"+string(h.as["member"])+"?lang=sv", "Bolaget")
	h.sends("member", "/me/interests/confirm", "in", "se")
	h.fails(http.StatusNotFound, "member", "/me/interests/confirm", "", "in", "no")
	h.sends("member", "/me/interests/"+h.ids["interests"]+"/end")
	h.fails(http.StatusNotFound, "chair", "/me/interests/"+h.ids["interests"]+"/end", "")
	h.see("member", "/me/export", "Läkemedlet")
}

func TestSetupForm(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	h.fails(http.StatusNotFound, "member", "/setup", "", "template", "no", "slug", "x")
	h.fails(http.StatusConflict, "coordinator", "/setup", "Mitt nätverk", "template", "no", "slug", "no", "name.sv", "Mitt nätverk", "lang", "nb", "zone", "Europe/Oslo", "country", "NO")
	if at := h.sends("coordinator", "/setup", "template", "empty", "slug", "fi", "name.sv", "Finland", "lang", "sv", "zone", "Europe/Helsinki", "country", "FI"); at != "/n/fi/bodies" {
		t.Errorf("leads to %s", at)
	}
	h.see("coordinator", "/n/fi/bodies", "Finland")
}
