package wasm

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/tetratelabs/wazero/api"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/host/wasm/meter"
)

// snapshotName is what /proc shows of snapshots and the memories made of them.
const snapshotName = "sallyport-module"

// snapshot is an instance that has started, to make others of: the content of its memory, in a file without a name
// that nobody can change any more, the values of its global variables, and what it told the host. It belongs to one
// generation.
type snapshot struct {
	file     *sealed
	size     uint64 // of the memory
	resident uint64 // of it what is not zero
	globals  []uint64

	at, room uint32 // the shared buffer
	welcome  abi.Welcome
}

// snapshot takes the snapshot that all instances are to be made of, or says why there is none.
func (g *Generation) snapshot(first *instance, info *meter.Info) (*snapshot, string) {
	if info.Image == nil {
		return nil, info.Whole
	}
	s, err := g.freeze(first)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return nil, "not on this system"
	case err != nil:
		g.log.Warn("instances cannot be copied", "module", g.name, "gen", g.id, "err", err)
		return nil, err.Error()
	}
	g.image = nil // holds the file
	return s, ""
}

// freeze writes an instance down that has started and has had no hook yet.
func (g *Generation) freeze(in *instance) (_ *snapshot, err error) {
	b, ok := in.memory.Read(0, in.memory.Size())
	if !ok {
		return nil, fmt.Errorf("%w: memory of %d bytes", ErrHost, in.memory.Size())
	}
	s := &snapshot{size: uint64(len(b)), at: in.at, room: in.size, welcome: in.welcome}
	for i := range g.image.Globals {
		s.globals = append(s.globals, in.global(i).Get())
	}
	if s.file, err = g.memories.file(snapshotName, s.size); err != nil {
		return nil, err
	}
	if s.resident, err = sparse(s.file, b); err == nil {
		err = s.file.seal()
	}
	if err != nil {
		s.file.Close()
		return nil, err
	}
	return s, nil
}

// sparse writes what is not zero of b, whose length is a multiple of 64 KiB, and says how much that is.
func sparse(f *sealed, b []byte) (written uint64, err error) {
	var zero [4096]byte
	for at := 0; at < len(b); {
		end := at
		for end < len(b) && !bytes.Equal(b[end:end+len(zero)], zero[:]) {
			end += len(zero)
		}
		if end == at {
			at += len(zero)
			continue
		}
		if _, err := f.WriteAt(b[at:end], int64(at)); err != nil {
			return written, err
		}
		written += uint64(end - at)
		at = end
	}
	return written, nil
}

// thaw makes an instance that is where the one was that the snapshot shows.
func (g *Generation) thaw(s *snapshot) (in *instance, err error) {
	in = g.newInstance()
	defer func() {
		if err != nil {
			in.close()
			in = nil
		}
	}()
	if err := in.link(s); err != nil {
		return in, err
	}
	in.memory = in.module.Memory()
	for i, v := range s.globals {
		in.global(i).Set(v)
	}
	in.at, in.size, in.welcome = s.at, s.room, s.welcome
	return in, nil
}

// global is one of the mutable globals of the module.
func (in *instance) global(i int) api.MutableGlobal {
	return in.module.ExportedGlobal(meter.GlobalPrefix + strconv.Itoa(i)).(api.MutableGlobal)
}

// fill does what data and start section would have done.
func (in *instance) fill(image *meter.Image) error {
	memory := in.module.Memory()
	for _, d := range image.Data {
		if !memory.Write(d.Offset, d.Bytes) {
			return fmt.Errorf("%w: data at %#x lies outside of the memory", ErrTrap, d.Offset)
		}
	}
	if !image.Start {
		return nil
	}
	return in.enter(in.module.ExportedFunction(meter.StartFunc))
}
