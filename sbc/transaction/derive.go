package transaction

import (
	"bytes"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// The ACK of a failure (RFC 3261 §17.1.1.3) and the CANCEL (§9.1) repeat parts of the INVITE:
// Request-URI, top Via, Route, From, To, Call-ID and the CSeq number. They are cut from the
// INVITE's bytes, which are kept anyway while one of them may be needed. The bytes are our
// own: one line a field, "Name: value".

// marshalDerived returns the bytes of a request derived from an INVITE.
func marshalDerived(invite []byte, method, to, reason string) []byte {
	return exactly(func(b []byte) []byte { return appendDerived(b, invite, method, to, reason) })
}

// appendDerived appends a request derived from an INVITE. to replaces the value of To unless
// it is "". reason is the value of a Reason field, or "".
func appendDerived(dst, invite []byte, method, to, reason string) []byte {
	line, rest := cutLine(invite)
	_, uriAndVersion, _ := bytes.Cut(line, []byte(" "))
	dst = append(append(dst, method...), ' ')
	dst = append(append(dst, uriAndVersion...), "\r\n"...)
	via := false
	for line, rest = cutLine(rest); len(line) > 0; line, rest = cutLine(rest) {
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch sip.Lookup(string(name)) {
		case sip.Via:
			if via {
				continue
			}
			via = true
		case sip.To:
			if to != "" {
				dst = append(append(append(append(dst, name...), ": "...), to...), "\r\n"...)
				continue
			}
		case sip.CSeq:
			digits := 0
			for digits < len(value) && value[digits]-'0' < 10 {
				digits++
			}
			dst = append(append(append(dst, name...), ": "...), value[:digits]...)
			dst = append(append(append(dst, ' '), method...), "\r\n"...)
			continue
		case sip.Route, sip.From, sip.CallID:
		default:
			continue
		}
		dst = append(append(dst, line...), "\r\n"...)
	}
	dst = append(dst, "Max-Forwards: 70\r\n"...)
	if reason != "" {
		dst = append(append(append(dst, "Reason: "...), reason...), "\r\n"...)
	}
	return append(dst, "Content-Length: 0\r\n\r\n"...)
}

func cutLine(b []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(b, []byte("\r\n"))
	return line, rest
}
