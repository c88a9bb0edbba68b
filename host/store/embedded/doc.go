// Package embedded is the store of one node: leases and rates in memory, accounts,
// values and sets in a bbolt file with a log of what is not yet in it, values and
// sets in memory as well. It is the only importer of bbolt.
//
// Leases and rates are gone after a restart, as are the calls that held them; a
// Holder brings those back that live on. Everything else is durable when a method
// returns without error.
//
// # Goroutines
//
// Open starts two, Close awaits them. The committer makes all changes: it runs what
// is queued as one batch, appends what that changes to the log, syncs, shows it to
// readers, answers, and begins again. What comes to an idle store is begun at once;
// under load batches begin 20 ms apart, unless many operations wait, so that they
// share a sync. When the disk refuses, a whole batch fails with ErrUnavailable and
// what it changed in memory is taken back. It also tells what was asked through
// store.Soon; a timer tells what came too late.
//
// The checkpointer writes what the log has into the file, once it is 4 MiB long, less
// after the start, or 10 s old, in one transaction, while the next log is being
// written: what changed often is written once. Nobody waits for it, unless the log
// reaches 64 MiB meanwhile: then changes fail with ErrUnavailable.
//
// When the log or a checkpoint fails, and when the file nears its MaxSize, the
// committer writes each batch into the file itself, with all that still waits, and
// goes back to the log when that has worked. So a full file is said at once, and
// what is deleted makes room: the last of the file is kept for that, and when its pages
// lie badly the log takes what is deleted.
//
// # Layers
//
// What changed last is in memory, in order, over what is being written down, over
// the file: all readers look through these three, as they are at one moment. They
// never see what is not durable, but for values and sets.
//
// # Files
//
// PATH is the file; PATH.log0 and PATH.log1 are the log. They belong together: all
// three are the store, until Close leaves the file alone. Open brings in what the
// logs have; a last frame that a crash has torn is cut off, anything else that makes
// no sense is ErrCorrupt. The format of the logs stands in segment.go.
//
// The buckets of the file, with NUL between the parts of a key:
//
//	accounts      account                  → see store's records
//	reservations  account, id              → c and call#seq, or d and a deposit's id
//	due           account, time, id        → nothing: reservations by when they expire
//	ledger        account, number          → one entry
//	values        space, key               → time of expiry, value
//	members       space, set, member       → nothing
//	log           store, done              → what its logs are known by, the last it has
//
// Times and numbers are eight bytes, big endian.
package embedded
