package abi

import (
	"net/netip"
	"time"
)

// Bit is the event's bit in a subscription mask.
func Bit(e Event) uint64 { return 1 << (e & 63) }

// Field is a name and its value: a parameter, a variable, a header field, a
// plan key.
type Field struct{ Name, Value string }

// Message is the SIP message an event is about, as far as a hook may pull it.
type Message interface {
	// Header is the value of the first field of that name, long or compact, in
	// any case.
	Header(name string) (string, bool)
	// Body is the body, "" when there is none.
	Body() string
}

// Headers is a Message that also knows the further fields of a name; index 0
// is the first. Without it a hook only finds the first.
type Headers interface {
	HeaderAt(name string, index int) (string, bool)
}

// Call is what a hook may see of a call. Empty strings, zero addresses, zero
// times are what is not known, or not yet. It belongs to the call's strand for
// the length of a hook.
type Call struct {
	ID    string // our id of the call
	Event Event
	Use   string // name of the use whose hook runs

	CallIDA, CallIDB       string // Call-ID of each leg
	Method, RURI           string // as received
	From, To               string // header values
	FromURI, ToURI         string // without <>
	Caller, Callee         string // user parts of From and Request-URI
	Source, Destination    netip.AddrPort
	Transport              string // of leg A
	InterfaceA, InterfaceB string
	Profile, Node          string

	Start   time.Time // the INVITE came
	Ringing time.Time // the first 18x from leg B
	Connect time.Time // the call was answered
	End     time.Time // the call ended
	Until   time.Time // its maximum duration is over

	Side   string // the leg the event came from: "a", "b" or ""
	Status int    // early, reject: status of leg B's response
	Phrase string // its reason phrase
	Target string // reject: the URI that was tried
	Timer  uint32 // timer: the one that fired
	Detail string // dtmf: the digit; refresh: the method; info: the content type; refer: the Refer-To

	Duration time.Duration // dtmf: how long the digit was held; 0 = unknown

	// Later, when it is not nil, lets a module host answer ErrPending and call Later
	// once when it knows the decision, from any goroutine. The call then stays as
	// it is until Later was called or the hook abandoned.
	Later func(Decision, error)

	Message Message // nil when the event has none
	Params  []Field // of this use, patterns evaluated at start
	Vars    *Vars   // of the call, shared by its modules
	State   []byte  // blob of this use for this call; a hook may replace it
	Result  *End    // only with EventEnd
}

// The dispositions of a call.
const (
	Answered = "answered" // a 2xx reached the caller
	Failed   = "failed"   // no target answered
	Canceled = "canceled" // the caller gave up
	Refused  = "refused"  // by profile or module, with a response
	Dropped  = "dropped"  // by profile or module, without one
)

// End is how a call ended.
type End struct {
	Disposition string
	Code        int    // final status of leg A, 200 for an answered call
	Reason      string // phrase that goes with Code
	Q850        int    // cause of Q.850, 0 = unknown
	HangupBy    string // "a", "b", "sbc" or the name of a use
	Modules     []string
	A, B        MediaStats
}

// MediaStats is what was received from one leg.
type MediaStats struct {
	Codec                   string // "PCMU/8000"
	Packets, Lost, Rejected uint64
	Jitter                  time.Duration // RFC 3550 §6.4.1
	MOS                     float64       // 1 to 4.5, 0 = unknown
}
