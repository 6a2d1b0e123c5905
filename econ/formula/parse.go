package formula

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Pos is a place in a file, counted from 1. In a table Column is the number of the column.
type Pos struct {
	File   string
	Line   int
	Column int
}

func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Text is a formula as somebody wrote it, where it was written.
type Text struct {
	Source string
	At     Pos
}

// Error is what is wrong with a formula, where, and what to do about it.
type Error struct {
	At   Pos
	Says string
	Hint string
}

func (e *Error) Error() string { return e.At.String() + ": " + e.Says }

// Node is a parsed formula: a number, a name, a lookup in a table, or an operator with arguments.
type Node struct {
	op    op
	value float64
	name  string // a variable, or a table's name
	field string // a table's column
	args  []*Node
	at    Pos
}

// Names calls f for each variable that the formula reads, in order, with where.
func (n *Node) Names(f func(name string, at Pos)) {
	if n.op == opInput {
		f(n.name, n.at)
	}
	for _, a := range n.args {
		a.Names(f)
	}
}

// Tables calls f for each table's column that the formula looks up.
func (n *Node) Tables(f func(table, column string, at Pos)) {
	if n.op == opLookup {
		f(n.name, n.field, n.at)
	}
	for _, a := range n.args {
		a.Tables(f)
	}
}

// Limits of one formula: they keep what is compiled in proportion to what somebody could have written.
const (
	maxLength = 4000
	maxDepth  = 100
)

// Parse reads a formula.
func Parse(t Text) (*Node, error) {
	if len(t.Source) > maxLength {
		return nil, &Error{t.At, fmt.Sprintf("the formula is longer than %d characters", maxLength), "name its parts under derived"}
	}
	p := &parser{text: t}
	if err := p.next(); err != nil {
		return nil, err
	}
	n, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokEnd {
		return nil, p.unexpected("an operator, or the end")
	}
	return n, nil
}

// ValidName tells whether a name can stand in a formula.
func ValidName(s string) bool {
	for i, r := range s {
		if !(r == '_' || unicode.IsLetter(r) || i > 0 && unicode.IsDigit(r)) {
			return false
		}
	}
	_, isFunction := functions[s]
	return s != "" && utf8.ValidString(s) && !isFunction && !words[s]
}

var words = map[string]bool{"and": true, "or": true, "not": true, "if": true, "true": true, "false": true, "rest": true}

type tokenKind uint8

const (
	tokEnd tokenKind = iota
	tokNumber
	tokName
	tokSign
)

type token struct {
	kind  tokenKind
	text  string
	value float64
	at    int // offset in the source
}

type parser struct {
	text  Text
	off   int
	tok   token
	depth int
}

func (p *parser) pos(off int) Pos {
	at := p.text.At
	for _, r := range p.text.Source[:off] {
		if r == '\n' {
			at.Line++
			at.Column = 0
		}
		if at.Column > 0 || r == '\n' {
			at.Column++
		}
	}
	return at
}

func (p *parser) errorf(off int, hint, format string, args ...any) error {
	return &Error{p.pos(off), fmt.Sprintf(format, args...), hint}
}

func (p *parser) unexpected(wanted string) error {
	if p.tok.kind == tokEnd {
		if p.text.Source == "" {
			return p.errorf(p.tok.at, "write a number or a formula", "the formula is empty")
		}
		return p.errorf(p.tok.at, "", "the formula ends where %s should be", wanted)
	}
	hint := ""
	switch p.tok.text {
	case ",":
		hint = "decimals are written with a point: 0.5"
	case "=":
		hint = "equality is written =="
	case "%":
		hint = "write 0.05 for 5 %"
	}
	return p.errorf(p.tok.at, hint, "%q where %s should be", p.tok.text, wanted)
}

var doubles = []string{"<=", ">=", "==", "!=", "**"}

