package config

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/profile"
)

// Store is the section [store]: where modules keep what outlives a call, such as limits,
// accounts and values.
type Store struct {
	// Which engine keeps it: "embedded" is a file of this node, "redis" is shared by all nodes
	// and is where [redis] says. Default "embedded". Changes need a restart.
	//
	//	engine = "redis"
	Engine Engine `toml:"engine"`

	// File of the embedded engine, made when it is missing. A path relative to the working
	// directory, default "var/store.db". While Sallyport runs, and after it was killed, the newest
	// changes are in two logs beside it, named like it with .log0 and .log1 behind: the three belong
	// together. Copy them when it does not run; after an orderly stop the file is alone and
	// complete. Changes need a restart.
	//
	//	path = "/var/lib/sallyport/store.db"
	Path string `toml:"path"`

	// Longest that the file may grow, such as "512MiB"; default "0" = no limit. The logs beside it
	// come on top: mostly some MiB, at most 128 MiB each. Near the limit each change goes to the file
	// itself, so that one it has no room for fails at once; the last 256 KiB, or a quarter of a small
	// file, are for deleting.
	//
	//	max_size = "512MiB"
	MaxSize Size `toml:"max_size"`

	// How long the leases of this node outlive it: what a crashed node held counts no longer
	// after that. A duration of at least 3s, default "30s".
	//
	//	lease = "15s"
	Lease time.Duration `toml:"lease"`

	// How long a module may wait for the store; then the operation has failed, and the module or
	// its use's on_fail decides. A hook that waits for longer than the module's limits.wait fails
	// anyway. A duration of 10ms to 30s, default "500ms". Changes need a restart.
	//
	//	deadline = "100ms"
	Deadline time.Duration `toml:"deadline"`
}

// Redis is the section [redis]: a Redis or Valkey server, Sentinel or Cluster. Changes need
// a restart.
type Redis struct {
	// Addresses of the server, or of the Sentinels, or of nodes of the Cluster: host:port.
	// Required.
	//
	//	addresses = ["127.0.0.1:6379"]
	Addresses []string `toml:"addresses"`

	// Name of the master, when the addresses are those of Sentinels; default "" = they are not.
	//
	//	sentinel = "mymaster"
	Sentinel string `toml:"sentinel"`

	// Whether the addresses are nodes of a Cluster: true or false, default false.
	//
	//	cluster = true
	Cluster bool `toml:"cluster"`

	// User name and password; default none.
	//
	//	username = "sallyport"
	Username string `toml:"username"`

	// Password for it.
	//
	//	password = "secret"
	Password string `toml:"password"`

	// Number of the database: 0 to 15, default 0. A Cluster has only 0.
	//
	//	database = 3
	Database int `toml:"database"`

	// Beginning of the names of all keys that are ours, default "sallyport".
	//
	//	prefix = "sbc"
	Prefix string `toml:"prefix"`

	// Whether connections are TLS, of version 1.2 or later: true or false, default false.
	//
	//	tls = true
	TLS bool `toml:"tls"`

	// File with the certificates, in PEM, of those who may vouch for the server's. A path
	// relative to the configuration file, default "" = those of the operating system. It and
	// the files below are read at the start.
	//
	//	ca_file = "tls/redis-ca.pem"
	CAFile string `toml:"ca_file"`

	// File with our own certificate, in PEM, where Redis asks for one; default "" = none.
	//
	//	cert_file = "tls/sallyport.pem"
	CertFile string `toml:"cert_file"`

	// File with the key of our own certificate, in PEM.
	//
	//	key_file = "tls/sallyport.key"
	KeyFile string `toml:"key_file"`

	// Name that the server's certificate must have; default "" = the host of its address.
	//
	//	server_name = "redis.example.net"
	ServerName string `toml:"server_name"`
}

// HTTP is what a module that is granted sbc_http may reach: [module.NAME.http].
type HTTP struct {
	// URLs the module may call: scheme, host, port and the beginning of the path must be those
	// of one of them. Default none: nothing may be called.
	//
	//	allow = ["https://lcr.example.net/route/"]
	Allow []string `toml:"allow"`

	// Networks that are not public and may be reached all the same; default none.
	//
	//	private = ["127.0.0.0/8", "10.1.0.0/16"]
	Private []netip.Prefix `toml:"private"`
}

