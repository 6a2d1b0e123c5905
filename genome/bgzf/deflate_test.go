package bgzf

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// deflatedByUs packs text by our own deflate.
func deflatedByUs(d *deflater, text []byte) (data []byte, ok bool) {
	slack := append(bytes.Clone(text), bytes.Repeat([]byte{0x33}, textSlack)...)
	return d.deflate([]byte("head"), slack[:len(text)])
}

// What we pack the standard library unpacks.
func TestDeflateRoundTrip(t *testing.T) {
	var d deflater
	rapid.Check(t, func(t *rapid.T) {
		d.effort = efforts[rapid.IntRange(1, 9).Draw(t, "level")]
		text := drawText(t)
		text = text[:min(len(text), blockText)]
		data, _ := deflatedByUs(&d, text)
		if !bytes.HasPrefix(data, []byte("head")) {
			t.Fatal("what was there is gone")
		}
		got, used, err := theirs(data[4:], maxBlock)
		if err != nil || used != len(data)-4 || !bytes.Equal(got, text) {
			t.Fatalf("%d bytes of %d, %d used of %d: %v", len(got), len(text), used, len(data)-4, err)
		}
	})
}

// Codes that would be longer than 15 bits are shortened: symbols come as often as Fibonacci's numbers.
func TestDeflateLimitsCodes(t *testing.T) {
	var d deflater
	d.effort = efforts[1]
	var text []byte
	a, b := 1, 1
	for c := byte('A'); len(text)+a <= blockText; c++ {
		for range a {
			text = append(text, c)
		}
		a, b = b, a+b
	}
	seed := uint64(1)
	for i := range text { // shuffled, so that there are few matches
		seed = seed*6364136223846793005 + 1442695040888963407
		j := int(seed>>33) % (i + 1)
		text[i], text[j] = text[j], text[i]
	}
	data, ok := deflatedByUs(&d, text)
	got, _, err := theirs(data[4:], maxBlock)
	if err != nil || !ok || !bytes.Equal(got, text) {
		t.Fatal(ok, err)
	}
}

// Any symbol counts make a complete code within the limit.
func TestCodeIsComplete(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.SampledFrom([]int{7, 15}).Draw(t, "limit")
		most := map[int]int{7: preSyms, 15: maxLit}[limit]
		often := rapid.SliceOfN(rapid.Uint32Range(0, 1<<rapid.IntRange(0, 16).Draw(t, "magnitude")), 2, most).Draw(t, "often")
		var c code
		var order []uint32
		c.makeLimited(often, &order, limit)
		space := 0
		for s, l := range c.lens {
			if int(l) > limit || s < len(often) && often[s] > 0 && l == 0 {
				t.Fatalf("symbol %d has a code of %d bits", s, l)
			}
			if l > 0 {
				space += 1 << (limit - int(l))
			}
		}
		if space != 1<<limit {
			t.Fatalf("the code fills %d of %d", space, 1<<limit)
		}
	})
}

func FuzzDeflate(f *testing.F) {
	f.Add([]byte("0/0\t0/0\t0/0\t0/1\n"), 6)
	f.Add(genomeText(5000), 9)
	var d deflater
	f.Fuzz(func(t *testing.T, text []byte, level int) {
		d.effort = efforts[1+max(level, 0)%9]
		text = text[:min(len(text), blockText)]
		data, _ := deflatedByUs(&d, text)
		got, used, err := theirs(data[4:], maxBlock)
		if err != nil || used != len(data)-4 || !bytes.Equal(got, text) {
			t.Fatal(err)
		}
	})
}
