package web

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
)

// exported is one count as a file has it: the fields of the API and the command line.
type exported struct {
	Variant     string   `json:"variant"`
	Purpose     string   `json:"purpose"`
	Dataset     string   `json:"dataset"`
	AC          *uint32  `json:"ac"`
	AN          *uint32  `json:"an"`
	AF          *float64 `json:"af"`
	Het         *uint32  `json:"het"`
	Hom         *uint32  `json:"hom"`
	Hemi        *uint32  `json:"hemi"`
	Basis       *string  `json:"an_basis"`
	Individuals uint32   `json:"individuals_counted"`
	Epoch       uint64   `json:"consent_epoch"`
	Covered     bool     `json:"covered"`
}

const allGermline = "all germline"

func export(name string, purpose consent.Purpose, dataset string, c answer.Count, epoch uint64) exported {
	e := exported{Variant: name, Purpose: string(purpose), Dataset: dataset, Individuals: c.Individuals, Epoch: epoch, Covered: c.Covered}
	if dataset == "" {
		e.Dataset = allGermline
	}
	if !c.Covered {
		return e
	}
	basis := "called"
	if c.Assumed {
		basis = "assumed"
	}
	e.AC, e.AN, e.Het, e.Hom, e.Hemi, e.Basis = &c.AC, &c.AN, &c.Het, &c.Hom, &c.Hemi, &basis
	if f, ok := c.AF(); ok {
		e.AF = &f
	}
	return e
}

var columns = []string{"variant", "purpose", "dataset", "ac", "an", "af", "het", "hom", "hemi", "an_basis", "individuals_counted", "consent_epoch", "covered"}

func (e exported) record() []string {
	count := func(n *uint32) string {
		if n == nil {
			return ""
		}
		return strconv.FormatUint(uint64(*n), 10)
	}
	af, basis := "", ""
	if e.AF != nil {
		af = strconv.FormatFloat(*e.AF, 'g', -1, 64)
	}
	if e.Basis != nil {
		basis = *e.Basis
	}
	return []string{
		e.Variant, e.Purpose, cellText(e.Dataset), count(e.AC), count(e.AN), af, count(e.Het), count(e.Hom), count(e.Hemi), basis,
		strconv.FormatUint(uint64(e.Individuals), 10), strconv.FormatUint(e.Epoch, 10), strconv.FormatBool(e.Covered),
	}
}

// cellText keeps a spreadsheet from reading a name as a formula (OWASP, CSV Injection).
func cellText(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// file sends rows one by one, as CSV or as a JSON array.
type file struct {
	w    http.ResponseWriter
	out  *bufio.Writer
	csv  *csv.Writer // nil: JSON
	rows int
}

// newFile prepares a file. What it buffers is sent at the first row at the earliest.
func newFile(w http.ResponseWriter, format, name string, header []string) *file {
	f := &file{w: w, out: bufio.NewWriterSize(w, 32<<10)}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if format == "csv" {
		h.Set("Content-Type", "text/csv; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="`+strings.Map(plain, name)+`.csv"`)
		f.csv = csv.NewWriter(f.out)
		_ = f.csv.Write(header) // to a buffer
		return f
	}
	h.Set("Content-Type", "application/json")
	return f
}

// plain keeps what may stand in a file's name everywhere.
func plain(r rune) rune {
	if r == '-' || r == '_' || r == '.' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
		return r
	}
	return '_'
}

func (f *file) row(v any, record []string) error {
	f.rows++
	if f.csv != nil {
		return f.csv.Write(record)
	}
	start := ",\n"
	if f.rows == 1 {
		start = "[\n"
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, _ = f.out.WriteString(start) // an error stays in the writer and comes with the next line
	_, err = f.out.Write(b)
	return err
}

func (f *file) end() int {
	switch {
	case f.csv != nil:
		f.csv.Flush()
	case f.rows > 0:
		_, _ = f.out.WriteString("\n]\n")
	default:
		_, _ = f.out.WriteString("[]\n")
	}
	_ = f.out.Flush() // a reader who left is no failure of ours
	return http.StatusOK
}

// cut ends a list that failed. With rows under way it cuts the connection, so that nobody takes half a
// list for a whole one; before them it makes room for an error page.
func (f *file) cut() {
	if f.rows > 0 {
		panic(http.ErrAbortHandler)
	}
	f.w.Header().Del("Content-Disposition")
}

func (p *room) exportAnswer(w http.ResponseWriter, r *http.Request, format string, f *form, q question, stats answer.Stats) int {
	if format != "csv" && format != "json" {
		return p.site.Error(w, r, http.StatusBadRequest, "error.invalid")
	}
	p.table.Questions.Add(1)
	if !q.isKey {
		return p.exportRegion(w, r, format, f, q)
	}
	var cells []cell
	for _, purpose := range purposes {
		cells = append(cells, cell{purpose, ""})
		for _, d := range stats.Datasets {
			cells = append(cells, cell{purpose, d.Name})
		}
	}
	g, err := p.askGrid(r.Context(), q.key, cells)
	if err != nil {
		return p.fail(w, r, err)
	}
	out := newFile(w, format, q.key.String(), columns)
	for _, c := range cells {
		e := export(q.key.String(), c.purpose, c.dataset, g.cells[c], g.epoch)
		if out.row(e, e.record()) != nil {
			out.cut() // the reader left
		}
	}
	return out.end()
}

// exportRegion streams a whole region. Its first answer tells the consent epoch that every row states;
// if the rows turn out to be of another one, the list is cut.
func (p *room) exportRegion(w http.ResponseWriter, r *http.Request, format string, f *form, q question) int {
	ask := answer.Region{Use: q.use, Dataset: f.Dataset, Chrom: q.region.Chrom, From: q.region.From, To: q.region.To, Limit: 1}
	first, err := p.desk.Region(r.Context(), ask, func(variant.Key, answer.Count) error { return nil })
	if err != nil {
		return p.fail(w, r, err)
	}
	out := newFile(w, format, q.region.String(), columns)
	ask.Limit = 0
	all, err := p.desk.Region(r.Context(), ask, func(k variant.Key, c answer.Count) error {
		e := export(k.String(), q.use.Purpose, f.Dataset, c, first.Epoch)
		return out.row(e, e.record())
	})
	if err == nil && all.Epoch != first.Epoch {
		err = fault.New(fault.Unavailable, "a consent changed while the list was made").Do("ask again")
	}
	if err != nil {
		out.cut()
		return p.fail(w, r, err)
	}
	return out.end()
}

type exportedDataset struct {
	Dataset     string `json:"dataset"`
	Origin      string `json:"origin"`
	Samples     int64  `json:"samples"`
	Individuals int64  `json:"individuals"`
}

func (p *room) exportDatasets(w http.ResponseWriter, r *http.Request, format string, stats answer.Stats) int {
	if format != "csv" && format != "json" {
		return p.site.Error(w, r, http.StatusBadRequest, "error.invalid")
	}
	out := newFile(w, format, "datasets", []string{"dataset", "origin", "samples", "individuals"})
	for _, d := range stats.Datasets {
		e := exportedDataset{d.Name, string(d.Origin), int64(d.Samples), int64(d.Individuals)}
		n := func(v int64) string { return strconv.FormatInt(v, 10) }
		if out.row(e, []string{cellText(e.Dataset), e.Origin, n(e.Samples), n(e.Individuals)}) != nil {
			out.cut() // the reader left
		}
	}
	return out.end()
}
