package meter

// Rewrite returns wasm with fuel checks, and what Inspect would say of the input. Custom sections are dropped.
// The output imports sbc.fuel behind all other functions and exports the global sbc_fuel. If Info.Image is set, it has
// no data and no start section any more: what they did is up to whoever makes an instance. It fails with an *Error.
func Rewrite(wasm []byte, l Limits) ([]byte, *Info, error) {
	m, err := parse(wasm, l.withDefaults())
	if err != nil {
		return nil, nil, err
	}
	body, err := m.bodies()
	if err != nil {
		return nil, nil, err
	}
	m.takeImage()
	out, err := m.assemble(body, m.info.Image != nil)
	if err != nil {
		return nil, nil, err
	}
	return out, &m.info, nil
}

// bodies is the code section.
func (m *module) bodies() (body []byte, err error) {
	r := &reader{b: m.b}
	if m.sections[secCode].end == 0 && len(m.funcs) > 0 {
		r.fail(ErrMalformed, "%d functions without bodies", len(m.funcs))
	} else if m.sections[secCode].end == 0 {
		body = m.helperOnly()
	}
	m.section(r, secCode, func(r *reader) { body = m.code(r, make([]byte, 0, len(m.b)*3/2)) })
	return body, r.err
}

// assemble writes the module, with or without data and start section.
func (m *module) assemble(body []byte, without bool) ([]byte, error) {
	r := &reader{b: m.b}
	out := append(make([]byte, 0, len(m.b)*3/2+1024), m.b[:8]...)
	out = appendSection(out, secType, m.writeTypes())
	out = appendSection(out, secImport, m.writeImports())
	out = appendSection(out, secFunction, m.writeFunctions())
	out = m.writeTables(out)
	if m.memory {
		out = appendSection(out, secMemory, appendLimits([]byte{1}, m.info.MemoryMin, m.memoryMax))
	}
	out = appendSection(out, secGlobal, m.writeGlobals(r))
	out = appendSection(out, secExport, m.writeExports())
	if m.start >= 0 && !without {
		out = appendSection(out, secStart, appendU32(nil, m.shift(m.start)))
	}
	m.section(r, secElement, func(r *reader) {
		n := r.count("element segments")
		body := appendU32(nil, uint32(n))
		m.elements(r, n, &body)
		out = appendSection(out, secElement, body)
	})
	if !without {
		out = m.copySection(out, secDataCount)
	}
	out = appendSection(out, secCode, body)
	if !without {
		out = m.copySection(out, secData)
	}
	return out, r.err
}

func (m *module) copySection(out []byte, id int) []byte {
	s := m.sections[id]
	if s.end == 0 {
		return out
	}
	return appendSection(out, byte(id), m.b[s.pos:s.end])
}

// The two types the rewriter needs stand behind those of the module.
func (m *module) fuelType() uint32   { return uint32(len(m.types)) }
func (m *module) chargeType() uint32 { return uint32(len(m.types)) + 1 }

// fuelFunc is the index of the import, fuelGlobal that of the counter, chargeFunc that of the helper: behind the
// imports, the globals, and the functions of the module.
func (m *module) fuelFunc() uint32   { return uint32(len(m.imports)) }
func (m *module) fuelGlobal() uint32 { return uint32(len(m.globals)) }
func (m *module) chargeFunc() uint32 { return uint32(m.funcCount()) + 1 }

func (m *module) writeTypes() []byte {
	b := appendU32(nil, uint32(len(m.types))+2)
	for _, t := range m.types {
		b = appendName(append(b, 0x60), t.Params)
		b = appendName(b, t.Results)
	}
	b = append(b, 0x60, 0, 1, i64)
	return append(b, 0x60, 1, i32, 1, i32)
}

func (m *module) writeImports() []byte {
	b := appendU32(nil, uint32(len(m.imports))+1)
	for i, im := range m.info.Imports {
		b = appendName(appendName(b, im.Module), im.Name)
		b = appendU32(append(b, kindFunc), m.imports[i])
	}
	b = appendName(appendName(b, FuelModule), FuelFunc)
	return appendU32(append(b, kindFunc), m.fuelType())
}

func (m *module) writeFunctions() []byte {
	b := appendU32(nil, uint32(len(m.funcs))+1)
	for _, t := range m.funcs {
		b = appendU32(b, t)
	}
	return appendU32(b, m.chargeType())
}

func (m *module) writeTables(out []byte) []byte {
	if len(m.tables) == 0 {
		return out
	}
	b := appendU32(nil, uint32(len(m.tables)))
	for _, t := range m.tables {
		b = appendLimits(append(b, t.ref), t.lo, t.hi)
	}
	return appendSection(out, secTable, b)
}

func (m *module) writeGlobals(r *reader) []byte {
	b := appendU32(nil, uint32(len(m.globals))+1)
	for _, g := range m.globals {
		b = append(b, g.valueType, g.mutable)
		r.pos, r.end = g.init.pos, g.init.end
		m.constExpr(r, &b)
	}
	return append(b, i64, 1, opI64Const, 0, opEnd)
}

func (m *module) writeExports() []byte {
	own := m.ownExports()
	b := appendU32(nil, uint32(len(m.exports)+len(own)))
	for _, e := range append(m.exports, own...) {
		b = append(appendName(b, e.name), e.kind)
		item := uint32(e.item)
		if e.kind == kindFunc {
			item = m.shift(e.item)
		}
		b = appendU32(b, item)
	}
	return b
}

func (m *module) helperOnly() []byte {
	body := m.newChecks().helper(nil)
	return append(appendU32([]byte{1}, uint32(len(body))), body...)
}
