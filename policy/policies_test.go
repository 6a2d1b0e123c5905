package policy_test

import (
	"crypto/ed25519"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

func TestBeforeAnyPolicyOnlyTheOperatorAsks(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		if v := n.Judge(clinician()); v.Allowed || v.Reason != policy.NoPolicy {
			t.Errorf("%+v", v)
		}
		local := policy.Ask{Operator: true, Question: policy.Export, Use: consent.Use{Purpose: consent.Research}}
		v := n.Judge(local)
		if !v.Allowed || v.Precision != policy.Exact || v.Reason != policy.LocalOperator {
			t.Errorf("%+v", v)
		}
		if err := n.Spend(t.Context(), local, v); err != nil {
			t.Error(err)
		}
		n.adopt(t, preset("care"))
		if v := n.Judge(local); v.Allowed {
			t.Errorf("the operator is judged like anybody once something is adopted: %+v", v)
		}
		if err := n.Spend(t.Context(), local, v); fault.KindOf(err) != fault.Denied {
			t.Error("what was judged before the adoption was spent after it:", err)
		}
	})
}

func TestADecisionBecomesThePolicy(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		n.adopt(t, preset("care"))
		v := n.Judge(clinician())
		digest, _ := preset("care").Digest()
		want := policy.Verdict{Allowed: true, Precision: policy.Exact, K: 5, Zero: true, Policy: "care-frequency-1", Rule: 1, Digest: digest, Decision: "01K", Number: "2026-14",
			Network: nation, Body: body, Reason: policy.Permitted}
		if v != want {
			t.Errorf("%+v", v)
		}
		for name, c := range map[string]struct {
			spoil func(*policy.Ask)
			why   policy.Reason
		}{
			"not signed in":     {func(a *policy.Ask) { a.SignedIn, a.Person = false, "" }, policy.NotWho},
			"a name, unsigned":  {func(a *policy.Ask) { a.SignedIn = false }, policy.NotUnderstood},
			"nobody":            {func(a *policy.Ask) { a.Person = "" }, policy.NotUnderstood},
			"no organisation":   {func(a *policy.Ask) { a.Organisation = "" }, policy.NotUnderstood},
			"industry":          {func(a *policy.Ask) { a.Sector = "industry" }, policy.NotWho},
			"a researcher":      {func(a *policy.Ask) { a.Role = policy.Researcher }, policy.NotWho},
			"an unknown role":   {func(a *policy.Ask) { a.Role = "king" }, policy.NotUnderstood},
			"an unknown sector": {func(a *policy.Ask) { a.Sector = "press" }, policy.NotUnderstood},
			"research":          {func(a *policy.Ask) { a.Use.Purpose = consent.Research }, policy.NotPurpose},
			"no purpose":        {func(a *policy.Ask) { a.Use.Purpose = "" }, policy.NotUnderstood},
			"commercial":        {func(a *policy.Ask) { a.Use.Commercial = true }, policy.NotCondition},
			"abroad":            {func(a *policy.Ask) { a.Use.Country = "NO" }, policy.NotCondition},
			"export":            {func(a *policy.Ask) { a.Question = policy.Export }, policy.NotQuestion},
			"no question":       {func(a *policy.Ask) { a.Question = "" }, policy.NotUnderstood},
			"less than nothing": {func(a *policy.Ask) { a.Cells = -1 }, policy.NotUnderstood},
		} {
			a := clinician()
			c.spoil(&a)
			v := n.Judge(a)
			if v.Allowed || v.Reason != c.why || v.Precision != "" || v.K != 0 || v.Rule != 0 {
				t.Errorf("%s: %+v", name, v)
			}
			if v.Err().Error() != policy.Denied().Error() {
				t.Errorf("%s: the denial tells why: %v", name, v.Err())
			}
		}
		home := clinician()
		home.Use.Country = "SE"
		if !n.Judge(home).Allowed {
			t.Error("at home")
		}
		if c := n.Judge(researcher()); c.Number != "2026-14" || c.Policy != "care-frequency-1" {
			t.Errorf("a denial names no policy: %+v", c)
		}
		n.adopt(t, preset("research"))
		if v := n.Judge(researcher()); !v.Allowed || v.Precision != policy.Banded || v.K != 20 || v.Batch != 100 {
			t.Errorf("%+v", v)
		}
		without := researcher()
		without.Approval = ""
		if v := n.Judge(without); v.Allowed || v.Reason != policy.NotCondition {
			t.Errorf("without a committee: %+v", v)
		}
		if v := n.Judge(clinician()); v != want {
			t.Errorf("another line changed the first: %+v", v)
		}
	})
}

