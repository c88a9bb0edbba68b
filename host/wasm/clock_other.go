//go:build !linux

package wasm

import "time"

var epoch = time.Now()

// threadTime stands in for the processor time of the thread: the time since the program began.
func threadTime() time.Duration { return time.Since(epoch) }
