package host

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport-sbc/sallyport/host/admin"
	"github.com/sallyport-sbc/sallyport/host/cdr"
	"github.com/sallyport-sbc/sallyport/host/config"
	"github.com/sallyport-sbc/sallyport/host/useragent"
	"github.com/sallyport-sbc/sallyport/host/wasm"
	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/capture"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// Options are what a host gets from the process around it.
type Options struct {
	// File is the configuration; "" is config.Sample.
	File string

	// Listen takes the place of the listeners of interfaces, by name; "" names the first.
	Listen map[string]netip.AddrPort

	// Log is where log lines go. Nil discards.
	Log io.Writer

	// Server is the Server and User-Agent header field of the SBC's own messages; "" = none.
	Server string

	// Version is what the control API says of this program; its node is filled in.
	Version admin.Version

	// Progress, when not nil, is told once a second of work that takes longer, and once more
	// when it is done. Calls do not overlap.
	Progress func(Progress)
}

// Progress says what the host is at.
type Progress struct {
	What    string // "module cdr: compile"
	Elapsed time.Duration
	Done    bool
}

// Host is a running SBC with everything around it. Its methods are safe for concurrent use.
type Host struct {
	o     Options
	level slog.LevelVar
	log   *slog.Logger
	begun time.Time
	took  time.Duration

	records      *cdr.Files
	sbc          *sbc.SBC
	transactions *transaction.Layer
	transport    *transport.Layer
	media        *media.Anchor
	modules      *wasm.Host
	stores       stores
	echo         *useragent.Echo // nil without [echo]
	capture      *capture.Writer

	socket  net.Listener  // of the control API; nil without one
	control *admin.Server // nil before the start and without one

	current atomic.Pointer[config.Snapshot] // what snapshot is, for who must not wait
	stopped atomic.Bool                     // set under mu

	explaining sync.Mutex // one explanation at a time: each loads modules

	mu       sync.Mutex // one reload at a time; guards what follows
	snapshot *config.Snapshot
	sinks    map[string]cdr.Feeds // by the file they read
}

// Start builds an SBC from a snapshot and starts it: all of it, or nothing and an error.
// ctx limits the start only. Who started a host calls Stop once.
func Start(ctx context.Context, s *config.Snapshot, o Options) (*Host, error) {
	begun := time.Now()
	if o.Log == nil {
		o.Log = io.Discard
	}
	h := &Host{o: o, begun: begun}
	h.log = newLog(o.Log, s.Log, &h.level)
	h.records = cdr.NewFiles(cdr.Options{Log: h.log})
	if err := h.start(ctx, s); err != nil {
		_ = h.close()
		return nil, err
	}
	h.took = time.Since(begun)
	h.log.Info("started", "node", s.Node, "file", s.File, "sha256", s.SHA256, "dur", h.took)
	return h, nil
}

// start makes the rooms in the order in which they need one another; traffic comes last.
func (h *Host) start(ctx context.Context, s *config.Snapshot) error {
	if err := bindable(ctx, s); err != nil {
		return err
	}
	if err := h.openControl(s); err != nil {
		return err
	}
	modules, err := moduleConfigs(s)
	if err != nil {
		return err
	}
	if err := h.openStores(s, modules); err != nil {
		return err
	}
	if h.sinks, err = h.feeds(s); err != nil {
		return err
	}
	if err := h.records.SetFeeds(h.sinks); err != nil {
		return err
	}
	wc := wasm.Config{
		Modules:   modules,
		CacheDir:  s.Cache.Dir,
		Node:      s.Node,
		CDR:       h.openRecords,
		StoreWait: s.Store.Deadline,
		Log:       h.log,
		Progress:  h.progress,
	}
	h.grant(&wc)
	h.current.Store(s) // modules may look into its maps as soon as they start
	h.modules, err = wasm.New(wc)
	if err != nil {
		return loadErrors(s, err)
	}
	h.capture = capture.New(h.log)
	h.sbc = sbc.New(sbc.Options{Node: s.Node, Log: h.log, Server: h.o.Server, Capture: h.capture})
	h.transactions = transaction.New(transaction.Config{Log: h.log}, h.sbc)
	if h.media, err = media.New(media.Config{Interfaces: mediaInterfaces(s), Log: h.log}); err != nil {
		return fmt.Errorf("media: %w", err)
	}
	if h.transport, err = transport.New(transportConfigs(s), h.transactions, transport.Options{Log: h.log}); err != nil {
		return err
	}
	h.sbc.Attach(h.transport, h.transactions, h.media)
	h.install(s)
	if s.Echo != nil {
		h.echo = useragent.NewEcho(useragent.EchoConfig{Addr: s.Echo.Address, Log: h.log})
		if err := h.echo.Start(ctx); err != nil {
			return err
		}
	}
	if err := h.transport.Start(ctx); err != nil {
		return err
	}
	if h.socket != nil {
		h.control = admin.Serve(h.socket, control{h}, h.log)
	}
	return nil
}

// install makes s the configuration of new calls.
func (h *Host) install(s *config.Snapshot) {
	h.level.Set(s.Log.Level)
	h.configure(s)
}

// configure does the same, but for what a change of a running configuration leaves alone.
func (h *Host) configure(s *config.Snapshot) {
	h.snapshot = s
	h.current.Store(s)
	h.sbc.Configure(&sbc.Snapshot{
		Profiles: s.Profiles, Modules: h.modules, MaxCalls: s.MaxCalls, Refused: refusedChain(s),
	})
}

// refusedChain is the modules that hear of calls which no profile takes, nil when none do.
func refusedChain(s *config.Snapshot) *callcontrol.Chain {
	if len(s.RefusedModules) == 0 {
		return nil
	}
	uses := make([]callcontrol.Use, len(s.RefusedModules))
	for i, name := range s.RefusedModules {
		uses[i] = callcontrol.Use{Name: name, Module: name, OnFail: callcontrol.OnFailPass}
	}
	return callcontrol.NewChain(uses)
}

// forConfig is what reading the configuration has to know.
func (o *Options) forConfig() config.Options {
	return config.Options{Listen: o.Listen, Builtins: builtins()}
}
