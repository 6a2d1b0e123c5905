package owner_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/samverk/samverk/app/owner"
	"github.com/samverk/samverk/fault"
)

// tally is a node small enough to test its ownership: a number in a file.
type tally struct{ path string }

func openTally(dir string) *tally { return &tally{path: filepath.Join(dir, "tally")} }

func (t *tally) read() int {
	b, _ := os.ReadFile(t.path)
	n, _ := strconv.Atoi(string(b))
	return n
}

var tallyMu sync.Mutex

var add = owner.Op[*tally, int, owner.None, int]{Name: "add",
	Run: func(t *tally, _ context.Context, n int, _ owner.Sink[owner.None]) (int, error) {
		if n < 0 {
			return 0, fault.New(fault.Invalid, "%d is less than nothing", n).In("tally.txt").OnLine(7).Where("n").Do("add more")
		}
		tallyMu.Lock()
		defer tallyMu.Unlock()
		sum := t.read() + n
		return sum, os.WriteFile(t.path, []byte(strconv.Itoa(sum)), 0o600)
	}}

// wait runs until the file it is given exists.
var wait = owner.Op[*tally, string, int, int]{Name: "wait", Long: true,
	Run: func(_ *tally, ctx context.Context, file string, s owner.Sink[int]) (int, error) {
		if err := s.Item(os.Getpid()); err != nil {
			return 0, err
		}
		s.Progress(owner.Progress{Phase: "waiting", Total: 1})
		for {
			if _, err := os.Stat(file); err == nil {
				return os.Getpid(), nil
			}
			select {
			case <-ctx.Done():
				return 0, ctx.Err()
			case <-time.After(time.Millisecond):
			}
		}
	}}

var upper = owner.Stream[*tally, string, int64]{Name: "upper",
	Run: func(_ *tally, _ context.Context, stopAt string, in io.Reader, out io.Writer, _ func(owner.Progress)) (int64, error) {
		r, n := bufio.NewReader(in), int64(0)
		for {
			s, err := r.ReadString('\n')
			if s != "" && strings.TrimSpace(s) == stopAt {
				return n, fault.New(fault.Invalid, "the word that stops").OnLine(3)
			}
			k, werr := io.WriteString(out, strings.ToUpper(s))
			n += int64(k)
			if werr != nil {
				return n, werr
			}
			if err == io.EOF {
				return n, nil
			}
			if err != nil {
				return n, err
			}
		}
	}}

func client(ctx context.Context, dir, command string) *owner.Client[*tally] {
	return patient(ctx, dir, command, 0)
}

func patient(ctx context.Context, dir, command string, patience time.Duration) *owner.Client[*tally] {
	return owner.New(ctx, owner.Config[*tally]{
		Dir: dir, Command: command, Patience: patience,
		Open:   func(context.Context) (*tally, error) { return openTally(dir), nil },
		Close:  func(*tally) error { return nil },
		Routes: []owner.Route[*tally]{add.Route(), wait.Route(), upper.Route()},
	})
}

// TestMain lets the test binary be the other process.
func TestMain(m *testing.M) {
	if dir := os.Getenv("TALLY_DIR"); dir != "" {
		if err := other(dir, os.Args[1], os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func other(dir, what, arg string) error {
	ctx := context.Background()
	c := client(ctx, dir, what)
	defer c.Close()
	switch what {
	case "own":
		if _, err := c.Own(ctx); err != nil {
			return err
		}
		fmt.Println("owning")
		io.Copy(io.Discard, os.Stdin)
	case "wait":
		_, err := wait.Call(ctx, c, arg, owner.Sink[int]{Item: func(pid int) error { _, err := fmt.Println("waiting", pid); return err }})
		return err
	case "add":
		n, _ := strconv.Atoi(arg)
		for range n {
			one := client(ctx, dir, what) // a command of its own each time
			_, err := add.Call(ctx, one, 1, owner.Sink[owner.None]{})
			if cerr := one.Close(); err == nil {
				err = cerr
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// process starts another process and reads its first line, if it says anything.
func process(t *testing.T, dir string, args ...string) (*exec.Cmd, io.WriteCloser, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "TALLY_DIR="+dir)
	cmd.Stderr = os.Stderr
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Process.Kill(); cmd.Wait() })
	if args[0] == "add" {
		return cmd, in, ""
	}
	said, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the other process said nothing: %v", err)
	}
	return cmd, in, strings.TrimSpace(said)
}

func TestSameAnswerHereAndThere(t *testing.T) {
	dir := t.TempDir()
	here := client(t.Context(), dir, "here")
	defer here.Close()
	if _, err := here.Own(t.Context()); err != nil {
		t.Fatal(err)
	}
	there := client(t.Context(), dir, "there")
	for i, c := range []*owner.Client[*tally]{here, there} {
		sum, err := add.Call(t.Context(), c, 5, owner.Sink[owner.None]{})
		if err != nil || sum != 5*(i+1) {
			t.Errorf("client %d: %d, %v", i, sum, err)
		}
		_, err = add.Call(t.Context(), c, -1, owner.Sink[owner.None]{})
		if err == nil || err.Error() != "tally.txt:7: n: -1 is less than nothing" || fault.KindOf(err) != fault.Invalid || fault.HintOf(err) != "add more" {
			t.Errorf("client %d: %v, hint %q", i, err, fault.HintOf(err))
		}
	}
}

func TestStreams(t *testing.T) {
	dir := t.TempDir()
	here := client(t.Context(), dir, "here")
	defer here.Close()
	if _, err := here.Own(t.Context()); err != nil {
		t.Fatal(err)
	}
	there := client(t.Context(), dir, "there")
	big := strings.Repeat("a line of text that is to be shouted\n", 200_000)
	for name, c := range map[string]*owner.Client[*tally]{"here": here, "there": there} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			n, err := upper.Call(t.Context(), c, "stop", strings.NewReader(big), &out, nil)
			if err != nil || n != int64(len(big)) || out.String() != strings.ToUpper(big) {
				t.Errorf("%d of %d bytes, %v", n, len(big), err)
			}
			// A refusal in the middle of an input that goes on.
			out.Reset()
			_, err = upper.Call(t.Context(), c, "stop", strings.NewReader("a\nb\nstop\n"+big), &out, nil)
			if err == nil || err.Error() != "line 3: the word that stops" || fault.KindOf(err) != fault.Invalid {
				t.Errorf("got %v", err)
			}
			if !strings.HasPrefix(out.String(), "A\nB\n") {
				t.Errorf("what came before the refusal is lost: %.20q", out.String())
			}
		})
	}
}

