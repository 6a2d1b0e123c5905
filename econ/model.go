package econ

import "github.com/samverk/samverk/econ/formula"

// Format is what the first line of a model says: samverk: econ/1.
const Format = "econ/1"

// Pos is a place in a model's files.
type Pos = formula.Pos

// Text is a formula where it was written.
type Text = formula.Text

// Model is a model as people write it. The tags name the keys of its YAML, of its tables' columns and of its JSON Schema:
// codec.go reads and writes all three by them. Where a field is tagged table, the name of a file may stand instead.
type Model struct {
	Format       string      `econ:"samverk,required" doc:"The format: econ/1."`
	ID           string      `econ:"id,required" doc:"A short name, of letters, digits and hyphens."`
	Title        string      `econ:"title,required" doc:"What the model is about, in a line."`
	Language     string      `econ:"language" doc:"The language of titles, labels and notes: sv, nb, en …"`
	Description  string      `econ:"description" doc:"What is asked, of whom, compared with what."`
	Illustrative bool        `econ:"illustrative" doc:"True where numbers only show how the model works."`
	Source       []Note      `econ:"source" doc:"Where the model comes from: publication, repository, licence …"`
	Currency     string      `econ:"currency,required" doc:"ISO 4217, or none."`
	PriceYear    int         `econ:"price_year" doc:"The year whose prices these are."`
	EffectUnit   string      `econ:"effect_unit,required" doc:"What effect counts: QALY, life-years …"`
	Perspective  string      `econ:"perspective" doc:"Whose costs are counted: healthcare, societal …"`
	Conventions  Conventions `econ:"conventions,required" doc:"How time is counted, weighed and discounted."`
	Outcomes     []Outcome   `econ:"outcomes" doc:"What is counted beside cost and effect, or otherwise than by the conventions."`
	Tables       []Table     `econ:"tables" doc:"Tables of numbers that formulas look up, and stored draws."`
	Parameters   []Parameter `econ:"parameters,table" doc:"The numbers that go in, each with its source."`
	Derived      []Derived   `econ:"derived,table" doc:"Formulas with a name."`
	Strategies   []Strategy  `econ:"strategies,required" doc:"What is compared."`
	Parts        []Part      `econ:"parts,required" doc:"Decision trees, cohorts …, which strategies begin in and leaves lead to."`
	PSA          *PSA        `econ:"psa" doc:"The probabilistic analysis."`
	Budget       *Budget     `econ:"budget_impact" doc:"What a change costs, by year and region."`
	Scenarios    []Scenario  `econ:"scenarios" doc:"The same model with other values or conventions."`
	WTP          []float64   `econ:"willingness_to_pay" doc:"What a unit of effect may cost, to look at."`
	Reporting    []Note      `econ:"reporting" doc:"What the report has to say and can't find elsewhere in the model, by the items of CHEERS 2022: background, population, setting, funding, interests …"`

	files map[string]string   // tables that were kept in files, by path: parameters, parts.NAME.states …
	data  map[string]*dataset // what the tables hold
}

// Reporting are the items of CHEERS 2022 in their order, as the keys of a model's reporting.
var Reporting = []string{
	"title", "abstract", "background", "plan", "population", "setting", "comparators", "perspective", "horizon", "discounting", "outcomes", "measurement", "valuation", "costs",
	"currency", "model", "assumptions", "heterogeneity", "distribution", "uncertainty", "engagement", "parameters", "results", "effect_of_uncertainty", "effect_of_engagement", "findings",
	"funding", "interests",
}

// Note is a line of text with a heading.
type Note struct {
	Name string `econ:"name,key"`
	Text string `econ:"text,value"`
}

// Conventions are the choices that decide what a sum over time means. Each is named in the result.
type Conventions struct {
	CycleLength Text     `econ:"cycle_length" doc:"Years in a cycle: 1, 1/12 …"`
	Cycles      Text     `econ:"cycles" doc:"How many cycles."`
	WithinCycle string   `econ:"within_cycle" doc:"none, half-cycle, life-table-start, life-table-middle, life-table-end, simpson, simpson-darth, or continuous."`
	Horizon     Text     `econ:"horizon" doc:"With continuous: the years that are counted, or lifetime; all cycles, if not given."`
	Count       string   `econ:"count" doc:"With within_cycle none: which states are counted: start (0 to n-1), end (1 to n) or both (0 to n)."`
	RewardsPer  string   `econ:"rewards_per" doc:"cycle or year: what a reward of a state is for. Needed where a cycle isn't a year."`
	Discount    Discount `econ:"discount" doc:"Rates a year, and when they count."`
	At          Pos      `econ:"-"`
}

