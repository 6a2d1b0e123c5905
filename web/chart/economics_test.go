package chart

import (
	"fmt"
	"html/template"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func axis(low, high float64, unit string) Axis {
	a := Axis{Low: low, High: high, Unit: unit}
	for _, v := range RoundValues(low, high, 6) {
		a.Ticks = append(a.Ticks, Tick{v, fmt.Sprintf("%g", v)})
	}
	return a
}

// economics are the drawings of a run, with the numbers of the page they were drawn for.
func economics() map[string]template.HTML {
	at := 500.0
	plane := Plane{ID: "pl", Title: "Skillnad i kostnad & hälsa", Desc: "350 av 1 000", X: axis(-4, 12, "fler QALY"), Y: axis(-3, 4, "Mkr mer"), Price: .5, PriceText: "500 000 kr per QALY", Better: "mer hälsa, billigare", Mean: [2]float64{4.2, .34}}
	for i := range 40 {
		plane.Dots = append(plane.Dots, [2]float64{4.2 + 3*math.Sin(float64(i)), .34 + math.Cos(float64(i*i))})
	}
	steep := plane
	steep.ID, steep.Price, steep.Mean = "st", 5, [2]float64{-1, 1}
	ceac := Lines{ID: "ce", Title: "Sannolikhet", X: axis(0, 1000, "tusen kr per QALY"), Y: axis(0, 100, "%"), At: &at}
	for i, name := range []string{"svensk", "norsk", "dansk"} {
		s := Series{Name: name, Marked: fmt.Sprint(80-i, " % ", name), Bold: i == 0}
		for x := 0.0; x <= 1000; x += 50 {
			s.X, s.Y = append(s.X, x), append(s.Y, 90*(1-math.Exp(-x/200))-float64(i))
		}
		ceac.Series = append(ceac.Series, s)
	}
	tornado := Tornado{ID: "to", Title: "Vad svaret hänger på", Base: 85, BaseText: "85 tkr per QALY", Swings: []Swing{{"Risk utan test", 28, 205, "28", "205"}, {"Kostnad <vård>", 148, 41, "148", "41"}, {"Svarstid", 90, 92, "90", "92"}}}
	return map[string]template.HTML{
		"plane":         plane.SVG() + "\n" + steep.SVG(),
		"lines":         ceac.SVG() + "\n" + LineKey(0) + LineKey(8),
		"lines-none":    Lines{ID: "n", Title: "Inget", At: &at, Series: []Series{{Marked: "x"}}}.SVG(),
		"tornado":       tornado.SVG(),
		"tornado-none":  Tornado{ID: "t", Title: "Inget", Base: -1, Zero: true}.SVG(),
		"places":        Places{ID: "f", Title: "Vad som är värt att välja", X: axis(0, 6, "QALY"), Y: axis(0, 60000, "kr"), Places: []Place{{"UC", 1, 10000, true}, {"B", 2, 15000, true}, {"A", 1.5, 18000, false}, {"C", 3, 25000, false}, {"D", 4, 35000, true}, {"E", 5, 55000, true}}}.SVG(),
		"grid":          Grid{ID: "g", Title: "Två i taget", X: "pris <kr>", Y: "fynd", Xs: []string{"1", "2", "3"}, Ys: []string{"0,1", "0,2"}, Cells: [][]string{{"−1", "0", "1"}, {"2", "3", "4"}}, Over: [][]bool{{false, false, true}, {true, true, true}}}.SVG() + "\n" + Grid{}.SVG() + Patch("bar"),
		"places-single": Places{ID: "f", Title: "En", Places: []Place{{"ensam", 1, 1, true}}}.SVG(),
	}
}

func TestEconomicsAreDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Float64Range(-1e9, 1e9)
		low, high := value.Draw(t, "low"), value.Draw(t, "high")
		if low > high {
			low, high = high, low
		}
		a := axis(low, high, "<&")
		if len(a.Ticks) > 7 {
			t.Fatalf("%d ticks from %v to %v", len(a.Ticks), low, high)
		}
		dot := [2]float64{value.Draw(t, "x"), value.Draw(t, "y")}
		at := dot[0]
		wellFormed(t, Plane{X: a, Y: a, Price: rapid.Float64Range(0, 1e6).Draw(t, "price"), Dots: [][2]float64{dot}, Mean: dot, PriceText: "<"}.SVG())
		wellFormed(t, Lines{X: a, Y: a, At: &at, Series: []Series{{X: []float64{low, low, high}, Y: []float64{1, 2, dot[1]}, Marked: "<"}}}.SVG())
		wellFormed(t, Tornado{Base: dot[0], Zero: true, Swings: []Swing{{"<", low, dot[1], "<", ">"}}}.SVG())
		wellFormed(t, Places{X: a, Y: a, Places: []Place{{"<", dot[0], dot[1], true}}}.SVG())
	})
}
