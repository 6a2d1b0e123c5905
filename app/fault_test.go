package app_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/samverk/samverk/app"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
)

// TestFaultsWhileServing takes away what a serving node stands on: over HTTP and on the command line nothing is answered, it is said why, and when it
// is put back the answer is what it was.
func TestFaultsWhileServing(t *testing.T) {
	dir := cohort(t, people)
	_, _, url := other(t, serveEnv, dir)
	err := app.With(t.Context(), dir, "test", nil, func(c *app.Client) error {
		_, err := command(t.Context(), c, act{person: 0, allow: true})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	away := func(names ...string) func() func() {
		return func() func() {
			move := func(from, to string) {
				for _, n := range names {
					if err := os.Rename(filepath.Join(dir, n)+from, filepath.Join(dir, n)+to); err != nil {
						t.Fatal(err)
					}
				}
			}
			move("", ".away")
			return func() { move(".away", "") }
		}
	}
	for _, f := range []struct {
		what, named string
		harm        func() (mend func())
	}{
		{"the log is gone", "the ledger can't be written", away("ledger/log")},
		{"the log can't be written", "read-only file system", func() func() {
			at := filepath.Join(dir, "ledger")
			testkit.Mount(t, "--bind", at, at)
			testkit.Command(t, "mount", "-o", "remount,bind,ro", at)
			return func() { testkit.Command(t, "mount", "-o", "remount,bind,rw", at) }
		}},
		{"the database is gone", "the database file isn't there", away("samverk.db", "samverk.db-wal", "samverk.db-shm")},
	} {
		t.Run(f.what, func(t *testing.T) {
			before := onTheCommandLine(t, dir, "")
			mend := f.harm()
			onTheCommandLine(t, dir, f.named)
			w, err := http.Get(url + "/api/v1/query?purpose=research&variant=" + private(1)[0])
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(w.Body)
			w.Body.Close()
			if w.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), f.named) || strings.Contains(string(body), `"ac"`) {
				t.Errorf("over HTTP: %s %s", w.Status, body)
			}
			mend()
			if after := onTheCommandLine(t, dir, ""); after != before {
				t.Errorf("%+v before and %+v after", before, after)
			}
			if s, err := countedOverHTTP(t.Context(), http.DefaultClient, url); err != nil || s != before {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
}

// onTheCommandLine asks who is counted, which is refused for a reason that has to be named, or answered.
func onTheCommandLine(t *testing.T, dir, refused string) (s seen) {
	t.Helper()
	err := app.With(t.Context(), dir, "test", nil, func(c *app.Client) (err error) {
		s, err = counted(t.Context(), c, people)
		return err
	})
	switch {
	case refused == "" && (err != nil || s.who != 1):
		t.Errorf("%+v, %v", s, err)
	case refused != "" && (s.who != 0 || fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), refused) || fault.HintOf(err) == ""):
		t.Errorf("%+v, %v (%s), want %q", s, err, fault.HintOf(err), refused)
	}
	return s
}
