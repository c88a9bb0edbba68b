package wasmtest

// The value types, as bytes of a signature.
const (
	I32 = "\x7f"
	I64 = "\x7e"
	F32 = "\x7d"
	F64 = "\x7c"
)

// Module is a module to be assembled. It need not be valid.
type Module struct {
	Imports []Import
	Funcs   []Func
	// Memory is the minimum in pages; 0 leaves the memory out. MemoryMax 0 is no maximum.
	Memory, MemoryMax uint32
	// Data is put at address 0.
	Data string
	// Table is the number of entries of a table of functions; Elements fills it from entry 0.
	Table    uint32
	Elements []uint32
	Globals  []Global
	Start    *uint32
	// Custom sections stand at the end.
	Custom []Custom
	// Raw sections stand between the element and the code section: id and body.
	Raw []Raw
}

// Import is a function from the host.
type Import struct{ Module, Name, Params, Results string }

// Func is a defined function; Code is its body without locals and without the closing end.
type Func struct {
	Export          string
	Params, Results string
	// Locals are one value type each.
	Locals string
	Code   []byte
}

// Global is mutable when Mutable; Init is a constant expression without its end.
type Global struct {
	Type    string
	Mutable bool
	Init    []byte
	Export  string
}

// Custom is a custom section.
type Custom struct {
	Name string
	Body []byte
}

// Raw is a section given as bytes.
type Raw struct {
	ID   byte
	Body []byte
}

// Bytes assembles the module.
func (m *Module) Bytes() []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	section := func(id byte, items [][]byte) {
		if len(items) > 0 {
			out = appendSection(out, id, vector(items))
		}
	}
	types := [][]byte{}
	typeOf := func(params, results string) uint32 {
		t := append([]byte{0x60}, str(params)...)
		t = append(t, str(results)...)
		for i := range types {
			if string(types[i]) == string(t) {
				return uint32(i)
			}
		}
		types = append(types, t)
		return uint32(len(types) - 1)
	}
	var imports, funcs, exports, bodies, globals [][]byte
	for _, im := range m.Imports {
		b := append(str(im.Module), str(im.Name)...)
		b = append(b, 0)
		imports = append(imports, append(b, U32(typeOf(im.Params, im.Results))...))
	}
	for i, f := range m.Funcs {
		funcs = append(funcs, U32(typeOf(f.Params, f.Results)))
		if f.Export != "" {
			b := append(str(f.Export), 0)
			exports = append(exports, append(b, U32(uint32(len(m.Imports)+i))...))
		}
		b := U32(uint32(len(f.Locals)))
		for k := range len(f.Locals) {
			b = append(b, 1, f.Locals[k])
		}
		b = append(append(b, f.Code...), 0x0b)
		bodies = append(bodies, append(U32(uint32(len(b))), b...))
	}
	for i, g := range m.Globals {
		b := append([]byte(g.Type), 0)
		if g.Mutable {
			b[1] = 1
		}
		globals = append(globals, append(append(b, g.Init...), 0x0b))
		if g.Export != "" {
			exports = append(exports, append(append(str(g.Export), 3), U32(uint32(i))...))
		}
	}
	section(1, types)
	section(2, imports)
	section(3, funcs)
	if m.Table > 0 {
		section(4, [][]byte{append([]byte{0x70, 0}, U32(m.Table)...)})
	}
	if m.Memory > 0 {
		b := append([]byte{0}, U32(m.Memory)...)
		if m.MemoryMax > 0 {
			b = append(append([]byte{1}, U32(m.Memory)...), U32(m.MemoryMax)...)
		}
		section(5, [][]byte{b})
		exports = append(exports, append(str("memory"), 2, 0))
	}
	section(6, globals)
	section(7, exports)
	if m.Start != nil {
		out = appendSection(out, 8, U32(*m.Start))
	}
	if len(m.Elements) > 0 {
		var fs [][]byte
		for _, f := range m.Elements {
			fs = append(fs, U32(f))
		}
		section(9, [][]byte{append([]byte{0, 0x41, 0, 0x0b}, vector(fs)...)})
	}
	for _, r := range m.Raw {
		out = appendSection(out, r.ID, r.Body)
	}
	section(10, bodies)
	if m.Data != "" {
		section(11, [][]byte{append([]byte{0, 0x41, 0, 0x0b}, str(m.Data)...)})
	}
	for _, c := range m.Custom {
		out = appendSection(out, 0, append(str(c.Name), c.Body...))
	}
	return out
}

func appendSection(out []byte, id byte, body []byte) []byte {
	out = append(out, id)
	out = append(out, U32(uint32(len(body)))...)
	return append(out, body...)
}

func vector(items [][]byte) []byte {
	b := U32(uint32(len(items)))
	for _, it := range items {
		b = append(b, it...)
	}
	return b
}

func str(s string) []byte { return append(U32(uint32(len(s))), s...) }

// U32 is v as unsigned LEB128.
func U32(v uint32) []byte {
	var b []byte
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

// S64 is v as signed LEB128.
func S64(v int64) []byte {
	var b []byte
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if (v == 0 && c&0x40 == 0) || (v == -1 && c&0x40 != 0) {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

// Code joins parts of a function body: bytes, and everything an int or a []byte.
func Code(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			b = append(b, byte(p))
		case []byte:
			b = append(b, p...)
		case string:
			b = append(b, p...)
		default:
			panic("wasmtest: part of code")
		}
	}
	return b
}

// Instructions that tests use by name.

// Call calls function f, imported ones counted first.
func Call(f uint32) []byte { return append([]byte{0x10}, U32(f)...) }

// ConstI32 pushes v.
func ConstI32(v int32) []byte { return append([]byte{0x41}, S64(int64(v))...) }

// ConstI64 pushes v.
func ConstI64(v int64) []byte { return append([]byte{0x42}, S64(v)...) }

// Get pushes local n.
func Get(n uint32) []byte { return append([]byte{0x20}, U32(n)...) }

// Set pops local n.
func Set(n uint32) []byte { return append([]byte{0x21}, U32(n)...) }

// Forever is a loop that never ends.
func Forever() []byte { return []byte{0x03, 0x40, 0x0c, 0, 0x0b} }

// Trap is the instruction unreachable.
func Trap() []byte { return []byte{0x00} }
