package web

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"text/template/parse"

	"github.com/samverk/samverk/lang"
	"github.com/samverk/samverk/web/route"
)

//go:embed all:pages messages
var frame embed.FS

//go:embed theme/icon.svg
var icon []byte

// Options of a site.
type Options struct {
	Name string       // what the node calls itself beside "Samverk"; "" for nothing
	Demo bool         // shows on every page that it is a demonstration
	Log  *slog.Logger // nil: slog.Default()
}

// Site is the frame around every page.
type Site struct {
	options Options
	log     *slog.Logger
	style   *asset
	icon    *asset
	errors  *Pages
}

// New reads the frame's own templates and messages and prepares the style sheet.
func New(o Options) (*Site, error) {
	s := &Site{options: o, log: o.Log}
	if s.log == nil {
		s.log = slog.Default()
	}
	css, err := styleSheet()
	if err != nil {
		return nil, err
	}
	if s.style, err = newAsset("samverk", "css", "text/css; charset=utf-8", css); err != nil {
		return nil, err
	}
	if s.icon, err = newAsset("icon", "svg", "image/svg+xml", icon); err != nil {
		return nil, err
	}
	s.errors, err = s.Room(nil)
	return s, err
}

// Register puts the site's own routes into the table: its files, the choice of appearance, and the
// page for an address where there is nothing.
func (s *Site) Register(t *route.Table) {
	for _, a := range []*asset{s.style, s.icon} {
		t.Add(route.Route{Method: "GET", Pattern: a.path, Who: route.LocalOperator, Does: "A file that never changes under its name.", Serve: a.serve})
	}
	t.Add(
		route.Route{Method: "POST", Pattern: "/look", Who: route.LocalOperator, Does: "Keeps the choice of light or dark in a cookie.", Serve: s.look},
		route.Route{Pattern: "/", Who: route.LocalOperator, Does: "Says that there is no such page.", Serve: func(w http.ResponseWriter, r *http.Request) int {
			return s.Error(w, r, http.StatusNotFound, "error.notfound", nil)
		}},
	)
}

// Page is what the frame needs to know of a page.
type Page struct {
	Name    string // the template's file name, without .html
	Status  int    // 0: 200
	Title   string // in the reader's language
	Station string // the station of the loop the page is on: "use"; "" for none
	Data    any
}

// View is what a template is given.
type View struct {
	Page
	Lang    string
	Look    string // auto, light or dark
	Demo    bool
	Site    string
	Style   string
	Icon    string
	Here    string // path and query of this page, without lang
	Loop    []station
	Choices []choice
}

type station struct {
	Key, Link string // Link is "" while the station has nothing in it
	Current   bool
}

type choice struct {
	Code, Name, Link string
	Current          bool
}

// The loop of the whole product. A room that fills a station gives it its address here.
var loop = []station{{Key: "raise"}, {Key: "decide"}, {Key: "do"}, {Key: "use", Link: "/"}, {Key: "followup"}}

var languageNames = []struct{ code, name string }{{"sv", "Svenska"}, {"nb", "Norsk"}, {"en", "English"}}

// Pages are one room's templates and messages, in every language.
type Pages struct {
	site      *Site
	words     map[string]*Words
	templates map[string]map[string]*template.Template // language, page
}

// Room reads a room's pages: pages/NAME.html define "main"; pages/_*.html are parts that several use;
// messages/sv.txt, nb.txt and en.txt. Nil gives the frame's own pages.
func (s *Site) Room(room fs.FS) (*Pages, error) {
	from := []fs.FS{frame}
	if room != nil {
		from = append(from, room)
	}
	words, err := lang.Read(from...)
	if err != nil {
		return nil, err
	}
	if room == nil {
		room = frame
	}
	p := &Pages{site: s, words: words, templates: map[string]map[string]*template.Template{}}
	for code, l := range words {
		if p.templates[code], err = readTemplates(room, l); err != nil {
			return nil, fmt.Errorf("%s: %w", code, err)
		}
	}
	return p, nil
}

func readTemplates(room fs.FS, l *Words) (map[string]*template.Template, error) {
	layout, err := template.New("_layout.html").Funcs(functions(l)).ParseFS(frame, "pages/_*.html")
	if err != nil {
		return nil, err
	}
	parts, err := fs.Glob(room, "pages/_*.html")
	if err != nil {
		return nil, err
	}
	if len(parts) > 0 {
		if layout, err = layout.ParseFS(room, parts...); err != nil {
			return nil, err
		}
	}
	files, err := fs.Glob(room, "pages/*.html")
	if err != nil {
		return nil, err
	}
	out := map[string]*template.Template{}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if strings.HasPrefix(name, "_") {
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
		out[name] = page
	}
	return out, nil
}

