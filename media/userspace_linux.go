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
	digits  chan pressed
	closing chan struct{}
	once    sync.Once
}

var _ Engine = (*userspace)(nil)

// pressed is a digit on its way from a worker to a session.
type pressed struct {
	to    func(Side, Digit)
	from  Side
	digit Digit
}

// digitQueue bounds the digits that wait to be told. Nobody dials that much: who floods
// us loses digits, and no worker waits.
const digitQueue = 1024

// newUserspace starts the workers, and the goroutines that tell sessions of their
// silence and of digits, which must not happen on a worker: it would hold up packets.
func newUserspace(workers int, tick time.Duration, log *slog.Logger) (*userspace, error) {
	if workers <= 0 {
		workers = runtime.NumCPU()
	}
	if tick == 0 {
		tick = time.Millisecond
	}
	u := &userspace{bell: make(chan struct{}, 1), digits: make(chan pressed, digitQueue), closing: make(chan struct{})}
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
	u.wait.Go(u.tellDigits)
	return u, nil
}

// Open implements Engine.
func (u *userspace) Open(t Treatment, expired func(), digit func(Side, Digit)) (Relay, error) {
	w := u.workers[int(u.next.Add(1))%len(u.workers)]
	r := &relay{w: w, expired: expired, sum: &w.sum, treatment: t}
	if t.Bandwidth > 0 {
		r.budget = [2]bucket{newBucket(&t), newBucket(&t)}
	}
	if t.DetectDTMF && digit != nil {
		r.press = func(from Side, d Digit) bool {
			select {
			case u.digits <- pressed{digit, from, d}:
				return true
			default:
				return false
			}
		}
	}
	return r, nil
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

// tellDigits tells sessions of digits until Close.
func (u *userspace) tellDigits() {
	for {
		select {
		case p := <-u.digits:
			p.to(p.from, p.digit)
		case <-u.closing:
			return
		}
	}
}
