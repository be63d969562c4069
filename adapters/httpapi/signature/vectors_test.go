package signature_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/httpapi/signature"
	"twoline/gateway/fault"
)

// The keys of RFC 9421 B.1.4 and B.1.5: public examples that guard nothing.
const (
	rfcPrivate = "-----BEGIN PRIVATE KEY-----\n" +
		"MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END PRIVATE KEY-----\n"
	rfcPublic = "-----BEGIN PUBLIC KEY-----\n" +
		"MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n-----END PUBLIC KEY-----\n"
	rfcSecret = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="
)

const (
	hmacID    = "bank-hmac-1"
	ed25519ID = "bank-ed25519-1"
	t0        = int64(1764036000) // 2025-11-25 10:00 in Shanghai
)

// vectorFile is the form of testdata/vectors.json.
type vectorFile struct {
	About   string               `json:"about"`
	Keys    map[string]vectorKey `json:"keys"`
	Valid   []vector             `json:"valid"`
	Refused []vector             `json:"refused"`
}

type vectorKey struct {
	Algorithm string `json:"algorithm"`
	Private   string `json:"private_file"`
	Public    string `json:"public_file,omitempty"`
}

// vector is one request. Key is the key that the verifier has registered under
// the id that the request names, empty where it has none; URL is set where the
// request follows from it alone.
type vector struct {
	Name      string      `json:"name"`
	Key       string      `json:"key"`
	URL       string      `json:"url,omitempty"`
	Scheme    string      `json:"scheme"`
	Method    string      `json:"method"`
	Authority string      `json:"authority"`
	Path      string      `json:"path"`
	Query     string      `json:"query"`
	Headers   [][2]string `json:"headers"`
	Body      string      `json:"body,omitempty"`
	Created   int64       `json:"created,omitempty"`
	Lifetime  int64       `json:"lifetime,omitempty"`
	Nonce     string      `json:"nonce,omitempty"`
	Now       int64       `json:"now"`
	Skew      int64       `json:"skew"`
	Base      string      `json:"signature_base,omitempty"`
	Want      string      `json:"want,omitempty"`
}

func (v vector) message() signature.Message {
	header := http.Header{}
	for _, h := range v.Headers {
		header.Add(h[0], h[1])
	}
	return signature.Message{
		Scheme: v.Scheme, Method: v.Method, Authority: v.Authority, Path: v.Path, RawQuery: v.Query,
		NoBody: v.Body == "", Header: header.Values,
	}
}

func (v vector) header(name string) string { return v.message().Header(name)[0] }

// judge does what a server does with a request, and returns the refusal's code.
func (v vector) judge(t *testing.T, keys map[string]signature.Key) string {
	t.Helper()
	m := v.message()
	presented, err := signature.Parse(m)
	if err != nil {
		return codeOf(t, err)
	}
	err = presented.Verify(keys[v.Key], time.Unix(v.Now, 0), time.Duration(v.Skew)*time.Second)
	if err != nil {
		return codeOf(t, err)
	}
	if v.Body != "" {
		err = signature.DigestOK(presented.ContentDigest, sha256.Sum256([]byte(v.Body)))
	}
	return codeOf(t, err)
}

// codeOf also holds every refusal to its kind.
func codeOf(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	if fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("kind of %v is %v", err, fault.KindOf(err))
	}
	return fault.CodeOf(err)
}

func vectorKeys() map[string]vectorKey {
	return map[string]vectorKey{
		hmacID:    {Algorithm: "hmac-sha256", Private: rfcSecret + "\n"},
		ed25519ID: {Algorithm: "ed25519", Private: rfcPrivate, Public: rfcPublic},
	}
}

func parsedKeys(tb testing.TB) map[string]signature.Key {
	tb.Helper()
	keys := map[string]signature.Key{}
	for id, file := range vectorKeys() {
		key, err := signature.ParseKeyFile(id, []byte(file.Private))
		if err != nil {
			tb.Fatal(err)
		}
		keys[id] = key
	}
	return keys
}

func readVectors(tb testing.TB) vectorFile {
	tb.Helper()
	content, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		tb.Fatal(err)
	}
	var file vectorFile
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		tb.Fatal(err)
	}
	return file
}

