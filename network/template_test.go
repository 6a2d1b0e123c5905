package network

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/storage"
)

var update = flag.Bool("update", false, "write the golden files anew")

// What each template makes, line by line.
func TestTemplates(t *testing.T) {
	all := must(Templates())(t)
	for _, template := range all {
		w := open(t, testkit.SQLite(t))
		op := Actor{Person: must(w.AddOperator(ctx, "Karin Ek", "sv"))(t)}
		s := SetUp{Template: template.Code, Slug: "x"}
		if template.Code == "empty" {
			s.Name = Text{EN: "Empty"}
		}
		w.coord = op
		w.root = must(w.Setup(ctx, op, s))(t)
		got := w.describeTenant()
		file := filepath.Join("testdata", "template-"+template.Code+".txt")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("template %s makes something else than %s says; look at it, then run with -update:\n%s", template.Code, file, got)
		}
	}
}

func (w *world) describeTenant() string {
	var b strings.Builder
	w.read(w.coord, func(tx *storage.Tx, a Access) error {
		orgs, err := w.Organisations(ctx, tx, w.root)
		if err != nil {
			return err
		}
		name := map[OrganisationID]string{}
		for _, o := range orgs {
			name[o.ID], _ = o.Name.In("sv")
		}
		for _, o := range orgs {
			fmt.Fprintf(&b, "organisation %s: %s, %s, code %q, part of %q\n", name[o.ID], o.Kind, o.Sector, o.Code, name[o.Parent])
		}
		for _, n := range w.Tree().Down(w.root) {
			fmt.Fprintf(&b, "network %s: %s %q, %s, %s, %s, %+v\n", n.Slug, n.Kind, n.Field, n.Country, n.Lang, n.Zone, n.Name)
			bodies, err := w.Bodies(ctx, tx, a, w.root, n.ID)
			if err != nil {
				return err
			}
			for _, x := range bodies {
				if err := w.describeBody(&b, tx, x, name); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return b.String()
}

func (w *world) describeBody(b *strings.Builder, tx *storage.Tx, x Body, name map[OrganisationID]string) error {
	fmt.Fprintf(b, "  body %s %s, %s; input %d, answer %d, papers %d; %+v\n", x.Kind, x.Mandate, x.Visibility, x.InputDays, x.AnswerDays, x.PaperDays, x.Name)
	seats, err := w.SeatsAt(ctx, tx, x.ID, storage.Micros(w.Now()))
	if err != nil {
		return err
	}
	for _, s := range seats {
		fmt.Fprintf(b, "    %d %s %s %q %s\n", s.Order, s.Role, s.Sector, name[s.Nominator], s.Name)
	}
	rules, err := w.Rules(ctx, tx, x.ID)
	for _, r := range rules {
		fmt.Fprintf(b, "    rule %s %d %s %s\n", r.Kind, r.N, r.Sector, r.OrganisationKind)
	}
	return err
}

// Norwegian organisation numbers have a check digit; county codes are two digits, each once.
func TestCodeLists(t *testing.T) {
	for _, l := range CodeLists("") {
		seen := map[string]bool{"": true}
		for _, c := range l.Codes {
			if !seen[c.Of] || seen[c.Code] {
				t.Errorf("%s: %s is twice, or part of what comes later", l.Country, c.Code)
			}
			seen[c.Code] = true
			if l.Country == "NO" && !checked(c.Code) || l.Country == "SE" && len(c.Code) != 2 {
				t.Errorf("%s: %s is no such number", l.Country, c.Code)
			}
		}
	}
	if name, ok := CodeName("SE-24"); !ok || name != "Region Västerbotten" {
		t.Errorf("SE-24 is %q", name)
	}
}

// checked tells whether a Norwegian organisation number has the right check digit (modulus 11).
func checked(number string) bool {
	sum := 0
	for i, weight := range [...]int{3, 2, 7, 6, 5, 4, 3, 2, 1} {
		sum += weight * int(number[i]-'0')
	}
	return len(number) == 9 && sum%11 == 0
}
