package sip

// ID is a header field known by meaning. The zero value is any other.
type ID uint8

// The header fields known by meaning.
const (
	Other ID = iota
	Via
	From
	To
	CallID
	CSeq
	Contact
	MaxForwards
	Route
	RecordRoute
	ContentType
	ContentLength
	ContentEncoding
	ContentDisposition
	Require
	ProxyRequire
	Supported
	Unsupported
	Allow
	Accept
	Expires
	Event
	ReferTo
	ReferredBy
	Replaces
	SessionExpires
	MinSE
	RSeq
	RAck
	Reason
	RetryAfter
	Authorization
	ProxyAuthorization
	WWWAuthenticate
	ProxyAuthenticate
	PAssertedIdentity
	PPreferredIdentity
	Privacy
	Subject
	UserAgent
	Server
	Date
	Timestamp
	AllowEvents
	Warning
	AcceptEncoding
	AcceptLanguage
	AcceptContact
	AlertInfo
	AuthenticationInfo
	CallInfo
	Diversion
	ErrorInfo
	FeatureCaps
	Geolocation
	HistoryInfo
	Identity
	IdentityInfo
	InfoPackage
	InReplyTo
	Join
	MIMEVersion
	MinExpires
	Organization
	Path
	PAssociatedURI
	Priority
	RecvInfo
	RejectContact
	RemotePartyID
	ReplyTo
	RequestDisposition
	ServiceRoute
	SIPETag
	SIPIfMatch
	SubscriptionState
	TargetDialog
	UserToUser
	ids // how many there are
)

// Kinds of header field.
const (
	list   = 1 << iota // a comma separates elements: RFC 3261 §7.3.1
	single             // at most one in a request
	dialog             // exactly one in any message
)

