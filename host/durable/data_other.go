//go:build !linux

package durable

import "os"

func data(f *os.File) error { return f.Sync() }
