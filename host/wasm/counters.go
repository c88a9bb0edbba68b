package wasm

import (
	"maps"
	"sync"
)

// asynchronousModules are the import modules whose functions answer later.
var asynchronousModules = map[string]struct{}{
	"sbc_http": {}, "sbc_kv": {}, "sbc_limit": {}, "sbc_account": {}, "sbc_redis": {},
}

// Use is how much a module used a capability.
type Use struct {
	Calls    int64 // of its functions that take time
	Refused  int64 // not begun: over a quota, not granted, malformed
	Failed   int64 // that ended with another code than OK
	InFlight int64 // now
}

// counters are those of each capability of a generation.
type counters struct {
	mu sync.Mutex
	by map[string]*counter
}

func (c *counters) of(capability string) *counter {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.by[capability]
	if n == nil {
		if c.by == nil {
			c.by = make(map[string]*counter)
		}
		n = &counter{
			http:  capability == "sbc_http",
			store: capability == "sbc_kv" || capability == "sbc_limit" || capability == "sbc_account",
		}
		c.by[capability] = n
	}
	return n
}

// inFlight is how many may be under way.
func (l *Limits) inFlight(n *counter) int {
	if n.http {
		return l.HTTPInFlight
	}
	return l.InFlight
}

func (c *counters) uses() map[string]Use {
	c.mu.Lock()
	defer c.mu.Unlock()
	uses := make(map[string]Use, len(c.by))
	for name, n := range maps.All(c.by) {
		uses[name] = Use{n.calls.Load(), n.refused.Load(), n.failed.Load(), n.flying.Load()}
	}
	return uses
}
