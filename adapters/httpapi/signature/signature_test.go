package signature_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twoline/adapters/httpapi/signature"
	"twoline/gateway/fault"
)

// F-95, the part that needs no store: a request replayed later or elsewhere.
func TestF95_ReplayElsewhereOrLaterIsRefused(t *testing.T) {
	t.Parallel()
	keys := parsedKeys(t)
	v := newDraft(ed25519ID).vector("")
	presented, err := signature.Parse(v.message())
	if err != nil {
		t.Fatal(err)
	}
	keep := presented.KeepNonceUntil(time.Minute)
	for now := presented.Created.Add(-2 * time.Minute); now.Before(keep.Add(time.Minute)); now = now.Add(time.Second) {
		err := presented.Verify(keys[ed25519ID], now, time.Minute)
		inside := !now.Before(presented.Created.Add(-time.Minute)) && !now.After(presented.Expires)
		if inside != (err == nil) {
			t.Errorf("at %v: %v", now, err)
		}
		// A second server may run a minute behind the one that forgets.
		slow := presented.Verify(keys[ed25519ID], now.Add(-time.Minute), time.Minute)
		if slow == nil && !now.Before(keep) {
			t.Errorf("still accepted at %v, where the nonce is forgotten", now)
		}
	}
	for _, elsewhere := range []func(m *signature.Message){
		func(m *signature.Message) { m.Path = "/v1/returns" },
		func(m *signature.Message) { m.Authority = "upload.example.cn" },
	} {
		m := v.message()
		elsewhere(&m)
		presented, err := signature.Parse(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := presented.Verify(keys[ed25519ID], time.Unix(t0, 0), 0); !errors.Is(err, signature.ErrRefused) {
			t.Errorf("got %v", err)
		}
	}
}

// F-96: the digest names the bytes on the wire, not what they unpack to.
func TestF96_DigestIsOverTheRawBytes(t *testing.T) {
	t.Parallel()
	plain := []byte(`{"count":1}`)
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if _, err := writer.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	header := signature.ContentDigest(sha256.Sum256(packed.Bytes()))
	if err := signature.DigestOK(header, sha256.Sum256(packed.Bytes())); err != nil {
		t.Error(err)
	}
	if err := signature.DigestOK(header, sha256.Sum256(plain)); !errors.Is(err, signature.ErrDigest) {
		t.Errorf("unpacked bytes: %v", err)
	}
	for _, spelling := range []string{`{"count": 1}`, `{"count":1,"count":1}`, "\ufeff" + `{"count":1}`} {
		header := signature.ContentDigest(sha256.Sum256(plain))
		if err := signature.DigestOK(header, sha256.Sum256([]byte(spelling))); !errors.Is(err, signature.ErrDigest) {
			t.Errorf("%q: %v", spelling, err)
		}
	}
}

// F-97, the part that needs no store: two keys overlap by id; a revoked one,
// which the caller passes as the zero Key, is refused at once.
func TestF97_KeysOverlapByIDAndRevokedIsRefused(t *testing.T) {
	t.Parallel()
	registered := map[string]signature.Key{}
	sign := func(id string, random byte) *signature.Presented {
		private, public, err := signature.NewKeyPair(bytes.NewReader(bytes.Repeat([]byte{random}, 32)))
		if err != nil {
			t.Fatal(err)
		}
		key, err := signature.ParseKeyFile(id, private)
		if err != nil {
			t.Fatal(err)
		}
		if registered[id], err = signature.ParseKeyFile(id, public); err != nil {
			t.Fatal(err)
		}
		return present(t, getMessage(), key)
	}
	before, after := sign("bank-2025", 1), sign("bank-2026", 2)
	now := time.Unix(t0, 0)
	for _, p := range []*signature.Presented{before, after} {
		if err := p.Verify(registered[p.KeyID], now, 0); err != nil {
			t.Errorf("%s: %v", p.KeyID, err)
		}
	}
	delete(registered, "bank-2025")
	if err := before.Verify(registered[before.KeyID], now, 0); !errors.Is(err, signature.ErrRefused) {
		t.Errorf("revoked: %v", err)
	}
	if err := before.Verify(registered["bank-2026"], now, 0); !errors.Is(err, signature.ErrRefused) {
		t.Errorf("the new key for the old id: %v", err)
	}
	renamed, err := signature.NewVerifyingKey("bank-2027", signature.Ed25519{}, registered["bank-2026"].Verifier())
	if err != nil {
		t.Fatal(err)
	}
	if err := after.Verify(renamed, now, 0); !errors.Is(err, signature.ErrRefused) {
		t.Errorf("the same key under another id: %v", err)
	}
}

// S-14: the same words, and about the same work, for an unknown key as for a
// wrong signature. The shortest of many runs is compared, with a wide margin.
func TestS14_UnknownKeyAnswersAndCostsAsWrongSignature(t *testing.T) {
	t.Parallel()
	keys := parsedKeys(t)
	for _, id := range []string{ed25519ID, hmacID} {
		v := newDraft(id).vector("")
		v.Path += "x"
		presented, err := signature.Parse(v.message())
		if err != nil {
			t.Fatal(err)
		}
		now := time.Unix(v.Now, 0)
		answer := func(key signature.Key) (string, time.Duration) {
			shortest, text := time.Hour, ""
			for range 200 {
				start := time.Now()
				err := presented.Verify(key, now, 0)
				shortest = min(shortest, time.Since(start))
				text = err.Error()
			}
			return text, shortest
		}
		wrongText, wrong := answer(keys[id])
		unknownText, unknown := answer(signature.Key{})
		if wrongText != unknownText {
			t.Errorf("%q is not %q", unknownText, wrongText)
		}
		if unknown < wrong/3 || unknown > wrong*3 {
			t.Errorf("%s: unknown key %v, wrong signature %v", id, unknown, wrong)
		}
	}
}

func TestSkewOutsideItsLimitsIsOurFault(t *testing.T) {
	t.Parallel()
	v := newDraft(hmacID).vector("")
	presented, err := signature.Parse(v.message())
	if err != nil {
		t.Fatal(err)
	}
	for _, skew := range []time.Duration{-1, signature.MaxSkew + 1} {
		err := presented.Verify(parsedKeys(t)[hmacID], time.Unix(v.Now, 0), skew)
		if !errors.Is(err, signature.ErrSkew) || fault.KindOf(err) != fault.Internal {
			t.Errorf("%v: %v", skew, err)
		}
	}
}

func TestPresentedTellsTheClaims(t *testing.T) {
	t.Parallel()
	p, err := signature.Parse(newDraft(hmacID).vector("").message())
	if err != nil {
		t.Fatal(err)
	}
	if p.KeyID != hmacID || p.Algorithm != "hmac-sha256" || p.Nonce != "b3JkZXItMjAyNS0xMS0yNQ" ||
		p.Created.Unix() != t0 || p.Expires.Unix() != t0+300 || p.ContentDigest != digestOf(newDraft(hmacID).v.Body) {
		t.Errorf("got %+v", p)
	}
}

func TestSignedTellsWhoSigns(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		give []string
		want bool
	}{
		"neither":   {nil, false},
		"input":     {[]string{"Signature-Input"}, true},
		"signature": {[]string{"Signature"}, true},
	}
	for name, test := range tests {
		header := http.Header{}
		for _, field := range test.give {
			header.Set(field, "sig1=?1")
		}
		if got := signature.Signed(signature.Message{Header: header.Values}); got != test.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
	if signature.Signed(signature.Message{}) {
		t.Error("no header function: got true")
	}
}

func TestSignRefusesWhatParseWould(t *testing.T) {
	t.Parallel()
	key := parsedKeys(t)[hmacID]
	public, err := signature.ParseKeyFile(ed25519ID, []byte(rfcPublic))
	if err != nil {
		t.Fatal(err)
	}
	good := signature.Params{Created: time.Unix(t0, 0), Expires: time.Unix(t0+300, 0), Nonce: "0123456789abcdef"}
	with := func(change func(p *signature.Params)) signature.Params { p := good; change(&p); return p }
	body := getMessage()
	body.NoBody = false
	unnamed := signature.Message{Method: "GET", NoBody: true}
	shortNonce := with(func(p *signature.Params) { p.Nonce = "012345678" })
	longNonce := with(func(p *signature.Params) { p.Nonce = strings.Repeat("n", 65) })
	tooLong := with(func(p *signature.Params) { p.Expires = time.Unix(t0+301, 0) })
	never := with(func(p *signature.Params) { p.Expires = p.Created })
	ancient := with(func(p *signature.Params) { p.Created, p.Expires = time.Unix(-9, 0), time.Unix(9, 0) })
	zero := signature.Params{Nonce: good.Nonce}
	tests := map[string]struct {
		message signature.Message
		key     signature.Key
		params  signature.Params
		want    error
	}{
		"zero key":      {getMessage(), signature.Key{}, good, signature.ErrKey},
		"public key":    {getMessage(), public, good, signature.ErrKey},
		"no digest":     {body, key, good, signature.ErrMalformed},
		"no authority":  {unnamed, key, good, signature.ErrMalformed},
		"short nonce":   {getMessage(), key, shortNonce, signature.ErrMalformed},
		"long nonce":    {getMessage(), key, longNonce, signature.ErrMalformed},
		"too long":      {getMessage(), key, tooLong, signature.ErrMalformed},
		"never valid":   {getMessage(), key, never, signature.ErrMalformed},
		"before 1970":   {getMessage(), key, ancient, signature.ErrMalformed},
		"zero times":    {getMessage(), key, zero, signature.ErrMalformed},
		"nothing wrong": {getMessage(), key, good, nil},
	}
	for name, test := range tests {
		if _, err := signature.Sign(test.message, test.key, test.params); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
}

// No refusal repeats what the request holds.
func TestErrorsCarryNoTextOfTheRequest(t *testing.T) {
	t.Parallel()
	const canary = "6222021001116245702"
	for _, v := range readVectors(t).Refused {
		for i := range v.Headers {
			planted := strings.NewReplacer("json", canary, "bank", canary, "b3Jk", canary)
			v.Headers[i][1] = planted.Replace(v.Headers[i][1])
		}
		v.Path += canary
		presented, err := signature.Parse(v.message())
		if err == nil {
			err = presented.Verify(signature.Key{}, time.Unix(v.Now, 0), 0)
		}
		if err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", v.Name, err)
		}
	}
}

// drawn is a request with its body, as rapid draws it.
type drawn struct {
	message signature.Message
	header  http.Header
	body    []byte
}

func drawRequest(t *rapid.T) drawn {
	segment := `[A-Za-z0-9._~!$&'()*+,;=:@%-]{0,12}`
	authority := `([A-Za-z0-9][A-Za-z0-9.-]{0,20}|\[[0-9a-f:]{2,20}\])(:[0-9]{1,5})?`
	d := drawn{header: http.Header{}}
	d.message = signature.Message{
		Scheme:    rapid.SampledFrom([]string{"", "https", "http"}).Draw(t, "scheme"),
		Method:    rapid.SampledFrom([]string{"GET", "POST", "PUT", "PATCH", "DELETE", "X-A!"}).Draw(t, "method"),
		Authority: rapid.StringMatching(authority).Draw(t, "authority"),
		Path:      rapid.StringMatching(`(/`+segment+`){0,4}`).Draw(t, "path"),
		RawQuery:  rapid.StringMatching(`(`+segment+`[?/&]?){0,3}`).Draw(t, "query"),
		NoBody:    true, Header: d.header.Values,
	}
	if rapid.Bool().Draw(t, "has body") {
		d.body = rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "body")
		d.message.NoBody = false
		d.header.Set("Content-Digest", signature.ContentDigest(sha256.Sum256(d.body)))
	}
	value := rapid.StringMatching(`[!-~]([ -~]{0,20}[!-~])?`)
	if rapid.Bool().Draw(t, "has type") {
		d.header["Content-Type"] = rapid.SliceOfN(value, 1, 2).Draw(t, "content type")
	}
	if rapid.Bool().Draw(t, "has key") {
		d.header.Set("Idempotency-Key", value.Draw(t, "idempotency key"))
	}
	return d
}

