package explain

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// record is what of a CDR makes an INVITE: fields of the built-in module cdr.
type record struct {
	CallID      string `json:"call_id_a"`
	From        string `json:"from_uri"`
	To          string `json:"to_uri"`
	RURI        string `json:"ruri"`
	Source      string `json:"src_ip"`
	ARealm      string `json:"a_realm"`
	Profile     string `json:"profile"`
	Disposition string `json:"disposition"`
	Code        int    `json:"sip_code"`

	notes []string
}

var errNoRecord = errors.New("no call record: want a JSON object with from_uri, to_uri or ruri, and src_ip")

// readCDR reads one record; of several lines it takes the last.
func readCDR(text string) (*record, error) {
	text = strings.TrimSpace(text)
	if i := strings.LastIndexByte(text, '\n'); i >= 0 && json.Valid([]byte(text[i+1:])) {
		text = text[i+1:]
	}
	c := new(record)
	if err := json.Unmarshal([]byte(text), c); err != nil {
		return nil, fmt.Errorf("call record: %w", err)
	}
	if c.RURI == "" {
		c.RURI = c.To
	}
	if c.To == "" {
		c.To = c.RURI
	}
	if c.RURI == "" || c.From == "" || strings.ContainsAny(c.RURI+c.From+c.To+c.CallID+c.Source, "\r\n\x00 <>") {
		return nil, errNoRecord
	}
	return c, nil
}

// invite rebuilds the essentials of the INVITE.
func (c *record) invite() string {
	source := "127.0.0.1"
	if a, err := netip.ParseAddr(c.Source); err == nil {
		if source = a.String(); a.Is6() {
			source = "[" + source + "]"
		}
	} else {
		c.notes = append(c.notes, "the record has no src_ip")
	}
	id := c.CallID
	if id == "" {
		id = "unknown"
	}
	outcome := c.Disposition
	if c.Code != 0 {
		outcome = strings.TrimSpace(fmt.Sprintf("%s %d", outcome, c.Code))
	}
	if c.Profile != "" || outcome != "" {
		c.notes = append(c.notes, strings.TrimSuffix(fmt.Sprintf("then: profile %q, %s", c.Profile, outcome), ", "))
	}
	c.notes = append(c.notes,
		"a record does not know the port and the transport of the source, tags, display names and parameters of From and To, any other header field, and the SDP: what asks for them sees nothing, and the INVITE is explained without an offer",
		"parameters of the module cdr may have replaced caller, from_uri, to_uri and ruri in the record",
		"this is what the configuration and the modules say now, not what they said then")
	return strings.Join([]string{
		"INVITE " + c.RURI + " SIP/2.0",
		"Via: SIP/2.0/UDP " + source + ":5060;branch=z9hG4bK-record",
		"Max-Forwards: 70",
		"From: <" + c.From + ">;tag=record",
		"To: <" + c.To + ">",
		"Call-ID: " + id,
		"CSeq: 1 INVITE",
		"Contact: <sip:" + source + ":5060>",
		"Content-Length: 0",
		"", "",
	}, "\r\n")
}
