package together_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/federation/together"
	"github.com/samverk/samverk/internal/testnode"
)

// file is a VCF of records of one base for another, from a position on, and what others have at theirs.
func file(records int, more ...string) string {
	var b strings.Builder
	b.WriteString("##fileformat=VCFv4.3\n##contig=<ID=chr22,length=50818468>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
	for _, m := range more {
		p := strings.Split(m, "-")
		fmt.Fprintf(&b, "%s\t%s\t.\t%s\t%s\t.\t.\tOLD=1\n", p[0], p[1], p[2], p[3])
	}
	for i := range records {
		fmt.Fprintf(&b, "chr22\t%d\t.\tA\tC\t.\t.\t.\n", 50_001_000+i)
	}
	return b.String()
}

// info is the INFO of each record.
func info(vcf string) (out []string) {
	for l := range strings.Lines(vcf) {
		if !strings.HasPrefix(l, "#") {
			out = append(out, strings.TrimSpace(strings.Split(l, "\t")[7]))
		}
	}
	return out
}

// Of one region the numbers are its own; of two with the same people they are twice as many.
func TestAnnotate(t *testing.T) {
	x := newNation(t, 1, together.Options{}, generous(t))
	in := file(3000, testnode.Carried, testnode.Assumed, testnode.Unread, testnode.Zero)
	var alone, asked, two bytes.Buffer
	a := answer.Annotation{Ask: testnode.Clinician(), Name: "in.vcf"}
	local, err := x.regions[0].Desk.Annotate(t.Context(), a, strings.NewReader(in), &alone)
	must(t, err)
	sum, err := x.desk.Annotate(t.Context(), a, strings.NewReader(in), &asked)
	must(t, err)
	if !sum.Complete() || sum.Records != local.Records || sum.Alleles != local.Alleles || sum.Known != local.Known || sum.Parts[0].Alleles != local.Alleles || sum.Parts[0].Individuals != local.Individuals {
		t.Errorf("%+v, and alone %+v", sum, local)
	}
	own, nation := info(alone.String()), info(asked.String())
	for i := range own {
		want := own[i]
		if !strings.HasSuffix(nation[i], ";SAMVERK_ANSWERED=1") {
			t.Fatalf("record %d: %s", i, nation[i])
		}
		if got := strings.TrimSuffix(nation[i], ";SAMVERK_ANSWERED=1"); got != want {
			t.Errorf("record %d: %s, and alone %s", i, got, want)
		}
	}
	again := x.add(t, "again", federation.Options{})
	again.Fill(t)
	again.Adopt(t, generous(t))
	_, err = x.desk.Annotate(t.Context(), a, strings.NewReader(file(0, testnode.Zero)), &two)
	must(t, err)
	var n, twice int
	if _, err := fmt.Sscanf(field(info(alone.String())[3], "SAMVERK_AN"), "%d", &n); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(field(info(two.String())[0], "SAMVERK_AN"), "%d", &twice); err != nil || twice != 2*n || !strings.Contains(two.String(), ";SAMVERK_ANSWERED=2") {
		t.Errorf("%d and then %d: %v\n%s", n, twice, err, two.String())
	}
	if !strings.Contains(two.String(), `##samverk=<ID=again,Node="Region again",Purpose=care,Answer=answered,`) {
		t.Errorf("the header doesn't name the nodes:\n%s", two.String())
	}
}

func field(info, name string) string {
	for f := range strings.SplitSeq(info, ";") {
		if v, ok := strings.CutPrefix(f, name+"="); ok {
			return v
		}
	}
	return ""
}

// A region that falls silent in the middle stays so, and the records say from where on.
func TestAnnotateGoesOn(t *testing.T) {
	x := newNation(t, 2, together.Options{}, generous(t))
	var questions atomic.Int64
	x.regions[1].stub(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/ask") || questions.Add(1) <= 2 {
			return false
		}
		w.WriteHeader(http.StatusBadGateway)
		return true
	})
	var out bytes.Buffer
	sum, err := x.desk.Annotate(t.Context(), answer.Annotation{Ask: testnode.Clinician(), Name: "in.vcf"}, strings.NewReader(file(200_000)), &out)
	must(t, err)
	if sum.Complete() || sum.Records != 200_000 || sum.Parts[0].How != together.Answered || sum.Parts[0].Alleles != 200_000 || sum.Parts[1].How == together.Answered || sum.Parts[1].Why == nil ||
		sum.Parts[1].Alleles == 0 || sum.Parts[1].Alleles >= 200_000 {
		t.Errorf("%+v", sum)
	}
	both, one := 0, 0
	for _, i := range info(out.String()) {
		switch field(i, "SAMVERK_ANSWERED") {
		case "2":
			both++
		case "1":
			one++
		}
	}
	if both != int(sum.Parts[1].Alleles) || both+one != 200_000 {
		t.Errorf("%d records say both and %d one, of %d that the second answered", both, one, sum.Parts[1].Alleles)
	}

	for _, r := range x.regions { // nobody is left
		must(t, r.nodes.Revoke(t.Context(), "nation", "a test"))
	}
	if _, err = x.desk.Annotate(t.Context(), answer.Annotation{Ask: testnode.Clinician(), Name: "in.vcf"}, strings.NewReader(file(1)), &out); err == nil {
		t.Error("nobody answered, and there was an annotation")
	}
	if _, err = x.desk.Annotate(t.Context(), answer.Annotation{Ask: testnode.Clinician(), Name: "in.vcf"}, strings.NewReader("no VCF"), &out); fault.KindOf(err) != fault.Invalid {
		t.Errorf("%v", err)
	}
}
