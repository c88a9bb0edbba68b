package sdk

import "github.com/sallyport-sbc/sallyport/abi/wire"

// HTTP sends requests to what the configuration's allow list names. It needs
// the capability sbc_http. Its functions wait.
type HTTP struct{ c *Call }

// HTTP sends requests for this call.
func (c *Call) HTTP() HTTP { return HTTP{c} }

// Request is an HTTP request.
type Request struct {
	Method  string // default GET
	URL     string
	Headers []Field
	Body    []byte
	Timeout Duration // default: as long as the hook may wait
}

// Response is the answer, redirects included, which are not followed. It is
// valid until the hook returns.
type Response struct {
	Status  int
	Headers List
	Body    []byte
}

// Get is Do for a plain GET.
func (h HTTP) Get(url string) (Response, error) { return h.Do(Request{URL: url}) }

// Post is Do for a POST of a body of that type.
func (h HTTP) Post(url, contentType string, body []byte) (Response, error) {
	return h.Do(Request{Method: "POST", URL: url, Body: body, Headers: []Field{{"Content-Type", contentType}}})
}

// Do sends a request and waits for the answer. Any status is an answer. It fails
// with ErrDenied (not on the allow list), ErrTimeout, ErrIO, ErrTooBig or
// ErrBusy (too many requests are under way).
func (h HTTP) Do(r Request) (Response, error) {
	for more := true; more; more = !h.c.composed() {
		w := h.c.compose(wire.HTTPSlots)
		w.Text(wire.HTTPMethod, r.Method)
		w.Text(wire.HTTPURL, r.URL)
		write(w, wire.HTTPHeaders, r.Headers)
		w.Bytes(wire.HTTPBody, r.Body)
		w.U64(wire.HTTPTimeout, uint64(max(r.Timeout, 0)))
	}
	in, err := h.c.send(h.c.host.httpSend)
	if err != nil {
		return Response{}, err
	}
	res := Response{Status: int(in.U64(wire.ResultStatus))}
	res.Headers, _ = in.List(wire.ResultHeaders)
	res.Body, _ = in.Bytes(wire.ResultBody)
	return res, nil
}
