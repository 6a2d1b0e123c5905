package web

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"html/template"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web"
)

const (
	textLimit  = 1 << 20 // bytes of a field, pasted lines among them
	shownLines = 200     // lines of an annotated file that a page shows
	// patience is how long the page of a job is waited for, so that a small file's has its result on it.
	patience = 400 * time.Millisecond
	// patienceTyped is how long pasted lines are waited for, so that what is wrong with them is said where they were typed.
	patienceTyped = 10 * time.Second
)

type annotatePage struct {
	Form   *form
	Denied *denial
	Own    []snapshot
	Limit  int64
	Gone   bool // one was just thrown away
	Costs  []cost
	Pasted int // variants in what was pasted
}

// cost is what is left of a purpose's budget before a file takes from it.
type cost struct {
	Purpose string
	budget
}

func (p *Room) annotateForm(w http.ResponseWriter, r *http.Request) int {
	f, status := p.begin(w, r, web.ReadQuery(r))
	if f == nil {
		return status
	}
	return p.annotateShow(w, r, http.StatusOK, f)
}

// annotateShow sends the form, with what was wrong in it.
func (p *Room) annotateShow(w http.ResponseWriter, r *http.Request, status int, f *form) int {
	page := annotatePage{Form: f, Own: p.jobs.own(ownerOf(r)), Limit: uploadLimit, Gone: r.URL.Query().Has("gone")}
	if status != http.StatusForbidden && f.asker != nil && !f.together() { // each region has a budget of its own
		var err error
		if page.Costs, err = p.costs(r, f); err != nil {
			return p.fail(w, r, err)
		}
		page.Pasted = variantsIn(asVCF(f.Raw("text")))
	}
	return p.pages.Render(w, r, web.Page{Name: "annotate", Title: p.pages.Words(r).Must("annotate.title"), Status: status, Station: "use", Form: f.Form, Data: page})
}

// costs tells what is left for a file, of each purpose that one may be annotated for.
func (p *Room) costs(r *http.Request, f *form) (out []cost, err error) {
	for _, purpose := range purposes {
		a := f.asker.Ask
		a.Use.Purpose, a.Dataset, a.Question = purpose, f.dataset(), policy.Annotate
		b, err := p.budgetOf(r, a)
		if err != nil {
			return nil, err
		}
		if b != nil {
			out = append(out, cost{p.pages.Words(r).Must("purpose." + string(purpose) + ".name"), *b})
		}
	}
	return out, nil
}

// variantsIn counts the alternatives in the lines of a VCF: what its annotation costs at most.
func variantsIn(vcf string) (n int) {
	for line := range strings.Lines(vcf) {
		if columns := strings.SplitN(line, "\t", 6); line[0] != '#' && len(columns) > 4 {
			n += strings.Count(columns[4], ",") + 1
		}
	}
	return n
}

// annotate takes a file and leads to the page of its job. What is wrong with pasted lines is said at once, and they are kept.
func (p *Room) annotate(w http.ResponseWriter, r *http.Request) int {
	blank := web.NewForm()
	f, status := p.begin(w, r, blank)
	if f == nil {
		return status
	}
	if f.asker != nil && !known(f.asker.Ask) { // no policy can let them: not a byte is taken
		return p.refuse(w, r, f.asker.Ask, policy.Denied())
	}
	l := p.pages.Words(r)
	j, err := p.jobs.reserve(p.own(w, r))
	if err != nil {
		return p.busy(w, r, f, err)
	}
	keep := false
	defer func() {
		if !keep {
			p.jobs.remove(j)
		}
	}()
	r.Body = http.MaxBytesReader(w, r.Body, uploadLimit+3*textLimit)
	fields, err := receive(r, j)
	if err != nil {
		blank.Values = fields.Values
		return p.notReceived(w, r, f, err)
	}
	if f, status = p.begin(w, r, fields); f == nil {
		return status
	}
	j.what = answer.Annotation{Ask: f.readAsk(l), Assembly: f.assembly()}
	j.what.Question = policy.Annotate
	if j.size == 0 {
		f.Wrong("file", l.Must("wrong.nofile"))
	}
	if !f.OK() {
		return p.annotateShow(w, r, http.StatusBadRequest, f)
	}
	if j.nation = f.together(); !j.nation && !p.desk.Judge(j.what.Ask).Allowed {
		_, err := p.desk.Annotate(r.Context(), j.what, strings.NewReader(""), io.Discard) // it denies, and notes it
		return p.refuse(w, r, j.what.Ask, err)
	}
	p.table.Questions.Add(1)
	p.jobs.start(j, p.annotator(j))
	long := patience
	if fields.Raw("text") != "" {
		long = patienceTyped
	}
	if j, failed := p.soon(r, j, long); failed && fault.KindOf(j.err) == fault.Invalid {
		f.Wrong(f.where(), l.Must("wrong.vcf"))
		f.Said = explain(j.err)
		p.jobs.remove(j.job) // it isn't one of the reader's files
		return p.annotateShow(w, r, http.StatusBadRequest, f)
	}
	keep = true
	return web.SeeOther(w, r, "/annotate/"+j.id)
}

// annotator is whom a job's file is annotated by.
func (p *Room) annotator(j *job) annotator {
	if j.nation {
		return func(ctx context.Context, a answer.Annotation, in io.Reader, out io.Writer) (r annotation, err error) {
			of, err := p.options.Nation.Annotate(ctx, a, in, out)
			return annotation{answer.Annotated{Records: of.Records, Alleles: of.Alleles, Known: of.Known}, &of}, err
		}
	}
	return func(ctx context.Context, a answer.Annotation, in io.Reader, out io.Writer) (r annotation, err error) {
		r.Annotated, err = p.desk.Annotate(ctx, a, in, out)
		return r, err
	}
}

