package useragent

import (
	"net/netip"
	"time"
)

// Step names what happened in a test call.
type Step string

// The steps of a call, in the order they come in when all goes well.
const (
	StepResolved Step = "resolved" // the URI led to an address
	StepInvite   Step = "invite"   // the INVITE was handed to the network
	StepProgress Step = "progress" // a provisional response came (Code)
	StepAnswer   Step = "answer"   // a 2xx came and was acknowledged
	StepRejected Step = "rejected" // a 3xx–6xx came
	StepAudio    Step = "audio"    // the first RTP packet came back
	StepHungUp   Step = "hung up"  // the far end sent BYE
	StepCancel   Step = "cancel"   // CANCEL was sent
	StepBye      Step = "bye"      // BYE was sent
	StepEnded    Step = "ended"    // the BYE was answered (Code), or its answer did not come (0)
)

// Event is one step of a test call.
type Event struct {
	Step   Step          `json:"step"`
	At     time.Duration `json:"-"`             // since Call began
	Millis float64       `json:"at_ms"`         // At in milliseconds
	Code   int           `json:"code,omitzero"` // SIP status, where a response is the step
	Text   string        `json:"text,omitzero"` // what a person reads: address, phrase, codec
}

// Audio is what a test call sent and heard. All of it is measured at the test
// caller, so over both directions when the far end echoes.
type Audio struct {
	Sent        int           `json:"packets_sent"`
	Received    int           `json:"packets_received"` // of the far end's stream, duplicates not counted
	Duplicates  int           `json:"packets_duplicate"`
	Reordered   int           `json:"packets_reordered"`
	Foreign     int           `json:"packets_foreign"` // not RTP, not the codec agreed on, or not from the far end
	Lost        int           `json:"packets_lost"`    // expected by sequence numbers, never heard
	LossPercent float64       `json:"loss_percent"`    // Lost in percent of expected
	Jitter      time.Duration `json:"-"`               // interarrival jitter, RFC 3550 §6.4.1
	RoundTrip   time.Duration `json:"-"`               // median over recognised packets of the tone; 0 when none came back as sent
	Echoed      int           `json:"packets_recognised"`
	JitterMS    float64       `json:"jitter_ms"`
	RoundTripMS float64       `json:"round_trip_ms,omitzero"`
	MOS         float64       `json:"mos,omitzero"` // estimate, 1–4.5; 0 when nothing was heard
}

// Result is how a test call went. Call returns one also with an error: it holds
// what was known until then.
type Result struct {
	URI       string         `json:"uri"`
	Target    netip.AddrPort `json:"target,omitzero"`
	Transport string         `json:"transport,omitzero"`
	Local     netip.AddrPort `json:"local,omitzero"`
	CallID    string         `json:"call_id,omitzero"`
	OK        bool           `json:"ok"`
	Code      int            `json:"code,omitzero"` // last response to the INVITE
	Phrase    string         `json:"phrase,omitzero"`
	Codec     string         `json:"codec,omitzero"`    // "PCMU/8000"
	SetupMS   float64        `json:"setup_ms,omitzero"` // INVITE to 2xx
	Steps     []Event        `json:"steps"`
	Audio     Audio          `json:"audio"`
	Error     string         `json:"error,omitzero"`
}
