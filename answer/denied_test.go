package answer_test

import (
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/internal/testnode"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/policy"
)

// Nobody can write what they like in the log, which is public and for ever; nor as many kinds of question as they like into what is noted.
func TestADenialWritesNothingThatIsMadeUp(t *testing.T) {
	n := testnode.Full(t)
	n.Adopt(t, testnode.Preset(t, "care"))
	a := testnode.Clinician()
	a.Use = consent.Use{Purpose: consent.Research, Diseases: []string{"NOTE:Anna-Andersson-is-ill"}, Country: "Anna Andersson"}
	for _, dataset := range []string{"Anna Andersson is ill", "Bo Berg is ill", "north"} {
		a.Dataset = dataset
		_, err := n.Desk.Ask(t.Context(), answer.Question{Ask: a, Keys: []variant.Key{key(t, testnode.Carried)}})
		if fault.KindOf(err) != fault.Denied {
			t.Fatal(err)
		}
	}
	all := leaves(t, n, ledger.Denial)
	for i, x := range all {
		if x.Dataset != []string{"", "", "north"}[i] || x.Conditions != "health" || x.Purpose != "research" {
			t.Errorf("%+v", x)
		}
	}
	asked, err := n.Policies.Requests(t.Context(), time.Unix(0, 0))
	if err != nil || len(all) != 3 || len(asked) != 2 {
		t.Errorf("%d denials, %d kinds of question: %+v, %v", len(all), len(asked), asked, err)
	}
}

// Nobody can fill the log with what they aren't answered: of a person and day the first denials are lines of it, and all are counted.
func TestDenialsWithoutEnd(t *testing.T) {
	const most = 200
	n := testnode.Full(t)
	n.Adopt(t, testnode.Preset(t, "care"))
	denied := testnode.Clinician()
	denied.Use.Purpose = consent.Research
	ask := func(a policy.Ask) {
		t.Helper()
		if _, err := n.Desk.Ask(t.Context(), answer.Question{Ask: a, Keys: []variant.Key{key(t, testnode.Carried)}}); fault.KindOf(err) != fault.Denied || err.Error() != policy.Denied().Error() {
			t.Fatal(err)
		}
	}
	for range most + 7 {
		ask(denied)
	}
	all := leaves(t, n, ledger.Denial)
	if len(all) != most {
		t.Errorf("%d denials of a person are in the log", len(all))
	}
	for i, x := range all {
		o, err := n.Accesses.Open(t.Context(), x.Private)
		if err != nil || strings.Contains(o.Question, "only counted") != (i == most-1) {
			t.Errorf("leaf %d: %+v, %v", i, o, err)
		}
	}
	var counted int64
	asked, err := n.Policies.Requests(t.Context(), time.Unix(0, 0))
	for _, x := range asked {
		if !x.Request.Outcome.Allowed {
			counted += x.Times
		}
	}
	if err != nil || counted != most+7 {
		t.Errorf("%d are counted, %v", counted, err)
	}
	denied.Person = "another"
	ask(denied)
	if got := len(leaves(t, n, ledger.Denial)); got != most+1 {
		t.Errorf("another's denial is not in the log: %d", got)
	}
}
