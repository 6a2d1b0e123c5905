package load

import (
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/store"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/genome/vcf"
	"github.com/samverk/samverk/individual"
)

// resolve says whose each column is. A sample's place in the load is by its first appearance.
func (a *act) resolve(rows []vcf.SampleRow) error {
	table := make(map[string]vcf.SampleRow, len(rows))
	for _, r := range rows {
		table[r.Sample] = r
	}
	place, person := map[string]uint32{}, map[string]int{}
	for i, h := range a.headers {
		columns := make([]uint32, len(h.Samples))
		for c, name := range h.Samples {
			at, known := place[name]
			if !known {
				at = uint32(len(a.samples))
				place[name] = at
				row, ok := table[name]
				switch {
				case ok:
				case a.Samples != "":
					return fault.New(fault.Invalid, "it has no line for sample %q of %s", name, a.Files[i]).In(a.Samples).
						Do("give every sample a line of sample, individual, sex")
				default:
					row = vcf.SampleRow{Sample: name, Individual: name}
				}
				if err := a.enlist(row, person); err != nil {
					return err
				}
			}
			columns[c] = at
		}
		a.columns = append(a.columns, columns)
	}
	a.report.Unused = len(rows)
	for _, r := range rows {
		if _, used := place[r.Sample]; used {
			a.report.Unused--
		}
	}
	return nil
}

// enlist adds a sample and, the first time, its individual. A sex that the register knows is not forgotten
// because a table says unknown.
func (a *act) enlist(row vcf.SampleRow, person map[string]int) error {
	p, ok := person[row.Individual]
	if !ok {
		sex := individual.Sex(row.Sex)
		known, there := a.People.Lookup(row.Individual)
		switch {
		case !there || known.Sex == individual.Unknown:
		case sex == individual.Unknown:
			sex = known.Sex
		case sex != known.Sex:
			return fault.New(fault.Invalid, "individual %q is recorded as %s and can't become %s", row.Individual, known.Sex, sex).
				In(a.Samples).OnLine(row.Line).Where("sex").Do("correct the table; if the register is wrong, remove the individual and load again")
		}
		p = len(a.people)
		person[row.Individual] = p
		a.people = append(a.people, individual.New{ID: row.Individual, Sex: sex, Pseudonym: row.Pseudonym})
		if err := individual.CheckID(row.Individual); err != nil {
			return err
		}
	}
	a.who = append(a.who, p)
	a.samples = append(a.samples, store.Sample{Name: row.Sample, Sex: a.people[p].Sex})
	return nil
}

// sexOf is a sample's sex as package variant has it; the numbers are the same.
func (a *act) sexOf(sample uint32) variant.Sex { return variant.Sex(a.samples[sample].Sex) }
