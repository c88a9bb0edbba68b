package cdr

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Files are the files of one process, each open once however many modules,
// and generations of them, write to it. Its methods are safe for concurrent use.
type Files struct {
	o Options

	feeding sync.Mutex // one change of sinks at a time

	mu    sync.Mutex // guards what follows
	open  map[string]*shared
	feeds map[string]Feeds
}

type shared struct {
	file  *File
	users int
}

// NewFiles returns an empty set whose files are opened with o.
func NewFiles(o Options) *Files {
	return &Files{o: o.filled(), open: make(map[string]*shared)}
}

// Acquire opens the file, or shares it when it is open. Who acquired it calls
// Release once. Errors are those of Open.
func (s *Files) Acquire(path string) (*File, error) {
	key, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.open[key]; h != nil {
		h.users++
		return h.file, nil
	}
	f, err := Open(key, s.o)
	if err != nil {
		return nil, err
	}
	if err := f.SetFeeds(s.feeds[key]); err != nil {
		f.Close()
		return nil, err
	}
	s.open[key] = &shared{f, 1}
	return f, nil
}

// SetFeeds says which sinks the files have, by path: those that are open and those
// that will be. Sinks that no longer stand there end. Errors are those of
// File.SetFeeds; all files are tried.
func (s *Files) SetFeeds(byPath map[string]Feeds) error {
	s.feeding.Lock()
	defer s.feeding.Unlock()
	feeds := make(map[string]Feeds, len(byPath))
	for path, f := range byPath {
		key, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		feeds[key] = f
	}
	s.mu.Lock()
	s.feeds = feeds
	s.mu.Unlock()
	var errs []error
	for _, f := range s.files() {
		if err := f.SetFeeds(feeds[f.path]); err != nil && !errors.Is(err, ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Release gives a file back; the last one closes it. Errors are those of Close.
func (s *Files) Release(f *File) error {
	s.mu.Lock()
	h := s.open[f.path]
	if h == nil || h.file != f {
		s.mu.Unlock()
		return nil
	}
	h.users--
	if h.users > 0 {
		s.mu.Unlock()
		return nil
	}
	delete(s.open, f.path)
	s.mu.Unlock()
	return f.Close()
}

// Reopen reopens every file; all are tried.
func (s *Files) Reopen() error {
	var errs []error
	for _, f := range s.files() {
		errs = append(errs, f.Reopen())
	}
	return errors.Join(errs...)
}

// Stats returns the counts of every open file, by path.
func (s *Files) Stats() []Stats {
	var all []Stats
	for _, f := range s.files() {
		all = append(all, f.Stats())
	}
	return all
}

// Close closes every file, however many users it has.
func (s *Files) Close() error {
	files := s.files()
	s.mu.Lock()
	clear(s.open)
	s.mu.Unlock()
	errs := make([]error, len(files))
	var wait sync.WaitGroup
	for i, f := range files {
		wait.Go(func() { errs[i] = f.Close() })
	}
	wait.Wait()
	return errors.Join(errs...)
}

func (s *Files) files() []*File {
	s.mu.Lock()
	defer s.mu.Unlock()
	files := make([]*File, 0, len(s.open))
	for _, h := range s.open {
		files = append(files, h.file)
	}
	slices.SortFunc(files, func(a, b *File) int { return strings.Compare(a.path, b.path) })
	return files
}
