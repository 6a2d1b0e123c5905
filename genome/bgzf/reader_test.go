package bgzf

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"github.com/samverk/samverk/fault"
)

// readAll reads everything by Next, on two workers.
func readAll(data []byte, o Options) ([]byte, error) {
	if o.Workers == 0 {
		o.Workers = 2
	}
	z, err := NewReader(bytes.NewReader(data), "in.vcf.gz", o)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	var all []byte
	for {
		b, err := z.Next()
		if err == io.EOF {
			return all, nil
		} else if err != nil {
			return all, err
		}
		if len(b) == 0 {
			panic("an empty chunk")
		}
		all = append(all, b...)
	}
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func TestReaderFormats(t *testing.T) {
	genome := genomeText(3 << 20)
	crlf := bytes.ReplaceAll(genome[:100000], []byte("\n"), []byte("\r\n"))
	for _, c := range []struct {
		name   string
		data   []byte
		format Format
		want   []byte
	}{
		{"nothing", nil, Text, nil},
		{"one byte", []byte("#"), Text, []byte("#")},
		{"text", genome, Text, genome},
		{"text of exactly a chunk", genome[:chunkSize], Text, genome[:chunkSize]},
		{"text without newline", genome[:len(genome)-1], Text, genome[:len(genome)-1]},
		{"text with CRLF", crlf, Text, crlf},
		{"only the end-of-file block", eofBlock, BGZF, nil},
		{"bgzf", packed(t, genome, WriterOptions{}), BGZF, genome},
		{"bgzf without newline", packed(t, genome[:len(genome)-1], WriterOptions{}), BGZF, genome[:len(genome)-1]},
		{"bgzf with CRLF", packed(t, crlf, WriterOptions{}), BGZF, crlf},
		{"bgzf of small blocks", smallBlocks(genome[:50000], 100), BGZF, genome[:50000]},
		{"bgzf of full blocks", smallBlocks(genome, maxBlock), BGZF, genome},
		{"bgzf concatenated", join(smallBlocks(genome[:5000], 700), eofBlock, smallBlocks(genome[5000:9000], 999)), BGZF, genome[:9000]},
		{"bgzf, many empty blocks", join(bytes.Repeat(eofBlock, 100000), smallBlocks(genome[:50], 50)), BGZF, genome[:50]},
		{"bgzf with more in the extra field", join(otherExtra(genome[:1000]), eofBlock), BGZF, genome[:1000]},
		{"gzip", gzipped(genome), Gzip, genome},
		{"gzip of nothing", gzipped(nil), Gzip, nil},
		{"gzip members", join(gzipped(genome[:70000]), gzipped(nil), gzipped(genome[70000:])), Gzip, genome},
		{"gzip, then bgzf", join(gzipped(genome[:70000]), smallBlocks(genome[70000:90000], 5000)), Gzip, genome[:90000]},
	} {
		t.Run(c.name, func(t *testing.T) {
			for workers := 1; workers <= 3; workers++ {
				got, err := readAll(c.data, Options{Workers: workers})
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, c.want) {
					t.Fatalf("%d workers: other bytes: %d, not %d", workers, len(got), len(c.want))
				}
			}
			z, err := NewReader(iotest.HalfReader(bytes.NewReader(c.data)), c.name, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer z.Close()
			if z.Format() != c.format {
				t.Errorf("format %v, not %v", z.Format(), c.format)
			}
			if len(c.want) < 200000 {
				if err := iotest.TestReader(z, c.want); err != nil {
					t.Error(err)
				}
			}
			if _, err := io.Copy(io.Discard, z); err != nil {
				t.Error(err)
			}
			if z.BytesRead() != int64(len(c.data)) {
				t.Errorf("%d bytes read, not %d", z.BytesRead(), len(c.data))
			}
		})
	}
}

// otherExtra is a block whose extra field has something before BC, and something after.
func otherExtra(text []byte) []byte {
	b := oneBlock(deflated(text, 6), text)
	b = join(b[:12], []byte("XY\x03\x00abc"), b[12:18], []byte("ZZ\x00\x00"), b[18:])
	b[10] += 11
	size := len(b) - 1
	b[12+7+4], b[12+7+5] = byte(size), byte(size>>8)
	return b
}

func TestReaderRefuses(t *testing.T) {
	text := genomeText(10000)
	whole := smallBlocks(text, 3000)
	first := oneBlock(deflated(text[:3000], 6), text[:3000])
	change := func(b []byte, at int, v ...byte) []byte {
		b = bytes.Clone(b)
		copy(b[at:], v)
		return b
	}
	for _, c := range []struct {
		name string
		data []byte
		want string // in the message
	}{
		{"no end-of-file block", whole[:len(whole)-28], "after block 4 at byte"},
		{"cut in a block", whole[:len(first)+100], fmt.Sprintf("block 2 at byte %d: the file is cut off", len(first))},
		{"cut in a header", whole[:len(first)+7], "block 2 at byte"},
		{"cut in the end-of-file block", whole[:len(whole)-1], "block 5 at byte"},
		{"bad CRC", change(whole, len(first)-8, ^first[len(first)-8]), "block 1 at byte 0: the block is damaged: the checksum"},
		{"bad size, less", change(whole, len(first)-4, 0), "more data than the block's size says"},
		{"bad size, more", change(whole, len(first)-4, 0xff, 0xff), "less data than the block's size says"},
		{"bad size, much more", change(whole, len(first)-4, 0xff, 0xff, 0xff, 0xff), "4294967295"},
		{"BSIZE too small", change(whole, 16, 3, 0), "block 1 at byte 0: the block is damaged: the block's size can't be"},
		{"BSIZE too small later", change(whole, len(first)+16, 3, 0), "block 2 at byte"},
		{"BSIZE wrong", change(whole, 16, first[16]-1), "block 1 at byte 0"},
		{"text after the end", join(whole, []byte("chr1\t1\n")), "not the beginning of a BGZF block"},
		{"a zero after the end", join(whole, []byte{0}), "not the beginning of a BGZF block"},
		{"gzip after bgzf", join(whole, gzipped(text)), "not the beginning of a BGZF block"},
		{"gzip cut", gzipped(text)[:1000], "gzip member 1, after"},
		{"gzip cut in the second member", join(gzipped(text), gzipped(text)[:1000]), "gzip member 2, after"},
		{"gzip cut in the second header", join(gzipped(text), gzipped(text)[:5]), "gzip member 2, after 10"},
		{"text after gzip", join(gzipped(text), []byte("chr1\t1\n")), "isn't gzip"},
		{"a zero after gzip", join(gzipped(text), []byte{0}), "isn't gzip"},
		{"gzip, bad CRC", change(gzipped(text), len(gzipped(text))-7, 1, 2), "the gzip data is damaged"},
		{"zstd", []byte("\x28\xb5\x2f\xfd\x04\x00\x01\x00\x00"), "zstd"},
		{"BCF", []byte("BCF\x02\x02"), "BCF"},
		{"zip", []byte("PK\x03\x04abc"), "zip"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readAll(c.data, Options{})
			var f *fault.Error
			if !errors.As(err, &f) {
				t.Fatalf("not a fault: %v", err)
			}
			if f.Kind != fault.Invalid || f.File != "in.vcf.gz" || f.Hint == "" {
				t.Errorf("kind %v, file %q, hint %q", f.Kind, f.File, f.Hint)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q doesn't say %q", err, c.want)
			}
			if !bytes.HasPrefix(join(text, text), got) {
				t.Error("wrong bytes before the error")
			}
		})
	}
}

