package web

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/samverk/samverk/web/chart"
	"github.com/samverk/samverk/web/route"
	"github.com/samverk/samverk/web/webtest"
)

var options = []Option{{Value: "", Text: "Choose"}, {Value: "care", Text: "Care", Help: "Hospitals and regions."}, {Value: "patient", Text: "Patients"}}

// newHouse serves a page of every part of the frame, and a form that is never right.
func newHouse(t *testing.T) string {
	t.Helper()
	site, table := newSite(t)
	pages, err := site.Room(os.DirFS("testdata/room"))
	if err != nil {
		t.Fatal(err)
	}
	form := func(w http.ResponseWriter, r *http.Request) int {
		f := NewForm("name", "Karin", "vote", "care")
		if r.Method == http.MethodPost {
			if f, err = ReadForm(w, r); err != nil {
				return pages.Fail(w, r, err)
			}
			for _, name := range []string{"name", "mail", "text", "day", "clock", "minutes", "sector", "vote", "where", "agree", "secret", "paper"} {
				f.Wrong(name, "Write "+name+" another way.")
			}
			f.Wrong("", "Somebody else was first.")
		}
		return pages.Render(w, WithViewer(r, Viewer{Person: "p1", Name: "Karin Alm"}), Page{
			Name: "form", Title: "Form", Station: "raise", Network: nordic, Form: f, Data: options, Crumbs: []Link{{"Topics", "/n/se/topics"}, {"This one", ""}},
		})
	}
	look := func(w http.ResponseWriter, r *http.Request) int {
		return pages.Render(w, r, Page{Name: "look", Title: "Look", Station: "decide", Network: nordic, Live: true, Data: everything()})
	}
	add := func(method, pattern string, serve func(http.ResponseWriter, *http.Request) int) {
		table.Add(route.Route{Method: method, Pattern: pattern, Who: route.Anyone, Does: "Is there.", Serve: serve})
	}
	add("GET", "/form", form)
	add("POST", "/form", form)
	add("GET", "/look-at", look)
	var count atomic.Int64
	add("GET", "/live", func(w http.ResponseWriter, r *http.Request) int {
		return pages.Render(w, r, Page{Name: "live", Title: "Live", Live: true, Data: r.URL.Query().Get("q") + strconv.FormatInt(count.Add(1), 10)})
	})
	for _, path := range []string{"/sign-in", "/n/{slug}/topics", "/n/{slug}/decisions", "/n/{slug}/search", "/n/{slug}/bodies", "/n/{slug}/about", "/ask"} {
		add("GET", path, site.NotFound)
	}
	s := httptest.NewServer(table)
	t.Cleanup(s.Close)
	return s.URL
}

func everything() map[string]any {
	sectors := []string{"care", "academia", "authority", "industry", "patient"}
	var seats, many []chart.Seat
	for i := range 54 {
		s := chart.Seat{Sector: sectors[i%5], Letter: "VAMNP"[i%5 : i%5+1], State: []chart.State{chart.Here, chart.Here, chart.Absent, chart.Vacant, chart.Recused, chart.Here}[i%6], Chair: i == 7}
		many = append(many, s)
		if i < 18 {
			seats = append(seats, s)
		}
	}
	var bars []chart.Bar
	for i, m := range []string{"jan", "feb", "mars", "apr", "maj", "juni", "juli", "aug", "sep", "okt", "nov", "dec"} {
		bars = append(bars, chart.Bar{Label: m, Value: float64(i * 37 % 11), Text: strconv.Itoa(i * 37 % 11)})
	}
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	return map[string]any{
		"Sectors": sectors, "Now": now, "At": now.AddDate(0, 0, 10), "Icons": icons, "Pager": Pager{"/look-at", "/look-at?after=x"},
		"Seats": chart.Seats{ID: "s", Title: "18 seats", Desc: "By sector.", Big: "10 of 18", Small: "vote on this", Seats: seats}, "Large": chart.Seats{ID: "l", Title: "54 seats", Big: "54 seats", Small: "1 is vacant", Seats: many},
		"Enough": chart.Meter{Have: 10, Need: 9, Of: 18}, "Few": chart.Meter{Have: 1, Need: 2, Of: 4}, "Votes": chart.Votes{Label: "13 for, 2 against, 1 abstains", For: 13, Against: 2, Abstain: 1}, "For": chart.Swatch("for"),
		"Bars": chart.Bars{ID: "b", Title: "By month", Desc: "Most in September.", Bars: bars}, "Mini": chart.Mini{Done: 3, Of: 5, Name: "Prepared"},
		"Path": chart.Path{Wide: true, Stations: []chart.Station{{Name: "Raised", Notes: []string{"3 February 2026", "by a region"}, Says: "done", Done: true}, {Name: "Input", Notes: []string{"5 inputs"}, Now: true}, {Name: "Decided", Says: "to come"}}},
		"Text": "# Rubrik\n\nEn *betonad* [länk](https://example.org) och en lista:\n\n- ett\n- två\n\n> ”Citat”\n\n`kod`",
	}
}