// The committed file is exactly what the writer below makes without using the
// package: run with UPDATE_VECTORS=1 to write it.
func TestVectorsFileIsCurrent(t *testing.T) {
	t.Parallel()
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(writeVectors()); err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE_VECTORS") == "1" {
		if err := os.WriteFile("testdata/vectors.json", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(got)); diff != "" {
		t.Errorf("testdata/vectors.json (-want +got):\n%s", diff)
	}
}

func TestValidVectors(t *testing.T) {
	t.Parallel()
	keys := parsedKeys(t)
	for _, v := range readVectors(t).Valid {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			if got := v.judge(t, keys); got != "" {
				t.Errorf("refused: %s", got)
			}
			presented, err := signature.Parse(v.message())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(v.Base, signature.BaseOf(presented)); diff != "" {
				t.Errorf("signature base (-want +got):\n%s", diff)
			}
			if v.Created == 0 {
				return // parameters or labels that Sign would not write so
			}
			got, err := signature.Sign(v.message(), keys[v.Key], signature.Params{
				Created: time.Unix(v.Created, 0), Expires: time.Unix(v.Created+v.Lifetime, 0), Nonce: v.Nonce,
			})
			want := signature.Headers{SignatureInput: v.header("Signature-Input"), Signature: v.header("Signature")}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("Sign: %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestRefusedVectors(t *testing.T) {
	t.Parallel()
	keys := parsedKeys(t)
	file := readVectors(t)
	if len(file.Refused) < 50 {
		t.Errorf("only %d refused vectors", len(file.Refused))
	}
	for _, v := range file.Refused {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			if got := v.judge(t, keys); got != v.Want {
				t.Errorf("got %q, want %q", got, v.Want)
			}
		})
	}
}

// Each refused vector differs from one that passes; so each must be able to fail.
func TestRefusedVectorsStartFromValidOnes(t *testing.T) {
	t.Parallel()
	keys := parsedKeys(t)
	for _, id := range []string{hmacID, ed25519ID} {
		if got := newDraft(id).vector("start").judge(t, keys); got != "" {
			t.Errorf("%s: the unchanged draft is refused: %s", id, got)
		}
	}
}

func TestDocumentedExampleIsAVector(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(source), "\\\n//\t", "")
	v := readVectors(t).Valid[0]
	want := strings.Split(v.Base, "\n")
	want = append(want, "Signature-Input: "+v.header("Signature-Input"), "Signature: "+v.header("Signature"),
		"Content-Digest: "+v.header("Content-Digest"), v.Method+" "+v.Path+"?"+v.Query+" HTTP/1.1", v.Body)
	for _, line := range want {
		if !strings.Contains(text, "//\t"+line+"\n") {
			t.Errorf("doc.go lacks the line\n%s", line)
		}
	}
}

// draft is a request about to be signed by hand, every part of it open to
// mischief before and after.
type draft struct {
	v          vector
	names      []string // covered components, as written
	params     []string // as written, with their semicolons left out
	inputExtra string   // further text of Signature-Input
	key        string   // what signs; v.Key is what is registered
}

func newDraft(id string) *draft {
	d := &draft{v: vector{
		Key: id, Scheme: "https", Method: "POST", Authority: "pay.example.cn",
		Path: "/v1/withholding-batches/WB-7/results", Query: "part=1",
		URL:  "https://pay.example.cn/v1/withholding-batches/WB-7/results?part=1",
		Body: `{"count":1,"amount":"183.10"}`, Created: t0, Lifetime: 300, Nonce: "b3JkZXItMjAyNS0xMS0yNQ",
		Now: t0 + 10, Skew: 60,
	}, key: id}
	d.v.Headers = [][2]string{
		{"Content-Type", "application/json"},
		{"Content-Digest", digestOf(d.v.Body)},
		{"Idempotency-Key", "7d9f0c52-results-1"},
	}
	d.names = []string{
		`"@method"`, `"@authority"`, `"@path"`, `"@query"`, `"content-type"`, `"content-digest"`, `"idempotency-key"`,
	}
	d.renewParams()
	return d
}