func TestReaderAllowsNoEOF(t *testing.T) {
	text := genomeText(10000)
	whole := smallBlocks(text, 3000)
	got, err := readAll(whole[:len(whole)-28], Options{AllowNoEOF: true})
	if err != nil || !bytes.Equal(got, text) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if _, err := readAll(whole[:len(whole)-29], Options{AllowNoEOF: true}); err == nil {
		t.Fatal("took a file cut in a block")
	}
}

// Cut anywhere, a file is refused. A text can't be: it is a shorter text. Nor can a gzip file cut between members.
func TestReaderCutAnywhere(t *testing.T) {
	text := genomeText(1500)
	plain := gzipped(text[:700])
	for name, whole := range map[string][]byte{
		"bgzf": join(smallBlocks(text[:1000], 300), smallBlocks(text[1000:], 200)),
		"gzip": join(plain, gzipped(text[700:])),
	} {
		for n := 1; n < len(whole); n++ {
			got, err := readAll(whole[:n], Options{})
			between := name == "gzip" && n == len(plain) || name == "bgzf" && bytes.HasSuffix(whole[:n], eofBlock)
			if (err == nil) != between {
				t.Errorf("%s cut at %d of %d: %v", name, n, len(whole), err)
			}
			if err != nil && fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s cut at %d: %v", name, n, err)
			}
			if !bytes.HasPrefix(text, got) {
				t.Errorf("%s cut at %d: wrong bytes", name, n)
			}
		}
	}
	for n := range len(text) {
		if got, err := readAll(text[:n], Options{}); err != nil || !bytes.Equal(got, text[:n]) {
			t.Errorf("text cut at %d: %v", n, err)
		}
	}
}