func TestKilledOwnerBlocksNobody(t *testing.T) {
	dir := t.TempDir()
	cmd, _, _ := process(t, dir, "own", "-")
	c := client(t.Context(), dir, "there")
	if _, err := add.Call(t.Context(), c, 1, owner.Sink[owner.None]{}); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	if _, err := os.Stat(filepath.Join(dir, "samverk.sock")); err != nil {
		t.Fatal("a killed process should have left its socket: ", err)
	}
	if sum, err := add.Call(t.Context(), c, 1, owner.Sink[owner.None]{}); err != nil || sum != 2 {
		t.Fatal(sum, err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "samverk.sock")); err == nil {
		t.Fatal("the socket outlived its owner")
	}
}

func TestKilledInTheMiddle(t *testing.T) {
	dir := t.TempDir()
	cmd, _, _ := process(t, dir, "own", "-")
	c := client(t.Context(), dir, "there")
	defer c.Close()
	_, err := wait.Call(t.Context(), c, filepath.Join(dir, "never"), owner.Sink[int]{Item: func(int) error { return cmd.Process.Kill() }})
	if fault.KindOf(err) != fault.Unavailable || fault.HintOf(err) == "" {
		t.Fatalf("got %v", err)
	}
}

func TestManyCommandsAtOnce(t *testing.T) {
	dir := t.TempDir()
	var cmds []*exec.Cmd
	for range 4 {
		cmd, _, _ := process(t, dir, "add", "25")
		cmds = append(cmds, cmd)
	}
	for _, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	if n := openTally(dir).read(); n != 100 {
		t.Errorf("100 commands added 1 each: %d", n)
	}
}

