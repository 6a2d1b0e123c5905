package web

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"text/template/parse"
	"time"

	"github.com/samverk/samverk/lang"
)

// Pages are one room's templates and messages, in every language.
type Pages struct {
	site      *Site
	words     map[string]*Words
	templates map[string]map[string]*template.Template // language, page
}

// Room reads a room's pages: pages/NAME.html define "main"; pages/_*.html are parts that several use;
// messages/sv.txt, nb.txt and en.txt. Nil gives the frame's own pages. More is messages of the rooms beneath.
func (s *Site) Room(room fs.FS, more ...fs.FS) (*Pages, error) {
	read := func() (Pages, error) { return readRoom(room, more) }
	if key, ok := keyOf(room, more); ok {
		once, _ := kept.LoadOrStore(key, sync.OnceValues(read))
		read, _ = once.(func() (Pages, error))
	}
	p, err := read()
	p.site = s
	return &p, err
}

// kept are rooms' pages by where they were read from: a process that serves several nodes reads them once.
var kept sync.Map

func readRoom(room fs.FS, more []fs.FS) (p Pages, err error) {
	from := append([]fs.FS{frame}, more...)
	if room != nil {
		from = append(from, room)
	} else {
		room = frame
	}
	if p.words, err = lang.Read(from...); err != nil {
		return p, err
	}
	p.templates = map[string]map[string]*template.Template{}
	for code, l := range p.words {
		if p.templates[code], err = readTemplates(room, l); err != nil {
			return p, fmt.Errorf("%s: %w", code, err)
		}
	}
	return p, nil
}

// roomKey names what a room's pages are read from: its own files first, and those of at most so many rooms beneath.
type roomKey [8]embed.FS

// keyOf is false for what could change: what isn't part of the program.
func keyOf(room fs.FS, more []fs.FS) (key roomKey, ok bool) {
	for i, f := range append([]fs.FS{room}, more...) {
		e, embedded := f.(embed.FS)
		if !embedded && f != nil || i == len(key) {
			return key, false
		}
		key[i] = e
	}
	return key, true
}

