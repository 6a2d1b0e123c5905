package federation

import (
	"context"
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"github.com/samverk/samverk/fault"
	"github.com/samverk/samverk/federation/message"
	"github.com/samverk/samverk/internal/testkit"
)

// A revocation is obeyed by the very next message, in both directions, and by what is under way.
func TestRevokedUnderWay(t *testing.T) {
	for name, who := range map[string]func(north, south *node) (revokes *node, whom string){
		"by who answers": func(_, south *node) (*node, string) { return south, "north" },
		"by who asks":    func(north, _ *node) (*node, string) { return north, "south" },
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			south := newNode(t, testkit.SQLite(t), "south", Options{})
			arrived, answer := make(chan struct{}), make(chan struct{})
			south.Handle("slow", 100, func(context.Context, Peer, []byte) ([]byte, error) {
				close(arrived)
				<-answer
				return []byte("what nobody may have"), nil
			})
			north := newNode(t, testkit.SQLite(t), "north", Options{})
			north.meets(south)
			got := make(chan error)
			go func() {
				b, err := north.Call(ctx, "south", "slow", nil, 100)
				if err == nil {
					t.Errorf("answered %q", b)
				}
				got <- err
			}()
			<-arrived
			revokes, whom := who(north, south)
			revokes.must(revokes.Revoke(ctx, whom, "a test"))
			close(answer)
			if err := <-got; fault.KindOf(err) != fault.Denied {
				t.Errorf("refused with %v", err)
			}
			for _, each := range []struct {
				n    *node
				peer string
			}{{north, "south"}, {south, "north"}} {
				if _, err := each.n.Call(ctx, each.peer, "echo", nil, 100); fault.KindOf(err) != fault.Denied {
					t.Errorf("%s is refused with %v", each.peer, err)
				}
			}
			// Invited anew, they are peers again: with the same key, or with another.
			other := north
			if revokes == north {
				other = south
			}
			i, _ := revokes.Self()
			other.must(other.Revoke(ctx, i.Name, "a test"))
			revokes.meets(other)
		})
	}
}

// A peer whose log was changed is neither asked nor answered until the operator says so.
func TestForked(t *testing.T) {
	ctx := t.Context()
	north, south := pair(t)
	north.must(north.Fork(ctx, "south", "two checkpoints of 17 leaves"))
	_, err := north.Call(ctx, "south", "echo", nil, 100)
	north.says(err, "federation.state")
	_, err = south.Call(ctx, "north", "echo", nil, 100)
	south.says(err, "federation.forked")
	north.again()
	north.state("south", Forked)
	i, _ := south.Self()
	north.must(north.Approve(ctx, "south", i.KeyID()))
	_, err = south.Call(ctx, "north", "echo", nil, 100)
	south.must(err)
}

