package web_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/consent"
	consentweb "github.com/samverk/samverk/consent/web"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/ledger/membership"
	"github.com/samverk/samverk/storage"
	"github.com/samverk/samverk/web/webtest"
)

// counts tells whether somebody is counted for a use now.
func (h *house) counts(id string, u consent.Use) bool {
	h.t.Helper()
	who, there := h.people.Lookup(id)
	return there && must(h.consents.Allowed(u))(h.t).Has(who.Number)
}

var care, research = consent.Use{Purpose: consent.Care}, consent.Use{Purpose: consent.Research, Diseases: []string{"MONDO:0005027"}}

// A patient says yes, is counted, sees it, withdraws, and is in no later answer.
func TestAPatientsWholeWay(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		h := newHouse(t, dsn, nil)
		h.link("pid-anna", "anna")
		b := h.browser()
		b.get("/my")
		b.is("/my/sign-in", 200)
		b.signIn("pid-anna", "strong", "loa3")
		b.is("/my/me", 200)
		b.says("No question is asked yet", "Region Norr", "You are signed in", "The data haven’t been used yet")
		digest := h.enact(14, model(t)).String()
		b.get("/my/me")
		b.says("Count me when care asks", "13 for and 2 against", "4 of the 15", "/n/se/decisions/d14")
		b.silent(" checked")

		// Nothing answered is nothing saved; diseases are chosen in a step of their own.
		b.post("/my/me/choices", "form", digest)
		b.is("/my/me/choices", 400)
		b.says("Answer yes or no to at least one question")
		b.post("/my/me/choices", "form", digest, "q.care", "yes", "q.research", "yes", "q.abroad", "no")
		b.is("/my/me/choices", 200)
		b.says("Which diseases is it about?", `name="q.care" value="yes"`, `name="q.abroad" value="no"`)
		b.silent("Choose at least one disease")
		b.post("/my/me/choices", "form", digest, "step", "chosen", "q.care", "yes", "q.research", "yes", "q.abroad", "no")
		b.is("/my/me/choices", 400)
		b.says("Choose at least one disease")
		if h.counts("anna", care) {
			t.Error("counted before anything was saved")
		}
		b.post("/my/me/choices", "form", digest, "step", "chosen", "q.care", "yes", "q.research", "yes", "q.abroad", "no", "d.research", "MONDO:0005027", "d.research", "MONDO:0004992")
		b.is("/my/me/receipts/2026-000001", 200)
		b.says("This is now allowed: care and research")
		if !h.counts("anna", care) || !h.counts("anna", research) || h.counts("anna", consent.Use{Purpose: consent.Research, Diseases: []string{"MONDO:0004995"}}) {
			t.Error("what was saved isn't obeyed")
		}

		h.use("01LAB", care)
		h.use("The children’s clinic", care)
		h.use("A group on heart disease", consent.Use{Purpose: consent.Research, Diseases: []string{"MONDO:0004995"}})
		b.get("/my/me")
		b.says("Yes, 1 of 1", "The laboratory of the Northern region", "2 times in the last year", "decision 2026-14", "About epilepsy and cancer.", "Last changed 3\u00a0December\u00a02026 by you")
		b.post("/my/me/choices", "form", digest, "q.care", "yes", "q.research", "yes", "d.research", "MONDO:0005027", "d.research", "MONDO:0004992")
		b.is("/my/me", 200)
		b.says("Nothing is changed")

		b.get("/my/me/diseases")
		b.says(`value="MONDO:0005027" checked`)
		b.get("/my/me/withdraw")
		b.says("This stops:", "Yes, withdraw everything")
		if !h.counts("anna", care) {
			t.Error("asking withdrew")
		}
		b.post("/my/me/withdraw")
		b.is("/my/me/receipts/2026-000002", 200)
		b.says("This has stopped: care and research", "The laboratory of the Northern region: care, once", "be taken back, but you are in no new ones")
		if h.counts("anna", care) || h.counts("anna", research) {
			t.Error("counted after the withdrawal was acknowledged")
		}
		h.use("01LAB", care)
		b.get("/my/me/uses")
		b.says("<td role=\"cell\" data-th=\"Counted\">No</td>", "Yes, 1 of 1")
		h.check(b)
		b.get("/my/me/history")
		b.says("No, withdrawn", "Version 1", "2026-000002")

		h.use("01LAB", care)
		h.use("01LAB", care)
		b.get("/my/me")
		b.says("No, 3 times", "Yes, 1 of 1", "/my/me/uses?after=") // what is alike on a day is one row, and leads to each
		b.get("/my/me/uses")
		b.silent("3 times")
	})
}

