package beacon

import (
	"context"
	"slices"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
)

// Answering is who answers a Beacon's questions: a node's own desk (Own), or the nodes of a nation together (Nation).
type Answering interface {
	// ask puts a question. A reply is there of each who was asked, also of who is silent; if nobody answered there is an error.
	ask(context.Context, question) ([]reply, error)
	// nodes are those of a nation, who are result sets of their own; nil: the node itself answers.
	nodes() []Node
	// named are the datasets that anybody may know of.
	named() []string
	// stats are what is held, for who may see that.
	stats(context.Context, policy.Ask) (answer.Stats, error)
}

// question is about variants, or about what is on a stretch.
type question struct {
	policy.Ask         // but for the kind of question, which follows from the granularity
	granularity string // at most
	keys        []variant.Key
	region      *variant.Region
	node        string // of a nation, the only one asked; "": all
}

// reply is what one of those asked tells.
type reply struct {
	Node
	silent      *silence // why there is no answer; nil: there is one
	granularity string
	answer      answer.Answer // Counts of Keys
	open        bool          // there may be more on the stretch
}

// Node is one of a nation's.
type Node struct {
	Name, Title, URL string
	Trouble          string // why it couldn't be reached the last time, as a fault's code; ""
}

// silence is why a node doesn't answer.
type silence struct {
	how  string // denied, late, unreachable, refused, failed
	code string // of the fault
	err  error  // the fault, which isn't shown
}

// kinds are the questions by which each granularity is answered. What is on a stretch is listed with its frequencies, whatever is told of it then.
func kinds(granularity string, stretch bool) policy.Kind {
	switch {
	case stretch || granularity == record:
		return policy.Frequency
	case granularity == count:
		return policy.Count
	}
	return policy.Exists
}

type own struct{ desk *answer.Desk }

// Own is the desk of the node itself.
func Own(desk *answer.Desk) Answering { return own{desk} }

func (o own) nodes() []Node   { return nil }
func (o own) named() []string { return o.desk.Named() }

func (o own) stats(ctx context.Context, a policy.Ask) (answer.Stats, error) {
	return o.desk.Stats(ctx, a)
}

// fullest gives the granularity asked for, or the fullest below it that the policies allow; where none is, the one that is denied.
func (o own) fullest(q question) string {
	for i := slices.Index(granularities, q.granularity); i >= 0; i-- {
		q.Question = kinds(granularities[i], q.region != nil)
		if o.desk.Judge(q.Ask).Allowed {
			return granularities[i]
		}
	}
	return q.granularity
}

func (o own) ask(ctx context.Context, q question) ([]reply, error) {
	r := reply{granularity: o.fullest(q)}
	q.Question = kinds(r.granularity, q.region != nil)
	var err error
	if q.region != nil {
		// What ends elsewhere or is of another kind is passed over later, so all on the stretch is listed, and paid.
		r.answer, err = o.desk.Region(ctx, answer.Region{Ask: q.Ask, Chrom: q.region.Chrom, From: q.region.From, To: q.region.To, Limit: mostListed})
		r.open = len(r.answer.Keys) == mostListed
	} else {
		r.answer, err = o.desk.Ask(ctx, answer.Question{Ask: q.Ask, Keys: q.keys})
		r.answer.Keys = q.keys
	}
	return []reply{r}, err
}

// mostListed bounds what one query looks at.
const mostListed = 10_000
