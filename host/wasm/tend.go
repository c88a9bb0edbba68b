package wasm

import (
	"sync"
	"time"
)

// look is how often generations on trial are judged, and the least interval at which files are watched.
const look = 500 * time.Millisecond

// tending is the work that goes on beside the traffic; it begins when there is some.
type tending struct {
	once sync.Once
	stop chan struct{}
	done sync.WaitGroup
}

// tend starts the goroutines that judge generations and watch files, once. They end with Close.
func (h *Host) tend() {
	h.tending.once.Do(func() {
		h.tending.done.Go(func() { h.every(h.judge) })
		h.tending.done.Go(func() { h.every(h.poll) })
	})
}

// every calls f until the host is closed.
func (h *Host) every(f func(time.Time)) {
	t := time.NewTicker(look)
	defer t.Stop()
	for {
		select {
		case <-h.tending.stop:
			return
		case now := <-t.C:
			f(now)
		}
	}
}

// end stops what tend started and waits for it.
func (t *tending) end() {
	t.once.Do(func() {})
	close(t.stop)
	t.done.Wait()
}
