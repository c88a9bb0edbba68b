package main

import (
	"fmt"
	"strings"

	"github.com/sallyport-sbc/sallyport/abi/contract"
)

// doc is a comment behind a row.
func doc(open, text, end string) string {
	if text == "" {
		return "\n"
	}
	return open + strings.ReplaceAll(text, "*/", "* /") + end + "\n"
}

type c struct{}

func (c) constant(name, kind string, value int64, text string) string {
	number := fmt.Sprint(value)
	switch {
	case value < 0:
		number = "(" + number + ")"
	case value > 1<<31-1:
		number = fmt.Sprintf("%#xull", value)
	}
	return fmt.Sprintf("#define SP_%s %s", name, number) + doc(" /* ", text, " */")
}

func (c) imported(f function) string {
	var params []string
	for _, p := range f.params {
		switch {
		case p.written:
			params = append(params, "void *"+p.name)
		case p.pointer:
			params = append(params, "const void *"+p.name)
		case p.kind == "i64":
			params = append(params, "int64_t "+p.name)
		default:
			params = append(params, "int32_t "+p.name)
		}
	}
	result := map[string]string{"": "void", "i32": "int32_t", "i64": "int64_t"}[f.result]
	if len(params) == 0 {
		params = []string{"void"}
	}
	return fmt.Sprintf("SP_IMPORT(%q, %q) %s sp_host_%s(%s);\n", f.module, f.name, result, f.full(), strings.Join(params, ", "))
}

func (c) named(code contract.Code) string {
	return fmt.Sprintf("    case %d: return SP_TEXT(%q);\n", code.Number, code.Name)
}

func (c) hook(contract.Event) string     { return "" }
func (c) dispatch(contract.Event) string { return "" }

type rust struct{}

func (rust) named(code contract.Code) string {
	return fmt.Sprintf("            %d => %q,\n", code.Number, code.Name)
}

func (rust) hook(e contract.Event) string {
	return fmt.Sprintf("    /// %s\n    fn %s(&mut self, _: &mut Call) -> Result {\n        Ok(())\n    }\n", sentence(e.Doc), e.Name)
}

func (rust) dispatch(e contract.Event) string {
	return fmt.Sprintf("            EVENT_%s => module.%s(c),\n", strings.ToUpper(e.Name), e.Name)
}

func (rust) constant(name, kind string, value int64, text string) string {
	is := map[string]string{"event": "u32", "code": "i32", "slot": "usize", "": "u64"}[kind]
	open := ""
	if text != "" {
		open = "/// " + text + "\n"
	}
	return fmt.Sprintf("%spub const %s: %s = %d;\n", open, name, is, value)
}

func (rust) imported(f function) string {
	var params []string
	for _, p := range f.params {
		kind := p.kind
		switch {
		case p.written:
			kind = "*mut u8"
		case p.pointer:
			kind = "*const u8"
		}
		params = append(params, p.name+": "+kind)
	}
	result := ""
	if f.result != "" {
		result = " -> " + f.result
	}
	return fmt.Sprintf("#[link(wasm_import_module = %q)]\nextern \"C\" {\n    /// %s\n    #[link_name = %q]\n    pub fn host_%s(%s)%s;\n}\n",
		f.module, f.doc, f.name, f.full(), strings.Join(params, ", "), result)
}

type assemblyScript struct{}

func (assemblyScript) named(code contract.Code) string {
	return fmt.Sprintf("    case %d: return %q;\n", code.Number, code.Name)
}

func (assemblyScript) hook(e contract.Event) string {
	return fmt.Sprintf("  /** %s */\n  %s(c: Call): void {}\n", sentence(e.Doc), camel(e.Name))
}

func (assemblyScript) dispatch(e contract.Event) string {
	return fmt.Sprintf("    case contract.EVENT_%s: m.%s(c); break;\n", strings.ToUpper(e.Name), camel(e.Name))
}

func (assemblyScript) constant(name, kind string, value int64, text string) string {
	is := map[string]string{"event": "i32", "code": "i32", "slot": "i32", "": "i32"}[kind]
	if value > 1<<31-1 {
		is = "u64"
	}
	return fmt.Sprintf("export const %s: %s = %d;", name, is, value) + doc(" // ", text, "")
}

func (assemblyScript) imported(f function) string {
	var params []string
	for _, p := range f.params {
		kind := p.kind
		if p.pointer {
			kind = "usize"
		}
		params = append(params, p.name+": "+kind)
	}
	result := f.result
	if result == "" {
		result = "void"
	}
	return fmt.Sprintf("// @ts-ignore: decorator\n@external(%q, %q) export declare function host_%s(%s): %s;\n",
		f.module, f.name, f.full(), strings.Join(params, ", "), result)
}
