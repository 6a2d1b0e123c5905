package demo

import (
	"context"
	"errors"

	"github.com/samverk/samverk/app/demo/living"
	"github.com/samverk/samverk/consent"
	consentweb "github.com/samverk/samverk/consent/web"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/mandate"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/storage"
)

// country is where the demonstration's node is.
const country = "SE"

// The texts that decisions of the story put in force, and their versions there.
const (
	careText, careVersion = "care", 3
	formText, formVersion = "form", "2"
	researchText          = "research" // its first
)

// writeText writes, as somebody in the story, what a decision is going to put in force.
func writeText(journal string) func(context.Context, *storage.DB, string, living.Place) (living.Text, error) {
	return func(ctx context.Context, db *storage.DB, name string, at living.Place) (living.Text, error) {
		switch name {
		case careText:
			d := policy.Presets(country)[0].Draft
			d.Version = careVersion
			return writePolicy(ctx, db, d, at)
		case researchText:
			return writePolicy(ctx, db, policy.Presets(country)[1].Draft, at)
		case formText:
			return writeForm(ctx, db, journal, at)
		}
		return living.Text{}, fault.New(fault.Internal, "the story names a text %q that there isn't", name)
	}
}

func writePolicy(ctx context.Context, db *storage.DB, d policy.Draft, at living.Place) (x living.Text, err error) {
	p, err := policy.Open(ctx, db, policy.Options{Country: country})
	if err != nil {
		return x, err
	}
	defer p.Close()
	if x.Digest, err = d.Digest(); err != nil {
		return x, err
	}
	x.Ref = d.ID()
	_, err = p.NewDraft(ctx, string(at.By), policy.Place{Root: string(at.Root), Network: string(at.Network), Topic: string(at.Topic)}, d)
	return x, err
}

func writeForm(ctx context.Context, db *storage.DB, journal string, at living.Place) (x living.Text, err error) {
	people, err := individual.Open(ctx, db)
	if err != nil {
		return x, err
	}
	c, err := consent.Open(ctx, db, people, consent.Options{Journal: journal})
	if err != nil {
		return x, err
	}
	form, ok := consentweb.Model(country)
	if !ok {
		err = fault.New(fault.Internal, "there is no form to begin from")
	}
	form.Version = formVersion
	x.Ref = "form-" + form.Version
	if err == nil {
		err = db.Write(ctx, func(tx *storage.Tx) error {
			var d mandate.Digest
			d, err := c.Draft(ctx, tx, consent.Actor(at.By), form)
			x.Digest = d
			return err
		})
	}
	return x, errors.Join(err, c.Close())
}
