package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/samverk/samverk/app"
)

// started is a samverk command under way; TestMain has put it in PATH.
func started(t *testing.T, stdin io.Reader, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := exec.Command("samverk", args...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = stdin, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd, &stderr
}

// TestInterrupted stops an annotation whose input never ends, as owner and as another process's client.
func TestInterrupted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "node")
	if err := app.Init(t.Context(), dir, app.Settings{}); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"as the owner", "as a client"} {
		t.Run(what, func(t *testing.T) {
			if what == "as a client" {
				c, err := app.Connect(t.Context(), dir, "the test", nil)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if _, err := c.Own(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			io.WriteString(w, "##fileformat=VCFv4.3\n##contig=<ID=chr1,length=248956422>\n")
			cmd, stderr := started(t, r, "annotate", "--data", dir, "--purpose", "care")
			time.Sleep(300 * time.Millisecond) // so that it waits for its input; earlier is a test too, of less
			cmd.Process.Signal(syscall.SIGINT)
			err = cmd.Wait()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted || !strings.Contains(stderr.String(), "samverk: interrupted") {
				t.Errorf("%v, %s", err, stderr)
			}
		})
	}
}
