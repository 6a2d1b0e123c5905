package notice_test

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// pipes is a listener whose connections are in memory, so that a test's own time can pass while they are quiet.
type pipes struct {
	waiting chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func newPipes() *pipes { return &pipes{waiting: make(chan net.Conn), closed: make(chan struct{})} }

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.waiting:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 25} }

func (l *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case l.waiting <- there:
		return here, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// The worker itself, in a time of its own: it wakes when something is told, sleeps until something is due, and stops when told to.
func TestRunSendsInTime(t *testing.T) {
	dsn := filepath.Join(t.TempDir(), "db")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		db, err := storage.Open(ctx, dsn, storage.Options{Migrations: migrations(), Rand: testkit.Rand(1), Readers: 1})
		if err != nil {
			t.Fatal(err)
		}
		n, err := notice.Open(ctx, db, notice.Options{URL: site, From: "samverk@example.org", Server: "smtp://localhost:25", Rand: testkit.Rand(2)})
		if err != nil {
			t.Fatal(err)
		}
		l, p := newPipes(), newPost()
		n.Reach(nil, l.dial)
		served, ran := make(chan error), make(chan struct{})
		go func() { served <- p.Serve(l) }()
		go func() { n.Run(ctx); close(ran) }()
		d := &desk{Notices: n, db: db}
		d.recipient(t, notice.Recipient{Person: "maja", Mail: "maja@example.org"})
		d.recipient(t, notice.Recipient{Person: "kari", Mail: "kari@example.org", Frequency: notice.Daily, Zone: "Europe/Oslo"})
		sent := func(want int, after time.Duration) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			if got := len(p.letters()); got != want {
				t.Errorf("%v: %d mails, want %d", time.Now(), got, want)
			}
		}
		sent(0, time.Hour)
		d.tell(t, "maja", urgent)
		sent(1, 0)
		d.tell(t, "maja", moved("Ett"))
		sent(1, 30*time.Second)
		d.tell(t, "maja", moved("Två")) // within the minute: the same mail
		d.tell(t, "kari", moved("Ett"))
		sent(1, 29*time.Second)
		sent(2, time.Second)
		now := time.Now().UTC() // midnight has passed in 2000, and it is winter: 07:00 in Oslo is 06:00 UTC
		seven := time.Date(now.Year(), now.Month(), now.Day(), 6, 0, 0, 0, time.UTC)
		sent(2, seven.Sub(now)-time.Second)
		sent(3, time.Second)
		sent(3, 5*time.Hour)

		// The server doesn't want it now: tried again in a minute or so.
		p.mu.Lock()
		p.rcpt = func(string) error { return &smtp.SMTPError{Code: 451, Message: "later"} }
		p.mu.Unlock()
		d.tell(t, "maja", urgent)
		sent(3, time.Second)
		p.mu.Lock()
		p.rcpt = nil
		p.mu.Unlock()
		sent(3, time.Second)
		sent(4, 2*time.Minute)
		cancel()
		<-ran
		if err := errors.Join(l.Close(), p.Close(), db.Close()); err != nil {
			t.Error(err)
		}
		<-served
	})
}