func TestDatasets(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		d := preset("care")
		d.Datasets = []string{"clinic", "biobank"}
		n.adopt(t, d)
		for set, allowed := range map[string]bool{"clinic": true, "biobank": true, "other": false, "": false} {
			a := clinician()
			a.Dataset = set
			if v := n.Judge(a); v.Allowed != allowed {
				t.Errorf("%q: %+v", set, v)
			}
		}
	})
}

func TestEnactRefuses(t *testing.T) {
	d := preset("care")
	other := d
	other.Version = 2
	for name, enact := range map[string]func() (policy.Signed, error){
		"a draft the decision did not name": func() (policy.Signed, error) { return policy.Enact(decided(t, start, other), d, signer(), start) },
		"no quorum": func() (policy.Signed, error) {
			m := decided(t, start, d)
			m.Quorum.Findings[1].Have = 1
			return policy.Enact(m, d, signer(), start)
		},
		"not in force yet": func() (policy.Signed, error) {
			return policy.Enact(decided(t, start, d), d, signer(), start.Add(-2*time.Hour))
		},
		"another network's key": func() (policy.Signed, error) {
			return policy.Enact(decided(t, start, d), d, policy.Signer{Network: "no", Private: private}, start)
		},
		"no key": func() (policy.Signed, error) {
			return policy.Enact(decided(t, start, d), d, policy.Signer{Network: nation}, start)
		},
		"a draft that nobody may put in force": func() (policy.Signed, error) {
			bad := d
			bad.Rules = []policy.Rule{}
			return policy.Enact(decided(t, start, bad), bad, signer(), start)
		},
	} {
		if s, err := enact(); err == nil || s.Signature != nil {
			t.Errorf("%s: enacted", name)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	s := enacted(t, preset("care"), start)
	if err := policy.Verify(s, trusted()); err != nil {
		t.Fatal(err)
	}
	stranger := ed25519.NewKeyFromSeed(make([]byte, 32))
	for name, spoil := range map[string]func(*policy.Signed, *policy.Key){
		"draft": func(s *policy.Signed, _ *policy.Key) {
			s.Draft.Rules = append([]policy.Rule(nil), s.Draft.Rules...)
			s.Draft.Rules[0].K = 0
		},
		"number": func(s *policy.Signed, _ *policy.Key) { s.Mandate.Number = "2026-15" },
		"quorum": func(s *policy.Signed, _ *policy.Key) { s.Mandate.Quorum.Of = 8 },
		"made":   func(s *policy.Signed, _ *policy.Key) { s.Made = s.Made.Add(1000) },
		"signature": func(s *policy.Signed, _ *policy.Key) {
			s.Signature = append([]byte(nil), s.Signature...)
			s.Signature[3] ^= 1
		},
		"unsigned":    func(s *policy.Signed, _ *policy.Key) { s.Signature = nil },
		"unknown key": func(_ *policy.Signed, k *policy.Key) { k.Public = public(stranger) },
		"network":     func(_ *policy.Signed, k *policy.Key) { k.Network = "no" },
		"body":        func(_ *policy.Signed, k *policy.Key) { k.Bodies = []string{"council"} },
		"no key":      func(_ *policy.Signed, k *policy.Key) { k.Public = nil },
	} {
		s, k := s, trusted()[0]
		spoil(&s, &k)
		if err := policy.Verify(s, []policy.Key{k}); err == nil {
			t.Errorf("%s: verified", name)
		}
	}
	if err := policy.Verify(s, []policy.Key{{Network: nation, Public: public(private), Bodies: []string{"x", body}}}); err != nil {
		t.Error(err)
	}
	// Signed with the right key, but over what no decision says: the record itself is judged too.
	forged := s
	forged.Mandate.Quorum.Held = false
	text, err := mandate.Canonical(struct {
		policy.Signed
		Signature []byte `json:"signature,omitempty"`
	}{Signed: forged})
	if err != nil {
		t.Fatal(err)
	}
	forged.Signature = ed25519.Sign(private, append([]byte(policy.SignedFormat+"\n"), text...))
	if err := policy.Verify(forged, trusted()); err == nil || !strings.Contains(err.Error(), "quorum") {
		t.Error(err)
	}
}

func TestASignedPolicyTravelsAsText(t *testing.T) {
	s := enacted(t, preset("research"), start)
	b, err := mandate.Canonical(s)
	if err != nil {
		t.Fatal(err)
	}
	back, err := policy.ParseSigned(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := policy.Verify(back, trusted()); err != nil {
		t.Error(err)
	}
	for i := range b { // whatever bit is turned, nothing else is ever verified
		c := append([]byte(nil), b...)
		c[i] ^= 1
		if s, err := policy.ParseSigned(c); err == nil && policy.Verify(s, trusted()) == nil {
			t.Fatalf("with byte %d changed it verifies: %s", i, c[max(0, i-20):min(len(c), i+20)])
		}
	}
}

func TestAdoption(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		d := preset("care")
		s := enacted(t, d, start)
		own := policy.Adoption{By: operator, Ground: "RD 2026:7"}
		foreign := d
		foreign.Country = "NO"
		old := d
		old.Expires = start.Add(-time.Minute)
		for name, adopt := range map[string]func() error{
			"by nobody": func() error { return n.Adopt(t.Context(), s, policy.Adoption{Ground: "x"}) },
			"by somebody": func() error {
				return n.Adopt(t.Context(), s, policy.Adoption{By: policy.Actor{Person: "linda"}, Ground: "x"})
			},
			"a person as operator": func() error {
				return n.Adopt(t.Context(), s, policy.Adoption{By: policy.Actor{Person: "linda", Operator: true}, Ground: "x"})
			},
			"on no ground":      func() error { return n.Adopt(t.Context(), s, policy.Adoption{By: operator}) },
			"claiming the rule": func() error { return n.Adopt(t.Context(), s, policy.Adoption{By: operator, Ground: "standing"}) },
			"without the rule":  func() error { return n.Adopt(t.Context(), s, policy.Adoption{Standing: true}) },
			"another country's": func() error { return n.Adopt(t.Context(), enacted(t, foreign, start), own) },
			"expired":           func() error { return n.Adopt(t.Context(), enacted(t, old, start), own) },
		} {
			if err := adopt(); err == nil {
				t.Errorf("adopted %s", name)
			}
		}
		if len(n.History()) != 0 || n.Judge(clinician()).Reason != policy.NoPolicy {
			t.Fatal("a refused adoption left something")
		}

		must(t, n.SetStanding(t.Context(), operator, nation, "", true, "RD 2026:1"))
		must(t, n.SetStanding(t.Context(), operator, nation, "council", false, "RD 2026:2"))
		for of, want := range map[string]bool{body: true, "council": false} {
			if got, err := n.Standing(t.Context(), nation, of); err != nil || got != want {
				t.Error(of, got, err)
			}
		}
		if got, _ := n.Standing(t.Context(), "no", body); got {
			t.Error("a rule for one network is one for another")
		}
		must(t, n.Adopt(t.Context(), s, policy.Adoption{Standing: true}))
		if h := n.History(); len(h) != 1 || h[0].Ground != "standing" || h[0].Signed.Draft.ID() != "care-frequency-1" {
			t.Errorf("%+v", h)
		}
		if err := n.Adopt(t.Context(), s, own); fault.KindOf(err) != fault.Conflict {
			t.Error("the same again:", err)
		}
		d.Version = 3
		n.clock.move(time.Hour)
		must(t, n.Adopt(t.Context(), enacted(t, d, n.clock.Now()), policy.Adoption{By: operator, Ground: "x", From: n.clock.Now().Add(24 * time.Hour)}))
		if got := n.InForce(); len(got) != 1 || got[0].Signed.Draft.Version != 1 {
			t.Errorf("%+v", got)
		}
		d.Version = 2
		if err := n.Adopt(t.Context(), enacted(t, d, n.clock.Now()), own); fault.KindOf(err) != fault.Conflict {
			t.Error("an older version after a newer:", err)
		}
		d.Version = 4
		if err := n.Adopt(t.Context(), enacted(t, d, start.Add(-time.Hour)), own); fault.KindOf(err) != fault.Conflict {
			t.Error("an older decision after a newer:", err)
		}
		n.clock.move(24 * time.Hour)
		if got := n.InForce(); len(got) != 1 || got[0].Signed.Draft.Version != 3 {
			t.Errorf("%+v", got)
		}
		if h := n.History(); h[1].Until != h[0].Starts {
			t.Errorf("%+v", h)
		}
		must(t, n.End(t.Context(), operator, "se/care-frequency", "RD 2027:1"))
		if v := n.Judge(clinician()); v.Allowed || v.Reason != policy.NotInForce {
			t.Errorf("%+v", v)
		}
		if err := n.End(t.Context(), operator, "se/other", "x"); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFromTo(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		n := open(t, dsn, newHand(), options())
		d := preset("care")
		d.Expires = start.Add(10 * 24 * time.Hour)
		n.adopt(t, d)
		next := d
		next.Version, next.Rules[0].Precision, next.Rules[0].K, next.Rules[0].Zero = 2, policy.Banded, 10, false
		must(t, n.Adopt(t.Context(), enacted(t, next, start), policy.Adoption{By: operator, Ground: "x", From: start.Add(5 * 24 * time.Hour)}))
		at := func(want string) {
			t.Helper()
			v := n.Judge(clinician())
			if v.Policy != want || v.Allowed != (want != "") {
				t.Errorf("%s: %+v", n.clock.Now(), v)
			}
		}
		reopen := func() {
			n.close(t)
			n = open(t, dsn, n.clock, options())
		}
		const aDay = 24 * time.Hour
		at("care-frequency-1")
		n.clock.move(5 * aDay)
		at("care-frequency-2")
		must(t, n.Spend(t.Context(), clinician(), n.Judge(clinician()))) // keeps the time
		n.clock.move(-aDay)                                              // set back: the old one is not revived, the new one has not begun by this clock
		at("")
		if v := n.Judge(clinician()); v.Reason != policy.ClockStepped {
			t.Error(v.Reason)
		}
		if len(n.Faults()) != 1 {
			t.Error(n.Faults())
		}
		reopen()
		at("")
		n.clock.move(aDay)
		at("care-frequency-2")
		n.clock.move(5*aDay - time.Microsecond)
		at("care-frequency-2")
		n.clock.move(time.Microsecond)
		at("") // expired
		if v := n.Judge(clinician()); v.Reason != policy.NotInForce {
			t.Error(v.Reason)
		}
		must(t, n.Note(t.Context(), clinician(), n.Judge(clinician())))
		n.clock.move(-aDay)
		at("")
		reopen()
		at("")
		n.close(t)
	})
}

// A clock that leaps a day ahead while the process runs begins nothing, and what it ended stays ended when it is set right.
func TestAClockThatLeaps(t *testing.T) {
	clock, steady := newHand(), time.Duration(0)
	o := options()
	o.Elapsed = func() time.Duration { return steady }
	n := open(t, testkit.SQLite(t), clock, o)
	defer n.close(t)
	n.adopt(t, preset("care"))
	next := preset("care")
	next.Version = 2
	must(t, n.Adopt(t.Context(), enacted(t, next, start), policy.Adoption{By: operator, Ground: "x", From: start.Add(12 * time.Hour)}))
	if v := n.Judge(clinician()); v.Policy != "care-frequency-1" || len(n.Faults()) != 0 {
		t.Errorf("%+v %v", v, n.Faults())
	}
	clock.move(24 * time.Hour)
	if v := n.Judge(clinician()); v.Allowed || v.Reason != policy.ClockStepped || len(n.Faults()) != 1 || fault.HintOf(n.Faults()[0]) == "" {
		t.Errorf("%+v %v", v, n.Faults())
	}
	clock.move(-24 * time.Hour)
	if v := n.Judge(clinician()); v.Allowed {
		t.Errorf("revived: %+v", v)
	}
	steady += 12 * time.Hour
	clock.move(12 * time.Hour)
	if v := n.Judge(clinician()); v.Policy != "care-frequency-2" {
		t.Errorf("%+v", v)
	}
}

// A clock that leaps a day ahead gives nobody a new day's budget.
func TestAClockThatLeapsRenewsNoBudget(t *testing.T) {
	clock, steady := newHand(), time.Duration(0)
	o := options()
	o.Elapsed = func() time.Duration { return steady }
	n := open(t, testkit.SQLite(t), clock, o)
	defer n.close(t)
	d := preset("care")
	d.Rules[0].Budget = policy.Budget{Organisation: 1, Per: policy.Day}
	n.adopt(t, d)
	spend := func() error { return n.Spend(t.Context(), clinician(), n.Judge(clinician())) }
	must(t, spend())
	clock.move(24 * time.Hour)
	if err := spend(); fault.KindOf(err) != fault.Denied {
		t.Errorf("a clock that leapt: %v", err)
	}
	steady += 24 * time.Hour
	must(t, spend())
}

// A clock that was a year ahead denies when it is right again, until somebody who decides here says that it is.
func TestAClockThatWasWrong(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		d := preset("care")
		d.Expires = start.Add(30 * 24 * time.Hour)
		n.adopt(t, d)
		const aYear = 365 * 24 * time.Hour
		n.clock.move(aYear)
		must(t, n.Note(t.Context(), clinician(), n.Judge(clinician())))
		n.clock.move(-aYear)
		next := preset("care")
		next.Version = 2
		if err := n.Adopt(t.Context(), enacted(t, next, n.clock.Now()), policy.Adoption{By: operator, Ground: "x"}); fault.KindOf(err) != fault.Unavailable {
			t.Error("adopted from next year on:", err)
		}
		if _, err := n.Assign(t.Context(), operator, assignment("linda", policy.Clinician)); fault.KindOf(err) != fault.Unavailable {
			t.Error("assigned from next year on:", err)
		}
		if v := n.Judge(clinician()); v.Allowed || v.Reason != policy.ClockStepped {
			t.Errorf("%+v", v)
		}
		if err := n.ConfirmClock(t.Context(), policy.Actor{Person: "linda"}, "x"); fault.KindOf(err) != fault.Denied {
			t.Error(err)
		}
		must(t, n.ConfirmClock(t.Context(), operator, "the time server was wrong"))
		must(t, n.Reload(t.Context()))
		if v := n.Judge(clinician()); !v.Allowed || len(n.Faults()) != 0 {
			t.Errorf("%+v %v", v, n.Faults())
		}
		must(t, n.spend(clinician(), 1))
		n.adopt(t, next)
	})
}

