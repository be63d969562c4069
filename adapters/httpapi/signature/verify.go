package signature

import (
	"time"

	"github.com/dunglas/httpsfv"
)

// Presented is a well-formed signature that nobody has believed yet. Its
// fields are the sender's claims: look the key up by KeyID, then call Verify.
// It is read-only and safe for concurrent use.
type Presented struct {
	// KeyID names the key that the sender says it used.
	KeyID string
	// Algorithm is the alg that the sender names; only Verify weighs it.
	Algorithm string
	// Nonce is to be stored, unique with KeyID, once Verify has passed.
	Nonce string
	// Created and Expires bound the signature's life, in whole seconds.
	Created, Expires time.Time
	// ContentDigest is the covered field for DigestOK, or "" without a body.
	ContentDigest string

	base, signed []byte
}

// Parse reads the signature of a message without believing it. The errors are
// ErrMalformed, ErrDuplicate and ErrCoverage; no key is needed to tell them
// apart, so they reveal nothing of our keys. It reads at most 8 KiB of each
// field and nothing of the body.
func Parse(m Message) (*Presented, error) {
	list, err := m.components()
	if err != nil {
		return nil, err
	}
	input, err := labelled(m, "signature-input")
	if err != nil {
		return nil, err
	}
	signed, err := labelled(m, "signature")
	if err != nil {
		return nil, err
	}
	inner, ok := input.value.(httpsfv.InnerList)
	if !ok {
		return nil, ErrMalformed.With("sig1 of Signature-Input is not a list of components")
	}
	if !covers(inner.Items, list) {
		return nil, ErrCoverage
	}
	p, err := readParams(inner.Params)
	if err != nil {
		return nil, err
	}
	// One spelling only: what was sent must be the text that is signed.
	if text, err := httpsfv.Marshal(inner); err != nil || text != input.text {
		return nil, ErrMalformed.With("sig1 of Signature-Input is not written in canonical form")
	}
	if p.signed, ok = signed.bytes(); !ok {
		return nil, ErrMalformed.With("sig1 of Signature is not a canonical byte sequence")
	}
	if p.ContentDigest, err = contentDigest(m, list); err != nil {
		return nil, err
	}
	p.base = signatureBase(list, input.text)
	return p, nil
}

// Verify believes or refuses the signature. Pass the zero Key where KeyID is
// unknown or revoked: the refusal and its cost are then those of a wrong
// signature. Skew, 0 to MaxSkew, is how far the sender's clock may run ahead.
//
// The errors are ErrRefused, then ErrExpired only for a signature that holds,
// and ErrSkew. A pass still leaves to the caller to store the nonce, to check
// that the authority is its own, and to compare the body by DigestOK.
func (p *Presented) Verify(key Key, now time.Time, skew time.Duration) error {
	if skew < 0 || skew > MaxSkew {
		return ErrSkew
	}
	// The sender's alg selects nothing: a public key must never serve as an HMAC secret.
	if key.material == nil || key.id != p.KeyID || key.Algorithm() != p.Algorithm {
		spendDecoy(p.Algorithm, p.base, p.signed)
		return ErrRefused
	}
	if !key.algorithm.Verify(key.material().verifier, p.base, p.signed) {
		return ErrRefused
	}
	if !lifetimeOK(p.Created.Unix(), p.Expires.Unix()) {
		return ErrExpired.With("expires is not 1 to 300 seconds after created")
	}
	if p.Created.After(now.Add(skew)) || now.After(p.Expires) {
		return ErrExpired
	}
	return nil
}

// KeepNonceUntil is the first instant at which the nonce may be forgotten: no
// server whose clock differs by less than skew accepts the signature any more.
func (p *Presented) KeepNonceUntil(skew time.Duration) time.Time {
	return p.Expires.Add(skew + time.Second)
}

// labelled returns sig1 of one of the two signature fields.
func labelled(m Message, name string) (member, error) {
	lines := m.lines(name)
	if len(lines) == 0 {
		return member{}, ErrMalformed.With("Signature-Input or Signature is missing")
	}
	value, err := joinLines(lines)
	if err != nil {
		return member{}, err
	}
	dictionary, err := parseDictionary(value)
	if err != nil {
		return member{}, err
	}
	found, ok := dictionary[Label]
	if !ok {
		return member{}, ErrMalformed.With("there is no signature labelled sig1")
	}
	return found, nil
}

// covers says whether the items are the names of the list, in its order, and
// carry no parameters.
func covers(items []httpsfv.Item, list []component) bool {
	if len(items) != len(list) {
		return false
	}
	for i, item := range items {
		name, ok := item.Value.(string)
		if !ok || name != list[i].name || len(item.Params.Names()) > 0 {
			return false
		}
	}
	return true
}

// readParams takes exactly the five parameters of the profile, in any order.
func readParams(params *httpsfv.Params) (*Presented, error) {
	created, okCreated := integerParam(params, "created")
	expires, okExpires := integerParam(params, "expires")
	nonce, okNonce := textParam(params, "nonce")
	keyID, okKey := textParam(params, "keyid")
	algorithm, okAlgorithm := textParam(params, "alg")
	if !okCreated || !okExpires || !okNonce || !okKey || !okAlgorithm || len(params.Names()) != 5 {
		return nil, ErrMalformed.With("sig1 needs exactly created, expires, nonce, keyid and alg")
	}
	if created < 0 || expires < 0 || !isNonce(nonce) || !isKeyID(keyID) || !isKeyID(algorithm) {
		return nil, ErrMalformed.With("a parameter of sig1 is outside its limits")
	}
	return &Presented{
		KeyID: keyID, Algorithm: algorithm, Nonce: nonce,
		Created: time.Unix(created, 0).UTC(), Expires: time.Unix(expires, 0).UTC(),
		ContentDigest: "", base: nil, signed: nil,
	}, nil
}

func integerParam(params *httpsfv.Params, name string) (int64, bool) {
	value, _ := params.Get(name)
	n, ok := value.(int64)
	return n, ok
}

func textParam(params *httpsfv.Params, name string) (string, bool) {
	value, _ := params.Get(name)
	s, ok := value.(string)
	return s, ok
}
