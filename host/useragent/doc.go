// Package useragent is the far end of a call: an echo endpoint that anything may
// call, and a test caller that says whether a call and its audio work.
//
// Both are ordinary user agents (RFC 3261) on sbc/transport and sbc/transaction with
// one UDP socket a call for RTP. They carry their own offers and answers and know
// nothing of the back-to-back user agent between them, so that a call through
// Sallyport is judged from outside.
//
// An Echo owns the goroutines of its transport and one a call for RTP; Close stops
// them all and waits. Call owns whatever it starts and has stopped it when it
// returns.
package useragent
