package toolbox

import (
	_ "embed" // the rules we ship, and schemas
	"fmt"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/samverk/samverk/network"
)

// RulesSchema is the JSON Schema (2020-12) of rules. What ParseRules takes, it takes.
//
//go:embed rules.schema.json
var RulesSchema []byte

// ShippedRules is the file of rules that holds where a network has put no other in use.
//
//go:embed rules.yaml
var ShippedRules []byte

// RulesFormat names the format, at the head of every file.
const RulesFormat = "samverk-toolbox-rules/1"

// What rules may hold. All combinations of answers are tried when they are checked, so there are not too many.
const (
	mostQuestions    = 16
	mostAnswers      = 10
	mostRules        = 240
	mostModels       = 60
	MostCombinations = 2_000_000
)

// Rules are the questions about a group, and what each answer says of each model.
type Rules struct {
	Name          network.Text
	Fits, Perhaps int // from which sum on a model fits, or perhaps does
	Questions     []Question
	Models        []string // in the order in which those with equal sums are shown
	Rules         []Rule
}

// Question is asked of a group.
type Question struct {
	ID      string
	Ask     network.Text
	Help    network.Text
	Short   network.Text // as the head of a row with the answer
	Answers []Answer
}

// Answer is one that can be chosen.
type Answer struct {
	ID   string
	Text network.Text
	Help network.Text
}

// Rule says a sentence for or against a model, where the answers meet its conditions.
type Rule struct {
	ID     string
	Model  string
	When   []Condition // all of them
	Unless []Condition // none of them
	Weight int         // 0: Never
	Never  bool        // the model is ruled out where the rule speaks
	Says   network.Text
	Line   int // where it stands in the file

	allowed []uint32 // per question: which answers let it speak; bit 0 is no answer
}

// Condition is that a question was answered with one of some answers.
type Condition struct {
	Question string
	Answers  []string
}

// Signed writes the weight with its sign.
func (r *Rule) Signed() string {
	if r.Weight < 0 {
		return "−" + strconv.Itoa(-r.Weight)
	}
	return "+" + strconv.Itoa(r.Weight)
}

// For tells whether the rule speaks for its model.
func (r *Rule) For() bool { return r.Weight > 0 }

// Question finds one.
func (r *Rules) Question(id string) (*Question, bool) {
	i := slices.IndexFunc(r.Questions, func(q Question) bool { return q.ID == id })
	if i < 0 {
		return nil, false
	}
	return &r.Questions[i], true
}

// Answer finds one.
func (q *Question) Answer(id string) (*Answer, bool) {
	i := slices.IndexFunc(q.Answers, func(a Answer) bool { return a.ID == id })
	if i < 0 {
		return nil, false
	}
	return &q.Answers[i], true
}

// ParseRules reads a file of rules. The error is Problems.
func ParseRules(b []byte) (*Rules, error) {
	r := &reader{}
	p := rulesReader{reader: r, rules: &Rules{}}
	if n := r.document(b); n != nil {
		p.file(n)
	}
	if len(r.problems) > 0 {
		return nil, r.sorted()
	}
	p.rules.compile()
	return p.rules, nil
}

type rulesReader struct {
	*reader
	rules *Rules
}

func (p *rulesReader) file(n *yaml.Node) {
	x := p.rules
	var rules *yaml.Node
	ok := p.fields(n, "the file", map[string]func(*yaml.Node){
		"format":  func(n *yaml.Node) { p.oneOf(n, "the format", RulesFormat) },
		"name":    func(n *yaml.Node) { x.Name = p.text(n, "the name", lineLength) },
		"fits":    func(n *yaml.Node) { x.Fits = p.integer(n, "fits", 1, 100) },
		"perhaps": func(n *yaml.Node) { x.Perhaps = p.integer(n, "perhaps", 1, 100) },
		"models": func(n *yaml.Node) {
			p.list(n, "models", mostModels, func(n *yaml.Node) {
				if id := p.id(n, "a model"); id != "" && slices.Contains(x.Models, id) {
					p.wrong(n, "keep one of them", "the model %s is there twice", id)
				} else if id != "" {
					x.Models = append(x.Models, id)
				}
			})
		},
		"questions": func(n *yaml.Node) { p.list(n, "questions", mostQuestions, p.question) },
		"rules":     func(n *yaml.Node) { rules = n },
	}, "format", "name", "fits", "perhaps", "models", "questions", "rules")
	if !ok || rules == nil {
		return
	}
	if x.Fits < x.Perhaps && x.Fits > 0 {
		p.wrong(n, "let fits be at least perhaps", "a model would fit before it perhaps does")
	}
	all := 1
	for _, q := range x.Questions {
		if all *= max(1, len(q.Answers)); all > MostCombinations {
			p.wrong(n, "take questions or answers away", "there are more than %d combinations of answers, too many to try them all", MostCombinations)
			return
		}
	}
	p.list(rules, "rules", mostRules, p.rule)
}

