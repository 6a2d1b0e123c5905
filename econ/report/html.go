package report

import (
	"html/template"
	"io"
	"strconv"
	"strings"
	"sync"
)

// page is parsed once.
var page = sync.OnceValues(func() (*template.Template, error) { return template.ParseFS(files, "pages/report.html") })

// section is a heading with what stands under it.
type section struct {
	Title   string
	Says    []string
	Figures []shown
	Tables  []Table
}

// shown is a figure with the word for its table.
type shown struct {
	Figure
	AsTable string
}

// Untitled is its table without the finding once more.
func (s shown) Untitled() Table {
	table := s.Table
	table.Title = ""
	return table
}

// Wide says whether the table wants the page's width.
func (s shown) Wide() bool { return len(s.Table.Head) > 5 }

// Right says whether a column holds numbers.
func (t Table) Right(column int) bool {
	for _, row := range t.Rows {
		if column < len(row) && row[column].Number != nil {
			return column > 0
		}
	}
	return false
}

// item is one of CHEERS.
type item struct {
	Number int
	Name   string
	Says   []Cell
}

// HTML writes the report: one page that is whole in itself, to read and to print.
func (t *Teller) HTML(w io.Writer) error {
	p, err := page()
	if err != nil {
		return err
	}
	var style strings.Builder
	for _, name := range []string{"pages/report.css", "pages/chart.css"} {
		b, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		style.Write(b)
	}
	illustrative := ""
	if t.Model.Illustrative {
		illustrative = t.say("report.illustrative")
	}
	return p.ExecuteTemplate(w, "report.html", map[string]any{
		"Code": t.words.Code, "Run": t.Run, "Style": template.CSS(style.String()), //nolint:gosec // our own files
		"Kind": t.say("report.kind"), "Illustrative": illustrative, "Short": t.say("report.short"), "Sentences": t.Sentences(), "Sections": t.sections(),
		"Cheers": t.cheers(), "CheersText": t.say("report.cheers.text"), "Items": t.numbered(), "Check": t.say("report.check"), "CheckText": t.say("report.check.text"), "Facts": t.facts(), "Warnings": t.Warnings, "Look": t.say("report.warnings"),
	})
}

func (t *Teller) numbered() []item {
	out := make([]item, Items)
	for i, says := range t.items() {
		out[i] = item{i + 1, t.say("cheers." + strconv.Itoa(i+1)), says}
	}
	return out
}

// sections follow the questions of a reader: what, how sure, what it hangs on, what to find out.
func (t *Teller) sections() []section {
	var out []section
	add := func(title string, says []string, figures []string, tables ...*Table) {
		s := section{Title: t.say(title), Says: says}
		for _, f := range t.Figures() {
			for _, name := range figures {
				if f.Name == name || strings.HasSuffix(name, "-") && strings.HasPrefix(f.Name, name) {
					s.Figures = append(s.Figures, shown{f, t.say("report.astable")})
				}
			}
		}
		for _, table := range tables {
			if table != nil {
				s.Tables = append(s.Tables, *table)
			}
		}
		if len(s.Figures)+len(s.Tables) > 0 {
			out = append(out, s)
		}
	}
	results := t.results()
	results.Title = ""
	add("report.results", nil, []string{"frontier"}, &results)
	var sure []string
	if t.PSA != nil {
		sure = []string{t.stability()}
	}
	add("report.sure", sure, []string{"plane-", "ceac", "loss"}, untitled(t.spread()))
	add("report.hangs", nil, []string{"tornado", "two-way"}, t.turns())
	add("report.find", nil, []string{"evpi", "evppi", "evppi-range", "evsi"})
	if t.Equal != nil {
		add("report.equal", nil, []string{"regions"})
	}
	add("report.scenarios", nil, nil, untitled(t.scenarios()))
	add("report.every", []string{t.say("report.every.text")}, nil, untitled(t.every()))
	add("report.time", nil, []string{"trace-"})
	add("report.conventions", nil, nil, untitled(t.conventions()))
	add("report.parameters", nil, nil, untitled(t.inputs()))
	return out
}

func untitled(t *Table) *Table {
	if t != nil {
		t.Title = ""
	}
	return t
}

func (t *Teller) gapsSmall() string {
	var missing []string
	for _, g := range t.Equal.Regions {
		if !g.Known {
			missing = append(missing, g.Name)
		}
	}
	out := t.say("report.gaps.small", t.label(t.Equal.Goal.Strategy), t.percent(t.Equal.Goal.Adoption))
	if len(missing) > 0 {
		out += " " + t.say("report.gaps.unknown", t.words.List(missing...))
	}
	return out
}
