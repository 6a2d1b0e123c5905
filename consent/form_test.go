package consent_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/ontology"
	"github.com/samverk/samverk/storage"
)

func noon() *settable { return &settable{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func TestAFormThatCannotBeObeyed(t *testing.T) {
	for i, f := range forms {
		if err := f.Check(); err != nil {
			t.Fatal(i, err)
		}
		b, err := mandate.Canonical(f)
		if err != nil {
			t.Fatal(err)
		}
		back, err := consent.ParseForm(b)
		if err != nil || cmp.Diff(f, back) != "" {
			t.Error(err, cmp.Diff(f, back))
		}
	}
	good := func() consent.Form {
		return form("1", nil, ask("care", ""), ask("research", consent.Diseases, "DIS:1"), ask("research.commercial", ""))
	}
	duo := func(codes ...string) func(*consent.Form) {
		return func(f *consent.Form) { f.Questions[1].DUO = codes }
	}
	for name, spoil := range map[string]func(*consent.Form){
		"another format":       func(f *consent.Form) { f.Format = "samverk consent form 2" },
		"no country":           func(f *consent.Form) { f.Country = "Sweden" },
		"no version":           func(f *consent.Form) { f.Version = "" },
		"one language missing": func(f *consent.Form) { f.Title = consent.Text{"sv": "a", "en": "b"} },
		"a language too many":  func(f *consent.Form) { f.Intro["de"] = "c" },
		"an empty text":        func(f *consent.Form) { f.Questions[0].Text["nb"] = "  " },
		"help in one language": func(f *consent.Form) { f.Questions[0].Help = consent.Text{"sv": "a"} },
		"a question twice":     func(f *consent.Form) { f.Questions[1].ID = f.Questions[0].ID },
		"a permission twice": func(f *consent.Form) {
			f.Questions[1].Permission, f.Questions[1].Scope, f.Questions[1].Diseases = "care", "", nil
		},
		"an unknown permission": func(f *consent.Form) { f.Questions[0].Permission = "marketing" },
		"care on diseases":      func(f *consent.Form) { f.Questions[0].Scope = consent.Diseases },
		"an unknown scope":      func(f *consent.Form) { f.Questions[1].Scope = "some" },
		"no disease":            func(f *consent.Form) { f.Questions[1].Diseases = nil },
		"a disease twice": func(f *consent.Form) {
			f.Questions[1].Diseases = append(f.Questions[1].Diseases, f.Questions[1].Diseases...)
		},
		"a disease with a space":          func(f *consent.Form) { f.Questions[1].Diseases[0].Code = "DIS:1 DIS:2" },
		"a question without a basis":      func(f *consent.Form) { f.Bases = f.Bases[1:] },
		"two bases":                       func(f *consent.Form) { f.Bases = append(f.Bases, f.Bases[0]) },
		"consent that nobody asks for":    func(f *consent.Form) { f.Questions = f.Questions[:2] },
		"consent by silence":              func(f *consent.Form) { f.Bases[0].Default = consent.In },
		"no default":                      func(f *consent.Form) { f.Bases[0].Default = "" },
		"law that counts nobody":          func(f *consent.Form) { f.Bases[0].Ground = consent.ByLaw },
		"asking for what is law":          func(f *consent.Form) { f.Bases[0].Ground, f.Bases[0].Default = consent.ByLaw, consent.In },
		"a condition by objection":        func(f *consent.Form) { f.Bases[2].Ground, f.Bases[2].Default = consent.ByObjection, consent.In },
		"a basis without a law":           func(f *consent.Form) { f.Bases[0].Law = nil },
		"a wider code than is asked for":  duo("DUO:0000042"),
		"a promise that nobody can keep":  duo("DUO:0000021"),
		"an obsolete code":                duo("DUO:0000005"),
		"a shorthand in place of an id":   duo("DS"),
		"too long":                        func(f *consent.Form) { f.Title["sv"] = strings.Repeat("x", 9000) },
		"a question's id of another kind": func(f *consent.Form) { f.Questions[0].ID = "a b" },
	} {
		f := good()
		spoil(&f)
		if err := f.Check(); fault.KindOf(err) != fault.Invalid {
			t.Error(name, err)
		}
	}
	f := good()
	f.Questions[1].DUO = []string{"DUO:0000007", "DUO:0000046"}
	if err := f.Check(); err != nil {
		t.Error(err)
	}
	for _, b := range []string{``, `{}`, `null`, `{"format":"samverk consent form 1","extra":1}`} {
		if _, err := consent.ParseForm([]byte(b)); err == nil {
			t.Error(b)
		}
	}
}

func TestOnlyADecisionPutsAFormInForce(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		clock := noon()
		journal := filepath.Join(t.TempDir(), "j")
		n := openAt(t, dsn, journal, clock.Now)
		n.enrol(t, "a", "b")
		var one, two mandate.Digest
		n.write(t, func(ctx context.Context, tx *storage.Tx) (err error) {
			if one, err = n.consents.Draft(ctx, tx, "staff", forms[2]); err != nil {
				return err
			}
			two, err = n.consents.Draft(ctx, tx, "staff", forms[3])
			return err
		})
		if n.consents.InForce() != nil {
			t.Error("a draft is in force")
		}
		try := func(m mandate.Mandate, digest mandate.Digest) error {
			return n.Write(t.Context(), func(tx *storage.Tx) error { return n.consents.Enact(t.Context(), tx, "staff", m, digest) })
		}
		noQuorum := decided(1, clock.Time, one)
		noQuorum.Quorum.Held = false
		noPatients := decided(1, clock.Time, one)
		noPatients.Quorum.Findings = append(noPatients.Quorum.Findings, mandate.Finding{Kind: "sector", Sector: "patient", N: 3, Have: 2, Need: 3, Of: 3})
		policy := decided(1, clock.Time, one)
		policy.Effects[0].Kind = mandate.Policy
		for name, m := range map[string]mandate.Mandate{"another text": decided(1, clock.Time, two), "no quorum": noQuorum,
			"not enough patients": noPatients, "another kind": policy, "nothing": {}} {
			if err := try(m, one); err == nil || fault.KindOf(err) == fault.Internal {
				t.Error(name, err)
			}
		}
		if err := try(decided(1, clock.Time, mandate.Digest{5}), mandate.Digest{5}); fault.KindOf(err) != fault.NotFound {
			t.Error("a text that isn't there:", err)
		}
		if err := try(decided(1, clock.Time, one), one); err != nil {
			t.Fatal(err)
		}
		if got := n.allowed(t, consent.Care); len(got) != 2 || n.consents.InForce().Version != "3" {
			t.Error("by objection, those who said nothing are in:", got)
		}
		if err := try(decided(1, clock.Time, one), one); fault.KindOf(err) != fault.Conflict {
			t.Error("twice by one decision:", err)
		}
		if err := try(decided(2, clock.AddDate(0, 0, -30), two), two); fault.KindOf(err) != fault.Conflict {
			t.Error("an older decision takes a newer one's place:", err)
		}
		if err := try(decided(3, clock.AddDate(0, 0, 10), two), two); err != nil {
			t.Fatal(err)
		}
		n.enrol(t, "c") // counted at once, where silence is enough
		before := n.consents.Epoch()
		if got := n.allowed(t, consent.Care); len(got) != 3 || len(n.allowed(t, consent.Research)) != 0 {
			t.Error(got)
		}
		clock.Time = clock.AddDate(0, 0, 10)
		if got := n.allowed(t, consent.Research); len(got) != 3 || len(n.allowed(t, consent.Care)) != 0 || n.consents.Epoch() != before+1 {
			t.Error("the form that is in force from now on:", got, n.consents.Epoch(), before)
		}
		n.close(t)
		clock.Time = clock.AddDate(0, 0, -10) // a clock that was set back brings the old form back only until the next commit
		n = openAt(t, dsn, journal, clock.Now)
		clock.Time = clock.AddDate(0, 0, 10)
		if n.consents.InForce().Version != "4" {
			t.Error(n.consents.InForce().Version)
		}
		if err := n.change(no(0, consent.Research)); err != nil {
			t.Fatal(err)
		}
		n.close(t)
		clock.Time = clock.AddDate(0, 0, -10)
		n = openAt(t, dsn, journal, clock.Now)
		defer n.close(t)
		if n.consents.InForce().Version != "4" || len(n.consents.Enacted()) != 2 || len(n.allowed(t, consent.Research)) != 2 {
			t.Error("a clock that was set back brought back what was superseded")
		}
		attacks := []string{`UPDATE consent_form SET form = ''`, `DELETE FROM consent_force`, `UPDATE consent_force SET begins = 0`}
		for _, q := range attacks {
			err := n.Write(t.Context(), func(tx *storage.Tx) error { _, err := tx.Exec(t.Context(), q); return err })
			if fault.KindOf(err) != fault.Conflict {
				t.Errorf("%s: %v", q, err)
			}
		}
		if d, err := n.consents.FormOf(t.Context(), one); err != nil || d.By != "staff" || d.Digest != one {
			t.Error(err)
		}
		if all, err := n.consents.Forms(t.Context()); err != nil || len(all) != 2 {
			t.Error(all, err)
		}
	})
}

