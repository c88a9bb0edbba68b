package store

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// logEvery is the least time between two lines about an engine that is away.
const logEvery = 10 * time.Second

// Health knows whether an engine is there, and says when that changes: one line
// when it goes away, one every ten seconds while operations fail, one when it is
// back. It is safe for concurrent use.
type Health struct {
	engine string
	log    *slog.Logger

	away atomic.Bool // written under mu

	mu      sync.Mutex
	since   time.Time
	said    time.Time
	loud    bool // this outage was said
	failed  int  // operations in this outage
	outages uint64
}

// NewHealth begins with an engine that is there. A nil log is silence.
func NewHealth(engine string, log *slog.Logger) *Health {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Health{engine: engine, log: log}
}

// Failed counts an operation that failed because the engine is away.
func (h *Health) Failed(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	if !h.away.Load() {
		h.away.Store(true)
		h.since, h.failed, h.loud = now, 0, false
		h.outages++
	}
	h.failed++
	if h.said.IsZero() || now.Sub(h.said) >= logEvery {
		h.said, h.loud = now, true
		h.log.Warn("store is away", "engine", h.engine, "failed", h.failed, "dur", now.Sub(h.since), "err", err)
	}
}

// Works says that the engine has answered.
func (h *Health) Works() {
	if !h.away.Load() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.away.CompareAndSwap(true, false) {
		return
	}
	if !h.loud {
		return // an engine that comes and goes is said once in a while
	}
	h.log.Info("store is back", "engine", h.engine, "failed", h.failed, "dur", time.Since(h.since))
}

// Up says whether the last word was Works, and how often it went away.
func (h *Health) Up() (up bool, outages uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.away.Load(), h.outages
}
