package together_test

import (
	"testing"

	"github.com/samverk/samverk/federation"
	"github.com/samverk/samverk/federation/together"
	"github.com/samverk/samverk/internal/testnode"
	"github.com/samverk/samverk/ledger"
)

// A node that is bound asks for its own organisations only, and for no more than it may, whoever it says asks. Its name is in the log.
func TestBound(t *testing.T) {
	x := newNation(t, 2, together.Options{}, generous(t))
	bind := func(b federation.Bound) {
		t.Helper()
		_, err := x.regions[0].nodes.Bind(t.Context(), "nation", b)
		must(t, err)
	}
	ask := func(organisation, person string, want together.How) {
		t.Helper()
		q := carried(t)
		q.Organisation, q.Person = organisation, person
		a, err := x.desk.Ask(t.Context(), q)
		must(t, err)
		if a.Replies[0].How != want || a.Replies[1].How != together.Answered {
			t.Errorf("%s for %s: %s (%v), and %s", person, organisation, a.Replies[0].How, a.Replies[0].Why, a.Replies[1].How)
		}
	}
	home := testnode.Clinician().Organisation
	ask(home, "linda", together.Answered)
	bind(federation.Bound{Organisations: []string{home}, Numbers: 3, Per: "year"})
	ask(home, "linda", together.Answered)
	ask("elsewhere", "linda", together.Denied)
	ask(home, "erik", together.Answered)
	ask(home, "maria", together.Answered)
	ask(home, "karin", together.Denied) // three since it was bound
	bind(federation.Bound{Organisations: []string{home}, Numbers: 4, Per: "day"})
	ask(home, "karin", together.Answered)
	ask(home, "karin", together.Denied)
	bind(federation.Bound{})
	ask("elsewhere", "karin", together.Answered)

	log := x.regions[0].Node.Ledger
	size, err := log.Size(t.Context())
	must(t, err)
	uses, denials := 0, 0
	for i := range size {
		l, err := log.Leaf(t.Context(), i)
		must(t, err)
		switch l.Kind {
		case ledger.Use:
			uses++
		case ledger.Denial:
			denials++
		default:
			continue
		}
		if l.Node != "nation" {
			t.Errorf("leaf %d is of %q", i, l.Node)
		}
	}
	if uses != 6 || denials != 1 { // a budget that is spent is only counted
		t.Errorf("%d uses and %d denials", uses, denials)
	}
}
