package app

import (
	"bytes"
	"context"
	"io"
	"os"
	"time"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
)

// changeConsent returns once the change is durable and in force.
func (n *Node) changeConsent(ctx context.Context, q ConsentChange, _ Sink[None]) (ConsentResult, error) {
	var r ConsentResult
	purposes := consent.Purposes()
	if q.Purpose != "" || !q.Withdraw {
		p, err := consent.ParsePurpose(q.Purpose)
		if err != nil {
			return r, err
		}
		purposes = []consent.Purpose{p}
	}
	who, err := n.person(q.Individual)
	if err != nil {
		return r, err
	}
	choices := make([]consent.Choice, len(purposes))
	for i, p := range purposes {
		choices[i] = consent.Choice{Individual: who.Number, Purpose: p, Allow: q.Allow && !q.Withdraw, Why: q.Why}
	}
	return n.record(ctx, consent.Actor(q.By), choices)
}

func (n *Node) record(ctx context.Context, by consent.Actor, choices []consent.Choice) (ConsentResult, error) {
	err := n.db.Write(ctx, func(tx *storage.Tx) error { return n.consents.Change(ctx, tx, by, choices) })
	n.carry(ctx)
	return ConsentResult{Choices: len(choices), ConsentEpoch: n.consents.Epoch()}, err
}

func (n *Node) showConsent(ctx context.Context, q ConsentShow, _ Sink[None]) (ConsentShown, error) {
	shown := ConsentShown{Individual: q.Individual, History: []PastChoice{}}
	who, err := n.person(q.Individual)
	if err != nil {
		return shown, err
	}
	history, err := n.consents.History(ctx, who.Number)
	if err != nil {
		return shown, err
	}
	last := map[consent.Purpose]consent.Kind{}
	for _, h := range history {
		last[h.Purpose] = h.Kind
		shown.History = append(shown.History, PastChoice{When: h.When, Purpose: string(h.Purpose), Choice: string(h.Kind), By: string(h.By), Why: h.Why})
	}
	for _, p := range consent.Purposes() {
		now := PurposeNow{Purpose: string(p), State: "nothing recorded", Allow: last[p] == consent.Given}
		if k, ok := last[p]; ok {
			now.State = string(k)
		}
		shown.Now = append(shown.Now, now)
	}
	return shown, nil
}

func (n *Node) importConsent(ctx context.Context, q ConsentImport, _ Sink[None]) (ConsentResult, error) {
	name, in := "standard input", io.Reader(bytes.NewReader(q.Text))
	if q.Text == nil {
		f, err := openInput(q.File)
		if err != nil {
			return ConsentResult{}, err
		}
		defer f.Close()
		name, in = q.File, f
	}
	switch q.Format {
	case "", "csv":
	case "fhir":
		return n.importFHIR(ctx, q, name, in)
	default:
		return ConsentResult{}, fault.New(fault.Invalid, "%.40q is not a format that consents are read in", q.Format).Do("say csv or fhir")
	}
	lines, err := consent.ReadCSV(in, name)
	if err != nil {
		return ConsentResult{}, err
	}
	err = n.db.Write(ctx, func(tx *storage.Tx) error { return n.consents.Import(ctx, tx, consent.Actor(q.By), name, lines) })
	n.carry(ctx)
	return ConsentResult{Choices: len(lines), ConsentEpoch: n.consents.Epoch()}, err
}

// openInput opens an input file by its name.
func openInput(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, cannotRead(path, err)
	}
	return f, nil
}

func (n *Node) listIndividuals(ctx context.Context, _ None, s Sink[Individual]) (None, error) {
	samples, err := n.genomes.Samples(ctx)
	if err != nil {
		return None{}, err
	}
	of := map[individual.Number]int64{}
	for _, x := range samples {
		of[x.Individual]++
	}
	for _, i := range n.people.List() {
		if err := s.Item(Individual{ID: i.ID, Sex: i.Sex.String(), Samples: of[i.Number], Pseudonym: i.Pseudonym, Home: n.homeOf(i)}); err != nil {
			return None{}, err
		}
	}
	return None{}, nil
}

// caseIndividual makes or ends a case of an individual's, or lists them.
func (n *Node) caseIndividual(ctx context.Context, q CaseRequest, s Sink[Case]) (r CaseResult, err error) {
	who, err := n.person(q.ID)
	if err != nil {
		return r, err
	}
	if q.Organisation == "" && q.End == "" {
		return r, n.listCases(ctx, who, s)
	}
	return r, n.db.Write(ctx, func(tx *storage.Tx) error {
		if q.End != "" {
			return n.people.EndCase(ctx, tx, q.By, q.Why, who.Number, q.End)
		}
		made, token, err := n.people.OpenCase(ctx, tx, q.By, q.Why, who.Number, q.Organisation)
		if self, ok := n.nodes.Self(); ok {
			token = self.Name + ":" + token // so that those who ask the nation know where it belongs
		}
		r = CaseResult{Token: token, Ends: made.Ends.Format(time.DateOnly)}
		return err
	})
}

func (n *Node) listCases(ctx context.Context, who individual.Individual, s Sink[Case]) error {
	all, err := n.people.Cases(ctx, who.Number)
	if err != nil {
		return err
	}
	for _, c := range all {
		row := Case{ID: c.ID, Organisation: c.Organisation, By: c.By, Why: c.Why, Made: c.Made, Ends: c.Ends}
		if !c.Ended.IsZero() {
			row.Ended = &c.Ended
		}
		if err := s.Item(row); err != nil {
			return err
		}
	}
	return nil
}

// removeIndividual takes the individual out of the register, the consents and the samples in one transaction.
func (n *Node) removeIndividual(ctx context.Context, q RemoveRequest, s Sink[None]) (RemoveResult, error) {
	var r RemoveResult
	who, err := n.person(q.ID)
	if err != nil {
		return r, err
	}
	samples, err := n.genomes.Samples(ctx)
	if err != nil {
		return r, err
	}
	for _, x := range samples {
		if x.Individual == who.Number {
			r.Samples++
		}
	}
	err = n.db.Write(ctx, func(tx *storage.Tx) error {
		gone, err := n.consents.Remove(ctx, tx, consent.Actor(q.By), q.ID)
		if err != nil {
			return err
		}
		if err := n.counted.Forget(ctx, tx, gone); err != nil {
			return err
		}
		return n.genomes.RemoveIndividual(ctx, tx, gone)
	})
	n.carry(ctx)
	if err != nil {
		return r, err
	}
	r.Waiting = r.Samples > 0
	if q.Compact {
		_, err = n.compact(ctx, None{}, s)
		r.Waiting = err != nil
	}
	return r, err
}
