package useragent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// localAddr is where to listen: as asked, or on the way to the target.
func (k *caller) localAddr() (netip.AddrPort, error) {
	if k.c.Listen.IsValid() {
		return k.c.Listen, nil
	}
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(k.target.Addr)) // sends nothing
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%w to %s: %v", ErrNoRoute, k.target.Addr, err)
	}
	defer conn.Close()
	local := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(local.Addr().Unmap(), 0), nil
}

// ring sends the INVITE and waits for its final response. After a 2xx the dialog
// stands and the voice is started.
func (k *caller) ring(ctx context.Context, u sip.URI) error {
	inv := k.invitation(u)
	k.res.CallID = inv.Header(sip.CallID)
	k.sent = time.Now()
	var err error
	if k.invite, err = k.agent.transactions.Send(inv, k.flow, (*callUser)(k), transaction.SendOptions{}); err != nil {
		return k.unreachable(err)
	}
	k.step(StepInvite, 0, "to "+k.target.Addr.String()+" from "+k.res.Local.String())

	var why error // once canceled
	limit := time.NewTimer(k.c.Timeout)
	defer limit.Stop()
	done := ctx.Done()
	for {
		var expired bool
		select {
		case what := <-k.inbox:
			switch what := what.(type) {
			case request:
				k.serve(what)
			case error:
				return k.failed(what, why)
			case *sip.Message:
				if what.Method != "INVITE" {
					break
				}
				if final, err := k.response(what, why); final {
					return err
				}
				if errors.Is(why, ErrNoReply) {
					why = k.noAnswer()
				}
			}
			continue
		case <-limit.C:
			expired = true
		case <-done:
			done = nil
		}
		switch {
		case expired && why != nil:
			return why
		case why != nil:
			continue
		case expired && k.res.Code == 0:
			why = fmt.Errorf("%w from %s within %s", ErrNoReply, k.target.Addr, k.c.Timeout)
		case expired:
			why = k.noAnswer()
		default:
			why = fmt.Errorf("%w before it was answered", ErrCanceled)
		}
		k.invite.Cancel("")
		k.step(StepCancel, 0, "")
		if k.res.Code == 0 {
			// Nobody may be there at all; a 100, which is not told, may have come.
			limit.Reset(byeLimit / 4)
		} else {
			limit.Reset(byeLimit)
		}
	}
}

func (k *caller) noAnswer() error {
	return fmt.Errorf("%w within %s (last response: %d %s)", ErrNoAnswer, k.c.Timeout, k.res.Code, k.res.Phrase)
}

// invitation builds the INVITE.
func (k *caller) invitation(u sip.URI) *sip.Message {
	u.Headers = ""
	uri, from := u.String(), k.c.From
	if from == "" {
		from = "sip:sallyport-call@" + k.flow.SentBy()
	}
	inv := sip.NewRequest("INVITE", uri)
	inv.Add(sip.MaxForwards, "70")
	inv.Add(sip.From, "<"+from+">;tag="+newTag())
	inv.Add(sip.To, "<"+uri+">")
	inv.Add(sip.CallID, newTag())
	inv.Add(sip.CSeq, "1 INVITE")
	inv.Add(sip.Contact, k.agent.contact(k.flow))
	inv.Add(sip.Allow, allow)
	inv.Add(sip.UserAgent, "sallyport-call")
	inv.Add(sip.ContentType, sdpType)
	inv.Body = describe(k.voice.local, 1, sendrecv, "20", callerCodecs)
	return inv
}

// response handles one response to the INVITE and says whether the ringing is over.
func (k *caller) response(res *sip.Message, why error) (final bool, err error) {
	k.res.Code, k.res.Phrase = res.Status, strings.Clone(res.Phrase)
	switch {
	case res.Status < 200:
		k.step(StepProgress, res.Status, k.res.Phrase)
		return false, nil
	case res.Status >= 300:
		k.step(StepRejected, res.Status, k.res.Phrase)
		if why != nil {
			if errors.Is(why, ErrNoReply) {
				why = k.noAnswer()
			}
			return true, why
		}
		return true, &Rejected{Code: res.Status, Phrase: k.res.Phrase, Reason: strings.Clone(res.Header(sip.Reason))}
	}
	k.res.SetupMS = millis(time.Since(k.sent))
	k.dialog = dialogUAC(res, 1, k.flow)
	k.ackBy = k.dialog.next(k.agent)
	if k.ack, err = k.agent.transactions.SendACK(k.dialog.build(k.agent, "ACK", 1), k.ackBy); err != nil {
		return true, k.unreachable(err)
	}
	if why == nil {
		why = k.answered(res)
	}
	if why != nil {
		k.hangUp()
	}
	return true, why
}