// filled answers questions of the form in force by their permissions.
func (n *node) filled(who individual.Number, allow bool, questions ...string) consent.Filled {
	f := consent.Filled{Individual: who, Form: n.consents.InForce().Digest, Why: "on the page"}
	for _, q := range questions {
		f.Answers = append(f.Answers, consent.Answer{Question: q, Allow: allow})
	}
	return f
}

func (n *node) fill(f consent.Filled) (receipt string, err error) {
	err = n.Write(context.Background(), func(tx *storage.Tx) error {
		receipt, err = n.consents.Fill(context.Background(), tx, "staff", f)
		return err
	})
	return receipt, err
}

func (n *node) mustEnact(t failer, number int, at time.Time, f consent.Form) {
	t.Helper()
	n.write(t, func(ctx context.Context, tx *storage.Tx) error {
		_, err := n.enact(ctx, tx, number, at, f)
		return err
	})
}

func TestOldAnswersKeepTheirMeaning(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		clock := noon()
		journal := filepath.Join(t.TempDir(), "j")
		n := openAt(t, dsn, journal, clock.Now)
		n.enrol(t, "a", "b", "c")
		n.mustEnact(t, 1, clock.Time, forms[0])
		old := n.filled(0, true, "research")
		receipt, err := n.fill(old)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.fill(n.filled(2, false, "research")); err != nil {
			t.Fatal(err)
		}
		clock.Time = clock.Add(time.Hour)
		// Version 4: research by objection, commercial use asked for, and a question on diseases only.
		n.mustEnact(t, 2, clock.Time, forms[3])
		is := func(u consent.Use, want ...individual.Number) {
			t.Helper()
			set, err := n.consents.Allowed(u)
			if err != nil {
				t.Fatal(err)
			}
			for i := range individual.Number(3) {
				if set.Has(i) != slices.Contains(want, i) {
					t.Errorf("%+v: %d is counted: %v", u, i, set.Has(i))
				}
			}
		}
		// a's general yes stays general, b said nothing and is in by objection, c's no stays a no.
		is(consent.Use{Purpose: consent.Research}, 0, 1)
		is(consent.Use{Purpose: consent.Research, Commercial: true}) // nobody was asked
		limited := n.filled(1, true, "research", "research-commercial")
		limited.Answers[0].Diseases = []string{"DIS:2"}
		if _, err := n.fill(limited); err != nil {
			t.Fatal(err)
		}
		is(consent.Use{Purpose: consent.Research}, 0)
		is(consent.Use{Purpose: consent.Research, Health: true}, 0)
		is(consent.Use{Purpose: consent.Research, Diseases: []string{"DIS:4"}}, 0, 1)
		is(consent.Use{Purpose: consent.Research, Diseases: []string{"DIS:4", "DIS:7"}}, 0)
		is(consent.Use{Purpose: consent.Research, Diseases: []string{"DIS:30"}, Commercial: true}, 1)
		is(consent.Use{Purpose: consent.Research, Country: "SE"}, 0)
		is(consent.Use{Purpose: consent.Research, Country: "FI"})
		// On paper, on the old form, from when that was in force; and not from after.
		late := old
		late.Individual, late.Document, late.When = 2, "binder 4, sheet 12", clock.Add(-time.Minute)
		if _, err := n.fill(late); err != nil {
			t.Error(err)
		}
		late.When = clock.Time
		if _, err := n.fill(late); fault.KindOf(err) != fault.Conflict {
			t.Error(err)
		}
		is(consent.Use{Purpose: consent.Research}, 0, 2)
		h, err := n.consents.History(t.Context(), 2)
		if err != nil || len(h) != 2 || h[1].Document != "binder 4, sheet 12" || h[1].Form != old.Form.String() || h[1].Question != "research" {
			t.Errorf("%+v %v", h, err)
		}
		r, err := n.consents.Receipt(t.Context(), receipt)
		if err != nil || !slices.Equal(r.Began, []consent.Permission{"research"}) || len(r.Stopped) != 0 || len(r.Choices) != 1 || r.Epoch == 0 {
			t.Errorf("%+v %v", r, err)
		}
		for name, f := range map[string]consent.Filled{
			"no question":              {Individual: 0, Form: n.consents.InForce().Digest},
			"no such question":         n.filled(0, true, "marketing"),
			"a question twice":         n.filled(0, true, "care", "care"),
			"diseases missing":         n.filled(0, true, "research"),
			"diseases where none are":  {Individual: 0, Form: n.consents.InForce().Digest, Answers: []consent.Answer{{Question: "care", Allow: true, Diseases: []string{"DIS:2"}}}},
			"a disease that isn't it":  {Individual: 0, Form: n.consents.InForce().Digest, Answers: []consent.Answer{{Question: "research", Allow: true, Diseases: []string{"DIS:7"}}}},
			"another form":             {Individual: 0, Form: old.Form, Answers: []consent.Answer{{Question: "care", Allow: true}}},
			"nobody":                   n.filled(9, true, "care"),
			"in a time to come":        {Individual: 0, Form: n.consents.InForce().Digest, When: clock.Add(time.Hour), Answers: []consent.Answer{{Question: "care"}}},
			"by nobody's guardian":     {Individual: 0, Form: n.consents.InForce().Digest, Guardian: "01K", Answers: []consent.Answer{{Question: "care", Allow: true}}},
			"a guardian with a \n":     {Individual: 0, Form: n.consents.InForce().Digest, Guardian: "a\nb", Answers: []consent.Answer{{Question: "care", Allow: true}}},
			"no form":                  {Individual: 0, Answers: []consent.Answer{{Question: "care", Allow: true}}},
			"one answer wrong of many": n.filled(0, true, "care", "nothing"),
		} {
			if _, err := n.fill(f); err == nil || fault.KindOf(err) == fault.Internal {
				t.Error(name, err)
			}
		}
		is(consent.Use{Purpose: consent.Care})
		for _, u := range []consent.Use{{Purpose: consent.Care, Commercial: true}, {Purpose: consent.Care, Health: true}, {Purpose: consent.Matching, Diseases: []string{"DIS:1"}},
			{Purpose: consent.Research, Country: "Norway"}, {Purpose: consent.Research, Diseases: []string{"melanoma"}}, {Purpose: consent.Research, Diseases: make([]string, 101)}} {
			if _, err := n.consents.Allowed(u); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%+v: %v", u, err)
			}
		}
		// A withdrawal needs no form.
		var number string
		n.write(t, func(ctx context.Context, tx *storage.Tx) error {
			number, err = n.consents.Withdraw(ctx, tx, "a", consent.Withdrawal{Individual: 0, Why: "changed my mind"})
			return err
		})
		if r, err = n.consents.Receipt(t.Context(), number); err != nil || !slices.Equal(r.Stopped, []consent.Permission{"research"}) || r.Epoch != n.consents.Epoch() {
			t.Errorf("%+v %v", r, err)
		}
		if all, err := n.consents.Receipts(t.Context(), 0); err != nil || len(all) != 2 || all[0].Number != number {
			t.Error(all, err)
		}
		if got := n.consents.Allows(1); !slices.Equal(got, []consent.Permission{"research", "research.commercial"}) {
			t.Error(got)
		}
		if err := n.consents.Verify(t.Context()); err != nil {
			t.Error(err)
		}
		n.close(t)
	})
}

