package consent_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

func TestReadCSV(t *testing.T) {
	want := []consent.Line{
		{Number: 2, ID: "a", Purpose: consent.Care, Allow: true},
		{Number: 4, ID: `b, "c"`, Purpose: consent.Research},
		{Number: 5, ID: "a", Purpose: consent.Care, Allow: true},
	}
	plain := "individual,purpose,allow\na,care,true\n\n\"b, \"\"c\"\"\",research,false\na,care,TRUE\n"
	for name, text := range map[string]string{
		"plain":                plain,
		"byte order mark":      "\ufeff" + plain,
		"CRLF":                 strings.ReplaceAll(plain, "\n", "\r\n"),
		"no newline at end":    strings.TrimSuffix(plain, "\n"),
		"heading in capitals":  strings.Replace(plain, "individual,purpose", "Individual,PURPOSE", 1),
		"columns in any order": "allow,individual,purpose\ntrue,a,care\n\nfalse,\"b, \"\"c\"\"\",research\nTRUE,\"a\",care",
	} {
		got, err := consent.ReadCSV(strings.NewReader(text), "c.csv")
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(name, diff)
		}
	}
}

func TestCSVErrorsNameTheLine(t *testing.T) {
	const heading = "individual,purpose,allow\n"
	for text, want := range map[string]string{
		"":                                 "c.csv: the file is empty",
		"\n\n":                             "c.csv: the file is empty",
		"a,care,true\n":                    "c.csv:1: the heading",
		"individual;purpose;allow\n":       "c.csv:1: the heading",
		"individual,purpose,allow,x\n":     "c.csv:1: the heading",
		heading + "a,care\n":               "c.csv:2: the line has 2 fields",
		heading + "a,care,true,\n":         "c.csv:2: the line has 4 fields",
		heading + "\n,care,true\n":         "c.csv:3: individual: ",
		heading + " a,care,true\n":         "c.csv:2: individual: ",
		heading + "a,cure,true\n":          "c.csv:2: purpose: ",
		heading + "a,care,ja\n":            `c.csv:2: allow: "ja" is neither`,
		heading + "a,care,\n":              "c.csv:2: allow: ",
		heading + "\"a,care,true\n":        "c.csv:2: a quotation mark",
		heading + "\"a\"b,care,true\n":     "c.csv:2: a quotation mark",
		heading + "a\"b,care,true\n":       "c.csv:2: a quotation mark",
		heading + "a\xff,care,true\n":      "c.csv:2: the line is not UTF-8",
		"\xff\xfei\x00n\x00\n":             "c.csv:1: the line is not UTF-8",
		heading + strings.Repeat("x", 1e5): "c.csv:2: the line is longer",
		heading + "a,care,true\nb,care,true\na,care,false\n": `c.csv:4: allow: individual "a" says both yes and no to care, here and on line 2`,
	} {
		_, err := consent.ReadCSV(strings.NewReader(text), "c.csv")
		if err == nil || !strings.HasPrefix(err.Error(), want) || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%.40q: %v, want %s", text, err, want)
		}
	}
}

func TestImport(t *testing.T) {
	n := open(t, testkit.SQLite(t), filepath.Join(t.TempDir(), "j"))
	defer n.close(t)
	n.enrol(t, "a", "b")
	lines, err := consent.ReadCSV(strings.NewReader("individual,purpose,allow\na,care,true\nb,care,false\n"), "c.csv")
	if err != nil {
		t.Fatal(err)
	}
	n.write(t, func(ctx context.Context, tx *storage.Tx) error {
		return n.consents.Import(ctx, tx, "staff", "c.csv", lines)
	})
	if got := n.allowed(t, consent.Care); len(got) != 1 || got[0] != 0 {
		t.Error(got)
	}
	lines[1].ID = "nobody"
	err = n.Write(t.Context(), func(tx *storage.Tx) error {
		return n.consents.Import(t.Context(), tx, "staff", "c.csv", lines)
	})
	if fault.KindOf(err) != fault.NotFound || !strings.HasPrefix(err.Error(), "c.csv:3: individual: ") {
		t.Error(err)
	}
}

func FuzzReadCSV(f *testing.F) {
	f.Add("individual,purpose,allow\na,care,true\n")
	f.Add("\ufeffallow,purpose,individual\r\ntrue,care,\"a\"\"b\"\r\n")
	f.Add("individual,purpose,allow\n\"a\nb\",care,true\n")
	f.Fuzz(func(t *testing.T, text string) {
		lines, err := consent.ReadCSV(strings.NewReader(text), "f")
		if err != nil {
			if k := fault.KindOf(err); k != fault.Invalid {
				t.Fatal(k, err)
			}
			return
		}
		// What was read can be written and read again.
		var b strings.Builder
		b.WriteString("individual,purpose,allow\n")
		for _, l := range lines {
			fmt.Fprintf(&b, "\"%s\",%s,%v\n", strings.ReplaceAll(l.ID, `"`, `""`), l.Purpose, l.Allow)
		}
		again, err := consent.ReadCSV(strings.NewReader(b.String()), "f")
		if err != nil || len(again) != len(lines) {
			t.Fatal(err)
		}
		for i := range lines {
			again[i].Number = lines[i].Number
		}
		if diff := cmp.Diff(lines, again); diff != "" {
			t.Fatal(diff)
		}
	})
}
