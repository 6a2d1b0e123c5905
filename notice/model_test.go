package notice_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

// model is what should happen, said plainly: no SQL, and digest times found by looking at every minute.
type model struct {
	people map[string]*reader
	mails  []expected // to be sent at the next Work
}

type reader struct {
	to   *notice.Recipient
	told []*item
}

type item struct {
	title string
	read  bool
	due   time.Time // zero: not to be mailed
}

type expected struct {
	To     string
	Titles []string
	Digest bool
	secret bool
	person string
}

// dueAt is the first 07:00 after now by the zone's clock, on a Monday if weekly.
func dueAt(now time.Time, r notice.Recipient) time.Time {
	if r.Frequency == notice.Immediate {
		return now.Add(time.Minute)
	}
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		panic(err)
	}
	for at := now.Truncate(time.Minute).Add(time.Minute); ; at = at.Add(time.Minute) {
		l := at.In(zone)
		if l.Hour() == 7 && l.Minute() == 0 && (r.Frequency == notice.Daily || l.Weekday() == time.Monday) {
			return at
		}
	}
}

// work makes the mails that are due and gives all that must have been sent.
func (m *model) work(now time.Time) []expected {
	out := m.mails
	m.mails = nil
	for _, p := range m.people {
		if p.to == nil || !slices.ContainsFunc(p.told, func(i *item) bool { return !i.due.IsZero() && !i.due.After(now) }) {
			continue
		}
		e := expected{To: p.to.Mail, Digest: p.to.Frequency != notice.Immediate}
		for _, i := range p.told {
			if !i.due.IsZero() && !slices.Contains(e.Titles, i.title) {
				e.Titles = append(e.Titles, i.title)
			}
			i.due = time.Time{}
		}
		out = append(out, e)
	}
	return out
}

func (m *model) set(now time.Time, r notice.Recipient) {
	p := m.people[r.Person]
	p.to = &r
	for _, i := range p.told {
		switch {
		case i.due.IsZero():
		case r.Mail == "":
			i.due = time.Time{}
		default:
			i.due = dueAt(now, r)
		}
	}
	if r.Mail == "" {
		m.mails = slices.DeleteFunc(m.mails, func(e expected) bool { return e.person == r.Person && !e.secret })
	}
	for i := range m.mails {
		if e := &m.mails[i]; e.person == r.Person && !e.secret {
			e.To = r.Mail
		}
	}
}

func (m *model) tell(now time.Time, who string, i *item, urgent, secret bool) {
	p := m.people[who]
	mailed := p.to != nil && p.to.Mail != ""
	if mailed && (urgent || secret) {
		m.mails = append(m.mails, expected{To: p.to.Mail, Titles: []string{i.title}, secret: secret, person: who})
	}
	if secret {
		return
	}
	if mailed && !urgent {
		i.due = dueAt(now, *p.to)
	}
	p.told = append(p.told, i)
}

// got gives what a letter tells, without its foot and links.
func (l letter) got() expected {
	body, _, _ := strings.Cut(strings.ReplaceAll(l.text, "\r\n", "\n"), "\n-- \n")
	e := expected{To: l.to, Digest: l.head.Get("List-Unsubscribe") != ""}
	for _, part := range strings.Split(strings.TrimSpace(body), "\n\n") {
		title, _, _ := strings.Cut(part, "\n")
		title = strings.TrimSuffix(strings.TrimPrefix(title, "A new comment on “"), "”")
		e.Titles = append(e.Titles, title)
	}
	return e
}

