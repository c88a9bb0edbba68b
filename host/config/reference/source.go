package reference

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

// source is what the generator knows of the parsed packages.
type source struct {
	structs map[string]*ast.StructType // by package.Type
	docs    map[string]string          // of the types
	text    map[string]bool            // types that read themselves from a string
	words   map[string][]string        // of these, what they read, where that is a choice of words
	aliases map[string]string          // of types, by package.Type: what they stand for
}

// field is one key of a section.
type field struct {
	key  string
	doc  string
	typ  ast.Expr
	kind kind
	of   string // package.Type of the section, for table, named and list
	name string // of the struct and the field, for errors
}

type kind uint8

const (
	value kind = iota // key = …
	table             // [key]
	named             // [key.NAME]
	list              // [[key]]
)

// parse reads the Go files of the folders, without their tests. A folder's name is the name
// of its package.
func parse(folders ...string) (*source, error) {
	s := &source{aliases: map[string]string{}, structs: map[string]*ast.StructType{}, docs: map[string]string{}, text: map[string]bool{}, words: map[string][]string{}}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, &fs.PathError{Op: "read", Path: folder, Err: fs.ErrNotExist}
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
			if err != nil {
				return nil, err
			}
			s.file(f)
		}
	}
	return s, nil
}

func (s *source) file(f *ast.File) {
	pkg := f.Name.Name + "."
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.Name == "UnmarshalText" && d.Recv != nil {
				name := pkg + base(d.Recv.List[0].Type)
				s.text[name] = true
				s.words[name] = choice(d.Body)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				t, ok := spec.(*ast.TypeSpec)
				if !ok {
					continue
				}
				name := pkg + t.Name.Name
				s.docs[name] = t.Doc.Text()
				if t.Doc == nil {
					s.docs[name] = d.Doc.Text()
				}
				if st, ok := t.Type.(*ast.StructType); ok {
					s.structs[name] = st
				}
				if t.Assign.IsValid() {
					s.aliases[name] = base(t.Type)
				}
			}
		}
	}
}

// fields returns the keys of the struct called name, in the order of the source. Those of an
// embedded struct stand in its place.
func (s *source) fields(name string) []field {
	pkg, _, _ := strings.Cut(name, ".")
	var out []field
	for _, f := range s.structs[name].Fields.List {
		tag := ""
		if f.Tag != nil {
			if raw, err := strconv.Unquote(f.Tag.Value); err == nil {
				tag, _, _ = strings.Cut(reflect.StructTag(raw).Get("toml"), ",")
			}
		}
		kind, of := s.classify(pkg, f.Type)
		switch {
		case tag == "" && len(f.Names) == 0 && kind == table:
			out = append(out, s.fields(of)...)
		case tag != "" && tag != "-":
			out = append(out, field{key: tag, doc: f.Doc.Text(), typ: f.Type, kind: kind, of: of, name: name + "." + f.Names[0].Name})
		}
	}
	return out
}

// classify says what a key of type t is in the file.
func (s *source) classify(pkg string, t ast.Expr) (kind, string) {
	switch t := t.(type) {
	case *ast.StarExpr:
		return s.classify(pkg, t.X)
	case *ast.Ident, *ast.SelectorExpr:
		name := base(t)
		if !strings.Contains(name, ".") {
			name = pkg + "." + name
		}
		if s.structs[name] != nil && !s.text[name] {
			return table, name
		}
	case *ast.ArrayType:
		if k, of := s.classify(pkg, t.Elt); k == table {
			return list, of
		}
	case *ast.MapType:
		if k, of := s.classify(pkg, t.Value); k == table {
			return named, of
		}
	}
	return value, ""
}

// choice returns the words of the switch of an UnmarshalText, nil when it has none.
func choice(body *ast.BlockStmt) (words []string) {
	for _, st := range body.List {
		sw, ok := st.(*ast.SwitchStmt)
		if !ok || sw.Tag == nil {
			continue
		}
		for _, c := range sw.Body.List {
			for _, x := range c.(*ast.CaseClause).List {
				lit, ok := x.(*ast.BasicLit)
				if !ok {
					return nil
				}
				if word, err := strconv.Unquote(lit.Value); err == nil && word != "" {
					words = append(words, word)
				}
			}
		}
	}
	return words
}

// base is the name of a type, with its package if it says one, without a star.
func base(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.StarExpr:
		return base(t.X)
	case *ast.Ident:
		return t.Name
	case *ast.SelectorExpr:
		return base(t.X) + "." + t.Sel.Name
	}
	return ""
}
