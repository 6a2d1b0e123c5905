package web

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/samverk/samverk/action/plan"
	"github.com/samverk/samverk/network"
	"github.com/samverk/samverk/web/webtest"
)

// A plan with measures of every kind, its measures, and the forms, judged in a real browser. SAMVERK_LONG=1 judges them in every language.
func TestPagesInABrowser(t *testing.T) {
	b := webtest.Open(t)
	s := open(t)
	zone := s.network.Zone(s.root)
	on := func(year, month int) time.Time { return time.Date(year, time.Month(month), 1, 0, 0, 0, 0, zone) }
	p := got(s.Make(s.ctx, s.coord, plan.Draft{Network: s.root, Title: "Handlingsplan for likt tilbud i hele landet", Visibility: network.Public, From: on(2026, 1), To: on(2029, 1)}))(t)
	goal := got(s.AddGoal(s.ctx, s.coord, p, "", "Likt tilbud"))(t)
	area := got(s.AddArea(s.ctx, s.coord, p, "Diagnostikk"))(t)
	add := func(what string, from, to time.Time) plan.MeasureID {
		return got(s.Add(s.ctx, s.coord, p, plan.Task{What: what, Why: "Fordi **alle** venter.", Owner: s.owner.Person, Goal: goal, Area: area, Start: from, Due: to, Target: "90 %"}))(t)
	}
	late := add("Samme svartid for utredning av arvelig kreft i alle regioner", on(2026, 1), on(2026, 7))
	done := add("To plasser for pasienter i hver gruppe", on(2026, 1), on(2026, 9))
	add("Felles vaktlinje", on(2027, 1), on(2028, 1))
	step := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	step(s.Turn(s.ctx, s.owner, late, 1, plan.Active, ""))
	step(s.Move(s.ctx, s.owner, late, 2, on(2026, 10), "Avtalen ble ikke undertegnet før ferien."))
	step(s.Report(s.ctx, s.owner, late, plan.Telling{Quarter: plan.QuarterOf(on(2026, 1)), Text: "Det går sakte.", Course: plan.AtRisk, Value: "47 %"}))
	step(s.Turn(s.ctx, s.owner, done, 1, plan.Done, "Alle grupper har to plasser."))
	s.now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	got(s.Freeze(s.ctx, s.coord, p, 2026, "Et godt år."))(t)
	server := httptest.NewServer(s.table)
	t.Cleanup(server.Close)
	langs := []string{"nb"}
	if os.Getenv("SAMVERK_LONG") == "1" {
		langs = []string{"sv", "nb", "en"}
	}
	for _, lang := range langs {
		read := func(who network.Actor) {
			cookies := []*http.Cookie{{Name: "lang", Value: lang}}
			if who.Person != "" {
				cookies = append(cookies, &http.Cookie{Name: "test-person", Value: string(who.Person)})
			}
			b.Cookies(t, server.URL, cookies)
		}
		judge := func(name, path string) {
			t.Helper()
			b.Go(t, server.URL+"/n/no/"+path)
			b.Judge(t, "plan-"+name+"-"+lang)
		}
		read(network.Actor{})
		judge("list", "plans")
		judge("plan", "plans/"+string(p))
		judge("measure", "measures/"+string(late))
		judge("years", "plans/"+string(p)+"/years")
		read(s.coord)
		judge("edit", "plans/"+string(p)+"/edit")
		judge("measures", "measures")
		judge("measure-edit", "measures/"+string(late)+"/edit")
		judge("import", "plans/"+string(p)+"/import")
		b.Go(t, server.URL+"/n/no/measures/"+string(late)+"/report")
		b.Press(t, "main form button[type=submit]")
		b.Judge(t, "plan-report-wrong-"+lang)
	}
}