// check lets the patient's own proofs be verified by somebody else.
func (h *house) check(b *browser) {
	h.t.Helper()
	b.get("/my/me/uses?format=json")
	var rows []struct {
		Index int    `json:"index"`
		Were  string `json:"were_you_counted"`
	}
	ok(h.t, json.Unmarshal([]byte(b.body), &rows))
	var said []string
	for _, row := range rows {
		said = append(said, row.Were)
		b.get("/my/me/uses/" + strconv.Itoa(row.Index))
		b.says("Checked when this page was shown", "signed checkpoint")
		b.get("/my/me/uses/" + strconv.Itoa(row.Index) + "?format=json")
		var p consentweb.Proof
		ok(h.t, json.Unmarshal([]byte(b.body), &p))
		ok(h.t, p.Leaf.Verify(h.log.Ledger.PublicKey()))
		root := must(h.log.Ledger.Leaf(h.t.Context(), p.Leaf.Index))(h.t).Mask
		ok(h.t, p.Counted.Verify(root))
		if (p.Counted.State == membership.In) != (row.Were == "yes") {
			h.t.Error("the proof says something else than the list")
		}
	}
	if !slices.Equal(said, []string{"no", "no", "yes", "yes"}) {
		h.t.Error(said)
	}
	if b.get("/my/me/uses/0"); b.last.StatusCode != 404 {
		h.t.Error("the genesis is no use")
	}
	if b.get("/my/me/uses/99"); b.last.StatusCode != 404 {
		h.t.Error("a use that isn't there")
	}
}

// One patient never sees another's anything, and never acts for them.
func TestNobodySeesAnothers(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t), nil)
	h.link("pid-anna", "anna")
	h.link("pid-bo", "canary-bo")
	digest := h.enact(14, model(t)).String()
	anna, bo := h.patient("pid-anna"), h.patient("pid-bo")
	bo.post("/my/me/choices", "form", digest, "q.care", "yes")
	bo.is("/my/me/receipts/2026-000001", 200)
	bo.post("/my/me/restrictions", "kind", "block")
	bo.is("/my/me/restrictions", 200)
	restriction, _, _ := strings.Cut(strings.Split(bo.body, "/my/me/restrictions/")[1], `"`)
	guardianship := h.guardian("pid-mother", "child")
	anna.get("/my/me/receipts/2026-009999")
	absent := anna.body
	for _, path := range []string{"/my/me/receipts/2026-000001", "/my/me/restrictions/" + restriction, "/my/" + guardianship, "/my/" + guardianship + "/uses", "/my/" + guardianship + "/data", "/my/" + guardianship + "/fhir",
		"/my/canary-bo", "/my/1", "/my/0"} {
		anna.get(path)
		anna.is(path, 404)
		if strip(anna.body, path) != strip(absent, "/my/me/receipts/2026-009999") { // the address stands in the links to other languages
			t.Error(path, "is refused otherwise than what isn't there")
		}
	}
	for _, path := range []string{"/my/me/restrictions/" + restriction, "/my/" + guardianship + "/withdraw", "/my/" + guardianship + "/choices", "/my/" + guardianship + "/restrictions"} {
		anna.post(path, "form", digest, "q.care", "yes", "kind", "opt-out")
		anna.is(path, 404)
	}
	for _, path := range []string{"/my", "/my/me", "/my/me/uses", "/my/me/history", "/my/me/history?format=csv", "/my/me/data", "/my/me/fhir", "/my/me/restrictions?format=json", "/my/me/withdraw"} {
		anna.get(path)
		if anna.last.StatusCode != 200 {
			t.Error(path, anna.last.StatusCode)
		}
		anna.silent("canary", "2026-000001", restriction)
		if cache := anna.last.Header.Get("Cache-Control"); cache != "no-store" {
			t.Error(path, "may be cached:", cache)
		}
	}
	bo.get("/my/me/data")
	bo.says("canary-bo", "2026-000001", restriction, `"choice": "given"`)
	bo.get("/my/me")
	bo.says(`href="/my/me/fhir"`)
	bo.get("/my/me/fhir")
	bo.says(`"resourceType": "Bundle"`, `"value": "canary-bo"`, `"type": "permit"`, digest, "https://samverk.github.io/fhir/restriction")
	if h := bo.last.Header; h.Get("Content-Type") != "application/fhir+json" || h.Get("Content-Disposition") != `attachment; filename="my-choices.fhir.json"` {
		t.Error("FHIR comes as", h)
	}
	// What Bo set, Bo lifts, in two steps.
	bo.post("/my/me/restrictions/" + restriction)
	bo.is("/my/me/restrictions", 200)
	bo.says("No restriction stands")
	if !h.counts("canary-bo", care) {
		t.Error("a lifted block still holds")
	}
}

