package answer_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/bgzf"
)

// An annotation that ends in an error doesn't end like one that is whole: whoever reads it from a pipe can tell.
func TestAnnotationThatFailsIsNotAWholeFile(t *testing.T) {
	n := newNode(t)
	in := "##fileformat=VCFv4.2\n##reference=GRCh38\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n" +
		"chr1\t1000\t.\tA\tC\t.\t.\t.\nchr1\tx\t.\tA\tC\t.\t.\t.\n"
	var out bytes.Buffer
	_, err := n.Annotate(t.Context(), answer.Annotation{Ask: research, Name: "in.vcf", Compress: true}, strings.NewReader(in), &out)
	if fault.KindOf(err) != fault.Invalid {
		t.Fatalf("annotated: %v", err)
	}
	var whole bytes.Buffer
	w, err := bgzf.NewWriter(&whole, bgzf.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if bytes.HasSuffix(out.Bytes(), whole.Bytes()) { // an empty file is the end-of-file block
		t.Error("it ends with the end-of-file block")
	}
}
