package media

// Session is the media of one call. The call owns it; its methods may still be
// called from several goroutines, and none of them waits for media.
type Session struct{}

// Offer rewrites an SDP offer heard from side and returns the offer to send to the
// other side. It takes ports for both sides of every new stream. An offer from the
// same side replaces one not yet answered; an offer against one from the other
// side fails with ErrState. Also ErrBadSDP, ErrNoPorts, ErrClosed; after an error
// the session is as before.
func (s *Session) Offer(from Side, sdp []byte) ([]byte, error) { return nil, ErrBadSDP }

// Answer rewrites the answer to the last offer and returns the answer to send to
// the offerer. Media flows from now on. A further answer to the same offer, from a
// fork or a later response, replaces the one before. It fails with ErrState,
// ErrBadSDP or ErrClosed, and then the session is as before.
func (s *Session) Answer(from Side, sdp []byte) ([]byte, error) { return nil, ErrBadSDP }

// Confirm says that the last answer is final: the offer can no longer be answered
// otherwise or rolled back, and the media timeout runs even if no packet ever
// came. Call it when the 2xx was sent or acknowledged.
func (s *Session) Confirm() {}

// Rollback undoes the last Offer and the answers to it, unless Confirm was called
// since: the offer was refused, and what was agreed before stays. RFC 6141 §3.
func (s *Session) Rollback() {}

// Hold reports whether side s holds the call: every stream it agreed to is
// sendonly or inactive in its SDP, or has the address 0.0.0.0. RFC 3264 §8.4.
func (s *Session) Hold(side Side) bool { return false }

// Codec returns the codec negotiated for the first audio stream as in an rtpmap,
// "PCMU/8000"; "" before an answer.
func (s *Session) Codec(side Side) string { return "" }

// Stats returns what was relayed so far; it works after Close too.
func (s *Session) Stats() Stats { return Stats{} }

// Snapshot writes the session down for [Anchor.Restore].
func (s *Session) Snapshot() ([]byte, error) { return nil, ErrClosed }

// Close ends the session; its ports go into quarantine. It may be called twice.
func (s *Session) Close() {}
