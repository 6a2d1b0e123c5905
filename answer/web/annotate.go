package web

import (
	"bytes"
	"errors"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/web"
)

const (
	uploadLimit = 10_000_000 // bytes of a request; larger files go through the command line or the API
	formLimit   = uploadLimit + 64<<10
	shownLines  = 200 // lines of an annotated file that a page shows
)

type annotatePage struct {
	Form   *form
	Result *annotated
}

// annotated is an annotated file as a table.
type annotated struct {
	Rows    []annotatedRow
	Records int // in the file
	Purpose string
	Dataset string
}

// annotatedRow is one line's counts, one number for each alternative where the file has several.
type annotatedRow struct {
	Variant   string
	Carriers  string // where not all is told exactly
	AC, AN    string
	AF        []template.HTML
	Hom, Hemi string
}

func (p *room) annotateForm(w http.ResponseWriter, r *http.Request) int {
	return p.annotateAnswer(w, r, http.StatusOK, nil, nil)
}

// annotateAnswer sends the form, with what was wrong in it or the table it gave.
func (p *room) annotateAnswer(w http.ResponseWriter, r *http.Request, status int, f *form, result *annotated) int {
	l := p.pages.Words(r)
	if f == nil {
		stats, err := p.desk.Stats(r.Context(), operator)
		if err != nil {
			return p.fail(w, r, err)
		}
		f = newForm(web.ReadQuery(r), l, stats)
	}
	page := annotatePage{Form: f, Result: result}
	return p.pages.Render(w, r, web.Page{Name: "annotate", Title: l.Must("annotate.title"), Status: status, Station: "use", Form: f.Form, Data: page})
}

func (p *room) annotate(w http.ResponseWriter, r *http.Request) int {
	select {
	case p.uploads <- struct{}{}:
		defer func() { <-p.uploads }()
	case <-r.Context().Done():
		return http.StatusServiceUnavailable // the reader left the queue
	}
	stats, err := p.desk.Stats(r.Context(), operator)
	if err != nil {
		return p.fail(w, r, err)
	}
	l := p.pages.Words(r)
	r.Body = http.MaxBytesReader(w, r.Body, formLimit)
	// All of the form stays in memory: genotypes are not to lie about in temporary files.
	if err := r.ParseMultipartForm(formLimit); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		var large *http.MaxBytesError
		if !errors.As(err, &large) {
			return p.site.Error(w, r, http.StatusBadRequest, "error.form")
		}
		f := newForm(web.NewForm(), l, stats) // what came is not whole
		f.Wrong("file", l.Must("wrong.large", l.Bytes(uploadLimit)))
		return p.annotateAnswer(w, r, http.StatusRequestEntityTooLarge, f, nil)
	}
	f := newForm(&web.Form{Values: r.Form}, l, stats)
	ask := f.readAsk(l)
	in, err := upload(r, f)
	if err != nil {
		return p.fail(w, r, err)
	}
	if in == nil {
		f.Wrong("file", l.Must("wrong.nofile"))
	}
	if !f.OK() {
		return p.annotateAnswer(w, r, http.StatusBadRequest, f, nil)
	}
	var out bytes.Buffer
	if _, err := p.desk.Annotate(r.Context(), answer.Annotation{Ask: ask, Assembly: f.assembly()}, in, &out); err != nil {
		if fault.KindOf(err) != fault.Invalid {
			return p.fail(w, r, err)
		}
		field := "text"
		if f.Raw("text") == "" {
			field = "file"
		}
		f.Wrong(field, l.Must("wrong.vcf"))
		f.Said = explain(err)
		return p.annotateAnswer(w, r, http.StatusBadRequest, f, nil)
	}
	if r.FormValue("as") == "file" {
		h := w.Header()
		h.Set("Content-Type", "text/x-vcf; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="annotated.vcf"`)
		h.Set("Cache-Control", "no-store")
		_, _ = w.Write(out.Bytes())
		return http.StatusOK
	}
	result := tabulate(l, out.Bytes())
	result.Purpose, result.Dataset = l.Must("purpose."+string(ask.Use.Purpose)), l.Must("dataset.all")
	if f.dataset() != "" {
		result.Dataset = f.dataset()
	}
	return p.annotateAnswer(w, r, http.StatusOK, f, result)
}

// assembly is what the reader says of a file that doesn't say it itself.
func (f *form) assembly() variant.Assembly {
	if f.Has("assembly", string(variant.GRCh38)) {
		return variant.GRCh38
	}
	return ""
}

// explain gives an operator's error with its hint.
func explain(err error) string {
	if hint := fault.HintOf(err); hint != "" {
		return err.Error() + " (" + hint + ")"
	}
	return err.Error()
}

// upload gives the file, else the pasted text, else nil. Pasted text has the tabs of a VCF
// when it comes from a file, and blanks when it comes from a screen: those are put right.
func upload(r *http.Request, f *form) (io.Reader, error) {
	if r.MultipartForm != nil {
		for _, h := range r.MultipartForm.File["file"] {
			if h.Size > 0 {
				return h.Open()
			}
		}
	}
	text := strings.ReplaceAll(f.Raw("text"), "\r\n", "\n")
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	if !strings.Contains(text, "\t") {
		lines := strings.Split(text, "\n")
		for i, line := range lines {
			if !strings.HasPrefix(line, "##") {
				lines[i] = strings.Join(strings.Fields(line), "\t")
			}
		}
		text = strings.Join(lines, "\n")
	}
	return strings.NewReader(strings.TrimLeft(strings.TrimRight(text, "\n ")+"\n", "\n ")), nil
}

// tabulate reads back what Annotate wrote into INFO, for showing only.
func tabulate(l *web.Words, vcf []byte) *annotated {
	out := &annotated{}
	for line := range bytes.Lines(vcf) {
		if line[0] == '#' {
			continue
		}
		out.Records++
		if out.Records > shownLines {
			continue
		}
		columns := strings.Split(strings.TrimRight(string(line), "\r\n"), "\t")
		if len(columns) < 8 {
			continue
		}
		info := strings.Split(columns[7], ";")
		values := func(name string) []string {
			i := slices.IndexFunc(info, func(s string) bool { return strings.HasPrefix(s, name+"=") })
			if i < 0 {
				return nil
			}
			return strings.Split(info[i][len(name)+1:], ",")
		}
		counts := func(name string) string {
			texts := values(name)
			for i, v := range texts {
				if n, err := strconv.ParseInt(v, 10, 64); err == nil {
					texts[i], _ = l.Number(n) // an int64 is always a number
				}
			}
			return strings.Join(texts, "; ")
		}
		row := annotatedRow{
			Variant:  columns[0] + "-" + columns[1] + "-" + columns[3] + "-" + columns[4],
			Carriers: counts("SAMVERK_CARRIERS"), AC: counts("SAMVERK_AC"), AN: counts("SAMVERK_AN"), Hom: counts("SAMVERK_HOM"), Hemi: counts("SAMVERK_HEMI"),
		}
		for _, v := range values("SAMVERK_AF") {
			if f, err := strconv.ParseFloat(v, 64); err == nil {
				row.AF = append(row.AF, l.Frequency(f))
			}
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}