func strip(page, path string) string {
	return strings.ReplaceAll(strings.ReplaceAll(page, strings.ReplaceAll(path, "/", "%2F"), ""), path, "")
}

// Whoever isn't let in gets one page, whatever the reason.
func TestSignIn(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t), nil)
	login := h.link("pid-anna", "anna")
	h.link("pid-bo", "canary-bo")
	var pages []string
	refused := func(b *browser) {
		t.Helper()
		if b.last.StatusCode != 403 || strings.Contains(b.get("/my/me"), "what you allow") {
			t.Error("let in:", b.last.Request.URL.Path, b.last.StatusCode)
		}
		b.is("/my/sign-in", 200)
	}
	for _, c := range []struct{ pid, at, acr string }{{"pid-nobody", "strong", "loa3"}, {"pid-anna", "strong", "loa2"}, {"pid-anna", "strong", ""}, {"pid-anna", "weak", "loa2"}, {"", "strong", "loa3"}} {
		b := h.browser()
		pages = append(pages, strings.ReplaceAll(b.signIn(c.pid, c.at, c.acr), "/at/weak/", "/at/strong/"))
		refused(b)
	}
	// An answer without a question, or to another browser's.
	b := h.browser()
	b.get("/my/sign-in/at/strong/back?code=x&state=y&iss=" + h.provider.URL)
	refused(b)
	// A login that ended opens nothing, also in the middle of a session.
	anna := h.patient("pid-anna")
	anna.is("/my/me", 200)
	h.write(func(tx *storage.Tx) error { return h.people.End(t.Context(), tx, "test", "", login) })
	anna.get("/my/me/data")
	anna.is("/my/sign-in", 200)
	b = h.browser()
	pages = append(pages, b.signIn("pid-anna", "strong", "loa3"))
	refused(b)
	for _, page := range pages[1:] {
		if noQuery(page) != noQuery(pages[0]) {
			t.Error("the refusals differ")
		}
	}
	if b.post("/my/sign-in/with/nowhere"); b.last.StatusCode != 404 {
		t.Error("a provider that isn't there:", b.last.StatusCode)
	}

	// A session that was unused for too long, or was signed out of.
	bo := h.patient("pid-bo")
	h.pass(31 * time.Minute)
	bo.get("/my/me")
	bo.is("/my/sign-in", 200)
	bo.post("/my/me/withdraw")
	bo.is("/my/me/withdraw", 401)
	bo = h.patient("pid-bo")
	old := bo.Jar
	bo.post("/my/sign-out")
	bo.is("/my/sign-in", 200)
	bo.Jar = old
	bo.get("/my/me")
	bo.is("/my/sign-in", 200)
	if bo.post("/my/sign-in/as", "individual", "anna"); bo.last.StatusCode != 404 && bo.last.StatusCode != 405 {
		t.Error("anybody can be a patient outside a demonstration:", bo.last.StatusCode)
	}
}

