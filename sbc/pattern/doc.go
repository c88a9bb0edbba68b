// Package pattern turns text such as "$fU@$rd", "$H(P-Id)" or "$M($si=>ipmap)" into
// values of one call: parsed once when a configuration is loaded, evaluated by appending
// for every call.
//
// A pattern is literal text, escapes and variables:
//
//   - A variable is $ and one letter, and for most a second one that picks a part:
//     $f is the From header field, $fU the user of its URI. There is never a third letter:
//     $ci_leg2 is the Call-ID followed by "_leg2".
//   - The variable without a part ends at the next character that is no letter; where a
//     letter follows, a dot ends it and vanishes: "$r.x" is the Request-URI and "x".
//   - $H(name), $P(name), $V(name), $M(value=>map), $_u(value) take arguments in
//     parentheses. Those of $V, $M, $_ and $# are patterns themselves.
//   - A backslash escapes: \r, \n and \t are the control characters, any other character
//     stands for itself, so \$ \\ \( \) are literal.
//
// The table of variables is in table.go; Variables lists it.
//
// What a variable yields is a value and never evaluated again, so nobody can inject a
// pattern from the network. Nor can a line: CR, LF and NUL in what comes from a message,
// a map or a call variable become a space. A variable without a value yields nothing.
//
// A Pattern, a RegexMap and a Table are immutable and safe for concurrent use; an Env
// belongs to one goroutine at a time. The package starts no goroutines. It knows messages
// (sbc/sip) and nothing of calls, profiles or modules.
package pattern