// soon waits for a job that is done in a while; failedNow tells that it came to nothing.
func (p *Room) soon(r *http.Request, j *job, long time.Duration) (now snapshot, failedNow bool) {
	ctx, cancel := context.WithTimeout(r.Context(), long)
	defer cancel()
	select {
	case <-j.done:
	case <-ctx.Done():
	}
	now, _ = p.jobs.find(j.id, j.of)
	return now, now.state == failed
}

// where is the field that the file came in.
func (f *form) where() string {
	if f.Raw("text") != "" {
		return "text"
	}
	return "file"
}

// busy says that no more can be taken now.
func (p *Room) busy(w http.ResponseWriter, r *http.Request, f *form, err error) int {
	e := &fault.Error{}
	if !errors.As(err, &e) || e.Code == "" {
		return p.fail(w, r, err)
	}
	status := http.StatusServiceUnavailable
	if e.Kind == fault.Conflict {
		status = http.StatusConflict
	}
	f.Wrong("", p.pages.Words(r).Must("fault."+e.Code, e.Args...))
	return p.annotateShow(w, r, status, f)
}

// notReceived says what was wrong with what was sent.
func (p *Room) notReceived(w http.ResponseWriter, r *http.Request, f *form, err error) int {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large), errors.Is(err, errLarge):
		l := p.pages.Words(r)
		f.Wrong("file", l.Must("wrong.large", l.Bytes(uploadLimit)))
		return p.annotateShow(w, r, http.StatusRequestEntityTooLarge, f)
	case fault.KindOf(err) != fault.Internal:
		return p.fail(w, r, err)
	}
	return p.site.Error(w, r, http.StatusBadRequest, "error.form")
}

var errLarge = errors.New("too large")

// receive reads a form as it comes. The file goes into the job's and nowhere else; so do pasted lines, without a file.
func receive(r *http.Request, j *job) (*web.Form, error) {
	f := web.NewForm()
	parts, err := r.MultipartReader()
	if err != nil {
		return f, err
	}
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return f, err
		}
		if part.FormName() != "file" {
			b, err := io.ReadAll(io.LimitReader(part, textLimit+1))
			if err != nil || len(b) > textLimit {
				return f, cmp.Or(err, errLarge)
			}
			f.Values.Add(part.FormName(), strings.ToValidUTF8(string(b), "\ufffd"))
			continue
		}
		if j.size, err = take(j, part); err != nil {
			return f, err
		}
	}
	if text := asVCF(f.Raw("text")); j.size == 0 && text != "" {
		_, err = take(j, strings.NewReader(text))
		j.size = int64(len(text))
	}
	return f, err
}

// take copies what comes into the job's file.
func take(j *job, in io.Reader) (n int64, err error) {
	if _, err := j.in.Seek(0, io.SeekStart); err != nil {
		return 0, fault.Wrap(fault.Unavailable, err, "what was sent can't be kept")
	}
	n, err = io.Copy(onDisk{j.in}, io.LimitReader(in, uploadLimit+1))
	if err == nil && n > uploadLimit {
		err = errLarge
	}
	return n, err
}

// onDisk tells an error of ours from one of who sends.
type onDisk struct{ f *os.File }

func (d onDisk) Write(p []byte) (int, error) {
	n, err := d.f.Write(p)
	if err != nil {
		err = fault.Wrap(fault.Unavailable, err, "what was sent can't be kept").Do("see whether the disk is full")
	}
	return n, err
}

const cookieName = "samverk-annotate"

// ownerOf is whose jobs the reader sees.
func ownerOf(r *http.Request) owner {
	o := owner{person: web.ViewerOf(r).Person}
	if c, err := r.Cookie(cookieName); err == nil && len(c.Value) == len(rand.Text()) {
		o.browser = c.Value
	}
	return o
}

// own is the reader as an owner: a browser that has no name yet gets one, which is forgotten when it is closed.
func (p *Room) own(w http.ResponseWriter, r *http.Request) owner {
	o := ownerOf(r)
	if o.browser == "" {
		o.browser = rand.Text()
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever there is TLS; a site on loopback has none
			Name: cookieName, Value: o.browser, Path: "/annotate", HttpOnly: true, Secure: p.options.Secure || r.TLS != nil, SameSite: http.SameSiteStrictMode})
		r.AddCookie(&http.Cookie{Name: cookieName, Value: o.browser}) //nolint:gosec // for the page that answers this request
	}
	return o
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

// asVCF is text as a file. It has the tabs of a VCF when it comes from a file, and blanks when it comes from a screen: those are put right.
func asVCF(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if strings.TrimSpace(text) == "" {
		return ""
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
	return strings.TrimLeft(strings.TrimRight(text, "\n ")+"\n", "\n ")
}

// annotated is the beginning of an annotated file as a table.
type annotated struct {
	Rows    []annotatedRow
	Records int64 // in the file
}

// annotatedRow is one line's counts, one number for each alternative where the file has several.
type annotatedRow struct {
	Variant   string
	Carriers  string // where not all is told exactly
	AC, AN    string
	AF        []template.HTML
	Hom, Hemi string
}

// tabulate reads back what Annotate wrote into INFO, for showing only: the first lines, or those before a line that is too long for it.
func tabulate(l *web.Words, vcf io.Reader) (out []annotatedRow) {
	s := bufio.NewScanner(vcf)
	s.Buffer(nil, peeked)
	for len(out) < shownLines && s.Scan() {
		line := s.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		columns := strings.SplitN(line, "\t", 9)
		if len(columns) < 8 {
			continue
		}
		out = append(out, tell(l, columns))
	}
	return out
}

func tell(l *web.Words, columns []string) annotatedRow {
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
	return row
}
