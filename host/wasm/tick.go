package wasm

import (
	"context"
	"log/slog"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

// own runs a hook that belongs to no call: tick or stop.
func (g *Generation) own(e abi.Event, later func(abi.Decision, error)) error {
	c := &abi.Call{Event: e, Node: g.node, Use: g.name, Vars: new(abi.Vars), Later: later}
	_, err := g.Event(context.Background(), c)
	if err != nil && err != callcontrol.ErrPending {
		g.complain(e, err)
	}
	return err
}

// complain logs the failure of a hook that belongs to no call.
func (g *Generation) complain(e abi.Event, err error) {
	if ok, _ := g.lines.take(g.limits.LogRate); ok {
		g.log.Warn("module failed", slog.String("module", g.name), slog.String("gen", g.id), slog.String("hook", e.String()), slog.Any("err", err))
	}
}

// ticks gives the module its tick once a second until quit is closed, while the generation gets new calls; one that
// still waits gets no other.
// While it runs a tick it holds the generation.
func (g *Generation) ticks(quit chan struct{}) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	free := make(chan struct{}, 1)
	free <- struct{}{}
	for {
		select {
		case <-quit:
			return
		case <-ticker.C:
		}
		if !g.onDuty() {
			continue
		}
		select {
		case <-free:
		default:
			continue
		}
		if !g.acquire() {
			return
		}
		done := func() {
			free <- struct{}{}
			g.Release()
		}
		if g.own(abi.EventTick, func(_ abi.Decision, err error) {
			if err != nil {
				g.complain(abi.EventTick, err)
			}
			done()
		}) != callcontrol.ErrPending {
			done()
		}
	}
}
