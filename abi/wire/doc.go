// Package wire is what host and guest both compile in: the numbers of the
// contract and the slot frame.
//
// A frame is
//
//	u32 total | u16 minor | u16 nslots | nslots × 8 bytes | payload
//
// little-endian, offsets counted from the frame's first byte. Slot k is field
// k: text and bytes are u32 offset, u32 length; an integer is the u64 itself; a
// list is u32 offset, u32 count of 16-byte entries {name offset, name length,
// value offset, value length}. Eight zero bytes, or k ≥ nslots, are an absent
// field: so a reader of any minor version reads a frame of any other.
//
// There is no decode pass: a Reader checks bounds where a field is read. What
// it returns aliases the frame's bytes. It never reads outside them, whatever
// they are.
//
// The package knows nothing of calls, starts no goroutine and imports nothing
// that would make a guest larger. Readers and Writers are values of one
// goroutine.
package wire
