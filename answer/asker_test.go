package answer

import (
	"testing"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/policy"
)

// A grant is for the dataset that it names, for who is a researcher, and doesn't replace an approval that is there.
func TestAbout(t *testing.T) {
	researcher := policy.Ask{Role: policy.Researcher, SignedIn: true}
	approved, clinician := researcher, researcher
	approved.Approval, clinician.Role = "2026-01", policy.Clinician
	for name, x := range map[string]struct {
		ask     policy.Ask
		dataset string
		want    string
	}{
		"the dataset":  {researcher, "clinic", "dac"},
		"another":      {researcher, "panel", ""},
		"all":          {researcher, "", ""},
		"granted ''":   {researcher, "nobody", ""},
		"approved":     {approved, "clinic", "2026-01"},
		"a clinician":  {clinician, "clinic", ""},
		"the operator": {policy.Ask{Operator: true}, "clinic", ""},
	} {
		a := Asker{Ask: x.ask, Granted: map[string]string{"clinic": "dac", "": "dac", "nobody": ""}}
		if got := a.About(x.dataset, consent.Research); got.Approval != x.want || got.Dataset != x.dataset || got.Use.Purpose != consent.Research {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := (Asker{Ask: researcher}).About("clinic", consent.Research); got.Approval != "" {
		t.Error("approved by nobody")
	}
}
