package build

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/sallyport-sbc/sallyport/abi/manifest"
)

// goHooks takes the hooks from the methods the module has. Those that manifest.json names, which it need not, must be
// the same; a module without the SDK, which does not run natively, has to name them.
func (j job) goHooks(m *manifest.Manifest) error {
	found, err := j.hooks()
	if err != nil && len(m.Hooks) > 0 {
		return nil
	}
	if err != nil {
		return err
	}
	file := filepath.Join(j.dir, "manifest.json")
	for _, h := range m.Hooks {
		if !slices.Contains(found, h) {
			return fmt.Errorf("%s names the hook %s, but the module has no method for it: it has %s", file, h, strings.Join(found, ", "))
		}
	}
	for _, h := range found {
		if len(m.Hooks) > 0 && !slices.Contains(m.Hooks, h) {
			return fmt.Errorf("the module has a method for the hook %s, which %s does not name: add it there, or leave hooks away", h, file)
		}
	}
	m.Hooks = found
	return nil
}

// hooks runs the program natively, which prints them.
func (j job) hooks() ([]string, error) {
	bin := filepath.Join(j.tmp, "native")
	cmd := exec.Command("go", "build", "-o", bin, ".")
	cmd.Env = append(os.Environ(), "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	if _, err := output(j.dir, cmd); err != nil {
		return nil, err
	}
	text, err := output(j.tmp, exec.Command(bin))
	if err != nil {
		return nil, err
	}
	return strings.Fields(text), nil
}

func (j job) compileGo() ([]byte, error) {
	if err := need("go", "https://go.dev/dl/ has Go"); err != nil {
		return nil, err
	}
	out := filepath.Join(j.tmp, "module.wasm")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-buildmode=c-shared", "-ldflags=-s -w", "-o", out, ".")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if _, err := output(j.dir, cmd); err != nil {
		return nil, err
	}
	return os.ReadFile(out)
}
