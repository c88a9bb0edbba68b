package store

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// HolderOptions say how a Holder works; zero fields get their defaults.
type HolderOptions struct {
	TTL       time.Duration // how long leases outlive their node: default 30s
	Renew     time.Duration // how often the node is renewed: default TTL/3
	Reconcile time.Duration // how often what the engine holds is compared: default 2·TTL/3
	Deadline  time.Duration // of one repair: default 5s
	Part      float64       // of every limit this node may use while the engine is away: default 1
	Log       *slog.Logger
}

func (o HolderOptions) filled() HolderOptions {
	if o.TTL == 0 {
		o.TTL = 30 * time.Second
	}
	if o.Renew == 0 {
		o.Renew = o.TTL / 3
	}
	if o.Reconcile == 0 {
		o.Reconcile = 2 * o.TTL / 3
	}
	if o.Deadline == 0 {
		o.Deadline = 5 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Holder holds the leases of one node: it knows which are live, keeps the engine
// informed, and repairs it after an outage or a loss. What a node does not tell
// in time, because it or the engine died, is right again after TTL at the latest.
// Its methods are safe for concurrent use, those on one lease one at a time.
type Holder struct {
	engine Leases
	node   string
	o      HolderOptions
	share  *Share
	wake   chan struct{}

	mu    sync.Mutex // guards what follows
	live  map[string][]Limit
	freed map[string]bool // leases the engine is yet to be told of; none is live
	dirty bool            // the engine may hold something else
	// The lease the engine is being told of, and what is closed when it knows.
	telling string
	told    chan struct{}
}

// maxFreed bounds the leases to be released one by one; a repair does the rest.
const maxFreed = 4096

// NewHolder returns a holder; Run must be running for it to work. The engine is
// not asked before.
func NewHolder(engine Leases, node string, o HolderOptions) *Holder {
	o = o.filled()
	return &Holder{
		engine: engine, node: node, o: o, share: NewShare(o.Part),
		wake: make(chan struct{}, 1), live: map[string][]Limit{}, freed: map[string]bool{}, dirty: true,
	}
}

// Acquire is Leases.Acquire for this node. With ErrUnavailable or ErrTimeout the
// lease is not held: the use chooses to refuse the call, to Pass it, or to ask
// AcquireShare.
func (h *Holder) Acquire(ctx context.Context, lease string, limits []Limit) (denied string, err error) {
	h.mu.Lock()
	before, had := h.live[lease]
	if !had {
		h.live[lease] = nil // under way: a repair keeps it
	}
	delete(h.freed, lease)
	var told chan struct{}
	if h.telling == lease {
		told = h.told
	}
	h.mu.Unlock()
	if told != nil {
		// The release of the same lease must not arrive behind this.
		select {
		case <-told:
		case <-ctx.Done():
		}
	}

	denied, err = h.engine.Acquire(ctx, lease, h.node, h.o.TTL, limits)

	h.mu.Lock()
	defer h.mu.Unlock()
	_, still := h.live[lease]
	switch {
	case err == nil && denied == "" && still:
		h.live[lease] = slices.Clone(limits)
		return "", h.share.Hold(lease, limits)
	case err == nil && denied == "":
		h.free(lease) // released meanwhile
	case had && still:
		h.live[lease] = before
		h.dirty = h.dirty || err != nil
	default:
		delete(h.live, lease)
		if errors.Is(err, ErrTimeout) || errors.Is(err, ErrUnavailable) {
			h.free(lease) // it may have been granted all the same
		}
	}
	return denied, err
}

// Pass holds a lease without asking anybody; the engine hears of it by the next
// repair.
func (h *Holder) Pass(lease string, limits []Limit) error {
	if err := h.share.Hold(lease, limits); err != nil {
		return err
	}
	h.keep(lease, limits)
	return nil
}

// AcquireShare is Acquire within this node's part of the limits, without asking
// the engine, which hears of it by the next repair.
func (h *Holder) AcquireShare(lease string, limits []Limit) (denied string, err error) {
	if denied, err = h.share.Acquire(lease, limits); denied == "" && err == nil {
		h.keep(lease, limits)
	}
	return denied, err
}

func (h *Holder) keep(lease string, limits []Limit) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.live[lease] = slices.Clone(limits)
	h.dirty = true
	delete(h.freed, lease)
}

// Release gives a lease back. It does not wait: Run tells the engine.
func (h *Holder) Release(lease string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, held := h.live[lease]; !held {
		return
	}
	delete(h.live, lease)
	_ = h.share.Release(lease) // it only fails for bad names
	h.free(lease)
}

// Len returns how many leases the node holds.
func (h *Holder) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.live)
}

// free is called with the mutex held.
func (h *Holder) free(lease string) {
	if len(h.freed) >= maxFreed {
		h.dirty = true
		return
	}
	h.freed[lease] = true
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// Run keeps the engine right until ctx ends; then it tells what it still has to
// tell and returns. The first thing it does is a repair, so that what this node
// held before a crash is gone.
func (h *Holder) Run(ctx context.Context) {
	renew := time.NewTicker(h.o.Renew)
	defer renew.Stop()
	reconcile := time.NewTicker(h.o.Reconcile)
	defer reconcile.Stop()
	h.repair(ctx)
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.o.Deadline)
			h.tell(last)
			cancel()
			return
		case <-h.wake:
			h.tell(ctx)
		case <-renew.C:
			h.renew(ctx)
		case <-reconcile.C:
			h.repair(ctx)
		}
	}
}

// tell releases what was freed. What fails is left to a repair.
func (h *Holder) tell(ctx context.Context) {
	for {
		lease, told := h.next()
		if told == nil {
			return
		}
		err := h.engine.Release(ctx, lease)
		h.mu.Lock()
		h.telling, h.told = "", nil
		close(told)
		if err != nil {
			clear(h.freed)
			h.dirty = true
		}
		h.mu.Unlock()
	}
}

// next takes a lease that was freed.
func (h *Holder) next() (lease string, told chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for lease := range h.freed {
		delete(h.freed, lease)
		h.telling, h.told = lease, make(chan struct{})
		return lease, h.told
	}
	return "", nil
}

func (h *Holder) renew(ctx context.Context) {
	held, err := h.engine.Renew(ctx, h.node, h.o.TTL)
	h.mu.Lock()
	right := !h.dirty && held == len(h.live)
	h.mu.Unlock()
	if err == nil && !right {
		h.repair(ctx)
	}
}

func (h *Holder) repair(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, h.o.Deadline)
	defer cancel()
	r, err := h.engine.Reconcile(ctx, h.node, h.o.TTL, h.leases)
	if err != nil {
		h.mu.Lock()
		h.dirty = true
		h.mu.Unlock()
		h.o.Log.Debug("leases not reconciled", "node", h.node, "err", err)
		return
	}
	if r.Added+r.Dropped > 0 {
		h.o.Log.Debug("leases reconciled", "node", h.node, "added", r.Added, "dropped", r.Dropped)
	}
}

// leases says what is live, and from now on hears of what changes again.
func (h *Holder) leases() []Lease {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dirty = false
	live := make([]Lease, 0, len(h.live))
	for id, limits := range h.live {
		live = append(live, Lease{ID: id, Limits: limits})
	}
	return live
}
