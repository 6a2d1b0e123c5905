package webtest

import (
	"regexp"
	"strings"
)

var (
	idOf  = regexp.MustCompile(`\sid="([^"]+)"`)
	refTo = regexp.MustCompile(`\s(?:aria-labelledby|aria-describedby|aria-controls|for)="([^"]+)"`)
)

// Misnamed finds in a page what a screen reader would name wrongly: ids that two elements have, and references to none.
func Misnamed(html string) (out []string) {
	seen := map[string]int{}
	for _, m := range idOf.FindAllStringSubmatch(html, -1) {
		if seen[m[1]]++; seen[m[1]] == 2 {
			out = append(out, m[1]+" twice")
		}
	}
	for _, m := range refTo.FindAllStringSubmatch(html, -1) {
		for id := range strings.FieldsSeq(m[1]) {
			if seen[id] == 0 {
				out = append(out, id+" nowhere")
			}
		}
	}
	return out
}