// RedisUse is what a module that is granted sbc_redis may do: [module.NAME.redis].
type RedisUse struct {
	// Commands the module may give; default none.
	//
	//	commands = ["SISMEMBER", "ZRANGEBYSCORE", "EVALSHA"]
	Commands []string `toml:"commands"`

	// Beginning that all keys the module names must have, default "": any key.
	//
	//	prefix = "blacklist:"
	Prefix string `toml:"prefix"`
}

// Limits are what a module may use: [module.NAME.limits]. What is left out, or 0, is the
// default.
type Limits struct {
	// Memory of one instance, default "64MiB".
	//
	//	memory = "32MiB"
	Memory Size `toml:"memory"`

	// Processor time of one hook; a longer one fails. A duration, default "5ms".
	//
	//	cpu = "2ms"
	CPU time.Duration `toml:"cpu"`

	// How long a hook may wait for an answer from outside: a duration, default "2s".
	//
	//	wait = "500ms"
	Wait time.Duration `toml:"wait"`

	// How many hooks may compute at one time: a number, default twice the processors.
	//
	//	instances = 4
	Instances int `toml:"instances"`

	// How many hooks may wait in one instance: a number, default 64. When an instance fails, so
	// do all that wait in it.
	//
	//	parked = 16
	Parked int `toml:"parked"`

	// How many HTTP requests may be under way: a number, default 256.
	//
	//	http = 32
	HTTP int `toml:"http"`

	// Log lines a second; more are counted and not written. A number, default 50.
	//
	//	log_rate = 10
	LogRate int `toml:"log_rate"`

	// How many keys the module may keep in the store: a number, default 100000.
	//
	//	keys = 1000
	Keys int `toml:"keys"`

	// How much it may keep there, default "16MiB".
	//
	//	bytes = "1MiB"
	Bytes Size `toml:"bytes"`
}

// Engine is the engine of the store.
type Engine string

// The engines.
const (
	Embedded    Engine = "embedded"
	RedisEngine Engine = "redis"
)

// UnmarshalText reads the name of an engine.
func (e *Engine) UnmarshalText(text []byte) error {
	switch v := Engine(text); v {
	case Embedded, RedisEngine:
		*e = v
		return nil
	}
	return fmt.Errorf(`want "embedded" or "redis", got %q`, text)
}

// Size is a number of bytes: "512KiB", "64MiB", "2GiB" or a plain number.
type Size = profile.Size

// SetDefaults fills s.
func (s *Store) SetDefaults() {
	s.Engine, s.Path, s.Lease, s.Deadline = Embedded, "var/store.db", 30*time.Second, 500*time.Millisecond
}

// SetDefaults fills r.
func (r *Redis) SetDefaults() { r.Prefix = "sallyport" }

// stores checks [store] and [redis], and what modules may do with them.
func (c *checker) stores() {
	if c.Store.Engine == RedisEngine && c.Redis == nil {
		c.errorAt(key{"store", "engine"}, `engine = "redis" needs a section [redis] with addresses`)
	}
	if c.Store.Engine == Embedded && c.Store.Path == "" {
		c.errorAt(key{"store", "path"}, "the embedded engine needs a file")
	}
	if c.Store.Lease < 3*time.Second {
		c.errorAt(key{"store", "lease"}, "%s is too short: at least 3s", c.Store.Lease)
	}
	if d := c.Store.Deadline; d < 10*time.Millisecond || d > 30*time.Second {
		c.errorAt(key{"store", "deadline"}, "%s is not 10ms to 30s", d)
	}
	if r := c.Redis; r != nil {
		c.redisTLS(r)
		if len(r.Addresses) == 0 {
			c.errorAt(key{"redis", "addresses"}, `required, such as ["127.0.0.1:6379"]`)
		}
		if r.Database < 0 || r.Database > 15 || r.Cluster && r.Database != 0 {
			c.errorAt(key{"redis", "database"}, "%d: want 0 to 15, and 0 for a Cluster", r.Database)
		}
	}
	for name, m := range c.Module {
		l := m.Limits
		for k, v := range map[string]int64{
			"cpu": int64(l.CPU), "wait": int64(l.Wait), "instances": int64(l.Instances), "parked": int64(l.Parked),
			"http": int64(l.HTTP), "log_rate": int64(l.LogRate), "keys": int64(l.Keys),
		} {
			if v < 0 {
				c.errorAt(key{"module", name, "limits", k}, "negative; 0 or nothing is the default")
			}
		}
	}
}
