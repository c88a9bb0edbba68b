package wasm

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/sallyport-sbc/sallyport/host/wasm/meter"
)

// function is one function of the host. Parameters stand in s, and its result goes to s[0].
type function struct {
	params, results string // value types
	call            func(in *instance, s []uint64)
}

const (
	i32 = "\x7f"
	i64 = "\x7e"
)

// wasiModule is the import module of WASI preview 1, which needs no grant: it gives nothing away.
const wasiModule = "wasi_snapshot_preview1"

// offered is every function a guest may import, by import module and name.
var offered = map[string]map[string]function{
	"sbc":         sbcFunctions,
	"sbc_cdr":     cdrFunctions,
	"sbc_http":    httpFunctions,
	"sbc_kv":      kvFunctions,
	"sbc_limit":   limitFunctions,
	"sbc_account": accountFunctions,
	"sbc_redis":   redisFunctions,
	"sbc_timer":   timerFunctions,
	"sbc_map":     mapFunctions,
	"sbc_metric":  metricFunctions,
	"sbc_call":    callFunctions,
	wasiModule:    wasiFunctions,
}

// errEarly ends a guest whose start section calls the host, before there is an instance to speak of.
var errEarly = errors.New("the host is called from the start section")

// lookup finds the function for an import, or says why there is none.
func lookup(im meter.Import) (function, error) {
	module, ok := offered[im.Module]
	if !ok {
		return function{}, fmt.Errorf("%w %s.%s: this host has no capability %s", ErrImport, im.Module, im.Name, im.Module)
	}
	f, ok := module[im.Name]
	if !ok {
		return function{}, fmt.Errorf("%w %s.%s: this host does not offer it", ErrImport, im.Module, im.Name)
	}
	if f.params != im.Type.Params || f.results != im.Type.Results {
		want := meter.FuncType{Params: f.params, Results: f.results}
		return function{}, fmt.Errorf("%w %s.%s: is %s, the guest takes it for %s", ErrImport, im.Module, im.Name, want, im.Type)
	}
	return f, nil
}

// link puts the functions that info imports, and the fuel, into the runtime.
func link(ctx context.Context, r wazero.Runtime, info *meter.Info) error {
	modules := map[string]wazero.HostModuleBuilder{"sbc": r.NewHostModuleBuilder("sbc")}
	export := func(module, name string, f function) {
		early := name == meter.FuelFunc // all others may look into the memory
		b := modules[module]
		if b == nil {
			b = r.NewHostModuleBuilder(module)
			modules[module] = b
		}
		call, outside := f.call, effect(module, name)
		b.NewFunctionBuilder().WithGoFunction(api.GoFunc(func(ctx context.Context, s []uint64) {
			in := ctx.Value(instanceKey{}).(*instance)
			if in.memory == nil && !early {
				panic(errEarly)
			}
			in.meter.tick(1)
			if outside && in.dry {
				unavailable(f.results, s)
				return
			}
			call(in, s)
			in.unlock()
		}), []byte(f.params), []byte(f.results)).Export(name)
	}
	seen := make(map[meter.Import]bool)
	for _, im := range info.Imports {
		if seen[im] {
			continue
		}
		seen[im] = true
		f, err := lookup(im)
		if err != nil {
			return err
		}
		export(im.Module, im.Name, f)
	}
	export(meter.FuelModule, meter.FuelFunc, function{"", i64, func(in *instance, s []uint64) {
		s[0] = uint64(in.meter.refill())
	}})
	for _, b := range modules {
		if _, err := b.Instantiate(ctx); err != nil {
			return err
		}
	}
	return nil
}
