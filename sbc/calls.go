package sbc

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/media"
)

// CallInfo is what an operator may see of a call in progress.
type CallInfo struct {
	ID           string
	CallIDA      string // Call-ID of leg A
	CallIDB      string // of the current leg B; "" while there is none
	Caller       string // user of From, as it came
	Callee       string // user of the Request-URI, or of To
	From, To     string // the URIs
	Profile      string // "" while none is chosen
	State        CallState
	Source       netip.AddrPort // where the INVITE came from
	Destination  netip.AddrPort // where it went; invalid while it went nowhere
	InterfaceA   string
	InterfaceB   string    // "" while there is no leg B
	Start        time.Time // the INVITE came
	Ringing      time.Time // the first 18x; zero = none
	Answer       time.Time // zero = not yet
	Relay        bool      // media flows through the SBC; else the rest is empty
	MediaA       PartyMedia
	MediaB       PartyMedia
	OnHold       bool // one of the parties holds the other
	MaximumUntil time.Time
}

// PartyMedia is what one party sent.
type PartyMedia struct {
	Codec string
	MOS   float64 // 0 = no packet came
	media.Direction
}

// CallState is how far a call is.
type CallState string

// The states of a call that is in progress.
const (
	Calling  CallState = "calling"  // nobody has said a word yet
	Ringing  CallState = "ringing"  // leg B has sent a provisional response
	Answered CallState = "answered" // both legs are up
)

// Calls describes all calls in progress, the oldest first. A call is asked on its own
// strand; one that has not answered when ctx ends is left out.
func (s *SBC) Calls(ctx context.Context) []CallInfo {
	var asked []*call
	s.legs.each(func(l *leg) {
		if l.side == media.A {
			asked = append(asked, l.call)
		}
	})
	answers := make(chan CallInfo, len(asked)) // nobody is made to wait for us
	for _, c := range asked {
		if ctx.Err() != nil {
			break
		}
		c.post(event{kind: evInquire, inquirer: answers})
	}
	infos := make([]CallInfo, 0, len(asked))
	for range asked {
		select {
		case i := <-answers:
			if i.ID != "" {
				infos = append(infos, i)
			}
			continue
		default:
		}
		select {
		case i := <-answers:
			if i.ID != "" {
				infos = append(infos, i)
			}
		case <-ctx.Done():
			return sorted(infos)
		}
	}
	return sorted(infos)
}

func sorted(infos []CallInfo) []CallInfo {
	slices.SortFunc(infos, func(a, b CallInfo) int {
		if c := a.Start.Compare(b.Start); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return infos
}

// Call describes one call. ok is false when there is none with that ID, or when it has not
// answered before ctx ended.
func (s *SBC) Call(ctx context.Context, id string) (_ CallInfo, ok bool) {
	c := s.find(id)
	if c == nil {
		return CallInfo{}, false
	}
	answer := make(chan CallInfo, 1)
	c.post(event{kind: evInquire, inquirer: answer})
	select {
	case i := <-answer:
		return i, i.ID != ""
	case <-ctx.Done():
		return CallInfo{}, false
	}
}

// Hangup ends a call in whatever state it is. by is who wants that, "" the SBC; code and
// reason go into the Reason header field of the BYEs, and a code of 400 and more to a
// caller whose call is not answered yet, who else gets 480. It says whether there is such
// a call; it does not wait for the end. It may be called by anybody.
func (s *SBC) Hangup(id, by string, code int, reason string) bool {
	c := s.find(id)
	if c == nil {
		return false
	}
	if by == "" {
		by = "sbc"
	}
	c.post(event{kind: evHangup, cause: &cause{disposition: abi.Answered, code: code, reason: reason, by: by}})
	return true
}

// find returns the call with an ID, nil if there is none.
func (s *SBC) find(id string) *call { return s.legs.findCall(id) }

// inform tells what the call is; nothing when it is over or has not begun.
func (c *call) inform(inquirer chan<- CallInfo) {
	if c.state == over || c.a.callID == "" {
		inquirer <- CallInfo{}
		return
	}
	h := c.shown(abi.EventInfo, nil)
	i := CallInfo{
		ID: h.ID, CallIDA: h.CallIDA, CallIDB: h.CallIDB, Caller: h.Caller, Callee: h.Callee, From: h.FromURI, To: h.ToURI,
		Profile: h.Profile, State: Calling, Source: h.Source, Destination: h.Destination,
		InterfaceA: h.InterfaceA, InterfaceB: h.InterfaceB, Start: h.Start, Ringing: h.Ringing, Answer: h.Connect,
	}
	done(h)
	switch {
	case c.state == up:
		i.State = Answered
	case c.ringing != 0:
		i.State = Ringing
	}
	if c.due.max != 0 {
		i.MaximumUntil = c.sbc.epoch.Add(c.due.max)
	}
	if c.media != nil {
		st := c.media.Stats()
		party := func(s media.Side) PartyMedia {
			d := st.From(s)
			p := PartyMedia{Codec: c.media.Codec(s), Direction: *d}
			if d.Packets > 0 {
				p.MOS = media.MOS(float64(d.Lost)/float64(d.Packets+d.Lost), d.Jitter, 0)
			}
			return p
		}
		i.Relay, i.MediaA, i.MediaB = true, party(media.A), party(media.B)
		i.OnHold = c.media.Hold(media.A) || c.media.Hold(media.B)
	}
	inquirer <- i
}
