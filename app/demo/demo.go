package demo

import (
	"cmp"
	"context"
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
	Once    bool      // ends after the walk, without serving
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

func show(ctx context.Context, c *app.Client, dir string, m mark, o Options, t *teller) error {
	if _, err := c.Own(ctx); err != nil {
		return err
	}
	if err := walk(ctx, c, dir, m, t); err != nil {
		if k := fault.KindOf(err); k == fault.Internal || k == fault.Unavailable {
			return err
		}
		t.stopped(err) // what somebody did on the pages stands in its way
	}
	serve := app.ServeOptions{Addr: o.Addr, Site: site(c, dir, m), Listening: func(url string) { t.next(url, dir, m) }}
	err := app.Serve(ctx, c, serve)
	if fault.KindOf(err) == fault.Unavailable && o.Addr == DefaultAddr {
		serve.Addr = anyPort // a newcomer's first try shouldn't fail because another program has the port
		err = app.Serve(ctx, c, serve)
	}
	return err
}

// DefaultAddr is where the demonstration listens unless told otherwise; where that port is taken it takes a free one.
const (
	DefaultAddr = "127.0.0.1:8080"
	anyPort     = "127.0.0.1:0"
)
