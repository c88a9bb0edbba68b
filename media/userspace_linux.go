package media

import (
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// userspace is the Engine that relays in this process, over ordinary sockets.
type userspace struct {
	workers []*worker
	next    atomic.Uint32
	wait    sync.WaitGroup

	mu      sync.Mutex // guards silent
	silent  []*relay
	bell    chan struct{}
	closing chan struct{}
	once    sync.Once
}

var _ Engine = (*userspace)(nil)

// newUserspace starts the workers and the goroutine that tells sessions of their
// silence, which must not happen on a worker: it would hold up packets.
func newUserspace(workers int, tick time.Duration, log *slog.Logger) (*userspace, error) {
	if workers <= 0 {
		workers = runtime.NumCPU()
	}
	if tick == 0 {
		tick = time.Millisecond
	}
	u := &userspace{bell: make(chan struct{}, 1), closing: make(chan struct{})}
	for range workers {
		w, err := newWorker(max(0, tick), u.expire, log)
		if err != nil {
			u.Close()
			return nil, err
		}
		u.workers = append(u.workers, w)
		go w.run()
	}
	u.wait.Go(u.tell)
	return u, nil
}

// Open implements Engine.
func (u *userspace) Open(expired func()) (Relay, error) {
	w := u.workers[int(u.next.Add(1))%len(u.workers)]
	return &relay{w: w, expired: expired, sum: &w.sum}, nil
}

// Totals implements Engine.
func (u *userspace) Totals() (t Totals) {
	for _, w := range u.workers {
		t.add(w.totals())
	}
	return t
}

// Close implements Engine.
func (u *userspace) Close() {
	u.once.Do(func() {
		for _, w := range u.workers {
			w.stop()
		}
		close(u.closing)
		u.wait.Wait()
	})
}

// expire is called by workers.
func (u *userspace) expire(r *relay) {
	u.mu.Lock()
	u.silent = append(u.silent, r)
	u.mu.Unlock()
	select {
	case u.bell <- struct{}{}:
	default:
	}
}

// tell calls the timeout functions of silent sessions until Close.
func (u *userspace) tell() {
	for {
		select {
		case <-u.bell:
		case <-u.closing:
			return
		}
		u.mu.Lock()
		silent := u.silent
		u.silent = nil
		u.mu.Unlock()
		for _, r := range silent {
			if r.expired != nil {
				r.expired()
			}
		}
	}
}
