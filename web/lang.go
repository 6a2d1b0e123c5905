package web

import (
	"net/http"
	"slices"

	"golang.org/x/text/language"

	"github.com/samverk/samverk/lang"
)

// Words is a room's messages in the reader's language.
type Words = lang.Words

var (
	matcher = language.NewMatcher([]language.Tag{language.English, language.Swedish, language.Make("nb"), language.Make("no"), language.Make("nn"), language.Danish})
	// Nynorsk and Danish readers are nearer to bokmål than to English.
	matched = []string{"en", "sv", "nb", "nb", "nb", "nb"}
)

// languageOf is what the reader chose (in the address, else in the cookie), else what the browser asks for.
func languageOf(r *http.Request) string {
	if c := r.URL.Query().Get("lang"); slices.Contains(lang.Codes, c) {
		return c
	}
	if c, err := r.Cookie("lang"); err == nil && slices.Contains(lang.Codes, c.Value) {
		return c.Value
	}
	header := r.Header.Get("Accept-Language")
	if len(header) > 200 {
		return lang.Codes[0]
	}
	want, _, err := language.ParseAcceptLanguage(header)
	if err != nil || len(want) == 0 {
		return lang.Codes[0]
	}
	_, i, confidence := matcher.Match(want...)
	if confidence == language.No {
		return lang.Codes[0]
	}
	return matched[i]
}