func TestTheHistoryIsNeverChanged(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		n.adopt(t, preset("care"))
		must(t, n.SetStanding(t.Context(), operator, nation, body, true, "x"))
		id, err := n.Assign(t.Context(), operator, assignment("linda", policy.Clinician))
		must(t, err)
		must(t, n.EndAssignment(t.Context(), operator, id, "left"))
		must(t, n.Spend(t.Context(), clinician(), n.Judge(clinician())))
		attacks := []string{
			`UPDATE policy_account SET lifetime = lifetime - 1`, `UPDATE policy_account SET in_day = 0`, `UPDATE policy_account SET who = 'x'`, `UPDATE policy_clock SET seen = seen - 1`,
			`UPDATE policy_signed SET signed = ''`, `UPDATE policy_adoption SET starts = starts + 1`, `UPDATE policy_standing SET adopts = 0`,
			`UPDATE policy_assignment SET role = 'steward'`, `UPDATE policy_assignment_end SET at = at + 1`,
		}
		for _, table := range []string{"policy_account", "policy_clock", "policy_adoption", "policy_standing", "policy_assignment_end"} {
			attacks = append(attacks, `DELETE FROM `+table)
			if n.Kind() == "postgres" {
				attacks = append(attacks, `TRUNCATE `+table+` CASCADE`)
			}
		}
		for _, q := range attacks {
			if err := n.run(q); fault.KindOf(err) != fault.Conflict {
				t.Errorf("%s: %v", q, err)
			}
		}
	})
}

