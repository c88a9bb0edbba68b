// Package admin is the control API of a running SBC: HTTP with JSON on a unix socket, as
// openapi.json describes it, and the client that the command line uses.
//
// It knows what is asked and how answers look; what happens is the business of the
// [Backend] it is given. Who may write to the socket may do everything, so the socket's mode
// is the access control. Every request is bounded in size and time, and so is the number of
// connections.
//
// A [Server] owns its socket and its goroutines; Close ends them and waits.
package admin
