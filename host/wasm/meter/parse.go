package meter

import "strings"

// order of the sections that may follow each other; the data count stands between elements and code.
var order = [13]int{
	secType: 1, secImport: 2, secFunction: 3, secTable: 4, secMemory: 5, secGlobal: 6, secExport: 7, secStart: 8,
	secElement: 9, secDataCount: 10, secCode: 11, secData: 12,
}

// parse reads everything but function bodies.
func parse(b []byte, l Limits) (*module, error) {
	m := &module{b: b, limits: l, start: -1}
	r := &reader{b: b, end: len(b)}
	if len(b) > l.Size {
		r.fail(ErrLimit, "file of %d bytes, at most %d", len(b), l.Size)
		return nil, r.err
	}
	if len(b) < 8 || string(b[:8]) != "\x00asm\x01\x00\x00\x00" {
		r.fail(ErrMalformed, "no WebAssembly 1 header")
		return nil, r.err
	}
	r.pos = 8
	for last := 0; r.left() > 0; {
		at := r.pos
		id := r.u8()
		n := r.count("bytes of a section")
		s := section{r.pos, r.pos + n}
		if r.err != nil {
			break
		}
		switch {
		case id == secCustom:
			m.custom(r, s)
		case int(id) >= len(order):
			r.pos = at
			r.fail(ErrUnsupported, "section %d", id)
		case order[id] <= last:
			r.pos = at
			r.fail(ErrMalformed, "section %d is out of order or twice", id)
		default:
			last = order[id]
			m.sections[id] = s
		}
		r.skip(n)
	}
	for _, p := range []struct {
		id   int
		read func(*reader)
	}{
		{secType, m.readTypes},
		{secImport, m.readImports},
		{secFunction, m.readFunctions},
		{secTable, m.readTables},
		{secMemory, m.readMemory},
		{secGlobal, m.readGlobals},
		{secExport, m.readExports},
		{secStart, m.readStart},
		{secElement, m.countElements},
		{secDataCount, m.readDataCount},
		{secData, m.data},
	} {
		m.section(r, p.id, p.read)
	}
	m.info.Functions = len(m.funcs)
	return m, r.err
}

// section runs read on a section if it is there, and checks that it is read to its end.
func (m *module) section(r *reader, id int, read func(*reader)) {
	s := m.sections[id]
	if s.end == 0 || r.err != nil {
		return
	}
	r.pos, r.end = s.pos, s.end
	if read(r); r.err == nil && r.left() > 0 {
		r.fail(ErrMalformed, "%d bytes left in section %d", r.left(), id)
	}
}

func (m *module) custom(r *reader, s section) {
	c := reader{b: r.b, pos: s.pos, end: s.end}
	name := c.name()
	switch {
	case c.err != nil:
		r.err = c.err
	case name != ManifestSection:
	case m.info.Manifest != nil:
		r.fail(ErrMalformed, "section %s twice", name)
	case c.left() > m.limits.Manifest:
		r.fail(ErrLimit, "section %s of %d bytes, at most %d", name, c.left(), m.limits.Manifest)
	default:
		m.info.Manifest = r.b[c.pos:c.end:c.end]
	}
}

func (m *module) readTypes(r *reader) {
	for n := r.count("types"); n > 0 && r.err == nil; n-- {
		if form := r.u8(); form != 0x60 && r.err == nil {
			r.pos--
			r.fail(ErrUnsupported, "type form %#x", form)
		}
		t := FuncType{Params: r.valueTypes("parameters"), Results: r.valueTypes("results")}
		m.types = append(m.types, t)
	}
}

func (r *reader) valueTypes(what string) string {
	n := r.count(what)
	start := r.pos
	for range n {
		r.valueType()
	}
	if r.err != nil {
		return ""
	}
	return string(r.b[start:r.pos])
}

