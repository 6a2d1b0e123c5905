package network

import (
	"context"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
	"github.com/samverk/samverk/notice"
	"github.com/samverk/samverk/storage"
)

func (w *world) people(who Actor, s Search) (names string) {
	w.t.Helper()
	s.Root, s.Limit = w.root, 50
	w.read(who, func(tx *storage.Tx, a Access) error {
		found, _, err := w.People(ctx, tx, a, s)
		for _, p := range found {
			names += p.Name + " "
		}
		return err
	})
	return strings.TrimSpace(names)
}

func TestProfileAndDirectory(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := sweden(t, dsn)
		p, q := Actor{Person: w.person("Åsa Öberg")}, Actor{Person: w.person("Nils Ahl")}
		w.ok(w.SaveProfile(ctx, p, []ProfilePart{
			{Part: Genes, Value: "brca1, C9orf72", Lang: "sv", Visibility: NetworkOnly},
			{Part: Methods, Value: "long-read sequencing", Lang: "en", Visibility: Public},
			{Part: Diseases, Value: "orpha 98\nsecretdisease", Lang: "sv", Visibility: Mine},
			{Part: Languages, Value: "sv\nfi", Lang: "sv", Visibility: NetworkOnly},
		}))
		w.refused(w.SaveProfile(ctx, p, []ProfilePart{{Part: Genes, Value: "BRCA2", Lang: "sv", Visibility: Public}}), fault.Conflict)
		w.refused(w.SaveProfile(ctx, p, []ProfilePart{{Part: Genes, Value: "not a gene", Lang: "sv", Visibility: Public, Version: 1}}), fault.Invalid)
		for _, c := range []struct {
			who  Actor
			s    Search
			want string
		}{
			{q, Search{}, "Nils Ahl Karin Ek Åsa Öberg"},
			{Actor{}, Search{}, "Åsa Öberg"},
			{q, Search{Text: "brc"}, "Åsa Öberg"},
			{Actor{}, Search{Text: "brc"}, ""},
			{q, Search{Has: map[Part]string{Genes: "BRCA1"}}, "Åsa Öberg"},
			{Actor{}, Search{Has: map[Part]string{Genes: "BRCA1"}}, ""},
			{Actor{}, Search{Text: "sequencing"}, "Åsa Öberg"},
			{q, Search{Text: "secretdisease"}, ""},
			{q, Search{Text: "öb", Has: map[Part]string{Languages: "fi"}}, "Åsa Öberg"},
			{q, Search{Text: "öb", Has: map[Part]string{Languages: "nb"}}, ""},
			{q, Search{After: q.Person}, "Karin Ek Åsa Öberg"},
			{q, Search{Network: w.Tree().Children(w.root)[0].ID}, ""},
		} {
			if got := w.people(c.who, c.s); got != c.want {
				t.Errorf("%+v finds %q, want %q", c.s, got, c.want)
			}
		}
		w.read(q, func(tx *storage.Tx, a Access) error {
			who, err := w.WhoCanHelp(ctx, tx, q, w.root, []string{"Sequencing", "brca1", "secretdisease"}, 5)
			if len(who) != 1 || len(who[0].Reasons) != 2 || who[0].Reasons[0].Item != "BRCA1" {
				t.Errorf("who can help: %+v", who)
			}
			return err
		})
		w.ok(w.Rename(ctx, p, "Åsa Zorn", "nb", 1))
		if got := w.people(q, Search{Text: "zor"}); got != "Åsa Zorn" {
			t.Errorf("renamed: %q", got)
		}
	})
}

func TestErase(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := sweden(t, dsn)
		b := w.body(w.root, SteeringGroup)
		seat := w.seats(b.ID, w.Now())[3].ID
		p := Actor{Person: w.person("Canary Person")}
		w.ok(w.SaveProfile(ctx, p, []ProfilePart{{Part: About, Value: "canary-about", Lang: "sv", Visibility: Public}}))
		must(w.DeclareInterest(ctx, p, Interest{Root: w.root, Kind: "fee", Named: "canary-product"}))(t)
		must(w.Give(ctx, w.coord, Term{Seat: seat, Person: p.Person}))(t)
		v := must(w.Advertise(ctx, w.coord, seat, Vacancy{Text: Text{SV: "Plats"}, LastDay: w.Now().Add(day)}))(t)
		must(w.ComeForward(ctx, p, v, Candidate{Text: "canary-candidate", Lang: "sv"}))(t)
		left := false
		w.OnErase(func(_ context.Context, _ *storage.Tx, id PersonID) error { left = id == p.Person; return nil })
		w.forward(day)
		w.ok(w.Erase(ctx, p))
		if !left {
			t.Error("other rooms were not told")
		}
		if s := w.seats(b.ID, w.Now()); s[3].Person != "" {
			t.Error("an erased person holds a seat")
		}
		if s := w.seats(b.ID, w.Now().Add(-day)); s[3].Person != p.Person || s[3].Name != "" {
			t.Error("history lost who, or kept the name")
		}
		w.refused(w.Erase(ctx, p), fault.NotFound)
		for _, table := range []string{"person", "profile_part", "profile_term", "interest", "candidate", "network_event", "holding", "membership"} {
			w.read(w.coord, func(tx *storage.Tx, _ Access) error {
				rows, err := tx.Query(ctx, `SELECT * FROM `+table)
				if err != nil {
					return err
				}
				defer rows.Close()
				columns, _ := rows.Columns()
				for rows.Next() {
					row := make([]any, len(columns))
					for i := range row {
						row[i] = new(any)
					}
					if err := rows.Scan(row...); err != nil {
						return err
					}
					for i := range row {
						if s, ok := (*row[i].(*any)).(string); ok && strings.Contains(strings.ToLower(s), "canary") {
							t.Errorf("%s.%s still says %q", table, columns[i], s)
						}
					}
				}
				return rows.Err()
			})
		}
	})
}