func functions(l *Words) template.FuncMap {
	return template.FuncMap{
		"t": l.T, "th": l.HTML, "n": l.Number, "freq": l.Frequency, "upto": l.Scale, "size": l.Bytes, "percent": l.Percent,
	}
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

// Words gives the reader's language.
func (p *Pages) Words(r *http.Request) *Words { return p.words[languageOf(r)] }

var pagePolicy = []string{"default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Render sends a page in the reader's language and returns the status it sent. A page is made whole
// before anything is sent, so a mistake in a template is a 500 and never half a page.
func (p *Pages) Render(w http.ResponseWriter, r *http.Request, page Page) int {
	lang := languageOf(r)
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	t, ok := p.templates[lang][page.Name]
	if !ok {
		p.site.log.Error("no such page", "page", page.Name)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return http.StatusInternalServerError
	}
	if page.Status == 0 {
		page.Status = http.StatusOK
	}
	if err := t.ExecuteTemplate(b, "_layout.html", p.site.view(r, lang, page)); err != nil {
		p.site.log.Error("page not rendered", "page", page.Name, "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return http.StatusInternalServerError
	}
	h := w.Header()
	if r.URL.Query().Get("lang") == lang {
		http.SetCookie(w, cookie(r, "lang", lang))
	}
	h["Content-Security-Policy"] = pagePolicy
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", lang)
	h.Set("Cache-Control", "no-store") // an answer about people stays in no cache
	h.Set("Vary", "Accept-Language, Cookie, Accept-Encoding")
	send(w, r, page.Status, b.Bytes())
	return page.Status
}

var writers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// send compresses. Our pages hold no secret beside what the reader typed, so the length of a
// compressed page gives nothing away (BREACH).
func send(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	if !takesGzip(r) {
		w.WriteHeader(status)
		_, _ = w.Write(body)
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	z := writers.Get().(*gzip.Writer)
	defer writers.Put(z)
	z.Reset(w)
	_, _ = z.Write(body)
	_ = z.Close()
}

// Error sends the page for what went wrong, in the reader's language. key names the heading; the
// message key+".do" says what to do. Detail is for an operator and shown as it is; nil for none.
func (s *Site) Error(w http.ResponseWriter, r *http.Request, status int, key string, detail error) int {
	l := s.errors.Words(r)
	data := struct{ Heading, Do, Detail string }{Heading: l.Must(key), Do: l.Must(key + ".do")}
	if detail != nil {
		data.Detail = detail.Error()
	}
	return s.errors.Render(w, r, Page{Name: "error", Status: status, Title: data.Heading, Data: data})
}

// Log writes down an error of ours with the route it came from; nothing the reader typed is in it.
func (s *Site) Log(r *http.Request, err error) {
	s.log.Error("request failed", "route", r.Pattern, "error", err)
}

// CrossOrigin is the page for a change that came from somewhere else than our own pages.
func (s *Site) CrossOrigin() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Error(w, r, http.StatusForbidden, "error.origin", nil)
	})
}

func (s *Site) view(r *http.Request, lang string, page Page) View {
	v := View{Page: page, Lang: lang, Look: lookOf(r), Demo: s.options.Demo, Site: s.options.Name, Style: s.style.path, Icon: s.icon.path}
	q := r.URL.Query()
	q.Del("lang")
	here := url.URL{Path: "/"}
	if r.Method == http.MethodGet { // the address of a form's answer can't be asked for again
		here = url.URL{Path: r.URL.Path, RawQuery: q.Encode()}
	} else if back, err := url.Parse(r.Referer()); err == nil && back.Path != "" {
		here.Path = back.Path
	}
	v.Here = local(here.RequestURI())
	for _, s := range loop {
		s.Current = s.Key == page.Station
		v.Loop = append(v.Loop, s)
	}
	for _, n := range languageNames {
		u, _ := url.Parse(v.Here) // Here was made from a URL
		q := u.Query()
		q.Set("lang", n.code)
		u.RawQuery = q.Encode()
		v.Choices = append(v.Choices, choice{Code: n.code, Name: n.name, Link: u.RequestURI(), Current: n.code == lang})
	}
	return v
}

func lookOf(r *http.Request) string {
	if c, err := r.Cookie("look"); err == nil && (c.Value == "light" || c.Value == "dark") {
		return c.Value
	}
	return "auto"
}

func (s *Site) look(w http.ResponseWriter, r *http.Request) int {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	look := r.PostFormValue("look")
	if look != "auto" && look != "light" && look != "dark" {
		return s.Error(w, r, http.StatusBadRequest, "error.form", nil)
	}
	http.SetCookie(w, cookie(r, "look", look))
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, local(r.PostFormValue("back")), http.StatusSeeOther)
	return http.StatusSeeOther
}

// local lets only an address on this site through: a path that no browser reads as another host.
func local(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(to, "/") ||
		strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") {
		return "/"
	}
	return to
}

func cookie(r *http.Request, name, value string) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode}
}
