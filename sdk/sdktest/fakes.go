package sdktest

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/sdk"
)

// Fakes are what stands behind the capabilities. All of it may be read and changed
// between hooks. Nothing waits: time passes only by Advance, and by Sleep.
type Fakes struct {
	// HTTP answers requests; without it they fail with CodeDenied.
	HTTP func(method, url string, headers []abi.Field, body []byte) (status int, answer string, failed abi.Code)
	// Redis answers commands; without it they fail with CodeDenied.
	Redis func(args ...string) (sdk.Value, abi.Code)
	// Fail is what a function answers instead of what it would do: "sbc_kv.get".
	Fail map[string]abi.Code
	// Failing is asked what else a function answers, and may know by Now: a store that comes
	// and goes. CodeOK lets the function do what it does, and so does nil.
	Failing func(function string) abi.Code
	// Maps are those of the configuration.
	Maps map[string]map[string]string
	// Values and Sets are what the module keeps.
	Values map[string]string
	Sets   map[string][]string
	// Leases are by name, and count against limits by key.
	Leases map[string]map[string]int64
	// Balances of accounts, without what is reserved.
	Balances map[string]int64
	// Metrics by name: what was added, set, or the sum of what was observed.
	Metrics map[string]int64
	// Hangups and Rearmed are by ID of the call.
	Hangups map[string]string
	Rearmed map[string]time.Duration
	// Requests are the INFOs and REFERs sent, in order.
	Requests []Request

	reserved map[string]int64     // by account, id and sequence
	settled  map[string]bool      // as well
	expires  map[string]time.Time // of values
	taken    map[string]time.Time // of rates: when the bucket is full again
	metrics  []string
}

func newFakes() Fakes {
	return Fakes{
		Fail: map[string]abi.Code{}, Maps: map[string]map[string]string{}, Values: map[string]string{},
		Sets: map[string][]string{}, Leases: map[string]map[string]int64{}, Balances: map[string]int64{},
		Metrics: map[string]int64{}, Hangups: map[string]string{}, Rearmed: map[string]time.Duration{},
		reserved: map[string]int64{}, settled: map[string]bool{}, expires: map[string]time.Time{}, taken: map[string]time.Time{},
	}
}

// Request is an INFO or a REFER that a module has sent.
type Request struct {
	Method      string // "INFO" or "REFER"
	ID          string // of the call
	Leg         string // "a" or "b"
	ContentType string
	Body        string
	Target      string
	Headers     []abi.Field
}

// answer is a Result frame to be.
type answer struct {
	code    abi.Code
	value   int64
	body    string
	status  int
	headers []abi.Field
	list    []string
}

// Ask does what the function does.
func (h *imports) Ask(function string, call int64, req, buf []byte) int64 {
	c := h.of(call)
	if c == nil {
		return int64(abi.CodeCallGone)
	}
	in, ok := wire.Open(slices.Clone(req))
	if !ok {
		return int64(abi.CodeInvalid)
	}
	if code := h.Fail[function]; code != abi.CodeOK {
		return int64(code)
	}
	if h.Failing != nil {
		if code := h.Failing(function); code != abi.CodeOK {
			return int64(code)
		}
	}
	capability, name, _ := strings.Cut(function, ".")
	var a answer
	switch capability {
	case "sbc_http":
		a = h.http(in)
	case "sbc_redis":
		a = h.redis(in)
	case "sbc_kv":
		a = h.kv(name, in)
	case "sbc_limit":
		a = h.limit(name, c, in)
	case "sbc_account":
		a = h.account(name, c, in)
	default:
		return int64(abi.CodeUnsupported)
	}
	h.conflict = a.code
	if a.code != abi.CodeOK && a.code != abi.CodeConflict {
		return int64(a.code)
	}
	w := wire.NewWriter(buf, wire.ResultSlots)
	w.U64(wire.ResultValue, uint64(a.value))
	w.Text(wire.ResultBody, a.body)
	w.U64(wire.ResultStatus, uint64(a.status))
	at := w.List(wire.ResultHeaders, len(a.headers))
	for i, f := range a.headers {
		w.Pair(at, i, f.Name, f.Value)
	}
	at = w.List(wire.ResultList, len(a.list))
	for i, s := range a.list {
		w.Pair(at, i, s, "")
	}
	n, ok := w.Close()
	if !ok {
		return int64(abi.CodeTooBig)
	}
	return int64(n)
}

