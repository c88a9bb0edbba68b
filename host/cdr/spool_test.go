package cdr

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A sink that is dead for good holds no more of the disk than it may.
func TestBacklogIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cdr.jsonl")
	s, ok := newInbox(), newInbox()
	s.down = errors.New("away")
	var log lines
	f, err := Open(path, Options{Log: log.logger()})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.SetFeeds(Feeds{Backlog: 2500, Sinks: []Feed{s.feed("s"), ok.feed("t")}}); err != nil {
		t.Fatal(err)
	}
	pad := strings.Repeat("x", 80)
	for i := range 5 {
		for n := range 10 {
			emit(t, f, fmt.Sprintf(`{"n":%d,"pad":%q}`, 10*i+n, pad))
		}
		ok.wait(t, 10*i+10)
		os.Remove(path)
		if err := f.Reopen(); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "three of five segments are given up", func() bool { return f.Stats().Sinks[0].Skipped == 30 })
	until(t, "and removed", func() bool { return len(segments(t, path)) == 3 })
	if st := f.Stats().Sinks[0]; st.LagRecords != 20 {
		t.Errorf("%+v", st)
	}
	if log.count("skips records") == 0 {
		t.Error("the log says nothing")
	}
	s.set(func(s *inbox) { s.down = nil })
	if got := s.wait(t, 20); !strings.HasPrefix(got[0], `{"n":30,`) || len(got) != 20 {
		t.Errorf("%d records, first %.20s", len(got), got[0])
	}
}

// What is broken where the position stood is delivered again, and said.
func TestBrokenOffset(t *testing.T) {
	for name, text := range map[string]string{
		"garbage": "garbage", "torn": "0000000000000000000", "empty": "", "binary": "\x00\xff",
		"checksum":       fmt.Sprintf(offsetLine+" %08x\n", 1, 8, 0, 77),
		"another's":      strings.Repeat("9", 300),
		"beyond the end": "", // by save below
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "cdr.jsonl")
			s := newInbox()
			f := opened(t, path, Options{}, s.feed("s"))
			emit(t, f, numbered(0, 3)...)
			s.wait(t, 3)
			f.Close()
			file := filepath.Join(SpoolOf(path), "s"+offsetSuffix)
			if name == "beyond the end" {
				o, err := openOffset(file)
				if err != nil {
					t.Fatal(err)
				}
				o.save(position{1, 1 << 40}, time.Now())
				o.Close()
			} else if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			opened(t, path, Options{}, s.feed("s"))
			if got := s.wait(t, 6); !slices.Equal(got[3:], numbered(0, 3)) || len(s.ids) != 3 {
				t.Errorf("got %v", got)
			}
		})
	}
}

// A spool whose links are gone does not make a position skip what comes.
func TestLinksAreGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cdr.jsonl")
	s := newInbox()
	f := opened(t, path, Options{}, s.feed("s"))
	emit(t, f, numbered(0, 3)...)
	s.wait(t, 3)
	f.Close()
	for _, link := range segments(t, path) {
		os.Remove(link)
	}
	f = opened(t, path, Options{}, s.feed("s"))
	emit(t, f, numbered(3, 5)...)
	s.wait(t, 8)
	if len(s.ids) != 5 {
		t.Errorf("got %v", s.got())
	}
}

// Lines that are no records are passed over, counted and told once.
func TestInvalidLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cdr.jsonl")
	text := "{\"n\":0}\nnonsense\n[1]\n\n" + strings.Repeat("x", 3*maxBatch) + "\n{\"n\":1}\n{\"n\":" + strings.Repeat("9", MaxRecord) + "}\n{\"n\":2}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newInbox()
	var log lines
	f := opened(t, path, Options{Log: log.logger()}, s.feed("s"))
	if got := s.wait(t, 3); !slices.Equal(got, numbered(0, 3)) {
		t.Errorf("got %.100v", got)
	}
	until(t, "all is counted", func() bool { st := f.Stats().Sinks[0]; return st.Invalid == 5 && st.LagRecords == 0 })
	if n := log.count("no JSON object"); n != 1 {
		t.Errorf("%d log lines", n)
	}
}

// Copytruncate empties the file under the reader.
func TestFileIsEmptied(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cdr.jsonl")
	s := newInbox()
	f := opened(t, path, Options{}, s.feed("s"))
	emit(t, f, numbered(0, 100)...)
	s.wait(t, 100)
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	emit(t, f, numbered(100, 103)...)
	if got := s.wait(t, 103); !slices.Equal(got, numbered(0, 103)) {
		t.Errorf("got %v", got[100:])
	}
}
