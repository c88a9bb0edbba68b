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
