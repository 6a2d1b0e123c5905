package forum

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/network"
)

// finds lists the names of the files that somebody finds.
func (w *world) finds(who network.Actor, query string) string {
	w.t.Helper()
	var out []string
	for _, d := range got(w.Search(w.t.Context(), who, w.root, query, []DocKind{FileDoc}, 20))(w.t) {
		out = append(out, d.Title)
	}
	return strings.Join(out, ", ")
}

// The words in a text are found by whoever may see the file, and by nobody else, wherever its topic goes.
func TestATextIsFoundByItsWords(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w, ctx, nobody := open(t, dsn), t.Context(), network.Actor{}
		open, closed := w.raise(w.plain, w.west, network.Public, "Åpent"), w.raise(w.plain, w.west, network.BodyOnly, "Lukket")
		attach := func(topic TopicID, name, text string) FileID {
			return got(w.Attach(ctx, w.coord, topic, name, strings.NewReader(text)))(t)
		}
		attach(open.ID, "tall.CSV", "gen;antall\nSPERLING;4")
		gone := attach(open.ID, "rapport.md", "# Om fugler\n\nEn sperling i hånden.")
		attach(closed.ID, "notat.txt", "sperling på taket")
		attach(open.ID, "bilde.pdf", "sperling")
		attach(open.ID, "gammel.txt", "sperling \xe5")
		attach(open.ID, "lang.txt", "sperling "+strings.Repeat("x ", textFileLimit/2))
		for _, c := range []struct {
			who   network.Actor
			query string
			want  string
		}{
			{nobody, "sperling", "rapport.md, tall.CSV"}, {nobody, `"sperling i hånden"`, "rapport.md"}, {nobody, "taket", ""}, {w.other, "taket", ""}, {w.north.member, "taket", ""},
			{w.west.member, "taket", "notat.txt"}, {w.coord, "sperl", "notat.txt, rapport.md, tall.CSV"},
		} {
			if found := sorted(w.finds(c.who, c.query)); found != c.want {
				t.Errorf("%q finds %q, not %q", c.query, found, c.want)
			}
		}
		w.ok(w.RemoveFile(ctx, w.coord, open.ID, gone))
		w.ok(w.EditTopic(ctx, w.west.chair, open.ID, TopicEdit{Version: got(w.Topic(ctx, w.coord, open.ID))(t).Version, Title: "Åpent", Text: "Ikke mer", Lang: "nb", Visibility: network.BodyOnly}))
		if found := w.finds(nobody, "sperling"); found != "" {
			t.Errorf("what isn't for everybody any more is found: %s", found)
		}
		if found := w.finds(w.west.member, "sperling"); sorted(found) != "notat.txt, tall.CSV" {
			t.Errorf("found %s", found)
		}
	})
}

func sorted(names string) string {
	all := strings.Split(names, ", ")
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// The largest text, all of different words, has room in the index; the words at its beginning are found.
func TestALongTextIsFoundByItsFirstWords(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := open(t, dsn)
		x := w.raise(w.plain, w.west, network.Public, "Underlag")
		var text strings.Builder
		for i := 0; text.Len() < textFileLimit-10; i++ {
			fmt.Fprintf(&text, "%x ", 0xa0000+i)
		}
		got(w.Attach(t.Context(), w.coord, x.ID, "alle.txt", strings.NewReader(text.String())))(t)
		if found := w.finds(network.Actor{}, "a0001"); found != "alle.txt" {
			t.Errorf("found %q", found)
		}
	})
}

// What the scanner hasn't judged is not found by its words, until it is.
func TestATextInQuarantineIsNotRead(t *testing.T) {
	w, ctx := open(t, testkit.SQLite(t)), t.Context()
	path := t.TempDir() + "/clamd"
	w.scanner = "unix:" + path
	x := w.raise(w.plain, w.west, network.Public, "Underlag")
	got(w.Attach(ctx, w.plain, x.ID, "a.txt", strings.NewReader("sperling")))(t)
	if found := w.finds(w.coord, "sperling"); found != "" {
		t.Errorf("found %q in quarantine", found)
	}
	clamd(t, path)
	w.ok(w.FilesDue(ctx))
	if found := w.finds(w.coord, "sperling"); found != "a.txt" {
		t.Errorf("found %q", found)
	}
}
