package sems

import (
	"flag"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/sallyport-sbc/sallyport/host/config"
	"github.com/sallyport-sbc/sallyport/sbc/profile"
)

var update = flag.Bool("update", false, "write what is got into testdata")

var testOptions = Options{Builtins: []string{"calltimer", "cdr"}}

// Each file in testdata is a tree of SEMS's files under in/ and, under out/, what becomes of
// it.
func TestConvert(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a := archive(t, file)
			r := convert(t, a)
			load(t, r)
			got := []txtar.File{{Name: "out/" + ConfigFile, Data: []byte(r.TOML)}}
			for _, name := range slices.Sorted(maps.Keys(r.Maps)) {
				got = append(got, txtar.File{Name: "out/" + name, Data: []byte(r.Maps[name])})
			}
			got = append(got, txtar.File{Name: "out/" + ReportFile, Data: []byte(r.Text())})
			want := slices.DeleteFunc(slices.Clone(a.Files), func(f txtar.File) bool { return !strings.HasPrefix(f.Name, "out/") })
			if *update {
				a.Files = append(slices.DeleteFunc(a.Files, func(f txtar.File) bool { return strings.HasPrefix(f.Name, "out/") }), got...)
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if g, w := string(txtar.Format(&txtar.Archive{Files: got})), string(txtar.Format(&txtar.Archive{Files: want})); g != w {
				t.Errorf("got\n%s\nwant\n%s", g, w)
			}
		})
	}
}

func archive(t *testing.T, file string) *txtar.Archive {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func convert(t *testing.T, a *txtar.Archive) *Result {
	t.Helper()
	in := fstest.MapFS{}
	for _, f := range a.Files {
		if name, ok := strings.CutPrefix(f.Name, "in/"); ok {
			in[name] = &fstest.MapFile{Data: f.Data}
		}
	}
	r, err := Convert(in, testOptions)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// load writes a result and loads it as run would, on a machine that has all addresses.
func load(t *testing.T, r *Result) *config.Snapshot {
	t.Helper()
	dir := t.TempDir()
	if err := r.Write(dir, false); err != nil {
		t.Fatal(err)
	}
	s, err := config.Load(filepath.Join(dir, ConfigFile), config.Options{
		HasAddress: func(netip.Addr) bool { return true },
		Builtins:   testOptions.Builtins,
	})
	if err != nil {
		t.Fatalf("the result does not load: %v\n%s", err, r.TOML)
	}
	return s
}

// Every key that the table writes is one that profiles have.
func TestRows(t *testing.T) {
	lists := []string{"headers", "methods", "codecs", "sdp.media", "sdp.attributes"} // filter adds allow and deny
	keys := profile.Keys()
	for i, r := range rows {
		if r.to != "" && !slices.Contains(lists, r.to) && !slices.Contains(keys, r.to) {
			t.Errorf("%s: profiles have no key %s", r.key, r.to)
		}
		if slices.ContainsFunc(rows[:i], func(o row) bool { return o.key == r.key }) {
			t.Errorf("%s is in the table twice", r.key)
		}
	}
	for _, more := range []string{
		"headers.allow", "headers.deny", "methods.allow", "methods.deny", "codecs.allow", "codecs.deny_a",
		"sdp.media_allow", "sdp.attributes_deny", "routing.next_hop_always", "routing.nat_b", "routing.max_duration",
		"media.symmetric_b", "media.timeout", "refuse.reason",
	} {
		if !slices.Contains(keys, more) {
			t.Errorf("profiles have no key %s", more)
		}
	}
}

// The synthetic profile has every key of the table, and each is written or reported.
func TestEveryKey(t *testing.T) {
	a := archive(t, "testdata/everykey.txtar")
	r := convert(t, a)
	for _, row := range rows {
		switch row.key {
		case "URI", "enable_call_timer", "call_timer", "enable_aleg_uas_auth", "uas_auth_aleg_realm", "uas_auth_aleg_user", "uas_auth_aleg_pwd":
			continue // of other versions
		case "aleg_force_outbound_proxy", "next_hop_1st_req", "header_filter", "message_filter", "sdp_filter", "aleg_accept_501_reply",
			"media_filter", "sdp_alines_filter", "enable_aleg_auth", "enable_auth", "enable_bleg_uas_auth", "call_control":
			continue // say how another key is meant
		}
		told := slices.ContainsFunc(r.Report, func(n Note) bool { return n.Key == row.key })
		if !told && !strings.Contains(r.TOML, " "+row.key+"\n") {
			t.Errorf("%s is neither written nor reported", row.key)
		}
	}
}

func TestNothingToConvert(t *testing.T) {
	if _, err := Convert(fstest.MapFS{"other.txt": {}}, testOptions); err != ErrNothing {
		t.Errorf("Convert() = %v, want %v", err, ErrNothing)
	}
}

func TestWriteKeepsWhatIsThere(t *testing.T) {
	r := &Result{TOML: "new", Maps: map[string]string{"maps/a.conf": "new"}}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "maps"), 0o755); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(dir, "maps/a.conf")
	if err := os.WriteFile(old, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := r.Write(dir, false); err == nil {
		t.Error("a file was overwritten without force")
	}
	if _, err := os.Stat(filepath.Join(dir, ConfigFile)); err == nil {
		t.Error("a file was written although another was in the way")
	}
	if err := r.Write(dir, true); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(old); err != nil || string(got) != "new" {
		t.Errorf("with force: %q, %v", got, err)
	}
}

// Modules that are part of the program are used; the parameters are those of their READMEs.
func TestModules(t *testing.T) {
	a := archive(t, "testdata/modules.txtar")
	in := fstest.MapFS{}
	for _, f := range a.Files {
		if name, ok := strings.CutPrefix(f.Name, "in/"); ok {
			in[name] = &fstest.MapFile{Data: f.Data}
		}
	}
	o := Options{Builtins: []string{"blacklist", "calltimer", "cdr", "parallelcalls", "prepaid", "rest"}}
	r, err := Convert(in, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`modules = ["cdr", "parallelcalls", "blacklist", "rest"]`,
		`code = 402  # etc/cc_pcalls.conf`,
		`uuid = "$fU"  # `, `max = "2"  # `,
		`arg_0 = "SISMEMBER"  # `, `reason = "Unauthorized"`,
		`url = "http://127.0.0.1/?u=$fU"  # `, `format = "text"`,
		`modules = ["prepaid"]`, `account = "$H(P-Uuid)"  # `, `tariff = "60 1/1"  # `,
	} {
		if !strings.Contains(r.TOML, want) {
			t.Errorf("the result lacks %s", want)
		}
	}
	if t.Failed() {
		t.Log(r.TOML)
	}
	if strings.Contains(r.TOML, "arg_3") {
		t.Error("an argument beyond argc")
	}
}
