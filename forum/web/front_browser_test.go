package web

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web/webtest"
)

// TestFrontInABrowser judges every page of this part of the room, in each look.
func TestFrontInABrowser(t *testing.T) {
	b := webtest.Open(t)
	s := fullSite(t)
	ctx := t.Context()
	for range 3 { // something that is late, and lists that are longer
		s.forward(1)
		if _, err := s.forum.GiveFeedback(ctx, network.Actor{}, forum.Feedback{Root: s.root, Kind: forum.AboutFault, Text: "Knappen saknar text.", Lang: "sv"}); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(s.table)
	t.Cleanup(server.Close)
	read := func(who network.Actor, lang string) {
		cookies := []*http.Cookie{{Name: "lang", Value: lang}}
		if who.Person != "" {
			cookies = append(cookies, &http.Cookie{Name: "test-person", Value: string(who.Person)})
		}
		b.Cookies(t, server.URL, cookies)
	}
	judge := func(name, path string) {
		t.Helper()
		b.Go(t, server.URL+path)
		b.Judge(t, name)
	}
	read(network.Actor{}, "sv")
	for name, path := range map[string]string{"front": "", "inputs": "inputs", "calendar": "calendar", "body-calendar": "bodies/" + string(s.steering) + "/calendar", "search": "search?q=DPYD",
		"search-none": "search?q=nonsens", "about": "about", "accessibility": "accessibility", "privacy": "privacy", "contact": "contact", "data": "data", "front-en": "?lang=en"} {
		judge(name, "/n/se/"+path)
	}
	read(s.patient, "sv")
	judge("waiting", "/n/se/waiting")
	read(s.plain, "nb")
	judge("waiting-plain", "/n/se/waiting")
	read(s.coord, "en")
	judge("waiting-coordinator", "/n/se/waiting")
	judge("feedback-list", "/n/se/feedback")
	list, err := s.forum.AllFeedback(ctx, s.coord, s.root, forum.AboutFault, "", "", 1)
	if err != nil {
		t.Fatal(err)
	}
	judge("feedback", "/n/se/feedback/"+list[0].ID)
	judge("empty", "/n/no/")
	judge("empty-inputs", "/n/no/inputs")
	judge("places", "/")
	read(network.Actor{}, "sv")
	b.Go(t, server.URL+"/n/se/contact")
	b.Press(t, `main button[type=submit]`)
	b.Judge(t, "contact-wrong")
}
