package signature

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
)

// The names of the algorithms of this profile, as they stand in alg.
const (
	NameEd25519    = "ed25519"
	NameHMACSHA256 = "hmac-sha256"
)

// minSecret is the shortest shared secret in bytes: as long as the hash.
const minSecret = sha256.Size

// Algorithm signs and verifies a signature base. An implementation holds no
// key and is safe for concurrent use.
type Algorithm interface {
	// Name is the value of the alg parameter.
	Name() string
	// Derive checks a secret and returns what verifies its signatures: the
	// public key, or the secret itself where both sides share it.
	Derive(secret []byte) ([]byte, error)
	// Check says whether bytes can verify signatures of this algorithm.
	Check(verifier []byte) error
	// Sign signs a base with a secret that Derive has accepted.
	Sign(secret, base []byte) ([]byte, error)
	// Verify says whether a signature holds; its time depends on no secret.
	Verify(verifier, base, signed []byte) bool
}

// Registry finds an algorithm by the name that is registered with a key. A
// program adds a further algorithm by adding it to its own registry.
type Registry map[string]Algorithm

// Standard returns a new registry of ed25519 and hmac-sha256.
func Standard() Registry {
	return Registry{NameEd25519: Ed25519{}, NameHMACSHA256: HMACSHA256{}}
}

// Find returns the algorithm of a name, or ErrKey.
func (r Registry) Find(name string) (Algorithm, error) {
	algorithm, ok := r[name]
	if !ok {
		return nil, ErrKey.With("no such signature algorithm is registered")
	}
	return algorithm, nil
}

// Ed25519 is the algorithm "ed25519" of RFC 9421 section 3.3.6. Its secret is
// the 64 bytes of an ed25519.PrivateKey, its verifier the 32 of the public key.
type Ed25519 struct{}

// Name returns "ed25519".
func (Ed25519) Name() string { return NameEd25519 }

// Derive returns the public key of a private key.
func (Ed25519) Derive(secret []byte) ([]byte, error) {
	if len(secret) != ed25519.PrivateKeySize {
		return nil, ErrKey.With("an ed25519 private key has 64 bytes")
	}
	// A public half that is not the seed's own would leak the seed when signing.
	whole := ed25519.NewKeyFromSeed(secret[:ed25519.SeedSize])
	if !whole.Equal(ed25519.PrivateKey(secret)) {
		return nil, ErrKey.With("the halves of the ed25519 private key do not belong together")
	}
	return bytes.Clone(whole[ed25519.SeedSize:]), nil
}

// Check takes the 32 bytes of a public key.
func (Ed25519) Check(verifier []byte) error {
	if len(verifier) != ed25519.PublicKeySize {
		return ErrKey.With("an ed25519 public key has 32 bytes")
	}
	return nil
}

// Sign signs the base itself, not a hash of it.
func (Ed25519) Sign(secret, base []byte) ([]byte, error) {
	if len(secret) != ed25519.PrivateKeySize {
		return nil, ErrKey.With("an ed25519 private key has 64 bytes")
	}
	return ed25519.Sign(secret, base), nil
}

// Verify checks a signature of 64 bytes.
func (Ed25519) Verify(verifier, base, signed []byte) bool {
	return len(verifier) == ed25519.PublicKeySize && ed25519.Verify(verifier, base, signed)
}

// HMACSHA256 is the algorithm "hmac-sha256" of RFC 9421 section 3.3.3. Secret
// and verifier are the same shared bytes, at least 32.
type HMACSHA256 struct{}

// Name returns "hmac-sha256".
func (HMACSHA256) Name() string { return NameHMACSHA256 }

// Derive returns the secret: both sides share it.
func (h HMACSHA256) Derive(secret []byte) ([]byte, error) {
	if err := h.Check(secret); err != nil {
		return nil, err
	}
	return bytes.Clone(secret), nil
}

// Check takes 32 bytes or more.
func (HMACSHA256) Check(verifier []byte) error {
	if len(verifier) < minSecret {
		return ErrKey.With("an hmac-sha256 secret has at least 32 bytes")
	}
	return nil
}

// Sign returns the 32 bytes of the MAC.
func (h HMACSHA256) Sign(secret, base []byte) ([]byte, error) {
	if err := h.Check(secret); err != nil {
		return nil, err
	}
	return sumHMAC(secret, base), nil
}

// Verify compares in constant time.
func (h HMACSHA256) Verify(verifier, base, signed []byte) bool {
	return h.Check(verifier) == nil && hmac.Equal(sumHMAC(verifier, base), signed)
}

func sumHMAC(secret, base []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write(base)
	return mac.Sum(nil)
}

// spendDecoy does the work of a verification with a key that belongs to
// nobody, so that an unknown key id takes the time of a known one.
func spendDecoy(name string, base, signed []byte) {
	switch name {
	case NameEd25519:
		// Any point of the curve serves; this is its base point.
		point := bytes.Repeat([]byte{0x66}, ed25519.PublicKeySize)
		point[0] = 0x58
		Ed25519{}.Verify(point, base, signed)
	case NameHMACSHA256:
		HMACSHA256{}.Verify(make([]byte, minSecret), base, signed)
	}
}