func (d *draft) renewParams() {
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(d.v.Nonce)
	d.params = []string{
		"created=" + strconv.FormatInt(d.v.Created, 10), "expires=" + strconv.FormatInt(d.v.Created+d.v.Lifetime, 10),
		`nonce="` + quoted + `"`, `keyid="` + d.v.Key + `"`, `alg="` + vectorKeys()[d.key].Algorithm + `"`,
	}
}

// bare leaves a request without body and fields.
func (d *draft) bare(method, url, authority, path, query string) {
	d.v.Method, d.v.URL, d.v.Authority, d.v.Path, d.v.Query = method, url, authority, path, query
	d.v.Body, d.v.Headers, d.names = "", nil, d.names[:4]
}

func (d *draft) setHeader(name, value string) {
	for i, h := range d.v.Headers {
		if h[0] == name {
			d.v.Headers[i][1] = value
		}
	}
}

func (d *draft) dropHeader(name string) {
	var kept [][2]string
	for _, h := range d.v.Headers {
		if h[0] != name {
			kept = append(kept, h)
		}
	}
	d.v.Headers = kept
}

// vector signs the draft by hand.
func (d *draft) vector(name string) vector {
	v := d.v
	v.Name = name
	input := "(" + strings.Join(d.names, " ") + ");" + strings.Join(d.params, ";")
	for _, component := range d.names {
		v.Base += component + ": " + d.value(component) + "\n"
	}
	v.Base += `"@signature-params": ` + input
	signed := base64.StdEncoding.EncodeToString(signByHand(d.key, []byte(v.Base)))
	v.Headers = append(append([][2]string{}, v.Headers...),
		[2]string{"Signature-Input", "sig1=" + input + d.inputExtra}, [2]string{"Signature", "sig1=:" + signed + ":"})
	return v
}

func (d *draft) value(component string) string {
	switch component {
	case `"@method"`:
		return d.v.Method
	case `"@authority"`:
		standard := map[string]string{"https": ":443", "http": ":80"}[d.v.Scheme]
		return strings.TrimSuffix(strings.ToLower(d.v.Authority), standard)
	case `"@path"`:
		if d.v.Path == "" {
			return "/"
		}
		return d.v.Path
	case `"@query"`:
		return "?" + d.v.Query
	}
	var lines []string
	for _, h := range d.v.Headers {
		if `"`+strings.ToLower(h[0])+`"` == component {
			lines = append(lines, strings.Trim(h[1], " \t"))
		}
	}
	return strings.Join(lines, ", ")
}

func signByHand(id string, base []byte) []byte {
	if vectorKeys()[id].Algorithm == "hmac-sha256" {
		secret, _ := base64.StdEncoding.DecodeString(rfcSecret)
		return macByHand(secret, base)
	}
	block, _ := pem.Decode([]byte(rfcPrivate))
	// The last 32 bytes of this PKCS#8 form are the seed (RFC 8410 section 7).
	return ed25519.Sign(ed25519.NewKeyFromSeed(block.Bytes[len(block.Bytes)-32:]), base)
}

func macByHand(secret, base []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write(base)
	return mac.Sum(nil)
}

func digestOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

