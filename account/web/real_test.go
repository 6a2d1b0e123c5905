package web_test

import (
	"bufio"
	"html"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/account/openid"
)

// realProvider starts npm's oidc-provider, installed by testdata/provider/install, and gives its issuer. It must know our address first.
func realProvider(t *testing.T, redirect string) (issuer string) {
	t.Helper()
	dir := os.Getenv("SAMVERK_OIDC_PROVIDER")
	if dir == "" {
		if os.Getenv("SAMVERK_REQUIRE_OIDC") == "1" {
			t.Fatal("SAMVERK_OIDC_PROVIDER names no provider, and SAMVERK_REQUIRE_OIDC=1 asks for one")
		}
		t.Skip("no real provider here: account/web/testdata/provider/install DIR (needs node and npm), then SAMVERK_OIDC_PROVIDER=DIR")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	ok(t, l.Close())
	c := exec.Command("node", filepath.Join(dir, "server.mjs"), port, redirect)
	c.Dir, c.Stderr = dir, os.Stderr
	stdin, err := c.StdinPipe() // closed with this process, and then the provider ends
	ok(t, err)
	out, err := c.StdoutPipe()
	ok(t, err)
	ok(t, c.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	ready := make(chan bool, 1)
	go func() {
		s := bufio.NewScanner(out)
		for s.Scan() {
			if strings.Contains(s.Text(), "listening") {
				ready <- true
			}
		}
	}()
	select {
	case <-ready:
	case <-time.After(30 * time.Second):
		t.Fatal("the provider doesn't start")
	}
	return "http://127.0.0.1:" + port
}

var formAction = regexp.MustCompile(`action="(http[^"]*)"`)

// signInThere goes through the provider's own pages: who one is, then whether we may know.
func (b *browser) signInThere(page, subject string) string {
	b.t.Helper()
	for _, prompt := range []string{"login", "consent"} {
		action := formAction.FindStringSubmatch(page)
		if action == nil {
			b.t.Fatalf("no form for %s at %s: %s", prompt, b.last.Request.URL, page)
		}
		page = b.post(html.UnescapeString(action[1]), "prompt", prompt, "login", subject, "password", "whatever")
	}
	return page
}

// An invitation, signing out and in, linking, and changing one's mind, at a real server.
func TestRealProvider(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	site := "http://" + l.Addr().String()
	issuer := realProvider(t, site+"/sign-in/at/real/back")
	secret := filepath.Join(t.TempDir(), "secret")
	ok(t, os.WriteFile(secret, []byte("a secret of the tests\n"), 0o600))
	h := openOn(t, l, account.Options{Providers: []openid.Provider{{Name: "real", Title: "The Real One", Issuer: issuer, ClientID: "samverk", SecretFile: secret}}})
	operator := h.started(t)
	_, link := h.invite(t, "Anna Ankarström", "anna@example.org")

	anna := h.browser(t)
	anna.get("/sign-in?lang=en")
	anna.get(link)
	page := anna.with("real", "invitation", anna.invitation())
	contains(t, anna.signInThere(page, "anna-there"), "first page of Anna Ankarström")
	anna.post("/sign-out")
	contains(t, anna.with("real", "back", "/account"), "You have no password.")
	anna.at("/account", 200)

	operator.get("/account?lang=en")
	page = operator.post("/account/link/real", "current", good)
	page = operator.get(html.UnescapeString(regexp.MustCompile(`rel="noreferrer" href="([^"]*)"`).FindStringSubmatch(page)[1]))
	contains(t, operator.signInThere(page, "olga-there"), "The Real One")
	operator.at("/account", 200)

	stranger := h.browser(t)
	stranger.get("/sign-in?lang=en")
	page = stranger.with("real")
	contains(t, stranger.signInThere(page, "somebody-else"), "Nobody here has linked that account at The Real One")
	stranger.at("/sign-in/at/real/back", http.StatusForbidden)

	undecided := h.browser(t)
	undecided.get("/sign-in?lang=en")
	undecided.with("real")
	contains(t, undecided.get(undecided.last.Request.URL.String()+"/abort"), "was stopped")
	undecided.at("/sign-in/at/real/back", http.StatusForbidden)
}
