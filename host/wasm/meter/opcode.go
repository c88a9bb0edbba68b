package meter

import "fmt"

const (
	i32       = 0x7f
	i64       = 0x7e
	f32       = 0x7d
	f64       = 0x7c
	v128      = 0x7b
	funcref   = 0x70
	externref = 0x6f
)

const (
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opCall         = 0x10
	opCallIndirect = 0x11
	opLocalGet     = 0x20 // behind the instructions that may lead elsewhere
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opTableSet     = 0x26
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI64Const     = 0x42
	opI64LtS       = 0x53
	opI64Sub       = 0x7d
	opRefNull      = 0xd0
	opRefFunc      = 0xd2
	opNumeric      = 0xfc
	opSIMD         = 0xfd
)

// foreign names the instructions of proposals that are not part of WebAssembly 2.0: an author who compiled with one
// of them switched on should read its name.
var foreign = map[byte]string{
	0x06: "try", 0x07: "catch", 0x08: "throw", 0x09: "rethrow", 0x0a: "throw_ref",
	0x12: "return_call", 0x13: "return_call_indirect", 0x14: "call_ref", 0x15: "return_call_ref",
	0x18: "delegate", 0x19: "catch_all", 0x1f: "try_table",
	0xd3: "ref.eq", 0xd4: "ref.as_non_null", 0xd5: "br_on_null", 0xd6: "br_on_non_null",
	0xfb: "gc", 0xfe: "atomic",
}

func opcodeName(op byte) string {
	if s, ok := foreign[op]; ok {
		return fmt.Sprintf("instruction %s (%#02x)", s, op)
	}
	return fmt.Sprintf("instruction %#02x", op)
}

// memarg reads alignment and offset of a load or store. Alignments above 16 bytes carry flags of other proposals.
func (r *reader) memarg() {
	if align := r.u32(); align > 4 {
		r.fail(ErrUnsupported, "alignment %#x", align)
	}
	r.u32()
}

// blockType reads the type of a block: none, one value, or an index into the type section.
func (r *reader) blockType(types int) {
	start := r.pos
	v := r.signed(33)
	if v >= 0 {
		if v >= int64(types) {
			r.fail(ErrMalformed, "type index %d of %d", v, types)
		}
		return
	}
	if r.err != nil {
		return
	}
	if r.pos != start+1 {
		r.fail(ErrMalformed, "block type %d", v)
		return
	}
	switch c := r.b[start]; c {
	case 0x40, i32, i64, f32, f64, v128, funcref, externref:
	default:
		r.fail(ErrUnsupported, "block type %#x", c)
	}
}

// plain reads the immediates of every instruction that is copied as it stands. m is the module the instruction is in.
func (m *module) plain(r *reader, op byte) {
	switch {
	case op <= 0x01, op == opElse, op == opEnd, op == 0x0f, op == 0x1a, op == 0x1b,
		op >= 0x45 && op <= 0xc4, op == 0xd1:
	case op == opBlock, op == opIf, op == opLoop:
		r.blockType(len(m.types))
	case op == 0x0c, op == 0x0d, op >= 0x20 && op <= 0x22: // br, br_if, locals
		r.u32()
	case op == 0x0e: // br_table
		for n := r.count("branch targets") + 1; n > 0 && r.err == nil; n-- {
			r.u32()
		}
	case op == opCallIndirect:
		r.index("type", len(m.types))
		r.index("table", len(m.tables))
	case op == 0x1c: // select with types
		for n := r.count("types"); n > 0 && r.err == nil; n-- {
			r.valueType()
		}
	case op == opGlobalGet, op == opGlobalSet:
		r.index("global", len(m.globals))
	case op == 0x25:
		r.index("table", len(m.tables))
	case op == opTableSet:
		r.index("table", len(m.tables))
		m.keep(changesTables)
	case op >= 0x28 && op <= 0x3e:
		r.memarg()
	case op == 0x3f, op == opMemoryGrow:
		r.zero("memory index")
	case op == opI32Const:
		r.signed(32)
	case op == opI64Const:
		r.signed(64)
	case op == 0x43:
		r.skip(4)
	case op == 0x44:
		r.skip(8)
	case op == opRefNull:
		r.refType()
	case op == opSIMD:
		r.simd()
	default:
		r.pos--
		r.fail(ErrUnsupported, "%s", opcodeName(op))
	}
}

// sub reads the number behind a prefix. It must stand in its shortest form: wazero reads the number behind 0xfd as one
// byte and takes the second byte of the shortest form, always 1, for a nop. Any other form would let it see other
// instructions than the ones counted here.
func (r *reader) sub() uint32 {
	start := r.pos
	v := r.u32()
	if r.err == nil && (v >= 1<<8 || r.pos-start != len(appendU32(nil, v))) {
		r.pos = start - 1
		r.fail(ErrUnsupported, "instruction %#02x %#x", r.b[start-1], v)
	}
	return v
}

// simd reads what follows the prefix 0xfd.
func (r *reader) simd() {
	switch sub := r.sub(); {
	case sub <= 11, sub == 92, sub == 93:
		r.memarg()
	case sub == 12, sub == 13: // v128.const, i8x16.shuffle
		r.skip(16)
	case sub >= 21 && sub <= 34: // lanes
		r.u8()
	case sub >= 84 && sub <= 91:
		r.memarg()
		r.u8()
	}
}

// numeric reads what follows the prefix 0xfc and reports whether the length of a bulk operation is on top of the
// stack: such an instruction is charged by that length.
func (m *module) numeric(r *reader) (bulk bool) {
	start := r.pos - 1
	switch sub := r.sub(); sub {
	case 0, 1, 2, 3, 4, 5, 6, 7: // saturating truncation
		return false
	case 8: // memory.init
		m.keep(usesData)
		r.index("data segment", m.dataCount)
		r.zero("memory index")
	case 9: // data.drop
		m.keep(usesData)
		r.index("data segment", m.dataCount)
		return false
	case 10: // memory.copy
		r.zero("memory index")
		r.zero("memory index")
	case 11: // memory.fill
		r.zero("memory index")
	case 12: // table.init
		m.keep(changesTables)
		r.index("element segment", m.elemCount)
		r.index("table", len(m.tables))
	case 13: // elem.drop
		m.keep(changesTables)
		r.index("element segment", m.elemCount)
		return false
	case 14: // table.copy
		m.keep(changesTables)
		r.index("table", len(m.tables))
		r.index("table", len(m.tables))
	case 15, 17: // table.grow, table.fill
		m.keep(changesTables)
		r.index("table", len(m.tables))
	case 16: // table.size
		r.index("table", len(m.tables))
		return false
	default:
		r.pos = start
		r.fail(ErrUnsupported, "instruction 0xfc %#x", sub)
		return false
	}
	return true
}
