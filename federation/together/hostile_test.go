package together_test

import (
	"strings"
	"testing"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/federation/together"
	"github.com/samverk/samverk/internal/testnode"
	"github.com/samverk/samverk/policy"
)

// A node that says it asks for another's organisation spends nothing of what that one may ask here.
func TestANodeSpendsItsOwn(t *testing.T) {
	d := testnode.Preset(t, "care")
	for i := range d.Rules {
		d.Rules[i].Budget.Asker, d.Rules[i].Budget.Organisation, d.Rules[i].Budget.Per = 0, 3, policy.Year
	}
	x := newNation(t, 1, together.Options{}, d)
	q := carried(t)
	for range 5 {
		_, err := x.desk.Ask(t.Context(), q)
		must(t, err)
	}
	if a, err := x.desk.Ask(t.Context(), q); err != nil || a.Answered != 0 {
		t.Errorf("it has no budget: %v, %d answered", err, a.Answered)
	}
	if _, err := x.regions[0].Desk.Ask(t.Context(), answer.Question{Ask: carried(t).Ask, Keys: carried(t).Keys}); err != nil {
		t.Errorf("and took that of the region's own: %v", err)
	}
}

// A question that no node would read is refused by itself, and not with those that would have gone with it.
func TestALongQuestionGoesNowhere(t *testing.T) {
	x := newNation(t, 1, together.Options{})
	q := carried(t)
	q.Use.Diseases = []string{strings.Repeat("x", 70_000)}
	a, err := x.desk.Ask(t.Context(), q)
	must(t, err)
	if a.Replies[0].How != together.Failed || !strings.Contains(a.Replies[0].Why.Error(), "longer than nodes are asked") {
		t.Errorf("%+v", a.Replies[0])
	}
}