// drawKey draws a signing key of either algorithm.
func drawKey(t *rapid.T) signature.Key {
	id := rapid.StringMatching(`[!-~]{1,64}`).Draw(t, "key id")
	random := bytes.NewReader(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "random"))
	var file []byte
	var err error
	if rapid.Bool().Draw(t, "ed25519") {
		file, _, err = signature.NewKeyPair(random)
	} else {
		file, err = signature.NewSecret(random)
	}
	if err != nil {
		t.Fatal(err)
	}
	key, err := signature.ParseKeyFile(id, file)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func drawSigned(t *rapid.T) (drawn, signature.Key, time.Time) {
	d, key := drawRequest(t), drawKey(t)
	created := time.Unix(rapid.Int64Range(0, 1<<40).Draw(t, "created"), 0)
	lifetime := time.Duration(rapid.IntRange(1, 300).Draw(t, "lifetime")) * time.Second
	headers, err := signature.Sign(d.message, key, signature.Params{
		Created: created, Expires: created.Add(lifetime), Nonce: rapid.StringMatching(`[!-~]{16,64}`).Draw(t, "nonce"),
	})
	if err != nil {
		t.Fatal(err)
	}
	headers.Apply(d.header)
	now := created.Add(time.Duration(rapid.Int64Range(0, int64(lifetime)).Draw(t, "later")))
	return d, key, now
}

