package cdr

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/sallyport-sbc/sallyport/host/durable"
)

// spool is what sinks read: the files that records went to, in order. Each has a
// hard link here, a segment, made when it is opened; so whoever rotates, packs or
// deletes the file takes nothing away from a sink that was away. A segment is
// unlinked when every sink has read it, or when the rotated ones are larger than
// the limit.
type spool struct {
	dir string
	log *slog.Logger

	mu       sync.Mutex // guards what follows; held during file operations on links only
	limit    int64      // bytes of rotated segments
	segments []segment  // in order; the last one grows while joined
	joined   bool       // the file that is written is the last segment
	end      position   // what is durable ends here
	records  uint64     // that became durable since this process joined
	feeds    []*feed
	unread   bool   // there are no feeds because none is wanted any more
	highest  uint64 // number that a segment ever had, as far as offsets tell
	failing  bool   // a link could not be made, and the log said so
}

// segment is one of the files. Its name is its number.
type segment struct {
	number uint64
	size   int64
}

const (
	segmentName  = "%016d"
	offsetSuffix = ".offset"
)

// openSpool finds the segments an earlier process left.
func openSpool(dir string, limit int64, log *slog.Logger) (*spool, error) {
	s := &spool{dir: dir, limit: limit, log: log}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), offsetSuffix) {
			s.remember(filepath.Join(dir, e.Name()))
			continue
		}
		number, err := strconv.ParseUint(e.Name(), 10, 64)
		if err != nil || e.Name() != fmt.Sprintf(segmentName, number) {
			continue
		}
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		s.segments = append(s.segments, segment{number, info.Size()})
	}
	slices.SortFunc(s.segments, func(a, b segment) int {
		if a.number < b.number {
			return -1
		}
		return 1
	})
	if n := len(s.segments); n > 0 {
		s.end = position{s.segments[n-1].number, s.segments[n-1].size}
		s.highest = max(s.highest, s.end.segment)
	}
	return s, nil
}

// remember keeps the number of a segment from being given again while a sink's
// position names it, should the segment itself have gone astray.
func (s *spool) remember(path string) {
	o, err := openOffset(path)
	if err != nil {
		return
	}
	defer o.Close()
	if p, _, ok, err := o.load(); ok && err == nil {
		s.highest = max(s.highest, p.segment)
	}
}

func (s *spool) path(number uint64) string {
	return filepath.Join(s.dir, fmt.Sprintf(segmentName, number))
}

// join makes the file that path names, and d has open, the last segment, unless it
// is. What cannot be linked now is tried again with the next batch.
func (s *spool) join(path string, d Disk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.joined {
		return
	}
	err := s.link(path, d)
	if err == nil {
		s.joined = true
		if s.failing {
			s.log.Warn("cdr sinks can go on", "file", path)
		}
		s.failing = false
		s.wake()
		if s.unread {
			s.unlink()
		}
		return
	}
	if !s.failing {
		s.failing = true
		s.log.Error("cdr sinks wait: the file cannot be linked into the spool", "file", path, "spool", s.dir, "err", err)
	}
}

func (s *spool) link(path string, d Disk) error {
	size, err := d.Size()
	if err != nil {
		return err
	}
	n := len(s.segments)
	if n > 0 && d.At(s.path(s.segments[n-1].number)) {
		s.segments[n-1].size = size
		s.end = position{s.segments[n-1].number, size}
		return nil
	}
	number := s.highest + 1
	if err := os.Link(path, s.path(number)); err != nil {
		return err
	}
	if !d.At(s.path(number)) {
		_ = os.Remove(s.path(number))
		return fmt.Errorf("%s was moved away meanwhile", path)
	}
	if err := durable.Folder(s.dir); err != nil {
		_ = os.Remove(s.path(number))
		return err
	}
	s.segments = append(s.segments, segment{number, size})
	s.end, s.highest = position{number, size}, number
	return nil
}

// leave says that the file will not grow any more.
func (s *spool) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.joined = false
}

// committed says that the file is durable up to size, with so many records more.
func (s *spool) committed(size int64, records int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records += uint64(records)
	if !s.joined {
		return
	}
	n := len(s.segments)
	s.segments[n-1].size, s.end.offset = size, size
	s.wake()
}

// wake tells the feeds that there may be something new; mu is held.
func (s *spool) wake() {
	for _, f := range s.feeds {
		f.signal()
	}
}

// at returns the segment to read at p, which it moves to the next segment when
// one is done or gone. last says that the segment may still grow. It reports
// false when there is nothing behind p.
func (s *spool) at(p position) (_ position, size int64, last, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, g := range s.segments {
		if g.number < p.segment {
			continue
		}
		if g.number > p.segment {
			p = position{segment: g.number}
		}
		isLast := i == len(s.segments)-1
		if p.offset > g.size {
			// Somebody emptied the file in its place.
			p.offset = 0
		}
		if p.offset < g.size {
			return p, g.size, isLast, true
		}
	}
	return p, 0, true, false
}

// behind is how many bytes there are behind p.
func (s *spool) behind(p position) (bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.segments {
		switch {
		case g.number == p.segment:
			bytes += max(g.size-p.offset, 0)
		case g.number > p.segment:
			bytes += g.size
		}
	}
	return bytes
}

// now returns where the durable records end and how many came since the process
// joined.
func (s *spool) now() (position, uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.end, s.records
}

// condemned is the last segment that is given up because the rotated ones are
// larger than the limit; 0 is none.
func (s *spool) condemned() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.segments) == 0 {
		return 0
	}
	var number uint64
	var kept int64
	for i := len(s.segments) - 2; i >= 0; i-- {
		if kept += s.segments[i].size; kept > s.limit {
			number = s.segments[i].number
			break
		}
	}
	return number
}

// prune unlinks the segments that every feed has behind it.
func (s *spool) prune() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unlink()
}

// unlink is prune with mu held.
func (s *spool) unlink() {
	if len(s.feeds) == 0 && !s.unread {
		return // they have yet to come
	}
	for len(s.segments) > 1 {
		first := s.segments[0].number
		if slices.ContainsFunc(s.feeds, func(f *feed) bool { return !f.passed(s.segments[0]) }) {
			return
		}
		if err := os.Remove(s.path(first)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.log.Error("cdr spool: a segment that was read cannot be removed", "segment", s.path(first), "err", err)
			return
		}
		s.segments = s.segments[1:]
	}
}
