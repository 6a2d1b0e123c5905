package policy_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/policy"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		must(t, os.WriteFile(file, got, 0o600))
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is otherwise (go test -run %s -update writes it anew):\n%s", file, t.Name(), got)
	}
}

// examples are the presets, and drafts that use what these don't.
func examples() map[string]policy.Draft {
	out := map[string]policy.Draft{}
	for _, p := range policy.Presets("SE") {
		out[p.Name] = p.Draft
	}
	out["everything"] = policy.Draft{Format: policy.Format, Name: "everything", Version: 7, Country: "NO",
		Title:    policy.Text{SV: "Prov ”allt”", NB: "Prøve «alt» æøå", EN: "All <of> it & more"},
		Datasets: []string{"biobank", "clinic"}, Batch: 1, Expires: time.Date(2028, 2, 29, 23, 59, 59, 0, time.UTC),
		Rules: []policy.Rule{
			{Who: policy.Who{SignedIn: true, Sectors: []string{"industry", "authority", "patient"}, Roles: []string{policy.Steward, policy.Researcher}, Organisations: []string{"north", "acme"}},
				Purposes:   []consent.Purpose{consent.Research, consent.Care, consent.Matching},
				Conditions: policy.Conditions{Commercial: true, Countries: []string{"SE", "DE", "FO"}},
				Questions:  []policy.Kind{policy.Frequency, policy.Matching}, Precision: policy.YesNo, K: 3, Budget: policy.Budget{Asker: 1, Organisation: 1, Per: policy.Day}},
			{Who: policy.Who{SignedIn: true}, Purposes: []consent.Purpose{consent.Research}, Questions: []policy.Kind{policy.Export}, Precision: policy.Banded, K: 20,
				Budget: policy.Budget{Organisation: 1_000_000, Per: policy.Lifetime}},
			{Who: policy.Who{SignedIn: true, Roles: []string{policy.Clinician}}, Purposes: []consent.Purpose{consent.Care}, Questions: []policy.Kind{policy.Count}, Precision: policy.Exact,
				Budget: policy.Budget{Organisation: 10, Per: policy.Year}},
		}}
	return out
}

func TestSentences(t *testing.T) {
	words, err := lang.Read(policy.Messages)
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range examples() {
		must(t, d.Check())
		for code, w := range words {
			said := d.Say(w, nil)
			var b bytes.Buffer
			b.WriteString(strings.Join(said.About, "\n") + "\n")
			for _, r := range said.Rules {
				b.WriteString("\n" + strings.Join(r, "\n") + "\n")
			}
			if bytes.ContainsAny(b.Bytes(), "[]%") {
				t.Errorf("a message lacks: %s", b.Bytes())
			}
			golden(t, name+"."+code+".txt", b.Bytes())
		}
	}
}

func TestCanonicalAndDigest(t *testing.T) {
	var digests bytes.Buffer
	for _, name := range []string{"care", "research", "public", "everything"} {
		d := examples()[name]
		b, err := d.Canonical()
		must(t, err)
		golden(t, name+".json", append(b, '\n'))
		back, err := policy.ParseDraft(b)
		must(t, err)
		one, err := d.Digest()
		must(t, err)
		other, err := back.Digest()
		must(t, err)
		if one != other {
			t.Error(name, "has another digest when read back")
		}
		var loose any
		must(t, json.Unmarshal(b, &loose))
		spaced, _ := json.MarshalIndent(loose, " ", "\t")
		if again, err := policy.ParseDraft(spaced); err != nil {
			t.Error(err)
		} else if d, _ := again.Digest(); d != one {
			t.Error("spaces change the digest")
		}
		digests.WriteString(name + " " + one.String() + "\n")
	}
	golden(t, "digests.txt", digests.Bytes())
}

// Whatever a form leaves empty, as lists of nothing do, a draft is the same text when it is read back: a decision names it by that text's digest.
func TestADraftReadBackIsTheSameText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := policy.Presets("SE")[0].Draft
		d.Rules = rapid.SliceOfN(anyRule, 1, 3).Draw(t, "rules")
		d.Datasets = some("clinic", "biobank").Draw(t, "datasets")
		text, err := d.Canonical()
		if err != nil {
			t.Fatal(err)
		}
		var back policy.Draft
		if err := mandate.Decode(text, &back); err != nil {
			t.Fatal(err)
		}
		if again, err := back.Canonical(); err != nil || !bytes.Equal(again, text) {
			t.Fatalf("%s\nis read back as\n%s (%v)", text, again, err)
		}
	})
}

