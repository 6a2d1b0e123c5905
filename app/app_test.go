package app_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/samverk/samverk/app"
)

// TestMain lets the test binary be another process: one that owns or serves a directory until its input ends.
func TestMain(m *testing.M) {
	for env, run := range map[string]func(string) error{ownEnv: ownUntilEOF, serveEnv: serveUntilEOF} {
		if dir := os.Getenv(env); dir != "" {
			if err := run(dir); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

const (
	ownEnv   = "APP_TEST_OWN"
	serveEnv = "APP_TEST_SERVE"
)

func ownUntilEOF(dir string) error {
	ctx := context.Background()
	return app.With(ctx, dir, "the other process", nil, func(c *app.Client) error {
		if _, err := c.Own(ctx); err != nil {
			return err
		}
		fmt.Println("owning")
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	})
}

func serveUntilEOF(dir string) error {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return app.With(ctx, dir, "the server", nil, func(c *app.Client) error {
		return app.Serve(ctx, c, app.ServeOptions{Addr: "127.0.0.1:0", Listening: func(url string) { fmt.Println(url) }})
	})
}

// owner starts another process that owns dir. Ending its input ends it in good order.
func owner(t *testing.T, dir string) (*exec.Cmd, io.WriteCloser) {
	t.Helper()
	cmd, in, said := other(t, ownEnv, dir)
	if said != "owning" {
		t.Fatalf("the other process said %q", said)
	}
	return cmd, in
}

// other starts another process, and gives its first line.
func other(t *testing.T, env, dir string) (*exec.Cmd, io.WriteCloser, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), env+"="+dir)
	cmd.Stderr = os.Stderr
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Process.Kill(); cmd.Wait() })
	l, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the other process said %q, %v", l, err)
	}
	return cmd, in, strings.TrimSpace(l)
}

// write makes a file.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// cohort makes a node with n people, P0 to Pn-1. Person i alone carries chr1-(1000+i)-A-G, once, and everybody carries chr1-9000-C-T.
func cohort(t *testing.T, n int) string {
	t.Helper()
	work := t.TempDir()
	dir := filepath.Join(work, "node")
	if err := app.Init(t.Context(), dir, app.Settings{Region: "Test"}); err != nil {
		t.Fatal(err)
	}
	var vcf, table strings.Builder
	vcf.WriteString("##fileformat=VCFv4.3\n##contig=<ID=chr1,length=248956422>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT")
	table.WriteString("sample\tindividual\tsex\n")
	for i := range n {
		fmt.Fprintf(&vcf, "\tS%d", i)
		fmt.Fprintf(&table, "S%d\tP%d\tunknown\n", i, i)
	}
	for v := range n + 1 {
		if v < n {
			fmt.Fprintf(&vcf, "\nchr1\t%d\t.\tA\tG\t.\tPASS\t.\tGT", 1000+v)
		} else {
			vcf.WriteString("\nchr1\t9000\t.\tC\tT\t.\tPASS\t.\tGT")
		}
		for i := range n {
			if i == v || v == n {
				vcf.WriteString("\t0/1")
			} else {
				vcf.WriteString("\t0/0")
			}
		}
	}
	vcf.WriteString("\n")
	q := app.LoadRequest{Dataset: "cohort", Files: []string{write(t, work, "c.vcf", vcf.String())}, Samples: write(t, work, "s.tsv", table.String()), By: "test"}
	err := app.With(t.Context(), dir, "test", nil, func(c *app.Client) error {
		_, err := app.Load.Call(t.Context(), c, q, app.Sink[app.None]{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// private names the variants that one person each carries.
func private(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("chr1-%d-A-G", 1000+i)
	}
	return names
}

// counted asks about everybody's private variant in one question, and tells who was counted.
func counted(ctx context.Context, c *app.Client, n int) (s seen, err error) {
	i := 0
	r, err := app.Query.Call(ctx, c, app.QueryRequest{Purpose: "research", Variants: private(n)}, app.Sink[app.Row]{Item: func(r app.Row) error {
		if n, ok := r.AC.Exact(); ok && n == 1 {
			s.who |= 1 << i
		}
		i++
		return nil
	}})
	s.epoch = r.ConsentEpoch
	return s, err
}
