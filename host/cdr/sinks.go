package cdr

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Feeds are the sinks of one file.
type Feeds struct {
	// Backlog is how many bytes of files that were moved away are kept for sinks
	// that have not read them. Default 10 GiB.
	Backlog int64
	Sinks   []Feed
}

const usualBacklog = 10 << 30

// SpoolOf is the folder in which a file's sinks keep what they need: the file's own
// name and ".spool".
func SpoolOf(path string) string { return path + ".spool" }

// SetFeeds makes these the sinks of the file. One that is there already by name and
// version goes on; others end and, with the same name, go on where they were. It
// waits for those that end, at most five seconds each. It fails with ErrClosed, or when the
// spool cannot be made.
func (f *File) SetFeeds(feeds Feeds) error {
	f.feeding.Lock()
	defer f.feeding.Unlock()
	f.mu.Lock()
	closing := f.closing
	f.mu.Unlock()
	if closing {
		return ErrClosed
	}
	if feeds.Backlog <= 0 {
		feeds.Backlog = usualBacklog
	}
	if f.spool == nil {
		if len(feeds.Sinks) == 0 {
			return nil
		}
		s, err := openSpool(SpoolOf(f.path), feeds.Backlog, f.o.Log)
		if err != nil {
			return fmt.Errorf("spool of cdr file %s: %w", f.path, err)
		}
		f.disk.Lock()
		f.mu.Lock()
		f.spool = s
		f.mu.Unlock()
		s.join(f.path, f.file)
		f.disk.Unlock()
	}
	f.spool.set(feeds)
	return nil
}

// set replaces the feeds that changed.
func (s *spool) set(feeds Feeds) {
	s.mu.Lock()
	old := slices.Clone(s.feeds)
	s.limit = feeds.Backlog
	s.mu.Unlock()
	var keep, end []*feed
	for _, f := range old {
		if slices.ContainsFunc(feeds.Sinks, func(n Feed) bool { return n.Name == f.Name && n.Version == f.Version }) {
			keep = append(keep, f)
		} else {
			end = append(end, f)
		}
	}
	for _, f := range end {
		f.stop()
	}
	for _, f := range end {
		if !f.ends(hang) {
			// Two of one name would save two positions in one place.
			f.log.Error("cdr sink does not end: it is not replaced")
			keep = append(keep, f)
		}
	}
	all := keep
	for _, n := range feeds.Sinks {
		if slices.ContainsFunc(keep, func(f *feed) bool { return n.Name == f.Name }) {
			continue
		}
		f := newFeed(s, n, s.log)
		all = append(all, f)
		go f.run() // ends with set or endSinks
	}
	slices.SortFunc(all, func(a, b *feed) int { return strings.Compare(a.Name, b.Name) })
	s.mu.Lock()
	s.feeds, s.unread = all, len(all) == 0
	s.wake()
	s.unlink()
	s.mu.Unlock()
}

func (s *spool) stats() []FeedStats {
	s.mu.Lock()
	feeds := slices.Clone(s.feeds)
	s.mu.Unlock()
	stats := make([]FeedStats, len(feeds))
	for i, f := range feeds {
		stats[i] = f.Stats()
	}
	return stats
}

// hang is how long a sink that was told to stop may take.
const hang = 5 * time.Second

// endSinks lets the sinks deliver what is there, for a while, and stops them.
func (f *File) endSinks() {
	f.feeding.Lock()
	defer f.feeding.Unlock()
	if f.spool == nil {
		return
	}
	f.spool.mu.Lock()
	feeds := f.spool.feeds
	f.spool.mu.Unlock()
	var wait sync.WaitGroup
	for _, d := range feeds {
		close(d.drain)
		wait.Go(func() { d.end(f.o.Drain) })
	}
	wait.Wait()
}

// end waits for run to return: by itself, or because it is stopped.
func (f *feed) end(patience time.Duration) {
	defer f.stop()
	if f.ends(patience) {
		return
	}
	f.stop()
	if !f.ends(hang) {
		f.log.Error("cdr sink does not end")
		return
	}
	if lag := f.Stats().LagRecords; lag > 0 {
		f.log.Warn("cdr sink has not delivered everything: the rest waits in the spool", "lag_records", lag)
	}
}

// ends waits for run to return, for so long.
func (f *feed) ends(patience time.Duration) bool {
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-f.done:
		return true
	case <-t.C:
		return false
	}
}
