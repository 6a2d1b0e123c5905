package lang

import (
	"encoding/hex"
	"slices"
	"sync"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// The collation of each language. x/text sorts æ ø å wrongly under "nb", and rightly under "nn": the order is the same.
var collators = map[string]*sync.Pool{
	"sv": collator(language.Swedish), "nb": collator(language.Make("nn")), "en": collator(language.English),
}

// A Collator keeps what it is at work with, so each use takes its own.
func collator(tag language.Tag) *sync.Pool {
	return &sync.Pool{New: func() any { return collate.New(tag, collate.Loose, collate.Numeric) }}
}

// sortKeyBytes is how much of a key is kept: some forty letters.
const sortKeyBytes = 96

// SortKey gives text to sort by in a database: byte by byte it is in the order of the language, without
// difference of upper and lower case, and with numbers by their value. A language we don't have sorts as English.
func SortKey(code, text string) string {
	pool := collators[code]
	if pool == nil {
		pool = collators["en"]
	}
	c := pool.Get().(*collate.Collator)
	defer pool.Put(c)
	var b collate.Buffer
	key := c.KeyFromString(&b, text)
	return hex.EncodeToString(key[:min(len(key), sortKeyBytes)])
}

// Sort sorts by what name gives, in the order of the language.
func Sort[T any](l *Words, items []T, name func(T) string) {
	c := collators[l.Code].Get().(*collate.Collator)
	defer collators[l.Code].Put(c)
	slices.SortStableFunc(items, func(a, b T) int { return c.CompareString(name(a), name(b)) })
}
