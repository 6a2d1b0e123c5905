package notice_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// address tells somebody at an address, as a warning does.
func (d *desk) address(t *testing.T, r notice.Recipient, what notice.Notice) {
	t.Helper()
	d.write(t, func(ctx context.Context, tx *storage.Tx) error { return d.TellAddress(ctx, tx, r, what) })
}

func (d *desk) shut(t *testing.T, person string, off bool) {
	t.Helper()
	d.write(t, func(ctx context.Context, tx *storage.Tx) error { return d.Shut(ctx, tx, person, off) })
}

// A warning goes where the person read mail when it happened, not to whoever changed the address since.
func TestAWarningDoesNotFollowANewAddress(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		p, server := listen(t)
		d := open(t, dsn, notice.Options{Server: "smtp://" + server})
		d.recipient(t, notice.Recipient{Person: "maja", Mail: "maja@example.org"})
		d.address(t, notice.Recipient{Person: "maja", Mail: "maja@example.org", Lang: "sv"},
			notice.Notice{Key: "notice.account.mail", Args: []string{notice.When(d.now)}, Link: "/account", Urgent: true})
		d.tell(t, "maja", urgent)
		d.recipient(t, notice.Recipient{Person: "maja", Mail: "thief@example.org"})
		d.work(t)
		got := p.letters()
		if len(got) != 2 || got[0].to != "maja@example.org" || !strings.HasPrefix(got[0].subject(), "Din mejladress") || got[1].to != "thief@example.org" {
			t.Errorf("%+v", got)
		}
	})
}

func TestAShutPersonIsMailedNothing(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		p, server := listen(t)
		d := open(t, dsn, notice.Options{Server: "smtp://" + server})
		maja := notice.Recipient{Person: "maja", Mail: "maja@example.org", Lang: "sv"}
		recovery := notice.Notice{Key: "notice.account.recovery", Link: "/recover/" + canary, Secret: true}
		d.recipient(t, maja)
		d.tell(t, "maja", urgent)
		d.address(t, maja, recovery)
		d.tell(t, "maja", moved("Väntar"))
		d.shut(t, "maja", true)
		d.tell(t, "maja", urgent)
		d.tell(t, "maja", moved("Sedan"))
		d.address(t, maja, recovery)
		d.recipient(t, notice.Recipient{Person: "maja", Mail: "ny@example.org"}) // which opens nothing
		d.tell(t, "maja", urgent)
		d.now = d.now.Add(48 * time.Hour)
		d.work(t)
		if got := p.letters(); len(got) != 0 {
			t.Fatalf("%+v", got)
		}
		failed := d.mails(t, "failed")
		if len(failed) != 2 || failed[0].Reason != notice.Shut || !failed[0].Lost {
			t.Errorf("%+v", failed)
		}
		d.shut(t, "maja", false)
		d.tell(t, "maja", urgent)
		d.work(t)
		if got := p.letters(); len(got) != 1 || got[0].to != "ny@example.org" {
			t.Errorf("%+v", got)
		}
	})
}

// The worker reads many mails at a time. One whose person is shut out before its turn isn't sent.
func TestShutWhileMailIsBeingSent(t *testing.T) {
	p, server := listen(t)
	d := open(t, testkit.SQLite(t), notice.Options{Server: "smtp://" + server})
	d.recipient(t, notice.Recipient{Person: "kari", Mail: "kari@example.org"})
	d.recipient(t, notice.Recipient{Person: "maja", Mail: "maja@example.org"})
	d.tell(t, "kari", urgent)
	d.tell(t, "maja", urgent)
	p.data = func(string) error { d.shut(t, "maja", true); return nil }
	d.work(t)
	if got := p.letters(); len(got) != 1 || got[0].to != "kari@example.org" {
		t.Errorf("%+v", got)
	}
}

