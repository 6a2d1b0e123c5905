package notice_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/samverk/samverk/calendar"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

var urgent = notice.Notice{Key: "notice.seat.offered", Args: []string{"Styrgruppen"}, Link: "/n/se/bodies/1", Urgent: true}

func TestAMailIsATitleAndALink(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		p, address := listen(t)
		d := open(t, dsn, notice.Options{Server: "smtp://" + address, Name: "Nätverket"})
		d.recipient(t, notice.Recipient{Person: "maja", Mail: "maja@example.org"})
		d.tell(t, "maja", urgent)
		d.work(t)
		got := p.letters()
		if len(got) != 1 {
			t.Fatalf("%d mails", len(got))
		}
		l := got[0]
		want := "Du erbjuds en plats i Styrgruppen\n" + site + "/n/se/bodies/1\n\n-- \n" +
			"Du får mejlet för att du är med i Nätverket. Här står bara rubriker och länkar; innehållet läser du där.\n" +
			"Välj vart och hur ofta: " + site + "/account\n"
		if text := strings.ReplaceAll(l.text, "\r\n", "\n"); strings.TrimRight(text, "\n") != strings.TrimRight(want, "\n") {
			t.Errorf("%q\nwant\n%q", text, want)
		}
		from, err := l.head.AddressList("From")
		if err != nil || from[0].Name != "Nätverket" || from[0].Address != "samverk@example.org" {
			t.Errorf("%v %v", from, err)
		}
		for name, want := range map[string]string{"To": "<maja@example.org>", "Auto-Submitted": "auto-generated", "Content-Language": "sv",
			"Mime-Version": "1.0", "List-Unsubscribe": "", "Content-Type": "text/plain; charset=UTF-8", "Bcc": "", "X-Mailer": "", "User-Agent": ""} {
			if got := l.head.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if at, err := l.head.Date(); err != nil || !at.Equal(d.now) {
			t.Errorf("%v %v", at, err)
		}
		if l.subject() != "Du erbjuds en plats i Styrgruppen" || !strings.HasSuffix(l.id(), "@example.org>") {
			t.Errorf("%q %q", l.subject(), l.id())
		}
		if sent := d.mails(t, "sent"); len(sent) != 1 || !sent[0].Lost || sent[0].Said == "" {
			t.Errorf("%+v", sent)
		}
		d.work(t)
		if len(p.letters()) != 1 {
			t.Error("sent twice")
		}
	})
}

func TestInvitationGoesWithTheMail(t *testing.T) {
	p, address := listen(t)
	d := open(t, testkit.SQLite(t), notice.Options{Server: "smtp://" + address})
	d.recipient(t, notice.Recipient{Person: "kari", Mail: "kari@example.org", Lang: "nb", Zone: "Europe/Oslo", Frequency: notice.Weekly})
	at := time.Date(2026, 12, 2, 8, 30, 0, 0, time.UTC)
	ics, mime, err := calendar.Invitation(calendar.Event{UID: "1@example.org", Changed: d.now, Title: "Styret: «møte» på Ås, " + strings.Repeat("æøå ", 40),
		Start: at, End: at.Add(time.Hour), Zone: "Europe/Oslo", Organizer: calendar.Person{Mail: "samverk@example.org"}}, calendar.Person{Mail: "kari@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	d.tell(t, "kari", notice.Notice{Key: "notice.meeting.convened", Link: "/n/no/meetings/1", Args: []string{"Styret", notice.When(at.In(oslo))},
		Attach: &notice.Attachment{Name: calendar.InviteFile, Type: mime, Body: ics}})
	d.work(t)
	got := p.letters()
	if len(got) != 1 {
		t.Fatalf("%d mails; an invitation never waits", len(got))
	}
	l := got[0]
	if l.subject() != "Innkalling: Styret, 2.\u00a0desember\u00a02026 kl. 9.30" || l.calendar != string(ics) ||
		l.calType != "text/calendar; method=REQUEST; charset=UTF-8" || !strings.HasPrefix(l.head.Get("Content-Type"), "multipart/alternative") {
		t.Errorf("%q %q %q\n%s", l.subject(), l.calendar, l.calType, l.raw)
	}
}

