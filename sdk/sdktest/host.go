package sdktest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/sdk"
)

// Options of a Host. The zero Options are an unconfigured module named "test".
type Options struct {
	Module string    // name in the configuration; default "test"
	Config string    // its configuration, a JSON object
	Node   string    // default "sbc1"
	Now    time.Time // default 2026-01-02T15:04:05Z
}

// Log is one line a module logged.
type Log struct {
	Level sdk.Level
	Call  string // id of the call, "" outside a hook
	Text  string
}

// Host stands where the SBC would stand.
type Host struct {
	Fakes

	// EmitResult is what emit answers instead of OK, CodeBusy for example. The
	// record is then not in CDRs.
	EmitResult abi.Code

	t      testing.TB
	o      Options
	module *sdk.Native
	events uint64 // that the module wants
	began  time.Time
	now    time.Time
	logs   []Log
	cdrs   []string
	calls  int
	handle int64
	call   *Call // whose hook runs

	conflict abi.Code // of the last result
}

// ErrHook is a hook that failed: it returned an error, or its answer broke the
// contract. The log says which.
var ErrHook = errors.New("sdktest: the hook failed")

// New starts the module; the test fails when it refuses its configuration.
func New(t testing.TB, m sdk.Module, o Options) *Host {
	t.Helper()
	h, err := Start(t, m, o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Start starts the module, and returns the error with what it logged when it
// refuses. The Host is usable for its Logs either way.
func Start(t testing.TB, m sdk.Module, o Options) (*Host, error) {
	if o.Module == "" {
		o.Module = "test"
	}
	if o.Node == "" {
		o.Node = "sbc1"
	}
	if o.Now.IsZero() {
		o.Now = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	}
	h := &Host{t: t, o: o, now: o.Now, began: o.Now, Fakes: newFakes()}
	h.module = sdk.NewNative(m, (*imports)(h))
	buf := h.module.Buffer(0)
	n, err := abi.EncodeInit(buf, &abi.Init{
		Features: wire.FeatureGet, Module: o.Module, Config: []byte(o.Config), Node: o.Node, Generation: "1",
	})
	if err != nil {
		return h, err
	}
	out := h.module.Init(n)
	if out < 0 {
		text := ""
		if len(h.logs) > 0 {
			text = ": " + h.logs[len(h.logs)-1].Text
		}
		return h, fmt.Errorf("module refuses to start: %w%s", abi.Code(out), text)
	}
	w, err := abi.DecodeWelcome(buf[:out])
	if err != nil {
		return h, err
	}
	if w.Events&^h.module.Events() != 0 || w.Events == 0 {
		return h, fmt.Errorf("sdktest: welcome says events %#x, the module has %#x", w.Events, h.module.Events())
	}
	h.events = w.Events
	spoil(buf)
	return h, nil
}

// Wants reports whether the module wants the event with its configuration.
func (h *Host) Wants(e abi.Event) bool { return h.events&abi.Bit(e) != 0 }

// Now is the clock.
func (h *Host) Now() time.Time { return h.now }

// Advance lets time pass.
func (h *Host) Advance(d time.Duration) { h.now = h.now.Add(d) }

// Logs are all lines so far.
func (h *Host) Logs() []Log { return slices.Clone(h.logs) }

// CDRs are all records so far.
func (h *Host) CDRs() []string { return slices.Clone(h.cdrs) }

// hook runs one hook of c and reads its decision.
func (h *Host) hook(c *Call, e abi.Event) (d abi.Decision, err error) {
	if !h.Wants(e) {
		return d, nil
	}
	c.Event = e
	buf := h.module.Buffer(0)
	n, err := abi.EncodeCall(buf, &c.Call)
	if err != nil || n+wire.AnswerRoom+8 > len(buf) {
		buf = h.module.Buffer(n + wire.AnswerRoom + 8)
		if n, err = abi.EncodeCall(buf, &c.Call); err != nil {
			return d, err
		}
	}
	h.handle++
	h.call = c
	r := h.module.Event(e, h.handle, n)
	h.call = nil
	defer spoil(buf)
	if code := abi.Code(r >> 32); code != abi.CodeOK {
		return d, fmt.Errorf("%w: %s: %w", ErrHook, e, code)
	}
	at, length := (n+7)&^7, int(uint32(r))
	if length > len(buf)-at {
		return d, fmt.Errorf("%w: %s: answer of %d bytes", ErrHook, e, length)
	}
	if err := abi.DecodeDecision(buf[at:at+length], &d); err != nil {
		return d, fmt.Errorf("%w: %s: %w", ErrHook, e, err)
	}
	return d, nil
}

// spoil makes sure nobody reads the buffer after the hook.
func spoil(buf []byte) {
	for i := range buf {
		buf[i] = 0xa5
	}
}

// imports are the functions the module may call; apart, so that they do not
// stand among the methods of a Host.
type imports Host

var _ sdk.Host = (*imports)(nil)

func (h *imports) of(call int64) *Call {
	if call != h.handle {
		return nil
	}
	return h.call
}

func (h *imports) Log(call int64, l sdk.Level, msg string) {
	line := Log{Level: l, Text: string([]byte(msg[:min(len(msg), wire.MaxLog)]))}
	if c := h.of(call); c != nil {
		line.Call = c.ID
	}
	h.logs = append(h.logs, line)
}

func (h *imports) Now() int64       { return h.now.UnixNano() }
func (h *imports) Monotonic() int64 { return int64(h.now.Sub(h.began)) }

func (h *imports) Get(call int64, what int32, name string, index int32, buf []byte) int32 {
	c := h.of(call)
	if c == nil {
		return int32(abi.CodeCallGone)
	}
	switch what {
	case wire.GetHeader:
		if m, ok := c.Message.(abi.Headers); ok {
			if v, ok := m.HeaderAt(name, int(index)); ok {
				return pull(buf, []byte(v))
			}
		} else if c.Message != nil && index == 0 {
			if v, ok := c.Message.Header(name); ok {
				return pull(buf, []byte(v))
			}
		}
	case wire.GetBody:
		if c.Message != nil && c.Message.Body() != "" {
			return pull(buf, []byte(c.Message.Body()))
		}
	case wire.GetField:
		if v, ok := abi.AppendField(nil, &c.Call, int(index)); ok {
			return pull(buf, v)
		}
	default:
		return int32(abi.CodeUnsupported)
	}
	return int32(abi.CodeNotFound)
}

func (h *imports) VarGet(call int64, name string, buf []byte) int32 {
	c := h.of(call)
	if c == nil {
		return int32(abi.CodeCallGone)
	}
	v, ok := c.Vars.Get(name)
	if !ok {
		return int32(abi.CodeNotFound)
	}
	return pull(buf, []byte(v))
}

func (h *imports) VarSet(call int64, name, value string) int32 {
	c := h.of(call)
	if c == nil {
		return int32(abi.CodeCallGone)
	}
	return int32(abi.CodeOf(c.Vars.Set(string([]byte(name)), string([]byte(value)))))
}

func (h *imports) StateGet(call int64, buf []byte) int32 {
	c := h.of(call)
	if c == nil {
		return int32(abi.CodeCallGone)
	}
	return pull(buf, c.State)
}

func (h *imports) StateSet(call int64, b []byte) int32 {
	c := h.of(call)
	switch {
	case c == nil:
		return int32(abi.CodeCallGone)
	case len(b) > wire.MaxState:
		return int32(abi.CodeTooBig)
	}
	c.State = bytes.Clone(b)
	return int32(abi.CodeOK)
}

func (h *imports) EmitCDR(_ int64, line []byte) int32 {
	switch {
	case len(line) == 0 || len(line) > wire.MaxRecord || bytes.IndexByte(line, '\n') >= 0:
		return int32(abi.CodeInvalid)
	case h.EmitResult != abi.CodeOK:
		return int32(h.EmitResult)
	}
	h.cdrs = append(h.cdrs, string(line))
	return int32(abi.CodeOK)
}

// pull copies v when there is room for all of it.
func pull(buf, v []byte) int32 {
	if len(v) <= len(buf) {
		copy(buf, v)
	}
	return int32(len(v))
}