// refused are drafts that nobody may put in force, made from one that may be.
var refused = map[string]func(*policy.Draft){
	"format":                  func(d *policy.Draft) { d.Format = "samverk policy 2" },
	"name":                    func(d *policy.Draft) { d.Name = "Care/Frequency" },
	"version":                 func(d *policy.Draft) { d.Version = 0 },
	"country":                 func(d *policy.Draft) { d.Country = "Sweden" },
	"no rule":                 func(d *policy.Draft) { d.Rules = []policy.Rule{} },
	"title in one":            func(d *policy.Draft) { d.Title.NB = "" },
	"title of two lines":      func(d *policy.Draft) { d.Title.NB = "a\nb" },
	"batch":                   func(d *policy.Draft) { d.Batch = -1 },
	"dataset twice":           func(d *policy.Draft) { d.Datasets = []string{"a", "a"} },
	"dataset of nothing":      func(d *policy.Draft) { d.Datasets = []string{""} },
	"expiry in parts":         func(d *policy.Draft) { d.Expires = start.Add(time.Millisecond) },
	"unknown sector":          func(d *policy.Draft) { d.Rules[0].Who.Sectors = []string{"press"} },
	"unknown role":            func(d *policy.Draft) { d.Rules[0].Who.Roles = []string{"king"} },
	"no purpose":              func(d *policy.Draft) { d.Rules[0].Purposes = []consent.Purpose{} },
	"unknown purpose":         func(d *policy.Draft) { d.Rules[0].Purposes = []consent.Purpose{"marketing"} },
	"no question":             func(d *policy.Draft) { d.Rules[0].Questions = []policy.Kind{} },
	"unknown question":        func(d *policy.Draft) { d.Rules[0].Questions = []policy.Kind{"names"} },
	"unknown precision":       func(d *policy.Draft) { d.Rules[0].Precision = "roughly" },
	"k of two":                func(d *policy.Draft) { d.Rules[0].K = 2 },
	"k of nothing, banded":    func(d *policy.Draft) { d.Rules[0].Precision, d.Rules[0].K, d.Rules[0].Zero = policy.Banded, 0, false },
	"zero of bands":           func(d *policy.Draft) { d.Rules[2].Zero = true },
	"zero of no group":        func(d *policy.Draft) { d.Rules[0].K = 0 },
	"no budget":               func(d *policy.Draft) { d.Rules[0].Budget.Organisation = 0 },
	"negative budget":         func(d *policy.Draft) { d.Rules[0].Budget.Asker = -1 },
	"budget of one above all": func(d *policy.Draft) { d.Rules[0].Budget.Asker = d.Rules[0].Budget.Organisation + 1 },
	"budget per moon":         func(d *policy.Draft) { d.Rules[0].Budget.Per = "moon" },
	"own country as other":    func(d *policy.Draft) { d.Rules[2].Conditions.Countries = []string{"SE"} },
	"exact for all roles":     func(d *policy.Draft) { d.Rules[0].Who.Roles = nil },
	"exact for stewards":      func(d *policy.Draft) { d.Rules[0].Who.Roles = []string{policy.Clinician, policy.Steward} },
	"exact for research":      func(d *policy.Draft) { d.Rules[0].Purposes = []consent.Purpose{consent.Research} },
	"exact, more purposes":    func(d *policy.Draft) { d.Rules[0].Purposes = []consent.Purpose{consent.Care, consent.Matching} },
	"exact, commercial":       func(d *policy.Draft) { d.Rules[0].Conditions.Commercial = true },
	"exact, abroad":           func(d *policy.Draft) { d.Rules[0].Conditions.Countries = []string{"NO"} },
	"exact, not signed in":    func(d *policy.Draft) { d.Rules[0].Who.SignedIn = false },
	"export for care": func(d *policy.Draft) {
		d.Rules[2].Questions, d.Rules[2].Purposes = []policy.Kind{policy.Export}, []consent.Purpose{consent.Care}
	},
	"public counts": func(d *policy.Draft) {
		d.Rules[2] = policy.Rule{Purposes: []consent.Purpose{consent.Research}, Questions: []policy.Kind{policy.Count}, Precision: policy.YesNo, K: 10, Budget: policy.Budget{Organisation: 9, Per: policy.Lifetime}}
	},
	"public bands": func(d *policy.Draft) {
		d.Rules[2] = policy.Rule{Purposes: []consent.Purpose{consent.Research}, Questions: []policy.Kind{policy.Exists}, Precision: policy.Banded, K: 10, Budget: policy.Budget{Organisation: 9, Per: policy.Lifetime}}
	},
	"public each day": func(d *policy.Draft) {
		d.Rules[2] = policy.Rule{Purposes: []consent.Purpose{consent.Research}, Questions: []policy.Kind{policy.Exists}, Precision: policy.YesNo, K: 10, Budget: policy.Budget{Organisation: 9, Per: policy.Day}}
	},
	"a role not signed in": func(d *policy.Draft) { d.Rules[2].Who.SignedIn = false },
}

