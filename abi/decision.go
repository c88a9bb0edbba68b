package abi

import (
	"bytes"
	"time"

	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// Decision is what a hook wants. The zero Decision lets the call pass.
type Decision struct {
	Drop        bool          // no reply at all; nothing else counts
	Code        int           // ≠ 0: refuse with this status, 300 to 699
	Reason      string        // of the refusal; "" = the registered phrase
	Headers     []Field       // of the refusal's response
	Set         []Field       // plan keys and their values
	MaxDuration time.Duration // ≠ 0: longest the call may last from connect
	Targets     []string      // in EventReject: URIs to try next, in order
	Fork        bool          // try the Targets at the same time

	// What follows is not in the frame: the module host adds it.
	Timers []Timer // set and cleared during the hook, in order
	Vars   []Field // set by a hook that waited, to be set now
	State  []byte  // not nil: blob left by a hook that waited
}

// Timer is a timer of one use in one call.
type Timer struct {
	Number uint32
	After  time.Duration // from now; 0 clears it
	End    bool          // it ends the call, else EventTimer comes
}

// Refused reports whether the decision ends the call.
func (d *Decision) Refused() bool { return d.Drop || d.Code != 0 }

// DecodeDecision reads a decision frame from b, which is a guest's memory:
// nothing of it is kept. All texts of d share one copy of the frame; the slices
// d already has are filled anew, so whoever keeps them gives each hook a Decision
// of its own. An empty b is a pass. It fails with ErrTooBig or ErrInvalid: a frame or list over its
// bound, a slot outside the frame, a code no refusal may have, CR, LF or NUL in
// any text. d is then the zero Decision.
func DecodeDecision(b []byte, d *Decision) error {
	headers, set := d.Headers[:0], d.Set[:0]
	*d = Decision{}
	if len(b) == 0 {
		return nil
	}
	if len(b) > wire.AnswerRoom {
		return ErrTooBig
	}
	in, ok := wire.Open(b)
	if !ok {
		return ErrInvalid
	}
	action := in.U64(wire.DecisionAction)
	if action == wire.ActionDrop {
		d.Drop = true
		return nil
	}
	span := in.U64(wire.DecisionMaxDuration)
	if action > wire.ActionDrop || span > 1<<63-1 {
		return ErrInvalid
	}
	// One copy, and every text is a part of it.
	in, _ = wire.Open(bytes.Clone(b[:in.Len()]))
	var got Decision
	var err error
	if action == wire.ActionRefuse {
		code := in.U64(wire.DecisionCode)
		if code == 0 {
			code = 403
		}
		reason, ok := in.Bytes(wire.DecisionReason)
		if code < 300 || code > 699 || !ok {
			return ErrInvalid
		}
		if len(reason) > wire.MaxValue {
			return ErrTooBig
		}
		got.Code, got.Reason = int(code), in.Text(wire.DecisionReason)
		if !Clean(got.Reason) {
			return ErrInvalid
		}
		if got.Headers, err = decodeList(in, wire.DecisionHeaders, headers); err != nil {
			return err
		}
	} else if got.Set, err = decodeList(in, wire.DecisionSet, set); err != nil {
		return err
	} else {
		got.MaxDuration, got.Fork = time.Duration(span), in.U64(wire.DecisionFork) == 1
		if got.Targets, err = decodeTargets(in); err != nil {
			return err
		}
	}
	*d = got
	return nil
}

func decodeTargets(in wire.Reader) ([]string, error) {
	l, ok := in.List(wire.DecisionTargets)
	switch {
	case !ok:
		return nil, ErrInvalid
	case l.Len() == 0:
		return nil, nil
	case l.Len() > wire.MaxTargets:
		return nil, ErrTooBig
	}
	targets := make([]string, l.Len())
	for i := range targets {
		uri, _, ok := l.At(i)
		if !ok || uri == "" || !Clean(uri) {
			return nil, ErrInvalid
		}
		if len(uri) > wire.MaxValue {
			return nil, ErrTooBig
		}
		targets[i] = uri
	}
	return targets, nil
}

func decodeList(in wire.Reader, k int, to []Field) ([]Field, error) {
	l, ok := in.List(k)
	switch {
	case !ok:
		return nil, ErrInvalid
	case l.Len() == 0:
		return nil, nil
	case l.Len() > wire.MaxList:
		return nil, ErrTooBig
	}
	for i := range l.Len() {
		name, value, ok := l.At(i)
		if !ok || name == "" || !Clean(name) || !Clean(value) {
			return nil, ErrInvalid
		}
		if len(name) > wire.MaxName || len(value) > wire.MaxValue {
			return nil, ErrTooBig
		}
		to = append(to, Field{name, value})
	}
	return to, nil
}

// Welcome is what a module answers when it starts.
type Welcome struct {
	Events       uint64 // subscription mask; 0 = what the manifest says
	StateVersion uint32
	Keeps        bool // the buffer stays the same while hooks wait
}

// DecodeWelcome reads a welcome frame; an empty b is the zero Welcome.
func DecodeWelcome(b []byte) (Welcome, error) {
	if len(b) == 0 {
		return Welcome{}, nil
	}
	in, ok := wire.Open(b)
	if !ok || in.U64(wire.WelcomeStateVersion) > 1<<32-1 {
		return Welcome{}, ErrInvalid
	}
	return Welcome{
		Events:       in.U64(wire.WelcomeEvents),
		StateVersion: uint32(in.U64(wire.WelcomeStateVersion)),
		Keeps:        in.U64(wire.WelcomeKeeps) == 1,
	}, nil
}
