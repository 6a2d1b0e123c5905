package scale

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	accountweb "github.com/samverk/samverk/account/web"
	answerweb "github.com/samverk/samverk/answer/web"
	"github.com/samverk/samverk/app"
	"github.com/samverk/samverk/app/demo/living"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

func scale(t testing.TB) float64 {
	f, err := strconv.ParseFloat(os.Getenv("SAMVERK_SCALE"), 64)
	if err != nil {
		return .01
	}
	return f
}

// large makes a data directory with a large network. SAMVERK_SCALE_KEEP names a folder that keeps it for the next time, in a
// folder of its own for PostgreSQL if SAMVERK_SCALE_POSTGRES names a database that stays.
func large(t testing.TB, database string, size Size) (dir string, people []living.Person) {
	t.Helper()
	kept := os.Getenv("SAMVERK_SCALE_KEEP")
	if kept == "" || database != "" && database != os.Getenv("SAMVERK_SCALE_POSTGRES") {
		return grown(t, t.TempDir(), database, size)
	}
	if database != "" {
		kept = filepath.Join(kept, "postgres")
	}
	if err := os.MkdirAll(kept, 0o700); err != nil {
		t.Fatal(err)
	}
	names := filepath.Join(kept, "people.json")
	if b, err := os.ReadFile(names); err == nil {
		if err := json.Unmarshal(b, &people); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(kept, "node"), people
	}
	dir, people = grown(t, kept, database, size)
	b, err := json.Marshal(people)
	if err == nil {
		err = os.WriteFile(names, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir, people
}

func grown(t testing.TB, in, database string, size Size) (dir string, people []living.Person) {
	t.Helper()
	dir = filepath.Join(in, "node")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s := app.Settings{Region: "Large", Database: database}
	start := time.Now()
	made, err := living.Build(t.Context(), living.Options{Seed: 1, Now: time.Now(), DSN: s.DSN(dir), Migrations: app.Migrations(), Files: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("two countries in %v", time.Since(start).Round(time.Second))
	db, err := storage.Open(t.Context(), s.DSN(dir), storage.Options{Migrations: app.Migrations(), Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	start = time.Now()
	err = Grow(t.Context(), db, "se", size)
	t.Logf("grown in %v", time.Since(start).Round(time.Second))
	t.Log(count(t, db))
	if e := db.Close(); err != nil || e != nil {
		t.Fatal(err, e)
	}
	if err := app.Init(t.Context(), dir, s); err != nil {
		t.Fatal(err)
	}
	return dir, made.People
}

func count(t testing.TB, db *storage.DB) string {
	var b strings.Builder
	for _, table := range []string{"person", "topic", "topic_input", "meeting", "meeting_item", "decision", "minutes", "forum_doc", "forum_event"} {
		err := db.Read(t.Context(), func(tx *storage.Tx) error {
			var n int
			err := tx.QueryRow(t.Context(), `SELECT COUNT(*) FROM `+table).Scan(&n)
			fmt.Fprintf(&b, "%s %d, ", table, n)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// serve runs the whole server on a data directory until the test ends.
func serve(t testing.TB, dir string, people []living.Person) (base string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	listening, done := make(chan string, 1), make(chan error, 1)
	var as []accountweb.Persona
	for _, p := range people {
		as = append(as, accountweb.Persona{Person: p.ID, Name: p.Name, Is: p.Is})
	}
	go func() {
		done <- app.With(ctx, dir, "scale", nil, func(c *app.Client) error {
			return app.Serve(ctx, c, app.ServeOptions{Addr: "127.0.0.1:0", Listening: func(url string) { listening <- url },
				Site: app.SiteOptions{Options: answerweb.Options{Demo: true}, As: as}})
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	select {
	case base = <-listening:
	case err := <-done:
		done <- nil
		t.Fatal(err)
	}
	return base
}

// visitor is a browser, perhaps signed in.
func visitor(t testing.TB, base string, p *living.Person) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar}
	if p == nil {
		return c
	}
	r, err := c.PostForm(base+"/sign-in/as", url.Values{"person": {string(p.ID)}})
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode >= 400 {
		t.Fatalf("signing in as %s: %s", p.Name, r.Status)
	}
	return c
}

func get(t testing.TB, c *http.Client, at string) int64 {
	r, err := c.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", at, r.Status, err)
	}
	return n
}

// pages are those that are measured, under /n/se.
var pages = []string{
	"/", "/waiting", "/topics", "/topics?state=decided", "/topics?field=cancer&level=nation", "/bodies", "/decisions", "/people", "/people?q=anna", "/organisations",
	"/calendar", "/answers", "/search?q=provet", "/search?q=behandling+svar",
}

// each runs over the databases there are.
func each(b *testing.B, f func(b *testing.B, database string)) {
	b.Run("sqlite", func(b *testing.B) { f(b, "") })
	b.Run("postgres", func(b *testing.B) { f(b, cmp.Or(os.Getenv("SAMVERK_SCALE_POSTGRES"), testkit.Postgres(b))) })
}

// BenchmarkPages tells the median time of each page, for the public and for kinds of people.
func BenchmarkPages(b *testing.B) {
	each(b, func(b *testing.B, database string) {
		dir, people := large(b, database, Full.Times(scale(b)))
		base := serve(b, dir, people)
		for _, as := range []string{"public", "coordinator", "patient", "clinician"} {
			c := visitor(b, base, personas(people, as))
			for _, page := range append(pages, found(b, base)...) {
				if as == "public" && page == "/waiting" {
					continue
				}
				b.Run(as+page, func(b *testing.B) { median(b, c, base+"/n/se"+page) })
			}
		}
	})
}

func personas(people []living.Person, as string) *living.Person {
	i := slices.IndexFunc(people, func(p living.Person) bool { return p.Slug == "se" && p.As == as })
	if i < 0 {
		return nil
	}
	return &people[i]
}

// found are single pages of things, taken from the lists.
func found(b *testing.B, base string) (out []string) {
	for _, list := range []string{"topics", "decisions", "meetings", "bodies"} {
		r, err := http.Get(base + "/n/se/" + list)
		if err != nil {
			b.Fatal(err)
		}
		text, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil {
			b.Fatal(err)
		}
		if _, rest, ok := strings.Cut(string(text), `href="/n/se/`+list+"/0"); ok {
			id, _, _ := strings.Cut(rest, `"`)
			out = append(out, "/"+list+"/0"+id)
		}
	}
	return out
}

// median asks for a page again and again. The least is what it takes when the machine does nothing else.
func median(b *testing.B, c *http.Client, at string) {
	size := get(b, c, at) // and the first time is not counted
	took := make([]time.Duration, 0, b.N)
	for b.Loop() {
		start := time.Now()
		get(b, c, at)
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-median")
	b.ReportMetric(float64(took[0].Microseconds())/1000, "ms-least")
	b.ReportMetric(float64(size)/1000, "kB")
	b.ReportMetric(0, "ns/op")
}

// TestSmall grows a little and asks each page once.
func TestSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("builds two countries")
	}
	dir, people := large(t, "", Full.Times(.01))
	base := serve(t, dir, people)
	c := visitor(t, base, personas(people, "coordinator"))
	for _, page := range pages {
		get(t, c, base+"/n/se"+page)
	}
}
