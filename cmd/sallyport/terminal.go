package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/sallyport-sbc/sallyport/host"
)

// terminal is an output that may be a person's screen. Its methods are safe for concurrent
// use; each Write comes out in one piece.
type terminal struct {
	screen bool // draws progress
	colour bool // screen, and NO_COLOR is not set: https://no-color.org

	mu   sync.Mutex // guards what follows
	w    io.Writer
	bar  *progressbar.ProgressBar // what is in progress, on a screen
	slow bool                     // something is in progress, elsewhere
}

func newTerminal(w io.Writer) *terminal {
	t := &terminal{w: w}
	if f, ok := w.(*os.File); ok {
		t.screen = term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
		t.colour = t.screen && os.Getenv("NO_COLOR") == ""
	}
	return t
}

// Write writes b above the bar, if one is shown.
func (t *terminal) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bar != nil {
		_ = t.bar.Clear()
	}
	return t.w.Write(b)
}

// bold marks s where that can be seen.
func (t *terminal) bold(s string) string {
	if !t.colour {
		return s
	}
	return "\x1b[1m" + s + "\x1b[0m"
}

// progress shows what takes longer than a second: a spinner on a screen, elsewhere a line
// when it begins to take long and one when it is done.
func (t *terminal) progress(p host.Progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.screen {
		switch {
		case p.Done && t.slow:
			fmt.Fprintf(t.w, "%s: done after %s\n", p.What, p.Elapsed.Round(100*time.Millisecond))
		case !p.Done && !t.slow:
			fmt.Fprintf(t.w, "%s …\n", p.What)
		}
		t.slow = !p.Done
		return
	}
	if t.bar == nil && !p.Done {
		t.bar = progressbar.NewOptions(-1,
			progressbar.OptionSetWriter(t.w),
			progressbar.OptionSpinnerType(14),
			progressbar.OptionSetElapsedTime(true),
			progressbar.OptionClearOnFinish())
	}
	if t.bar == nil {
		return
	}
	t.bar.Describe(p.What)
	if p.Done {
		_ = t.bar.Finish()
		t.bar = nil
	}
}