func TestVacancies(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := sweden(t, dsn)
		b := w.body(w.root, SteeringGroup)
		seats := w.seats(b.ID, w.Now())
		seat := seats[len(seats)-1].ID
		chair := Actor{Person: w.person("Ida Ståhl")}
		must(w.Give(ctx, w.coord, Term{Seat: seats[0].ID, Person: chair.Person}))(t)
		p := Actor{Person: w.person("Nils Ahl")}
		_, err := w.Advertise(ctx, chair, seat, Vacancy{Text: Text{SV: "Plats"}, LastDay: w.Now().Add(day)})
		w.refused(err, fault.Denied)
		v := must(w.Advertise(ctx, w.coord, seat, Vacancy{Text: Text{SV: "Plats"}, LastDay: w.Now().Add(day)}))(t)
		must(w.ComeForward(ctx, Actor{}, v, Candidate{Name: "Pia", Mail: "pia@example.org", Text: "Jag", Lang: "sv"}))(t)
		_, err = w.ComeForward(ctx, Actor{}, v, Candidate{Name: "Pia", Mail: "nowhere", Lang: "sv"})
		w.refused(err, fault.Invalid)
		_, err = w.ComeForward(ctx, Actor{}, v, Candidate{Name: "Pia", Mail: "pia@example.org", Lang: "sv"})
		w.refused(err, fault.Conflict)
		c := must(w.Propose(ctx, chair, seat, p.Person, "Bra", "sv"))(t)
		_, err = w.Propose(ctx, p, seat, p.Person, "Jag", "sv")
		w.refused(err, fault.Denied)
		w.read(chair, func(tx *storage.Tx, a Access) error {
			if all, err := w.Candidates(ctx, tx, a, seat); len(all) != 0 || err != nil {
				t.Errorf("candidates are shown to the chair: %v %v", all, err)
			}
			return nil
		})
		_, err = w.AnswerCandidate(ctx, chair, c, "declined")
		w.refused(err, fault.NotFound)
		must(w.Give(ctx, w.coord, Term{Seat: seat, Person: p.Person}))(t)
		w.read(w.coord, func(tx *storage.Tx, a Access) error {
			all, err := w.Candidates(ctx, tx, a, seat)
			if len(all) != 2 || all[0].State+all[1].State != "chosen" {
				t.Errorf("candidates: %+v", all)
			}
			if open, _ := w.Vacancies(ctx, tx, a, w.root, ""); len(open) != 0 {
				t.Error("a filled seat is still advertised")
			}
			return err
		})
		w.forward(keptFor + day)
		w.ok(w.Remind(ctx, Clock()))
		w.read(w.coord, func(tx *storage.Tx, a Access) error {
			all, err := w.Candidates(ctx, tx, a, seat)
			for _, c := range all {
				if c.Mail != "" || c.Name == "Pia" {
					t.Error("the public's address is kept too long")
				}
			}
			return err
		})
	})
}

