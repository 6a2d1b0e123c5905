package forum

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

func (w *world) found(who network.Actor, query string) string {
	w.t.Helper()
	var out []string
	for _, d := range got(w.Search(w.t.Context(), who, w.root, query, nil, 20))(w.t) {
		_, title, _ := strings.Cut(d.Title, " ")
		out = append(out, title)
	}
	return strings.Join(out, ", ")
}

func TestSearchFindsWhatOneMaySee(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx, nobody := open(t, dsn), t.Context(), network.Actor{}
		x := w.raise(w.plain, w.west, network.Public, "Skal alle testes for DPYD før behandling?")
		w.raise(w.plain, w.west, network.NetworkOnly, "Åpne blodprøver DPYD")
		w.raise(w.plain, w.west, network.BodyOnly, "Kanariefugl HLA-B*57:01 DPYD")
		for _, c := range []struct {
			who   network.Actor
			query string
			want  int
		}{
			{nobody, "dpyd", 1}, {nobody, "DPY", 1}, {nobody, `"dpyd før"`, 1}, {nobody, `"før dpyd"`, 0}, {nobody, "behandl alle", 1}, {nobody, "kanarie", 0}, {nobody, "åpne", 0},
			{w.west.member, "dpyd", 3}, {w.west.member, "hla-b 57:01", 1}, {w.west.member, "åpne", 1}, {w.west.member, "apne", 0}, {w.north.member, "dpyd", 1},
			{w.plain, "kanarie", 0}, {w.other, "kanarie", 0}, {w.coord, "kanarie", 1}, {nobody, "NO-2026-0001", 1}, {nobody, "trengs", 1},
			{nobody, "", 0}, {nobody, `" ' ) OR * : & | ! <-> NEAR(`, 0},
		} {
			if n := len(got(w.Search(ctx, c.who, w.root, c.query, nil, 20))(t)); n != c.want {
				t.Errorf("%q finds %d, not %d", c.query, n, c.want)
			}
		}
		like := got(w.Similar(ctx, nobody, w.root, "Testes DPYD før all behandling i Norge", 5))(t)
		if len(like) != 1 || like[0].Ref != string(x.ID) {
			t.Errorf("similar: %+v", like)
		}
		if like := got(w.Similar(ctx, nobody, w.root, "Kanariefugl HLA", 5))(t); len(like) != 0 {
			t.Errorf("similar: %+v", like)
		}
		w.ok(w.EditTopic(ctx, w.west.chair, x.ID, TopicEdit{Version: 1, Title: "Noe annet", Text: "Helt nytt", Lang: "nb", Visibility: network.BodyOnly}))
		if s := w.found(nobody, "dpyd"); s != "" {
			t.Errorf("found %s", s)
		}
		if s := w.found(w.west.chair, "annet"); s != "Noe annet" {
			t.Errorf("found %s", s)
		}
	})
}

func FuzzQuery(f *testing.F) {
	w := open(f, testkit.SQLite(f))
	p := open(f, testkit.Postgres(f))
	for _, s := range []string{`dpyd "før behandling`, `a" "b`, `'`, `\`, "\x00", "ǅ ß ﬁ İ", "x:* & !y", `NEAR("a b", 3)`, "１２ ⅷ ²"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		for _, w := range []*world{w, p} {
			if _, err := w.Search(t.Context(), w.coord, w.root, query, nil, 5); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Similar(t.Context(), w.coord, w.root, query, 5); err != nil {
				t.Fatal(err)
			}
		}
		for _, x := range parse(query) {
			extract(query+strings.Repeat(" lang tekst", 60), []term{x})
		}
	})
}

func TestSearchComesBackWithABackup(t *testing.T) {
	ctx, backup := t.Context(), t.TempDir()+"/backup"
	w := open(t, testkit.SQLite(t))
	w.raise(w.plain, w.west, network.Public, "Blodprøve")
	got(storage.Backup(ctx, w.db, backup, nil))(t)
	o := storage.Options{Migrations: []fs.FS{network.Migrations, notice.Migrations, Migrations}, Now: w.Now}
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		got(storage.Restore(ctx, backup, t.TempDir()+"/node", func(string) string { return dsn }, o))(t)
		db := got(storage.Open(ctx, dsn, o))(t)
		defer func() { _ = db.Close() }()
		again := got(Open(ctx, db, got(network.Open(ctx, db))(t), w.notices, Options{}))(t)
		if d := got(again.Search(ctx, w.plain, w.root, "blod", nil, 5))(t); len(d) != 1 {
			t.Errorf("found %+v", d)
		}
	})
}

// Meetings and minutes are found by what they are and their day in words, also those that were there before.
func TestSearchByDay(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := open(t, dsn)
		b := w.board()
		topic := w.prepared(b, "Klar sak")
		w.decided(b, topic, got(w.GiveInput(t.Context(), b.people[5], topic, Giving{Text: "Husk reisetiden"}))(t))
		meeting := w.convened(b, 14)
		day := func(at time.Time) string {
			return w.notices.Title("nb", notice.Told{Key: "notice.search.meeting", Args: []string{notice.Day(at)}})
		}
		find := func(kind DocKind, query string) (titles string) {
			for _, d := range got(w.Search(t.Context(), b.chair, w.root, query, []DocKind{kind}, 20))(t) {
				titles += d.Title + "|"
			}
			return titles
		}
		for range 2 {
			name := day(meeting.Starts.In(w.zoneOf(w.root)))
			if found := got(w.Search(t.Context(), b.chair, w.root, name, []DocKind{MeetingDoc}, 20))(t); len(found) != 1 || found[0].Meeting.ID != meeting.ID {
				t.Errorf("%q finds %+v", name, found)
			}
			month := strings.Fields(day(w.Now()))[2]
			if s := find(MinutesDoc, "protokoll "+month); !strings.HasPrefix(s, "Protokoll ") || !strings.Contains(s, month) {
				t.Errorf("protokoll %s finds %q", month, s)
			}
			w.ok(w.db.Write(t.Context(), func(tx *storage.Tx) error { // as an older version left them
				if _, err := tx.Exec(t.Context(), `UPDATE forum_doc SET title = '', title_words = '' WHERE kind IN ('meeting', 'minutes')`); err != nil {
					return err
				}
				_, err := tx.Exec(t.Context(), `INSERT INTO forum_unindexed (kind) VALUES ('meeting'), ('minutes')`)
				return err
			}))
			w.ok(w.indexOld(t.Context()))
		}
	})
}
