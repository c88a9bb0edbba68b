package wasm

import (
	"crypto/rand"
	"encoding/binary"
	"time"
)

// The errno values of WASI preview 1 that are answered.
const (
	wasiOK    = 0
	wasiBadF  = 8
	wasiFault = 21
	wasiInval = 28
	wasiNoSys = 52
)

// wasiFunctions are what a Go or C program needs to start and to write to the log: clocks, random bytes, an empty
// environment, standard output. There are no files and no sockets: what asks for them is linked, since runtimes
// import it whether they need it or not, and gets an error.
var wasiFunctions = wasi(map[string]function{
	"args_get":            {i32 + i32, i32, wasiNothing},
	"args_sizes_get":      {i32 + i32, i32, wasiSizes},
	"environ_get":         {i32 + i32, i32, wasiNothing},
	"environ_sizes_get":   {i32 + i32, i32, wasiSizes},
	"clock_res_get":       {i32 + i32, i32, wasiResolution},
	"clock_time_get":      {i32 + i64 + i32, i32, wasiClock},
	"random_get":          {i32 + i32, i32, wasiRandom},
	"fd_write":            {i32 + i32 + i32 + i32, i32, wasiWrite},
	"fd_fdstat_get":       {i32 + i32, i32, wasiFDStat},
	"fd_fdstat_set_flags": {i32 + i32, i32, wasiNothing},
	"poll_oneoff":         {i32 + i32 + i32 + i32, i32, wasiPoll},
	"sched_yield":         {"", i32, wasiNothing},
	"proc_exit":           {i32, "", wasiExit},
})

// wasi adds the functions that only answer with an error.
func wasi(fs map[string]function) map[string]function {
	add := func(errno uint64, names map[string]string) {
		for name, params := range names {
			fs[name] = function{params, i32, func(_ *instance, s []uint64) { s[0] = errno }}
		}
	}
	add(wasiBadF, map[string]string{
		"fd_advise":             i32 + i64 + i64 + i32,
		"fd_allocate":           i32 + i64 + i64,
		"fd_close":              i32,
		"fd_datasync":           i32,
		"fd_fdstat_set_rights":  i32 + i64 + i64,
		"fd_filestat_get":       i32 + i32,
		"fd_filestat_set_size":  i32 + i64,
		"fd_filestat_set_times": i32 + i64 + i64 + i32,
		"fd_pread":              i32 + i32 + i32 + i64 + i32,
		"fd_prestat_get":        i32 + i32,
		"fd_prestat_dir_name":   i32 + i32 + i32,
		"fd_pwrite":             i32 + i32 + i32 + i64 + i32,
		"fd_read":               i32 + i32 + i32 + i32,
		"fd_readdir":            i32 + i32 + i32 + i64 + i32,
		"fd_renumber":           i32 + i32,
		"fd_seek":               i32 + i64 + i32 + i32,
		"fd_sync":               i32,
		"fd_tell":               i32 + i32,
	})
	add(wasiNoSys, map[string]string{
		"path_create_directory":   i32 + i32 + i32,
		"path_filestat_get":       i32 + i32 + i32 + i32 + i32,
		"path_filestat_set_times": i32 + i32 + i32 + i32 + i64 + i64 + i32,
		"path_link":               i32 + i32 + i32 + i32 + i32 + i32 + i32,
		"path_open":               i32 + i32 + i32 + i32 + i32 + i64 + i64 + i32 + i32,
		"path_readlink":           i32 + i32 + i32 + i32 + i32 + i32,
		"path_remove_directory":   i32 + i32 + i32,
		"path_rename":             i32 + i32 + i32 + i32 + i32 + i32,
		"path_symlink":            i32 + i32 + i32 + i32 + i32,
		"path_unlink_file":        i32 + i32 + i32,
		"proc_raise":              i32,
		"sock_accept":             i32 + i32 + i32,
		"sock_recv":               i32 + i32 + i32 + i32 + i32 + i32,
		"sock_send":               i32 + i32 + i32 + i32 + i32,
		"sock_shutdown":           i32 + i32,
	})
	return fs
}

func wasiNothing(_ *instance, s []uint64) { s[0] = wasiOK }

