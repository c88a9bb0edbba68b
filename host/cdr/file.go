package cdr

import (
	"bytes"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// MaxRecord is the longest record, bytes.
const MaxRecord = 32 << 10

// Options of a File. The zero Options are the defaults.
type Options struct {
	// Queue is how many bytes of records may wait for the disk, those being
	// written included. Default 64 MiB, some 80,000 records.
	Queue int
	// Flush is how long Close tries to write what is queued. Default 5s.
	Flush time.Duration
	// Retry is the pause after a failed write; it doubles up to 5s. Default 100ms.
	Retry time.Duration
	// Pace is the least time from the beginning of a batch to that of the next, while
	// little waits. Default 20ms.
	Pace time.Duration
	// Drain is how long Close waits for sinks to deliver the rest, which waits for
	// the next start otherwise. Default 2s.
	Drain time.Duration
	// Log gets what an operator should know. Default slog.Default().
	Log *slog.Logger
	// Open opens the file. Default OpenDisk.
	Open func(path string, log *slog.Logger) (Disk, error)
}

func (o Options) filled() Options {
	if o.Queue <= 0 {
		o.Queue = 64 << 20
	}
	if o.Flush <= 0 {
		o.Flush = 5 * time.Second
	}
	if o.Retry <= 0 {
		o.Retry = 100 * time.Millisecond
	}
	if o.Pace <= 0 {
		o.Pace = 20 * time.Millisecond
	}
	if o.Drain <= 0 {
		o.Drain = 2 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Open == nil {
		o.Open = OpenDisk
	}
	return o
}

// Stats are counts since Open. Records whose fate is open are Pending.
type Stats struct {
	Path      string
	Written   uint64 // records durable on the disk
	Bytes     uint64 // of these
	Batches   uint64 // syncs they took
	Pending   int    // records taken and not yet durable
	Lost      uint64 // records refused or given up
	Errors    uint64 // failed attempts to open, write or sync
	LastError error  // nil when the last attempt went well

	Sinks []FeedStats // that read the file, by name
}

// File is one file of records. Its methods are safe for concurrent use.
type File struct {
	path string
	o    Options
	wake chan struct{} // cap 1: something is queued, or closing
	quit chan struct{} // closed when Close's patience is over
	done chan struct{} // closed when run has returned
	over chan struct{} // closed when Close has done everything

	feeding sync.Mutex // one change of sinks at a time

	// disk guards the open file; it is held while a batch is written.
	disk sync.Mutex
	file Disk
	torn int64 // size before a batch that failed and is still to be cut off, else -1

	// spool is nil as long as the file never had a sink. Written under disk and mu,
	// read under either.
	spool *spool

	// mu guards what follows and is never held during input or output.
	mu      sync.Mutex
	queue   []byte // whole lines
	queued  int    // records in queue
	batch   int    // bytes of the batch being written
	closing bool
	stats   Stats
}

// Open opens or creates the file and its folder, repairs a torn last line and
// starts the writer. It fails with ErrInUse, ErrForeign, or what the file
// system says.
func Open(path string, o Options) (*File, error) {
	o = o.filled()
	d, err := o.Open(path, o.Log)
	if err != nil {
		return nil, fmt.Errorf("cdr file %s: %w", path, err)
	}
	f := &File{
		path: path, o: o, file: d, torn: -1,
		wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}), over: make(chan struct{}),
		stats: Stats{Path: path},
	}
	go f.run()
	return f, nil
}

// Path is the path the file was opened by.
func (f *File) Path() string { return f.path }

// Emit takes one record, without its line feed, and copies it. Nil means the
// writer owns it and it will be durable soon, not that it is. It fails with
// ErrInvalid, ErrFull or ErrClosed; the last two count as lost. It never waits
// for the disk.
func (f *File) Emit(record []byte) error {
	if len(record) == 0 || len(record) > MaxRecord || bytes.IndexByte(record, '\n') >= 0 {
		return ErrInvalid
	}
	f.mu.Lock()
	switch {
	case f.closing:
		f.stats.Lost++
		f.mu.Unlock()
		return ErrClosed
	case len(f.queue)+f.batch+len(record)+1 > f.o.Queue:
		f.stats.Lost++
		f.mu.Unlock()
		return ErrFull
	}
	f.queue = append(append(f.queue, record...), '\n')
	f.queued++
	f.stats.Pending++
	wanted := f.queued == 1 || len(f.queue) >= enough && len(f.queue)-len(record)-1 < enough
	f.mu.Unlock()
	if wanted {
		f.signal()
	}
	return nil
}

func (f *File) signal() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// Reopen opens the path again, for a file that was moved away (log rotation),
// and closes the old one when that went well; else it keeps the old one and says
// why. All that was written before stands in the old file, whole. It waits for the
// batch being written.
func (f *File) Reopen() error {
	f.disk.Lock()
	defer f.disk.Unlock()
	select {
	case <-f.done:
		return ErrClosed
	default:
	}
	err := f.reopen()
	if err != nil {
		return fmt.Errorf("cdr file %s: %w", f.path, err)
	}
	return nil
}

// reopen is called with f.disk held.
func (f *File) reopen() error {
	if f.file.At(f.path) {
		return nil // nobody moved it; opening it again would meet our own lock
	}
	d, err := f.o.Open(f.path, f.o.Log)
	if err != nil {
		return err
	}
	f.cut() // the last chance; the batch goes into the new file as a whole
	f.file.Close()
	f.file, f.torn = d, -1
	if f.spool != nil {
		f.spool.leave()
		f.spool.join(f.path, d)
	}
	return nil
}

// Stats returns the counts.
func (f *File) Stats() Stats {
	s, spool := f.counts()
	if spool != nil {
		s.Sinks = spool.stats()
	}
	return s
}

// counts is Stats without those of the sinks.
func (f *File) counts() (Stats, *spool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stats, f.spool
}

// Close takes no more records, writes those queued for at most Options.Flush,
// closes the file, and lets the sinks go on for at most Options.Drain. It fails
// with ErrLost when it had to give some records up. A second Close waits for the
// first.
func (f *File) Close() error {
	f.mu.Lock()
	first := !f.closing
	f.closing = true
	f.mu.Unlock()
	if !first {
		<-f.over
		return nil
	}
	defer close(f.over)
	defer f.endSinks()
	f.signal()
	patience := time.NewTimer(f.o.Flush)
	defer patience.Stop()
	select {
	case <-f.done:
	case <-patience.C:
		close(f.quit)
		// A disk that hangs within a system call cannot be waited for: the
		// process ends with it.
		hang := time.NewTimer(time.Second)
		defer hang.Stop()
		select {
		case <-f.done:
		case <-hang.C:
		}
	}
	f.mu.Lock()
	left := f.stats.Pending
	f.stats.Lost += uint64(left)
	f.stats.Pending = 0
	f.mu.Unlock()
	if left > 0 {
		f.o.Log.Error("cdr records lost at shutdown", "file", f.path, "lost", left)
		return fmt.Errorf("%w: %s: %d", ErrLost, f.path, left)
	}
	return nil
}
