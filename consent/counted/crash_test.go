package counted_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/consent/counted"
	"github.com/samverk/samverk/individual"
)

const (
	victimEnv = "SAMVERK_TEST_VICTIM"
	victims   = 200
)

// victim is the process that is killed: it changes consents and asks, one after another, for as long as it lives, and
// says each root as a ledger would name it.
func victim() {
	dir := os.Getenv(victimEnv)
	fail := func(err error) {
		fmt.Println("failed", err)
		os.Exit(1)
	}
	n, err := tryOpen(filepath.Join(dir, "db"), filepath.Join(dir, "journal"), counted.Options{}, time.Now, false)
	if err != nil {
		fail(err)
	}
	r := rand.New(rand.NewPCG(n.consents.Epoch(), 1))
	for {
		n.choose(panics{}, consent.Care, r.IntN(2) == 0, individual.Number(r.IntN(victims)))
		set, err := n.consents.Allowed(consent.Use{Purpose: consent.Care})
		if err != nil {
			fail(err)
		}
		root, err := n.counted.Root(context.Background(), plain(consent.Care), set)
		if err != nil {
			fail(err)
		}
		words := make([]string, len(set.Words))
		for i, w := range set.Words {
			words[i] = strconv.FormatUint(w, 16)
		}
		fmt.Println("root", hex.EncodeToString(root[:]), strings.Join(words, ","))
	}
}

// panics ends a program that is no test.
type panics struct{}

func (panics) Helper()                        {}
func (panics) Fatal(a ...any)                 { panic(fmt.Sprint(a...)) }
func (panics) Fatalf(format string, a ...any) { panic(fmt.Sprintf(format, a...)) }

// TestKilledAtAnyMoment kills a node again and again. Each root that it gave out can be proved, and says who was in.
func TestKilledAtAnyMoment(t *testing.T) {
	kills := 8
	if os.Getenv("SAMVERK_LONG") == "1" {
		kills = 200
	}
	dir := t.TempDir()
	start := func() *node {
		n, err := tryOpen(filepath.Join(dir, "db"), filepath.Join(dir, "journal"), counted.Options{}, time.Now, false)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	n := start()
	n.enrol(t, victims)
	n.close(t)
	r := rand.New(rand.NewPCG(2, 3))
	given := 0
	for range kills {
		lines := kill(t, dir, time.Duration(r.IntN(60_000))*time.Microsecond)
		n := start()
		for _, l := range lines {
			var text, list string
			if _, err := fmt.Sscanf(l, "root %64s %s", &text, &list); err != nil {
				t.Fatal(l, err)
			}
			var root [32]byte
			_, _ = hex.Decode(root[:], []byte(text))
			set := &individual.Set{}
			for _, w := range strings.Split(list, ",") {
				word, _ := strconv.ParseUint(w, 16, 64)
				set.Words = append(set.Words, word)
			}
			for range 10 {
				who := individual.Number(r.IntN(victims))
				if got := n.says(t, plain(consent.Care), root, who); (got == "in") != set.Has(who) {
					t.Fatalf("%d is shown as %s", who, got)
				}
			}
			given++
		}
		n.ask(t, consent.Care)
		n.close(t)
	}
	t.Logf("%d kills, %d roots, each proved", kills, given)
	if given == 0 {
		t.Error("no root was given out; the test proves nothing")
	}
}

// kill runs a victim, kills it some time after its first line, and gives its whole lines.
func kill(t *testing.T, dir string, after time.Duration) (lines []string) {
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
	for all := bufio.NewReader(out); ; {
		line, err := all.ReadString('\n')
		if err != nil {
			break
		}
		if !strings.HasPrefix(line, "root ") {
			t.Error(line)
			break
		}
		if lines = append(lines, strings.TrimSpace(line)); len(lines) == 1 {
			time.AfterFunc(after, func() { _ = c.Process.Kill() })
		}
	}
	_ = c.Process.Kill()
	_ = c.Wait()
	return lines
}