// answered takes the SDP of the 2xx.
func (k *caller) answered(res *sip.Message) error {
	body, _ := offered(res)
	_, a, err := parseAudio(body)
	if err != nil {
		k.step(StepAnswer, res.Status, k.res.Phrase)
		return fmt.Errorf("%w: %v", ErrBadAnswer, err)
	}
	c, _ := a.codec()
	if !isPCMU(c) && !isPCMA(c) {
		k.step(StepAnswer, res.Status, k.res.Phrase)
		return fmt.Errorf("%w: %s was not offered", ErrBadAnswer, c)
	}
	k.res.Codec = c.String()
	k.voice.start(a, c)
	k.step(StepAnswer, res.Status, fmt.Sprintf("%s, %s, audio at %s", k.res.Phrase, c, a.addr))
	return nil
}

func isPCMU(c codec) bool { return strings.HasPrefix(strings.ToUpper(c.name), "PCMU/8000") }
func isPCMA(c codec) bool { return strings.HasPrefix(strings.ToUpper(c.name), "PCMA/8000") }

// failed is why the INVITE got no final response, said so that a person knows where
// to look.
func (k *caller) failed(err, why error) error {
	switch {
	case why != nil:
		return why
	case errors.Is(err, transaction.ErrTimeout):
		return fmt.Errorf("%w from %s", ErrNoReply, k.target.Addr)
	case errors.Is(err, transaction.ErrTimerC):
		return k.noAnswer()
	}
	return k.unreachable(err)
}

// unreachable says that nothing can be sent to the far end.
func (k *caller) unreachable(err error) error {
	at := hostPort(k.target.Proto, k.target.Addr)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w at %s", ErrRefused, at)
	case k.target.Proto == transport.TCP:
		return fmt.Errorf("%w at %s: %v", ErrRefused, at, err)
	}
	return fmt.Errorf("%w to %s: %v", ErrNoRoute, at, err)
}

// talk sends the tone and listens until the call's time is over.
func (k *caller) talk(ctx context.Context) error {
	tick := time.NewTicker(frameTime)
	defer tick.Stop()
	began := time.Now()
	k.voice.frame()
	end := time.NewTimer(k.c.Duration)
	defer end.Stop()
	first, sending := k.voice.first, true
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w while talking", ErrCanceled)
		case <-first:
			first = nil
			k.step(StepAudio, 0, "from "+k.voice.from().String())
		case <-tick.C:
			switch {
			case sending:
				// By the clock, not by the tick: on a busy machine ticks are left out.
				for k.voice.sending() <= min(time.Since(began), k.c.Duration-1) {
					k.voice.frame()
				}
			case k.voice.complete():
				return k.verdict()
			}
		case <-end.C:
			if !sending {
				return k.verdict()
			}
			sending = false
			end.Reset(tail)
		case what := <-k.inbox:
			switch k.during(what); {
			case k.over && sending:
				return fmt.Errorf("%w after %s of %s", ErrHungUp, k.voice.sending(), k.c.Duration)
			case k.over:
				return k.verdict()
			}
		}
	}
}

// verdict says whether the audio was all right.
func (k *caller) verdict() error {
	a := k.voice.result()
	switch {
	case a.Received == 0 && a.Foreign > 0:
		return fmt.Errorf("%w: %d packets were sent, and none of the %d that came belong to the call", ErrNoAudio, a.Sent, a.Foreign)
	case a.Received == 0:
		return fmt.Errorf("%w: %d packets were sent, none came back", ErrNoAudio, a.Sent)
	case k.voice.quiet(silent + tail):
		return fmt.Errorf("%w: it stopped before the end; %d packets were sent, %d came back", ErrNoAudio, a.Sent, a.Received)
	}
	return nil
}