func TestManyClientsOfOneOwner(t *testing.T) {
	dir := t.TempDir()
	process(t, dir, "own", "-")
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			c := client(t.Context(), dir, "one of many")
			defer c.Close()
			for range 4 {
				if _, err := add.Call(t.Context(), c, 1, owner.Sink[owner.None]{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := openTally(dir).read(); n != 200 {
		t.Errorf("200 additions: %d", n)
	}
}

func TestLongCommandServesOthersAndAShortOneTakesOnNothingLong(t *testing.T) {
	dir := t.TempDir()
	end := filepath.Join(dir, "end")
	cmd, _, said := process(t, dir, "wait", end)
	if said != fmt.Sprint("waiting ", cmd.Process.Pid) {
		t.Fatal(said)
	}
	c := client(t.Context(), dir, "short")
	if _, err := add.Call(t.Context(), c, 1, owner.Sink[owner.None]{}); err != nil { // while the long one runs
		t.Fatal(err)
	}
	if _, err := patient(t.Context(), dir, "second", time.Millisecond).Own(t.Context()); fault.KindOf(err) != fault.Unavailable ||
		!strings.Contains(err.Error(), fmt.Sprintf("'wait' (process %d)", cmd.Process.Pid)) {
		t.Fatal("two owners: ", err)
	}
	os.WriteFile(end, nil, 0o600)
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}

	// Now the short one owns it, and holds on to it.
	if _, err := add.Call(t.Context(), c, 1, owner.Sink[owner.None]{}); err != nil {
		t.Fatal(err)
	}
	waits := client(t.Context(), dir, "long")
	done := make(chan int)
	go func() {
		pid, err := wait.Call(t.Context(), waits, end, owner.Sink[int]{})
		if err != nil {
			t.Error(err)
		}
		done <- pid
	}()
	select {
	case <-done:
		t.Fatal("a short command took on a long operation")
	case <-time.After(50 * time.Millisecond):
	}
	c.Close()
	<-done
	waits.Close()
}

func TestCancelReachesTheOwner(t *testing.T) {
	dir := t.TempDir()
	_, in, _ := process(t, dir, "own", "-")
	ctx, cancel := context.WithCancel(t.Context())
	c := client(ctx, dir, "there")
	_, err := wait.Call(ctx, c, filepath.Join(dir, "never"), owner.Sink[int]{Item: func(int) error { cancel(); return nil }})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	in.Close() // the owner waits for long operations: it ends only if the cancelled one did
	again := client(t.Context(), dir, "next")
	defer again.Close()
	if _, err := again.Own(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestEndingTheOwnerEndsWhatItDoesForOthers(t *testing.T) {
	dir := t.TempDir()
	life, end := context.WithCancel(t.Context())
	first := client(life, dir, "first")
	if _, err := first.Own(life); err != nil {
		t.Fatal(err)
	}
	c := client(t.Context(), dir, "there")
	defer c.Close()
	_, err := wait.Call(t.Context(), c, filepath.Join(dir, "never"), owner.Sink[int]{Item: func(int) error { end(); return nil }})
	if fault.KindOf(err) != fault.Unavailable || fault.HintOf(err) == "" {
		t.Errorf("got %v", err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
}

func TestLongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("d", 120))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd, in, _ := process(t, dir, "own", "-")
	b, err := os.ReadFile(filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	path := strings.TrimSpace(string(b))
	if st, err := os.Stat(filepath.Dir(path)); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("the socket's directory: %v, %v", st.Mode(), err)
	}
	c := client(t.Context(), dir, "there")
	if _, err := add.Call(t.Context(), c, 1, owner.Sink[owner.None]{}); err != nil {
		t.Fatal(err)
	}
	in.Close()
	cmd.Wait()
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket outlived its owner")
	}
	// A killed owner's socket goes when the next one comes.
	cmd, _, _ = process(t, dir, "own", "-")
	b, _ = os.ReadFile(filepath.Join(dir, "socket"))
	cmd.Process.Kill()
	cmd.Wait()
	if _, err := add.Call(t.Context(), c, 1, owner.Sink[owner.None]{}); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if _, err := os.Stat(filepath.Dir(strings.TrimSpace(string(b)))); err == nil {
		t.Error("a dead owner's socket stays for ever")
	}
}

func TestNoDirectory(t *testing.T) {
	c := client(t.Context(), filepath.Join(t.TempDir(), "none"), "add")
	_, err := add.Call(t.Context(), c, 1, owner.Sink[owner.None]{})
	if fault.KindOf(err) != fault.Unavailable || fault.HintOf(err) == "" {
		t.Fatal(err)
	}
}

func TestFailedOpeningLeavesNothingHeld(t *testing.T) {
	dir := t.TempDir()
	sick := errors.New("sick")
	c := owner.New(t.Context(), owner.Config[*tally]{Dir: dir,
		Open:  func(context.Context) (*tally, error) { return nil, sick },
		Close: func(*tally) error { return nil }, Routes: []owner.Route[*tally]{add.Route()}})
	if _, err := add.Call(t.Context(), c, 1, owner.Sink[owner.None]{}); !errors.Is(err, sick) {
		t.Fatal(err)
	}
	well := client(t.Context(), dir, "well")
	defer well.Close()
	if _, err := add.Call(t.Context(), well, 1, owner.Sink[owner.None]{}); err != nil {
		t.Fatal(err)
	}
}

func TestStreamOfShortCommandsKeepsNoLongOneOut(t *testing.T) {
	dir := t.TempDir()
	end := filepath.Join(dir, "end")
	if err := os.WriteFile(end, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		process(t, dir, "add", "1000000")
	}
	for range 5 {
		c := client(t.Context(), dir, "long")
		if _, err := wait.Call(t.Context(), c, end, owner.Sink[int]{}); err != nil {
			t.Error(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOwnerWaitsForTheLongWorkItTookOn(t *testing.T) {
	dir := t.TempDir()
	end, end2 := filepath.Join(dir, "end"), filepath.Join(dir, "end2")
	first, _, _ := process(t, dir, "wait", end)
	c := client(t.Context(), dir, "second")
	defer c.Close()
	begun, done := make(chan bool, 1), make(chan int, 1)
	go func() {
		pid, err := wait.Call(t.Context(), c, end2, owner.Sink[int]{Progress: func(owner.Progress) { begun <- true }})
		if err != nil {
			t.Error(err)
		}
		done <- pid
	}()
	<-begun // by the first process
	if err := os.WriteFile(end, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	select {
	case <-done:
		t.Fatal("the second operation ended by itself")
	case <-time.After(50 * time.Millisecond): // its own work is over; it has to stay
	}
	if err := os.WriteFile(end2, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if pid := <-done; pid != first.Process.Pid {
		t.Errorf("the work was done by process %d", pid)
	}
	if err := first.Wait(); err != nil {
		t.Error(err)
	}
}