// With any bit changed, a BGZF file is refused or reads the same: bits of the header that say nothing may change.
func TestReaderFlippedBits(t *testing.T) {
	text := genomeText(20000)
	whole := smallBlocks(text, 6000)
	rapid.Check(t, func(t *rapid.T) {
		b := bytes.Clone(whole)
		for range rapid.IntRange(1, 3).Draw(t, "flips") {
			b[rapid.IntRange(0, len(b)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		}
		z, err := NewReader(bytes.NewReader(b), "in", Options{})
		if err != nil {
			return
		}
		z.Close()
		if z.Format() != BGZF { // it says it is a text or a gzip file, whose sum comes after the data
			return
		}
		got, err := readAll(b, Options{})
		if !bytes.HasPrefix(text, got) {
			t.Fatal("wrong bytes")
		}
		if err == nil && len(got) != len(text) {
			t.Fatal("bytes are missing, and no error")
		}
	})
}

func FuzzReader(f *testing.F) {
	text := genomeText(2000)
	for _, b := range [][]byte{nil, text, smallBlocks(text, 300), gzipped(text), eofBlock, join(smallBlocks(text, 900), gzipped(text)), otherExtra(text)} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		one, err1 := readAll(data, Options{Workers: 1})
		two, err2 := readAll(data, Options{Workers: 2})
		if !bytes.Equal(one, two) || fmt.Sprint(err1) != fmt.Sprint(err2) {
			t.Fatalf("one worker and two differ: %d and %d bytes, %v and %v", len(one), len(two), err1, err2)
		}
	})
}

func TestReaderErrorOfTheDisk(t *testing.T) {
	text := genomeText(400000)
	broken := errors.New("the disk is gone")
	for name, data := range map[string][]byte{"bgzf": smallBlocks(text, 5000), "gzip": gzipped(text), "text": text} {
		for _, n := range []int{0, 5, 100, len(data) / 2, len(data)} {
			r := io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(broken))
			z, err := NewReader(r, name, Options{Workers: 2})
			var got []byte
			if err == nil {
				got, err = io.ReadAll(z)
				z.Close()
			}
			if !errors.Is(err, broken) || fault.KindOf(err) != fault.Internal {
				t.Errorf("%s after %d bytes: %v", name, n, err)
			}
			if !bytes.HasPrefix(text, got) {
				t.Errorf("%s after %d bytes: wrong bytes", name, n)
			}
		}
	}
}

