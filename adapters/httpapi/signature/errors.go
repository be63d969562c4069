package signature

import "twoline/gateway/fault"

// The refusals of this package. All but ErrKey and ErrSkew mean that the
// caller is not authenticated; none carries text of the request or of a key.
var (
	// ErrRefused is a signature that does not hold. An unknown key, a key of
	// another algorithm and a wrong signature are the same refusal on purpose.
	ErrRefused = fault.New(fault.Unauthenticated, "signature_refused",
		"the signature does not hold for this request and key")
	// ErrMalformed is a request that does not follow the profile's form.
	ErrMalformed = fault.New(fault.Unauthenticated, "signature_malformed",
		"the request does not follow the signature profile")
	// ErrDuplicate is a label, field or digest that stands twice.
	ErrDuplicate = fault.New(fault.Unauthenticated, "signature_duplicate",
		"a signature label, digest or single field stands more than once")
	// ErrCoverage is a list of covered components other than the profile's.
	ErrCoverage = fault.New(fault.Unauthenticated, "signature_coverage",
		"sig1 must cover exactly the components of the profile, in their order")
	// ErrExpired is a genuine signature outside its window of time.
	ErrExpired = fault.New(fault.Unauthenticated, "signature_expired",
		"the signature is not valid at this time; check the clock and sign anew")
	// ErrDigest is a body other than the one that Content-Digest names.
	ErrDigest = fault.New(fault.Unauthenticated, "digest_mismatch",
		"the body is not the one that Content-Digest names")
	// ErrKey is key material that cannot be used for what was asked.
	ErrKey = fault.New(fault.Invalid, "signature_key_invalid", "the key cannot be used")
	// ErrSkew is a tolerance for clocks outside 0 to MaxSkew: our configuration, not the caller.
	ErrSkew = fault.New(fault.Internal, "signature_skew", "the allowed clock skew is outside 0 to 300 seconds")
	// ErrTransport is a request that the signing Transport cannot sign and send.
	ErrTransport = fault.New(fault.Invalid, "signature_transport", "the request cannot be signed as it stands")
)
