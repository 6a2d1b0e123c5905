package web

import (
	"context"
	"net/http"
	"sync"

	"github.com/samverk/samverk/answer"
	"github.com/samverk/samverk/consent"
	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/genome/variant"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/web"
)

// walk remembers what was changed in the walk through, so that the page can show before and after.
type walk struct {
	sync.Mutex
	withdrawn *change // the last withdrawal made here
	given     *change // and the consent given back after it
}

type change struct{ Before, After counted }

// counted is one answer with its epoch.
type counted struct {
	Count answer.Count
	AF    float64
	Epoch uint64
}

type walkView struct {
	Person    string
	Variant   string
	Purpose   string // in the reader's words
	Code      consent.Purpose
	Link      string
	Now       counted
	Allowed   bool
	Withdrawn *change
	Given     *change
	VCF       string
}

func (p *Room) askWalk(ctx context.Context, key variant.Key) (counted, error) {
	a, err := p.desk.Ask(ctx, answer.Question{Ask: policy.Ask{Operator: true, Use: consent.Use{Purpose: p.options.Demo.Purpose}}, Keys: []variant.Key{key}})
	if err != nil {
		return counted{}, err
	}
	c := counted{Count: a.Counts[0], Epoch: a.Epoch}
	c.AF, _ = c.Count.AF()
	return c, nil
}

func (p *Room) walkPage(w http.ResponseWriter, r *http.Request) int {
	d, l := p.options.Demo, p.pages.Words(r)
	key, err := variant.ParseKey(d.Query)
	if err != nil {
		return p.fail(w, r, fault.Wrap(fault.Internal, err, "the demonstration's variant"))
	}
	v := walkView{
		Person: d.Individual, Variant: key.String(), Purpose: l.Must("purpose." + string(d.Purpose)), Code: d.Purpose,
		Link: (&form{Form: web.NewForm()}).link(key.String(), d.Purpose, ""), VCF: d.VCF,
	}
	if err := p.readWalk(r.Context(), key, &v); err != nil {
		return p.fail(w, r, err)
	}
	return p.pages.Render(w, r, web.Page{Name: "walk", Title: l.Must("walk.title"), Station: "use", Data: v})
}

// readWalk fills in what stands now, of one moment: no change made here comes in between.
func (p *Room) readWalk(ctx context.Context, key variant.Key, v *walkView) (err error) {
	p.walk.Lock()
	defer p.walk.Unlock()
	v.Withdrawn, v.Given = p.walk.withdrawn, p.walk.given
	if v.Now, err = p.askWalk(ctx, key); err != nil {
		return err
	}
	v.Allowed, err = p.options.Demo.Allows(ctx, v.Person)
	return err
}

// walkConsent asks, changes the consent, asks again, and goes back to the page. Withdrawing needs no reason.
func (p *Room) walkConsent(w http.ResponseWriter, r *http.Request) int {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	d, choice := p.options.Demo, r.PostFormValue("allow")
	if choice != "true" && choice != "false" {
		return p.site.Error(w, r, http.StatusBadRequest, "error.form")
	}
	key, err := variant.ParseKey(d.Query)
	if err != nil {
		return p.fail(w, r, fault.Wrap(fault.Internal, err, "the demonstration's variant"))
	}
	p.walk.Lock()
	defer p.walk.Unlock()
	c := &change{}
	if c.Before, err = p.askWalk(r.Context(), key); err != nil {
		return p.fail(w, r, err)
	}
	if err := d.Set(r.Context(), d.Individual, choice == "true"); err != nil {
		return p.fail(w, r, err)
	}
	if c.After, err = p.askWalk(r.Context(), key); err != nil {
		return p.fail(w, r, err)
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/walk#"+p.walk.keep(c, choice == "true"), http.StatusSeeOther)
	return http.StatusSeeOther
}

// keep notes a change and names the step that shows it. A form sent twice changes nothing, and what is shown stays.
func (k *walk) keep(c *change, allow bool) string {
	same := c.Before.Count == c.After.Count
	switch {
	case !allow && (k.withdrawn == nil || !same):
		k.withdrawn, k.given = c, nil
	case allow && k.withdrawn == nil:
		return "step-2" // the person had withdrawn elsewhere: the walk begins now
	case allow && (k.given == nil || !same):
		k.given = c
	}
	if allow {
		return "step-4"
	}
	return "step-3"
}
