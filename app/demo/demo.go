package demo

import (
	"cmp"
	"context"
	"errors"
	"io"
	"time"

	"github.com/samverk/samverk/app"
	"github.com/samverk/samverk/fault"
)

// Options of the demonstration.
type Options struct {
	Addr    string
	Dir     string // "" is a directory of this user and seed in the system's temporary one
	Seed    uint64
	Out     io.Writer
	Program string    // how this program is called, for the commands shown; "samverk" if ""
	Now     time.Time // the moment its meetings lead up to; zero: now
}

// Run makes the demonstration unless it is there, walks through it, and serves it until ctx ends.
func Run(ctx context.Context, o Options) error {
	dir, err := place(o)
	if err != nil {
		return err
	}
	t := &teller{w: o.Out, program: cmp.Or(o.Program, "samverk")}
	t.hello()
	err = tellAt(ctx, dir, o, t)
	if k := fault.KindOf(err); o.Dir == "" && (k == fault.Internal || k == fault.Conflict) && ctx.Err() == nil && t.found {
		t.say("It can't be used any more (%v). Making it anew.", err) // by another version of Samverk, most often
		if err := forget(dir); err != nil {
			return err
		}
		return tellAt(ctx, dir, o, t)
	}
	return err
}

func tellAt(ctx context.Context, dir string, o Options, t *teller) error {
	now := o.Now
	if now.IsZero() {
		now = time.Now()
	}
	m, err := prepare(ctx, dir, o.Seed, now, t)
	if err != nil {
		return err
	}
	return app.With(ctx, dir, "samverk demo", nil, func(c *app.Client) error { return show(ctx, c, dir, m, o, t) })
}

// show serves all nodes, walks through them in the terminal, and goes on serving.
func show(ctx context.Context, c *app.Client, dir string, m mark, o Options, t *teller) (err error) {
	if _, err := c.Own(ctx); err != nil {
		return err
	}
	all, err := open(ctx, dir, m)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, all.close()) }()
	national, err := serve(ctx, c, app.ServeOptions{Addr: o.Addr, Site: site(ctx, c, all, dir, m)})
	if fault.KindOf(err) == fault.Unavailable && o.Addr == DefaultAddr { // a newcomer's first try shouldn't fail because another program has the port
		national, err = serve(ctx, c, app.ServeOptions{Addr: anyPort, Site: site(ctx, c, all, dir, m)})
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, national.stop()) }()
	if err := all.join(ctx, c, national.url); err != nil {
		return err
	}
	if err := walk(ctx, c, all, dir, m, t); err != nil {
		if k := fault.KindOf(err); k == fault.Internal || k == fault.Unavailable {
			return err
		}
		t.stopped(err) // what somebody did on the pages stands in its way
	}
	t.next(national.url, dir, m, all)
	<-national.ended // when ctx has, or by itself
	return nil
}

// DefaultAddr is where the demonstration listens unless told otherwise; where that port is taken it takes a free one.
const (
	DefaultAddr = "127.0.0.1:8080"
	anyPort     = "127.0.0.1:0"
)
