package pattern

// A row is one variable: the letter behind the $, the value of the letter alone and the
// values of its parts. To add a variable is to add a row.
type row struct {
	letter byte
	of     source // the address that parts are parts of
	whole  value  // no eval: the letter does not stand alone
	parts  []part
}

// A part is the second letter of a variable.
type part struct {
	letter byte
	value
}

// A value is what a variable or a part of it stands for.
type value struct {
	eval  evalFunc
	doc   string // with "the address" standing for what the variable names
	args  args
	uses  uses
	later string // what it needs that does not exist yet
}

// args says what stands in parentheses behind a variable.
type args uint8

const (
	noArgs      args = iota
	mayName          // (parameter), may be missing
	key              // (name)
	header           // (header field)
	headerParam      // (header field)(parameter), the second may be missing
	nested           // (pattern)
	mapped           // (pattern=>map)
	alias            // the letter itself is the parenthesis
)

const registrations = "the registration cache"

var table = [...]row{
	{letter: 'm', whole: value{eval: method, doc: "method"}},
	{letter: 'r', of: ofRURI, whole: value{eval: requestURI, doc: "Request-URI"}, parts: uriParts},
	{letter: 'f', of: ofFrom, whole: value{eval: wholeAddress, doc: "From header field"}, parts: tagParts},
	{letter: 't', of: ofTo, whole: value{eval: wholeAddress, doc: "To header field"}, parts: tagParts},
	{letter: 'a', of: ofAsserted, whole: value{eval: wholeAddress, doc: "P-Asserted-Identity header field"}, parts: identityParts},
	{letter: 'p', of: ofPreferred, whole: value{eval: wholeAddress, doc: "P-Preferred-Identity header field"}, parts: identityParts},
	{letter: 'c', whole: value{eval: callID, doc: "Call-ID"}, parts: []part{
		{'i', value{eval: callID, doc: "Call-ID"}},
	}},
	{letter: 's', parts: []part{
		{'i', value{eval: sourceIP, doc: "IP address the request came from"}},
		{'p', value{eval: sourcePort, doc: "port the request came from"}},
	}},
	{letter: 'd', parts: []part{
		{'i', value{eval: destinationHost, doc: "host of the first next hop, else of the Request-URI", uses: usesDestination}},
		{'p', value{eval: destinationPort, doc: "port of the first next hop, else of the Request-URI", uses: usesDestination}},
	}},
	{letter: 'R', parts: []part{
		{'i', value{eval: localIP, doc: "IP address the request was received on"}},
		{'p', value{eval: localPort, doc: "port the request was received on"}},
		{'f', value{eval: interfaceNumber, doc: "number of the interface it was received on, from 0"}},
		{'n', value{eval: interfaceName, doc: "name of the interface it was received on"}},
		{'I', value{eval: publicIP, doc: "public IP address of that interface"}},
	}},
	{letter: 'u', parts: []part{
		{'c', value{eval: nothing, doc: "registered contact of the Request-URI's user", later: registrations}},
		{'s', value{eval: nothing, doc: "source address of that registration", later: registrations}},
		{'i', value{eval: nothing, doc: "interface of that registration", later: registrations}},
	}},
	{letter: 'U', parts: []part{
		{'a', value{eval: nothing, doc: "address of record of the registered caller", later: registrations}},
		{'A', value{eval: nothing, doc: "alias of the registered caller", later: registrations}},
	}},
	{letter: 'P', whole: value{eval: appParam, args: key, doc: "value of that key in P-App-Param (a=b;c=d)"}},
	{letter: 'H', of: ofHeader, whole: value{eval: headerField, args: header, doc: "header field; several are joined with a comma"}, parts: headerParts},
	{letter: 'V', whole: value{eval: callVariable, args: nested, uses: usesVar, doc: "variable of the call"}},
	{letter: 'M', whole: value{eval: mappedValue, args: mapped, doc: "what the map makes of the value"}},
	{letter: '_', parts: []part{
		{'u', value{eval: upper, args: nested, doc: "argument in upper case (ASCII)"}},
		{'l', value{eval: lower, args: nested, doc: "argument in lower case (ASCII)"}},
		{'s', value{eval: size, args: nested, doc: "length of the argument in bytes"}},
		{'5', value{eval: digest, args: nested, doc: "MD5 of the argument in hexadecimal"}},
		{'r', value{eval: random, args: nested, doc: "random number from 0 to the argument - 1"}},
		{'t', value{eval: lastThree, args: nested, doc: "last three characters of the argument"}},
	}},
	{letter: '#', whole: value{eval: urlEncode, args: nested, doc: "argument encoded for a URL; a space becomes +"}},
	{letter: '(', whole: value{eval: nothing, args: alias, doc: "other names: $(ruri.user) is $rU, $(paramhdr) is $P(profile)"}},
}

