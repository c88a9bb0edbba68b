package wasm

import "github.com/sallyport-sbc/sallyport/abi/manifest"

// Manifest is that of the generation of a module that is in use, nil when there is no such
// module. It must not be changed.
func (h *Host) Manifest(name string) *manifest.Manifest {
	s := (*h.slots.Load())[name]
	if s == nil {
		return nil
	}
	if g := s.stable(); g != nil {
		return g.manifest
	}
	return nil
}
