// Package build compiles modules: it calls the compiler of the language the folder is
// written in, holds what the result imports against the contract, and appends the
// manifest. The manifest's name, version, description and configuration schema stand in
// manifest.json beside the code; its capabilities are what the module imports, and its
// hooks, in Go, those the module has methods for.
//
// It installs nothing: a compiler that is missing is an error with the command that
// installs it. Two builds of the same source by the same compiler give the same bytes.
//
// The package starts no goroutine.
package build
