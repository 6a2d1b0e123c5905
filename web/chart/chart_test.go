package chart

import (
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"html/template"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden pictures anew")

var letters = map[string]string{"care": "V", "academia": "A", "authority": "M", "industry": "N", "patient": "P"}

func body(counts ...int) (out []Seat) {
	for i, sector := range []string{"care", "academia", "authority", "industry", "patient"} {
		for range counts[i] {
			out = append(out, Seat{Sector: sector, Letter: letters[sector]})
		}
	}
	return out
}

func timeline() Timeline {
	on := func(year, month int) time.Time { return time.Date(year, time.Month(month), 1, 0, 0, 0, 0, time.UTC) }
	return Timeline{"t", "Planens <åtgärder>", "Fem åtgärder, en sen", on(2026, 11), "i dag", []Stretch{
		{"Utbilda <alla> kliniker, klar", on(2025, 1), on(2026, 3), time.Time{}, "done"},
		{"Samma svarstid i alla regioner, sen", on(2025, 6), on(2026, 10), on(2026, 4), "late"},
		{"Ett namn som är längre än vad som får plats på en rad i en bild, pågår", on(2026, 2), on(2027, 6), time.Time{}, "active"},
		{"Planerad", on(2027, 1), on(2028, 1), time.Time{}, "planned"},
		{"Avbruten", on(2026, 1), on(2026, 1), time.Time{}, "dropped"},
	}}
}

func TestGolden(t *testing.T) {
	steering := body(7, 3, 2, 2, 4)
	steering[5].Chair = true
	steering[17].State = Vacant
	meeting := append([]Seat(nil), steering...)
	for _, i := range []int{2, 8, 11, 13, 15, 16} {
		meeting[i].State = Absent
	}
	meeting[12].State = Recused
	months := []Bar{{"jan", 6, "6"}, {"feb", 3, "3"}, {"mars", 0, "0"}, {"apr", 1204, "1\u00a0204"}, {"maj", 5, "5"}, {"juni", 2, "2"}, {"juli", 0, "0"}, {"aug", 4, "4"}, {"sep", 11, "11"}, {"okt", 8, "8"}, {"nov", 6, "6"}, {"dec", 4, "4"}}
	many := make([]Bar, 36)
	for i := range many {
		many[i] = Bar{fmt.Sprintf("m%02d", i), float64(i * i), fmt.Sprint(i * i)}
	}
	pictures := map[string]template.HTML{
		"seats-18":      Seats{"h", "Styrgruppens 18 platser", "Vård 7", "18 platser", "1 ledig", steering}.SVG(),
		"seats-meeting": Seats{"m", "Närvaro <per> plats", "Närvarande 10", "10 av 18", "röstar i ärendet", meeting}.SVG(),
		"seats-1":       Seats{ID: "a", Title: "En plats", Seats: body(1, 0, 0, 0, 0)}.SVG(),
		"seats-0":       Seats{ID: "a", Title: "Inga platser", Big: "0 platser"}.SVG(),
		"seats-30":      Seats{"a", "30", "", "30 platser", "", body(10, 5, 4, 5, 6)}.SVG(),
		"seats-60":      Seats{"a", "60", "", "60 platser", "röstar i ärendet", body(20, 12, 9, 9, 10)}.SVG(),
		"seats-101":     Seats{"a", "101", "", "101 platser", "", body(40, 20, 11, 10, 20)}.SVG(),
		"quorum":        Meter{10, 9, 18}.SVG() + "\n" + Meter{6, 4, 7}.SVG() + "\n" + Meter{1, 2, 4}.SVG() + "\n" + Meter{}.SVG() + "\n" + Meter{5, 3, 2}.SVG(),
		"votes":         Votes{"13 för, 2 emot, 1 avstår", 13, 2, 1}.SVG() + "\n" + Votes{`"<`, 1, 0, 0}.SVG() + "\n" + Votes{"0", 0, 0, 0}.SVG() + "\n" + Votes{"", 999, 1, 0}.SVG() + "\n" + Swatch("for"),
		"spans":         Span{2, 2, 3}.SVG() + "\n" + Span{1, 4, 5}.SVG() + "\n" + Span{0, 4, 5}.SVG() + "\n" + Span{0, 0, 5}.SVG() + "\n" + Span{3, 9, 5}.SVG() + "\n" + Span{}.SVG(),
		"bars":          Bars{"b", "Per månad", "", months}.SVG(),
		"bars-36":       Bars{"b", "Per månad", "", many}.SVG(),
		"timeline":      timeline().SVG(),
		"timeline-none": Timeline{ID: "t", Title: "Inget", Now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), Today: "i dag"}.SVG(),
		"trail":         Trail{1, 5, []float64{2, 3.4, 0, 4.1}}.SVG() + "\n" + Trail{1, 5, []float64{3}}.SVG() + "\n" + Trail{1, 5, nil}.SVG() + "\n" + Trail{}.SVG(),
		"bars-none":     Bars{ID: "b", Title: "Inget"}.SVG(),
		"steps": Steps{"s", "Andel <av> befolkningen", "", func(n int) string { return fmt.Sprintf("%d\u00a0%%", n) }, []Step{{0, 0}, {.25, .4}, {.5, .9}, {1, .9}}, []Step{{0, 0}, {.25, .4}, {.5, 0}, {1, .6}},
			[]Foot{{0, "jan", true}, {.5, "juni", false}, {1, "dec", true}}, []Mark{{.25, "v 1"}, {.9, "v 2"}}}.SVG() + "\n" + Steps{ID: "e", Title: "Inget", Percent: func(int) string { return "" }}.SVG(),
		"tiles": Tiles{"t", "Regionerna", "", []Tile{{0, 0, "Norr", "v 2", 5, false}, {1, 1, "Syd & <Öst>", "okänt", 0, false}, {0, 1, "Väst", "nej", 1, true}}}.SVG() + "\n" + Tiles{ID: "n", Title: "Inga"}.SVG(),
		"path":  Path{true, []Station{{Name: "Reist", Notes: []string{"3. februar 2026", "av Helse <Vest>"}, Says: "ferdig", Done: true}, {Name: "Venter", Now: true}, {Name: "Følges opp", Notes: []string{"bivirkninger"}}}}.HTML() + "\n" + Mini{4, 5, "Beredd & klar"}.HTML() + "\n" + Mini{1, 1, ""}.HTML(),
	}
	maps.Copy(pictures, economics())
	for name, got := range pictures {
		t.Run(name, func(t *testing.T) {
			wellFormed(t, got)
			file := filepath.Join("testdata", name+".svg")
			// a line for each element, so that a change can be read
			text := strings.ReplaceAll(string(got), "><", ">\n<") + "\n"
			if *update {
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), text); diff != "" {
				t.Errorf("go test -update writes it anew:\n%s", diff)
			}
		})
	}
}

