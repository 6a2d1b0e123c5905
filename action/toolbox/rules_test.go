package toolbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/samverk/samverk/lang"
)

func shipped(t testing.TB) *Rules {
	t.Helper()
	r, err := ParseRules(ShippedRules)
	if err != nil {
		t.Fatalf("%+v", err)
	}
	return r
}

// What we ship is whole: every model in three languages, in the rules, recommended to somebody, with something for and against it.
func TestWhatIsShipped(t *testing.T) {
	r := shipped(t)
	models := Shipped()
	if len(models) < 7 || len(models) != len(r.Models) {
		t.Fatalf("%d models, and the rules know %d", len(models), len(r.Models))
	}
	for i, m := range models {
		if m.ID != r.Models[i] {
			t.Errorf("%s is not in the rules", m.ID)
		}
		if len(m.In) != len(lang.Codes) {
			t.Errorf("%s is written in %v only", m.ID, slices.Collect(maps.Keys(m.In)))
		}
		for code, w := range m.In {
			en := m.In["en"]
			if len(w.Fits) != len(en.Fits) || len(w.Pitfalls) != len(en.Pitfalls) || len(w.Steps) != len(en.Steps) || len(w.Costs) != len(en.Costs) || len(w.Evaluate) != len(en.Evaluate) || len(w.Examples) != len(en.Examples) || len(w.Training) != len(en.Training) {
				t.Errorf("%s says another number of things in %s than in en", m.ID, code)
			}
		}
	}
	c := r.Check()
	for _, f := range c.Findings {
		t.Errorf("%d: %s: %s", f.Line, f.Kind, f.What)
	}
	if (c.Fits+c.Perhaps)*100 < c.Combinations*95 {
		t.Errorf("a model fits or perhaps does in %d of %d combinations only", c.Fits+c.Perhaps, c.Combinations)
	}
	t.Logf("%d combinations: fits %d, perhaps %d, none %d; %+v", c.Combinations, c.Fits, c.Perhaps, c.None, c.Models)
	in := ReadInstruments()
	if len(in.Headings) != 6 || len(in.All) < 2 {
		t.Errorf("%d headings, %d instruments", len(in.Headings), len(in.All))
	}
}

