package profile

import (
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

const testContact = "sip:bob@198.51.100.11:5060;transport=tcp"

// hidingProfile hides Contacts with a secret.
func hidingProfile(t testing.TB, secret string) *Profile {
	t.Helper()
	p, errs := Compile("x", parseConfig(t, "contact.hiding = true\ncontact.hiding_prefix = sp-\ncontact.hiding_vars = trunk=$Rn;from=$fU\ncontact.hiding_secret = "+secret+"\n"), testKnown())
	if errs != nil {
		t.Fatal(errs)
	}
	return p
}

// called evaluates a profile for a call to uri.
func called(t testing.TB, p *Profile, uri string) *Plan {
	t.Helper()
	m, err := sip.Parse(benchInvite())
	if err != nil {
		t.Fatal(err)
	}
	if uri != "" {
		m.RURI = uri
	}
	plan, err := p.Resolve(testEnvOf(m))
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func hide(t testing.TB, p *Profile) (contact, uri string) {
	t.Helper()
	contact = called(t, p, "").Contact(media.A, Reach{SentBy: "192.0.2.1:5060", Other: testContact})
	na, err := sip.ParseNameAddr(contact)
	if err != nil {
		t.Fatal(err)
	}
	return contact, na.URI
}

func TestHiddenContact(t *testing.T) {
	p := hidingProfile(t, "the secret of the first")
	contact, uri := hide(t, p)
	if strings.Contains(contact, "bob") || !strings.HasPrefix(contact, "<sip:sp-") || !strings.HasSuffix(contact, "@192.0.2.1:5060>") {
		t.Errorf("Contact = %s", contact)
	}
	if again, _ := hide(t, p); again != contact {
		t.Errorf("the Contact changed to %s", again)
	}
	if same, _ := hide(t, hidingProfile(t, "the secret of the first")); same != contact {
		t.Errorf("another node with this secret makes it %s", same)
	}

	for _, uri := range []string{uri, strings.ToUpper(uri[:4]) + uri[4:], strings.Replace(uri, "192.0.2.1", "203.0.113.9", 1)} {
		plan := called(t, p, uri)
		if plan.RURI != testContact || len(plan.Revealed) != 2 || plan.Revealed[0].Name != "trunk" || plan.Revealed[1].Value != "alice" {
			t.Errorf("%s reveals %q with %v", uri, plan.RURI, plan.Revealed)
		}
	}
	user := uri[len("sip:sp-"):strings.IndexByte(uri, '@')]
	for name, uri := range map[string]string{
		"another secret":     func() string { _, u := hide(t, hidingProfile(t, "the secret of another")); return u }(),
		"no prefix":          "sip:" + user + "@192.0.2.1",
		"one letter less":    "sip:sp-" + user[:len(user)-2] + "@192.0.2.1",
		"one letter other":   "sip:sp-" + flip(user[0]) + user[1:] + "@192.0.2.1",
		"the end other":      "sip:sp-" + user[:len(user)-3] + flip(user[len(user)-3]) + user[len(user)-2:] + "@192.0.2.1",
		"only the prefix":    "sip:sp-@192.0.2.1",
		"shorter than a tag": "sip:sp-aaaaaaaa@192.0.2.1",
		"no letters of ours": "sip:sp-01890189@192.0.2.1",
		"too long":           "sip:sp-" + strings.Repeat("a", mostUser+8) + "@192.0.2.1",
		"a number":           "tel:+15550100",
	} {
		if plan := called(t, p, uri); plan.RURI != "" || plan.Revealed != nil {
			t.Errorf("%s reveals %q", name, plan.RURI)
		}
	}

	long := "sip:" + strings.Repeat("x", mostSeal) + "@192.0.2.7"
	if v := called(t, p, "").Contact(media.A, Reach{SentBy: "192.0.2.1:5060", Other: long}); v != "<sip:192.0.2.1:5060>" {
		t.Errorf("a Contact too long to hide: %s", v)
	}
	if v := called(t, p, "").Contact(media.A, Reach{SentBy: "192.0.2.1:5060"}); v != "<sip:192.0.2.1:5060>" {
		t.Errorf("a Contact not known yet: %s", v)
	}
}

func flip(c byte) string {
	if c == 'a' {
		return "b"
	}
	return "a"
}

// FuzzReveal: whatever is called, only what was hidden is revealed.
func FuzzReveal(f *testing.F) {
	p := hidingProfile(f, "the secret of the first")
	_, uri := hide(f, p)
	user := uri[len("sip:"):strings.IndexByte(uri, '@')]
	f.Add(user)
	f.Add("sp-")
	f.Add(user[:20])
	f.Fuzz(func(t *testing.T, called string) {
		plan := Plan{hiding: p.plan.hiding, received: "sip:" + called + "@192.0.2.1"}
		plan.hide(func(h *hiding) { h.prefix = "sp-" })
		if plan.reveal(); plan.RURI != "" && (plan.RURI != testContact || !strings.EqualFold(called, user)) {
			t.Errorf("%q reveals %q", called, plan.RURI)
		}
	})
}
