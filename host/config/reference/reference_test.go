package reference

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write CONFIG.md")

const top = "../../.."

func TestCurrent(t *testing.T) {
	want, err := Markdown("config.Config", top+"/host/config", top+"/sbc/profile")
	if err != nil {
		t.Fatal(err)
	}
	const file = top + "/CONFIG.md"
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("CONFIG.md is not what the doc comments say: run make docs")
	}
}

func TestMarkdown(t *testing.T) {
	got, err := Markdown("testdata.Config", "testdata")
	if err == nil || !strings.Contains(err.Error(), "testdata.Config.Bare: the key bare has no doc comment") {
		t.Errorf("Markdown() = %v, want the key without a comment named", err)
	}
	want, err := os.ReadFile("testdata/want.md")
	if err != nil {
		t.Fatal(err)
	}
	if _, rest, _ := strings.Cut(string(got), "-->\n"); rest != string(want) {
		t.Errorf("got\n%s\nwant\n%s", rest, want)
	}
}