func TestWhatNoDraftMaySay(t *testing.T) {
	for name, spoil := range refused {
		d := preset("care")
		spoil(&d)
		err := d.Check()
		var f *fault.Error
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		} else if f = err.(*fault.Error); f.At == "" || f.Code == "" { //nolint:errorlint // as forms use it
			t.Errorf("%s: no place or sentence: %v", name, err)
		}
		b, err := d.Canonical()
		must(t, err)
		if _, err := policy.ParseDraft(b); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}

func TestParseDraftRefuses(t *testing.T) {
	b, err := preset("care").Canonical()
	must(t, err)
	for name, in := range map[string]string{
		"unknown condition": strings.Replace(string(b), `"precision"`, `"weekdays":["mon"],"precision"`, 1),
		"other letters":     strings.Replace(string(b), `"k":5`, `"K":5`, 1),
		"twice":             strings.Replace(string(b), `"k":5`, `"k":50,"k":5`, 1),
		"null":              strings.Replace(string(b), `"k":5`, `"k":null`, 1),
		"part of one":       strings.Replace(string(b), `"k":5`, `"k":5.5`, 1),
		"a number as text":  strings.Replace(string(b), `"k":5`, `"k":"5"`, 1),
		"more":              string(b) + "{}",
		"half":              string(b[:len(b)-1]),
		"nothing":           "",
		"a list":            "[]",
		"long":              strings.Repeat(" ", 1<<20+1),
	} {
		if _, err := policy.ParseDraft([]byte(in)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseDraft(f *testing.F) {
	for _, d := range examples() {
		b, err := d.Canonical()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		d, err := policy.ParseDraft(in)
		if err != nil {
			return
		}
		b, err := d.Canonical()
		must(t, err)
		back, err := policy.ParseDraft(b)
		must(t, err)
		again, err := back.Canonical()
		if err != nil || !bytes.Equal(b, again) {
			t.Fatalf("%s\n%s", b, again)
		}
		if !accepted(t, b) {
			t.Fatalf("the schema refuses what is read: %s", b)
		}
	})
}

var compiledSchema *jsonschema.Schema

// accepted tells whether the published schema takes a draft.
func accepted(t testing.TB, b []byte) bool {
	t.Helper()
	if compiledSchema == nil {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(policy.Schema))
		must(t, err)
		c := jsonschema.NewCompiler()
		c.AssertFormat()
		must(t, c.AddResource("policy.json", doc))
		compiledSchema, err = c.Compile("policy.json")
		must(t, err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	return err == nil && compiledSchema.Validate(doc) == nil
}

// TestTheSchema holds the published schema to the rules: it takes what is read, and refuses most of what isn't. What it can't say (a
// name twice, one budget above another) is listed.
func TestTheSchema(t *testing.T) {
	for name, d := range examples() {
		b, err := d.Canonical()
		must(t, err)
		if !accepted(t, b) {
			t.Error("refuses", name)
		}
	}
	beyond := map[string]bool{"budget of one above all": true, "own country as other": true, "export for care": true}
	for name, spoil := range refused {
		d := preset("care")
		spoil(&d)
		b, err := d.Canonical()
		must(t, err)
		if got := accepted(t, b); got != beyond[name] {
			t.Errorf("%s: accepted is %v", name, got)
		}
	}
}
