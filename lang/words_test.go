package lang

import (
	"testing"
	"testing/fstest"
)

func words(t *testing.T) map[string]*Words {
	t.Helper()
	w, err := Read(all("a.b[one] = %[1]d sak\na.b[other] = %[1]d saker\na.c = <b>%s</b> av %[2]d"))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// all gives the same messages in every language.
func all(text string) fstest.MapFS {
	m := fstest.MapFS{}
	for _, c := range Codes {
		m["messages/"+c+".txt"] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

func TestNumbers(t *testing.T) {
	w := words(t)
	for _, c := range []struct{ lang, number, half, percent, rare, common, size string }{
		{"en", "1,234,567", "0.50", "12%", "2.15\u00a0×\u00a010<sup>−4</sup>", "0.217", "12.3\u00a0MB"},
		{"sv", "1\u00a0234\u00a0567", "0,50", "12\u00a0%", "2,15\u00a0×\u00a010<sup>−4</sup>", "0,217", "12,3\u00a0MB"},
		{"nb", "1\u00a0234\u00a0567", "0,50", "12\u00a0%", "2,15\u00a0×\u00a010<sup>−4</sup>", "0,217", "12,3\u00a0MB"},
	} {
		l := w[c.lang]
		number, err := l.Number(1234567)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{number, l.Decimal(.5, 2), l.Percent(.123), string(l.Frequency(.000215)), string(l.Frequency(.2168)), l.Bytes(12_345_678)}
		for i, want := range []string{c.number, c.half, c.percent, c.rare, c.common, c.size} {
			if got[i] != want {
				t.Errorf("%s: %q, want %q", c.lang, got[i], want)
			}
		}
	}
	en := w["en"]
	for f, want := range map[float64]string{0: "0", .00999999: "0.010", .0094999: "9.50\u00a0×\u00a010<sup>−3</sup>", .00099999: "1.00\u00a0×\u00a010<sup>−3</sup>", 1: "1.000"} {
		if got := string(en.Frequency(f)); got != want {
			t.Errorf("Frequency(%g) = %q, want %q", f, got, want)
		}
	}
	for f, want := range map[float64]string{1: "1", .5: "0.5", .25: "0.25", .032: "0.032", .00032: "3.2\u00a0×\u00a010<sup>−4</sup>"} {
		if got := string(en.Scale(f)); got != want {
			t.Errorf("Scale(%g) = %q, want %q", f, got, want)
		}
	}
	for want, f := range map[string][2]float64{
		"0.41–1.66\u00a0×\u00a010<sup>−4</sup>": {.000041, .000166}, "0.005–0.120": {.0051, .12}, "0–2.15\u00a0×\u00a010<sup>−4</sup>": {0, .000215}, "0.217": {.2168, .2168},
		"0.50–1.00\u00a0×\u00a010<sup>−3</sup>": {.0005, .00099999}, "0": {0, 0},
	} {
		if got := string(en.Frequencies(f[0], f[1])); got != want {
			t.Errorf("Frequencies(%v) = %q, want %q", f, got, want)
		}
	}
	if _, err := en.Number("7"); err == nil {
		t.Error("a text was taken for a number")
	}
	for n, want := range map[int64]string{0: "0\u00a0byte", 999: "999\u00a0byte", 1000: "1.0\u00a0kB", 123_456: "123\u00a0kB"} {
		if got := en.Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q", n, got)
		}
	}
}

func TestMessages(t *testing.T) {
	sv := words(t)["sv"]
	if got := sv.Must("a.b", 1) + ", " + sv.Must("a.b", 12345); got != "1 sak, 12\u00a0345 saker" {
		t.Errorf("%q", got)
	}
	html, err := sv.HTML("a.c", "<script>", 2000)
	if err != nil || html != "<b>&lt;script&gt;</b> av 2\u00a0000" {
		t.Errorf("%q %v", html, err)
	}
	if _, err := sv.T("a.d"); err == nil {
		t.Error("a key that nobody wrote gave a message")
	}
}
