package main

import (
	"io"
	"os"
	"sync"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/samverk/samverk/app/owner"
)

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// bar draws progress on a terminal and is silent elsewhere.
type bar struct {
	mu    sync.Mutex
	w     io.Writer
	phase string
	bar   *progressbar.ProgressBar
}

// newBar gives the function that draws and the one that clears the line at the end.
func newBar(s streams) (func(owner.Progress), func()) {
	if !s.terminal {
		return func(owner.Progress) {}, func() {}
	}
	b := &bar{w: s.err}
	return b.draw, b.clear
}

func (b *bar) draw(p owner.Progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bar == nil || p.Phase != b.phase {
		if b.bar != nil {
			_ = b.bar.Clear()
		}
		total := p.Total
		if total == 0 {
			total = -1
		}
		b.phase = p.Phase
		b.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(b.w), progressbar.OptionSetDescription(p.Phase),
			progressbar.OptionShowBytes(p.Unit == "bytes"), progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(total > 0),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30))
	}
	_ = b.bar.Set64(p.Done) // a terminal that can't be drawn on is no failure of the work
}

func (b *bar) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bar != nil {
		_ = b.bar.Clear()
	}
}
