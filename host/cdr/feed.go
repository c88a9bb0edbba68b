package cdr

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"time"
)

// Sink takes records where they are wanted, in order. Only one goroutine uses it.
type Sink interface {
	// Deliver hands records over and returns how many of them, from the first on,
	// have arrived for good. It fails with ErrRefused when those behind, given
	// together as they were, will never be taken; any other error means that they
	// will be given again. It returns soon after ctx has ended.
	Deliver(ctx context.Context, records []Record) (arrived int, err error)
	Close() error
}

// Keeper is a Sink that has something to do while nothing is to be delivered.
type Keeper interface {
	// Keep is called once a second then. An error is counted and told, as one of
	// Deliver.
	Keep(ctx context.Context) error
}

// Feed describes a sink of a file.
type Feed struct {
	Name    string // what its position is saved by: letters, digits, _ and -
	Kind    string // for people
	Version string // of its settings: with the same one it goes on over a reload

	// Batch is the most records that are delivered at once. Default 500.
	Batch int
	// Patient waits for a record that is refused to be taken, instead of going on
	// without it.
	Patient bool
	// Open makes the sink. It does not wait for the far end.
	Open func() (Sink, error)
}

const (
	firstPause   = 200 * time.Millisecond // after a failed attempt
	longestPause = 30 * time.Second
	// everySave is how often a position is saved while records come; what was
	// delivered since is delivered again after a crash.
	everySave = time.Second
	// everyKeep is how often a Keeper is called.
	everyKeep = time.Second
	// reminder is how often the log repeats that a sink fails.
	reminder = 10 * time.Minute
)

// feed brings the records of a spool to one sink.
type feed struct {
	Feed
	spool *spool
	log   *slog.Logger
	new   chan struct{} // cap 1: there may be something to read or to do
	drain chan struct{} // closed: end when everything is delivered
	stop  context.CancelFunc
	ctx   context.Context
	done  chan struct{}

	// Owned by run.
	sink    Sink
	tail    tail
	offset  offset
	saveAt  time.Time // zero: the position is saved
	mark    position  // when this is delivered, everything up to marked is
	marked  time.Time
	told    time.Time // when the log last said that it fails
	refusal time.Time // when it last said that a record is refused
	bad     struct{ invalid, save bool }

	mu    sync.Mutex // guards what follows
	pos   position
	saved position
	fresh time.Time // everything written before was delivered
	known bool      // backlog is
	base  int64     // records behind when this began, less what was done since
	since uint64    // spool.records then
	stats FeedStats
}

func newFeed(s *spool, f Feed, log *slog.Logger) *feed {
	if f.Batch <= 0 {
		f.Batch = usualBatch
	}
	d := &feed{
		Feed: f, spool: s, log: log.With("sink", f.Name, "kind", f.Kind, "spool", s.dir),
		new: make(chan struct{}, 1), drain: make(chan struct{}), done: make(chan struct{}),
		tail: tail{spool: s}, fresh: time.Now(), stats: FeedStats{Name: f.Name, Kind: f.Kind},
	}
	d.ctx, d.stop = context.WithCancel(context.Background())
	return d
}

func (f *feed) signal() {
	select {
	case f.new <- struct{}{}:
	default:
	}
}

// passed says whether nothing of the segment is needed any more, not even after a
// crash.
func (f *feed) passed(g segment) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.saved.segment > g.number || f.saved.segment == g.number && f.saved.offset >= g.size
}

// run delivers until it is stopped, or told to end and done.
func (f *feed) run() {
	defer close(f.done)
	defer f.shut()
	pause := firstPause
	for !f.begin() {
		if !f.sleep(pause, nil) {
			return
		}
		pause = min(2*pause, longestPause)
	}
	for pause = firstPause; ; {
		f.skip()
		b, err := f.tail.read(f.pos, f.Batch)
		if err != nil {
			f.failed(err)
			if !f.sleep(pause, nil) {
				return
			}
			pause = min(2*pause, longestPause)
			continue
		}
		pause = firstPause
		if b.end == f.pos {
			if !f.idle() {
				return
			}
			continue
		}
		if !f.deliver(&b) {
			return
		}
	}
}

