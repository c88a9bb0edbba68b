//go:build !linux

package cdr

import "os"

func datasync(f *os.File) error { return f.Sync() }
