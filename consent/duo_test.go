package consent_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/ontology"
)

// diseases is a small vocabulary: DIS:4 ⊂ DIS:3 ⊂ DIS:2 ⊂ DIS:1, and DIS:7 ⊂ DIS:1.
func diseases(t failer) *ontology.Terms {
	t.Helper()
	return vocabulary(t, `
[Term]
id: DIS:1
[Term]
id: DIS:2
is_a: DIS:1
[Term]
id: DIS:3
alt_id: DIS:30
is_a: DIS:2
[Term]
id: DIS:4
is_a: DIS:3
[Term]
id: DIS:7
is_a: DIS:1
`)
}

func vocabulary(t failer, obo string) *ontology.Terms {
	t.Helper()
	terms, err := ontology.ReadOBO(strings.NewReader(obo), "diseases.obo")
	if err != nil {
		t.Fatal(err)
	}
	return terms
}

var (
	june = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	july = june.AddDate(0, 1, 0)
)

// condition is a code with everything it may be about.
func condition(code string) consent.Condition {
	return consent.Condition{Code: code, Diseases: []string{"DIS:3"}, Among: []string{"it"}, Until: june}
}

// proposals of one aim: nothing known beside it, everything as it should be, and everything not.
func proposals(aim consent.Aim) [3]consent.Proposal {
	bare := consent.Proposal{Aim: aim}
	if aim == consent.AimDisease {
		bare.Diseases = []string{"DIS:4"}
	}
	good, bad := bare, bare
	good.Country, good.Institution, good.User, good.Project, good.Topic = "it", "it", "it", "it", "it"
	good.Until, good.PublishFrom = june, june
	good.NotForProfit, good.NonCommercial, good.Ethics, good.Collaborates = consent.Yes, consent.Yes, consent.Yes, consent.Yes
	good.Publishes, good.Returns, good.Genetic, good.Methods = consent.Yes, consent.Yes, consent.Yes, consent.No
	bad.Country, bad.Institution, bad.User, bad.Project, bad.Topic = "other", "other", "other", "other", "other"
	bad.Until, bad.PublishFrom = july, june.Add(-1)
	bad.NotForProfit, bad.NonCommercial, bad.Ethics, bad.Collaborates = consent.No, consent.No, consent.No, consent.No
	bad.Publishes, bad.Returns, bad.Genetic, bad.Methods = consent.No, consent.No, consent.No, consent.Yes
	return [3]consent.Proposal{bare, good, bad}
}

