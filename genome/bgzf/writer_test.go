package bgzf

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/fault"
)

func TestWriterRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := WriterOptions{Level: rapid.IntRange(0, 9).Draw(t, "level"), Workers: rapid.IntRange(1, 3).Draw(t, "workers")}
		var file bytes.Buffer
		w, err := NewWriter(&file, o)
		if err != nil {
			t.Fatal(err)
		}
		var text []byte
		type place struct {
			mark Mark
			at   int
		}
		places := []place{{w.Mark(), 0}}
		for range rapid.IntRange(0, 5).Draw(t, "writes") {
			p := drawText(t)
			if n, err := w.Write(p); n != len(p) || err != nil {
				t.Fatal(n, err)
			}
			text = append(text, p...)
			if rapid.Bool().Draw(t, "flush") {
				if err := w.Flush(); err != nil {
					t.Fatal(err)
				}
			}
			places = append(places, place{w.Mark(), len(text)})
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if !bytes.HasSuffix(file.Bytes(), eofBlock) {
			t.Fatal("no end-of-file block")
		}
		got, err := readAll(file.Bytes(), Options{})
		if err != nil || !bytes.Equal(got, text) {
			t.Fatalf("%d bytes of %d: %v", len(got), len(text), err)
		}
		for _, p := range places { // reading from the block on, past what the offset says, gives the rest
			o, ok := w.Offset(p.mark)
			if !ok {
				t.Fatalf("no offset for %x", p.mark)
			}
			rest, err := readAll(file.Bytes()[o>>16:], Options{})
			if err != nil || !bytes.Equal(rest[o&0xffff:], text[p.at:]) {
				t.Fatalf("offset %x of %d: %v", o, p.at, err)
			}
		}
	})
}

// What doesn't compress still fits in a block.
func TestWriterNoise(t *testing.T) {
	seed := uint64(1)
	noise := make([]byte, 300000)
	for i := range noise {
		seed = seed*6364136223846793005 + 1442695040888963407
		noise[i] = byte(seed >> 56)
	}
	for level := 1; level <= 9; level++ {
		got, err := readAll(packed(t, noise, WriterOptions{Level: level}), Options{})
		if err != nil || !bytes.Equal(got, noise) {
			t.Errorf("level %d: %d bytes, %v", level, len(got), err)
		}
	}
}

// The same text gives the same file, whatever the number of workers.
func TestWriterIsDeterministic(t *testing.T) {
	text := genomeText(2 << 20)
	one := packed(t, text, WriterOptions{Workers: 1})
	for workers := 2; workers <= 4; workers++ {
		if !bytes.Equal(one, packed(t, text, WriterOptions{Workers: workers})) {
			t.Errorf("%d workers write another file", workers)
		}
	}
}

// failing writes so many bytes, and then no more.
type failing struct{ room int }

var errFull = errors.New("the disk is full")

func (f *failing) Write(p []byte) (int, error) {
	if len(p) > f.room {
		return 0, errFull
	}
	f.room -= len(p)
	return len(p), nil
}

func TestWriterErrors(t *testing.T) {
	before := runtime.NumGoroutine()
	text := genomeText(3 << 20)
	for _, room := range []int{0, 10, 50000, len(packed(t, text, WriterOptions{})) - 1} {
		w, err := NewWriter(&failing{room}, WriterOptions{Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			_, _ = w.Write(text[:1<<20])
		}
		for range 2 { // it stays
			if err := w.Close(); !errors.Is(err, errFull) || fault.KindOf(err) != fault.Unavailable || fault.HintOf(err) == "" {
				t.Errorf("room for %d: %v", room, err)
			}
		}
		if _, err := w.Write(text); !errors.Is(err, errFull) {
			t.Errorf("written after an error: %v", err)
		}
	}
	for _, level := range []int{-1, 10} {
		if _, err := NewWriter(io.Discard, WriterOptions{Level: level}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("level %d: %v", level, err)
		}
	}
	w, _ := NewWriter(io.Discard, WriterOptions{})
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if err := w.Close(); err != nil {
		t.Error("closing twice:", err)
	}
	if _, err := w.Write([]byte("x")); err == nil {
		t.Error("written after Close")
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

// bgzip reads what we write, and we read what it writes.
func TestWriterAgainstBgzip(t *testing.T) {
	if _, err := exec.LookPath("bgzip"); err != nil {
		t.Skip("no bgzip here")
	}
	text := genomeText(1 << 20)
	for level := 1; level <= 9; level++ {
		back := exec.Command("bgzip", "-dc")
		back.Stdin = bytes.NewReader(packed(t, text, WriterOptions{Level: level}))
		got, err := back.Output()
		if err != nil || !bytes.Equal(got, text) {
			t.Fatalf("level %d: %v", level, err)
		}
	}
	for _, level := range []string{"0", "1", "6", "9"} {
		pack := exec.Command("bgzip", "-c", "-l", level)
		pack.Stdin = bytes.NewReader(text)
		file, err := pack.Output()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := readAll(file, Options{}); err != nil || !bytes.Equal(got, text) {
			t.Fatalf("level %s: %v", level, err)
		}
	}
}

// BenchmarkWriter packs a made genome, or the text of the file SAMVERK_TEXT names.
func BenchmarkWriter(b *testing.B) {
	text := genomeText(16 << 20)
	if name := os.Getenv("SAMVERK_TEXT"); name != "" {
		var err error
		if text, err = os.ReadFile(name); err != nil {
			b.Fatal(err)
		}
	}
	for level := 1; level <= 9; level++ {
		b.Run(string(rune('0'+level)), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			var n int
			for b.Loop() {
				n = len(packed(b, text, WriterOptions{Level: level, Workers: 1}))
			}
			b.ReportMetric(float64(len(text))/float64(n), "x")
		})
	}
}

// A file that was given up says so: it lacks the end-of-file block.
func TestWriterAbandon(t *testing.T) {
	var out bytes.Buffer
	w, err := NewWriter(&out, WriterOptions{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(genomeText(1 << 20)); err != nil {
		t.Fatal(err)
	}
	w.Abandon()
	if bytes.HasSuffix(out.Bytes(), eofBlock) {
		t.Error("it ends like a whole file")
	}
	if _, err := w.Write([]byte("x")); err == nil {
		t.Error("written after Abandon")
	}
}
