//go:build !linux

package wasm

import "errors"

func reserve(uint64) ([]byte, error) { return nil, errors.ErrUnsupported }

func grow([]byte) error { return errors.ErrUnsupported }

func release([]byte) {}

// sealed cannot be made here: every instance starts by itself.
type sealed struct{}

func newSealed(string, uint64) (*sealed, error) { return nil, errors.ErrUnsupported }

func (*sealed) ReadAt([]byte, int64) (int, error)  { return 0, errors.ErrUnsupported }
func (*sealed) WriteAt([]byte, int64) (int, error) { return 0, errors.ErrUnsupported }
func (*sealed) Close() error                       { return nil }
func (*sealed) seal() error                        { return errors.ErrUnsupported }
func (*sealed) mapInto([]byte, uint64) error       { return errors.ErrUnsupported }

// pagemap cannot tell.
type pagemap struct{}

func privatePages() pagemap { return pagemap{} }

func (pagemap) close() {}

func (pagemap) of([]byte, uint64) (uint64, bool) { return 0, false }