// Discount is rates a year.
type Discount struct {
	Preset     string `econ:"preset" doc:"TLV, NoMA or none: rates as an authority has them, with its source."`
	Cost       Text   `econ:"cost" doc:"The rate of costs a year: 0.03."`
	Effect     Text   `econ:"effect" doc:"The rate of effects a year."`
	WholeYears bool   `econ:"whole_years" doc:"True to discount by whole years that have gone, and not by parts of a year."`
	At         Pos    `econ:"-"`
}

// Outcome is something that is added up. Cost and effect are always there.
type Outcome struct {
	Name        string `econ:"name,key"`
	Label       string `econ:"label"`
	Unit        string `econ:"unit"`
	PartOf      string `econ:"part_of" doc:"cost or effect, if it is a part of it."`
	Discount    Text   `econ:"discount" doc:"The rate a year, if not that of costs (of effects, for effect)."`
	WithinCycle string `econ:"within_cycle" doc:"As in the conventions, for this outcome."`
	Count       string `econ:"count" doc:"As in the conventions, for this outcome."`
	At          Pos    `econ:"-"`
}

// Table is a file of numbers. Formulas look it up: NAME.column[key].
type Table struct {
	Name    string   `econ:"name,key"`
	File    string   `econ:"file,value" doc:"NAME.csv, or BOOK.xlsx#SHEET."`
	Columns []string `econ:"columns" doc:"The columns' names, where the rows stand in the model itself."`
	Rows    [][]Text `econ:"rows" doc:"The rows, where they stand in the model itself."`
	Key     string   `econ:"key" doc:"The column with the key, that of age in a life table."`
	Match   string   `econ:"match" doc:"step (a row holds until the next), exact or linear."`
	Source  string   `econ:"source"`
	Note    string   `econ:"note"`
	At      Pos      `econ:"-"`
}

// Parameter is a number that goes in.
type Parameter struct {
	Name         string       `econ:"name,required"`
	Label        string       `econ:"label"`
	Value        Text         `econ:"value,required" doc:"The value of the base case: a number, or a formula of numbers."`
	Unit         string       `econ:"unit" doc:"As probability, utility, SEK/year, 1/year, years."`
	Low          Text         `econ:"low"`
	High         Text         `econ:"high"`
	Distribution Distribution `econ:"distribution"`
	Source       string       `econ:"source"`
	Note         string       `econ:"note"`
	At           Pos          `econ:"-"`
}

// Distribution is how uncertain a parameter is.
type Distribution struct {
	Family    string    `econ:"family,required" doc:"beta, gamma, lognormal, normal, dirichlet, uniform, triangular, pert, bootstrap, stored or fixed."`
	Arguments []Setting `econ:",rest" doc:"The family's arguments by name."`
	At        Pos       `econ:"-"`
}

// Setting gives a name a value.
type Setting struct {
	Name  string `econ:"name,key"`
	Value Text   `econ:"value,value"`
	At    Pos    `econ:"-"`
}

// Derived is a formula with a name.
type Derived struct {
	Name    string `econ:"name,key"`
	Formula Text   `econ:"formula,value,required"`
	Unit    string `econ:"unit"`
	Note    string `econ:"note"`
	At      Pos    `econ:"-"`
}

// Strategy is one of what is compared.
type Strategy struct {
	Name    string    `econ:"name,key"`
	Label   string    `econ:"label"`
	Start   string    `econ:"start" doc:"The part it begins in; the first, if not given."`
	Set     []Setting `econ:"set" doc:"Names with the values they have in this strategy."`
	Rewards []Setting `econ:"rewards" doc:"By outcome, what everybody gets, once, at the start."`
	Note    string    `econ:"note"`
	At      Pos       `econ:"-"`
}

