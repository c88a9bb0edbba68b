package wasm

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// logBucket bounds the lines a generation may log in a second.
type logBucket struct {
	mu      sync.Mutex
	second  time.Time // the one that is counted
	lines   int
	dropped int    // since the last line that was written
	total   uint64 // ever dropped
}

// take reports whether another line may be written, and how many were dropped before it.
func (b *logBucket) take(rate int) (ok bool, dropped int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := time.Now(); now.Sub(b.second).Abs() >= time.Second {
		b.second, b.lines = now, 0
	}
	if b.lines >= rate {
		b.dropped++
		b.total++
		return false, 0
	}
	b.lines++
	dropped, b.dropped = b.dropped, 0
	return true, dropped
}

func (b *logBucket) lost() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.total
}

// logLine writes one line for the guest.
func (in *instance) logLine(level slog.Level, text []byte) {
	g := in.g
	if !g.log.Enabled(context.Background(), level) {
		return
	}
	ok, dropped := g.lines.take(g.limits.LogRate)
	if !ok {
		return
	}
	if dropped > 0 {
		g.log.Warn("module logs too much", "module", g.name, "gen", g.id, "dropped", dropped)
	}
	attrs := make([]slog.Attr, 0, 6)
	attrs = append(attrs, slog.String("module", g.name), slog.String("gen", g.id))
	if c := in.about; c != nil {
		attrs = append(attrs, slog.String("use", c.Use), slog.String("hook", c.Event.String()), slog.String("call", c.ID))
	}
	attrs = append(attrs, slog.String("text", strings.ToValidUTF8(string(text), "\uFFFD")))
	g.log.LogAttrs(context.Background(), level, "module says", attrs...)
}

// said is what a guest wrote during one hook: lines for the log, and the one that explains its end.
type said struct {
	line  []byte // not ended yet
	fatal string // the first line that begins like the Go runtime's last words
	cause string // the last line logged at level error
	first string // the first line at all
}

func (s *said) reset() { *s = said{line: s.line[:0]} }

// write takes bytes of standard output or error.
func (s *said) write(in *instance, b []byte) {
	for len(b) > 0 {
		line, rest, ended := bytes.Cut(b, []byte{'\n'})
		if room := wire.MaxLog - len(s.line); room > 0 {
			s.line = append(s.line, line[:min(len(line), room)]...)
		}
		if b = rest; ended {
			s.flush(in)
		}
	}
}

// flush ends the line.
func (s *said) flush(in *instance) {
	line := bytes.TrimSpace(s.line)
	if len(line) > 0 {
		if s.first == "" {
			s.first = string(line)
		}
		if s.fatal == "" && (bytes.HasPrefix(line, []byte("panic:")) || bytes.HasPrefix(line, []byte("fatal error:"))) {
			s.fatal = string(line)
		}
		in.logLine(slog.LevelInfo, line)
	}
	s.line = s.line[:0]
}

// take returns the line that explains a failure best, cut and safe to print.
func (s *said) take() string {
	for _, text := range []string{s.fatal, s.cause, s.first} {
		if text != "" {
			return strings.ToValidUTF8(text[:min(len(text), 256)], "\uFFFD")
		}
	}
	return ""
}
