package signature

import (
	"bytes"
	"log/slog"
)

// Key is one registered key: its id, its algorithm and what signs or verifies.
// It is immutable, safe for concurrent use, and prints as id and algorithm
// only. The zero Key stands for an unknown key: Verify refuses with it.
type Key struct {
	id        string
	algorithm Algorithm
	// The bytes stand behind a function because every verb of fmt prints one as
	// an address, even inside a struct that hides the Key's own String.
	material func() material
}

// material is what signs, nil where the key only verifies, and what verifies.
type material struct{ secret, verifier []byte }

func hide(secret, verifier []byte) func() material {
	return func() material { return material{secret: secret, verifier: verifier} }
}

// NewSigningKey makes a key that signs and verifies. The id is 1 to 64 visible
// ASCII characters; the secret is the algorithm's. The error is ErrKey.
func NewSigningKey(id string, algorithm Algorithm, secret []byte) (Key, error) {
	if err := checkID(id, algorithm); err != nil {
		return Key{}, err
	}
	verifier, err := algorithm.Derive(secret)
	if err != nil {
		return Key{}, err
	}
	return Key{id: id, algorithm: algorithm, material: hide(bytes.Clone(secret), verifier)}, nil
}

// NewVerifyingKey makes a key that only verifies, from a public key or, for a
// shared secret, the secret. The error is ErrKey.
func NewVerifyingKey(id string, algorithm Algorithm, verifier []byte) (Key, error) {
	if err := checkID(id, algorithm); err != nil {
		return Key{}, err
	}
	if err := algorithm.Check(verifier); err != nil {
		return Key{}, err
	}
	return Key{id: id, algorithm: algorithm, material: hide(nil, bytes.Clone(verifier))}, nil
}

// ID returns the key id, or "" of the zero Key.
func (k Key) ID() string { return k.id }

// Algorithm returns the registered algorithm's name, or "" of the zero Key.
func (k Key) Algorithm() string {
	if k.algorithm == nil {
		return ""
	}
	return k.algorithm.Name()
}

// CanSign says whether the key holds what signs.
func (k Key) CanSign() bool { return k.material != nil && k.material().secret != nil }

// Verifier returns a copy of what verifies: the public key, or the shared
// secret, which is to be stored encrypted.
func (k Key) Verifier() []byte {
	if k.material == nil {
		return nil
	}
	return bytes.Clone(k.material().verifier)
}

// String returns id and algorithm, never key material.
func (k Key) String() string { return k.id + " (" + k.Algorithm() + ")" }

// LogValue logs what String returns.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

func checkID(id string, algorithm Algorithm) error {
	if !isKeyID(id) {
		return ErrKey.With("a key id has 1 to 64 visible ASCII characters")
	}
	if algorithm == nil {
		return ErrKey.With("a key has an algorithm")
	}
	return nil
}

func isKeyID(id string) bool { return id != "" && len(id) <= 64 && isVisible(id) }
