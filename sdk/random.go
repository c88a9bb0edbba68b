package sdk

// Random is 64 random bits from the host, good enough for keys. It is never
// the same in two instances, also when it is the first number after Init; the
// functions of math/rand are, since an instance begins as a copy of another.
// What a module draws in Init, all its instances share. A host function each.
func Random() uint64 { return random() }
