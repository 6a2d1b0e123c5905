package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

// Genome i of these tests carries sharedKeys variants that everybody has, and ownKeys of its own.
const (
	sharedKeys = 50
	ownKeys    = 400
)

func sharedKey(j int) variant.Key {
	return variant.Key{Chrom: 1, Pos: uint32(1000 + 10*j), Ref: []byte("A"), Alt: []byte("C")}
}

func ownKey(i, j int) variant.Key {
	return variant.Key{Chrom: 2, Pos: uint32(1000 + i*ownKeys + j), Ref: []byte("G"), Alt: []byte("T")}
}

// loadGenome loads genome i as one act.
func loadGenome(ctx context.Context, db *storage.DB, s *Store, i int) error {
	l, err := s.NewLoad(ctx, LoadSpec{Dataset: "d", Samples: []Sample{{Name: fmt.Sprint("S", i), Individual: individual.Number(i)}}})
	if err != nil {
		return err
	}
	defer l.Abort()
	if err := fillGenome(l, i); err != nil {
		return err
	}
	if _, err := l.Seal(ctx); err != nil {
		return err
	}
	return db.Write(ctx, func(tx *storage.Tx) error { return l.Commit(ctx, tx) })
}

func fillGenome(l *Load, i int) error {
	r, err := l.NewRun([]uint32{0})
	if err != nil {
		return err
	}
	add := func(k variant.Key) {
		if err == nil {
			err = r.Add(&Record{Key: k, Entries: []Entry{MakeEntry(0, variant.Het)}})
		}
	}
	for j := range sharedKeys {
		add(sharedKey(j))
	}
	for j := range ownKeys {
		add(ownKey(i, j))
	}
	return errors.Join(err, r.Close())
}

// visible gives the genomes in a store, after checking that each is there wholly or not at all and that verify finds nothing.
func visible(t *testing.T, s *Store, upTo int) map[int]bool {
	t.Helper()
	snap := s.Snapshot()
	v, err := snap.Verify(t.Context(), nil)
	if err != nil || len(v.Faults) > 0 {
		t.Fatalf("verify: %v %v", err, v.Faults)
	}
	all := &individual.Set{Words: make([]uint64, upTo/64+1)}
	for i := range all.Words {
		all.Words[i] = ^uint64(0)
	}
	mask, err := snap.Mask(all, "")
	if err != nil {
		t.Fatal(err)
	}
	c := snap.Counter(mask)
	ac := func(k variant.Key) int {
		n, err := c.Count(k)
		if err != nil {
			t.Fatal(err)
		}
		return int(n.AC)
	}
	there := map[int]bool{}
	for i := range upTo {
		n := 0
		for j := range ownKeys {
			n += ac(ownKey(i, j))
		}
		if n != 0 && n != ownKeys {
			t.Fatalf("genome %d is half there: %d of %d variants", i, n, ownKeys)
		}
		if n > 0 {
			there[i] = true
		}
	}
	for j := range sharedKeys {
		if n := ac(sharedKey(j)); n != len(there) {
			t.Fatalf("%d carry a variant that all %d have", n, len(there))
		}
	}
	return there
}

