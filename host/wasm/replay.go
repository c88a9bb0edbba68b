package wasm

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

// ErrReplay is a generation that does not answer what the one in use answers.
var ErrReplay = errors.New("does not answer a recorded hook")

const (
	maxFrames    = 32      // that are kept of a generation
	maxKeptFrame = 8 << 10 // bytes of one
	frameEvery   = 256     // hooks of an instance, from which the first few are kept; a power of two
	frameFew     = 4
)

// frame is the input of a hook. It is in memory only.
type frame struct {
	event abi.Event
	bytes []byte
}

// recorder keeps the last frames of a generation.
type recorder struct {
	mu     sync.Mutex
	frames []frame
	at     int
}

// keep records a frame of an instance now and then; b is copied.
func (r *recorder) keep(e abi.Event, b []byte) {
	if len(b) > maxKeptFrame {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.frames) < maxFrames {
		r.frames = append(r.frames, frame{e, bytes.Clone(b)})
		return
	}
	r.frames[r.at] = frame{e, append(r.frames[r.at].bytes[:0], b...)}
	r.at = (r.at + 1) % maxFrames
}

// last returns a copy of what is kept.
func (r *recorder) last() []frame {
	r.mu.Lock()
	defer r.mu.Unlock()
	fs := make([]frame, len(r.frames))
	for i, f := range r.frames {
		fs[i] = frame{f.event, bytes.Clone(f.bytes)}
	}
	return fs
}

// take begins with the frames of the generation before.
func (r *recorder) take(g *Generation) {
	if g == nil {
		return
	}
	fs := g.frames.last()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.frames) == 0 {
		r.frames, r.at = fs, 0
	}
}

// rehearse gives the generation the frames that stable had last, with side effects off. It fails with ErrReplay when
// it traps, breaks the contract or runs out of time where stable, in the same conditions, does not. What it answers is
// its own affair: a new version may decide otherwise.
func (g *Generation) rehearse(stable *Generation) error {
	if !stable.acquire() {
		return nil // it was taken away meanwhile, and its frames with it
	}
	defer stable.Release()
	var is, was understudy
	is.g, was.g = g, stable
	defer is.close()
	defer was.close()
	for _, f := range stable.frames.last() {
		err := is.play(f)
		if err == nil {
			continue
		}
		if was.play(f) == nil {
			return fmt.Errorf("%w: %s: %w", ErrReplay, f.event, err)
		}
	}
	return nil
}

// understudy is an instance that hears frames but does nothing.
type understudy struct {
	g  *Generation
	in *instance
}

// play gives it a frame; nil when it answers.
func (u *understudy) play(f frame) (err error) {
	if u.g.events&abi.Bit(f.event) == 0 {
		return nil
	}
	if u.in == nil {
		if u.in, err = u.g.instantiate(); err != nil {
			return err
		}
		u.in.dry = true
	}
	err = u.in.replay(f)
	if err == callcontrol.ErrPending || u.in.broken {
		u.close()
	}
	if err == callcontrol.ErrPending || errors.Is(err, ErrCode) {
		return nil
	}
	return err
}

func (u *understudy) close() {
	if u.in != nil {
		u.in.close()
		u.in = nil
	}
}

// replay enters the hook of a recorded frame.
func (in *instance) replay(f frame) (err error) {
	in.begin(&abi.Call{ID: "replay", Vars: new(abi.Vars), Event: f.event}, in.g.limits.CPU)
	defer in.end(&err)
	n := uint32(len(f.bytes))
	if n+wire.AnswerRoom > in.size {
		if err := in.room(n + wire.AnswerRoom + 8); err != nil {
			return err
		}
	}
	b, ok := in.memory.Read(in.at, n)
	if !ok {
		in.broken = true
		return ErrGarbage
	}
	copy(b, f.bytes)
	in.stack[0], in.stack[1], in.stack[2] = uint64(f.event), in.handle, uint64(n)
	if err := in.enter(in.event); err != nil {
		return err
	}
	if int32(uint32(in.stack[0]>>32)) == wire.StatusPending {
		return callcontrol.ErrPending
	}
	var d abi.Decision
	return in.answer(n, f.event, &d)
}

// effect says whether a function of the host reaches beyond the call: it is off in a rehearsal.
func effect(module, name string) bool {
	switch module {
	case "sbc":
		return name == "log" || name == "sleep" || name == "complete"
	case "sbc_map", wasiModule:
		return false
	}
	return true
}

// unavailable is what such a function answers then.
func unavailable(results string, s []uint64) {
	switch results {
	case i32:
		s[0] = code(abi.CodeUnsupported)
	case i64:
		s[0] = code64(abi.CodeUnsupported)
	}
}
