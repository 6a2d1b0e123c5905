package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// region is invented: how many of the people it gets, and how willing they are.
type region struct {
	dataset, name string
	share         float64
	allows        [3]float64 // by purposes
}

var regions = [...]region{
	{dataset: "north", name: "Region North (invented)", share: .2, allows: [3]float64{.97, .75, .70}},
	{dataset: "middle", name: "Region Middle (invented)", share: .35, allows: [3]float64{.95, .65, .55}},
	{dataset: "south", name: "Region South (invented)", share: .45, allows: [3]float64{.93, .60, .45}},
}

var purposes = [3]string{"care", "matching", "research"}

// silent is how many of those who don't allow a purpose were never asked.
const silent = .4

// life is what a seed makes of somebody.
type life struct {
	region int
	choice [3]string // "true", "false", or "" for nothing recorded
}

// invent gives everybody a region and choices, in the order of the list.
func invent(all []person, seed uint64) map[string]life {
	r := rand.New(rand.NewPCG(seed, 0x5a3))
	lives := make(map[string]life, len(all))
	for _, p := range all {
		l := life{region: pick(r.Float64())}
		for i := range purposes {
			l.choice[i] = choose(r, regions[l.region].allows[i])
		}
		lives[p.id] = l
	}
	return lives
}

func pick(x float64) int {
	for i, r := range regions {
		if x -= r.share; x < 0 {
			return i
		}
	}
	return len(regions) - 1
}

func choose(r *rand.Rand, allows float64) string {
	yes, asked := r.Float64() < allows, r.Float64() >= silent
	switch {
	case yes:
		return "true"
	case asked:
		return "false"
	}
	return ""
}

// tables are the S.tsv and C.csv of one region.
func tables(all []person, lives map[string]life, region int) (samples, consents string) {
	var s, c strings.Builder
	s.WriteString("sample\tindividual\tsex\n")
	c.WriteString("individual,purpose,allow\n")
	for _, p := range all {
		l := lives[p.id]
		if l.region != region {
			continue
		}
		fmt.Fprintf(&s, "%s\t%s\t%s\n", p.id, p.id, p.sex)
		for i, choice := range l.choice {
			if choice != "" {
				fmt.Fprintf(&c, "%s,%s,%s\n", p.id, purposes[i], choice)
			}
		}
	}
	return s.String(), c.String()
}

// story is what the walk is about: a rare variant, and somebody who carries it and allows the purpose.
type story struct {
	Variant    string `json:"variant"`
	Line       string `json:"line"` // the variant as a line of a VCF
	Individual string `json:"individual"`
	Purpose    string `json:"purpose"`
}

// enough is how many carriers who allow care the story needs: one of them withdraws, and the number is told as it is from five on.
const enough = 6

// tell finds a variant with carriers who allow care and some who don't, so that consent can be seen in the count.
func tell(variants []rare, lives map[string]life) (story, error) {
	const care = 0
	for _, v := range variants {
		var willing []string
		for _, c := range v.carriers {
			if lives[c].choice[care] == "true" {
				willing = append(willing, c)
			}
		}
		if len(willing) >= enough && len(willing) < len(v.carriers) {
			return story{Variant: v.name, Line: v.line, Individual: willing[0], Purpose: purposes[care]}, nil
		}
	}
	return story{}, fmt.Errorf("this seed tells no story")
}