func openAt(t testing.TB, dir string) (*storage.DB, *Store) {
	t.Helper()
	ctx := context.Background()
	db, err := storage.Open(ctx, filepath.Join(dir, "samverk.db"), storage.Options{Migrations: []fs.FS{Migrations()}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(ctx, db, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return db, s
}

// TestKill kills a process that loads and compacts at a random moment, again and again: what it
// acknowledged is there, what it didn't is there wholly or not at all, and nothing is left lying about.
func TestKill(t *testing.T) {
	if dir := os.Getenv("SAMVERK_TEST_KILL_DIR"); dir != "" {
		loadUntilKilled(t, dir)
		return
	}
	times := 20
	if os.Getenv("SAMVERK_LONG") == "1" {
		times = 200
	}
	rng := rand.New(testkit.Rand(20261122))
	dir := t.TempDir()
	next := 0
	for round := range times {
		if round%40 == 39 { // a new directory now and then keeps a round quick
			dir, next = t.TempDir(), 0
		}
		acknowledged := killedRound(t, rng, dir, next)
		db, s := openAt(t, dir)
		there := visible(t, s, acknowledged+3)
		for i := range acknowledged {
			if !there[i] {
				t.Fatalf("round %d: genome %d was acknowledged and is gone", round, i)
			}
		}
		if len(there) > acknowledged+1 {
			t.Fatalf("round %d: %d genomes are there, %d were acknowledged", round, len(there), acknowledged)
		}
		if files, named := segmentFiles(t, dir), len(s.Snapshot().Files()); files != named {
			t.Fatalf("round %d: %d segment files, the manifest names %d", round, files, named)
		}
		next = len(there)
		_ = s.Close()
		_ = db.Close()
	}
}

func segmentFiles(t *testing.T, dir string) (n int) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

// killedRound starts a process that loads from genome next on, kills it, and tells how many genomes it acknowledged in all.
func killedRound(t *testing.T, rng *rand.Rand, dir string, next int) int {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKill$", "-test.count=1")
	cmd.Env = append(os.Environ(), "SAMVERK_TEST_KILL_DIR="+dir, "SAMVERK_TEST_KILL_NEXT="+strconv.Itoa(next))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	acknowledged := next
	var timer *time.Timer
	for lines.Scan() {
		text := lines.Text()
		if text == "ready" { // from here on it is at work
			timer = time.AfterFunc(time.Duration(rng.IntN(150_000))*time.Microsecond, func() { _ = cmd.Process.Signal(syscall.SIGKILL) })
		}
		if n, ok := strings.CutPrefix(text, "loaded "); ok {
			if acknowledged, err = strconv.Atoi(n); err != nil {
				t.Fatal(err)
			}
			acknowledged++
		}
	}
	_ = cmd.Wait()
	if timer == nil {
		t.Fatal("the process ended before it was at work")
	}
	return acknowledged
}

// loadUntilKilled is the process that is killed.
func loadUntilKilled(t *testing.T, dir string) {
	ctx := context.Background()
	db, s := openAt(t, dir)
	next, err := strconv.Atoi(os.Getenv("SAMVERK_TEST_KILL_NEXT"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("ready")
	go func() {
		for {
			if _, err := s.Compact(ctx, false); err != nil {
				fmt.Println(err)
			}
			if _, err := s.Compact(ctx, true); err != nil {
				fmt.Println(err)
			}
		}
	}()
	for i := next; i < next+1000; i++ {
		if err := loadGenome(ctx, db, s, i); err != nil {
			t.Fatal(err)
		}
		fmt.Println("loaded", i)
	}
}

// TestPowerLoss loses everything that was not synced after each commit: the manifest never names a file that is not there whole.
func TestPowerLoss(t *testing.T) {
	ctx := t.Context()
	db, err := storage.Open(ctx, testkit.SQLite(t), storage.Options{Migrations: []fs.FS{Migrations()}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	files := newForgetful()
	for i := range 30 {
		s, err := Open(ctx, db, "", Options{FS: files})
		if err != nil {
			t.Fatal(err)
		}
		if there := visible(t, s, i+1); len(there) != i {
			t.Fatalf("%d genomes of %d", len(there), i)
		}
		if err := loadGenome(ctx, db, s, i); err != nil {
			t.Fatal(err)
		}
		if i%5 == 4 {
			if _, err := s.Compact(ctx, i%2 == 0); err != nil {
				t.Fatal(err)
			}
		}
		files.lose()
	}
}

// TestDiskFails fails each call of a load and of a compaction in turn, and fills the disk at each size: the
// command is refused, and the store is as it was.
func TestDiskFails(t *testing.T) {
	ctx := t.Context()
	db, err := storage.Open(ctx, testkit.SQLite(t), storage.Options{Migrations: []fs.FS{Migrations()}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	files := newForgetful()
	s, err := Open(ctx, db, "", Options{FS: files})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := loadGenome(ctx, db, s, i); err != nil {
			t.Fatal(err)
		}
	}
	try := func(what string, act func() error, kind fault.Kind) (failed bool) {
		err := act()
		files.room, files.failAt = -1, -1
		if err == nil {
			return false
		}
		if fault.KindOf(err) != kind || kind == fault.Unavailable && fault.HintOf(err) == "" {
			t.Fatalf("%s: %v (%s), hint %q", what, err, fault.KindOf(err), fault.HintOf(err))
		}
		if there := visible(t, s, 5); len(there) != 3 {
			t.Fatalf("%s: %d genomes are left of 3", what, len(there))
		}
		if n, _ := files.List(); len(n) != len(s.Snapshot().Files()) {
			t.Fatalf("%s: files are left lying about: %v", what, n)
		}
		return true
	}
	load := func() error { return loadGenome(ctx, db, s, 3) }
	compact := func() error { _, err := s.Compact(ctx, true); return err }
	for n := 0; ; n++ {
		files.failAt = n
		if !try(fmt.Sprint("call ", n, " of a compaction"), compact, fault.Internal) {
			break
		}
	}
	for room := 0; room < 400; room += 37 {
		files.room = room
		if !try(fmt.Sprint("a load with ", room, " bytes"), load, fault.Unavailable) {
			t.Fatalf("a load fitted in %d bytes", room)
		}
	}
	for n := 0; ; n++ {
		files.failAt = n
		if !try(fmt.Sprint("call ", n, " of a load"), load, fault.Internal) {
			break
		}
	}
	if there := visible(t, s, 5); len(there) != 4 {
		t.Fatalf("%d genomes of 4", len(there))
	}
}
