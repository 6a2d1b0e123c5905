package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/web/webtest"
)

// live gives the address that a page renews itself from.
func live(page string) string {
	_, after, _ := strings.Cut(page, `hx-get="`)
	at, _, _ := strings.Cut(after, `"`)
	return at
}

// TestAPageThatRenewsItselfIsSentAgainWhenSomethingChanged holds that nothing is sent, and so nothing swapped, while all is as it was.
func TestAPageThatRenewsItselfIsSentAgainWhenSomethingChanged(t *testing.T) {
	c := newCouncil(t)
	chair, item := c.inOrder()
	meeting := "/n/se/meetings/" + string(c.now)
	for _, at := range []string{item, meeting} {
		again := live(c.page(chair, at))
		if w := c.ask(chair, "GET", again, nil); w.Code != http.StatusNoContent || w.Body.Len() > 0 {
			t.Errorf("%s, unchanged, answers %d", again, w.Code)
		}
		c.forward(time.Second)
		c.ok(c.forum.Depart(t.Context(), chair, c.now, c.attendance(c.now, "Maja Lindqvist"), time.Time{}))
		c.has(c.page(chair, again+"&lang=sv"), "kan inte besluta", "patientplatser: 1 ")
		c.forward(time.Second)
		c.ok(c.forum.Arrive(t.Context(), chair, forum.Arrival{Meeting: c.now, Seat: c.seatOf["Maja Lindqvist"]}))
		c.forward(time.Second)
	}
	c.ok(c.forum.Note(t.Context(), chair, c.now3, c.versionOf(c.now3)))
	c.has(c.page(chair, item+"?state=x&lang=sv"), "avslutades medan du var här", `id="record"`)
}

func (c *council) versionOf(id forum.ItemID) (version int64) {
	for _, i := range must(c.forum.Meeting(c.t.Context(), c.coord, c.now))(c.t).Items {
		if i.ID == id {
			version = i.Version
		}
	}
	return version
}

// TestQuorumIsLostBeforeTheirEyes watches an item and a meeting in a browser while somebody else marks a patients' seat as gone.
func TestQuorumIsLostBeforeTheirEyes(t *testing.T) {
	b, c := webtest.Open(t), newCouncil(t)
	chair, item := c.inOrder()
	for _, in := range must(c.forum.Inputs(t.Context(), chair, c.about()))(t) {
		c.ok(c.forum.Dispose(t.Context(), chair, in.ID, in.Version, forum.Adopted, "Står i bilagan."))
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.AddCookie(&http.Cookie{Name: "test-person", Value: string(chair.Person)})
		c.table.ServeHTTP(w, r)
	}))
	defer server.Close()
	is := func(expression string) { t.Helper(); b.Wait(t, expression) }
	leaves := func() {
		t.Helper()
		c.forward(time.Second)
		c.ok(c.forum.Depart(t.Context(), c.coord, c.now, c.attendance(c.now, "Maja Lindqvist"), time.Time{}))
	}

	b.Go(t, server.URL+item+"?lang=sv")
	is(`!document.querySelector("#do-record").hasAttribute("aria-disabled") && !document.querySelector("#why-not")`)
	is(`document.querySelector("#do-record").focus() || window.loaded === undefined && (window.loaded = "once") && true`)
	is(`(document.querySelector("#text").value = "Det jag skrev.") && true`)
	leaves()
	is(`document.querySelector("#alert").innerText.includes("Mötet kan inte besluta") && document.querySelector("#do-record").getAttribute("aria-disabled") === "true"`)
	is(`document.querySelector("#why-not").innerText.includes("patientplatser: 1 ")`)
	is(`window.loaded === "once" && document.activeElement.id === "do-record" && document.querySelector("#text").value === "Det jag skrev."`)
	c.forward(time.Second)
	c.ok(c.forum.Arrive(t.Context(), chair, forum.Arrival{Meeting: c.now, Seat: c.seatOf["Maja Lindqvist"]}))
	is(`!document.querySelector("#do-record").hasAttribute("aria-disabled") && document.querySelector("#alert").innerText.includes("kan avgöras nu") && document.activeElement.id === "do-record"`)

	b.Go(t, server.URL+"/n/se/meetings/"+string(c.now)+"?lang=sv")
	arrive := `document.querySelector("#arrive-` + string(c.seatOf["Leif Ek"]) + `")`
	is(`document.querySelector("#alert").innerText.includes("beslutsfört") && (` + arrive + `.focus() || true)`)
	leaves()
	is(`document.querySelector("#alert").innerText.includes("Mötet kan inte besluta") && document.activeElement === ` + arrive)
	if bad := b.Complaints(); len(bad) > 0 {
		t.Error(bad)
	}
}
