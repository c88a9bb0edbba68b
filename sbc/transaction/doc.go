// Package transaction is RFC 3261 §17 with RFC 6026 (Accepted states) and RFC 4320
// (non-INVITE): it turns messages that may be lost, doubled and overtaken into requests and
// responses that happen once.
//
// A Layer takes everything the transport receives. New requests go up to its User with a
// Server transaction, responses to the ClientUser that sent the request; retransmissions are
// answered here, from kept bytes. What no user has to judge is answered here too: messages
// that cannot be parsed or contradict themselves (400, 416, 505 …), merged requests (482),
// CANCEL (200 with the To tag of its INVITE, or 481), too many transactions (503).
//
// # Concurrency
//
// Everything runs to completion on the goroutine it begins on: the transport's reading
// goroutine for what comes in, so that the arrival order of a flow is kept up to the user; the
// timer's for what did not come; the caller's for what is sent. No goroutine is made for a
// message. State is kept in 64 shards by the branch, each with a lock that is held only for
// look-ups and changes of state: never while a user is called, never while the network is
// written to. A callback may therefore use any method of this package.
//
// # Time and memory
//
// Each shard has a timer wheel, whose one timer runs only while the shard holds something. The
// tick is T1/25 (20 ms); what merely lingers until Timer D, I, J, K, L or M ends is rounded up
// to 16 ticks. A transaction keeps the bytes it may have to repeat and nothing else of the
// messages once its final response is known. Its key is a hash under a secret seed, not text.
//
// The package owns no goroutines but those of its timers, which Layer.Close waits for. It
// knows nothing of dialogs, calls or profiles.
package transaction
