package explain

import (
	"context"
	"errors"
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/sallyport-sbc/sallyport/sbc"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// attempt is told of every target of the call.
func (r *rehearsal) attempt(ctx context.Context, a sbc.Attempt) {
	t := Target{RURI: a.RURI, Place: place(a), Interface: a.Interface}
	if a.To.IsValid() {
		t.Address = a.To.String() + "/" + strings.ToLower(a.Proto.String())
	} else if a.Err == nil && r.request.Resolve {
		r.resolve(ctx, a, &t)
	}
	if a.Err != nil {
		t.Error = a.Err.Error()
	} else if m, _ := r.stage.last((*sip.Message).IsRequest); m != nil {
		t.RURI = m.RURI
		hide := []string{a.LocalTag, "<tag>"}
		if a.NewCallID {
			hide = append(hide, a.CallID, "<call-id>")
		}
		t.Message = shown(m, a.Plan.Relay && m.Body != "", hide...)
		before := lines(r.text)
		if n := len(r.report.Targets); n > 0 && r.report.Targets[0].Message != "" {
			before = lines(r.report.Targets[0].Message)
		}
		t.Diff = diff(before, lines(t.Message))
	}
	r.report.Targets = append(r.report.Targets, t)
}

// place is where the request is sent, as an operator would write it.
func place(a sbc.Attempt) string {
	host := a.Place.Host
	if v, ok := a.Place.Params.Get("maddr"); ok && v != "" {
		host = v
	}
	if a.Place.Port != 0 {
		host = net.JoinHostPort(host, strconv.Itoa(int(a.Place.Port)))
	}
	if v, ok := a.Place.Params.Get("transport"); ok {
		host += "/" + strings.ToLower(v)
	}
	return host
}

// resolve asks the DNS for the addresses of a target.
func (r *rehearsal) resolve(ctx context.Context, a sbc.Attempt, t *Target) {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	if r.Resolver == nil {
		return
	}
	found, err := transport.Resolve(ctx, r.Resolver, a.Place)
	for _, f := range found {
		t.Addresses = append(t.Addresses, f.Addr.String()+"/"+strings.ToLower(f.Proto.String()))
	}
	if len(found) == 0 {
		err = errors.Join(errors.New("the name has no address"), err)
	}
	if err != nil {
		t.Error = strings.ReplaceAll(err.Error(), "\n", ": ")
	}
}

var (
	branch    = regexp.MustCompile(`^(Via:.*;branch=)z9hG4bK[^;,\s]+`)
	nonce     = regexp.MustCompile(`(\bnonce=)"[^"]*"`)
	origin    = regexp.MustCompile(`^(o=\S+) \d+ \d+ `)
	mediaPort = regexp.MustCompile(`^(m=\S+) ([1-9]\d*)`)
	rtcpPort  = regexp.MustCompile(`^(a=rtcp:)\d+`)
)

// shown is a message of ours with placeholders for what is random: each text of hide is
// followed by its own. With relay, ports and the session's number are the SBC's.
func shown(m *sip.Message, relay bool, hide ...string) string {
	text := string(m.Append(nil))
	text = strings.NewReplacer(hide...).Replace(text)
	ls := lines(text)
	via := false
	for i, l := range ls {
		if !via && branch.MatchString(l) { // the top one is ours
			ls[i], via = branch.ReplaceAllString(l, "$1<branch>"), true
		}
		if relay {
			l = origin.ReplaceAllString(ls[i], "$1 <id> <version> ")
			l = mediaPort.ReplaceAllString(l, "$1 <port>")
			ls[i] = rtcpPort.ReplaceAllString(l, "$1<port>")
		}
	}
	text = strings.Join(ls, "\n") + "\n"
	if m.Body == "" {
		text += "\n" // which ends the header
	}
	return text
}

// lines are those of a message, without their ends and the empty ones at the end.
func lines(text string) []string {
	text = strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	return strings.Split(text, "\n")
}
