package cdr

import "time"

const (
	maxRetry = 5 * time.Second
	// quiet is the least time between two error lines about one file.
	quiet = 10 * time.Second
	// enough is how many bytes that wait begin a batch before its time.
	enough = 256 << 10
	// keep is the capacity of a queue buffer worth keeping when it is empty.
	keep = 1 << 20
)

// run writes batch after batch until the file is closing and nothing is left,
// or Close's patience is over. It owns spare and the rate limit of the log.
func (f *File) run() {
	defer close(f.done)
	defer f.shut()
	var w watch
	var spare []byte
	var begun time.Time
	for {
		f.gather(begun)
		batch, records, closing := f.take(spare)
		if records == 0 {
			if closing {
				w.report(f, nil)
				return
			}
			spare = batch
			select {
			case <-f.wake:
			case <-f.quit:
				return
			}
			continue
		}
		begun = time.Now()
		for pause := f.o.Retry; ; pause = min(2*pause, maxRetry) {
			err := f.commit(batch, records)
			f.account(batch, records, err)
			w.report(f, err)
			if err == nil {
				break
			}
			if !f.wait(pause) {
				return
			}
		}
		if cap(batch) > keep {
			batch = nil
		}
		spare = batch
	}
}

// gather waits, when there is something to write, until the next batch may begin: a sync
// costs as much for one record as for a hundred.
func (f *File) gather(begun time.Time) {
	wait := f.o.Pace - time.Since(begun)
	if wait <= 0 || !f.few() {
		return
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	for f.few() {
		select {
		case <-f.wake:
		case <-t.C:
			return
		case <-f.quit:
			return
		}
	}
}

// few says whether something waits and it is worth while to wait for more.
func (f *File) few() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.queued > 0 && len(f.queue) < enough && !f.closing
}

// take swaps the queue for an empty buffer.
func (f *File) take(spare []byte) (batch []byte, records int, closing bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.queued == 0 {
		return spare, 0, f.closing
	}
	batch, records = f.queue, f.queued
	f.queue, f.queued, f.batch = spare[:0], 0, len(batch)
	return batch, records, f.closing
}

// commit appends the batch and makes it durable, or leaves the file as it was
// before, or remembers to do that first next time.
func (f *File) commit(batch []byte, records int) error {
	f.disk.Lock()
	defer f.disk.Unlock()
	err := f.cut()
	if err != nil && !f.file.At(f.path) {
		// Not a file that refuses but one that is gone: unmounted, or stale.
		err = f.reopen()
	}
	if err != nil {
		return err
	}
	if f.spool != nil {
		f.spool.join(f.path, f.file)
	}
	size, err := f.file.Size()
	if err != nil {
		return err
	}
	if _, err = f.file.Write(batch); err == nil {
		err = f.file.Sync()
	}
	if err == nil {
		if f.spool != nil {
			f.spool.committed(size+int64(len(batch)), records)
		}
		return nil
	}
	// After a failed sync the kernel may have dropped the pages and forgotten
	// the error, so a second sync proves nothing: the batch is cut off and
	// written anew.
	f.torn = size
	f.cut()
	return err
}

// cut takes back a batch that failed: what is behind f.torn. A file that is
// shorter was emptied by somebody else (copytruncate).
func (f *File) cut() error {
	if f.torn < 0 {
		return nil
	}
	size, err := f.file.Size()
	if err == nil && size > f.torn {
		err = f.file.Truncate(f.torn)
	}
	if err == nil {
		f.torn = -1
	}
	return err
}

// account books the outcome of one attempt.
func (f *File) account(batch []byte, records int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stats.LastError = err
	if err != nil {
		f.stats.Errors++
		return
	}
	f.batch = 0
	f.stats.Pending -= records
	f.stats.Written += uint64(records)
	f.stats.Bytes += uint64(len(batch))
	f.stats.Batches++
}

// wait pauses between two attempts. It reports false when there will be no
// other.
func (f *File) wait(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-f.quit:
		return false
	}
}

func (f *File) shut() {
	f.disk.Lock()
	defer f.disk.Unlock()
	f.file.Close()
}

// watch turns outcomes into log lines: the first failure at once, then one
// line in quiet while it lasts, and one when it is over.
type watch struct {
	failing bool
	last    time.Time
	lost    uint64 // already told
}

func (w *watch) report(f *File, err error) {
	s, _ := f.counts()
	lost := s.Lost - w.lost
	switch {
	case err != nil:
		if w.failing && time.Since(w.last) < quiet {
			return
		}
		w.failing = true
		f.o.Log.Error("cdr file cannot be written", "file", f.path, "err", err, "pending", s.Pending, "lost", lost, "lost_total", s.Lost)
	case w.failing:
		w.failing = false
		f.o.Log.Warn("cdr file is written again", "file", f.path, "pending", s.Pending, "lost", lost, "lost_total", s.Lost)
	case lost > 0:
		if time.Since(w.last) < quiet {
			return
		}
		f.o.Log.Error("cdr records lost: the disk is too slow", "file", f.path, "lost", lost, "lost_total", s.Lost)
	default:
		return
	}
	w.last, w.lost = time.Now(), s.Lost
}
