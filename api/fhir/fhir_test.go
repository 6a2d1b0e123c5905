package fhir

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/storage"
)

var update = flag.Bool("update", false, "write golden files anew")

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

type failer interface {
	Helper()
	Fatal(...any)
}

func must(t failer, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// r4 is the official schema.
var r4 = func() *jsonschema.Schema {
	b, err := os.ReadFile("testdata/fhir.schema.json")
	if err != nil {
		panic(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		panic(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("fhir.schema.json", doc); err != nil {
		panic(err)
	}
	return c.MustCompile("fhir.schema.json")
}()

func validates(b []byte) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return err
	}
	return r4.Validate(doc)
}

// TestOfficialExamples reads every example of a Consent that HL7 publishes. Each is sound by the schema; what each is refused
// for is what is in the golden file.
func TestOfficialExamples(t *testing.T) {
	files, err := filepath.Glob("testdata/examples/*.json")
	if err != nil || len(files) != 12 {
		t.Fatal(files, err)
	}
	var got strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(f)
		must(t, err)
		if err := validates(b); err != nil {
			t.Error(f, err)
		}
		_, problems, err := reading().Problems(b)
		must(t, err)
		fmt.Fprintln(&got, strings.TrimSuffix(filepath.Base(f), ".json"))
		for _, p := range problems {
			fmt.Fprintf(&got, "  %s: %s\n", p.Path, p.What)
		}
	}
	golden := "testdata/examples.golden"
	if *update {
		must(t, os.WriteFile(golden, []byte(got.String()), 0o666))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Error(diff)
	}
}

func text(s string) consent.Text { return consent.Text{"sv": s, "nb": s, "en": s} }

func ask(p consent.Permission, scope consent.Scope, diseases ...string) consent.Question {
	q := consent.Question{ID: "q-" + strings.ReplaceAll(string(p), ".", "-"), Permission: p, Scope: scope, Text: text("May we?")}
	for _, d := range diseases {
		q.Diseases = append(q.Diseases, consent.Disease{Code: d, Name: text(d)})
	}
	return q
}

func form(version string, questions ...consent.Question) consent.Form {
	f := consent.Form{Format: consent.FormFormat, Country: "SE", Version: version, Title: text("Consent"), Intro: text("We ask."), Questions: questions}
	for _, q := range questions {
		f.Bases = append(f.Bases, consent.Basis{Permission: q.Permission, Ground: consent.ByConsent, Default: consent.Out, Law: text("the law")})
	}
	return f
}

var forms = []consent.Form{
	form("1", ask("care", ""), ask("care.abroad", ""), ask("matching", ""), ask("research", ""), ask("research.abroad", ""), ask("research.commercial", "")),
	form("2", ask("research", consent.Diseases, "MONDO:0005105", "ORPHA:558", "MONDO:0004992"), ask("research.commercial", "")),
	form("3", ask("care", ""), ask("research", consent.Health)),
}

var begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func decided(number int, at time.Time, digest mandate.Digest) mandate.Mandate {
	return mandate.Mandate{Decision: fmt.Sprint("d", number), Number: fmt.Sprint("2026-", number), Body: "steering group", BodyName: map[string]string{"sv": "Styrgruppen"}, Network: "se",
		Approved: at.Add(-time.Hour), InForce: at, MinutesSeal: mandate.Digest{1}, Votes: mandate.Votes{Consensus: true},
		Quorum: mandate.Quorum{Held: true, Present: 2, Of: 3, Sectors: []mandate.Sector{{Sector: "patient", Present: 2}},
			Findings: []mandate.Finding{{Kind: "majority", Have: 2, Need: 2, Of: 3}}},
		Effects: []mandate.Effect{{Kind: mandate.Form, Ref: "form", Digest: digest}}}
}

// reading knows the forms as put in force a day after one another.
func reading() Reading {
	r := Reading{Node: Node{Region: "Region North"}}
	for i, f := range forms {
		d, err := f.Digest()
		if err != nil {
			panic(err)
		}
		at := begin.Add(time.Duration(i) * 24 * time.Hour)
		r.Forms = append(r.Forms, &consent.Enacted{Form: f, Digest: d, Begins: at, Mandate: decided(i+1, at, d)})
	}
	return r
}

var alike = cmp.Options{cmpopts.IgnoreUnexported(Answer{}), cmpopts.IgnoreFields(Statement{}, "Path"), cmpopts.EquateEmpty(), cmpopts.EquateApproxTime(0)}

// drawn makes statements of one individual that could all stand.
func drawn(t *rapid.T, r Reading) (all []Statement) {
	said := map[string]bool{} // by whom, what
	for i := range rapid.IntRange(0, 5).Draw(t, "statements") {
		s := Statement{Individual: "P17", When: begin.Add(time.Duration(i)*time.Hour + time.Duration(rapid.IntRange(0, 999999).Draw(t, "µs"))*time.Microsecond),
			Registered: rapid.Bool().Draw(t, "staff"), Guardian: rapid.SampledFrom([]string{"", "01K0A", "01K0B"}).Draw(t, "guardian")}
		which := rapid.IntRange(-2, len(forms)-1).Draw(t, "form")
		switch {
		case which == -2:
			kind := rapid.SampledFrom([]consent.RestrictionKind{consent.Block, consent.OptOut, consent.Reservation}).Draw(t, "kind")
			purposes := rapid.SliceOfNDistinct(rapid.SampledFrom(kind.Against()), 1, -1, rapid.ID[consent.Purpose]).Draw(t, "purposes")
			slices.Sort(purposes)
			s.Guardian, s.Restriction = "", &Restriction{kind, purposes, "a law, " + fmt.Sprint(i) + " §"}
			all = append(all, s)
			continue
		case which >= 0:
			s.Form = r.Forms[which].Digest
		}
		for _, p := range consent.Permissions() {
			a := Answer{Permission: p, Allow: rapid.Bool().Draw(t, "yes")}
			q, asked := consent.Question{}, false
			if which >= 0 {
				q, asked = question(r.Forms[which], p)
			}
			if which >= 0 && !asked || which < 0 && a.Allow && p != consent.Permission(p.Purpose()) || said[s.Guardian+string(p)] || rapid.IntRange(0, 2).Draw(t, "skip") == 0 {
				continue
			}
			if a.Allow && asked {
				a.Scope = q.Scope
				for _, d := range q.Diseases {
					if len(a.Diseases) == 0 || rapid.Bool().Draw(t, "disease") {
						a.Diseases = append(a.Diseases, d.Code)
					}
				}
				slices.Sort(a.Diseases)
			}
			said[s.Guardian+string(p)] = true
			s.Answers = append(s.Answers, a)
		}
		if len(s.Answers) > 0 {
			all = append(all, s)
		}
	}
	return all
}

// TestThereAndBack: what is written is sound by the schema, and read back it is what was said.
func TestThereAndBack(t *testing.T) {
	r := reading()
	rapid.Check(t, func(t *rapid.T) {
		all := drawn(t, r)
		b, err := r.Write(all, begin)
		must(t, err)
		if err := validates(b); err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
		back, err := r.Read(b)
		if err != nil {
			t.Fatalf("%v: %s\n%s", err, fault.HintOf(err), b)
		}
		if diff := cmp.Diff(all, back, alike); diff != "" {
			t.Fatalf("%s\n%s", diff, b)
		}
		again, err := r.Write(back, begin)
		must(t, err)
		if !bytes.Equal(again, b) {
			t.Fatal("the same statements are written otherwise")
		}
	})
}

// whole is one of everything.
func whole(r Reading) []Statement {
	return []Statement{
		{Individual: "P17", When: begin, Form: r.Forms[0].Digest, Answers: []Answer{{Permission: "care", Allow: true}, {Permission: "matching"},
			{Permission: "research", Allow: true}, {Permission: "care.abroad", Allow: true}, {Permission: "research.commercial"}}},
		{Individual: "P17", When: begin.Add(time.Hour), Guardian: "01K0A", Registered: true, Form: r.Forms[1].Digest,
			Answers: []Answer{{Permission: "research", Allow: true, Scope: consent.Diseases, Diseases: []string{"MONDO:0005105", "ORPHA:558"}}}},
		{Individual: "P17", When: begin.Add(2 * time.Hour), Answers: []Answer{{Permission: "matching"}}},
		{Individual: "P17", When: begin.Add(3 * time.Hour), Restriction: &Restriction{consent.OptOut, []consent.Purpose{consent.Research}, "Regulation (EU) 2025/327, Article 71"}},
	}
}

func TestWhatIsWritten(t *testing.T) {
	r := reading()
	b, err := r.Write(whole(r), begin)
	must(t, err)
	golden := "testdata/bundle.golden.json"
	if *update {
		must(t, os.WriteFile(golden, b, 0o666))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if diff := cmp.Diff(string(want), string(b)); diff != "" {
		t.Error(diff)
	}
	must(t, validates(b))
}

// at finds a place in a tree: "entry.0.resource".
func at(t *testing.T, tree any, path string) any {
	t.Helper()
	for p := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == 0x2e }) {
		switch x := tree.(type) {
		case map[string]any:
			tree = x[p]
		case []any:
			var i int
			if _, err := fmt.Sscan(p, &i); err != nil || i >= len(x) {
				t.Fatal(path)
			}
			tree = x[i]
		}
	}
	return tree
}

