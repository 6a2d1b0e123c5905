package formula

import (
	"fmt"
	"math"
)

// Class says what a value depends on, so that it is reckoned no oftener than it changes.
type Class uint8

// What a value can depend on. Constant is none of them.
const (
	Constant   Class = 0
	Draw       Class = 1 << (iota - 1) // a draw of the uncertain parameters
	Cycle                              // the number of the cycle
	Individual                         // who it is, and what has happened to them
)

// Reg is a value of a program.
type Reg int32

// Scope tells what a name in a formula stands for.
type Scope func(name string, at Pos) (Reg, error)

// Builder gathers formulas into one program. Equal formulas become one value, and constants are reckoned at once.
type Builder struct {
	code   []instr
	consts map[uint64]Reg
	shared map[shape]Reg
	tables map[string]*Table
}

// instr computes one register, whose number is the instruction's place in the program.
type instr struct {
	op      op
	class   Class
	a, b, c Reg
	value   float64 // of a constant
	column  *column // of a lookup
	name    string  // of an input
	at      Pos
}

type shape struct {
	op      op
	a, b, c Reg
	column  *column
}

// NewBuilder gives an empty program, and the tables that formulas may look up.
func NewBuilder(tables map[string]*Table) *Builder {
	return &Builder{consts: map[uint64]Reg{}, shared: map[shape]Reg{}, tables: tables}
}

// Input is a new value that whoever runs the program sets.
func (b *Builder) Input(name string, c Class) Reg {
	b.code = append(b.code, instr{op: opInput, class: c, name: name})
	return Reg(len(b.code) - 1)
}

// Const is a number.
func (b *Builder) Const(v float64) Reg {
	if r, ok := b.consts[math.Float64bits(v)]; ok {
		return r
	}
	b.code = append(b.code, instr{op: opConst, value: v})
	r := Reg(len(b.code) - 1)
	b.consts[math.Float64bits(v)] = r
	return r
}

// Class tells what a value depends on.
func (b *Builder) Class(r Reg) Class { return b.code[r].class }

// Constant gives a value that depends on nothing.
func (b *Builder) Constant(r Reg) (float64, bool) { return b.code[r].value, b.code[r].op == opConst }

// Size is how many values there are.
func (b *Builder) Size() int { return len(b.code) }

// Add is x+y.
func (b *Builder) Add(x, y Reg) Reg { return b.emit(opAdd, Pos{}, x, y) }

// Sub is x-y.
func (b *Builder) Sub(x, y Reg) Reg { return b.emit(opSub, Pos{}, x, y) }

// Mul is x*y.
func (b *Builder) Mul(x, y Reg) Reg { return b.emit(opMul, Pos{}, x, y) }

// Compile adds a formula. Names are found through scope.
func (b *Builder) Compile(n *Node, scope Scope) (Reg, error) {
	switch n.op {
	case opConst:
		return b.Const(n.value), nil
	case opInput:
		return scope(n.name, n.at)
	}
	var args [3]Reg
	for i, a := range n.args {
		r, err := b.Compile(a, scope)
		if err != nil {
			return 0, err
		}
		if i < len(args) {
			args[i] = r
		}
		if (n.op == opMin || n.op == opMax) && i > 0 {
			args[0] = b.emit(n.op, n.at, args[0], r)
		}
	}
	switch n.op {
	case opMin, opMax:
		return args[0], nil
	case opLookup:
		col, err := b.column(n)
		if err != nil {
			return 0, err
		}
		return b.lookup(col, args[0], n.at), nil
	}
	return b.emit(n.op, n.at, args[:len(n.args)]...), nil
}

func (b *Builder) column(n *Node) (*column, error) {
	t, ok := b.tables[n.name]
	if !ok {
		return nil, &Error{n.at, fmt.Sprintf("there is no table %q", n.name), "name it under tables, with its file"}
	}
	for i := range t.columns {
		if t.columns[i].name == n.field {
			return &t.columns[i], nil
		}
	}
	return nil, &Error{n.at, fmt.Sprintf("table %q has no column %q", n.name, n.field), "its columns are " + t.names()}
}

func (b *Builder) lookup(col *column, key Reg, at Pos) Reg {
	if v, ok := b.Constant(key); ok {
		return b.Const(col.find(v))
	}
	return b.add(instr{op: opLookup, a: key, b: -1, c: -1, column: col, at: at})
}

func (b *Builder) emit(o op, at Pos, args ...Reg) Reg {
	if r, ok := b.simpler(o, args); ok {
		return r
	}
	in := instr{op: o, a: -1, b: -1, c: -1, at: at}
	for i, to := range []*Reg{&in.a, &in.b, &in.c}[:len(args)] {
		*to = args[i]
	}
	if (o == opAdd || o == opMul) && in.a > in.b {
		in.a, in.b = in.b, in.a
	}
	return b.add(in)
}

// add gives the register of an instruction, that of an equal one if there is one.
func (b *Builder) add(in instr) Reg {
	s := shape{in.op, in.a, in.b, in.c, in.column}
	if r, ok := b.shared[s]; ok {
		return r
	}
	for _, r := range []Reg{in.a, in.b, in.c} {
		if r >= 0 {
			in.class |= b.code[r].class
		}
	}
	b.code = append(b.code, in)
	r := Reg(len(b.code) - 1)
	b.shared[s] = r
	return r
}

// simpler finds the value where the operator needn't run: all is known, or one side decides.
// What is multiplied by a zero that stands in the model is nothing, whatever it is.
func (b *Builder) simpler(o op, args []Reg) (Reg, bool) {
	var v [3]float64
	var known [3]bool
	all := true
	for i, r := range args {
		v[i], known[i] = b.Constant(r)
		all = all && known[i]
	}
	if all {
		return b.Const(o.scalar(v[0], v[1], v[2])), true
	}
	is := func(i int, x float64) bool { return known[i] && v[i] == x }
	switch o {
	case opAdd:
		if is(0, 0) {
			return args[1], true
		}
		return args[0], is(1, 0)
	case opSub:
		return args[0], is(1, 0)
	case opMul:
		if is(0, 0) || is(1, 0) {
			return b.Const(0), true
		}
		if is(0, 1) {
			return args[1], true
		}
		return args[0], is(1, 1)
	case opDiv:
		return args[0], is(1, 1)
	case opPow:
		return args[0], is(1, 1)
	case opIf:
		if known[0] && v[0] != 0 {
			return args[1], true
		}
		return args[2], known[0] || args[1] == args[2]
	case opAnd:
		if is(0, 0) || is(1, 0) {
			return b.Const(0), true
		}
	}
	return 0, false
}

// Program is what the builder has gathered. The builder may go on; the program stays as it is.
func (b *Builder) Program() *Program { return &Program{code: b.code[:len(b.code):len(b.code)]} }