func TestFrequenciesAndDigests(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		p, address := listen(t)
		d := open(t, dsn, notice.Options{Server: "smtp://" + address})
		run := 0
		rapid.Check(t, func(t *rapid.T) {
			run++
			m := &model{people: map[string]*reader{}}
			var names []string
			for i := range 3 {
				names = append(names, fmt.Sprintf("p%d-%d", run, i))
				m.people[names[i]] = &reader{}
			}
			seen, next := p.count(), 0
			work := func() {
				if _, err := d.Work(context.Background()); err != nil {
					t.Fatal(err)
				}
				want, fresh := m.work(d.now), p.since(seen)
				var got []expected
				for _, l := range fresh {
					got = append(got, l.got())
				}
				seen += len(fresh)
				for _, s := range [][]expected{want, got} {
					slices.SortFunc(s, func(a, b expected) int {
						return strings.Compare(fmt.Sprint(a.To, a.Titles), fmt.Sprint(b.To, b.Titles))
					})
				}
				for i := range want {
					want[i].secret, want[i].person = false, ""
				}
				if diff := cmp.Diff(want, got, cmp.AllowUnexported(expected{})); diff != "" && len(want)+len(got) > 0 {
					t.Fatalf("at %v: %s", d.now, diff)
				}
			}
			in := func(f func(ctx context.Context, tx *storage.Tx) error) {
				ctx := context.Background()
				if err := d.db.Write(ctx, func(tx *storage.Tx) error { return f(ctx, tx) }); err != nil {
					t.Fatal(err)
				}
			}
			t.Repeat(map[string]func(*rapid.T){
				"list": func(t *rapid.T) {
					who := rapid.SampledFrom(names).Draw(t, "who")
					ctx := context.Background()
					if err := d.db.Read(ctx, func(tx *storage.Tx) error {
						unread, err := d.Unread(ctx, tx, who, "", 1000)
						var want, got []string
						for _, i := range slices.Backward(m.people[who].told) {
							if !i.read {
								want = append(want, i.title)
							}
						}
						for _, u := range unread {
							got = append(got, u.Args[0])
						}
						if diff := cmp.Diff(want, got); diff != "" {
							t.Fatal(diff)
						}
						return err
					}); err != nil {
						t.Fatal(err)
					}
				},
				"tell": func(t *rapid.T) {
					who := rapid.SampledFrom(names).Draw(t, "who")
					kind := rapid.SampledFrom([]string{"", "", "", "urgent", "secret"}).Draw(t, "kind")
					n := notice.Notice{Key: "notice.post.commented", Link: "/a", Urgent: kind == "urgent", Secret: kind == "secret"}
					i := &item{title: fmt.Sprint("t", next)}
					if next++; rapid.IntRange(0, 5).Draw(t, "again") == 0 { // the same thing told twice
						i.title = "again"
					}
					n.Args = []string{i.title}
					in(func(ctx context.Context, tx *storage.Tx) error { return d.Tell(ctx, tx, who, n) })
					m.tell(d.now, who, i, n.Urgent, n.Secret)
				},
				"recipient": func(t *rapid.T) {
					r := notice.Recipient{Person: rapid.SampledFrom(names).Draw(t, "who"), Lang: "en",
						Frequency: rapid.SampledFrom(notice.Frequencies).Draw(t, "frequency"),
						Zone:      rapid.SampledFrom([]string{"Europe/Stockholm", "America/St_Johns", "Pacific/Auckland", "UTC"}).Draw(t, "zone")}
					if n := rapid.IntRange(0, 3).Draw(t, "mail"); n > 0 {
						r.Mail = fmt.Sprintf("m%d@example.org", n)
					}
					in(func(ctx context.Context, tx *storage.Tx) error { return d.SetRecipient(ctx, tx, r) })
					m.set(d.now, r)
				},
				"read": func(t *rapid.T) {
					who := rapid.SampledFrom(names).Draw(t, "who")
					in(func(ctx context.Context, tx *storage.Tx) error { return d.MarkRead(ctx, tx, who) })
					for _, i := range m.people[who].told {
						if !i.read {
							i.read, i.due = true, time.Time{}
						}
					}
				},
				"wait": func(t *rapid.T) {
					d.now = d.now.Add(rapid.SampledFrom([]time.Duration{time.Second, 59 * time.Second, time.Minute, time.Hour, 9 * time.Hour, 24 * time.Hour, 61 * time.Hour}).Draw(t, "time"))
					work()
				},
				"work": func(*rapid.T) { work() },
			})
			d.now = d.now.Add(8 * 24 * time.Hour)
			work()
		})
	})
}
