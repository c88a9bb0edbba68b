package sems

import (
	"fmt"
	"path"
	"strings"
	"unicode/utf8"
)

// Bounds of what is read: far above any configuration.
const (
	maxFile     = 1 << 20 // bytes of a configuration file
	maxMap      = 8 << 20 // bytes of a regex map
	maxLine     = 16 << 10
	maxSettings = 20_000 // of one file with all that it includes
	maxInclude  = 8      // depth
)

// setting is one key=value of a SEMS file.
type setting struct {
	file  string
	line  int
	key   string
	value string
}

// settings are those of one file and of what it includes. Of a key that is set twice the
// last one counts, as in SEMS.
type settings struct {
	file  string
	all   []setting
	index map[string]int
}

// lookup returns the setting of a key.
func (s *settings) lookup(key string) (setting, bool) {
	if s == nil {
		return setting{}, false
	}
	i, ok := s.index[key]
	if !ok {
		return setting{}, false
	}
	return s.all[i], true
}

// value returns the value of a key, "" if it is not set.
func (s *settings) value(key string) string {
	e, _ := s.lookup(key)
	return e.value
}

// reader reads one file with its includes.
type reader struct {
	tree *tree
	dir  string // where @file looks: SEMS's plugin_config_path
	out  *settings
	note func(setting, string, string)
	open []string // files being read, for loops of includes
}

// read reads a file of the tree. note takes the oddities it meets.
func (t *tree) read(file, dir string, note func(e setting, why, written string)) (*settings, error) {
	r := reader{tree: t, dir: dir, out: &settings{file: file, index: map[string]int{}}, note: note}
	if err := r.file(file); err != nil {
		return nil, err
	}
	return r.out, nil
}

func (r *reader) file(name string) error {
	text, err := r.tree.text(name, maxFile)
	if err != nil {
		return &SyntaxError{File: name, Problem: plain(err)}
	}
	for _, open := range r.open {
		if open == name {
			return &SyntaxError{File: name, Problem: "includes itself"}
		}
	}
	if r.open = append(r.open, name); len(r.open) > maxInclude {
		return &SyntaxError{File: name, Problem: "included too deep"}
	}
	text = r.decode(name, text)
	for n := 1; text != ""; n++ {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		if err := r.line(name, n, strings.ReplaceAll(line, "\r", "")); err != nil {
			return err
		}
	}
	r.open = r.open[:len(r.open)-1]
	return nil
}

// decode makes text UTF-8: files of that time are often Latin-1.
func (r *reader) decode(name, text string) string {
	if utf8.ValidString(text) {
		return text
	}
	r.note(setting{file: name}, "the file is not UTF-8", "read as Latin-1")
	return latin1(text)
}

func latin1(text string) string {
	runes := make([]rune, len(text))
	for i := range len(text) {
		runes[i] = rune(text[i])
	}
	return string(runes)
}

// line reads one line: blank, # comment, @include or key=value. A value without quotes ends
// at white space or #; one in quotes at the next quote without a backslash before it, and
// keeps its backslashes. There is no other escape and no continuation.
func (r *reader) line(file string, n int, line string) error {
	wrong := func(format string, args ...any) error {
		return &SyntaxError{File: file, Line: n, Problem: fmt.Sprintf(format, args...)}
	}
	line = strings.TrimLeft(line, " \t")
	switch {
	case line == "" || line[0] == '#':
		return nil
	case len(line) > maxLine:
		return wrong("a line of more than %d bytes", maxLine)
	case strings.IndexByte(line, 0) >= 0:
		return wrong("a NUL: this is no configuration file")
	case line[0] == '@':
		return r.include(file, n, bare(strings.TrimLeft(line[1:], " \t")))
	}
	key, rest, ok := strings.Cut(line, "=")
	key = strings.TrimRight(key, " \t")
	if !ok || key == "" || strings.ContainsAny(key, " \t") {
		return wrong("want key=value")
	}
	e := setting{file: file, line: n, key: key}
	rest = strings.TrimLeft(rest, " \t")
	if strings.HasPrefix(rest, `"`) {
		end := closingQuote(rest)
		if end < 0 {
			return wrong("%s: the quote is not closed on this line", key)
		}
		e.value = rest[1:end]
		if left := comment(rest[end+1:]); left != "" {
			r.note(e, "SEMS reads nothing behind the closing quote", e.value)
		}
	} else {
		e.value = bare(rest)
		if left := comment(rest[len(e.value):]); left != "" {
			r.note(e, "SEMS reads a value without quotes only up to the first space; what comes behind it had no effect", e.value)
		}
	}
	return r.add(e)
}

func (r *reader) add(e setting) error {
	if before, ok := r.out.lookup(e.key); ok {
		r.note(e, fmt.Sprintf("set a second time, after %s:%d; the last one counts", before.file, before.line), e.value)
	}
	if len(r.out.all) == maxSettings {
		return &SyntaxError{File: e.file, Line: e.line, Problem: plain(ErrTooMuch)}
	}
	r.out.index[e.key] = len(r.out.all)
	r.out.all = append(r.out.all, e)
	if e.key == "plugin_config_path" {
		r.dir = e.value
	}
	return nil
}

// include reads @file: relative to SEMS's configuration path, which may be elsewhere here.
func (r *reader) include(file string, n int, name string) error {
	if name == "" {
		return &SyntaxError{File: file, Line: n, Problem: "want @file"}
	}
	if !strings.HasPrefix(name, "/") {
		name = path.Join(r.dir, name)
	}
	found, ok := r.tree.find(name, path.Dir(file))
	if !ok {
		return &SyntaxError{File: file, Line: n, Problem: fmt.Sprintf("there is no file %q to include", name)}
	}
	return r.file(found)
}

// bare returns the value without quotes at the beginning of s.
func bare(s string) string {
	if i := strings.IndexAny(s, " \t#"); i >= 0 {
		return s[:i]
	}
	return s
}

// comment returns what is left of s before a comment.
func comment(s string) string {
	s, _, _ = strings.Cut(s, "#")
	return strings.Trim(s, " \t")
}

// closingQuote returns where the quote that opens s ends, -1 if nowhere.
func closingQuote(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] == '"' && s[i-1] != '\\' {
			return i
		}
	}
	return -1
}
