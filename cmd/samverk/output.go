package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
)

// table writes aligned columns. Numbers are aligned right by their header beginning with ">".
type table struct {
	w     io.Writer
	rows  [][]string
	right []bool
}

func newTable(w io.Writer, heads ...string) *table {
	t := &table{w: w}
	names := make([]string, len(heads))
	for i, h := range heads {
		t.right = append(t.right, strings.HasPrefix(h, ">"))
		names[i] = strings.TrimPrefix(h, ">")
	}
	t.rows = append(t.rows, names)
	return t
}

func (t *table) row(cells ...any) {
	r := make([]string, len(cells))
	for i, c := range cells {
		r[i] = cell(c)
	}
	t.rows = append(t.rows, r)
}

func cell(c any) string {
	switch v := c.(type) {
	case string:
		return v
	case float64:
		return fmt.Sprintf("%.6g", v)
	case int64:
		return humanize.Comma(v)
	case int:
		return humanize.Comma(int64(v))
	case uint32:
		return humanize.Comma(int64(v))
	case uint64:
		return humanize.Comma(int64(v))
	}
	return fmt.Sprint(c)
}

// many is a number of things in words.
func many(n int, thing string) string {
	switch {
	case n == 1:
	case thing == "leaf":
		thing = "leaves"
	default:
		thing += "s"
	}
	return cell(n) + " " + thing
}

func (t *table) flush() error {
	wide := make([]int, len(t.right))
	for _, r := range t.rows {
		for i, c := range r {
			wide[i] = max(wide[i], len([]rune(c)))
		}
	}
	for _, r := range t.rows {
		var b strings.Builder
		for i, c := range r {
			pad := strings.Repeat(" ", wide[i]-len([]rune(c)))
			if t.right[i] {
				c = pad + c
			} else {
				c += pad
			}
			if i > 0 {
				b.WriteString("  ")
			}
			b.WriteString(c)
		}
		if _, err := fmt.Fprintln(t.w, strings.TrimRight(b.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// facts writes "name  value" lines.
func facts(w io.Writer, pairs ...any) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := 0; i+1 < len(pairs); i += 2 {
		if v := cell(pairs[i+1]); v != "" {
			fmt.Fprintf(tw, "%s\t%s\n", pairs[i], v)
		}
	}
	return tw.Flush()
}

// jsonLine writes one object on one line.
func jsonLine(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
