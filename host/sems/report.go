package sems

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Note is one line of the report: a key that could not be carried over, or a defect of the
// original that the result does not have.
type Note struct {
	File    string
	Line    int // 0 = the file as a whole
	Key     string
	Why     string
	Written string // what stands in the result instead
}

// String returns "file:line: key: why: written: …".
func (n Note) String() string {
	var b strings.Builder
	b.WriteString(n.File)
	if n.Line > 0 {
		fmt.Fprintf(&b, ":%d", n.Line)
	}
	for _, part := range [...]string{n.Key, n.Why} {
		if part != "" {
			b.WriteString(": " + part)
		}
	}
	if n.Written != "" {
		b.WriteString("; written: " + n.Written)
	}
	return printable(b.String())
}

// nothing is what a note says was written when nothing was.
const nothing = "nothing"

// Bounds of the report.
const (
	maxNotes = 10_000
	maxShown = 200 // bytes of a value
)

// report collects notes.
type report struct {
	notes []Note
	more  int // that found no room
}

func (r *report) add(n Note) {
	if len(r.notes) == maxNotes {
		r.more++
		return
	}
	n.Written = shown(n.Key, n.Written)
	if slices.Contains(r.notes[max(0, len(r.notes)-100):], n) {
		return
	}
	r.notes = append(r.notes, n)
}

// about adds a note about a setting.
func (r *report) about(e setting, why, written string) {
	r.add(Note{File: e.file, Line: e.line, Key: e.key, Why: why, Written: written})
}

// sorted returns the notes by file and line.
func (r *report) sorted() []Note {
	slices.SortStableFunc(r.notes, func(a, b Note) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line)
	})
	if r.more > 0 {
		return append(r.notes, Note{File: "…", Why: fmt.Sprintf("%d more", r.more)})
	}
	return r.notes
}

// shown returns a value as it may stand in a report: short, and no password.
func shown(key, value string) string {
	if isSecret(key) && value != nothing && value != "" {
		return "(not shown)"
	}
	if len(value) > maxShown {
		return strings.ToValidUTF8(value[:maxShown], "") + "…"
	}
	return value
}

// isSecret says whether the value of a key must not be shown.
func isSecret(key string) bool {
	key = strings.ToLower(key)
	return strings.Contains(key, "pwd") || strings.Contains(key, "password") || strings.Contains(key, "secret")
}

// printable replaces what would move the cursor or break the line: names and values are
// foreign text.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}
