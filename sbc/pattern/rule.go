package pattern

import "strconv"

// Rule returns the rule that Append would use for key, as it would stand in a file; "" when
// there is none.
func (m *RegexMap) Rule(key string) string {
	i := m.find(key)
	if i < 0 {
		return ""
	}
	r := m.rules[i]
	b := append([]byte(r.expr), "=>"...)
	for _, p := range r.value {
		if p.group >= 0 {
			b = strconv.AppendInt(append(b, '\\'), int64(p.group), 10)
			continue
		}
		for j := range len(p.literal) {
			if p.literal[j] == '\\' {
				b = append(b, '\\')
			}
			b = append(b, p.literal[j])
		}
	}
	return string(b)
}

// Rule returns the rule that Append would use, as RegexMap's does.
func (m *PrefixMap) Rule(key string) string {
	if i := m.find(key); i >= 0 {
		return m.rules[i].text()
	}
	return ""
}

// Rule returns the rule that Append would use, as RegexMap's does.
func (m *ExactMap) Rule(key string) string {
	if p, ok := m.rules[key]; ok {
		return p.text()
	}
	return ""
}

// Rule returns the rule that Append would use, as RegexMap's does.
func (m *CIDRMap) Rule(key string) string {
	if i := m.find(key); i >= 0 {
		return m.rules[i].text()
	}
	return ""
}

func (p plain) text() string { return p.key + "=>" + p.value }
