package sdk

// JSON is a value of a JSON text, which it points into.
type JSON struct{ raw []byte }

// ParseJSON checks a JSON text of one value.
func ParseJSON(text []byte) (JSON, bool) {
	at := space(text, 0)
	end := value(text, at, 0)
	if end < 0 || space(text, end) != len(text) {
		return JSON{}, false
	}
	return JSON{text[at:end]}, true
}

// IsNull reports whether it is null, or no value at all.
func (j JSON) IsNull() bool { return len(j.raw) == 0 || j.raw[0] == 'n' }

// IsObject and IsArray tell what Members and Items are for.
func (j JSON) IsObject() bool { return len(j.raw) > 0 && j.raw[0] == '{' }

// IsArray reports whether it is an array.
func (j JSON) IsArray() bool { return len(j.raw) > 0 && j.raw[0] == '[' }

// Text is a string without its quotes and escapes, and anything else as it is
// written; "" for null.
func (j JSON) Text() string {
	if j.IsNull() {
		return ""
	}
	if j.raw[0] != '"' {
		return string(j.raw)
	}
	s, _ := unquote(j.raw)
	return s
}

// Members calls f for each member of an object, in order, until f returns false. It
// reports false then, and when it is no object.
func (j JSON) Members(f func(name string, v JSON) bool) bool {
	fields, ok := object(j.raw)
	for i := 0; ok && i < len(fields); i++ {
		ok = f(fields[i].name, JSON{fields[i].raw})
	}
	return ok
}

// Items calls f for each item of an array, as Members does.
func (j JSON) Items(f func(v JSON) bool) bool {
	return array(j.raw, func(item []byte) bool { return f(JSON{item}) })
}
