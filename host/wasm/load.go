package wasm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/bits"
	"runtime"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/host/wasm/meter"
)

// load makes a generation of a module, or returns now when that is what mc asks for. The error is a *LoadError.
func (h *Host) load(mc ModuleConfig, now *Generation) (_ *Generation, err error) {
	p := h.progress(mc.Name)
	defer p.done()
	defer func() {
		if err != nil {
			err = &LoadError{mc.Name, mc.Source, p.at(), err}
		}
	}()
	p.step("read")
	file, err := h.config.read(mc)
	if err != nil {
		return nil, err
	}
	if now != nil && now.same(mc, file.sum) {
		return now, nil
	}
	p.step("check")
	if err := file.check(mc); err != nil {
		return nil, err
	}
	if file.imports("sbc_cdr") && h.config.CDR == nil {
		return nil, fmt.Errorf("%w sbc_cdr: there is nowhere to put records", ErrGrant)
	}
	p.step("meter")
	code, info, err := meter.Rewrite(file.wasm, meter.Limits{MemoryPages: mc.Limits.withDefaults().pages()})
	if err != nil {
		return nil, err
	}
	g := &Generation{
		name: mc.Name, source: mc, sum: file.sum, config: mc.Config, limits: mc.Limits.withDefaults(),
		node: h.config.Node, manifest: file.manifest, log: h.config.Log, tasks: &h.tasks,
	}
	g.host = h
	if g.workers = 1; !h.serving {
		g.workers = runtime.GOMAXPROCS(0)
	}
	g.waits, g.metrics = file.waits(), h.metricsOf(mc.Name)
	g.id = g.hash()
	if err := g.grant(&h.config, file); err != nil {
		return nil, err
	}
	g.refs.Store(1)
	p.step("compile")
	if err := g.compile(h.cache, code); err != nil {
		return nil, err
	}
	p.step("start")
	if err := g.start(info); err != nil {
		g.close()
		return nil, err
	}
	if file.imports("sbc_cdr") {
		p.step("open its records")
		if g.sink, err = h.config.CDR(mc.Name, mc.Config); err != nil {
			g.close()
			return nil, err
		}
	}
	if g.events&abi.Bit(abi.EventTick) != 0 {
		g.quit = make(chan struct{})
		g.tasks.start(func() { g.ticks(g.quit) })
	}
	g.log.Info("module loaded", "module", g.name, "gen", g.id, "version", g.manifest.Version, "dur", p.elapsed())
	return g, nil
}

// hash is the generation's short name: all that makes it differ from another.
func (g *Generation) hash() string {
	s := sha256.New()
	fmt.Fprintf(s, "%x\n%q\n%+v\n%q\n%v\n%v\n%q\n%v", g.sum, g.config, g.limits, g.source.Grants, g.source.builtin(),
		g.source.HTTP, g.source.Redis, g.source.Quota)
	return hex.EncodeToString(s.Sum(nil)[:6])
}

// compile gives the generation its runtime and the module's native code, from the cache when it is there.
func (g *Generation) compile(c *cache, code []byte) error {
	if entry := c.open(code); entry != nil {
		err := g.compileWith(entry.cache, code)
		if err == nil {
			g.compiled = entry.cache
			entry.seal()
			return nil
		}
		// Either the module is at fault or what the cache holds: without it we shall know.
		entry.drop()
	}
	return g.compileWith(nil, code)
}

func (g *Generation) compileWith(cache wazero.CompilationCache, code []byte) (err error) {
	ctx := context.Background()
	config := wazero.NewRuntimeConfig().WithCoreFeatures(api.CoreFeaturesV2).
		WithMemoryLimitPages(g.limits.pages()).WithDebugInfoEnabled(false)
	if cache != nil {
		config = config.WithCompilationCache(cache)
	}
	g.runtime = wazero.NewRuntimeWithConfig(ctx, config)
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("compiler: %v", v)
		}
		if err != nil {
			g.runtime.Close(ctx)
		}
	}()
	g.code, err = g.runtime.CompileModule(experimental.WithCompilationWorkers(ctx, g.workers), code)
	return err
}

// start links the module, makes the first instances and learns from them what the module subscribes to.
func (g *Generation) start(info *meter.Info) error {
	g.image = info.Image
	g.memories = memories{reserve: reserve, file: newSealed, all: make(map[*linear]struct{}), failed: func(err error) {
		g.log.Warn("instances take more memory than they need", "module", g.name, "gen", g.id, "err", err)
	}}
	if err := link(context.Background(), g.runtime, info); err != nil {
		return err
	}
	g.pool = pool{
		bound: g.limits.Instances, patience: g.limits.InstanceWait, make: g.instantiate, rate: remakeRate,
		soft: uint32(min(g.limits.SoftMemory, 1<<32-1)),
		park: g.limits.Parked, parkAll: g.limits.ParkedModule,
		spawn: func(f func()) bool {
			if !g.acquire() {
				return false
			}
			g.tasks.start(func() {
				defer g.Release()
				f()
			})
			return true
		},
	}
	first, err := g.boot()
	if err != nil {
		return err
	}
	if g.frozen, g.alone = g.snapshot(first, info); g.frozen != nil {
		first.close()
		first = nil
		g.pool.rate = copyRate
	}
	if err := g.pool.warm(runtime.GOMAXPROCS(0), first); err != nil {
		return err
	}
	if err := g.pool.free[0].selfTest(); err != nil {
		return err
	}
	g.state = max(g.pool.free[0].welcome.StateVersion, g.manifest.StateVersion)
	g.events = g.pool.free[0].welcome.Events
	wanted := g.manifest.Events()
	if g.events == 0 {
		g.events = wanted
	}
	if more := g.events &^ wanted; more != 0 {
		return fmt.Errorf("%w: the module subscribes to %s, which its manifest does not name", ErrContract,
			abi.Event(bits.TrailingZeros64(more)))
	}
	if g.events == 0 {
		g.log.Warn("module has no hooks", slog.String("module", g.name), slog.String("gen", g.id))
	}
	return nil
}
