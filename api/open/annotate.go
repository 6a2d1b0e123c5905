package open

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
)

// sink notes whether anything has been sent, after which an error can no longer get a status.
type sink struct {
	w    http.ResponseWriter
	sent bool
}

func (s *sink) Write(p []byte) (int, error) {
	s.sent = true
	return s.w.Write(p)
}

// annotate answers POST /api/v1/annotate: a VCF in, plain or compressed, and out as it comes. If the input turns
// out to be wrong when lines have gone out, the connection is cut: a caller never takes half a file for a whole one.
func (a *api) annotate(w http.ResponseWriter, r *http.Request) int {
	s := a.take()
	defer a.give(s)
	if err := s.p.read(r.URL.RawQuery, "purpose", "dataset", "compress", "assembly", "as"); err != nil {
		return a.fail(w, r, err)
	}
	ask, err := a.asking(r, &s.p)
	if err != nil {
		return a.fail(w, r, err)
	}
	compress := false
	if s.p.compress != "" {
		if compress, err = strconv.ParseBool(s.p.compress); err != nil {
			return a.fail(w, r, fault.New(fault.Invalid, "%q is neither true nor false", shorten(s.p.compress)).Where("compress"))
		}
	}
	assembly, known := variant.ParseAssembly(s.p.assembly)
	if s.p.assembly != "" && !known {
		return a.fail(w, r, fault.New(fault.Invalid, "%q is no assembly", shorten(s.p.assembly)).Where("assembly").Do("say GRCh38, or leave it out when the file says so itself"))
	}
	// HTTP/1.1 servers read the whole body before the answer unless told that both go at once.
	if err := http.NewResponseController(w).EnableFullDuplex(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return a.fail(w, r, fault.Wrap(fault.Internal, err, "the connection can't read and write at once"))
	}
	h := w.Header()
	h["Cache-Control"] = noStore
	h.Set("Content-Type", "text/x-vcf; charset=utf-8")
	if compress {
		h.Set("Content-Type", "application/gzip")
	}
	out := &sink{w: w}
	if _, err := a.desk.Annotate(r.Context(), answer.Annotation{Ask: ask, Assembly: assembly, Compress: compress}, r.Body, out); err != nil {
		if out.sent {
			a.log.Warn("annotation cut", "kind", fault.KindOf(err)) // what was wrong with a line would be somebody's genome in the log
			panic(http.ErrAbortHandler)
		}
		ask.Question = policy.Annotate
		return a.refuse(w, r, ask, err)
	}
	return http.StatusOK
}
