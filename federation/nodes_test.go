package federation

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/samverk/samverk/internal/testkit"
)

// Two nodes meet, ask each other, part.
func TestMeetAskPart(t *testing.T) {
	testkit.EachDatabase(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		met := make(chan Peer, 10)
		north := newNode(t, dsn, "north", Options{Met: func(_ context.Context, p Peer) { met <- p }})
		south := newNode(t, testkit.SQLite(t), "south", Options{Status: func(context.Context) Status { return Status{Software: "1.2", Holds: true, Epoch: 7} }})
		_, err := north.Call(ctx, "south", "echo", nil, 100)
		north.says(err, "federation.peer")
		text, err := north.Invite(ctx)
		north.must(err)
		v, err := ReadInvitation(text[:20] + "\n " + text[20:])
		north.must(err)
		if me, _ := north.Self(); v.From.Fingerprint() != me.Fingerprint() || v.From.Title != "Region north" {
			t.Errorf("the invitation is from %+v", v.From)
		}
		p, err := south.Join(ctx, text)
		south.must(err)
		if p.State != Waits || p.Name != "north" {
			t.Errorf("joined: %+v", p)
		}
		north.state("south", Asks)
		_, err = north.Call(ctx, "south", "echo", nil, 100)
		north.says(err, "federation.state")
		_, err = south.Call(ctx, "north", "echo", nil, 100)
		south.says(err, "federation.state")
		i, _ := south.Self()
		north.says(north.Approve(ctx, "south", "0000 1111"), "federation.fingerprint")
		north.must(north.Approve(ctx, "south", i.Fingerprint()))
		south.Announce(ctx)
		south.state("north", Approved)
		if p := <-met; p.Name != "south" || p.Said.Epoch != 7 && p.LastContact.IsZero() {
			t.Errorf("met %+v", p)
		}
		north.Announce(ctx)
		if p, _ := north.Peer("south"); !p.Said.Holds || p.Said.Epoch != 7 || p.Protocol != 1 || p.LastContact.IsZero() || p.Trouble != "" {
			t.Errorf("south is known as %+v", p)
		}
		for _, each := range []struct{ from, to *node }{{north, south}, {south, north}} {
			me, _ := each.from.Self()
			it, _ := each.to.Self()
			b, err := each.from.Call(ctx, it.Name, "echo", []byte("hello"), 100)
			if each.from.must(err); string(b) != me.Name+": hello" {
				t.Errorf("%q", b)
			}
			each.from.again()
			b, err = each.from.Call(ctx, it.Name, "echo", []byte("again"), 100)
			if each.from.must(err); string(b) != me.Name+": again" {
				t.Errorf("%q", b)
			}
		}
		if a, b := north.Pseudonym("south", "p1"), north.Pseudonym("other", "p1"); a == b || a != north.Pseudonym("south", "p1") || a == south.Pseudonym("south", "p1") {
			t.Error("pseudonyms aren't each peer's own")
		}
		north.says(north.Revoke(ctx, "south", ""), "federation.why")
		north.must(north.Revoke(ctx, "south", "the machine was stolen"))
		_, err = north.Call(ctx, "south", "echo", nil, 100)
		north.says(err, "federation.state")
		_, err = south.Call(ctx, "north", "echo", nil, 100)
		south.says(err, "federation.revoked")
		south.Announce(ctx)
		if p, _ := south.Peer("north"); p.Trouble != "federation.revoked" {
			t.Errorf("south wasn't told: %+v", p)
		}
	})
}

// Over TLS a certificate is believed as browsers do: one of nobody's isn't; with one that is, nodes speak HTTP/2 to each other.
func TestTLS(t *testing.T) {
	ctx := t.Context()
	protocol := make(chan string, 100)
	south := newNode(t, testkit.SQLite(t), "south", Options{})
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { protocol <- r.Proto; south.ServeHTTP(w, r) }))
	front.EnableHTTP2 = true
	front.StartTLS()
	t.Cleanup(front.Close)
	i, _ := south.Self()
	i.URL = front.URL
	south.must(south.Init(ctx, i))
	text := must(south.Invite(ctx))(t)
	doubting := newNode(t, testkit.SQLite(t), "doubting", Options{})
	_, err := doubting.Join(ctx, text)
	doubting.says(err, "federation.unreachable")
	trusting := client()
	trusting.Transport.(*http.Transport).TLSClientConfig.RootCAs = front.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	north := newNode(t, testkit.SQLite(t), "north", Options{Client: trusting})
	south.meets(north)
	b, err := north.Call(ctx, "south", "echo", []byte("hello"), 100)
	if north.must(err); string(b) != "north: hello" {
		t.Errorf("%q", b)
	}
	if p := <-protocol; p != "HTTP/2.0" {
		t.Errorf("by %s", p)
	}
}
