package vcf

import (
	"strconv"
	"strings"

	"github.com/samverk/samverk/genome/variant"
)

// maxHeader bounds the text of a header.
const maxHeader = 256 << 20

// Definition is an INFO, FORMAT or FILTER line of the header.
type Definition struct {
	ID, Number, Type, Description string
	Line                          int64
}

// Header is what stands before the records.
type Header struct {
	Version              string // "VCFv4.2"
	Reference            string // ##reference, as written; "" when not told
	Contigs              []variant.Contig
	Info, Format, Filter map[string]Definition
	Samples              []string
	Lines                []string // every ## line as written, without its end; the #CHROM line is not among them
	HasFormat            bool     // the #CHROM line has a FORMAT column
}

// columns are the fixed columns of the #CHROM line.
var columns = [...]string{"#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"}

// header reads lines up to and including #CHROM.
func (s *Scanner) header() (*Header, error) {
	h := &Header{Info: map[string]Definition{}, Format: map[string]Definition{}, Filter: map[string]Definition{}}
	size := 0
	for {
		line, err := s.readLine()
		if err != nil {
			return nil, err
		}
		if line == nil {
			return nil, s.Fault(s.line, "", "the file ends before its #CHROM line").Do("is this a VCF file, and is it whole?")
		}
		if size += len(line); size > maxHeader {
			return nil, s.Fault(s.line, "", "the header is longer than %d MiB", maxHeader>>20)
		}
		text := string(line)
		switch {
		case s.line == 1 && !strings.HasPrefix(strings.TrimPrefix(text, "\ufeff"), "##fileformat=VCF"):
			return nil, s.Fault(1, "", "not a VCF file: the first line is not ##fileformat=VCF…").Do("give VCF text, plain or compressed with bgzip or gzip; BCF: bcftools view")
		case strings.HasPrefix(text, "##"), s.line == 1:
			if err := h.meta(text, s); err != nil {
				return nil, err
			}
		case strings.HasPrefix(text, "#CHROM"):
			err := h.sampleLine(text, s)
			return h, err
		default:
			return nil, s.Fault(s.line, "", "a record before the #CHROM line")
		}
	}
}

// meta reads one ## line. What we have no use for is kept as text only.
func (h *Header) meta(text string, s *Scanner) error {
	h.Lines = append(h.Lines, text)
	key, value, ok := strings.Cut(strings.TrimPrefix(text, "##"), "=")
	if !ok {
		return nil
	}
	switch key {
	case "reference":
		h.Reference = value
	case "contig":
		return h.contig(value, s)
	case "INFO":
		define(h.Info, value, s.line)
	case "FORMAT":
		define(h.Format, value, s.line)
	case "FILTER":
		define(h.Filter, value, s.line)
	default:
		if strings.HasSuffix(key, "fileformat") && h.Version == "" {
			h.Version = value
		}
	}
	return nil
}

func define(to map[string]Definition, value string, line int64) {
	f := attributes(value)
	if id := f["ID"]; id != "" {
		if _, twice := to[id]; !twice {
			to[id] = Definition{id, f["Number"], f["Type"], f["Description"], line}
		}
	}
}

func (h *Header) contig(value string, s *Scanner) error {
	f := attributes(value)
	c := variant.Contig{Name: f["ID"], Assembly: f["assembly"], Line: s.line}
	if c.Name == "" {
		return nil
	}
	if l := f["length"]; l != "" {
		n, err := strconv.ParseUint(l, 10, 32)
		if err != nil {
			return s.Fault(s.line, "contig "+c.Name, "length %q is not a number", l)
		}
		c.Length = uint32(n)
	}
	h.Contigs = append(h.Contigs, c)
	return nil
}

// attributes reads <ID=a,Description="b, c">; a value in quotes may hold commas and escaped quotes. Text that
// is not of that form gives what could be read of it.
func attributes(s string) map[string]string {
	out := map[string]string{}
	s = strings.TrimSuffix(strings.TrimPrefix(s, "<"), ">")
	for s != "" {
		key, rest, ok := strings.Cut(s, "=")
		if !ok {
			break
		}
		var value string
		if strings.HasPrefix(rest, `"`) {
			end := 1
			for end < len(rest) && rest[end] != '"' {
				if rest[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end, len(rest))
			value, rest = rest[1:end], rest[min(end+1, len(rest)):]
			_, rest, _ = strings.Cut(rest, ",")
		} else {
			value, rest, _ = strings.Cut(rest, ",")
		}
		key = strings.TrimSpace(key)
		if _, twice := out[key]; !twice {
			out[key] = value
		}
		s = rest
	}
	return out
}

// sampleLine reads the #CHROM line.
func (h *Header) sampleLine(text string, s *Scanner) error {
	f := strings.Split(text, "\t")
	for i, want := range columns[:min(len(f), len(columns))] {
		if f[i] != want {
			return s.Fault(s.line, want, "column %d of the #CHROM line is %q", i+1, f[i]).Do("columns are separated by tabs")
		}
	}
	if len(f) < 8 {
		return s.Fault(s.line, "", "the #CHROM line has %d columns, fewer than 8", len(f)).Do("columns are separated by tabs")
	}
	h.HasFormat = len(f) > 8
	if !h.HasFormat {
		return nil
	}
	h.Samples = f[9:]
	seen := make(map[string]bool, len(h.Samples))
	for i, name := range h.Samples {
		if name == "" {
			return s.Fault(s.line, "", "column %d has no sample name", i+10)
		}
		if seen[name] {
			return s.Fault(s.line, "", "sample %q stands twice", name).Do("give every column a name of its own: bcftools reheader -s")
		}
		seen[name] = true
	}
	return nil
}
