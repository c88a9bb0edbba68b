package wasm

import (
	"io/fs"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/wasm/builtin"
)

// Config is what a Host is made of.
type Config struct {
	// Modules to load. Only these are compiled.
	Modules []ModuleConfig
	// CacheDir keeps compiled modules between starts; "" keeps nothing. Whoever may write there may run code in this
	// process.
	CacheDir string
	// Node is this node's name, told to modules.
	Node string
	// Builtin has NAME.wasm for each "builtin:NAME"; nil is the modules embedded in the program.
	Builtin fs.FS
	// CDR opens where a module that is granted sbc_cdr puts its records, from its configuration. It is called once a
	// generation. nil refuses such modules.
	CDR func(module string, config []byte) (Sink, error)
	// Store is where sbc_kv, sbc_limit and sbc_account keep things, and Leases hold this node's leases in it.
	// nil refuses modules that are granted them.
	Store  store.Store
	Leases Leases
	// StoreWait is how long one of their functions may wait, besides Limits.ParkWait; 0 is as long as that. It is the
	// deadline that the store has for those without one.
	StoreWait time.Duration
	// Redis gives commands for sbc_redis; nil refuses such modules.
	Redis store.Commander
	// Web, when not nil, answers the requests of sbc_http in place of the network.
	Web http.RoundTripper
	// Maps finds a map of the configuration for sbc_map: what appends to dst the value for a key. nil has none.
	Maps func(name string) (func(dst []byte, key string) ([]byte, bool), bool)
	// Calls is what sbc_call reaches; nil refuses such modules.
	Calls Calls
	// Now, when not nil, is the clock modules see. What waits goes by the real one.
	Now func() time.Time
	// Log gets what modules log and why they fail. nil is slog.Default.
	Log *slog.Logger
	// Progress, when not nil, is called once a second while a module that takes longer is loaded, and once more when
	// it is done. Calls do not overlap.
	Progress func(Progress)
}

// Sink takes the records of a module. Emit must not keep record and must not block; its error makes the guest see
// BUSY. It is called concurrently.
type Sink interface {
	Emit(record []byte) error
	Close() error
}

// Progress says what loading a module is at.
type Progress struct {
	Module  string
	Step    string // "compile" for example
	Elapsed time.Duration
	Done    bool
}

// ModuleConfig is one module of the configuration.
type ModuleConfig struct {
	// Name by which profiles use it.
	Name string
	// Source is "builtin:NAME" or the path of a file.
	Source string
	// Config is a JSON object that the module gets when it starts; nil is an empty one.
	Config []byte
	// SHA256 of the file in hexadecimal; "" takes any.
	SHA256 string
	// Signer is the Ed25519 public key, in base64, whose signature of the file stands in FILE.sig; "" asks for none.
	Signer string
	// Watch is how often the file is looked at; a changed one is loaded. 0 is never.
	Watch time.Duration
	// Trial says how a new generation is judged.
	Trial Trial
	// Grants are the capabilities the module may have besides "sbc". nil grants a built-in module what its manifest
	// asks for, and any other module nothing.
	Grants []string
	// Limits of the module; zero fields are defaults.
	Limits Limits
	// HTTP is what it may reach by sbc_http, Redis what it may do by sbc_redis, Quota what it may keep by sbc_kv.
	HTTP  HTTPGrant
	Redis RedisGrant
	Quota store.Quota
}

// builtin reports whether the module travels inside the program.
func (mc ModuleConfig) builtin() bool { return strings.HasPrefix(mc.Source, builtinPrefix) }

const builtinPrefix = "builtin:"

// Limits bound what a module may use.
type Limits struct {
	// Memory of one instance in bytes, rounded down to 64 KiB; default 64 MiB, at most 4 GiB.
	Memory int64
	// SoftMemory is the memory past which an instance is replaced after its hook; default half of Memory.
	SoftMemory int64
	// CPU is the processor time of one hook; default 5 ms.
	CPU time.Duration
	// InitCPU is the processor time in which an instance must start; default 2 s.
	InitCPU time.Duration
	// Instances is how many hooks may run at one time; default twice the processors.
	Instances int
	// InstanceWait is how long a hook waits when all instances are in use before it fails with ErrBusy; default
	// 20 ms. Without host functions that wait, instances are only in use while they compute.
	InstanceWait time.Duration
	// Parked is how many hooks may wait in one instance, since a trap fails them all; default 64.
	Parked int
	// ParkedModule is how many may wait in all instances together; default 16 times Parked.
	ParkedModule int
	// ParkWait is how long a hook may wait; default 2 s.
	ParkWait time.Duration
	// InFlight is how many calls of each capability that take time may be under way; default 1024.
	InFlight int
	// HTTPInFlight is the same for sbc_http; default 256.
	HTTPInFlight int
	// LogRate is how many lines a second the module may log; default 50. More are counted.
	LogRate int
}

func (l Limits) withDefaults() Limits {
	const page = 64 << 10
	if l.Memory <= 0 {
		l.Memory = 64 << 20
	}
	l.Memory = min(max(l.Memory/page, 1), 65536) * page
	if l.SoftMemory <= 0 {
		l.SoftMemory = l.Memory / 2
	}
	if l.CPU <= 0 {
		l.CPU = 5 * time.Millisecond
	}
	if l.InitCPU <= 0 {
		l.InitCPU = 2 * time.Second
	}
	if l.Instances <= 0 {
		l.Instances = 2 * runtime.GOMAXPROCS(0)
	}
	if l.InstanceWait <= 0 {
		l.InstanceWait = 20 * time.Millisecond
	}
	if l.Parked <= 0 {
		l.Parked = 64
	}
	if l.ParkedModule <= 0 {
		l.ParkedModule = 16 * l.Parked
	}
	if l.ParkWait <= 0 {
		l.ParkWait = 2 * time.Second
	}
	if l.InFlight <= 0 {
		l.InFlight = 1024
	}
	if l.HTTPInFlight <= 0 {
		l.HTTPInFlight = 256
	}
	if l.LogRate <= 0 {
		l.LogRate = 50
	}
	return l
}

// pages is the memory limit in pages of 64 KiB.
func (l Limits) pages() uint32 { return uint32(l.Memory >> 16) }

func (c Config) withDefaults() Config {
	if c.Builtin == nil {
		c.Builtin = builtin.Files
	}
	if c.Maps == nil {
		c.Maps = func(string) (func([]byte, string) ([]byte, bool), bool) { return nil, false }
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}
