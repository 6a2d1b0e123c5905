package app

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
)

// Annotate annotates. Where both ends are files the owner opens them; what is standard input or output
// streams through the socket, or through nothing when the work is done here.
func Annotate(ctx context.Context, c *Client, q AnnotateRequest, in io.Reader, out io.Writer, progress func(Progress)) (AnnotateResult, error) {
	if q.In != "" && q.Out != "" {
		return annotateFile.Call(ctx, c, q, Sink[None]{Progress: progress})
	}
	if q.In == "" {
		in = &watched{r: in, progress: progress}
	} else {
		in = strings.NewReader("")
	}
	return annotateBytes.Call(ctx, c, q, in, out, progress)
}

// watched tells how many bytes have been read.
type watched struct {
	r        io.Reader
	n        int64
	progress func(Progress)
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if w.n += int64(n); w.progress != nil {
		w.progress(Progress{Phase: "annotating", Done: w.n, Unit: "bytes"})
	}
	return n, err
}

func (n *Node) annotateFile(ctx context.Context, q AnnotateRequest, s Sink[None]) (AnnotateResult, error) {
	return n.annotateBytes(ctx, q, nil, nil, s.Progress)
}

// annotateBytes opens what is named and uses in and out for what isn't.
func (n *Node) annotateBytes(ctx context.Context, q AnnotateRequest, in io.Reader, out io.Writer, progress func(Progress)) (AnnotateResult, error) {
	a, err := n.annotation(q)
	if err != nil {
		return AnnotateResult{}, err
	}
	if q.Reference != "" {
		if a.Reference, err = variant.OpenReference(q.Reference); err != nil {
			return AnnotateResult{}, err
		}
		defer func() { _ = a.Reference.Close() }() // it was only read
	}
	if q.In != "" {
		f, err := openInput(q.In)
		if err != nil {
			return AnnotateResult{}, err
		}
		defer f.Close()
		in, a.Progress = f, fileProgress("annotating", f, progress)
	}
	if q.Out == "" {
		return n.annotate(ctx, a, in, out)
	}
	f, err := create(q.Out, 0o666)
	if err != nil {
		return AnnotateResult{}, err
	}
	defer f.discard()
	if !q.Index {
		r, err := n.annotate(ctx, a, in, f)
		if err != nil {
			return r, err
		}
		return r, f.keep()
	}
	index, err := create(q.Out+".tbi", 0o666)
	if err != nil {
		return AnnotateResult{}, err
	}
	defer index.discard()
	a.Index = index
	r, err := n.annotate(ctx, a, in, f)
	if err != nil {
		return r, err
	}
	return r, errors.Join(f.keep(), index.keep()) // the index last: one that is older than its file is worse than none
}

// fileProgress tells how much of a file has been read.
func fileProgress(phase string, f *os.File, progress func(Progress)) func(int64) {
	var total int64
	if st, err := f.Stat(); err == nil && st.Mode().IsRegular() {
		total = st.Size()
	}
	return func(done int64) { progress(Progress{Phase: phase, Done: done, Total: total, Unit: "bytes"}) }
}

func (n *Node) annotation(q AnnotateRequest) (answer.Annotation, error) {
	ask, err := q.As.asking(q.Purpose, q.Dataset)
	if err != nil {
		return answer.Annotation{}, err
	}
	zipped := q.Bgzip || strings.HasSuffix(q.Out, ".gz") || strings.HasSuffix(q.Out, ".bgz")
	switch {
	case q.Index && q.Out == "":
		return answer.Annotation{}, fault.New(fault.Invalid, "standard output has no index").Where("--index").Do("name a file with -o")
	case q.Index && !zipped:
		return answer.Annotation{}, fault.New(fault.Invalid, "only a bgzip file has an index").Where("--index").Do("name the output *.vcf.gz")
	case zipped && (q.Level < 1 || q.Level > 9):
		return answer.Annotation{}, fault.New(fault.Invalid, "there is no compression level %d", q.Level).Where("--level").Do("levels go from 1 to 9")
	case q.Out != "" && q.Out == q.In:
		return answer.Annotation{}, fault.New(fault.Invalid, "the output would replace the input").Where("-o").Do("name another file")
	}
	a := answer.Annotation{Ask: ask, Name: cmp.Or(q.In, "standard input"), Compress: zipped, Level: q.Level}
	if q.Assembly != "" {
		var ok bool
		if a.Assembly, ok = variant.ParseAssembly(q.Assembly); !ok {
			return a, fault.New(fault.Invalid, "%q is no assembly we know", q.Assembly).Where("--assembly").Do("only GRCh38 is accepted")
		}
	}
	return a, nil
}

func (n *Node) annotate(ctx context.Context, a answer.Annotation, in io.Reader, out io.Writer) (AnnotateResult, error) {
	r, err := n.desk.Annotate(ctx, a, in, out)
	return AnnotateResult{Records: r.Records, Alleles: r.Alleles, Known: r.Known, IndividualsCounted: Told(r.Individuals), ConsentEpoch: r.Epoch, Leaf: r.Receipt.Index}, n.refusal(a.Ask, policy.Annotate, err)
}
