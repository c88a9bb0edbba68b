package wasm

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// maxRequest is the longest request frame, and maxOps how many results one hook may wait for.
const (
	maxRequest = 64 << 10
	maxOps     = 16
)

// result is what an asynchronous function answers.
type result struct {
	code    abi.Code
	value   int64
	body    []byte
	status  int
	headers []abi.Field
	list    []string
}

// encode writes the Result frame.
func (r *result) encode(b []byte) (int, error) {
	w := wire.NewWriter(b, wire.ResultSlots)
	w.U64(wire.ResultValue, uint64(r.value))
	w.Bytes(wire.ResultBody, r.body)
	w.U64(wire.ResultStatus, uint64(r.status))
	at := w.List(wire.ResultHeaders, len(r.headers))
	for i := range r.headers {
		w.Pair(at, i, r.headers[i].Name, r.headers[i].Value)
	}
	at = w.List(wire.ResultList, len(r.list))
	for i := range r.list {
		w.Pair(at, i, r.list[i], "")
	}
	n, ok := w.Close()
	if !ok {
		return n, abi.ErrTooBig
	}
	return n, nil
}

// op is one asynchronous call of a guest that is under way.
type op struct {
	token, handle uint64
	stop          stopper // nil: nothing can be stopped
	life          *life
	first         life // which life is when nothing else was begun before
	in            *instance
	counter       *counter
	holds         bool // the generation, until it is finished
}

// stopper is told that nobody waits for the result any more.
type stopper interface{ stop() }

type stopFunc func()

func (f stopFunc) stop() { f() }

// life says whether anybody still waits for what a hook began.
type life struct{ over atomic.Bool }

// work is what an asynchronous function has to do: now, without waiting, or later, on a goroutine of
// its own until ctx ends, or as starter.
type work struct {
	now   func() result
	later func(ctx context.Context, o *op) result
	begin starter
}

// starter begins its work without waiting. It may set o.stop, and sees to it that o.finish or o.finishApart is called
// once, not long after until.
type starter interface{ start(o *op, until time.Time) }

// startFunc is a starter that has a time of its own.
type startFunc func(o *op)

func (f startFunc) start(o *op, _ time.Time) { f(o) }

// counter counts how a capability is used.
type counter struct {
	calls, failed, refused, flying atomic.Int64
	http, store                    bool
}

// asynchronous makes a function of the host out of what prepares its work. prepare must copy
// what it keeps of the request.
func asynchronous(capability string, prepare func(in *instance, c *abi.Call, req wire.Reader) (work, abi.Code)) function {
	call := func(in *instance, s []uint64) {
		n := in.g.counters.of(capability)
		n.calls.Add(1)
		if in.g.absent[capability] {
			n.refused.Add(1)
			s[0] = code64(abi.CodeUnsupported)
			return
		}
		v, failed := in.request(s, n, prepare)
		if failed {
			n.refused.Add(1)
		}
		s[0] = v
	}
	return function{i64 + i32 + i32 + i32 + i32, i64, call}
}

// request reads the request frame, and answers at once or with a token.
func (in *instance) request(s []uint64, n *counter, prepare func(*instance, *abi.Call, wire.Reader) (work, abi.Code)) (v uint64, failed bool) {
	refuse := func(c abi.Code) (uint64, bool) { return code64(c), true }
	handle, buf, limit := s[0], s[3], s[4]
	c := in.current(handle)
	if c == nil {
		return refuse(abi.CodeCallGone)
	}
	b, ok := in.bytes(s[1], s[2])
	if !ok {
		return refuse(abi.CodeMemory)
	}
	if len(b) > maxRequest {
		return refuse(abi.CodeTooBig)
	}
	req, ok := wire.Open(b)
	if !ok {
		return refuse(abi.CodeInvalid)
	}
	w, bad := prepare(in, c, req)
	if bad != abi.CodeOK {
		return refuse(bad)
	}
	if w.now != nil {
		r := w.now()
		if r.code != abi.CodeOK {
			n.failed.Add(1)
			if r.code != abi.CodeConflict {
				return code64(r.code), false
			}
			n.failed.Add(-1) // counted with the answer
		} else if to, ok := in.bytes(buf, limit); ok {
			if k, err := r.encode(to); err == nil {
				return uint64(k), false
			}
		}
		// What goes with a conflict, or does not fit, comes as a result.
		w.later = func(context.Context, *op) result { return r }
	}
	return in.async(handle, n, w)
}

