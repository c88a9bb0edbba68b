package meter

// checks writes the instructions that the rewriter adds.
type checks struct {
	// get and set are global.get and global.set of the fuel; refill asks the host when it is below zero; call is the
	// call of the helper.
	get, set, refill, call []byte
}

func (m *module) newChecks() checks {
	c := checks{
		get:  appendU32([]byte{opGlobalGet}, m.fuelGlobal()),
		set:  appendU32([]byte{opGlobalSet}, m.fuelGlobal()),
		call: appendU32([]byte{opCall}, m.chargeFunc()),
	}
	c.refill = append(c.refill, c.get...)
	c.refill = append(c.refill, opI64Const, 0, opI64LtS, opIf, 0x40, opCall)
	c.refill = appendU32(c.refill, m.fuelFunc())
	c.refill = append(c.refill, c.set...)
	c.refill = append(c.refill, opEnd)
	return c
}

// debit takes n units: fuel = fuel - n.
func (c checks) debit(b []byte, n uint32) []byte {
	b = append(b, c.get...)
	b = appendS64(append(b, opI64Const), int64(n))
	b = append(b, opI64Sub)
	return append(b, c.set...)
}

// append writes a check: take n units and ask the host when none are left. It needs nothing of the stack.
func (c checks) append(b []byte, n uint32) []byte {
	return append(c.debit(b, n), c.refill...)
}

// charge writes a call of the helper, which takes the number on top of the stack and puts it back.
func (c checks) charge(b []byte) []byte { return append(b, c.call...) }

// helper writes the body of a function (n i32) → i32 that returns n and takes a unit for each 16 bytes or entries of
// it. Behind an instruction that has nothing but its operands on the stack this needs no local.
func (c checks) helper(b []byte) []byte {
	const localGet, extendU, shrU = 0x20, 0xad, 0x88
	b = append(b, 0) // no locals
	b = append(b, c.get...)
	b = append(b, localGet, 0, extendU, opI64Const, 4, shrU, opI64Sub)
	b = append(b, c.set...)
	b = append(b, c.refill...)
	return append(b, localGet, 0, opEnd)
}
