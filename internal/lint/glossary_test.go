package lint

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// never are words that messages don't use, because docs/words.md has another for the thing. They stand as whole words.
var never = map[string]string{
	"sv": `organ(et|en|ets)?|sekretariat(et|ets)?|punkt(en|er|erna|ens)?|per capsulam|suppleant(en|er)?|avstängt|reservation(en|er)?|e-post|epost`,
	"nb": `organ(et|er|ene|ets)?|referat(et|er|ene)?|protokollet|dagsorden(en)?|binding(en|er|ene)?|saksdokument(et|er|ene)?|sirkulasjon|vedtaksdyktig|beslutningsdyktig|vararepresentant(en|er)?|fagfelt|mejl`,
	"en": `bod(y|ies)|per capsulam|circulation|reservations?|came back|gave back|given back|e-mails?|disabled`,
}

// said is the rooms where people meet.
var said = map[string]bool{"forum": true, "network": true, "account": true, "notice": true, "web": true}

// A returned mail came back, and nothing else did.
var excepted = map[string]bool{"mail.state.bounced": true, "told.mail.bounced": true, "mail.none.bounced": true}

func TestOneWordForOneThing(t *testing.T) {
	top, read := root(t), 0
	forbidden := map[string]*regexp.Regexp{}
	for code, words := range never {
		forbidden[code] = regexp.MustCompile(`(?i)(^|[^\p{L}-])(` + words + `)($|[^\p{L}-])`)
	}
	walk(t, func(rel string) {
		room, _, _ := strings.Cut(rel, "/")
		code := strings.TrimSuffix(path.Base(rel), ".txt")
		code = code[strings.LastIndex(code, ".")+1:]
		if path.Base(path.Dir(rel)) != "messages" || !said[room] || forbidden[code] == nil {
			return
		}
		b, err := os.ReadFile(filepath.Join(top, rel))
		if err != nil {
			t.Error(err)
			return
		}
		read++
		n := 0
		for line := range strings.Lines(string(b)) {
			n++
			key, text, is := strings.Cut(strings.TrimSpace(line), " = ")
			if !is || strings.HasPrefix(line, "#") || excepted[key] {
				continue
			}
			if found := forbidden[code].FindStringSubmatch(text); found != nil {
				t.Errorf("%s:%d: %s says %q; docs/words.md has the word", rel, n, key, found[2])
			}
		}
	})
	if read < 3*len(said) {
		t.Errorf("only %d files of messages", read)
	}
}
