// Package capture writes messages and media packets to files that Wireshark, tcpdump and
// sngrep read: pcap (draft-ietf-opsawg-pcap), one IP packet a record, with the addresses
// they went between.
//
// Whoever hands over a packet never waits for a disk: one goroutine writes for all files, a
// queue of fixed size stands before it, and what does not fit is dropped and counted.
package capture
