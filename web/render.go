package web

import (
	"bytes"
	"compress/gzip"
	"html/template"
	"net/http"
	"sync"
)

// Words gives the reader's language.
func (p *Pages) Words(r *http.Request) *Words { return p.words[languageOf(r)] }

// In gives a language, for what is made where nobody reads; English for one we don't have.
func (p *Pages) In(code string) *Words {
	if l, ok := p.words[code]; ok {
		return l
	}
	return p.words["en"]
}

var (
	pagePolicy = []string{"default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"}
	livePolicy = []string{pagePolicy[0] + "; script-src 'self'; connect-src 'self'"}
)

// bufferKept is the largest buffer that is used again: one huge page is not kept in memory for ever.
const bufferKept = 1 << 20

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Render sends a page in the reader's language and returns the status it sent. A page is made whole
// before anything is sent, so a mistake in a template is a 500 and never half a page.
func (p *Pages) Render(w http.ResponseWriter, r *http.Request, page Page) int {
	lang := languageOf(r)
	b := buffers.Get().(*bytes.Buffer)
	defer func() {
		if b.Cap() <= bufferKept {
			buffers.Put(b)
		}
	}()
	b.Reset()
	t, ok := p.templates[lang][page.Name]
	if !ok {
		p.site.log.Error("no such page", "page", page.Name)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return http.StatusInternalServerError
	}
	if page.Status == 0 {
		page.Status = http.StatusOK
		if page.Form != nil {
			page.Status = page.Form.Status()
		}
	}
	if err := execute(b, t, p.site.view(r, lang, page)); err != nil {
		p.site.log.Error("page not rendered", "page", page.Name, "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return http.StatusInternalServerError
	}
	h := w.Header()
	if r.URL.Query().Get("lang") == lang {
		http.SetCookie(w, p.site.cookie(r, "lang", lang))
	}
	h["Content-Security-Policy"] = pagePolicy
	if page.Live {
		h["Content-Security-Policy"] = livePolicy
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", lang)
	h.Set("Cache-Control", cacheOf(r, w, page))
	h.Set("Vary", "Accept-Language, Cookie, Accept-Encoding")
	send(w, page.Status, b.Bytes(), takesGzip(r) && !page.Secret)
	return page.Status
}

// execute makes the page's own part before the frame around it: a form then knows which fields it has, and the problems that
// stand before it lead to those.
func execute(b *bytes.Buffer, t *template.Template, v View) error {
	if err := t.ExecuteTemplate(b, "main", v); err != nil {
		return err
	}
	v.Main = template.HTML(b.String()) //nolint:gosec // made by the template
	b.Reset()
	return t.ExecuteTemplate(b, "_layout.html", v)
}

// cacheOf lets caches keep only what is the same for everybody; an answer about people, or to somebody, stays in none.
func cacheOf(r *http.Request, w http.ResponseWriter, page Page) string {
	if page.Public && page.Status == http.StatusOK && r.Method == http.MethodGet && !SignedIn(r) && len(w.Header()["Set-Cookie"]) == 0 {
		return "public, max-age=60"
	}
	return "no-store"
}

var writers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// send compresses, unless the page has a secret beside what the reader typed: the length of a compressed page would tell
// how much of one is in the other (BREACH).
func send(w http.ResponseWriter, status int, body []byte, compress bool) {
	if !compress {
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
