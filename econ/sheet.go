package econ

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
	"go.yaml.in/yaml/v3"
)

// cell is a cell with its place: line and column of a CSV, row and column of a sheet.
type cell struct {
	text         string
	line, column int
}

// sheet is a table as it was read: the first row has the names of the columns.
type sheet struct {
	name string
	rows [][]cell
}

// books opens each file once.
type books struct {
	fsys fs.FS
	open map[string][]sheet
}

// grid reads NAME.csv or BOOK.xlsx#SHEET (the first sheet, if none is named).
func (b *books) grid(name string) ([][]cell, error) {
	file, want, _ := strings.Cut(name, "#")
	sheets, ok := b.open[file]
	if !ok {
		text, err := readFile(b.fsys, file, maxFile)
		if err != nil {
			return nil, err
		}
		if strings.HasSuffix(strings.ToLower(file), ".xlsx") {
			sheets, err = readXLSX(text)
		} else {
			sheets, err = readCSV(text)
		}
		if err != nil {
			return nil, err
		}
		b.open[file] = sheets
	}
	i := slices.IndexFunc(sheets, func(s sheet) bool { return s.name == want || want == "" })
	if i < 0 {
		return nil, fmt.Errorf("there is no sheet %q", want)
	}
	if len(sheets[i].rows) == 0 {
		return nil, errors.New("it is empty")
	}
	return sheets[i].rows, nil
}

var swedish = regexp.MustCompile(`^-?[0-9]+,[0-9]+([eE][-+]?[0-9]+)?$`)

// readCSV reads commas, or semicolons as spreadsheets write them where decimals have commas.
func readCSV(text []byte) ([]sheet, error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	first, _, _ := bytes.Cut(text, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = -1
	semicolons := bytes.Count(first, []byte(";")) > bytes.Count(first, []byte(","))
	if semicolons {
		r.Comma = ';'
	}
	s := sheet{}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return []sheet{s}, nil
		}
		if err != nil {
			return nil, err
		}
		row := make([]cell, len(record))
		for i, text := range record {
			line, _ := r.FieldPos(i)
			if semicolons && swedish.MatchString(text) {
				text = strings.Replace(text, ",", ".", 1)
			}
			row[i] = cell{strings.TrimSpace(text), line, i + 1}
		}
		s.rows = append(s.rows, row)
	}
}

func readXLSX(text []byte) (sheets []sheet, err error) {
	defer func() { // a damaged book has made the library fall over
		if p := recover(); p != nil {
			err = fmt.Errorf("the workbook is damaged: %v", p)
		}
	}()
	f, err := excelize.OpenReader(bytes.NewReader(text), excelize.Options{UnzipSizeLimit: 4 * maxFile, UnzipXMLSizeLimit: maxFile, RawCellValue: true})
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for _, name := range f.GetSheetList() {
		rows, err := f.GetRows(name)
		if err != nil {
			return nil, err
		}
		s := sheet{name: name}
		for i, record := range rows {
			row := make([]cell, len(record))
			for j, text := range record {
				row[j] = cell{shortest(strings.TrimSpace(text)), i + 1, j + 1}
			}
			if len(row) > 0 {
				s.rows = append(s.rows, row)
			}
		}
		sheets = append(sheets, s)
	}
	return sheets, nil
}

// shortest writes a number as people do: a workbook keeps 0.1 as 0.10000000000000001.
func shortest(text string) string {
	if len(text) < 16 {
		return text
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return text
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// column is a column of a list that is kept in a table: names of names, then what is said of them.
type column struct {
	name  string
	depth int // how many keys go before
	key   bool
	from  []string // the keys of the mapping where its value goes
}

// columnsOf gives the columns of a list of t.
func columnsOf(t reflect.Type) []column {
	var cols []column
	depth := 0
	for {
		var inner reflect.Type
		for _, f := range fieldsOf(t) {
			ft := t.Field(f.index).Type
			switch {
			case f.key:
				cols = append(cols, column{name: f.name, depth: depth, key: true})
			case f.value && ft.Kind() == reflect.Slice:
				inner = ft.Elem()
			case ft == reflect.TypeFor[Distribution]():
				cols = append(cols, column{name: "distribution", depth: depth, from: []string{"distribution", "family"}}, column{name: "arguments", depth: depth, from: []string{"distribution"}})
			case ft.Kind() != reflect.Slice:
				cols = append(cols, column{name: f.name, depth: depth, from: []string{f.name}})
			}
		}
		if inner == nil {
			return cols
		}
		t = inner
		depth++
	}
}

// table makes of a table's rows the nodes that the same list has in YAML, with the cells' places.
func (d *reader) table(file string, grid [][]cell, t reflect.Type, path string) *yaml.Node {
	cols := columnsOf(t)
	heads := make([]int, len(grid[0]))
	var names []string
	for _, c := range cols {
		names = append(names, c.name)
	}
	for i, h := range grid[0] {
		heads[i] = slices.Index(names, h.text)
		at := Pos{File: file, Line: h.line, Column: h.column}
		switch {
		case h.text == "":
		case heads[i] < 0:
			d.problems.add(at, path, nearest(h.text, names), "there is no column %q in such a table", h.text)
		case slices.Contains(heads[:i], heads[i]):
			d.problems.add(at, path, "", "the column %q is there twice", h.text)
		}
	}
	root := &yaml.Node{Kind: yaml.SequenceNode, Line: 1, Column: 1}
	if keyed(t) {
		root.Kind = yaml.MappingNode
	}
	for _, row := range grid[1:] {
		d.row(file, root, row, heads, cols, path)
	}
	return root
}

func (d *reader) row(file string, root *yaml.Node, row []cell, heads []int, cols []column, path string) {
	cells := make([]cell, len(cols))
	any := false
	for i, c := range row {
		if i >= len(heads) && c.text != "" {
			d.problems.add(Pos{File: file, Line: c.line, Column: c.column}, path, "", "the cell %q is under no heading", c.text)
		}
		if i < len(heads) && heads[i] >= 0 && c.text != "" {
			cells[heads[i]], any = c, true
		}
	}
	if !any {
		return
	}
	line, at := row[0].line, root
	if root.Kind == yaml.SequenceNode {
		at = &yaml.Node{Kind: yaml.MappingNode, Line: line, Column: 1}
		root.Content = append(root.Content, at)
	}
	keys := 0
	for _, c := range cols {
		if c.key {
			keys++
		}
	}
	for i, c := range cols {
		k := cells[i]
		switch {
		case c.key && k.text == "":
			d.problems.add(Pos{File: file, Line: line}, path, "", "%s is missing", c.name)
			return
		case c.key:
			at = child(at, k, c.depth < keys-1)
		case k.text == "":
		case c.name == "arguments":
			d.arguments(file, put(at, c.from, k), k, path)
		default:
			parent := put(at, c.from[:len(c.from)-1], k)
			parent.Content = append(parent.Content, text(c.from[len(c.from)-1], k), text(k.text, k))
		}
	}
}

func text(s string, at cell) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Value: s, Line: at.line, Column: at.column}
}

