package sdk

// JSON is a value of a JSON text.
type JSON struct{ raw string } // valid, or empty

// ParseJSON checks a JSON text of one value. It keeps a copy of the text, which names and
// texts point into.
func ParseJSON(text []byte) (JSON, bool) { return parseJSON(string(text)) }

func parseJSON(s string) (JSON, bool) {
	at := space(s, 0)
	end := value(s, at, 0)
	if end < 0 || space(s, end) != len(s) {
		return JSON{}, false
	}
	return JSON{s[at:end]}, true
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
		return j.raw
	}
	s, _ := unquote(j.raw)
	return s
}

// Members calls f for each member of an object, in order, until f returns false. It
// reports false then, and when it is no object.
func (j JSON) Members(f func(name string, v JSON) bool) bool {
	if !j.IsObject() {
		return false
	}
	for i := space(j.raw, 1); j.raw[i] != '}'; i = next(j.raw, i) {
		end := text(j.raw, i)
		name, _ := unquote(j.raw[i:end])
		i = space(j.raw, space(j.raw, end)+1)
		end = value(j.raw, i, 1)
		if !f(name, JSON{j.raw[i:end]}) {
			return false
		}
		i = end
	}
	return true
}

// Items calls f for each item of an array, as Members does.
func (j JSON) Items(f func(v JSON) bool) bool {
	if !j.IsArray() {
		return false
	}
	for i := space(j.raw, 1); j.raw[i] != ']'; i = next(j.raw, i) {
		end := value(j.raw, i, 1)
		if !f(JSON{j.raw[i:end]}) {
			return false
		}
		i = end
	}
	return true
}

// next is where the next part begins behind one that ends at i, or the end of all.
func next(s string, i int) int {
	if i = space(s, i); s[i] == ',' {
		return space(s, i+1)
	}
	return i
}
