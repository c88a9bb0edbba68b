// Package redis is the store of several nodes: Redis 6.2 or later, or Valkey,
// alone, behind Sentinel, or as a Cluster. It is the only importer of rueidis.
//
// Whatever reads and then writes is one Lua script (lua/*.lua), so nothing is
// half done; scripts take the time from Redis, so the clocks of the nodes do not
// matter. Nothing that counts is left to expire by itself: a lease ends with its
// node and money comes back at a recorded time, both decided by a script.
//
// What can be lost is what Redis loses. With appendfsync everysec that is the last
// second, with always nothing, and with a replica that takes over what was not yet
// copied. Leases repair themselves then (store.Holder); deposits and commits of
// that time are gone on both sides, so prepaid traffic wants always.
//
// When Redis is away every operation fails at once with ErrUnavailable while one
// goroutine, started by Open and awaited by Close, tries to connect again with
// growing pauses. Answers are bounded before they reach the library (gate.go).
//
// The keys, where P is Options.Prefix. What stands in braces chooses the slot of a
// cluster: all leases are in one, each account in one, each space in one.
//
//	{P:lease}:nodes            sorted set: node by when it dies
//	{P:lease}:n:NODE           hash: lease → its limits, a line each: cost, key
//	{P:lease}:c:LEN:NODE:KEY   set: leases of cost 1
//	{P:lease}:x:LEN:NODE:KEY   hash: lease → cost, of the others
//	P:{a:ACCOUNT}              hash: amount reserved folded first next
//	P:{a:ACCOUNT}:res          hash: c and call#seq, or d and a deposit's id → reservation
//	P:{a:ACCOUNT}:due          sorted set: the same by when they are due
//	P:{a:ACCOUNT}:ledger       list: entries, oldest first
//	P:accounts                 sorted set: the names
//	P:rate:KEY                 when it is full again, in µs; expires then
//	P:{s:SPACE}:v              hash: key → value
//	P:{s:SPACE}:due            sorted set: key by when it expires
//	P:{s:SPACE}:q              hash: bytes and set members
//	P:{s:SPACE}:m:SET          set
package redis