// open to whoever rules the database.
func (n *node) unguard(t *testing.T) {
	t.Helper()
	for _, table := range []string{"policy_signed", "policy_adoption"} {
		if n.Kind() == "postgres" {
			must(t, n.run(`ALTER TABLE `+table+` DISABLE TRIGGER ALL`))
			continue
		}
		must(t, n.run(`DROP TRIGGER `+table+`_no_update`))
		must(t, n.run(`DROP TRIGGER `+table+`_no_delete`))
	}
}

func TestATamperedRowDenies(t *testing.T) {
	for name, c := range map[string]struct {
		query string
		all   bool // everything is denied, not only the line
	}{
		"half written":       {`UPDATE policy_signed SET signed = substr(signed, 1, 200) WHERE signed LIKE '%care-frequency%version":2%'`, false},
		"emptied":            {`UPDATE policy_signed SET signed = '' WHERE signed LIKE '%care-frequency%version":2%'`, false},
		"k made small":       {`UPDATE policy_signed SET signed = replace(signed, '"k":10', '"k":3') WHERE signed LIKE '%care-frequency%version":2%'`, false},
		"another's text":     {`UPDATE policy_signed SET signed = (SELECT s.signed FROM policy_signed s WHERE s.signed LIKE '%care-frequency%version":1%') WHERE signed LIKE '%care-frequency%version":2%'`, false},
		"begins later":       {`UPDATE policy_adoption SET starts = starts + 1000000000000 WHERE seq = 3`, true},
		"another line":       {`UPDATE policy_adoption SET line = 'se/x' WHERE seq = 3`, true},
		"another policy":     {`UPDATE policy_adoption SET digest = (SELECT a.digest FROM policy_adoption a WHERE a.seq = 1) WHERE seq = 3`, true},
		"by somebody else":   {`UPDATE policy_adoption SET made_by = 'x' WHERE seq = 3`, true},
		"one lost between":   {`DELETE FROM policy_adoption WHERE seq = 2`, true},
		"numbered otherwise": {`UPDATE policy_adoption SET seq = 9 WHERE seq = 3`, true},
		"chain broken":       {`UPDATE policy_adoption SET chain = 'x' WHERE seq = 1`, true},
	} {
		t.Run(name, func(t *testing.T) {
			on := each
			if name != "half written" && name != "begins later" {
				on = onSQLite // the rules are the same, and a new PostgreSQL database takes its time
			}
			on(t, func(t *testing.T, n *node) {
				first, second := preset("care"), preset("care")
				second.Version, second.Rules[0].Precision, second.Rules[0].K, second.Rules[0].Zero = 2, policy.Banded, 10, false
				n.adopt(t, first)
				n.adopt(t, preset("research"))
				n.adopt(t, second)
				before := n.Judge(clinician())
				n.unguard(t)
				must(t, n.run(c.query))
				if n.Judge(clinician()) != before {
					t.Error("what is in memory changed")
				}
				must(t, n.Reload(t.Context()))
				if v := n.Judge(clinician()); v.Allowed || v.Reason != policy.Faulty {
					t.Errorf("%+v", v)
				}
				if v := n.Judge(researcher()); v.Allowed == c.all {
					t.Errorf("the other line: %+v", v)
				}
				if v := n.Judge(policy.Ask{Operator: true, Question: policy.Count, Use: consent.Use{Purpose: consent.Care}}); v.Allowed {
					t.Errorf("the operator: %+v", v)
				}
				if err := n.Spend(t.Context(), clinician(), before); fault.KindOf(err) != fault.Denied {
					t.Error(err)
				}
				if f := n.Faults(); len(f) != 1 || fault.HintOf(f[0]) == "" {
					t.Error(f)
				}
				third := preset("care")
				third.Version = 3
				if err := n.Adopt(t.Context(), enacted(t, third, n.clock.Now()), policy.Adoption{By: operator, Ground: "x"}); err == nil {
					t.Error("adopted on top of what can't be trusted")
				}
			})
		})
	}
}

