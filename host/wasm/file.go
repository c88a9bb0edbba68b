package wasm

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/sallyport-sbc/sallyport/abi/manifest"
	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/host/wasm/builtin"
	"github.com/sallyport-sbc/sallyport/host/wasm/meter"
)

// maxFile is the longest module file.
const maxFile = 32 << 20

// contractExport is the function whose name says which contract a module speaks.
var contractExport = fmt.Sprintf("sbc_abi_v%d", wire.Major)

// required are the functions a module must export.
var required = map[string]meter.FuncType{
	contractExport: {Results: i32},
	"sbc_buffer":   {Params: i32, Results: i64},
	"sbc_init":     {Params: i32, Results: i32},
	"sbc_event":    {Params: i32 + i64 + i32, Results: i64},
}

// optional are the functions it may export.
var optional = map[string]meter.FuncType{
	"_initialize":  {},
	"sbc_resume":   {Params: i64 + i32 + i32, Results: i64},
	"sbc_cancel":   {Params: i64},
	"sbc_migrate":  {Params: i32 + i32, Results: i64},
	"sbc_selftest": {Params: i32, Results: i32},
}

// file is a module as it was read.
type file struct {
	wasm     []byte
	sum      [32]byte
	info     *meter.Info
	manifest *manifest.Manifest
}

// Description is what Check learns of a module without running it.
type Description struct {
	Manifest *manifest.Manifest
	SHA256   string
	Size     int
	Imports  []meter.Import
}

// Check reads a module and holds it against its configuration without compiling it; files nil is the embedded ones.
// What is left for loading to find is what needs the module to run. The error is a *LoadError.
func Check(mc ModuleConfig, files fs.FS) (*Description, error) {
	if files == nil {
		files = builtin.Files
	}
	f, err := Config{Builtin: files}.read(mc)
	if err == nil {
		err = f.check(mc)
	}
	if err != nil {
		return nil, &LoadError{mc.Name, mc.Source, "check", err}
	}
	return &Description{f.manifest, hex.EncodeToString(f.sum[:]), len(f.wasm), f.info.Imports}, nil
}

// read reads the file and compares it with its pin.
func (c Config) read(mc ModuleConfig) (*file, error) {
	var (
		b   []byte
		err error
	)
	if mc.builtin() {
		name := strings.TrimPrefix(mc.Source, builtinPrefix)
		b, err = fs.ReadFile(c.Builtin, name+".wasm")
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
			return nil, fmt.Errorf("built-in module %s %w", name, ErrNotBuiltIn)
		}
	} else {
		b, err = readFile(mc.Source)
	}
	if err != nil {
		return nil, err
	}
	f := &file{wasm: b, sum: sha256.Sum256(b)}
	if sum := hex.EncodeToString(f.sum[:]); mc.SHA256 != "" && !strings.EqualFold(mc.SHA256, sum) {
		return nil, fmt.Errorf("%w: file has %s", ErrPin, sum)
	}
	return f, mc.verify(b)
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = fmt.Errorf("%s is longer than %d MiB", path, maxFile>>20)
	}
	return b, err
}

// check holds manifest, exports, imports and configuration against each other.
func (f *file) check(mc ModuleConfig) (err error) {
	if c := bytes.TrimSpace(mc.Config); len(c) > 0 && (c[0] != '{' || !json.Valid(c)) {
		return errors.New("configuration is not a JSON object")
	}
	limits := meter.Limits{Size: maxFile, MemoryPages: mc.Limits.withDefaults().pages()}
	if f.info, err = meter.Inspect(f.wasm, limits); err != nil {
		return err
	}
	if err := f.checkContract(); err != nil {
		return err
	}
	if err := f.checkImports(mc); err != nil {
		return err
	}
	return f.checkConfig(mc)
}

// checkConfig holds the configuration against the manifest's schema.
func (f *file) checkConfig(mc ModuleConfig) error {
	if len(f.manifest.Config) == 0 {
		return nil
	}
	s, err := parseSchema(f.manifest.Config)
	if err != nil {
		return fmt.Errorf("%w: schema of the configuration: %w", ErrManifest, err)
	}
	config := mc.Config
	if len(bytes.TrimSpace(config)) == 0 {
		config = []byte("{}")
	}
	return s.check(config)
}

