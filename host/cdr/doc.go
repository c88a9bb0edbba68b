// Package cdr keeps call detail records in files: one JSON line a record,
// appended, durable by group commit, rotated from outside.
//
// Emit copies a record into a bounded queue and returns. One goroutine a file
// writes what is queued, calls fdatasync, and repeats: an idle system syncs each
// record by itself, under load batches begin Options.Pace apart and share a sync.
//
// When the disk refuses, calls go on. Records stay queued up to Options.Queue
// and the batch is retried; beyond it Emit fails with ErrFull, the record counts
// as lost, and the log says so at level error, rate-limited. A batch that failed
// is cut off again before anything else is written; only when the file is moved
// away before that worked may records stand in both files, which a reader tells
// by their cdr_id.
//
// A crash may leave a torn last line. Opening a file repairs that: a last line
// that is a whole JSON value but for its line feed is completed, anything else
// behind the last line feed is cut off, and both are logged. So a reader of a
// live file needs to wait for the line feed and nothing else.
//
// A file may have sinks (SetFeeds). They read what is durable, each from a position
// of its own that outlives the process, and bring it elsewhere; nothing waits for
// them. What they have not read stays when the file is moved away, packed or
// deleted: the folder FILE.spool has a hard link to each file that is to be read,
// numbered in order, and the saved positions. A sink gets each record at least
// once, with an ID made of its bytes.
//
// Each sink has a goroutine, started by SetFeeds or by Files.Acquire and stopped by
// SetFeeds or Close, which lets them deliver the rest for Options.Drain.
//
// The goroutine of a File is started by Open and stopped by Close, which waits
// for it. The package knows nothing of modules and calls: a record is a line.
package cdr