func TestAKeyNoLongerTrusted(t *testing.T) {
	dsn, clock := testkit.SQLite(t), newHand()
	n := open(t, dsn, clock, options())
	n.adopt(t, preset("care"))
	n.close(t)
	o := options()
	o.Trusted = nil
	n = open(t, dsn, clock, o)
	defer n.close(t)
	if v := n.Judge(clinician()); v.Allowed || v.Reason != policy.Faulty || len(n.Faults()) != 1 {
		t.Errorf("%+v %v", v, n.Faults())
	}
}

func TestARestoredBackupDeniesUntilConfirmed(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		clock, dir := newHand(), t.TempDir()
		n := open(t, dsn, clock, options())
		n.adopt(t, preset("care"))
		must(t, n.spend(clinician(), 3))
		id, err := n.Assign(t.Context(), operator, assignment("maja", policy.Steward))
		must(t, err)
		must(t, n.EndAssignment(t.Context(), operator, id, "left"))
		_, err = storage.Backup(t.Context(), n.DB, filepath.Join(dir, "backup"), nil)
		must(t, err)
		tight := preset("care")
		tight.Version, tight.Rules = 2, tight.Rules[2:]
		n.adopt(t, tight)
		if n.Judge(clinician()).Allowed {
			t.Fatal("not tightened")
		}
		if err := n.ConfirmRestored(t.Context(), operator, "x"); fault.KindOf(err) != fault.Conflict {
			t.Error("confirmed what never was:", err)
		}
		n.close(t)

		where := func(dir string) string { return filepath.Join(dir, "db") }
		again := filepath.Join(dir, "again")
		_, err = storage.Restore(t.Context(), filepath.Join(dir, "backup"), again, where, storage.Options{Migrations: []fs.FS{policy.Migrations}, Now: clock.Now})
		must(t, err)
		n = open(t, where(again), clock, options())
		if v := n.Judge(clinician()); v.Allowed || v.Reason != policy.Faulty || len(n.Faults()) != 1 || fault.HintOf(n.Faults()[0]) == "" {
			t.Errorf("%+v %v", v, n.Faults())
		}
		must(t, n.Write(t.Context(), func(tx *storage.Tx) error { return n.AccountRestored(t.Context(), tx) })) // another room is done with it
		n.close(t)
		n = open(t, where(again), clock, options())
		defer func() { n.close(t) }()
		if v := n.Judge(clinician()); v.Allowed {
			t.Errorf("a restart revived it: %+v", v)
		}
		n.adopt(t, tight)
		if v := n.Judge(clinician()); v.Allowed || v.Reason != policy.Faulty {
			t.Errorf("%+v", v)
		}
		if err := n.ConfirmRestored(t.Context(), policy.Actor{Person: "maja"}, "x"); fault.KindOf(err) != fault.Denied {
			t.Error(err)
		}
		must(t, n.ConfirmRestored(t.Context(), operator, "compared with the ledger"))
		if v := n.Judge(clinician()); v.Allowed || v.Reason != policy.NotPurpose || len(n.Faults()) != 0 {
			t.Errorf("%+v %v", v, n.Faults())
		}
		if l, err := n.Accounts(t.Context(), policy.OfAsker, 0); err != nil || l[0].Lifetime != 3 {
			t.Error(l, err)
		}
	})
}

