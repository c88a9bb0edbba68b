// Package reference makes CONFIG.md, the reference of all keys, from the doc comments of
// the structs the configuration is decoded into. It reads Go source and is used by its own
// test and by `make docs` only; nothing of it is in the program.
package reference