// next reads one token.
func (p *parser) next() error {
	s := p.text.Source
	for p.off < len(s) && strings.ContainsRune(" \t\r\n", rune(s[p.off])) {
		p.off++
	}
	start := p.off
	if start == len(s) {
		p.tok = token{kind: tokEnd, at: start}
		return nil
	}
	switch r, size := utf8.DecodeRuneInString(s[start:]); {
	case r == utf8.RuneError && size <= 1:
		return p.errorf(start, "", "the formula isn't UTF-8")
	case isDigit(s, start) || r == '.' && isDigit(s, start+1):
		return p.number()
	case r == '_' || unicode.IsLetter(r):
		for p.off < len(s) {
			r, size = utf8.DecodeRuneInString(s[p.off:])
			if !(r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r)) {
				break
			}
			p.off += size
		}
		p.tok = token{kind: tokName, text: s[start:p.off], at: start}
	default:
		p.off += size
		for _, d := range doubles {
			if strings.HasPrefix(s[start:], d) {
				p.off = start + 2
			}
		}
		p.tok = token{kind: tokSign, text: s[start:p.off], at: start}
	}
	return nil
}

func isDigit(s string, i int) bool { return i < len(s) && s[i] >= '0' && s[i] <= '9' }

func (p *parser) number() error {
	s, start := p.text.Source, p.off
	digits := func() {
		for isDigit(s, p.off) {
			p.off++
		}
	}
	digits()
	if p.off < len(s) && s[p.off] == '.' {
		p.off++
		digits()
	}
	if p.off < len(s) && (s[p.off] == 'e' || s[p.off] == 'E') {
		back := p.off
		p.off++
		if p.off < len(s) && (s[p.off] == '+' || s[p.off] == '-') {
			p.off++
		}
		if !isDigit(s, p.off) {
			p.off = back
		}
		digits()
	}
	v, err := strconv.ParseFloat(s[start:p.off], 64)
	if err != nil {
		return p.errorf(start, "", "%q isn't a number that can be held", s[start:p.off])
	}
	p.tok = token{kind: tokNumber, text: s[start:p.off], value: v, at: start}
	return nil
}

// binary operators by how tightly they bind. ^ binds from right to left.
var binary = map[string]struct {
	level int
	op    op
}{
	"or": {1, opOr}, "and": {2, opAnd},
	"<": {4, opLess}, "<=": {4, opLessEqual}, ">": {4, opGreater}, ">=": {4, opGreaterEqual}, "==": {4, opEqual}, "!=": {4, opNotEqual},
	"+": {5, opAdd}, "-": {5, opSub}, "*": {6, opMul}, "/": {6, opDiv}, "^": {8, opPow},
}

const (
	levelNot     = 3
	levelCompare = 4
	levelSign    = 7
)

func (p *parser) expression(level int) (*Node, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return nil, p.errorf(p.tok.at, "name its parts under derived", "the formula is nested deeper than %d", maxDepth)
	}
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	compared := false
	for {
		b, ok := binary[p.tok.text]
		if !ok || p.tok.kind == tokNumber || b.level < level {
			return left, nil
		}
		if b.level == levelCompare && compared {
			return nil, p.errorf(p.tok.at, "write a < b and b < c", "comparisons can't be chained")
		}
		compared = compared || b.level == levelCompare
		at := p.pos(p.tok.at)
		if err := p.next(); err != nil {
			return nil, err
		}
		above := b.level + 1
		if b.op == opPow {
			above = levelSign // 2^-x, 2^3^4
		}
		right, err := p.expression(above)
		if err != nil {
			return nil, err
		}
		left = &Node{op: b.op, args: []*Node{left, right}, at: at}
	}
}

func (p *parser) operand() (*Node, error) {
	at, tok := p.pos(p.tok.at), p.tok
	switch {
	case tok.kind == tokNumber:
		return &Node{op: opConst, value: tok.value, at: at}, p.next()
	case tok.kind == tokSign && (tok.text == "-" || tok.text == "+"):
		return p.prefix(at, levelSign)
	case tok.kind == tokName && tok.text == "not":
		return p.prefix(at, levelNot)
	case tok.kind == tokSign && tok.text == "(":
		if err := p.next(); err != nil {
			return nil, err
		}
		n, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		return n, p.expect(")")
	case tok.kind == tokName:
		return p.named(at)
	}
	return nil, p.unexpected("a number or a name")
}

