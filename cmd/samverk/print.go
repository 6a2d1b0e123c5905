package main

import (
	"fmt"

	"github.com/dustin/go-humanize"

	"github.com/samverk/samverk/app"
)

// printLoad says what was loaded, and then everything somebody should look at.
func printLoad(s streams, r app.LoadResult) error {
	err := facts(s.out, "dataset", r.Dataset, "samples", r.Samples, "individuals", r.Individuals, "variants", r.Variants,
		"genotypes", r.Genotypes, "consent epoch", fmt.Sprint(r.ConsentEpoch))
	if err != nil {
		return err
	}
	for _, n := range r.Notes {
		fmt.Fprintf(s.err, "note: %s\n", n)
	}
	return nil
}

func annotated(r app.AnnotateResult) string {
	return fmt.Sprintf("%s records, %s of %s alleles known; %s individuals counted, consent epoch %d",
		humanize.Comma(r.Records), humanize.Comma(r.Known), humanize.Comma(r.Alleles), told(r.IndividualsCounted), r.ConsentEpoch)
}
