package counted

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
)

// Use is what a question is for, as text: the same for what is meant by the same.
type Use struct {
	Purpose    string
	Conditions string // "" or words: health commercial country=NO MONDO:0005105
}

// Of writes a use.
func Of(u consent.Use) Use {
	var words []string
	if u.Health && len(u.Diseases) == 0 {
		words = append(words, "health")
	}
	if u.Commercial {
		words = append(words, "commercial")
	}
	if u.Country != "" {
		words = append(words, "country="+u.Country)
	}
	if len(u.Diseases) > 0 {
		d := slices.Clone(u.Diseases)
		slices.Sort(d)
		words = append(words, slices.Compact(d)...)
	}
	return Use{string(u.Purpose), strings.Join(words, " ")}
}

// key is under which name salts blind the use's leaves.
func (u Use) key() string { return u.Purpose + " " + u.Conditions }

// maxText bounds a use's text, in bytes: as the ledger does.
const maxText = 1024

func (u Use) check() error {
	for _, s := range []string{u.Purpose, u.Conditions} {
		if len(s) > maxText || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
			return fault.New(fault.Invalid, "a use is text of at most %d bytes", maxText).Do("ask for fewer diseases at once")
		}
	}
	if u.Purpose == "" || strings.Contains(u.Purpose, " ") {
		return fault.New(fault.Invalid, "%.40q is not a purpose", u.Purpose)
	}
	return nil
}