// Status is the code of the result Ask has just answered.
func (h *imports) Status() int32 { return int32(h.conflict) }

func list(in wire.Reader, k int) (names []string) {
	l, _ := in.List(k)
	for i := range l.Len() {
		name, _, _ := l.At(i)
		names = append(names, name)
	}
	return names
}

func (h *imports) http(in wire.Reader) (a answer) {
	if h.HTTP == nil {
		return answer{code: abi.CodeDenied}
	}
	method := in.Text(wire.HTTPMethod)
	if method == "" {
		method = "GET"
	}
	var headers []abi.Field
	l, _ := in.List(wire.HTTPHeaders)
	for i := range l.Len() {
		name, value, _ := l.At(i)
		headers = append(headers, abi.Field{Name: name, Value: value})
	}
	body, _ := in.Bytes(wire.HTTPBody)
	a.status, a.body, a.code = h.HTTP(method, in.Text(wire.HTTPURL), headers, body)
	return a
}

func (h *imports) redis(in wire.Reader) answer {
	if h.Redis == nil {
		return answer{code: abi.CodeDenied}
	}
	v, code := h.Redis(list(in, wire.RedisArgs)...)
	return answer{code: code, status: v.Kind, value: v.Number, body: v.Text, list: v.List}
}

func (h *imports) kv(name string, in wire.Reader) (a answer) {
	key, members := in.Text(wire.KVKey), list(in, wire.KVMembers)
	if at, ok := h.expires[key]; ok && !h.now.Before(at) {
		delete(h.Values, key)
		delete(h.expires, key)
	}
	old, has := h.Values[key]
	expire := func() {
		delete(h.expires, key)
		if ttl := time.Duration(in.U64(wire.KVTTL)); ttl > 0 {
			h.expires[key] = h.now.Add(ttl)
		}
	}
	switch name {
	case "get":
		if !has {
			return answer{code: abi.CodeNotFound}
		}
		a.body = old
	case "set":
		h.Values[key] = in.Text(wire.KVValue)
		expire()
	case "del":
		delete(h.Values, key)
	case "add":
		n, _ := strconv.ParseInt(old, 10, 64)
		n += int64(in.U64(wire.KVDelta))
		if in.U64(wire.KVBounded) == 1 && (n < int64(in.U64(wire.KVFloor)) || n > int64(in.U64(wire.KVCeiling))) {
			return answer{code: abi.CodeConflict}
		}
		h.Values[key] = strconv.FormatInt(n, 10)
		if !has {
			expire()
		}
		a.value = n
	case "set_add":
		for _, m := range members {
			if !slices.Contains(h.Sets[key], m) {
				h.Sets[key] = append(h.Sets[key], m)
				a.value++
			}
		}
	case "set_del":
		for _, m := range members {
			if i := slices.Index(h.Sets[key], m); i >= 0 {
				h.Sets[key] = slices.Delete(h.Sets[key], i, i+1)
				a.value++
			}
		}
	case "set_has":
		if len(members) > 0 && slices.Contains(h.Sets[key], members[0]) {
			a.value = 1
		}
	case "set_match":
		for _, m := range h.Sets[key] {
			if len(members) > 0 && strings.HasPrefix(members[0], m) && len(m) > len(a.body) {
				a.body = m
			}
		}
		if a.body == "" {
			a.code = abi.CodeNotFound
		}
	}
	return a
}
