package workbench

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// Measured is what one hook costs, host and guest together.
type Measured struct {
	Event    abi.Event
	PerHook  time.Duration // mean of a busy core
	P50, P99 time.Duration // of single hooks, each timed
	Fuel     uint64        // a hook burns; about one instruction each
}

// PerSecond is how many such hooks one core takes.
func (m Measured) PerSecond() int {
	if m.PerHook <= 0 {
		return 0
	}
	return int(time.Second / m.PerHook)
}

// Measure times every hook the module has for about as long as span. Frames are those of
// the script's first call, or a sample call's when script is nil.
func Measure(ctx context.Context, o Options, script *Script, span time.Duration) ([]Measured, error) {
	frames, err := samples(script, &o)
	if err != nil {
		return nil, err
	}
	b, err := Open(o)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	for _, body := range o.filled {
		if _, err := o.outside.section(ctx, b, "store", body); err != nil {
			return nil, err
		}
	}
	var all []Measured
	for _, c := range frames {
		if !b.Wants(c.Event) {
			continue
		}
		m, err := b.measure(ctx, c, span)
		if err != nil {
			return all, fmt.Errorf("hook %s: %w", c.Event, err)
		}
		all = append(all, m)
	}
	return all, nil
}

func (b *Bench) measure(ctx context.Context, c *abi.Call, span time.Duration) (Measured, error) {
	m := Measured{Event: c.Event}
	vars, state := c.Vars, c.State
	once := func() error {
		*c.Vars, c.State = *vars, state
		_, err := b.hook(ctx, c)
		return err
	}
	for range 200 { // warm
		if err := once(); err != nil {
			return m, err
		}
	}
	fuel, hooks := b.fuel()
	n, began := 0, time.Now()
	for ; time.Since(began) < span/2; n += 100 {
		for range 100 {
			if err := once(); err != nil {
				return m, err
			}
		}
	}
	m.PerHook = time.Since(began) / time.Duration(n)
	fuel2, hooks2 := b.fuel()
	m.Fuel = (fuel2 - fuel) / max(hooks2-hooks, 1)

	times := make([]time.Duration, 0, 1<<16)
	for began = time.Now(); time.Since(began) < span/2 && len(times) < cap(times); {
		t := time.Now()
		if err := once(); err != nil {
			return m, err
		}
		times = append(times, time.Since(t))
	}
	slices.Sort(times)
	m.P50, m.P99 = times[len(times)/2], times[len(times)*99/100]
	b.said.take()
	return m, nil
}

// samples are the calls of the events, each as it is when its hook begins. The script's
// first configuration counts when o has none.
func samples(s *Script, o *Options) ([]*abi.Call, error) {
	now := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	var all []*abi.Call
	c := newCall(1)
	add := func(e abi.Event, body string) error {
		lines, err := fields(body)
		if err != nil {
			return err
		}
		now = now.Add(time.Second)
		enter(c, e, now)
		for _, f := range lines {
			if f.Name != "after" {
				if err := assign(c, f.Name, f.Value); err != nil {
					return err
				}
			}
		}
		copied := *c
		copied.Vars = c.Vars.Clone()
		all = append(all, &copied)
		return nil
	}
	if s == nil {
		for _, e := range []abi.Event{abi.EventStart, abi.EventEarly, abi.EventReject, abi.EventConnect, abi.EventEnd} {
			if err := add(e, "param account: alice\nvar tenant: acme\nheader X-Account: alice\n"); err != nil {
				return nil, err
			}
		}
		return all, nil
	}
	begun := false
	for _, f := range s.archive.Files {
		switch {
		case f.Name == "config":
			if begun {
				return all, nil
			}
			if o.Config == "" {
				o.Config = string(f.Data)
			}
			continue
		case f.Name == "expect":
			continue
		case f.Name == abi.EventStart.String() && begun:
			return all, nil
		}
		if known, err := o.outsideOf(s, f.Name, string(f.Data)); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", s.File, f.Name, err)
		} else if known {
			continue
		}
		e, ok := wire.ParseEvent(f.Name)
		if !ok {
			return nil, fmt.Errorf("%s: no event %q", s.File, f.Name)
		}
		begun = true
		if err := add(e, string(f.Data)); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", s.File, f.Name, err)
		}
	}
	return all, nil
}

// outsideOf takes in what a section says of the outside.
func (o *Options) outsideOf(s *Script, name, body string) (known bool, err error) {
	if o.outside == nil {
		o.outside = newOutside(nil)
		o.Allow, o.Commands = s.allowed()
	}
	if name == "store" {
		o.filled = append(o.filled, body)
		return true, nil
	}
	return o.outside.section(context.Background(), nil, name, body)
}

// Memory is what one more warm instance of the module keeps in memory, code not counted:
// the resident memory of this process with many instances less that with one.
func Memory(o Options) (int64, error) {
	const more = 32
	procs := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(procs)
	o.Instances = more + 1
	var rss [2]int64
	for i, n := range []int{1, more + 1} {
		runtime.GOMAXPROCS(n) // the host makes a warm instance for each processor
		b, err := Open(o)
		if err != nil {
			return 0, err
		}
		runtime.GOMAXPROCS(procs)
		rss[i] = resident()
		b.Close()
	}
	return max(rss[1]-rss[0], 0) / more, nil
}

// resident is the process's memory in bytes, without what the collector would free.
func resident() int64 {
	debug.FreeOSMemory()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil { // not Linux: the heap is the better part
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapInuse)
	}
	var size, pages int64
	if _, err := fmt.Fscan(strings.NewReader(string(b)), &size, &pages); err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
