package transaction

import (
	"fmt"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// Respond sends a response. It adds the transaction's To tag where the response has none (a
// 100 needs none). A provisional response is sent again for each retransmission of the
// INVITE; so is a final one, which is also repeated by Timer G until its ACK. A 2xx to an
// INVITE is repeated from T1 to T2 apart, over TCP too, until Acknowledge. RFC 3261 §13.3.1.4,
// §17.2, RFC 6026 §7.1.
//
// To a request other than INVITE nothing provisional and no 408 is sent (RFC 4320): the
// former changes nothing, the latter drops the transaction. Errors: ErrMalformed, ErrFinal,
// ErrTerminated, ErrNotAllowed, or one that wraps ErrTransport, after which the transaction
// goes on as if the response had been lost.
func (t *Server) Respond(res *sip.Message) error {
	if res.Status < 100 || res.Status > 699 {
		return ErrMalformed
	}
	if !t.invite() {
		if res.Status < 200 {
			return ErrNotAllowed
		}
		if res.Status == 408 {
			t.Drop()
			return ErrNotAllowed
		}
	}
	t.tagResponse(res)
	b := marshal(res)

	s, l := t.shard, t.layer()
	s.mu.Lock()
	switch t.state {
	case trying, proceeding:
	case dropped, terminated:
		s.mu.Unlock()
		return ErrTerminated
	default:
		s.mu.Unlock()
		return ErrFinal
	}
	merged := uint64(0)
	if res.Status < 200 {
		t.state, t.kept, t.again = proceeding, b, 0
		t.schedule()
	} else {
		t.finish(res.Status, b)
		if res.Status >= 500 && res.Status < 600 {
			// A proxy that gets 503 here may try another address of ours with the same request.
			merged, t.merged = t.merged, 0
		}
	}
	s.mu.Unlock()
	l.release(t, merged)
	if err := t.flow.Send(b, nil); err != nil {
		return transportError(err)
	}
	return nil
}

// tagResponse sees to the To tag of a response, and takes a tag the user gave there as the
// transaction's, so that a 200 to a CANCEL has the same.
func (t *Server) tagResponse(res *sip.Message) {
	tag := res.ToTag()
	if tag == "" && res.Status == 100 {
		return
	}
	t.shard.mu.Lock()
	if t.tag == "" && tag != "" {
		t.tag = strings.Clone(tag)
	}
	own := t.makeTag()
	t.shard.mu.Unlock()
	if tag == "" {
		res.Set(sip.To, res.Header(sip.To)+";tag="+own)
	}
}

// finish enters the state after a final response. The shard is locked.
func (t *Server) finish(status int, b []byte) {
	c := &t.layer().config
	t.kept, t.request, t.again = b, nil, 0
	switch {
	case !t.invite():
		t.state = completed
		if t.flow.Proto().Reliable() {
			t.kept = nil
		}
		t.endAfter(64*c.T1, true) // Timer J
	case status < 300:
		t.state = accepted
		t.repeatFrom(c.T1)
		t.end = t.layer().after(64 * c.T1) // Timer L
		t.schedule()
	default:
		t.state = completed
		if !t.flow.Proto().Reliable() {
			t.repeatFrom(c.T1) // Timer G
		}
		t.end = t.layer().after(64 * c.T1) // Timer H
		t.schedule()
	}
}

// repeatFrom starts retransmissions. The shard is locked.
func (t *Server) repeatFrom(d time.Duration) {
	t.step = int32(d / t.layer().tick)
	t.again = t.layer().after(d)
}

// endAfter ends the transaction after a time in which it only absorbs, and over a reliable
// transport, when that is what makes the time zero, at once. The shard is locked.
func (t *Server) endAfter(d time.Duration, zeroIfReliable bool) {
	if zeroIfReliable && t.flow.Proto().Reliable() {
		t.terminate()
		return
	}
	t.end = t.layer().lingering(d)
	t.schedule()
}

// schedule sets the timer to what comes first. The shard is locked.
func (t *Server) schedule() {
	due := t.end
	if t.again != 0 && (due == 0 || t.again < due) {
		due = t.again
	}
	if due == 0 {
		t.shard.wheel.remove(&t.timer)
		return
	}
	t.shard.set(&t.timer, due)
}

// terminate forgets the transaction. The shard is locked.
func (t *Server) terminate() {
	if t.state == terminated {
		return
	}
	t.state, t.kept, t.request = terminated, nil, nil
	t.shard.wheel.remove(&t.timer)
	delete(t.shard.servers, t.key)
	l := t.layer()
	l.release(t, t.merged)
	l.counters.serversOpen.Add(-1)
}

// expire implements owner.
func (t *Server) expire(now int64) (a action) {
	l := t.layer()
	if t.end != 0 && t.end <= now {
		if t.invite() && (t.state == completed || t.state == accepted && !t.acked) {
			l.counters.unacknowledged.Add(1)
			if t.state == accepted {
				a.server = t
			}
		}
		t.terminate()
		return a
	}
	a.flow, a.bytes = t.flow, t.kept
	switch t.state {
	case trying: // the user is slow: 100
		t.state, t.again = proceeding, 0
	default: // Timer G, or a 2xx without ACK
		l.counters.repeated.Add(1)
		t.step = min(2*t.step, int32(l.config.T2/l.tick))
		t.again = now + int64(t.step)
	}
	t.schedule()
	return a
}

// Trying sends the 100 that waits for Config.Trying now, unless some response was sent. It
// costs no more than the sending.
func (t *Server) Trying() {
	t.shard.mu.Lock()
	if t.state != trying || !t.invite() {
		t.shard.mu.Unlock()
		return
	}
	t.state, t.again = proceeding, 0
	b := t.kept
	t.schedule()
	t.shard.mu.Unlock()
	t.layer().resend(t.flow, b)
}

// Acknowledge says that the ACK of the 2xx came: it is not repeated any more.
func (t *Server) Acknowledge() {
	t.shard.mu.Lock()
	defer t.shard.mu.Unlock()
	if t.state != accepted || t.acked {
		return
	}
	t.acked, t.kept, t.again = true, nil, 0
	t.end = (t.end + linger - 1) / linger * linger
	t.schedule()
}

// Drop ends the transaction without any response: retransmissions of the request and a
// CANCEL of it are swallowed for 64·T1. It does nothing after a final response.
func (t *Server) Drop() {
	t.shard.mu.Lock()
	defer t.shard.mu.Unlock()
	if t.state >= completed {
		return
	}
	t.state, t.kept, t.request, t.again = dropped, nil, nil, 0
	t.endAfter(64*t.layer().config.T1, false)
}

// transportError wraps an error of the transport so that both can be asked for.
func transportError(err error) error { return fmt.Errorf("%w: %w", ErrTransport, err) }
