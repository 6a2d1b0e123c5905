package webtest

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Visitor goes through the pages of a site as people do: along links and by forms, which it finds by the words that they see. What it is told to
// press or fill in and can't find fails the test, with what the page says.
type Visitor interface {
	Go(t *testing.T, address string)         // opens an address of the site
	Press(t *testing.T, name string)         // what says so or else begins so: a link, or the button of a form
	PressAt(t *testing.T, part, name string) // within the smallest part of the page that says something else too: a row, a form
	Set(t *testing.T, label, value string)   // the first field, not yet filled in, whose label begins so; of a list by what the choice says or sends
	Choose(t *testing.T, label string)       // ticks a box, or takes one of several choices, where none was taken yet
	Untick(t *testing.T, label string)
	Text(t *testing.T, element string) string // the words of the first element of a kind, as in "main"
	At(t *testing.T) string                   // the address of the page that is open
}

// plain is a visitor without a browser, to whom a page is its HTML: no scripts run, and forms are sent as they stand in the page.
type plain struct {
	client http.Client
	at     *url.URL
	page   *html.Node
	set    map[*html.Node]string // what was filled in; of a box or a button to choose: "on" or ""
}

// Plain gives a visitor without a browser.
func Plain(t *testing.T, site string) Visitor {
	t.Helper()
	at, err := url.Parse(site)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &plain{client: http.Client{Jar: jar, Timeout: time.Minute}, at: at}
}

