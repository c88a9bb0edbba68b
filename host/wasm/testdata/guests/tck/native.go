//go:build !wasm

package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed manifest.json
var manifest []byte

// main answers whoever builds the module which hooks it has. The kit does without the SDK, whose programs know that
// from their methods.
func main() {
	var m struct{ Hooks []string }
	if err := json.Unmarshal(manifest, &m); err != nil {
		panic(err)
	}
	fmt.Println(strings.Join(m.Hooks, " "))
}