func judge(d drawn, key signature.Key, now time.Time) error {
	presented, err := signature.Parse(d.message)
	if err != nil {
		return err
	}
	if err := presented.Verify(key, now, 0); err != nil {
		return err
	}
	if d.message.NoBody {
		return nil
	}
	return signature.DigestOK(presented.ContentDigest, sha256.Sum256(d.body))
}

func TestSignedAlwaysVerifies(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d, key, now := drawSigned(t)
		if err := judge(d, key, now); err != nil {
			t.Fatalf("refused: %v", err)
		}
		verifying, err := signature.Standard().Find(key.Algorithm())
		if err != nil {
			t.Fatal(err)
		}
		registered, err := signature.NewVerifyingKey(key.ID(), verifying, key.Verifier())
		if err != nil {
			t.Fatal(err)
		}
		if err := judge(d, registered, now); err != nil {
			t.Fatalf("refused by the registered key: %v", err)
		}
	})
}

// One byte changed anywhere in what is covered, in a signature field or in the
// body refuses the request.
func TestAnyByteFlippedIsRefused(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d, key, now := drawSigned(t)
		parts := map[string]*string{
			"method": &d.message.Method, "authority": &d.message.Authority,
			"path": &d.message.Path, "query": &d.message.RawQuery,
		}
		names := []string{"method", "authority", "path", "query", "body"}
		fields := []string{"Content-Type", "Content-Digest", "Idempotency-Key", "Signature-Input", "Signature"}
		for _, name := range fields {
			for i := range d.header[name] {
				names = append(names, name)
				parts[name] = &d.header[name][i]
			}
		}
		name := rapid.SampledFrom(names).Draw(t, "part")
		at, mask := rapid.IntRange(0, 1<<16).Draw(t, "at"), byte(rapid.IntRange(1, 255).Draw(t, "mask"))
		if name == "body" {
			if len(d.body) == 0 {
				t.Skip("no body")
			}
			d.body[at%len(d.body)] ^= mask
		} else {
			if *parts[name] == "" {
				t.Skip("nothing to flip")
			}
			flipped := []byte(*parts[name])
			flipped[at%len(flipped)] ^= mask
			if name == "authority" && strings.EqualFold(string(flipped), *parts[name]) {
				t.Skip("the same host in other letters")
			}
			*parts[name] = string(flipped)
		}
		if err := judge(d, key, now); fault.KindOf(err) != fault.Unauthenticated {
			t.Fatalf("%s flipped at %d by %#x: %v", name, at, mask, err)
		}
	})
}

