package web

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestMarkdown(t *testing.T) {
	for source, want := range map[string]string{
		"": "", "a\nb\n\nc": "<p>a<br>\nb</p>\n<p>c</p>\n",
		"# One\n\n## Two\n\n###### Six": "<h3>One</h3>\n<h4>Two</h4>\n<h6>Six</h6>\n",
		"*a* **b** ~~c~~ `d<e`":         "<p><em>a</em> <strong>b</strong> <del>c</del> <code>d&lt;e</code></p>\n",
		"1. a\n2. b\n\n- c":             "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n<ul>\n<li>c</li>\n</ul>\n",
		"3. a":                          "<ol start=\"3\">\n<li>a</li>\n</ol>\n",
		"> said":                        "<blockquote>\n<p>said</p>\n</blockquote>\n",
		"[x](https://a.example/?b=1&c)": "<p><a href=\"https://a.example/?b=1&amp;c\" rel=\"nofollow ugc\">x</a></p>\n",
		"https://a.example och /n/se":   "<p><a href=\"https://a.example\" rel=\"nofollow ugc\">https://a.example</a> och /n/se</p>\n",
		"[x](/n/se/topics/1)":           "<p><a href=\"/n/se/topics/1\" rel=\"nofollow ugc\">x</a></p>\n",
		"[x](javascript:alert(1))":      "<p><a rel=\"nofollow ugc\">x</a></p>\n",
		"[x](data:text/html,a)":         "<p><a rel=\"nofollow ugc\">x</a></p>\n",
		"![a picture](https://a.example/p.png) and ![**two**](x)": "<p>a picture and <strong>two</strong></p>\n",
		"<script>alert(1)</script>":                               "\n",
		"a <b onclick=x>b</b> <img src=x onerror=y>":              "<p>a b </p>\n",
		"<div style=x>\n\n*a*\n\n</div>":                          "\n<p><em>a</em></p>\n\n",
		"```\ncode <b>\n```":                                      "<pre><code>code &lt;b&gt;\n</code></pre>\n",
		"[![p](x)](https://a.example)":                            "<p><a href=\"https://a.example\" rel=\"nofollow ugc\">p</a></p>\n",
	} {
		if got := string(Markdown(source)); got != want {
			t.Errorf("%q: %q, want %q", source, got, want)
		}
	}
	if got := string(Markdown(strings.Repeat("<", markdownLimit+1))); !strings.HasPrefix(got, "<pre>&lt;") {
		t.Error(got[:20])
	}
}

// Nothing that somebody writes costs much more than its length: what would is shown as it was typed, and what people write is not.
func TestMarkdownIsBounded(t *testing.T) {
	for _, hostile := range []string{"[a](", "![", "[", "**a", "~~a", "a**b", "``a", "> ", ">", "- ", "1. ", "* > ", "\t> ", "x\n> [a](\n", "a [\n*\n", "a [\n1.\n", "a [\n2. b\n", "<a "} {
		if source := strings.Repeat(hostile, markdownLimit/len(hostile)); readable(source) {
			t.Errorf("%q again and again is read", hostile)
		} else if got := string(Markdown(source)); !strings.HasPrefix(got, "<pre>") {
			t.Errorf("%q: %.40s", hostile, got)
		}
	}
	for _, usual := range []string{
		"Vi vill *gärna* ha [svar](https://a.example) inom `14` dagar, och **snart**.\n\n", "- [ett](/n/se/topics/1) och *två*\n", "1. [ett](/n/se)\n2. två\n\n", "> Så sa hon: _nej_.\n>\n> > Och vi: ja.\n\n",
		"## Rubrik\n\nText med ~~ord~~ på\nflera rader.\n\n", "En lång mening utan något särskilt i sig, som bara fortsätter. ", "```\nx[1] = y[2] * z\n```\n\n", "* * *\n\n", "-----\n", "- a\n  - b\n    1. c\n\n",
	} {
		if source := strings.Repeat(usual, 60<<10/len(usual)); !readable(source) {
			t.Errorf("%q again and again is not read", usual)
		}
	}
}

var harmless = regexp.MustCompile(`^(?:https?:|mailto:|[^:]*$|[^:/?#]*[/?#])`)

// Whatever somebody writes, nothing comes out but text, our own few elements, and links that run nothing.
func FuzzMarkdown(f *testing.F) {
	for _, seed := range []string{"# a\n*b* [c](d) ![e](f)", "<a href=javascript:x>y</a>", "[a](java\nscript:x)", "![[x](y)](z)", "&#x6A;avascript:", "<style>*{}</style>", "a\x00b\xff", "- [ ] x\n1. 2", "[a]: javascript:x\n[a]", "`<script>`", "<![CDATA[x]]>"} {
		f.Add(seed)
	}
	may := map[string]bool{"html": true, "head": true, "body": true}
	for _, e := range []string{"p", "br", "strong", "em", "del", "code", "pre", "blockquote", "ul", "ol", "li", "hr", "h3", "h4", "h5", "h6", "a"} {
		may[e] = true
	}
	f.Fuzz(func(t *testing.T, source string) {
		out := []byte(Markdown(source))
		doc, err := html.Parse(bytes.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		for n := range doc.Descendants() {
			if n.Type == html.CommentNode || n.Type == html.ElementNode && !may[n.Data] {
				t.Fatalf("%q gave <%s>: %s", source, n.Data, out)
			}
			for _, a := range n.Attr {
				switch {
				case a.Key == "href" && harmless.MatchString(strings.ToLower(strings.TrimSpace(a.Val))), a.Key == "rel" && a.Val == "nofollow ugc", a.Key == "start":
				default:
					t.Fatalf("%q gave %s=%q", source, a.Key, a.Val)
				}
			}
		}
	})
}
