// Package signature signs and verifies the requests of banks: one fixed profile
// of HTTP Message Signatures (RFC 9421) with Content-Digest (RFC 9530).
//
// It works on plain values and knows no server, client, clock or database, so
// that our server, our command and a bank's program speak the same profile.
// This page is the whole of it; testdata/vectors.json holds requests with their
// signatures, right and wrong, and client/sign.py the same steps in Python.
//
// # What a sender does
//
//  1. Agree on a key with the gateway: a key id (1 to 64 visible ASCII
//     characters, that is 0x21 to 0x7e) and one algorithm, either "ed25519"
//     (RFC 8032; PKCS#8 and PKIX PEM files) or "hmac-sha256" (a shared secret
//     of 32 random bytes or more; a file of one line of base64).
//  2. Fix the request: method, host, path, query, body bytes. Whatever is done
//     to the body, do it first: the digest is over the bytes as sent.
//  3. If the request has a body, add the field Content-Digest with the value
//     sha-256=:BASE64:, where BASE64 is the standard, padded base64 of the
//     body's SHA-256. The field stands once. Other algorithms may stand beside
//     sha-256 and are ignored.
//  4. Choose created (now, in whole seconds since 1970 UTC), expires (1 to 300
//     seconds later) and a nonce (16 to 64 visible ASCII characters, never used
//     before with this key; 18 random bytes in base64url serve well). A retry
//     takes a new nonce and new times, and keeps its Idempotency-Key.
//  5. List the covered components, exactly these, in this order:
//     "@method" "@authority" "@path" "@query", then "content-type",
//     "content-digest", "idempotency-key", each of these three where the field
//     stands in the request and only there.
//  6. Find the value of each component:
//     "@method" is the method as sent, such as POST.
//     "@authority" is the Host field (in HTTP/2 :authority) in lower case,
//     without the port where it is the default of the scheme (443 of https, 80
//     of http).
//     "@path" is the path as sent, percent-encoding untouched, starting with a
//     slash; an empty path is "/".
//     "@query" is a question mark and the query as sent, percent-encoding
//     untouched; without a query it is the question mark alone.
//     A field's value is its text without blanks at either end. Should
//     Content-Type stand on several lines, they are joined by a comma and a
//     blank. Content-Digest and Idempotency-Key stand once. An empty value, a
//     folded line and any character outside 0x20 to 0x7e are refused.
//  7. Write the signature parameters: the components in double quotes, in round
//     brackets, one blank between; then ;created= ;expires= ;nonce= ;keyid=
//     ;alg= without blanks. The first two are integers, the others strings in
//     double quotes, in which a double quote or a backslash takes a backslash
//     before it. All five are required, once each, no other is allowed, and
//     alg is the algorithm agreed with the key. Another order of the five is
//     accepted; a second spelling (more blanks, say) is not.
//  8. Write the signature base: for each component a line of its name in double
//     quotes, a colon, a blank and its value; then a last line
//     "@signature-params": followed by a blank and the text of step 7. Lines
//     end in a single line feed (0x0a), the last one in nothing.
//  9. Sign the bytes of the base: ed25519 over the base itself (64 bytes), or
//     HMAC-SHA-256 (32 bytes).
//  10. Add two fields, Signature-Input with the value sig1=TEXT, where TEXT is
//     that of step 7, and Signature with the value sig1=:BASE64:, where BASE64
//     is the padded base64 of step 9. Send the request as it was signed. Path,
//     query, each signed field and each of these two has at most 8 KiB.
//
// # An example
//
// With the shared secret of RFC 9421 B.1.5 as key bank-hmac-1, this request has
// this signature base and these fields (a trailing backslash only breaks the
// line for this page):
//
//	POST /v1/withholding-batches/WB-7/results?part=1 HTTP/1.1
//	Host: pay.example.cn
//	Content-Type: application/json
//	Idempotency-Key: 7d9f0c52-results-1
//
//	{"count":1,"amount":"183.10"}
//
// Signature base:
//
//	"@method": POST
//	"@authority": pay.example.cn
//	"@path": /v1/withholding-batches/WB-7/results
//	"@query": ?part=1
//	"content-type": application/json
//	"content-digest": sha-256=:/8c5KsiqdJMsgMjU32tcE33KXfqhBazZwwuDQxgs3ZE=:
//	"idempotency-key": 7d9f0c52-results-1
//	"@signature-params": ("@method" "@authority" "@path" "@query" \
//	"content-type" "content-digest" "idempotency-key")\
//	;created=1764036000;expires=1764036300;nonce="b3JkZXItMjAyNS0xMS0yNQ"\
//	;keyid="bank-hmac-1";alg="hmac-sha256"
//
// Fields added:
//
//	Content-Digest: sha-256=:/8c5KsiqdJMsgMjU32tcE33KXfqhBazZwwuDQxgs3ZE=:
//	Signature-Input: sig1=("@method" "@authority" "@path" "@query" \
//	"content-type" "content-digest" "idempotency-key")\
//	;created=1764036000;expires=1764036300;nonce="b3JkZXItMjAyNS0xMS0yNQ"\
//	;keyid="bank-hmac-1";alg="hmac-sha256"
//	Signature: sig1=:IN60xhdy9AgpRDJXCK+IZORrhQD7mrJWiKlTEain2vQ=:
//
// # What the gateway does
//
//  1. Parse reads sig1 and builds the base from the request as received. Other
//     labels are not looked at. Wrong form is signature_malformed, a label or
//     field that stands twice signature_duplicate, another list of components
//     signature_coverage.
//  2. The caller looks up the key by its id. An unknown or revoked key, a key
//     of another algorithm than alg and a wrong signature are the same answer,
//     signature_refused, at the same cost.
//  3. Verify checks the signature, then the time: created at most the allowed
//     skew (0 to 300 s) ahead of our clock, expires not past, expires 1 to 300
//     seconds after created; else signature_expired.
//  4. The caller stores key id and nonce, unique, until KeepNonceUntil, and
//     refuses a nonce that stands there already. It also checks that the
//     authority is one of its own.
//  5. DigestOK compares the SHA-256 of the body's raw bytes, for an upload
//     after its last byte; else digest_mismatch. Nothing of a body has effect
//     before.
//
// A further algorithm is a further Algorithm in the caller's Registry.
package signature
