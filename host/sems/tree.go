package sems

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Bounds of the tree that is searched for files.
const (
	maxFiles = 5000
	maxDepth = 8
	maxRead  = 64 << 20 // bytes of all files, each counted as at least leastFile
)

// leastFile makes files that include one another without end cost something.
const leastFile = 1 << 10

// suffix ends the name of every SEMS file that matters here.
const suffix = ".conf"

// profileSuffix ends the name of a profile's file.
const profileSuffix = ".sbcprofile.conf"

// tree is the folder that is converted. Paths in SEMS's files are those of the machine they
// come from, so files are found by as much of the path's end as fits.
type tree struct {
	fsys  fs.FS
	files []string // all *.conf, the shallowest first
	total int      // bytes read so far
}

// newTree lists the files of fsys.
func newTree(fsys fs.FS) (*tree, error) {
	t := &tree{fsys: fsys}
	seen := 0
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if seen++; seen > 20*maxFiles || len(t.files) > maxFiles {
			return ErrTooMuch
		}
		switch {
		case err != nil && name == ".":
			return err
		case err != nil:
			return nil // a folder that may not be read has nothing for us
		case d.IsDir() && strings.Count(name, "/") >= maxDepth:
			return fs.SkipDir
		case !d.IsDir() && strings.HasSuffix(name, suffix):
			t.files = append(t.files, name)
		}
		return nil
	})
	slices.SortStableFunc(t.files, func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
	return t, err
}

// find returns the file that a path of SEMS's machine means: the longest end of the path
// that is in the tree, seen from its root or from beside; else the only file of that name.
func (t *tree) find(name string, beside string) (string, bool) {
	name = path.Clean("/" + name)[1:]
	for end := name; end != ""; {
		for _, try := range [...]string{end, path.Join(beside, end)} {
			if slices.Contains(t.files, try) {
				return try, true
			}
		}
		var ok bool
		if _, end, ok = strings.Cut(end, "/"); !ok {
			break
		}
	}
	var found []string
	for _, f := range t.files {
		if path.Base(f) == path.Base(name) {
			found = append(found, f)
		}
	}
	if len(found) == 1 {
		return found[0], true
	}
	return "", false
}

// first returns the shallowest file of that name.
func (t *tree) first(base string) (string, bool) {
	for _, f := range t.files {
		if path.Base(f) == base {
			return f, true
		}
	}
	return "", false
}

// profiles returns the profile files by profile name.
func (t *tree) profiles() map[string]string {
	found := map[string]string{}
	for _, f := range t.files {
		if name, ok := strings.CutSuffix(path.Base(f), profileSuffix); ok && name != "" && found[name] == "" {
			found[name] = f
		}
	}
	return found
}

// text returns the content of a regular file of at most limit bytes.
func (t *tree) text(name string, limit int64) (string, error) {
	info, err := fs.Stat(t.fsys, name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", errors.New("is no regular file")
	}
	f, err := t.fsys.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	t.total += max(len(b), leastFile)
	if err == nil && (int64(len(b)) > limit || t.total > maxRead) {
		err = ErrTooMuch
	}
	return string(b), err
}

// plain is the text of a file's error without its path.
func plain(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err.Error()
	}
	return err.Error()
}
