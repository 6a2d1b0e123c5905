package ledger

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
)

const victimEnv = "SAMVERK_TEST_LEDGER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimEnv); dir != "" {
		victim(dir)
	}
	os.Exit(testkit.Main(m))
}

// victim is the process that is killed: it appends from many goroutines for as long as it lives, and says what
// was acknowledged.
func victim(dir string) {
	l, err := Open(context.Background(), dir, testOptions())
	if err != nil {
		fmt.Println("failed", err)
		os.Exit(1)
	}
	if err := os.WriteFile(filepath.Join(dir, "unsynced"), []byte("forget me"), 0o600); err != nil {
		fmt.Println("failed", err)
		os.Exit(1)
	}
	for a := range 16 {
		go func() {
			for i := a; ; i += 16 {
				r, err := l.Append(context.Background(), aUse(i))
				if err != nil {
					fmt.Println("failed", err)
					os.Exit(1)
				}
				fmt.Printf("ack %d %x\n", r.Index, r.Hash)
			}
		}()
	}
	select {}
}

type acked map[uint64]string

// run starts a victim, lets it live until after after its first word, and gives what it had acknowledged when stop returned.
func (a acked) run(t *testing.T, dir string, after time.Duration, stop func(*os.Process)) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), victimEnv+"="+dir)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	go func() {
		time.Sleep(after)
		stop(c.Process)
		_ = c.Process.Kill()
	}()
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // what isn't a whole line wasn't said
		}
		var i uint64
		var h string
		if n, _ := fmt.Sscanf(line, "ack %d %s", &i, &h); n != 2 {
			t.Fatal(line)
		}
		if was, twice := a[i]; twice && was != h {
			t.Fatalf("leaf %d was acknowledged as two", i)
		}
		a[i] = h
	}
	_ = c.Wait()
}

// check opens the log as after any restart, and looks for everything that was acknowledged.
func (a acked) check(t *testing.T, dir string) {
	t.Helper()
	l, err := Open(t.Context(), dir, testOptions())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	there := map[uint64]string{}
	r, err := Verify(t.Context(), l.Source(), l.PublicKey(), func(i uint64, x Leaf) error {
		b, err := x.Encode()
		h := tlog.RecordHash(b)
		there[i] = hex.EncodeToString(h[:])
		return err
	})
	if err != nil || !r.OK() {
		t.Fatal(err, r.Damage)
	}
	for i, h := range a {
		if there[i] != h {
			t.Fatalf("leaf %d was acknowledged and is lost (%d leaves)", i, r.Leaves)
		}
	}
}

func TestKilledAtAnyMoment(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ledger")
	r := rand.New(rand.NewPCG(3, 4))
	a := acked{}
	for range long(30, 300) {
		a.run(t, dir, time.Duration(r.IntN(250))*time.Millisecond, func(*os.Process) {})
		a.check(t, dir)
	}
	t.Logf("%d leaves acknowledged, none lost", len(a))
	if len(a) < 100 {
		t.Errorf("only %d leaves were acknowledged: the test shows little", len(a))
	}
}

// unmount waits for what a closed log or a killed process still has open.
func unmount(t *testing.T, at string) {
	t.Helper()
	for try := 0; ; try++ {
		out, err := exec.Command("umount", at).CombinedOutput()
		if err == nil {
			return
		}
		if try == 100 {
			t.Fatalf("%s", out)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// TestForgetfulFileSystem cuts the power: the log is on a file system in an image, to which the kernel writes nothing but what
// was synced. A copy of the image at any moment is what a disk would be left with.
func TestForgetfulFileSystem(t *testing.T) {
	if _, err := exec.LookPath("mkfs.ext4"); err != nil || os.Getuid() != 0 {
		t.Skip("needs mkfs.ext4, and root to mount")
	}
	tmp := t.TempDir()
	image, left, at := filepath.Join(tmp, "image"), filepath.Join(tmp, "left"), filepath.Join(tmp, "at")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, 48<<20); err != nil {
		t.Fatal(err)
	}
	testkit.Command(t, "mkfs.ext4", "-q", "-F", image)
	if err := os.Mkdir(at, 0o700); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(5, 6))
	a, forgot := acked{}, false
	for range long(6, 60) {
		testkit.Mount(t, "-o", "loop,commit=300", image, at)
		a.run(t, filepath.Join(at, "ledger"), time.Duration(r.IntN(400))*time.Millisecond, func(p *os.Process) {
			_ = p.Signal(syscall.SIGSTOP)
			time.Sleep(50 * time.Millisecond) // calls under way come to their end
			if out, err := exec.Command("cp", "--sparse=always", image, left).CombinedOutput(); err != nil {
				t.Errorf("%s", out)
			}
		})
		unmount(t, at)
		if err := os.Rename(left, image); err != nil {
			t.Fatal(err)
		}
		testkit.Mount(t, "-o", "loop,commit=300", image, at)
		b, _ := os.ReadFile(filepath.Join(at, "ledger", "unsynced"))
		forgot = forgot || len(b) == 0
		a.check(t, filepath.Join(at, "ledger"))
		_ = os.Remove(filepath.Join(at, "ledger", "unsynced"))
		unmount(t, at)
	}
	if !forgot {
		t.Error("the file system forgot nothing: the test shows nothing")
	}
	t.Logf("%d leaves acknowledged, none lost", len(a))
}

func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	testkit.Mount(t, "-t", "tmpfs", "-o", "size=1m", "none", dir)
	l := openIn(t, filepath.Join(dir, "ledger"))
	a := acked{}
	var err error
	for i := 0; err == nil && i < 10_000; i++ {
		var r Receipt
		if r, err = l.Append(t.Context(), aUse(i)); err == nil {
			a[r.Index] = hex.EncodeToString(r.Hash[:])
		}
	}
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "no space left") {
		t.Fatal(err)
	}
	t.Logf("%d leaves, then: %v", len(a), err)
	if _, err := l.Append(t.Context(), aUse(0)); err == nil {
		t.Fatal("written on a full disk")
	}
	testkit.Command(t, "mount", "-o", "remount,size=16m", dir)
	r, err := l.Append(t.Context(), aUse(0))
	if err != nil {
		t.Fatal(err)
	}
	a[r.Index] = hex.EncodeToString(r.Hash[:])
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.check(t, filepath.Join(dir, "ledger"))
}

func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	testkit.Mount(t, "-t", "tmpfs", "-o", "size=16m", "none", dir)
	l := openIn(t, filepath.Join(dir, "ledger"))
	testkit.Command(t, "mount", "-o", "remount,ro", dir)
	if _, err := l.Append(t.Context(), aUse(1)); fault.KindOf(err) != fault.Unavailable {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), filepath.Join(dir, "ledger"), testOptions()); fault.KindOf(err) != fault.Unavailable {
		t.Fatal(err)
	}
	testkit.Command(t, "mount", "-o", "remount,rw", dir)
	if _, err := l.Append(t.Context(), aUse(1)); err != nil {
		t.Fatal(err)
	}
}

// TestGoneUnderIt takes the log away from an open ledger: nothing may be acknowledged from then on.
func TestGoneUnderIt(t *testing.T) {
	for _, gone := range []string{"log", "log/.state", "log/.state/treeState", "log/tile"} {
		dir := t.TempDir()
		l := openIn(t, dir)
		appendMany(t, l, 300, 50)
		if err := os.RemoveAll(filepath.Join(dir, gone)); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if r, err := l.Append(t.Context(), aUse(1)); err == nil {
				t.Errorf("%s is gone, and leaf %d was acknowledged", gone, r.Index)
			}
		}
	}
}
