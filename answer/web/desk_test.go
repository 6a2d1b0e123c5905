package web

import (
	"context"
	"testing"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/internal/testnode"
)

const (
	carried = testnode.Carried
	assumed = testnode.Assumed
	unread  = testnode.Unread
	zero    = testnode.Zero
	hidden  = testnode.Hidden
	region  = testnode.Region
)

// fixture is a desk over invented people, and the consent of one of them.
type fixture struct {
	desk  *answer.Desk
	set   func(ctx context.Context, individual string, allow bool) error
	allow func(ctx context.Context, individual string) (bool, error)
}

func newDesk(t testing.TB) fixture {
	t.Helper()
	n := testnode.Full(t)
	return fixture{
		desk:  n.Desk,
		set:   func(ctx context.Context, id string, allow bool) error { return n.Set(ctx, id, consent.Research, allow) },
		allow: func(ctx context.Context, id string) (bool, error) { return n.Allows(ctx, id, consent.Research) },
	}
}

func emptyDesk(t *testing.T) *answer.Desk { t.Helper(); return testnode.Open(t).Desk }