func TestAReceiptInPlainWords(t *testing.T) {
	r := consent.Receipt{Number: "2026-000412", Recorded: noon().Time, Epoch: 17, Stopped: []consent.Permission{"matching", "research", "research.abroad"}}
	used := []consent.Used{{Purpose: consent.Research, Organisation: "Region Nord", Times: 3, Last: noon().Time}, {Purpose: consent.Care, Organisation: "Labb", Times: 1, Last: noon().Time}}
	day := func(t time.Time) string { return t.Format("2006-01-02") }
	for lang, want := range map[string][]string{
		"sv": {"Kvitto 2026-000412.", "att hitta liknande patienter, forskning och forskning i andra länder", "Region Nord: forskning, 3 gånger, senast 2026-03-01", "Labb: vård, en gång, 2026-03-01"},
		"nb": {"Kvittering 2026-000412.", "å finne lignende pasienter, forskning og forskning i andre land", "Region Nord: forskning, 3 ganger, sist 2026-03-01", "Labb: helsehjelp, én gang, 2026-03-01"},
		"en": {"Receipt 2026-000412.", "finding patients alike, research and research in other countries", "Region Nord: research, 3 times, the last on 2026-03-01", "Labb: care, once, on 2026-03-01"},
	} {
		lines := strings.Join(r.Lines(lang, used, day), "\n")
		for _, w := range append(want, "17") {
			if !strings.Contains(lines, w) {
				t.Errorf("%s: %q is missing in\n%s", lang, w, lines)
			}
		}
		for _, p := range consent.Permissions() { // a word for each
			all := consent.Receipt{Began: []consent.Permission{p}}
			if strings.Contains(strings.Join(all.Lines(lang, nil, day), "\n"), ": .") {
				t.Error(lang, p)
			}
		}
	}
	if fmt.Sprint(r.Lines("fi", nil, day)) != fmt.Sprint(r.Lines("en", nil, day)) {
		t.Error("others read English")
	}
}

