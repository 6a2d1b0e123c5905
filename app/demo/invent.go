package demo

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// region is a place with a university hospital. That the people of the samples live there is invented: how many do, and how willing they are.
type region struct {
	name, title string
	share       float64
	allows      [3]float64 // by purposes
}

var regions = [...]region{
	{name: "umea", title: "Umeå", share: .10, allows: [3]float64{.97, .75, .70}},
	{name: "uppsala", title: "Uppsala", share: .15, allows: [3]float64{.96, .70, .62}},
	{name: "orebro", title: "Örebro", share: .10, allows: [3]float64{.95, .65, .55}},
	{name: "stockholm", title: "Stockholm", share: .22, allows: [3]float64{.92, .60, .50}},
	{name: "goteborg", title: "Göteborg", share: .17, allows: [3]float64{.95, .65, .55}},
	{name: "linkoping", title: "Linköping", share: .11, allows: [3]float64{.94, .62, .48}},
	{name: "lund", title: "Lund", share: .15, allows: [3]float64{.93, .60, .45}},
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

// story is what the walk is about: a variant that some carry in every region, and somebody who carries it and allows the purpose.
type story struct {
	Variant    string `json:"variant"`
	Line       string `json:"line"` // the variant as a line of a VCF
	Rare       string `json:"rare"` // one that few carry: most regions tell a range
	Individual string `json:"individual"`
	Region     string `json:"region"` // where they live
	Far        string `json:"far"`    // a region that is cut off
	Purpose    string `json:"purpose"`
}

// enough is how many carriers who allow care the story needs in each region: one of them withdraws, and the number is told as it is from five on.
const enough = 6

// tell finds a variant with carriers who allow care in every region and some who don't, so that consent can be seen in the count.
func tell(variants []rare, lives map[string]life) (s story, err error) {
	const care = 0
	for _, v := range variants {
		var willing [len(regions)][]string
		all := 0
		for _, c := range v.carriers {
			if l := lives[c]; l.choice[care] == "true" {
				willing[l.region], all = append(willing[l.region], c), all+1
			}
		}
		switch few := len(v.carriers) <= mostCarriers; {
		case few && s.Rare == "" && all > fewestCarriers:
			s.Rare = v.name
		case !few && s.Variant == "" && all < len(v.carriers) && !slices.ContainsFunc(willing[:], func(w []string) bool { return len(w) < enough }):
			s.Variant, s.Line, s.Individual, s.Region, s.Purpose = v.name, v.line, willing[0][0], regions[0].name, purposes[care]
			s.Far = regions[len(regions)-1].name
		}
	}
	if s.Variant == "" || s.Rare == "" {
		return s, fmt.Errorf("this seed tells no story")
	}
	return s, nil
}
