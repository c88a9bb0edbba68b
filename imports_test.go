// Package sallyport_test holds the rule of who may import whom. Architecture is a test.
package sallyport_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/sallyport-sbc/sallyport/"

// rooms says what the code of each folder, without its tests, may import besides the
// standard library. The first row whose folder matches decides; "..." is any text, and a
// folder without a row is refused: a new room has to say here what it needs.
//
// Paths of ours are written without the module's path.
var rooms = []room{
	{"abi/...", []string{"abi/..."}, "the contract is shared with guests: nothing of the host may leak in"},
	{"sdk/sdktest", []string{"sdk", "sdk/...", "abi/..."}, "a module's unit tests run without the host"},
	{"sdk", []string{"sdk/...", "abi", "abi/..."}, "it is compiled into every guest"},
	{"sdk/answer", []string{"sdk", "sdk/settings"}, "it reads responses; it is compiled into guests"},
	{"sdk/cmd/...", []string{"sdk/build", "github.com/sallyport-sbc/sallyport"}, "a tool: it carries the SDKs' sources"},
	{"sdk/...", []string{"sdk/...", "abi/..."}, "it is compiled into every guest"},
	{"plugins/...", []string{"sdk", "sdk/...", "abi", "abi/..."}, "built-in modules see what anybody's modules see"},

	{"media", []string{"media/...", pion, "golang.org/x/sys/...", "golang.org/x/net/..."}, "it knows SDP, not SIP"},
	{"media/...", []string{"media", "media/...", pion, "golang.org/x/sys/...", "golang.org/x/net/..."}, "it knows SDP, not SIP"},

	{"sbc/sip", nil, "messages stand below everything"},
	{"sbc/sip/...", []string{"sbc/sip", "sbc/sip/..."}, "messages stand below everything"},
	{"sbc/transport", []string{"sbc/sip", "sbc/transport/...", sipgo, "golang.org/x/sys/..."}, "interfaces and flows know messages only"},
	{"sbc/transport/...", []string{"sbc/sip", "sbc/transport", "sbc/transport/...", sipgo}, "interfaces and flows know messages only"},
	{"sbc/transaction", []string{"sbc/sip", "sbc/transport"}, "RFC 3261 §17 knows no calls"},
	{"sbc/digest", []string{"sbc/sip", digest}, "RFC 7616 reads messages only"},
	{"sbc/pattern", []string{"sbc/sip"}, "patterns read messages only"},
	{"sbc/callcontrol", []string{"abi", "abi/...", "sbc/pattern"}, "the wall between calls and modules"},
	{"sbc/profile", []string{"sbc/sip", "sbc/pattern", "sbc/callcontrol", "media", "abi"}, "text in, values out: it runs no call"},
	{"sbc/capture", nil, "packets in, files out"},
	{"sbc", []string{"sbc/...", "media", "abi"}, "calls know neither WebAssembly nor TOML nor who starts them"},

	{"host/config", []string{"github.com/BurntSushi/toml", "sbc/pattern", "sbc/profile", "sbc/callcontrol"}, "names and values"},
	{"host/config/...", []string{"host/config", "host/config/...", "sbc/pattern", "sbc/profile", "sbc/callcontrol"}, "names and values"},
	{"host/workbench", []string{"host/store", "host/store/embedded", "host/wasm", "host/wasm/...", "abi", "abi/...", "sbc/callcontrol", "sbc/profile", "golang.org/x/tools/txtar"}, "one module, the sandbox, and names of keys: no calls"},
	{"host/wasm", []string{"host/wasm/...", "host/store", "abi", "abi/...", "sbc/callcontrol", wazero, "golang.org/x/sys/..."}, "modules in a sandbox"},
	{"host/wasm/...", []string{"host/wasm", "host/wasm/...", "abi", "abi/...", wazero}, "modules in a sandbox"},
	{"host/admin", nil, "what is asked and how answers look; the host does the rest"},
	{"host/explain", []string{"host/config", "host/store", "host/wasm", "sbc", "sbc/...", "media", "abi"}, "an SBC without doors, of the rooms that a real one has"},
	{"host/cdr", []string{"host/durable"}, "a file of lines"},
	{"host/durable", nil, "files and folders"},
	{"host/cdr/sink", []string{"host/cdr", pgx}, "lines in, whatever others want out"},
	{"host/cdr/sink/...", []string{pgx}, "the servers that sinks are tested with"},
	{"host/store", nil, "values in, values out: it knows neither calls nor modules"},
	{"host/store/embedded", []string{"host/store", "host/store/...", "host/durable", bbolt, btree}, "one engine: a library for the file, one for memory"},
	{"host/store/redis", []string{"host/store", "host/store/...", rueidis}, "one engine, one library"},
	{"host/store/...", []string{"host/store", "host/store/..."}, "values in, values out: it knows neither calls nor modules"},
	{"host/sems", []string{"host/config", "sbc/pattern"}, "foreign files in, our file out"},
	{"host/useragent", []string{"sbc/sip", "sbc/transport", "sbc/transaction", "media", pion}, "a far end that speaks our own stack"},
	{"host", []string{"host/...", "sbc", "sbc/...", "media", "media/...", "abi", "abi/..."}, "the only place that knows every room"},

	{"contrib", nil, "files for others"},
	{"cmd/sallyport", []string{"contrib", "host", "host/...", "sdk/build", "sdk/scaffold", "github.com/sallyport-sbc/sallyport", "abi/wire", "github.com/spf13/cobra", "github.com/schollz/progressbar/v3", "golang.org/x/term"}, "words on a terminal"},
	{"bench", []string{"bench/...", "sbc/sip", "sbc/transport", "sbc/transaction", "media", "abi", "host/...", pion, "golang.org/x/..."}, "a tool"},
	{"bench/...", []string{"bench/...", "sbc/sip", pion, "golang.org/x/..."}, "a tool"},
}

