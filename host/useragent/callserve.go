package useragent

import (
	"fmt"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
)

// during handles what comes while the call is up, besides RTP.
func (k *caller) during(what any) {
	switch what := what.(type) {
	case request:
		k.serve(what)
	case *sip.Message:
		if what.Method == "INVITE" && what.Status/100 == 2 {
			k.answeredAgain(what)
		}
	}
}

// serve answers a request of the far end.
func (k *caller) serve(r request) {
	m, a := r.m, k.agent
	d := k.dialog
	within := d != nil && m.Header(sip.CallID) == d.callID && d.local == m.Header(sip.To)
	switch {
	case r.t == nil:
		if n, ok := m.CSeqNumber(); within && k.reoffer != nil && ok && n == k.reofferSeq {
			k.reoffer.Acknowledge()
			k.reoffer = nil
		}
	case m.Method == "OPTIONS":
		a.respond(r.t, m, 200, "")
	case !within && m.Method == "INVITE":
		a.respond(r.t, m, 486, "")
	case !within:
		a.respond(r.t, m, 481, "")
	case !d.accepts(m):
		a.respond(r.t, m, 500, "")
	case m.Method == "BYE":
		a.respond(r.t, m, 200, "")
		k.over = true
		k.step(StepHungUp, 0, strings.Clone(m.Header(sip.Reason)))
	case m.Method == "INVITE":
		k.reinvited(r)
	case m.Method == "INFO":
		a.respond(r.t, m, 200, "")
	default:
		a.respond(r.t, m, 405, "")
	}
}

// reinvited answers a re-INVITE: the audio goes where it says from now on.
func (k *caller) reinvited(r request) {
	body, status := offered(r.m)
	if status != 0 {
		k.agent.respond(r.t, r.m, status, "")
		return
	}
	k.version++
	text := describe(k.voice.local, k.version, sendrecv, "20", callerCodecs)
	if body != "" {
		offer, a, err := parseAudio(body)
		if err != nil || !a.allows(k.voice.codec.pt) {
			k.agent.respond(r.t, r.m, 488, "")
			return
		}
		text = answer(offer, a, k.voice.local, k.version)
		k.voice.redirect(a)
	}
	k.dialog.retarget(r.m)
	k.reoffer, k.reofferSeq = r.t, k.dialog.heard
	k.agent.respond(r.t, r.m, 200, text)
}

// answeredAgain repeats the ACK for a 2xx that was repeated, and ends at once the call
// of another one who answered (RFC 3261 §13.2.2.4).
func (k *caller) answeredAgain(res *sip.Message) {
	if res.Header(sip.To) == k.dialog.remote {
		k.ackBy.Send(k.ack, nil)
		return
	}
	d := dialogUAC(res, 1, k.flow)
	by := d.next(k.agent)
	k.agent.transactions.SendACK(d.build(k.agent, "ACK", 1), by)
	k.agent.transactions.Send(d.request(k.agent, "BYE"), by, &ending{done: make(chan struct{})}, transaction.SendOptions{})
}

// hangUp sends BYE and waits for its response, unless the far end was first.
func (k *caller) hangUp() error {
	if k.over {
		return nil
	}
	bye := &ending{done: make(chan struct{})}
	k.step(StepBye, 0, "")
	if _, err := k.agent.transactions.Send(k.dialog.request(k.agent, "BYE"), k.dialog.next(k.agent), bye, transaction.SendOptions{}); err != nil {
		return k.unreachable(err)
	}
	limit := time.NewTimer(byeLimit)
	defer limit.Stop()
	for {
		select {
		case what := <-k.inbox:
			k.during(what)
			continue
		case <-bye.done:
		case <-limit.C:
		}
		break
	}
	switch code := bye.status(); {
	case code == 0:
		k.step(StepEnded, 0, "no response to BYE")
		return fmt.Errorf("%w to BYE from %s", ErrNoReply, k.target.Addr)
	case code >= 300 && !k.over:
		k.step(StepEnded, code, sip.Phrase(code))
		return fmt.Errorf("BYE: %w", &Rejected{Code: code, Phrase: sip.Phrase(code)})
	default:
		k.step(StepEnded, code, sip.Phrase(code))
		return nil
	}
}
