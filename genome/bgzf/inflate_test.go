package bgzf

import (
	"bytes"
	stdflate "compress/flate"
	"io"
	"testing"

	"github.com/klauspost/compress/flate"
	"pgregory.net/rapid"
)

// levels are all the ways deflated knows.
var levels = []int{-2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}

// ours inflates data in buffers with the slack asked for and not a byte more, between bytes that must stay as they are.
func ours(inf *inflater, data []byte, size int) ([]byte, error) {
	const before = 7
	src := append(make([]byte, before, before+len(data)+inSlack), data...)
	src = append(src, bytes.Repeat([]byte{0xa5}, inSlack)...)
	dst := bytes.Repeat([]byte{0x5a}, before+size+outSlack)
	err := inf.inflate(dst, before, size, src, before, before+len(data))
	for _, b := range dst[:before] {
		if b != 0x5a {
			panic("wrote before the output")
		}
	}
	return dst[before : before+size], err
}

// theirs inflates up to limit bytes with the standard library, and tells how much of data that took.
func theirs(data []byte, limit int) (text []byte, used int, err error) {
	in := bytes.NewReader(data)
	text, err = io.ReadAll(io.LimitReader(stdflate.NewReader(in), int64(limit)+1))
	return text, len(data) - in.Len(), err
}

func TestInflateLikeTheStandardLibrary(t *testing.T) {
	var inf inflater // one for all: nothing of a block may stay for the next
	rapid.Check(t, func(t *rapid.T) {
		text := drawText(t)
		data := deflated(text, rapid.SampledFrom(levels).Draw(t, "level"))
		got, err := ours(&inf, data, len(text))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, text) {
			t.Fatal("other bytes")
		}
		if len(text) > 0 {
			if _, err := ours(&inf, data, len(text)-1); err == nil {
				t.Fatal("took more data than the block's size says")
			}
		}
		if _, err := ours(&inf, data, len(text)+1); err == nil {
			t.Fatal("took less data than the block's size says")
		}
		if _, err := ours(&inf, append(data[:len(data):len(data)], 0), len(text)); err == nil {
			t.Fatal("took a byte after the end")
		}
		if _, err := ours(&inf, data[:rapid.IntRange(0, len(data)-1).Draw(t, "cut")], len(text)); err == nil {
			t.Fatal("took data cut off")
		}
	})
}

// drawText draws text of many kinds: few or many symbols, runs, repeats near and far.
func drawText(t *rapid.T) []byte {
	size := rapid.IntRange(0, 1<<rapid.IntRange(0, 16).Draw(t, "magnitude")).Draw(t, "size")
	symbols := rapid.SampledFrom([]int{1, 2, 4, 20, 256}).Draw(t, "symbols")
	reach := rapid.SampledFrom([]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 300, 33000}).Draw(t, "reach")
	fresh := rapid.SampledFrom([]uint64{1, 10, 60, 100}).Draw(t, "fresh")
	seed := rapid.Uint64().Draw(t, "seed")
	random := func(n int) int { // splitmix64: text is too long to draw byte by byte
		seed += 0x9e3779b97f4a7c15
		z := (seed ^ seed>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		return int((z ^ z>>31) % uint64(n))
	}
	text := make([]byte, 0, size)
	for len(text) < size {
		if len(text) == 0 || uint64(random(100)) < fresh {
			text = append(text, byte(random(symbols)*random(symbols)))
			continue
		}
		from := len(text) - 1 - random(min(reach, len(text)))
		for range min(1+random(400), size-len(text)) {
			text = append(text, text[from])
			from++
		}
	}
	return text
}

func FuzzInflate(f *testing.F) {
	for _, text := range [][]byte{nil, []byte("0/0\t0/0\t0/0\t0/0\t0/1\n"), genomeText(3000), crowdText(5000, 50), bytes.Repeat([]byte("abc"), 9000)} {
		for _, level := range levels {
			f.Add(deflated(text, level), len(text))
		}
	}
	for _, s := range oddStreams {
		f.Add([]byte(s), 0)
	}
	var inf inflater
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		want, used, err := theirs(data, maxBlock)
		if err == nil && len(want) <= maxBlock {
			got, err := ours(&inf, data[:used], len(want))
			if err != nil {
				t.Fatalf("refused what the standard library takes: %v", err)
			}
			if !bytes.Equal(got, want) {
				t.Fatal("other bytes than the standard library's")
			}
		}
		size = max(size, 0) % (maxBlock + 1)
		if got, err := ours(&inf, data, size); err == nil && (used != len(data) || !bytes.Equal(got, want)) {
			t.Fatal("took what the standard library doesn't")
		}
	})
}

// oddStreams are at the edge of the format, valid and not.
var oddStreams = []string{
	"\x03\x00",                         // nothing, fixed code
	"\x01\x00\x00\xff\xff",             // nothing, stored
	"\x01\x00\x00\xff\xfe",             // lengths that disagree
	"\x07",                             // no such kind
	"\x4b\x04\x02\x00",                 // a match before the beginning
	"\x04\xc0\x81\x08\x00\x00\x00\x00", // code lengths all zero
	"\x05\xe0\x81\x08\x00\x00\x00\x00\x00\x20\xd3\xfc",
	"\x00\x00\x00\xff\xff\x00\x00\x00\xff\xff\x03\x00",
}

func TestInflateOddStreams(t *testing.T) {
	var inf inflater
	for _, s := range oddStreams {
		want, used, err := theirs([]byte(s), maxBlock)
		got, oerr := ours(&inf, []byte(s)[:used], len(want))
		if (err == nil) != (oerr == nil) || err == nil && !bytes.Equal(got, want) {
			t.Errorf("%q: %v, the standard library says %v", s, oerr, err)
		}
	}
}

func TestInflateDoesNotAllocate(t *testing.T) {
	text := genomeText(60000)
	data := deflated(text, 6)
	src := append(data, make([]byte, inSlack)...)
	dst := make([]byte, len(text)+outSlack)
	var inf inflater
	if n := testing.AllocsPerRun(10, func() {
		if err := inf.inflate(dst, 0, len(text), src, 0, len(data)); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per block", n)
	}
}

func BenchmarkInflate(b *testing.B) {
	for _, w := range []struct {
		name string
		text []byte
	}{{"genome", genomeText(blockText)[:blockText]}, {"crowd", crowdText(4*blockText, 2000)[3*blockText : 4*blockText]}} {
		data := deflated(w.text, 6)
		b.Run(w.name+"/ours", func(b *testing.B) {
			src := append(data[:len(data):len(data)], make([]byte, inSlack)...)
			dst := make([]byte, len(w.text)+outSlack)
			var inf inflater
			b.SetBytes(int64(len(w.text)))
			b.ReportMetric(float64(len(w.text))/float64(len(data)), "x")
			for b.Loop() {
				if err := inf.inflate(dst, 0, len(w.text), src, 0, len(data)); err != nil {
					b.Fatal(err)
				}
			}
		})
		dst := make([]byte, len(w.text))
		in := bytes.NewReader(data)
		for name, z := range map[string]io.Reader{"klauspost": flate.NewReader(in), "standard": stdflate.NewReader(in)} {
			b.Run(w.name+"/"+name, func(b *testing.B) {
				b.SetBytes(int64(len(w.text)))
				for b.Loop() {
					in.Reset(data)
					if err := z.(stdflate.Resetter).Reset(in, nil); err != nil {
						b.Fatal(err)
					}
					if _, err := io.ReadFull(z, dst); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
