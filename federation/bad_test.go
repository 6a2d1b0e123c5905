package federation

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/internal/testkit"
)

// wire is a request as north sends it to south.
func (n *node) wire(to *node, path string, body []byte) []byte {
	n.Helper()
	r, err := http.NewRequestWithContext(n.Context(), http.MethodPost, to.server.URL+Prefix+path, nil)
	n.must(err)
	o := n.self.Load()
	_, err = n.signer(o, "", 1).Request(r, body)
	n.must(err)
	var b bytes.Buffer
	n.must(r.Write(&b))
	return b.Bytes()
}

// answers gives what a node says to bytes as they come in; 0 where net/http itself refuses them.
func (n *node) answers(wire []byte) (status int, p problem) {
	n.Helper()
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(wire)))
	if err != nil || !strings.HasPrefix(r.URL.Path, Prefix) || r.Method != http.MethodPost {
		return 0, p // the table of routes sends it elsewhere
	}
	w := httptest.NewRecorder()
	n.ServeHTTP(w, r.WithContext(n.Context()))
	if w.Code != http.StatusOK {
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != w.Code || p.Type == "" || p.Detail == "" || w.Header().Get("Content-Type") != problemType {
			n.Errorf("%d: %q is no problem", w.Code, w.Body.Bytes())
		}
	}
	return w.Code, p
}

// Bad requests, each refused with its problem.
func TestBadRequests(t *testing.T) {
	north, south := pair(t)
	stranger := newNode(t, testkit.SQLite(t), "stranger", Options{})
	body := []byte("hello")
	good := north.wire(south, "echo", body)
	if status, p := south.answers(good); status != 200 {
		t.Fatalf("a good one is refused: %d %+v", status, p)
	}
	old := north.wire(south, "echo", body)
	for name, bad := range map[string]struct {
		wire   func() []byte
		status int
		code   string
	}{
		"replayed":       {func() []byte { return good }, 403, "message.replay"},
		"foreign-signed": {func() []byte { return stranger.wire(south, "echo", body) }, 403, "message.stranger"},
		"for another":    {func() []byte { return north.wire(stranger, "echo", body) }, 403, "message.signature"},
		"to elsewhere": {func() []byte {
			return bytes.Replace(north.wire(south, "echo", body), []byte("/echo"), []byte("/hello"), 1)
		}, 403, "message.signature"},
		"nowhere": {func() []byte { return north.wire(south, "nothing", body) }, 404, "federation.path"},
		"changed": {func() []byte {
			return bytes.Replace(north.wire(south, "echo", body), []byte("\r\n\r\nhello"), []byte("\r\n\r\nhallo"), 1)
		}, 403, "message.signature"},
		"oversized": {func() []byte { return north.wire(south, "echo", make([]byte, 1<<20+1)) }, 400, "message.large"},
		"too long": {func() []byte {
			return bytes.Replace(north.wire(south, "echo", body), []byte("Content-Length: 5"), []byte("Content-Length: 9000000"), 1)
		}, 400, "message.large"},
		"cut": {func() []byte {
			return bytes.Replace(north.wire(south, "echo", body), []byte("Content-Length: 5"), []byte("Content-Length: 9000"), 1)
		}, 503, "message.cut"},
		"unsigned": {func() []byte {
			return []byte("POST /federation/echo HTTP/1.1\r\nHost: x\r\nSamverk-Protocol: 1\r\nContent-Length: 5\r\n\r\nhello")
		}, 403, "message.signature"},
		"another version": {func() []byte {
			return bytes.Replace(north.wire(south, "echo", body), []byte("Samverk-Protocol: 1"), []byte("Samverk-Protocol: 7"), 1)
		}, 400, "message.version"},
		"expired":   {func() []byte { south.clock.add(3*time.Minute + 30*time.Second); return old }, 403, "message.clock"},
		"uninvited": {func() []byte { return north.wire(south, "join?abc", body) }, 403, "federation.invitation"},
	} {
		if name != "expired" {
			south.clock.ahead = 0
		}
		status, p := south.answers(bad.wire())
		if status != bad.status || p.Code != bad.code || fault.Kind(slices.Index(statuses[:], status)).String() != p.Kind { //nolint:gosec // an index
			t.Errorf("%s: %d %q (%s, %s), not %d %q", name, status, p.Code, p.Kind, p.Detail, bad.status, bad.code)
		}
	}
}

