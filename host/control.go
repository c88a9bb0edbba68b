package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/host/admin"
	"github.com/sallyport-sbc/sallyport/host/config"
	"github.com/sallyport-sbc/sallyport/host/explain"
	"github.com/sallyport-sbc/sallyport/sbc"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// control is the host as the control API sees it.
type control struct{ *Host }

var _ admin.Backend = control{}

// change makes what change returns the configuration of calls that begin from now on. what
// is said in the log.
func (h *Host) change(what string, change func(*config.Snapshot) (*config.Snapshot, error)) (*config.Snapshot, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped.Load() {
		return nil, problem(ErrStopped)
	}
	next, err := change(h.snapshot)
	if err != nil {
		h.log.Warn("change refused", "what", what, "err", err)
		return nil, problem(err)
	}
	h.configure(next)
	h.log.Info("configuration changed", "what", what)
	return next, nil
}

// problem says an error in the words of the API.
func problem(err error) error {
	if errors.Is(err, ErrStopped) {
		return admin.Refuse(http.StatusServiceUnavailable, "%s", err)
	}
	if u, ok := errors.AsType[*config.UnknownError](err); ok {
		return admin.NotFound(u)
	}
	if r, ok := errors.AsType[*RestartError](err); ok {
		return admin.Refuse(http.StatusConflict, "%s", r)
	}
	errs, ok := errors.AsType[config.Errors](err)
	if !ok {
		return err
	}
	p := admin.Refuse(http.StatusUnprocessableEntity, "nothing was changed")
	for _, e := range errs {
		p.Mistakes = append(p.Mistakes, admin.Mistake{File: e.File, Line: e.Line, Text: e.Error()})
	}
	return p
}

func profileOf(i config.ProfileInfo) admin.Profile {
	return admin.Profile{Name: i.Name, File: i.File, MD5: i.MD5, SHA256: i.SHA256, Settings: i.Config, Loaded: i.Loaded, Live: i.Live}
}

func profilesOf(s *config.Snapshot) []admin.Profile {
	ps := []admin.Profile{}
	for _, i := range s.ProfileInfos() {
		ps = append(ps, profileOf(i))
	}
	return ps
}

// oneProfile finds a profile of a snapshot.
func oneProfile(s *config.Snapshot, name string) (admin.Profile, error) {
	for _, i := range s.ProfileInfos() {
		if i.Name == name {
			return profileOf(i), nil
		}
	}
	return admin.Profile{}, admin.Refuse(http.StatusNotFound, "there is no profile %q", name)
}

// Profiles lists them.
func (c control) Profiles() []admin.Profile { return profilesOf(c.current.Load()) }

// Profile shows one with its settings.
func (c control) Profile(name string) (admin.ProfileSettings, error) {
	s := c.current.Load()
	keys, err := s.Settings(name)
	if err != nil {
		return admin.ProfileSettings{}, problem(err)
	}
	p, err := oneProfile(s, name)
	return admin.ProfileSettings{Profile: p, Keys: keys}, err
}

// LoadProfile takes one from a file.
func (c control) LoadProfile(name, file string) (admin.Profile, error) {
	return c.changeProfile(name, "profile "+name+" from "+file, func(s *config.Snapshot) (*config.Snapshot, error) {
		return s.LoadProfile(name, file)
	})
}

// ReloadProfile reads one again.
func (c control) ReloadProfile(name string) (admin.Profile, error) {
	return c.changeProfile(name, "profile "+name, func(s *config.Snapshot) (*config.Snapshot, error) {
		return s.ReloadProfile(name)
	})
}

func (c control) changeProfile(name, what string, change func(*config.Snapshot) (*config.Snapshot, error)) (admin.Profile, error) {
	s, err := c.change(what, change)
	if err != nil {
		return admin.Profile{}, err
	}
	return oneProfile(s, name)
}

// ReloadProfiles reads all again.
func (c control) ReloadProfiles() ([]admin.Profile, error) {
	s, err := c.change("all profiles", (*config.Snapshot).ReloadProfiles)
	if err != nil {
		return nil, err
	}
	return profilesOf(s), nil
}

// Active tells the selectors.
func (c control) Active() admin.Active {
	selectors, live := c.current.Load().Active()
	return admin.Active{Selectors: selectors, Live: live}
}

// SetActive changes them.
func (c control) SetActive(selectors []string) (admin.Active, error) {
	_, err := c.change("active_profile", func(s *config.Snapshot) (*config.Snapshot, error) { return s.SetActive(selectors) })
	return admin.Active{Selectors: selectors, Live: true}, err
}

func mapOf(i config.MapInfo) admin.Map {
	return admin.Map{
		Name: i.Name, Kind: i.Kind.String(), File: i.File, MD5: i.MD5, SHA256: i.SHA256,
		Count: i.Rules, Loaded: i.Loaded, Live: i.Live,
	}
}

// Maps lists them.
func (c control) Maps() []admin.Map {
	ms := []admin.Map{}
	for _, i := range c.current.Load().MapInfos() {
		ms = append(ms, mapOf(i))
	}
	return ms
}

// Map shows one with its rules.
func (c control) Map(name string) (admin.MapRules, error) {
	i, text, err := c.current.Load().MapText(name)
	if err != nil {
		return admin.MapRules{}, problem(err)
	}
	return admin.MapRules{Map: mapOf(i), Rules: config.Lines(text)}, nil
}

