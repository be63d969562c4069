package signature_test

import (
	"encoding/base64"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/httpapi/signature"
)

// RFC 9421 B.2.5 and B.2.6 cover components outside this profile; they prove
// the construction of the base and both algorithms.
func TestRFC9421Examples(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		giveKey    string
		giveLines  [][2]string
		giveParams string
		wantBase   string
		want       string
	}{
		"B.2.5 hmac-sha256": {
			giveKey: hmacID,
			giveLines: [][2]string{
				{"date", "Tue, 20 Apr 2021 02:07:55 GMT"},
				{"@authority", "example.com"},
				{"content-type", "application/json"},
			},
			giveParams: `("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"`,
			wantBase: "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@authority\": example.com\n" +
				"\"content-type\": application/json\n\"@signature-params\": " +
				`("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"`,
			want: "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=",
		},
		"B.2.6 ed25519": {
			giveKey: ed25519ID,
			giveLines: [][2]string{
				{"date", "Tue, 20 Apr 2021 02:07:55 GMT"},
				{"@method", "POST"},
				{"@path", "/foo"},
				{"@authority", "example.com"},
				{"content-type", "application/json"},
				{"content-length", "18"},
			},
			giveParams: `("date" "@method" "@path" "@authority" "content-type" "content-length")` +
				`;created=1618884473;keyid="test-key-ed25519"`,
			wantBase: "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"@method\": POST\n\"@path\": /foo\n" +
				"\"@authority\": example.com\n\"content-type\": application/json\n\"content-length\": 18\n" +
				`"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length")` +
				`;created=1618884473;keyid="test-key-ed25519"`,
			want: "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==",
		},
	}
	keys := parsedKeys(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := signature.Base(test.giveLines, test.giveParams)
			if diff := cmp.Diff(test.wantBase, string(base)); diff != "" {
				t.Errorf("base (-want +got):\n%s", diff)
			}
			algorithm, err := signature.Standard().Find(keys[test.giveKey].Algorithm())
			if err != nil {
				t.Fatal(err)
			}
			want, err := base64.StdEncoding.DecodeString(test.want)
			if err != nil {
				t.Fatal(err)
			}
			if !algorithm.Verify(keys[test.giveKey].Verifier(), base, want) {
				t.Error("the RFC's signature does not verify")
			}
			if diff := cmp.Diff(want, signByHand(test.giveKey, base)); diff != "" {
				t.Errorf("signature (-want +got):\n%s", diff)
			}
		})
	}
}

// RFC 9421 sections 2.2.1, 2.2.3, 2.2.6 and 2.2.7 and RFC 9110 section 4.2.3.
func TestDerivedComponents(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		give signature.Message
		want [4]string // method, authority, path, query; empty where refused
	}{
		"section 2.2": {
			signature.Message{Method: "POST", Authority: "www.example.com", Path: "/path", RawQuery: "param=value"},
			[4]string{"POST", "www.example.com", "/path", "?param=value"},
		},
		"query as sent": {
			signature.Message{
				Method: "POST", Authority: "www.example.com", Path: "/path",
				RawQuery: "param=value&foo=bar&baz=bat%2Dman",
			},
			[4]string{"POST", "www.example.com", "/path", "?param=value&foo=bar&baz=bat%2Dman"},
		},
		"query of one word": {
			signature.Message{Method: "POST", Authority: "www.example.com", Path: "/path", RawQuery: "queryString"},
			[4]string{"POST", "www.example.com", "/path", "?queryString"},
		},
		"absent query and path": {
			signature.Message{Method: "GET", Authority: "WWW.Example.Com"},
			[4]string{"GET", "www.example.com", "/", "?"},
		},
		"default port of https": {
			signature.Message{Scheme: "https", Method: "GET", Authority: "example.com:443"},
			[4]string{"GET", "example.com", "/", "?"},
		},
		"default port of http": {
			signature.Message{Scheme: "http", Method: "GET", Authority: "example.com:80"},
			[4]string{"GET", "example.com", "/", "?"},
		},
		"port of the other scheme": {
			signature.Message{Scheme: "http", Method: "GET", Authority: "example.com:443"},
			[4]string{"GET", "example.com:443", "/", "?"},
		},
		"empty port": {
			signature.Message{Method: "GET", Authority: "example.com:"},
			[4]string{"GET", "example.com", "/", "?"},
		},
		"IPv6": {
			signature.Message{Method: "GET", Authority: "[2001:DB8::1]:443"},
			[4]string{"GET", "[2001:db8::1]", "/", "?"},
		},
		"IPv6 without port": {
			signature.Message{Method: "GET", Authority: "[::1]"},
			[4]string{"GET", "[::1]", "/", "?"},
		},
		"no authority":       {give: signature.Message{Method: "GET"}},
		"only a port":        {give: signature.Message{Method: "GET", Authority: ":443"}},
		"port of letters":    {give: signature.Message{Method: "GET", Authority: "example.com:https"}},
		"two ports":          {give: signature.Message{Method: "GET", Authority: "example.com:1:2"}},
		"IPv6 left open":     {give: signature.Message{Method: "GET", Authority: "[::1"}},
		"IPv6 zone":          {give: signature.Message{Method: "GET", Authority: "[fe80::1%25eth0]"}},
		"other scheme":       {give: signature.Message{Scheme: "ftp", Method: "GET", Authority: "example.com"}},
		"no method":          {give: signature.Message{Authority: "example.com"}},
		"method with blank":  {give: signature.Message{Method: "GE T", Authority: "example.com"}},
		"path of no slash":   {give: signature.Message{Method: "GET", Authority: "example.com", Path: "*"}},
		"path with query":    {give: signature.Message{Method: "GET", Authority: "example.com", Path: "/a?b"}},
		"path with fragment": {give: signature.Message{Method: "GET", Authority: "example.com", Path: "/a#b"}},
		"path beyond ASCII":  {give: signature.Message{Method: "GET", Authority: "example.com", Path: "/乡"}},
		"query with newline": {give: signature.Message{Method: "GET", Authority: "example.com", RawQuery: "a\nb"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.give.NoBody = true
			lines, err := signature.Components(test.give)
			if test.want[0] == "" {
				if got := codeOf(t, err); got != "signature_malformed" {
					t.Errorf("got %q", got)
				}
				return
			}
			var got [4]string
			for i := range lines {
				got[i] = lines[i][1]
			}
			if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}