// TestWhatIsRefused spoils one thing at a time, and looks where it is refused.
func TestWhatIsRefused(t *testing.T) {
	r := reading()
	good, err := r.Write(whole(r), begin)
	must(t, err)
	const c, p = "Bundle.entry[0].resource", "Bundle.entry[0].resource.provision.provision[0]"
	for _, x := range []struct{ where, name, value, refused string }{
		{"", "type", `"message"`, "Bundle.type"},
		{"", "total", `99`, "Bundle.total"},
		{"", "link", `[{"relation":"next","url":"https://fhir.example/2"}]`, "Bundle.link[0]"},
		{"entry.0.resource", "resourceType", `"Patient"`, c + ".resourceType"},
		{"entry.0.resource", "implicitRules", `"https://fhir.example/rules"`, c + ".implicitRules"},
		{"entry.0.resource", "modifierExtension", `[{"url":"https://fhir.example/not","valueBoolean":true}]`, c + ".modifierExtension"},
		{"entry.0.resource", "extension", `[{"url":"https://fhir.example/x","valueCode":"y"}]`, c + ".extension[0]"},
		{"entry.0.resource", "contained", `[{"resourceType":"Patient"}]`, c + ".contained"},
		{"entry.0.resource", "_status", `{"extension":[{"url":"https://fhir.example/x","valueCode":"y"}]}`, c + "._status"},
		{"entry.0.resource", "Status", `"rejected"`, c + ".Status"},
		{"entry.0.resource", "meta", `{"security":[{"code":"R"}]}`, c + ".meta.security"},
		{"entry.0.resource", "text", `{"status":"additional","div":"<div>but not on Sundays</div>"}`, c + ".text.status"},
		{"entry.0.resource", "status", `"draft"`, c + ".status"},
		{"entry.0.resource", "status", `"proposed"`, c + ".status"},
		{"entry.0.resource", "status", `"inactive"`, c + ".status"},
		{"entry.0.resource", "status", `"rejected"`, c + ".status"},
		{"entry.0.resource", "status", `"entered-in-error"`, c + ".status"},
		{"entry.0.resource", "status", `"on"`, c + ".status"},
		{"entry.0.resource", "status", `true`, c + ".status"},
		{"entry.0.resource", "scope", `{"coding":[{"system":"` + scopeSystem + `","code":"adr"}]}`, c + ".scope"},
		{"entry.0.resource", "category", `[{"coding":[{"system":"` + actSystem + `","code":"EMRGONLY"}]}]`, c + ".category[0]"},
		{"entry.0.resource", "category", `[]`, c + ".category"},
		{"entry.0.resource.patient.identifier", "system", `"https://fhir.example/mrn"`, c + ".patient"},
		{"entry.0.resource", "patient", `{"reference":"Patient/f001"}`, c + ".patient"},
		{"entry.0.resource", "patient", ``, c + ".patient"},
		{"entry.0.resource", "performer", `[{"reference":"Practitioner/1"}]`, c + ".performer[0]"},
		{"entry.0.resource", "performer", ``, c + ".performer"},
		{"entry.0.resource", "organization", `[{"reference":"Organization/f001"}]`, c + ".organization[0]"},
		{"entry.0.resource", "verification", `[{"verified":false}]`, c + ".verification[0]"},
		{"entry.0.resource", "dateTime", `"2026-03-01"`, c + ".dateTime"},
		{"entry.0.resource", "dateTime", ``, c + ".dateTime"},
		{"entry.0.resource.policyRule.coding.0", "code", `"` + strings.Repeat("0", 64) + `"`, c + ".policyRule.coding[0]"},
		{"entry.0.resource.policyRule.coding.0", "version", `"9"`, c + ".policyRule.coding[0]"},
		{"entry.0.resource", "policyRule", `{"coding":[{"system":"` + actSystem + `","code":"OPTIN"}]}`, c + ".policyRule.coding[0]"},
		{"entry.0.resource", "policyRule", `{"text":"as agreed"}`, c + ".policyRule"},
		{"entry.0.resource", "policy", `[{"uri":"https://fhir.example/policy"}]`, c + ".policy[0].uri"},
		{"entry.0.resource", "policy", `[{"authority":"https://fhir.example"}]`, c + ".policy[0].uri"},
		{"entry.0.resource.policy.0", "authority", `"https://fhir.example"`, c + ".policy[0].authority"},
		{"entry.0.resource", "provision", ``, c + ".provision"},
		{"entry.0.resource.provision", "type", `"permit"`, c + ".provision.type"},
		{"entry.0.resource.provision", "purpose", `[{"system":"` + reasonSystem + `","code":"TREAT"}]`, c + ".provision.purpose"},
		{"entry.0.resource.provision", "period", `{"end":"2027-01-01"}`, c + ".provision.period"},
		{"entry.0.resource.provision.provision.0", "type", ``, p + ".type"},
		{"entry.0.resource.provision.provision.0", "period", `{"end":"2027-01-01"}`, p + ".period"},
		{"entry.0.resource.provision.provision.0", "class", `[{"code":"Observation"}]`, p + ".class"},
		{"entry.0.resource.provision.provision.0", "data", `[{"meaning":"instance","reference":{"reference":"Task/1"}}]`, p + ".data"},
		{"entry.0.resource.provision.provision.0", "securityLabel", `[{"code":"N"}]`, p + ".securityLabel"},
		{"entry.0.resource.provision.provision.0", "action", `[{"text":"access"}]`, p + ".action"},
		{"entry.0.resource.provision.provision.0", "actor", `[{"role":{"text":"x"},"reference":{"reference":"Practitioner/1"}}]`, p + ".actor"},
		{"entry.0.resource.provision.provision.0", "modifierExtension", `[{"url":"https://fhir.example/not","valueCode":"y"}]`, p + ".modifierExtension[0]"},
		{"entry.0.resource.provision.provision.0", "purpose", `[{"system":"` + reasonSystem + `","code":"HMARKT"}]`, p + ".purpose[0]"},
		{"entry.0.resource.provision.provision.0", "purpose", `[{"system":"` + reasonSystem + `","code":"TREAT"},{"system":"` + duoSystem + `","code":"DUO:0000042"}]`, p + ".purpose[1]"},
		{"entry.0.resource.provision.provision.0", "purpose", ``, p + ".purpose"},
		{"entry.0.resource.provision.provision.0", "provision", ``, p + ".provision"},
		{"entry.0.resource.provision.provision.0.provision.0", "actor", `[{"role":{"coding":[{"system":"` + roleSystem + `","code":"IRCP"}]},"reference":{"reference":"Organization/f001"}}]`, p + ".provision[0].actor[0].reference"},
		{"entry.0.resource.provision.provision.0.provision.0", "purpose", `[{"system":"` + reasonSystem + `","code":"TREAT"}]`, p + ".provision[0].purpose"},
		{"entry.0.resource.provision.provision.2.provision.0.extension.0", "valueCode", `"yes"`, c + ".provision.provision[2].provision[0].extension[0]"},
		{"entry.0.resource.provision.provision.0.provision.0", "provision", `[{"type":"deny"}]`, p + ".provision[0].provision"},
		{"entry.0.resource.provision.provision.1", "type", `"permit"`, ""},
		{"entry.0.resource.provision.provision.1", "provision", `[{"type":"permit","actor":[{"role":{"coding":[{"system":"` + roleSystem + `","code":"IRCP"}]},"reference":{"identifier":{"system":"` + askerSystem + `","value":"abroad"}}}]}]`,
			c + ".provision.provision[1].provision[0].type"},
		{"entry.0.resource.provision.provision.2", "purpose", `[{"system":"` + reasonSystem + `","code":"HRESCH"}]`, c + ".provision.provision[2].purpose"},
		{"entry.0.resource.provision.provision.2", "purpose", `[{"system":"` + duoSystem + `","code":"DUO:0000006"}]`, c + ".provision.provision[2].purpose"},
		{"entry.1.resource.provision.provision.0", "modifierExtension", ``, "Bundle.entry[1].resource.provision.provision[0].modifierExtension"},
		{"entry.1.resource.provision.provision.0.modifierExtension.0.valueCoding", "code", `"MONDO:1"`, "Bundle.entry[1].resource.provision.provision[0].modifierExtension"},
		{"entry.2.resource.provision.provision.0", "type", `"permit"`, ""},
		{"entry.2.resource", "status", `"rejected"`, ""},
		{"entry.3.resource.performer.0.identifier", "system", `"` + guardianSystem + `"`, "Bundle.entry[3].resource.performer[0]"},
		{"entry.3.resource.policyRule", "text", ``, "Bundle.entry[3].resource.policyRule.text"},
		{"entry.3.resource.policyRule.coding.0", "code", `"block"`, "Bundle.entry[3].resource.provision.provision[0].purpose"},
		{"entry.3.resource.provision.provision.0", "type", `"permit"`, "Bundle.entry[3].resource.provision.provision[0]"},
	} {
		var tree any
		must(t, json.Unmarshal(good, &tree))
		place := at(t, tree, x.where).(map[string]any)
		if delete(place, x.name); x.value != "" {
			place[x.name] = json.RawMessage(x.value)
		}
		b, err := json.Marshal(tree)
		must(t, err)
		all, err := r.Read(b)
		if x.refused == "" {
			must(t, err)
			continue
		}
		_, problems, _ := r.Problems(b)
		if all != nil || fault.KindOf(err) != fault.Invalid || fault.HintOf(err) == "" ||
			!slices.ContainsFunc(problems, func(p Problem) bool { return p.Path == x.refused && p.What != "" && p.Do != "" }) {
			t.Errorf("%s.%s = %s: %v %v", x.where, x.name, x.value, err, problems)
		}
	}
	if _, err := r.Read(bytes.Replace(good, []byte(`"status": "active"`), []byte(`"status": "draft", "status": "active"`), 1)); err == nil {
		t.Error("a name that is there twice")
	}
}

