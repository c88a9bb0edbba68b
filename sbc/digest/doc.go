// Package digest is SIP digest authentication (RFC 3261 §22 with RFC 7616 and RFC 8760):
// a Client answers challenges for one leg, a Guard makes challenges and checks answers
// without keeping any state. The arithmetic is icholy/digest's, and this package is the
// only one that imports it.
//
// It starts no goroutine and knows nothing of calls or profiles.
package digest
