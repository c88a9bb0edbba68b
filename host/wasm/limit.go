package wasm

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/host/store"
)

// Leases hold leases for this node; a *store.Holder does.
type Leases interface {
	Acquire(ctx context.Context, lease string, limits []store.Limit) (denied string, err error)
	AcquireShare(lease string, limits []store.Limit) (denied string, err error)
	Pass(lease string, limits []store.Limit) error
	Release(lease string)
}

var _ Leases = (*store.Holder)(nil)

var limitFunctions = map[string]function{
	"acquire": asynchronous("sbc_limit", limitAcquire),
	"release": asynchronous("sbc_limit", limitRelease),
	"take":    asynchronous("sbc_limit", limitTake),
}

// callUse is one use in one call, by which leases are given back.
type callUse struct{ call, use string }

// held are the leases of the calls of a generation.
type held struct {
	mu sync.Mutex
	by map[callUse][]string
}

// leaseOf is the lease's name in the store; modules do not see each other's.
func (g *Generation) leaseOf(c *abi.Call, name string) string {
	if name == "" {
		return "call/" + g.name + "/" + c.ID + "/" + c.Use
	}
	return "own/" + g.name + "/" + name
}

// hold notes a lease that was granted; false when the call is gone.
func (h *held) hold(u callUse, lease string, l *life) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l.over.Load() {
		return false
	}
	if h.by == nil {
		h.by = make(map[callUse][]string)
	}
	if !slices.Contains(h.by[u], lease) {
		h.by[u] = append(h.by[u], lease)
	}
	return true
}

// take removes and returns what a use holds in a call.
func (h *held) take(u callUse) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	leases := h.by[u]
	delete(h.by, u)
	return leases
}

// settle gives back the leases of a use in a call after a hook that ended its part in it.
func (g *Generation) settle(c *abi.Call, d *abi.Decision, err error) {
	if !g.leasing {
		return
	}
	alone := c.Event == abi.EventRegister || c.Event == abi.EventRoute || c.Event == abi.EventTick || c.Event == abi.EventStop
	if alone || c.Event == abi.EventEnd || c.Event == abi.EventStart && (err != nil || d.Refused()) {
		for _, lease := range g.held.take(callUse{c.ID, c.Use}) {
			g.giveBack(lease)
		}
	}
}

// giveBack releases a lease, at once where that needs no waiting.
func (g *Generation) giveBack(lease string) {
	g.leases.Release(lease)
	if f := g.fast(); f != nil {
		_ = f.ReleaseNow(lease) // if it fails, the holder's word for it comes later
	}
}

func limitAcquire(in *instance, c *abi.Call, req wire.Reader) (work, abi.Code) {
	g, name, away := in.g, req.Text(wire.LimitLease), req.U64(wire.LimitAway)
	lease, own := strings.Clone(g.leaseOf(c, name)), name == ""
	l, ok := req.List(wire.LimitLimits)
	switch {
	case !ok || l.Len() == 0 || away > 2 || own && c.Event == abi.EventEnd:
		return work{}, abi.CodeInvalid
	case l.Len() > store.MaxLimits:
		return work{}, abi.CodeTooBig
	}
	limits := make([]store.Limit, l.Len())
	for i := range limits {
		key, text, ok := l.At(i)
		most, cost, _ := strings.Cut(text, " ")
		limits[i] = store.Limit{Key: strings.Clone(key), Cost: 1}
		var err1, err2 error
		limits[i].Max, err1 = strconv.ParseInt(most, 10, 64)
		if cost != "" {
			limits[i].Cost, err2 = strconv.ParseInt(cost, 10, 64)
		}
		if !ok || err1 != nil || err2 != nil {
			return work{}, abi.CodeInvalid
		}
	}
	u := callUse{c.ID, c.Use}
	acquire := func(ctx context.Context, o *op) result {
		denied, err := g.leases.Acquire(ctx, lease, limits)
		if errors.Is(err, store.ErrTimeout) || errors.Is(err, store.ErrUnavailable) {
			switch away {
			case 1:
				denied, err = "", g.leases.Pass(lease, limits)
			case 2:
				denied, err = g.leases.AcquireShare(lease, limits)
			}
		}
		switch {
		case err != nil:
			return result{code: storeCode(err)}
		case denied != "":
			return result{code: abi.CodeConflict, body: []byte(denied)}
		case own && !g.held.hold(u, lease, o.life):
			g.giveBack(lease)
			return result{code: abi.CodeCallGone}
		}
		return result{}
	}
	if g.fast() != nil {
		return work{now: func() result { return acquire(context.Background(), &op{life: new(life)}) }}, abi.CodeOK
	}
	return work{later: acquire}, abi.CodeOK
}

func limitRelease(in *instance, c *abi.Call, req wire.Reader) (work, abi.Code) {
	g := in.g
	lease := strings.Clone(g.leaseOf(c, req.Text(wire.LimitLease)))
	return work{now: func() result {
		g.giveBack(lease)
		return result{}
	}}, abi.CodeOK
}

func limitTake(in *instance, _ *abi.Call, req wire.Reader) (work, abi.Code) {
	g := in.g
	key := g.name + "/" + req.Text(wire.LimitKey)
	rate, burst, count := req.U64(wire.LimitRate), req.U64(wire.LimitBurst), max(req.U64(wire.LimitCount), 1)
	if req.Text(wire.LimitKey) == "" || rate > 1e12 || burst > 1e9 || count > burst {
		return work{}, abi.CodeInvalid
	}
	r, b, n := float64(rate)/1000, int64(burst), int64(count)
	taken := func(after int64, err error) result {
		if err == nil && after > 0 {
			return result{value: after, code: abi.CodeConflict}
		}
		return result{code: storeCode(err)}
	}
	if f := g.fast(); f != nil {
		return work{now: func() result {
			after, err := f.TakeNow(key, r, b, n)
			return taken(int64(after), err)
		}}, abi.CodeOK
	}
	return work{later: func(ctx context.Context, _ *op) result {
		after, err := g.store.Take(ctx, key, r, b, n)
		return taken(int64(after), err)
	}}, abi.CodeOK
}
