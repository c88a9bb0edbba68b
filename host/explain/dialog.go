package explain

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// standIn is the offer and, with another number, the answer of a call that is made up.
const standIn = "v=0\r\no=- %d 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n" +
	"m=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"

// farTag is the tag of the far end that answers on leg B.
const farTag = "answer"

// inside explains a request of leg A inside the dialog of a call: it makes such a call up,
// with an INVITE that has the request's From, To and Call-ID and an answer of leg B, and
// lets the request follow.
func (r *rehearsal) inside(ctx context.Context) error {
	p, m := r.report, r.message
	p.Profile = r.request.Profile
	p.note("explained as a request of leg A in a call of this profile; the INVITE before it was made up from its From, To and Call-ID, its Request-URI is that of To, and its SDP is a stand-in")
	seq, _ := m.CSeqNumber()
	if seq < 2 {
		seq = 2
		m.Set(sip.CSeq, "2 "+m.Method)
		p.note("its CSeq was raised to 2, so that an INVITE can come before it")
	}
	r.stage.hear(r.opening(seq-1), r.flow)
	if _, begun := r.stage.journal.find("call begins"); begun { // and may look a name up
		r.stage.await(ctx, func(m *sip.Message) bool { return m.IsRequest() || m.Status >= 200 })
	}
	out, way := r.stage.last((*sip.Message).IsRequest)
	if out == nil {
		method := m.Method
		m.Method = "INVITE" // it is the made up one that is judged
		r.judge()
		m.Method = method
		p.note("a call of this profile does not come about with this From and To: the verdict is that of its INVITE")
		return nil
	}
	ack, tag := r.establish(out, way)
	if tag == "" {
		return fmt.Errorf("the call that was made up did not come about")
	}
	r.stage.hear(ack, r.flow)
	r.stage.forget()
	r.message.Set(sip.To, withTag(r.message.Header(sip.To), tag))
	r.stage.hear(string(r.message.Append(nil)), r.flow)
	r.crossed(out)
	return nil
}

// opening is the INVITE before the request.
func (r *rehearsal) opening(seq uint32) string {
	m := r.message
	to := withTag(m.Header(sip.To), "")
	ruri := m.RURI
	if na, err := sip.ParseNameAddr(to); err == nil {
		ruri = na.URI
	}
	inv := sip.NewRequest("INVITE", ruri)
	via := "SIP/2.0/" + r.flow.Proto().String() + " " + r.flow.Remote().String() + ";branch=z9hG4bK-opening"
	inv.Add(sip.Via, via)
	inv.Add(sip.MaxForwards, "70")
	for _, id := range [...]sip.ID{sip.From, sip.CallID} {
		inv.Add(id, m.Header(id))
	}
	inv.Add(sip.To, to)
	inv.Add(sip.CSeq, strconv.FormatUint(uint64(seq), 10)+" INVITE")
	inv.Add(sip.Contact, "<sip:"+r.flow.Remote().String()+">")
	inv.Add(sip.ContentType, "application/sdp")
	inv.Body = fmt.Sprintf(standIn, 1)
	return string(inv.Append(nil))
}

// establish answers leg B's INVITE. It returns the ACK of leg A, and the tag of leg A that the
// SBC has made.
func (r *rehearsal) establish(out *sip.Message, way transport.Flow) (ack, tag string) {
	res := sip.NewResponse(out, 200, "", farTag)
	res.Add(sip.Contact, "<sip:"+way.Remote().String()+">")
	res.Add(sip.Allow, "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, MESSAGE, UPDATE")
	res.Add(sip.ContentType, "application/sdp")
	res.Body = fmt.Sprintf(standIn, 2)
	r.stage.hear(string(res.Append(nil)), way)
	ok, _ := r.stage.last(func(m *sip.Message) bool { return m.Status == 200 && m.Method == "INVITE" })
	if ok == nil {
		return "", ""
	}
	tag = ok.ToTag()
	seq, _ := ok.CSeqNumber()
	a := sip.NewRequest("ACK", r.message.RURI)
	a.Add(sip.Via, "SIP/2.0/"+r.flow.Proto().String()+" "+r.flow.Remote().String()+";branch=z9hG4bK-ack")
	a.Add(sip.MaxForwards, "70")
	for _, id := range [...]sip.ID{sip.From, sip.To, sip.CallID} {
		a.Add(id, ok.Header(id))
	}
	a.Add(sip.CSeq, strconv.FormatUint(uint64(seq), 10)+" ACK")
	return string(a.Append(nil)), tag
}

// crossed says what the request became on leg B, and what leg A is told.
func (r *rehearsal) crossed(invite *sip.Message) {
	p := r.report
	r.answered()
	out, way := r.stage.last(func(m *sip.Message) bool { return m.IsRequest() && m.Method != "ACK" })
	if out != nil {
		t := Target{
			RURI: out.RURI, Place: way.Remote().String(),
			Address:   way.Remote().String() + "/" + strings.ToLower(way.Proto().String()),
			Interface: way.Interface().Name(),
			Message: shown(out, out.Body != "" && out.Body != r.message.Body,
				invite.FromTag(), "<tag>", invite.Header(sip.CallID), "<call-id>"),
		}
		t.Diff = diff(lines(r.text), lines(t.Message))
		p.Targets = []Target{t}
	}
	if l, ok := r.stage.journal.find("call refused"); ok && l.err() != nil {
		p.Why = l.err().Error()
	}
	switch {
	case out != nil:
		p.Verdict = GoesOut
	case p.Answer == nil:
		p.Verdict = Dropped
	case p.Answer.Code < 300:
		p.Verdict = Answered
	default:
		p.Verdict = Refused
	}
}

// withTag is a From or To value with another tag, "" for none.
func withTag(v, tag string) string {
	na, err := sip.ParseNameAddr(v)
	if err != nil {
		return v
	}
	na.Params = na.Params.Del("tag")
	if tag != "" {
		na.Params = na.Params.Set("tag", tag)
	}
	return na.String()
}
