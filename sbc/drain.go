package sbc

import (
	"context"
	"sync"
)

// idleSignal wakes whoever waits for a call to end.
type idleSignal struct {
	mu      sync.Mutex
	waiters []chan struct{}
}

func (i *idleSignal) wait() <-chan struct{} {
	ch := make(chan struct{})
	i.mu.Lock()
	i.waiters = append(i.waiters, ch)
	i.mu.Unlock()
	return ch
}

// signal wakes all who wait.
func (i *idleSignal) signal() {
	i.mu.Lock()
	for _, ch := range i.waiters {
		close(ch)
	}
	i.waiters = nil
	i.mu.Unlock()
}

// Drain ends service: calls that want to begin get 503 with Retry-After, OPTIONS gets
// 503, calls in progress go on. It returns when the last call has ended; when ctx ends
// before, the calls left are ended with a BYE that gives the reason, and it returns
// ctx's error. Look-ups in progress are waited for. Drain may be called again.
func (s *SBC) Drain(ctx context.Context) error {
	s.draining.Store(true)
	defer s.background.Wait()
	for {
		ended := s.idle.wait()
		if s.active.Load() == 0 {
			return nil
		}
		select {
		case <-ended:
		case <-ctx.Done():
			s.legs.each(func(l *leg) {
				l.call.post(event{kind: evHangup, text: "shutting down"})
			})
			return ctx.Err()
		}
	}
}

// Settle waits until every call has ended, no BYE is on its way and none is owed: a call
// that ends before its 2xx was acknowledged has to wait for the ACK (RFC 3261 §15). When
// ctx ends before, it returns ctx's error. It follows Drain.
func (s *SBC) Settle(ctx context.Context) error {
	for {
		changed := s.idle.wait()
		if s.active.Load() == 0 && s.legs.empty() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// changed wakes who drains, if anyone does: it must follow the change that they wait for.
func (s *SBC) changed() {
	if s.draining.Load() {
		s.idle.signal()
	}
}