// checkContract says which contract the module speaks, and whether it has what the contract asks for.
func (f *file) checkContract() (err error) {
	if _, ok := f.info.Funcs[contractExport]; !ok {
		for name := range f.info.Funcs {
			if v, ok := strings.CutPrefix(name, "sbc_abi_v"); ok {
				return fmt.Errorf("%w: the module is built for version %s, this host speaks %d", ErrContract, v, wire.Major)
			}
		}
	}
	for name, want := range required {
		got, ok := f.info.Funcs[name]
		if !ok {
			return fmt.Errorf("%w: no export %s", ErrContract, name)
		}
		if got != want {
			return fmt.Errorf("%w: export %s is %s, should be %s", ErrContract, name, got, want)
		}
	}
	for name, want := range optional {
		if got, ok := f.info.Funcs[name]; ok && got != want {
			return fmt.Errorf("%w: export %s is %s, should be %s", ErrContract, name, got, want)
		}
	}
	if !f.info.Memory {
		return fmt.Errorf("%w: no export memory", ErrContract)
	}
	if f.info.Manifest == nil {
		return fmt.Errorf("%w: no custom section %s", ErrManifest, manifest.SectionName)
	}
	if f.manifest, err = manifest.Parse(f.info.Manifest); err != nil {
		return err
	}
	if f.manifest.Contract != wire.Major {
		return fmt.Errorf("%w: the manifest says version %d, this host speaks %d", ErrContract, f.manifest.Contract, wire.Major)
	}
	return nil
}

// checkImports allows what the host offers, the manifest asks for, and the configuration grants.
func (f *file) checkImports(mc ModuleConfig) error {
	granted := mc.Grants
	if granted == nil && mc.builtin() {
		granted = f.manifest.Capabilities
	}
	for _, g := range granted {
		if _, ok := offered[g]; !ok {
			return fmt.Errorf("grants: this host has no capability %s: it has %s", g, strings.Join(capabilities(), ", "))
		}
	}
	var missing []string
	first := ""
	for _, im := range f.info.Imports {
		if _, err := lookup(im); err != nil {
			return err
		}
		if im.Module == meter.FuelModule || im.Module == wasiModule {
			continue
		}
		if !slices.Contains(f.manifest.Capabilities, im.Module) {
			return fmt.Errorf("%w %s.%s: the manifest does not name %s", ErrImport, im.Module, im.Name, im.Module)
		}
		if !slices.Contains(granted, im.Module) && !slices.Contains(missing, im.Module) {
			if missing == nil {
				first = im.Module + "." + im.Name
			}
			missing = append(missing, im.Module)
		}
	}
	if missing == nil {
		return nil
	}
	slices.Sort(missing)
	wanted := slices.Sorted(slices.Values(append(slices.Clone(granted), missing...)))
	return fmt.Errorf("%w %s: %s: %w; grants = [\"%s\"] would", ErrImport, first, strings.Join(missing, ", "), ErrGrant, strings.Join(wanted, `", "`))
}

// capabilities are the names that may be granted.
func capabilities() []string {
	var all []string
	for name := range offered {
		if name != wasiModule && name != "sbc" {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// imports reports whether the module imports anything from that import module.
func (f *file) imports(module string) bool {
	return slices.ContainsFunc(f.info.Imports, func(im meter.Import) bool { return im.Module == module })
}

// waits reports whether hooks of the module can wait: it imports functions that answer later, and
// can be told their results.
func (f *file) waits() bool {
	if _, ok := f.info.Funcs["sbc_resume"]; !ok {
		return false
	}
	return slices.ContainsFunc(f.info.Imports, func(im meter.Import) bool {
		_, ok := asynchronousModules[im.Module]
		return ok || im.Module == "sbc" && im.Name == "sleep"
	})
}
