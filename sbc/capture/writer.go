package capture

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// queued is how many packets may wait to be written, and queuedBytes how much they hold.
	queued      = 4096
	queuedBytes = 8 << 20

	// mostFiles is how many files may be open at once: a call more than that is not written.
	mostFiles = 1000
)

// Packet is one datagram, or the bytes of one message on a stream.
type Packet struct {
	Time     time.Time
	Src, Dst netip.AddrPort
	TCP      bool
	Data     []byte // at most 64 KiB; the rest is cut off, and the record says so
}

// Stats are counters since the start, but for Files.
type Stats struct {
	Files   int    // open now
	Written uint64 // packets
	Dropped uint64 // packets that found the queue full, or their file at its limit or broken
	Failed  uint64 // files that could not be opened or written
}

// Writer writes the packets of all files. Its methods are safe for concurrent use.
type Writer struct {
	log    *slog.Logger
	jobs   chan job
	done   chan struct{}
	held   atomic.Int64 // bytes in the queue
	closed atomic.Bool

	mu    sync.Mutex
	files map[string]*File // by path; what is in it has an owner

	written, dropped, failed atomic.Uint64
}

// job is a packet for a file, or the end of the file, or of all when there is no file.
type job struct {
	file   *File
	packet Packet
	end    bool
}

// File is one pcap file that packets are written to. Its methods are safe for concurrent use.
type File struct {
	w     *Writer
	path  string
	limit int64

	users int // guarded by w.mu

	// What follows belongs to the writing goroutine.
	disk  *os.File
	size  int64
	broke bool
	full  bool
	seqs  map[direction]uint32 // of the streams
	buf   []byte
}

// New makes a writer. log is where files that break are told of; nil discards.
func New(log *slog.Logger) *Writer {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	w := &Writer{log: log, jobs: make(chan job, queued), done: make(chan struct{}), files: map[string]*File{}}
	go w.run()
	return w
}

// Open begins a file, or goes on with it when it is open already or exists from before.
// Folders above it are made. Once the file has limit bytes no more is written to it; 0 is no
// limit. Nothing is awaited: that a file cannot be written is logged, once. It returns nil,
// which is a File that takes nothing, when too many are open or the writer is closed. Who
// opened a file closes it.
func (w *Writer) Open(path string, limit int64) *File {
	path = filepath.Clean(path)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed.Load() {
		return nil
	}
	f := w.files[path]
	if f == nil {
		if len(w.files) >= mostFiles {
			w.failed.Add(1)
			return nil
		}
		f = &File{w: w, path: path, limit: limit}
		w.files[path] = f
	}
	f.users++
	return f
}

// Write hands over a packet. It keeps Data, which must not change any more.
func (f *File) Write(p Packet) {
	if f == nil || f.w.closed.Load() {
		return
	}
	w, n := f.w, int64(len(p.Data))
	if w.held.Add(n) > queuedBytes {
		w.held.Add(-n)
		w.dropped.Add(1)
		return
	}
	select {
	case w.jobs <- job{file: f, packet: p}:
	default:
		w.held.Add(-n)
		w.dropped.Add(1)
	}
}

// Close ends the file once all that opened it have closed it, and what was handed over is
// written.
func (f *File) Close() {
	if f == nil {
		return
	}
	w := f.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if f.users--; f.users > 0 || w.closed.Load() {
		return
	}
	select {
	case w.jobs <- job{file: f, end: true}:
		delete(w.files, f.path)
	default: // the queue is full: the next one to open or close it, or the end, closes it
	}
}

// Close writes what was handed over and closes all files.
func (w *Writer) Close() {
	w.mu.Lock()
	first := !w.closed.Swap(true)
	w.mu.Unlock()
	if first {
		w.jobs <- job{end: true}
	}
	<-w.done
}

// Stats reads the counters.
func (w *Writer) Stats() Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	return Stats{Files: len(w.files), Written: w.written.Load(), Dropped: w.dropped.Load(), Failed: w.failed.Load()}
}

// run writes until the writer is closed.
func (w *Writer) run() {
	defer close(w.done)
	for j := range w.jobs {
		switch {
		case j.file == nil:
			for _, f := range w.files { // nobody opens or closes any more
				f.end()
			}
			return
		case j.end:
			j.file.end()
		default:
			w.held.Add(-int64(len(j.packet.Data)))
			j.file.put(j.packet)
		}
	}
}
