package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/abi/manifest"
	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
)

// judge is a module that lets all calls pass, in some version; a bad one refuses its configuration.
func judge(t *testing.T, version string, bad bool) string {
	t.Helper()
	result := int32(0)
	if bad {
		result = -3
	}
	m := wasmtest.Module{Memory: 2, Funcs: []wasmtest.Func{
		{Export: "sbc_abi_v1", Results: wasmtest.I32, Code: wasmtest.ConstI32(0)},
		{Export: "sbc_buffer", Params: wasmtest.I32, Results: wasmtest.I64, Code: wasmtest.ConstI64(65536<<32 | 65536)},
		{Export: "sbc_init", Params: wasmtest.I32, Results: wasmtest.I32, Code: wasmtest.ConstI32(result)},
		{Export: "sbc_event", Params: wasmtest.I32 + wasmtest.I64 + wasmtest.I32, Results: wasmtest.I64, Code: wasmtest.ConstI64(0)},
	}}
	b, err := manifest.Embed(m.Bytes(), &manifest.Manifest{Name: "judge", Version: version, Contract: 1, Hooks: []string{"start"}})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestModuleLiveVerbs(t *testing.T) {
	c := newControlled(t)
	c.write("judge.wasm", judge(t, "1.0.0", false))
	c.write("next.wasm", judge(t, "1.1.0", false))
	c.write("bad.wasm", judge(t, "1.2.0", true))
	old, err := os.ReadFile("sallyport.toml")
	if err != nil {
		t.Fatal(err)
	}
	c.write("sallyport.toml", string(old)+"[module.judge]\nmodule = \"judge.wasm\"\n")
	c.says("reload", `sallyport.toml is in use`)
	list := c.says("module list", `MODULE +ROLE +SHARE +GENERATION`, `judge +stable +100% +[0-9a-f]{12} +1.0.0 +0 .* judge.wasm`)
	first := regexp.MustCompile(`[0-9a-f]{12}`).FindString(list)

	c.says("module promote judge", "1:", `no generation is loaded beside the one in use`)
	c.says("module rollback judge", "1:", `there is no generation to go back to`)
	c.says("module load judge", "1:", `is what is in use already; the generation in use stays`)
	c.says("module load judge bad.wasm", "1:", `module judge \(/.*/bad.wasm\): start: refuses its configuration.*; the generation in use stays`)
	c.says("module load judge next.wasm --sha256 "+strings.Repeat("0", 64), "1:", `sha256 is not the pinned one`)
	c.says("module load jugde next.wasm", "1:", `there is no module "jugde"`)
	c.says("module canary judge lots", "1:", `"lots" is no share of the calls`)
	c.says("module canary judge 10%", "1:", `no generation is loaded`)

	c.says("module load judge next.wasm", first+` \(version 1.0.0\) gets 100 %`, `\(version 1.1.0\) stands ready and gets none yet`, `next:  sallyport module canary judge 10%   or   sallyport module promote judge`)
	c.says("module canary judge 10%", first+` .* gets 90 %`, `\(version 1.1.0\) gets 10 %`)
	c.says("module list", `judge +stable +90%`, `judge +canary +10% .* 1.1.0 `)
	c.says("module promote judge", `\(version 1.1.0\) gets 100 %`, `rollback would go back to generation `+first, `judge: differs from the file: a reload keeps it`)
	c.says("reload", `is in use, sha256 [0-9a-f]{12}\nkept: module judge\n$`)
	c.says("module list", `judge +stable +100% .* 1.1.0 .* differs from the file +/.*/next.wasm`)
	c.says("module list --json", `"live": true`)
	c.says("module rollback judge", first+` .* gets 100 %`)
	c.says("module list", `judge +stable +100% .* 1.0.0 .* as in the file +judge.wasm`)
	c.says("reload", `is in use, sha256 [0-9a-f]{12}\n$`)
	c.says("module load judge next.wasm --canary 50%", `gets 50 %`)
	c.says("module list --json", `"percent": 50`, `"version": "1.1.0"`, `"rollbacks": 1`)
	c.says("module rollback judge", first+` .* gets 100 %`)

	// Another configuration, or another file, is an order to take it.
	c.says("module load judge next.wasm --canary 100%")
	c.says("module promote judge", `differs from the file`)
	c.write("sallyport.toml", string(old)+"[module.judge]\nmodule = \"judge.wasm\"\n[module.judge.limits]\ncpu = \"4ms\"\n")
	c.says("reload", `lost: module judge\n$`)
	c.says("module list", `judge +stable +100% .* 1.0.0 .* as in the file +judge.wasm`)
	c.says("module load judge next.wasm")
	c.says("module promote judge", `differs from the file`)
	c.write("judge.wasm", judge(t, "1.3.0", false))
	c.says("reload", `lost: module judge\n$`)
	c.says("module list", `judge +stable +100% .* 1.3.0 .* as in the file +judge.wasm`)

	// A file that was loaded and taken back does not come back by a reload.
	c.write("judge.wasm", judge(t, "1.4.0", false))
	c.says("module load judge")
	c.says("module rollback judge", `version 1.3.0`, `differs from the file`)
	c.says("reload", `kept: module judge\n$`)
	c.says("module list", `judge +stable +100% .* 1.3.0 .* differs from the file`)
	// What was promoted is not lost when the configuration names it.
	c.says("module load judge next.wasm")
	c.says("module promote judge", `version 1.1.0`)
	c.write("sallyport.toml", string(old)+"[module.judge]\nmodule = \"next.wasm\"\n[module.judge.limits]\ncpu = \"4ms\"\n")
	c.says("reload", `is in use, sha256 [0-9a-f]{12}\n$`)
	c.says("module list", `judge +stable +100% .* 1.1.0 .* as in the file`)
	c.says("__complete module promote ''", `(?m)^judge$`)
}
