package consent_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/individual"
	"github.com/samverk/samverk/storage"
)

const victimEnv = "SAMVERK_TEST_VICTIM"

// victim is the process that is killed: it changes consents one after another for as long as it
// lives, and says when each was asked for and acknowledged.
func victim() {
	dir := os.Getenv(victimEnv)
	seed = uint64(os.Getpid())
	n, err := tryOpen(filepath.Join(dir, "db"), consent.Options{Journal: filepath.Join(dir, "journal")})
	if err != nil {
		fmt.Println("failed", err)
		os.Exit(1)
	}
	r := rand.New(rand.NewPCG(n.consents.Epoch(), 1))
	for {
		c := consent.Choice{Individual: individual.Number(r.IntN(victims)), Purpose: consent.Purposes()[r.IntN(3)], Allow: r.IntN(2) == 0}
		act := func() error { return n.change(c) }
		if r.IntN(3) == 0 {
			c.Purpose, c.Allow, act = n.optOutOrIn(c.Individual)
		}
		fmt.Println("ask", c.Individual, c.Purpose, c.Allow)
		if err := act(); err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
		fmt.Println("ack")
	}
}

// optedOut stands for an opt-out in what the victim says: false when it was set, true when it was lifted.
const optedOut consent.Purpose = "opted-out"

// optOutOrIn sets an opt-out of somebody, or lifts the one that stands.
func (n *node) optOutOrIn(who individual.Number) (consent.Purpose, bool, func() error) {
	ctx := context.Background()
	if id := n.stands(who); id != "" {
		return optedOut, true, func() error {
			return n.Write(ctx, func(tx *storage.Tx) error { return n.consents.Lift(ctx, tx, "staff", "asked to", id) })
		}
	}
	return optedOut, false, func() error {
		return n.Write(ctx, func(tx *storage.Tx) error {
			_, err := n.consents.Restrict(ctx, tx, "staff", consent.Restriction{Individual: who, Kind: consent.OptOut, Ground: "law"})
			return err
		})
	}
}

// stands is the opt-out of somebody that stands.
func (n *node) stands(who individual.Number) string {
	all, err := n.consents.Restrictions(context.Background(), who)
	if err != nil {
		fmt.Println("failed", err)
	}
	for _, r := range all {
		if r.Lifted.IsZero() {
			return r.ID
		}
	}
	return ""
}

// kept is whether the last thing that was asked for holds, by what is recorded.
func (n *node) kept(t *testing.T, c consent.Choice) bool {
	t.Helper()
	if c.Purpose == optedOut {
		return n.stands(c.Individual) == ""
	}
	h, err := n.consents.History(t.Context(), c.Individual)
	if err != nil {
		t.Fatal(err)
	}
	last := false
	for _, r := range h {
		if r.Purpose == c.Purpose {
			last = r.Kind == consent.Given
		}
	}
	return last
}

const victims = 400

// kills is how many times the process is killed: a tenth unless the long tests are asked for.
func kills() int {
	if os.Getenv("SAMVERK_LONG") == "1" {
		return 200
	}
	return 20
}

func TestKilledAtAnyMoment(t *testing.T) {
	dir := t.TempDir()
	dsn, journal := filepath.Join(dir, "db"), filepath.Join(dir, "journal")
	n := open(t, dsn, journal)
	ids := make([]string, victims)
	for i := range ids {
		ids[i] = fmt.Sprint("p", i)
	}
	n.enrol(t, ids...)
	state, no := map[said]bool{}, map[said]bool{}
	for who := range individual.Number(victims) {
		for _, p := range consent.Purposes() {
			if err := n.change(yes(who, p)); err != nil {
				t.Fatal(err)
			}
			state[said{who, p}] = true
		}
		state[said{who, optedOut}] = true
	}
	n.backUp(t, filepath.Join(dir, "backup"))
	n.close(t)
	r := rand.New(rand.NewPCG(2, 3))
	changes := 0
	for range kills() {
		asked, acked := kill(t, dir, time.Duration(r.IntN(60_000))*time.Microsecond)
		changes += acked
		for i, c := range asked {
			if i < acked {
				state[said{c.Individual, c.Purpose}] = c.Allow
			}
			if !c.Allow { // asked for is enough: see the journal's format
				no[said{c.Individual, c.Purpose}] = i < acked || no[said{c.Individual, c.Purpose}]
			}
		}
		n := open(t, dsn, journal)
		if len(asked) > acked { // the last may have been kept, and was not acknowledged
			last := asked[acked]
			state[said{last.Individual, last.Purpose}] = n.kept(t, last)
		}
		for _, p := range consent.Purposes() {
			set, err := n.consents.Allowed(consent.Use{Purpose: p})
			if err != nil {
				t.Fatal(err)
			}
			for who := range individual.Number(victims) {
				if want := state[said{who, p}] && (p != consent.Research || state[said{who, optedOut}]); set.Has(who) != want {
					t.Fatalf("%s of %d was acknowledged as %v and is not", p, who, want)
				}
			}
		}
		if err := n.consents.Verify(context.Background()); err != nil {
			t.Fatal(err)
		}
		n.close(t)
	}
	mustReplay(t, dir, no)
	t.Logf("%d kills, %d acknowledged changes, none lost", kills(), changes)
	if changes == 0 {
		t.Error("nothing was changed; the test proves nothing")
	}
}

// mustReplay restores the backup from before all changes. Whoever said no since then must not be
// counted; whoever didn't, must. no holds false for what was asked for and not acknowledged.
func mustReplay(t *testing.T, dir string, no map[said]bool) {
	t.Helper()
	to := filepath.Join(dir, "again")
	n := restore(t, filepath.Join(dir, "backup"), to, to+".journal", inDir)
	defer n.close(t)
	if _, err := n.replay(filepath.Join(dir, "journal")); err != nil {
		t.Fatal(err)
	}
	for _, p := range consent.Purposes() {
		set, err := n.consents.Allowed(consent.Use{Purpose: p})
		if err != nil {
			t.Fatal(err)
		}
		for who := range individual.Number(victims) {
			acknowledged, asked := no[said{who, p}]
			if out, also := no[said{who, optedOut}]; p == consent.Research {
				acknowledged, asked = acknowledged || out, asked || also
			}
			if set.Has(who) && acknowledged || !set.Has(who) && !asked {
				t.Errorf("%s of %d after a restore: counted %v, said no %v", p, who, set.Has(who), acknowledged)
			}
		}
	}
}

// kill runs a victim, kills it some time after its first change, and gives what it asked
// for and how much of that was acknowledged.
func kill(t *testing.T, dir string, after time.Duration) (asked []consent.Choice, acked int) {
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
	var once bool
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := lines.Text()
		switch {
		case line == "ack":
			acked++
		case strings.HasPrefix(line, "ask "):
			var ch consent.Choice
			if _, err := fmt.Sscan(line[4:], &ch.Individual, &ch.Purpose, &ch.Allow); err == nil {
				asked = append(asked, ch)
			}
		default:
			t.Error(line)
		}
		if !once {
			once = true
			time.AfterFunc(after, func() { _ = c.Process.Kill() })
		}
	}
	_ = c.Wait()
	return asked, acked
}
