package app

import (
	"context"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/policy"
)

// export writes every carried variant's counts as Parquet.
func (n *Node) export(ctx context.Context, q ExportRequest, s Sink[None]) (ExportResult, error) {
	ask, err := q.As.asking(q.Purpose, q.Dataset)
	if err != nil {
		return ExportResult{}, err
	}
	f, err := create(q.Out, 0o666)
	if err != nil {
		return ExportResult{}, err
	}
	defer f.discard()
	e := answer.Export{Ask: ask, Progress: func(done int64) {
		s.Progress(Progress{Phase: "exporting", Done: done, Unit: "variants"})
	}}
	r, err := n.desk.Export(ctx, e, f)
	if err != nil {
		return ExportResult{}, n.refusal(ask, policy.Export, err)
	}
	return ExportResult{Variants: r.Variants, IndividualsCounted: Told(r.Individuals), ConsentEpoch: r.Epoch, Leaf: r.Receipt.Index}, f.keep()
}
