// Package embedded is the store of one node: leases and rates in memory, accounts,
// values and sets in a bbolt file, the latter two in memory as well. It is the
// only importer of bbolt.
//
// Leases and rates are gone after a restart, as are the calls that held them; a
// Holder brings those back that live on. Everything else is durable when a method
// returns without error.
//
// One goroutine, started by Open and awaited by Close, makes all changes to the
// file: it runs what is queued in one transaction, syncs, answers, and begins
// again. What comes to an idle store is begun at once; under load transactions
// begin 10 ms apart, unless many operations wait, so that they share a sync.
// When the disk refuses, a whole batch fails with ErrUnavailable and what it
// changed in memory is taken back.
//
// The buckets of the file, with NUL between the parts of a key:
//
//	accounts      account                  → see store's records
//	reservations  account, id              → c and call#seq, or d and a deposit's id
//	due           account, time, id        → nothing: reservations by when they expire
//	ledger        account, number          → one entry
//	values        space, key               → time of expiry, value
//	members       space, set, member       → nothing
//
// Times and numbers in keys are eight bytes, big endian.
package embedded
