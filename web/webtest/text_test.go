package webtest

import (
	"strings"
	"testing"
)

func TestMisnamed(t *testing.T) {
	page := `<h2 id="a">A</h2><label for="a">B</label><input id="a" aria-describedby="b c"><p id="c" data-id="c">D</p>`
	if got := strings.Join(Misnamed(page), ", "); got != "a twice, b nowhere" {
		t.Error(got)
	}
}

func TestLeftovers(t *testing.T) {
	for text, n := range map[string]int{
		"":              0,
		"[topic.state]": 1, "See [purpose.care.name] here": 1, "Cost %!d(string=x) now": 1, "<no value>": 1, "state: topic.state.open": 1, "map[a:1]": 1, "0001-01-01": 1, "for %s": 1,
		"12 % of people": 0, "100 %": 0, "[se not 1]": 0, "Write to a@topic.example.org": 0, "bodies.csv": 0, "chr22-1-A-T [1–4]": 0, "e.g. i.e.": 0, "https://body.example": 0, "kl. 9.30": 0, "20%. Data": 0,
	} {
		if got := Leftovers(text); len(got) != n {
			t.Errorf("%q: %q", text, got)
		}
	}
	if got := Visible(`<head><title>x</title></head><p class="[a.b]">a &lt;no value&gt;<br>b&nbsp;c <script>%!d</script>&amp;lt;`); got != "a <no value> b c &lt;" {
		t.Errorf("%q", got)
	}
}