func TestALongDay(t *testing.T) {
	p, address := listen(t)
	d := open(t, testkit.SQLite(t), notice.Options{Server: "smtp://" + address, Name: "Nätverket"})
	d.recipient(t, notice.Recipient{Person: "maja", Mail: "maja@example.org", Frequency: notice.Daily})
	for i := range 130 {
		d.tell(t, "maja", moved(fmt.Sprint("Fråga ", i)))
	}
	d.tell(t, "maja", moved("Fråga 0")) // told twice, read once
	d.now = d.now.Add(24 * time.Hour)
	d.work(t)
	got := p.letters()
	if len(got) != 1 || got[0].subject() != "131 nyheter från Nätverket" || strings.Count(got[0].text, "”Fråga") != 100 || !strings.Contains(got[0].text, "Och 31 till:") ||
		got[0].head.Get("List-Unsubscribe") != "<"+site+"/account>" {
		t.Errorf("%+v", got)
	}
}

func TestAnAddressThatIsNobodys(t *testing.T) {
	p, address := listen(t)
	d := open(t, testkit.SQLite(t), notice.Options{Server: "smtp://" + address, Name: "Nätverket"})
	d.recipient(t, notice.Recipient{Person: "maja", Mail: "maja@example.org", Frequency: notice.Daily})
	warn := notice.Notice{Key: "notice.account.mail", Args: []string{notice.When(d.now)}, Link: "/account"}
	d.write(t, func(ctx context.Context, tx *storage.Tx) error {
		for _, who := range []string{"maja", "report:1"} {
			if err := d.TellAddress(ctx, tx, notice.Recipient{Person: who, Mail: "gammal@example.org", Lang: "sv"}, warn); err != nil {
				return err
			}
		}
		return nil
	})
	d.work(t)
	got := p.letters()
	if len(got) != 2 || !strings.Contains(got[0].text, "Välj vart och hur ofta") || !strings.Contains(got[1].text, "Någon gav den här adressen till Nätverket.") || got[0].to != "gammal@example.org" {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{"", "x", "a@example.org\r\nBcc: b@example.org"} {
		err := d.db.Write(context.Background(), func(tx *storage.Tx) error {
			return d.TellAddress(context.Background(), tx, notice.Recipient{Person: "x", Mail: bad, Lang: "sv"}, warn)
		})
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestRefusalsForNowAndForGood(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		p, address := listen(t)
		p.rcpt = func(to string) error {
			if strings.HasPrefix(to, "gone") {
				return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user here"}
			}
			return nil
		}
		p.data = func(to string) error {
			switch {
			case strings.HasPrefix(to, "full"):
				return &smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 2, 2}, Message: "Mailbox full"}
			case strings.HasPrefix(to, "grey"):
				return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Come back later"}
			}
			return nil
		}
		d := open(t, dsn, notice.Options{Server: "smtp://" + address})
		for _, who := range []string{"gone", "full", "grey", "fine"} {
			d.recipient(t, notice.Recipient{Person: who, Mail: who + "@example.org"})
			d.tell(t, who, urgent)
		}
		next := d.work(t)
		bounced := d.mails(t, "bounced")
		if len(bounced) != 2 || !strings.Contains(bounced[0].Said, "Mailbox full") || !strings.Contains(bounced[1].Said, "550") ||
			!strings.Contains(bounced[1].Said, "No such user here") || strings.Contains(bounced[1].Said, "affected") {
			t.Errorf("%+v", bounced)
		}
		waiting := d.mails(t, "waiting")
		if len(waiting) != 1 || waiting[0].Attempts != 1 || !strings.Contains(waiting[0].Said, "Come back later") || !next.Equal(waiting[0].Next) {
			t.Fatalf("%+v %v", waiting, next)
		}
		if len(p.letters()) != 1 {
			t.Error("one server's refusal stopped another mail")
		}
		s, err := d.State(context.Background())
		if err != nil || s.Queued != 1 || s.Failed != 2 || s.Server != address || s.Trouble != "" || !s.Oldest.Equal(d.now) {
			t.Errorf("%+v %v", s, err)
		}

		// The server changes its mind; the mail is the same as it was.
		p.mu.Lock()
		p.data = nil
		p.mu.Unlock()
		d.now = next
		d.work(t)
		if got := p.letters(); len(got) != 2 || got[1].to != "grey@example.org" {
			t.Errorf("%d mails", len(got))
		}

		// Who no longer wants mail gets none, also if somebody tries once more.
		d.recipient(t, notice.Recipient{Person: "full"})
		err = d.db.Write(context.Background(), func(tx *storage.Tx) error {
			return d.Retry(context.Background(), tx, bounced[0].ID, everybody)
		})
		if fault.KindOf(err) != fault.Conflict {
			t.Errorf("%v", err)
		}

		// A bounce goes again to the address the person has by then; another's mail is nobody's.
		d.recipient(t, notice.Recipient{Person: "gone", Mail: "found@example.org"})
		err = d.db.Write(context.Background(), func(tx *storage.Tx) error {
			return d.Retry(context.Background(), tx, bounced[1].ID, func(string) bool { return false })
		})
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("%v", err)
		}
		retry := func(ctx context.Context, tx *storage.Tx) error { return d.Retry(ctx, tx, bounced[1].ID, everybody) }
		d.write(t, retry)
		d.work(t)
		if got := p.letters(); len(got) != 3 || got[2].to != "found@example.org" || !strings.Contains(got[2].text, "/n/se/bodies/1") {
			t.Errorf("%d mails", len(got))
		}
		err = d.db.Write(context.Background(), func(tx *storage.Tx) error { return retry(context.Background(), tx) })
		if fault.KindOf(err) != fault.Conflict {
			t.Errorf("a sent mail was put back: %v", err)
		}
	})
}

