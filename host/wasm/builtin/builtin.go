// Package builtin holds the modules that travel inside the program: the files that `make modules` puts into its
// folder. Without them it still compiles, and is empty.
package builtin

import "embed"

// Files has NAME.wasm for every built-in module.
//
//go:embed *
var Files embed.FS