// async begins work and returns its token.
func (in *instance) async(handle uint64, n *counter, w work) (uint64, bool) {
	g := in.g
	ops, full := in.opsOf(handle)
	if full || n.flying.Load() >= int64(g.limits.inFlight(n)) || in.resume == nil {
		return code64(abi.CodeBusy), true
	}
	wait := g.limits.ParkWait
	if most := g.host.config.StoreWait; n.store && most > 0 {
		wait = min(wait, most)
	}
	o := in.op(handle)
	o.counter = n
	*ops = append(*ops, o)
	if o.begin(w, wait) {
		return o.token, false
	}
	o.counter.flying.Add(-1)
	return code64(abi.CodeCallGone), true
}

// begin begins w, unless the generation has ended.
func (o *op) begin(w work, wait time.Duration) bool {
	g := o.in.g
	o.counter.flying.Add(1)
	if w.begin != nil {
		if o.holds = g.acquire(); o.holds {
			w.begin.start(o, time.Now().Add(wait))
		}
		return o.holds
	}
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	o.stop = stopFunc(cancel)
	begun := g.pool.spawn(func() {
		r := w.later(ctx, o)
		cancel()
		o.finish(r)
	})
	if !begun {
		cancel()
	}
	return begun
}

// finish brings the result of what begin began, and may go on with the hook, and with its call, before it returns.
func (o *op) finish(r result) { o.deliver(r, false) }

// finishApart is finish for those who have others to tell: another goroutine goes on with the hook.
func (o *op) finishApart(r result) { o.deliver(r, true) }

func (o *op) deliver(r result, apart bool) {
	g := o.in.g
	o.counter.flying.Add(-1)
	if r.code != abi.CodeOK {
		o.counter.failed.Add(1)
	}
	g.pool.deliver(o.in, mail{token: o.token, result: r}, apart)
	if o.holds {
		g.Release()
	}
}

// opsOf is where the operations of the hook with that handle stand.
func (in *instance) opsOf(handle uint64) (ops *[]*op, full bool) {
	ops = &in.ops
	if p := in.parked[handle]; p != nil {
		ops = &p.ops
	}
	n := 0
	for _, o := range *ops {
		if in.tokens[o.token] != nil {
			(*ops)[n] = o
			n++
		}
	}
	clear((*ops)[n:])
	*ops = (*ops)[:n]
	return ops, n >= maxOps
}

// op makes a token for the hook with that handle.
func (in *instance) op(handle uint64) *op {
	in.token++
	o := &op{token: wire.TokenBit | in.token, handle: handle, in: in}
	l := &in.life
	if p := in.parked[handle]; p != nil {
		l = &p.life
	}
	if *l == nil {
		*l = &o.first
	}
	o.life = *l
	in.tokens[o.token] = o
	return o
}

// sleep is sbc.sleep.
func sleep(in *instance, s []uint64) {
	handle, span := s[0], time.Duration(int64(s[1]))
	if in.current(handle) == nil {
		s[0] = code64(abi.CodeCallGone)
		return
	}
	ops, full := in.opsOf(handle)
	if full || in.resume == nil {
		s[0] = code64(abi.CodeBusy)
		return
	}
	o := in.op(handle)
	t := time.AfterFunc(max(span, 0), func() {
		if in.g.acquire() {
			in.g.pool.deliver(in, mail{token: o.token}, false)
			in.g.Release()
		}
	})
	o.stop = stopFunc(func() { t.Stop() })
	*ops = append(*ops, o)
	s[0] = o.token
}