// Ten thousand changed requests: each is refused or does what was asked once, and nothing stays in memory.
func TestMutatedRequests(t *testing.T) {
	count := 1000
	if os.Getenv("SAMVERK_LONG") == "1" {
		count = 10_000
	}
	north, south := pair(t)
	var done atomic.Int64
	south.Handle("count", 100, func(_ context.Context, _ Peer, body []byte) ([]byte, error) {
		if string(body) != "one question" {
			t.Errorf("asked %q", body)
		}
		done.Add(1)
		return nil, nil
	})
	random := rand.New(rand.NewPCG(5, 22)) //nolint:gosec // a test's
	mutate := func(b []byte) []byte {
		b = slices.Clone(b)
		for range 1 + random.IntN(3) {
			switch at := random.IntN(len(b)); random.IntN(6) {
			case 0:
				b[at] ^= byte(1 << random.IntN(8))
			case 1:
				b[at] = byte(random.Uint32())
			case 2:
				b = slices.Delete(b, at, min(at+1+random.IntN(20), len(b)))
			case 3:
				b = slices.Insert(b, at, b[random.IntN(at+1):at]...)
			case 4:
				b = b[:at+1]
			case 5: // a line twice, or gone
				lines := bytes.SplitAfter(b, []byte("\r\n"))
				i := random.IntN(len(lines))
				if random.IntN(2) == 0 {
					lines = slices.Insert(lines, i, lines[random.IntN(len(lines))])
				} else {
					lines = slices.Delete(lines, i, i+1)
				}
				b = bytes.Join(lines, nil)
			}
		}
		return b
	}
	codes := map[string]int{}
	before := heap()
	fresh := 0
	for i := range count {
		good := north.wire(south, "count", []byte("one question"))
		was := done.Load()
		status, p := south.answers(mutate(good))
		switch {
		case status == 200:
			fresh++
			if done.Load() != was+1 {
				t.Fatalf("answered, and done %d times", done.Load()-was)
			}
			if status, p := south.answers(good); status != 403 || p.Code != "message.replay" {
				t.Fatalf("what was changed in passing is taken again: %d %s", status, p.Code)
			}
		case done.Load() != was:
			t.Fatalf("refused and done (%d %s)", status, p.Code)
		}
		codes[fmt.Sprint(status, " ", p.Code)]++
		for _, c := range p.Code {
			if c == ' ' {
				t.Fatalf("request %d: code %q", i, p.Code)
			}
		}
	}
	t.Logf("%d changed, %d of them where nothing is signed; answers: %v", count, fresh, codes)
	if grown := heap() - before; grown > 16<<20 {
		t.Errorf("%d KiB are kept", grown>>10)
	}
	for code := range codes {
		if strings.HasPrefix(code, "500") || strings.HasSuffix(code, " ") && code != "0 " && code != "200 " {
			t.Errorf("a changed request is answered with %s", code)
		}
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // fits
}

// Who sends a body byte by byte, or asks more than its share at once, is cut off, and others are answered meanwhile.
func TestSlowAndGreedyAskers(t *testing.T) {
	ctx := t.Context()
	south := newNode(t, testkit.SQLite(t), "south", Options{Patience: 200 * time.Millisecond})
	release := make(chan struct{})
	var inside atomic.Int64
	south.Handle("wait", 4<<20, func(context.Context, Peer, []byte) ([]byte, error) {
		inside.Add(1)
		<-release
		return nil, nil
	})
	south.Handle("tiny", 10, func(_ context.Context, _ Peer, b []byte) ([]byte, error) { return b, nil })
	north, west := newNode(t, testkit.SQLite(t), "north", Options{}), newNode(t, testkit.SQLite(t), "west", Options{})
	south.meets(north)
	south.meets(west)

	// Headers and the beginning of a body, and then a byte now and then: the connection ends.
	var wires [50][]byte
	for i := range wires {
		wires[i] = north.wire(south, "tiny", []byte("0123456789"))
	}
	var all sync.WaitGroup
	for i := range wires {
		all.Add(1)
		go func() {
			defer all.Done()
			c, err := net.Dial("tcp", strings.TrimPrefix(south.server.URL, "http://"))
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			_, _ = c.Write(wires[i][:len(wires[i])-10])
			began := time.Now()
			go func() {
				for range 9 {
					time.Sleep(300 * time.Millisecond)
					if _, err := c.Write([]byte("x")); err != nil {
						return
					}
				}
			}()
			_ = c.SetReadDeadline(began.Add(20 * time.Second))
			b, err := io.ReadAll(c)
			if err != nil && !strings.Contains(err.Error(), "reset") || time.Since(began) > 10*time.Second || bytes.Contains(b, []byte("200 OK")) {
				t.Errorf("%q after %s: %v", b, time.Since(began), err)
			}
		}()
	}
	if _, err := west.Call(ctx, "south", "echo", []byte("meanwhile"), 100); err != nil {
		t.Error(err)
	}
	all.Wait()

	// More at once than one's share: some wait in the handler, the rest are told to come again, and west is answered.
	before := heap()
	refused := make(chan error, 200)
	for range 200 {
		all.Add(1)
		go func() {
			defer all.Done()
			_, _, err := north.Nodes.send(ctx, target{"south", south.server.URL, func(string) bool { return true }}, "wait", north.signer(north.self.Load(), "", 1), north.verifier, make([]byte, 2<<20), 100)
			if err != nil {
				refused <- err
			}
		}()
	}
	for deadline := time.Now().Add(30 * time.Second); len(refused) < 200-mostHeld>>21 && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	if n := inside.Load(); n > mostAtOnce || n > mostHeld>>21 || n == 0 {
		t.Errorf("%d requests of 2 MiB are worked on at the same time", n)
	}
	if _, err := west.Call(ctx, "south", "echo", []byte("meanwhile"), 100); err != nil {
		t.Error(err)
	}
	t.Logf("%d inside, %d refused, %d MiB more", inside.Load(), len(refused), (heap()-before)>>20)
	close(release)
	all.Wait()
	close(refused)
	for err := range refused {
		if codeOf(err) != "message.often" && codeOf(err) != "federation.unreachable" {
			t.Errorf("refused with %v", err)
		}
	}
	if _, err := north.Call(ctx, "south", "echo", []byte("afterwards"), 100); err != nil {
		t.Error(err)
	}
}

// Who answers slowly, too much, or otherwise than nodes do, is named, in bounded time and memory.
func TestBadAnswerers(t *testing.T) {
	south := newNode(t, testkit.SQLite(t), "south", Options{})
	echo := south.server.Config.Handler
	var answer atomic.Pointer[http.HandlerFunc]
	through := func(h http.HandlerFunc) { answer.Store(&h) }
	through(echo.ServeHTTP)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*answer.Load())(w, r) }))
	t.Cleanup(front.Close)
	// north reaches south through something between.
	between := client()
	between.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, strings.TrimPrefix(front.URL, "http://"))
	}
	north := newNode(t, testkit.SQLite(t), "north", Options{Client: between})
	south.meets(north)
	p := north.peers.Load().names["south"]
	ask := func(code string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, _, err := north.call(ctx, p, "echo", []byte("hello"), 1000, 1)
		north.says(err, code)
		if d := time.Since(began); d > 5*time.Second {
			t.Errorf("%s after %s", code, d)
		}
	}
	seen := func(change func(h http.Header, body []byte) (int, []byte)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			rec := httptest.NewRecorder()
			echo.ServeHTTP(rec, r)
			for k, v := range rec.Header() {
				w.Header()[k] = v
			}
			status, body := change(w.Header(), rec.Body.Bytes())
			if status == 0 {
				status = rec.Code
			}
			w.Header().Del("Content-Length")
			w.WriteHeader(status)
			_, _ = w.Write(body)
		}
	}
	through(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	ask("federation.unreachable")
	through(func(w http.ResponseWriter, r *http.Request) { // a byte now and then
		_, _ = io.Copy(io.Discard, r.Body)
		for i := 0; r.Context().Err() == nil && i < 100; i++ {
			_, _ = w.Write([]byte("{"))
			_ = http.NewResponseController(w).Flush()
			time.Sleep(50 * time.Millisecond)
		}
	})
	ask("federation.late")
	through(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() })
	ask("federation.late")
	through(func(w http.ResponseWriter, r *http.Request) {
		for i := range 2_000 {
			w.Header().Set(fmt.Sprintf("X-%d", i), "long")
		}
	})
	ask("federation.unreachable")
	through(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	ask("federation.unreachable")
	through(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/", http.StatusTemporaryRedirect)
	})
	ask("federation.unreachable")
	through(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("12 people")) })
	ask("federation.unreachable")
	through(seen(func(_ http.Header, _ []byte) (int, []byte) { return 0, []byte("south: 12 people") }))
	ask("message.signature")
	through(seen(func(_ http.Header, b []byte) (int, []byte) { return http.StatusForbidden, b }))
	ask("message.signature")
	through(seen(func(h http.Header, b []byte) (int, []byte) { h.Set("Samverk-Protocol", "2"); return 0, b }))
	ask("message.version")
	through(seen(func(h http.Header, b []byte) (int, []byte) { h.Set("Samverk-Answers", "another"); return 0, b }))
	ask("message.signature")
	through(seen(func(_ http.Header, b []byte) (int, []byte) { return 0, slices.Concat(b, make([]byte, 1000)) }))
	ask("message.large")
	before := heap()
	through(seen(func(_ http.Header, _ []byte) (int, []byte) { return 0, make([]byte, 64<<20) }))
	ask("message.large")
	if grown := heap() - before; grown > 80<<20 {
		t.Errorf("%d MiB are kept of an answer that is too large", grown>>20)
	}
	through(echo.ServeHTTP)
	ask("")
}

