package web

import (
	"encoding/hex"
	"errors"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/chart"
)

// asked are the kinds of leaves that are questions.
var asked = []ledger.Kind{ledger.Use, ledger.Denial}

type logData struct {
	Health    health
	Witnesses []ledger.Seen
	Address   string
	Chart     template.HTML
	Finding   string
	Rows      []monthRow
}

// monthRow is what was asked in a month, for a purpose or by an organisation.
type monthRow struct {
	Month             string
	Of                string
	Answered, Refused uint64
}

// health is how the log is.
type health struct {
	Name     string
	Leaves   uint64
	Signed   uint64 // so many are under the checkpoint
	Last     time.Time
	Root     []string
	Key      string
	KeyWords string
	Note     string
}

func (p *room) health(r *http.Request) (h health, err error) {
	ctx := r.Context()
	c, err := p.Ledger.Checkpoint(ctx)
	if err != nil {
		return h, err
	}
	h = health{Name: c.Origin, Signed: c.Size, Root: fours(c.Root), Key: p.Ledger.PublicKey(), Note: c.Note}
	if h.Leaves, err = p.Ledger.Size(ctx); err != nil {
		return h, err
	}
	last, err := p.Ledger.Leaf(ctx, h.Leaves-1)
	h.Last = last.Time
	return h, err
}

// months are how many a picture shows.
const months = 12

// since is the first of the month months ago.
func since(now time.Time) time.Time {
	now = now.UTC()
	return time.Date(now.Year(), now.Month()-months+1, 1, 0, 0, 0, 0, time.UTC)
}

func (p *room) log(w http.ResponseWriter, r *http.Request) int {
	l := p.pages.Words(r)
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	now := p.Now()
	sums, err := p.Index.Sums(r.Context(), ledger.Asked{Kinds: asked, From: since(now)}, ledger.ByMonth, ledger.ByPurpose, ledger.ByKind)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	by := func(s ledger.Sum) string { return s.Purpose }
	if format != "" {
		return monthsFile(w, format, "uses-by-month", "purpose", sums, by)
	}
	d := logData{Address: p.URL + "/ledger"}
	if d.Health, err = p.health(r); err != nil {
		return p.pages.Fail(w, r, err)
	}
	if d.Witnesses, err = p.Witnesses.List(r.Context()); err != nil {
		return p.pages.Fail(w, r, err)
	}
	d.Rows = monthRows(l, sums, by, func(id string) string { return say(l, "log.purpose.", id) })
	if d.Chart, d.Finding, err = picture(l, sums, since(now), now); err != nil {
		return p.pages.Fail(w, r, err)
	}
	return p.pages.Render(w, r, web.Page{Name: "log", Title: l.Must("log.title"), Station: "use", Data: d, Public: true})
}

// group sums up days by month and something else, the latest month first.
func group(sums []ledger.Sum, by func(ledger.Sum) string) (order []monthKey, out map[monthKey]*monthRow) {
	out = map[monthKey]*monthRow{}
	for _, s := range sums {
		k := monthKey{s.Day.Format("2006-01"), by(s)}
		row := out[k]
		if row == nil {
			row = &monthRow{}
			out[k] = row
			order = append(order, k)
		}
		if s.Kind == ledger.Use {
			row.Answered += s.Times
		} else {
			row.Refused += s.Times
		}
	}
	slices.SortFunc(order, func(a, b monthKey) int {
		if c := strings.Compare(b.month, a.month); c != 0 {
			return c
		}
		return strings.Compare(a.of, b.of)
	})
	return order, out
}

type monthKey struct{ month, of string }

func monthRows(l *web.Words, sums []ledger.Sum, by func(ledger.Sum) string, name func(string) string) (rows []monthRow) {
	order, all := group(sums, by)
	for _, k := range order {
		row := *all[k]
		at, _ := time.Parse("2006-01", k.month)
		row.Month, row.Of = l.Month(at), name(k.of)
		rows = append(rows, row)
	}
	return rows
}

func monthsFile(w http.ResponseWriter, format, name, of string, sums []ledger.Sum, by func(ledger.Sum) string) int {
	e := web.NewExport(w, format, name, "month", of, "answered", "refused")
	order, all := group(sums, by)
	for _, k := range order {
		if err := e.Row(k.month, k.of, all[k].Answered, all[k].Refused); err != nil {
			return http.StatusOK // the reader left
		}
	}
	return e.End()
}

