package account_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/samverk/samverk/account"
	"github.com/samverk/samverk/fault"
)

func TestCheckPassword(t *testing.T) {
	about := []string{"Anna Ankarström", "anna.ankarstrom@example.org"}
	for password, code := range map[string]string{
		"blå lampor över sjön":             "",
		"correct horse battery staple":     "account.password.common", // everybody's
		"vinter sommar höst vår":           "",                        // common words, but four of them
		"kvist tratt moped lykta":          "",
		"fWq8 zp3k 0vLm":                   "",
		"839201748365":                     "",
		"elva tecken":                      "account.password.short",
		"":                                 "account.password.short",
		"åäöåäöåäöåä":                      "account.password.short", // eleven letters in more bytes
		strings.Repeat("lång mening ", 11): "account.password.long",
		"aaaaaaaaaaaaaaa":                  "account.password.common",
		"abcdefghijklmnop":                 "account.password.common",
		"123456789012345":                  "account.password.common",
		"qwertyuiopåasdf":                  "account.password.common",
		"qwerty123456!!":                   "account.password.common",
		"1qaz2wsx3edc4rfv":                 "account.password.common",
		"passwordpassword":                 "account.password.common",
		"P@ssw0rd P@ssw0rd":                "account.password.common",
		"Lösenord2026!":                    "account.password.common",
		"Sommaren2026!!":                   "account.password.common",
		"Anna.Ankarström":                  "account.password.common",
		"AnnaAnkarström1985":               "account.password.common",
		"ankarstrom-anna-anna":             "account.password.common",
		"samverk samverk samverk":          "account.password.common",
		"Karolinska2026!":                  "account.password.common",
		"hej\xffhej hej hej hej":           "account.password.text",
	} {
		err := account.CheckPassword(password, about...)
		if code == "" {
			if err != nil {
				t.Errorf("%q: %v (%d)", password, err, account.Guesses(password, about...))
			}
			continue
		}
		if err == nil {
			t.Errorf("%q was taken (%d)", password, account.Guesses(password, about...))
			continue
		}
		is(t, err, fault.Invalid, code)
	}
	// Twelve and 128 characters, whatever their bytes.
	for _, p := range []string{"kvisttrattmo", strings.Repeat("ü", 3) + "kvist tratt", strings.Repeat("åé", 60) + "kvisttra"} {
		if err := account.CheckPassword(p); err != nil {
			t.Errorf("%q (%d characters): %v", p, utf8.RuneCountInString(p), err)
		}
	}
}

func FuzzCheckPassword(f *testing.F) {
	f.Add("Sommaren2026!!", "Anna Ankarström")
	f.Add("qwertyuiopåä\xff", "")
	f.Fuzz(func(t *testing.T, password, name string) {
		n := account.Guesses(password, name)
		if n < 0 || n > 2*len(password) {
			t.Fatal(n)
		}
		err := account.CheckPassword(password, name)
		if err == nil && !utf8.ValidString(password) {
			t.Fatal("no text was taken")
		}
	})
}

func TestFrom(t *testing.T) {
	for address, want := range map[string]string{"203.0.113.77": "203.0.113.0/24", "::ffff:203.0.113.77": "203.0.113.0/24", "2001:db8:1:2:3::4": "2001:db8:1::/48", "fe80::1%eth0": "fe80::/48", "127.0.0.1": "127.0.0.0/24"} {
		if got := from(address).Place(); got != want {
			t.Errorf("%s is kept as %s", address, got)
		}
	}
	if got := (account.From{}).Place(); got != "" {
		t.Error(got)
	}
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36 Edg/150.0.0.0":       "Edge, Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15":               "Safari, macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/150.0 Mobile Safari/604.1":     "Chrome, iPhone",
		"Mozilla/5.0 (Linux; Android 16; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 Chrome/140.0.0.0 Mobile Safari/537.36": "Samsung Internet, Android",
		"Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0":                                                              "Firefox, Linux",
		"curl/8.14.1": "", "": "", "<script>alert(1)</script>": "",
	} {
		if got := (account.From{Agent: agent}).Browser(); got != want {
			t.Errorf("%s is %q, not %q", agent, got, want)
		}
	}
}

func ExampleCheckPassword() {
	fmt.Println(account.CheckPassword("Sommaren2026!!") != nil, account.CheckPassword("kvist tratt moped lykta") != nil)
	// Output: true false
}
