package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/samverk/samverk/forum"
	"github.com/samverk/samverk/network"
)

// A hidden post's page has a word where its title was, and its own title for who moderates.
func TestAHiddenPostHasNoTitle(t *testing.T) {
	const bird = "Kanarifugl"
	s := open(t)
	id := got(s.Write(s.ctx, s.plain, forum.Posting{Network: s.root, Kind: forum.Discussion, Title: bird, Text: bird, Visibility: network.Public}))(t)
	s.ok(s.HidePost(s.ctx, s.coord, id, "", "Personlig."))
	for _, path := range []string{"/n/no/posts/" + string(id), "/n/no/posts", "/n/no/posts?format=json", "/n/no/posts?format=csv"} {
		if page := s.page(s.top.member, path, http.StatusOK); strings.Contains(page, bird) {
			t.Errorf("%s shows it", path)
		}
	}
	if page := s.page(s.top.member, "/n/no/posts/"+string(id), http.StatusOK); !strings.Contains(page, "<h1") || !strings.Contains(page, "Skjult") {
		t.Error("the page has no heading")
	}
	if !strings.Contains(s.page(s.coord, "/n/no/posts/"+string(id), http.StatusOK), bird) {
		t.Error("who moderates isn't shown it")
	}
}
