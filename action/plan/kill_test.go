package plan

import (
	"bufio"
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
)

// killed is what a process that is killed must know of the world.
type killed struct {
	DSN          string
	Coord, Owner network.PersonID
	Root         network.ID
	Plan         ID
}

// killWorld names the variable of the environment that tells the process to be killed where its world is described.
const killWorld = "SAMVERK_KILL_WORLD"

// TestWriteUntilKilled is the process that is killed: it plans, reports, moves, finishes and takes files in, and says what was acknowledged.
func TestWriteUntilKilled(t *testing.T) {
	var k killed
	if err := json.Unmarshal(got(os.ReadFile(os.Getenv(killWorld)))(t), &k); err != nil {
		t.Fatal(err)
	}
	r := room(t, k.DSN, &clock{time.Now()})
	w := &world{Room: r, clock: &clock{time.Now()}, t: t, root: k.Root}
	ctx, coord, owner := t.Context(), network.Actor{Person: k.Coord}, network.Actor{Person: k.Owner}
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(os.Stdout, format+"\n", args...) }
	for {
		now := w.Now()
		id := got(r.Add(ctx, coord, k.Plan, Task{What: "Tiltak", Owner: k.Owner, Start: now, Due: now.AddDate(0, 6, 0)}))(t)
		say("measure %s", id)
		w.ok(r.Turn(ctx, owner, id, 1, Active, ""))
		say("state %s active", id)
		w.ok(r.Report(ctx, owner, id, Telling{Quarter: QuarterOf(now.In(r.network.Zone(k.Root))), Text: "Det går", Course: OnCourse}))
		say("report %s", id)
		w.ok(r.Move(ctx, owner, id, 2, now.AddDate(0, 7, 0), "Derfor"))
		say("moved %s", id)
		w.ok(r.Turn(ctx, owner, id, 3, Done, "Ferdig"))
		say("state %s done", id)
		p := got(r.Read(ctx, coord, k.Plan, "a.csv", strings.NewReader("what;owner;start;due\n"+strings.Repeat("Fra fil "+string(id)+";Pia Plain;2026-01-01;2026-02-01\n", 7))))(t)
		got(r.TakeIn(ctx, coord, k.Plan, p.ID))(t)
		say("file %s", id)
	}
}

func TestKilledNothingAcknowledgedIsLost(t *testing.T) {
	times := 20
	if long() {
		times = 200
	}
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		times := times
		if strings.HasPrefix(dsn, "postgres") && !long() {
			times = 3 // each opens a database anew
		}
		w := open(t, dsn)
		w.now = time.Now()
		zone := w.network.Zone(w.root)
		plan := got(w.Make(t.Context(), w.coord, Draft{Network: w.root, Title: "Plan", Visibility: network.Public, From: w.now.In(zone).AddDate(-1, 0, 0), To: w.now.In(zone).AddDate(2, 0, 0)}))(t)
		k := killed{DSN: dsn, Coord: w.coord.Person, Owner: w.plain.Person, Root: w.root, Plan: plan}
		w.ok(w.db.Close())
		file := filepath.Join(t.TempDir(), "world.json")
		w.ok(os.WriteFile(file, got(json.Marshal(k))(t), 0o600))
		random := rand.New(rand.NewPCG(1, 2))
		var said []string
		for range times {
			said = append(said, kill(t, file, 1+random.IntN(30), time.Duration(random.IntN(4000))*time.Microsecond)...)
		}
		k.check(&world{Room: room(t, dsn, &clock{time.Now()}), clock: &clock{time.Now()}, t: t, root: k.Root}, said)
	})
}

// kill lets a process write until it has said so many things and a little longer, kills it, and gives all it said.
func kill(t *testing.T, file string, lines int, more time.Duration) (said []string) {
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

// check finds everything that was acknowledged, and of files all their lines or none.
func (k killed) check(w *world, said []string) {
	w.t.Helper()
	ctx, coord := w.t.Context(), network.Actor{Person: k.Coord}
	files, after := map[string]int{}, MeasureID("")
	for {
		rows := got(w.Measures(ctx, coord, k.Root, Filter{Plan: k.Plan, Limit: 1000, After: after}))(w.t)
		for _, m := range rows {
			if name, ok := strings.CutPrefix(m.What, "Fra fil "); ok {
				files[name]++
			}
			after = m.ID
		}
		if len(rows) == 0 {
			break
		}
	}
	for name, n := range files {
		if n != 7 {
			w.t.Errorf("%d of 7 lines of file %s were taken in", n, name)
		}
	}
	count := map[string]int{}
	for _, line := range said {
		f := strings.Fields(line)
		count[f[0]]++
		v := w.see(coord, MeasureID(f[1]))
		there := true
		switch f[0] {
		case "state":
			there = len(v.Steps) >= map[string]int{"active": 2, "done": 3}[f[2]]
		case "report":
			there = len(v.Quarters) > 0 && v.Quarters[0].Report != nil
		case "moved":
			there = len(v.Dates) == 2
		case "file":
			there = files[f[1]] == 7
		}
		if !there {
			w.t.Errorf("lost: %s", line)
		}
	}
	w.t.Logf("acknowledged and there: %v", count)
}
