package signature

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
)

// maxKeyFile bounds a key file in bytes.
const maxKeyFile = 16 << 10

// ParseKeyFile reads a key file: PEM "PRIVATE KEY" (PKCS#8) or "PUBLIC KEY"
// (PKIX) holds ed25519; one line of base64 holds an hmac-sha256 secret. Only a
// public key yields a Key that cannot sign. The error is ErrKey, without any
// of the file's text.
func ParseKeyFile(id string, content []byte) (Key, error) {
	if len(content) > maxKeyFile {
		return Key{}, ErrKey.With("the key file is longer than 16 KiB")
	}
	if bytes.Contains(content, []byte("-----BEGIN")) {
		return parsePEM(id, content)
	}
	line := bytes.TrimSpace(content)
	secret, err := base64.StdEncoding.Strict().DecodeString(string(line))
	if err != nil || bytes.ContainsAny(line, "\r\n") {
		return Key{}, ErrKey.With("the key file is neither PEM nor one line of base64")
	}
	return NewSigningKey(id, HMACSHA256{}, secret)
}

func parsePEM(id string, content []byte) (Key, error) {
	block, rest := pem.Decode(content)
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return Key{}, ErrKey.With("the key file does not hold exactly one PEM block")
	}
	switch block.Type {
	case "PRIVATE KEY":
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		private, ok := parsed.(ed25519.PrivateKey)
		if err != nil || !ok {
			return Key{}, ErrKey.With("the PEM block is not an ed25519 private key in PKCS#8")
		}
		return NewSigningKey(id, Ed25519{}, private)
	case "PUBLIC KEY":
		parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
		public, ok := parsed.(ed25519.PublicKey)
		if err != nil || !ok {
			return Key{}, ErrKey.With("the PEM block is not an ed25519 public key in PKIX form")
		}
		return NewVerifyingKey(id, Ed25519{}, public)
	default:
		return Key{}, ErrKey.With("the PEM block is neither PRIVATE KEY nor PUBLIC KEY")
	}
}

// NewKeyPair makes an ed25519 key pair as two key files: PKCS#8 and PKIX in
// PEM. Randomness is 32 bytes of the reader, which must be cryptographic.
func NewKeyPair(random io.Reader) (private, public []byte, err error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, nil, fmt.Errorf("read randomness for a key pair: %w", err)
	}
	key := ed25519.NewKeyFromSeed(seed)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("encode a private key: %w", err)
	}
	pkix, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, nil, fmt.Errorf("encode a public key: %w", err)
	}
	private = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Headers: nil, Bytes: pkcs8})
	public = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Headers: nil, Bytes: pkix})
	return private, public, nil
}

// NewSecret makes an hmac-sha256 key file: 32 bytes of the reader, which must
// be cryptographic, as one line of base64.
func NewSecret(random io.Reader) ([]byte, error) {
	secret := make([]byte, minSecret)
	if _, err := io.ReadFull(random, secret); err != nil {
		return nil, fmt.Errorf("read randomness for a secret: %w", err)
	}
	return append(base64.StdEncoding.AppendEncode(nil, secret), '\n'), nil
}