func readTemplates(room fs.FS, l *Words) (map[string]*template.Template, error) {
	layout, err := template.New("_layout.html").Funcs(functions(l)).ParseFS(frame, "pages/_*.html")
	if err != nil {
		return nil, err
	}
	files, err := fs.Glob(room, "pages/*.html")
	if err != nil {
		return nil, err
	}
	isPart := func(file string) bool { return strings.HasPrefix(path.Base(file), "_") }
	if room != fs.FS(frame) {
		for _, file := range files {
			if err := checkNames(layout, room, l, file); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
		for _, file := range files {
			if isPart(file) {
				if layout, err = layout.ParseFS(room, file); err != nil {
					return nil, err
				}
			}
		}
	}
	out := map[string]*template.Template{}
	for _, file := range files {
		if isPart(file) {
			continue
		}
		page, err := layout.Clone()
		if err != nil {
			return nil, err
		}
		if page, err = page.ParseFS(room, file); err != nil {
			return nil, err
		}
		if err := checkKeys(page, l); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out[strings.TrimSuffix(path.Base(file), ".html")] = page
	}
	return out, nil
}

// checkNames finds a part of a room that has the name of a part of the frame: it would take its place in silence.
func checkNames(layout *template.Template, room fs.FS, l *Words, file string) error {
	theirs, err := template.New("").Funcs(functions(l)).ParseFS(room, file)
	if err != nil {
		return err
	}
	for _, one := range theirs.Templates() {
		if one.Name() != "" && layout.Lookup(one.Name()) != nil {
			return fmt.Errorf("the frame has a part %s too", one.Name())
		}
	}
	return nil
}

// functions are what templates can call. Messages: t, and th for those with markup. Numbers: n, freq, upto, size, percent.
// Moments, each in the zone it is told in: day, shortday, weekday, month, clock, when, span, days, until, ago, duration, iso.
// Words: quote, list, either, md, named. The rest helps to draw.
func functions(l *Words) template.FuncMap {
	return template.FuncMap{
		"t": l.T, "th": l.HTML,
		"n": l.Number, "freq": l.Frequency, "freqs": l.Frequencies, "upto": l.Scale, "size": l.Bytes, "percent": l.Percent,
		"day": l.Day, "shortday": l.ShortDay, "weekday": l.Weekday, "month": l.Month, "clock": l.Clock, "when": l.When, "span": l.Span, "days": l.Days,
		"until": l.Until, "ago": l.Ago, "duration": l.Duration, "iso": iso,
		"quote": l.Quote, "list": list(l.List), "either": list(l.Either), "md": Markdown, "named": named(l.Code),
		"icon": useIcon, "dict": dict, "inc": func(i int) int { return i + 1 }, "field": field, "formats": FormatsAt,
	}
}

// named writes what has a name in several languages: in the reader's, or marked with the language it has.
func named(reader string) func(interface {
	In(lang string) (text, in string)
}) template.HTML {
	return func(of interface {
		In(lang string) (text, in string)
	}) template.HTML {
		text, in := of.In(reader)
		text = template.HTMLEscapeString(text)
		if in != reader {
			text = `<span lang="` + template.HTMLEscapeString(in) + `">` + text + `</span>`
		}
		return template.HTML(text) //nolint:gosec // escaped above
	}
}

// iso writes a moment for the datetime of a time element.
func iso(t time.Time) string { return t.Format(time.RFC3339) }

// list joins what it is given: texts, or slices of texts.
func list(join func(...string) string) func(...any) (string, error) {
	return func(parts ...any) (string, error) {
		var all []string
		for _, p := range parts {
			switch p := p.(type) {
			case string:
				all = append(all, p)
			case []string:
				all = append(all, p...)
			default:
				return "", fmt.Errorf("%T is no text", p)
			}
		}
		return join(all...), nil
	}
}

// useIcon draws one of the symbols in the layout; it says nothing, so words stand beside it.
func useIcon(name string) (template.HTML, error) {
	if !slices.Contains(icons, name) {
		return "", fmt.Errorf("no icon %q", name)
	}
	return template.HTML(`<svg class="smv-icon" aria-hidden="true" focusable="false"><use href="#i-` + name + `"/></svg>`), nil //nolint:gosec // one of ours
}

var icons = []string{"ok", "no", "clock", "search", "cal", "seal", "print", "down", "plus", "minus", "go"}

// dict makes a map, for a part that needs more than one thing.
func dict(pairs ...any) (map[string]any, error) {
	out := map[string]any{}
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict: a key without a value")
	}
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is no key", pairs[i])
		}
		out[key] = pairs[i+1]
	}
	return out, nil
}

// checkKeys finds messages that a template names and nobody wrote.
func checkKeys(t *template.Template, l *Words) error {
	for _, one := range t.Templates() {
		if one.Tree == nil {
			continue
		}
		if err := walk(one.Tree.Root, func(c *parse.CommandNode) error {
			if len(c.Args) < 2 {
				return nil
			}
			f, isFunc := c.Args[0].(*parse.IdentifierNode)
			key, isText := c.Args[1].(*parse.StringNode)
			if isFunc && isText && (f.Ident == "t" || f.Ident == "th") && !l.Has(key.Text) {
				return fmt.Errorf("%s: no message %q", one.Name(), key.Text)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// walk visits every command of a template.
func walk(n parse.Node, visit func(*parse.CommandNode) error) error {
	var below []parse.Node
	pipe := func(p *parse.PipeNode) {
		if p != nil {
			for _, c := range p.Cmds {
				below = append(below, c)
			}
		}
	}
	list := func(lists ...*parse.ListNode) {
		for _, l := range lists {
			if l != nil {
				below = append(below, l.Nodes...)
			}
		}
	}
	switch n := n.(type) {
	case *parse.ListNode:
		list(n)
	case *parse.ActionNode:
		pipe(n.Pipe)
	case *parse.TemplateNode:
		pipe(n.Pipe)
	case *parse.PipeNode:
		pipe(n)
	case *parse.IfNode:
		pipe(n.Pipe)
		list(n.List, n.ElseList)
	case *parse.RangeNode:
		pipe(n.Pipe)
		list(n.List, n.ElseList)
	case *parse.WithNode:
		pipe(n.Pipe)
		list(n.List, n.ElseList)
	case *parse.CommandNode:
		if err := visit(n); err != nil {
			return err
		}
		below = append(below, n.Args...)
	}
	for _, b := range below {
		if err := walk(b, visit); err != nil {
			return err
		}
	}
	return nil
}