// TestAPolicyOfTheirs: a form is found by what others call it, and only where somebody said so.
func TestAPolicyOfTheirs(t *testing.T) {
	r := reading()
	good, err := r.Write(whole(r)[:1], begin)
	must(t, err)
	theirs := strings.NewReplacer(formSystem, "https://fhir.example/forms", r.Forms[0].Digest.String(), "F1", decisionURI(r.Forms[0].Mandate), "https://fhir.example/decision",
		networkURI(r.Forms[0].Mandate), "", individualSystem, "https://fhir.example/person").Replace(string(good))
	theirs = strings.Replace(theirs, `"authority": "",`, "", 1)
	if _, err := r.Read([]byte(theirs)); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
	r.Individual = "https://fhir.example/person"
	r.Policies = map[string]mandate.Digest{"https://fhir.example/forms|F1": r.Forms[0].Digest, "https://fhir.example/decision": r.Forms[0].Digest}
	all, err := r.Read([]byte(theirs))
	must(t, err)
	if diff := cmp.Diff(whole(r)[:1], all, alike); diff != "" {
		t.Error(diff)
	}
	r.Policies["https://fhir.example/decision"] = r.Forms[1].Digest
	if _, err := r.Read([]byte(theirs)); fault.KindOf(err) != fault.Invalid {
		t.Error("two policies that are two forms:", err)
	}
}

