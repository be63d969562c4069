package cycle

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"

	"twoline/gateway/fault"
)

// The refusals.
var (
	ErrNoKey = fault.New(fault.Unprocessable, "proof_not_signed",
		"this gateway has no key for proofs; its operator makes one with twoline admin proof-key and names it in "+
			"TWOLINE_PROOF_KEY_FILE. The proof without a signature is at /v1/pay-runs/{id}/proof")
	ErrKey     = fault.New(fault.Invalid, "proof_key", "the file holds no ed25519 key in PEM")
	ErrNoProof = fault.New(fault.Invalid, "proof_unreadable", "the file is no signed proof")
)

// Key signs proofs. It prints as its id only.
type Key struct {
	id      string
	private func() ed25519.PrivateKey
}

// ParseKey reads a private key in PEM (PKCS#8).
func ParseKey(content []byte) (*Key, error) {
	block, rest := pem.Decode(content)
	if block == nil || block.Type != "PRIVATE KEY" || len(bytes.TrimSpace(rest)) > 0 {
		return nil, ErrKey.With("the key for proofs is not one PEM block of a private key")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	private, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, ErrKey.With("the key for proofs is not an ed25519 private key in PKCS#8")
	}
	public, _ := private.Public().(ed25519.PublicKey)
	return &Key{id: KeyID(public), private: func() ed25519.PrivateKey { return private }}, nil
}

// ParsePublic reads a public key in PEM (PKIX).
func ParsePublic(content []byte) (ed25519.PublicKey, error) {
	block, rest := pem.Decode(content)
	if block == nil || block.Type != "PUBLIC KEY" || len(bytes.TrimSpace(rest)) > 0 {
		return nil, ErrKey.With("the file is not one PEM block of a public key")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	public, ok := parsed.(ed25519.PublicKey)
	if err != nil || !ok {
		return nil, ErrKey.With("the file is not an ed25519 public key in PKIX form")
	}
	return public, nil
}

// KeyID names a public key: the first 16 hex digits of its SHA-256.
func KeyID(public ed25519.PublicKey) string {
	sum := sha256.Sum256(public)
	return hex.EncodeToString(sum[:8])
}

// ID names the key.
func (k *Key) ID() string { return k.id }

// String is the id.
func (k *Key) String() string { return k.id }

// Public is the key in PEM that checks what this one signs.
func (k *Key) Public() (string, error) {
	der, err := x509.MarshalPKIXPublicKey(k.private().Public())
	if err != nil {
		return "", fmt.Errorf("write public key %s: %w", k.id, err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Headers: nil, Bytes: der})), nil
}

// file is a signed proof as it is written.
type file struct {
	Proof     Document  `json:"proof"`
	Signature signature `json:"signature"`
}

type signature struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"key_id"`
	Value     string `json:"value"`
}

const algorithm = "ed25519"

// Sign writes the document as a signed file. Without a key it is ErrNoKey.
func (k *Key) Sign(d Document) ([]byte, error) {
	if k == nil {
		return nil, ErrNoKey
	}
	body, err := canonical(d)
	if err != nil {
		return nil, err
	}
	value := ed25519.Sign(k.private(), body)
	out, err := canonical(file{Proof: d, Signature: signature{
		Algorithm: algorithm, KeyID: k.id, Value: base64.StdEncoding.EncodeToString(value),
	}})
	return append(out, '\n'), err
}
