package wasm

import (
	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

var _ callcontrol.Listener = (*Host)(nil)

// Listens says whether a generation that gets new calls has a hook for e. It takes no lock.
func (h *Host) Listens(e abi.Event) bool {
	for _, s := range *h.slots.Load() {
		t := s.now()
		for _, g := range [...]*Generation{t.stable, t.canary} {
			if g != nil && g.Events()&abi.Bit(e) != 0 {
				return true
			}
		}
	}
	return false
}
