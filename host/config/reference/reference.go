package reference

import (
	"bytes"
	"errors"
	"fmt"
	"go/doc/comment"
	"strings"
)

// intro begins CONFIG.md.
const intro = `# Configuration reference

Every key of the configuration file. A commented sample to begin with is
[host/config/sallyport.toml](host/config/sallyport.toml); it is also what runs when no file
is named. ` + "`sallyport check FILE`" + ` finds every mistake of a file, with its line.

The file is TOML. Durations are texts with a unit (` + "`\"90s\"`, `\"3m\"`" + `). A pattern is text with
variables such as ` + "`$fU`" + ` that are filled in for each call. Paths that are read are relative to
the configuration file; paths that are written are relative to the working directory.

<!-- Made from the doc comments in host/config and sbc/profile by "make docs". -->
`

// Markdown returns CONFIG.md. Root is the struct of the whole file, package.Type; folders
// hold the packages of it and of its sections. It fails when a key has no doc comment.
func Markdown(root string, folders ...string) ([]byte, error) {
	s, err := parse(folders...)
	if err != nil {
		return nil, err
	}
	if s.structs[root] == nil {
		return nil, fmt.Errorf("there is no struct %s", root)
	}
	w := writer{source: s}
	w.WriteString(intro)
	w.section("", "", root, "")
	return w.Bytes(), errors.Join(w.errs...)
}

type writer struct {
	*source
	bytes.Buffer
	errs []error
}

// section writes the keys of a struct, then its tables. Prefix is the path of the section,
// title its header in the file.
func (w *writer) section(title, prefix, name, doc string) {
	if prefix == "" {
		w.WriteString("\n## Top of the file\n")
	} else {
		fmt.Fprintf(w, "\n## %s\n", title)
		w.prose(doc)
		w.prose(rest(w.docs[name]))
	}
	fields := w.fields(name)
	for _, f := range fields {
		if f.doc == "" {
			w.errs = append(w.errs, fmt.Errorf("%s: the key %s has no doc comment", f.name, f.key))
		}
		if f.kind == value {
			fmt.Fprintf(w, "\n### %s\n", f.key)
			w.prose(f.doc)
		}
	}
	for _, f := range fields {
		path := strings.TrimPrefix(prefix+"."+f.key, ".")
		switch f.kind {
		case named:
			w.section("["+path+".NAME]", path+".NAME", f.of, f.doc)
		case table:
			w.section("["+path+"]", path, f.of, f.doc)
		case list:
			w.section("[["+path+"]]", path, f.of, f.doc)
		}
	}
}

// rest is what the doc comment of a section's type says behind its first sentence: that one
// names the type, the field's comment names the section instead.
func rest(doc string) string {
	for i := range len(doc) - 1 {
		if doc[i] == '.' && (doc[i+1] == ' ' || doc[i+1] == '\n') {
			return doc[i+2:]
		}
	}
	return ""
}

// prose writes a doc comment as Markdown, with examples as TOML.
func (w *writer) prose(doc string) {
	// Brackets name sections here, not packages.
	p := comment.Parser{LookupPackage: func(string) (string, bool) { return "", false }}
	var pr comment.Printer
	d := p.Parse(doc)
	for _, b := range d.Content {
		w.WriteByte('\n')
		if c, ok := b.(*comment.Code); ok {
			fmt.Fprintf(w, "```toml\n%s```\n", c.Text)
			continue
		}
		w.Write(pr.Markdown(&comment.Doc{Content: []comment.Block{b}, Links: d.Links}))
	}
}
