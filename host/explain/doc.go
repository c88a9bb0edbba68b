// Package explain says what the SBC would do with one message, without doing it.
//
// It builds an SBC of the very rooms that a running one has, from the same configuration,
// but for its doors: the transport layer has a sink instead of a network, media takes no
// ports, and each module runs in a sandbox of its own whose records go nowhere. The message
// goes in as if it had come from the network; what the SBC would send, what it logs, what
// every pattern yields and what the modules decide is written down. So nothing here decides
// anything about a call: there is no second implementation that could differ from the first.
//
// The rehearsal runs on the caller's goroutine and leaves none behind. Everything exported
// may be called concurrently.
package explain