func TestANodeWithoutACountryAdoptsNothing(t *testing.T) {
	o := options()
	o.Country = ""
	n := open(t, testkit.SQLite(t), newHand(), o)
	defer n.close(t)
	if err := n.Adopt(t.Context(), enacted(t, preset("care"), start), policy.Adoption{By: operator, Ground: "x"}); fault.KindOf(err) != fault.Conflict {
		t.Error(err)
	}
}

func assignment(person, role string) policy.Assignment {
	a := policy.Assignment{Person: person, Organisation: region, Sector: "care", Role: role, Ground: "employment"}
	if role == policy.Researcher {
		a.Approval = "Dnr 2026-01"
	}
	return a
}

func TestAssignments(t *testing.T) {
	each(t, func(t *testing.T, n *node) {
		ctx := t.Context()
		give := func(by policy.Actor, a policy.Assignment) (string, error) { return n.Assign(ctx, by, a) }
		maja, karin := policy.Actor{Person: "maja"}, policy.Actor{Person: "karin"}
		if _, err := give(maja, assignment("linda", policy.Clinician)); fault.KindOf(err) != fault.Denied {
			t.Fatal("anybody assigns:", err)
		}
		steward, err := give(operator, assignment("maja", policy.Steward))
		must(t, err)
		away := assignment("karin", policy.Steward)
		away.Organisation = "south"
		_, err = give(maja, away) // the node's own steward, everywhere
		must(t, err)
		if _, err := give(maja, assignment("maja", policy.Clinician)); fault.KindOf(err) != fault.Denied {
			t.Error("a steward assigned herself:", err)
		}
		there := assignment("nadia", policy.Laboratory)
		there.Organisation = "south"
		_, err = give(karin, there)
		must(t, err)
		there.Role = policy.Steward
		if _, err := give(karin, there); fault.KindOf(err) != fault.Denied {
			t.Error("another organisation's steward makes stewards:", err)
		}
		if _, err := give(karin, assignment("linda", policy.Clinician)); fault.KindOf(err) != fault.Denied {
			t.Error("another organisation's steward assigns here:", err)
		}
		if err := n.SetStanding(ctx, karin, nation, "", true, "x"); fault.KindOf(err) != fault.Denied {
			t.Error("another organisation's steward rules the node:", err)
		}
		must(t, n.SetStanding(ctx, maja, nation, "", true, "x"))
		must(t, n.Adopt(ctx, enacted(t, preset("care"), start), policy.Adoption{By: maja, Ground: "RD 2026:7"}))

		soon := assignment("linda", policy.Clinician)
		soon.From, soon.To = start.Add(time.Hour), start.Add(3*time.Hour)
		id, err := give(maja, soon)
		must(t, err)
		asker := func() error { _, err := n.Asker(ctx, "linda", region, policy.Clinician); return err }
		if fault.KindOf(asker()) != fault.Denied {
			t.Error("before it begins")
		}
		n.clock.move(time.Hour)
		a, err := n.Asker(ctx, "linda", region, policy.Clinician)
		must(t, err)
		a.Use, a.Question = consent.Use{Purpose: consent.Care}, policy.Count
		if v := n.Judge(a); !v.Allowed {
			t.Errorf("%+v", v)
		}
		for _, wrong := range [][3]string{{"linda", region, policy.Laboratory}, {"linda", "south", policy.Clinician}, {"", region, policy.Clinician}, {"eva", region, policy.Clinician}} {
			if _, err := n.Asker(ctx, wrong[0], wrong[1], wrong[2]); fault.KindOf(err) != fault.Denied {
				t.Error(wrong, err)
			}
		}
		if err := n.EndAssignment(ctx, karin, id, "x"); fault.KindOf(err) != fault.Denied {
			t.Error(err)
		}
		must(t, n.EndAssignment(ctx, maja, id, "new work"))
		if fault.KindOf(asker()) != fault.Denied {
			t.Error("after it was ended")
		}
		n.clock.move(-time.Minute)
		if fault.KindOf(asker()) != fault.Denied {
			t.Error("revived by a clock set back")
		}
		if err := n.EndAssignment(ctx, maja, id, "again"); fault.KindOf(err) != fault.Conflict {
			t.Error(err)
		}
		if err := n.EndAssignment(ctx, maja, "none", "x"); fault.KindOf(err) != fault.NotFound {
			t.Error(err)
		}
		list, err := n.Assignments(ctx, region, "")
		if err != nil || len(list) != 2 || list[0].Person != "linda" || list[0].EndedBy != "maja" || list[0].EndGround != "new work" {
			t.Errorf("%+v %v", list, err)
		}
		if list, err = n.Assignments(ctx, region, list[0].ID); err != nil || len(list) != 1 {
			t.Error(list, err)
		}
		must(t, n.EndAssignment(ctx, maja, steward, "retired"))
		if err := n.SetStanding(ctx, maja, nation, "", false, "x"); fault.KindOf(err) != fault.Denied {
			t.Error("a steward of yesterday:", err)
		}
		for name, spoil := range map[string]func(*policy.Assignment){
			"nobody": func(a *policy.Assignment) { a.Person = "" }, "nowhere": func(a *policy.Assignment) { a.Organisation = "" },
			"as nothing": func(a *policy.Assignment) { a.Role = "king" }, "of no sector": func(a *policy.Assignment) { a.Sector = "" },
			"why": func(a *policy.Assignment) { a.Ground = "" }, "approval for care": func(a *policy.Assignment) { a.Approval = "x" },
			"over before": func(a *policy.Assignment) { a.To = start.Add(-1) },
		} {
			a := assignment("eva", policy.Clinician)
			spoil(&a)
			if _, err := give(operator, a); fault.KindOf(err) != fault.Invalid {
				t.Error(name, err)
			}
		}
	})
}

