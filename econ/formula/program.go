package formula

import (
	"math"
)

type op uint8

const (
	opConst op = iota
	opInput
	opLookup
	opNeg
	opNot
	opExp
	opLn
	opLog10
	opSqrt
	opAbs
	opFloor
	opCeil
	opRound
	opAdd
	opSub
	opMul
	opDiv
	opPow
	opMin
	opMax
	opLess
	opLessEqual
	opGreater
	opGreaterEqual
	opEqual
	opNotEqual
	opAnd
	opOr
	opRateToProb
	opProbToRate
	opIf
)

// scalar reckons one value: constants while compiling, and the rarer operators lane by lane.
func (o op) scalar(a, b, c float64) float64 {
	switch o {
	case opNeg:
		return -a
	case opNot:
		return truth(a == 0)
	case opExp:
		return math.Exp(a)
	case opLn:
		return math.Log(a)
	case opLog10:
		return math.Log10(a)
	case opSqrt:
		return math.Sqrt(a)
	case opAbs:
		return math.Abs(a)
	case opFloor:
		return math.Floor(a)
	case opCeil:
		return math.Ceil(a)
	case opRound:
		return math.Round(a)
	case opAdd:
		return a + b
	case opSub:
		return a - b
	case opMul:
		return a * b
	case opDiv:
		return a / b
	case opPow:
		return math.Pow(a, b)
	case opMin:
		return math.Min(a, b)
	case opMax:
		return math.Max(a, b)
	case opRateToProb:
		return -math.Expm1(-a * b)
	case opProbToRate:
		return -math.Log1p(-a) / b
	case opIf:
		if a != 0 { // a condition that isn't a number gives none
			return b + 0*a
		}
		return c
	}
	return o.compare(a, b)
}

