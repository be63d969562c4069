package httpapi

import "twoline/gateway/fault"

// The refusals of the door itself. Those that HTTP gives a status of its own
// (404 to 431) are answered through protocolProblem.
var (
	errInternal = fault.New(fault.Internal, "internal",
		"the gateway failed; name the request_id when you ask us")
	errInput = fault.New(fault.Invalid, "invalid_request", "the request does not follow its schema")
	errJSON  = fault.New(fault.Invalid, "invalid_json", "the body is not acceptable JSON")
	errRoute = fault.New(fault.NotFound, "no_such_route", "there is no such route on this address")
	errPath  = fault.New(fault.Invalid, "path_not_canonical",
		"the path must be written in its shortest form, without percent-encoding")
	errSingle = fault.New(fault.Invalid, "duplicate_parameter",
		"a query parameter or a header that must be single stands more than once")
	errCursor       = fault.New(fault.Invalid, "invalid_cursor", "use a next_cursor as it was given").On("cursor")
	errMethod       = fault.New(fault.Invalid, "method_not_allowed", "this method is not allowed here")
	errEncoding     = fault.New(fault.Invalid, "content_encoding_refused", "send the body without Content-Encoding")
	errContentType  = fault.New(fault.Invalid, "content_type_refused", "this route takes another Content-Type")
	errBodyTooLarge = fault.New(fault.TooLarge, "body_too_large", "the body is larger than this route takes")
	errHeaders      = fault.New(fault.TooLarge, "headers_too_large", "the header fields are larger than 16 KiB")
	errTimeout      = fault.New(fault.Invalid, "request_timeout", "the request did not arrive in time")
	errProtocol     = fault.New(fault.Invalid, "bad_request", "this is not an acceptable HTTP request")
	errDeadline     = fault.New(fault.Unavailable, "deadline_exceeded",
		"the work did not end in time; try again with the same Idempotency-Key")

	// ErrUnauthenticated is a request whose caller is not known.
	ErrUnauthenticated = fault.New(fault.Unauthenticated, "unauthenticated",
		"this route needs a signed request or a session")
	errCredentials = fault.New(fault.Unauthenticated, "credentials_ambiguous",
		"send a signature or a bearer token, not both")
	errAuthority = fault.New(fault.Unauthenticated, "authority_unknown",
		"the request was signed for another address than this one")
	errCertificateMissing = fault.New(fault.Unauthenticated, "certificate_required",
		"a bank's requests come over a connection with the bank's certificate")
	errCertificateOther = fault.New(fault.Unauthenticated, "certificate_differs",
		"the connection's certificate is not that of the bank whose key signed")
	errWrongCaller = fault.New(fault.Forbidden, "caller_not_allowed", "this route is not for this kind of caller")
	errLogin       = fault.New(fault.Unauthenticated, "login_refused",
		"login or password is wrong, or the login is locked")
	errRate        = fault.New(fault.TooMany, "rate_limited", "too many requests; slow down")
	errDigestField = fault.New(fault.Invalid, "digest_required",
		"an upload needs Content-Digest with the sha-256 of its bytes")
	errLength = fault.New(fault.Invalid, "upload_incomplete", "the upload ended before its announced length")
)
