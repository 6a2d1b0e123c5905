package econ

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
	"go.yaml.in/yaml/v3"
)

// Layout is how a model is kept.
type Layout string

// Layouts: one file, or a folder with what economists edit in tables.
const (
	OneFile  Layout = "yaml" // model.yaml and nothing else
	CSVFiles Layout = "csv"  // model.yaml, and a CSV for each table
	Workbook Layout = "xlsx" // model.yaml, and model.xlsx with a sheet for each table
)

const bookFile = "model.xlsx"

// Files writes the model, by the names of its files. Reading them gives a model that says the same; comments in YAML
// (what follows a #) aren't a part of a model: what should stay is a note.
func (m *Model) Files(as Layout) (map[string][]byte, error) {
	plain := *m
	plain.Tables = slices.Clone(m.Tables)
	files := map[string][]byte{}
	var sheets []sheet
	plain.files = map[string]string{}
	if as != OneFile {
		for _, l := range m.lists() {
			plain.files[l.path] = l.name
			sheets = append(sheets, sheet{l.name, tableRows(l.list)})
		}
	}
	for i := range plain.Tables {
		t := &plain.Tables[i]
		data := m.data[t.Name]
		if data == nil {
			return nil, fmt.Errorf("the table %s has no numbers", t.Name)
		}
		t.File, t.Columns, t.Rows = "", nil, nil
		if as == OneFile {
			t.Columns, t.Rows = data.heads, data.texts()
			continue
		}
		t.File = "table-" + t.Name
		sheets = append(sheets, sheet{t.File, data.cells()})
	}
	name := func(s string) string {
		if as == Workbook {
			return bookFile + "#" + sheetName(s, sheets)
		}
		return s + ".csv"
	}
	for path := range plain.files {
		plain.files[path] = name(plain.files[path])
	}
	for i := range plain.Tables {
		if as != OneFile {
			plain.Tables[i].File = name(plain.Tables[i].File)
		}
	}
	text, err := marshal(write(reflect.ValueOf(plain), "", plain.files))
	if err != nil {
		return nil, err
	}
	files[modelFile] = text
	switch as {
	case Workbook:
		files[bookFile], err = writeXLSX(sheets)
	case CSVFiles:
		for _, s := range sheets {
			files[name(s.name)] = writeCSV(s)
		}
	case OneFile:
	default:
		err = fmt.Errorf("a model is kept as yaml, csv or xlsx, not as %q", as)
	}
	return files, err
}

// Save writes the model's files into a folder, made if it isn't there. Files of other names are left alone.
func (m *Model) Save(dir string, as Layout) error {
	files, err := m.Files(as)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for name, text := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), text, 0o666))
	}
	return err
}

func marshal(n *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(n); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}

// list is a list of the model that can be kept in a table.
type list struct {
	path, name string
	list       reflect.Value
}

// lists are those that have something in them.
func (m *Model) lists() []list {
	var out []list
	add := func(v reflect.Value, path, prefix string) {
		for _, f := range fieldsOf(v.Type()) {
			if f.file && v.Field(f.index).Len() > 0 {
				out = append(out, list{join(path, f.name), prefix + f.name, v.Field(f.index)})
			}
		}
	}
	add(reflect.ValueOf(m).Elem(), "", "")
	timed := 0
	for _, p := range m.Parts {
		if p.Kind != "tree" {
			timed++
		}
	}
	for i := range m.Parts {
		prefix := m.Parts[i].Name + "-"
		if timed == 1 {
			prefix = ""
		}
		add(reflect.ValueOf(&m.Parts[i]).Elem(), "parts."+m.Parts[i].Name, prefix)
	}
	return out
}

// tableRows writes a list as the rows of a table, without columns in which nothing stands.
func tableRows(list reflect.Value) [][]cell {
	cols := columnsOf(list.Type().Elem())
	var records [][]string
	flatten(list, cols, nil, 0, &records)
	var keep []int
	for i, c := range cols {
		if c.key || slices.ContainsFunc(records, func(r []string) bool { return r[i] != "" }) {
			keep = append(keep, i)
		}
	}
	grid := make([][]cell, len(records)+1)
	for _, i := range keep {
		grid[0] = append(grid[0], cell{text: cols[i].name})
		for r := range records {
			grid[r+1] = append(grid[r+1], cell{text: records[r][i]})
		}
	}
	return grid
}

