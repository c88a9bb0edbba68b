package durable

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestData(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("text"); err != nil {
		t.Fatal(err)
	}
	if err := Data(f); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Data(f); err == nil {
		t.Error("a file that is closed is durable")
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	if err := Folder(dir); err != nil {
		t.Error(err)
	}
	if err := Folder(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}