// TestEveryCodeAndAim writes every code against every aim, alone if it is a permission and beside GRU if it modifies one,
// and compares with the table that people have read: testdata/duo.txt. What is known of the proposal is nothing, all
// good, all bad.
func TestEveryCodeAndAim(t *testing.T) {
	terms := diseases(t)
	var b strings.Builder
	fmt.Fprintf(&b, "%-8s", "")
	for _, aim := range consent.Aims() {
		fmt.Fprintf(&b, "%-18s", aim)
	}
	b.WriteString("\n")
	for _, code := range ontology.DUO() {
		fmt.Fprintf(&b, "%-8s", code.Short)
		data := []consent.Condition{condition(code.Short)}
		if code.Modifier {
			data = append(data, condition("GRU"))
		}
		for _, aim := range consent.Aims() {
			var cell []string
			for _, p := range proposals(aim) {
				cell = append(cell, consent.Match(data, p, terms).Verdict.String())
			}
			fmt.Fprintf(&b, "%-18s", strings.Join(cell, " "))
		}
		b.WriteString("\n")
	}
	got := b.String()
	got = strings.ReplaceAll(got, " \n", "\n")
	for strings.Contains(got, " \n") {
		got = strings.ReplaceAll(got, " \n", "\n")
	}
	if os.Getenv("SAMVERK_UPDATE") == "1" {
		if err := os.WriteFile("testdata/duo.txt", []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/duo.txt")
	if err != nil || string(want) != got {
		t.Errorf("%v\n%s", err, got)
	}
}

func TestMatching(t *testing.T) {
	terms := diseases(t)
	ds := func(codes ...string) consent.Condition { return consent.Condition{Code: "DS", Diseases: codes} }
	on := func(codes ...string) consent.Proposal {
		return consent.Proposal{Aim: consent.AimDisease, Diseases: codes}
	}
	code := func(c string) consent.Condition { return consent.Condition{Code: c} }
	for name, c := range map[string]struct {
		data []consent.Condition
		p    consent.Proposal
		want consent.Verdict
	}{
		"a kind of it":                    {[]consent.Condition{ds("DIS:2")}, on("DIS:4"), consent.Allow},
		"by another of its ids":           {[]consent.Condition{ds("DIS:30")}, on("DIS:4"), consent.Allow},
		"wider than it":                   {[]consent.Condition{ds("DIS:3")}, on("DIS:2"), consent.Deny},
		"every disease, one of several":   {[]consent.Condition{ds("DIS:2", "DIS:7")}, on("DIS:4", "DIS:7"), consent.Allow},
		"one disease isn't":               {[]consent.Condition{ds("DIS:2")}, on("DIS:4", "DIS:7"), consent.Deny},
		"a disease nobody knows":          {[]consent.Condition{ds("DIS:2")}, on("NEW:1"), consent.Ask},
		"a disease nobody knows is named": {[]consent.Condition{ds("NEW:1")}, on("NEW:1"), consent.Allow},
		"one not, one unknown":            {[]consent.Condition{ds("DIS:2")}, on("NEW:1", "DIS:7"), consent.Deny},
		"DS without a disease":            {[]consent.Condition{ds()}, on("DIS:4"), consent.Deny},
		"no disease asked for":            {[]consent.Condition{ds("DIS:1")}, on(), consent.Deny},
		"no code":                         {nil, consent.Proposal{Aim: consent.AimGeneral}, consent.Deny},
		"a modifier alone":                {[]consent.Condition{condition("GS")}, consent.Proposal{Aim: consent.AimGeneral, Country: "it"}, consent.Deny},
		"an unknown code":                 {[]consent.Condition{code("GRU"), code("DUO:9999999")}, consent.Proposal{Aim: consent.AimGeneral}, consent.Ask},
		"an obsolete code alone":          {[]consent.Condition{code("DUO:0000005")}, consent.Proposal{Aim: consent.AimGeneral}, consent.Deny},
		"no aim":                          {[]consent.Condition{code("NRES")}, consent.Proposal{}, consent.Deny},
		"two permissions that differ":     {[]consent.Condition{code("HMB"), code("POA")}, consent.Proposal{Aim: consent.AimHealth}, consent.Ask},
		"two permissions that deny":       {[]consent.Condition{code("HMB"), code("POA")}, consent.Proposal{Aim: consent.AimGeneral}, consent.Deny},
		"two that differ, and a no":       {[]consent.Condition{code("HMB"), code("POA"), code("NCU")}, consent.Proposal{Aim: consent.AimHealth, NonCommercial: consent.No}, consent.Deny},
		"care needs CC":                   {[]consent.Condition{code("GRU")}, consent.Proposal{Aim: consent.AimCare}, consent.Deny},
		"care with CC":                    {[]consent.Condition{code("HMB"), code("CC")}, consent.Proposal{Aim: consent.AimCare}, consent.Allow},
		"CC alone is no research":         {[]consent.Condition{code("CC")}, consent.Proposal{Aim: consent.AimHealth}, consent.Deny},
		"nothing published":               {[]consent.Condition{code("GRU"), condition("MOR")}, consent.Proposal{Aim: consent.AimGeneral, Publishes: consent.No}, consent.Allow},
		"both, one unknown":               {[]consent.Condition{code("GRU"), code("NPUNCU")}, consent.Proposal{Aim: consent.AimGeneral, NotForProfit: consent.Yes}, consent.Ask},
		"both, one not":                   {[]consent.Condition{code("GRU"), code("NPUNCU")}, consent.Proposal{Aim: consent.AimGeneral, NonCommercial: consent.No}, consent.Deny},
	} {
		if m := consent.Match(c.data, c.p, terms); m.Verdict != c.want || len(m.Reasons) == 0 {
			t.Errorf("%s: %s %v", name, m.Verdict, m.Reasons)
		}
	}
}

// TestAConditionNeverWidens draws conditions and adds one more modifier: the verdict never becomes milder.
func TestAConditionNeverWidens(t *testing.T) {
	terms := diseases(t)
	rapid.Check(t, func(t *rapid.T) {
		var modifiers, data []consent.Condition
		for _, c := range ontology.DUO() {
			if c.Modifier && c.Short != "CC" {
				modifiers = append(modifiers, condition(c.Short))
			} else if rapid.Bool().Draw(t, c.Short) {
				data = append(data, condition(c.Short))
			}
		}
		data = append(data, rapid.SliceOfN(rapid.SampledFrom(modifiers), 0, 3).Draw(t, "modifiers")...)
		drawn := proposals(rapid.SampledFrom(consent.Aims()).Draw(t, "aim"))
		p := rapid.SampledFrom(drawn[:]).Draw(t, "proposal")
		before := consent.Match(data, p, terms)
		after := consent.Match(append(data, rapid.SampledFrom(modifiers).Draw(t, "another")), p, terms)
		if after.Verdict < before.Verdict {
			t.Fatal(before, after)
		}
	})
}
