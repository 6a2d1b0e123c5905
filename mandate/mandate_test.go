package mandate_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/mandate"
)

var text = mandate.Digest{1, 2, 3}

// good is a decision of a steering group with its patients' seats in quorum.
func good() mandate.Mandate {
	at := time.Date(2026, 11, 11, 9, 0, 0, 0, time.UTC)
	return mandate.Mandate{
		Decision: "01K", Number: "2026-14", Body: "steering", BodyName: map[string]string{"sv": "Styrgruppen"}, Network: "se",
		Approved: at, InForce: at.AddDate(0, 0, 20),
		Quorum: mandate.Quorum{Findings: []mandate.Finding{
			{Kind: "majority", Have: 7, Need: 5, Of: 9},
			{Kind: "half", Have: 7, Need: 5, Of: 9},
			{Kind: "count", N: 3, Have: 7, Need: 3, Of: 9},
			{Kind: "sector", N: 2, Sector: "patient", Have: 2, Need: 2, Of: 3},
			{Kind: "organisations", N: 4, Organisation: "region", Have: 4, Need: 4, Of: 7},
			{Kind: "chair-not", Sector: "industry", Have: 1, Need: 1, Of: 1},
		}, Sectors: []mandate.Sector{{"care", 4}, {"academia", 1}, {"patient", 2}}, Present: 7, Of: 9, Held: true},
		Votes:       mandate.Votes{For: 5, Against: 1, Abstain: 1},
		MinutesSeal: mandate.Digest{9},
		Effects:     []mandate.Effect{{mandate.Form, "f", mandate.Digest{7}}, {mandate.Policy, "p", text}},
	}
}

func TestAMandateIsJudgedFromItself(t *testing.T) {
	if err := good().Verify(mandate.Policy, text); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*mandate.Mandate){
		"nameless":               func(m *mandate.Mandate) { m.Number = "" },
		"of no network":          func(m *mandate.Mandate) { m.Network = "" },
		"not approved":           func(m *mandate.Mandate) { m.Approved = time.Time{} },
		"not sealed":             func(m *mandate.Mandate) { m.MinutesSeal = mandate.Digest{} },
		"never in force":         func(m *mandate.Mandate) { m.InForce = time.Time{} },
		"in force before":        func(m *mandate.Mandate) { m.InForce = m.Approved.Add(-1) },
		"another text":           func(m *mandate.Mandate) { m.Effects[1].Digest[0]++ },
		"another kind":           func(m *mandate.Mandate) { m.Effects[1].Kind = mandate.Form },
		"quorum not held":        func(m *mandate.Mandate) { m.Quorum.Held = false },
		"nobody present":         func(m *mandate.Mandate) { m.Quorum.Present, m.Quorum.Sectors = 0, nil },
		"more than there are":    func(m *mandate.Mandate) { m.Quorum.Of = 6 },
		"no rule":                func(m *mandate.Mandate) { m.Quorum.Findings = nil },
		"unknown rule":           func(m *mandate.Mandate) { m.Quorum.Findings[0].Kind = "luck" },
		"majority made small":    func(m *mandate.Mandate) { m.Quorum.Findings[0].Need = 2 },
		"half made small":        func(m *mandate.Mandate) { m.Quorum.Findings[1].Need = 4 },
		"count made small":       func(m *mandate.Mandate) { m.Quorum.Findings[2].Need = 2 },
		"patients not there":     func(m *mandate.Mandate) { m.Quorum.Sectors[2].Present, m.Quorum.Sectors[0].Present = 1, 5 },
		"patients claimed":       func(m *mandate.Mandate) { m.Quorum.Findings[3].Have = 3 },
		"patients not needed":    func(m *mandate.Mandate) { m.Quorum.Findings[3].Need = 1 },
		"a sector twice":         func(m *mandate.Mandate) { m.Quorum.Sectors[1].Sector = "care" },
		"sectors don't add up":   func(m *mandate.Mandate) { m.Quorum.Sectors[0].Present = 3 },
		"a sector below nothing": func(m *mandate.Mandate) { m.Quorum.Sectors[0].Present, m.Quorum.Sectors[1].Present = 6, -1 },
		"too few organisations":  func(m *mandate.Mandate) { m.Quorum.Findings[4].Have = 3 },
		"organisations invented": func(m *mandate.Mandate) { m.Quorum.Findings[4].Have = 8 },
		"led by industry":        func(m *mandate.Mandate) { m.Quorum.Findings[5].Have = 0 },
		"lost vote":              func(m *mandate.Mandate) { m.Votes.For, m.Votes.Against = 3, 4 },
		"tie":                    func(m *mandate.Mandate) { m.Votes.For, m.Votes.Against = 3, 3 },
		"tie of nothing":         func(m *mandate.Mandate) { m.Votes = mandate.Votes{Casting: true} },
		"votes invented":         func(m *mandate.Mandate) { m.Votes.For = 8 },
		"negative votes":         func(m *mandate.Mandate) { m.Votes.Against = -9 },
		"consensus with votes":   func(m *mandate.Mandate) { m.Votes.Consensus = true },
		"no votes, no consensus": func(m *mandate.Mandate) { m.Votes = mandate.Votes{} },
	} {
		m := good()
		spoil(&m)
		if err := m.Verify(mandate.Policy, text); err == nil {
			t.Errorf("%s: a mandate", name)
		}
	}
	m := good()
	m.Votes = mandate.Votes{For: 3, Against: 3, Casting: true}
	if err := m.Verify(mandate.Policy, text); err != nil {
		t.Error("a casting vote:", err)
	}
	m.Votes = mandate.Votes{Consensus: true}
	if err := m.Verify(mandate.Policy, text); err != nil {
		t.Error("a consensus:", err)
	}
	m.Effects = append(m.Effects, mandate.Effect{Kind: mandate.Policy})
	if m.Names(mandate.Policy, mandate.Digest{}) {
		t.Error("a digest of nothing is named")
	}
}

