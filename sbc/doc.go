// Package sbc is the back-to-back user agent: it holds every call as two complete,
// separate dialogs and carries what happens on one leg over to the other.
//
// # Calls are strands
//
// A call is an actor without a goroutine. Whatever happens to it — a request, a
// response, a deadline, a result of work done elsewhere — is an event posted to its
// queue. Whoever posts to an idle call drains the queue on its own goroutine; everyone
// else only enqueues. So the events of a call are handled one at a time, in the order
// in which they came, no leg has a lock, and a held call costs no goroutine. Nothing
// that may block runs on a strand: DNS look-ups run on goroutines of their own and
// post one event back. A panic ends the call it happened in, never the process.
//
// # The rooms of an INVITE
//
// admission and selection (invite.go), evaluation and the chain's start (invite.go),
// media offer and outbound leg (target.go), answer (answer.go), mid-call (midcall.go),
// end and record (end.go). A room returns a value or an error; reply.go is the one
// place where errors become SIP.
//
// # What it must not know
//
// That modules are WebAssembly is known to host/wasm alone; that profiles are TOML to
// host/config alone; how RTP flows to media alone.
package sbc
