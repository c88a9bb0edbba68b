package meter

// constExpr reads a constant expression: one instruction and an end. When out is not nil the expression is appended
// to it with the function index of a ref.func shifted.
func (m *module) constExpr(r *reader, out *[]byte) {
	start := r.pos
	switch op := r.u8(); op {
	case opI32Const:
		r.signed(32)
	case opI64Const:
		r.signed(64)
	case 0x43:
		r.skip(4)
	case 0x44:
		r.skip(8)
	case opSIMD:
		if sub := r.sub(); sub != 12 {
			r.fail(ErrUnsupported, "constant expression with 0xfd %#x", sub)
		}
		r.skip(16)
	case opRefNull:
		r.refType()
	case opRefFunc:
		f := r.index("function", m.funcCount())
		if out != nil && r.err == nil {
			*out = appendU32(append(*out, opRefFunc), m.shift(f))
			start = r.pos
		}
	case opGlobalGet:
		r.index("global", len(m.globals))
	default:
		r.pos = start
		r.fail(ErrUnsupported, "constant expression with %s", opcodeName(op))
	}
	if end := r.u8(); end != opEnd {
		r.fail(ErrUnsupported, "constant expression of more than one instruction")
	}
	if out != nil && r.err == nil {
		*out = append(*out, r.b[start:r.pos]...)
	}
}

// elements reads n element segments in all eight forms. When out is not nil they are appended to it with function
// indexes shifted.
func (m *module) elements(r *reader, n int, out *[]byte) {
	// keep copies what was read since the last call.
	from := r.pos
	keep := func() {
		if out != nil && r.err == nil {
			*out = append(*out, r.b[from:r.pos]...)
		}
		from = r.pos
	}
	expr := func() {
		keep()
		m.constExpr(r, out)
		from = r.pos
	}
	for ; n > 0 && r.err == nil; n-- {
		flag := r.u32()
		if flag > 7 {
			r.fail(ErrUnsupported, "element segment flag %d", flag)
			return
		}
		active, explicit, exprs := flag&1 == 0, flag&2 != 0, flag&4 != 0
		if active {
			if explicit {
				r.index("table", len(m.tables))
			} else if len(m.tables) == 0 {
				r.fail(ErrMalformed, "element segment without a table")
			}
			expr()
		}
		if !active || explicit {
			if exprs {
				r.refType()
			} else if kind := r.u8(); kind != 0 {
				r.fail(ErrUnsupported, "element kind %d", kind)
			}
		}
		for k := r.count("elements"); k > 0 && r.err == nil; k-- {
			if exprs {
				expr()
				continue
			}
			keep()
			f := r.index("function", m.funcCount())
			if out != nil && r.err == nil {
				*out = appendU32(*out, m.shift(f))
			}
			from = r.pos
		}
		keep()
	}
}
