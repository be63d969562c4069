package signature

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// TransportOptions configure a Transport. Base, Key, Now and Random are needed.
type TransportOptions struct {
	// Base sends the signed request.
	Base http.RoundTripper
	// Key signs.
	Key Key
	// Now gives the wall clock's time.
	Now func() time.Time
	// Random is a cryptographic source of nonces.
	Random io.Reader
	// Lifetime is from created to expires, whole seconds, at most and by default MaxLifetime.
	Lifetime time.Duration
	// MaxBuffer is the most bytes of a body without GetBody and Content-Digest
	// that are held in memory; 0 is 4 MiB.
	MaxBuffer int64
}

// Transport signs every request it sends, each with a new nonce. It is safe
// for concurrent use.
//
// The digest comes from a Content-Digest that already stands on the request
// (see DigestFile), else from a pass over GetBody, else from a body held in
// memory. Requests with a body are sent without GetBody, so that the sender
// below cannot silently repeat one nonce; where it repeats a GET on a broken
// connection, the server may refuse the repeat and the caller asks again.
type Transport struct {
	options TransportOptions
	mu      sync.Mutex // guards options.Random
}

// NewTransport checks the options; the error is ErrTransport or ErrKey.
func NewTransport(o TransportOptions) (*Transport, error) {
	if o.Base == nil || o.Now == nil || o.Random == nil {
		return nil, ErrTransport.With("the signing transport needs Base, Now and Random")
	}
	if !o.Key.CanSign() {
		return nil, ErrKey.With("the key holds nothing that signs")
	}
	if o.Lifetime == 0 {
		o.Lifetime = MaxLifetime
	}
	if o.Lifetime < time.Second || o.Lifetime > MaxLifetime || o.Lifetime%time.Second != 0 || o.MaxBuffer < 0 {
		return nil, ErrTransport.With("Lifetime is 1 to 300 whole seconds and MaxBuffer not negative")
	}
	if o.MaxBuffer == 0 {
		o.MaxBuffer = 4 << 20
	}
	return &Transport{options: o, mu: sync.Mutex{}}, nil
}

// RoundTrip signs a copy of the request and sends it; the request itself stays
// as it was, but its body is read and closed.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	signed, err := t.sign(r)
	if err != nil {
		if r.Body != nil {
			err = errors.Join(err, r.Body.Close())
		}
		return nil, err
	}
	response, err := t.options.Base.RoundTrip(signed)
	if err != nil {
		return nil, fmt.Errorf("send signed request: %w", err)
	}
	return response, nil
}

func (t *Transport) sign(r *http.Request) (*http.Request, error) {
	if r.URL == nil || r.RequestURI != "" {
		return nil, ErrTransport.With("a client's request has a URL and no RequestURI")
	}
	signed := r.Clone(r.Context())
	if signed.Header == nil {
		signed.Header = http.Header{}
	}
	hasBody := r.Body != nil && r.Body != http.NoBody
	if hasBody && len(signed.Header.Values("Content-Digest")) == 0 {
		if err := t.digest(signed); err != nil {
			return nil, err
		}
	}
	if hasBody {
		signed.GetBody = nil
	}
	t.mu.Lock()
	nonce, err := NewNonce(t.options.Random)
	t.mu.Unlock()
	if err != nil {
		return nil, err
	}
	now := t.options.Now()
	params := Params{Created: now, Expires: now.Add(t.options.Lifetime), Nonce: nonce}
	headers, err := Sign(OfRequest(signed), t.options.Key, params)
	if err != nil {
		return nil, err
	}
	headers.Apply(signed.Header)
	return signed, nil
}

// digest sets Content-Digest from a pass over the body.
func (t *Transport) digest(r *http.Request) error {
	if r.GetBody == nil {
		return t.digestHeld(r)
	}
	body, err := r.GetBody()
	if err != nil {
		return fmt.Errorf("open the body for its digest: %w", err)
	}
	hash := sha256.New()
	_, err = io.Copy(hash, body)
	if err := errors.Join(err, body.Close()); err != nil {
		return fmt.Errorf("digest the body: %w", err)
	}
	r.Header.Set("Content-Digest", ContentDigest([sha256.Size]byte(hash.Sum(nil))))
	return nil
}

// digestHeld takes a body that can be read only once into memory.
func (t *Transport) digestHeld(r *http.Request) error {
	content, err := io.ReadAll(io.LimitReader(r.Body, t.options.MaxBuffer+1))
	if err != nil {
		return fmt.Errorf("read the body for its digest: %w", err)
	}
	if int64(len(content)) > t.options.MaxBuffer {
		return ErrTransport.With("the body is too long to hold in memory: digest it first, as DigestFile does")
	}
	if err := r.Body.Close(); err != nil {
		return fmt.Errorf("close the body: %w", err)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(content)), int64(len(content))
	r.Header.Set("Content-Digest", ContentDigest(sha256.Sum256(content)))
	return nil
}
