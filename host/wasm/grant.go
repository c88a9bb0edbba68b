package wasm

import (
	"fmt"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/host/store"
)

// grant gives the generation what the capabilities it imports need. Where there is nothing behind one, its
// functions answer UNSUPPORTED: a module may well do without.
func (g *Generation) grant(c *Config, f *file) (err error) {
	g.maps, g.calls, g.store, g.leases, g.redis = c.Maps, c.Calls, c.Store, c.Leases, c.Redis
	g.absent = make(map[string]bool)
	for capability, there := range map[string]bool{
		"sbc_kv": g.store != nil, "sbc_account": g.store != nil, "sbc_limit": g.store != nil && g.leases != nil,
		"sbc_redis": g.redis != nil, "sbc_call": g.calls != nil, "sbc_http": len(g.source.HTTP.Allow) > 0,
	} {
		if !there && f.imports(capability) {
			g.absent[capability] = true
			g.log.Warn("there is nothing behind a capability", "module", g.name, "gen", g.id, "capability", capability)
		}
	}
	g.leasing = f.imports("sbc_limit") && !g.absent["sbc_limit"]
	if f.imports("sbc_redis") {
		if g.policy, err = store.NewPolicy(g.source.Redis.Commands, g.source.Redis.Prefix); err != nil {
			return fmt.Errorf("sbc_redis: %w", err)
		}
	}
	if f.imports("sbc_http") {
		if g.web, err = newWeb(g.source.HTTP, g.limits.HTTPInFlight); err == nil && c.Web != nil {
			g.web.use(c.Web)
		}
	}
	return err
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
