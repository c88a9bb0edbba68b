// Command sallyport-module builds modules written in Go:
//
//	go run ./sdk/cmd/sallyport-module build [-o FILE] PACKAGE
//
// It compiles the package with the standard tool chain for wasip1, checks what
// the result imports against the contract, and appends the manifest. The
// manifest's name, version, description and configuration schema stand in
// manifest.json in the package's folder; its hooks are those the module has
// methods for, found by running the program natively (sdk.Main prints them), and
// its capabilities are what it imports.
//
// Two builds of the same source give the same bytes.
package main

import (
	"fmt"
	"os"
)

const usage = "usage: sallyport-module build [-o FILE] PACKAGE"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "sallyport-module:", err)
		os.Exit(1)
	}
}