// picture draws what was answered month by month, and says in a sentence what it shows.
func picture(l *web.Words, sums []ledger.Sum, from, to time.Time) (svg template.HTML, finding string, err error) {
	from = time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, time.UTC)
	n := (to.Year()-from.Year())*12 + int(to.Month()-from.Month()) + 1
	answered, all, refused := make([]uint64, max(n, 1)), uint64(0), uint64(0)
	for _, s := range sums {
		i := (s.Day.Year()-from.Year())*12 + int(s.Day.Month()-from.Month())
		switch {
		case s.Kind != ledger.Use:
			refused += s.Times
		case i >= 0 && i < len(answered):
			answered[i] += s.Times
			all += s.Times
		}
	}
	if finding = l.Must("log.none"); all+refused > 0 {
		finding = l.Must("log.finding", all) + " " + l.Must("log.finding.refused", refused)
	}
	bars := chart.Bars{ID: "months", Title: finding}
	for i, n := range answered {
		written, err := l.Number(n)
		if err != nil {
			return "", "", err
		}
		bars.Bars = append(bars.Bars, chart.Bar{Label: l.ShortMonth(from.AddDate(0, i, 0)), Value: float64(n), Text: written})
	}
	return bars.SVG(), finding, nil
}

// The files of the log. What has been signed is never changed; a tile that isn't full goes when the full one is there.
const (
	forNow  = "public, max-age=5"
	forEver = "public, max-age=31536000, immutable"
)

func (p *room) checkpoint(w http.ResponseWriter, r *http.Request) int {
	return p.file(w, r, "checkpoint", "text/plain; charset=utf-8", forNow)
}

func (p *room) key(w http.ResponseWriter, _ *http.Request) int {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", forNow)
	_, _ = w.Write([]byte(p.Ledger.PublicKey() + "\n")) // a reader who left is no failure of ours
	return http.StatusOK
}

// tiles are the names that tiles and entries have; nothing else in the folder can be asked for.
var tiles = regexp.MustCompile(`^([0-9]{1,2}|entries)(/x[0-9]{3}){0,5}/[0-9]{3}(\.p/[0-9]{1,3})?$`)

func (p *room) tile(w http.ResponseWriter, r *http.Request) int {
	name := r.PathValue("tile")
	if !tiles.MatchString(name) {
		return p.site.NotFound(w, r)
	}
	return p.file(w, r, "tile/"+name, "application/octet-stream", forEver)
}

func (p *room) file(w http.ResponseWriter, r *http.Request, name, kind, caching string) int {
	b, err := p.Ledger.Source()(r.Context(), name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return p.site.NotFound(w, r)
	case err != nil:
		return p.pages.Fail(w, r, fault.Wrap(fault.Unavailable, err, "the log can't be read"))
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", caching)
	_, _ = w.Write(b)
	return http.StatusOK
}

// maxNote bounds a cosigned checkpoint: a few hundred bytes, and a line for each witness.
const maxNote = 16 << 10

// cosignature takes what a witness sends. It is for programs, so it answers in plain text.
func (p *room) cosignature(w http.ResponseWriter, r *http.Request) int {
	status, text := http.StatusOK, "kept"
	note, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxNote))
	if err != nil {
		status, text = http.StatusRequestEntityTooLarge, "this is too long for a checkpoint"
	} else if _, err := p.Witnesses.Take(r.Context(), note); err != nil {
		switch fault.KindOf(err) {
		case fault.Invalid:
			status, text = http.StatusBadRequest, "this is no checkpoint of this log"
		case fault.Denied:
			status, text = http.StatusForbidden, "no witness that this node knows has cosigned it"
		default: // the operator has to see to it
			p.site.Log(r, err)
			status, text = http.StatusConflict, "the log can't show that it continues this checkpoint"
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
	return status
}

// fours writes a hash in groups of four.
func fours(hash [32]byte) (out []string) {
	for two := range slices.Chunk(hash[:], 2) {
		out = append(out, hex.EncodeToString(two))
	}
	return out
}