// uriParts are the parts of an address, whether URI or name-addr.
var uriParts = []part{
	{'u', value{eval: uriUserHost, doc: "user@host[:port] of the address, without the scheme"}},
	{'U', value{eval: uriUser, doc: "user of the address, of a tel URI the number"}},
	{'d', value{eval: uriDomain, doc: "host[:port] of the address"}},
	{'h', value{eval: uriHost, doc: "host of the address"}},
	{'p', value{eval: uriPort, doc: "port of the address"}},
	{'H', value{eval: uriHeaders, doc: "headers of the address's URI, behind the ?"}},
	{'P', value{eval: uriParams, args: mayName, doc: "URI parameters of the address, or the one named"}},
	{'n', value{eval: displayName, doc: "display name of the address, escaped as between quotes"}},
}

var (
	tagParts      = with(uriParts, part{'t', value{eval: tag, doc: "tag"}})
	identityParts = with(uriParts, part{'i', value{eval: uriUserHost, doc: "as u"}})
	headerParts   = named(uriParts)
)

// aliasRow is a variable with a name of its own.
type aliasRow struct {
	name string
	node node
}

var aliases = [...]aliasRow{
	{"ruri.user", node{eval: uriUser, of: ofRURI}},
	{"paramhdr", node{eval: appParam, name: "profile"}},
}

// with returns parts and one more.
func with(parts []part, more part) []part {
	return append(parts[:len(parts):len(parts)], more)
}

// named returns the same parts of an address in the header field given by name.
func named(parts []part) []part {
	out := make([]part, len(parts))
	for i, p := range parts {
		if out[i] = p; p.args == mayName {
			out[i].args = headerParam
		} else {
			out[i].args = header
		}
	}
	return out
}

func rowOf(letter byte) *row {
	for i := range table {
		if table[i].letter == letter {
			return &table[i]
		}
	}
	return nil
}

func partOf(parts []part, letter byte) *part {
	for i := range parts {
		if parts[i].letter == letter {
			return &parts[i]
		}
	}
	return nil
}

// A Variable describes one variable to people.
type Variable struct {
	Pattern   string // how it is written: "$HP(name)(parameter)"
	Meaning   string
	Available bool // false: Parse does not take it yet
}

// Variables lists all variables in the order of the table.
func Variables() []Variable {
	var out []Variable
	for _, r := range table {
		if r.whole.eval != nil {
			out = append(out, describe("$"+string(rune(r.letter)), r.whole))
		}
		for _, p := range r.parts {
			out = append(out, describe("$"+string(rune(r.letter))+string(rune(p.letter)), p.value))
		}
	}
	return out
}

func describe(name string, v value) Variable {
	form := [...]string{
		noArgs: "", mayName: "[(parameter)]", key: "(key)", header: "(header)",
		headerParam: "(header)[(parameter)]", nested: "(pattern)", mapped: "(pattern=>map)", alias: "name)",
	}
	return Variable{Pattern: name + form[v.args], Meaning: v.doc, Available: v.later == ""}
}
