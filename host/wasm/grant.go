package wasm

import (
	"fmt"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/host/store"
)

// grant gives the generation what the capabilities it imports need.
func (g *Generation) grant(c *Config, f *file) (err error) {
	missing := func(capability, what string) error {
		return fmt.Errorf("%w %s: there is no %s", ErrGrant, capability, what)
	}
	g.maps, g.calls = c.Maps, c.Calls
	for _, capability := range []string{"sbc_kv", "sbc_account", "sbc_limit"} {
		if f.imports(capability) {
			if g.store = c.Store; g.store == nil {
				return missing(capability, "store")
			}
		}
	}
	if f.imports("sbc_limit") {
		if g.leases, g.leasing = c.Leases, true; g.leases == nil {
			return missing("sbc_limit", "holder of leases")
		}
	}
	if f.imports("sbc_redis") {
		if g.redis = c.Redis; g.redis == nil {
			return missing("sbc_redis", "Redis")
		}
		if g.policy, err = store.NewPolicy(g.source.Redis.Commands, g.source.Redis.Prefix); err != nil {
			return fmt.Errorf("sbc_redis: %w", err)
		}
	}
	if f.imports("sbc_http") {
		if g.web, err = newWeb(g.source.HTTP, g.limits.HTTPInFlight); err != nil {
			return err
		}
	}
	if f.imports("sbc_call") && g.calls == nil {
		return missing("sbc_call", "call to reach")
	}
	return nil
}

// selfTest runs sbc_selftest, when there is one, in an instance that is not used yet.
func (in *instance) selfTest() (err error) {
	f := in.module.ExportedFunction("sbc_selftest")
	if f == nil {
		return nil
	}
	in.begin(nil, in.g.limits.InitCPU)
	defer in.end(&err)
	n, err := in.encode(in.g.hello)
	if err != nil {
		return err
	}
	in.stack[0] = uint64(n)
	if err := in.enter(f); err != nil {
		return fmt.Errorf("%w: %w", ErrSelfTest, err)
	}
	if res := int32(uint32(in.stack[0])); res < 0 {
		err = fmt.Errorf("%w: %s", ErrSelfTest, abi.Code(res))
		if said := in.said.take(); said != "" {
			err = fmt.Errorf("%w: %s", err, said)
		}
		return err
	}
	return nil
}

// Migrate turns a state blob that a generation with state version from wrote into one of this
// generation. It fails with ErrMigrate when the module cannot; then the call stays with the
// generation it has.
func (g *Generation) Migrate(from uint32, state []byte) (_ []byte, err error) {
	if from == g.state || len(state) == 0 {
		return state, nil
	}
	in, err := g.pool.get(ctxNone)
	if err != nil {
		return nil, err
	}
	out, err := in.migrate(from, state)
	if in.broken {
		g.pool.discard(in, err)
	} else {
		g.pool.put(in)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMigrate, err)
	}
	return out, nil
}