// A new key, announced under the old one: a peer that was away for less than a day catches up, one that was away longer doesn't.
func TestRotation(t *testing.T) {
	ctx := t.Context()
	north, south := pair(t)
	west, east := newNode(t, testkit.SQLite(t), "west", Options{}), newNode(t, testkit.SQLite(t), "east", Options{})
	north.meets(west)
	north.meets(east)
	all := []*node{north, south, west, east}
	ask := func(from *node, to string) {
		t.Helper()
		if _, err := from.Call(ctx, to, "echo", nil, 100); err != nil {
			t.Errorf("%s: %v", to, err)
		}
	}
	old, _ := north.Self()
	west.gone.Store(true)
	east.gone.Store(true)
	north.must(north.Rotate(ctx))
	north.says(north.Rotate(ctx), "federation.rotating")
	now, _ := north.Self()
	if KeyID(now.Next) == old.KeyID() || now.KeyID() != old.KeyID() {
		t.Error("no other key is announced")
	}
	if _, told, waiting := north.Rotating(); !slices.Equal(told, []string{"south"}) || !slices.Equal(waiting, []string{"east", "west"}) {
		t.Errorf("told %v, not %v", told, waiting)
	}
	// Both keys are good: south knows the new one, east and west the old one alone, and all can be asked and ask.
	if p, _ := south.Peer("north"); KeyID(p.Next) != KeyID(now.Next) {
		t.Error("south doesn't know the new key")
	}
	ask(north, "south")
	ask(south, "north")
	ask(west, "north")
	for _, n := range all {
		n.clock.add(23 * time.Hour)
	}
	north.again()
	south.again()
	// Who joins meanwhile learns the new key alone.
	late := newNode(t, testkit.SQLite(t), "late", Options{})
	late.clock.add(23 * time.Hour)
	north.meets(late)
	if p, _ := late.Peer("north"); p.KeyID() != KeyID(now.Next) {
		t.Error("late knows a key that goes")
	}
	west.gone.Store(false)
	north.Announce(ctx)
	ask(west, "north")
	ask(north, "west")
	for _, n := range append(all, late) {
		n.clock.add(2 * time.Hour)
	}
	// The day is over. South hasn't had a turn, and refuses the old key all the same.
	if k, ok := south.keyOf(old.KeyID()); ok {
		t.Errorf("the old key %x is accepted after its day", k)
	}
	north.must(north.turn(ctx))
	if i, _ := north.Self(); i.KeyID() != KeyID(now.Next) || len(i.Next) != 0 || north.self.Load().secrets.Next != nil {
		t.Error("the new key hasn't taken the place of the old")
	}
	for _, n := range []*node{south, west, late} {
		ask(north, nameOf(n))
		ask(n, "north")
		n.must(n.turn(ctx))
		if p, _ := n.Peer("north"); p.KeyID() != KeyID(now.Next) || len(p.Next) != 0 {
			t.Errorf("%s holds %+v", nameOf(n), p.Identity)
		}
		ask(n, "north")
	}
	east.gone.Store(false)
	north.Announce(ctx)
	if p, _ := north.Peer("east"); p.Trouble != "message.stranger" {
		t.Errorf("east: %q", p.Trouble)
	}
	_, err := east.Call(ctx, "north", "echo", nil, 100) // it knows the old key alone, by which nothing is signed any more
	east.says(err, "message.signature")
	// And once more, while south is as it was left.
	north.must(north.Rotate(ctx))
	ask(south, "north")
	north.again()
	ask(north, "south")
}

func nameOf(n *node) string { i, _ := n.Self(); return i.Name }

