package workbench

import (
	"os"
	"path/filepath"
	"testing"
)

// The scripts of the built-in modules, against the files that travel in the program: on a store that
// answers at once and on one that does not.
func TestBuiltinModules(t *testing.T) {
	scripts, err := filepath.Glob("../../plugins/*/testdata/*.txtar")
	if err != nil || len(scripts) < 2 {
		t.Fatal(scripts, err)
	}
	for _, script := range scripts {
		name := filepath.Base(filepath.Dir(filepath.Dir(script)))
		t.Run(name+"/"+filepath.Base(script), func(t *testing.T) {
			file := filepath.Join("..", "wasm", "builtin", name+".wasm")
			if _, err := os.Stat(file); err != nil {
				if os.Getenv("GUESTS") != "" || os.Getenv("CI") != "" {
					t.Fatalf("%v: run make modules", err)
				}
				t.Skipf("SKIPPED: no %s: run make modules", file)
			}
			checkBoth(t, script, file, true)
		})
	}
}
