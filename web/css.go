package web

import (
	"bytes"
	"embed"
	"fmt"
	"regexp"
	"strings"
)

//go:embed theme
var theme embed.FS

// The component files of Designsystemet in use, in the order of its own index.css.
var components = []string{
	"paragraph", "link", "skip-link", "button", "alert", "error-summary", "input", "label", "fieldset", "field", "validation-message",
	"heading", "list", "table", "tag", "details",
}

// styleSheet joins what is in use. Designsystemet stays in its own cascade layers, as in its index.css;
// ours comes after them and outside, so it wins.
func styleSheet() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("/* @digdir/designsystemet-css 1.22.0, MIT, Copyright Digitaliseringsdirektoratet (Digdir); and Samverk's own theme */\n")
	b.WriteString("@layer ds.theme,ds.base,ds.components;@layer ds.base{")
	if err := join(&b, "designsystemet/base.css"); err != nil {
		return nil, err
	}
	b.WriteString("}@layer ds.components{")
	for _, c := range components {
		if err := join(&b, "designsystemet/"+c+".css"); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	var own bytes.Buffer
	for _, name := range []string{"theme.css", "own.css"} {
		if err := join(&own, name); err != nil {
			return nil, err
		}
	}
	b.Write(own.Bytes())
	b.WriteString(fallback(own.String()))
	return b.Bytes(), nil
}

func join(b *bytes.Buffer, name string) error {
	text, err := theme.ReadFile("theme/" + name)
	if err != nil {
		return fmt.Errorf("style sheet: %w", err)
	}
	b.WriteString(shrink(string(text)))
	return nil
}

var (
	comment   = regexp.MustCompile(`(?s)/\*.*?\*/`)
	space     = regexp.MustCompile(`\s+`)
	around    = regexp.MustCompile(`\s*([{};,])\s*`)
	lastSemi  = regexp.MustCompile(`;}`)
	lightDark = regexp.MustCompile(`(--[\w-]+):\s*light-dark\(([^,()]+),[^()]*\)`)
	rounded   = regexp.MustCompile(`(--[\w-]+):\s*round\(down,\s*(calc\((?:[^()]|\([^()]*\))*\)),\s*1px\)`)
)

// shrink takes out comments and the white space that no rule needs. Quoted strings of the
// theme hold none of the characters it works on, which a test checks.
func shrink(css string) string {
	css = comment.ReplaceAllString(css, "")
	css = space.ReplaceAllString(css, " ")
	css = around.ReplaceAllString(css, "$1")
	return strings.TrimSpace(lastSemi.ReplaceAllString(css, "}"))
}

// fallback gives browsers without light-dark() the light theme, and those without round() the
// unrounded sizes. A custom property takes any value, so such a browser would not see that it
// can't use ours: it has to be asked with @supports.
func fallback(css string) string {
	var b strings.Builder
	b.WriteString("@supports not (color:light-dark(#fff,#000)){:root{color-scheme:light;")
	for _, m := range lightDark.FindAllStringSubmatch(css, -1) {
		b.WriteString(m[1] + ":" + strings.TrimSpace(m[2]) + ";")
	}
	b.WriteString("}}@supports not (width:round(down,1px,1px)){:root,[data-size]{")
	for _, m := range rounded.FindAllStringSubmatch(css, -1) {
		b.WriteString(m[1] + ":" + m[2] + ";")
	}
	b.WriteString("}}")
	return b.String()
}
