package config

import (
	"crypto/ed25519"
	"encoding/base64"
	"time"
)

// Canary is the section [module.NAME.canary].
type Canary struct {
	// How many percent of the new calls a changed file gets first, from 1 to 100. Default 100: it
	// takes the place of the old one at once.
	//
	//	percent = 10
	Percent int `toml:"percent"`

	// How many hooks, and for refusals calls, a new generation must have had before it is judged.
	// Default 50.
	//
	//	sample = 200
	Sample int `toml:"sample"`

	// How many percent of its hooks may fail, more than in the generation beside it, before it is
	// taken back: a trap, an answer against the contract, an error. Default 1.
	//
	//	failures = 0.5
	Failures float64 `toml:"failures"`

	// The same for hooks that run out of time. Default 1.
	//
	//	deadlines = 0.5
	Deadlines float64 `toml:"deadlines"`

	// How many percent of the calls it may refuse, more than the generation beside it. Default 10;
	// 100 never takes it back for that.
	//
	//	refusals = 5
	Refusals float64 `toml:"refusals"`

	// How long the generation before stays ready after a promotion; the new one is judged as long,
	// and rollback goes back. Default "10m".
	//
	//	keep = "1h"
	Keep time.Duration `toml:"keep"`

	// How long running calls keep a generation that gets no new ones. Then they go on with the one
	// in use at their next hook, their state made over when its version differs. Default "1h".
	//
	//	drain = "5m"
	Drain time.Duration `toml:"drain"`
}

// SetDefaults fills in what the comments above say.
func (c *Canary) SetDefaults() {
	*c = Canary{Percent: 100, Sample: 50, Failures: 1, Deadlines: 1, Refusals: 10, Keep: 10 * time.Minute, Drain: time.Hour}
}

// SetDefaults fills in the section above.
func (m *Module) SetDefaults() {
	m.Canary.SetDefaults()
	m.SinkBacklog = 10 << 30
}

// leastWatch is how often a file may be looked at.
const leastWatch = 500 * time.Millisecond

// trial checks what says how a module is renewed.
func (c *checker) trial(name string, m *Module) {
	if key, err := base64.StdEncoding.DecodeString(m.Signer); err != nil || m.Signer != "" && len(key) != ed25519.PublicKeySize {
		c.errorAt(key3(name, "signer"), "want an Ed25519 public key: %d bytes in base64", ed25519.PublicKeySize)
	}
	if m.Watch != 0 && m.Watch < leastWatch {
		c.errorAt(key3(name, "watch"), "want 0s or at least %s", leastWatch)
	}
	for _, n := range []struct {
		key             string
		is, least, most float64
	}{
		{"percent", float64(m.Canary.Percent), 1, 100},
		{"sample", float64(m.Canary.Sample), 1, 1e9},
		{"failures", m.Canary.Failures, 0.001, 100},
		{"deadlines", m.Canary.Deadlines, 0.001, 100},
		{"refusals", m.Canary.Refusals, 0.001, 100},
		{"keep", m.Canary.Keep.Seconds(), 1, 1e9},
		{"drain", m.Canary.Drain.Seconds(), 1, 1e9},
	} {
		if n.is < n.least || n.is > n.most {
			c.errorAt(key{"module", name, "canary", n.key}, "want %v to %v%s", n.least, n.most, secondsIf(n.key))
		}
	}
}

func key3(name, last string) key { return key{"module", name, last} }

func secondsIf(key string) string {
	if key == "keep" || key == "drain" {
		return " seconds"
	}
	return ""
}
