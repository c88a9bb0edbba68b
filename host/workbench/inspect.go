package workbench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/sallyport-sbc/sallyport/abi/manifest"
	"github.com/sallyport-sbc/sallyport/host/wasm"
	"github.com/sallyport-sbc/sallyport/host/wasm/meter"
)

// Inspection is what a module file says of itself, and what its hooks cost.
type Inspection struct {
	Manifest  *manifest.Manifest
	Size      int
	SHA256    string
	Memory    int64    // an instance begins with, bytes
	Functions int      // defined
	NotCopied string   // why its instances start each by itself, "" if they are copies of one that has started
	Exports   []string // "sbc_init (i32) → (i32)"
	Imports   []string // "sbc.log"
	// Refused is why this host would not load it, nil if it would.
	Refused error
	// Hooks are what its hooks cost on a sample call; Unmeasured says why there are none.
	Hooks      []Measured
	Unmeasured error
}

// maxFile is the longest module file the host takes.
const maxFile = 32 << 20

// Inspect reads a module, and runs its hooks for a moment when it can be loaded.
func Inspect(ctx context.Context, o Options, script *Script) (*Inspection, error) {
	file, err := os.ReadFile(o.File)
	if err != nil {
		return nil, err
	}
	info, err := meter.Inspect(file, meter.Limits{Size: maxFile, MemoryPages: 65536})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.File, err)
	}
	sum := sha256.Sum256(file)
	in := &Inspection{Size: len(file), SHA256: hex.EncodeToString(sum[:]), Memory: int64(info.MemoryMin) << 16, Functions: info.Functions}
	for name, kind := range info.Funcs {
		in.Exports = append(in.Exports, name+" "+kind.String())
	}
	slices.Sort(in.Exports)
	for _, im := range info.Imports {
		in.Imports = append(in.Imports, im.Module+"."+im.Name)
	}
	slices.Sort(in.Imports)
	in.Imports = slices.Compact(in.Imports)
	if in.Manifest, err = manifest.Read(file); err != nil {
		in.Refused = err
		return in, nil
	}
	mc := wasm.ModuleConfig{Name: in.Manifest.Name, Source: o.File, Config: []byte(o.Config), Grants: append([]string{}, in.Manifest.Capabilities...)}
	if _, in.Refused = wasm.Check(mc, nil); in.Refused != nil {
		return in, nil
	}
	_, info, err = meter.Rewrite(file, meter.Limits{Size: maxFile, MemoryPages: 65536})
	if err != nil {
		in.Refused = err
		return in, nil
	}
	in.NotCopied = info.Whole
	in.Hooks, in.Unmeasured = Measure(ctx, o, script, 50*time.Millisecond)
	return in, nil
}