// noQuery takes away the code and state, which stand in the links to other languages.
func noQuery(page string) string {
	var out []string
	for _, line := range strings.Split(page, "\n") {
		if !strings.Contains(line, "smv-lang") && !strings.Contains(line, `name="back"`) {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

// What another site sends changes nothing.
func TestOtherSites(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t), nil)
	h.link("pid-anna", "anna")
	digest := h.enact(14, model(t)).String()
	anna := h.patient("pid-anna")
	anna.post("/my/me/choices", "form", digest, "q.care", "yes")
	for _, path := range []string{"/my/me/withdraw", "/my/me/choices", "/my/me/restrictions", "/my/sign-out", "/my/sign-in/with/strong"} {
		r := must(http.NewRequest(http.MethodPost, h.url+path, strings.NewReader("kind=block&q.care=no&form="+digest)))(t)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if anna.send(r); anna.last.StatusCode != 403 {
			t.Error(path, anna.last.StatusCode)
		}
	}
	if !h.counts("anna", care) {
		t.Error("another site withdrew")
	}
	anna.get("/my/me")
	anna.is("/my/me", 200)
}

// What one guardian set another doesn't lift, and neither does one who has ceased to be.
func TestAGuardiansNoIsTheirs(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t), nil)
	mothers, fathers := h.guardian("pid-mother", "child"), h.guardian("pid-father", "child")
	mother, father := h.patient("pid-mother"), h.patient("pid-father")
	child, _ := h.people.Lookup("child")
	set := func() string {
		t.Helper()
		mother.post("/my/"+mothers+"/restrictions", "kind", "opt-out")
		all := must(h.consents.Restrictions(t.Context(), child.Number))(t)
		if len(all) == 0 || !all[len(all)-1].Lifted.IsZero() {
			t.Fatal(all)
		}
		return all[len(all)-1].ID
	}
	id := set()
	father.get("/my/" + fathers + "/restrictions")
	father.silent("/restrictions/" + id)
	if father.post("/my/" + fathers + "/restrictions/" + id); father.last.StatusCode != 404 {
		t.Error("another guardian lifts it:", father.last.StatusCode)
	}
	lift := func(guardian string) error {
		return h.db.Write(t.Context(), func(tx *storage.Tx) error { return h.consents.LiftAsGuardian(t.Context(), tx, guardian, id) })
	}
	if err := lift(fathers); fault.KindOf(err) != fault.Denied {
		t.Error("another guardian lifts it:", err)
	}
	if err := lift(mothers); err != nil {
		t.Error("who set it doesn't lift it:", err)
	}
	id = set()
	h.write(func(tx *storage.Tx) error { return h.people.End(t.Context(), tx, "test", "", mothers) })
	if err := lift(mothers); fault.KindOf(err) != fault.Denied {
		t.Error("who is no guardian any more lifts it:", err)
	}
}

// A guardian chooses for whom they act, until they can't; a child says no, and is asked when they come of age.
func TestGuardians(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t), nil)
	child, sibling := h.guardian("pid-mother", "child"), h.guardian("pid-mother", "sibling")
	elin := h.guardian("pid-father", "elin")
	h.link("pid-elin", "elin")
	digest := h.enact(14, model(t)).String()
	mother := h.patient("pid-mother")
	mother.is("/my", 200)
	mother.says("The child with number child", "The child with number sibling", "1\u00a0May\u00a02016")
	mother.post("/my/"+child+"/choices", "form", digest, "q.care", "yes")
	mother.is("/my/"+child+"/receipts/2026-000001", 200)
	if !h.counts("child", care) || h.counts("sibling", care) {
		t.Error("the wrong child is counted")
	}
	if mother.get("/my/" + sibling + "/receipts/2026-000001"); mother.last.StatusCode != 404 {
		t.Error("one child's receipt is shown for another")
	}
	mother.get("/my/" + child + "/restrictions")
	mother.silent(`value="block"`) // a guardian may not, in Sweden
	mother.post("/my/"+child+"/restrictions", "kind", "block")
	if mother.last.StatusCode != 400 {
		t.Error("a guardian blocked a child's records:", mother.last.StatusCode)
	}
	h.write(func(tx *storage.Tx) error { return h.people.End(t.Context(), tx, "test", "", child) })
	for _, path := range []string{"", "/uses", "/data", "/fhir", "/history"} {
		if mother.get("/my/" + child + path); mother.last.StatusCode != 404 {
			t.Error("a guardianship that ended opens", path, mother.last.StatusCode)
		}
	}
	if mother.post("/my/" + child + "/withdraw"); mother.last.StatusCode != 404 {
		t.Error("a guardianship that ended acts")
	}
	mother.get("/my")
	mother.is("/my/"+sibling, 200)

	// Elin is 16: her yes isn't enough, her no is.
	father, self := h.patient("pid-father"), h.patient("pid-elin")
	father.post("/my/"+elin+"/choices", "form", digest, "q.care", "yes", "q.matching", "yes")
	self.get("/my/me")
	self.says("You are under 18", "by a guardian")
	self.post("/my/me/choices", "form", digest, "q.abroad", "yes")
	self.is("/my/me/choices", 400)
	self.says("A guardian says yes")
	self.post("/my/me/choices", "form", digest, "q.matching", "no")
	if h.counts("elin", consent.Use{Purpose: consent.Matching}) || !h.counts("elin", care) {
		t.Error("a child's no isn't obeyed, or their silence is taken for one")
	}
	father.get("/my/" + elin)
	father.says("Doesn’t hold now")

	h.set(time.Date(2028, 3, 2, 12, 0, 0, 0, time.UTC))
	if h.counts("elin", care) {
		t.Error("a guardian's yes outlives childhood")
	}
	self = h.patient("pid-elin")
	self.is("/my/me", 200)
	self.says("You have turned 18. Now you decide.")
	self.silent(" checked", "Withdraw everything")
	self.get("/my/me?rest=yes")
	self.says("Withdraw everything", "Answer now")
	self.post("/my/me/choices", "form", digest, "q.care", "yes", "q.matching", "no")
	self.get("/my/me")
	self.silent("You have turned 18")
	if !h.counts("elin", care) {
		t.Error("their own yes isn't obeyed")
	}
	father = h.browser()
	if father.signIn("pid-father", "strong", "loa3"); father.last.StatusCode != 403 {
		t.Error("a guardian of somebody who is of age is let in:", father.last.StatusCode)
	}
}