func TestRemind(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		c := &clock{time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
		db := must(storage.Open(ctx, dsn, storage.Options{Migrations: []fs.FS{Migrations, notice.Migrations}, Now: c.Now}))(t)
		defer db.Close()
		r := must(Open(ctx, db))(t)
		r.Through(must(notice.Open(ctx, db, notice.Options{URL: "https://samverk.example.org"}))(t))
		w := &world{Registry: r, clock: c, t: t}
		w.root, w.coord = w.tenant("se", "se")
		b := w.body(w.root, SteeringGroup)
		seats := w.seats(b.ID, w.Now())
		p := w.person("Nils Ahl")
		h := must(w.Give(ctx, w.coord, Term{Seat: seats[0].ID, Person: p, To: w.Now().Add(120 * day)}))(t)
		told := func(key string, to PersonID) (n int64) {
			w.read(w.coord, func(tx *storage.Tx, _ Access) error {
				return tx.QueryRow(ctx, `SELECT count(*) FROM notice WHERE person = $1 AND key = $2`, to, key).Scan(&n)
			})
			return n
		}
		for range 17 {
			w.forward(7 * day)
			w.ok(w.Remind(ctx, Clock()))
		}
		if n := told("notice.seat.ending", p); n != 3 {
			t.Errorf("told %d times that the term ends, want 3", n)
		}
		if n := told("notice.network.term.coordinator", w.coord.Person); n != 3 {
			t.Errorf("the coordinator was told %d times, want 3", n)
		}
		must(w.Renew(ctx, w.coord, h, w.Now().Add(900*day)))(t)
		for range 57 {
			w.forward(7 * day)
			w.ok(w.Remind(ctx, Clock()))
		}
		if n := told("notice.interest.confirm", p); n != 1 {
			t.Errorf("asked %d times for ties, want once", n)
		}
		w.ok(w.ConfirmInterests(ctx, Actor{Person: p}, w.root))
	})
}

func TestInterests(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := sweden(t, dsn)
		_, other := w.tenant("no", "no")
		p := Actor{Person: w.person("Nils Ahl")}
		org := must(w.AddOrganisation(ctx, w.coord, Organisation{Root: w.root, Kind: Company, Sector: Industry, Name: Text{SV: "Bolag"}}))(t)
		part := must(w.AddOrganisation(ctx, w.coord, Organisation{Root: w.root, Kind: Company, Sector: Industry, Name: Text{SV: "Dotter"}, Parent: org}))(t)
		id := must(w.DeclareInterest(ctx, p, Interest{Root: w.root, Kind: "employment", Organisation: part}))(t)
		_, err := w.DeclareInterest(ctx, other, Interest{Root: w.root, Kind: "employment", Organisation: part})
		w.refused(err, fault.NotFound)
		w.refused(w.EndInterest(ctx, w.coord, id, time.Time{}), fault.NotFound)
		now := func(of ...OrganisationID) (n int) {
			w.read(w.coord, func(tx *storage.Tx, a Access) error {
				all, err := w.Interests(ctx, tx, []PersonID{p.Person}, of)
				n = len(all)
				return err
			})
			return n
		}
		if now(org) != 1 || now(part) != 1 || now() != 1 {
			t.Error("a tie to a part is none to the whole")
		}
		w.read(other, func(tx *storage.Tx, a Access) error {
			all, err := w.InterestsOf(ctx, tx, a, w.root, p.Person)
			if len(all) != 0 {
				t.Error("another tenant reads ties")
			}
			return err
		})
		w.forward(day)
		w.ok(w.EndInterest(ctx, p, id, time.Time{}))
		if now(org) != 0 {
			t.Error("an ended tie counts")
		}
	})
}

func TestAgreements(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := sweden(t, dsn)
		_, other := w.tenant("no", "no")
		org := must(w.AddOrganisation(ctx, w.coord, Organisation{Root: w.root, Kind: Company, Sector: Industry, Name: Text{SV: "Bolag"}}))(t)
		g := Agreement{Network: w.root, Kind: Partnership, Title: "Avtal", Lang: "sv", Parties: []OrganisationID{org}, Visibility: NetworkOnly, Review: w.Now().Add(40 * day)}
		g.ID = must(w.AddAgreement(ctx, w.coord, g))(t)
		g.Version, g.Title = 1, "Avtal 2"
		w.refused(w.EditAgreement(ctx, other, g), fault.NotFound)
		w.ok(w.EditAgreement(ctx, w.coord, g))
		w.refused(w.EditAgreement(ctx, w.coord, g), fault.Conflict)
		w.read(other, func(tx *storage.Tx, a Access) error {
			all, err := w.Agreements(ctx, tx, a, w.root)
			if len(all) != 0 {
				t.Error("another tenant reads agreements")
			}
			return err
		})
		w.ok(w.SetRate(ctx, w.coord, w.root, Rate{Code: "hour", Amount: 50000, Currency: "SEK", From: w.Now()}))
		w.refused(w.SetRate(ctx, w.coord, w.root, Rate{Code: "hour", Amount: 50001, Currency: "SEK", From: w.Now()}), fault.Conflict)
		w.refused(w.SetRate(ctx, other, w.root, Rate{Code: "hour", Amount: 50001, Currency: "SEK"}), fault.NotFound)
		w.ok(w.Remind(ctx, Clock()))
		w.ok(w.CloseAgreement(ctx, w.coord, g.ID, 2))
	})
}