// node is a database with its rooms.
type node struct {
	*storage.DB
	people    *individual.Register
	consents  *consent.Consents
	who       []individual.Number // in this run: an adult and a child
	guardians []string
}

// open makes a node with the first form in force.
func open(t *testing.T, clock *time.Time) *node {
	ctx := context.Background()
	db, err := storage.Open(ctx, testkit.SQLite(t), storage.Options{Migrations: []fs.FS{individual.Migrations, consent.Migrations},
		Now: func() time.Time { return *clock }, Rand: testkit.Rand(1)})
	must(t, err)
	n := &node{DB: db}
	n.people, err = individual.Open(ctx, db, individual.Options{Rand: testkit.Rand(8)})
	must(t, err)
	n.consents, err = consent.Open(ctx, db, n.people, consent.Options{Journal: filepath.Join(t.TempDir(), "journal"), Rand: testkit.Rand(2)})
	must(t, err)
	n.write(t, func(tx *storage.Tx) error { return n.enact(tx, 0, begin) })
	t.Cleanup(func() { must(t, errors.Join(n.consents.Close(), n.Close())) })
	return n
}

// enact puts the forms in force by turns.
func (n *node) enact(tx *storage.Tx, number int, at time.Time) error {
	ctx, f := context.Background(), forms[number%len(forms)]
	f.Intro = text(fmt.Sprint("We ask for time ", number))
	digest, err := n.consents.Draft(ctx, tx, "staff", f)
	if err != nil {
		return err
	}
	return n.consents.Enact(ctx, tx, "staff", decided(number, at, digest), digest)
}

