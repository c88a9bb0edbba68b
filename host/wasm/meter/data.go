package meter

// data checks the data segments, which are then copied as they are: their offsets must not name the fuel.
func (m *module) data(r *reader) {
	n := r.count("data segments")
	if m.sections[secDataCount].end != 0 && n != m.dataCount {
		r.fail(ErrMalformed, "%d data segments, data count %d", n, m.dataCount)
	}
	for ; n > 0 && r.err == nil; n-- {
		flag := r.u32()
		switch flag {
		case 0, 2:
			if !m.memory {
				r.fail(ErrMalformed, "data segment without a memory")
			}
			if flag == 2 {
				r.zero("memory index")
			}
			if d, ok := r.offset(); ok {
				m.image.Data = append(m.image.Data, Data{Offset: d})
			} else {
				m.keep("the place of its data is computed")
			}
			m.constExpr(r, nil)
		case 1:
			m.keep("it has passive data")
		default:
			r.fail(ErrUnsupported, "data segment flag %d", flag)
		}
		n := r.count("bytes of data")
		if k := len(m.image.Data) - 1; m.whole == "" && r.err == nil {
			m.image.Data[k].Bytes = r.b[r.pos : r.pos+n : r.pos+n]
		}
		r.skip(n)
	}
}

// offset looks at the constant expression that comes and returns its value, if it is an i32.const.
func (r *reader) offset() (uint32, bool) {
	ahead := *r
	if ahead.u8() != opI32Const {
		return 0, false
	}
	v := ahead.signed(32)
	return uint32(v), ahead.err == nil
}
