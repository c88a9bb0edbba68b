package cdr

import "time"

// FeedStats are the counts of a sink since it was opened, and how far it is behind.
type FeedStats struct {
	Name, Kind string
	Delivered  uint64 // records
	Refused    uint64 // records the far end will never take, gone on without
	Skipped    uint64 // records given up because too much was waiting
	Invalid    uint64 // lines that are no record
	Errors     uint64 // failed attempts
	LagRecords int64  // not yet delivered
	LagBytes   int64
	LagAge     time.Duration // how long the oldest of these has waited, at most
	LastError  error         // nil when the last attempt went well
}

// Stats returns the counts.
func (f *feed) Stats() FeedStats {
	_, records := f.spool.now()
	f.mu.Lock()
	s, pos := f.stats, f.pos
	if f.known {
		s.LagRecords = max(f.base+int64(records-f.since), 0)
	}
	fresh := f.fresh
	f.mu.Unlock()
	if s.LagBytes = f.spool.behind(pos); s.LagBytes > 0 {
		s.LagAge = max(time.Since(fresh).Round(time.Millisecond), 0)
	}
	return s
}

func (f *feed) worked() {
	f.mu.Lock()
	f.stats.LastError = nil
	f.mu.Unlock()
	if !f.told.IsZero() {
		f.told = time.Time{}
		f.log.Warn("cdr sink delivers again", "lag_records", f.Stats().LagRecords)
	}
}

func (f *feed) failed(err error) {
	if f.ctx.Err() != nil {
		return
	}
	f.mu.Lock()
	f.stats.Errors++
	f.stats.LastError = err
	f.mu.Unlock()
	if f.told.IsZero() || time.Since(f.told) >= reminder {
		f.told = time.Now()
		s := f.Stats()
		f.log.Error("cdr sink cannot deliver: records wait in the spool", "err", err, "lag_records", s.LagRecords, "lag_bytes", s.LagBytes, "lag_age", s.LagAge)
	}
}

// refused notes a record that the sink will never take.
func (f *feed) refused(r Record, err error) {
	f.mu.Lock()
	f.stats.Refused++
	f.stats.LastError = err
	f.mu.Unlock()
	if f.refusal.IsZero() || time.Since(f.refusal) >= reminder {
		f.refusal = time.Now()
		f.log.Error("cdr sink refuses a record for good: it stands in the file only; further ones are counted", "id", r.ID.String(), "err", err)
	}
}
