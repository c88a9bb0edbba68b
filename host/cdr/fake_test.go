package cdr

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// fake is a file system of one file that fails as the test says.
type fake struct {
	mu       sync.Mutex
	content  []byte
	synced   int   // bytes a power cut would leave
	opens    int   // successful ones
	space    int   // bytes that fit; 0 = no bound
	openErr  error // what the next calls fail with, until it is nil again
	writeErr error
	syncErr  error
	cutErr   error
	sizeErr  error
	rotated  [][]byte      // what was moved away
	gate     chan struct{} // when not nil, Sync waits for a value
}

func (f *fake) set(change func(f *fake)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fake) text() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return string(f.content)
}

func (f *fake) open(string, *slog.Logger) (Disk, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.openErr != nil {
		return nil, f.openErr
	}
	f.opens++
	// As OpenDisk does, without its fine points.
	f.content = f.content[:bytes.LastIndexByte(f.content, '\n')+1]
	return &handle{fake: f, file: len(f.rotated)}, nil
}

// rotate moves the file away.
func (f *fake) rotate() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rotated = append(f.rotated, f.content)
	f.content, f.synced = nil, 0
}

type handle struct {
	*fake
	file   int // how many were moved away before it
	closed bool
}

func (h *handle) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.writeErr != nil {
		// A torn write: half of it is there.
		h.content = append(h.content, p[:len(p)/2]...)
		return len(p) / 2, h.writeErr
	}
	if room := h.space - len(h.content); h.space > 0 && len(p) > room {
		h.content = append(h.content, p[:room]...)
		return room, errNoSpace
	}
	h.content = append(h.content, p...)
	return len(p), nil
}

func (h *handle) Sync() error {
	h.mu.Lock()
	gate := h.gate
	h.mu.Unlock()
	if gate != nil {
		<-gate
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.syncErr != nil {
		return h.syncErr
	}
	h.synced = len(h.content)
	return nil
}

func (h *handle) Truncate(size int64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.cutErr != nil {
		return h.cutErr
	}
	h.content = h.content[:size]
	return nil
}

func (h *handle) Size() (int64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return int64(len(h.content)), h.sizeErr
}

func (h *handle) At(string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.file == len(h.rotated)
}

func (h *handle) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	return nil
}

// lines collects what is logged.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// count is how many lines hold the text.
func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), text)
}

func emit(t testing.TB, f *File, records ...string) {
	t.Helper()
	for _, r := range records {
		if err := f.Emit([]byte(r)); err != nil {
			t.Fatalf("Emit(%s): %v", r, err)
		}
	}
}
