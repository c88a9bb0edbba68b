package wasm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
)

// cache keeps native code between starts, one folder a module. wazero names its file by the module's bytes, its own
// version and the processor's features; the folder's name adds the rest. Next to it stands a file of sums: wazero
// checks a part of what it reads only, and a broken file would be run as native code.
//
// Nothing that goes wrong here keeps a module from being loaded.
type cache struct {
	dir string // "" = no cache
	log *slog.Logger
}

const (
	sumsFile = "sums"
	// cacheAge is how long code is kept that no start has asked for.
	cacheAge = 30 * 24 * time.Hour
)

func newCache(dir string, log *slog.Logger) *cache {
	if dir != "" {
		dir = filepath.Join(dir, "modules")
	}
	return &cache{dir, log}
}

// cacheEntry is the folder of one module.
type cacheEntry struct {
	dir    string
	cache  wazero.CompilationCache
	sealed bool // the sums were there and right
	log    *slog.Logger
}

// version is what of this program decides about native code, beside the module.
var version = sync.OnceValue(func() string {
	v := runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == "github.com/tetratelabs/wazero" {
				v += " wazero " + d.Version
			}
		}
	}
	return v
})

// open returns the folder for a rewritten module, empty when nothing usable is in it, or nil without a cache.
func (c *cache) open(code []byte) *cacheEntry {
	if c.dir == "" {
		return nil
	}
	key := sha256.New()
	fmt.Fprintln(key, version())
	key.Write(code)
	e := &cacheEntry{dir: filepath.Join(c.dir, hex.EncodeToString(key.Sum(nil)[:16])), log: c.log}
	if want, err := os.ReadFile(filepath.Join(e.dir, sumsFile)); err == nil {
		if got, err := sums(e.dir); err == nil && got == string(want) {
			e.sealed = true
		}
	}
	if !e.sealed {
		os.RemoveAll(e.dir)
	}
	var err error
	if err = os.MkdirAll(e.dir, 0o700); err == nil {
		e.cache, err = wazero.NewCompilationCacheWithDir(e.dir)
	}
	if err != nil {
		c.log.Warn("modules are compiled without a cache", "err", err)
		return nil
	}
	return e
}

// seal writes down what the folder holds now, and that it was used.
func (e *cacheEntry) seal() {
	now := time.Now()
	if e.sealed {
		os.Chtimes(e.dir, now, now)
		return
	}
	s, err := sums(e.dir)
	if err == nil {
		tmp := filepath.Join(e.dir, sumsFile+".tmp")
		if err = os.WriteFile(tmp, []byte(s), 0o600); err == nil {
			err = os.Rename(tmp, filepath.Join(e.dir, sumsFile))
		}
	}
	if err != nil {
		e.log.Warn("compiled module is not kept", "err", err)
	}
}

// drop gives the folder up.
func (e *cacheEntry) drop() {
	e.cache.Close(context.Background())
	os.RemoveAll(e.dir)
}

// sums lists the files of a folder with their SHA-256, one a line, in the order of their names.
func sums(dir string) (string, error) {
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), sumsFile) {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		s := sha256.New()
		if _, err := io.Copy(s, f); err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		fmt.Fprintf(&b, "%x %s\n", s.Sum(nil), name)
		return err
	})
	return b.String(), err
}

// prune removes code that no start has asked for in a month: every new build of a module leaves some behind.
func (c *cache) prune() {
	if c.dir == "" {
		return
	}
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && len(e.Name()) == 32 && time.Since(info.ModTime()) > cacheAge {
			os.RemoveAll(filepath.Join(c.dir, e.Name()))
		}
	}
}