func FuzzForm(f *testing.F) {
	for _, form := range forms {
		b, err := mandate.Canonical(form)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		form, err := consent.ParseForm(b)
		if err != nil {
			return
		}
		digest, err := form.Digest()
		if err != nil {
			t.Fatal(err)
		}
		again, err := mandate.Canonical(form)
		if err != nil {
			t.Fatal(err)
		}
		back, err := consent.ParseForm(again)
		if err != nil {
			t.Fatal(err)
		}
		if d, err := back.Digest(); err != nil || d != digest {
			t.Fatal("what is read back has another digest", err)
		}
	})
}

// TestAnotherReleaseOfTheVocabulary: a term that got another id since the answer is still the same disease.
func TestAnotherReleaseOfTheVocabulary(t *testing.T) {
	dsn, journal, clock := testkit.SQLite(t), filepath.Join(t.TempDir(), "j"), noon()
	n := openAt(t, dsn, journal, clock.Now)
	n.enrol(t, "a")
	n.mustEnact(t, 1, clock.Time, form("1", nil, ask("research", consent.Diseases, "DIS:30", "OLD:1")))
	f := n.filled(0, true, "research")
	f.Answers[0].Diseases = []string{"OLD:1", "DIS:30"}
	if _, err := n.fill(f); err != nil {
		t.Fatal(err)
	}
	n.close(t)
	for name, c := range map[string]struct {
		terms *ontology.Terms
		want  map[string]bool
	}{
		"this one":  {diseases(t), map[string]bool{"DIS:4": true, "DIS:3": true, "DIS:30": true, "OLD:1": true, "NEW:1": false, "DIS:2": false}},
		"the next":  {vocabulary(t, "[Term]\nid: NEW:1\nalt_id: OLD:1\n[Term]\nid: NEW:2\nis_a: NEW:1\n"), map[string]bool{"OLD:1": true, "NEW:1": true, "NEW:2": true, "DIS:30": true, "DIS:3": false}},
		"no longer": {nil, map[string]bool{"OLD:1": true, "DIS:30": true, "DIS:3": false, "NEW:1": false}},
	} {
		n, err := tryOpen(dsn, consent.Options{Journal: journal, Terms: c.terms})
		if err != nil {
			t.Fatal(err)
		}
		for d, want := range c.want {
			set, err := n.consents.Allowed(consent.Use{Purpose: consent.Research, Diseases: []string{d}})
			if err != nil || set.Has(0) != want {
				t.Errorf("%s: %s: %v %v", name, d, set.Has(0), err)
			}
		}
		if err := n.consents.Verify(t.Context()); err != nil {
			t.Error(name, err)
		}
		n.close(t)
	}
}