func (o op) compare(a, b float64) float64 {
	if math.IsNaN(a) || math.IsNaN(b) {
		return math.NaN()
	}
	switch o {
	case opLess:
		return truth(a < b)
	case opLessEqual:
		return truth(a <= b)
	case opGreater:
		return truth(a > b)
	case opGreaterEqual:
		return truth(a >= b)
	case opEqual:
		return truth(a == b)
	case opNotEqual:
		return truth(a != b)
	case opAnd:
		return truth(a != 0 && b != 0)
	case opOr:
		return truth(a != 0 || b != 0)
	}
	return math.NaN()
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Program is formulas compiled: a list of instructions, each of which sets one register once.
type Program struct{ code []instr }

// Class tells what a register depends on.
func (p *Program) Class(r Reg) Class { return p.code[r].class }

// Stage is what has to be reckoned anew when something changed.
type Stage []Reg

// Stage gives what roots need that depends on fresh, and on nothing beyond known and fresh.
func (p *Program) Stage(roots []Reg, known, fresh Class) Stage {
	need := make([]bool, len(p.code))
	for _, r := range roots {
		need[r] = true
	}
	for r := len(p.code) - 1; r >= 0; r-- {
		if !need[r] {
			continue
		}
		for _, a := range []Reg{p.code[r].a, p.code[r].b, p.code[r].c} {
			if p.code[r].op >= opLookup && a >= 0 {
				need[a] = true
			}
		}
	}
	var s Stage
	for r, in := range p.code {
		if need[r] && in.op >= opLookup && in.class&fresh != 0 && in.class&^(known|fresh) == 0 {
			s = append(s, Reg(r))
		}
	}
	return s
}

// Frame is a program's registers over a block of lanes. A register that is the same in all lanes holds one number.
type Frame struct {
	program *Program
	lanes   int
	wide    Class
	regs    [][]float64
}

// NewFrame makes registers for up to lanes lanes; what depends on wide differs between them.
func (p *Program) NewFrame(lanes int, wide Class) *Frame {
	f := &Frame{program: p, lanes: lanes, wide: wide, regs: make([][]float64, len(p.code))}
	n := 0
	for _, in := range p.code {
		n += f.width(in)
	}
	all := make([]float64, n)
	for r, in := range p.code {
		w := f.width(in)
		f.regs[r], all = all[:w:w], all[w:]
		if in.op == opConst {
			f.regs[r][0] = in.value
		}
	}
	return f
}

func (f *Frame) width(in instr) int {
	if in.class&f.wide == 0 {
		return 1
	}
	return f.lanes
}

// Lanes is how many lanes the frame has now.
func (f *Frame) Lanes() int { return f.lanes }

// Resize makes the block shorter, for the last of many, or as long as it was again.
func (f *Frame) Resize(lanes int) {
	f.lanes = lanes
	for r := range f.regs {
		if f.program.code[r].class&f.wide != 0 {
			f.regs[r] = f.regs[r][:lanes]
		}
	}
}

// Lane gives a register's numbers: as many as there are lanes, or one if they are all the same.
func (f *Frame) Lane(r Reg) []float64 { return f.regs[r] }

// Set gives an input that is the same in all lanes its value.
func (f *Frame) Set(r Reg, v float64) {
	for i := range f.regs[r] {
		f.regs[r][i] = v
	}
}

// At gives a register's number in a lane.
func (f *Frame) At(r Reg, lane int) float64 {
	if v := f.regs[r]; len(v) > 1 {
		return v[lane]
	}
	return f.regs[r][0]
}

// Run reckons a stage.
func (f *Frame) Run(s Stage) {
	for _, r := range s {
		in := &f.program.code[r]
		dst := f.regs[r]
		a := f.regs[in.a]
		switch {
		case in.op == opLookup:
			for i := range dst {
				dst[i] = in.column.find(a[i&mask(a)])
			}
		case in.b < 0:
			unary(in.op, dst, a)
		case in.c < 0:
			binaryOp(in.op, dst, a, f.regs[in.b])
		default:
			choose(dst, a, f.regs[in.b], f.regs[in.c])
		}
	}
}

// mask makes an index into a register: all bits if it holds a number for each lane, none if it holds one for all.
func mask(v []float64) int {
	if len(v) == 1 {
		return 0
	}
	return -1
}

func unary(o op, dst, a []float64) {
	a = a[:len(dst)] // an operator of one argument is as wide as it
	switch o {
	case opNeg:
		for i, x := range a {
			dst[i] = -x
		}
	case opExp:
		for i, x := range a {
			dst[i] = math.Exp(x)
		}
	default:
		for i, x := range a {
			dst[i] = o.scalar(x, 0, 0)
		}
	}
}

func binaryOp(o op, dst, a, b []float64) {
	if len(dst) > 1 && o >= opAdd && o <= opDiv {
		arithmetic(o, dst, a, b)
		return
	}
	ma, mb := mask(a), mask(b)
	for i := range dst {
		dst[i] = o.scalar(a[i&ma], b[i&mb], 0)
	}
}

// arithmetic is where a program spends its time: each operator and each shape has a loop of its own.
func arithmetic(o op, dst, a, b []float64) {
	switch {
	case len(b) == 1:
		withScalar(o, dst, a[:len(dst)], b[0])
	case len(a) == 1:
		fromScalar(o, dst, a[0], b[:len(dst)])
	default:
		a, b = a[:len(dst)], b[:len(dst)]
		switch o {
		case opAdd:
			for i := range dst {
				dst[i] = a[i] + b[i]
			}
		case opSub:
			for i := range dst {
				dst[i] = a[i] - b[i]
			}
		case opMul:
			for i := range dst {
				dst[i] = a[i] * b[i]
			}
		case opDiv:
			for i := range dst {
				dst[i] = a[i] / b[i]
			}
		}
	}
}

func withScalar(o op, dst, a []float64, b float64) {
	switch o {
	case opAdd:
		for i, x := range a {
			dst[i] = x + b
		}
	case opSub:
		for i, x := range a {
			dst[i] = x - b
		}
	case opMul:
		for i, x := range a {
			dst[i] = x * b
		}
	case opDiv:
		for i, x := range a {
			dst[i] = x / b
		}
	}
}

func fromScalar(o op, dst []float64, a float64, b []float64) {
	switch o {
	case opAdd:
		for i, x := range b {
			dst[i] = a + x
		}
	case opSub:
		for i, x := range b {
			dst[i] = a - x
		}
	case opMul:
		for i, x := range b {
			dst[i] = a * x
		}
	case opDiv:
		for i, x := range b {
			dst[i] = a / x
		}
	}
}

func choose(dst, a, b, c []float64) {
	ma, mb, mc := mask(a), mask(b), mask(c)
	for i := range dst {
		dst[i] = opIf.scalar(a[i&ma], b[i&mb], c[i&mc])
	}
}

// Origin finds the formula in which a number of a stage went wrong: the first whose outcome in that lane isn't a finite
// number while its arguments are.
func (f *Frame) Origin(s Stage, lane int) (Pos, bool) {
	for _, r := range s {
		in := &f.program.code[r]
		if finite(f.At(r, lane)) {
			continue
		}
		sound := true
		for _, a := range []Reg{in.a, in.b, in.c} {
			sound = sound && (a < 0 || finite(f.At(a, lane)))
		}
		if sound && in.at != (Pos{}) {
			return in.at, true
		}
	}
	return Pos{}, false
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
