package wasmtest

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// Build compiles the Go package in dir for wasip1 as a reactor and returns the module, which has no manifest.
func Build(tb testing.TB, dir string) []byte {
	tb.Helper()
	return run(tb, dir, func(dir, out string) *exec.Cmd {
		cmd := exec.Command("go", "build", "-trimpath", "-buildmode=c-shared", "-ldflags=-s -w", "-o", out, ".")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
		return cmd
	})
}

// BuildModule makes a module of the SDK from the Go package in dir, manifest and all.
func BuildModule(tb testing.TB, dir string) []byte {
	tb.Helper()
	return run(tb, dir, func(dir, out string) *exec.Cmd {
		cmd := exec.Command("go", "run", "github.com/sallyport-sbc/sallyport/sdk/cmd/sallyport-module", "build", "-o", out, ".")
		cmd.Dir = dir
		return cmd
	})
}

// run builds into the user's cache directory, where go build sees when there is nothing to do.
func run(tb testing.TB, dir string, command func(dir, out string) *exec.Cmd) []byte {
	tb.Helper()
	dir, err := filepath.Abs(dir)
	if err != nil {
		tb.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	name := sha256.Sum256([]byte(dir))
	out := filepath.Join(cache, "sallyport-wasmtest", hex.EncodeToString(name[:8])+".wasm")
	if err := os.MkdirAll(filepath.Dir(out), 0o700); err != nil {
		tb.Fatal(err)
	}
	// Tests of several packages run at the same time.
	lock, err := os.Create(out + ".lock")
	if err != nil {
		tb.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		tb.Fatal(err)
	}
	cmd := command(dir, out)
	if msg, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%v in %s: %v\n%s", cmd.Args, dir, err, msg)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}
