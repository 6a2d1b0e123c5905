package ledger

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func anyLeaf() *rapid.Generator[Leaf] {
	text := rapid.StringOfN(rapid.RuneFrom([]rune("aåß€𝄞 -/:9")), 0, 40, -1)
	hash := rapid.Custom(func(t *rapid.T) (h [32]byte) {
		copy(h[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash"))
		return h
	})
	return rapid.Custom(func(t *rapid.T) Leaf {
		l := Leaf{
			Kind:          Kind(rapid.IntRange(1, len(kinds)-1).Draw(t, "kind")),
			Time:          time.UnixMicro(rapid.Int64Range(0, maxTime).Draw(t, "time")).UTC(),
			PolicyVersion: rapid.Uint32().Draw(t, "version"),
			Counted:       rapid.Uint64().Draw(t, "counted"),
			Epoch:         rapid.Uint64().Draw(t, "epoch"),
			Mask:          hash.Draw(t, "mask"), Private: hash.Draw(t, "private"), Digest: hash.Draw(t, "digest"),
		}
		for i, s := range l.texts(byte(rapid.IntRange(leafVersion, leafByNode).Draw(t, "version of the leaf"))) {
			*s = text.Draw(t, textNames[i])
		}
		return l
	})
}

func TestLeafRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := anyLeaf().Draw(t, "leaf")
		b, err := l.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(l, got); d != "" {
			t.Fatal(d)
		}
		cut := rapid.IntRange(0, len(b)-1).Draw(t, "cut")
		if _, err := Decode(b[:cut]); err == nil {
			t.Fatalf("cut to %d of %d bytes, and read", cut, len(b))
		}
		if _, err := Decode(append(bytes.Clone(b), 0)); err == nil {
			t.Fatal("read with a byte too many")
		}
	})
}

// TestLeafBytes holds the format: these bytes were written once, and must be read for ever.
func TestLeafBytes(t *testing.T) {
	l := Leaf{
		Kind: Use, Time: time.Date(2026, 3, 1, 12, 0, 0, 5000, time.UTC), Organisation: "Region Väst", Role: "clinician",
		Purpose: "care", Question: "count", Dataset: "clinic", Policy: "care-in-country", PolicyVersion: 3,
		Decision: "2026-14", Counted: 1234, Epoch: 7, Mask: [32]byte{1}, Private: [32]byte{2},
	}
	b, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	zeros := strings.Repeat("00", 31)
	want := "0102" + "00064bf535af1005" + "00000003" + "00000000000004d2" + "0000000000000007" +
		"01" + zeros + "02" + zeros + "00" + zeros +
		"000c" + hex.EncodeToString([]byte("Region Väst")) + "0009" + hex.EncodeToString([]byte("clinician")) +
		"0004" + hex.EncodeToString([]byte("care")) + "0000" + "0005" + hex.EncodeToString([]byte("count")) +
		"0006" + hex.EncodeToString([]byte("clinic")) + "000f" + hex.EncodeToString([]byte("care-in-country")) +
		"0007" + hex.EncodeToString([]byte("2026-14")) + "0000"
	if got := hex.EncodeToString(b); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestLeafRefused(t *testing.T) {
	good := Leaf{Kind: Use, Time: time.Unix(0, 0)}
	for name, change := range map[string]func(*Leaf){
		"no kind":   func(l *Leaf) { l.Kind = 0 },
		"kind":      func(l *Leaf) { l.Kind = 13 },
		"early":     func(l *Leaf) { l.Time = time.Unix(-1, 0) },
		"late":      func(l *Leaf) { l.Time = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"long":      func(l *Leaf) { l.Ref = strings.Repeat("x", maxText+1) },
		"not UTF-8": func(l *Leaf) { l.Role = "\xff" },
		"control":   func(l *Leaf) { l.Dataset = "a\nb" },
	} {
		l := good
		change(&l)
		if _, err := l.Encode(); err == nil {
			t.Errorf("%s: written", name)
		}
	}
	b, _ := good.Encode()
	b[0] = 2
	if _, err := Decode(b); err == nil {
		t.Error("version 2 was read")
	}
}

func FuzzDecode(f *testing.F) {
	l := Leaf{Kind: Use, Time: time.Unix(1, 0), Organisation: "å", Ref: "x"}
	b, _ := l.Encode()
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := Decode(b)
		if err != nil {
			return
		}
		again, err := l.Encode()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x was read and is written as %x, %v", b, again, err)
		}
	})
}

func FuzzCheckpoint(f *testing.F) {
	f.Add("example.org/ledger\n17\n" + strings.Repeat("A", 43) + "=\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCheckpoint(text)
		if err != nil {
			return
		}
		want := fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
		if !strings.HasPrefix(text, want) {
			t.Fatalf("%q was read as %q", text, want)
		}
	})
}

func FuzzBundle(f *testing.F) {
	f.Add([]byte("\x00\x02ab\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := splitBundle(b)
		if err != nil {
			return
		}
		var again []byte
		for _, e := range all {
			again = binary.BigEndian.AppendUint16(again, uint16(len(e)))
			again = append(again, e...)
		}
		if !bytes.Equal(again, b) {
			t.Fatalf("%x was read as %x", b, all)
		}
	})
}
