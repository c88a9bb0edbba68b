package wasm

import "sync"

// tasks counts goroutines. Unlike a WaitGroup it may be started on while somebody waits: a call may release the last
// hold on a generation at any time.
type tasks struct {
	mu   sync.Mutex
	n    int
	zero chan struct{} // closed when n is 0 again; nil while nobody waits
}

func (t *tasks) start(f func()) {
	t.mu.Lock()
	t.n++
	t.mu.Unlock()
	go func() {
		defer t.end()
		f()
	}()
}

func (t *tasks) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n--; t.n == 0 && t.zero != nil {
		close(t.zero)
		t.zero = nil
	}
}

// wait returns when nothing runs.
func (t *tasks) wait() {
	t.mu.Lock()
	if t.n == 0 {
		t.mu.Unlock()
		return
	}
	if t.zero == nil {
		t.zero = make(chan struct{})
	}
	zero := t.zero
	t.mu.Unlock()
	<-zero
}
