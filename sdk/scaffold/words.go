package scaffold

import (
	"io/fs"
	"strings"

	"github.com/sallyport-sbc/sallyport/abi/contract"
)

// words are what templates may say.
type words struct {
	Name, Type, Language string
	Replace, Go          string // of go.mod
	Subscribe, Spelling  string // how a module subscribes to a hook
	Hooks                []hook
	Capabilities         string // rows of a table
}

type hook struct{ Name, Spelled, Doc string }

func (o Options) words(name, replace, version string) (words, error) {
	rows, err := fs.ReadFile(templates, "templates/capabilities/"+o.Language+".md")
	w := words{
		Name: name, Type: camel(name), Language: o.Language, Replace: replace, Go: version,
		Subscribe: subscribe[o.Language], Spelling: spelling[o.Language].title, Capabilities: string(rows),
	}
	for _, e := range contract.Events {
		w.Hooks = append(w.Hooks, hook{e.Name, spelling[o.Language].of(e.Name), strings.ReplaceAll(e.Doc, "|", "\\|")})
	}
	return w, err
}

// subscribe says how a module gets a hook.
var subscribe = map[string]string{
	"go":             "A module subscribes to a hook by having its method. One it does not have costs nothing.",
	"c":              "A module subscribes to a hook by its place in `SALLYPORT_MODULE(.hook = {…})`, and names it in `hooks` of `manifest.json`. One it does not have costs nothing.",
	"rust":           "A module subscribes to a hook by naming it in `hooks` of `manifest.json`, and has a method for it. One that is not named costs nothing.",
	"assemblyscript": "A module subscribes to a hook by naming it in `hooks` of `manifest.json`, and overrides its method; `override` makes the compiler find a misspelt one. One that is not named costs nothing.",
}

// spelling is how a hook is written.
var spelling = map[string]struct {
	title string
	of    func(name string) string
}{
	"go":             {"method", func(n string) string { return goName(n) + "(c *sdk.Call) error" }},
	"c":              {"place", func(n string) string { return "[SP_EVENT_" + strings.ToUpper(n) + "]" }},
	"rust":           {"method", func(n string) string { return "fn " + n + "(&mut self, c: &mut Call) -> Result" }},
	"assemblyscript": {"method", func(n string) string { return "override " + lower(n) + "(c: Call): void" }},
}

func goName(name string) string {
	if name == "dtmf" {
		return "DTMF"
	}
	return camel(name)
}

// lower is media_timeout as mediaTimeout.
func lower(name string) string {
	c := camel(name)
	return strings.ToLower(c[:1]) + c[1:]
}
