package profile

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// hiding is what a plan says of hidden Contacts. It is never changed, only replaced.
type hiding struct {
	seal         *seal
	prefix, vars string
}

// seal turns a Contact into a user part that only who has the secret can read or make, and
// back. Who could make one would have the SBC call any address for them. It is deterministic,
// as a Contact must not change while a dialog lasts: the initialization vector is a MAC of
// the text (the construction of RFC 5297).
type seal struct {
	mac   [32]byte
	block cipher.Block
}

const (
	sealTag   = 12  // bytes of the MAC
	mostSeal  = 320 // bytes of text that fit into a user part
	mostUser  = 560 // characters of a user part that is looked at
	leastKey  = 16  // characters of a secret
	varsBreak = "\n"
)

// sealLetters survives a far end that changes the case of user parts.
var sealLetters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// processSecret seals for profiles that have no secret of their own.
var processSecret = sync.OnceValue(func() string {
	var b [32]byte
	rand.Read(b[:])
	return string(b[:])
})

func newSeal(secret string) *seal {
	if secret == "" {
		secret = processSecret()
	}
	derive := func(use string) (key [32]byte) {
		h := hmac.New(sha256.New, []byte(secret))
		h.Write([]byte("sallyport contact " + use))
		copy(key[:], h.Sum(nil))
		return key
	}
	key := derive("encrypt")
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("profile: " + err.Error()) // only if 32 bytes were no key
	}
	return &seal{mac: derive("authenticate"), block: block}
}

func (s *seal) tag(text []byte) []byte {
	h := hmac.New(sha256.New, s.mac[:])
	h.Write(text)
	return h.Sum(nil)[:sealTag]
}

func (s *seal) crypt(tag, text []byte) {
	var iv [aes.BlockSize]byte
	copy(iv[:], tag)
	cipher.NewCTR(s.block, iv[:]).XORKeyStream(text, text)
}

// close returns the user part for a text.
func (s *seal) close(text string) string {
	b := make([]byte, sealTag+len(text))
	copy(b[sealTag:], text)
	copy(b, s.tag(b[sealTag:]))
	s.crypt(b[:sealTag], b[sealTag:])
	return sealLetters.EncodeToString(b)
}

// open is the opposite of close; ok is false for what this secret did not make, which the
// same bytes with other bits behind the last of them are, too.
func (s *seal) open(user string) (text string, ok bool) {
	if len(user) > mostUser {
		return "", false
	}
	user = strings.ToLower(user)
	b, err := sealLetters.DecodeString(user)
	if err != nil || len(b) <= sealTag || sealLetters.EncodeToString(b) != user {
		return "", false
	}
	s.crypt(b[:sealTag], b[sealTag:])
	if subtle.ConstantTimeCompare(s.tag(b[sealTag:]), b[:sealTag]) != 1 {
		return "", false
	}
	return string(b[sealTag:]), true
}

// compile checks how the keys of hiding go together, and with others.
func (h *Contact) compile(c *compiler, cfg *Config, p *Plan) {
	p.hiding = &hiding{seal: newSeal("")}
	if h.HidingSecret != "" {
		if err := p.setHidingSecret(h.HidingSecret); err != nil {
			c.fail("contact.hiding_secret", err)
		}
	}
	c.profile.hidingPrefix = h.HidingPrefix
	if p.Hiding = h.Hiding; !p.Hiding {
		return
	}
	const clash = "cannot go with %s: both say what the user part of the Contact is"
	switch {
	case h.A.User != nil:
		c.fail("contact.hiding", fmt.Errorf(clash, "contact.a.user"))
	case h.B.User != nil:
		c.fail("contact.hiding", fmt.Errorf(clash, "contact.b.user"))
	case cfg.Identity.TransparentDialog:
		c.fail("contact.hiding", fmt.Errorf(clash, "identity.transparent_dialog"))
	}
}

func (p *Plan) setHidingSecret(v string) error {
	if v != "" && len(v) < leastKey {
		return fmt.Errorf("is shorter than %d characters", leastKey)
	}
	p.hide(func(h *hiding) { h.seal = newSeal(v) })
	return nil
}

func (p *Plan) setHidingPrefix(v string) error {
	if v != sip.EscapeUser(v) {
		return fmt.Errorf("%s is no beginning of a user part", brief(v))
	}
	p.hide(func(h *hiding) { h.prefix = v })
	return nil
}

func (p *Plan) setHidingVars(v string) error {
	if _, err := splitVars(v); err != nil {
		return err
	}
	p.hide(func(h *hiding) { h.vars = v })
	return nil
}

// hide changes a copy of what the plan says of hidden Contacts.
func (p *Plan) hide(change func(*hiding)) {
	h := *p.hiding
	change(&h)
	p.hiding = &h
}

// splitVars reads k=v;k=v.
func splitVars(v string) ([]callcontrol.Field, error) {
	var fields []callcontrol.Field
	for one := range strings.SplitSeq(v, ";") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		name, value, ok := strings.Cut(one, "=")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, errors.New("want name=value;name=value")
		}
		fields = append(fields, callcontrol.Field{Name: name, Value: value})
	}
	return fields, nil
}

// hidden is the user part that hides a Contact, "" when the plan hides none or it is too
// long to be hidden.
func (p *Plan) hidden(contact string) string {
	h := p.hiding
	if !p.Hiding || contact == "" {
		return ""
	}
	text := contact + varsBreak + h.vars
	if len(text) > mostSeal {
		return ""
	}
	return h.prefix + h.seal.close(text)
}

// reveal looks whether the Request-URI of leg A is a hidden Contact, and whose.
func (p *Plan) reveal() {
	h := p.hiding
	u, err := sip.ParseURI(p.received)
	if err != nil {
		return
	}
	user, ok := strings.CutPrefix(u.User, h.prefix)
	if !ok {
		return
	}
	text, ok := h.seal.open(user)
	if !ok {
		return
	}
	contact, vars, _ := strings.Cut(text, varsBreak)
	p.received, p.revealed, p.RURI = contact, contact, contact
	p.Revealed, _ = splitVars(vars)
}
