package host

import (
	"errors"
	"net/http"

	"github.com/sallyport-sbc/sallyport/host/admin"
	"github.com/sallyport-sbc/sallyport/host/wasm"
)

// Modules says how the generations of every module stand.
func (c control) Modules() []admin.Module {
	ms := []admin.Module{}
	differing := c.modules.Differing()
	for _, s := range c.modules.Modules() {
		ms = append(ms, moduleOf(s, differing))
	}
	return ms
}

// LoadModule loads a generation beside the one in use.
func (c control) LoadModule(name string, o admin.LoadModule) (admin.Module, error) {
	return c.module(name, c.modules.Stage(name, wasm.Staging{Source: o.File, SHA256: o.SHA256, Percent: o.Percent}))
}

// CanaryModule gives it another share of the new calls.
func (c control) CanaryModule(name string, percent int) (admin.Module, error) {
	return c.module(name, c.modules.Canary(name, percent))
}

// PromoteModule gives it all of them.
func (c control) PromoteModule(name string) (admin.Module, error) {
	return c.module(name, c.modules.Promote(name))
}

// RollBackModule goes back.
func (c control) RollBackModule(name string) (admin.Module, error) {
	return c.module(name, c.modules.Rollback(name))
}

// module answers how a module stands, or what err means.
func (c control) module(name string, err error) (admin.Module, error) {
	if le, ok := errors.AsType[*wasm.LoadError](err); ok {
		return admin.Module{}, admin.Refuse(http.StatusUnprocessableEntity, "%s; the generation in use stays", le)
	}
	switch {
	case errors.Is(err, wasm.ErrUnknown):
		return admin.Module{}, admin.Refuse(http.StatusNotFound, "there is no module %q", name)
	case errors.Is(err, wasm.ErrPercent):
		return admin.Module{}, admin.Refuse(http.StatusBadRequest, "%s", err)
	case errors.Is(err, wasm.ErrNoCanary), errors.Is(err, wasm.ErrNoBefore):
		return admin.Module{}, admin.Refuse(http.StatusConflict, "%s", err)
	case errors.Is(err, wasm.ErrClosed):
		return admin.Module{}, admin.Refuse(http.StatusServiceUnavailable, "%s", err)
	case err != nil:
		return admin.Module{}, err
	}
	for _, s := range c.modules.Modules() {
		if s.Name == name {
			return moduleOf(s, c.modules.Differing()), nil
		}
	}
	return admin.Module{}, admin.Refuse(http.StatusNotFound, "there is no module %q", name)
}

// moduleOf knows which modules differ from their files.
func moduleOf(s wasm.Status, differing map[string]string) admin.Module {
	m := admin.Module{
		Name: s.Name, Live: differing[s.Name] != "", Stable: *generationOf(&s), Canary: generationOf(s.Canary), Percent: s.Percent, Before: generationOf(s.Before),
		Old: []admin.Draining{}, Rollbacks: s.Rollbacks,
	}
	for _, d := range s.Old {
		m.Old = append(m.Old, admin.Draining{ID: d.Generation, Calls: d.Calls})
	}
	if r := s.LastRollback; r.Gen != "" {
		m.LastRollback = &admin.Rollback{Time: r.Time.UTC(), ID: r.Gen, Why: r.Why}
	}
	return m
}

func generationOf(s *wasm.Status) *admin.Generation {
	if s == nil {
		return nil
	}
	return &admin.Generation{
		ID: s.Generation, Version: s.Version, File: s.Source, SHA256: s.SHA256, Calls: s.Calls, Started: s.Starts, Refused: s.Refusals,
		Hooks: s.Stats.Hooks, Failures: s.Stats.Traps + s.Stats.Garbage + s.Stats.Codes, Late: s.Stats.Deadlines,
		Fuel:      float64(s.Stats.Fuel) / float64(max(s.Stats.Hooks, 1)),
		Instances: s.Stats.Instances, Memory: s.Stats.Memory + s.Stats.Shared, NotCopied: s.NotCopied,
	}
}