func schema(t testing.TB, text []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func takes(s *jsonschema.Schema, file []byte) error {
	var v any
	if err := yaml.Unmarshal(file, &v); err != nil {
		return err
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return err
	}
	return s.Validate(doc)
}

func TestSchemasTakeWhatIsShipped(t *testing.T) {
	if err := takes(schema(t, RulesSchema), ShippedRules); err != nil {
		t.Error(err)
	}
	s := schema(t, ModelSchema)
	files, err := fs.Glob(modelFiles, "models/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, _ := fs.ReadFile(modelFiles, f)
		if err := takes(s, b); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
}

const small = `format: samverk-toolbox-rules/1
name: {sv: n, nb: n, en: n}
fits: 3
perhaps: 1
models: [a, b, c]
questions:
  - id: x
    short: {sv: x, nb: x, en: x}
    ask: {sv: x, nb: x, en: x}
    answers:
      - {id: yes, text: {sv: ja, nb: ja, en: "yes"}}
      - {id: no, text: {sv: nej, nb: nei, en: "no"}}
  - id: y
    short: {sv: y, nb: y, en: y}
    ask: {sv: y, nb: y, en: y}
    answers: [{id: one, text: {sv: en, nb: en, en: one}}, {id: two, text: {sv: två, nb: to, en: two}}]
  - id: z
    short: {sv: z, nb: z, en: z}
    ask: {sv: z, nb: z, en: z}
    answers: [{id: one, text: {sv: en, nb: en, en: one}}]
rules:
  - {id: a1, model: a, when: {x: ["yes"]}, weight: 3, says: {sv: s, nb: s, en: s}}
  - {id: a2, model: a, when: {x: ["yes"]}, weight: -1, says: {sv: s, nb: s, en: s}}
  - {id: a3, model: a, when: {x: ["no"]}, never: true, says: {sv: s, nb: s, en: s}}
  - {id: a4, model: a, when: {x: ["no"], y: [one]}, weight: 2, says: {sv: s, nb: s, en: s}}
  - {id: b1, model: b, when: {y: [one]}, unless: {y: [one, two]}, weight: 3, says: {sv: s, nb: s, en: s}}
  - {id: c1, model: c, when: {y: [two]}, weight: 3, says: {sv: s, nb: s, en: s}}
`

// What is wrong with rules is found: each kind of finding, and the numbers of combinations.
func TestCheckFindings(t *testing.T) {
	r, err := ParseRules([]byte(strings.ReplaceAll(small, "{id: yes,", `{id: "yes",`)))
	if err != nil {
		t.Fatal(err)
	}
	c := r.Check()
	var got []string
	for _, f := range c.Findings {
		got = append(got, fmt.Sprintf("%d %s %s%s%s %s", f.Line, f.Kind, f.Model, f.Question, "/"+f.Rule, f.Other))
	}
	want := []string{
		"0 never-fits a/ ", "0 never-fits b/ ", "0 nothing-speaks b/ ", "0 nothing-speaks c/ ", "0 unasked z/ ",
		"23 contradiction a/a2 a1", "25 never-matters a/a4 ", "25 overruled a/a4 a3", "26 never-speaks b/b1 ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("found %q", got)
	}
	if c.Combinations != 4 || c.Fits != 2 || c.Perhaps != 1 || c.None != 1 || c.Example["x"] != "no" || c.Example["y"] != "one" {
		t.Errorf("%+v", c)
	}
}

// Every error has its line and column, and says what to do.
func TestErrorsHaveTheirPlace(t *testing.T) {
	for _, one := range []struct {
		from, to string
		at, what string
	}{
		{"weight: 3", "weight: 30", "22:52", "no such number"},
		{"model: a,", "model: q,", "22:21", "no model q"},
		{"x: [\"yes\"]", "x: [maybe]", "22:35", "no answer"},
		{"when: {x:", "when: {w:", "22:31", "no question"},
		{"id: a2", "id: a1", "23:10", "twice"},
		{"fits: 3", "fits: many", "3:7", "no such number"},
		{"perhaps: 1", "perhaps: 1\nsurely: 2", "5:1", "no key"},
		{"says: {sv: s, nb: s, en: s}}", "says: {sv: s, nb: s}}", "22:61", `lacks "en"`},
		{"models: [a, b, c]", "models: [a, b, c", "", "not YAML"},
		{"{sv: n, nb: n, en: n}", "&n {sv: n, nb: n, en: *n}", "2:29", "no text"},
	} {
		_, err := ParseRules([]byte(strings.Replace(small, one.from, one.to, 1)))
		p, ok := err.(Problems)
		if !ok {
			t.Errorf("%s: %v", one.to, err)
			continue
		}
		at := fmt.Sprintf("%d:%d", p[0].Line, p[0].Column)
		if one.at != "" && at != one.at || !strings.Contains(p[0].What, one.what) || p[0].Do == "" {
			t.Errorf("%s: %s %+v", one.to, at, p[0])
		}
	}
}

// The recommender does what a plain reading of the rules says, for any rules and any answers.
func TestAdviseAsAPlainReadingDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRules(t)
		given := Answers{}
		for _, q := range r.Questions {
			if i := rapid.IntRange(-1, len(q.Answers)-1).Draw(t, q.ID); i >= 0 {
				given[q.ID] = q.Answers[i].ID
			}
		}
		for _, a := range r.Advise(given) {
			v, pro, con := plainly(r, a.Model, given)
			if a.Verdict != v || len(a.For) != pro || len(a.Against) != con {
				t.Fatalf("%s is %v with %d for and %d against; plainly %v, %d, %d", a.Model, a.Verdict, len(a.For), len(a.Against), v, pro, con)
			}
			changes := map[string]Verdict{}
			for _, c := range a.Changes {
				changes[c.Question.ID+"="+c.Answer.ID] = c.To
			}
			for _, q := range r.Questions {
				for _, x := range q.Answers {
					other := maps.Clone(given)
					other[q.ID] = x.ID
					now, _, _ := plainly(r, a.Model, other)
					if to, said := changes[q.ID+"="+x.ID]; said != (now != v) || said && to != now {
						t.Fatalf("answering %s with %s makes %s %v, said %v %v", q.ID, x.ID, a.Model, now, said, to)
					}
				}
			}
		}
		check(t, r)
	})
}

