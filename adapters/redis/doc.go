// Package redis remembers finished answers, marks requests that are being worked
// on, and counts callers over all processes. It is a hint and never the truth:
// PostgreSQL decides what took effect, and everything works without Redis.
//
// Whatever Redis does, a call of this package ends within its budget. An error,
// a missing key, an evicted key and an answer that does not prove itself are all
// a miss; after several failures in a row Redis is left alone for a while:
//
//	         failures in a row           pause over
//	asking ────────────────────► bypass ────────────► one call probes
//	  ▲                             ▲                    │       │
//	  │                             └────── it fails ────┘       │
//	  └───────────────────── it is answered ─────────────────────┘
//
// A kept answer carries the digest of its caller, route and key, the fingerprint
// of its request, its end and a MAC over all of it, so that a stale answer, a
// forged one and one that belongs to somebody else are misses. A mark carries a
// random token and a MAC, so that its owner knows it again after a lost reply
// and nobody else removes it. It lives for seconds and is renewed by the process
// that works on the request: what a killed process left refuses a bank that tries
// again for no longer than that. Keys are digests under a secret: an
// Idempotency-Key or an address may say more about a person than a key name in
// Redis should.
package redis
