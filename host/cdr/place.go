package cdr

import "time"

// tooFarBehind says whether what comes next is given up: see skip.
func (f *feed) tooFarBehind() bool {
	last := f.spool.condemned()
	return last > 0 && f.pos.segment <= last
}

// skip gives up what stands in segments that the spool has no room for.
func (f *feed) skip() {
	last := f.spool.condemned()
	if last == 0 || f.pos.segment > last {
		return
	}
	to := position{segment: last + 1}
	lost, err := f.tail.count(f.pos, to, f.ctx.Done())
	f.log.Error("cdr sink skips records: more wait than the spool may hold", "records", lost, "err", err)
	f.mu.Lock()
	f.stats.Skipped += uint64(lost)
	f.base -= lost
	f.mu.Unlock()
	f.advance(to)
	f.save()
}

// lookAhead notes the time at which the records ended where they do now.
func (f *feed) lookAhead() {
	if f.marked.IsZero() {
		f.mark, _ = f.spool.now()
		f.marked = time.Now()
	}
}

// advance notes that everything before p is done with.
func (f *feed) advance(p position) {
	f.mu.Lock()
	f.pos = p
	if !f.marked.IsZero() && !p.before(f.mark) {
		f.fresh, f.marked = f.marked, time.Time{}
	}
	f.mu.Unlock()
	if f.saveAt.IsZero() {
		f.saveAt = time.Now().Add(everySave)
	}
}

func (f *feed) saveInTime() {
	if !f.saveAt.IsZero() && !time.Now().Before(f.saveAt) {
		f.save()
	}
}

// save makes the position durable. That it cannot be saved costs no record: some
// are delivered again after a restart.
func (f *feed) save() {
	err := f.offset.save(f.pos, f.fresh)
	f.saveAt = time.Time{}
	switch {
	case err != nil && !f.bad.save:
		f.log.Error("cdr sink cannot save its position: records will be delivered again after a restart", "err", err)
	case err != nil:
	default:
		f.mu.Lock()
		f.saved = f.pos
		f.mu.Unlock()
		f.spool.prune()
	}
	f.bad.save = err != nil
	if err != nil {
		f.saveAt = time.Now().Add(everySave)
	}
}
