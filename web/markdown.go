package web

import (
	"bytes"
	"html/template"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// What is read as Markdown: so many bytes, so much work, so deep. More is shown as it was typed.
const (
	markdownLimit = 64 << 10
	markdownWork  = 32 << 20
	markdownDeep  = 40
)

var (
	markdown = goldmark.New(
		goldmark.WithExtensions(extension.Linkify, extension.Strikethrough),
		goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(tame{}, 100))),
		goldmark.WithRendererOptions(html.WithHardWraps()),
	)
	allowed = markdownPolicy()
)

// markdownPolicy is what comes through, whatever the Markdown became: text and links, no raw HTML, no picture.
func markdownPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "strong", "em", "del", "code", "pre", "blockquote", "ul", "ol", "li", "hr", "h3", "h4", "h5", "h6")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,9}$`)).OnElements("ol")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("rel").Matching(regexp.MustCompile(`^nofollow ugc$`)).OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	return p
}

// tame puts the headings of a text beneath those of the page, marks links as somebody's own, and leaves of a picture
// its words.
type tame struct{}

func (tame) Transform(doc *ast.Document, _ text.Reader, _ parser.Context) {
	var pictures []ast.Node
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			n.Level = min(6, n.Level+2)
		case *ast.Link, *ast.AutoLink:
			n.SetAttributeString("rel", []byte("nofollow ugc"))
		case *ast.Image:
			pictures = append(pictures, n)
		}
		return ast.WalkContinue, nil
	})
	for _, p := range pictures {
		for c := p.FirstChild(); c != nil; c = p.FirstChild() {
			p.Parent().InsertBefore(p.Parent(), p, c)
		}
		p.Parent().RemoveChild(p.Parent(), p)
	}
}

// readable tells whether a text is read in a time that grows with its length. What may begin or end a link, an emphasis or code
// is looked for as far as its block goes, so a block costs its length times how many of those it has; and a line can open a
// quotation or a list in another as often as it has room for their marks.
func readable(source string) bool {
	work, length, marks := 0, 0, 0
	for line := range strings.Lines(source) {
		depth, text := opened(line)
		if depth > markdownDeep {
			return false
		}
		if strings.Trim(line, "> \t\r\n") == "" || depth == 1 && bullet.MatchString(line) && strings.TrimSpace(text) != "" { // begins a block
			work, length, marks = work+length*marks, 0, 0
		}
		length, marks = length+len(line), marks+marksIn(line)
	}
	return work+length*marks <= markdownWork
}

var (
	opens  = regexp.MustCompile(`^[ \t]*(?:>|(?:[-+*]|[0-9]{1,9}[.)])(?:[ \t]|\r?\n|$))`)
	bullet = regexp.MustCompile(`^[-+*] `) // an item of a list ends a paragraph, whatever stood there
)

// opened counts the quotations and lists that a line opens, and gives what is in them.
func opened(line string) (depth int, text string) {
	for depth <= markdownDeep {
		mark := opens.FindString(line)
		if mark == "" {
			break
		}
		depth, line = depth+1, line[len(mark):]
	}
	return depth, line
}

// marksIn counts what may begin or end something within a line; characters of emphasis and code in a row are one.
func marksIn(line string) (n int) {
	var last byte
	for i := range len(line) {
		switch c := line[i]; c {
		case '[', ']', '<':
			n++
		case '*', '_', '~', '`':
			if c != last {
				n++
			}
		}
		last = line[i]
	}
	return n
}

// Markdown turns what somebody wrote into safe HTML.
func Markdown(source string) template.HTML {
	var b bytes.Buffer
	if len(source) > markdownLimit || !readable(source) || markdown.Convert([]byte(source), &b) != nil {
		return template.HTML("<pre>" + template.HTMLEscapeString(source) + "</pre>") //nolint:gosec // escaped
	}
	return template.HTML(allowed.SanitizeBytes(b.Bytes())) //nolint:gosec // what the policy lets through
}
