// Package durable makes files survive a crash of the machine. It is for those who say that
// something is written: records and the store.
package durable

import (
	"errors"
	"os"
)

// Data makes what was written to f durable, and of what is known about f only what is needed to
// read it again: times are not. After an error nobody knows what is durable, and a
// second try that succeeds proves nothing.
func Data(f *os.File) error { return data(f) }

// Folder makes the names in a folder durable: a new file is only there after a crash when
// its folder says so.
func Folder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