func (v *plain) Go(t *testing.T, address string) {
	t.Helper()
	at, err := v.at.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at.String(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	v.open(t, r)
}

// open sends a request and reads the page that it leads to.
func (v *plain) open(t *testing.T, r *http.Request) {
	t.Helper()
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Accept", "text/html")
	w, err := v.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	page, err := html.Parse(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	v.at, v.page, v.set = w.Request.URL, page, map[*html.Node]string{}
	v.once(t)
	if w.StatusCode >= http.StatusInternalServerError {
		t.Fatalf("%s %s: %s\n%s", r.Method, r.URL, w.Status, v.Text(t, "main"))
	}
}

// once fails the test for an id that stands on the page twice: a browser binds a label to the first.
func (v *plain) once(t *testing.T) {
	t.Helper()
	seen := map[string]bool{}
	for n := range v.page.Descendants() {
		if id := attr(n, "id"); n.Type == html.ElementNode && id != "" {
			if seen[id] {
				t.Errorf("%s: two elements have the id %q", v.at, id)
			}
			seen[id] = true
		}
	}
}

func (v *plain) At(*testing.T) string { return v.at.String() }

func (v *plain) Text(t *testing.T, element string) string {
	t.Helper()
	for n := range v.page.Descendants() {
		if n.Type == html.ElementNode && n.Data == element {
			return words(n)
		}
	}
	t.Fatalf("%s has no %s", v.at, element)
	return ""
}

func (v *plain) Press(t *testing.T, name string) {
	t.Helper()
	v.press(t, v.page, name)
}

func (v *plain) PressAt(t *testing.T, part, name string) {
	t.Helper()
	v.press(t, v.part(t, part, name), name)
}

// part finds the smallest element that holds a text and something to press.
func (v *plain) part(t *testing.T, text, name string) *html.Node {
	t.Helper()
	var found *html.Node
	size := 0
	for n := range v.page.Descendants() {
		if n.Type != html.ElementNode || find(n, name) == nil {
			continue
		}
		if said := words(n); strings.Contains(said, text) && (found == nil || len(said) < size) {
			found, size = n, len(said)
		}
	}
	if found == nil {
		t.Fatalf("%s: no part says %q and has %q to press\n%s", v.at, text, name, v.Text(t, "main"))
	}
	return found
}

func (v *plain) press(t *testing.T, in *html.Node, name string) {
	t.Helper()
	n := find(in, name)
	switch {
	case n == nil:
		t.Fatalf("%s: nothing to press says %q\n%s", v.at, name, v.Text(t, "main"))
	case n.DataAtom == atom.A:
		v.Go(t, attr(n, "href"))
	default:
		v.submit(t, n)
	}
}

// find finds what can be pressed by what it says: exactly that, or else what begins so.
func find(in *html.Node, name string) (begins *html.Node) {
	for n := range in.Descendants() {
		if n.Type != html.ElementNode || n.DataAtom != atom.Button && (n.DataAtom != atom.A || attr(n, "href") == "") || has(n, "disabled") {
			continue
		}
		switch said := called(n); {
		case said == name:
			return n
		case begins == nil && strings.HasPrefix(said, name):
			begins = n
		}
	}
	return begins
}

// called is what an element is called by somebody who sees or hears it.
func called(n *html.Node) string {
	if label := attr(n, "aria-label"); label != "" {
		return label
	}
	return words(n)
}

func (v *plain) Set(t *testing.T, label, value string) {
	t.Helper()
	n := v.field(t, label)
	if n.DataAtom == atom.Select {
		value = v.option(t, n, value)
	}
	v.set[n] = value
}

func (v *plain) Untick(t *testing.T, label string) {
	t.Helper()
	v.set[v.field(t, label)] = ""
}

func (v *plain) Choose(t *testing.T, label string) {
	t.Helper()
	n := v.field(t, label)
	if attr(n, "type") == "radio" {
		for other := range v.page.Descendants() {
			if other.DataAtom == atom.Input && attr(other, "type") == "radio" && attr(other, "name") == attr(n, "name") && form(other) == form(n) {
				v.set[other] = ""
			}
		}
	}
	v.set[n] = "on"
}

func (v *plain) option(t *testing.T, list *html.Node, value string) string {
	t.Helper()
	for n := range list.Descendants() {
		if n.DataAtom == atom.Option && (strings.HasPrefix(words(n), value) || attr(n, "value") == value) {
			return optionValue(n)
		}
	}
	t.Fatalf("%s: there is no choice %q, only %s", v.at, value, words(list))
	return ""
}

// field finds a field by its label. One that was filled in already is passed by, so that fields of the same name are filled in in turn.
func (v *plain) field(t *testing.T, label string) *html.Node {
	t.Helper()
	var all []string
	for n := range v.page.Descendants() {
		if n.Type != html.ElementNode || n.DataAtom != atom.Label || words(n) == "" {
			continue
		}
		said := words(n)
		of := v.of(n)
		if _, done := v.set[of]; of == nil || done {
			continue
		}
		if strings.HasPrefix(said, label) {
			return of
		}
		all = append(all, said)
	}
	t.Fatalf("%s: no field is called %q, only %q\n%s", v.at, label, all, v.Text(t, "main"))
	return nil
}

// of finds what a label is of.
func (v *plain) of(label *html.Node) *html.Node {
	id := attr(label, "for")
	in := v.page
	if id == "" {
		in = label
	}
	for n := range in.Descendants() {
		if fills(n) && (id == "" || attr(n, "id") == id) {
			return n
		}
	}
	return nil
}

func fills(n *html.Node) bool {
	return n.Type == html.ElementNode && (n.DataAtom == atom.Input || n.DataAtom == atom.Textarea || n.DataAtom == atom.Select)
}

// form is the form that an element belongs to.
func form(n *html.Node) *html.Node {
	if id := attr(n, "form"); id != "" {
		root := n
		for root.Parent != nil {
			root = root.Parent
		}
		for x := range root.Descendants() {
			if x.DataAtom == atom.Form && attr(x, "id") == id {
				return x
			}
		}
		return nil
	}
	for n = n.Parent; n != nil && n.DataAtom != atom.Form; n = n.Parent {
	}
	return n
}

// submit sends a button's form, as a browser would.
func (v *plain) submit(t *testing.T, button *html.Node) {
	t.Helper()
	of := form(button)
	if of == nil {
		t.Fatalf("%s: %q sends nothing", v.at, called(button))
	}
	values := v.values(of)
	if name := attr(button, "name"); name != "" {
		values = append(values, [2]string{name, attr(button, "value")})
	}
	where := v.at.String()
	for _, say := range []string{attr(button, "formaction"), attr(of, "action")} {
		if say != "" {
			where = say
			break
		}
	}
	at, err := v.at.Parse(where)
	if err != nil {
		t.Fatal(err)
	}
	at.Fragment = ""
	r, err := request(attr(of, "method"), attr(of, "enctype"), at, values)
	if err != nil {
		t.Fatal(err)
	}
	v.open(t, r.WithContext(t.Context()))
}

func request(method, encoding string, at *url.URL, values [][2]string) (*http.Request, error) {
	query := url.Values{}
	for _, x := range values {
		query.Add(x[0], x[1])
	}
	if !strings.EqualFold(method, http.MethodPost) {
		at.RawQuery = query.Encode()
		return http.NewRequest(http.MethodGet, at.String(), http.NoBody)
	}
	body, kind := io.Reader(strings.NewReader(query.Encode())), "application/x-www-form-urlencoded"
	if encoding == "multipart/form-data" {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for _, x := range values {
			if err := w.WriteField(x[0], x[1]); err != nil {
				return nil, err
			}
		}
		if err := w.Close(); err != nil {
			return nil, err
		}
		body, kind = &b, w.FormDataContentType()
	}
	r, err := http.NewRequest(http.MethodPost, at.String(), body)
	if err == nil {
		r.Header.Set("Content-Type", kind)
	}
	return r, err
}

// values are what a form holds, in its order.
func (v *plain) values(of *html.Node) (out [][2]string) {
	for n := range v.page.Descendants() {
		name := attr(n, "name")
		if !fills(n) || name == "" || has(n, "disabled") || form(n) != of {
			continue
		}
		said, filled := v.set[n]
		switch kind := attr(n, "type"); {
		case n.DataAtom == atom.Textarea && !filled:
			said = strings.TrimPrefix(text(n), "\n")
		case n.DataAtom == atom.Select && !filled:
			said = chosen(n)
		case kind == "checkbox" || kind == "radio":
			if filled && said == "" || !filled && !has(n, "checked") {
				continue
			}
			if said = "on"; has(n, "value") {
				said = attr(n, "value")
			}
		case kind == "submit" || kind == "button" || kind == "file" || kind == "image":
			continue
		case !filled:
			said = attr(n, "value")
		}
		out = append(out, [2]string{name, said})
	}
	return out
}

// chosen is what a list sends as it stands: what is selected, or else the first.
func chosen(list *html.Node) string {
	var first *html.Node
	for n := range list.Descendants() {
		if n.DataAtom != atom.Option {
			continue
		}
		if has(n, "selected") {
			return optionValue(n)
		}
		if first == nil {
			first = n
		}
	}
	if first == nil {
		return ""
	}
	return optionValue(first)
}

func optionValue(n *html.Node) string {
	if has(n, "value") {
		return attr(n, "value")
	}
	return words(n)
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	for x := range n.Descendants() {
		if x.Type == html.TextNode {
			b.WriteString(x.Data)
		}
	}
	return b.String()
}

// inline elements don't end a word.
var inline = []atom.Atom{atom.A, atom.Abbr, atom.B, atom.Bdi, atom.Code, atom.Em, atom.I, atom.Span, atom.Strong, atom.Time, atom.Q}

// words are what an element says, in one line.
func words(n *html.Node) string {
	var b strings.Builder
	var say func(*html.Node)
	say = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			b.WriteString(n.Data)
		case n.DataAtom == atom.Script || n.DataAtom == atom.Style || n.DataAtom == atom.Svg:
			return
		case n.Type == html.ElementNode && !slices.Contains(inline, n.DataAtom):
			b.WriteByte(' ')
		}
		for c := range n.ChildNodes() {
			say(c)
		}
		if n.Type == html.ElementNode && !slices.Contains(inline, n.DataAtom) {
			b.WriteByte(' ')
		}
	}
	say(n)
	return strings.Join(strings.Fields(strings.NewReplacer("\u00a0", " ", "\u00ad", "").Replace(b.String())), " ")
}
