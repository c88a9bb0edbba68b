package build

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// ErrNoCompiler is a compiler that is not installed; the error says how to get it.
var ErrNoCompiler = errors.New("is not installed")

func need(command, how string) error {
	if _, err := exec.LookPath(command); err != nil {
		return fmt.Errorf("%s %w: %s", command, ErrNoCompiler, how)
	}
	return nil
}

// sdkFolder is the SDK of a language: the folder sallyport beside the module, else a copy
// of ours at tmp/sallyport.
func (j job) sdkFolder(language string) (string, error) {
	own := filepath.Join(j.dir, "sallyport")
	if st, err := os.Stat(own); err == nil && st.IsDir() {
		return own, nil
	}
	if j.sdk == nil {
		return "", fmt.Errorf("no folder %s, and no SDK in this program: use sallyport module build", own)
	}
	to := filepath.Join(j.tmp, "sallyport")
	return to, CopySDK(j.sdk, language, to)
}

// CopySDK writes the SDK of a language into a folder: what a module's author needs, and
// nothing else of the source tree.
func CopySDK(tree fs.FS, language, to string) error {
	from := "sdk/" + language
	if language == "go" {
		return copyGo(tree, to)
	}
	return fs.WalkDir(tree, from, func(path string, d fs.DirEntry, err error) error {
		name := strings.TrimPrefix(strings.TrimPrefix(path, from), "/")
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{"examples", "node_modules"}, d.Name()):
			return fs.SkipDir
		case d.IsDir(), !d.Type().IsRegular(), strings.HasPrefix(d.Name(), "."), name == "package-lock.json":
			return nil
		}
		return copyFile(tree, path, filepath.Join(to, name))
	})
}

// copyGo writes the packages a module in Go imports, as a Go module of their own.
func copyGo(tree fs.FS, to string) error {
	for _, dir := range []string{"abi", "abi/wire", "sdk", "sdk/sdktest", "sdk/settings", "sdk/answer"} {
		entries, err := fs.ReadDir(tree, dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
				continue
			}
			if err := copyFile(tree, dir+"/"+e.Name(), filepath.Join(to, dir, e.Name())); err != nil {
				return err
			}
		}
	}
	text, err := fs.ReadFile(tree, "go.mod")
	if err != nil {
		return err
	}
	head, _, _ := strings.Cut(string(text), "\nrequire") // the SDK needs the standard library only
	head, _, _ = strings.Cut(head, "\ntool")
	return os.WriteFile(filepath.Join(to, "go.mod"), []byte(strings.TrimSpace(head)+"\n"), 0o644)
}

func copyFile(tree fs.FS, path, to string) error {
	b, err := fs.ReadFile(tree, path)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o644)
}

func (j job) compileC() ([]byte, error) {
	const how = "sudo apt-get install -y clang lld"
	if err := errors.Join(need("clang", how), need("wasm-ld", how)); err != nil {
		return nil, err
	}
	sdk, err := j.sdkFolder("c")
	if err != nil {
		return nil, err
	}
	out := filepath.Join(j.tmp, "module.wasm")
	args := []string{
		"--target=wasm32", "-O2", "-nostdlib", "-mbulk-memory", "-Wall", "-Wextra", "-Werror=implicit-function-declaration", "-I", sdk, "-Wl,--no-entry",
		"-Wl,--strip-all", "-Wl,-z,stack-size=32768", "-o", out,
	}
	files, err := filepath.Glob(filepath.Join(j.dir, "*.c"))
	if err != nil {
		return nil, err
	}
	if _, err := output(j.dir, exec.Command("clang", append(args, files...)...)); err != nil {
		return nil, err
	}
	return os.ReadFile(out)
}

// rustTargets are those a module may be built for. Debian's package has the first two.
var rustTargets = []string{"wasm32-unknown-unknown", "wasm32-wasi", "wasm32-wasip1"}

