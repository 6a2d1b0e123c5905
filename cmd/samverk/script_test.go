package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/samverk/samverk/internal/testkit"
)

func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){"samverk": main})
}

// tests also stops the PostgreSQL server that a script may have started.
type tests struct{ m *testing.M }

func (t tests) Run() int { return testkit.Main(t.m) }

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exitcode": exitcode,
			"waitfor":  waitfor,
			"get":      get,
			"getuntil": getUntil,
			"fill":     fill,
			"damage":   damage,
			"change":   change,
			"cut":      cut,
			"postgres": func(ts *testscript.TestScript, _ bool, _ []string) { ts.Setenv("DSN", testkit.Postgres(t)) },
		},
		Condition: func(cond string) (bool, error) {
			if cond == "postgres" {
				return testkit.HavePostgres(), nil
			}
			return false, fmt.Errorf("no condition %q", cond)
		},
		RequireExplicitExec: false,
		UpdateScripts:       os.Getenv("UPDATE") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("COLUMNS", "80")
			e.Setenv("USER", "tester")
			return nil
		},
	})
}

// exitcode CODE COMMAND... runs a command that has to end with that code.
func exitcode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exitcode CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // as os/exec gives it
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, not %d", got, want)
	}
}

const patience = 2 * time.Minute

// until tries for as long as a busy machine may need.
func until(ts *testscript.TestScript, what string, f func() bool) {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if f() {
			return
		}
	}
	ts.Fatalf("waited in vain for %s", what)
}

// waitfor FILE REGEXP waits until a file has a line that matches, and puts the first group into $MATCH.
func waitfor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitfor FILE REGEXP")
	}
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	until(ts, strings.Join(args, " "), func() bool {
		b, _ := os.ReadFile(ts.MkAbs(args[0]))
		m := re.FindSubmatch(b)
		if len(m) > 1 {
			ts.Setenv("MATCH", string(m[1]))
		}
		return m != nil
	})
}

// get URL fetches a page to stdout; "! get" wants a failure.
func get(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: get URL")
	}
	res, err := http.Get(args[0])
	if neg {
		if err == nil && res.StatusCode < 400 {
			ts.Fatalf("%s: %s", args[0], res.Status)
		}
		return
	}
	ts.Check(err)
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		ts.Fatalf("%s: %s", args[0], res.Status)
	}
	b, err := io.ReadAll(res.Body)
	ts.Check(err)
	fmt.Fprint(ts.Stdout(), string(b))
}

// getuntil URL REGEXP fetches a page until it has a line that matches: what is signed or written a moment after its answer.
func getUntil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: getuntil URL REGEXP")
	}
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	until(ts, strings.Join(args, " "), func() bool {
		res, err := http.Get(args[0])
		ts.Check(err)
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		ts.Check(err)
		return res.StatusCode == http.StatusOK && re.Match(b)
	})
}

// fill LINK NAME=VALUE... opens a secret link as a browser does, and sends the form it leads to; "! fill" wants a refusal.
func fill(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: fill LINK NAME=VALUE...")
	}
	jar, err := cookiejar.New(nil)
	ts.Check(err)
	browser := http.Client{Jar: jar}
	res, err := browser.Get(args[0])
	ts.Check(err)
	ts.Check(res.Body.Close())
	values := url.Values{}
	for _, a := range args[1:] {
		name, value, _ := strings.Cut(a, "=")
		values.Add(name, value)
	}
	res, err = browser.PostForm(res.Request.URL.String(), values)
	ts.Check(err)
	ts.Check(res.Body.Close())
	if (res.StatusCode >= 400) != neg {
		ts.Fatalf("%s: %s", res.Request.URL, res.Status)
	}
}

// damage DIR turns a bit in the middle of every segment.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	files, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "*.seg"))
	ts.Check(err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		ts.Check(err)
		b[len(b)/2] ^= 1
		ts.Check(os.WriteFile(f, b, 0o600))
	}
}

// change LOG turns a bit in the leaves of a ledger.
func change(ts *testscript.TestScript, _ bool, args []string) {
	files, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "tile", "entries", "000.p", "*"))
	ts.Check(err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		ts.Check(err)
		b[len(b)/2] ^= 1
		ts.Check(os.WriteFile(f, b, 0o600))
	}
}

// cut FILE takes the last quarter of a file away.
func cut(ts *testscript.TestScript, _ bool, args []string) {
	st, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), st.Size()*3/4))
}
