package bgzf

import (
	"hash/crc32"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestBigFile(t *testing.T) {
	p := os.Getenv("BGZF_FILE")
	if p == "" {
		t.Skip()
	}
	f, _ := os.Open(p)
	defer f.Close()
	w := 2
	if os.Getenv("W") == "1" {
		w = 1
	}
	t0 := time.Now()
	z, err := NewReader(f, p, Options{Workers: w})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	var c uint32
	for {
		b, err := z.Next()
		if err != nil {
			if err.Error() != "EOF" {
				t.Fatal(err)
			}
			break
		}
		n += len(b)
		if os.Getenv("CRC") != "" {
			c = crc32.Update(c, crc32.IEEETable, b)
		}
	}
	d := time.Since(t0)
	var ru syscall.Rusage
	syscall.Getrusage(0, &ru)
	t.Logf("%d bytes %08x wall %v  %.0f MB/s; cpu %.2f+%.2f rss %d", n, c, d, float64(n)/1e6/d.Seconds(), float64(ru.Utime.Nano())/1e9, float64(ru.Stime.Nano())/1e9, ru.Maxrss)
}