func (p *parser) prefix(at Pos, level int) (*Node, error) {
	sign := p.tok.text
	if err := p.next(); err != nil {
		return nil, err
	}
	n, err := p.expression(level)
	switch {
	case err != nil:
		return nil, err
	case sign == "+":
		return n, nil
	case sign == "not":
		return &Node{op: opNot, args: []*Node{n}, at: at}, nil
	}
	return &Node{op: opNeg, args: []*Node{n}, at: at}, nil
}

func (p *parser) expect(sign string) error {
	if p.tok.kind != tokSign || p.tok.text != sign {
		return p.unexpected(strconv.Quote(sign))
	}
	return p.next()
}

// functions by name: what they become, and how many arguments they take (-1: one or more).
var functions = map[string]struct {
	op   op
	args int
}{
	"exp": {opExp, 1}, "ln": {opLn, 1}, "log10": {opLog10, 1}, "sqrt": {opSqrt, 1}, "abs": {opAbs, 1},
	"floor": {opFloor, 1}, "ceil": {opCeil, 1}, "round": {opRound, 1},
	"min": {opMin, -1}, "max": {opMax, -1}, "pow": {opPow, 2}, "if": {opIf, 3},
	"rate_to_prob": {opRateToProb, 2}, "prob_to_rate": {opProbToRate, 2},
}

func (p *parser) named(at Pos) (*Node, error) {
	name, off := p.tok.text, p.tok.at
	if err := p.next(); err != nil {
		return nil, err
	}
	switch {
	case name == "true" || name == "false":
		v := 0.0
		if name == "true" {
			v = 1
		}
		return &Node{op: opConst, value: v, at: at}, nil
	case p.tok.kind == tokSign && p.tok.text == "(":
		return p.call(name, off, at)
	case name == "rest":
		return nil, p.errorf(off, "rest stands alone, where a probability is written", "rest can't be a part of a formula")
	case p.tok.kind == tokNumber && strings.HasPrefix(p.tok.text, "."):
		return nil, p.unexpected("a column's name")
	case p.tok.kind == tokSign && p.tok.text == ".":
		return p.lookup(name, at)
	}
	if _, is := functions[name]; is || words[name] {
		return nil, p.errorf(off, "", "%q is a word of the language and stands for nothing here", name)
	}
	return &Node{op: opInput, name: name, at: at}, nil
}

func (p *parser) call(name string, off int, at Pos) (*Node, error) {
	f, ok := functions[name]
	if !ok {
		hint := "the functions are exp, ln, log10, sqrt, abs, floor, ceil, round, min, max, pow, if, rate_to_prob, prob_to_rate"
		if name == "log" {
			hint = "write ln for the natural logarithm, or log10"
		}
		return nil, p.errorf(off, hint, "there is no function %q", name)
	}
	if err := p.next(); err != nil {
		return nil, err
	}
	n := &Node{op: f.op, at: at}
	for {
		a, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		n.args = append(n.args, a)
		if p.tok.text != "," || p.tok.kind != tokSign {
			break
		}
		if err := p.next(); err != nil {
			return nil, err
		}
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	if f.args >= 0 && len(n.args) != f.args {
		return nil, p.errorf(off, "decimals are written with a point: 0.5", "%s takes %d arguments, not %d", name, f.args, len(n.args))
	}
	return n, nil
}

// lookup reads .column[key] after a table's name.
func (p *parser) lookup(table string, at Pos) (*Node, error) {
	if err := p.next(); err != nil {
		return nil, err
	}
	if p.tok.kind != tokName {
		return nil, p.unexpected("a column's name")
	}
	n := &Node{op: opLookup, name: table, field: p.tok.text, at: at}
	if err := p.next(); err != nil {
		return nil, err
	}
	if err := p.expect("["); err != nil {
		return nil, err
	}
	key, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	n.args = []*Node{key}
	return n, p.expect("]")
}
