package forum

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
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
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// again opens a world that is there already; seen is its board.
func again(t testing.TB, dsn string, now time.Time) *world {
	t.Helper()
	ctx, c := t.Context(), &clock{now}
	db := got(storage.Open(ctx, dsn, storage.Options{Now: c.Now, Migrations: []fs.FS{network.Migrations, notice.Migrations, Migrations}}))(t)
	t.Cleanup(func() { _ = db.Close() })
	n := got(network.Open(ctx, db))(t)
	told := got(notice.Open(ctx, db, notice.Options{URL: "https://samverk.example"}))(t)
	w := &world{clock: c, t: t, db: db}
	w.Forum = got(Open(ctx, db, n, told, Options{Files: t.TempDir()}))(t)
	return w
}

// kept is what a process that is killed must know of the world.
type kept struct {
	DSN          string
	Coord, Chair network.PersonID
	Patient      network.PersonID
	Body         network.BodyID
	Votes        []network.SeatID
}

// killWorld names the variable of the environment that tells the process to be killed where its world is described.
const killWorld = "SAMVERK_KILL_WORLD"

// TestWriteUntilKilled is the process that is killed: it holds meetings, and says what was acknowledged.
func TestWriteUntilKilled(t *testing.T) {
	var k kept
	if err := json.Unmarshal(got(os.ReadFile(os.Getenv(killWorld)))(t), &k); err != nil {
		t.Fatal(err)
	}
	w := again(t, k.DSN, time.Now())
	ctx, coord := t.Context(), network.Actor{Person: k.Coord}
	said := bufio.NewWriterSize(os.Stdout, 0)
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(said, format+"\n", args...); _ = said.Flush() }
	for {
		id := got(w.Plan(ctx, coord, Meeting{Body: k.Body, Starts: w.Now(), Minutes: 60}))(t)
		w.ok(w.Convene(ctx, coord, id, 1))
		w.ok(w.SetApprovers(ctx, coord, id, w.theMeeting(id).Version, []network.PersonID{k.Chair, k.Patient}))
		w.ok(w.Start(ctx, coord, id, w.theMeeting(id).Version))
		for _, s := range k.Votes {
			w.tick()
			w.ok(w.Arrive(ctx, coord, Arrival{Meeting: id, Seat: s}))
		}
		for range 3 {
			w.tick()
			item := got(w.AddItem(ctx, coord, Item{Meeting: id, Kind: Report, Title: "Sak", Minutes: 5}))(t)
			for _, s := range k.Votes {
				w.ok(w.Cast(ctx, coord, item, s, For))
				say("vote %s %s", item, s)
			}
			d := got(w.Record(ctx, coord, DecisionDraft{Item: item, Title: "Sak", Text: "Ja.", Method: ByVote}))(t)
			say("decision %s %s", d.ID, d.Number)
		}
		w.tick()
		minutes := got(w.Close(ctx, coord, id, w.theMeeting(id).Version))(t)
		say("draft %s", minutes)
		for _, who := range []network.PersonID{k.Chair, k.Patient} {
			got(w.Approve(ctx, network.Actor{Person: who}, minutes, got(w.Minutes(ctx, coord, minutes))(t).Hash))(t)
		}
		say("minutes %s %s", minutes, got(w.Minutes(ctx, coord, minutes))(t).Seal.Seal)
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
			times = 3 // each opens a database anew
		}
		w := open(t, dsn)
		b := w.board()
		k := kept{DSN: dsn, Coord: w.coord.Person, Chair: b.chair.Person, Patient: b.people[5].Person, Body: b.id, Votes: b.votes}
		w.ok(w.db.Close())
		file := filepath.Join(t.TempDir(), "world.json")
		w.ok(os.WriteFile(file, got(json.Marshal(k))(t), 0o600))
		random := rand.New(rand.NewPCG(1, 2))
		var said []string
		for range times {
			said = append(said, killed(t, file, 1+random.IntN(45), time.Duration(random.IntN(4000))*time.Microsecond)...)
		}
		k.check(again(t, dsn, time.Now()), said)
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

// check finds everything that was acknowledged, and all seals whole.
func (k kept) check(w *world, said []string) {
	w.t.Helper()
	ctx, coord := w.t.Context(), network.Actor{Person: k.Coord}
	count := map[string]int{}
	for _, line := range said {
		f := strings.Fields(line)
		count[f[0]]++
		switch f[0] {
		case "vote":
			w.read(func(ctx context.Context, tx *storage.Tx) {
				all := got(w.ballots(ctx, tx, f[1]))(w.t)
				if !slices.ContainsFunc(all, func(b Ballot) bool { return string(b.Seat) == f[2] && b.Vote == For }) {
					w.t.Errorf("lost: %s", line)
				}
			})
		case "decision":
			if d, err := w.Decision(ctx, coord, DecisionID(f[1])); err != nil || d.Number != f[2] || d.Record.Tally.For != len(k.Votes) {
				w.t.Errorf("lost: %s: %v", line, err)
			}
		case "draft":
			if _, err := w.Minutes(ctx, coord, MinutesID(f[1])); err != nil {
				w.t.Errorf("lost: %s: %v", line, err)
			}
		case "minutes":
			if v, err := w.Verify(ctx, coord, MinutesID(f[1])); err != nil || !v.Holds || v.Seal.Seal != f[2] {
				w.t.Errorf("lost: %s: %+v %v", line, v, err)
			}
		}
	}
	k.gapless(w)
	w.t.Logf("acknowledged and there: %v", count)
}

// gapless finds that the numbers of each year are 1, 2, 3 …
func (k kept) gapless(w *world) {
	w.t.Helper()
	w.read(func(ctx context.Context, tx *storage.Tx) {
		var wrong int
		w.ok(tx.QueryRow(ctx, `SELECT COUNT(*) FROM (SELECT COUNT(*) AS many, MAX(number) AS last, MIN(number) AS first FROM decision WHERE body = $1 GROUP BY year) x
			WHERE many <> last OR first <> 1`, k.Body).Scan(&wrong))
		if wrong > 0 {
			w.t.Error("the numbers of decisions have gaps")
		}
	})
}
