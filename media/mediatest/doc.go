// Package mediatest has a media engine without sockets, so that whole calls run
// under testing/synctest: offers and answers are rewritten with foreseeable ports,
// and a test plays the packets by saying what was counted.
//
// It starts no goroutine. With [Engine.Silent] set, a session's silence is timed by
// the standard library's timers, which synctest holds.
package mediatest
