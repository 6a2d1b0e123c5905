package app

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/load"
	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/policy"
)

func (n *Node) load(ctx context.Context, q LoadRequest, s Sink[None]) (LoadResult, error) {
	origin := store.Origin(q.Origin)
	if origin != "" && origin != store.Germline && origin != store.Somatic {
		return LoadResult{}, fault.New(fault.Invalid, "%q is no origin", q.Origin).Where("--origin").Do("germline or somatic")
	}
	if q.Reference == "" {
		q.Reference = n.settings.Reference
	}
	r, err := load.Load(ctx, load.Deps{DB: n.db, Store: n.genomes, People: n.people, Consents: n.consents}, load.Request{
		Dataset: q.Dataset, Origin: origin, Files: q.Files, Samples: q.Samples, Consent: q.Consent, By: consent.Actor(q.By),
		Reference: q.Reference, Assembly: q.Assembly, Targets: q.Targets, MinGQ: q.MinGQ, MinDP: q.MinDP,
		IncludeFiltered: q.AllFilters, Progress: func(p load.Progress) { s.Progress(loading(p)) },
	})
	if err != nil {
		return LoadResult{}, err
	}
	n.carry(ctx)
	notes := append([]string{}, r.Notes()...)
	if err := n.tidy(ctx, s); err != nil {
		notes = append(notes, "the load is done; merging small segments is not: "+err.Error())
	}
	return LoadResult{Report: r, ConsentEpoch: n.consents.Epoch(), Notes: notes}, nil
}

// tidy merges segments where many small ones lie side by side: genomes that are loaded one by one would make
// questions ever slower. What it does changes no answer, so it comes after the load and may fail.
func (n *Node) tidy(ctx context.Context, s Sink[None]) error {
	s.Progress(Progress{Phase: "merging small segments"})
	_, err := n.genomes.Compact(ctx, false)
	return err
}

// loading puts a load's progress in words.
func loading(p load.Progress) Progress {
	phase := "loading " + filepath.Base(p.File)
	if p.Of > 1 {
		phase += fmt.Sprintf(" (%d of %d)", p.Number, p.Of)
	}
	if p.Sealing {
		phase = "making it durable"
	}
	return Progress{Phase: phase, Done: p.Bytes, Total: p.Total, Unit: "bytes"}
}

func (n *Node) datasets(ctx context.Context, _ None, s Sink[Dataset]) (None, error) {
	st, err := n.desk.Stats(ctx, policy.Ask{Operator: true})
	if err != nil {
		return None{}, err
	}
	for _, d := range st.Datasets {
		if err := s.Item(Dataset{Name: d.Name, Origin: string(d.Origin), Samples: int64(d.Samples), Individuals: int64(d.Individuals)}); err != nil {
			return None{}, err
		}
	}
	return None{}, nil
}

func (n *Node) stats(ctx context.Context, _ None, _ Sink[None]) (NodeStats, error) {
	st, err := n.desk.Stats(ctx, policy.Ask{Operator: true})
	if err != nil {
		return NodeStats{}, err
	}
	r := NodeStats{
		Region: n.settings.Region, Datasets: len(st.Datasets), Samples: int64(st.Samples), Individuals: int64(st.Individuals),
		Variants: st.Variants, Segments: st.Segments, Bytes: st.Bytes, ConsentEpoch: st.Epoch,
	}
	if backup, waiting := n.db.Restored(); waiting {
		r.Restored = backup
	}
	counted := n.consents.Counted()
	for _, p := range consent.Purposes() {
		r.Counted = append(r.Counted, PurposeSum{Purpose: string(p), Individuals: int64(counted[p])})
	}
	return r, nil
}

// shown is how many faults a message lists; the rest are of the same disk.
const shown = 5

// verify reads everything: segments, what is derived from the consents, and the journal.
func (n *Node) verify(ctx context.Context, _ None, s Sink[None]) (VerifyResult, error) {
	var r VerifyResult
	v, err := n.genomes.Snapshot().Verify(ctx, func(done, total int64) {
		r.Bytes = total
		s.Progress(Progress{Phase: "verifying", Done: done, Total: total, Unit: "bytes"})
	})
	if err != nil {
		return r, err
	}
	r.Segments = v.Segments
	if len(v.Faults) > 0 {
		list := v.Faults[:min(len(v.Faults), shown)]
		return r, fault.New(fault.Internal, "%d of %d segments are damaged: %s", len(v.Faults), v.Segments, strings.Join(list, "; ")).
			Do("check the disk, then restore a backup ('samverk restore')")
	}
	return r, n.consents.Verify(ctx)
}

func (n *Node) compact(ctx context.Context, _ None, s Sink[None]) (CompactResult, error) {
	before, err := n.genomes.Stats(ctx)
	if err != nil {
		return CompactResult{}, err
	}
	s.Progress(Progress{Phase: fmt.Sprintf("merging %d segments", before.Segments)})
	if _, err := n.genomes.Compact(ctx, true); err != nil {
		return CompactResult{}, err
	}
	if err := n.db.EmptyLog(ctx); err != nil { // the names of who was removed are in it
		return CompactResult{}, err
	}
	after, err := n.genomes.Stats(ctx)
	return CompactResult{SegmentsBefore: before.Segments, SegmentsAfter: after.Segments, BytesBefore: before.Bytes, BytesAfter: after.Bytes}, err
}