func wellFormed(t interface{ Fatalf(string, ...any) }, html template.HTML) {
	if strings.Contains(string(html), "style=") || strings.Contains(string(html), "NaN") || strings.Contains(string(html), "Inf") || strings.Contains(string(html), "%!") {
		t.Fatalf("%s", html)
	}
	d := xml.NewDecoder(bytes.NewReader([]byte("<x>" + strings.ReplaceAll(string(html), "<br>", "<br/>") + "</x>")))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("%v in %s", err, html)
		}
	}
}

// Whatever the size: every seat has its place inside the picture, none touches another or the words in the middle, and
// what belongs together stands together.
func TestEverySeatHasItsPlace(t *testing.T) {
	for n := 1; n <= 200; n++ {
		h := hallFor(n)
		places := h.places(n)
		if len(places) != n {
			t.Fatalf("%d seats have %d places", n, len(places))
		}
		if n <= 60 && (h.seat < 10 || h.rows[0]+h.seat > half-4) {
			t.Errorf("%d seats: radius %g, outermost row %g", n, h.seat, h.rows[0])
		}
		for i, p := range places {
			if i > 0 && p.angle > places[i-1].angle+1e-9 {
				t.Fatalf("%d seats: not from left to right", n)
			}
			for _, q := range places[:i] {
				if d := math.Hypot(p.x-q.x, p.y-q.y); d < 2*h.seat+2 {
					t.Fatalf("%d seats: two are %g apart, radius %g", n, d, h.seat)
				}
			}
			// "18 platser" and "röstar i ärendet" at the size of a narrow screen
			words := []struct{ width, top float64 }{{72, 43}, {66, 14}}
			if h.rows[len(h.rows)-1]-h.seat < 90 {
				words = []struct{ width, top float64 }{{55, 41}, {52, 13}}
			}
			for _, w := range words {
				if math.Hypot(max(math.Abs(p.x)-w.width, 0), max(p.y-w.top, 0)) < h.seat {
					t.Errorf("%d seats: one at %g, %g covers the words", n, p.x, p.y)
				}
			}
		}
	}
}

func TestAnythingIsDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seats := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Seat {
			return Seat{
				Sector: rapid.SampledFrom([]string{"care", "academia", "authority", "industry", "patient"}).Draw(t, "sector"), Letter: rapid.SampledFrom([]string{"V", "<", "&", ""}).Draw(t, "letter"),
				State: rapid.SampledFrom([]State{Here, Absent, Recused, Vacant}).Draw(t, "state"), Chair: rapid.Bool().Draw(t, "chair"),
			}
		}), 0, 70).Draw(t, "seats")
		title := rapid.SampledFrom([]string{"", "<b>", `"'&`, "å"}).Draw(t, "title")
		svg := Seats{"x", title, title, title, title, seats}.SVG()
		if strings.Count(string(svg), "<circle") < len(seats) {
			t.Fatalf("a seat lacks: %s", svg)
		}
		wedge := wedges(seats)
		seen := map[string]bool{}
		for i, s := range wedge {
			if seen[s.Sector] && wedge[i-1].Sector != s.Sector {
				t.Fatalf("%s is in two places", s.Sector)
			}
			seen[s.Sector] = true
		}
		n := rapid.IntRange(-3, 2000)
		meter := Meter{n.Draw(t, "have"), n.Draw(t, "need"), n.Draw(t, "of")}
		votes := Votes{title, n.Draw(t, "for"), n.Draw(t, "against"), n.Draw(t, "abstain")}
		bars := Bars{"y", title, title, rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Bar {
			return Bar{title, rapid.Float64Range(-1, 1e9).Draw(t, "value"), title}
		}), 0, 60).Draw(t, "bars")}
		for _, html := range []template.HTML{svg, meter.SVG(), votes.SVG(), bars.SVG(), Path{true, []Station{{Name: title, Notes: []string{title, title}, Says: title}}}.HTML(), Mini{n.Draw(t, "done"), rapid.IntRange(0, 9).Draw(t, "stations"), title}.HTML()} {
			if strings.Contains(string(html), "<b><b>") || strings.Contains(string(html), `width="-`) {
				t.Fatalf("%s", html)
			}
			wellFormed(t, html)
		}
	})
}
