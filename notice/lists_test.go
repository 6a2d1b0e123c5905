package notice_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

func TestAPersonsList(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		d := open(t, dsn, notice.Options{})
		for i := range 5 {
			d.tell(t, "maja", moved(fmt.Sprint("Fråga ", i)))
		}
		d.tell(t, "kari", moved("En annans"))
		d.write(t, func(ctx context.Context, tx *storage.Tx) error {
			page, err := d.Told(ctx, tx, "maja", "", 2)
			if err != nil || len(page) != 2 || d.Title("nb", page[0]) != "Saken «Fråga 4» er vedtatt" || page[0].Link != "/n/se/topics/1" || !page[0].Read.IsZero() {
				t.Errorf("%+v %v", page, err)
			}
			if page, err = d.Told(ctx, tx, "maja", page[1].ID, 10); err != nil || len(page) != 3 {
				t.Errorf("%+v %v", page, err)
			}
			if err := d.MarkRead(ctx, tx, "kari", page[0].ID); err != nil { // not hers
				t.Error(err)
			}
			if unread, err := d.Unread(ctx, tx, "maja", "", 10); err != nil || len(unread) != 5 {
				t.Errorf("%+v %v", unread, err)
			}
			if err := d.MarkRead(ctx, tx, "maja", page[0].ID, page[1].ID); err != nil {
				t.Error(err)
			}
			if unread, err := d.CountUnread(ctx, tx, "maja"); err != nil || unread != 3 {
				t.Errorf("%d %v", unread, err)
			}
			if err := d.Seen(ctx, tx, "maja", "/n/se/topics/1"); err != nil {
				t.Error(err)
			}
			unread, err := d.Unread(ctx, tx, "maja", "", 10)
			if err != nil || len(unread) != 0 {
				t.Errorf("%+v %v", unread, err)
			}
			if unread, err = d.Unread(ctx, tx, "kari", "", 10); err != nil || len(unread) != 1 {
				t.Errorf("%+v %v", unread, err)
			}
			return err
		})
	})
}

func TestCoordinatorsSeeTheirOwnPeoplesMail(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		d := open(t, dsn, notice.Options{})
		for i := range 9 {
			who := fmt.Sprint("p", i%3)
			d.recipient(t, notice.Recipient{Person: who, Mail: who + "@example.org"})
			d.tell(t, who, urgent)
		}
		d.write(t, func(ctx context.Context, tx *storage.Tx) error {
			mine := func(person string) bool { return person == "p1" }
			first, err := d.Mails(ctx, tx, "waiting", mine, "", 2)
			if err != nil || len(first.Mails) != 2 || first.Next == "" {
				t.Fatalf("%+v %v", first, err)
			}
			second, err := d.Mails(ctx, tx, "waiting", mine, first.Next, 2)
			if err != nil || len(second.Mails) != 1 || second.Next != "" {
				t.Fatalf("%+v %v", second, err)
			}
			for _, m := range append(first.Mails, second.Mails...) {
				if m.Person != "p1" || m.Address != "p1@example.org" || m.Subject == "" || m.State != "waiting" {
					t.Errorf("%+v", m)
				}
			}
			return nil
		})
	})
}

func TestAddress(t *testing.T) {
	for typed, want := range map[string]string{
		"maja@example.org": "maja@example.org", "  maja.o'hara+a@sub.example.org\t": "maja.o'hara+a@sub.example.org",
		"": "", "maja": "", "maja@": "", "@example.org": "", "maja@localhost": "", "maja@example..org": "", "maja@.example.org": "",
		"Maja <maja@example.org>": "", "a@example.org, b@example.org": "", "maja@[127.0.0.1]": "", `"ma ja"@example.org`: "",
		"maja@example.org\r\nBcc: x@example.org": "", "måja@example.org": "", "maja@exämple.org": "", "maja@example.org.": "",
		"(c)maja@example.org": "", "<maja@example.org>": "", strings.Repeat("a", 65) + "@example.org": "", "a@" + strings.Repeat("a.", 130) + "org": "",
	} {
		got, err := notice.Address(typed)
		if got != want || (want == "") != (fault.KindOf(err) == fault.Invalid && err != nil) {
			t.Errorf("%q: %q, %v", typed, got, err)
		}
	}
}

