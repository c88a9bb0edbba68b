package sems

import (
	"fmt"
	"strconv"
)

// contactUser is the user part of a Contact, unless the profile needs it for itself.
func contactUser(p *prof, e setting, r *row) {
	if e.value == "" {
		return
	}
	for _, key := range []string{"transparent_dlg_id", "enable_contact_hiding"} {
		if p.s.value(key) == "yes" {
			p.report.about(e, "with "+key+"=yes the user part of the Contact is the SBC's", nothing)
			return
		}
	}
	asText(p, e, r)
}

// contactHiding hides Contacts. In SEMS it counts only for REGISTER, and for calls to what
// a REGISTER hid; who can guess the encoding has the SBC call any address.
func contactHiding(p *prof, e setting, r *row) {
	switch {
	case !p.on(e):
	case p.s.value("transparent_dlg_id") == "yes":
		p.report.about(e, "with transparent_dlg_id=yes the user part of the Contact is the SBC's", nothing)
	default:
		p.report.about(e, "Contacts of calls are hidden too, and encrypted: contact.hiding_secret is to be set where they must outlive a restart", "as true")
		p.put(r.to, "true", e)
	}
}

// glare is the longest wait after 491, in milliseconds; what SEMS does by default is within
// what RFC 3261 says.
func glare(p *prof, e setting, r *row) {
	if e.value == "" || e.value == "2000" {
		return
	}
	ms, err := strconv.ParseUint(e.value, 10, 31)
	if err != nil || ms < 10 {
		p.report.about(e, "is no number of milliseconds from 10", nothing)
		return
	}
	p.put(r.to, text(fmt.Sprintf("%dms", ms)), e)
}
