package explain

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/host/config"
	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc"
	"github.com/sallyport-sbc/sallyport/sbc/profile"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// Config is the SBC that is asked.
type Config struct {
	Snapshot  *config.Snapshot
	Profiles  *profile.Set // nil = those of the snapshot
	Transport []transport.Config
	Media     []media.Interface
	Load      Loader             // of modules; nil: none can be tried
	Resolver  transport.Resolver // for Request.Resolve
	Server    string             // as sbc.Options has it
}

// rehearsal is one request on its way through the stage.
type rehearsal struct {
	*Config
	request  Request
	report   *Report
	profiles *profile.Set
	watch    *watch
	cast     *cast
	stage    *stage
	message  *sip.Message // as it came
	text     string       // of it
	flow     transport.Flow
}

// resolveTimeout bounds the look-ups of one target.
const resolveTimeout = 5 * time.Second

// Explain says what the SBC would do with a request. The error says why there is nothing
// to explain: no message, no such interface, no such profile. ctx bounds the modules and
// the look-ups of names.
func Explain(ctx context.Context, c Config, q Request) (*Report, error) {
	r := &rehearsal{Config: &c, request: q, report: &Report{Configuration: c.Snapshot.File}}
	if r.profiles = c.Profiles; r.profiles == nil {
		r.profiles = c.Snapshot.Profiles
	}
	source, err := r.read()
	if err != nil {
		return nil, err
	}
	if q.Profile != "" {
		if _, ok := r.profiles.Profile(q.Profile); !ok {
			return nil, &profile.UnknownProfile{Name: q.Profile}
		}
	}
	inside := r.message.ToTag() != "" && r.message.IsRequest()
	if err := r.build(ctx, inside); err != nil {
		return nil, err
	}
	defer r.cast.close()
	defer r.stage.close()
	if err := r.enter(source); err != nil {
		return nil, err
	}
	switch {
	case !r.message.IsRequest():
		r.report.Request.Status = r.message.Status
		r.report.Verdict, r.report.Why = Dropped, "a response to a request that the SBC has not sent"
	case inside && q.Profile != "":
		err = r.inside(ctx)
	default:
		r.stage.hear(r.text, r.flow)
		r.judge()
		if q.Profile != "" && r.message.Method != "INVITE" && len(r.cast.roles) == 0 {
			r.report.note("a profile without modules counts for an INVITE and for requests inside a call alone")
		}
		if inside {
			r.report.note("no dialog is known here: with the profile of its call, this explains what crosses to the other leg")
		}
	}
	r.because()
	return r.report, err
}

// read makes a message of what was given, and says who sent it.
func (r *rehearsal) read() (source string, err error) {
	source = r.request.Source
	if r.request.CDR != "" {
		if r.request.Message != "" {
			return "", errors.New("either a message or a record")
		}
		c, err := readCDR(r.request.CDR)
		if err != nil {
			return "", err
		}
		r.text = c.invite()
		r.report.Notes = c.notes
		if r.request.Interface == "" {
			r.request.Interface = c.ARealm
		}
	} else {
		fixed, err := repair(r.request.Message)
		if err != nil {
			return "", err
		}
		r.text, r.report.Notes = fixed.text, fixed.notes
		if source == "" {
			source = fixed.source
		}
	}
	r.message, err = parse(r.text)
	if r.message == nil {
		return "", err
	}
	return source, nil
}

// build sets the stage.
func (r *rehearsal) build(ctx context.Context, inside bool) error {
	chosen := r.profiles
	if r.request.Profile != "" {
		chosen = chosen.Only(r.request.Profile)
	}
	r.watch = newWatch(chosen.Maps())
	load := r.Load
	if load == nil {
		load = unloadable
	}
	r.cast = &cast{load: load, watch: r.watch}
	rehearse := func(a sbc.Attempt) { r.attempt(ctx, a) }
	if inside {
		rehearse = nil
	}
	var err error
	r.stage, err = newStage(r.Config, chosen.Watched(r.watch, r.watch.trace), r.cast, rehearse)
	return err
}

// enter finds the way the request comes in by.
func (r *rehearsal) enter(source string) error {
	m := r.message
	proto := transport.UDP
	via, err := m.TopVia()
	if err == nil && strings.EqualFold(via.Transport, "TCP") {
		proto = transport.TCP
	} else if err == nil && !strings.EqualFold(via.Transport, "UDP") {
		r.report.note("its Via says " + via.Transport + ", explained as UDP")
	}
	from, err := r.source(source)
	if err != nil {
		return err
	}
	r.flow, err = r.stage.door(r.request.Interface, proto, from)
	if err != nil && proto == transport.TCP {
		proto = transport.UDP
		var second error
		if r.flow, second = r.stage.door(r.request.Interface, proto, from); second == nil {
			r.report.note("its Via says TCP, where the interface has no address: explained as UDP")
			err = nil
		}
	}
	if err != nil {
		return err
	}
	if r.request.Interface == "" && len(r.Transport) > 1 {
		r.report.note("no interface was named: explained as if it came in by " + r.flow.Interface().Name())
	}
	r.report.Request = Received{
		Method: m.Method, RURI: m.RURI, From: m.Header(sip.From), To: m.Header(sip.To), CallID: m.Header(sip.CallID),
		Source: from.String(), Interface: r.flow.Interface().Name(), Transport: proto.String(), Local: r.flow.Local().String(),
	}
	return nil
}