func digest512Of(body string) string {
	sum := sha512.Sum512([]byte(body))
	return "sha-512=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

func writeVectors() vectorFile {
	file := vectorFile{
		About: "Requests under the profile of doc.go, signed without this package's code. The keys are the examples " +
			"of RFC 9421 B.1.4 and B.1.5. A request in 'refused' meets the verifier's clock 'now' and tolerance " +
			"'skew' and is refused with the code 'want'; 'key' is the key registered under the presented id, empty " +
			"for none.",
		Keys: vectorKeys(), Valid: nil, Refused: nil,
	}
	for _, id := range []string{hmacID, ed25519ID} {
		file.Valid = append(file.Valid, validVectors(id)...)
		file.Refused = append(file.Refused, changedAfterSigning(id)...)
		file.Refused = append(file.Refused, signedOutsideProfile(id)...)
	}
	file.Refused = append(file.Refused, swappedKeys()...)
	return file
}

func validVectors(id string) []vector {
	var list []vector
	add := func(name string, change func(d *draft)) {
		d := newDraft(id)
		change(d)
		list = append(list, d.vector(vectorKeys()[id].Algorithm+" "+name))
	}
	renew := func(change func(v *vector)) func(d *draft) {
		return func(d *draft) { change(&d.v); d.renewParams() }
	}
	add("post with all components", func(*draft) {})
	add("get without query or fields", func(d *draft) {
		d.bare("GET", "https://pay.example.cn/v1/items", "pay.example.cn", "/v1/items", "")
	})
	add("empty path", func(d *draft) { d.bare("GET", "https://pay.example.cn", "pay.example.cn", "", "") })
	add("percent encoding untouched", func(d *draft) {
		d.bare("GET", "https://pay.example.cn/v1/a%2Fb/%e4%b9%a1?q=%E4%B9%A1&x=a+b&&", "pay.example.cn",
			"/v1/a%2Fb/%e4%b9%a1", "q=%E4%B9%A1&x=a+b&&")
	})
	add("authority upper case with default port", func(d *draft) {
		d.v.Authority, d.v.URL = "Pay.Example.CN:443", "https://Pay.Example.CN:443"+d.v.Path+"?"+d.v.Query
	})
	add("plain http on another port", func(d *draft) {
		d.v.Scheme, d.v.Authority, d.v.URL = "http", "127.0.0.1:8080", "http://127.0.0.1:8080"+d.v.Path+"?"+d.v.Query
	})
	add("plain http on its default port", func(d *draft) {
		d.v.Scheme, d.v.Authority, d.v.URL = "http", "[::1]:80", "http://[::1]:80"+d.v.Path+"?"+d.v.Query
	})
	add("nonce with quote and backslash", renew(func(v *vector) { v.Nonce = `a"b\c"d\e"f\g"h\~` }))
	add("shortest nonce and lifetime", renew(func(v *vector) {
		v.Nonce, v.Lifetime, v.Now = "0123456789abcdef", 1, t0+1
	}))
	add("created ahead by the whole skew", func(d *draft) { d.v.Now = t0 - 60 })
	add("in its last second", func(d *draft) { d.v.Now = t0 + 300 })
	add("another digest beside sha-256", func(d *draft) {
		d.v.URL = ""
		d.setHeader("Content-Digest", digest512Of(d.v.Body)+", "+digestOf(d.v.Body))
	})
	add("blanks around a field and two lines of content type", func(d *draft) {
		d.v.URL = ""
		d.setHeader("Content-Type", " \tapplication/json")
		d.v.Headers = append(d.v.Headers, [2]string{"Content-Type", "text/plain "})
		d.setHeader("Idempotency-Key", "  7d9f0c52-results-1\t")
	})
	add("another label beside sig1", func(d *draft) {
		d.v.URL, d.v.Created, d.inputExtra = "", 0, `, proxy=("@method");keyid="p,q\"";tag="t"`
	})
	add("parameters in another order", func(d *draft) {
		d.v.URL, d.v.Created = "", 0
		d.params[0], d.params[4] = d.params[4], d.params[0]
	})
	return list
}

// changedAfterSigning are genuine signatures on a request that was altered.
func changedAfterSigning(id string) []vector {
	var list []vector
	add := func(name, want string, change func(v *vector)) {
		v := newDraft(id).vector(vectorKeys()[id].Algorithm + " changed: " + name)
		v.URL, v.Base, v.Want = "", "", want
		change(&v)
		list = append(list, v)
	}
	replace := func(name, from, to string) func(v *vector) {
		return func(v *vector) {
			for i, h := range v.Headers {
				if h[0] == name {
					v.Headers[i][1] = strings.Replace(h[1], from, to, 1)
				}
			}
		}
	}
	appendTo := func(name, value string) func(v *vector) {
		return func(v *vector) { v.Headers = append(v.Headers, [2]string{name, value}) }
	}
	input, signed := "Signature-Input", "Signature"
	add("method", "signature_refused", func(v *vector) { v.Method = "PUT" })
	add("method in lower case", "signature_refused", func(v *vector) { v.Method = "post" })
	add("authority", "signature_refused", func(v *vector) { v.Authority = "pay.example.com" })
	add("authority with a port", "signature_refused", func(v *vector) { v.Authority += ":8443" })
	add("scheme of another default port", "signature_refused",
		func(v *vector) { v.Scheme, v.Authority = "http", v.Authority+":443" })
	add("path", "signature_refused", func(v *vector) { v.Path = "/v1/withholding-batches/WB-8/results" })
	add("path encoded otherwise", "signature_refused",
		func(v *vector) { v.Path = "/v1/withholding%2Dbatches/WB-7/results" })
	add("query", "signature_refused", func(v *vector) { v.Query = "part=2" })
	add("query gone", "signature_refused", func(v *vector) { v.Query = "" })
	add("content type", "signature_refused", replace("Content-Type", "json", "jsonl"))
	add("idempotency key", "signature_refused", replace("Idempotency-Key", "results-1", "results-2"))
	add("digest and body together", "signature_refused", func(v *vector) {
		v.Body = strings.Replace(v.Body, "183.10", "983.10", 1)
		replace("Content-Digest", v.Headers[1][1], digestOf(v.Body))(v)
	})
	add("body alone", "digest_mismatch", func(v *vector) { v.Body = strings.Replace(v.Body, "183", "983", 1) })
	add("created", "signature_refused", replace(input, "created=1764036000", "created=1764036001"))
	add("expires", "signature_refused", replace(input, "expires=1764036300", "expires=1764036299"))
	add("nonce", "signature_refused", replace(input, "b3Jk", "b3Jl"))
	add("parameter order", "signature_refused",
		replace(input, "created=1764036000;expires=1764036300", "expires=1764036300;created=1764036000"))
	add("key id that nobody has", "signature_refused", func(v *vector) {
		replace(input, id, "bank-unknown")(v)
		v.Key = ""
	})
	add("alg that nobody has", "signature_refused", replace(input, vectorKeys()[id].Algorithm, "sm2-sm3"))
	add("signature's first byte", "signature_refused", func(v *vector) {
		last := len(v.Headers) - 1
		raw, _ := base64.StdEncoding.DecodeString(strings.Trim(v.Headers[last][1][5:], ":"))
		raw[0] ^= 1
		v.Headers[last][1] = "sig1=:" + base64.StdEncoding.EncodeToString(raw) + ":"
	})
	add("signature cut short", "signature_refused", func(v *vector) {
		v.Headers[len(v.Headers)-1][1] = "sig1=:" + base64.StdEncoding.EncodeToString(make([]byte, 16)) + ":"
	})
	add("signature empty", "signature_refused", func(v *vector) { v.Headers[len(v.Headers)-1][1] = "sig1=::" })
	add("field added that is to be covered", "signature_coverage", func(v *vector) { v.Headers = v.Headers[1:] })
	add("idempotency key gone", "signature_coverage",
		func(v *vector) { v.Headers = append(v.Headers[:2:2], v.Headers[3:]...) })
	add("idempotency key twice", "signature_duplicate", appendTo("Idempotency-Key", "7d9f0c52-results-1"))
	add("content digest twice", "signature_duplicate", appendTo("Content-Digest", digestOf("")))
	add("label twice in Signature-Input", "signature_duplicate", appendTo(input, `sig1=("@method")`))
	add("label twice in Signature", "signature_duplicate", appendTo(signed, `sig1=:AAAA:`))
	add("no Signature", "signature_malformed", func(v *vector) { v.Headers = v.Headers[:len(v.Headers)-1] })
	add("no Signature-Input", "signature_malformed",
		func(v *vector) { v.Headers = append(v.Headers[:3:3], v.Headers[4]) })
	add("label other than sig1", "signature_malformed", func(v *vector) {
		replace(input, "sig1", "sig2")(v)
		replace(signed, "sig1", "sig2")(v)
	})
	add("base64 with stray bits", "signature_malformed", func(v *vector) {
		last := len(v.Headers) - 1
		text := strings.TrimRight(v.Headers[last][1], "=:")
		padding := v.Headers[last][1][len(text):]
		const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
		at := strings.IndexByte(digits, text[len(text)-1])
		v.Headers[last][1] = text[:len(text)-1] + digits[at+1:at+2] + padding
	})
	add("parameter on the signature", "signature_malformed", replace(signed, "sig1=", "sig1;x=1, sig2="))
	add("signature as a string", "signature_malformed",
		func(v *vector) { v.Headers[len(v.Headers)-1][1] = `sig1="AAAA"` })
	add("blanks in the component list", "signature_malformed", replace(input, `"@method" `, `"@method"  `))
	add("not a dictionary", "signature_malformed", replace(input, "sig1=(", "sig1=(("))
	add("trailing comma", "signature_malformed", appendTo(signed, "sig2=:AAAA:,"))
	add("longer than 8 KiB", "signature_malformed", appendTo(signed, "sig2=:"+strings.Repeat("AAAA", 2048)+":"))
	add("line end in the path", "signature_malformed", func(v *vector) { v.Path += "\n\"@query\": ?x" })
	add("blank in the query", "signature_malformed", func(v *vector) { v.Query += " x" })
	add("authority with a user", "signature_malformed", func(v *vector) { v.Authority = "a@" + v.Authority })
	return list
}

// signedOutsideProfile are genuine signatures of what the profile forbids.
func signedOutsideProfile(id string) []vector {
	var list []vector
	add := func(name, want string, change func(d *draft)) {
		d := newDraft(id)
		change(d)
		v := d.vector(vectorKeys()[id].Algorithm + " signed: " + name)
		v.URL, v.Created, v.Lifetime, v.Nonce, v.Want = "", 0, 0, "", want
		list = append(list, v)
	}
	set := func(i int, param string) func(d *draft) { return func(d *draft) { d.params[i] = param } }
	renew := func(change func(v *vector)) func(d *draft) {
		return func(d *draft) { change(&d.v); d.renewParams() }
	}
	for i, name := range newDraft(id).names {
		add("without "+strings.Trim(name, `"`), "signature_coverage",
			func(d *draft) { d.names = append(d.names[:i:i], d.names[i+1:]...) })
	}
	add("a further component", "signature_coverage", func(d *draft) {
		d.v.Headers = append(d.v.Headers, [2]string{"Date", "Tue, 25 Nov 2025 02:00:00 GMT"})
		d.names = append(d.names, `"date"`)
	})
	add("a field in another's place", "signature_coverage", func(d *draft) {
		d.v.Headers = append(d.v.Headers, [2]string{"Date", "Tue, 25 Nov 2025 02:00:00 GMT"})
		d.names[6] = `"date"`
	})
	add("a component twice", "signature_coverage", func(d *draft) { d.names = append(d.names, `"@query"`) })
	add("components in another order", "signature_coverage",
		func(d *draft) { d.names[0], d.names[1] = d.names[1], d.names[0] })
	add("a component in capitals", "signature_coverage", func(d *draft) { d.names[4] = `"Content-Type"` })
	add("a component with a parameter", "signature_coverage", func(d *draft) { d.names[4] = `"content-type";sf` })
	add("an absent field", "signature_coverage", func(d *draft) { d.dropHeader("Idempotency-Key") })
	add("no components", "signature_coverage", func(d *draft) { d.names = nil })
	for i, name := range []string{"created", "expires", "nonce", "keyid", "alg"} {
		add("without "+name, "signature_malformed",
			func(d *draft) { d.params = append(d.params[:i:i], d.params[i+1:]...) })
	}
	add("unknown parameter", "signature_malformed", func(d *draft) { d.params = append(d.params, `tag="bank"`) })
	add("a parameter twice", "signature_malformed", func(d *draft) { d.params = append(d.params, d.params[0]) })
	add("created as a string", "signature_malformed", set(0, `created="1764036000"`))
	add("created as a decimal", "signature_malformed", set(0, "created=1764036000.0"))
	add("created with a leading zero", "signature_malformed", set(0, "created=01764036000"))
	add("created before 1970", "signature_malformed", set(0, "created=-1"))
	add("nonce as a token", "signature_malformed", set(2, "nonce=b3JkZXItMjAyNS0xMS0yNQ"))
	add("nonce too short", "signature_malformed", set(2, `nonce="0123456789abcde"`))
	add("nonce too long", "signature_malformed", set(2, `nonce="`+strings.Repeat("n", 65)+`"`))
	add("nonce with a blank", "signature_malformed", set(2, `nonce="0123456789 abcdef"`))
	add("key id empty", "signature_malformed", set(3, `keyid=""`))
	add("key id too long", "signature_malformed", set(3, `keyid="`+strings.Repeat("k", 65)+`"`))
	add("expired", "signature_expired", func(d *draft) { d.v.Now = t0 + 301 })
	add("created beyond the skew", "signature_expired", func(d *draft) { d.v.Now = t0 - 61 })
	add("expires too far", "signature_expired", renew(func(v *vector) { v.Lifetime = 301 }))
	add("expires with created", "signature_expired", renew(func(v *vector) { v.Lifetime, v.Now = 0, t0 }))
	add("expires before created", "signature_expired", renew(func(v *vector) { v.Lifetime, v.Now = -10, t0-20 }))
	add("body without digest", "signature_malformed", func(d *draft) {
		d.dropHeader("Content-Digest")
		d.names = append(d.names[:5:5], d.names[6:]...)
	})
	add("digest without sha-256", "signature_malformed",
		func(d *draft) { d.setHeader("Content-Digest", digest512Of(d.v.Body)) })
	add("sha-256 twice in the digest", "signature_duplicate",
		func(d *draft) { d.setHeader("Content-Digest", digestOf("")+", "+digestOf(d.v.Body)) })
	add("sha-256 of 31 bytes", "signature_malformed", func(d *draft) {
		d.setHeader("Content-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(make([]byte, 31))+":")
	})
	add("digest as a string", "signature_malformed",
		func(d *draft) { d.setHeader("Content-Digest", `sha-256="`+digestOf(d.v.Body)[9:]+`"`) })
	add("digest of other bytes", "digest_mismatch",
		func(d *draft) { d.setHeader("Content-Digest", digestOf(d.v.Body+"\n")) })
	add("folded field", "signature_malformed",
		func(d *draft) { d.setHeader("Content-Type", "application/json;\r\n charset=utf-8") })
	add("field beyond ASCII", "signature_malformed", func(d *draft) { d.setHeader("Idempotency-Key", "clé-2025-11") })
	add("empty field", "signature_malformed", func(d *draft) { d.setHeader("Idempotency-Key", "  ") })
	return list
}

// swappedKeys are signatures under the wrong key or algorithm.
func swappedKeys() []vector {
	// The classic confusion: a public key, which everybody has, taken as an HMAC secret.
	d := newDraft(ed25519ID)
	d.params[4] = `alg="hmac-sha256"`
	confused := d.vector("swapped: hmac-sha256 with the ed25519 public key as secret")
	block, _ := pem.Decode([]byte(rfcPublic))
	secrets := map[string][]byte{"raw": block.Bytes[len(block.Bytes)-32:], "PEM": []byte(rfcPublic)}
	var list []vector
	for _, form := range []string{"raw", "PEM"} {
		v := confused
		v.Name += ", " + form
		v.Headers = append([][2]string{}, v.Headers...)
		mac := base64.StdEncoding.EncodeToString(macByHand(secrets[form], []byte(v.Base)))
		v.Headers[len(v.Headers)-1][1] = "sig1=:" + mac + ":"
		list = append(list, v)
	}
	for _, pair := range [][2]string{{hmacID, ed25519ID}, {ed25519ID, hmacID}} {
		d := newDraft(pair[0])
		d.key = pair[1]
		list = append(list, d.vector(fmt.Sprintf("swapped: id %s, alg %s, signed by %s",
			pair[0], vectorKeys()[pair[0]].Algorithm, pair[1])))
		d.renewParams()
		list = append(list, d.vector(fmt.Sprintf("swapped: id %s, alg of and signed by %s", pair[0], pair[1])))
		d = newDraft(pair[0])
		d.params[4] = `alg="` + vectorKeys()[pair[1]].Algorithm + `"`
		list = append(list, d.vector(fmt.Sprintf("swapped: id of and signed by %s, alg of %s", pair[0], pair[1])))
		d = newDraft(pair[0])
		v := d.vector("swapped: the key registered for another id than " + pair[0])
		v.Key = pair[1]
		list = append(list, v)
	}
	for i := range list {
		list[i].URL, list[i].Want = "", "signature_refused"
	}
	return list
}
