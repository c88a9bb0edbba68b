package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTutorial runs the commands of sdk/TUTORIAL.md in one shell, on an address of its
// own, and looks for what the page shows below each.
func TestTutorial(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("SKIPPED:", err)
	}
	page, err := os.ReadFile("../../sdk/TUTORIAL.md")
	if err != nil {
		t.Fatal(err)
	}
	dir, address := t.TempDir(), loopback().String()
	if err := os.Symlink(binary(t), filepath.Join(dir, "sallyport")); err != nil {
		t.Fatal(err)
	}
	type step struct{ commands, shown string }
	var steps []step
	for _, block := range regexp.MustCompile("(?ms)^```(sh|text)\n(.*?)^```$").FindAllStringSubmatch(string(page), -1) {
		if block[1] == "sh" {
			steps = append(steps, step{commands: block[2]})
		} else if len(steps) > 0 {
			steps[len(steps)-1].shown += block[2]
		}
	}
	const mark = "=== step "
	var script strings.Builder
	script.WriteString("set -m; export PATH=" + dir + ":$PATH; mkdir work; cd work\ntrap 'kill $(jobs -p) 2>/dev/null' EXIT\n")
	for i, s := range steps {
		fmt.Fprintf(&script, "echo '%s%d'\n%s", mark, i, strings.ReplaceAll(s.commands, "127.0.0.1", address))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script.String())
	cmd.Dir = dir
	cmd.WaitDelay = patience
	out, err := cmd.CombinedOutput()
	if err != nil && ctx.Err() != nil {
		t.Errorf("%v: %v", ctx.Err(), err)
	}
	for i, s := range steps {
		_, said, ok := strings.Cut(string(out), fmt.Sprintf("%s%d\n", mark, i))
		if !ok {
			t.Fatalf("step %d did not run:\n%s\n%s", i, s.commands, out)
		}
		said, _, _ = strings.Cut(said, mark)
		for line := range strings.Lines(s.shown) {
			if want := strings.TrimSpace(line); want != "" && !strings.Contains(said, want) {
				t.Errorf("no %q below\n%s\nbut\n%s", want, s.commands, said)
			}
		}
	}
	if len(steps) < 10 {
		t.Errorf("%d steps", len(steps))
	}
}