func (m *module) readImports(r *reader) {
	for n := r.count("imports"); n > 0 && r.err == nil; n-- {
		at := r.pos
		im := Import{Module: r.name(), Name: r.name()}
		kind := r.u8()
		if r.err != nil {
			return
		}
		if kind != kindFunc {
			r.pos = at
			r.fail(ErrUnsupported, "import %s.%s is not a function", im.Module, im.Name)
			return
		}
		if im.Module == FuelModule && im.Name == FuelFunc {
			r.pos = at
			r.fail(ErrUnsupported, "import %s.%s is the host's own", im.Module, im.Name)
			return
		}
		t := r.index("type", len(m.types))
		if r.err != nil {
			return
		}
		im.Type = m.types[t]
		m.imports = append(m.imports, uint32(t))
		m.info.Imports = append(m.info.Imports, im)
	}
}

func (m *module) readFunctions(r *reader) {
	for n := r.count("functions"); n > 0 && r.err == nil; n-- {
		m.funcs = append(m.funcs, uint32(r.index("type", len(m.types))))
	}
}

func (m *module) readTables(r *reader) {
	for n := r.count("tables"); n > 0 && r.err == nil; n-- {
		t := table{ref: r.refType()}
		var bound bool
		t.lo, t.hi, bound = r.limits()
		if t.lo > m.limits.TableEntries {
			r.fail(ErrLimit, "table of %d entries, at most %d", t.lo, m.limits.TableEntries)
		}
		if !bound || t.hi > m.limits.TableEntries {
			t.hi = m.limits.TableEntries
		}
		m.tables = append(m.tables, t)
	}
	if r.err == nil && len(m.tables) > 16 {
		r.fail(ErrLimit, "%d tables, at most 16", len(m.tables))
	}
}

func (m *module) readMemory(r *reader) {
	n := r.count("memories")
	if n > 1 {
		r.fail(ErrUnsupported, "%d memories", n)
	}
	if n == 0 {
		return
	}
	lo, hi, bound := r.limits()
	if lo > m.limits.MemoryPages {
		r.fail(ErrLimit, "memory of %d pages to begin with, at most %d", lo, m.limits.MemoryPages)
	}
	if !bound || hi > m.limits.MemoryPages {
		hi = m.limits.MemoryPages
	}
	m.memory, m.info.MemoryMin, m.memoryMax = true, lo, hi
}

func (m *module) readGlobals(r *reader) {
	n := r.count("globals")
	for len(m.globals) < n && r.err == nil {
		g := global{valueType: r.valueType(), mutable: r.u8()}
		if g.mutable > 1 {
			r.fail(ErrUnsupported, "mutability %#x", g.mutable)
		}
		// An initialiser may name functions that are defined later, but only globals that stand before it.
		g.init.pos = r.pos
		m.constExpr(r, nil)
		g.init.end = r.pos
		m.globals = append(m.globals, g)
	}
}

func (m *module) readExports(r *reader) {
	m.info.Funcs = make(map[string]FuncType)
	for n := r.count("exports"); n > 0 && r.err == nil; n-- {
		at := r.pos
		e := export{name: r.name(), kind: r.u8()}
		switch e.kind {
		case kindFunc:
			e.item = r.index("function", m.funcCount())
			if r.err == nil {
				m.info.Funcs[e.name] = m.funcType(e.item)
			}
		case kindTable:
			e.item = r.index("table", len(m.tables))
		case kindMemory:
			if !m.memory {
				r.fail(ErrMalformed, "export %s of no memory", e.name)
			}
			r.zero("memory index")
			m.info.Memory = m.info.Memory || e.name == "memory"
		case kindGlobal:
			e.item = r.index("global", len(m.globals))
		default:
			r.fail(ErrUnsupported, "export %s of kind %d", e.name, e.kind)
		}
		if (e.name == FuelGlobal || strings.HasPrefix(e.name, hostPrefix)) && r.err == nil {
			r.pos = at
			r.fail(ErrUnsupported, "export %s is the host's own", e.name)
		}
		m.exports = append(m.exports, e)
	}
}

func (m *module) readStart(r *reader) { m.start = r.index("function", m.funcCount()) }

func (m *module) countElements(r *reader) {
	m.elemCount = r.count("element segments")
	m.elements(r, m.elemCount, nil)
}

func (m *module) readDataCount(r *reader) {
	n := r.u32()
	d := m.sections[secData]
	if int64(n) > int64(d.end-d.pos) { // each takes a byte at least
		r.fail(ErrMalformed, "data count %d", n)
		return
	}
	m.dataCount = int(n)
}
