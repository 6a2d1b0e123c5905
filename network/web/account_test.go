package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
)

// Whoever's account is shut is out with the next request, and in again when it is opened.
func TestShutAccount(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	person := "/n/se/people/" + string(h.as["member"])
	_, _, body := h.ask("POST", person+"/invite", "coordinator", values("mail", "nils@example.org", "lang", "sv"))
	link := regexp.MustCompile(`http://localhost/invitation/([\w-]+)`).FindStringSubmatch(body)
	if link == nil {
		t.Fatal("no link is shown")
	}
	s := must(h.account.Accept(ctx, link[1], "nio gröna lyktor vandrar", account.From{}))(t)
	h.fails(http.StatusNotFound, "stranger", person+"/account", "", "do", "shut")
	h.fails(http.StatusNotFound, "chair", person+"/account", "", "do", "shut")
	h.see("coordinator", person+"?lang=sv", "Stäng av kontot")
	h.sends("coordinator", person+"/account", "do", "shut")
	if _, err := h.account.Resume(ctx, s.Token); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a session of a shut account goes on: %v", err)
	}
	h.see("coordinator", person+"?lang=sv", "Öppna kontot igen")
	h.sends("coordinator", person+"/account", "do", "open")
	if _, _, body := h.ask("GET", "/n/se/people/"+string(h.as["coordinator"]), "coordinator", nil); strings.Contains(body, "/account\"><input") {
		t.Error("one is offered to shut one's own account")
	}
}
