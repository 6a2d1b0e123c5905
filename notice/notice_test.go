package notice_test

import (
	"context"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

func TestMain(m *testing.M) {
	if os.Getenv(victimEnv) != "" {
		victim()
		return
	}
	os.Exit(testkit.Main(m))
}

const site = "https://samverk.example.org"

// desk is a room on a database, with a clock that stands still until it is moved.
type desk struct {
	*notice.Notices
	db  *storage.DB
	now time.Time
}

func open(t testing.TB, dsn string, o notice.Options) *desk {
	t.Helper()
	d := &desk{now: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)} // a Friday
	db, err := storage.Open(context.Background(), dsn, storage.Options{
		Migrations: migrations(), Rand: testkit.Rand(1), Now: func() time.Time { return d.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	d.db = db
	if o.URL == "" {
		o.URL = site
	}
	if o.From == "" {
		o.From = "samverk@example.org"
	}
	o.Rand, o.Log = testkit.Rand(2), slog.New(slog.DiscardHandler)
	if d.Notices, err = notice.Open(context.Background(), db, o); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) write(t *testing.T, f func(ctx context.Context, tx *storage.Tx) error) {
	t.Helper()
	ctx := context.Background()
	if err := d.db.Write(ctx, func(tx *storage.Tx) error { return f(ctx, tx) }); err != nil {
		t.Fatal(err)
	}
}

func (d *desk) tell(t *testing.T, to string, n notice.Notice) {
	t.Helper()
	d.write(t, func(ctx context.Context, tx *storage.Tx) error { return d.Tell(ctx, tx, to, n) })
}

func (d *desk) recipient(t *testing.T, r notice.Recipient) {
	t.Helper()
	if r.Zone == "" {
		r.Zone = "Europe/Stockholm"
	}
	if r.Lang == "" {
		r.Lang = "sv"
	}
	if r.Frequency == "" {
		r.Frequency = notice.Immediate
	}
	d.write(t, func(ctx context.Context, tx *storage.Tx) error { return d.SetRecipient(ctx, tx, r) })
}

func (d *desk) work(t *testing.T) time.Time {
	t.Helper()
	next, err := d.Work(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func everybody(string) bool { return true }

func (d *desk) mails(t *testing.T, state string) []notice.Mail {
	t.Helper()
	var p notice.Mails
	err := d.db.Read(context.Background(), func(tx *storage.Tx) (err error) {
		p, err = d.Mails(context.Background(), tx, state, everybody, "", 1000)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p.Mails
}

func moved(title string) notice.Notice {
	return notice.Notice{Key: "notice.topic.moved", Args: []string{title, notice.Word("notice.topic.state.decided")}, Link: "/n/se/topics/1"}
}

func TestTellsIfAndOnlyIfCommitted(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		d := open(t, dsn, notice.Options{})
		d.recipient(t, notice.Recipient{Person: "maja", Mail: "maja@example.org"})
		_ = d.db.Write(context.Background(), func(tx *storage.Tx) error {
			if err := d.Tell(context.Background(), tx, "maja", moved("Ångrad")); err != nil {
				t.Error(err)
			}
			return fault.New(fault.Conflict, "rolled back")
		})
		d.tell(t, "maja", moved("Svar inom 14 dagar"))
		if next := d.work(t); !next.Equal(d.now.Add(time.Minute)) {
			t.Errorf("next at %v", next)
		}
		d.now = d.now.Add(time.Minute)
		d.work(t)
		got := d.mails(t, "waiting")
		if len(got) != 1 || got[0].Subject != "Frågan ”Svar inom 14 dagar” är beslutad" || got[0].Address != "maja@example.org" {
			t.Errorf("%+v", got)
		}
	})
}

func TestUnknownKeyIsRefused(t *testing.T) {
	d := open(t, testkit.SQLite(t), notice.Options{})
	for _, n := range []notice.Notice{
		{Key: "notice.nothing"},
		{Key: "notice.topic.moved", Link: "//elsewhere.example"},
		{Key: "notice.topic.moved", Link: "/a\r\nBcc: x@example.org"},
		{Key: "notice.topic.moved", Link: "https://elsewhere.example/"},
		{Key: "notice.topic.moved", Attach: &notice.Attachment{Type: "text/"}},
	} {
		err := d.db.Write(context.Background(), func(tx *storage.Tx) error { return d.Tell(context.Background(), tx, "maja", n) })
		if fault.KindOf(err) != fault.Internal || err == nil || strings.Contains(err.Error(), "elsewhere") {
			t.Errorf("%+v: %v", n, err)
		}
	}
}

func migrations() []fs.FS { return []fs.FS{notice.Migrations} }
