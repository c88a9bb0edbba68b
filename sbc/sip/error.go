package sip

import "strconv"

// ParseError says why a message is not acceptable. Parse and Validate return no
// other kind of error.
type ParseError struct {
	// Status is the response that RFC 3261 wants for it: 400, 416, 505 or 513. Zero
	// means the message can only be dropped: it is a response, an ACK, or not SIP.
	Status int
	// Reason is a short constant text, fit for a reason phrase.
	Reason string
	// Offset is where in the parsed bytes it was noticed, -1 when Validate noticed it.
	Offset int
}

func (e *ParseError) Error() string {
	s := "sip: " + e.Reason
	if e.Offset >= 0 {
		s += " at byte " + strconv.Itoa(e.Offset)
	}
	return s
}

// SyntaxError says why a part of a header field has no meaning.
type SyntaxError struct {
	What   string // "URI", "name-addr", "Via", …
	Reason string
}

func (e *SyntaxError) Error() string { return "sip: malformed " + e.What + ": " + e.Reason }
