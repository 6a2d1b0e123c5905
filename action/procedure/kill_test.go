package procedure

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/storage"
)

// killWorld names the variable of the environment that tells the process to be killed where its world is described.
const killWorld = "SAMVERK_KILL_PROCEDURE"

// kept is what a process that is killed must know of the world.
type kept struct {
	DSN     string
	Root    network.ID
	Body    network.BodyID
	Coord   network.PersonID
	Regions []network.ID
	Speaks  []network.PersonID
}

func again(t testing.TB, k kept) *world {
	w := on(t, k.DSN, &world{now: time.Now().UTC().Truncate(time.Microsecond), people: map[string]int{}, root: k.Root, body: k.Body, coord: network.Actor{Person: k.Coord}, region: k.Regions})
	for _, p := range k.Speaks {
		w.speaker = append(w.speaker, network.Actor{Person: p})
	}
	w.decided = int(w.now.UnixNano() % (1 << 40)) // decisions of their own
	return w
}

// TestWriteUntilKilled is the process that is killed: it writes, decides and answers, and says what was acknowledged.
func TestWriteUntilKilled(t *testing.T) {
	var k kept
	if err := json.Unmarshal(got(os.ReadFile(os.Getenv(killWorld)))(t), &k); err != nil {
		t.Fatal(err)
	}
	w := again(t, k)
	said := bufio.NewWriterSize(os.Stdout, 0)
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(said, format+"\n", args...); _ = said.Flush() }
	for {
		id := w.create("Rutin")
		say("created %s", id)
		for version := int64(1); version <= 2; version++ {
			from := int64(1)
			if version > 1 {
				from = 0
			}
			c := content("Rutin")
			c.How = fmt.Sprint("version ", version)
			w.ok(w.Edit(t.Context(), w.coord, id, from, "", c))
			say("edited %s %d", id, version)
			w.force(id)
			say("forced %s %d", id, version)
			for i := range w.speaker {
				w.forward(time.Millisecond)
				w.ok(w.say(i, id, Declined, fmt.Sprint("skäl", version)))
				say("said %s %d %s", id, version, w.region[i])
			}
		}
	}
}

// TestKilledNothingAcknowledgedIsLost kills a process that writes, again and again: what it said it did is there, and of what it was killed
// in nothing or all.
func TestKilledNothingAcknowledgedIsLost(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		times := 20
		switch {
		case long():
			times = 200
		case strings.HasPrefix(dsn, "postgres"):
			times = 3 // each opens a database anew
		}
		w := open(t, dsn, 3)
		k := kept{DSN: dsn, Root: w.root, Body: w.body, Coord: w.coord.Person, Regions: w.region}
		for _, who := range w.speaker[:2] {
			k.Speaks = append(k.Speaks, who.Person)
		}
		w.ok(w.db.Close())
		file := filepath.Join(t.TempDir(), "world.json")
		w.ok(os.WriteFile(file, got(json.Marshal(k))(t), 0o600))
		random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same in every run
		var said []string
		for range times {
			said = append(said, killed(t, file, 1+random.IntN(30), time.Duration(random.IntN(4000))*time.Microsecond)...)
		}
		k.check(again(t, k), said)
	})
}

// killed lets a process write until it has said so many things and a little longer, kills it, and gives all it said.
func killed(t *testing.T, file string, lines int, more time.Duration) (said []string) {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestWriteUntilKilled$") //nolint:gosec // this test itself
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

// check finds everything that was acknowledged, and nothing by halves: the latest answers are those of the records.
func (k kept) check(w *world, said []string) {
	w.t.Helper()
	ctx, count := w.t.Context(), map[string]int{}
	for _, line := range said {
		f := strings.Fields(line)
		count[f[0]]++
		x, err := w.View(ctx, w.coord, w.root, ID(f[1]), 0)
		if err != nil {
			w.t.Errorf("lost: %s: %v", line, err)
			continue
		}
		switch f[0] {
		case "edited":
			if !slices.ContainsFunc(x.Versions, func(v Version) bool { return itoa(v.Number) == f[2] }) {
				w.t.Errorf("lost: %s", line)
			}
		case "forced":
			if itoa(x.Current) < f[2] {
				w.t.Errorf("lost: %s", line)
			}
		case "said":
			a, err := w.Adoption(ctx, w.coord, w.root, x.ID)
			if err != nil || !slices.ContainsFunc(a.Records, func(c Record) bool {
				return string(c.Region) == f[3] && itoa(c.Number) == f[2] && c.Reason == "skäl"+f[2]
			}) {
				w.t.Errorf("lost: %s: %v", line, err)
			}
		}
		current := 0
		for _, v := range x.Versions {
			if v.State == Force {
				current++
			}
		}
		if x.Current > 0 && current != 1 {
			w.t.Errorf("%s has %d versions in force", x.ID, current)
		}
	}
	var wrong int
	w.ok(w.db.Read(ctx, func(tx *storage.Tx) error {
		return tx.QueryRow(ctx, `SELECT COUNT(*) FROM procedure_answer a WHERE a.seq <> (SELECT MAX(c.seq) FROM procedure_record c WHERE c.procedure = a.procedure AND c.region = a.region)`).Scan(&wrong)
	}))
	if wrong > 0 {
		w.t.Errorf("%d answers are not the latest record's", wrong)
	}
	w.t.Logf("acknowledged and there: %v", count)
}
