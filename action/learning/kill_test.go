package learning

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// killWorld names the variable of the environment that tells the process to be killed where its world is described.
const killWorld = "SAMVERK_KILL_WORLD"

// kept is what a process that is killed must know of the world.
type kept struct {
	DSN    string
	Coord  network.PersonID
	Root   network.ID
	People []network.PersonID
}

// TestWriteUntilKilled is the process that is killed: it holds courses, and says what was acknowledged.
func TestWriteUntilKilled(t *testing.T) {
	var k kept
	if err := json.Unmarshal(got(os.ReadFile(os.Getenv(killWorld)))(t), &k); err != nil {
		t.Fatal(err)
	}
	w := openAt(t, k.DSN, time.Now())
	w.coord, w.root = network.Actor{Person: k.Coord}, k.Root
	ctx := t.Context()
	said := bufio.NewWriterSize(os.Stdout, 0)
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(said, format+"\n", args...); _ = said.Flush() }
	for {
		w.clock.forward(time.Millisecond)
		id := w.published(w.plan(2))
		say("activity %s", id)
		var all []Registration
		me := func(i int) Registrant { return Registrant{Actor: network.Actor{Person: k.People[i]}, Activity: id} }
		for i := range k.People {
			all = append(all, got(w.Register(ctx, me(i).Actor, id, "nb", Needs{}))(t))
			say("%s %s", all[i].State, all[i].ID)
		}
		w.ok(w.Withdraw(ctx, me(0)))
		say("out %s", all[0].ID)
		w.ok(w.Accept(ctx, me(2)))
		say("in %s", all[2].ID)
		w.clock.forward(30 * day)
		sessions := got(w.Roster(ctx, w.coord, id, "", 10))(t).Sessions
		for _, s := range sessions {
			w.ok(w.Attend(ctx, w.coord, id, s.ID, []RegistrationID{all[1].ID}, []RegistrationID{all[1].ID}))
			say("there %s %s", all[1].ID, s.ID)
		}
		got(w.Certify(ctx, w.coord, id))(t)
		say("certificate %s", all[1].ID)
		for i := range []int{1, 2} {
			w.ok(w.Evaluate(ctx, me(1+i), Opinion{Useful: 5, Level: 4, Voice: 3, Again: 5}))
			say("evaluated %s", all[1+i].ID)
		}
		w.clock.forward(-30 * day)
	}
}

func TestKilledNothingAcknowledgedIsLost(t *testing.T) {
	times := 10
	if long() {
		times = 200
	}
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		times := times
		if strings.HasPrefix(dsn, "postgres") && !long() {
			times = 2 // each opens a database anew
		}
		w := open(t, dsn)
		k := kept{DSN: dsn, Coord: w.coord.Person, Root: w.root}
		for i := range 4 {
			k.People = append(k.People, w.person(fmt.Sprint("Per ", i)).Person)
		}
		w.ok(w.db.Close())
		file := filepath.Join(t.TempDir(), "world.json")
		w.ok(os.WriteFile(file, got(json.Marshal(k))(t), 0o600))
		random := rand.New(rand.NewPCG(1, 2))
		var said []string
		for range times {
			said = append(said, killed(t, file, 1+random.IntN(30), time.Duration(random.IntN(4000))*time.Microsecond)...)
		}
		check(openAt(t, dsn, time.Now()), said)
	})
}

// killed lets a process write until it has said so many things and a little longer, kills it, and gives all it said.
func killed(t *testing.T, file string, lines int, more time.Duration) (said []string) {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestWriteUntilKilled$")
	c.Env = append(os.Environ(), killWorld+"="+file)
	out := got(c.StdoutPipe())(t)
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewScanner(out)
	for in.Scan() {
		if strings.HasPrefix(in.Text(), "---") || strings.Contains(in.Text(), "_test.go:") {
			t.Error(in.Text())
		}
		if said = append(said, in.Text()); len(said) == lines {
			time.Sleep(more) // while the next is being written
			if err := c.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = c.Wait() // it was killed
	if len(said) < lines {
		t.Fatalf("the process ended by itself after %v", said)
	}
	return said
}

// check finds everything that was acknowledged, and all seats counted rightly.
func check(w *world, said []string) {
	w.t.Helper()
	queries := map[string]string{
		"activity":    `SELECT COUNT(*) FROM learning_activity WHERE id = $1 AND state = 'open'`,
		"registered":  `SELECT COUNT(*) FROM learning_registration WHERE id = $1 AND state IN ('registered', 'cancelled')`,
		"waiting":     `SELECT COUNT(*) FROM learning_registration WHERE id = $1 AND queue > 0`,
		"out":         `SELECT COUNT(*) FROM learning_registration WHERE id = $1 AND state = 'cancelled'`,
		"in":          `SELECT COUNT(*) FROM learning_registration WHERE id = $1 AND state = 'registered'`,
		"there":       `SELECT COUNT(*) FROM learning_attendance WHERE registration = $1 AND session = $2`,
		"certificate": `SELECT COUNT(*) FROM learning_certificate WHERE registration = $1`,
		"evaluated":   `SELECT COUNT(*) FROM learning_registration WHERE id = $1 AND evaluated = 1`,
	}
	count := map[string]int{}
	w.read(func(ctx context.Context, tx *storage.Tx) error {
		for _, line := range said {
			f := strings.Fields(line)
			count[f[0]]++
			args := make([]any, len(f)-1)
			for i := range args {
				args[i] = f[1+i]
			}
			var n int
			if err := tx.QueryRow(ctx, queries[f[0]], args...).Scan(&n); err != nil || n != 1 {
				w.t.Errorf("lost: %s: %v", line, err)
			}
		}
		return nil
	})
	if n := w.count(`SELECT COUNT(*) FROM learning_registration WHERE evaluated = 1`) - w.count(`SELECT COUNT(*) FROM learning_answer`); n != 0 {
		w.t.Errorf("%d evaluations are without an answer", n)
	}
	w.whole()
	w.t.Logf("acknowledged and there: %v", count)
}