func TestATryIsMadeForDaysAndNoLonger(t *testing.T) {
	p, address := listen(t)
	p.data = func(string) error { return &smtp.SMTPError{Code: 451, Message: "later"} }
	d := open(t, testkit.SQLite(t), notice.Options{Server: "smtp://" + address})
	d.recipient(t, notice.Recipient{Person: "maja", Mail: "maja@example.org"})
	d.tell(t, "maja", urgent)
	begun := d.now
	var last time.Duration
	for i := range 100 {
		next := d.work(t)
		if next.IsZero() {
			if failed := d.mails(t, "failed"); len(failed) != 1 || failed[0].Attempts != i+1 || failed[0].Lost {
				t.Errorf("%+v", failed)
			}
			break
		}
		if last = next.Sub(d.now); last <= 0 || last > 8*time.Hour {
			t.Fatalf("attempt %d waits %v", i, last)
		}
		d.now = next
	}
	if tried := d.now.Sub(begun); tried < 48*time.Hour || tried > 5*24*time.Hour || last < 4*time.Hour {
		t.Errorf("tried for %v, at last every %v", tried, last)
	}
}

func TestBrokenConnections(t *testing.T) {
	p, address := listen(t)
	p.drop = func(c *smtp.Conn) { _ = c.Close() }
	d := open(t, testkit.SQLite(t), notice.Options{Server: "smtp://" + address})
	for _, who := range []string{"a", "b"} {
		d.recipient(t, notice.Recipient{Person: who, Mail: who + "@example.org"})
		d.tell(t, who, urgent)
	}
	d.now = d.work(t).Add(time.Minute)
	if waiting := d.mails(t, "waiting"); len(waiting) != 2 || waiting[0].Attempts != 1 || waiting[1].Attempts != 1 {
		t.Fatalf("%+v", waiting)
	}
	p.mu.Lock()
	p.drop = nil
	p.mu.Unlock()
	d.work(t)
	if len(p.letters()) != 2 {
		t.Errorf("%d mails", len(p.letters()))
	}
}

func TestServerAwayUsesUpNoAttempts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	d := open(t, testkit.SQLite(t), notice.Options{Server: "smtp://" + address})
	d.recipient(t, notice.Recipient{Person: "maja", Mail: "maja@example.org"})
	d.tell(t, "maja", urgent)
	since := d.now
	for range 60 {
		next := d.work(t)
		if wait := next.Sub(d.now); wait <= 0 || wait > 12*time.Minute {
			t.Fatalf("waits %v", wait)
		}
		d.now = next
	}
	s, err := d.State(context.Background())
	if err != nil || s.Trouble == "" || !s.Since.Equal(since) || s.Queued != 1 {
		t.Errorf("%+v %v", s, err)
	}
	if m := d.mails(t, "waiting"); m[0].Attempts != 0 {
		t.Errorf("%+v", m)
	}
}

