package docs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const top = "../.."

// pages lists every page of the repository that somebody of ours wrote.
func pages(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/decisions/*.md"} {
		found, err := filepath.Glob(filepath.Join(top, pattern))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	if len(all) < 10 {
		t.Fatalf("only %d pages are found", len(all))
	}
	return all
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// block is what stands in a page between two fences, with the comment before it.
type block struct {
	line    int
	mark    string // "run", "file: NAME" or ""
	content []string
}

var comment = regexp.MustCompile(`^<!-- (run|file: [\w.-]+) -->$`)

func blocks(page string) []block {
	var all []block
	var now *block
	mark := ""
	for i, l := range strings.Split(page, "\n") {
		switch {
		case now != nil && l == "```":
			all, now = append(all, *now), nil
		case now != nil:
			now.content = append(now.content, l)
		case strings.HasPrefix(l, "```"):
			now, mark = &block{line: i + 1, mark: mark}, ""
		default:
			mark = ""
			if m := comment.FindStringSubmatch(l); m != nil {
				mark = m[1]
			}
		}
	}
	return all
}

// call is a command of a page, and what it has to print.
type call struct {
	line    int
	command string
	want    []string
}

func calls(b block) []call {
	var all []call
	for i, l := range b.content {
		if c, ok := strings.CutPrefix(l, "$ "); ok {
			all = append(all, call{line: b.line + i + 1, command: c})
		} else if len(all) > 0 {
			last := &all[len(all)-1]
			last.want = append(last.want, l)
		}
	}
	return all
}

// matches compares what was printed with what a page says.
func matches(want, got []string) bool {
	for i, w := range want {
		switch {
		case w == "…":
			for skip := 0; skip <= len(got); skip++ {
				if matches(want[i+1:], got[skip:]) {
					return true
				}
			}
			return false
		case len(got) == 0:
			return false
		case strings.HasSuffix(w, "…") && strings.HasPrefix(got[0], strings.TrimSuffix(w, "…")):
		case w != got[0]:
			return false
		}
		got = got[1:]
	}
	return len(got) == 0
}

var bin string // the folder of the program

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "samverk-docs-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", dir+"/samverk", top+"/cmd/samverk").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
			return 1
		}
		bin = dir
		return m.Run()
	}())
}

func TestPagesDoWhatTheySay(t *testing.T) {
	run := 0
	for _, page := range pages(t) {
		dir := t.TempDir()
		for _, b := range blocks(read(t, page)) {
			if name, ok := strings.CutPrefix(b.mark, "file: "); ok {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(b.content, "\n")+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if b.mark != "run" {
				continue
			}
			for _, c := range calls(b) {
				run++
				try(t, page, dir, c)
			}
		}
	}
	if run < 10 {
		t.Errorf("only %d commands were run", run)
	}
}

func try(t *testing.T, page, dir string, c call) {
	t.Helper()
	out, err := shell(dir, c.command)
	var got []string
	if len(out) > 0 {
		got = strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	}
	want := c.want
	for len(want) > 0 && want[len(want)-1] == "" {
		want = want[:len(want)-1]
	}
	if err != nil || !matches(want, got) {
		t.Errorf("%s:%d: $ %s: %v\nprints\n%s\nand not\n%s", filepath.Base(page), c.line, c.command, err, out, strings.Join(c.want, "\n"))
	}
}

func shell(dir, command string) (string, error) {
	sh := exec.Command("sh", "-c", command)
	sh.Dir = dir
	sh.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "SAMVERK_DATA=")
	out, err := sh.CombinedOutput()
	return string(out), err
}

func samverk(t *testing.T, words string) string {
	t.Helper()
	out, err := shell(t.TempDir(), "samverk "+words)
	if err != nil {
		t.Fatalf("samverk %s: %v\n%s", words, err, out)
	}
	return out
}

func TestREADMEHasEveryCommand(t *testing.T) {
	readme, found := read(t, filepath.Join(top, "README.md")), 0
	for _, m := range regexp.MustCompile(`(?m)^  ([a-z]+)  +[A-Z]`).FindAllStringSubmatch(samverk(t, "help"), -1) {
		found++
		if !regexp.MustCompile("(?m)^\\| .*`(samverk )?" + m[1] + "[` ]").MatchString(readme) {
			t.Errorf("README.md's table of commands lacks %s", m[1])
		}
	}
	if found < 15 {
		t.Errorf("only %d commands were found", found)
	}
}

func TestREADMEHasEveryExitCode(t *testing.T) {
	readme, found := read(t, filepath.Join(top, "README.md")), 0
	for _, m := range regexp.MustCompile(`(?m)^ *(\d+)  (?:[a-z ]+: )?(.+)$`).FindAllStringSubmatch(samverk(t, "help exit-codes"), -1) {
		found++
		if !strings.Contains(readme, "\n| "+m[1]+" | "+m[2]+" |\n") {
			t.Errorf("README.md lacks exit code %s, %s", m[1], m[2])
		}
	}
	if found < 8 {
		t.Errorf("only %d codes were found", found)
	}
}

// TestFormatsHasEveryField holds docs/formats.md to what query and annotate write.
func TestFormatsHasEveryField(t *testing.T) {
	page := read(t, filepath.Join(top, "docs", "formats.md"))
	var fields []string
	for _, b := range blocks(read(t, filepath.Join(top, "README.md"))) {
		for _, l := range b.content {
			for _, m := range regexp.MustCompile(`"(\w+)":`).FindAllStringSubmatch(l, -1) {
				fields = append(fields, m[1])
			}
			fields = append(fields, regexp.MustCompile(`SAMVERK_[A-Z]+`).FindAllString(l, -1)...)
		}
	}
	if len(fields) < 20 {
		t.Errorf("README.md shows only %d fields", len(fields))
	}
	for _, f := range fields {
		if !strings.Contains(page, "`"+f+"`") {
			t.Errorf("docs/formats.md lacks %s", f)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)|src="([^"]+)"`)

func TestLinksLeadSomewhere(t *testing.T) {
	for _, page := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, page), -1) {
			to, _, _ := strings.Cut(m[1]+m[2], "#")
			if to == "" || strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), filepath.FromSlash(to))); err != nil {
				t.Errorf("%s: %v", filepath.Base(page), err)
			}
		}
	}
}

var named = regexp.MustCompile("`([a-z][a-z0-9_/]*/[a-z0-9_./]+\\.(?:go|md|json|txtar))`")

func TestFilesNamedAreThere(t *testing.T) {
	for _, page := range pages(t) {
		for _, m := range named.FindAllStringSubmatch(read(t, page), -1) {
			if _, err := os.Stat(filepath.Join(top, filepath.FromSlash(m[1]))); err != nil {
				t.Errorf("%s: %v", filepath.Base(page), err)
			}
		}
	}
}

// TestSetUpCommands keeps the promise of two commands on a machine with Go.
func TestSetUpCommands(t *testing.T) {
	want := []string{"go run ./cmd/samverk demo", "go test ./..."}
	for _, b := range blocks(read(t, filepath.Join(top, "README.md"))) {
		if slices.Contains(b.content, want[0]) {
			if !slices.Equal(b.content, want) {
				t.Errorf("README.md:%d: the set-up is %q", b.line, b.content)
			}
			return
		}
	}
	t.Error("README.md doesn't begin with the two set-up commands")
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		want, got string
		ok        bool
	}{
		{"a\nb", "a\nb", true},
		{"a\nb", "a", false},
		{"a", "a\nb", false},
		{"a…", "a dog", true},
		{"a…", "b", false},
		{"a\n…", "a\nb\nc", true},
		{"…\nc", "a\nb\nc", true},
		{"…\nd", "a\nb\nc", false},
		{"…", "", true},
	} {
		if got := matches(strings.Split(c.want, "\n"), strings.Split(c.got, "\n")); got != c.ok {
			t.Errorf("%q and %q: %v", c.want, c.got, got)
		}
	}
}