// begin finds where to go on and makes the sink. It reports false when that has to
// be tried again.
func (f *feed) begin() bool {
	var err error
	if f.offset.File == nil {
		if f.offset, err = openOffset(filepath.Join(f.spool.dir, f.Name+offsetSuffix)); err != nil {
			f.offset.File = nil
			f.failed(err)
			return false
		}
		p, fresh, ok, err := f.offset.load()
		if err != nil {
			f.log.Error("cdr sink begins again with the oldest record", "err", err)
		}
		f.mu.Lock()
		if ok {
			f.pos, f.saved, f.fresh = p, p, fresh
		}
		f.mu.Unlock()
	}
	if f.sink == nil {
		if f.sink, err = f.Open(); err != nil {
			f.sink = nil
			f.failed(err)
			return false
		}
	}
	end, records := f.spool.now()
	backlog, err := f.tail.count(f.pos, end, f.ctx.Done())
	if err != nil {
		f.failed(err)
		return false
	}
	f.mu.Lock()
	f.base, f.since, f.known = backlog, records, true
	f.mu.Unlock()
	return true
}

// deliver brings one batch to the sink. It reports false when it was stopped.
func (f *feed) deliver(b *portion) bool {
	f.lookAhead()
	if b.invalid > 0 {
		f.mu.Lock()
		f.stats.Invalid += uint64(b.invalid)
		f.mu.Unlock()
		if !f.bad.invalid {
			f.bad.invalid = true
			f.log.Error("cdr file holds lines that are no JSON object: no sink gets them", "lines", b.invalid)
		}
	}
	records, ends, pause := b.records, b.ends, firstPause
	done := func(n int) {
		if n > 0 {
			f.advance(ends[n-1])
			records, ends = records[n:], ends[n:]
			f.mu.Lock()
			f.base -= int64(n)
			f.mu.Unlock()
		}
	}
	for width := len(records); len(records) > 0; {
		given := min(width, len(records))
		n, err := f.give(records[:given])
		n = min(max(n, 0), given)
		f.mu.Lock()
		f.stats.Delivered += uint64(n)
		f.mu.Unlock()
		done(n)
		switch {
		case n == given:
			f.worked()
			width, pause = min(2*width, usualBatch), firstPause
		case errors.Is(err, ErrRefused) && given-n > 1:
			width = (given - n) / 2 // one of them is to blame
		case errors.Is(err, ErrRefused) && !f.Patient:
			f.refused(records[0], err)
			done(1)
		default:
			if err == nil {
				err = errShort
			}
			if f.failed(err); !f.sleep(pause/2+rand.N(pause/2), f.tooFarBehind) {
				return false
			}
			if f.tooFarBehind() {
				return true
			}
			pause = min(2*pause, longestPause)
		}
		f.saveInTime()
	}
	f.mu.Lock()
	f.base -= int64(b.lines - len(b.records))
	f.mu.Unlock()
	f.advance(b.end)
	return f.ctx.Err() == nil
}

// give is Deliver. What a far end answers may break a library, but not the process.
func (f *feed) give(records []Record) (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			n, err = 0, fmt.Errorf("%w: %v", errPanic, r)
		}
	}()
	return f.sink.Deliver(f.ctx, records)
}

// errPanic is a sink that broke.
var errPanic = errors.New("the sink broke")

// errShort is a sink that says neither that records have arrived nor why not.
var errShort = errors.New("not everything has arrived")

// idle waits for something to do. It reports false when there will be nothing.
func (f *feed) idle() bool {
	end, records := f.spool.now()
	f.mu.Lock()
	f.fresh = time.Now()
	if f.pos == end {
		f.base, f.since = 0, records
	}
	f.mu.Unlock()
	var save <-chan time.Time
	if !f.saveAt.IsZero() {
		t := time.NewTimer(time.Until(f.saveAt))
		defer t.Stop()
		save = t.C
	}
	var keep <-chan time.Time
	keeper, ok := f.sink.(Keeper)
	if ok {
		t := time.NewTimer(everyKeep)
		defer t.Stop()
		keep = t.C
	}
	select {
	case <-f.new:
	case <-save:
		f.save()
	case <-keep:
		if err := keeper.Keep(f.ctx); err != nil {
			f.failed(err)
		} else if !f.told.IsZero() {
			f.worked()
		}
	case <-f.drain:
		select {
		case <-f.new: // it may have come before
			return true
		default:
			return false
		}
	case <-f.ctx.Done():
		return false
	}
	return true
}

// sleep waits between two attempts, less when early says so. It reports false when
// there will be no other.
func (f *feed) sleep(d time.Duration, early func() bool) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			f.saveInTime()
			return true
		case <-f.new: // no reason to try sooner; whoever sleeps reads again before it idles
			if early != nil && early() {
				return true
			}
		case <-f.ctx.Done():
			return false
		}
	}
}

func (f *feed) shut() {
	if f.offset.File != nil {
		if f.known {
			f.save()
		}
		f.offset.Close()
	}
	if f.sink != nil {
		if err := f.sink.Close(); err != nil {
			f.log.Warn("cdr sink not closed", "err", err)
		}
	}
	f.tail.close()
}
