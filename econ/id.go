package econ

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"reflect"

	"go.yaml.in/yaml/v3"
)

// Fingerprint is the same for models that say the same, whether in one file or in tables, and whatever their comments.
func (m *Model) Fingerprint() string {
	h := sha256.New()
	m.digest(h)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (m *Model) digest(h hash.Hash) {
	plain := *m
	plain.Tables = append([]Table(nil), m.Tables...)
	for i := range plain.Tables {
		plain.Tables[i].File, plain.Tables[i].Columns, plain.Tables[i].Rows = "-", nil, nil
	}
	text, err := yaml.Marshal(write(reflect.ValueOf(plain), "", nil))
	if err != nil {
		panic(err) // a tree of ours
	}
	h.Write(text)
	for _, t := range m.Tables {
		data := m.data[t.Name]
		if data == nil {
			continue
		}
		for i, head := range data.heads {
			fmt.Fprintf(h, "\n%q %q %d\n", t.Name, head, data.rows)
			bits := make([]byte, 8*len(data.columns[i]))
			for j, v := range data.columns[i] {
				if math.IsNaN(v) {
					v = math.NaN()
				}
				binary.LittleEndian.PutUint64(bits[8*j:], math.Float64bits(v))
			}
			h.Write(bits)
		}
	}
}

// runID hashes the model, its data, the engine's version, and what else decides the numbers: the options, the seed.
func (c *Compiled) runID(kind string, more ...string) string {
	h := sha256.New()
	c.model.digest(h)
	fmt.Fprintf(h, "\n%s\n%s\n%q\n", Version, kind, more)
	fmt.Fprintf(h, "scenario %q\n", c.options.Scenario)
	for _, s := range c.options.Set {
		fmt.Fprintf(h, "set %q %q\n", s.Name, s.Value.Source)
	}
	text, err := yaml.Marshal(write(reflect.ValueOf(c.options.Conventions), "", nil))
	if err != nil {
		panic(err) // a tree of ours
	}
	h.Write(text)
	return hex.EncodeToString(h.Sum(nil)[:16])
}
