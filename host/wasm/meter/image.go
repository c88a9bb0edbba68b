package meter

import "strconv"

// Why a module keeps its data and its start section: the state of an instance is then more than its memory and its
// globals, or cannot be told from outside.
const (
	usesData      = "it works with data segments while it runs"
	changesTables = "it changes tables while it runs"
)

// maxGlobals is the most mutable globals that are exported.
const maxGlobals = 256

// keep notes why the module stays whole. The first reason stays.
func (m *module) keep(why string) {
	if m.whole == "" {
		m.whole = why
	}
}

// takeImage decides whether the module gives up its data and its start section. All of it has been read.
func (m *module) takeImage() {
	if !m.memory {
		m.keep("it has no memory")
	}
	if m.start >= 0 && m.funcType(m.start) != (FuncType{}) {
		m.keep("its start function is not one") // the compiler will refuse it
	}
	for _, g := range m.globals {
		if g.mutable == 0 {
			continue
		}
		switch g.valueType {
		case i32, i64, f32, f64:
			m.image.Globals++
		default:
			m.keep("it has a global variable that is a reference or a vector")
		}
	}
	if m.image.Globals > maxGlobals {
		m.keep("it has more than " + strconv.Itoa(maxGlobals) + " global variables")
	}
	if m.info.Whole = m.whole; m.whole == "" {
		m.image.Start = m.start >= 0
		m.info.Image = &m.image
	}
}

// ownExports are what the rewriter adds.
func (m *module) ownExports() []export {
	own := []export{{FuelGlobal, kindGlobal, int(m.fuelGlobal())}}
	if m.info.Image == nil {
		return own
	}
	if m.start >= 0 {
		own = append(own, export{StartFunc, kindFunc, m.start})
	}
	n := 0
	for i, g := range m.globals {
		if g.mutable != 0 {
			own = append(own, export{GlobalPrefix + strconv.Itoa(n), kindGlobal, i})
			n++
		}
	}
	return own
}
