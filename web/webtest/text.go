package webtest

import (
	"regexp"
	"strings"
)

var leftover = []*regexp.Regexp{
	regexp.MustCompile(`\[[a-z][a-z0-9]*(?:[.-][a-z0-9]+)*\.[a-z0-9-]+\]`), // what Words.Must gives for a key nobody wrote
	regexp.MustCompile(`%![a-zA-Z(]\S*|%[dsvq]\b`),                         // a message and its arguments that don't fit
	regexp.MustCompile(`<no value>|<nil>|\{\{|\bZgotmplZ\b|0001-01-01|\b1\.? (?:januari|januar|January) 1\b|\bmap\[`),
	regexp.MustCompile(`(?:^|[^\w@/.-])(?:topic|input|lift|meeting|agenda|decision|body|seat|person|people|organisation|network|forum|account|signin|notice|feed|search|calendar|fault|error|frame|loop|foot|form|wrong|lang|sector|pager|files)(?:\.[a-z]+){2,}\b`),
}

// Leftovers finds in the visible text of a page what no reader should see: keys of messages, arguments without a place,
// values without a text.
func Leftovers(text string) []string {
	var out []string
	for _, r := range leftover {
		out = append(out, r.FindAllString(text, 10)...)
	}
	return out
}

// Visible takes the tags out of a page, for tests that have no browser. Scripts, styles and the values of attributes go with them.
func Visible(html string) string {
	html = hidden.ReplaceAllString(html, " ")
	html = tag.ReplaceAllString(html, " ")
	return strings.Join(strings.Fields(entity.Replace(html)), " ")
}

var (
	hidden = regexp.MustCompile(`(?s)<(script|style|head)\b.*?</(?:script|style|head)>`)
	tag    = regexp.MustCompile(`(?s)<[a-zA-Z/!][^>]*>`)
	entity = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&#34;", `"`, "&quot;", `"`, "&#39;", "'", "&nbsp;", " ", "\u00a0", " ", "\u00ad", "", "&shy;", "", "&amp;", "&")
)
