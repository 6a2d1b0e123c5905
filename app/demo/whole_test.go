package demo

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/samverk/samverk/app"
)

// TestMain lets the test binary be the process that loads, so that it can be killed.
func TestMain(m *testing.M) {
	if node := os.Getenv("DEMO_TEST_LOAD"); node != "" {
		if err := loadSlice(node, os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func loadSlice(node, work string) error {
	ctx, b := context.Background(), bench{dir: work}
	return app.With(ctx, node, "load", nil, func(c *app.Client) error {
		_, err := app.Load.Call(ctx, c, app.LoadRequest{Dataset: "slice", Files: []string{b.path("slice.vcf.gz")},
			Samples: b.path("samples.tsv"), Consent: b.path("consent.csv"), By: "test"}, app.Sink[app.None]{})
		return err
	})
}

// slice makes an empty node, and the slice's files beside it.
func slice(t *testing.T) (node string, b bench) {
	t.Helper()
	b.dir = t.TempDir()
	var err error
	if b.people, err = people(); err != nil {
		t.Fatal(err)
	}
	if err := b.files(); err != nil {
		t.Fatal(err)
	}
	node = filepath.Join(b.dir, "node")
	if err := app.Init(t.Context(), node, app.Settings{Region: "Test"}); err != nil {
		t.Fatal(err)
	}
	return node, b
}

// askCommon gives the row of a common variant.
func askCommon(t *testing.T, node string) (row app.Row) {
	t.Helper()
	err := app.With(t.Context(), node, "ask", nil, func(c *app.Client) error {
		_, err := app.Query.Call(t.Context(), c, app.QueryRequest{Purpose: "research", Variants: []string{"chr22-50000165-C-T"}},
			app.Sink[app.Row]{Item: func(r app.Row) error { row = r; return nil }})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func loader(t *testing.T, node string, b bench) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], b.dir)
	cmd.Env, cmd.Stderr = append(os.Environ(), "DEMO_TEST_LOAD="+node), os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	return cmd
}

// TestAskedWhileLoading has other commands ask the process that loads: they are answered, and see all of the load or nothing.
func TestAskedWhileLoading(t *testing.T) {
	node, b := slice(t)
	cmd := loader(t, node, b)
	var over atomic.Bool
	go func() {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
		over.Store(true)
	}()
	answers, during := map[string]int{}, 0
	for {
		last := over.Load()
		r := askCommon(t, node)
		answers[describe(r)]++
		if last {
			break
		}
		during++
	}
	if len(answers) > 2 || during == 0 {
		t.Errorf("%d questions while it was loaded; answers: %v", during, answers)
	}
	r := askCommon(t, node)
	if n, ok := r.IndividualsCounted.Exact(); !ok || n != len(b.people)/2 {
		t.Errorf("%s of %d individuals are counted", r.IndividualsCounted, len(b.people)/2)
	}
}

func describe(r app.Row) string {
	if !r.Covered {
		return fmt.Sprintf("no answer, %s individuals, epoch %d", r.IndividualsCounted, r.ConsentEpoch)
	}
	return fmt.Sprintf("AC %s, AN %s, %s individuals, epoch %d", r.AC, r.AN, r.IndividualsCounted, r.ConsentEpoch)
}

// TestKilledLoad kills the process that loads, early and late: the node is as before, and the next load is whole.
func TestKilledLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("loads the slice again and again")
	}
	node, b := slice(t)
	for _, after := range []time.Duration{50, 200, 500} {
		cmd := loader(t, node, b)
		time.Sleep(after * time.Millisecond)
		cmd.Process.Kill()
		cmd.Wait()
		if r := askCommon(t, node); r.IndividualsCounted.High != 0 && r.IndividualsCounted.Low != len(b.people)/2 {
			t.Fatalf("killed after %v ms: %s", int(after), describe(r))
		}
		err := app.With(t.Context(), node, "verify", nil, func(c *app.Client) error {
			_, err := app.Verify.Call(t.Context(), c, app.None{}, app.Sink[app.None]{})
			return err
		})
		if err != nil {
			t.Fatalf("killed after %v ms: %v", int(after), err)
		}
	}
	if err := loadSlice(node, b.dir); err != nil {
		t.Fatal(err)
	}
	if r := askCommon(t, node); r.IndividualsCounted.Low != len(b.people)/2 {
		t.Error(describe(r))
	}
}
