package app

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/policy"
)

// As is as whom the operator asks: as somebody with such an assignment would, to see what they are answered. It is recorded as the operator's.
type As struct {
	As       string `json:"as,omitempty" placeholder:"ROLE@ORGANISATION" help:"Ask as somebody there would: clinician, laboratory, researcher or steward."`
	Approval string `json:"approval,omitempty" placeholder:"NUMBER" help:"The ethics committee's approval that goes with --as."`
}

// sectors are where somebody with a role works, as long as nothing else is said.
var sectors = map[string]string{policy.Clinician: "care", policy.Laboratory: "care", policy.Steward: "care", policy.Researcher: "academia"}

// asking makes the operator's question.
func (q As) asking(purpose, dataset string) (a policy.Ask, err error) {
	if a.Use.Purpose, err = consent.ParsePurpose(purpose); err != nil {
		return a, err
	}
	a.Operator, a.Dataset = true, dataset
	if q.As == "" {
		if q.Approval != "" {
			return a, fault.New(fault.Invalid, "an approval belongs to a role").Where("--approval").Do("give --as too")
		}
		return a, nil
	}
	role, organisation, ok := strings.Cut(q.As, "@")
	if a.Sector = sectors[role]; !ok || organisation == "" || a.Sector == "" {
		return a, fault.New(fault.Invalid, "%.80q is no role at an organisation", q.As).Where("--as").Do("as in clinician@north, of %s", strings.Join(policy.Roles, ", "))
	}
	a.SignedIn, a.Person, a.Role, a.Organisation, a.Approval = true, "operator", role, organisation, q.Approval
	return a, nil
}

// Told is a number as it may be told. In JSON it is a number, or text where it is not told exactly ("1–4", "yes"), or null.
type Told policy.Cell

func (t Told) String() string { return answer.Text(policy.Cell(t), "–") }

// Exact gives the number, if it is told.
func (t Told) Exact() (int, bool) { return t.Low, t.Form == policy.Number }

// MarshalJSON writes a number, a text or null.
func (t Told) MarshalJSON() ([]byte, error) {
	switch t.Form {
	case policy.Number:
		return strconv.AppendInt(nil, int64(t.Low), 10), nil
	case policy.Hidden:
		return []byte("null"), nil
	}
	return json.Marshal(t.String())
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Told) UnmarshalJSON(b []byte) error {
	*t = Told{}
	var s string
	if string(b) == "null" {
		return nil
	}
	if n, err := strconv.Atoi(string(b)); err == nil {
		*t = Told{Form: policy.Number, Low: n, High: n}
		return nil
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	switch low, high, band := strings.Cut(s, "–"); {
	case s == "yes":
		*t = Told{Form: policy.SaysYes, Low: 1, High: policy.Unbounded}
	case s == "no":
		t.Form = policy.SaysNo
	case band:
		t.Form = policy.Band
		var err error
		if t.Low, err = strconv.Atoi(low); err == nil {
			t.High, err = strconv.Atoi(high)
		}
		return err
	default:
		return fault.New(fault.Invalid, "%.40q is no number that is told", s)
	}
	return nil
}