func TestCanonical(t *testing.T) {
	for in, want := range map[string]string{
		`{"b": 1, "a": [true, "x", {}], "\u00e5": -7}`: `{"a":[true,"x",{}],"b":1,"å":-7}`,
		"{\"\\ud83d\\ude00\":1,\"\uff61\":2}":          "{\"😀\":1,\"\uff61\":2}", // by UTF-16, as RFC 8785 says
		`"\u2028<>&\u0007\b\t\n\f\r\"\\/"`:             "\"\u2028<>&\\u0007\\b\\t\\n\\f\\r\\\"\\\\/\"",
	} {
		got, err := mandate.Canonical(json.RawMessage(in))
		if err != nil || string(got) != want {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
	for _, in := range []string{`1.5`, `1e3`, `9007199254740992`, `-0`, `null`, `{"a":1,"a":2}`, `"\ud800"`} {
		if got, err := mandate.Canonical(json.RawMessage(in)); err == nil {
			t.Errorf("%s is written %s", in, got)
		}
	}
}

func TestAMandateIsReadAsWritten(t *testing.T) {
	b, err := mandate.Canonical(good())
	if err != nil {
		t.Fatal(err)
	}
	var back mandate.Mandate
	if err := mandate.Decode(b, &back); err != nil {
		t.Fatal(err)
	}
	again, err := mandate.Canonical(back)
	if err != nil || !bytes.Equal(b, again) {
		t.Errorf("%s, %v", again, err)
	}
	for name, in := range map[string][]byte{
		"unknown":       bytes.Replace(b, []byte(`{"approved"`), []byte(`{"aaa":1,"approved"`), 1),
		"other letters": bytes.Replace(b, []byte(`"held"`), []byte(`"Held"`), 1),
		"twice":         bytes.Replace(b, []byte(`"held":true`), []byte(`"held":true,"held":true`), 1),
		"short digest":  bytes.Replace(b, []byte(`"minutesSeal":"09`), []byte(`"minutesSeal":"`), 1),
		"wrong type":    bytes.Replace(b, []byte(`"of":9`), []byte(`"of":"9"`), 1),
		"null":          bytes.Replace(b, []byte(`"held":true`), []byte(`"held":null`), 1),
		"more after":    append(slices.Clone(b), '1'),
		"half":          b[:len(b)/2],
		"deep":          append(bytes.Repeat([]byte("["), 10000), bytes.Repeat([]byte("]"), 10000)...),
		"nothing":       nil,
	} {
		if err := mandate.Decode(in, &mandate.Mandate{}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	b, err := mandate.Canonical(good())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"quorum":{"sectors":[{"sector":"care"}]}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var m mandate.Mandate
		if mandate.Decode(in, &m) != nil {
			return
		}
		first, err := mandate.Canonical(m)
		if err != nil {
			t.Fatal(err)
		}
		var back mandate.Mandate
		if err := mandate.Decode(first, &back); err != nil {
			t.Fatal(err)
		}
		if second, err := mandate.Canonical(back); err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%s\n%s\n%v", first, second, err)
		}
	})
}
