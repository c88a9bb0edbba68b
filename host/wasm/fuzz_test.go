package wasm

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
)

// tinyInstance is an instance of the smallest module, in a hook of c.
func tinyInstance(tb testing.TB, c *abi.Call) *instance {
	tb.Helper()
	w := newWorld(tb, tinyModule(tb, func(m *wasmtest.Module) {
		m.Imports = []wasmtest.Import{{Module: "sbc_cdr", Name: "emit", Params: i64 + i32 + i32, Results: i32}}
	}))
	in, err := (*w.slots.Load())["judge"].stable().pool.get(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	in.begin(c, in.g.limits.CPU)
	return in
}

// FuzzAnswer gives the host any result of sbc_event over any memory.
func FuzzAnswer(f *testing.F) {
	frame := make([]byte, 256)
	w := wire.NewWriter(frame, wire.DecisionSlots)
	w.U64(wire.DecisionAction, wire.ActionRefuse)
	w.Text(wire.DecisionReason, "no")
	at := w.List(wire.DecisionHeaders, 1)
	w.Pair(at, 0, "X-Why", "blacklist")
	n, _ := w.Close()
	f.Add(uint64(n), uint32(0), frame[:n])
	f.Add(uint64(1<<32-1), uint32(65535), frame[:n])
	f.Add(uint64(1<<32), uint32(8), []byte{})
	f.Add(^uint64(0), uint32(8), []byte{1, 2, 3})
	in := tinyInstance(f, call("x"))
	f.Fuzz(func(t *testing.T, result uint64, length uint32, memory []byte) {
		length %= in.size // the host has written the call frame, so that it fits
		area, _ := in.memory.Read(in.at, in.size)
		clear(area)
		copy(area[(length+7)&^7%in.size:], memory)
		in.stack[0] = result
		var d abi.Decision
		err := in.answer(length, abi.EventStart, &d)
		if err != nil && (d.Refused() || d.Set != nil) {
			t.Errorf("%+v in spite of %v", d, err)
		}
		if d.Code != 0 && (d.Code < 300 || d.Code > 699) || !abi.Clean(d.Reason) {
			t.Errorf("%+v", d)
		}
	})
}

// FuzzFunctions calls every function of the host with any parameters: nothing but an exit or the deadline ends it.
func FuzzFunctions(f *testing.F) {
	type named struct {
		name string
		function
	}
	var all []named
	for _, module := range []string{"sbc", "sbc_cdr", wasiModule} {
		for name, fn := range offered[module] {
			all = append(all, named{name, fn})
		}
	}
	c := call("x")
	in := tinyInstance(f, c)
	f.Add([]byte("\x00\x00\x01\x00"), []byte("X-Account"))
	f.Add([]byte{0xf0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 8, 0, 0, 0}, []byte{})
	f.Fuzz(func(t *testing.T, args, memory []byte) {
		area, _ := in.memory.Read(0, in.memory.Size())
		clear(area)
		copy(area, memory)
		c.State, c.Vars = c.State[:0], new(abi.Vars)
		for _, fn := range all {
			for _, handle := range []bool{true, false} {
				var s [8]uint64
				for i := range s {
					if b := args[min(i*4, len(args)):]; len(b) >= 4 {
						s[i] = uint64(binary.LittleEndian.Uint32(b))
					}
				}
				if handle {
					s[0] = in.handle
				}
				func() {
					defer func() {
						var exit exitError
						if v := recover(); v != nil {
							if err, ok := v.(error); !ok || !errors.As(err, &exit) && !errors.Is(err, ErrDeadline) {
								t.Errorf("%s(%x): %v", fn.name, s, v)
							}
						}
					}()
					fn.call(in, s[:])
				}()
			}
		}
		in.meter.stop()
		if len(c.State) > wire.MaxState {
			t.Errorf("state of %d bytes", len(c.State))
		}
	})
}
