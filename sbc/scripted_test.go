package sbc

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// scripted is the module of the flows. Its script has one line a hook:
//
//	start refuse 403 Not today | start set identity.ruri sip:x@y | start max 30s | start panic
//	connect info a A note | timer refer b sip:x@y | refer refuse 403 No
//	dtmf# refuse 403 No
//	connect refuse 402 Empty | start wait 5s | start timer 20s | start end 20s | reject targets sip:x@y | reject fork sip:x@y sip:z@y
//
// What it is told goes to log, a line a hook.
type scripted struct {
	sbc   *SBC
	lines []string
	log   []string
}

func (s *scripted) script(text string) { s.lines = strings.Split(text, "\n") }

func (s *scripted) Acquire(name, callID string) (callcontrol.Module, error) { return s, nil }
func (s *scripted) Release()                                                {}
func (s *scripted) Events() uint64 {
	return abi.Bit(abi.EventStart) | abi.Bit(abi.EventConnect) | abi.Bit(abi.EventEnd) |
		abi.Bit(abi.EventReject) | abi.Bit(abi.EventTimer) | abi.Bit(abi.EventRefresh) | abi.Bit(abi.EventInfo) |
		abi.Bit(abi.EventDTMF) | abi.Bit(abi.EventHold) | abi.Bit(abi.EventResume) | abi.Bit(abi.EventRefer) | abi.Bit(abi.EventRearm) |
		abi.Bit(abi.EventRegister) | abi.Bit(abi.EventRoute)
}

// Listens: flows that say nothing of requests outside of calls have no module for them.
func (s *scripted) Listens(e abi.Event) bool {
	return slices.ContainsFunc(s.lines, func(l string) bool { return strings.HasPrefix(l, e.String()+" ") })
}

func (s *scripted) Waits() bool        { return true }
func (s *scripted) Cancel(c *abi.Call) { s.log = append(s.log, "nobody waits any more") }

func (s *scripted) run(hook string, c *abi.Call) (d abi.Decision, err error) {
	var wait time.Duration
	defer func() {
		if wait > 0 {
			decision, later := d, c.Later
			time.AfterFunc(wait, func() { later(decision, nil) })
			d, err = abi.Decision{}, callcontrol.ErrPending
		}
	}()
	for i, l := range s.lines {
		w := strings.SplitN(l, " ", 4)
		if w[0] != hook {
			continue
		}
		switch w[1] {
		case "refuse":
			fmt.Sscan(w[2], &d.Code)
			d.Reason = w[3]
		case "drop":
			d.Drop = true
		case "set":
			d.Set = append(d.Set, abi.Field{Name: w[2], Value: w[3]})
		case "max":
			d.MaxDuration, err = time.ParseDuration(w[2])
		case "wait":
			wait, err = time.ParseDuration(w[2])
		case "timer", "end":
			var after time.Duration
			after, err = time.ParseDuration(w[2])
			d.Timers = append(d.Timers, abi.Timer{Number: 1, After: after, End: w[1] == "end"})
		case "targets", "fork": // once
			d.Targets, d.Fork = w[2:], w[1] == "fork"
			s.lines[i] = "- - -"
		case "info":
			s.sbc.Inform(c.ID, Info{
				Leg: sideOf(w[2]), ContentType: "text/plain", Body: w[3], Headers: []sip.Header{{Name: "X-Note", Value: "yes"}},
			})
		case "refer":
			err = s.sbc.Refer(c.ID, Transfer{Leg: sideOf(w[2]), Target: w[3]})
		case "panic":
			panic("scripted")
		}
	}
	return d, err
}

func sideOf(leg string) media.Side {
	if leg == "a" {
		return media.A
	}
	return media.B
}

func (s *scripted) Start(_ context.Context, c *abi.Call) (abi.Decision, error) {
	s.log = append(s.log, fmt.Sprintf("start %s > %s on %s", c.Caller, c.Callee, c.InterfaceA))
	return s.run("start", c)
}

func (s *scripted) Connect(_ context.Context, c *abi.Call) (abi.Decision, error) {
	s.log = append(s.log, fmt.Sprintf("connect to %s on %s", c.Destination, c.InterfaceB))
	return s.run("connect", c)
}

func (s *scripted) Event(_ context.Context, c *abi.Call) (abi.Decision, error) {
	line, hook := strings.TrimSpace(fmt.Sprintf("%s %s %s %s", c.Event, c.Target, c.Side, c.Detail)), c.Event.String()
	if c.Event == abi.EventDTMF {
		line, hook = line+" "+c.Duration.String(), hook+c.Detail
	}
	s.log = append(s.log, line)
	return s.run(hook, c)
}

func (s *scripted) End(_ context.Context, c *abi.Call) error {
	talk := "never answered"
	if !c.Connect.IsZero() {
		talk = "talked " + c.End.Sub(c.Connect).String()
	}
	s.log = append(s.log, fmt.Sprintf("end %s %d %s by %s, %s", c.Result.Disposition, c.Result.Code, c.Result.Reason, c.Result.HangupBy, talk))
	return nil
}
