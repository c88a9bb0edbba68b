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
			m.constExpr(r, nil)
		case 1:
		default:
			r.fail(ErrUnsupported, "data segment flag %d", flag)
		}
		r.skip(r.count("bytes of data"))
	}
}
