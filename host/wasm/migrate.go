package wasm

import (
	"bytes"
	"context"
	"fmt"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// ctxNone never ends: the pool's patience bounds what takes an instance with it.
var ctxNone = context.Background()

// migrate enters sbc_migrate.
func (in *instance) migrate(from uint32, state []byte) (_ []byte, err error) {
	f := in.module.ExportedFunction("sbc_migrate")
	if f == nil {
		return nil, fmt.Errorf("the module has no sbc_migrate and keeps version %d, not %d", in.g.state, from)
	}
	in.begin(nil, in.g.limits.CPU)
	defer in.end(&err)
	b, ok := in.memory.Read(in.at, in.size)
	if !ok || len(state) > len(b) {
		in.broken = true
		return nil, ErrGarbage
	}
	copy(b, state)
	in.stack[0], in.stack[1] = uint64(from), uint64(len(state))
	if err := in.enter(f); err != nil {
		return nil, err
	}
	status, n := int32(uint32(in.stack[0]>>32)), uint32(in.stack[0])
	if status < 0 && status >= int32(abi.CodeInternal) {
		in.coded = true
		return nil, fmt.Errorf("%w: %s: %s", ErrCode, abi.Code(status), in.said.take())
	}
	out, ok := in.memory.Read(in.at, n)
	if status != 0 || n > wire.MaxState || !ok {
		in.broken = true
		return nil, fmt.Errorf("%w: status %d, state of %d bytes", ErrGarbage, status, n)
	}
	return bytes.Clone(out), nil
}