// enrol makes an adult and a child with two guardians.
func (n *node) enrol(tx *storage.Tx, run int) error {
	ctx := context.Background()
	who, err := n.people.Enrol(ctx, tx, []individual.New{{ID: fmt.Sprint("adult ", run)}, {ID: fmt.Sprint("child ", run)}})
	if err != nil {
		return err
	}
	n.who, n.guardians = who, nil
	if err := n.people.SetBorn(ctx, tx, "staff", "register", who[1], begin.AddDate(-2, 0, 0)); err != nil {
		return err
	}
	for _, g := range []string{"mother", "father"} {
		id, err := n.people.AddGuardian(ctx, tx, "staff", individual.Guardian{Individual: who[1], Level: individual.Low, Why: "custody"},
			individual.Identity{Issuer: "https://login.example", Subject: fmt.Sprint(g, run)})
		if err != nil {
			return err
		}
		n.guardians = append(n.guardians, id)
	}
	return nil
}

func (n *node) write(t failer, f func(*storage.Tx) error) {
	t.Helper()
	must(t, n.Write(context.Background(), f))
}

func (n *node) node() Node { return Node{Region: "Region North", Forms: n.consents.Enacted()} }

// says is a random act of somebody.
func (n *node) says(t *rapid.T, now time.Time) error {
	ctx := context.Background()
	i, guardian := rapid.IntRange(0, 1).Draw(t, "who"), ""
	who := n.who[i]
	if i == 1 {
		guardian = rapid.SampledFrom(append([]string{""}, n.guardians...)).Draw(t, "guardian")
	}
	by := rapid.SampledFrom([]consent.Actor{consent.Themselves, consent.AGuardian, "staff"}).Draw(t, "by")
	return n.Write(ctx, func(tx *storage.Tx) error {
		switch rapid.IntRange(0, 9).Draw(t, "act") {
		case 0:
			kind := rapid.SampledFrom([]consent.RestrictionKind{consent.Block, consent.OptOut, consent.Reservation}).Draw(t, "kind")
			_, err := n.consents.Restrict(ctx, tx, by, consent.Restriction{Individual: who, Kind: kind, Ground: "law at " + now.String()})
			return err
		case 1:
			all, err := n.consents.RestrictionsIn(ctx, tx, who)
			if err != nil || len(all) == 0 {
				return err
			}
			return n.consents.Lift(ctx, tx, by, "over", all[0].ID)
		case 2:
			return n.consents.Change(ctx, tx, by, []consent.Choice{{Individual: n.who[0], Purpose: rapid.SampledFrom(consent.Purposes()).Draw(t, "purpose"), Allow: rapid.Bool().Draw(t, "yes")}})
		case 3:
			_, err := n.consents.Withdraw(ctx, tx, by, consent.Withdrawal{Individual: who, Guardian: guardian})
			return err
		default:
			form := n.consents.InForce()
			f := consent.Filled{Individual: who, Form: form.Digest, Guardian: guardian}
			for _, q := range form.Questions {
				a := consent.Answer{Question: q.ID, Allow: rapid.Bool().Draw(t, "yes")}
				if rapid.IntRange(0, 2).Draw(t, "skip") == 0 {
					continue
				}
				if a.Allow && q.Scope == consent.Diseases {
					a.Diseases = []string{q.Diseases[rapid.IntRange(0, 2).Draw(t, "disease")].Code}
				}
				f.Answers = append(f.Answers, a)
			}
			_, err := n.consents.Fill(ctx, tx, by, f)
			return err
		}
	})
}

