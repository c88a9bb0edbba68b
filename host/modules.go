package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sallyport-sbc/sallyport/host/cdr"
	"github.com/sallyport-sbc/sallyport/host/config"
	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/wasm"
	"github.com/sallyport-sbc/sallyport/host/wasm/builtin"
)

// builtins are the names of the modules inside the program.
func builtins() []string {
	files, err := fs.Glob(builtin.Files, "*.wasm")
	if err != nil {
		panic("host: " + err.Error()) // only if the pattern is wrong
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(f, ".wasm")
	}
	return files
}

// moduleConfigs returns the modules of a snapshot as host/wasm knows them.
func moduleConfigs(s *config.Snapshot) ([]wasm.ModuleConfig, error) {
	cs := make([]wasm.ModuleConfig, 0, len(s.ModuleOrder))
	for _, name := range s.ModuleOrder {
		m := s.Module[name]
		// A map's keys are written in order, so the same configuration gives the same bytes.
		own, err := json.Marshal(m.Config)
		if err != nil {
			return nil, fmt.Errorf("module %s: configuration: %w", name, err)
		}
		if m.Config == nil {
			own = nil
		}
		cs = append(cs, wasm.ModuleConfig{
			Name:   name,
			Source: m.Module,
			Config: own,
			SHA256: m.SHA256,
			Grants: m.Grants,
			Signer: m.Signer,
			Watch:  m.Watch,
			Trial:  wasm.Trial(m.Canary),
			HTTP:   wasm.HTTPGrant{Allow: m.HTTP.Allow, Private: m.HTTP.Private},
			Redis:  wasm.RedisGrant{Commands: m.Redis.Commands, Prefix: m.Redis.Prefix},
			Quota:  store.Quota{Keys: int64(m.Limits.Keys), Bytes: int64(m.Limits.Bytes)},
			Limits: wasm.Limits{
				Memory: int64(m.Limits.Memory), CPU: m.Limits.CPU, ParkWait: m.Limits.Wait,
				Instances: m.Limits.Instances, Parked: m.Limits.Parked,
				HTTPInFlight: m.Limits.HTTP, LogRate: m.Limits.LogRate,
			},
		})
	}
	return cs, nil
}

// loadErrors turns what was wrong with modules into mistakes of the configuration.
func loadErrors(s *config.Snapshot, err error) error {
	each := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		each = joined.Unwrap()
	}
	var errs config.Errors
	for _, e := range each {
		le, ok := errors.AsType[*wasm.LoadError](e)
		if !ok {
			return err
		}
		errs = append(errs, s.Mistake(fmt.Errorf("%s: %s: %w", le.Source, le.Step, le.Err), "module", le.Module, "module"))
	}
	return errs
}

// reloadModules brings the modules to those of next. Calls that still begin with the
// configuration before keep finding theirs until drop is called.
func (h *Host) reloadModules(next *config.Snapshot) (drop func() error, err error) {
	cs, err := moduleConfigs(next)
	if err != nil {
		return nil, err
	}
	old, err := moduleConfigs(h.snapshot)
	if err != nil {
		return nil, err
	}
	both := slices.Clone(cs)
	for _, c := range old {
		if next.Module[c.Name] == nil {
			both = append(both, c)
		}
	}
	if err := h.modules.Reload(both); err != nil {
		return nil, loadErrors(next, err)
	}
	return func() error {
		if len(both) == len(cs) {
			return nil
		}
		return h.modules.Reload(cs)
	}, nil
}

// progress translates what host/wasm tells.
func (h *Host) progress(p wasm.Progress) {
	if h.o.Progress == nil {
		return
	}
	what := "module " + p.Module
	if !p.Done {
		what += ": " + p.Step
	}
	h.o.Progress(Progress{What: what, Elapsed: p.Elapsed, Done: p.Done})
}

// records opens where a module's CDRs go.
type records struct {
	files *cdr.Files
	file  *cdr.File
}

// openRecords is wasm.Config's CDR: the key file of the module's own configuration, or a
// file of the module's name.
func (h *Host) openRecords(module string, own []byte) (wasm.Sink, error) {
	var c struct {
		File string `json:"file"`
	}
	if len(own) > 0 {
		if err := json.Unmarshal(own, &c); err != nil {
			return nil, fmt.Errorf("key file: %w", err)
		}
	}
	path, err := recordFile(module, c.File)
	if err != nil {
		return nil, err
	}
	f, err := h.records.Acquire(path)
	if err != nil {
		return nil, err
	}
	return &records{h.records, f}, nil
}

// Emit takes one record.
func (r *records) Emit(record []byte) error { return r.file.Emit(record) }

// Close gives the file back; the last generation that writes to it closes it.
func (r *records) Close() error { return r.files.Release(r.file) }

// recordFiles are the open CDR files, relative to the working directory where they are
// below it.
func (h *Host) recordFiles() []string {
	here, err := filepath.Abs(".")
	paths := map[string]bool{}
	for _, s := range h.records.Stats() {
		path := s.Path
		if rel, relErr := filepath.Rel(here, path); err == nil && relErr == nil && filepath.IsLocal(rel) {
			path = rel
		}
		paths[path] = true
	}
	return slices.Sorted(maps.Keys(paths))
}