// registry has one row for each ID: its canonical name, its compact form (0 if none)
// and its kind.
var registry = [ids]struct {
	name    string
	compact byte
	kind    uint8
}{
	Via:                {"Via", 'v', list},
	From:               {"From", 'f', dialog},
	To:                 {"To", 't', dialog},
	CallID:             {"Call-ID", 'i', dialog},
	CSeq:               {"CSeq", 0, dialog},
	Contact:            {"Contact", 'm', list},
	MaxForwards:        {"Max-Forwards", 0, single},
	Route:              {"Route", 0, list},
	RecordRoute:        {"Record-Route", 0, list},
	ContentType:        {"Content-Type", 'c', single},
	ContentLength:      {"Content-Length", 'l', single},
	ContentEncoding:    {"Content-Encoding", 'e', list},
	ContentDisposition: {"Content-Disposition", 0, single},
	Require:            {"Require", 0, list},
	ProxyRequire:       {"Proxy-Require", 0, list},
	Supported:          {"Supported", 'k', list},
	Unsupported:        {"Unsupported", 0, list},
	Allow:              {"Allow", 0, list},
	Accept:             {"Accept", 0, list},
	Expires:            {"Expires", 0, single},
	Event:              {"Event", 'o', single},
	ReferTo:            {"Refer-To", 'r', single},
	ReferredBy:         {"Referred-By", 'b', single},
	Replaces:           {"Replaces", 0, single},
	SessionExpires:     {"Session-Expires", 'x', single},
	MinSE:              {"Min-SE", 0, single},
	RSeq:               {"RSeq", 0, single},
	RAck:               {"RAck", 0, single},
	Reason:             {"Reason", 0, list},
	RetryAfter:         {"Retry-After", 0, single},
	Authorization:      {"Authorization", 0, 0},
	ProxyAuthorization: {"Proxy-Authorization", 0, 0},
	WWWAuthenticate:    {"WWW-Authenticate", 0, 0},
	ProxyAuthenticate:  {"Proxy-Authenticate", 0, 0},
	PAssertedIdentity:  {"P-Asserted-Identity", 0, list},
	PPreferredIdentity: {"P-Preferred-Identity", 0, list},
	Privacy:            {"Privacy", 0, 0},
	Subject:            {"Subject", 's', 0},
	UserAgent:          {"User-Agent", 0, 0},
	Server:             {"Server", 0, 0},
	Date:               {"Date", 0, 0},
	Timestamp:          {"Timestamp", 0, 0},
	AllowEvents:        {"Allow-Events", 'u', list},
	Warning:            {"Warning", 0, list},
	AcceptEncoding:     {"Accept-Encoding", 0, list},
	AcceptLanguage:     {"Accept-Language", 0, list},
	AcceptContact:      {"Accept-Contact", 'a', list},
	AlertInfo:          {"Alert-Info", 0, list},
	AuthenticationInfo: {"Authentication-Info", 0, 0},
	CallInfo:           {"Call-Info", 0, list},
	Diversion:          {"Diversion", 0, list},
	ErrorInfo:          {"Error-Info", 0, list},
	FeatureCaps:        {"Feature-Caps", 0, list},
	Geolocation:        {"Geolocation", 0, list},
	HistoryInfo:        {"History-Info", 0, list},
	Identity:           {"Identity", 'y', 0},
	IdentityInfo:       {"Identity-Info", 'n', 0},
	InfoPackage:        {"Info-Package", 0, 0},
	InReplyTo:          {"In-Reply-To", 0, list},
	Join:               {"Join", 0, 0},
	MIMEVersion:        {"MIME-Version", 0, 0},
	MinExpires:         {"Min-Expires", 0, 0},
	Organization:       {"Organization", 0, 0},
	Path:               {"Path", 0, list},
	PAssociatedURI:     {"P-Associated-URI", 0, list},
	Priority:           {"Priority", 0, 0},
	RecvInfo:           {"Recv-Info", 0, list},
	RejectContact:      {"Reject-Contact", 'j', list},
	RemotePartyID:      {"Remote-Party-ID", 0, list},
	ReplyTo:            {"Reply-To", 0, 0},
	RequestDisposition: {"Request-Disposition", 'd', list},
	ServiceRoute:       {"Service-Route", 0, list},
	SIPETag:            {"SIP-ETag", 0, 0},
	SIPIfMatch:         {"SIP-If-Match", 0, 0},
	SubscriptionState:  {"Subscription-State", 0, 0},
	TargetDialog:       {"Target-Dialog", 0, 0},
	UserToUser:         {"User-to-User", 0, list},
}

// String returns the canonical long name, "" for Other.
func (id ID) String() string {
	if id >= ids {
		return ""
	}
	return registry[id].name
}

// Lookup returns the ID of a header field's name, long or compact, in any case.
func Lookup(name string) ID {
	if len(name) == 0 {
		return Other
	}
	if len(name) == 1 {
		return compacts[name[0]]
	}
	for id := buckets[bucket(name)]; id != Other; id = chained[id] {
		if known := registry[id].name; known == name || equalFold(known, name) {
			return id
		}
	}
	return Other
}

// bucket spreads names over a small table: length, first and last letter differ
// enough that a name meets at most a few others.
func bucket(name string) uint8 {
	first, last := name[0]|0x20, name[len(name)-1]|0x20
	return (uint8(len(name))*7 + first*3 + last*29) & 127
}

var buckets, chained, compacts = index()

func index() (heads [128]ID, next [ids]ID, compact [256]ID) {
	// From the last to the first, so that the commonest end at the chain's head.
	for id := ids - 1; id > Other; id-- {
		row := registry[id]
		b := bucket(row.name)
		next[id], heads[b] = heads[b], id
		if row.compact != 0 {
			compact[row.compact] = id
			compact[row.compact-'a'+'A'] = id
		}
	}
	return heads, next, compact
}

// Header is one header field.
type Header struct {
	ID    ID
	Name  string // as received: a compact form stays compact
	Value string // as received without outer white space; folds are kept
}
