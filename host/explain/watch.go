package explain

import (
	"context"
	"log/slog"
	"strings"
	"sync"

	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// watch writes down what the patterns of one rehearsal yield, and which rules of maps they
// found.
type watch struct {
	inner  pattern.Maps
	values map[*pattern.Pattern]seen
	open   []LookUp // of the pattern that is being evaluated
}

// seen is what one pattern yielded.
type seen struct {
	value   string
	lookUps []LookUp
}

func newWatch(maps pattern.Maps) *watch {
	return &watch{inner: maps, values: map[*pattern.Pattern]seen{}}
}

// trace is pattern.Env's Trace.
func (w *watch) trace(p *pattern.Pattern, value string) {
	w.values[p] = seen{value, w.take()}
}

// take returns the look-ups since the last time.
func (w *watch) take() []LookUp {
	l := w.open
	w.open = nil
	return l
}

// Map returns the map of that name, watched.
func (w *watch) Map(name string) (pattern.Map, bool) {
	if w.inner == nil {
		return nil, false
	}
	m, ok := w.inner.Map(name)
	if !ok {
		return nil, false
	}
	return watchedMap{w, name, m}, true
}

type watchedMap struct {
	watch *watch
	name  string
	inner pattern.Map
}

// Append looks key up and writes it down.
func (m watchedMap) Append(dst []byte, key string) ([]byte, bool) {
	l := LookUp{Map: m.name, Key: strings.Clone(key)}
	if r, ok := m.inner.(pattern.RuleMap); ok {
		l.Line = r.Line(key)
	}
	if r, ok := m.inner.(interface{ Rule(string) string }); ok {
		l.Rule = r.Rule(key)
	}
	from := len(dst)
	dst, l.Found = m.inner.Append(dst, key)
	l.Value = string(dst[from:])
	m.watch.open = append(m.watch.open, l)
	return dst, l.Found
}

// journal is the log of a rehearsal: what the rooms say about the one call there is.
type journal struct {
	mu    sync.Mutex
	lines []line
}

type line struct {
	level slog.Level
	msg   string
	attrs map[string]slog.Value
}

// Enabled says yes: what is at level debug elsewhere is what is asked for here.
func (*journal) Enabled(context.Context, slog.Level) bool { return true }

// Handle keeps the line.
func (j *journal) Handle(_ context.Context, r slog.Record) error {
	l := line{level: r.Level, msg: r.Message, attrs: map[string]slog.Value{}}
	r.Attrs(func(a slog.Attr) bool {
		l.attrs[a.Key] = a.Value
		return true
	})
	j.mu.Lock()
	j.lines = append(j.lines, l)
	j.mu.Unlock()
	return nil
}

// WithAttrs and WithGroup return the journal: nobody here uses them.
func (j *journal) WithAttrs([]slog.Attr) slog.Handler { return j }
func (j *journal) WithGroup(string) slog.Handler      { return j }

// find returns the last line with that message.
func (j *journal) find(msg string) (line, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := len(j.lines) - 1; i >= 0; i-- {
		if j.lines[i].msg == msg {
			return j.lines[i], true
		}
	}
	return line{}, false
}

func (l line) err() error {
	err, _ := l.attrs["err"].Any().(error)
	return err
}
