package policy

import (
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/mandate"
)

// Ask is a question before it is answered: who asks, for what, what kind of thing. What it is about is not in it.
type Ask struct {
	Organisation string
	Sector       string
	Role         string
	Person       string // opaque; "" when nobody is signed in
	SignedIn     bool
	Approval     string // an ethics committee's, from the assignment
	Assignment   string // its id: what is asked in it is answered while it holds; "" where there is none
	Use          consent.Use
	Question     Kind
	Dataset      string // "": all
	Cells        int    // how many numbers the answer has; 0 is 1
	Operator     bool   // at the machine itself
	Node         string // the node that asks for them and says who they are; "": this one
	Bound        Bound  // to what an operator has bound that node
}

// Bound is to what an operator has bound another node, whoever it says asks there.
type Bound struct {
	Foreign bool // it isn't to ask for this organisation
	Numbers int64
	Per     Per // so many numbers of all kinds together; 0: no bound
}

// Reason is why a question is answered or not, for those who run the node.
type Reason string

// The reasons. Of several, the one of the rule that came closest.
const (
	Permitted     Reason = "permitted"
	LocalOperator Reason = "operator"  // nothing is adopted yet, and it is the operator who asks
	NoPolicy      Reason = "no-policy" // nothing is adopted
	NotInForce    Reason = "not-force" // nothing adopted is in force: ended, expired, not begun
	Faulty        Reason = "fault"     // what is adopted can't be trusted; see Faults
	ClockStepped  Reason = "clock"     // it isn't known what the time is
	NotDataset    Reason = "dataset"   // no policy is about the dataset
	NotPurpose    Reason = "purpose"   // no rule is about the purpose
	NotQuestion   Reason = "question"  // … the kind of question
	NotWho        Reason = "who"       // … who asks
	NotCondition  Reason = "condition" // commercial, another country, no committee's approval
	NotUnderstood Reason = "ask"       // the question itself is of no known kind
	BudgetSpent   Reason = "budget"    // only from Spend
)

// Verdict is what the policies in force say of a question. The zero Verdict denies.
type Verdict struct {
	Allowed   bool
	Precision Precision
	K         int
	Zero      bool // nobody at all is told apart from fewer than K
	Batch     int  // newcomers are counted only in batches of at least so many; 0: at once
	Policy    string
	Rule      int // of the policy, from 1; 0: none
	Digest    mandate.Digest
	Decision  string // its id
	Number    string // "2026-14"
	Network   string
	Body      string
	Reason    Reason
}

// Err is nil for a verdict that allows. Otherwise it is the same for everybody, whatever the reason.
func (v Verdict) Err() error {
	if v.Allowed {
		return nil
	}
	return Denied()
}

// Denied is the one answer to a question that isn't answered.
func Denied() error {
	return fault.New(fault.Denied, "this question is not answered here").Say("policy.denied")
}
