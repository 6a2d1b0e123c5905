package bgzf

import (
	"bytes"
	"compress/flate"
	"math/rand"
	"testing"
)

func TestQuick(t *testing.T) {
	var inf inflater
	for i := 0; i < 2000; i++ {
		r := rand.New(rand.NewSource(int64(i)))
		n := r.Intn(65537)
		b := make([]byte, n)
		a := 1 + r.Intn(256)
		if i%3 == 0 {
			a = 1 + r.Intn(6)
		}
		for j := range b {
			if j > 20 && r.Intn(10) > 3 {
				b[j] = b[j-1-r.Intn(20)]
			} else {
				b[j] = byte(r.Intn(a) * r.Intn(a))
			}
		}
		var c bytes.Buffer
		w, _ := flate.NewWriter(&c, i%12-2)
		w.Write(b[:n/2])
		if i%5 == 0 {
			w.Flush()
		}
		w.Write(b[n/2:])
		w.Close()
		to := c.Len()
		src := append(c.Bytes(), make([]byte, inSlack)...)
		dst := make([]byte, n+outSlack)
		if err := inf.inflate(dst, 0, n, src, 0, to); err != nil {
			t.Fatal(i, n, err)
		}
		if !bytes.Equal(dst[:n], b) {
			t.Fatal(i, "differ")
		}
	}
}
