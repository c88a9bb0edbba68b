package wasm

import (
	"sync"
	"time"
)

// progress reports on one module while it is loaded, from a goroutine that done ends.
type progress struct {
	report func(Progress)
	module string
	began  time.Time
	stop   chan struct{}
	ended  chan struct{}

	mu  sync.Mutex
	now string
}

func (h *Host) progress(module string) *progress {
	p := &progress{report: h.config.Progress, module: module, began: time.Now()}
	if p.report == nil {
		return p
	}
	p.stop, p.ended = make(chan struct{}), make(chan struct{})
	go p.run()
	return p
}

func (p *progress) run() {
	defer close(p.ended)
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p.report(Progress{Module: p.module, Step: p.at(), Elapsed: p.elapsed()})
		case <-p.stop:
			return
		}
	}
}

// step names what is done now.
func (p *progress) step(name string) {
	p.mu.Lock()
	p.now = name
	p.mu.Unlock()
}

func (p *progress) at() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *progress) elapsed() time.Duration { return time.Since(p.began) }

// done stops the reports, and makes the last one if there was any.
func (p *progress) done() {
	if p.report == nil {
		return
	}
	close(p.stop)
	<-p.ended
	if d := p.elapsed(); d >= time.Second {
		p.report(Progress{Module: p.module, Step: p.at(), Elapsed: d, Done: true})
	}
}
