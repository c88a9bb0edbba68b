package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// SectionName is the name of the custom section.
const SectionName = "sbc.manifest"

// MaxSize is the longest manifest, bytes.
const MaxSize = 64 << 10

// What reading a module can fail with.
var (
	ErrNoManifest = errors.New("manifest: no section " + SectionName)
	ErrNotWasm    = errors.New("manifest: not a WebAssembly binary")
	ErrInvalid    = errors.New("manifest: invalid")
)

// Manifest says what a module is.
type Manifest struct {
	// Name of the module as its author calls it.
	Name string `json:"name"`
	// Version of the module, free text; SemVer is a good idea.
	Version string `json:"version"`
	// Description in one sentence.
	Description string `json:"description,omitempty"`
	// Contract is the major version the module is built for.
	Contract int `json:"contract"`
	// Hooks are the names of the events the module subscribes to.
	Hooks []string `json:"hooks"`
	// Capabilities are the import modules it wants besides "sbc", "sbc_cdr"
	// for example. The host grants them or refuses to load.
	Capabilities []string `json:"capabilities,omitempty"`
	// Config is a JSON Schema of the module's configuration; absent lets any
	// object pass.
	Config json.RawMessage `json:"config,omitempty"`
	// StateVersion of the state blobs it writes; 0 = it keeps none.
	StateVersion uint32 `json:"state_version,omitempty"`
}

// Parse reads a manifest's JSON. Unknown keys are let pass, for a newer tool
// may have written them. It fails with ErrInvalid.
func Parse(text []byte) (*Manifest, error) {
	if len(text) > MaxSize {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrInvalid, len(text), MaxSize)
	}
	m := new(Manifest)
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrInvalid, err)
	}
	if err := m.validate(); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Manifest) validate() error {
	if m.Name == "" || len(m.Name) > wire.MaxName {
		return fmt.Errorf("%w: name %q: 1 to %d bytes", ErrInvalid, m.Name, wire.MaxName)
	}
	if m.Contract < 1 {
		return fmt.Errorf("%w: contract %d", ErrInvalid, m.Contract)
	}
	if m.Contract == wire.Major {
		for _, h := range m.Hooks {
			if _, ok := wire.ParseEvent(h); !ok {
				return fmt.Errorf("%w: hook %q is not an event of contract %d", ErrInvalid, h, wire.Major)
			}
		}
	}
	if c := bytes.TrimSpace(m.Config); len(c) > 0 && c[0] != '{' {
		return fmt.Errorf("%w: config is not a JSON Schema object", ErrInvalid)
	}
	return nil
}

// Events is the subscription mask the hooks say.
func (m *Manifest) Events() uint64 {
	var mask uint64
	for _, h := range m.Hooks {
		if e, ok := wire.ParseEvent(h); ok {
			mask |= 1 << e
		}
	}
	return mask
}

// Read is the manifest of a module. It fails with ErrNotWasm, ErrNoManifest or
// ErrInvalid; a second section of the name is invalid.
func Read(wasm []byte) (*Manifest, error) {
	var text []byte
	found := false
	err := sections(wasm, func(id byte, name string, _, body []byte) error {
		if id == 0 && name == SectionName {
			if found {
				return fmt.Errorf("%w: two sections", ErrInvalid)
			}
			text, found = body, true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, ErrNoManifest
	}
	return Parse(text)
}

// Embed returns the module with m as its manifest, in place of any it had.
func Embed(wasm []byte, m *Manifest) ([]byte, error) {
	if err := m.validate(); err != nil {
		return nil, err
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrInvalid, err)
	}
	if len(text) > MaxSize {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrInvalid, len(text), MaxSize)
	}
	out := append(make([]byte, 0, len(wasm)+len(text)+32), wasm[:min(8, len(wasm))]...)
	err = sections(wasm, func(id byte, name string, whole, _ []byte) error {
		if id != 0 || name != SectionName {
			out = append(out, whole...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	body := appendU32(nil, uint32(len(SectionName)))
	body = append(append(body, SectionName...), text...)
	out = append(out, 0)
	out = appendU32(out, uint32(len(body)))
	return append(out, body...), nil
}