// A fault of the peer is a fault here, with its kind and its sentence.
func TestFaultsCross(t *testing.T) {
	north, south := pair(t)
	var give error
	south.Handle("fail", 100, func(context.Context, Peer, []byte) ([]byte, error) { return nil, give })
	for _, want := range []*fault.Error{
		fault.New(fault.Denied, "no policy allows it").Say("policy.denied"),
		fault.New(fault.Invalid, "a bad position").Say("answer.position", 17, "chr22").Do("write chr22-17-A-C"),
		fault.New(fault.Conflict, "another").Say("x.y"), fault.New(fault.NotFound, "none"), fault.New(fault.Unavailable, "later").Say("a.b", true),
	} {
		give = want
		_, err := north.Call(t.Context(), "south", "fail", nil, 100)
		got, ok := err.(*fault.Error) //nolint:errorlint // a fault as it is made
		if !ok || got.Kind != want.Kind || got.Code != want.Code || got.What != want.What || got.Hint != want.Hint || fmt.Sprint(got.Args) != fmt.Sprint(want.Args) {
			t.Errorf("%+v became %+v", want, got)
		}
	}
	give = os.ErrPermission // names a file
	_, err := north.Call(t.Context(), "south", "fail", nil, 100)
	if north.says(err, "federation.failed"); fault.KindOf(err) != fault.Internal || strings.Contains(err.Error(), "permission") {
		t.Errorf("%v", err)
	}
}
