package wasm

import (
	"reflect"
	"time"

	"github.com/sallyport-sbc/sallyport/abi/manifest"
)

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

// Standing is the generation of a module that is in use, "" when there is no such module.
func (h *Host) Standing(name string) string {
	if s := (*h.slots.Load())[name]; s != nil {
		if g := s.stable(); g != nil {
			return g.id
		}
	}
	return ""
}

// Differing says which modules have another generation in use than the configuration's file
// was when it was last taken up: promoted, or rolled back to, by hand or by itself. It maps
// their names to the generations.
func (h *Host) Differing() map[string]string {
	h.swaps.Lock()
	defer h.swaps.Unlock()
	all := map[string]string{}
	for name, s := range *h.slots.Load() {
		if g := s.stable(); g != nil && g.sum != s.filed {
			all[name] = g.id
		}
	}
	return all
}

// unchanged says that neither the module's configuration nor the file it names is another than
// what stands in the slot was chosen over. A file that cannot be read, or is not the one
// that is pinned, is another. Called with mu held.
func (h *Host) unchanged(s *slot, mc ModuleConfig) bool {
	h.swaps.Lock()
	old, filed := s.config, s.filed
	h.swaps.Unlock()
	if !reflect.DeepEqual(old.generic(), mc.generic()) {
		return false
	}
	file, err := h.config.read(mc)
	return err == nil && file.sum == filed
}

// generic is the configuration without what no generation depends on.
func (mc ModuleConfig) generic() ModuleConfig {
	mc.Watch, mc.Trial = time.Duration(0), Trial{}
	return mc
}