// standing is what is compared between nodes.
func (n *node) standing(t *rapid.T, who individual.Individual) []Statement {
	all, err := Statements(context.Background(), n.consents, who)
	must(t, err)
	for i := range all {
		all[i].Registered = false // the one who imports is staff
		all[i].Guardian = fmt.Sprint(slices.Index(n.guardians, all[i].Guardian))
	}
	return all
}

// TestFromNodeToNode: what stands on one node stands on another after it was written there and read here, and the same people are counted.
func TestFromNodeToNode(t *testing.T) {
	clock, runs, number := begin, 0, 0
	a, b := open(t, &clock), open(t, &clock)
	rapid.Check(t, func(t *rapid.T) {
		runs++
		for _, n := range []*node{a, b} {
			n.write(t, func(tx *storage.Tx) error { return n.enrol(tx, runs) })
		}
		for range rapid.IntRange(0, 12).Draw(t, "acts") {
			clock = clock.Add(time.Duration(rapid.IntRange(1, 3600*1000).Draw(t, "later")) * time.Millisecond)
			if rapid.IntRange(0, 5).Draw(t, "another form") == 0 {
				number++
				for _, n := range []*node{a, b} {
					n.write(t, func(tx *storage.Tx) error { return n.enact(tx, number, clock) })
				}
			} else if err := a.says(t, clock); err != nil && fault.KindOf(err) != fault.Denied && fault.KindOf(err) != fault.Invalid {
				t.Fatal(err)
			}
		}
		for _, n := range a.who {
			who, _ := a.people.Get(n)
			a.sends(t, who, clock, b)
			if diff := cmp.Diff(a.standing(t, who), b.standing(t, who), alike); diff != "" {
				t.Fatal(diff)
			}
			if diff := cmp.Diff(a.consents.Allows(n), b.consents.Allows(n)); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// guarded puts another node's guardianships in the place of this one's.
func (n *node) guarded(file []byte, to *node) []byte {
	for i, id := range n.guardians {
		file = bytes.ReplaceAll(file, []byte(id), []byte(to.guardians[i]))
	}
	return file
}

// sends writes what stands about somebody, and lets another node read it; and this one, where it stands already.
func (n *node) sends(t *rapid.T, who individual.Individual, now time.Time, to *node) {
	all, err := Statements(t.Context(), n.consents, who)
	must(t, err)
	file, err := n.node().Write(all, now)
	must(t, err)
	must(t, validates(file))
	for _, x := range []*node{to, n} {
		epoch := x.consents.Epoch()
		read, err := Reading{Node: x.node()}.Read(n.guarded(file, x))
		must(t, err)
		var did Recorded
		x.write(t, func(tx *storage.Tx) (err error) {
			did, err = Record(t.Context(), tx, x.consents, x.people, "staff", "imported", read)
			return err
		})
		if x == n && (did.Choices+did.Restrictions > 0 || x.consents.Epoch() != epoch) {
			t.Fatal("what stood already was recorded again", did)
		}
	}
}

// TestAFileIsACopy: what was said since it was made is not undone by it.
func TestAFileIsACopy(t *testing.T) {
	clock := begin.Add(time.Hour)
	n := open(t, &clock)
	n.write(t, func(tx *storage.Tx) error { return n.enrol(tx, 1) })
	ctx, who := t.Context(), n.who[0]
	f := n.consents.InForce()
	n.write(t, func(tx *storage.Tx) error {
		if _, err := n.consents.Restrict(ctx, tx, consent.Themselves, consent.Restriction{Individual: who, Kind: consent.OptOut, Ground: "the law"}); err != nil {
			return err
		}
		_, err := n.consents.Fill(ctx, tx, consent.Themselves, consent.Filled{Individual: who, Form: f.Digest, Answers: []consent.Answer{{Question: "q-care", Allow: true}}})
		return err
	})
	adult, _ := n.people.Get(who)
	all, err := Statements(ctx, n.consents, adult)
	must(t, err)
	file, err := n.node().Write(all, clock)
	must(t, err)
	record := func(file []byte) error {
		read, err := Reading{Node: n.node()}.Read(file)
		must(t, err)
		return n.Write(ctx, func(tx *storage.Tx) error {
			_, err := Record(ctx, tx, n.consents, n.people, "staff", "imported", read)
			return err
		})
	}
	must(t, record(file))
	clock = clock.Add(time.Hour)
	n.write(t, func(tx *storage.Tx) error {
		_, err := n.consents.Withdraw(ctx, tx, consent.Themselves, consent.Withdrawal{Individual: who})
		return err
	})
	if err := record(file); fault.KindOf(err) != fault.Conflict || len(n.consents.Allows(who)) != 0 {
		t.Error("a withdrawal was undone by an older copy:", err)
	}
	later := strings.ReplaceAll(string(file), "2026-03-01T13:00:00Z", "2026-03-01T14:00:01Z")
	if err := record([]byte(later)); fault.KindOf(err) != fault.Conflict {
		t.Error("said at a time that is to come:", err)
	}
	clock = clock.Add(time.Hour)
	if err := record([]byte(later)); err != nil || len(n.consents.Allows(who)) != 1 {
		t.Error(err)
	}
	standing, err := n.consents.Restrictions(ctx, who)
	must(t, err)
	n.write(t, func(tx *storage.Tx) error {
		return n.consents.Lift(ctx, tx, consent.Themselves, "over", standing[0].ID)
	})
	if err := record(file); fault.KindOf(err) != fault.Conflict {
		t.Error("a lifted restriction was set again by an older copy:", err)
	}
	stranger := strings.ReplaceAll(later, "adult 1", "stranger")
	if err := record([]byte(stranger)); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}

// FuzzRead: whatever a file holds, it is refused or understood, and what is understood is written and read as the same.
func FuzzRead(f *testing.F) {
	r := reading()
	good, err := r.Write(whole(r), begin)
	must(f, err)
	f.Add(good)
	files, _ := filepath.Glob("testdata/examples/*.json")
	for _, name := range files {
		b, err := os.ReadFile(name)
		must(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := r.Read(b)
		if err != nil {
			if all != nil {
				t.Fatal("refused, and read all the same")
			}
			return
		}
		for _, s := range all {
			if s.Restriction == nil && len(s.Answers) == 0 {
				t.Fatal("a statement that says nothing was read")
			}
		}
		again, err := r.Write(all, begin)
		must(t, err)
		if err := validates(again); err != nil {
			t.Fatalf("%v\n%s", err, again)
		}
		back, err := r.Read(again)
		must(t, err)
		if diff := cmp.Diff(all, back, alike); diff != "" {
			t.Fatalf("%s\n%s", diff, again)
		}
	})
}