// flatten writes what is under a list's keys, keys first.
func flatten(list reflect.Value, cols []column, keys []string, depth int, out *[][]string) {
	for i := range list.Len() {
		e := list.Index(i)
		fs := fieldsOf(e.Type())
		here := keys
		if key, ok := find(fs, isKey); ok {
			here = append(slices.Clip(keys), e.Field(key.index).String())
		}
		if value, ok := find(fs, isValue); ok && e.Field(value.index).Kind() == reflect.Slice {
			flatten(e.Field(value.index), cols, here, depth+1, out)
			continue
		}
		record := make([]string, len(cols))
		k := 0
		for c, col := range cols {
			if col.key {
				record[c] = here[k]
				k++
				continue
			}
			record[c] = cellText(e, fs, col)
		}
		*out = append(*out, record)
	}
}

func cellText(e reflect.Value, fs []field, col column) string {
	if len(col.from) > 0 && col.from[0] == "distribution" {
		f, _ := find(fs, func(f field) bool { return f.name == "distribution" })
		d := e.Field(f.index).Interface().(Distribution)
		if col.name == "distribution" {
			return d.Family
		}
		var parts []string
		for _, a := range d.Arguments {
			parts = append(parts, a.Name+"="+a.Value.Source)
		}
		return strings.Join(parts, "; ")
	}
	f, _ := find(fs, func(f field) bool { return f.name == col.name })
	switch v := e.Field(f.index); {
	case v.Type() == textType:
		return v.Interface().(Text).Source
	case v.Kind() == reflect.String:
		return v.String()
	case v.IsZero():
		return ""
	default:
		return fmt.Sprint(v.Interface())
	}
}

func number(v float64) string {
	if v != v {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

func (s *dataset) texts() [][]Text {
	out := make([][]Text, s.rows)
	for r := range out {
		for _, c := range s.columns {
			out[r] = append(out[r], Text{Source: number(c[r])})
		}
	}
	return out
}

func (s *dataset) cells() [][]cell {
	grid := make([][]cell, s.rows+1)
	for i, h := range s.heads {
		grid[0] = append(grid[0], cell{text: h})
		for r := range s.rows {
			grid[r+1] = append(grid[r+1], cell{text: number(s.columns[i][r])})
		}
	}
	return grid
}

func writeCSV(s sheet) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	for _, row := range s.rows {
		record := make([]string, len(row))
		for i, c := range row {
			record[i] = c.text
		}
		_ = w.Write(record) // to memory
	}
	w.Flush()
	return b.Bytes()
}

// sheetName is a name that a workbook takes: 31 letters, none of them special, none twice.
func sheetName(name string, sheets []sheet) string {
	i := slices.IndexFunc(sheets, func(s sheet) bool { return s.name == name })
	clean := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:\/?*[]'#`, r) {
			return '-'
		}
		return r
	}, name)
	if r := []rune(clean); len(r) > 26 {
		clean = fmt.Sprintf("%s-%d", string(r[:26]), i+1)
	}
	return clean
}

// writeXLSX writes numbers as numbers where that keeps them as they are written, and else as text.
func writeXLSX(sheets []sheet) ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	first := f.GetSheetName(0)
	for i, s := range sheets {
		name := sheetName(s.name, sheets)
		if i == 0 {
			if err := f.SetSheetName(first, name); err != nil {
				return nil, err
			}
		} else if _, err := f.NewSheet(name); err != nil {
			return nil, err
		}
		for r, row := range s.rows {
			for c, x := range row {
				at, err := excelize.CoordinatesToCellName(c+1, r+1)
				if err != nil {
					return nil, err
				}
				if v, err := strconv.ParseFloat(x.text, 64); err == nil && number(v) == x.text {
					err = f.SetCellFloat(name, at, v, -1, 64)
					if err != nil {
						return nil, err
					}
				} else if x.text != "" {
					if err := f.SetCellStr(name, at, x.text); err != nil {
						return nil, err
					}
				}
			}
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