// check compares the walk through all combinations with asking for each.
func check(t *rapid.T, r *Rules) {
	var want Check
	first := map[string]int{}
	var each func(k int, given Answers)
	each = func(k int, given Answers) {
		if k < len(r.Questions) {
			for _, a := range r.Questions[k].Answers {
				given[r.Questions[k].ID] = a.ID
				each(k+1, given)
			}
			return
		}
		want.Combinations++
		switch best := r.Advise(given)[0]; best.Verdict {
		case Fits:
			want.Fits++
			first[best.Model]++
		case Perhaps:
			want.Perhaps++
		default:
			want.None++
		}
	}
	each(0, Answers{})
	got := r.Check()
	if got.Combinations != want.Combinations || got.Fits != want.Fits || got.Perhaps != want.Perhaps || got.None != want.None {
		t.Fatalf("checked %+v, and there is %+v", got, want)
	}
	for _, m := range got.Models {
		if m.First != first[m.Model] {
			t.Fatalf("%s is first %d times, and %d were counted", m.Model, m.First, first[m.Model])
		}
	}
	for _, f := range got.Findings {
		if f.Kind == NeverFits {
			if i := slices.IndexFunc(got.Models, func(m ModelCheck) bool { return m.Model == f.Model }); got.Models[i].Fits > 0 {
				t.Fatalf("%s never fits, and does", f.Model)
			}
		}
	}
}

func plainly(r *Rules, model string, given Answers) (v Verdict, pro, con int) {
	sum, never := 0, false
	for _, x := range r.Rules {
		met := func(c Condition) bool { return slices.Contains(c.Answers, given[c.Question]) }
		all := !slices.ContainsFunc(x.When, func(c Condition) bool { return !met(c) })
		if x.Model != model || !all || slices.ContainsFunc(x.Unless, met) {
			continue
		}
		if sum += x.Weight; x.Weight > 0 {
			pro++
		} else {
			con++
		}
		never = never || x.Never
	}
	switch {
	case never:
	case sum >= r.Fits:
		v = Fits
	case sum >= r.Perhaps:
		v = Perhaps
	}
	return v, pro, con
}

func anyRules(t *rapid.T) *Rules {
	r := &Rules{Perhaps: rapid.IntRange(1, 3).Draw(t, "perhaps")}
	r.Fits = r.Perhaps + rapid.IntRange(0, 3).Draw(t, "more")
	for k := range rapid.IntRange(1, 4).Draw(t, "questions") {
		q := Question{ID: fmt.Sprint("q", k)}
		for a := range rapid.IntRange(1, 3).Draw(t, "answers") {
			q.Answers = append(q.Answers, Answer{ID: fmt.Sprint("a", a)})
		}
		r.Questions = append(r.Questions, q)
	}
	for m := range rapid.IntRange(1, 3).Draw(t, "models") {
		r.Models = append(r.Models, fmt.Sprint("m", m))
	}
	conditions := func(least int) (out []Condition) {
		for _, q := range rapid.SliceOfNDistinct(rapid.SampledFrom(r.Questions), least, len(r.Questions), func(q Question) string { return q.ID }).Draw(t, "when") {
			c := Condition{Question: q.ID}
			for _, a := range rapid.SliceOfNDistinct(rapid.SampledFrom(q.Answers), 1, len(q.Answers), func(a Answer) string { return a.ID }).Draw(t, "of") {
				c.Answers = append(c.Answers, a.ID)
			}
			out = append(out, c)
		}
		return out
	}
	for i := range rapid.IntRange(1, 12).Draw(t, "rules") {
		x := Rule{ID: fmt.Sprint("r", i), Model: rapid.SampledFrom(r.Models).Draw(t, "model"), When: conditions(1)}
		if rapid.IntRange(0, 3).Draw(t, "unless") == 0 {
			x.Unless = conditions(1)
		}
		if x.Never = rapid.IntRange(0, 7).Draw(t, "never") == 0; !x.Never {
			x.Weight = rapid.SampledFrom([]int{-4, -2, -1, 1, 2, 3, 5}).Draw(t, "weight")
		}
		r.Rules = append(r.Rules, x)
	}
	r.compile()
	return r
}

// FuzzParseRules: what is taken the schema takes too, can be checked, and what is refused has a place.
func FuzzParseRules(f *testing.F) {
	f.Add([]byte(strings.ReplaceAll(small, "{id: yes,", `{id: "yes",`)))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("- - - {"))
	s := schema(f, RulesSchema)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseRules(b)
		if err != nil {
			p, ok := err.(Problems)
			if !ok || len(p) == 0 || p[0].Line < 1 || p[0].Column < 1 || p[0].Do == "" {
				t.Fatalf("%#v", err)
			}
			return
		}
		if err := takes(s, b); err != nil {
			t.Fatal(err)
		}
		all := 1
		for _, q := range r.Questions {
			all *= len(q.Answers)
		}
		if all < 5000 {
			r.Check()
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	r := shipped(b)
	for b.Loop() {
		r.Check()
	}
}
