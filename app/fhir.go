package app

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"

	"github.com/samverk/samverk/api/fhir"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/storage"
)

func (n *Node) fhirNode() fhir.Node {
	return fhir.Node{Region: n.settings.Region, Forms: n.consents.Enacted()}
}

// exportConsent writes what stands about an individual as a Bundle of FHIR.
func (n *Node) exportConsent(ctx context.Context, q ConsentExport, _ Sink[None]) (ConsentExported, error) {
	if q.Format != "fhir" {
		return ConsentExported{}, fault.New(fault.Invalid, "%.40q is not a format that consents are written in", q.Format).Do("say fhir")
	}
	who, err := n.person(q.Individual)
	if err != nil {
		return ConsentExported{}, err
	}
	b, err := n.bundle(ctx, who)
	return ConsentExported{Text: b}, err
}

func (n *Node) bundle(ctx context.Context, who individual.Individual) ([]byte, error) {
	all, err := fhir.Statements(ctx, n.consents, who)
	if err != nil {
		return nil, err
	}
	return n.fhirNode().Write(all, n.db.Now())
}

// importFHIR records what a file of FHIR says, all or nothing.
func (n *Node) importFHIR(ctx context.Context, q ConsentImport, name string, in io.Reader) (ConsentResult, error) {
	r := fhir.Reading{Node: n.fhirNode(), Policies: map[string]mandate.Digest{}, Individual: q.Identifier}
	for policy, form := range q.Policies {
		d, ok := formNamed(r.Forms, form)
		if !ok || policy == "" {
			return ConsentResult{}, fault.New(fault.NotFound, "there is no form %.80q that was put in force", form).Do("name it by its digest, or by its version")
		}
		r.Policies[policy] = d
	}
	b, err := io.ReadAll(io.LimitReader(in, fhir.MaxFile+1))
	if err != nil {
		return ConsentResult{}, fault.Wrap(fault.Unavailable, err, "the file can't be read").In(name)
	}
	all, err := r.Read(b)
	if err != nil {
		return ConsentResult{}, inFile(err, name)
	}
	why := "imported from " + strings.ToValidUTF8(filepath.Base(name), "?")
	var did fhir.Recorded
	err = n.db.Write(ctx, func(tx *storage.Tx) (err error) {
		did, err = fhir.Record(ctx, tx, n.consents, n.people, consent.Actor(q.By), why, all)
		return err
	})
	n.carry(ctx)
	return ConsentResult{Choices: did.Choices, Restrictions: did.Restrictions, Already: did.Already, ConsentEpoch: n.consents.Epoch()}, inFile(err, name)
}

// formNamed finds the latest form that was put in force under a digest or a version.
func formNamed(forms []*consent.Enacted, name string) (d mandate.Digest, ok bool) {
	for _, f := range forms {
		if f.Digest.String() == name || f.Version == name {
			d, ok = f.Digest, true
		}
	}
	return d, ok
}

// inFile says in which file an error was.
func inFile(err error, name string) error {
	var e *fault.Error
	if !errors.As(err, &e) {
		return err
	}
	there := *e
	return there.In(name)
}
