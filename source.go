// Package sallyport holds the SDKs for authors of modules as they stand in this source
// tree, so that `sallyport module new` and `build` need nothing but the program.
package sallyport

import "embed"

// SDK is the part of the source tree that a module's author needs.
//
//go:embed go.mod abi/*.go abi/wire/*.go sdk/*.go sdk/sdktest/*.go sdk/settings/*.go sdk/answer/*.go
//go:embed sdk/c/sallyport.h sdk/rust/Cargo.toml sdk/rust/src/*.rs
//go:embed sdk/assemblyscript/*.ts sdk/assemblyscript/package.json
var SDK embed.FS
