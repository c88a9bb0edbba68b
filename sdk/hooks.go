package sdk

import "github.com/sallyport-sbc/sallyport/abi/wire"

// The hooks besides Start, Connect and End, one interface each.

// EarlyHook sees a provisional response other than 100 from leg B: Status, Phrase.
type EarlyHook interface {
	Early(c *Call) error
}

// RefreshHook sees a re-INVITE or UPDATE within the call: Side, Detail is its method.
type RefreshHook interface {
	Refresh(c *Call) error
}

// RejectHook sees a final failure of a target: Status, Phrase, Target. It may Try other targets, or
// Refuse to give the caller another answer.
type RejectHook interface {
	Reject(c *Call) error
}

// ReferHook sees REFER from either side: Side, Detail is the value of Refer-To. The SBC answers
// it with 405, or as Refuse says; the call goes on.
type ReferHook interface {
	Refer(c *Call) error
}

// DTMFHook hears of a digit, where the profile has media.dtmf_detection: Side, Detail is the digit,
// "0"–"9", "*", "#", "A"–"D", or "!" for a hook flash; Duration. It may Refuse: the call is hung up.
type DTMFHook interface {
	DTMF(c *Call) error
}

// InfoHook sees INFO: Side, Detail is its content type.
type InfoHook interface {
	Info(c *Call) error
}

// HoldHook sees a side put the other on hold.
type HoldHook interface {
	Hold(c *Call) error
}

// ResumeHook sees a side take the other off hold.
type ResumeHook interface {
	Resume(c *Call) error
}

// MediaTimeoutHook hears that no media came from either side.
type MediaTimeoutHook interface {
	MediaTimeout(c *Call) error
}

// TimerHook hears that a timer of this use fired: Timer. It may Refuse: the call is hung up.
type TimerHook interface {
	Timer(c *Call) error
}

// RearmHook hears that somebody outside has set anew how long this use lets the call last:
// UntilTime.
type RearmHook interface {
	Rearm(c *Call) error
}

// RegisterHook sees REGISTER outside a dialog.
type RegisterHook interface {
	Register(c *Call) error
}

// RouteHook sees any other request outside a dialog.
type RouteHook interface {
	Route(c *Call) error
}

// TickHook runs once a second, without a call.
type TickHook interface {
	Tick(c *Call) error
}

// StopHook hears that this generation of the module ends.
type StopHook interface {
	Stop(c *Call) error
}

// StateKeeper is a module that says which version its state blobs have, and turns
// older ones into it.
type StateKeeper interface {
	StateVersion() uint32
	// Migrate turns a blob of an older version into one of this. An error leaves the call with
	// the generation that wrote it.
	Migrate(from uint32, state []byte) ([]byte, error)
}

// SelfTester is a module that tests itself before it gets calls.
type SelfTester interface {
	SelfTest() error
}

// findHooks fills in what m has methods for.
func (i *instance) findHooks(m Module) {
	i.keeper, _ = m.(StateKeeper)
	if h, ok := m.(StartHook); ok {
		i.hooks[wire.EventStart] = h.Start
	}
	if h, ok := m.(ConnectHook); ok {
		i.hooks[wire.EventConnect] = h.Connect
	}
	if h, ok := m.(EndHook); ok {
		i.hooks[wire.EventEnd] = h.End
	}
	if h, ok := m.(EarlyHook); ok {
		i.hooks[wire.EventEarly] = h.Early
	}
	if h, ok := m.(RefreshHook); ok {
		i.hooks[wire.EventRefresh] = h.Refresh
	}
	if h, ok := m.(RejectHook); ok {
		i.hooks[wire.EventReject] = h.Reject
	}
	if h, ok := m.(ReferHook); ok {
		i.hooks[wire.EventRefer] = h.Refer
	}
	if h, ok := m.(DTMFHook); ok {
		i.hooks[wire.EventDTMF] = h.DTMF
	}
	if h, ok := m.(InfoHook); ok {
		i.hooks[wire.EventInfo] = h.Info
	}
	if h, ok := m.(HoldHook); ok {
		i.hooks[wire.EventHold] = h.Hold
	}
	if h, ok := m.(ResumeHook); ok {
		i.hooks[wire.EventResume] = h.Resume
	}
	if h, ok := m.(MediaTimeoutHook); ok {
		i.hooks[wire.EventMediaTimeout] = h.MediaTimeout
	}
	if h, ok := m.(TimerHook); ok {
		i.hooks[wire.EventTimer] = h.Timer
	}
	if h, ok := m.(RearmHook); ok {
		i.hooks[wire.EventRearm] = h.Rearm
	}
	if h, ok := m.(RegisterHook); ok {
		i.hooks[wire.EventRegister] = h.Register
	}
	if h, ok := m.(RouteHook); ok {
		i.hooks[wire.EventRoute] = h.Route
	}
	if h, ok := m.(TickHook); ok {
		i.hooks[wire.EventTick] = h.Tick
	}
	if h, ok := m.(StopHook); ok {
		i.hooks[wire.EventStop] = h.Stop
	}
}
