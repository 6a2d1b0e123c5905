package formula

import (
	"fmt"
	"math"
	"sort"
	"strings"
)

// Match says which row of a table a key finds.
type Match string

// How a key finds its row.
const (
	Step   Match = "step"   // the last row whose key isn't above: a row holds until the next begins
	Exact  Match = "exact"  // the row with that very key
	Linear Match = "linear" // between two rows, in proportion
)

// Table is columns of numbers by a rising key. A key outside it finds nothing (NaN), which whoever runs the program refuses.
type Table struct {
	name    string
	match   Match
	keys    []float64
	columns []column
}

type column struct {
	table  *Table
	name   string
	values []float64
}

// NewTable makes a table. Keys must rise, and all columns be as long as they.
func NewTable(name string, match Match, keys []float64) (*Table, error) {
	if match != Step && match != Exact && match != Linear {
		return nil, fmt.Errorf("a table's match is step, exact or linear, not %q", match)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("table %q has no rows", name)
	}
	before := math.Inf(-1)
	for i, key := range keys {
		if !(key > before) {
			return nil, fmt.Errorf("the keys of table %q don't rise at row %d", name, i+1)
		}
		before = key
	}
	return &Table{name: name, match: match, keys: keys}, nil
}

// Column adds a column.
func (t *Table) Column(name string, values []float64) {
	t.columns = append(t.columns, column{t, name, values})
	for i := range t.columns {
		t.columns[i].table = t
	}
}

func (t *Table) names() string {
	var names []string
	for _, c := range t.columns {
		names = append(names, c.name)
	}
	return strings.Join(names, ", ")
}

func (c *column) find(key float64) float64 {
	keys := c.table.keys
	i := sort.SearchFloat64s(keys, key)
	switch {
	case i < len(keys) && keys[i] == key:
		return c.values[i]
	case math.IsNaN(key) || i == 0 || c.table.match == Exact || i == len(keys) && c.table.match == Linear:
		return math.NaN()
	case c.table.match == Linear:
		share := (key - keys[i-1]) / (keys[i] - keys[i-1])
		return c.values[i-1] + share*(c.values[i]-c.values[i-1])
	}
	return c.values[i-1]
}
