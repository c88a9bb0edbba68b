// Package memnet is a UDP network in memory, for tests under testing/synctest: sockets that
// block on channels, no goroutines, no real time. A Net can lose, double and delay datagrams,
// from a seed, so that a test which fails fails again.
package memnet
