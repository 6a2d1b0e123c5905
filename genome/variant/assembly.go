package variant

import (
	"strings"

	"github.com/samverk/samverk/fault"
)

// Assembly is a human reference assembly by its official name; "" is not known.
type Assembly string

// The assemblies that are recognised. Only GRCh38 is accepted.
const (
	GRCh38   Assembly = "GRCh38"
	GRCh37   Assembly = "GRCh37"
	HG19     Assembly = "hg19" // GRCh37 with another mitochondrial sequence (16,571 bases)
	NCBI36   Assembly = "NCBI36"
	T2TCHM13 Assembly = "T2T-CHM13v2.0"
)

// lengths of 1–22, X, Y and MT, from the assemblies' own reports at NCBI.
var lengths = map[Assembly][25]uint32{
	GRCh38: {248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636, 138394717, 133797422,
		135086622, 133275309, 114364328, 107043718, 101991189, 90338345, 83257441, 80373285, 58617616, 64444167,
		46709983, 50818468, 156040895, 57227415, 16569},
	GRCh37: {249250621, 243199373, 198022430, 191154276, 180915260, 171115067, 159138663, 146364022, 141213431, 135534747,
		135006516, 133851895, 115169878, 107349540, 102531392, 90354753, 81195210, 78077248, 59128983, 63025520,
		48129895, 51304566, 155270560, 59373566, 16569},
	NCBI36: {247249719, 242951149, 199501827, 191273063, 180857866, 170899992, 158821424, 146274826, 140273252, 135374737,
		134452384, 132349534, 114142980, 106368585, 100338915, 88827254, 78774742, 76117153, 63811651, 62435964,
		46944323, 49691432, 154913754, 57772954, 16571},
	T2TCHM13: {248387328, 242696752, 201105948, 193574945, 182045439, 172126628, 160567428, 146259331, 150617247, 134758134,
		135127769, 133324548, 113566686, 101161492, 99753195, 96330374, 84276897, 80542538, 61707364, 66210255,
		45090682, 51324926, 154259566, 62460029, 16569},
}

// grch38 is lengths[GRCh38] where it can be had without a map.
var grch38 = lengths[GRCh38]

func (a Assembly) length(c Chrom) uint32 { return lengths[a][c-1] }

// ParseAssembly reads an assembly's name as people write it: GRCh38, hg38, GRCh37, hg19, b37, CHM13 …
func ParseAssembly(s string) (Assembly, bool) {
	a := assemblyIn(s)
	return a, a != ""
}

// assemblyWords are looked for in lower-case text, the first that is found decides. GCA/GCF_000001405
// is the Genome Reference Consortium's human assembly: .15 and .26 to .40 are GRCh38 and its patches.
var assemblyWords = []struct {
	word string
	is   Assembly
}{
	{"grch38", GRCh38}, {"hg38", GRCh38}, {"hs38", GRCh38}, {"b38", GRCh38}, {"gca_000001405.15", GRCh38},
	{"gcf_000001405.26", GRCh38}, {"gcf_000001405.3", GRCh38}, {"gcf_000001405.40", GRCh38},
	{"grch37", GRCh37}, {"hg19", GRCh37}, {"hs37", GRCh37}, {"b37", GRCh37}, {"g1k_v37", GRCh37}, {"gcf_000001405.25", GRCh37},
	{"gcf_000001405.13", GRCh37}, {"chm13", T2TCHM13}, {"t2t", T2TCHM13}, {"ncbi36", NCBI36}, {"hg18", NCBI36}, {"b36", NCBI36},
}

func assemblyIn(text string) Assembly {
	text = strings.ToLower(text)
	for _, w := range assemblyWords {
		if strings.Contains(text, w.word) {
			return w.is
		}
	}
	return ""
}

// Contig is a sequence as a file's header declares it.
type Contig struct {
	Name     string
	Length   uint32 // 0 when not told
	Assembly string // the header's assembly attribute, if any
	Line     int64
}

// Detect says which assembly a file is on: by its contigs' lengths and accessions; else by what the
// contigs' assembly attributes or ##reference say; else as the operator states. It refuses what is not
// GRCh38, by name, and what can't be told. The error has no file name yet.
func Detect(contigs []Contig, reference string, stated Assembly) error {
	sure := false
	for _, c := range contigs {
		ok, err := c.check()
		if err != nil {
			return err
		}
		sure = sure || ok
	}
	if sure {
		return nil
	}
	said, place := assemblyIn(reference), "##reference"
	for _, c := range contigs {
		if a := assemblyIn(c.Assembly); a != "" {
			said, place = a, "##contig"
			break
		}
	}
	switch {
	case said == GRCh38:
		return nil
	case said != "":
		return wrongAssembly(said).Where(place)
	case stated == GRCh38:
		return nil
	case stated != "":
		return wrongAssembly(stated)
	}
	return fault.New(fault.Invalid, "the header does not say which assembly the positions are on").
		Do("if you know that it is GRCh38, say so with --assembly GRCh38")
}

// check compares one contig with GRCh38; ok when its length or accession proves it.
func (c Contig) check() (ok bool, err error) {
	if a, ch := parseRefSeq(c.Name); a != "" && ch != 0 {
		if a != GRCh38 {
			return false, wrongAssembly(a).OnLine(c.Line).Where("contig " + c.Name)
		}
		ok = true
	}
	ch, known := ParseChrom(c.Name)
	if !known || c.Length == 0 {
		return ok, nil
	}
	if c.Length == GRCh38.length(ch) {
		return ok || ch != MT, nil // every assembly but hg19 has the same mitochondrial sequence
	}
	for _, a := range []Assembly{GRCh37, T2TCHM13, NCBI36} {
		if c.Length == a.length(ch) {
			if a == NCBI36 && ch == MT {
				a = HG19
			}
			return false, wrongAssembly(a).OnLine(c.Line).Where("contig " + c.Name)
		}
	}
	return false, fault.New(fault.Invalid, "length %d is not GRCh38's %d, nor that of any assembly we know", c.Length, GRCh38.length(ch)).
		OnLine(c.Line).Where("contig " + c.Name).Do("only GRCh38 is accepted: realign the sample or lift the file over to GRCh38")
}

func wrongAssembly(a Assembly) *fault.Error {
	return fault.New(fault.Invalid, "the file is on %s; only GRCh38 is accepted", a).
		Do("realign the sample, or lift the file over from %s to GRCh38 (and check REF against the FASTA)", a)
}