// rustc is a compiler that has the standard library of a target: the one of the PATH, or that of
// the distribution behind it. $CARGO_BUILD_TARGET chooses the target.
func rustc() (bin, target string, err error) {
	targets := rustTargets
	if t := os.Getenv("CARGO_BUILD_TARGET"); strings.HasPrefix(t, "wasm32-") {
		targets = []string{t}
	}
	for _, target := range targets {
		for _, bin := range []string{os.Getenv("RUSTC"), "rustc", "/usr/bin/rustc"} {
			if bin == "" {
				continue
			}
			dir, err := output("", exec.Command(bin, "--print", "target-libdir", "--target", target))
			if err != nil {
				continue
			}
			if std, _ := filepath.Glob(filepath.Join(strings.TrimSpace(dir), "libstd-*.rlib")); len(std) > 0 {
				return bin, target, nil
			}
		}
	}
	return "", "", fmt.Errorf("rustc for %s %w: sudo apt-get install -y rustc libstd-rust-dev-wasm32 lld, or rustup target add %s",
		strings.Join(targets, ", "), ErrNoCompiler, targets[0])
}

func (j job) compileRust() ([]byte, error) {
	bin, target, err := rustc()
	if err != nil {
		return nil, err
	}
	sdk, err := j.sdkFolder("rust")
	if err != nil {
		return nil, err
	}
	lib, out := filepath.Join(j.tmp, "libsallyport.rlib"), filepath.Join(j.tmp, "module.wasm")
	common := []string{
		"--edition", "2021", "--target", target, "-C", "opt-level=s", "-C", "panic=abort", "-C", "embed-bitcode=yes",
		"--remap-path-prefix", j.tmp + "=.", "--remap-path-prefix", j.dir + "=.",
	}
	args := append(slices.Clone(common), "--crate-type", "rlib", "--crate-name", "sallyport", "-o", lib, filepath.Join(sdk, "src", "lib.rs"))
	if _, err := output(j.tmp, exec.Command(bin, args...)); err != nil {
		return nil, err
	}
	args = append(common, "--crate-type", "cdylib", "--crate-name", "module", "-C", "lto=fat", "-C", "strip=symbols",
		"-C", "link-arg=-zstack-size=65536", "--extern", "sallyport="+lib, "-o", out, filepath.Join(j.dir, "src", "lib.rs"))
	if _, err := output(j.tmp, exec.Command(bin, args...)); err != nil {
		if strings.Contains(err.Error(), "linker `rust-lld` not found") {
			return nil, fmt.Errorf("rust-lld, the linker of %s, %w: sudo apt-get install -y lld", bin, ErrNoCompiler)
		}
		return nil, err
	}
	return os.ReadFile(out)
}

// asc is AssemblyScript's compiler: $ASC, or the one npm put beside the module or above it.
func (j job) asc() (string, error) {
	if asc := os.Getenv("ASC"); asc != "" {
		return asc, nil
	}
	for dir := j.dir; ; dir = filepath.Dir(dir) {
		asc := filepath.Join(dir, "node_modules", ".bin", "asc")
		if _, err := os.Stat(asc); err == nil {
			return asc, nil
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	if asc, err := exec.LookPath("asc"); err == nil {
		return asc, nil
	}
	return "", fmt.Errorf("asc %w: npm install --prefix %s (nodejs 20 or later), once", ErrNoCompiler, j.dir)
}

func (j job) compileAssemblyScript() ([]byte, error) {
	asc, err := j.asc()
	if err != nil {
		return nil, err
	}
	sdk, err := j.sdkFolder("assemblyscript")
	if err != nil {
		return nil, err
	}
	out := filepath.Join(j.tmp, "module.wasm")
	cmd := exec.Command(asc, "index.ts", "--path", filepath.Dir(sdk), "-O3", "--shrinkLevel", "1", "--noAssert",
		"--exportStart", "_initialize", "--use", "abort=", "-o", out)
	if _, err := output(j.dir, cmd); err != nil {
		return nil, err
	}
	return os.ReadFile(out)
}
