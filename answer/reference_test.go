package answer_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/genome/variant"
)

// TestTypedVariantsAreNamedAsThoseInFiles asks for a deletion in a repeat by every place it can be written at.
func TestTypedVariantsAreNamedAsThoseInFiles(t *testing.T) {
	dir := t.TempDir()
	fasta, file := filepath.Join(dir, "ref.fa"), filepath.Join(dir, "a.vcf")
	line := strings.Repeat("N", 50) + "GATTTTTTTCAG"
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	length := int(variant.MT.Length())
	write(fasta, ">chrM\n"+line+strings.Repeat("A", length-len(line))+"\n")
	write(file, "##fileformat=VCFv4.2\n##reference=GRCh38\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n"+
		"chrM\t52\t.\tAT\tA\t.\tPASS\t.\tGT\t1\n")
	n := newNode(t)
	n.load(t, file, "")
	n.choose(t, true, 0)
	ref, err := variant.OpenReference(fasta)
	if err != nil {
		t.Fatal(err)
	}
	defer ref.Close()
	desk := n.NewDesk(n.deps.Store, ref)
	for _, typed := range []string{"chrM-52-AT-A", "chrM-53-TT-T", "chrM-58-TT-T", "chrM-56-TTT-TT", "chrM-51-GAT-GA"} {
		k, err := variant.ParseKey(typed)
		if err != nil {
			t.Fatal(err)
		}
		a, err := desk.Ask(t.Context(), answer.Question{Ask: research, Keys: []variant.Key{k}})
		if err != nil {
			t.Fatal(err)
		}
		if c := a.Counts[0]; c.AC.Low != 1 || c.AN.Low != 1 || c.Hemi.Low != 1 || !c.Exact() {
			t.Errorf("%s: %+v", typed, c)
		}
	}
	k, _ := variant.ParseKey("chrM-52-C-A")
	if _, err := desk.Ask(t.Context(), answer.Question{Ask: research, Keys: []variant.Key{k}}); err == nil {
		t.Error("a REF that the reference contradicts is answered")
	}
}