type room struct {
	folder string
	may    []string
	why    string
}

const (
	sipgo   = "github.com/emiago/sipgo/..."
	wazero  = "github.com/tetratelabs/wazero/..."
	pion    = "github.com/pion/..."
	digest  = "github.com/icholy/digest"
	bbolt   = "go.etcd.io/bbolt/..."
	btree   = "github.com/tidwall/btree"
	rueidis = "github.com/redis/rueidis/..."
	pgx     = "github.com/jackc/pgx/v5/..."
)

// owners are the libraries behind one wall: only these folders import them, tests apart.
var owners = []struct {
	library string
	folders []string
}{
	{"github.com/BurntSushi/toml", []string{"host/config"}},
	{wazero, []string{"host/wasm/..."}},
	{sipgo, []string{"sbc/transport/..."}},
	{digest, []string{"sbc/digest"}},
	{bbolt, []string{"host/store/embedded"}},
	{btree, []string{"host/store/embedded"}},
	{rueidis, []string{"host/store/redis"}},
	{pgx, []string{"host/cdr/sink/..."}},
	{"github.com/spf13/cobra", []string{"cmd/..."}},
	{pion, []string{"media/...", "host/useragent", "bench/..."}},
	{digest, []string{"sbc/digest"}},
}

// listed is what go list says of one package.
type listed struct {
	ImportPath string
	Name       string
	Imports    []string
	Deps       []string
}

func TestImports(t *testing.T) {
	for _, p := range list(t) {
		folder, ours := strings.CutPrefix(p.ImportPath, module)
		if !ours {
			continue // this file's own package
		}
		i := slices.IndexFunc(rooms, func(r room) bool { return matches(r.folder, folder) })
		if i < 0 {
			t.Errorf("%s is in no row of the table: add one that says what it may import", folder)
			continue
		}
		for _, imported := range p.Imports {
			name, ours := strings.CutPrefix(imported, module)
			if !ours && standard(imported) {
				continue
			}
			if !slices.ContainsFunc(rooms[i].may, func(m string) bool { return matches(m, name) }) {
				t.Errorf("%s must not import %s: %s", folder, name, rooms[i].why)
			}
			for _, o := range owners {
				if matches(o.library, name) && !slices.ContainsFunc(o.folders, func(f string) bool { return matches(f, folder) }) {
					t.Errorf("%s must not import %s: only %s does", folder, name, strings.Join(o.folders, ", "))
				}
			}
		}
	}
}

// Some rooms must not reach a library even through others.
func TestReach(t *testing.T) {
	never := map[string][]string{
		"abi/...":         {sipgo, wazero, pion, module + "sdk/...", module + "sbc/...", module + "host/...", module + "media/..."},
		"plugins/...":     {sipgo, wazero, pion, module + "sbc/...", module + "host/...", module + "media/..."},
		"media":           {sipgo, module + "sbc/...", module + "abi/..."},
		"sbc":             {wazero, "github.com/BurntSushi/toml", module + "host/..."},
		"sbc/callcontrol": {wazero, sipgo, module + "media/..."},
		"host/wasm":       {sipgo, module + "media/...", module + "sbc"},
		"host/cdr":        {sipgo, wazero, pion, module + "sbc/...", module + "media/..."},
	}
	for _, p := range list(t) {
		folder, ours := strings.CutPrefix(p.ImportPath, module)
		for room, libraries := range never {
			if !ours || !matches(room, folder) {
				continue
			}
			for _, dep := range p.Deps {
				for _, l := range libraries {
					if matches(l, dep) {
						t.Errorf("%s reaches %s", folder, dep)
					}
				}
			}
		}
	}
}

// There is no drawer to throw things in.
func TestNoDrawers(t *testing.T) {
	for _, p := range list(t) {
		for part := range strings.SplitSeq(strings.TrimPrefix(p.ImportPath, module), "/") {
			switch part {
			case "util", "utils", "common", "helper", "helpers", "types", "manager", "pkg", "misc":
				t.Errorf("%s: name the folder after what it does, not %q", p.ImportPath, part)
			}
		}
	}
}

// matches says whether a path is the pattern, or below it when the pattern ends in "/...".
func matches(pattern, path string) bool {
	if root, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == root || strings.HasPrefix(path, root+"/")
	}
	return path == pattern
}

// standard says whether a package comes with Go: its first part has no dot.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// list runs go list for the packages of this module.
func list(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Name,Imports,Deps", "./...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var ps []listed
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return ps
		} else if err != nil {
			t.Fatal(err)
		}
		ps = append(ps, p)
	}
}
