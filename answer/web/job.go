package web

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/web"
)

type jobData struct {
	Here          string
	State         string // changes with what the page shows
	Far           string // how far it has come, as it is said aloud: seldom
	Told          bool   // the page that asks has said that already
	Under         bool   // waits or is annotated
	Waits         bool
	Ready         bool
	Read, Size    int64
	Lines         int64
	Result        *annotated
	Shown         int // lines that the table could have
	Cost          int64
	Purpose, Sets string
	By            *named
	Leaf          uint64
	Log           string
	Nation        *nation // as they answered for the file
	Denied        *denial
	Wrong, Said   string
}

// Href is the address of a job's page.
func (j snapshot) Href() string { return "/annotate/" + j.id }

// Size is how much was sent.
func (j snapshot) Size() int64 { return j.size }

// Title is the message that names how far it has come.
func (j snapshot) Title() string {
	switch j.state {
	case ready, sending:
		return "job.ready"
	case failed:
		return "job.failed"
	}
	return "job.title"
}

// jobOf finds the reader's job; to anybody else there is none.
func (p *Room) jobOf(r *http.Request) (snapshot, bool) {
	return p.jobs.find(r.PathValue("job"), ownerOf(r))
}

// noJob says that there is none: it was fetched, thrown away or kept long enough, or is somebody else's. Which of them is nobody's business.
func (p *Room) noJob(w http.ResponseWriter, r *http.Request) int {
	return p.pages.Render(w, r, web.Page{Name: "gone", Title: p.pages.Words(r).Must("job.absent"), Status: http.StatusNotFound, Station: "use"})
}

// jobPage shows a job. Asked with the state that a page shows already, it has nothing to say.
func (p *Room) jobPage(w http.ResponseWriter, r *http.Request) int {
	j, ok := p.jobOf(r)
	if !ok {
		return p.noJob(w, r)
	}
	l := p.pages.Words(r)
	d := jobData{Here: j.Href(), Under: j.state == waiting || j.state == running, Waits: j.state == waiting, Ready: j.state == ready || j.state == sending,
		Read: min(j.read.Load(), j.size), Size: j.size, Lines: j.lines.Load(), Purpose: l.Must("purpose." + string(j.what.Use.Purpose)), Sets: l.Must("dataset.all")}
	tenths := 10 * d.Read / max(1, d.Size)
	said := fmt.Sprintf("%s-%d-", j.state, tenths)
	d.State = said + fmt.Sprintf("%d-%d", d.Read, d.Lines)
	if r.URL.Query().Get("state") == d.State {
		w.WriteHeader(http.StatusNoContent)
		return http.StatusNoContent
	}
	d.Told = strings.HasPrefix(r.URL.Query().Get("state"), said)
	switch {
	case d.Waits:
		d.Far = l.Must("job.waits")
	case tenths == 0:
		d.Far = l.Must("job.runs", 0)
	default:
		d.Far = l.Must("job.far", l.Percent(float64(tenths)/10))
	}
	if j.nation {
		d.Sets = l.Must("annotate.where.nation")
	}
	if j.what.Dataset != "" {
		d.Sets = j.what.Dataset
	}
	status := http.StatusOK
	switch {
	case d.Ready:
		d.By, d.Leaf, d.Log = p.named(j.what.Ask, j.result.Verdict), j.result.Receipt.Index, p.log()
		d.Result, d.Shown = &annotated{Records: j.result.Records}, int(j.result.Records)
		if j.nation {
			d.Nation = p.partsOf(l, j.result.nation)
		}
		if j.result.Verdict.Policy != "" {
			d.Cost = j.result.Alleles
		}
		p.jobs.peek(j.job, func(in io.Reader) {
			if j.what.Compress {
				if z, err := gzip.NewReader(in); err == nil {
					in = z
				}
			}
			d.Result.Rows = tabulate(l, in)
		})
	case j.state == failed:
		if d.Denied = p.denial(r, j.what.Ask, j.err); d.Denied != nil {
			if r.Header.Get("HX-Request") == "" { // a page that renews itself takes nothing else than 200
				status = http.StatusForbidden
			}
			break
		}
		d.Wrong = l.Must("job.wrong")
		if k := fault.KindOf(j.err); k == fault.Invalid {
			d.Wrong, d.Said = l.Must("job.wrong.file"), explain(j.err)
		} else if k != fault.Conflict {
			p.site.Log(r, j.err)
		}
	}
	return p.pages.Render(w, r, web.Page{Name: "job", Title: l.Must(j.Title()), Status: status, Station: "use", Data: d, Live: d.Under})
}

// jobFile sends the result, and then lets it go. What breaks on the way can be fetched again.
func (p *Room) jobFile(w http.ResponseWriter, r *http.Request) int {
	j, ok := p.jobOf(r)
	if !ok {
		return p.noJob(w, r)
	}
	in, sent, ok := p.jobs.take(j.job)
	if !ok {
		return web.SeeOther(w, r, j.Href())
	}
	whole := false
	defer func() { sent(whole) }()
	name, kind := "annotated.vcf", "text/x-vcf; charset=utf-8"
	if j.what.Compress {
		name, kind = "annotated.vcf.gz", "application/gzip"
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Content-Length", strconv.FormatInt(in.Size(), 10))
	h.Set("Cache-Control", "no-store")
	n, err := io.Copy(w, in)
	if err == nil {
		err = http.NewResponseController(w).Flush()
	}
	whole = err == nil && n == in.Size() && r.Context().Err() == nil
	return http.StatusOK
}

// jobCancel stops a job, or throws its result away.
func (p *Room) jobCancel(w http.ResponseWriter, r *http.Request) int {
	j, ok := p.jobOf(r)
	if !ok {
		return p.noJob(w, r)
	}
	p.jobs.remove(j.job)
	return web.SeeOther(w, r, "/annotate?gone=yes")
}
