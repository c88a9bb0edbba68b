package meter

import "fmt"

// Limits bound what Inspect and Rewrite accept.
type Limits struct {
	// Size of the file in bytes; the rewritten module may be four times as large. Default 32 MiB.
	Size int
	// MemoryPages is the most memory an instance may have, in pages of 64 KiB. It is written into the module as the
	// maximum of its memory. Default 1024, which is 64 MiB.
	MemoryPages uint32
	// TableEntries is the most entries a table may have; written into the module likewise. Default 65536.
	TableEntries uint32
	// Manifest bounds the custom section that is kept, in bytes. Default 64 KiB.
	Manifest int
}

func (l Limits) withDefaults() Limits {
	if l.Size <= 0 {
		l.Size = 32 << 20
	}
	if l.MemoryPages == 0 {
		l.MemoryPages = 1024
	}
	if l.TableEntries == 0 {
		l.TableEntries = 1 << 16
	}
	if l.Manifest <= 0 {
		l.Manifest = 64 << 10
	}
	return l
}

// Names the rewriter adds to a module.
const (
	// FuelModule and FuelFunc name the import that is called when the fuel is used up: () → i64, the new fuel.
	FuelModule, FuelFunc = "sbc", "fuel"
	// FuelGlobal is the exported global that holds the fuel, a mutable i64. It starts at 0, so that the first check
	// of a new instance asks the host.
	FuelGlobal = "sbc_fuel"
	// StartFunc is the export that stands in for the start section, () → (), and GlobalPrefix with a number from 0 up
	// names the mutable globals, if the module has an Image.
	StartFunc, GlobalPrefix = hostPrefix + "start", hostPrefix + "global_"
	// hostPrefix begins the names that no module may export.
	hostPrefix = "sbc_host_"
	// ManifestSection is the custom section that Info.Manifest holds.
	ManifestSection = "sbc.manifest"
)

// FuncType is a signature; each byte is a value type as in the file (0x7f i32, 0x7e i64, …).
type FuncType struct{ Params, Results string }

func (t FuncType) String() string {
	return fmt.Sprintf("(%s) → (%s)", typeNames(t.Params), typeNames(t.Results))
}

func typeNames(ts string) string {
	names := map[byte]string{i32: "i32", i64: "i64", f32: "f32", f64: "f64", v128: "v128", funcref: "funcref", externref: "externref"}
	var s string
	for i := range len(ts) {
		if i > 0 {
			s += " "
		}
		s += names[ts[i]]
	}
	return s
}

// Import is a function the module wants from the host. Nothing else may be imported.
type Import struct {
	Module, Name string
	Type         FuncType
}

// Info describes a module without running it.
type Info struct {
	Imports []Import
	// Funcs are the exported functions by name.
	Funcs map[string]FuncType
	// Memory says that a memory named "memory" is exported.
	Memory bool
	// MemoryMin is the memory an instance begins with, in pages of 64 KiB.
	MemoryMin uint32
	// Manifest is the body of the custom section sbc.manifest, nil when there is none. It points into the input.
	Manifest []byte
	// Functions, Checks count the defined functions and the fuel checks that Rewrite put into them.
	Functions, Checks int
	// Image is what Rewrite took out of the module, so that an instance can begin with the memory and the globals of
	// another one. nil: the module is as it was, for the reason that Whole gives.
	Image *Image
	Whole string
}

// Image is the beginning of an instance. Whoever makes one puts Data into its memory, in this order, and calls the
// export StartFunc if there is Start, before anything else runs; or else gives it the memory, and the mutable globals,
// of an instance that has gone through that.
type Image struct {
	Data []Data
	// Start says that the module has a start section.
	Start bool
	// Globals is the number of mutable globals, the fuel not among them.
	Globals int
}

// Data is one data segment; Bytes points into the input. It may lie outside of the memory.
type Data struct {
	Offset uint32
	Bytes  []byte
}

// section is the position of a body in the file.
type section struct{ pos, end int }

// module is what the parser has learned; function bodies and data stay where they are in the file.
type module struct {
	b        []byte
	limits   Limits
	sections [13]section
	info     Info

	types     []FuncType
	imports   []uint32 // type of each imported function
	funcs     []uint32 // type of each defined function
	tables    []table
	memory    bool
	memoryMax uint32
	globals   []global
	exports   []export
	start     int // -1 = none
	elemCount int
	dataCount int
	image     Image
	whole     string // why there can be no image, as far as it is known
}

type table struct {
	ref    byte
	lo, hi uint32
}

type global struct {
	valueType, mutable byte
	init               section
}

type export struct {
	name string
	kind byte
	item int
}

// The kinds of imports and exports.
const (
	kindFunc = iota
	kindTable
	kindMemory
	kindGlobal
)

// The numbers of sections.
const (
	secCustom = iota
	secType
	secImport
	secFunction
	secTable
	secMemory
	secGlobal
	secExport
	secStart
	secElement
	secCode
	secData
	secDataCount
)

// Inspect reads a module and describes it. Function bodies are not read. It fails with an *Error.
func Inspect(wasm []byte, l Limits) (*Info, error) {
	m, err := parse(wasm, l.withDefaults())
	if err != nil {
		return nil, err
	}
	return &m.info, nil
}

// funcType is the type of function i, imported ones first.
func (m *module) funcType(i int) FuncType {
	if i < len(m.imports) {
		return m.types[m.imports[i]]
	}
	return m.types[m.funcs[i-len(m.imports)]]
}

func (m *module) funcCount() int { return len(m.imports) + len(m.funcs) }

// shift maps a function index of the input to the output, where one more import stands behind the others.
func (m *module) shift(f int) uint32 {
	if f >= len(m.imports) {
		f++
	}
	return uint32(f)
}
