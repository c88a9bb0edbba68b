package sems

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Names of the files of a result.
const (
	ConfigFile = "sallyport.toml"
	ReportFile = "REPORT.txt"
	mapsDir    = "maps"
)

// Result is a converted configuration.
type Result struct {
	TOML   string            // for ConfigFile
	Maps   map[string]string // files for the folder beside it, by path: maps/ip.conf
	Report []Note
}

// Text returns the report, one note a line.
func (r *Result) Text() string {
	var b strings.Builder
	for _, n := range r.Report {
		b.WriteString(n.String() + "\n")
	}
	if len(r.Report) == 0 {
		b.WriteString("Everything was carried over.\n")
	}
	return b.String()
}

// Write writes the result into a folder, which is made when it is not there. Without force
// it fails with ErrExists, and then has written nothing, when a file of the result is there
// already. Others than the owner may not read the files: profiles have passwords.
func (r *Result) Write(dir string, force bool) error {
	files := map[string]string{ConfigFile: r.TOML, ReportFile: r.Text()}
	maps.Copy(files, r.Maps)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir) // a link in the folder must not lead out of it
	if err != nil {
		return err
	}
	defer root.Close()
	names := slices.Sorted(maps.Keys(files))
	for _, name := range names {
		if _, err := root.Lstat(name); err == nil && !force {
			return fmt.Errorf("%s %w", filepath.Join(dir, name), ErrExists)
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if len(r.Maps) > 0 {
		if err := root.MkdirAll(mapsDir, 0o755); err != nil {
			return err
		}
	}
	for _, name := range names {
		if force {
			if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		_, err = f.WriteString(files[name])
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}
