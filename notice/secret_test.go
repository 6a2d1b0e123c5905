package notice_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

const canary = "kanariefagel7391"

// everything is each value of the room's tables.
func (d *desk) everything(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, table := range []string{"notice", "notice_recipient", "notice_mail"} {
		d.write(t, func(ctx context.Context, tx *storage.Tx) error {
			rows, err := tx.Query(ctx, `SELECT * FROM `+table)
			if err != nil {
				return err
			}
			defer rows.Close()
			columns, err := rows.Columns()
			if err != nil {
				return err
			}
			values, at := make([][]byte, len(columns)), make([]any, len(columns))
			for i := range at {
				at[i] = &values[i]
			}
			for rows.Next() {
				if err := rows.Scan(at...); err != nil {
					return err
				}
				all.Write(bytes.Join(values, []byte("|")))
				all.WriteByte('\n')
			}
			return rows.Err()
		})
	}
	return all.String()
}

func TestASecretLinkIsNowhereOnceItIsSent(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		p, address := listen(t)
		d := open(t, dsn, notice.Options{Server: "smtp://" + address})
		recovery := notice.Notice{Key: "notice.account.recovery", Link: "/recover/" + canary, Urgent: true, Secret: true}
		d.recipient(t, notice.Recipient{Person: "maja", Mail: "maja@example.org", Frequency: notice.Weekly})
		d.tell(t, "maja", recovery)
		d.write(t, func(ctx context.Context, tx *storage.Tx) error {
			return d.TellAddress(ctx, tx, notice.Recipient{Person: "invited", Mail: "ny@example.org", Lang: "nb"},
				notice.Notice{Key: "notice.account.invitation", Args: []string{"Nasjonalt nettverk"}, Link: "/invitation/" + canary, Secret: true})
		})
		// A new address must not get what was asked for from the old one.
		d.recipient(t, notice.Recipient{Person: "maja", Mail: "ny.maja@example.org"})
		d.recipient(t, notice.Recipient{Person: "maja", Mail: ""})
		d.work(t)
		got := p.letters()
		if len(got) != 2 || got[0].to != "maja@example.org" || !strings.Contains(got[0].text, site+"/recover/"+canary) ||
			got[1].subject() != "Du er invitert til Nasjonalt nettverk" || strings.Contains(got[1].text, "/account") || !strings.Contains(got[1].text, "Lenken er bare til deg") || strings.Contains(got[0].subject(), canary) {
			t.Fatalf("%+v", got)
		}
		if all := d.everything(t); strings.Contains(all, canary) || !strings.Contains(all, "ny@example.org") {
			t.Errorf("still kept: %s", all)
		}
		if d.db.Kind() == "sqlite" {
			if err := d.db.EmptyLog(context.Background()); err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{dsn, dsn + "-wal"} {
				if b, err := os.ReadFile(file); err == nil && bytes.Contains(b, []byte(canary)) {
					t.Errorf("%s still holds it", file)
				}
			}
		}
	})
}

func TestASecretThatBouncesOrComesTooLateIsGone(t *testing.T) {
	p, address := listen(t)
	p.rcpt = func(to string) error {
		if strings.HasPrefix(to, "gone") {
			return &smtp.SMTPError{Code: 550, Message: "no"}
		}
		return &smtp.SMTPError{Code: 450, Message: "later"}
	}
	d := open(t, testkit.SQLite(t), notice.Options{Server: "smtp://" + address})
	for _, who := range []string{"gone", "busy"} {
		d.recipient(t, notice.Recipient{Person: who, Mail: who + "@example.org"})
		d.tell(t, who, notice.Notice{Key: "notice.account.recovery", Link: "/recover/" + canary, Secret: true, Until: d.now.Add(time.Hour)})
	}
	for next := d.work(t); !next.IsZero(); next = d.work(t) {
		d.now = next
	}
	if d.now.Sub(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)) > time.Hour {
		t.Errorf("tried until %v", d.now)
	}
	bounced, failed := d.mails(t, "bounced"), d.mails(t, "failed")
	if len(bounced) != 1 || len(failed) != 1 || !bounced[0].Lost || !failed[0].Lost || !strings.Contains(failed[0].Said, "later") {
		t.Fatalf("%+v %+v", bounced, failed)
	}
	if strings.Contains(d.everything(t), canary) {
		t.Error("still kept")
	}
	err := d.db.Write(context.Background(), func(tx *storage.Tx) error {
		return d.Retry(context.Background(), tx, bounced[0].ID, everybody)
	})
	if fault.KindOf(err) != fault.Conflict {
		t.Errorf("%v", err)
	}
}

// What is long, or would end a line, is a content by mistake: only a title's length of it leaves.
func TestContentDoesNotLeave(t *testing.T) {
	p, address := listen(t)
	d := open(t, testkit.SQLite(t), notice.Options{Server: "smtp://" + address})
	d.recipient(t, notice.Recipient{Person: "maja", Mail: "maja@example.org", Lang: "en"})
	long := strings.Repeat("A title that goes on and on, ", 20) + canary
	d.tell(t, "maja", notice.Notice{Key: "notice.post.commented", Link: "/a", Urgent: true, Args: []string{"Two\r\nBcc: x@example.org\r\n\r\nlines\x00 \u202egnp"}})
	d.tell(t, "maja", notice.Notice{Key: "notice.post.commented", Link: "/a", Urgent: true, Args: []string{long}})
	d.work(t)
	got := p.letters()
	if len(got) != 2 || got[0].subject() != "A new comment on “Two Bcc: x@example.org lines gnp”" || got[0].head.Get("Bcc") != "" {
		t.Fatalf("%+v", got)
	}
	if s := got[1].subject(); len([]rune(s)) > 78 || !strings.HasSuffix(s, "…”") || strings.Contains(got[1].text, canary) || !strings.Contains(got[1].text, "…") {
		t.Errorf("%q", s)
	}
	if strings.Contains(d.everything(t), canary) {
		t.Error("the content is kept")
	}
}

func TestForgottenPeopleAreNowhere(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		d := open(t, dsn, notice.Options{})
		d.recipient(t, notice.Recipient{Person: "maja", Mail: canary + "@example.org"})
		d.recipient(t, notice.Recipient{Person: "kari", Mail: "kari@example.org"})
		d.tell(t, "maja", urgent)
		d.tell(t, "kari", urgent)
		d.tell(t, "maja", moved(canary))
		d.write(t, func(ctx context.Context, tx *storage.Tx) error { return d.Forget(ctx, tx, "maja") })
		if all := d.everything(t); strings.Contains(all, canary) || strings.Contains(all, "maja") || !strings.Contains(all, "kari") {
			t.Error(all)
		}
	})
}

func TestOldNewsIsCleared(t *testing.T) {
	_, address := listen(t)
	d := open(t, testkit.SQLite(t), notice.Options{Server: "smtp://" + address})
	d.recipient(t, notice.Recipient{Person: "maja", Mail: "maja@example.org"})
	d.tell(t, "maja", urgent)
	d.work(t)
	d.now = d.now.Add(91 * 24 * time.Hour)
	d.work(t)
	if len(d.mails(t, "sent")) != 0 || !strings.Contains(d.everything(t), "notice.seat.offered") {
		t.Error(d.everything(t))
	}
	d.now = d.now.Add(300 * 24 * time.Hour)
	d.work(t)
	if strings.Contains(d.everything(t), "notice.seat.offered") {
		t.Error("a notice of last year is still here")
	}
}
