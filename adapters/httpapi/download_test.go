package httpapi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"testing"

	"twoline/adapters/httpapi"
	"twoline/adapters/httpapi/signature"
)

// A file arrives whole with its digest; one that breaks off is never taken for whole.
func TestDownload(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	how := map[string]func(context.Context, io.Writer) error{
		"whole": func(_ context.Context, w io.Writer) error { _, err := w.Write(content); return err },
		"error": func(_ context.Context, w io.Writer) error {
			_, _ = w.Write(content[:1<<18])
			return errors.New("cut")
		},
		"panic": func(_ context.Context, w io.Writer) error { _, _ = w.Write(content[:1<<18]); panic("cut") },
	}
	type fileQuery struct {
		Name string `path:"name"`
	}
	h := open(t, setup{routes: func(_ *house, s *httpapi.Server) {
		httpapi.Download(s, httpapi.Route{
			Method: "GET", Path: "/v1/test-files/{name}", Summary: "A file", Who: httpapi.Banks(),
		}, func(_ context.Context, _ httpapi.Call, in *fileQuery) (httpapi.File, error) {
			return httpapi.File{
				Name: `a "b".txt`, ContentType: "text/plain; charset=gb18030", Size: int64(len(content)),
				Digest: sha256.Sum256(content), Write: how[in.Name],
			}, nil
		})
	}})
	res := h.expect(request{method: "GET", path: "/v1/test-files/whole", bank: "psbc-1"}, 200, "")
	if res.body != string(content) {
		t.Errorf("%d bytes arrived of %d", len(res.body), len(content))
	}
	if got := res.header.Get("Repr-Digest"); got != signature.ContentDigest(sha256.Sum256(content)) {
		t.Errorf("digest %s", got)
	}
	if got := res.header.Get("Content-Disposition"); got != `attachment; filename="a \"b\".txt"` {
		t.Errorf("disposition %s", got)
	}
	for _, name := range []string{"error", "panic"} {
		got, err := client.Do(h.build(request{method: "GET", path: "/v1/test-files/" + name, bank: "psbc-1"}))
		if err != nil {
			continue // cut before the header is as good
		}
		_, err = io.ReadAll(got.Body)
		_ = got.Body.Close()
		if err == nil {
			t.Errorf("%s: the file ended as if it were whole", name)
		}
	}
	h.expect(request{method: "GET", path: "/healthz"}, 200, "")
}