// child finds or makes the mapping under a key. The last key of a row is always a new one: twice the same is wrong.
func child(n *yaml.Node, key cell, shared bool) *yaml.Node {
	for i := 0; shared && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key.text {
			return n.Content[i+1]
		}
	}
	next := &yaml.Node{Kind: yaml.MappingNode, Line: key.line, Column: key.column}
	n.Content = append(n.Content, text(key.text, key), next)
	return next
}

func put(n *yaml.Node, path []string, at cell) *yaml.Node {
	for _, name := range path {
		n = child(n, cell{name, at.line, at.column}, true)
	}
	return n
}

// arguments reads "alpha=200; beta=3".
func (d *reader) arguments(file string, n *yaml.Node, c cell, path string) {
	for _, part := range strings.Split(c.text, ";") {
		name, value, ok := strings.Cut(part, "=")
		if strings.TrimSpace(part) == "" {
			continue
		}
		if !ok {
			d.problems.add(Pos{File: file, Line: c.line, Column: c.column}, path, "write them as alpha=2; beta=98", "the argument %q has no value", strings.TrimSpace(part))
			return
		}
		n.Content = append(n.Content, text(strings.TrimSpace(name), c), text(strings.TrimSpace(value), c))
	}
}

// dataset is numbers by column; NaN where a cell is empty.
type dataset struct {
	heads   []string
	columns [][]float64
	rows    int
}

func (s *dataset) column(name string) ([]float64, bool) {
	if i := slices.Index(s.heads, name); i >= 0 {
		return s.columns[i], true
	}
	return nil, false
}

// data reads what a table holds. A column of words is left out.
func (d *reader) data(t *Table, b *books) {
	grid, file := [][]cell(nil), t.File
	if file != "" {
		var err error
		if grid, err = b.grid(file); err != nil {
			d.problems.add(t.At, "tables."+t.Name, "", "%s can't be read: %v", file, err)
			return
		}
	} else {
		file, grid = t.At.File, inline(t)
	}
	s := &dataset{rows: len(grid) - 1}
	for i, h := range grid[0] {
		if h.text == "" {
			continue
		}
		if slices.Contains(s.heads, h.text) {
			d.problems.add(Pos{File: file, Line: h.line, Column: h.column}, "tables."+t.Name, "", "the column %q is there twice", h.text)
			return
		}
		if values, ok := d.numbers(file, "tables."+t.Name, i, grid); ok {
			s.heads, s.columns = append(s.heads, h.text), append(s.columns, values)
		}
	}
	d.model.data[t.Name] = s
}

func inline(t *Table) [][]cell {
	grid := make([][]cell, 1, len(t.Rows)+1)
	for i, name := range t.Columns {
		grid[0] = append(grid[0], cell{name, t.At.Line, i + 1})
	}
	for _, r := range t.Rows {
		var row []cell
		for _, x := range r {
			row = append(row, cell{x.Source, x.At.Line, x.At.Column})
		}
		grid = append(grid, row)
	}
	return grid
}

func (d *reader) numbers(file, path string, i int, grid [][]cell) ([]float64, bool) {
	values := make([]float64, 0, len(grid)-1)
	words := false
	for _, row := range grid[1:] {
		v := math.NaN()
		if i < len(row) && row[i].text != "" {
			x, err := strconv.ParseFloat(row[i].text, 64)
			bad := err != nil || math.IsNaN(x) || math.IsInf(x, 0)
			if bad && !words && len(values) > 0 {
				d.problems.add(Pos{File: file, Line: row[i].line, Column: row[i].column}, path, "decimals are written with a point: 0.5", "%q isn't a number", row[i].text)
				return nil, false
			}
			words = bad
			v = x
		}
		if words {
			return nil, false
		}
		values = append(values, v)
	}
	return values, true
}
