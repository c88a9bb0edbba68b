package profile

import (
	"fmt"
	"strings"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// Replies is the section [profile.NAME.replies]: which responses leave with another status
// code than they came with, those to requests inside the call too. A provisional response
// (101 to 199) stays one and a failure (300 to 699) stays one; success is not translated.
// What routing.failover says is about the code as it came.
type Replies struct {
	// Translations of responses to either leg: texts of the form "code=>code phrase", in
	// which x stands for any digit on the left side and for the digit that was there on the
	// right side; the first that fits counts. Without a phrase the registered one of the new
	// code is used, or, if the code stays, the one that came. Default [].
	//
	//	translate = ["603=>488 Not acceptable", "5xx=>503", "180=>183 Session Progress"]
	Translate []string `toml:"translate"`

	// As translate, for responses that leg A is sent; these are tried before translate.
	//
	//	translate_a = ["404=>480"]
	TranslateA []string `toml:"translate_a"`

	// As translate, for responses that leg B is sent; these are tried before translate.
	//
	//	translate_b = ["4xx=>488"]
	TranslateB []string `toml:"translate_b"`
}

var replyKeys = []key{
	{name: "replies.translate", set: setTranslations(toBoth)},
	{name: "replies.translate_a", set: setTranslations(toA)},
	{name: "replies.translate_b", set: setTranslations(toB)},
}

// translations are those of a plan, by scope. They are never changed, only replaced.
type translations [scopes][]translation

type translation struct {
	from, to string // three digits or x
	phrase   string
}

func (r *Replies) compile(c *compiler, p *Plan) {
	var ts translations
	some := false
	for s, list := range [scopes][]string{r.Translate, r.TranslateA, r.TranslateB} {
		for i, text := range list {
			t, err := parseTranslation(text)
			if err != nil {
				c.fail(fmt.Sprintf("replies.translate%s[%d]", scope(s).suffix(), i), err)
				continue
			}
			ts[s] = append(ts[s], t)
			some = true
		}
	}
	if some {
		p.translations = &ts
	}
}

// setTranslations takes several with | between them: a phrase may have commas.
func setTranslations(s scope) func(*Plan, string) error {
	return func(p *Plan, v string) error {
		var list []translation
		for text := range strings.SplitSeq(v, "|") {
			if strings.TrimSpace(text) == "" {
				continue
			}
			t, err := parseTranslation(text)
			if err != nil {
				return err
			}
			list = append(list, t)
		}
		var ts translations
		if p.translations != nil {
			ts = *p.translations
		}
		ts[s] = list
		p.translations = &ts
		return nil
	}
}

func parseTranslation(text string) (t translation, err error) {
	from, to, ok := strings.Cut(text, "=>")
	to, phrase, _ := strings.Cut(strings.TrimSpace(to), " ")
	t = translation{from: strings.ToLower(strings.TrimSpace(from)), to: strings.ToLower(to), phrase: strings.TrimSpace(phrase)}
	switch {
	case !ok:
		return t, fmt.Errorf("%s is not of the form code=>code phrase", brief(text))
	case !isCodePattern(t.from):
		return t, fmt.Errorf("%s is no status code, such as 603 or 5xx", brief(t.from))
	case !isCodePattern(t.to):
		return t, fmt.Errorf("%s is no status code, such as 488 or 5xx", brief(t.to))
	case t.from[0] == '2' || t.to[0] == '2':
		return t, fmt.Errorf("%s: success is not translated", brief(text))
	case (t.from[0] == '1') != (t.to[0] == '1'):
		return t, fmt.Errorf("%s: a provisional response stays one, and a failure too", brief(text))
	case t.from == "100" || t.to == "100":
		return t, fmt.Errorf("%s: 100 does not cross", brief(text))
	case !sip.ValidHeaderValue(t.phrase):
		return t, errLineBreak
	}
	for i := range 3 {
		if t.to[i] == 'x' && t.from[i] != 'x' {
			return t, fmt.Errorf("%s: there is no x for the x on the right side", brief(text))
		}
	}
	return t, nil
}

// isCodePattern says whether v is a status code whose last two digits may be x.
func isCodePattern(v string) bool {
	if len(v) != 3 || v[0] < '1' || v[0] > '6' {
		return false
	}
	for i := 1; i < 3; i++ {
		if v[i] != 'x' && (v[i] < '0' || v[i] > '9') {
			return false
		}
	}
	return true
}

// matchCode says whether a status code fits three digits or x.
func matchCode(pattern string, status int) bool {
	digits := [3]byte{'0' + byte(status/100), '0' + byte(status/10%10), '0' + byte(status%10)}
	for i := range digits {
		if pattern[i] != 'x' && pattern[i] != digits[i] {
			return false
		}
	}
	return true
}

// Translate returns the status code and the reason phrase that a response to a leg leaves
// with; "" is the registered phrase.
func (p *Plan) Translate(to media.Side, status int, phrase string) (int, string) {
	if p.translations == nil {
		return status, phrase
	}
	own := toA
	if to == media.B {
		own = toB
	}
	for _, s := range [...]scope{own, toBoth} {
		for i := range p.translations[s] {
			if t := &p.translations[s][i]; matchCode(t.from, status) {
				return t.apply(status, phrase)
			}
		}
	}
	return status, phrase
}

func (t *translation) apply(status int, phrase string) (int, string) {
	n := 0
	for i, unit := range [3]int{100, 10, 1} {
		d := int(t.to[i] - '0')
		if t.to[i] == 'x' {
			d = status / unit % 10
		}
		n += d * unit
	}
	switch {
	case n == 100: // "1xx=>1xx" never makes a response that does not cross
		return status, phrase
	case t.phrase != "":
		return n, t.phrase
	case n == status:
		return n, phrase
	}
	return n, ""
}
