package membership

import (
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// person is an individual in the plain model.
type person struct {
	salt    Salt
	state   State
	changed uint64
	erased  bool
}

func (p person) leaf(use string) Hash {
	if p.erased {
		return Erased()
	}
	return Leaf(p.state, p.salt.Key(use, p.changed))
}

// model is the tree as it was at each epoch, whole, and the table of nodes that a caller keeps.
type model struct {
	now    []person
	states [][]person // by epoch
	roots  []Hash
	rows   map[place][]row
}

type row struct {
	epoch uint64
	hash  Hash
}

func (m *model) keep(epoch uint64, nodes []Node) {
	for _, n := range nodes {
		p := place{n.Level, n.Index}
		m.rows[p] = append(m.rows[p], row{epoch, n.Hash})
	}
}

func (m *model) past(epoch uint64) Past {
	return func(level uint8, first, n uint32) (out []Hash, err error) {
		for i := first; i < first+n; i++ {
			rows := m.rows[place{level, i}]
			for j := len(rows) - 1; j >= 0; j-- {
				if rows[j].epoch <= epoch {
					out = append(out, rows[j].hash)
					break
				}
			}
		}
		return out, nil
	}
}

// plainRoot is RFC 6962's definition, word by word, on package tlog's hashes.
func plainRoot(leaves []Hash) Hash {
	switch len(leaves) {
	case 0:
		h, _ := tlog.TreeHash(0, nil)
		return Hash(h)
	case 1:
		return leaves[0]
	}
	k := 1
	for 2*k < len(leaves) {
		k *= 2
	}
	return Hash(tlog.NodeHash(tlog.Hash(plainRoot(leaves[:k])), tlog.Hash(plainRoot(leaves[k:]))))
}

func leaves(people []person, use string) []Hash {
	out := make([]Hash, len(people))
	for i, p := range people {
		out[i] = p.leaf(use)
	}
	return out
}

func TestTreeAgainstPlainModel(t *testing.T) {
	const use = "research"
	rapid.Check(t, func(t *rapid.T) {
		m := &model{rows: map[place][]row{}}
		tree := New(nil)
		for epoch := range uint64(rapid.IntRange(1, 12).Draw(t, "epochs")) {
			if rapid.IntRange(0, 4).Draw(t, "undone") == 0 { // a transaction that isn't committed
				lost := &model{now: append([]person(nil), m.now...)}
				lost.change(t, tree.Draft(), use, epoch)
			}
			d := tree.Draft()
			for range rapid.IntRange(1, 30).Draw(t, "changes") {
				m.change(t, d, use, epoch)
			}
			root := d.Root()
			if want := plainRoot(leaves(m.now, use)); root != want {
				t.Fatalf("epoch %d of %d leaves: root %x, want %x", epoch, len(m.now), root, want)
			}
			m.keep(epoch, d.Take())
			d.Apply()
			if tree.Root() != root || New(leaves(m.now, use)).Root() != root {
				t.Fatal("the tree isn't its draft")
			}
			m.roots = append(m.roots, root)
			m.states = append(m.states, append([]person(nil), m.now...))
		}
		for range 10 {
			m.proveOne(t, tree, use)
		}
	})
}

func (m *model) change(t *rapid.T, d *Draft, use string, epoch uint64) {
	if len(m.now) == 0 || rapid.IntRange(0, 2).Draw(t, "what") == 0 {
		p := person{changed: epoch}
		binary.BigEndian.PutUint64(p.salt[:], rapid.Uint64().Draw(t, "salt"))
		m.now = append(m.now, p)
		d.Append(p.leaf(use))
		return
	}
	i := rapid.IntRange(0, len(m.now)-1).Draw(t, "who")
	p := &m.now[i]
	p.erased = p.erased || rapid.IntRange(0, 20).Draw(t, "erased") == 0
	p.state, p.changed = State(rapid.IntRange(0, 1).Draw(t, "in")), epoch
	d.Set(uint32(i), p.leaf(use))
}

// proveOne proves what somebody was at some epoch, and that nothing else about them can be proved.
func (m *model) proveOne(t *rapid.T, tree *Tree, use string) {
	e := rapid.IntRange(0, len(m.states)-1).Draw(t, "epoch")
	then := m.states[e]
	i := uint32(rapid.IntRange(0, len(then)-1).Draw(t, "individual"))
	p := then[i]
	k := p.salt.Key(use, p.changed)
	if p.erased {
		p.state, k = Nobody, Key{}
	}
	past := m.past(uint64(e))
	proof, root, err := past.Prove(uint32(len(then)), i, p.state, k)
	if err != nil || root != m.roots[e] {
		t.Fatalf("epoch %d, individual %d: %v, root %x, want %x", e, i, err, root, m.roots[e])
	}
	if err := tlog.CheckRecord(path(proof), int64(proof.Size), tlog.Hash(root), int64(i), tlog.Hash(Leaf(p.state, k))); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(proof)
	if err != nil {
		t.Fatal(err)
	}
	var read Proof
	if err := json.Unmarshal(text, &read); err != nil || read.Verify(root) != nil {
		t.Fatalf("%s: %v", text, err)
	}
	for _, lie := range []func(*Proof){
		func(p *Proof) { p.State ^= 1 },
		func(p *Proof) { p.Key[0]++ },
		func(p *Proof) { p.Index = (p.Index + 1) % p.Size; p.Path = append(p.Path, Hash{}) },
		func(p *Proof) { p.Size += p.Size },
	} {
		wrong := proof
		lie(&wrong)
		if wrong.Verify(root) == nil {
			t.Fatalf("a lie holds: %+v", wrong)
		}
	}
	if e == len(m.states)-1 {
		again, now, err := tree.Prove(i, p.state, k)
		if err != nil || now != root || len(again.Path) != len(proof.Path) {
			t.Fatal("the tree and its history prove differently", err)
		}
	}
}

func path(p Proof) (out tlog.RecordProof) {
	for _, h := range p.Path {
		out = append(out, tlog.Hash(h))
	}
	return out
}

// TestDeletedSalt erases somebody: their leaf can't be found by trying, and the proofs of others hold.
func TestDeletedSalt(t *testing.T) {
	const use = "care"
	salts := make([]Salt, 9)
	all := make([]Hash, len(salts))
	for i := range salts {
		salts[i][0] = byte(i)
		all[i] = Leaf(In, salts[i].Key(use, 0))
	}
	tree := New(all)
	before := tree.Root()
	mine, _, err := tree.Prove(3, In, salts[3].Key(use, 0))
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := tree.Prove(2, In, salts[2].Key(use, 0))
	if err != nil {
		t.Fatal(err)
	}
	d := tree.Draft()
	d.Set(3, Erased())
	d.Apply()
	if mine.Verify(before) != nil || other.Verify(before) != nil {
		t.Error("an old proof no longer holds")
	}
	now, root, err := tree.Prove(2, In, salts[2].Key(use, 0))
	if err != nil || now.Verify(root) != nil {
		t.Error("a neighbour's proof doesn't hold", err)
	}
	if p, _, err := tree.Prove(3, Nobody, Key{}); err != nil || p.Verify(root) != nil {
		t.Error("the erasure can't be shown", err)
	}
	if _, _, err := tree.Prove(3, In, salts[3].Key(use, 0)); err == nil {
		t.Error("somebody erased is proved to be in")
	}
}

// TestVectors holds the hashes: they stand in logs.
func TestVectors(t *testing.T) {
	var s Salt
	s[31] = 7
	k := s.Key("care", 42)
	for got, want := range map[Hash]string{
		Hash(k):     "fk8XHO2RrWORT/UX1X5x9HhiLr0riD+TNye3E9XQgnE=",
		Leaf(In, k): "V4q/2aX80CYIcHPcYznkM05Sfk0dX+dHEaflNHzksXU=",
		Erased():    "0iwk6YTdI4gBEcf69T+uflKu1H0UuMskEXhMKPVhk5w=",
	} {
		if g := tlog.Hash(got).String(); g != want {
			t.Errorf("%s, want %s", g, want)
		}
	}
}

func big() (*Tree, []Salt) {
	r := rand.New(rand.NewPCG(1, 1))
	salts := make([]Salt, 100_000)
	all := make([]Hash, len(salts))
	for i := range salts {
		for j := range salts[i] {
			salts[i][j] = byte(r.Uint32())
		}
		all[i] = Leaf(Out, salts[i].Key("care", 0))
	}
	return New(all), salts
}

func BenchmarkChange(b *testing.B) {
	tree, salts := big()
	rows := 0
	b.ResetTimer()
	for n := range b.N {
		i := uint32(n*7919) % tree.Size()
		d := tree.Draft()
		d.Set(i, Leaf(In, salts[i].Key("care", uint64(n))))
		_ = d.Root()
		rows += len(d.Take())
		d.Apply()
	}
	b.ReportMetric(float64(rows)/float64(b.N), "rows/change")
}

func BenchmarkProve(b *testing.B) {
	tree, salts := big()
	for n := range b.N {
		i := uint32(n*7919) % tree.Size()
		if _, _, err := tree.Prove(i, Out, salts[i].Key("care", 0)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	tree, _ := big()
	hashes := tree.levels[0]
	for b.Loop() {
		_ = New(hashes).Root()
	}
}