// An operator finds no secretariat empty for ever, and may fill no other seat.
func TestRescue(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := sweden(t, dsn)
		p := w.person("Nils Ahl")
		other := Actor{Person: must(w.AddOperator(ctx, "Ola Moe", "nb"))(t)}
		secretariat := w.body(w.root, Secretariat)
		seats := w.seats(secretariat.ID, w.Now())
		steering := w.seats(w.body(w.root, SteeringGroup).ID, w.Now())
		_, err := w.Give(ctx, other, Term{Seat: seats[1].ID, Person: p})
		w.refused(err, fault.Denied) // somebody is there
		w.ok(w.End(ctx, w.coord, seats[0].Holding, time.Time{}, ""))
		w.forward(time.Minute)
		_, err = w.Give(ctx, Actor{Person: p}, Term{Seat: seats[1].ID, Person: p})
		w.refused(err, fault.Denied)
		_, err = w.Give(ctx, other, Term{Seat: steering[0].ID, Person: p})
		w.refused(err, fault.Denied)
		must(w.Give(ctx, other, Term{Seat: seats[1].ID, Person: p}))(t)
		if !w.access(Actor{Person: p}).Coordinates(w.root) {
			t.Error("nobody coordinates")
		}
	})
}

// Whoever searches finds a person by what the person lets them see, and by nothing else.
func TestDirectoryModel(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		w := sweden(t, dsn)
		var people []Actor
		for range 5 {
			people = append(people, Actor{Person: w.person("Xy Zz")})
		}
		words := []string{"alpha", "beta", "gamma", "delta"}
		parts := []Part{Methods, Competences, Drivers, Diseases}
		saved := map[PersonID]map[Part]ProfilePart{}
		checks(t, "6", "100")
		rapid.Check(t, func(t *rapid.T) {
			who := people[rapid.IntRange(0, len(people)-1).Draw(t, "who")]
			if saved[who.Person] == nil {
				saved[who.Person] = map[Part]ProfilePart{}
			}
			p := ProfilePart{Part: rapid.SampledFrom(parts).Draw(t, "part"), Lang: "sv", Visibility: rapid.SampledFrom([]Visibility{Mine, NetworkOnly, Public}).Draw(t, "visible"),
				Value: strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 3).Draw(t, "value"), "\n")}
			w.read(who, func(tx *storage.Tx, _ Access) error {
				old, err := w.part(ctx, tx, who.Person, p.Part)
				p.Version = old.Version
				return err
			})
			w.ok(w.SaveProfile(ctx, who, []ProfilePart{p}))
			saved[who.Person][p.Part] = p
			word, part := rapid.SampledFrom(words).Draw(t, "word"), rapid.SampledFrom(parts).Draw(t, "in")
			for _, reader := range []Actor{{}, people[0]} {
				for _, exact := range []bool{true, false} {
					s := Search{Root: w.root, Limit: 50, Text: word[:3]}
					if exact {
						s.Text, s.Has = "", map[Part]string{part: word}
					}
					want := map[PersonID]bool{}
					for id, mine := range saved {
						for _, x := range mine {
							seen := x.Visibility == Public || x.Visibility == NetworkOnly && reader.Person != ""
							if seen && slices.Contains(x.Items(), word) && (!exact || x.Part == part) {
								want[id] = true
							}
						}
					}
					got := map[PersonID]bool{}
					w.read(reader, func(tx *storage.Tx, a Access) error {
						found, _, err := w.People(ctx, tx, a, s)
						for _, f := range found {
							got[f.Person] = true
						}
						return err
					})
					if !maps.Equal(got, want) {
						t.Fatalf("%+v by %q finds %v, want %v", s, reader.Person, got, want)
					}
				}
			}
		})
	})
}

// What is kept of a part is what is kept of it again, and its items are of the right form.
func FuzzProfilePart(f *testing.F) {
	for i, s := range []string{"BRCA1, c9orf72", "orpha 98;  text", "rare\ncancer", "a\x00\u202eb", "sv, xx", "SE-24"} {
		f.Add(i, s)
	}
	f.Fuzz(func(t *testing.T, i int, s string) {
		p := ProfilePart{Part: Parts[(i%len(Parts)+len(Parts))%len(Parts)], Value: s, Lang: "sv", Visibility: Public}
		if p.clean() != nil {
			return
		}
		again := p
		if err := again.clean(); err != nil || again.Value != p.Value {
			t.Fatalf("%q becomes %q, %v", p.Value, again.Value, err)
		}
		if strings.ContainsRune(p.Value, 0) || !utf8.ValidString(p.Value) {
			t.Fatalf("%q is kept", p.Value)
		}
	})
}