func (p *rulesReader) question(n *yaml.Node) {
	var q Question
	p.fields(n, "a question", map[string]func(*yaml.Node){
		"id": func(n *yaml.Node) {
			q.ID = p.id(n, "a question's id")
			if _, there := p.rules.Question(q.ID); there {
				p.wrong(n, "give it another id", "the question %s is there twice", q.ID)
			}
			if slices.Contains(reserved, q.ID) {
				p.wrong(n, "give it another id", "%s means something else in the address of a page", q.ID)
			}
		},
		"ask":   func(n *yaml.Node) { q.Ask = p.text(n, "the question", lineLength) },
		"short": func(n *yaml.Node) { q.Short = p.text(n, "the short question", 80) },
		"help":  func(n *yaml.Node) { q.Help = p.text(n, "help", lineLength) },
		"answers": func(n *yaml.Node) {
			p.list(n, "answers", mostAnswers, func(n *yaml.Node) {
				var a Answer
				p.fields(n, "an answer", map[string]func(*yaml.Node){
					"id": func(n *yaml.Node) {
						a.ID = p.id(n, "an answer's id")
						if _, there := q.Answer(a.ID); there {
							p.wrong(n, "give it another id", "the answer %s is there twice", a.ID)
						}
					},
					"text": func(n *yaml.Node) { a.Text = p.text(n, "the answer", lineLength) },
					"help": func(n *yaml.Node) { a.Help = p.text(n, "help", lineLength) },
				}, "id", "text")
				q.Answers = append(q.Answers, a)
			})
		},
	}, "id", "ask", "short", "answers")
	p.rules.Questions = append(p.rules.Questions, q)
}

// reserved are the words of the pages' own addresses.
var reserved = []string{"q", "m", "model", "lang", "format", "rule", "all", "after", "look"}

func (p *rulesReader) rule(n *yaml.Node) {
	x := Rule{Line: n.Line}
	weighed := false
	p.fields(n, "a rule", map[string]func(*yaml.Node){
		"id": func(n *yaml.Node) {
			x.ID = p.id(n, "a rule's id")
			if slices.ContainsFunc(p.rules.Rules, func(o Rule) bool { return o.ID == x.ID && x.ID != "" }) {
				p.wrong(n, "give it another id", "the rule %s is there twice", x.ID)
			}
		},
		"model": func(n *yaml.Node) {
			x.Model = p.id(n, "a model")
			if x.Model != "" && !slices.Contains(p.rules.Models, x.Model) {
				p.wrong(n, "add it to models, or use one of those", "there is no model %s", x.Model)
			}
		},
		"when":   func(n *yaml.Node) { x.When = p.conditions(n, "when") },
		"unless": func(n *yaml.Node) { x.Unless = p.conditions(n, "unless") },
		"weight": func(n *yaml.Node) {
			x.Weight = p.integer(n, "the weight", -9, 9)
			if weighed || x.Weight == 0 {
				p.wrong(n, "give a weight from -9 to 9 that isn't 0, or 'never: true'", "a rule without a weight says nothing")
			}
			weighed = true
		},
		"never": func(n *yaml.Node) {
			if n.Value != "true" || n.Tag != "!!bool" || weighed {
				p.wrong(n, "write 'never: true', or a weight", "a rule has either a weight or never")
			}
			x.Never, weighed = true, true
		},
		"says": func(n *yaml.Node) { x.Says = p.text(n, "the sentence", lineLength) },
	}, "id", "model", "when", "says")
	if !weighed {
		p.wrong(n, "add 'weight' or 'never: true'", "a rule has neither a weight nor never")
	}
	p.rules.Rules = append(p.rules.Rules, x)
}

// conditions reads a mapping from questions to answers. It tells of every question and answer that isn't there.
func (p *rulesReader) conditions(n *yaml.Node, what string) (out []Condition) {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		p.wrong(n, "write it as 'question: [answer, answer]'", "%s has no conditions", what)
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		q, ok := p.rules.Question(key.Value)
		if !ok || key.Kind != yaml.ScalarNode {
			p.wrong(key, "use the id of a question above", "there is no question %.40q", key.Value)
			continue
		}
		c := Condition{Question: q.ID}
		if slices.ContainsFunc(out, func(o Condition) bool { return o.Question == q.ID }) {
			p.wrong(key, "write the answers in one list", "%s asks for %s twice", what, q.ID)
		}
		p.list(n.Content[i+1], fmt.Sprintf("the answers to %s", q.ID), mostAnswers, func(n *yaml.Node) {
			if _, ok := q.Answer(n.Value); !ok || n.Kind != yaml.ScalarNode {
				p.wrong(n, "use one of the question's answers", "the question %s has no answer %.40q", q.ID, n.Value)
				return
			}
			if slices.Contains(c.Answers, n.Value) {
				p.wrong(n, "keep one of them", "the answer %s is there twice", n.Value)
			}
			c.Answers = append(c.Answers, n.Value)
		})
		out = append(out, c)
	}
	return out
}

// compile works out for each rule and question which answers let it speak.
func (r *Rules) compile() {
	for i := range r.Rules {
		x := &r.Rules[i]
		x.allowed = make([]uint32, len(r.Questions))
		for k, q := range r.Questions {
			x.allowed[k] = q.all()
		}
		for _, c := range x.When {
			k, bits := r.bits(c)
			x.allowed[k] &= bits
		}
		for _, c := range x.Unless {
			k, bits := r.bits(c)
			x.allowed[k] &^= bits
		}
	}
}

// all is every answer, and none.
func (q *Question) all() uint32 { return 1<<(len(q.Answers)+1) - 1 }

func (r *Rules) bits(c Condition) (question int, bits uint32) {
	question = slices.IndexFunc(r.Questions, func(q Question) bool { return q.ID == c.Question })
	for i, a := range r.Questions[question].Answers {
		if slices.Contains(c.Answers, a.ID) {
			bits |= 1 << (i + 1)
		}
	}
	return question, bits
}
