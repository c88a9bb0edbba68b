//go:build !wasm

package sdk

import (
	"os"

	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// Host is what a natively running module calls instead of the sandbox's
// imports. Package sdktest has one. Results are those of the contract: a
// length, or a code below zero.
type Host interface {
	Log(call int64, level Level, msg string)
	Now() int64
	Monotonic() int64
	Get(call int64, what int32, name string, index int32, buf []byte) int32
	VarGet(call int64, name string, buf []byte) int32
	VarSet(call int64, name, value string) int32
	StateGet(call int64, buf []byte) int32
	StateSet(call int64, b []byte) int32
	EmitCDR(call int64, line []byte) int32
}

type host struct{ Host }

func (h host) log(call int64, l Level, msg string) { h.Log(call, l, msg) }
func (h host) now() int64                          { return h.Now() }
func (h host) monotonic() int64                    { return h.Monotonic() }
func (h host) get(call int64, what int32, name string, index int32, b []byte) int32 {
	return h.Get(call, what, name, index, b)
}
func (h host) varGet(call int64, name string, b []byte) int32 { return h.VarGet(call, name, b) }
func (h host) varSet(call int64, name, value string) int32    { return h.VarSet(call, name, value) }
func (h host) stateGet(call int64, b []byte) int32            { return h.StateGet(call, b) }
func (h host) stateSet(call int64, b []byte) int32            { return h.StateSet(call, b) }
func (h host) emitCDR(call int64, line []byte) int32          { return h.EmitCDR(call, line) }

// Native is an instance of a module outside any sandbox, driven through the
// same frames. It is for package sdktest; a module's author uses that. As in
// the sandbox, one hook runs at a time.
type Native struct{ i *instance }

// NewNative makes an instance that calls h.
func NewNative(m Module, h Host) *Native {
	i := newInstance(m)
	i.host = host{h}
	return &Native{i}
}

// Events is the subscription mask.
func (n *Native) Events() uint64 { return n.i.mask() }

// Buffer is sbc_buffer.
func (n *Native) Buffer(min int) []byte { return n.i.buffer(min) }

// Init is sbc_init.
func (n *Native) Init(length int) int32 { return n.i.configure(length) }

// Event is sbc_event.
func (n *Native) Event(e wire.Event, call int64, length int) int64 { return n.i.event(e, call, length) }

// Main is what a module's main calls. In a module it does nothing; natively it
// prints the hooks the registered module has, one a line, for the manifest.
func Main() {
	if registered == nil {
		os.Stderr.WriteString("the program registers no module: sdk.Register in init is missing\n")
		os.Exit(1)
	}
	mask := registered.mask()
	for e := range wire.Event(64) {
		if mask&(1<<e) != 0 {
			os.Stdout.WriteString(e.String() + "\n")
		}
	}
}
