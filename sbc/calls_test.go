package sbc

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const calledProfile = `[default.routing]
targets = ["sip:bob@198.51.100.11"]
interface = "inside"
`

// step sends a message from a phone and lets the SBC do what follows from it.
func (b *bed) step(name, label, text string) {
	b.phone(name).send(strings.Fields(label), b.names.fill(text))
	synctest.Wait()
	for _, p := range b.phones {
		for _, m := range p.take() {
			p.learn(m)
		}
	}
}

// got is the labels of what a phone got since the last step.
func (b *bed) got(name string) string {
	synctest.Wait()
	var labels []string
	for _, m := range b.phone(name).take() {
		b.phone(name).learn(m)
		labels = append(labels, labelOf(m))
		if i := strings.Index(m, "\r\nReason: "); i >= 0 {
			reason, _, _ := strings.Cut(m[i+2:], "\r\n")
			labels = append(labels, reason)
		}
	}
	return strings.Join(labels, "\n")
}

func TestCallsAreShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		defer b.close()
		b.configure(calledProfile)
		b.phone("a")
		b.phone("b")
		b.start()
		ctx := t.Context()
		if got := b.sbc.Calls(ctx); len(got) != 0 {
			t.Errorf("calls before any: %+v", got)
		}
		only := func(want CallState) CallInfo {
			t.Helper()
			all := b.sbc.Calls(ctx)
			if len(all) != 1 || all[0].State != want {
				t.Fatalf("calls: %+v, want one that is %s", all, want)
			}
			one, ok := b.sbc.Call(ctx, all[0].ID)
			if !ok || one != all[0] {
				t.Fatalf("Call() = %+v, want %+v", one, all[0])
			}
			return one
		}
		begun := time.Now()
		b.step("a", "INVITE", "+sdp 6000")
		only(Calling)
		time.Sleep(time.Second)
		b.step("b", "180", "")
		only(Ringing)
		time.Sleep(time.Second)
		b.step("b", "200", "+sdp 7000")
		b.step("a", "ACK", "")
		c := only(Answered)
		if c.Caller != "alice" || c.Callee != "bob" || c.Profile != "default" || c.CallIDA != "call-1@a" || c.CallIDB == "" ||
			c.From != "sip:alice@example.org" || c.InterfaceA != "outside" || c.InterfaceB != "inside" ||
			c.Source.String() != "192.0.2.10:5060" || c.Destination.String() != "198.51.100.11:5060" {
			t.Errorf("the call: %+v", c)
		}
		if !c.Start.Equal(begun) || c.Ringing.Sub(c.Start) != time.Second || c.Answer.Sub(c.Start) != 2*time.Second {
			t.Errorf("begun %s, ringing %s, answered %s", c.Start, c.Ringing, c.Answer)
		}
		if !c.Relay || c.MediaA.Codec != "PCMU/8000" || c.MediaA.Packets != 0 || c.MediaA.MOS != 0 || c.OnHold {
			t.Errorf("media: %+v", c.MediaA)
		}
		if _, ok := b.sbc.Call(ctx, "nobody"); ok || b.sbc.Hangup("nobody", "", 200, "x") {
			t.Error("there is a call of nobody")
		}
		b.got("a")
		b.got("b")
		if !b.sbc.Hangup(c.ID, "operator", 200, `by "hand"`) {
			t.Error("Hangup does not find the call")
		}
		const want = "BYE\nReason: SIP;cause=200;text=\"by \\\"hand\\\"\""
		for _, name := range []string{"a", "b"} {
			if got := b.got(name); got != want {
				t.Errorf("%s got %q, want %q", name, got, want)
			}
		}
		b.step("a", "200 BYE", "")
		b.step("b", "200 BYE", "")
		if got := b.sbc.Calls(ctx); len(got) != 0 {
			t.Errorf("calls after the end: %+v", got)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if _, ok := b.sbc.Call(ctx, c.ID); ok {
			t.Error("the call is still there")
		}
	})
}

func TestHangupBeforeTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		defer b.close()
		b.configure(calledProfile)
		b.phone("a")
		b.phone("b")
		b.start()
		b.step("a", "INVITE", "+sdp 6000")
		b.step("b", "180", "")
		all := b.sbc.Calls(t.Context())
		if len(all) != 1 || !b.sbc.Hangup(all[0].ID, "", 200, "enough") {
			t.Fatalf("calls: %+v", all)
		}
		if got := b.got("a"); got != "480 INVITE" && got != "480" {
			t.Errorf("a got %q, want 480", got)
		}
		if got := b.got("b"); got != "CANCEL" {
			t.Errorf("b got %q, want CANCEL", got)
		}
		b.step("a", "ACK", "")
		b.step("b", "200 CANCEL", "")
		b.step("b", "487 INVITE", "")
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n := b.sbc.Stats().Active; n != 0 {
			t.Errorf("%d calls are still active", n)
		}
	})
}

// A call that does not answer is left out; nobody waits for it longer than asked.
func TestBusyCallIsLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t)
		defer b.close()
		b.configure(calledProfile)
		b.phone("a")
		b.phone("b")
		b.start()
		b.step("a", "INVITE", "+sdp 6000")
		id := b.sbc.Calls(t.Context())[0].ID
		c := b.sbc.find(id)
		c.mu.Lock()
		c.running = true // as if a handler were at work
		c.mu.Unlock()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if got := b.sbc.Calls(ctx); len(got) != 0 {
			t.Errorf("calls: %+v", got)
		}
		if _, ok := b.sbc.Call(ctx, id); ok {
			t.Error("a busy call has answered")
		}
		c.mu.Lock()
		c.running = false
		c.mu.Unlock()
		b.step("a", "CANCEL", "")
		time.Sleep(10 * time.Minute)
		synctest.Wait()
	})
}