// Whoever reads the database, or a backup of it, while a secret link waits has nothing to use.
func TestAWaitingSecretIsHidden(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		p, server := listen(t)
		key := bytes.Repeat([]byte{7}, notice.KeySize)
		d := open(t, dsn, notice.Options{Server: "smtp://" + server, Key: key})
		ny := notice.Recipient{Person: "ny", Mail: "ny@example.org", Lang: "en"}
		secret := notice.Notice{Key: "notice.account.recovery", Link: "/recover/" + canary, Secret: true}
		d.address(t, ny, secret)
		if all := d.everything(t); strings.Contains(all, canary) || !strings.Contains(all, "ny@example.org") {
			t.Fatalf("it waits in the open: %s", all)
		}
		again, err := notice.Open(context.Background(), d.db, notice.Options{URL: site, From: "samverk@example.org", Server: "smtp://" + server, Key: key})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.Work(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := p.letters(); len(got) != 1 || !strings.Contains(got[0].text, site+"/recover/"+canary) {
			t.Fatalf("after a restart: %+v", got)
		}
		d.address(t, ny, secret)
		other, err := notice.Open(context.Background(), d.db, notice.Options{URL: site, From: "samverk@example.org", Server: "smtp://" + server})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.Work(context.Background()); err != nil {
			t.Fatal(err)
		}
		failed := d.mails(t, "failed")
		if len(failed) != 1 || failed[0].Reason != notice.Sealed || !failed[0].Lost || len(p.letters()) != 1 {
			t.Errorf("under another key: %+v", failed)
		}
	})
}

// Without a server a secret link would wait for ever: it isn't kept at all.
func TestASecretIsNotKeptWithoutAServer(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		d := open(t, dsn, notice.Options{})
		d.address(t, notice.Recipient{Person: "ny", Mail: "ny@example.org", Lang: "en"}, notice.Notice{Key: "notice.account.recovery", Link: "/recover/" + canary, Secret: true})
		failed := d.mails(t, "failed")
		if strings.Contains(d.everything(t), canary) || len(failed) != 1 || failed[0].Reason != notice.Unserved || len(d.mails(t, "waiting")) != 0 {
			t.Fatalf("%+v", failed)
		}
		err := d.db.Write(context.Background(), func(tx *storage.Tx) error {
			return d.Retry(context.Background(), tx, failed[0].ID, everybody)
		})
		if fault.KindOf(err) != fault.Conflict {
			t.Errorf("sent again: %v", err)
		}
	})
}

// A name that is written in several languages is read in one's own, in the list and in the mail.
func TestANameIsInTheReadersLanguage(t *testing.T) {
	d := open(t, testkit.SQLite(t), notice.Options{})
	council := notice.Notice{Key: "notice.seat.offered", Args: []string{notice.Name("Patientrådet", "Pasientrådet", "")}, Urgent: true, Link: "/a"}
	for _, code := range []string{"sv", "nb", "en"} {
		d.recipient(t, notice.Recipient{Person: code, Mail: code + "@example.org", Lang: code})
		d.tell(t, code, council)
	}
	want := map[string]string{"sv": "Patientrådet", "nb": "Pasientrådet", "en": "Patientrådet"}
	for _, m := range d.mails(t, "waiting") {
		if !strings.HasSuffix(m.Subject, want[m.Person]) {
			t.Errorf("%s: %q", m.Person, m.Subject)
		}
	}
	d.write(t, func(ctx context.Context, tx *storage.Tx) error {
		told, err := d.Told(ctx, tx, "sv", "", 1)
		if err == nil && !strings.HasSuffix(d.Title("nb", told[0]), "Pasientrådet") {
			t.Errorf("%q", d.Title("nb", told[0]))
		}
		return err
	})
}

// A list says by which mail each thing was told, and what became of it.
func TestToldByWhichMail(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		_, server := listen(t)
		d := open(t, dsn, notice.Options{Server: "smtp://" + server})
		last := func() (one notice.Told) {
			d.write(t, func(ctx context.Context, tx *storage.Tx) error {
				told, err := d.Told(ctx, tx, "maja", "", 1)
				one = told[0]
				return err
			})
			return one
		}
		d.tell(t, "maja", urgent)
		if one := last(); one.Mail != "" || !one.Due.IsZero() {
			t.Errorf("without an address: %+v", one)
		}
		d.recipient(t, notice.Recipient{Person: "maja", Mail: "maja@example.org"})
		d.tell(t, "maja", moved("Fråga"))
		if one := last(); one.Mail != "" || !one.Due.Equal(d.now.Add(time.Minute)) {
			t.Errorf("before: %+v", one)
		}
		d.now = d.now.Add(time.Minute)
		d.work(t)
		if one := last(); one.Mail != "sent" || !one.Sent.Equal(d.now) || !one.Due.IsZero() {
			t.Errorf("after: %+v", one)
		}
		d.now = d.now.Add(100 * 24 * time.Hour)
		d.work(t)
		if one := last(); one.Mail != "gone" {
			t.Errorf("long after: %+v", one)
		}
	})
}