func TestReaderChunksOutliveTheNextCall(t *testing.T) {
	text := genomeText(7 << 20)
	z, err := NewReader(bytes.NewReader(smallBlocks(text, 60000)), "in", Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var last []byte
	at := 0
	for {
		b, err := z.Next()
		if err != nil {
			break
		}
		if !bytes.Equal(last, text[at-len(last):at]) {
			t.Fatal("the chunk before changed")
		}
		last = b
		at += len(b)
	}
	if at != len(text) {
		t.Fatalf("%d bytes of %d", at, len(text))
	}
}

func TestReaderChunksTaken(t *testing.T) {
	text := genomeText(8 << 20)
	z, err := NewReader(bytes.NewReader(smallBlocks(text, 65000)), "in", Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var group sync.WaitGroup
	at := 0
	for {
		c, err := z.Take()
		if err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		want := text[at : at+len(c.Bytes)]
		at += len(c.Bytes)
		group.Go(func() {
			if !bytes.Equal(c.Bytes, want) {
				t.Error("other bytes")
			}
			c.Release()
		})
	}
	group.Wait()
	if at != len(text) {
		t.Fatalf("%d bytes of %d", at, len(text))
	}
}

func TestReaderLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	data := smallBlocks(genomeText(6<<20), 65000)
	bad := bytes.Clone(data)
	bad[len(bad)/2] ^= 1
	for _, data := range [][]byte{data, bad, gzipped(genomeText(3 << 20)), genomeText(3 << 20)} {
		for _, reads := range []int{0, 1, 5} {
			z, err := NewReader(bytes.NewReader(data), "in", Options{Workers: 3})
			if err != nil {
				t.Fatal(err)
			}
			for range reads {
				_, _ = z.Next()
			}
			z.Close()
			z.Close()
			if _, err := z.Next(); err == nil {
				t.Fatal("read after Close")
			}
		}
	}
	for range 100 { // a goroutine that has called Done may not be gone yet
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

// Every gzip and BGZF file of the repository reads as the standard library reads it, whole or not.
func TestReaderCorpus(t *testing.T) {
	files := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && d.Name() == ".git" {
				return fs.SkipDir
			}
			return err
		}
		if !slices.Contains([]string{".gz", ".bgz", ".tbi", ".csi"}, filepath.Ext(path)) {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		want, werr := sum(gzip.NewReader(bytes.NewReader(data)))
		got, gerr := sum(NewReader(bytes.NewReader(data), path, Options{Workers: 2, AllowNoEOF: true}))
		if (gerr == nil) != (werr == nil) || gerr == nil && got != want {
			t.Errorf("%s: %v, %v; the standard library has %v, %v", path, got, gerr, want, werr)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	t.Logf("%d files", files)
}

// sum reads all of r, and gives its length and a sum of it.
func sum[R io.ReadCloser](r R, err error) (s struct{ size, crc int64 }, _ error) {
	if err != nil {
		return s, err
	}
	defer r.Close()
	b := make([]byte, 1<<20)
	for {
		n, err := r.Read(b)
		s.size += int64(n)
		s.crc = int64(crc32.Update(uint32(s.crc), crc32.MakeTable(crc32.Castagnoli), b[:n]))
		if err == io.EOF {
			return s, nil
		} else if err != nil {
			return s, err
		}
	}
}

// BenchmarkReader reads a file (SAMVERK_BGZF names one; a made one else) and compares nothing: bgzip -dc is beside it.
func BenchmarkReader(b *testing.B) {
	name := os.Getenv("SAMVERK_BGZF")
	var data []byte
	if name == "" {
		data = packed(b, genomeText(32<<20), WriterOptions{})
	}
	for workers := 1; workers <= 2; workers++ {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			for b.Loop() {
				var in io.Reader = bytes.NewReader(data)
				if name != "" {
					f, err := os.Open(name)
					if err != nil {
						b.Fatal(err)
					}
					defer f.Close()
					in = f
				}
				z, err := NewReader(in, name, Options{Workers: workers})
				if err != nil {
					b.Fatal(err)
				}
				n, err := io.Copy(io.Discard, z)
				if err != nil {
					b.Fatal(err)
				}
				z.Close()
				b.SetBytes(n)
			}
		})
	}
}
