// Package sip holds SIP messages: parsed once, raw text kept, rebuilt without loss.
//
// Parse copies a datagram into one string and returns one Message whose fields are
// substrings of it. The order, the name and the raw value of every header field
// survive; what a value means is worked out on demand by the typed accessors.
// Append writes the message back.
//
// # One canonical reading
//
// A border controller must not read a message differently from the elements behind
// it. Where RFC 3261 leaves room, the parser accepts what has one meaning only, and
// what it accepts it writes in one form:
//
//   - Lines end with CRLF. A bare LF or a bare CR is an error (400): peers disagree
//     on whether it ends a line, and that is how header fields are smuggled.
//   - White space between a header's name and the colon is accepted (RFC 3261
//     §7.3.1) and not kept.
//   - A folded value is accepted and written with one space for each fold. A
//     continuation line of nothing but white space is an error.
//   - Control characters are errors, except as a quoted-pair within a quoted string
//     (RFC 3261 §25.1) and the horizontal tab.
//   - The start line has exactly one space between its parts; a status line may miss
//     the space before an empty phrase.
//   - Content-Length may appear once, is digits only, and must not be more than what
//     arrived; what arrived beyond it is not part of the message. It is always
//     written anew from the body.
//
// # Trust
//
// Every byte is hostile: size, number and length of header fields are bounded before
// anything is allocated for them, list elements and parameters in Validate, and
// nothing in this package takes more than linear time. Append never lets a CR or LF
// that somebody put into a value end a line.
//
// The package starts no goroutine and knows no transport, transaction or dialog.
// A Message has one owner at a time; nothing here locks.
package sip