func TestRecipientsThatCannotBe(t *testing.T) {
	d := open(t, testkit.SQLite(t), notice.Options{})
	good := notice.Recipient{Person: "maja", Mail: "maja@example.org", Lang: "sv", Frequency: notice.Daily, Zone: "Europe/Oslo"}
	for field, spoil := range map[string]func(*notice.Recipient){
		"mail": func(r *notice.Recipient) { r.Mail = "maja" }, "lang": func(r *notice.Recipient) { r.Lang = "fi" },
		"frequency": func(r *notice.Recipient) { r.Frequency = "hourly" }, "zone": func(r *notice.Recipient) { r.Zone = "Local" },
	} {
		r := good
		spoil(&r)
		err := d.db.Write(context.Background(), func(tx *storage.Tx) error { return d.SetRecipient(context.Background(), tx, r) })
		if fault.KindOf(err) != fault.Invalid || !strings.HasPrefix(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	d.recipient(t, good)
	d.write(t, func(ctx context.Context, tx *storage.Tx) error {
		if r, err := d.RecipientOf(ctx, tx, "maja"); err != nil || r != good {
			t.Errorf("%+v %v", r, err)
		}
		if _, err := d.RecipientOf(ctx, tx, "kari"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%v", err)
		}
		return nil
	})
}

// Every message takes the same arguments in each language, and an ordinary one makes a subject of one line.
func TestMessages(t *testing.T) {
	words, err := lang.Read(notice.Messages)
	if err != nil {
		t.Fatal(err)
	}
	args := regexp.MustCompile(`%(\[\d\])?[sd]`)
	taken := map[string][]string{}
	for _, code := range lang.Codes {
		b, err := fs.ReadFile(notice.Messages, "messages/"+code+".txt")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			key, text, ok := strings.Cut(strings.TrimSpace(line), " = ")
			if !ok || strings.HasPrefix(key, "#") {
				continue
			}
			got := args.FindAllString(text, -1)
			slices.Sort(got)
			if had, ok := taken[key]; ok && !slices.Equal(had, got) {
				t.Errorf("%s in %s takes %v, elsewhere %v", key, code, got, had)
			}
			taken[key] = got
			if strings.ContainsAny(text, `"`) || strings.Contains(text, "!") {
				t.Errorf("%s in %s: %q", key, code, text)
			}
			if !strings.HasPrefix(key, "notice.mail.") && len([]rune(args.ReplaceAllString(text, ""))) > 58 {
				t.Errorf("%s in %s leaves no place for a title: %q", key, code, text)
			}
		}
	}
	at := time.Date(2026, 12, 2, 9, 30, 0, 0, time.UTC)
	n := notice.Told{Key: "notice.answer.overdue", Args: []string{notice.Count(12), "Gener", notice.Name("Norr", "Nord", "North")}}
	d := open(t, testkit.SQLite(t), notice.Options{})
	for code, want := range map[string]string{"sv": "Ert svar till Norr är 12 dagar försenat: ”Gener”", "nb": "Svaret deres til Nord er 12 dager forsinket: «Gener»", "en": "Your answer to North is 12 days late: “Gener”", "fi": "Your answer to North is 12 days late: “Gener”"} {
		if got := d.Title(code, n); got != want {
			t.Errorf("%q", got)
		}
	}
	if got := d.Title("sv", notice.Told{Key: "notice.answer.due", Args: []string{"2026", notice.Day(at)}}); got != "Svar ni är skyldiga, senast 2\u00a0december\u00a02026: ”2026”" {
		t.Errorf("%q", got)
	}
	if words["sv"].Code != "sv" {
		t.Error("no Swedish")
	}
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"maja@example.org", "a@b\r\nBcc: c@d.e", "<a@b.c>", "a@b.c,d@e.f", "\"a b\"@c.d", "a@b.c\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		a, err := notice.Address(typed)
		if err != nil {
			return
		}
		parsed, err := mail.ParseAddressList(a)
		if err != nil || len(parsed) != 1 || parsed[0].Address != a || parsed[0].Name != "" || a != strings.TrimSpace(typed) {
			t.Errorf("%q became %q: %v %v", typed, a, parsed, err)
		}
		if again, err := notice.Address(a); err != nil || again != a {
			t.Errorf("%q is not itself: %q %v", a, again, err)
		}
	})
}

// FuzzMail holds that no title or address adds a header or ends the head.
func FuzzMail(f *testing.F) {
	d := open(f, testkit.SQLite(f), notice.Options{Server: "smtp://localhost"})
	f.Add("maja@example.org", "Möte\r\nBcc: x@example.org", "text")
	f.Fuzz(func(t *testing.T, to, title, body string) {
		raw, err := d.Outgoing(notice.Recipient{Mail: to, Lang: "sv"}, notice.Clean(title), notice.Clean(body))
		if err != nil {
			if _, wrong := notice.Address(to); wrong == nil {
				t.Error(err)
			}
			return
		}
		l, err := readLetter(string(raw))
		if err != nil {
			t.Fatal(err)
		}
		for name, values := range l.head {
			if !slices.Contains([]string{"Auto-Submitted", "Content-Language", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To"}, name) || len(values) != 1 {
				t.Errorf("%s: %q", name, values)
			}
		}
		if got, err := l.head.AddressList("To"); err != nil || len(got) != 1 {
			t.Errorf("To: %v %v", got, err)
		}
		if got, want := l.subject(), strings.TrimSpace(notice.Clean(title)); strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") {
			t.Errorf("Subject %q, want %q", got, want)
		}
	})
}
