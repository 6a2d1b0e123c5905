package account

import (
	_ "embed" // the list of words
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
)

//go:embed words.txt
var wordList string

// common are what passwords are mostly made of: words in four languages, names, seasons, teams.
var common = longestFirst(strings.Fields(wordList))

const longestWord = 64 // of those known, and more

func longestFirst(words []string) []string {
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	return words
}

// enough is how many parts there must be to guess: eight letters, or four words, or a mix.
const enough = 8

// guesses counts what there is to guess in a password: nothing for its owner's own name and address, two for a common word or a
// year, one for a run (aaaa, 4567, qwerty) and for any other letter, and nothing for what came before. What stands between
// words doesn't make them others.
func guesses(password string, about []string) int {
	s, own := cases.Fold().String(strings.ToValidUTF8(password, "")), ownWords(about)
	joined := strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return c
		}
		return -1
	}, s)
	return min(guessesIn(s, own), guessesIn(joined, own)+1)
}

func guessesIn(s string, own []string) (n int) {
	seen := map[string]bool{}
	for s != "" {
		part, worth := firstPart(s, own)
		if !seen[part] {
			seen[part] = true
			n += worth
		}
		s = s[len(part):]
	}
	return n
}

// ownWords are the parts of the owner's name and mail address.
func ownWords(about []string) (words []string) {
	for _, text := range append(about, "samverk") {
		for _, w := range strings.FieldsFunc(cases.Fold().String(text), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }) {
			if utf8.RuneCountInString(w) > 2 {
				words = append(words, w)
			}
		}
	}
	return longestFirst(words)
}

func firstPart(s string, own []string) (part string, worth int) {
	if w := prefixOf(s, own); w != "" {
		return w, 0
	}
	if w := prefixOf(s, common); w != "" {
		return w, 2
	}
	if len(s) >= 4 && (s[:2] == "19" || s[:2] == "20") && isDigit(s[2]) && isDigit(s[3]) {
		return s[:4], 2
	}
	if n := run(s); n > 0 {
		return s[:n], 1
	}
	_, n := utf8.DecodeRuneInString(s)
	return s[:n], 1
}

// plainer undoes what people write for a letter.
var plainer = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")

// prefixOf gives the part of s that one of the words is, read as it stands or with p4ssw0rd undone.
func prefixOf(s string, words []string) string {
	plain := plainer.Replace(s[:min(len(s), longestWord)]) // as long as what it replaces
	for _, w := range words {
		if strings.HasPrefix(s, w) || strings.HasPrefix(plain, w) {
			return s[:len(w)]
		}
	}
	return ""
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

var rows = []string{"1234567890", "qwertyuiopå", "asdfghjklöä", "asdfghjkløæ", "zxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p"}

// run gives how many bytes at the beginning are the same letter, follow one another, or lie beside one another on a keyboard.
func run(s string) int {
	longest := 0
	for _, step := range []rune{0, 1, -1} {
		n, count, last := 0, 0, rune(-1)
		for _, c := range s {
			if last >= 0 && c != last+step {
				break
			}
			n, count, last = n+utf8.RuneLen(c), count+1, c
		}
		if count >= 3 {
			longest = max(longest, n)
		}
	}
	for _, row := range rows {
		longest = max(longest, along(s, row), along(s, reversed(row)))
	}
	return longest
}

// along gives how far s goes along a row of keys: at least four of them.
func along(s, row string) int {
	first, size := utf8.DecodeRuneInString(s)
	at := strings.IndexRune(row, first)
	if at < 0 {
		return 0
	}
	n := size
	for n < len(s) && at+n < len(row) && s[n] == row[at+n] {
		n++
	}
	for n > 0 && n < len(s) && !utf8.RuneStart(s[n]) { // never between the bytes of a letter
		n--
	}
	if utf8.RuneCountInString(s[:n]) < 4 {
		return 0
	}
	return n
}

func reversed(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}