// source reads who sent the request: what was said, else its top Via.
func (r *rehearsal) source(said string) (netip.AddrPort, error) {
	if said != "" {
		if a, err := netip.ParseAddrPort(said); err == nil && a.Port() != 0 {
			return a, nil
		}
		if a, err := netip.ParseAddr(strings.Trim(said, "[]")); err == nil {
			return netip.AddrPortFrom(a, 5060), nil
		}
		return netip.AddrPort{}, fmt.Errorf("source %q: want an address and a port, such as 192.0.2.7:5060", said)
	}
	if via, err := r.message.TopVia(); err == nil {
		host, port := via.Host, via.Port
		if v, ok := via.Params.Get("received"); ok {
			host = v
		}
		if v, _ := via.Params.Get("rport"); v != "" {
			if n, err := strconv.ParseUint(v, 10, 16); err == nil {
				port = uint16(n)
			}
		}
		if port == 0 {
			port = 5060
		}
		if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
			r.report.note("no source was named: taken from the top Via")
			return netip.AddrPortFrom(a, port), nil
		}
	}
	r.report.note("no source was named, and the top Via has no address: explained as if it came from 127.0.0.1:5060")
	return netip.MustParseAddrPort("127.0.0.1:5060"), nil
}

// judge reads from what was sent, said and logged what became of the request.
func (r *rehearsal) judge() {
	p := r.report
	r.selection()
	r.answered()
	if l, ok := r.stage.journal.find("call refused"); ok && l.err() != nil {
		p.Why = l.err().Error()
	} else if l, ok := r.stage.journal.find("request outside of calls refused"); ok && l.err() != nil {
		p.Why = l.err().Error()
	} else if l, ok := r.stage.journal.find("INVITE not admitted"); ok && l.err() != nil {
		p.Why = l.err().Error()
	} else if l, ok := r.stage.journal.find("panic in a call"); ok {
		p.Why = "a panic: " + l.attrs["err"].String()
	} else if err := r.unsound(); err != nil {
		p.Why = err.Error()
	}
	p.Why = strings.TrimSpace(p.Why)
	for _, t := range p.Targets {
		if t.Message != "" {
			p.Verdict = GoesOut
			return
		}
	}
	switch {
	case len(p.Targets) > 0:
		p.Verdict, p.Why = Refused, "no target can be reached: "+p.Targets[len(p.Targets)-1].Error
	case p.Answer == nil:
		p.Verdict = Dropped
	case p.Answer.Code < 300:
		p.Verdict = Answered
	default:
		p.Verdict = Refused
		r.excuses()
	}
}

// because fills in why a request is refused that no room has an error for.
func (r *rehearsal) because() {
	p := r.report
	if p.Why != "" || p.Answer == nil {
		return
	}
	switch p.Answer.Code {
	case 481:
		p.Why = "it belongs to no call"
	case 405:
		p.Why = "the SBC takes no " + r.message.Method + " outside of a call"
		if p.Profile != "" && r.message.ToTag() != "" {
			p.Why = r.message.Method + " does not cross to the other leg"
		}
	case 501:
		p.Why = "the SBC knows no " + r.message.Method
	}
}

// unsound says what is wrong with the message itself.
func (r *rehearsal) unsound() error {
	if _, err := sip.Parse([]byte(r.text)); err != nil {
		return err
	}
	return r.message.Validate()
}

// excuses notes where a dry run is stricter than the running SBC.
func (r *rehearsal) excuses() {
	if r.report.Answer.Code == 401 && r.message.Count(sip.Authorization) > 0 {
		r.report.note("the credentials cannot be checked: they answer a challenge that another SBC, or another day, has made")
	}
}

// answered takes the final response, if there is one.
func (r *rehearsal) answered() {
	res, _ := r.stage.last(func(m *sip.Message) bool { return !m.IsRequest() && m.Status >= 200 })
	if res == nil {
		return
	}
	a := &Answer{Code: res.Status, Reason: res.Phrase}
	for _, h := range res.Headers() {
		switch h.ID {
		case sip.Via, sip.From, sip.To, sip.CallID, sip.CSeq, sip.ContentLength, sip.Timestamp:
		default:
			name := h.Name
			if h.ID != sip.Other {
				name = h.ID.String()
			}
			a.Headers = append(a.Headers, Field{name, hideNonce(h)})
		}
	}
	r.report.Answer = a
}

// hideNonce puts a placeholder in place of what is random in a challenge.
func hideNonce(h sip.Header) string {
	if h.ID == sip.WWWAuthenticate || h.ID == sip.ProxyAuthenticate {
		return nonce.ReplaceAllString(h.Value, `${1}"<nonce>"`)
	}
	return h.Value
}
