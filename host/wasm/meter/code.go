package meter

const (
	// leaf is the number of instructions up to which a function without calls and loops pays nothing: its callers
	// have paid for the call, and it cannot recurse.
	leaf = 32
	// growCost is the price of a memory.grow beside its length, in units: the host may have to move the memory.
	growCost = 20_000
	// full is the number of instructions up to which a loop head or a function pays for each. Of those beyond it pays
	// for one in share: the Go compiler puts the whole of a function into one loop around a jump table, so that a turn
	// runs a small part of what stands there. That a turn may run all of it makes the fuel last share times longer at
	// most.
	full, share = 64, 32
	// maxLocals is the most locals a function may declare; wazero has the same limit.
	maxLocals = 50_000
)

// edit is a place in a function body where the output differs from the input.
type edit struct {
	kind editKind
	at   int    // position in the file before which the output differs
	skip int    // bytes of the input that are left out
	n    uint32 // shifted function index, or units of fuel
}

type editKind uint8

const (
	editCall  editKind = iota // another function index
	editCheck                 // a fuel check: n units
	editBulk                  // pay by the number on top of the stack
	editGrow                  // the same, and a fixed price
)

// scanner holds what is reused from function to function.
type scanner struct {
	edits []edit
	// open are the blocks that have not ended: -1 for block and if, the index of its edit for a loop.
	open []int
	// cost counts the instructions since the head of each loop that is open; cost[0] is the function itself.
	cost []uint32
}

// code appends all function bodies with their checks to out.
func (m *module) code(r *reader, out []byte) []byte {
	n := r.count("function bodies")
	if n != len(m.funcs) {
		r.fail(ErrMalformed, "%d function bodies for %d functions", n, len(m.funcs))
		return out
	}
	bound := len(out) + 4*len(m.b) + 4096
	// The helper stands behind all functions of the module, so that no index moves for its sake.
	out = appendU32(out, uint32(n)+1)
	var (
		s     scanner
		body  []byte
		check = m.newChecks()
		whole = r.end
	)
	for range n {
		size := r.count("bytes of a function")
		if r.err != nil {
			return out
		}
		r.end = r.pos + size
		start := r.pos
		m.locals(r)
		first := r.pos
		entry := m.scan(r, &s)
		if r.err != nil {
			return out
		}
		body = append(body[:0], r.b[start:first]...)
		if entry > 0 {
			body = check.append(body, entry)
			m.info.Checks++
		}
		last := first
		for _, e := range s.edits {
			body = append(body, r.b[last:e.at]...)
			last = e.at + e.skip
			switch e.kind {
			case editCall:
				body = appendU32(body, e.n)
			case editCheck:
				body = check.append(body, e.n)
				m.info.Checks++
			case editGrow:
				body = check.debit(body, growCost)
				body = check.charge(body)
			case editBulk:
				body = check.charge(body)
			}
		}
		body = append(body, r.b[last:r.end]...)
		out = appendU32(out, uint32(len(body)))
		out = append(out, body...)
		if len(out) > bound {
			r.fail(ErrLimit, "module with fuel checks is more than four times as large")
			return out
		}
		r.pos, r.end = r.end, whole
	}
	body = check.helper(body[:0])
	out = appendU32(out, uint32(len(body)))
	return append(out, body...)
}

func (m *module) locals(r *reader) {
	var total uint64
	for n := r.count("groups of locals"); n > 0 && r.err == nil; n-- {
		total += uint64(r.u32())
		r.valueType()
		if total > maxLocals {
			r.fail(ErrLimit, "%d locals, at most %d", total, maxLocals)
		}
	}
}

// scan decodes one function body, fills s.edits and returns what its entry must pay: 0 for a small leaf, and for a
// function that begins with a loop, as most do that the Go compiler makes.
func (m *module) scan(r *reader, s *scanner) (entry uint32) {
	s.edits, s.open, s.cost = s.edits[:0], append(s.open[:0], -1), append(s.cost[:0], 0)
	calls := false
	// Until the first instruction that may lead elsewhere, a loop head is reached whenever the function is.
	straight, guarded := true, false
	for r.err == nil && r.left() > 0 {
		at := r.pos
		if len(s.open) == 0 {
			r.fail(ErrMalformed, "code after the end of a function")
			return 0
		}
		s.cost[len(s.cost)-1]++
		switch op := r.u8(); op {
		case opLoop:
			m.plain(r, op)
			s.open = append(s.open, len(s.edits))
			s.edits = append(s.edits, edit{kind: editCheck, at: r.pos})
			s.cost = append(s.cost, 1)
			guarded = guarded || straight
		case opBlock, opIf:
			m.plain(r, op)
			s.open = append(s.open, -1)
			straight = straight && op == opBlock
		case opEnd:
			straight = false
			if e := s.open[len(s.open)-1]; e >= 0 {
				s.edits[e].n = price(s.cost[len(s.cost)-1])
				s.cost = s.cost[:len(s.cost)-1]
			}
			s.open = s.open[:len(s.open)-1]
		case opCall, opRefFunc:
			pos := r.pos
			f := r.index("function", m.funcCount())
			s.edits = append(s.edits, edit{kind: editCall, at: pos, skip: r.pos - pos, n: m.shift(f)})
			if op == opCall {
				calls, straight = true, false
			}
		case opCallIndirect:
			m.plain(r, op)
			calls, straight = true, false
		case opMemoryGrow:
			m.plain(r, op)
			s.edits = append(s.edits, edit{kind: editGrow, at: at})
		case opNumeric:
			if m.numeric(r) {
				s.edits = append(s.edits, edit{kind: editBulk, at: at})
			}
		default:
			m.plain(r, op)
			straight = straight && op >= opLocalGet
		}
	}
	if len(s.open) != 0 {
		r.fail(ErrMalformed, "function without an end")
	}
	if calls && !guarded || s.cost[0] > leaf {
		return price(s.cost[0])
	}
	return 0
}

func price(instructions uint32) uint32 {
	if instructions <= full {
		return instructions
	}
	return full + (instructions-full)/share
}
