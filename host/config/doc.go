// Package config reads the configuration file: TOML in, one immutable [Snapshot] out.
//
// Reading is strict. Every mistake of a file is found in one run and carries the file and
// the line it is on: unknown keys, wrong types, addresses this host does not have, names
// that nothing defines, patterns that do not parse, files that cannot be read. A file with
// a mistake yields no snapshot, so that a running SBC keeps the one it has.
//
// Paths that are read (maps, modules) are relative to the configuration file; paths that
// are written (CDRs, cache) are relative to the working directory.
//
// This package is the only importer of a TOML library. It starts no goroutine, opens no
// socket and keeps no file open. It knows names and values, not what they do: wiring is
// the job of package host.
package config
