package sip

import (
	"net/netip"
	"strconv"
	"strings"
)

// URI is a parsed URI. Of a sip or sips URI, all fields but Opaque are used; of a tel
// URI, User is the number and Params its parameters; of any other, Opaque is all that
// follows the scheme.
type URI struct {
	Scheme   string // lower case when it is sip, sips or tel
	User     string // as written, %-escapes kept
	Password string // as written
	Host     string // without brackets when it is an IPv6 address
	Port     uint16 // 0 = none
	Params   Params // with the first semicolon
	Headers  string // what follows "?"
	Opaque   string
}

func uriError(reason string) error { return &SyntaxError{"URI", reason} }

// ParseURI parses a URI (RFC 3261 §19.1.1, RFC 3966). Of schemes other than sip, sips
// and tel it looks at the characters only. It is a little wider than the grammar where
// phones are: "_" in host names, "#" and the like in the user part.
func ParseURI(s string) (URI, error) {
	colon := strings.IndexByte(s, ':')
	if colon <= 0 || !validScheme(s[:colon]) {
		return URI{}, uriError("no scheme")
	}
	u, rest := URI{Scheme: s[:colon]}, s[colon+1:]
	if !all(rest, uriChar) {
		return URI{}, uriError("invalid character")
	}
	switch {
	case equalFold(u.Scheme, "sip"):
		u.Scheme = "sip"
	case equalFold(u.Scheme, "sips"):
		u.Scheme = "sips"
	case equalFold(u.Scheme, "tel"):
		u.Scheme = "tel"
		return u, u.parseTel(rest)
	default:
		u.Opaque = rest
		return u, nil
	}
	return u, u.parseSIP(rest)
}

func validScheme(s string) bool {
	if c := lower(s[0]); c < 'a' || c > 'z' {
		return false
	}
	for i := 1; i < len(s); i++ {
		c := lower(s[i])
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// parseTel takes apart what follows "tel:".
func (u *URI) parseTel(s string) error {
	if i := strings.IndexByte(s, ';'); i >= 0 {
		s, u.Params = s[:i], Params(s[i:])
	}
	if u.User = s; s == "" {
		return uriError("no number")
	}
	for i := 0; i < len(s); i++ {
		c := lower(s[i])
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && strings.IndexByte("+-.()*#", c) < 0 {
			return uriError("invalid number")
		}
	}
	return u.checkParams()
}

// parseSIP takes apart what follows "sip:" or "sips:".
func (u *URI) parseSIP(s string) error {
	// A user part may hold ";" and "?", so "@" is looked for first. No other part may
	// hold it, so it is the only one.
	if at := strings.IndexByte(s, '@'); at >= 0 {
		u.User, s = s[:at], s[at+1:]
		if i := strings.IndexByte(u.User, ':'); i >= 0 {
			u.User, u.Password = u.User[:i], u.User[i+1:]
		}
		if !validEscapes(u.User) || !validEscapes(u.Password) {
			return uriError("invalid escape")
		}
		if strings.IndexByte(u.Password, ':') >= 0 {
			return uriError("invalid password")
		}
		if strings.IndexByte(s, '@') >= 0 {
			return uriError("more than one @")
		}
	}
	if i := strings.IndexByte(s, '?'); i >= 0 {
		s, u.Headers = s[:i], s[i+1:]
	}
	if i := strings.IndexByte(s, ';'); i >= 0 {
		s, u.Params = s[:i], Params(s[i:])
	}
	host, rest, ok := cutHost(s)
	if !ok {
		return uriError("invalid host")
	}
	u.Host = host
	if rest != "" {
		if u.Port, ok = cutPort(rest); !ok {
			return uriError("invalid port")
		}
	}
	return u.checkParams()
}

func (u *URI) checkParams() error {
	if _, ok := u.Params.check(); !ok {
		return uriError("invalid parameter")
	}
	return nil
}

// cutHost cuts a host off s: a name, an IPv4 address, or an IPv6 address in brackets,
// which it takes away.
func cutHost(s string) (host, rest string, ok bool) {
	if s != "" && s[0] == '[' {
		i := strings.IndexByte(s, ']')
		if i < 0 {
			return "", "", false
		}
		host = s[1:i]
		a, err := netip.ParseAddr(host)
		return host, s[i+1:], err == nil && a.Is6() && a.Zone() == ""
	}
	i := 0
	for i < len(s) && chars[s[i]]&hostChar != 0 {
		i++
	}
	return s[:i], s[i:], i > 0
}

// cutPort reads ":port", 1 to 65535.
func cutPort(s string) (uint16, bool) {
	if s[0] != ':' || len(s) > 6 {
		return 0, false
	}
	n, ok := number(s[1:], 65535)
	return uint16(n), ok && n > 0
}

// String returns the URI as text.
func (u URI) String() string { return string(u.Append(nil)) }

// Append appends the URI as text.
func (u URI) Append(dst []byte) []byte {
	dst = append(append(dst, u.Scheme...), ':')
	if u.Opaque != "" {
		return append(dst, u.Opaque...)
	}
	dst = append(dst, u.User...)
	if u.Password != "" {
		dst = append(append(dst, ':'), u.Password...)
	}
	if u.Host != "" {
		if u.User != "" || u.Password != "" {
			dst = append(dst, '@')
		}
		dst = appendHostPort(dst, u.Host, u.Port)
	}
	dst = append(dst, u.Params...)
	if u.Headers != "" {
		dst = append(append(dst, '?'), u.Headers...)
	}
	return dst
}

// appendHostPort appends a host, in brackets when it is an IPv6 address, and its port
// unless that is 0.
func appendHostPort(dst []byte, host string, port uint16) []byte {
	if strings.IndexByte(host, ':') >= 0 {
		dst = append(append(append(dst, '['), host...), ']')
	} else {
		dst = append(dst, host...)
	}
	if port != 0 {
		dst = strconv.AppendUint(append(dst, ':'), uint64(port), 10)
	}
	return dst
}

// Param returns the value of a URI parameter, name and value with their %-escapes
// decoded (RFC 3261 §19.1.4: "%6C%72" is "lr").
func (u URI) Param(name string) (value string, ok bool) {
	if strings.IndexByte(string(u.Params), '%') < 0 {
		return u.Params.Get(name)
	}
	for n, v := range u.Params.All() {
		if equalFold(Unescape(n), name) {
			return Unescape(v), true
		}
	}
	return "", false
}

// Unescape decodes the %-escapes of a part of a URI. What is no escape stays.
func Unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && hex(s[i+1]) >= 0 && hex(s[i+2]) >= 0 {
			b = append(b, byte(hex(s[i+1])<<4|hex(s[i+2])))
			i += 2
			continue
		}
		b = append(b, s[i])
	}
	return string(b)
}

// EscapeUser encodes s for the user part of a URI: whatever may not stand there, and
// the percent sign, becomes an escape.
func EscapeUser(s string) string {
	const digits = "0123456789ABCDEF"
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if chars[c]&tokenChar != 0 && c != '%' && c != '`' || strings.IndexByte("()&=$,;?/", c) >= 0 {
			b = append(b, c)
		} else {
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	return string(b)
}

func validEscapes(s string) bool {
	for i := strings.IndexByte(s, '%'); i >= 0; {
		if i+2 >= len(s) || hex(s[i+1]) < 0 || hex(s[i+2]) < 0 {
			return false
		}
		s = s[i+3:]
		i = strings.IndexByte(s, '%')
	}
	return true
}

func hex(c byte) int {
	switch c = lower(c); {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
