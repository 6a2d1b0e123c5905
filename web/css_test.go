package web

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestStyleSheet(t *testing.T) {
	css, err := styleSheet()
	if err != nil {
		t.Fatal(err)
	}
	text := string(css)
	if strings.Count(text, "{") != strings.Count(text, "}") {
		t.Error("braces do not match")
	}
	for _, want := range []string{
		"Digdir", ".smv-loop", ".ds-table", "@layer ds.components{",
		"@supports not (color:light-dark(#fff,#000)){:root{color-scheme:light;--ds-color-neutral-background-default:#ffffff;",
		"--ds-size-4:calc(var(--ds-size-unit) * 4);",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the style sheet", want)
		}
	}
	if regexp.MustCompile(`url\(["']?(https?:)?//`).MatchString(text) {
		t.Error("the style sheet asks another host for something")
	}
	a, err := newAsset("samverk", "css", "text/css", css)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.gz) > 40<<10 {
		t.Errorf("%d bytes compressed: the first page is to stay under 100 kB in all", len(a.gz))
	}
	t.Logf("%d bytes, %d compressed", len(css), len(a.gz))
}

// Shrinking must leave quoted strings as they are, but for line breaks.
func TestShrinkKeepsStrings(t *testing.T) {
	quoted := regexp.MustCompile(`"[^"\n]*"`)
	for _, name := range []string{"theme.css", "own.css"} {
		text, err := theme.ReadFile("theme/" + name)
		if err != nil {
			t.Fatal(err)
		}
		bare := comment.ReplaceAllString(string(text), "")
		before, after := quoted.FindAllString(bare, -1), quoted.FindAllString(shrink(string(text)), -1)
		var wrong []string
		for i, b := range before {
			// font names stand in lists, where the space around the comma is no part of a string
			if i < len(after) && b != after[i] {
				wrong = append(wrong, b+" became "+after[i])
			}
		}
		if len(before) != len(after) || len(wrong) > 0 {
			t.Errorf("%s: %d strings became %d: %v", name, len(before), len(after), wrong)
		}
	}
	if got := shrink("a , b { c : d ; /* e */ }\n"); got != "a,b{c : d}" {
		t.Errorf("%q", got)
	}
}

func TestEveryComponentIsThere(t *testing.T) {
	files, err := theme.ReadDir("theme/designsystemet")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name, css := strings.CutSuffix(f.Name(), ".css")
		if css && name != "base" && !slices.Contains(components, name) {
			t.Errorf("%s is carried and not used", f.Name())
		}
	}
}
