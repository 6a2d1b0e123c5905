package web

import (
	"context"
	"io"
	"time"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
)

// What follows is federation/together as agreed, until it is here.
type nationQuestion struct {
	policy.Ask
	Keys     []variant.Key
	Region   *variant.Region
	LeaveOut string
	Only     []string
}

type how string

const (
	howAnswered    how = "answered"
	howDenied      how = "denied"
	howLate        how = "late"
	howUnreachable how = "unreachable"
	howRefused     how = "refused"
	howFailed      how = "failed"
)

type nationReply struct {
	Node, Title string
	How         how
	Why         error
	Answer      answer.Answer
	Took        time.Duration
	Unchanged   bool
}

type nationAnswer struct {
	Keys            []variant.Key
	Totals          []answer.Count
	Individuals     policy.Cell
	Replies         []nationReply
	Asked, Answered int
}

func (a nationAnswer) Complete() bool { return a.Asked == a.Answered }

type nationAnnotated struct {
	answer.Annotated
	Replies         []nationReply
	Asked, Answered int
}

var _ = func(context.Context, answer.Annotation, io.Reader, io.Writer) (nationAnnotated, error) {
	return nationAnnotated{}, nil
}