// The flip test draws one place; this walks all places of one request.
func TestEveryBitOfEveryHeaderFlippedIsRefused(t *testing.T) {
	t.Parallel()
	keys := parsedKeys(t)
	for _, id := range []string{hmacID, ed25519ID} {
		v := newDraft(id).vector("")
		for h := range v.Headers {
			for at := range len(v.Headers[h][1]) {
				for bit := range 8 {
					changed := v
					changed.Headers = append([][2]string{}, v.Headers...)
					flipped := []byte(v.Headers[h][1])
					flipped[at] ^= 1 << bit
					changed.Headers[h][1] = string(flipped)
					if changed.judge(t, keys) == "" {
						t.Fatalf("%s: %s accepted with bit %d of byte %d flipped", id, v.Headers[h][0], bit, at)
					}
				}
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	file := readVectors(f)
	for _, v := range append(file.Valid, file.Refused...) {
		var digest, contentType, input, signed string
		for _, h := range v.Headers {
			switch h[0] {
			case "Content-Digest":
				digest = h[1]
			case "Content-Type":
				contentType = h[1]
			case "Signature-Input":
				input = h[1]
			case "Signature":
				signed = h[1]
			}
		}
		f.Add(v.Method, v.Authority, v.Path, v.Query, contentType, digest, input, signed)
	}
	f.Fuzz(func(t *testing.T, method, authority, path, query, contentType, digest, input, signed string) {
		header := http.Header{"Signature-Input": {input}, "Signature": {signed}}
		if contentType != "" {
			header["Content-Type"] = []string{contentType}
		}
		if digest != "" {
			header["Content-Digest"] = []string{digest}
		}
		m := signature.Message{Method: method, Authority: authority, Path: path, RawQuery: query, Header: header.Values}
		presented, err := signature.Parse(m)
		if err != nil {
			codeOf(t, err)
			return
		}
		base := signature.BaseOf(presented)
		for _, part := range []string{contentType, digest, input, signed, path, query} {
			if len(strings.Trim(part, " \t")) > 8<<10 {
				t.Errorf("took a part of %d bytes", len(part))
			}
		}
		if strings.Count(base, "\n") > 7 || strings.ContainsAny(base, "\r\x00") {
			t.Errorf("base:\n%q", base)
		}
		if n := len(presented.Nonce); n < 16 || n > 64 || presented.KeyID == "" || len(presented.KeyID) > 64 {
			t.Errorf("took nonce %q, key id %q", presented.Nonce, presented.KeyID)
		}
		if err := presented.Verify(signature.Key{}, presented.Created, 0); !errors.Is(err, signature.ErrRefused) {
			t.Errorf("unknown key: %v", err)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	for id, key := range parsedKeys(b) {
		m := newDraft(id).v.message()
		params := signature.Params{Created: time.Unix(t0, 0), Expires: time.Unix(t0+300, 0), Nonce: "0123456789abcdef"}
		b.Run(key.Algorithm(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := signature.Sign(m, key, params); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for id, key := range parsedKeys(b) {
		m := newDraft(id).vector("").message()
		b.Run(key.Algorithm(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				presented, err := signature.Parse(m)
				if err != nil {
					b.Fatal(err)
				}
				if err := presented.Verify(key, time.Unix(t0, 0), 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func getMessage() signature.Message {
	return signature.Message{Method: "GET", Authority: "pay.example.cn", Path: "/v1/items", NoBody: true}
}

// present signs a message and reads it back as a server does.
func present(t *testing.T, m signature.Message, key signature.Key) *signature.Presented {
	t.Helper()
	headers, err := signature.Sign(m, key, signature.Params{
		Created: time.Unix(t0, 0), Expires: time.Unix(t0+300, 0), Nonce: "0123456789abcdef",
	})
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	headers.Apply(header)
	m.Header = header.Values
	presented, err := signature.Parse(m)
	if err != nil {
		t.Fatal(err)
	}
	return presented
}

func TestDigestFilePutsTheFileBack(t *testing.T) {
	t.Parallel()
	file := strings.NewReader("header\nbody of the file")
	if _, err := file.Seek(7, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	header, size, err := signature.DigestFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(file)
	if err != nil || string(rest) != "body of the file" || size != 16 || header != digestOf("body of the file") {
		t.Errorf("size %d, header %s, then %q, %v", size, header, rest, err)
	}
}
