package main

import "testing"

// What follows from the table is what is committed.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	t.Chdir("../..")
	if err := run(true); err != nil {
		t.Fatal(err)
	}
}
