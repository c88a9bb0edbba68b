package build

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

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
