// Package store says what calls and modules keep beyond one call: leases that
// count against limits, accounts with money on them, rates, and small values and
// sets. It has one interface, Store, and two engines: host/store/embedded, a file
// and the memory of this process, and host/store/redis, Redis or Valkey for
// several nodes. Both pass the suite of host/store/storetest.
//
// # What holds for every method
//
// A method may wait for its engine, never longer than its context allows, or
// the engine's own deadline when the context has none. Whoever must not wait, a
// call's strand, calls on a goroutine of its own or asks for Fast, which an
// engine in this process offers.
//
// Errors are the sentinels of error.go. ErrTimeout and ErrUnavailable say nothing
// about whether the operation happened: leases, reservations, commits and
// deposits carry a name, so saying them again is harmless; Take and Add are not
// repeatable. What to do then is a choice of each use: refuse, let pass, or
// limit by a Share of this node. Engines count such failures and log one line
// now and then; callers need not.
//
// Names (leases, nodes, keys, accounts, calls, spaces, members) are 1 to 255
// bytes of UTF-8 without control characters; anything else is ErrInvalid.
//
// # Leases
//
// A limit is not a counter: it is the live leases under its key, counted. A lease
// is live while its node is, and a node is live until the ttl of its last Acquire
// or Renew has passed. So a node that dies gives back everything it held with one
// expiry, and one that was only cut off has its leases again with its next Renew.
// Reconcile repairs what got lost either way. Holder does all that for a node.
//
// # Accounts
//
// Amounts are integer micro-units. A reservation holds money back but does not
// take it; Commit takes what was used and gives the rest back, Cancel gives back
// everything. A reservation that nobody settled in time gives its money back
// too, and a commit that comes later still is charged. An account may be
// overdrawn by what calls used beyond their grants, and by nothing else. The
// amount on an account is always the sum of its ledger.
//
// The package starts a goroutine only in Holder.Run's caller; engines say in
// their doc.go who owns theirs. It knows no calls and no modules.
package store