func TestTheDatabaseIsGone(t *testing.T) {
	n := open(t, testkit.SQLite(t), newHand(), options())
	n.adopt(t, preset("care"))
	v := n.Judge(clinician())
	if err := n.DB.Close(); err != nil {
		t.Fatal(err)
	}
	if err := n.Spend(t.Context(), clinician(), v); err == nil || errors.Is(err, nil) {
		t.Error("spent without a database")
	}
	n.Policies.Close()
	if err := n.Spend(t.Context(), clinician(), v); fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
}

// With a key that is retired nothing more is adopted; what was holds, also after a restart, and until the key is believed again.
func TestARetiredKey(t *testing.T) {
	dsn, clock := testkit.SQLite(t), newHand()
	o := options()
	n := open(t, dsn, clock, o)
	n.adopt(t, limited(1, policy.Budget{Organisation: 5, Per: policy.Year}))
	key := policy.Key{Network: trusted()[0].Network, Public: trusted()[0].Public}
	must(t, n.Retire(t.Context(), key))
	next := enacted(t, limited(2, policy.Budget{Organisation: 50, Per: policy.Year}), clock.Now())
	refused := func() {
		t.Helper()
		if err := n.Adopt(t.Context(), next, policy.Adoption{By: operator, Ground: "RD 2"}); fault.KindOf(err) != fault.Denied || len(n.Keys()) != len(trusted())-1 {
			t.Errorf("a retired key: %v, %d keys are believed", err, len(n.Keys()))
		}
		if v := n.Judge(clinician()); !v.Allowed || len(n.Faults()) > 0 {
			t.Errorf("what was adopted doesn't hold: %+v %v", v, n.Faults())
		}
	}
	refused()
	n.close(t)
	o.Trusted = trusted()
	o.Trusted[0].Retired = true
	n = open(t, dsn, clock, o)
	defer func() { n.close(t) }()
	refused()
	must(t, n.Trust(t.Context(), key))
	must(t, n.Adopt(t.Context(), next, policy.Adoption{By: operator, Ground: "RD 2"}))
}
