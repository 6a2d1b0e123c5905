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
	h.see("coordinator", person+"?lang=sv", "Stäng kontot")
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

// What became of invitations stands on the person's page, for whoever looks after the account; without mail the link for a new password is
// made there.
func TestInvitationsAndRecoveryOnThePage(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	person := "/n/se/people/" + string(h.as["member"])
	_, _, body := h.ask("POST", person+"/invite?lang=sv", "coordinator", values("mail", "nils@example.org", "lang", "sv"))
	if !strings.Contains(body, "Inga mejl går ut") {
		t.Error("it isn't said that no mail leaves")
	}
	h.fails(http.StatusNotFound, "stranger", person+"/uninvite", "")
	h.fails(http.StatusNotFound, "seated", person+"/uninvite", "")
	h.sends("coordinator", person+"/uninvite")
	h.see("coordinator", person+"?lang=sv", "Inbjudan drogs tillbaka")
	if _, _, body := h.ask("GET", person+"?lang=sv", "seated", nil); strings.Contains(body, "Inbjud") || strings.Contains(body, "nils@example.org") {
		t.Error("a member sees the invitations")
	}
	h.fails(http.StatusNotFound, "coordinator", person+"/recovery", "") // no account yet

	_, _, body = h.ask("POST", person+"/invite", "coordinator", values("mail", "nils@example.org", "lang", "sv"))
	link := regexp.MustCompile(`http://localhost/invitation/([\w-]+)`).FindStringSubmatch(body)
	must(h.account.Accept(ctx, link[1], "nio gröna lyktor vandrar", account.From{}))(t)
	h.see("coordinator", person+"?lang=sv", "Inbjudan antogs")
	h.see("coordinator", person+"?lang=sv", "Gör en länk för nytt lösenord")
	for _, as := range []string{"stranger", "chair", "member", "seated"} {
		h.fails(http.StatusNotFound, as, person+"/recovery", "")
	}
	status, _, body := h.ask("POST", person+"/recovery?lang=sv", "coordinator", nil)
	link = regexp.MustCompile(`http://localhost/recover/([\w-]+)`).FindStringSubmatch(body)
	if status != http.StatusOK || link == nil {
		t.Fatalf("%d, and no link", status)
	}
	if err := h.account.Reset(ctx, link[1], "tio gröna lyktor vandrar", nil, account.From{}); err != nil {
		t.Error(err)
	}
}
