package wasm

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
)

// Everything the SDK offers, through the real host.
func TestSDK(t *testing.T) {
	e := withEverything(t, "tck", nil)
	mc := (*e.slots.Load())["judge"].stable().source
	mc.Source = sdkModule(t, "sdkall").Source
	mc.Quota.Bytes = 1 << 20
	if err := e.Reload([]ModuleConfig{mc}); err != nil {
		t.Fatal(err)
	}
	c := call("bob")
	c.Message = fields{"one", strings.TrimSuffix(mc.HTTP.Allow[0], "/ok/")}
	d, err := e.play(t, c)
	if err != nil {
		t.Fatal(err)
	}
	want := []abi.Timer{{Number: 1, After: time.Minute}, {Number: 2, After: time.Hour, End: true}, {Number: 3}}
	if len(d.Set) != 1 || d.Set[0].Value != "sip:bob@example.org" || !slices.Equal(d.Timers, want) || !slices.Equal(d.Vars, []abi.Field{{Name: "seen", Value: "1"}}) {
		t.Errorf("decision %+v", d)
	}
	if !slices.Equal(e.calls.said, []string{
		"hangup other by judge: 603 Enough", "rearm call-bob of judge: 1h0m0s",
		"info call-bob a: text/plain, 6 bytes [{X-Left 30}]", "refer call-bob b: sip:carol@example.org []",
	}) {
		t.Errorf("calls were told %q", e.calls.said)
	}
	m, err := e.Acquire("judge", "1")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Release()
	c = call("x")
	c.Event, c.Side, c.Status, c.Phrase, c.Target = abi.EventReject, "b", 486, "Busy", "sip:b@example.net"
	if d, err := m.Event(t.Context(), c); err != nil || !d.Fork || len(d.Targets) != 2 || d.Targets[0] != "sip:b@example.net;again" {
		t.Errorf("reject: %+v, %v", d, err)
	}
	c.Event, c.Timer, c.Detail = abi.EventTimer, 7, "5"
	if d, err := m.Event(t.Context(), c); err != nil || d.Code != 480 || d.Reason != "timer 7" {
		t.Errorf("timer: %+v, %v", d, err)
	}
	c.Event, c.Duration = abi.EventDTMF, 80*time.Millisecond
	if _, err := m.Event(t.Context(), c); err != nil {
		t.Errorf("dtmf: %v", err)
	}
	c.Event, c.Until = abi.EventRearm, time.Unix(1700000000, 0)
	if _, err := m.Event(t.Context(), c); err != nil {
		t.Errorf("rearm: %v", err)
	}
	g := m.(*Generation)
	if b, err := g.Migrate(2, []byte("x")); err != nil || string(b) != "3:x" {
		t.Errorf("migrate: %q, %v", b, err)
	}
	if _, err := g.Migrate(9, []byte("x")); !errors.Is(err, ErrMigrate) {
		t.Errorf("migrate: %v", err)
	}
	if st := g.Status(); st.State != 3 || st.Metrics[0].Name != "calls" || st.Metrics[0].Value != 1 {
		t.Errorf("status %+v", st)
	}
}

// A module ticks once a second, but not while it waits in a tick, and hears of its end.
func TestTickAndStop(t *testing.T) {
	e := withEverything(t, "tck", nil)
	mc := (*e.slots.Load())["judge"].stable().source
	mc.Source = sdkModule(t, "sdkall").Source
	config := e.Host.config
	config.Modules = []ModuleConfig{mc}
	synctest.Test(t, func(t *testing.T) {
		log := new(logBuffer)
		config.Log = log.logger()
		h, err := New(config)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10*time.Second + 700*time.Millisecond)
		synctest.Wait()
		// From second 1 on each tick takes until the next but one.
		if n := strings.Count(log.String(), `text="tick of judge on sbc1"`); n != 5 {
			t.Errorf("%d ticks\n%s", n, log)
		}
		h.Close()
		if n := strings.Count(log.String(), "text=stop"); n != 1 || strings.Contains(log.String(), "module failed") {
			t.Errorf("%d stops\n%s", n, log)
		}
	})
}
