package wasm

import (
	"errors"
	"fmt"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

// mail is what comes for a guest while it does not run: the result of an asynchronous
// function, or that nobody waits for a hook.
type mail struct {
	token  uint64
	result result
	cancel uint64 // ≠ 0: handle of the hook that is over
}

// finished is a parked hook that has its decision.
type finished struct {
	p   *parked
	d   abi.Decision
	err error
}

// deliver gives mail to an instance: to whoever uses it now, else it enters the guest
// itself. A strand must not wait for that: apart lets another goroutine do it.
func (p *pool) deliver(in *instance, m mail, apart bool) {
	p.mu.Lock()
	if in.dead {
		p.mu.Unlock()
		return
	}
	in.mail = append(in.mail, m)
	if in.taken {
		p.mu.Unlock()
		return
	}
	p.take(in)
	p.mu.Unlock()
	if !apart {
		p.drain(in)
	} else if !p.spawn(func() { p.drain(in) }) {
		p.mu.Lock()
		p.release(in)
		p.mu.Unlock()
	}
}

// drain lets the guest have its mail until there is none, gives the instance back, and then
// reports what was decided. The caller has taken the instance.
func (p *pool) drain(in *instance) {
	for {
		p.mu.Lock()
		box := in.mail
		if len(box) == 0 {
			done := in.finished
			in.finished = nil
			p.release(in)
			p.mu.Unlock()
			report(done)
			return
		}
		in.mail, in.opened = in.opened[:0], box
		p.mu.Unlock()
		for i := range box {
			if err := in.open(&box[i]); err != nil {
				done := in.finished
				in.finished = nil
				p.discard(in, err)
				report(done)
				return
			}
		}
		clear(box)
	}
}

func report(done []finished) {
	for _, f := range done {
		f.p.report(f.d, f.err)
	}
}

// open lets the guest have one piece of mail. An error means that the instance is broken.
func (in *instance) open(m *mail) error {
	if m.cancel != 0 {
		p := in.parked[m.cancel]
		if p == nil {
			return nil
		}
		in.leave(p)
		return in.tell(m.cancel)
	}
	o := in.tokens[m.token]
	if o == nil {
		return nil
	}
	delete(in.tokens, m.token)
	p := in.parked[o.handle]
	if p == nil {
		return nil
	}
	in.g.pool.resumed()
	var d abi.Decision
	err := in.resumeWith(p, m, &d)
	if err == callcontrol.ErrPending || in.parked[p.handle] == nil {
		return nil
	}
	in.leave(p)
	if err != nil {
		err = in.g.hookError(&p.call, err, in)
	}
	in.finished = append(in.finished, finished{p, d, err})
	if in.broken {
		return err
	}
	return nil
}

// resumeWith enters sbc_resume for p.
func (in *instance) resumeWith(p *parked, m *mail, d *abi.Decision) (err error) {
	in.begin(nil, in.g.limits.CPU)
	in.about = &p.call
	defer in.end(&err)
	n, err := in.encode(m.result.encode)
	if errors.Is(err, ErrFrame) {
		m.result = result{code: abi.CodeTooBig}
		n, err = in.encode(m.result.encode)
	}
	if err != nil {
		return err
	}
	in.stack[0], in.stack[1], in.stack[2] = m.token, code(m.result.code), uint64(n)
	if err := in.enter(in.resume); err != nil {
		return err
	}
	if int32(uint32(in.stack[0]>>32)) == wire.StatusPending {
		return callcontrol.ErrPending
	}
	return in.answer(uint32(n), p.call.Event, d)
}

// tell says to the guest that the hook with that handle is over.
func (in *instance) tell(handle uint64) (err error) {
	if in.cancel == nil {
		return nil
	}
	in.begin(nil, in.g.limits.CPU)
	defer in.end(&err)
	in.stack[0] = handle
	return in.enter(in.cancel)
}

// leave takes p out of the instance.
func (in *instance) leave(p *parked) {
	delete(in.parked, p.handle)
	in.drop(p)
	in.g.pool.unpark(in)
}

// drop ends what p still waits for.
func (in *instance) drop(p *parked) {
	for _, o := range p.ops {
		delete(in.tokens, o.token)
		o.life.over.Store(true)
		if o.stop != nil {
			o.stop.stop()
		}
	}
	p.ops = nil
}

// complete is sbc.complete: the decision of another hook than the one that runs.
func complete(in *instance, s []uint64) {
	p := in.parked[s[0]]
	if p == nil {
		s[0] = code(abi.CodeCallGone)
		return
	}
	b, ok := in.bytes(s[2], s[3])
	if !ok {
		s[0] = code(abi.CodeMemory)
		return
	}
	f := finished{p: p}
	status := int32(uint32(s[1]))
	res := abi.CodeOK
	switch {
	case status < 0 && status >= int32(abi.CodeInternal):
		f.err = fmt.Errorf("%w: %s", ErrCode, abi.Code(status))
	case status != 0:
		f.err = fmt.Errorf("%w: status %d", ErrGarbage, status)
		res = abi.CodeInvalid
	default:
		if err := abi.DecodeDecision(b, &f.d); err != nil {
			f.err = fmt.Errorf("%w: decision: %w", ErrGarbage, err)
			res = abi.CodeOf(err)
		}
	}
	if f.err != nil {
		f.err = in.g.hookError(&p.call, f.err, in)
	}
	in.leave(p)
	in.finished = append(in.finished, f)
	s[0] = code(res)
}