// An announcement that isn't signed as it has to be, or that comes too late, changes nothing.
func TestForgedRotation(t *testing.T) {
	north, south := pair(t)
	i, _ := north.Self()
	other, err := makeKey(rand.Reader)
	south.must(err)
	p := south.peers.Load().names["north"]
	now := south.clock.now()
	good := rotation{Next: public(other.key()), At: now.Truncate(time.Second)}
	text := good.text("north", i.KeyID())
	sign := func(k *secrets) []byte { return signed(k, text) }
	for name, r := range map[string]rotation{
		"signed by itself":   {good.Next, good.At, sign(other), sign(other)},
		"not proved":         {good.Next, good.At, sign(north.self.Load().secrets), sign(north.self.Load().secrets)},
		"of another day":     {good.Next, good.At.Add(-25 * time.Hour), sign(north.self.Load().secrets), sign(other)},
		"of tomorrow":        {good.Next, good.At.Add(time.Hour), sign(north.self.Load().secrets), sign(other)},
		"of nothing":         {nil, good.At, nil, nil},
		"of somebody else's": {public(south.self.Load().key), good.At, sign(north.self.Load().secrets), sign(other)},
	} {
		if err := r.check(p, now); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	good.Signed, good.Proved = sign(north.self.Load().secrets), sign(other)
	south.must(good.check(p, now))
}

// Nodes of neighbouring versions work together in the newest that both speak, which is signed; others are named.
func TestNeighbouringVersions(t *testing.T) {
	ctx := t.Context()
	speaking := func(name string, oldest, newest int) *node {
		return newNode(t, testkit.SQLite(t), name, Options{Speaks: message.Versions{Oldest: oldest, Newest: newest}})
	}
	one, two := speaking("one", 1, 1), speaking("two", 1, 2)
	one.meets(two)
	protocol := func(n *node, peer string, want int) {
		t.Helper()
		if p, _ := n.Peer(peer); p.Protocol != want {
			t.Errorf("%s speaks version %d with %s, not %d", nameOf(n), p.Protocol, peer, want)
		}
	}
	ask := func(from, to *node, code string) {
		t.Helper()
		_, err := from.Call(ctx, nameOf(to), "echo", nil, 100)
		from.says(err, code)
	}
	protocol(two, "one", 1)
	protocol(one, "two", 1)
	ask(one, two, "")
	ask(two, one, "")
	three := speaking("three", 2, 3)
	two.meets(three)
	protocol(two, "three", 2)
	ask(two, three, "")
	ask(three, two, "")
	text, err := three.Invite(ctx)
	three.must(err)
	_, err = one.Join(ctx, text)
	one.says(err, "federation.version")
	// One is upgraded past the other: it is named. Then the other follows, and neither has to be told.
	one.with.Speaks = message.Versions{Oldest: 3, Newest: 4}
	one.again()
	ask(one, two, "federation.version")
	ask(two, one, "message.version")
	one.Announce(ctx)
	two.Announce(ctx)
	for _, n := range []struct {
		*Nodes
		peer string
	}{{one.Nodes, "two"}, {two.Nodes, "one"}} {
		if p, _ := n.Peer(n.peer); p.Trouble != "message.version" {
			t.Errorf("the trouble with %s is %q", n.peer, p.Trouble)
		}
	}
	two.with.Speaks = message.Versions{Oldest: 2, Newest: 3}
	two.again()
	one.Announce(ctx)
	two.Announce(ctx)
	protocol(one, "two", 3)
	protocol(two, "one", 3)
	ask(one, two, "")
	ask(two, one, "")
}

// A clock that is a day wrong is named by both sides, and questions are refused for it.
func TestClockADayWrong(t *testing.T) {
	for _, by := range []time.Duration{24 * time.Hour, -24 * time.Hour} {
		ctx := t.Context()
		north, south := pair(t)
		south.clock.add(by)
		_, err := north.Call(ctx, "south", "echo", nil, 100)
		north.says(err, "message.clock")
		_, err = south.Call(ctx, "north", "echo", nil, 100)
		south.says(err, "message.clock")
		north.Announce(ctx)
		south.Announce(ctx)
		p, _ := north.Peer("south")
		q, _ := south.Peer("north")
		if p.Trouble != "message.clock" || q.Trouble != "message.clock" || (p.Apart-by).Abs() > time.Minute || (q.Apart+by).Abs() > time.Minute {
			t.Errorf("by %s: %q %s, %q %s", by, p.Trouble, p.Apart, q.Trouble, q.Apart)
		}
		south.clock.add(-by)
		north.Announce(ctx)
		if p, _ := north.Peer("south"); p.Trouble != "" || p.Apart.Abs() > time.Minute {
			t.Errorf("after it was set right: %q %s", p.Trouble, p.Apart)
		}
	}
}

// An invitation is used once, by one node, before it expires; and not by who is somebody else's namesake.
func TestInvitations(t *testing.T) {
	ctx := t.Context()
	north, south := newNode(t, testkit.SQLite(t), "north", Options{}), newNode(t, testkit.SQLite(t), "south", Options{})
	invite := func() string {
		t.Helper()
		text, err := north.Invite(ctx)
		north.must(err)
		return text
	}
	text := invite()
	_, err := north.Join(ctx, text)
	north.says(err, "federation.self")
	_, err = south.Join(ctx, text)
	south.must(err)
	_, err = south.Join(ctx, text) // the answer may have been lost
	south.must(err)
	other := newNode(t, testkit.SQLite(t), "other", Options{})
	_, err = other.Join(ctx, text)
	other.says(err, "federation.invitation")
	namesake := newNode(t, testkit.SQLite(t), "south", Options{})
	_, err = namesake.Join(ctx, invite())
	namesake.says(err, "federation.taken")
	twin := newNode(t, testkit.SQLite(t), "north", Options{})
	_, err = twin.Join(ctx, invite())
	twin.says(err, "federation.self")
	_, err = south.Join(ctx, must(twin.Invite(ctx))(t))
	south.says(err, "federation.taken")

	text = invite()
	for i := 0; i < len(text); i += 7 {
		changed := []byte(text)
		changed[i] ^= 1
		if _, err := other.Join(ctx, string(changed)); err == nil {
			t.Fatalf("joined with byte %d changed", i)
		}
	}
	other.clock.add(24 * time.Hour)
	_, err = other.Join(ctx, text)
	other.says(err, "message.clock")
	other.clock.add(-24 * time.Hour)
	for _, n := range []*node{north, other} {
		n.clock.add(8 * 24 * time.Hour)
	}
	_, err = other.Join(ctx, text)
	other.says(err, "federation.invitation")
	other.clock.add(-2 * 24 * time.Hour) // it believes that the invitation is still good
	north.clock.add(-2 * 24 * time.Hour)
	_, err = other.Join(ctx, text)
	other.must(err)
	north.state("other", Asks)
	if waiting, err := north.Invitations(ctx); err != nil || waiting != 0 {
		// two that were refused for their names were not used up, and have expired
		t.Logf("%d invitations wait", waiting)
	}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// A peer that was approved can't call itself what another is called, or its log.
func TestAPeerTakesNobodysTitle(t *testing.T) {
	ctx := t.Context()
	north, south := pair(t)
	west := newNode(t, testkit.SQLite(t), "west", Options{})
	north.meets(west)
	for what, change := range map[string]func(*Identity){
		"another's title": func(i *Identity) { i.Title = "region South " },
		"its title":       func(i *Identity) { i.Title = "Region north" },
	} {
		west.must(west.Tell(ctx, change))
		west.Announce(ctx)
		if p, _ := north.Peer("west"); p.Title != "Region west" {
			t.Errorf("%s: %+v", what, p.Identity)
		}
	}
	i, _ := south.Self()
	i.Name, i.Title, i.Key = "east", "Region east", make([]byte, 32)
	north.says(north.free(i, nil), "federation.taken") // its log has south's name
}

// What a node is bound to holds over a restart and a new invitation, and is refused where it is no bound.
func TestBound(t *testing.T) {
	north, south := pair(t)
	want := Bound{Organisations: []string{"south"}, Numbers: 500, Per: "year"}
	for _, bad := range []Bound{{Numbers: -1}, {Numbers: 5, Per: "hour"}, {Numbers: 5}, {Organisations: []string{""}}, {Organisations: []string{"a\nb"}}} {
		if _, err := north.Bind(t.Context(), "south", bad); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	_, err := north.Bind(t.Context(), "nobody", want)
	north.says(err, "federation.peer")
	_, err = north.Bind(t.Context(), "south", want)
	north.must(err)
	north.again()
	bound := func() {
		t.Helper()
		if p, _ := north.Peer("south"); !p.Bound.May("south") || p.Bound.May("north") || p.Bound.Numbers != 500 || p.Bound.Per != "year" {
			t.Errorf("%+v", p.Bound)
		}
	}
	bound()
	south.Announce(t.Context()) // a hello changes nothing of it
	bound()
	north.must(north.Revoke(t.Context(), "south", "a test"))
	south.must(south.Revoke(t.Context(), "north", "a test"))
	north.meets(south)
	bound()
}
