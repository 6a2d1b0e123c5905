package notice_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

const victimEnv = "SAMVERK_TEST_NOTICE" // database, mail server and the first number, with a line end between

var errChanged = errors.New("changed my mind")

// victim is the process that is killed: it tells, and takes back, for as long as it lives, while mail is sent.
func victim() {
	with := strings.Split(os.Getenv(victimEnv), "\n")
	ctx := context.Background()
	fail := func(err error) {
		if err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
	}
	db, err := storage.Open(ctx, with[0], storage.Options{Migrations: migrations()})
	fail(err)
	n, err := notice.Open(ctx, db, notice.Options{URL: site, From: "samverk@example.org", Server: "smtp://" + with[1], Group: 5 * time.Millisecond})
	fail(err)
	fail(db.Write(ctx, func(tx *storage.Tx) error {
		for i := range 10 {
			r := notice.Recipient{Person: fmt.Sprint("p", i), Mail: fmt.Sprintf("p%d@example.org", i), Lang: "en", Frequency: notice.Immediate, Zone: "UTC"}
			if err := n.SetRecipient(ctx, tx, r); err != nil {
				return err
			}
		}
		return nil
	}))
	go n.Run(ctx)
	var first int
	_, err = fmt.Sscan(with[2], &first)
	fail(err)
	for i := first; ; i++ {
		back := i%4 == 0
		err := db.Write(ctx, func(tx *storage.Tx) error {
			err := n.Tell(ctx, tx, fmt.Sprint("p", i%10), notice.Notice{Key: "notice.post.commented", Args: []string{fmt.Sprint("n", i)}, Link: "/a", Urgent: i%3 == 0})
			if err == nil && back {
				return errChanged
			}
			return err
		})
		if back && errors.Is(err, errChanged) {
			fmt.Println("back", i)
			continue
		}
		fail(err)
		fmt.Println("ack", i)
	}
}

// kill runs a victim, kills it some time after its first word, and gives what it committed and what it took back.
func kill(t *testing.T, dsn, server string, first int, after time.Duration) (acked, back []string) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), fmt.Sprintf("%s=%s\n%s\n%d", victimEnv, dsn, server, first))
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for begun := false; lines.Scan(); begun = true {
		if !begun {
			time.AfterFunc(after, func() { _ = c.Process.Kill() })
		}
		var word, number string
		if _, err := fmt.Sscan(lines.Text(), &word, &number); err != nil {
			continue // cut short
		}
		switch word {
		case "ack":
			acked = append(acked, "n"+number)
		case "back":
			back = append(back, "n"+number)
		default:
			t.Fatal(lines.Text())
		}
	}
	_ = c.Wait() // it was killed
	return acked, back
}

var numbered = regexp.MustCompile(`n\d{3,}`)

func TestKilledAtAnyMoment(t *testing.T) {
	kills := 10
	if os.Getenv("SAMVERK_LONG") == "1" {
		kills = 100
	}
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		p, address := listen(t)
		r := rand.New(rand.NewPCG(1, 2))
		var acked []string
		back := map[string]bool{}
		for i := 0; i < kills || len(acked) < kills && i < 20*kills; i++ { // where the machine is slow, it takes more of them
			a, b := kill(t, dsn, address, (i+1)*100_000, time.Duration(r.IntN(120_000))*time.Microsecond)
			acked = append(acked, a...)
			for _, n := range b {
				back[n] = true
			}
		}
		d := open(t, dsn, notice.Options{Server: "smtp://" + address, Group: time.Millisecond})
		d.now = time.Now().Add(10 * time.Minute) // also those whose connection was cut
		for next := d.work(t); !next.IsZero(); next = d.work(t) {
			d.now = next
		}
		mails, sent, again := map[string]string{}, map[string]string{}, 0
		for _, l := range p.letters() {
			if raw, seen := mails[l.id()]; seen {
				again++
				if raw != l.raw {
					t.Errorf("%s came twice, and not the same", l.id())
				}
			}
			mails[l.id()] = l.raw
			for _, n := range numbered.FindAllString(l.text, -1) {
				if id, seen := sent[n]; seen && id != l.id() {
					t.Errorf("%s was told in two mails", n)
				}
				sent[n] = l.id()
				if back[n] {
					t.Errorf("%s was taken back and told", n)
				}
			}
		}
		for _, n := range acked {
			if sent[n] == "" {
				t.Errorf("%s was committed and never told", n)
			}
		}
		if again > kills {
			t.Errorf("%d mails came twice after %d kills", again, kills)
		}
		if len(acked) < kills || len(back) == 0 {
			t.Error("too little happened; the test proves nothing")
		}
		t.Logf("%d kills, %d notices committed, %d mails, %d of them twice", kills, len(acked), len(mails), again)
	})
}
