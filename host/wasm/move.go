package wasm

import (
	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

var _ callcontrol.Mover = (*Generation)(nil)

// Move brings a call to the generation that new calls get, once the one it holds has been out of use for Trial.Drain:
// its state goes through sbc_migrate when the version differs. It fails with ErrMigrate. Modules that hold leases keep
// their calls, since the leases are theirs.
func (g *Generation) Move(c *abi.Call) (callcontrol.Module, error) {
	if !g.leaving.Load() || g.leasing {
		return nil, nil
	}
	m, err := g.host.Acquire(g.name, c.ID)
	if err != nil {
		return nil, nil // the module is gone: the call is the last that has it
	}
	next := m.(*Generation)
	if next == g || next.leasing {
		next.Release()
		return nil, nil
	}
	state, err := next.Migrate(g.state, c.State)
	if err != nil {
		next.Release()
		return nil, err
	}
	c.State = state
	return next, nil
}