// Part is a decision tree, a cohort …: something that people go through.
type Part struct {
	Name        string      `econ:"name,key"`
	Kind        string      `econ:"kind,required" doc:"tree, cohort, survival, individuals or events."`
	Label       string      `econ:"label"`
	CycleLength Text        `econ:"cycle_length" doc:"If it isn't that of the conventions."`
	Cycles      Text        `econ:"cycles" doc:"If it isn't that of the conventions."`
	States      []State     `econ:"states,table"`
	Initial     []Setting   `econ:"initial" doc:"Who begins where: shares by state."`
	Transitions []Row       `econ:"transitions,table" doc:"Probabilities by from and to; rest is one minus the others of the row."`
	Rewards     []Rewards   `econ:"rewards,table" doc:"By outcome and state, what a cycle there gives."`
	OnMove      []MoveSet   `econ:"transition_rewards,table" doc:"By outcome, from and to: what a move gives, once."`
	Branches    []Branch    `econ:"branches" doc:"Of a tree."`
	OnEntry     []Rewards   `econ:"on_entry" doc:"By outcome and state, what coming there gives, once."`
	Curves      []Curve     `econ:"curves" doc:"Of survival: the curves between the states, the innermost first; a curve that another goes on as is none of them. Of events: when each comes, by from and to."`
	People      int         `econ:"people" doc:"Of individuals and events: how many are followed."`
	PerDraw     int         `econ:"people_per_draw" doc:"Of individuals and events: how many are followed in each draw of a probabilistic analysis; 1000, if not given."`
	Seed        int         `econ:"seed" doc:"Of individuals and events: which people, out of all there could be."`
	Attributes  []Attribute `econ:"attributes" doc:"Of individuals and events: what differs between them from the start."`
	History     []History   `econ:"history" doc:"Of individuals: what is remembered of them."`
	Crossing    string      `econ:"crossing" doc:"Of survival, where an inner curve rises above an outer: refuse (if not given), cap the inner, or lift the outer."`
	At          Pos         `econ:"-"`
}

// State is where people can be.
type State struct {
	Name   string `econ:"name,value,required"`
	Label  string `econ:"label"`
	Dead   bool   `econ:"dead" doc:"True where no life is lived."`
	Tunnel int    `econ:"tunnel" doc:"How many cycles since entering are told apart, as state_time."`
	At     Pos    `econ:"-"`
}

// Row is where people go from a state.
type Row struct {
	From string `econ:"from,key"`
	To   []Move `econ:"to,value"`
	At   Pos    `econ:"-"`
}

// Move is a probability, or rest.
type Move struct {
	To string `econ:"to,key"`
	P  Text   `econ:"probability,value"`
	At Pos    `econ:"-"`
}

// Rewards is what states give of an outcome.
type Rewards struct {
	Outcome string   `econ:"outcome,key"`
	Of      []Amount `econ:"of,value"`
	At      Pos      `econ:"-"`
}

// Amount is what a state gives.
type Amount struct {
	State string `econ:"state,key"`
	Value Text   `econ:"value,value"`
	At    Pos    `econ:"-"`
}

// MoveSet is what moves give of an outcome.
type MoveSet struct {
	Outcome string       `econ:"outcome,key"`
	Rows    []MoveAmount `econ:"rows,value"`
	At      Pos          `econ:"-"`
}

// MoveAmount is what moves from a state give.
type MoveAmount struct {
	From string     `econ:"from,key"`
	To   []MoveGive `econ:"to,value"`
	At   Pos        `econ:"-"`
}

// MoveGive is what one move gives, once.
type MoveGive struct {
	To    string `econ:"to,key"`
	Value Text   `econ:"value,value"`
	At    Pos    `econ:"-"`
}

// Branch is a way through a tree. Without branches of its own it is a leaf, and may lead to a part.
type Branch struct {
	Name     string    `econ:"name,required"`
	Label    string    `econ:"label"`
	P        Text      `econ:"p,required" doc:"A probability, or rest."`
	Rewards  []Setting `econ:"rewards" doc:"By outcome, what everybody who comes this way gets, once."`
	Set      []Setting `econ:"set" doc:"Names with the values they have from here on."`
	Branches []Branch  `econ:"branches"`
	Then     string    `econ:"then" doc:"The part where life goes on."`
	Enter    []Setting `econ:"enter" doc:"Who begins where in that part, if not as it says itself."`
	At       Pos       `econ:"-"`
}

// PSA is how a probabilistic analysis is made.
type PSA struct {
	Draws        int           `econ:"draws"`
	Seed         int           `econ:"seed"`
	Stored       string        `econ:"stored" doc:"A table with a column for each parameter that isn't drawn but read."`
	Correlations []Correlation `econ:"correlations"`
	At           Pos           `econ:"-"`
}

// Correlation ties two parameters' draws.
type Correlation struct {
	Between []string `econ:"between,required"`
	R       float64  `econ:"r,required" doc:"The correlation of the normal scores, from -1 to 1."`
	Rank    bool     `econ:"rank" doc:"True if r is Spearman's."`
	At      Pos      `econ:"-"`
}

// Scenario is the same model with other values or conventions.
type Scenario struct {
	Name        string      `econ:"name,key"`
	Label       string      `econ:"label"`
	Set         []Setting   `econ:"set" doc:"Parameters with other values."`
	Conventions Conventions `econ:"conventions" doc:"Only what is otherwise."`
	Note        string      `econ:"note"`
	At          Pos         `econ:"-"`
}
