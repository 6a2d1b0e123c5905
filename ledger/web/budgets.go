package web

import (
	"html/template"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/samverk/samverk/ledger"
	"github.com/samverk/samverk/policy"
	"github.com/samverk/samverk/policy/attack"
	"github.com/samverk/samverk/web"
	"github.com/samverk/samverk/web/chart"
)

type budgetsData struct {
	framed
	Form    *web.Form
	Scopes  []web.Option
	Rows    []budgetRow
	Most    bool // there may be more than are shown
	Powers  []powerRow
	Pending bool
}

// budgetRow is an account under a rule.
type budgetRow struct {
	policy.Bounded
	Whose, For, How string
	Policy          Named
	Bar             template.HTML
	Share           int // in hundred
	Found           string
}

// powerRow is what a rule's budget lets somebody find, of 100 who are sought.
type powerRow struct {
	attack.Budget
	line, id                     string
	Policy                       Named
	Owner, Span                  string
	Rare, Worst, Newcomer, Leave int
}

// scopes of accounts, as a list is chosen by.
var scopes = []policy.Scope{policy.OfOrganisation, policy.OfAsker, policy.OfAnonymous}

const mostAccounts = 200

// budgets lists accounts, and beside each what its limit lets an attacker find.
func (p *room) budgets(w http.ResponseWriter, r *http.Request, _ ledger.Reviewer) int {
	l := p.pages.Words(r)
	format, err := web.FormatOf(r)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	f := web.ReadQuery(r)
	scope := policy.Scope(f.Get("scope"))
	if !slices.Contains(scopes, scope) {
		scope = scopes[0]
		f.Set("scope", string(scope))
	}
	all, err := p.Policies.Budgets(r.Context(), scope)
	if err != nil {
		return p.pages.Fail(w, r, err)
	}
	d := budgetsData{framed: frameOf("budgets"), Form: f, Most: len(all) >= mostAccounts}
	for _, s := range scopes {
		d.Scopes = append(d.Scopes, web.Option{Value: string(s), Text: l.Must("log.scope." + string(s))})
	}
	d.Powers, d.Pending = p.powers(l)
	if format != "" {
		return budgetsFile(w, format, all, d.Powers)
	}
	for _, b := range all {
		d.Rows = append(d.Rows, p.budgetRow(r, l, b, d.Powers))
	}
	name := l.Must("log.tab.budgets")
	return p.pages.Render(w, r, web.Page{Name: "budgets", Title: name, Station: "use", Data: d, Crumbs: p.crumbs(l, name)})
}

// powers tells what each budget in force lets somebody find.
func (p *room) powers(l *web.Words) (rows []powerRow, pending bool) {
	for _, a := range p.Policies.InForce() {
		if a.Signed == nil {
			continue
		}
		found, more := p.Powers.Changes(a.Signed.Draft)
		pending = pending || more
		for _, b := range found {
			rows = append(rows, powerRow{Budget: b, line: a.Line, id: a.Signed.Draft.ID(), Policy: p.policy(l, a.Line, a.Signed.Draft.ID()), Owner: l.Must("log.whose." + string(b.Whose)), Span: l.Must("log.per." + string(b.Per)),
				Rare: inHundred(b.Power.Rare), Worst: inHundred(b.Power.Worst), Newcomer: inHundred(b.Newcomer.Worst), Leave: inHundred(b.Leaver.Worst)})
		}
	}
	return rows, pending
}

func inHundred(share float64) int { return int(math.Round(100 * share)) }

// powerOf finds what was measured of a budget.
func powerOf(b policy.Bounded, all []powerRow) *powerRow {
	whose := map[policy.Scope]attack.Whose{policy.OfAsker: attack.OfPerson, policy.OfOrganisation: attack.OfOrganisation, policy.OfAnonymous: attack.OfAll}[b.Scope]
	for i, x := range all {
		if x.line == b.Line && x.id == b.ID && x.Rule == b.Rule && (x.Whose == whose || b.Scope == policy.OfAsker && int64(x.Numbers) == b.Limit) {
			return &all[i]
		}
	}
	return nil
}

func (p *room) budgetRow(r *http.Request, l *web.Words, b policy.Bounded, powers []powerRow) budgetRow {
	row := budgetRow{Bounded: b, For: say(l, "log.purpose.", string(b.Purpose)), How: l.Must("log.single"), Found: "–"}
	if b.Bulk {
		row.How = l.Must("log.bulk")
	}
	switch of, who, _ := strings.Cut(b.Who, "/"); {
	case b.Scope == policy.OfAsker:
		row.Whose = p.Person(r.Context(), who) + ", " + p.organisation(r, l, of)
	case b.Scope == policy.OfOrganisation && of == "": // all that another node asks for
		row.Whose, row.For, row.How = who, "–", "–"
	case b.Scope == policy.OfOrganisation:
		if row.Whose = p.organisation(r, l, of); who != "" { // another node asks for it
			row.Whose += ", " + who
		}
	case b.Who == "":
		row.Whose = l.Must("log.all")
	default:
		row.Whose = b.Who
	}
	if b.ID == "" {
		return row
	}
	row.Policy = p.policy(l, b.Line, b.ID)
	if b.Limit > 0 {
		row.Share = int(min(100*b.Taken/b.Limit, 100))
	}
	row.Bar = chart.Meter{Have: row.Share, Of: 100}.SVG()
	if x := powerOf(b, powers); x != nil {
		row.Found = l.Must("log.found", x.Worst)
	}
	return row
}

func budgetsFile(w http.ResponseWriter, format string, all []policy.Bounded, powers []powerRow) int {
	e := web.NewExport(w, format, "budgets", "scope", "who", "purpose", "bulk", "policy", "rule", "limit", "per", "spent", "spent_ever", "found_rare", "found_worst", "found_newcomer", "found_leaver")
	for _, b := range all {
		var found [4]any
		if x := powerOf(b, powers); x != nil {
			found = [4]any{x.Power.Rare, x.Power.Worst, x.Budget.Newcomer.Worst, x.Leaver.Worst}
		}
		if err := e.Row(b.Scope, b.Who, b.Purpose, b.Bulk, b.ID, b.Rule, b.Limit, b.Per, b.Taken, b.Lifetime, found[0], found[1], found[2], found[3]); err != nil {
			return http.StatusOK // the reader left
		}
	}
	return e.End()
}
