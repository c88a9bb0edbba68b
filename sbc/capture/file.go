package capture

import (
	"encoding/binary"
	"io"
	"net/netip"
	"os"
	"path/filepath"
)

const (
	magic   = 0xa1b2c3d4 // seconds and microseconds
	rawIP   = 101        // LINKTYPE_RAW: a record begins with the IP header
	snap    = 65535
	fileLen = 24 // bytes of the head of a file
	recLen  = 16 // and of a record
)

// direction is one way of a stream.
type direction struct{ src, dst netip.AddrPort }

// put writes one packet.
func (f *File) put(p Packet) {
	switch {
	case f.broke || f.full:
		f.w.dropped.Add(1)
		return
	case f.disk == nil:
		if err := f.begin(); err != nil {
			f.fail(err)
			return
		}
	}
	f.buf = f.record(f.buf[:0], p)
	if f.limit > 0 && f.size+int64(len(f.buf)) > f.limit {
		f.full = true
		f.w.dropped.Add(1)
		f.w.log.Warn("message log is at its limit", "file", f.path, "bytes", f.size)
		return
	}
	n, err := f.disk.Write(f.buf)
	f.size += int64(n)
	if err != nil {
		f.fail(err)
		return
	}
	f.w.written.Add(1)
}

// begin opens the file. One that is there already goes on, behind its last whole record: a
// process that was killed may have left half of one.
func (f *File) begin() error {
	if err := os.MkdirAll(filepath.Dir(f.path), 0o750); err != nil {
		return err
	}
	disk, err := os.OpenFile(f.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	f.disk = disk
	if f.size, err = wholeRecords(disk); err != nil {
		return err
	}
	if f.size == 0 {
		f.size = fileLen
		if _, err := disk.WriteAt(head(), 0); err != nil {
			return err
		}
	}
	if err := disk.Truncate(f.size); err != nil {
		return err
	}
	_, err = disk.Seek(f.size, io.SeekStart)
	return err
}

// head is the head of a file.
func head() []byte {
	b := make([]byte, 0, fileLen)
	b = binary.LittleEndian.AppendUint32(b, magic)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 4)
	b = binary.LittleEndian.AppendUint64(b, 0)
	b = binary.LittleEndian.AppendUint32(b, snap)
	return binary.LittleEndian.AppendUint32(b, rawIP)
}

// wholeRecords returns how far a file of ours reaches: 0 for an empty one, or one that is none
// of ours.
func wholeRecords(disk *os.File) (int64, error) {
	info, err := disk.Stat()
	if err != nil {
		return 0, err
	}
	if info.Size() == 0 {
		return 0, nil
	}
	var b [fileLen]byte
	if n, err := disk.ReadAt(b[:], 0); n < fileLen || string(b[:]) != string(head()) {
		if err != nil && err != io.EOF {
			return 0, err
		}
		return 0, ErrForeign
	}
	at := int64(fileLen)
	for at+recLen <= info.Size() {
		if _, err := disk.ReadAt(b[:recLen], at); err != nil {
			return 0, err
		}
		next := at + recLen + int64(binary.LittleEndian.Uint32(b[8:]))
		if next > info.Size() {
			break
		}
		at = next
	}
	return at, nil
}

// fail gives a file up: the rest of its packets are dropped.
func (f *File) fail(err error) {
	f.broke = true
	f.w.failed.Add(1)
	f.w.dropped.Add(1)
	f.w.log.Error("message log not written", "file", f.path, "err", err)
}

// end closes the file.
func (f *File) end() {
	if f.disk != nil {
		if err := f.disk.Close(); err != nil && !f.broke {
			f.fail(err)
		}
		f.disk = nil
	}
}

// record appends the record of a packet.
func (f *File) record(b []byte, p Packet) []byte {
	data := p.Data
	src, dst := same(p.Src, p.Dst)
	over := 20 + 8
	if src.Addr().Is6() {
		over += 20
	}
	if p.TCP {
		over += 12
	}
	whole := len(data) + over
	data = data[:min(len(data), snap-over)]
	us := p.Time.UnixMicro()
	b = binary.LittleEndian.AppendUint32(b, uint32(us/1e6))
	b = binary.LittleEndian.AppendUint32(b, uint32(us%1e6))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)+over))
	b = binary.LittleEndian.AppendUint32(b, uint32(whole))
	seq := uint32(0)
	if p.TCP {
		if f.seqs == nil {
			f.seqs = map[direction]uint32{}
		}
		way := direction{src, dst}
		seq = f.seqs[way] + 1
		f.seqs[way] += uint32(len(data))
		return appendIP(b, src, dst, tcp, data, seq, f.seqs[direction{dst, src}]+1)
	}
	return appendIP(b, src, dst, udp, data, 0, 0)
}

// same makes both addresses of one family.
func same(a, b netip.AddrPort) (netip.AddrPort, netip.AddrPort) {
	x, y := a.Addr().Unmap().WithZone(""), b.Addr().Unmap().WithZone("")
	if x.Is4() != y.Is4() {
		x, y = netip.AddrFrom16(x.As16()), netip.AddrFrom16(y.As16())
	}
	return netip.AddrPortFrom(x, a.Port()), netip.AddrPortFrom(y, b.Port())
}