func (c *clock) set(t time.Time) {
	c.Lock()
	defer c.Unlock()
	c.now = t
}

// Another form asks anew, and keeps what the earlier one meant.
func TestANewForm(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t), nil)
	h.link("pid-anna", "anna")
	old := h.enact(14, model(t)).String()
	anna := h.patient("pid-anna")
	anna.post("/my/me/choices", "form", old, "q.care", "yes", "q.matching", "no")
	h.pass(time.Minute)
	f := model(t)
	f.Version = "2"
	f.Questions[0].Text["en"] = "Count me in care"
	h.enact(15, f)
	anna.get("/my/me")
	anna.says("Count me in care", "You said yes on an earlier form", `name="q.matching" value="no" id="q.matching-no" checked`)
	anna.silent(`id="q.care" checked`)
	if !h.counts("anna", care) {
		t.Error("a new form ended what was said on the old one")
	}
	anna.post("/my/me/choices", "form", old, "q.care", "no")
	anna.is("/my/me/choices", 409)
	anna.says("That form wasn’t in force then")
}

// A demonstration lets anybody be its patient, and nobody else.
func TestDemonstration(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t), func(o *consentweb.Options) {
		o.As = []consentweb.Persona{{Individual: "anna", Name: "Anna", Is: consent.Text{"sv": "Patient", "nb": "Pasient", "en": "Patient"}}}
	})
	for range 2 {
		b := h.browser()
		b.get("/my/sign-in")
		b.says("Be the patient Anna")
		b.post("/my/sign-in/as", "individual", "canary-bo")
		b.is("/my/sign-in/as", 404)
		b.post("/my/sign-in/as", "individual", "anna")
		b.is("/my/me", 200)
	}
}

// Every page and state says what it says in three languages, with nothing left over.
func TestWords(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t), nil)
	h.link("pid-anna", "anna")
	digest := h.enact(14, model(t)).String()
	anna := h.patient("pid-anna")
	guardianship := h.guardian("pid-anna", "child")
	look := func() {
		t.Helper()
		for _, lang := range []string{"sv", "nb", "en"} {
			anna.lang = lang
			for _, path := range []string{"/my", "/my/sign-in", "/my/me", "/my/" + guardianship, "/my/me/uses", "/my/me/history", "/my/me/restrictions", "/my/me/withdraw", "/my/me/diseases",
				"/my/me/uses/1", "/my/me/receipts/2026-000001"} {
				anna.get(path)
				if left := append(webtest.Leftovers(webtest.Visible(anna.body)), webtest.Misnamed(anna.body)...); len(left) > 0 || anna.last.StatusCode != 200 && anna.last.StatusCode != 404 {
					t.Error(path, lang, anna.last.StatusCode, left)
				}
			}
		}
		anna.lang = "en"
	}
	look()
	anna.post("/my/me/choices", "form", digest, "q.care", "yes", "q.research", "yes", "d.research", "MONDO:0005027")
	anna.post("/my/me/restrictions", "kind", "opt-out")
	h.use("The laboratory", care)
	h.use("", consent.Use{Purpose: consent.Research, Commercial: true, Country: "NO"})
	look()
	anna.post("/my/me/withdraw")
	look()
}