// wasiSizes says that there are no arguments, and no environment.
func wasiSizes(in *instance, s []uint64) {
	if !in.memory.WriteUint32Le(uint32(s[0]), 0) || !in.memory.WriteUint32Le(uint32(s[1]), 0) {
		s[0] = wasiFault
		return
	}
	s[0] = wasiOK
}

func wasiResolution(in *instance, s []uint64) { s[0] = wasiStore(in, s[1], 1) }

func wasiClock(in *instance, s []uint64) {
	switch uint32(s[0]) {
	case 0: // realtime
		s[0] = wasiStore(in, s[2], uint64(time.Now().UnixNano()))
	case 1: // monotonic; a program may take zero for unset
		s[0] = wasiStore(in, s[2], uint64(time.Since(started))+1)
	default:
		s[0] = wasiInval
	}
}

func wasiStore(in *instance, at, v uint64) uint64 {
	if !in.memory.WriteUint64Le(uint32(at), v) {
		return wasiFault
	}
	return wasiOK
}

func wasiRandom(in *instance, s []uint64) {
	const most = 64 << 10
	b, ok := in.bytes(s[0], s[1])
	switch {
	case !ok:
		s[0] = wasiFault
	case len(b) > most:
		s[0] = wasiInval
	default:
		in.meter.tick(uint32(len(b) / 64))
		rand.Read(b) // never fails
		s[0] = wasiOK
	}
}

// wasiWrite puts standard output and error into the log. It writes less than it is given when that is much, as it
// may, so that the clock is read in between.
func wasiWrite(in *instance, s []uint64) {
	const mostParts, mostBytes = 64, 4 << 10
	fd, at, n, result := uint32(s[0]), s[1], min(uint32(s[2]), mostParts), s[3]
	if fd != 1 && fd != 2 {
		s[0] = wasiBadF
		return
	}
	parts, ok := in.bytes(at, uint64(n)*8)
	if !ok {
		s[0] = wasiFault
		return
	}
	var written uint32
	for ; len(parts) > 0 && written < mostBytes; parts = parts[8:] {
		ptr, size := binary.LittleEndian.Uint32(parts), binary.LittleEndian.Uint32(parts[4:])
		b, ok := in.bytes(uint64(ptr), uint64(min(size, mostBytes-written)))
		if !ok {
			s[0] = wasiFault
			return
		}
		in.said.write(in, b)
		written += uint32(len(b))
	}
	in.meter.tick(written / 16)
	if !in.memory.WriteUint32Le(uint32(result), written) {
		s[0] = wasiFault
		return
	}
	s[0] = wasiOK
}

// wasiFDStat says that the standard streams are character devices.
func wasiFDStat(in *instance, s []uint64) {
	if uint32(s[0]) > 2 {
		s[0] = wasiBadF
		return
	}
	b, ok := in.bytes(s[1], 24)
	if !ok {
		s[0] = wasiFault
		return
	}
	clear(b)
	b[0] = 2
	s[0] = wasiOK
}

// wasiPoll reports every subscription as due at once. Nothing may wait within a hook: a guest that sleeps spins until
// its time has come, or until its processor time is used up.
func wasiPoll(in *instance, s []uint64) {
	const most, subscription, event = 64, 48, 32
	n := uint32(s[2])
	if n == 0 || n > most {
		s[0] = wasiInval
		return
	}
	in.meter.check()
	from, ok1 := in.bytes(s[0], uint64(n)*subscription)
	to, ok2 := in.bytes(s[1], uint64(n)*event)
	if !ok1 || !ok2 {
		s[0] = wasiFault
		return
	}
	for i := range int(n) {
		// Userdata, no error, and the kind of the subscription.
		sub := [9]byte(from[i*subscription:])
		e := to[i*event:][:event]
		clear(e)
		copy(e, sub[:8])
		e[10] = sub[8]
	}
	if !in.memory.WriteUint32Le(uint32(s[3]), n) {
		s[0] = wasiFault
		return
	}
	s[0] = wasiOK
}

func wasiExit(_ *instance, s []uint64) { panic(exitError{uint32(s[0])}) }
