package signature

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The limits of the profile.
const (
	// MaxLifetime is the longest time from created to expires.
	MaxLifetime = 300 * time.Second
	// MaxSkew is the most that a verifier may allow a clock to run ahead.
	MaxSkew = 300 * time.Second
	// Label is the only signature label that is looked at.
	Label = "sig1"
)

// Params are what one signature says besides the request. Times count in whole
// seconds, Expires 1 to 300 after Created; the nonce is 16 to 64 visible ASCII
// characters and never used again with the same key.
type Params struct {
	Created, Expires time.Time
	Nonce            string
}

// Headers are the two fields that a signature adds to a request.
type Headers struct{ SignatureInput, Signature string }

// Apply sets both fields, replacing any signature that stands there.
func (h Headers) Apply(to http.Header) {
	to.Set("Signature-Input", h.SignatureInput)
	to.Set("Signature", h.Signature)
}

// Sign signs a message. A message with a body must already carry its
// Content-Digest. The errors are ErrKey for a key that cannot sign, and
// ErrMalformed or ErrDuplicate for a message outside the profile.
func Sign(m Message, key Key, p Params) (Headers, error) {
	if !key.CanSign() {
		return Headers{}, ErrKey.With("the key holds nothing that signs")
	}
	if err := p.check(); err != nil {
		return Headers{}, err
	}
	list, err := m.components()
	if err != nil {
		return Headers{}, err
	}
	if _, err := contentDigest(m, list); err != nil {
		return Headers{}, err
	}
	input := paramsText(list, key, p)
	signed, err := key.algorithm.Sign(key.material().secret, signatureBase(list, input))
	if err != nil {
		return Headers{}, fmt.Errorf("sign with key %s: %w", key.id, err)
	}
	return Headers{
		SignatureInput: Label + "=" + input,
		Signature:      Label + "=:" + base64.StdEncoding.EncodeToString(signed) + ":",
	}, nil
}

// NewNonce draws 18 random bytes and writes them as 24 characters.
func NewNonce(random io.Reader) (string, error) {
	var raw [18]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", fmt.Errorf("read randomness for a nonce: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw[:]), nil
}

func (p Params) check() error {
	if !isNonce(p.Nonce) {
		return ErrMalformed.With("a nonce has 16 to 64 visible ASCII characters")
	}
	if p.Created.Unix() < 0 || !lifetimeOK(p.Created.Unix(), p.Expires.Unix()) {
		return ErrMalformed.With("expires is 1 to 300 seconds after created")
	}
	return nil
}

func isNonce(s string) bool { return len(s) >= 16 && len(s) <= 64 && isVisible(s) }

func lifetimeOK(created, expires int64) bool {
	return expires > created && expires-created <= int64(MaxLifetime/time.Second)
}

// paramsText writes the covered components and the parameters in the one form
// that serves both Signature-Input and the last line of the signature base.
func paramsText(list []component, key Key, p Params) string {
	var text strings.Builder
	for i, c := range list {
		text.WriteString([...]string{"(", " "}[min(i, 1)])
		text.WriteString(`"` + c.name + `"`)
	}
	text.WriteString(");created=" + strconv.FormatInt(p.Created.Unix(), 10))
	text.WriteString(";expires=" + strconv.FormatInt(p.Expires.Unix(), 10))
	text.WriteString(";nonce=" + quote(p.Nonce))
	text.WriteString(";keyid=" + quote(key.id))
	text.WriteString(";alg=" + quote(key.Algorithm()))
	return text.String()
}

// quote writes visible ASCII as a structured-field string.
func quote(s string) string {
	s = strings.ReplaceAll(s, `\`, `\\`)
	return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"`
}

// signatureBase is the text that is signed: a line a component, then the
// parameters, no line end after the last (RFC 9421 section 2.5).
func signatureBase(list []component, params string) []byte {
	size := len(params) + 32
	for _, c := range list {
		size += len(c.name) + len(c.value) + 5
	}
	base := make([]byte, 0, size)
	for _, c := range list {
		base = append(base, '"')
		base = append(base, c.name...)
		base = append(base, `": `...)
		base = append(base, c.value...)
		base = append(base, '\n')
	}
	base = append(base, `"@signature-params": `...)
	return append(base, params...)
}
