package wasm

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
)

// ErrSignature is a module that its signer has not signed.
var ErrSignature = errors.New("signature")

// verify holds a file against its signature FILE.sig, when the module has a signer: 64 bytes, or the same in base64.
func (mc ModuleConfig) verify(b []byte) error {
	if mc.Signer == "" {
		return nil
	}
	key, err := base64.StdEncoding.DecodeString(mc.Signer)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return fmt.Errorf("%w: signer is not an Ed25519 public key: %d bytes in base64", ErrSignature, ed25519.PublicKeySize)
	}
	if mc.builtin() {
		return fmt.Errorf("%w: a built-in module has none; take the signer away", ErrSignature)
	}
	f, err := os.Open(mc.Source + ".sig")
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	defer f.Close()
	sig, err := io.ReadAll(io.LimitReader(f, 1<<10))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if len(sig) != ed25519.SignatureSize {
		text := bytes.TrimSpace(sig)
		raw := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
		n, err := base64.StdEncoding.Decode(raw, text)
		if err != nil || n != ed25519.SignatureSize {
			return fmt.Errorf("%w: %s.sig is neither %d bytes nor those in base64", ErrSignature, mc.Source, ed25519.SignatureSize)
		}
		sig = raw[:n]
	}
	if !ed25519.Verify(key, b, sig) {
		return fmt.Errorf("%w: %s.sig is not the signer's signature of this file", ErrSignature, mc.Source)
	}
	return nil
}
