package ontology

import (
	_ "embed"
	"encoding/csv"
	"slices"
	"strings"
)

// The ids of DUO that rules are made of.
const (
	NRES   = "DUO:0000004"
	HMB    = "DUO:0000006"
	DS     = "DUO:0000007"
	POA    = "DUO:0000011"
	RS     = "DUO:0000012"
	NMDS   = "DUO:0000015"
	GSO    = "DUO:0000016"
	NPUNCU = "DUO:0000018"
	PUB    = "DUO:0000019"
	COL    = "DUO:0000020"
	IRB    = "DUO:0000021"
	GS     = "DUO:0000022"
	MOR    = "DUO:0000024"
	TS     = "DUO:0000025"
	US     = "DUO:0000026"
	PS     = "DUO:0000027"
	IS     = "DUO:0000028"
	RTN    = "DUO:0000029"
	GRU    = "DUO:0000042"
	CC     = "DUO:0000043"
	NPOA   = "DUO:0000044"
	NPU    = "DUO:0000045"
	NCU    = "DUO:0000046"
)

const (
	duoPermission = "DUO:0000001"
	duoModifier   = "DUO:0000017"
)

// duoParents is the hierarchy of duo.owl in the same release; what is not here is a modifier.
var duoParents = map[string]string{
	NRES: duoPermission, GRU: duoPermission, HMB: GRU, DS: HMB, POA: duoPermission, NPU: NPUNCU, NCU: NPUNCU,
}

// DUORelease is the release of DUO that is carried along.
const DUORelease = "2021-02-23"

// Code is a term of DUO.
type Code struct {
	ID          string
	Short       string // GRU
	Label       string
	Description string
	Modifier    bool // a condition beside a permission
	Parent      string
}

//go:embed duo.csv
var duoCSV string

var duoCodes, duoIndex = readDUO()

func readDUO() (codes []Code, index map[string]int) {
	rows, err := csv.NewReader(strings.NewReader(duoCSV)).ReadAll()
	if err != nil {
		panic(err) // the file is part of the program, and a test reads it
	}
	index = map[string]int{}
	for _, r := range rows[1:] {
		if r[1] == "" {
			continue // the two roots
		}
		c := Code{ID: r[0], Short: r[1], Label: r[2], Description: r[3], Parent: duoParents[r[0]]}
		if c.Parent == "" {
			c.Parent = duoModifier
		}
		codes = append(codes, c)
	}
	slices.SortFunc(codes, func(a, b Code) int { return strings.Compare(a.ID, b.ID) })
	for i := range codes {
		c := &codes[i]
		root := c.Parent
		for duoParents[root] != "" {
			root = duoParents[root]
		}
		c.Modifier = root == duoModifier || root == NPUNCU
		index[c.ID], index[c.Short] = i, i
	}
	return codes, index
}

// DUO is every code that a use can be described by, by id.
func DUO() []Code { return slices.Clone(duoCodes) }

// DUOCode finds a code by its id or its shorthand. An obsolete one isn't found: what it meant has to be said anew.
func DUOCode(name string) (Code, bool) {
	i, ok := duoIndex[name]
	if !ok {
		return Code{}, false
	}
	return duoCodes[i], true
}