func TestFrameInABrowser(t *testing.T) {
	browser := webtest.Open(t)
	at := newHouse(t)
	for name, path := range map[string]string{"look": "/look-at?lang=sv", "form": "/form?lang=nb", "gone": "/nothing?lang=en"} {
		browser.Go(t, at+path)
		browser.Judge(t, "frame-"+name)
	}
	browser.Go(t, at+"/form?lang=sv")
	browser.Press(t, `main button[type="submit"]`)
	browser.Judge(t, "frame-wrong")
}

// With the keyboard alone and no script: to the content, through a form, to its problems, back to the field.
func TestFormByKeyboard(t *testing.T) {
	browser := webtest.Open(t)
	at := newHouse(t)
	browser.Script(t, false)
	browser.Go(t, at+"/form?lang=en")
	if f := browser.Tab(t); f.Name != "Skip to content" {
		t.Error("first comes", f)
	}
	browser.Key(t, kb.Enter)
	browser.TabTo(t, "Topics")
	browser.TabTo(t, "Name")
	browser.Key(t, kb.End)
	browser.Type(t, " Åberg")
	browser.TabTo(t, "I have read it")
	browser.Key(t, " ")
	browser.TabTo(t, "Send")
	if status := browser.Enter(t); status != http.StatusBadRequest {
		t.Error(status)
	}
	if f := browser.Focus(t); f.Name != "There is something to put right" {
		t.Error("the problems have not the focus, but", f)
	}
	browser.TabTo(t, "Write text another way.")
	browser.Key(t, kb.Enter)
	if f := browser.Tab(t); f.Name != "Day" && !strings.HasPrefix(f.Name, "What you want to say") {
		t.Error("the link leads to", f)
	}
	browser.Go(t, at+"/form?lang=en")
	if f := browser.TabTo(t, "Name"); f.Value != "Karin" {
		t.Error(f.Value)
	}
}

// A live page renews itself and searches as one types, under its own policy; without scripts it is the same page, still.
func TestLivePage(t *testing.T) {
	browser := webtest.Open(t)
	at := newHouse(t)
	shows := func(selector, want string) bool {
		for range 100 {
			if got := browser.Text(t, selector); strings.HasPrefix(got, want) || want == "" && got != "" {
				return true
			}
			time.Sleep(50 * time.Millisecond)
		}
		return false
	}
	browser.Go(t, at+"/live?lang=en")
	first := browser.Text(t, "#count")
	browser.TabTo(t, "Search")
	browser.Type(t, "dpyd")
	if !shows("#found", "dpyd") {
		t.Error("nothing was found while typing:", browser.Text(t, "main"))
	}
	if !shows("#count", "") || browser.Text(t, "#count") == first {
		t.Error("the page stands still")
	}
	if f := browser.Focus(t); f.Value != "dpyd" {
		t.Error("the focus went from the field to", f)
	}
	browser.Judge(t, "frame-live")
	browser.Script(t, false)
	browser.Go(t, at+"/live?lang=en")
	first = browser.Text(t, "#count")
	time.Sleep(time.Second)
	if browser.Text(t, "#count") != first {
		t.Error("something ran that may not")
	}
}