// SetMap gives one other rules.
func (c control) SetMap(name string, to admin.MapChange) (admin.Map, error) {
	var kind *pattern.Kind
	if to.Kind != "" {
		kind = new(pattern.Kind)
		if err := kind.UnmarshalText([]byte(to.Kind)); err != nil {
			return admin.Map{}, admin.Refuse(http.StatusBadRequest, "kind %q: %s", to.Kind, err)
		}
	}
	return c.changeMap(name, func(s *config.Snapshot) (*config.Snapshot, error) { return s.SetMap(name, kind, to.File, to.Rules) })
}

// ReloadMap reads one again.
func (c control) ReloadMap(name string) (admin.Map, error) {
	return c.changeMap(name, func(s *config.Snapshot) (*config.Snapshot, error) { return s.ReloadMap(name) })
}

func (c control) changeMap(name string, change func(*config.Snapshot) (*config.Snapshot, error)) (admin.Map, error) {
	s, err := c.change("map "+name, change)
	if err != nil {
		return admin.Map{}, err
	}
	i, _, err := s.MapText(name)
	return mapOf(i), err
}

// LookUp asks a map.
func (c control) LookUp(name, key string) (admin.LookUp, error) {
	value, line, err := c.current.Load().LookUp(name, key)
	if err != nil {
		return admin.LookUp{}, problem(err)
	}
	return admin.LookUp{Key: key, Found: line > 0, Value: value, Line: line}, nil
}

// Explain says what would become of a request.
func (c control) Explain(ctx context.Context, q admin.Explain) (any, error) {
	r, err := c.Host.Explain(ctx, explain.Request(q))
	if err != nil {
		return nil, admin.Refuse(http.StatusBadRequest, "%s", err)
	}
	return r, nil
}

// Calls describes the calls in progress.
func (c control) Calls(ctx context.Context) ([]admin.Call, int64) {
	calls := []admin.Call{}
	for _, i := range c.sbc.Calls(ctx) {
		calls = append(calls, callOf(i))
	}
	return calls, c.sbc.Stats().Active
}

// Call describes one.
func (c control) Call(ctx context.Context, id string) (admin.Call, error) {
	i, ok := c.sbc.Call(ctx, id)
	if !ok {
		return admin.Call{}, noCall(id)
	}
	return callOf(i), nil
}

// Hangup ends one.
func (c control) Hangup(id, reason string) error {
	if reason == "" {
		reason = "hung up by the operator"
	}
	if !c.sbc.Hangup(id, "", http.StatusOK, reason) {
		return noCall(id)
	}
	c.log.Info("call hung up by the operator", "call", id, "reason", reason)
	return nil
}

func noCall(id string) error {
	return admin.Refuse(http.StatusNotFound, "there is no call %q", id)
}

func callOf(i sbc.CallInfo) admin.Call {
	c := admin.Call{
		ID: i.ID, CallIDA: i.CallIDA, CallIDB: i.CallIDB, Caller: i.Caller, Callee: i.Callee, From: i.From, To: i.To,
		Profile: i.Profile, State: string(i.State), Source: addr(i.Source), Destination: addr(i.Destination),
		InterfaceA: i.InterfaceA, InterfaceB: i.InterfaceB,
		Start: i.Start.UTC(), Ringing: utc(i.Ringing), Answer: utc(i.Answer), Until: utc(i.MaximumUntil), OnHold: i.OnHold,
	}
	if i.Relay {
		c.Media = &admin.CallMedia{A: partyOf(i.MediaA), B: partyOf(i.MediaB)}
	}
	return c
}

func partyOf(p sbc.PartyMedia) admin.PartyMedia {
	return admin.PartyMedia{
		Codec: p.Codec, Source: addr(p.Source), Packets: p.Packets, Bytes: p.Bytes, Lost: p.Lost, Rejected: p.Rejected,
		Filtered: p.Filtered, Limited: p.Limited, Digits: p.Digits,
		JitterMS: float64(p.Jitter) / float64(time.Millisecond), MOS: p.MOS,
	}
}

func utc(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func addr(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// Reload reads everything again.
func (c control) Reload() (admin.Reloaded, error) {
	var of changes
	if err := c.reload(&of); err != nil {
		c.log.Warn("configuration not reloaded", "err", err)
		return admin.Reloaded{}, problem(err)
	}
	s := c.current.Load()
	return admin.Reloaded{File: s.File, SHA256: s.SHA256, Lost: append([]string{}, of.lost...), Kept: append([]string{}, of.kept...)}, nil
}

// LogLevel tells the level of the log.
func (c control) LogLevel() admin.LogLevel {
	return admin.LogLevel{Level: strings.ToLower(c.level.Level().String())}
}

// SetLogLevel changes it, until the next reload.
func (c control) SetLogLevel(level string) (admin.LogLevel, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return admin.LogLevel{}, admin.Refuse(http.StatusBadRequest, `level %q: want "debug", "info", "warn" or "error"`, level)
	}
	c.level.Set(l)
	c.log.Warn("log level changed", "level", level)
	return c.LogLevel(), nil
}

// Version tells what runs.
func (c control) Version() admin.Version {
	v := c.o.Version
	v.Node = c.current.Load().Node
	return v
}

// Ready says whether new calls are taken.
func (c control) Ready() bool { return !c.stopped.Load() }

// openControl makes the socket of the control API, if there is to be one.
func (h *Host) openControl(s *config.Snapshot) error {
	if s.Control.Socket == "" {
		return nil
	}
	l, err := admin.Listen(s.Control.Socket)
	if err != nil {
		err = fmt.Errorf("%w: choose another one, or none with socket = \"\"", err)
		return config.Errors{s.Mistake(err, "control", "socket")}
	}
	h.socket = l
	return nil
}