func TestNoServerKeepsEverything(t *testing.T) {
	d := open(t, testkit.SQLite(t), notice.Options{})
	d.recipient(t, notice.Recipient{Person: "maja", Mail: "maja@example.org"})
	d.tell(t, "maja", urgent)
	if next := d.work(t); !next.IsZero() {
		t.Errorf("next %v", next)
	}
	s, err := d.State(context.Background())
	if err != nil || s.Server != "" || s.Queued != 1 {
		t.Errorf("%+v %v", s, err)
	}
}

func TestEncryptionIsRequired(t *testing.T) {
	serverTLS, trust := certificate(t)
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("hemligt\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	one := func(t *testing.T, server string, address string, trusted bool) *desk {
		d := open(t, testkit.SQLite(t), notice.Options{Server: server, Password: file})
		if trusted {
			d.Reach(trust, to(address))
		} else {
			d.Reach(nil, to(address))
		}
		d.recipient(t, notice.Recipient{Person: "maja", Mail: "maja@example.org"})
		d.tell(t, "maja", urgent)
		d.work(t)
		return d
	}
	t.Run("starttls", func(t *testing.T) {
		p, address := listen(t, func(p *post) { p.TLSConfig, p.users = serverTLS, []string{"samverk:hemligt"} })
		one(t, "smtp://samverk@mail.example.org:587", address, true)
		if len(p.letters()) != 1 || p.plain != 0 {
			t.Errorf("%d mails, %d of them in the clear", len(p.letters()), p.plain)
		}
	})
	t.Run("tls from the start", func(t *testing.T) {
		p, inner := listen(t, func(p *post) { p.users = []string{"samverk:hemligt"} })
		outer := tlsListener(t, serverTLS, inner)
		one(t, "smtps://samverk@mail.example.org", outer, true)
		if len(p.letters()) != 1 {
			t.Errorf("%d mails", len(p.letters()))
		}
	})
	for name, c := range map[string]struct {
		tls, trusted bool
		user         string
	}{"not offered": {false, true, "samverk:hemligt"}, "not trusted": {true, false, "samverk:hemligt"}, "wrong password": {true, true, "samverk:annat"}} {
		t.Run(name, func(t *testing.T) {
			p, address := listen(t, func(p *post) {
				p.users = []string{c.user}
				if c.tls {
					p.TLSConfig = serverTLS
				}
			})
			d := one(t, "smtp://samverk@mail.example.org", address, c.trusted)
			s, err := d.State(context.Background())
			if len(p.letters()) != 0 || err != nil || s.Trouble == "" || s.Queued != 1 || strings.Contains(s.Trouble, "hemligt") {
				t.Errorf("%d mails, %+v, %v", len(p.letters()), s, err)
			}
		})
	}
}

func TestServersThatCannotBeRead(t *testing.T) {
	db, err := storage.Open(context.Background(), testkit.SQLite(t), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, o := range []notice.Options{
		{URL: "samverk.example.org"}, {URL: "https://"}, {URL: "https://example.org/?a=b"},
		{URL: site, Server: "mail.example.org", From: "a@example.org"}, {URL: site, Server: "http://mail.example.org", From: "a@example.org"},
		{URL: site, Server: "smtp://u:canary@mail.example.org", From: "a@example.org", Password: "f"}, {URL: site, Server: "smtp://mail.example.org"},
		{URL: site, Server: "smtp://mail.example.org", From: "Samverk <a@example.org>"},
		{URL: site, Server: "smtp://u@mail.example.org", From: "a@example.org"}, {URL: site, Server: "smtp://mail.example.org", From: "a@example.org", Password: "f"},
		{URL: site, Server: "smtp://u:can%ary@mail", From: "a@example.org"},
	} {
		if _, err := notice.Open(context.Background(), db, o); fault.KindOf(err) != fault.Invalid || strings.Contains(err.Error(), "canary") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
