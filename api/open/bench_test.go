package open

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/samverk/samverk/internal/testnode"
)

// BenchmarkQuery asks about one variant over loopback, on connections that are kept, with a client on the same
// machine that does no more than it must. The figure to look at is questions/s.
func BenchmarkQuery(b *testing.B) {
	server := httptest.NewServer(newTable(b, testnode.Full(b).Desk))
	defer server.Close()
	address := server.Listener.Addr().String()
	b.ReportAllocs()
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		c, err := net.Dial("tcp", address)
		if err != nil {
			b.Error(err)
			return
		}
		defer c.Close()
		in := bufio.NewReaderSize(c, 4096)
		request := []byte("GET /api/v1/query?purpose=care&variant=" + testnode.Carried + " HTTP/1.1\r\nHost: " + address + "\r\n\r\n")
		for pb.Next() {
			if _, err := c.Write(request); err != nil {
				b.Error(err)
				return
			}
			if err := skipAnswer(in); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "questions/s")
}

// skipAnswer reads one answer with a Content-Length and wants a 200.
func skipAnswer(in *bufio.Reader) error {
	length := 0
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !strings.HasPrefix(string(line), "HTTP/1.1 200 ") {
			return fmt.Errorf("%s", line)
		}
		if len(line) <= 2 {
			break
		}
		if name := "Content-Length: "; len(line) > len(name) && string(line[:len(name)]) == name {
			if length, err = strconv.Atoi(strings.TrimSpace(string(line[len(name):]))); err != nil {
				return err
			}
		}
	}
	_, err := in.Discard(length)
	return err
}

// BenchmarkHandler is the same without the network: what our own code costs.
func BenchmarkHandler(b *testing.B) {
	table := newTable(b, testnode.Full(b).Desk)
	r := httptest.NewRequest("GET", "/api/v1/query?purpose=care&variant="+testnode.Carried, nil)
	r.Host = "localhost"
	w := &nowhere{h: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		table.ServeHTTP(w, r)
	}
}

type nowhere struct{ h http.Header }

func (n *nowhere) Header() http.Header         { return n.h }
func (n *nowhere) Write(p []byte) (int, error) { return io.Discard.Write(p) }
func (n *nowhere) WriteHeader(int)             {}
