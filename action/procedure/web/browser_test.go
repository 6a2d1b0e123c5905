package web

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/samverk/samverk/action/procedure"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web/webtest"
)

// TestProceduresInABrowser judges the room's pages, in each look.
func TestProceduresInABrowser(t *testing.T) {
	b := webtest.Open(t)
	w := newWorld(t)
	ctx := t.Context()
	c := procedure.Content{Title: "DPYD före fluoropyrimidin", Plain: "Ett blodprov visar om du tål medicinen.", ForWhom: "Alla som ska få fluoropyrimidin.", How: "Fyra varianter i DPYD.", Fast: "Inom 72 timmar.",
		Evidence: []procedure.Source{{Ref: "10.1000/182", Title: "En studie"}}}
	id := must(w.room.Create(ctx, w.member, procedure.New{Network: w.root, Body: w.body, Field: "cancer", Kind: "diagnostics", Lang: "sv", Content: c}))(t)
	w.force(id, 1)
	w.forward(20 * 24 * time.Hour)
	say := func(who network.Actor, region string, number, after int64, state procedure.Answer, why string) {
		w.ok(w.room.Say(ctx, who, procedure.Saying{Procedure: id, Region: w.region[region], Number: number, After: after, State: state, Reason: why}))
	}
	say(w.norr, "norr", 1, 0, procedure.Adopted, "")
	w.forward(40 * 24 * time.Hour)
	c.How, c.Changes = "Sex varianter i DPYD.", "Två varianter till."
	w.ok(w.room.Edit(ctx, w.member, id, 0, "", c))
	w.force(id, 2)
	w.forward(20 * 24 * time.Hour)
	say(w.norr, "norr", 2, 1, procedure.Deviating, "Vi testar åtta varianter.")
	say(w.syd, "syd", 2, 0, procedure.Declined, "Svaren dröjer.")
	w.forward(40 * 24 * time.Hour)
	w.ok(w.room.Edit(ctx, w.member, id, 0, "", c))
	w.ok(w.room.AskReview(ctx, w.member, id, w.norr.Person))
	w.ok(w.room.Review(ctx, w.norr, id, 3, 1, procedure.Change, "Skriv hur lång tid."))
	server := httptest.NewServer(w.table)
	t.Cleanup(server.Close)
	at := "/n/se/procedures/" + string(id)
	judge := func(who network.Actor, lang string, pages ...string) {
		t.Helper()
		cookies := []*http.Cookie{{Name: "lang", Value: lang}}
		if who.Person != "" {
			cookies = append(cookies, &http.Cookie{Name: "test-person", Value: string(who.Person)})
		}
		b.Cookies(t, server.URL, cookies)
		for i := 0; i+1 < len(pages); i += 2 {
			b.Go(t, server.URL+pages[i+1])
			b.Judge(t, pages[i])
		}
	}
	judge(network.Actor{}, "sv", "procedures", "/n/se/procedures", "procedure", at, "compare", at+"/compare?from=1&to=2", "adoption", at+"/adoption", "region-record", at+"/regions/syd", "regions", "/n/se/adoption", "region", "/n/se/adoption/syd", "none", "/n/no/procedures")
	judge(w.norr, "nb", "region-form", at+"/regions/norr", "draft-review", at+"/versions/3")
	judge(w.member, "en", "draft", at+"/versions/3", "edit", at+"/edit", "new", "/n/se/procedures/new")
}
