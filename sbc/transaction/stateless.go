package transaction

import (
	"errors"
	"strconv"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// reply answers a request without a transaction, RFC 3261 §8.2.7: each copy of it gets the
// same answer. An ACK gets none.
func (l *Layer) reply(m *sip.Message, f transport.Flow, status int, phrase, tag string) {
	if m.Method == "ACK" {
		return
	}
	if tag == "" {
		tag = l.statelessTag(m)
	}
	res := sip.NewResponse(m, status, phrase, tag)
	if status == 503 {
		seconds := int((l.config.RetryAfter + time.Second - 1) / time.Second)
		res.Add(sip.RetryAfter, strconv.Itoa(seconds))
	}
	l.resend(f, marshal(res))
}

// refuse answers what is not acceptable as a message. Without a Via nobody could tell what
// the answer is to: that is dropped, as is all that wants no answer.
func (l *Layer) refuse(m *sip.Message, err error, f transport.Flow) {
	l.counters.malformed.Add(1)
	var pe *sip.ParseError
	if m == nil || !m.IsRequest() || !errors.As(err, &pe) || pe.Status == 0 || m.Count(sip.Via) == 0 {
		return
	}
	l.reply(m, f, pe.Status, pe.Reason, "")
}

// marshalTrying returns the bytes of the 100 to an INVITE. Every INVITE gets one made, so it is
// written without making a message first.
func marshalTrying(m *sip.Message) []byte {
	return exactly(func(b []byte) []byte {
		b = append(b, "SIP/2.0 100 Trying\r\n"...)
		for _, h := range m.Headers() {
			switch h.ID {
			case sip.Via, sip.From, sip.To, sip.CallID, sip.CSeq, sip.Timestamp:
				b = append(append(append(append(b, h.Name...), ": "...), sip.Unfold(h.Value)...), "\r\n"...)
			}
		}
		return append(b, "Content-Length: 0\r\n\r\n"...)
	})
}

// SendACK sends the ACK of a 2xx: it puts our Via with a branch of its own on top of ack, and
// returns the bytes, so that the same ACK can be sent again by f.Send for each repeated 2xx.
// RFC 3261 §13.2.2.4. Errors: ErrMalformed, or one that wraps ErrTransport; with that one the
// bytes are returned too.
func (l *Layer) SendACK(ack *sip.Message, f transport.Flow) ([]byte, error) {
	if !f.Valid() || !complete(ack) {
		return nil, ErrMalformed
	}
	prependVia(ack, f)
	b := marshal(ack)
	if err := f.Send(b, nil); err != nil {
		return b, transportError(err)
	}
	return b, nil
}
