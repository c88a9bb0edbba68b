package wasm

import (
	"encoding/binary"
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// reserve sets n addresses aside.
func reserve(n uint64) ([]byte, error) {
	if n == 0 {
		return nil, errors.ErrUnsupported
	}
	p, err := unix.MmapPtr(-1, 0, nil, uintptr(n), unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	return unsafe.Slice((*byte)(p), n), nil
}

// grow makes a part of what was reserved usable; it holds zeros.
func grow(b []byte) error {
	if err := unix.Mprotect(b, unix.PROT_READ|unix.PROT_WRITE); err != nil {
		return os.NewSyscallError("mprotect", err)
	}
	// A huge page would make 2 MiB of what is meant to be a few pages.
	_ = unix.Madvise(b, unix.MADV_NOHUGEPAGE) // a kernel without them has none to avoid
	return nil
}

func release(b []byte) {
	_ = unix.MunmapPtr(unsafe.Pointer(unsafe.SliceData(b)), uintptr(len(b))) // it fails for what is not mapped only
}

// sealed is a file in memory that has no name, and that seal makes unchangeable for ever.
type sealed struct{ *os.File }

func newSealed(name string, size uint64) (*sealed, error) {
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate(name, flags|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) { // Linux before 6.3
		fd, err = unix.MemfdCreate(name, flags)
	}
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	f := &sealed{os.NewFile(uintptr(fd), name)}
	if err := f.Truncate(int64(size)); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (f *sealed) seal() error {
	_, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_SEAL|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_WRITE)
	return os.NewSyscallError("fcntl", err)
}

// mapInto puts the first size bytes of the file at the beginning of b, which was reserved. What is written there
// stays there: the page is copied when it is written to first.
func (f *sealed) mapInto(b []byte, size uint64) error {
	if size == 0 {
		return nil
	}
	_, err := unix.MmapPtr(int(f.Fd()), 0, unsafe.Pointer(unsafe.SliceData(b)), uintptr(size),
		unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_FIXED|unix.MAP_NORESERVE)
	return os.NewSyscallError("mmap", err)
}

// pagemap counts pages, see proc_pid_pagemap(5).
type pagemap struct{ f *os.File }

func privatePages() pagemap {
	f, err := os.Open("/proc/self/pagemap")
	if err != nil {
		return pagemap{}
	}
	return pagemap{f}
}

func (p pagemap) close() { p.f.Close() }

// of is how many of the first size bytes of b are in pages that are b's alone.
func (p pagemap) of(b []byte, size uint64) (n uint64, ok bool) {
	const present, swapped, file = 1 << 63, 1 << 62, 1 << 61
	if p.f == nil {
		return 0, false
	}
	page := uint64(os.Getpagesize())
	first := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) / page
	var room [8 << 10]byte
	for at := uint64(0); at < size/page; {
		part := room[:min(uint64(len(room)), (size/page-at)*8)]
		if _, err := p.f.ReadAt(part, int64(first+at)*8); err != nil {
			return 0, false
		}
		at += uint64(len(part) / 8)
		for ; len(part) > 0; part = part[8:] {
			if e := binary.LittleEndian.Uint64(part); e&(present|swapped) != 0 && e&file == 0 {
				n += page
			}
		}
	}
	return n, true
}
