package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/sallyport-sbc/sallyport/host/config"
	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/store/embedded"
	"github.com/sallyport-sbc/sallyport/host/store/redis"
	"github.com/sallyport-sbc/sallyport/host/wasm"
)

// stores are where modules keep what outlives a call. The zero value is none.
type stores struct {
	engine store.Store // nil when no module needs one
	redis  *redis.Store
	holder *store.Holder
	stop   context.CancelFunc
	wait   sync.WaitGroup
}

// storeCapabilities need the store, redisCapability Redis itself.
var storeCapabilities = []string{"sbc_kv", "sbc_limit", "sbc_account"}

const redisCapability = "sbc_redis"

// openStores opens what the modules of a snapshot ask for, and no more: an SBC without
// such modules keeps no file and needs no Redis.
func (h *Host) openStores(s *config.Snapshot, modules []wasm.ModuleConfig) error {
	theStore, redisItself := needs(modules)
	if s.Redis != nil && (redisItself || theStore && s.Store.Engine == config.RedisEngine) {
		o, err := h.redisOptions(s)
		if err == nil {
			h.stores.redis, err = redis.Open(o)
		}
		if err != nil {
			return fmt.Errorf("[redis]: %w", err)
		}
	}
	if !theStore {
		return nil
	}
	if s.Store.Engine == config.RedisEngine {
		h.stores.engine = h.stores.redis
	} else {
		if err := os.MkdirAll(filepath.Dir(s.Store.Path), 0o750); err != nil {
			return fmt.Errorf("[store]: %w", err)
		}
		engine, err := embedded.Open(embedded.Options{Path: s.Store.Path, MaxSize: int64(s.Store.MaxSize), Deadline: s.Store.Deadline, Log: h.log})
		if err != nil {
			return fmt.Errorf("[store]: %w", err)
		}
		h.stores.engine = engine
	}
	h.stores.holder = store.NewHolder(h.stores.engine, s.Node, store.HolderOptions{TTL: s.Store.Lease, Log: h.log})
	ctx, cancel := context.WithCancel(context.Background())
	h.stores.stop = cancel
	h.stores.wait.Add(1)
	go func() { // ends with closeStores
		defer h.stores.wait.Done()
		h.stores.holder.Run(ctx)
	}()
	return nil
}

// storesSuffice checks that what was opened at the start is enough for the modules of
// next: what is missing is opened by a restart.
func (h *Host) storesSuffice(next *config.Snapshot) error {
	modules, err := moduleConfigs(next)
	if err != nil {
		return err
	}
	theStore, redisItself := needs(modules)
	var keys []string
	if theStore && h.stores.engine == nil {
		keys = append(keys, "store")
	}
	if redisItself && next.Redis != nil && h.stores.redis == nil {
		keys = append(keys, "redis")
	}
	if len(keys) > 0 {
		return &RestartError{Keys: keys}
	}
	return nil
}

// closeStores closes what openStores opened, behind the modules.
func (h *Host) closeStores() {
	s := &h.stores
	if s.stop != nil {
		s.stop()
		s.wait.Wait()
	}
	if s.engine != nil {
		if err := s.engine.Close(); err != nil {
			h.log.Error("store not closed", "err", err)
		}
	}
	if s.redis != nil && s.engine != store.Store(s.redis) {
		if err := s.redis.Close(); err != nil {
			h.log.Error("redis not closed", "err", err)
		}
	}
}

// grant gives host/wasm what its modules may use of the stores, maps and calls.
func (h *Host) grant(c *wasm.Config) {
	if h.stores.engine != nil {
		c.Store, c.Leases = h.stores.engine, h.stores.holder
	}
	if h.stores.redis != nil {
		c.Redis = h.stores.redis
	}
	c.Maps = h.lookUpIn
	c.Calls = runningCalls{h}
}

// lookUpIn finds a map of the configuration that runs now.
func (h *Host) lookUpIn(name string) (func(dst []byte, key string) ([]byte, bool), bool) {
	s := h.current.Load()
	if s == nil {
		return nil, false
	}
	maps := s.Profiles.Maps()
	if maps == nil {
		return nil, false
	}
	m, ok := maps.Map(name)
	if !ok {
		return nil, false
	}
	return m.Append, true
}

// needs says whether one of the modules keeps something in the store, and whether one
// speaks to Redis itself.
func needs(modules []wasm.ModuleConfig) (theStore, redisItself bool) {
	for _, m := range modules {
		d, err := wasm.Check(m, nil)
		if err != nil {
			continue // loading says it better
		}
		for _, i := range d.Imports {
			theStore = theStore || slices.Contains(storeCapabilities, i.Module)
			redisItself = redisItself || i.Module == redisCapability
		}
	}
	return theStore, redisItself
}
