package redis

import (
	"context"
	"sync"
	"time"

	"github.com/redis/rueidis"
)

// settle is how long Redis may take to tell this process to forget what this
// process itself has changed. Until then it asks Redis.
const settle = time.Second

// changes remembers which sets this process has changed a moment ago.
type changes struct {
	mu sync.Mutex // guards at
	at map[string]time.Time
}

func (c *changes) note(set string) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at == nil {
		c.at = map[string]time.Time{}
	}
	if len(c.at) >= 256 {
		for s, at := range c.at {
			if now.Sub(at) >= settle {
				delete(c.at, s)
			}
		}
	}
	c.at[set] = now
}

func (c *changes) recent(set string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, known := c.at[set]
	return known && time.Since(at) < settle
}

// cached asks about a set, of what is remembered here if that may be.
func (s *Store) cached(ctx context.Context, c rueidis.Client, set string, ask rueidis.Cacheable) rueidis.RedisResult {
	if s.o.Cache < 0 || s.changed.recent(set) {
		return c.Do(ctx, rueidis.Completed(ask))
	}
	return c.DoCache(ctx, ask.ToStaticTTL(), s.o.Cache)
}
