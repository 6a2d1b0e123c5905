package app

import (
	"context"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
)

// export writes every carried variant's counts as Parquet.
func (n *Node) export(ctx context.Context, q ExportRequest, s Sink[None]) (ExportResult, error) {
	purpose, err := consent.ParsePurpose(q.Purpose)
	if err != nil {
		return ExportResult{}, err
	}
	f, err := create(q.Out, 0o666)
	if err != nil {
		return ExportResult{}, err
	}
	defer f.discard()
	e := answer.Export{Use: consent.Use{Purpose: purpose}, Dataset: q.Dataset, Progress: func(done int64) {
		s.Progress(Progress{Phase: "exporting", Done: done, Unit: "variants"})
	}}
	r, err := n.desk.Export(ctx, e, f)
	if err != nil {
		return ExportResult{}, err
	}
	return ExportResult{Variants: r.Variants, IndividualsCounted: r.Individuals, ConsentEpoch: r.Epoch}, f.keep()
}
